//! What can be wrong with DNS records (api.md 2.15).

use np_domain::dns_record::{RecordKind, TtlError, UnknownKind, content, rules::Conflict};

use super::{ApiError, Problem};
use crate::{
    api::wire::dns_record::{Fault, pointer},
    app::dns_records::{BATCH_MAX, ChangeError},
};

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        Self::of_dns_change(error, |_| None)
    }
}

impl ApiError {
    /// A change that was refused, with where in the body its operations stand.
    pub(crate) fn of_dns_change<'p>(
        error: ChangeError,
        prefix: impl Fn(usize) -> Option<&'p String>,
    ) -> Self {
        let at =
            |index, field: &str| format!("{}{field}", prefix(index).map_or("", String::as_str));
        match error {
            ChangeError::Conflict { index, conflict } => {
                let (problem, field) = of_conflict(&conflict);
                let error = Self::of(problem).because(sentence(&conflict));
                let pointer = at(index, field);
                if pointer.is_empty() { error } else { error.at(pointer) }
            }
            ChangeError::Content { index, error } => {
                let pointer = at(index, &pointer(&error));
                of_content(&error).at(pointer)
            }
            ChangeError::NoRecord { index } => {
                let error = Self::of(Problem::RecordNotFound);
                match prefix(index) {
                    Some(prefix) => error.at(format!("{prefix}/id")),
                    None => error,
                }
            }
            ChangeError::NoZone => Self::of(Problem::NoAccess),
            ChangeError::Store(error) => error.into(),
        }
    }

    /// An import that was refused; `lines` says where in the file its records stand.
    pub(crate) fn of_dns_import(error: ChangeError, lines: &[usize]) -> Self {
        let line = match &error {
            ChangeError::Conflict { index, .. } => lines.get(*index),
            _ => None,
        };
        let error = Self::of_dns_change(error, |_| None);
        match line {
            Some(line) => {
                let detail = error.detail.clone().unwrap_or_default();
                error.at("/file").because(format!("Line {line}: {detail}"))
            }
            None => error,
        }
    }
}

pub(super) fn of_fault(fault: Fault) -> ApiError {
    match fault {
        Fault::Content(error) => of_content(&error),
        Fault::File(detail) => ApiError::of(Problem::ZoneFile).because(sentence(&detail)),
        Fault::Name(error) => ApiError::of(Problem::RecordName).because(sentence(&error)),
        Fault::NameMissing => ApiError::of(Problem::RecordName).because("`name` is required."),
        Fault::Remark(error) => ApiError::of(Problem::RecordInvalid).because(sentence(&error)),
        Fault::Setting(detail) => ApiError::of(Problem::RecordInvalid).because(sentence(&detail)),
        Fault::TooMany => ApiError::of(Problem::RecordInvalid)
            .because(format!("A batch has at most {BATCH_MAX} operations; send several.")),
        Fault::Ttl => ApiError::of(Problem::RecordTtl).because(sentence(&TtlError)),
        Fault::Type => {
            ApiError::of(Problem::RecordInvalid).because(sentence(&format!("`type` {UnknownKind}")))
        }
    }
}

fn of_content(error: &np_domain::dns_record::ContentError) -> ApiError {
    let is_whole = error.at == content::At::Content && error.field == "content";
    let problem = match error.kind {
        RecordKind::A if is_whole => Problem::RecordIpv4,
        RecordKind::Aaaa if is_whole => Problem::RecordIpv6,
        RecordKind::Cname if is_whole => Problem::RecordCname,
        _ => Problem::RecordInvalid,
    };
    ApiError::of(problem).because(sentence(error))
}

/// The problem, and the field at fault.
fn of_conflict(conflict: &Conflict) -> (Problem, &'static str) {
    match conflict {
        Conflict::BesideCname => (Problem::RecordBesideCname, "/name"),
        Conflict::CnameAtApex => (Problem::RecordInvalid, "/proxied"),
        Conflict::CnameBesideOthers { .. } => (Problem::CnameBesideRecords, "/name"),
        Conflict::CnameToItself => (Problem::CnameToItself, "/content"),
        Conflict::DsAtApex | Conflict::NsAtApex => (Problem::RecordInvalid, "/name"),
        Conflict::FallbackOrigin => (Problem::RecordOfFallback, ""),
        Conflict::Identical { .. } => (Problem::RecordIdentical, "/content"),
        Conflict::NotProxiable { .. } => (Problem::RecordNotProxiable, "/proxied"),
        Conflict::SameContent { .. } => (Problem::RecordExists, "/content"),
        Conflict::TooManyAtName => (Problem::RecordQuota, "/name"),
        Conflict::TooManyInZone => (Problem::RecordQuota, ""),
    }
}

/// A whole sentence.
fn sentence(text: &impl std::fmt::Display) -> String {
    let text = text.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase()).into_iter();
    first.chain(chars).chain(['.']).collect()
}
