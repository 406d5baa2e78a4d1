//! The lines of a zone file: brackets join several, comments are split off, quotes protect both signs.

use super::{FileFault, ZoneFileError};

/// A line, possibly joined of several.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'t> {
    /// Where it begins, counted from 1.
    pub(super) number: usize,
    /// The text without brackets and comments.
    pub(super) text: String,
    /// The last comment.
    pub(super) comment: &'t str,
    /// Whether it begins with a blank: the record has the name of the one before.
    pub(super) has_no_name: bool,
}

/// Splits a file.
pub(super) fn lines(file: &str) -> Result<Vec<Line<'_>>, ZoneFileError> {
    let mut lines = Vec::new();
    let mut open: Option<Line<'_>> = None;
    let mut depth = 0usize;
    for (index, text) in file.lines().enumerate() {
        let mut line = open.take().unwrap_or_else(|| Line {
            number: index + 1,
            text: String::new(),
            comment: "",
            has_no_name: text.starts_with([' ', '\t']),
        });
        let unclosed = ZoneFileError { line: line.number, why: FileFault::Unclosed };
        scan(text, &mut line, &mut depth).ok_or(unclosed)?;
        if depth == 0 {
            lines.push(line);
        } else {
            line.text.push(' ');
            open = Some(line);
        }
    }
    match open {
        Some(line) => Err(ZoneFileError { line: line.number, why: FileFault::Unclosed }),
        None => Ok(lines),
    }
}

/// Adds a line of the file; `None` when its quotes or brackets do not fit.
fn scan<'t>(text: &'t str, line: &mut Line<'t>, depth: &mut usize) -> Option<()> {
    let mut is_quoted = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                line.text.push(c);
                line.text.push(chars.next()?.1);
            }
            '"' => {
                is_quoted = !is_quoted;
                line.text.push(c);
            }
            ';' if !is_quoted => {
                line.comment = &text[at + 1..];
                return Some(());
            }
            '(' if !is_quoted => {
                *depth += 1;
                line.text.push(' ');
            }
            ')' if !is_quoted => {
                *depth = depth.checked_sub(1)?;
                line.text.push(' ');
            }
            _ => line.text.push(c),
        }
    }
    (!is_quoted).then_some(())
}
