//! The schemas that the document's `components` hold: those of what is sent and those of what is answered.
//!
//! The two are made by generators of their own, because they mean different things by a field that may be empty. In a
//! body `null` says something (it resets a field); in an answer what is empty is left out and never `null`.

use schemars::{
    Schema, SchemaGenerator,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Map, Value};

/// Both generators.
pub(super) struct Schemas {
    /// For what is sent.
    pub(super) sent: SchemaGenerator,
    /// For what is answered.
    pub(super) answered: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into());
        let sent = settings.clone().for_deserialize().into_generator();
        let answered = settings.for_serialize().with_transform(EmptyIsLeftOut).into_generator();
        Self { sent, answered }
    }

    /// All schemas that were asked for, by name, and the names that mean two things.
    pub(super) fn take(mut self) -> (Map<String, Value>, Vec<String>) {
        let mut all = self.answered.take_definitions(true);
        let mut ambiguous = Vec::new();
        for (name, schema) in self.sent.take_definitions(true) {
            if all.get(&name).is_some_and(|other| *other != schema) {
                ambiguous.push(name.clone());
            }
            all.insert(name, schema);
        }
        (all, ambiguous)
    }
}

/// A field that may be left out is never `null`.
#[derive(Debug, Clone)]
struct EmptyIsLeftOut;

impl Transform for EmptyIsLeftOut {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        let required =
            object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let Some(Value::Object(properties)) = object.get_mut("properties") else { return };
        for (name, property) in properties {
            if !required.iter().any(|known| known == name) {
                without_null(property);
            }
        }
    }
}

fn without_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            only.into_iter().for_each(|(key, value)| {
                object.entry(key).or_insert(value);
            });
        }
    }
}
