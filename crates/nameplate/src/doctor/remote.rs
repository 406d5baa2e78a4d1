//! A hostname through the API of an installation elsewhere.

use anyhow::{Context as _, bail};
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// The most bytes of a reply that are read.
const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Zones in one page.
const PAGE: usize = 1000;

/// The diagnosis of the first hostname of that name that the token may see.
pub(super) async fn examine(
    base: &str,
    token: &str,
    name: &str,
    zone: Option<&str>,
) -> anyhow::Result<Value> {
    let api = Api::new(base, token)?;
    let by_name = zone.map(|zone| format!("&name={zone}")).unwrap_or_default();
    let zones = api.get(&format!("/zones?per_page={PAGE}{by_name}")).await?;
    for zone in zones.as_array().into_iter().flatten() {
        let zone = zone["id"].as_str().unwrap_or_default();
        let hostnames = format!("/zones/{zone}/custom_hostnames");
        let found = api.get(&format!("{hostnames}?hostname={name}")).await?;
        if let Some(id) = found[0]["id"].as_str() {
            return api.get(&format!("{hostnames}/{id}/diagnostics")).await;
        }
    }
    bail!(
        "{name} is in no zone that this token may see; run `nameplate doctor {name}` on a control machine, which also examines \
         hostnames that were not added yet"
    )
}

struct Api {
    client: Client<HttpConnector, Empty<Bytes>>,
    base: String,
    token: String,
}

impl Api {
    fn new(base: &str, token: &str) -> anyhow::Result<Self> {
        if !base.starts_with("http://") {
            bail!(
                "--api is the address of the API itself, http://HOST:PORT, and not that of a proxy with TLS in front of it"
            );
        }
        let base = base.trim_end_matches('/').trim_end_matches("/client/v4");
        let client = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { client, base: format!("{base}/client/v4"), token: token.to_owned() })
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let context = || format!("GET {}{path}", self.base);
        let request = Request::get(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Empty::new())
            .with_context(context)?;
        let reply = self.client.request(request).await.with_context(context)?;
        let status = reply.status();
        let body = Limited::new(reply.into_body(), REPLY_BYTES_MAX).collect().await;
        let body = body.map_err(anyhow::Error::from_boxed).with_context(context)?.to_bytes();
        let mut reply: Value = serde_json::from_slice(&body).with_context(context)?;
        if status != StatusCode::OK {
            let message = reply["errors"][0]["message"].as_str().unwrap_or("no reason");
            bail!("GET {path} was answered with {status}: {message}");
        }
        Ok(reply["result"].take())
    }
}
