//! `[reconcile]`: how the work that happens by itself is paced.

use np_control::reconcile::Settings;
use np_domain::{name::DnsName, ports::LeaseOwner};
use serde::{Deserialize, Serialize};

use super::{error::Invalid, value::Span};

/// The pace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reconcile {
    /// How long a claim on a hostname or certificate lasts; after a crash, its work goes on no later than this.
    pub(crate) lease: Span,
    /// A pass comes at least this often.
    pub(crate) period: Span,
    /// The most hostnames or certificates worked on at a time, per reconciler.
    pub(crate) in_flight_max: usize,
    /// A worker stays with what is due again within this time.
    pub(crate) patience: Span,
    /// How long serving nodes may take to have a token before we look for it anyway.
    pub(crate) publication_wait: Span,
    /// A node that was not heard of for this long does not count as serving.
    pub(crate) node_silence_max: Span,
}

impl Default for Reconcile {
    fn default() -> Self {
        Self {
            lease: Span::seconds(30),
            period: Span::seconds(1),
            in_flight_max: 64,
            patience: Span::seconds(2),
            publication_wait: Span::seconds(5),
            node_silence_max: Span::seconds(15),
        }
    }
}

impl Reconcile {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.in_flight_max == 0 {
            return Err(Invalid::new("in_flight_max", "0 would do no work: give at least 1"));
        }
        if self.period.0.is_zero() {
            return Err(Invalid::new("period", "0 would never rest: give at least 100ms"));
        }
        if self.lease.0 <= self.patience.0 {
            let message = format!(
                "{} must be longer than reconcile.patience, {}: raise it",
                self.lease, self.patience
            );
            return Err(Invalid::new("lease", message));
        }
        Ok(())
    }

    /// The reconcilers' settings.
    pub(crate) fn settings(&self, owner: LeaseOwner, cdn_domain: Option<DnsName>) -> Settings {
        Settings {
            lease: self.lease.0,
            period: self.period.0,
            in_flight_max: self.in_flight_max,
            patience: self.patience.0,
            publication_wait: self.publication_wait.0,
            node_silence_max: self.node_silence_max.0,
            cdn_domain,
            ..Settings::new(owner)
        }
    }
}

#[cfg(test)]
mod tests {
    use np_domain::text::Explanation;

    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_reconcilers() {
        let owner = || LeaseOwner(Explanation::new("node"));
        let ours = Reconcile::default().settings(owner(), None);
        assert_eq!(format!("{ours:?}"), format!("{:?}", Settings::new(owner())));
    }
}
