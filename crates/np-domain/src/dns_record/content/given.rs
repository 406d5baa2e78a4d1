//! Content as users give it and are shown it: a text beside which a priority may stand, or parts with names.

use std::collections::BTreeMap;

use super::{At, Content, ContentError, Fault, Txt};
use crate::dns_record::{kind::RecordKind, tokens::Tokens};

/// A value by name, as in `data` of the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A number.
    Number(f64),
    /// A text.
    Text(Box<str>),
}

/// Values by name.
pub type Parts = BTreeMap<Box<str>, Part>;

/// What a user gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// The text.
    pub content: Option<&'a str>,
    /// The parts, which win over the text.
    pub data: Option<&'a Parts>,
    /// The priority beside the text, of MX, SRV and URI.
    pub priority: Option<u16>,
}

impl Content {
    /// Reads what a user gave: parts where there are any, otherwise the text.
    ///
    /// # Errors
    /// The first field that is missing or not right.
    pub fn parse(kind: RecordKind, given: Given<'_>) -> Result<Self, ContentError> {
        match (given.data, given.content) {
            (Some(data), _) if Self::has_data(kind) => Self::from_data(kind, data, given.priority),
            (_, Some(content)) => Self::from_text(kind, content, given.priority),
            (_, None) => {
                let at = if Self::has_data(kind) { At::Data("") } else { At::Content };
                let field = if Self::has_data(kind) { "data" } else { "content" };
                Err(ContentError { kind, at, field, why: Fault::Missing })
            }
        }
    }

    /// Whether the type's fields are also given and shown by name.
    pub fn has_data(kind: RecordKind) -> bool {
        !matches!(
            kind,
            RecordKind::A
                | RecordKind::Aaaa
                | RecordKind::Cname
                | RecordKind::Mx
                | RecordKind::Ns
                | RecordKind::Openpgpkey
                | RecordKind::Ptr
                | RecordKind::Txt
        )
    }

    /// Reads the text of the API: like presentation format, but that the priority may stand beside it, and that a TXT
    /// may do without quotes.
    fn from_text(
        kind: RecordKind,
        text: &str,
        priority: Option<u16>,
    ) -> Result<Self, ContentError> {
        if kind == RecordKind::Txt {
            return Txt::from_content(text).map(Self::Txt)?.check();
        }
        let words = match kind {
            RecordKind::Mx => 2,
            RecordKind::Srv => 4,
            RecordKind::Uri => 3,
            _ => return Self::read(kind, &mut Tokens::absolute(text)),
        };
        let is_short = Tokens::absolute(text).count_left() < words;
        match priority {
            Some(priority) if is_short => {
                Self::read(kind, &mut Tokens::absolute(&format!("{priority} {text}")))
            }
            None if is_short => {
                let (at, field) = (At::Priority, "priority");
                Err(ContentError { kind, at, field, why: Fault::Missing })
            }
            _ => Self::read(kind, &mut Tokens::absolute(text)),
        }
    }

    fn from_data(
        kind: RecordKind,
        data: &Parts,
        priority: Option<u16>,
    ) -> Result<Self, ContentError> {
        match priority {
            // The API has these priorities beside the parts.
            Some(priority) if !data.contains_key("priority") => {
                let mut data = data.clone();
                data.insert("priority".into(), Part::Number(priority.into()));
                Self::from_parts(kind, &data)
            }
            _ => Self::from_parts(kind, data).map_err(|error| match error.at {
                At::Data("priority") if kind == RecordKind::Uri => {
                    ContentError { at: At::Priority, ..error }
                }
                _ => error,
            }),
        }
    }

    /// The text of the API: presentation format, but that an MX has its priority beside it, and a TXT is as it was
    /// written.
    pub fn text(&self) -> String {
        match self {
            Self::Mx(mx) => mx.target.to_string(),
            Self::Txt(txt) => txt.written().to_owned(),
            _ => self.presentation(),
        }
    }

    /// The priority that stands beside the text.
    pub fn priority(&self) -> Option<u16> {
        match self {
            Self::Mx(mx) => Some(mx.priority),
            Self::Srv(srv) => Some(srv.priority),
            Self::Uri(uri) => Some(uri.priority),
            _ => None,
        }
    }

    /// The parts of the API; `None` for a type that is only text.
    pub fn data(&self) -> Option<Vec<(&'static str, Part)>> {
        let is_shown = |name: &str| !(name == "priority" && matches!(self, Self::Uri(_)));
        Self::has_data(self.kind())
            .then(|| self.fields().into_iter().filter(|(name, _)| is_shown(name)).collect())
    }
}
