//! TXT: strings of at most 255 bytes, which those who read them put together.
//!
//! Clients look a TXT up by the very text that they made it with, and Terraform compares what it reads with what it
//! wrote: the text is kept as it was written, with or without quotes, beside what it says.

use super::{At, ContentError, Fault, Part, Parts, field::SHORT_TEXT_BYTES_MAX};
use crate::dns_record::{
    kind::RecordKind,
    tokens::{Tokens, quote},
};

/// The longest text, as it is written.
pub const TXT_BYTES_MAX: usize = 4096;

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Txt {
    written: Box<str>,
    strings: Vec<Box<[u8]>>,
}

impl Txt {
    /// Reads the text of the API: quoted strings, or one text without quotes, which is taken as it is.
    pub(super) fn from_content(text: &str) -> Result<Self, ContentError> {
        let text = text.trim();
        let strings = if text.starts_with('"') {
            strings(&mut Tokens::absolute(text))?
        } else {
            text.as_bytes().chunks(SHORT_TEXT_BYTES_MAX).map(Box::from).collect()
        };
        Self { written: text.into(), strings }.check()
    }

    /// Reads words, each a string: the text is then written in quotes.
    pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Self, ContentError> {
        let strings = strings(tokens)?;
        let mut written = String::new();
        for (index, string) in strings.iter().enumerate() {
            written.push_str(if index == 0 { "" } else { " " });
            quote(string, &mut written);
        }
        Self { written: written.into(), strings }.check()
    }

    pub(super) fn from_parts(_: &Parts) -> Result<Self, ContentError> {
        Err(fault(Fault::Missing))
    }

    fn check(self) -> Result<Self, ContentError> {
        if self.strings.is_empty() {
            return Err(fault(Fault::Missing));
        }
        if self.written.len() > TXT_BYTES_MAX {
            return Err(fault(Fault::TooLong { max: TXT_BYTES_MAX }));
        }
        Ok(self)
    }

    /// The text as it was written.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// What it says: its strings together.
    pub fn value(&self) -> Vec<u8> {
        self.strings.concat()
    }

    pub(super) fn show(&self) -> String {
        let mut out = String::new();
        for (index, string) in self.strings.iter().enumerate() {
            out.push_str(if index == 0 { "" } else { " " });
            quote(string, &mut out);
        }
        out
    }

    pub(super) fn show_absolute(&self) -> String {
        self.show()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for string in &self.strings {
            // At most `SHORT_TEXT_BYTES_MAX`.
            out.push(string.len() as u8);
            out.extend_from_slice(string);
        }
    }

    pub(super) fn parts(&self) -> Vec<(&'static str, Part)> {
        vec![("content", Part::Text(self.written.clone()))]
    }
}

/// A text that is looked for, without the quotes that it may be written with.
pub fn unquoted(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with('"') {
        return None;
    }
    let strings = strings(&mut Tokens::absolute(text)).ok()?;
    Some(String::from_utf8_lossy(&strings.concat()).into_owned())
}

/// All words that are left; a longer one becomes several strings.
fn strings(tokens: &mut Tokens<'_>) -> Result<Vec<Box<[u8]>>, ContentError> {
    let mut strings = Vec::new();
    while let Some(token) = tokens.next().map_err(|why| fault(why.into()))? {
        if token.bytes.is_empty() {
            strings.push(Box::default());
        }
        strings.extend(token.bytes.chunks(SHORT_TEXT_BYTES_MAX).map(Box::from));
    }
    Ok(strings)
}

fn fault(why: Fault) -> ContentError {
    ContentError { kind: RecordKind::Txt, at: At::Content, field: "content", why }
}
