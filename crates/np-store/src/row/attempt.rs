//! The document of an attempt at a certificate.

use serde::{Deserialize, Serialize};

use super::{
    Bytes, Damage, Micros,
    certificate::{AuthorityName, KeyType},
    chain::IssuedCertificate,
    each, moment, words,
};
use np_domain::{authority::BudgetKind, certificate, name, secret::SealedBytes, text::Explanation};

words!(Actor is certificate::Actor: Authority, Customer, Provider);
words!(Phase is certificate::Phase: Ordering, Control, Issuance, Deployment);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum State {
    Settled {
        renew_at: Micros,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ask_at: Option<Micros>,
    },
    Ordering {
        key_type: KeyType,
        tries: Tries,
        refusals: u32,
        next_try: Micros,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queued: Option<Queued>,
    },
    AwaitingControl {
        order: Order,
        tries: Tries,
        placed_at: Micros,
        next_check: Micros,
    },
    Validating {
        order: Order,
        tries: Tries,
        told_at: Micros,
        next_poll: Micros,
        polls: u32,
    },
    Issuing(Issuing),
    Issued {
        certificate: Box<IssuedCertificate>,
        since: Micros,
        next_check: Micros,
    },
    Stalled(Stalled),
    Uploaded {
        certificates: Vec<IssuedCertificate>,
        since: Micros,
        next_check: Micros,
    },
    Kept {
        look_at: Option<Micros>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issuing {
    order: Order,
    tries: Tries,
    key: Bytes,
    csr: Bytes,
    since: Micros,
    next_poll: Micros,
    polls: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stalled {
    key_type: KeyType,
    phase: Phase,
    problems: Vec<Problem>,
    since: Micros,
    retry_at: Option<Micros>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tries {
    since: Micros,
    failed: u32,
    problems: Vec<Problem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    declined: Vec<Declined>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declined {
    authority: AuthorityName,
    times: u32,
    until: Micros,
    problem: Problem,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queued {
    authority: AuthorityName,
    budget: String,
    expected_at: Micros,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    actor: Actor,
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    authority: AuthorityName,
    url: String,
    key_type: KeyType,
    controls: Vec<Control>,
    expires_at: Option<Micros>,
    #[serde(default)]
    is_renewal: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Control {
    /// With `*.` before it: the wildcard.
    name: String,
    proof: Proof,
    satisfied: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Proof {
    Http { path: String, body: String },
    Txt { name: String, value: String },
    Email { addresses: Vec<String> },
    Cname { name: String, target: String },
}

impl From<&certificate::State> for State {
    fn from(state: &certificate::State) -> Self {
        match state {
            certificate::State::Settled(s) => {
                Self::Settled { renew_at: s.renew_at.into(), ask_at: s.ask_at.map(Into::into) }
            }
            certificate::State::Ordering(s) => Self::Ordering {
                key_type: s.key_type.into(),
                tries: (&s.tries).into(),
                refusals: s.refusals,
                next_try: s.next_try.into(),
                queued: s.queued.as_ref().map(Into::into),
            },
            certificate::State::AwaitingControl(s) => Self::AwaitingControl {
                order: (&s.order).into(),
                tries: (&s.tries).into(),
                placed_at: s.placed_at.into(),
                next_check: s.next_check.into(),
            },
            certificate::State::Validating(s) => Self::Validating {
                order: (&s.order).into(),
                tries: (&s.tries).into(),
                told_at: s.told_at.into(),
                next_poll: s.next_poll.into(),
                polls: s.polls,
            },
            certificate::State::Issuing(s) => Self::Issuing(s.into()),
            certificate::State::Issued(s) => Self::Issued {
                certificate: Box::new((&s.certificate).into()),
                since: s.since.into(),
                next_check: s.next_check.into(),
            },
            certificate::State::Stalled(s) => Self::Stalled(s.into()),
            certificate::State::Uploaded(s) => Self::Uploaded {
                certificates: s.certificates.iter().map(Into::into).collect(),
                since: s.since.into(),
                next_check: s.next_check.into(),
            },
            certificate::State::Kept(s) => Self::Kept { look_at: s.look_at.map(Into::into) },
        }
    }
}

impl TryFrom<State> for certificate::State {
    type Error = Damage;

    fn try_from(state: State) -> Result<Self, Damage> {
        Ok(match state {
            State::Settled { renew_at, ask_at } => Self::Settled(certificate::Settled {
                renew_at: renew_at.try_into()?,
                ask_at: moment(ask_at)?,
            }),
            State::Ordering { key_type, tries, refusals, next_try, queued } => {
                Self::Ordering(certificate::Ordering {
                    key_type: key_type.into(),
                    tries: tries.try_into()?,
                    refusals,
                    next_try: next_try.try_into()?,
                    queued: queued.map(TryInto::try_into).transpose()?,
                })
            }
            State::AwaitingControl { order, tries, placed_at, next_check } => {
                Self::AwaitingControl(certificate::AwaitingControl {
                    order: order.try_into()?,
                    tries: tries.try_into()?,
                    placed_at: placed_at.try_into()?,
                    next_check: next_check.try_into()?,
                })
            }
            State::Validating { order, tries, told_at, next_poll, polls } => {
                Self::Validating(certificate::Validating {
                    order: order.try_into()?,
                    tries: tries.try_into()?,
                    told_at: told_at.try_into()?,
                    next_poll: next_poll.try_into()?,
                    polls,
                })
            }
            State::Issuing(row) => Self::Issuing(row.try_into()?),
            State::Issued { certificate, since, next_check } => Self::Issued(certificate::Issued {
                certificate: (*certificate).try_into()?,
                since: since.try_into()?,
                next_check: next_check.try_into()?,
            }),
            State::Stalled(row) => Self::Stalled(row.try_into()?),
            State::Uploaded { certificates, since, next_check } => {
                Self::Uploaded(certificate::Uploaded {
                    certificates: each(certificates)?,
                    since: since.try_into()?,
                    next_check: next_check.try_into()?,
                })
            }
            State::Kept { look_at } => Self::Kept(certificate::Kept { look_at: moment(look_at)? }),
        })
    }
}

impl From<&certificate::Issuing> for Issuing {
    fn from(s: &certificate::Issuing) -> Self {
        Self {
            order: (&s.order).into(),
            tries: (&s.tries).into(),
            key: Bytes(s.key.as_bytes().to_vec()),
            csr: Bytes(s.csr.to_vec()),
            since: s.since.into(),
            next_poll: s.next_poll.into(),
            polls: s.polls,
        }
    }
}

impl TryFrom<Issuing> for certificate::Issuing {
    type Error = Damage;

    fn try_from(row: Issuing) -> Result<Self, Damage> {
        Ok(Self {
            order: row.order.try_into()?,
            tries: row.tries.try_into()?,
            key: SealedBytes::from_vec(row.key.0),
            csr: row.csr.0.into_boxed_slice(),
            since: row.since.try_into()?,
            next_poll: row.next_poll.try_into()?,
            polls: row.polls,
        })
    }
}

impl From<&certificate::Stalled> for Stalled {
    fn from(s: &certificate::Stalled) -> Self {
        Self {
            key_type: s.key_type.into(),
            phase: s.phase.into(),
            problems: s.problems.iter().map(Into::into).collect(),
            since: s.since.into(),
            retry_at: s.retry_at.map(Into::into),
        }
    }
}

impl TryFrom<Stalled> for certificate::Stalled {
    type Error = Damage;

    fn try_from(row: Stalled) -> Result<Self, Damage> {
        Ok(Self {
            key_type: row.key_type.into(),
            phase: row.phase.into(),
            problems: row.problems.into_iter().map(Into::into).collect(),
            since: row.since.try_into()?,
            retry_at: moment(row.retry_at)?,
        })
    }
}

impl From<&certificate::Tries> for Tries {
    fn from(tries: &certificate::Tries) -> Self {
        Self {
            since: tries.since.into(),
            failed: tries.failed,
            problems: tries.problems.iter().map(Into::into).collect(),
            declined: tries.declined.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<Tries> for certificate::Tries {
    type Error = Damage;

    fn try_from(row: Tries) -> Result<Self, Damage> {
        Ok(Self {
            since: row.since.try_into()?,
            failed: row.failed,
            problems: row.problems.into_iter().map(Into::into).collect(),
            declined: each(row.declined)?,
        })
    }
}

impl From<&certificate::Declined> for Declined {
    fn from(declined: &certificate::Declined) -> Self {
        Self {
            authority: declined.authority.into(),
            times: declined.times,
            until: declined.until.into(),
            problem: (&declined.problem).into(),
        }
    }
}

impl TryFrom<Declined> for certificate::Declined {
    type Error = Damage;

    fn try_from(row: Declined) -> Result<Self, Damage> {
        Ok(Self {
            authority: row.authority.into(),
            times: row.times,
            until: row.until.try_into()?,
            problem: row.problem.into(),
        })
    }
}

impl From<&certificate::Queued> for Queued {
    fn from(queued: &certificate::Queued) -> Self {
        Self {
            authority: queued.authority.into(),
            budget: queued.budget.as_str().to_owned(),
            expected_at: queued.expected_at.into(),
        }
    }
}

impl TryFrom<Queued> for certificate::Queued {
    type Error = Damage;

    fn try_from(row: Queued) -> Result<Self, Damage> {
        let budget = BudgetKind::parse(&row.budget);
        Ok(Self {
            authority: row.authority.into(),
            budget: budget.ok_or_else(|| Damage::new("an unknown budget"))?,
            expected_at: row.expected_at.try_into()?,
        })
    }
}

impl From<&certificate::Problem> for Problem {
    fn from(problem: &certificate::Problem) -> Self {
        Self { actor: problem.actor.into(), message: problem.message.to_string() }
    }
}

impl From<Problem> for certificate::Problem {
    fn from(row: Problem) -> Self {
        Self { actor: row.actor.into(), message: Explanation::new(row.message) }
    }
}

impl From<&certificate::Order> for Order {
    fn from(order: &certificate::Order) -> Self {
        Self {
            authority: order.authority.into(),
            url: order.url.to_string(),
            key_type: order.key_type.into(),
            controls: order.controls.iter().map(Into::into).collect(),
            expires_at: order.expires_at.map(Into::into),
            is_renewal: order.is_renewal,
        }
    }
}

impl TryFrom<Order> for certificate::Order {
    type Error = Damage;

    fn try_from(row: Order) -> Result<Self, Damage> {
        Ok(Self {
            authority: row.authority.into(),
            url: Explanation::new(row.url),
            key_type: row.key_type.into(),
            controls: each(row.controls)?,
            expires_at: moment(row.expires_at)?,
            is_renewal: row.is_renewal,
        })
    }
}

impl From<&certificate::Control> for Control {
    fn from(control: &certificate::Control) -> Self {
        let proof = (&control.proof).into();
        Self { name: control.name.to_string(), proof, satisfied: control.satisfied }
    }
}

impl TryFrom<Control> for certificate::Control {
    type Error = Damage;

    fn try_from(row: Control) -> Result<Self, Damage> {
        let proof = row.proof.try_into()?;
        Ok(Self { name: cert_name(&row.name)?, proof, satisfied: row.satisfied })
    }
}

impl From<&certificate::ControlProof> for Proof {
    fn from(proof: &certificate::ControlProof) -> Self {
        use certificate::ControlProof as P;
        match proof {
            P::Http { path, body } => Self::Http { path: path.to_string(), body: body.to_string() },
            P::Txt { name, value } => {
                Self::Txt { name: name.to_string(), value: value.to_string() }
            }
            P::Email { addresses } => {
                Self::Email { addresses: addresses.iter().map(ToString::to_string).collect() }
            }
            P::Cname { name, target } => {
                Self::Cname { name: name.to_string(), target: target.to_string() }
            }
        }
    }
}

impl TryFrom<Proof> for certificate::ControlProof {
    type Error = Damage;

    fn try_from(row: Proof) -> Result<Self, Damage> {
        Ok(match row {
            Proof::Http { path, body } => {
                Self::Http { path: Explanation::new(path), body: Explanation::new(body) }
            }
            Proof::Txt { name, value } => {
                Self::Txt { name: name.parse::<name::DnsName>()?, value: Explanation::new(value) }
            }
            Proof::Email { addresses } => {
                let parsed = addresses.iter().map(|address| address.parse());
                Self::Email { addresses: parsed.collect::<Result<_, _>>()? }
            }
            Proof::Cname { name, target } => {
                Self::Cname { name: name.parse()?, target: target.parse()? }
            }
        })
    }
}

/// A name on a certificate: with `*.` before it, a wildcard.
pub(crate) fn cert_name(text: &str) -> Result<certificate::CertName, Damage> {
    Ok(match text.strip_prefix("*.") {
        Some(base) => certificate::CertName::Wildcard(super::hostname(base)?.wildcard()),
        None => certificate::CertName::Exact(super::hostname(text)?),
    })
}
