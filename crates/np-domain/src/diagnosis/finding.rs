//! One finding: what is the matter, how it is known, who must act, and which record exactly.

use std::fmt;

use super::{Check, sight::RecordKind};
use crate::{Timestamp, certificate::Actor, name::DnsName, text::Explanation};

/// The most pieces of evidence of one finding.
pub const EVIDENCE_MAX: usize = 8;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// How bad it is.
    pub verdict: Verdict,
    /// Who must act, or whom it depends on.
    pub actor: Actor,
    /// What is the matter and what to do.
    pub message: Explanation,
    /// Who said what, when; at most [`EVIDENCE_MAX`].
    pub evidence: Vec<Evidence>,
    /// The records to add, change or remove.
    pub remedies: Vec<Remedy>,
    /// When we look again by ourselves; `None`: when something happens.
    pub next_look: Option<Timestamp>,
}

/// How bad a finding is; what is worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It keeps the hostname from being active or reachable.
    Problem,
    /// It does not by itself, but it is worth knowing.
    Notice,
    /// It is as it should be.
    Good,
}

impl Verdict {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Notice => "notice",
            Self::Good => "good",
        }
    }
}

/// Who said what, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who: a resolver, a name server, a web server.
    pub server: Explanation,
    /// What was asked: `app.customer.com CNAME`, `GET http://...`.
    pub question: Explanation,
    /// What was answered.
    pub answer: Explanation,
    /// How long the answer may be remembered, in seconds.
    pub ttl: Option<u32>,
    /// When.
    pub at: Timestamp,
}

/// A change of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What to do with it.
    pub action: Action,
    /// Where it stands.
    pub name: DnsName,
    /// Its type.
    pub kind: RecordKind,
    /// Its content, as in a zone file; TXT without quotes. For a change: the new one.
    pub value: Explanation,
}

/// What to do with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Add it.
    Add,
    /// Replace the records of this type, and those that it cannot stand beside, with it.
    Change,
    /// Remove it.
    Remove,
}

impl Action {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Remove => "remove",
        }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, name, kind, value } = self;
        write!(f, "{} {name} {kind} {value}", action.as_str())
    }
}

impl Remedy {
    /// A change of one record.
    pub fn new(action: Action, name: &DnsName, kind: RecordKind, value: impl AsRef<str>) -> Self {
        Self { action, name: name.clone(), kind, value: Explanation::new(value) }
    }
}

impl Finding {
    pub(super) fn new(
        check: Check,
        verdict: Verdict,
        actor: Actor,
        message: impl AsRef<str>,
    ) -> Self {
        let message = Explanation::new(message);
        let (evidence, remedies) = (Vec::new(), Vec::new());
        Self { check, verdict, actor, message, evidence, remedies, next_look: None }
    }

    /// Something that is as it should be, thanks to nobody in particular.
    pub(super) fn good(check: Check, message: impl AsRef<str>) -> Self {
        Self::new(check, Verdict::Good, Actor::Provider, message)
    }

    pub(super) fn seen(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self.evidence.truncate(EVIDENCE_MAX);
        self
    }

    pub(super) fn remedy(mut self, remedies: impl IntoIterator<Item = Remedy>) -> Self {
        self.remedies.extend(remedies);
        self
    }

    pub(super) fn until(mut self, at: Option<Timestamp>) -> Self {
        self.next_look = at;
        self
    }
}
