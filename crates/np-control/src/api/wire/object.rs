//! Reading JSON objects field by field. Unknown fields are ignored, as the original does; a wrong type is not.

use serde_json::{Map, Value};

use super::{
    change::Change,
    invalid::{Invalid, Why},
};

/// An object within a body, with the pointer that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Object<'a> {
    map: &'a Map<String, Value>,
    pointer: String,
}

impl<'a> Object<'a> {
    /// The body itself.
    pub(crate) fn body(value: &'a Value) -> Result<Self, Invalid> {
        match value {
            Value::Object(map) => Ok(Self { map, pointer: String::new() }),
            _ => Err(Invalid {
                pointer: String::new(),
                why: Why::NotJson("The body must be a JSON object.".to_owned()),
            }),
        }
    }

    /// What is wrong with a field.
    pub(crate) fn invalid(&self, key: &str, why: Why) -> Invalid {
        Invalid { pointer: self.at(key), why }
    }

    /// The fields as they came.
    pub(crate) fn fields(&self) -> &'a Map<String, Value> {
        self.map
    }

    /// Whether a field is there and not `null`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Change<&'a str>, Invalid> {
        self.field(key, "a string", Value::as_str)
    }

    /// True or false.
    pub(crate) fn flag(&self, key: &str) -> Result<Change<bool>, Invalid> {
        self.field(key, "true or false", Value::as_bool)
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str) -> Result<Change<Vec<&'a str>>, Invalid> {
        self.field(key, "a list of strings", |value| {
            value.as_array()?.iter().map(Value::as_str).collect()
        })
    }

    /// An object.
    pub(crate) fn object(&self, key: &str) -> Result<Change<Self>, Invalid> {
        let map = self.field(key, "an object", Value::as_object)?;
        map.try_map(|map| Ok(Self { map, pointer: self.at(key) }))
    }

    /// A list of objects.
    pub(crate) fn objects(&self, key: &str) -> Result<Change<Vec<Self>>, Invalid> {
        let maps = self.field(key, "a list of objects", |value| {
            value.as_array()?.iter().map(Value::as_object).collect::<Option<Vec<_>>>()
        })?;
        let at = |(index, map)| Self { map, pointer: format!("{}/{index}", self.at(key)) };
        maps.try_map(|maps| Ok(maps.into_iter().enumerate().map(at).collect()))
    }

    /// A number.
    pub(crate) fn number(&self, key: &str) -> Result<Change<f64>, Invalid> {
        self.field(key, "a number", Value::as_f64)
    }

    fn field<T>(
        &self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Change<T>, Invalid> {
        match self.map.get(key) {
            None => Ok(Change::Absent),
            Some(Value::Null) => Ok(Change::Reset),
            Some(value) => read(value).map(Change::To).ok_or_else(|| {
                let in_ssl = key == "ssl" || self.pointer.starts_with("/ssl");
                self.invalid(key, Why::WrongType { expected, in_ssl })
            }),
        }
    }

    /// The pointer to a field (RFC 6901 section 3).
    fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, key.replace('~', "~0").replace('/', "~1"))
    }
}
