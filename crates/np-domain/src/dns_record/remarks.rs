//! What owners write about their records: comments and tags. Nothing is served by them.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The longest comment, in characters (the largest of the original's plans).
pub const COMMENT_CHARS_MAX: usize = 500;
/// The most tags of a record (the original's limit).
pub const TAGS_MAX: usize = 20;
/// The longest name of a tag (the original's limit).
pub const TAG_NAME_CHARS_MAX: usize = 32;
/// The longest value of a tag (the original's limit).
pub const TAG_VALUE_CHARS_MAX: usize = 100;

/// Why a remark cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RemarkError {
    /// The comment is too long.
    #[error("a comment has at most {COMMENT_CHARS_MAX} characters; shorten it")]
    CommentTooLong,
    /// The comment or value has a control character.
    #[error("control characters, line breaks among them, cannot be kept; remove them")]
    ControlCharacter,
    /// Too many tags.
    #[error("a record has at most {TAGS_MAX} tags; send fewer")]
    TooManyTags,
    /// The name of a tag is none.
    #[error(
        "a tag is written name or name:value, the name having 1 to {TAG_NAME_CHARS_MAX} letters, digits, hyphens and underscores"
    )]
    TagName,
    /// The value of a tag is too long.
    #[error("the value of a tag has at most {TAG_VALUE_CHARS_MAX} characters; shorten it")]
    TagValueTooLong,
}

/// A note; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Comment(Box<str>);

impl Comment {
    /// Reads a comment; an empty text is none.
    ///
    /// # Errors
    /// When it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Option<Self>, RemarkError> {
        if text.chars().count() > COMMENT_CHARS_MAX {
            return Err(RemarkError::CommentTooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(RemarkError::ControlCharacter);
        }
        Ok((!text.is_empty()).then(|| Self(text.into())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag: `name` or `name:value`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    name: Box<str>,
    value: Box<str>,
}

impl Tag {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value; empty when there is none.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl FromStr for Tag {
    type Err = RemarkError;

    fn from_str(text: &str) -> Result<Self, RemarkError> {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_name = (1..=TAG_NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(plain);
        if !is_name {
            return Err(RemarkError::TagName);
        }
        if value.chars().count() > TAG_VALUE_CHARS_MAX {
            return Err(RemarkError::TagValueTooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(RemarkError::ControlCharacter);
        }
        Ok(Self { name: name.into(), value: value.into() })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.value {
            "" => f.write_str(&self.name),
            value => write!(f, "{}:{value}", self.name),
        }
    }
}

/// The tags of a record, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// Reads tags; the error comes with the position of the tag at fault, if it is one tag's.
    ///
    /// # Errors
    /// When one is none, or there are too many.
    pub fn parse<'a>(
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, (Option<usize>, RemarkError)> {
        let mut tags = Vec::new();
        for (index, text) in texts.into_iter().enumerate() {
            tags.push(text.parse().map_err(|why| (Some(index), why))?);
        }
        tags.sort();
        tags.dedup();
        if tags.len() > TAGS_MAX { Err((None, RemarkError::TooManyTags)) } else { Ok(Self(tags)) }
    }

    /// The tags.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_names_with_values_sorted_and_each_once() {
        let tags = Tags::parse(["owner:dns team", "app", "app"]).expect("good tags");
        assert_eq!(tags.iter().map(Tag::to_string).collect::<Vec<_>>(), ["app", "owner:dns team"]);
        for (tag, why) in [
            ("", RemarkError::TagName),
            (":value", RemarkError::TagName),
            ("a b", RemarkError::TagName),
            ("a:\n", RemarkError::ControlCharacter),
        ] {
            assert_eq!(Tags::parse(["app", tag]), Err((Some(1), why)), "{tag}");
        }
        let many: Vec<String> = (0..=TAGS_MAX).map(|n| format!("t{n}")).collect();
        let many = Tags::parse(many.iter().map(String::as_str));
        assert_eq!(many, Err((None, RemarkError::TooManyTags)));
    }

    #[test]
    fn a_comment_is_bounded_and_an_empty_one_is_none() {
        assert_eq!(Comment::parse(""), Ok(None));
        let longest = "é".repeat(COMMENT_CHARS_MAX);
        assert_eq!(Comment::parse(&longest).unwrap().unwrap().as_str(), longest);
        assert_eq!(Comment::parse(&format!("{longest}x")), Err(RemarkError::CommentTooLong));
        assert_eq!(Comment::parse("a\nb"), Err(RemarkError::ControlCharacter));
    }
}
