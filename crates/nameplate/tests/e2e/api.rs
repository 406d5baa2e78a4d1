//! The API as a provider's software calls it: JSON over HTTP with a bearer token.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use np_testkit::ports::loopback;
use np_testkit::wait;
use serde_json::{Value, json};

/// How long a hostname may take to become active. Generous: tests run beside compilers.
const ACTIVE_WITHIN: Duration = Duration::from_secs(90);
/// The provider's zone.
pub(crate) const PROVIDER: &str = "saasprovider.com";
/// The name of the provider's origin.
pub(crate) const ORIGIN: &str = "origin.saasprovider.com";

/// A caller with a token.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    pub(crate) base: String,
    pub(crate) token: String,
}

impl Api {
    pub(crate) fn new(port: u16, token: String) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: format!("http://{}/client/v4", loopback(port)), token }
    }

    /// One call; the status and the whole envelope.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        let reply = self.client.request(request).await;
        let reply = reply.with_context(|| format!("{method} {path}"))?;
        let status = reply.status();
        let body = reply.into_body().collect().await?.to_bytes();
        let envelope = serde_json::from_slice(&body).with_context(|| format!("{body:?}"))?;
        Ok((status, envelope))
    }

    /// One call that must succeed; its `result`.
    pub(crate) async fn result(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let (status, mut envelope) = self.call(method.clone(), path, body).await?;
        ensure!(
            status.is_success() && envelope["success"] == true,
            "{method} {path} was answered with {status}: {envelope}"
        );
        Ok(envelope["result"].take())
    }
}

/// A provider with a zone.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) api: Api,
    pub(crate) zone: String,
}

impl Provider {
    /// Adds the zone, and an origin to fall back to, on a port of this machine.
    pub(crate) async fn set_up(api: Api, origin_port: u16) -> anyhow::Result<Self> {
        let body = json!({ "name": PROVIDER });
        let zone = api.result(Method::POST, "/zones", Some(&body)).await?;
        let provider = Self { zone: text(&zone, "id"), api };
        provider.fall_back_to(origin_port).await?;
        Ok(provider)
    }

    /// The same zone by the API at another port.
    pub(crate) fn at(&self, port: u16) -> Self {
        Self { api: Api::new(port, self.api.token.clone()), zone: self.zone.clone() }
    }

    pub(crate) async fn fall_back_to(&self, origin_port: u16) -> anyhow::Result<()> {
        let body = json!({ "origin": format!("{ORIGIN}:{origin_port}") });
        let path = self.path("/fallback_origin");
        self.api.result(Method::PUT, &path, Some(&body)).await.map(drop)
    }

    /// Adds a hostname; the reply.
    pub(crate) async fn create(&self, hostname: &str, ssl: &Value) -> anyhow::Result<Value> {
        let body = json!({ "hostname": hostname, "ssl": ssl });
        self.api.result(Method::POST, &self.path(""), Some(&body)).await
    }

    pub(crate) async fn get(&self, id: &str) -> anyhow::Result<Value> {
        self.api.result(Method::GET, &self.path(&format!("/{id}")), None).await
    }

    pub(crate) async fn delete(&self, id: &str) -> anyhow::Result<()> {
        self.api.result(Method::DELETE, &self.path(&format!("/{id}")), None).await.map(drop)
    }

    /// Asks to look again now, as customers' dashboards do: a PATCH with the `ssl` that is there.
    pub(crate) async fn look_again(&self, id: &str, ssl: &Value) -> anyhow::Result<Value> {
        let body = json!({ "ssl": ssl });
        self.api.result(Method::PATCH, &self.path(&format!("/{id}")), Some(&body)).await
    }

    /// Waits until this many validation records are shown, and returns the hostname.
    pub(crate) async fn with_records(&self, id: &str, number: usize) -> anyhow::Result<Value> {
        self.shows(id, "the records for validation", |hostname| {
            hostname["ssl"]["validation_records"].as_array().is_some_and(|r| r.len() == number)
        })
        .await
    }

    /// Waits until the hostname and its certificate are active.
    pub(crate) async fn until_active(&self, id: &str) -> anyhow::Result<Value> {
        self.shows(id, "active", |hostname| {
            hostname["status"] == "active" && hostname["ssl"]["status"] == "active"
        })
        .await
    }

    async fn shows(
        &self,
        id: &str,
        what: &str,
        is_so: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        let shown = wait::until(what, ACTIVE_WITHIN, async || {
            // A process that is being started again does not answer, and that is no reason to end.
            last = self.get(id).await.unwrap_or_else(|why| json!(format!("{why:#}")));
            is_so(&last).then(|| last.clone())
        })
        .await;
        shown.with_context(|| format!("last shown: {last:#}"))
    }

    fn path(&self, rest: &str) -> String {
        format!("/zones/{}/custom_hostnames{rest}", self.zone)
    }
}

/// A text that a reply must have.
#[track_caller]
pub(crate) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value:#}")).to_owned()
}
