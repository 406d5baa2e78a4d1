//! How far the checks of a hostname and of its certificate have come, when the next one is, and when nothing more happens by
//! itself (an extension: docs/divergences.md).

use std::{sync::LazyLock, time::Duration};

use np_domain::{
    Timestamp,
    certificate::{self, Order, Phase, Tries, order::ORDERING_WAIT_MAX},
    ownership::{self, MOVED_GRACE, MovedWhy},
    schedule::{self, DCV_TRIES, OWNERSHIP_TRIES},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::moment;
use crate::api::openapi::shape;

/// How far checks have come, and what comes next. What has no meaning now is absent.
#[derive(Debug, Default, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "Progress")]
pub(crate) struct ProgressWire {
    /// How many checks have failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    /// After how many failed checks it is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_max: Option<u32>,
    /// When it is looked at again; sooner when something happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment", default)]
    next_check_at: Option<String>,
    /// When it is given up if nothing changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment", default)]
    deadline: Option<String>,
    /// When the turn of an order within the limits of its certificate authority is expected; it may come sooner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shape::moment", default)]
    expected_at: Option<String>,
    /// The certificate authority that has the order, or for whose turn it waits: another one may stand in for the one that is
    /// wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority: Option<&'static str>,
    /// Why nothing more happens by itself, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_reason: Option<String>,
}

/// What restarts checks that have ended (behaviour.md 2.3).
const REMEDY: &str = "PATCH with `ssl.type` and `ssl.method`, also the same ones, to start again.";

/// Of the proof of ownership; `None` where there is nothing to say.
pub(crate) fn of_ownership(state: &ownership::State) -> Option<ProgressWire> {
    use ownership::State;
    match state {
        State::Unproven(unproven) => {
            let next = unproven.next_check;
            let deadline = next + rest(&OWNERSHIP_REST, unproven.attempt);
            Some(ProgressWire {
                next_check_at: Some(moment(next)),
                deadline: Some(moment(deadline)),
                ..counted(unproven.attempt, OWNERSHIP_TRIES)
            })
        }
        State::Moved(moved) => Some(ProgressWire {
            deadline: Some(moment(moved.since + MOVED_GRACE)),
            ..ended(why_moved(moved.why))
        }),
        State::GivenUp(_) => Some(ended("It stayed moved until it was given up.")),
        State::Blocked(blocked) => Some(waiting(blocked.next_check)),
        // Only in doubt is there something to wait for.
        State::Proven(proven) => {
            let watch = Some(&proven.watch).filter(|watch| watch.doubt.is_some());
            watch.and_then(|watch| watch.next_check).map(waiting)
        }
        State::Leaving(_) => None,
    }
}

fn why_moved(why: MovedWhy) -> &'static str {
    match why {
        MovedWhy::NeverProven => "Ownership was not proven in time.",
        MovedWhy::PointsElsewhere => "It pointed here, and points elsewhere.",
        MovedWhy::ProvenElsewhere => {
            "The same custom hostname was validated later in another zone."
        }
    }
}

/// Of the attempt at a certificate; `None` where there is nothing to say. While the CA has the word there is no deadline: how
/// many checks follow is up to it.
pub(crate) fn of_attempt(attempt: &certificate::State) -> Option<ProgressWire> {
    use certificate::State;
    match attempt {
        State::Ordering(ordering) => {
            let end = ordering.next_try.max(ordering.tries.since + ORDERING_WAIT_MAX);
            let queued = ordering.queued.as_ref();
            Some(ProgressWire {
                expected_at: queued.map(|queued| moment(queued.expected_at)),
                certificate_authority: queued.map(|queued| queued.authority.as_str()),
                // Those who wait for their turn are not given up.
                ..tried(&ordering.tries, ordering.next_try, Some(end).filter(|_| queued.is_none()))
            })
        }
        State::AwaitingControl(awaiting) => {
            let end = awaiting.next_check + rest(&DCV_REST, awaiting.tries.failed);
            Some(at(&awaiting.order, tried(&awaiting.tries, awaiting.next_check, Some(end))))
        }
        State::Validating(validating) => {
            let progress = tried(&validating.tries, validating.next_poll, None);
            Some(at(&validating.order, progress))
        }
        State::Issuing(issuing) => {
            Some(at(&issuing.order, tried(&issuing.tries, issuing.next_poll, None)))
        }
        State::Issued(issued) => Some(waiting(issued.next_check)),
        State::Uploaded(uploaded) => Some(waiting(uploaded.next_check)),
        State::Stalled(stalled) => Some(match stalled.retry_at {
            Some(retry_at) => waiting(retry_at),
            None => ended(why_stalled(stalled.phase)),
        }),
        State::Settled(_) | State::Kept(_) => None,
    }
}

fn at(order: &Order, progress: ProgressWire) -> ProgressWire {
    ProgressWire { certificate_authority: Some(order.authority.as_str()), ..progress }
}

fn why_stalled(phase: Phase) -> &'static str {
    match phase {
        Phase::Ordering => "The certificate could not be ordered in time.",
        Phase::Control => "Control of the hostname was not shown in time.",
        Phase::Issuance => "The certificate authority did not issue in time.",
        Phase::Deployment => "The certificate was not deployed in time.",
    }
}

fn counted(failed: u32, max: u32) -> ProgressWire {
    ProgressWire { attempts: Some(failed), attempts_max: Some(max), ..ProgressWire::default() }
}

fn tried(tries: &Tries, next: Timestamp, deadline: Option<Timestamp>) -> ProgressWire {
    ProgressWire {
        next_check_at: Some(moment(next)),
        deadline: deadline.map(moment),
        ..counted(tries.failed, DCV_TRIES)
    }
}

fn waiting(next: Timestamp) -> ProgressWire {
    ProgressWire { next_check_at: Some(moment(next)), ..ProgressWire::default() }
}

fn ended(why: &str) -> ProgressWire {
    ProgressWire { terminal_reason: Some(format!("{why} {REMEDY}")), ..ProgressWire::default() }
}

/// What is left of the schedule from the next try on, by the number of failed ones. Summed up once: lists show many.
static OWNERSHIP_REST: LazyLock<Vec<Duration>> =
    LazyLock::new(|| rests(OWNERSHIP_TRIES, schedule::ownership_delay));
static DCV_REST: LazyLock<Vec<Duration>> = LazyLock::new(|| rests(DCV_TRIES, schedule::dcv_delay));

fn rests(tries: u32, delay: fn(u32) -> Option<Duration>) -> Vec<Duration> {
    // The last try is followed by the verdict, not by a delay.
    (0..tries).map(|failed| (failed..tries - 1).filter_map(delay).sum()).collect()
}

fn rest(rests: &[Duration], failed: u32) -> Duration {
    let index = usize::try_from(failed).unwrap_or(usize::MAX);
    rests.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
