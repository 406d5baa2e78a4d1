//! Every answer that a test gets is held against the OpenAPI document: its status is one that the operation documents, its body
//! has the documented shape, and it has no field that is not documented. What a successful request sent must be documented
//! too. [`World::send`](crate::world::World::send) calls this, so that each test of the API is a test of the document.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use http::{HeaderMap, Method, StatusCode, header::CONTENT_TYPE};
use jsonschema::{Draft, Validator};
use np_control::api::openapi_document;
use serde_json::{Map, Value, json};

/// Validators of parts of the document, by the pointers to them: each is compiled once.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> =
    LazyLock::new(Default::default);

/// The document, in which fields that are not documented are refused.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = openapi_document();
    document["components"]["schemas"].as_object_mut().unwrap().values_mut().for_each(close);
    document
});

/// A request and what came of it.
pub(crate) struct Exchange<'a> {
    pub(crate) method: &'a Method,
    /// Below the API's base, with its query.
    pub(crate) path: &'a str,
    pub(crate) sent: &'a [u8],
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) answered: &'a [u8],
}

impl Exchange<'_> {
    /// Fails the test when the exchange is not as documented.
    pub(crate) fn check(&self) {
        let (path, query) = self.path.split_once('?').unwrap_or((self.path, ""));
        let operation = operation(self.method, path);
        if self.status.is_success() {
            let operation = operation.as_deref().unwrap_or_else(|| self.fail("is not documented"));
            self.check_query(operation, query);
            self.check_body(operation);
        }
        match operation {
            Some(operation) if self.status != StatusCode::METHOD_NOT_ALLOWED => {
                self.check_answer(&operation);
            }
            // Paths and methods that are not served.
            _ => self.check_json("/components/schemas/Failure", self.answered),
        }
    }

    fn check_query(&self, operation: &str, query: &str) {
        let documented = DOCUMENT.pointer(&format!("{operation}/parameters")).unwrap();
        for name in query.split('&').filter_map(|pair| pair.split('=').next()) {
            let is_known = documented.as_array().unwrap().iter().any(|known| known["name"] == name);
            if !name.is_empty() && !is_known {
                self.fail::<()>(&format!("took `{name}`, which is not documented"));
            }
        }
    }

    fn check_body(&self, operation: &str) {
        let schema = format!("{operation}/requestBody/content/application~1json/schema");
        if DOCUMENT.pointer(&schema).is_some() && !self.sent.is_empty() {
            self.check_json(&schema, &without_nonsense(self.sent));
        }
    }

    fn check_answer(&self, operation: &str) {
        let response = format!("{operation}/responses/{}", self.status.as_u16());
        let Some(found) = DOCUMENT.pointer(&response) else {
            return self.fail("has a status that is not documented");
        };
        let response = match found["$ref"].as_str() {
            Some(reference) => reference.trim_start_matches('#').to_owned(),
            None => response,
        };
        let media_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let schema = format!("{response}/content/{}/schema", media_type.replace('/', "~1"));
        if DOCUMENT.pointer(&schema).is_none() {
            self.fail::<()>(&format!("has the type {media_type:?}, which is not documented"));
        }
        if media_type == "application/json" {
            self.check_json(&schema, self.answered);
        }
    }

    fn check_json(&self, pointer: &str, text: &[u8]) {
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => return self.fail(&format!("is no JSON: {error}")),
        };
        let validator = validator(pointer);
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        if !errors.is_empty() {
            self.fail::<()>(&format!("differs from {pointer}: {errors:#?}"));
        }
    }

    fn fail<T>(&self, why: &str) -> T {
        let (method, path, status) = (self.method, self.path, self.status);
        let answered = String::from_utf8_lossy(self.answered);
        panic!("{method} {path} {status} {why}\n{answered}")
    }
}

/// The field by which tests see that unknown ones are ignored.
const NONSENSE: &str = "nonsense";

fn without_nonsense(body: &[u8]) -> Vec<u8> {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    body.as_object_mut().and_then(|fields| fields.remove(NONSENSE));
    body.to_string().into_bytes()
}

/// The pointer to the operation that a request matches.
fn operation(method: &Method, path: &str) -> Option<String> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let matching = paths.keys().filter(|template| matches(template, path));
    let template = matching.min_by_key(|template| template.matches('{').count())?;
    let method = method.as_str().to_ascii_lowercase();
    paths[template].get(&method)?;
    Some(format!("/paths/{}/{method}", template.replace('/', "~1")))
}

fn matches(template: &str, path: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) =
        (template.split('/').collect(), path.split('/').collect());
    wanted.len() == given.len()
        && wanted
            .iter()
            .zip(given)
            .all(|(wanted, given)| wanted.starts_with('{') || *wanted == given)
}

fn validator(pointer: &str) -> Arc<Validator> {
    let mut known = VALIDATORS.lock().unwrap();
    let entry = known.entry(pointer.to_owned()).or_insert_with(|| {
        let mut schema = DOCUMENT.pointer(pointer).unwrap().clone();
        close(&mut schema);
        schema["components"] = json!({ "schemas": DOCUMENT["components"]["schemas"] });
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        Arc::new(options.should_validate_formats(true).build(&schema).unwrap())
    });
    entry.clone()
}

/// Refuses fields that are not documented, though the document itself lets them pass: fields may be added.
fn close(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    descend(object);
    if object.contains_key("properties") && !object.contains_key("additionalProperties") {
        object.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

fn descend(object: &mut Map<String, Value>) {
    let is_whole = !object.contains_key("properties");
    for (key, value) in object {
        match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => fields.values_mut().for_each(close),
            ("items" | "additionalProperties", value) => close(value),
            ("prefixItems", Value::Array(items)) => items.iter_mut().for_each(close),
            ("anyOf" | "oneOf", Value::Array(choices)) if is_whole => {
                choices.iter_mut().for_each(close)
            }
            // Parts of this object: what they leave over is for the whole to judge.
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                parts.iter_mut().filter_map(Value::as_object_mut).for_each(descend);
            }
            _ => {}
        }
    }
}
