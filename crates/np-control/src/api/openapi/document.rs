//! The document, put together from the routes.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    describe::{BodyShape, Description},
    envelope::{self, FAILURES, WRITE_FAILURES},
    path_parameter,
    schemas::Schemas,
};
use crate::{
    api::router::{BASE, Operation, Route},
    app::access::Permission,
};

/// The document of these routes.
pub(super) fn build(routes: &[Route]) -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    let mut statuses = BTreeSet::new();
    for Route { operation, description, .. } in routes {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] =
            described(operation, description, &mut schemas);
        statuses.extend(failures(operation, description));
    }
    let failure = envelope::failure(&mut schemas.answered);
    let (mut components, _) = schemas.take();
    components.insert(FAILURE.to_owned(), failure);
    json!({
        "openapi": "3.1.0",
        "info": info(),
        "servers": [{ "url": BASE }],
        "tags": tags(routes),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": statuses.into_iter().map(response).collect::<Map<_, _>>(),
            "securitySchemes": security_schemes(),
        },
    })
}

/// The names that mean one thing in a body and another in an answer. There must be none.
#[cfg(test)]
pub(super) fn ambiguous_names(routes: &[Route]) -> Vec<String> {
    let mut schemas = Schemas::new();
    for Route { operation, description, .. } in routes {
        described(operation, description, &mut schemas);
    }
    schemas.take().1
}

fn info() -> Value {
    json!({
        "title": "Nameplate",
        "summary": "Custom hostnames for SaaS providers",
        "description": "The API of Cloudflare's v4 for custom hostnames, self-hosted. What is empty is left out of answers, and fields may be added: ignore those that you do not know.",
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
    })
}

/// The name of the schema of every failure.
const FAILURE: &str = "Failure";

/// The ways to say who is asking.
fn security_schemes() -> Value {
    json!({
        "token": { "type": "http", "scheme": "bearer" },
        "key": { "type": "apiKey", "in": "header", "name": "X-Auth-Key" },
        "email": { "type": "apiKey", "in": "header", "name": "X-Auth-Email" },
    })
}

fn tags(routes: &[Route]) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let tags = routes.iter().map(|route| route.description.tag);
    tags.filter(|tag| seen.insert(*tag)).map(|tag| json!({ "name": tag })).collect()
}

fn described(operation: &Operation, description: &Description, schemas: &mut Schemas) -> Value {
    let mut entry = json!({
        "operationId": operation.id,
        "tags": [description.tag],
        "summary": description.summary,
        "description": details(operation, description),
        "security": [{ "token": [] }, { "email": [], "key": [] }],
        "parameters": parameters(operation, description, schemas),
        "responses": responses(operation, description, schemas),
    });
    if let Some(body) = &description.body {
        entry["requestBody"] = request_body(body, schemas);
    }
    entry
}

fn details(operation: &Operation, description: &Description) -> String {
    let needs = match operation.permission {
        Permission::AnyToken => "Any good token may call it.".to_owned(),
        Permission::In(area, need) => format!("Needs the permission `{area:?} {need:?}`."),
    };
    [description.details, &needs].join(" ").trim().to_owned()
}

fn parameters(
    operation: &Operation,
    description: &Description,
    schemas: &mut Schemas,
) -> Vec<Value> {
    let mut all = path_parameter::parameters(operation.path, &mut schemas.sent);
    all.extend(description.query.iter().map(|param| {
        let schema = (param.schema)(&mut schemas.sent);
        json!({ "name": param.name, "in": "query", "description": param.about, "schema": schema })
    }));
    if operation.method != Method::GET {
        all.push(idempotency_key());
    }
    all
}

/// The header that makes it safe to send a request again.
fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header",
        "description": "A request that is sent again under the same key within a day is carried out once, and answered again.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
    })
}

fn request_body(body: &BodyShape, schemas: &mut Schemas) -> Value {
    let schema = (body.schema)(&mut schemas.sent);
    json!({ "required": body.is_required, "content": { body.media_type: { "schema": schema } } })
}

fn responses(operation: &Operation, description: &Description, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    for answer in &description.answers {
        let content = envelope::success(answer, &mut schemas.answered);
        let about = answer.status.canonical_reason().unwrap_or_default();
        all.insert(
            answer.status.as_str().to_owned(),
            json!({ "description": about, "content": content }),
        );
    }
    for status in failures(operation, description) {
        let reference = format!("#/components/responses/{}", name(status));
        all.insert(status.as_str().to_owned(), json!({ "$ref": reference }));
    }
    all.into()
}

/// The statuses with which an operation may fail.
fn failures(operation: &Operation, description: &Description) -> BTreeSet<StatusCode> {
    let writes: &[_] = if operation.method == Method::GET { &[] } else { WRITE_FAILURES };
    let common = FAILURES.iter().chain(writes).map(|(status, _)| *status);
    common.chain(description.failures.iter().copied()).collect()
}

fn response(status: StatusCode) -> (String, Value) {
    let reference = format!("#/components/schemas/{FAILURE}");
    let content = json!({ "application/json": { "schema": { "$ref": reference } } });
    let response = json!({ "description": envelope::meaning(status), "content": content });
    (name(status), response)
}

/// The name of a status's response: its reason without spaces.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("Failure").replace(' ', "")
}
