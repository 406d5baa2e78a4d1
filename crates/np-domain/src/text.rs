//! Words for a person, and other free text whose only rule is a bounded length.

use std::fmt;

/// The most bytes of a text taken from outside (a CA's problem, a server's answer) that is kept.
pub const EXPLANATION_BYTES_MAX: usize = 1024;

/// A sentence for whoever can act on it: a customer, a provider, an operator. At most [`EXPLANATION_BYTES_MAX`] bytes
/// and without control characters, so that it is safe to log and to show.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Explanation(String);

impl Explanation {
    /// Keeps `text` without its control characters, cut at the limit on a character border.
    pub fn new(text: impl AsRef<str>) -> Self {
        let mut kept = String::new();
        for c in text.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }) {
            if kept.len() + c.len_utf8() > EXPLANATION_BYTES_MAX {
                break;
            }
            kept.push(c);
        }
        Self(kept)
    }

    /// The sentence.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanation_is_cut_on_a_character_border_and_has_no_control_characters() {
        let long = "é".repeat(EXPLANATION_BYTES_MAX);
        assert_eq!(Explanation::new(&long).as_str().len(), EXPLANATION_BYTES_MAX);
        assert_eq!(Explanation::new("a\r\nb\u{1b}[0m").as_str(), "a  b [0m");
    }
}
