//! A diagnosis and a history, in words of our own: the original has neither. Fields are added, never renamed.

use np_domain::{
    certificate::Actor,
    diagnosis::{Action, Evidence, Finding, Remedy, Report, Verdict},
    event::Event,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    invalid::{Invalid, Why},
    moment,
};
use crate::api::{
    openapi::{QueryParam, shape},
    pagination::Params,
};

/// Events of a history, unless asked otherwise, and at most.
const EVENTS: u32 = 100;
const EVENTS_MAX: u32 = 1000;

/// The query of a history.
pub(crate) const HISTORY: &[QueryParam] = &[QueryParam::new(
    "limit",
    shape::page,
    "How many events, the newest first. 100 if left out; more than 1000 is cut, not refused.",
)];

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Diagnosis")]
pub(crate) struct ReportWire {
    hostname: String,
    /// Whether the hostname is served.
    active: bool,
    /// Everything in a sentence or two.
    summary: String,
    #[schemars(schema_with = "shape::moment")]
    checked_at: String,
    /// Whether a limit ended the look before everything was asked.
    cut_short: bool,
    /// Problems first.
    findings: Vec<FindingWire>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Finding")]
struct FindingWire {
    /// A stable word: docs/diagnostics.md.
    check: &'static str,
    verdict: VerdictWire,
    actor: ActorWire,
    message: String,
    evidence: Vec<EvidenceWire>,
    remedies: Vec<RemedyWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment")]
    next_look: Option<String>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FindingVerdict")]
enum VerdictWire {
    Problem,
    Notice,
    Good,
}

/// Who must act.
#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FindingActor")]
enum ActorWire {
    /// The CA, or nobody but time.
    Ca,
    /// Who owns the hostname.
    Customer,
    /// Who runs the zone and this platform.
    Provider,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Evidence")]
struct EvidenceWire {
    server: String,
    question: String,
    answer: String,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[schemars(schema_with = "shape::moment")]
    at: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Remedy")]
struct RemedyWire {
    action: ActionWire,
    name: String,
    r#type: String,
    content: String,
}

#[derive(Debug, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RemedyAction")]
enum ActionWire {
    Add,
    Change,
    Remove,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "HostnameEvent")]
pub(crate) struct EventWire {
    #[schemars(schema_with = "shape::moment")]
    at: String,
    /// A stable dotted word, such as `ownership.proven`.
    event: &'static str,
    /// The cause and the evidence.
    detail: String,
}

impl ReportWire {
    pub(crate) fn of(report: &Report) -> Self {
        Self {
            hostname: report.name.to_string(),
            active: report.active,
            summary: report.summary.to_string(),
            checked_at: moment(report.at),
            cut_short: report.cut_short,
            findings: report.findings.iter().map(finding).collect(),
        }
    }
}

impl EventWire {
    pub(crate) fn of(event: &Event) -> Self {
        let detail = event.detail.to_string();
        Self { at: moment(event.at), event: event.kind.as_str(), detail }
    }
}

/// How many events are asked for.
pub(crate) fn parse_limit(params: &Params) -> Result<u32, Invalid> {
    let refuse = || Invalid {
        pointer: "/limit".to_owned(),
        why: Why::BadQuery("`limit` must be a whole number from 1.".to_owned()),
    };
    match params.get("limit").map(str::parse::<u32>) {
        None => Ok(EVENTS),
        Some(Ok(0) | Err(_)) => Err(refuse()),
        Some(Ok(limit)) => Ok(limit.min(EVENTS_MAX)),
    }
}

fn finding(finding: &Finding) -> FindingWire {
    FindingWire {
        check: finding.check.as_str(),
        verdict: match finding.verdict {
            Verdict::Problem => VerdictWire::Problem,
            Verdict::Notice => VerdictWire::Notice,
            Verdict::Good => VerdictWire::Good,
        },
        actor: match finding.actor {
            Actor::Authority => ActorWire::Ca,
            Actor::Customer => ActorWire::Customer,
            Actor::Provider => ActorWire::Provider,
        },
        message: finding.message.to_string(),
        evidence: finding.evidence.iter().map(evidence).collect(),
        remedies: finding.remedies.iter().map(remedy).collect(),
        next_look: finding.next_look.map(moment),
    }
}

fn evidence(evidence: &Evidence) -> EvidenceWire {
    EvidenceWire {
        server: evidence.server.to_string(),
        question: evidence.question.to_string(),
        answer: evidence.answer.to_string(),
        ttl: evidence.ttl,
        at: moment(evidence.at),
    }
}

fn remedy(remedy: &Remedy) -> RemedyWire {
    RemedyWire {
        action: match remedy.action {
            Action::Add => ActionWire::Add,
            Action::Change => ActionWire::Change,
            Action::Remove => ActionWire::Remove,
        },
        name: remedy.name.to_string(),
        r#type: remedy.kind.to_string(),
        content: remedy.value.to_string(),
    }
}
