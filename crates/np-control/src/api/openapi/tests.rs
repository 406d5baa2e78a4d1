//! Every route says all that the document needs, and the document is whole.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{document, path_parameter};
use crate::api::router::routes;

/// What is missing from each route's description.
#[test]
fn every_route_is_described() {
    let mut missing = Vec::new();
    for route in routes() {
        let (operation, described) = (&route.operation, &route.description);
        let mut needs = |is_there: bool, what: &str| {
            if !is_there {
                missing.push(format!("{} {}: {what}", operation.method, operation.path));
            }
        };
        needs(!described.tag.is_empty(), ".tag(..)");
        needs(!described.summary.is_empty(), ".summary(..)");
        needs(!described.answers.is_empty(), ".result::<..>(), .list::<..>() or another answer");
        let unknown =
            path_parameter::names(operation.path).find(|name| !path_parameter::is_known(name));
        needs(unknown.is_none(), "the shape of its path parameter, in openapi/path_parameter.rs");
        let wants_body = matches!(operation.method.as_str(), "POST" | "PUT" | "PATCH");
        let says = described.body.is_some() || described.is_without_body;
        needs(says || !wants_body, ".body::<..>(), or .without_body()");
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn operation_ids_are_unique() {
    let routes = routes();
    let ids: BTreeSet<_> = routes.iter().map(|route| route.operation.id).collect();
    assert_eq!(ids.len(), routes.len());
}

#[test]
fn a_name_of_a_schema_means_one_thing() {
    // Rename one of the two with #[schemars(rename = "..")], or do not share it between bodies and answers.
    assert_eq!(super::document::ambiguous_names(&routes()), Vec::<String>::new());
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{reference}");
    }
    for name in
        document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name)
    {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "{name}");
    }
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                into.insert(reference.clone());
            }
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}

#[test]
fn every_body_shows_an_example() {
    let document = document();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(reference) = schema["$ref"].as_str() else { continue };
            let pointer = reference.trim_start_matches('#');
            let example = document.pointer(pointer).and_then(|schema| schema.get("examples"));
            assert!(example.is_some(), "{method} {path}: #[schemars(example = json!(..))]");
        }
    }
}

#[test]
fn descriptions_are_for_readers_of_the_document() {
    // A comment for readers of the code begins with two slashes.
    let document = document().to_string();
    for ours in ["[`", "crate::", "super::"] {
        assert!(!document.contains(ours), "{ours}");
    }
}
