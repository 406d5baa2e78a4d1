//! Zone files (RFC 1035 section 5): read for an import, written for an export.
//!
//! Comments behind records carry what the format has no place for, as the original writes it:
//! `; a comment cf_tags=cf-proxied:true,team:web`. SOA and the zone's own NS are the platform's: they are written, so that
//! other programs take the file, and skipped when read. `$INCLUDE` and `$GENERATE` are refused.

mod lines;
#[cfg(test)]
mod tests;

use thiserror::Error;

use super::{
    Comment, Content, ContentError, DnsRecord, Proxy, RecordKind, RecordName, RecordNameError, Tag,
    Tags, Ttl, tokens::Tokens,
};
use crate::{Timestamp, name::DnsName};
use lines::{Line, lines};

/// Stands before the tags of a comment.
const TAGS: &str = "cf_tags=";
/// The tag that is no tag but whether the record is proxied.
const PROXIED: &str = "cf-proxied:";
/// Seconds of a TTL in an exported SOA and NS.
const APEX_TTL_SECONDS: u32 = 86_400;

/// A record of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRecord {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// Its name.
    pub name: RecordName,
    /// Its type and value.
    pub content: Content,
    /// Its TTL, brought within the limits.
    pub ttl: Ttl,
    /// Whether it is proxied; `None` when the file does not say.
    pub proxy: Option<Proxy>,
    /// Its comment, if it can be kept.
    pub comment: Option<Comment>,
    /// Its tags, if they can be kept.
    pub tags: Tags,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {why}")]
pub struct ZoneFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub why: FileFault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileFault {
    /// `$INCLUDE`, `$GENERATE` and what is unknown.
    #[error("only $ORIGIN and $TTL are supported; write the records out")]
    Directive,
    /// A directive without its value, or with another.
    #[error("the directive's value is missing or not right")]
    DirectiveValue,
    /// Brackets or quotes are not closed.
    #[error("brackets or quotes are not closed")]
    Unclosed,
    /// No name, and no record before it.
    #[error("the first record has no name")]
    NoName,
    /// A name that is none, or not in the zone.
    #[error("{0}")]
    Name(#[from] RecordNameError),
    /// A class other than IN.
    #[error("only class IN is supported")]
    Class,
    /// No type, or one that is not supported.
    #[error("the record type is missing or not supported; remove the record")]
    Kind,
    /// Content that is not right.
    #[error("{0}")]
    Content(ContentError),
}

/// Reads a file of `zone`. SOA and the zone's own NS are left out.
///
/// # Errors
/// The first line that is not right.
pub fn read(text: &str, zone: &RecordName) -> Result<Vec<FileRecord>, ZoneFileError> {
    let mut state = State { zone, origin: zone.clone(), owner: None, ttl: None };
    let mut records = Vec::new();
    for line in lines(text)? {
        let number = line.number;
        let record = state.line(&line).map_err(|why| ZoneFileError { line: number, why })?;
        records.extend(record);
    }
    Ok(records)
}

/// What lines before determine.
struct State<'z> {
    zone: &'z RecordName,
    origin: RecordName,
    owner: Option<RecordName>,
    ttl: Option<u32>,
}

impl State<'_> {
    fn line(&mut self, line: &Line<'_>) -> Result<Option<FileRecord>, FileFault> {
        let mut words = line.text.split_whitespace();
        match words.next() {
            None => Ok(None),
            Some(directive) if directive.starts_with('$') => {
                let value = words.next().ok_or(FileFault::DirectiveValue)?;
                self.directive(directive, value).map(|()| None)
            }
            Some(_) => self.record(line),
        }
    }

    fn directive(&mut self, directive: &str, value: &str) -> Result<(), FileFault> {
        match directive.to_ascii_uppercase().as_str() {
            "$ORIGIN" => self.origin = self.name(value)?,
            "$TTL" => self.ttl = Some(seconds(value).ok_or(FileFault::DirectiveValue)?),
            _ => return Err(FileFault::Directive),
        }
        Ok(())
    }

    fn name(&self, text: &str) -> Result<RecordName, FileFault> {
        Ok(match text.strip_suffix('.') {
            _ if text == "@" => self.origin.clone(),
            Some(absolute) => absolute.parse()?,
            None => format!("{text}.{}", self.origin).parse()?,
        })
    }

    fn record(&mut self, line: &Line<'_>) -> Result<Option<FileRecord>, FileFault> {
        let mut tokens = Tokens::relative(&line.text, &self.origin);
        if !line.has_no_name {
            let text = tokens.next_plain().ok_or(FileFault::NoName)?;
            self.owner = Some(self.name(text)?);
            tokens = Tokens::relative(tokens.take_rest(), &self.origin);
        }
        let name = self.owner.clone().ok_or(FileFault::NoName)?;
        let (ttl, word) = head(&mut tokens)?;
        if word.eq_ignore_ascii_case("SOA") {
            return Ok(None);
        }
        let kind: RecordKind = word.parse().map_err(|_| FileFault::Kind)?;
        if kind == RecordKind::Ns && name == *self.zone {
            return Ok(None);
        }
        if !name.is_within(self.zone) {
            return Err(RecordNameError::Outside { zone: self.zone.clone() }.into());
        }
        let content = Content::read(kind, &mut tokens).map_err(FileFault::Content)?;
        let ttl = match ttl.or(self.ttl) {
            None | Some(1) => Ttl::Automatic,
            Some(seconds) => Ttl::nearest(seconds),
        };
        let remarks = Remarks::read(line.comment);
        let Remarks { proxy, comment, tags } = remarks;
        Ok(Some(FileRecord { line: line.number, name, content, ttl, proxy, comment, tags }))
    }
}

/// TTL and class, in either order, and the type.
fn head<'a>(tokens: &mut Tokens<'a>) -> Result<(Option<u32>, &'a str), FileFault> {
    let mut ttl = None;
    loop {
        let word = tokens.next_plain().ok_or(FileFault::Kind)?;
        match word {
            _ if word.eq_ignore_ascii_case("IN") => {}
            _ if ["CH", "HS", "CS"].iter().any(|class| word.eq_ignore_ascii_case(class)) => {
                return Err(FileFault::Class);
            }
            _ if ttl.is_none() && word.starts_with(|c: char| c.is_ascii_digit()) => {
                ttl = Some(seconds(word).ok_or(FileFault::Kind)?);
            }
            _ => return Ok((ttl, word)),
        }
    }
}

/// `3600`, or `1h30m` as BIND writes it.
fn seconds(text: &str) -> Option<u32> {
    let mut total: u32 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit: u32 = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(digits.parse::<u32>().ok()?.checked_mul(unit)?)?;
        digits.clear();
    }
    if digits.is_empty() { Some(total) } else { total.checked_add(digits.parse().ok()?) }
}

/// What a comment behind a record says.
#[derive(Default)]
struct Remarks {
    proxy: Option<Proxy>,
    comment: Option<Comment>,
    tags: Tags,
}

impl Remarks {
    /// What cannot be kept is dropped: a file of another program may say anything behind its records.
    fn read(comment: &str) -> Self {
        let (comment, tags) = comment.split_once(TAGS).unwrap_or((comment, ""));
        let tags: Vec<&str> = tags.trim().split(',').filter(|tag| !tag.is_empty()).collect();
        let proxied = tags.iter().find_map(|tag| tag.strip_prefix(PROXIED));
        let tags = tags.iter().copied().filter(|tag| !tag.starts_with("cf-"));
        Self {
            proxy: proxied.map(|word| Proxy::from(word == "true")),
            comment: Comment::parse(comment.trim()).ok().flatten(),
            tags: Tags::parse(tags).unwrap_or_default(),
        }
    }

    fn show(record: &DnsRecord) -> String {
        let comment = record.comment.as_ref().map(Comment::as_str).unwrap_or_default();
        let mut tags: Vec<String> = Vec::new();
        if record.kind().is_proxiable() {
            tags.push(format!("{PROXIED}{}", record.proxy.is_on()));
        }
        // A comma would end the tag.
        tags.extend(record.tags.iter().map(Tag::to_string).filter(|tag| !tag.contains(',')));
        match (comment, tags.is_empty()) {
            ("", true) => String::new(),
            (comment, true) => format!(" ; {comment}"),
            ("", false) => format!(" ; {TAGS}{}", tags.join(",")),
            (comment, false) => format!(" ; {comment} {TAGS}{}", tags.join(",")),
        }
    }
}

/// Writes a file that other name servers take. `servers` are the zone's own.
pub fn write(
    zone: &RecordName,
    servers: &[DnsName],
    records: &[DnsRecord],
    now: Timestamp,
) -> String {
    let mut out = format!(
        ";;\n;; Domain:     {zone}.\n;; Exported:   {}\n;;\n;; Names are absolute. A TTL of 1 is automatic.\n",
        now.date()
    );
    if let Some(first) = servers.first() {
        let serial = now.unix_timestamp();
        out.push_str(&format!(
            "{zone}.\t3600\tIN\tSOA\t{first}. hostmaster.{zone}. {serial} 10000 2400 604800 3600\n"
        ));
    }
    for server in servers {
        out.push_str(&format!("{zone}.\t{APEX_TTL_SECONDS}\tIN\tNS\t{server}.\n"));
    }
    for record in records {
        out.push_str(&format!(
            "{}.\t{}\tIN\t{}\t{}{}\n",
            record.name,
            record.ttl.number(),
            record.kind(),
            record.content.zone_file(),
            Remarks::show(record)
        ));
    }
    out
}
