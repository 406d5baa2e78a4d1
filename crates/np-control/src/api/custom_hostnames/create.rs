//! POST: 201, with the ownership tokens, and with the CA's tokens when they came in time.

use axum::extract::State;
use http::StatusCode;
use np_domain::certificate::DcvMethod;

use crate::{
    api::{
        Api,
        auth::InZone,
        body::Body,
        envelope::{Envelope, Reply},
        guard::Creates,
        wire::{custom_hostname::parse_create, quota, ssl},
    },
    app::hostnames,
};

pub(crate) async fn create(
    State(api): State<Api>,
    InZone(zone): InZone,
    Body(body): Body,
) -> Reply {
    let new = parse_create(&body, &api.settings)?;
    let creates = match Creates::take(&api, zone.id, 1) {
        Ok(creates) => creates,
        Err(refused) => return Ok(*refused),
    };
    let created = hostnames::create(&api.app, &zone, new).await;
    creates.keep(u64::from(created.is_ok()));
    let created = created?;
    let wanted = created.outcome.certificate.as_ref().map(|certificate| &certificate.wanted);
    let by_email = wanted.filter(|wanted| wanted.method == DcvMethod::Email);
    let nearly_full = created.nearly_full.map(quota::warning);
    let messages = nearly_full.into_iter().chain(by_email.map(|_| ssl::email_ends())).collect();
    let result = super::view(&api, &zone).render(&created.outcome);
    Ok(Envelope { messages, ..Envelope::of(result) }.reply(StatusCode::CREATED))
}
