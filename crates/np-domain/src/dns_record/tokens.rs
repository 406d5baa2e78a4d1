//! The words of presentation format (RFC 1035 section 5.1): plain or quoted, with `\X` and `\DDD`.

use super::name::RecordName;

/// Reads words one by one from a single line.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    rest: &'a str,
    /// What relative names are completed with; `None` where every name is absolute, as in the API.
    origin: Option<&'a RecordName>,
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its bytes, without quotes and escapes.
    pub bytes: Vec<u8>,
    /// Whether it stood in quotes.
    pub is_quoted: bool,
}

/// The quotes or escapes of a text do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "its quotes or backslashes do not fit: close each \" and write \\\" or \\DDD for special characters"
)]
pub struct BadQuoting;

impl<'a> Tokens<'a> {
    /// Words in which names are absolute.
    pub fn absolute(text: &'a str) -> Self {
        Self { rest: text.trim(), origin: None }
    }

    /// Words in which names without a final dot are relative to `origin`, as in a zone file.
    pub fn relative(text: &'a str, origin: &'a RecordName) -> Self {
        Self { rest: text.trim(), origin: Some(origin) }
    }

    /// What relative names are completed with.
    pub fn origin(&self) -> Option<&'a RecordName> {
        self.origin
    }

    /// Everything that has not been read, as it is written.
    pub fn take_rest(&mut self) -> &'a str {
        std::mem::take(&mut self.rest).trim()
    }

    /// How many words are left, as far as they can be read.
    pub fn count_left(&self) -> usize {
        let mut ahead = self.clone();
        std::iter::from_fn(|| ahead.next().ok().flatten()).count()
    }

    /// The next word as it is written, which must not be quoted.
    pub fn next_plain(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// The next word.
    ///
    /// # Errors
    /// When a quote is not closed, or a backslash is followed by nothing or no byte.
    #[allow(clippy::should_implement_trait, reason = "it can fail")]
    pub fn next(&mut self) -> Result<Option<Token>, BadQuoting> {
        self.rest = self.rest.trim_start();
        let is_quoted = self.rest.starts_with('"');
        let start = usize::from(is_quoted);
        let mut bytes = Vec::new();
        let source = self.rest.as_bytes();
        let mut at = start;
        loop {
            match source.get(at) {
                None if is_quoted => return Err(BadQuoting),
                None => break,
                Some(b'"') if is_quoted => {
                    at += 1;
                    break;
                }
                Some(b) if !is_quoted && b.is_ascii_whitespace() => break,
                Some(b'\\') => at += unescape(&source[at + 1..], &mut bytes)? + 1,
                Some(&b) => {
                    bytes.push(b);
                    at += 1;
                }
            }
        }
        if at == 0 {
            return Ok(None);
        }
        // Only ASCII ends a word: the cut is on a character border.
        self.rest = self.rest.get(at..).ok_or(BadQuoting)?;
        Ok(Some(Token { bytes, is_quoted }))
    }
}

/// Reads what follows a backslash; how many bytes that took.
fn unescape(after: &[u8], bytes: &mut Vec<u8>) -> Result<usize, BadQuoting> {
    match after {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', ..] => {
            let number =
                [a, b, c].iter().fold(0u16, |sum, digit| sum * 10 + u16::from(**digit - b'0'));
            bytes.push(u8::try_from(number).map_err(|_| BadQuoting)?);
            Ok(3)
        }
        [b'0'..=b'9', ..] | [] => Err(BadQuoting),
        [byte, ..] => {
            bytes.push(*byte);
            Ok(1)
        }
    }
}

/// Writes bytes in quotes, in which they are read back as they are.
pub fn quote(bytes: &[u8], out: &mut String) {
    out.push('"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\{byte:03}")),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Vec<(String, bool)>, BadQuoting> {
        let mut tokens = Tokens::absolute(text);
        let mut words = Vec::new();
        while let Some(token) = tokens.next()? {
            words.push((String::from_utf8_lossy(&token.bytes).into_owned(), token.is_quoted));
        }
        Ok(words)
    }

    #[test]
    fn words_are_plain_or_quoted_and_escapes_stand_for_bytes() {
        let word = |text: &str, is_quoted| (text.to_owned(), is_quoted);
        assert_eq!(words("  10 mail  "), Ok(vec![word("10", false), word("mail", false)]));
        assert_eq!(
            words(r#""a b" "" c"#),
            Ok(vec![word("a b", true), word("", true), word("c", false)])
        );
        assert_eq!(words(r#""\"\\\065" \"x"#), Ok(vec![word("\"\\A", true), word("\"x", false)]));
        assert_eq!(words("\"é\""), Ok(vec![word("é", true)]));
        for bad in [r#""a"#, r"a\", r"\25", r"\256"] {
            assert_eq!(words(bad), Err(BadQuoting), "{bad}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        let all: Vec<u8> = (0..=255).collect();
        let mut text = String::new();
        quote(&all, &mut text);
        assert_eq!(Tokens::absolute(&text).next(), Ok(Some(Token { bytes: all, is_quoted: true })));
    }
}
