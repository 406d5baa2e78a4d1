//! Which CA is asked for a certificate: the one that is wanted, else the next that can be asked.

use std::time::Duration;

use crate::{
    Timestamp,
    certificate::{AuthorityName, Declined},
};

/// A first certificate waits this long for its turn at the CA that is wanted before another one is asked.
pub const FIRST_WAIT_MAX: Duration = Duration::from_secs(600);
/// An order whose CA has not answered for this long is given up for one at another CA.
pub const OUTAGE_WAIT_MAX: Duration = Duration::from_secs(600);

/// One that waits for CAs which nobody can ask looks at least this often while nothing is served for it.
pub const LOOK_MAX_UNSERVED: Duration = Duration::from_secs(900);
/// The same while a certificate is served; more often as that one's end nears.
pub const LOOK_MAX_SERVED: Duration = Duration::from_secs(3600);
/// It looks again after this part of the time for which it has waited.
const LOOK_PART: u32 = 8;

/// Which CAs are asked, in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// The one for what names none.
    pub default: AuthorityName,
    /// The others, in the order in which they are asked.
    pub fallback: Vec<AuthorityName>,
    /// Whether others are asked in place of one that the API's caller has named.
    pub chosen: Chosen,
}

/// What holds for a CA that the API's caller has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Chosen {
    /// Another may take its place.
    MayFallBack,
    /// No other is asked.
    #[default]
    Stays,
}

impl Preference {
    /// Only `default`.
    pub fn only(default: AuthorityName) -> Self {
        Self { default, fallback: Vec::new(), chosen: Chosen::default() }
    }

    /// The CAs for a certificate that wants `wanted`, the first one first, each once.
    pub fn order(&self, wanted: Option<AuthorityName>) -> Vec<AuthorityName> {
        let mut order = vec![wanted.unwrap_or(self.default)];
        if wanted.is_none() || self.chosen == Chosen::MayFallBack {
            for other in &self.fallback {
                if !order.contains(other) {
                    order.push(*other);
                }
            }
        }
        order
    }
}

/// A CA that could be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// It.
    pub authority: AuthorityName,
    /// When its breaker lets calls through.
    pub admits_at: Timestamp,
}

/// Who is to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// These, the first one first: one of several is passed over only while its turn is far away.
    Ask(Vec<AuthorityName>),
    /// Nobody before this moment.
    Wait(Timestamp),
    /// There is none.
    Nobody,
}

/// Chooses among the candidates, which stand in their order, by what they have said to this certificate.
pub fn choose(candidates: &[Candidate], declined: &[Declined], now: Timestamp) -> Choice {
    let free_at = |candidate: &Candidate| {
        let said = declined.iter().find(|said| said.authority == candidate.authority);
        said.map_or(candidate.admits_at, |said| said.until.max(candidate.admits_at))
    };
    let free: Vec<_> =
        candidates.iter().filter(|c| free_at(c) <= now).map(|c| c.authority).collect();
    match candidates.iter().map(free_at).min() {
        _ if !free.is_empty() => Choice::Ask(free),
        Some(soonest) => Choice::Wait(soonest),
        None => Choice::Nobody,
    }
}

/// How long a certificate waits for its turn at a CA while another one could be asked: a first one shortly, because somebody
/// waits for it; a renewal as long as it can be sure to be done in time, because its CA is the one that is wanted.
pub fn patience(served_until: Option<Timestamp>, now: Timestamp) -> Duration {
    match served_until {
        Some(end) if end > now => {
            let left: time::Duration = end - now;
            left.unsigned_abs() / 4
        }
        _ => FIRST_WAIT_MAX,
    }
}

/// When one that has waited since then looks again, where nobody can be asked before `until`. Not each time that the breaker
/// of a CA which is down lets a call try: thousands may be waiting, and one of them is enough to find out.
pub fn look_at(
    until: Timestamp,
    waits_since: Timestamp,
    served_until: Option<Timestamp>,
    now: Timestamp,
) -> Timestamp {
    let span =
        |from: Timestamp, to: Timestamp| (to - from).max(time::Duration::ZERO).unsigned_abs();
    let most = match served_until {
        Some(end) if end > now => LOOK_MAX_SERVED.min(span(now, end) / LOOK_PART),
        _ => LOOK_MAX_UNSERVED,
    };
    until.max(now + (span(waits_since, now) / LOOK_PART).min(most))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::{
        certificate::{Actor, Problem},
        text::Explanation,
    };
    use AuthorityName::{Google, LetsEncrypt, SslCom};

    const NOW: Timestamp = datetime!(2026-11-30 12:00 UTC);

    fn later(seconds: i64) -> Timestamp {
        NOW + time::Duration::seconds(seconds)
    }

    fn said(authority: AuthorityName, until: i64) -> Declined {
        let problem = Problem { actor: Actor::Authority, message: Explanation::new("no") };
        Declined { authority, times: 1, until: later(until), problem }
    }

    #[test]
    fn the_first_that_can_be_asked_is_asked() {
        let up = |authority| Candidate { authority, admits_at: NOW };
        let down = |authority, until| Candidate { authority, admits_at: later(until) };
        for (candidates, declined, expected) in [
            (vec![], vec![], Choice::Nobody),
            (vec![up(LetsEncrypt)], vec![], Choice::Ask(vec![LetsEncrypt])),
            (vec![up(LetsEncrypt), up(Google)], vec![], Choice::Ask(vec![LetsEncrypt, Google])),
            (vec![down(LetsEncrypt, 30), up(Google)], vec![], Choice::Ask(vec![Google])),
            (
                vec![up(LetsEncrypt), up(Google)],
                vec![said(LetsEncrypt, 5)],
                Choice::Ask(vec![Google]),
            ),
            (vec![up(LetsEncrypt)], vec![said(LetsEncrypt, 0)], Choice::Ask(vec![LetsEncrypt])),
            (vec![up(LetsEncrypt)], vec![said(Google, 9)], Choice::Ask(vec![LetsEncrypt])),
            (
                vec![down(LetsEncrypt, 30), up(Google)],
                vec![said(LetsEncrypt, 5), said(Google, 60)],
                Choice::Wait(later(30)),
            ),
            (vec![down(LetsEncrypt, 30)], vec![said(LetsEncrypt, 50)], Choice::Wait(later(50))),
        ] {
            assert_eq!(choose(&candidates, &declined, NOW), expected, "{candidates:?}");
        }
    }

    #[test]
    fn a_ca_that_was_named_stays_unless_the_policy_says_otherwise() {
        let fallback = vec![Google, LetsEncrypt, SslCom];
        let with = |chosen| Preference { default: LetsEncrypt, fallback: fallback.clone(), chosen };
        for (chosen, wanted, expected) in [
            (Chosen::Stays, None, vec![LetsEncrypt, Google, SslCom]),
            (Chosen::Stays, Some(SslCom), vec![SslCom]),
            (Chosen::MayFallBack, Some(SslCom), vec![SslCom, Google, LetsEncrypt]),
        ] {
            assert_eq!(with(chosen).order(wanted), expected);
        }
        assert_eq!(Preference::only(Google).order(None), [Google]);
    }

    #[test]
    fn a_renewal_has_more_patience_than_a_first_certificate() {
        for (served_until, expected) in [
            (None, FIRST_WAIT_MAX),
            (Some(later(-1)), FIRST_WAIT_MAX),
            (Some(later(4 * 86_400)), Duration::from_secs(86_400)),
            (Some(later(400)), Duration::from_secs(100)),
        ] {
            assert_eq!(patience(served_until, NOW), expected);
        }
    }

    #[test]
    fn who_waits_looks_more_seldom_as_time_goes_on_and_more_often_as_the_end_nears() {
        const HOUR: i64 = 3600;
        for (until, waited, served_until, expected) in [
            (30, 0, None, 30),
            (30, 80, None, 30),
            (30, HOUR, None, HOUR / 8),
            (30, 100 * HOUR, None, 900),
            (1000, 100 * HOUR, None, 1000),
            (30, 100 * HOUR, Some(100 * HOUR), HOUR),
            (30, 100 * HOUR, Some(4 * HOUR), HOUR / 2),
            (30, 100 * HOUR, Some(80), 30),
            (30, 100 * HOUR, Some(-1), 900),
        ] {
            let at = look_at(later(until), later(-waited), served_until.map(later), NOW);
            assert_eq!(at, later(expected), "{until} {waited} {served_until:?}");
        }
    }
}
