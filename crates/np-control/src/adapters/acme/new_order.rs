//! Orders are placed here, because instant-acme has no word for an end that is wished for (`notAfter`, RFC 8555 section 7.4) and
//! drops when the order itself ends (`expires`). All else about an order is instant-acme's, which finds it by its URL.
//!
//! Many CAs, Let's Encrypt among them, take no wish for the end and say that the request is malformed. Then the order is
//! placed without it, and the CA decides.

use http::header;
use instant_acme::Error;
use np_domain::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    client::{CaClient, text},
    jws::{self, Signer},
    problem,
};

/// What is ordered.
pub(super) struct Wish<'a> {
    pub(super) names: Vec<String>,
    pub(super) profile: Option<&'a str>,
    pub(super) not_after: Option<Timestamp>,
    /// The id of the certificate that is renewed (RFC 9773 section 4.1).
    pub(super) replaces: Option<String>,
}

/// What was placed.
pub(super) struct Placed {
    /// The order's URL.
    pub(super) url: String,
    /// When the CA forgets it, if it said so.
    pub(super) expires_at: Option<Timestamp>,
    /// Whether it took it as the renewal that was wished for.
    pub(super) is_renewal: bool,
}

impl Wish<'_> {
    fn payload(&self) -> Result<Value, Error> {
        let names = self.names.iter().map(|name| json!({ "type": "dns", "value": name }));
        let mut payload = json!({ "identifiers": names.collect::<Vec<_>>() });
        if let Some(profile) = self.profile {
            payload["profile"] = profile.into();
        }
        if let Some(end) = self.not_after {
            let end = end.replace_nanosecond(0).map_err(|why| Error::Other(why.into()))?;
            let end = end.format(&Rfc3339).map_err(|why| Error::Other(why.into()))?;
            payload["notAfter"] = end.into();
        }
        if let Some(replaced) = &self.replaces {
            payload["replaces"] = replaced.as_str().into();
        }
        Ok(payload)
    }
}

/// Places the order.
pub(super) async fn place(
    client: &CaClient,
    signer: &Signer,
    wish: Wish<'_>,
) -> Result<Placed, Error> {
    match place_once(client, signer, &wish).await {
        Err(Error::Api(problem)) if wish.not_after.is_some() && problem::is_malformed(&problem) => {
            let why = problem.detail.as_deref().unwrap_or_default();
            tracing::info!(why, "acme.decides_the_life_itself");
            place_once(client, signer, &Wish { not_after: None, ..wish }).await
        }
        other => other,
    }
}

async fn place_once(client: &CaClient, signer: &Signer, wish: &Wish<'_>) -> Result<Placed, Error> {
    let url = client.directory().await.map_err(Error::Other)?.new_order.clone();
    let (headers, body) = jws::post(client, signer, &url, &wish.payload()?).await?;
    let url = headers.get(header::LOCATION).and_then(text);
    let said: Said = serde_json::from_slice(&body)?;
    Ok(Placed {
        url: url.ok_or(Error::Str("the order has no URL"))?,
        expires_at: said.expires.and_then(|text| Timestamp::parse(&text, &Rfc3339).ok()),
        // Who takes it says so (RFC 9773 section 5).
        is_renewal: wish.replaces.is_some() && wish.replaces == said.replaces,
    })
}

#[derive(Deserialize)]
struct Said {
    expires: Option<String>,
    replaces: Option<String>,
}
