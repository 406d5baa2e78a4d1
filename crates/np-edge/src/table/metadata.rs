//! A hostname's metadata as origins get it: one JSON object in ASCII, which is all that a header can hold. Pure.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderValue;
use np_domain::custom_hostname::Metadata;

/// The header; `None` when there is nothing to say.
pub(super) fn header(metadata: &Metadata) -> Option<HeaderValue> {
    if metadata.0.is_empty() {
        return None;
    }
    let mut json = String::from("{");
    for (key, value) in &metadata.0 {
        let comma = if json.len() > 1 { "," } else { "" };
        let _ =
            write!(json, "{comma}\"{}\":{}", ascii(key, Within::Text), ascii(value, Within::Json));
    }
    json.push('}');
    HeaderValue::from_maybe_shared(Bytes::from(json)).ok()
}

/// What a text is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// A JSON string, whose marks are to be escaped.
    Text,
    /// JSON already, where what is not ASCII can only stand in a string.
    Json,
}

fn ascii(text: &str, within: Within) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' if within == Within::Text => {
                escaped.push('\\');
                escaped.push(character);
            }
            ' '..='~' => escaped.push(character),
            _ => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_one_json_object_in_ascii() {
        let pairs =
            [("plan", "\"gold\""), ("seats", "12"), ("na\"me", "\"M\u{fc}nchen \u{1f600}\"")];
        let pairs = pairs.map(|(key, value)| (key.into(), value.into()));
        let value = header(&Metadata(pairs.into())).unwrap();
        let text = value.to_str().unwrap();
        let read: serde_json::Value = serde_json::from_str(text).unwrap();
        let expected =
            serde_json::json!({"plan": "gold", "seats": 12, "na\"me": "M\u{fc}nchen \u{1f600}"});
        assert_eq!(read, expected);
        assert_eq!(header(&Metadata::default()), None);
    }
}
