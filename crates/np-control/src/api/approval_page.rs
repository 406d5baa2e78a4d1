//! The page that links in mails lead to: what is asked for, and a button. Plain HTML, without scripts.
//!
//! It stands outside `/client/v4`, because who opens it is no caller of the API: the secret in its address is all that is
//! asked for. Opening it changes nothing; only the button does. Who guesses addresses is let wait, as who guesses tokens is.

use axum::{
    extract::{Path, Request, State},
    response::{Html, IntoResponse, Response},
    routing::{self, MethodRouter},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use np_domain::{approval::Approval, certificate::control::EMAIL_ENDS, ports::StoreError};

use super::{Api, guard::source};
use crate::app::approvals::{self, Asked, Outcome};

/// Where it stands: [`crate::adapters::approval_desk::PAGE_PATH`] with the link's secret.
pub(crate) const PATH: &str = "/approve/{secret}";

/// What is said with every page: nobody keeps it, frames it, learns its address from it, or adds anything to it.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
];

/// GET shows, POST approves.
pub(crate) fn methods() -> MethodRouter<Api> {
    routing::get(show).post(approve)
}

async fn show(State(api): State<Api>, Path(secret): Path<String>, request: Request) -> Response {
    match approvals::asked(&api.app, &secret).await {
        Ok(Some(asked)) if asked.approval.given.is_some() => given_before(&asked),
        Ok(Some(asked)) if asked.approval.expires_at <= api.app.now() => ended(&asked),
        Ok(Some(asked)) => question(&asked),
        Ok(None) => unknown(&api, &request),
        Err(why) => failed(&why),
    }
}

async fn approve(State(api): State<Api>, Path(secret): Path<String>, request: Request) -> Response {
    match approvals::approve(&api.app, &secret).await {
        Ok(Outcome::Given(asked)) => given(&asked),
        Ok(Outcome::Before(asked)) => given_before(&asked),
        Ok(Outcome::Ended(asked)) => ended(&asked),
        Ok(Outcome::Unknown) => unknown(&api, &request),
        Err(why) => failed(&why),
    }
}

fn question(asked: &Asked) -> Response {
    let Asked { approval, address } = asked;
    let text = format!(
        "<p>Somebody has asked for a certificate for these names of <b>{domain}</b>:</p>\n{names}\
         <p>A certificate lets a web server show that it speaks for a name. Approve only if you know of this, for example \
         because you are about to use a service under your own name.</p>\n\
         <form method=\"post\"><button>Approve the certificate</button></form>\n\
         <p>If you do not know of this, close this page: without an approval no certificate is issued.</p>\n\
         <p class=\"small\">You were asked as {address}. The link ends on {end} UTC. Validation by e-mail ends on \
         {EMAIL_ENDS} for all certificate authorities; a CNAME record does the same without asking again.</p>",
        domain = escaped(approval.domain.as_str()),
        names = names(approval),
        address = escaped(&address.to_string()),
        end = moment(approval.expires_at),
    );
    page(StatusCode::OK, "Approve a certificate?", &text)
}

fn given(asked: &Asked) -> Response {
    let text = format!(
        "<p>Thank you. The certificate for these names is now issued; nothing else is needed from you:</p>\n{}",
        names(&asked.approval)
    );
    page(StatusCode::OK, "Approved", &text)
}

fn given_before(asked: &Asked) -> Response {
    let by = asked.approval.given.as_ref();
    let by = by
        .map(|given| format!("by {} on {} UTC", escaped(&given.by.to_string()), moment(given.at)));
    let text = format!(
        "<p>This was approved {}. A link can be used once; nothing else is needed.</p>\n{}",
        by.unwrap_or_default(),
        names(&asked.approval)
    );
    page(StatusCode::OK, "Approved already", &text)
}

fn ended(asked: &Asked) -> Response {
    let text = format!(
        "<p>This link ended on {} UTC, and nothing was approved by it. If the certificate is still wanted, ask whoever wants \
         it to send a new mail.</p>\n{}",
        moment(asked.approval.expires_at),
        names(&asked.approval)
    );
    page(StatusCode::GONE, "The link has ended", &text)
}

/// Whoever guesses is let wait; whoever knows a link is not, because others may share the address.
fn unknown(api: &Api, request: &Request) -> Response {
    if let Some(from) = source::address(request, &api.settings.trusted_proxies) {
        if let Err(over) = api.limits.may_try(from, api.app.now()) {
            return too_many(over.reset.as_secs() + 1);
        }
        api.limits.failed(from, api.app.now());
    }
    let text = "<p>This link is not known. It may be incomplete, or a newer mail has taken its place: look for the newest one. \
                If the certificate is still wanted, ask whoever wants it to send a new mail.</p>";
    page(StatusCode::NOT_FOUND, "Unknown link", text)
}

fn too_many(seconds: u64) -> Response {
    let text = format!(
        "<p>Too many links that are not known were opened from your network. Go on in {seconds} seconds.</p>"
    );
    let mut response = page(StatusCode::TOO_MANY_REQUESTS, "Please wait", &text);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn failed(why: &StoreError) -> Response {
    tracing::error!(error = why as &dyn std::error::Error, "approval page failed");
    let text =
        "<p>This does not work at the moment, and nothing was changed. Try again in a minute.</p>";
    page(StatusCode::SERVICE_UNAVAILABLE, "Not now", text)
}

fn names(approval: &Approval) -> String {
    let names = approval.names.iter();
    let items: String =
        names.map(|name| format!("<li>{}</li>\n", escaped(&name.to_string()))).collect();
    format!("<ul>\n{items}</ul>\n")
}

fn moment(at: np_domain::Timestamp) -> String {
    format!("{} {:02}:{:02}", at.date(), at.hour(), at.minute())
}

/// Text within HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
         <style>body{{font:1rem/1.5 sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}}\
         button{{font:inherit;padding:.5rem 1rem}}.small{{font-size:.85rem}}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n{text}\n</body>\n</html>\n"
    );
    let mut response = (status, Html(html)).into_response();
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
