//! The API as a provider's software calls it.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// The most bytes of a reply that are read.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// A caller with a token.
pub(super) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    /// Where the API is, with its path.
    pub(super) base: String,
    /// The token.
    pub(super) token: String,
}

impl Api {
    /// Calls the API at `address`.
    pub(super) fn new(address: SocketAddr, token: String) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, base: format!("http://{address}/client/v4"), token }
    }

    /// One call; `result` of the reply, or its errors.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let context = || format!("{method} {path}");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = Request::builder()
            .method(method.clone())
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let reply = self.client.request(request).await.with_context(context)?;
        let status = reply.status();
        let body = Limited::new(reply.into_body(), REPLY_BYTES_MAX).collect().await;
        let body = body.map_err(anyhow::Error::from_boxed).with_context(context)?.to_bytes();
        let mut reply: Value = serde_json::from_slice(&body).with_context(context)?;
        if !is_success(status, &reply) {
            bail!("{method} {path} was answered with {status}: {}", reply["errors"]);
        }
        Ok(reply["result"].take())
    }

    /// A GET.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }
}

fn is_success(status: StatusCode, reply: &Value) -> bool {
    status.is_success() && reply["success"] == Value::Bool(true)
}
