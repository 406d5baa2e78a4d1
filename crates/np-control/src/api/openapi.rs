//! One OpenAPI 3.1 document of the API, made from the route table and the wire types, and served without credentials.
//!
//! Nothing is written twice: methods, paths and operation ids come from the routes, schemas from the structs that replies are
//! serialized from and from the structs that stand beside the functions that read bodies. What each route says of itself is
//! a [`Description`]; a test fails when one says too little, and the API's tests check every answer against the document.

mod describe;
mod document;
mod envelope;
mod path_parameter;
mod schemas;
pub(crate) mod shape;

pub(crate) use describe::{Description, PAGES, QueryParam, schema_of};

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// Where the document stands, besides the same below the API's base.
pub(crate) const PATH: &str = "/openapi.json";

/// The document. It depends on nothing that is configured.
pub fn document() -> Value {
    document::build(&super::router::routes())
}

static TEXT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));

/// GET of the document.
pub(crate) async fn serve() -> Response {
    ([(CONTENT_TYPE, "application/json")], TEXT.clone()).into_response()
}

#[cfg(test)]
mod tests;
