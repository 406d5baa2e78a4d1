//! The turns of orders within the limits of CAs: what is asked of the shared budgets before a CA is asked.

use np_domain::{
    Timestamp,
    authority::{Budget, Charge, Tried, choice, pacing},
    certificate::{
        AuthorityName, CertName, Certificate, Holder, Order, Ordering, Queued, Validating,
    },
    ports::{Grant, StoreError, Wish},
};

use super::World;

/// What became of an order's wish for its turn.
pub(super) enum Turn {
    /// It has come, at this CA.
    Now(AuthorityName),
    /// It is to be looked for again at this moment.
    Later(Queued, Timestamp),
}

/// One certificate that wants its turn.
pub(super) struct Turns<'a> {
    pub(super) world: &'a World,
    pub(super) certificate: &'a Certificate,
    pub(super) holder: &'a Holder,
}

impl Turns<'_> {
    /// Finds a CA among `free`, the first one first, whose turn has come, or comes before patience ends. Where it is far away
    /// at each of them, the order waits in all their queues, and goes where its turn comes first.
    pub(super) async fn of_order(
        &self,
        ordering: &Ordering,
        names: &[CertName],
        free: &[AuthorityName],
        now: Timestamp,
    ) -> Result<Option<Turn>, StoreError> {
        let patient_until = now + choice::patience(self.certificate.ends_at(), now);
        let mut soonest: Option<(Queued, Timestamp)> = None;
        for authority in free {
            let charges = self.charges(*authority, ordering, names);
            let Some((queued, look_at)) = self.wish(*authority, charges, now).await? else {
                return Ok(Some(Turn::Now(*authority)));
            };
            let is_sooner = soonest.is_none_or(|(other, _)| queued.expected_at < other.expected_at);
            let look_at = soonest.map_or(look_at, |(_, at)| at.min(look_at));
            let first = soonest.map_or(queued, |(other, _)| other);
            soonest = Some((if is_sooner { queued } else { first }, look_at));
            if queued.expected_at <= patient_until {
                break;
            }
        }
        Ok(soonest.map(|(queued, look_at)| Turn::Later(queued, look_at)))
    }

    fn charges(
        &self,
        authority: AuthorityName,
        ordering: &Ordering,
        names: &[CertName],
    ) -> Vec<Charge> {
        let tries = &ordering.tries;
        let was_asked = tries.declined.iter().any(|said| said.authority == authority);
        let tried = if tries.failed > 0 || was_asked { Tried::Before } else { Tried::Never };
        self.world.authorities.limits(authority).of_order(names, tried)
    }

    /// Gives back what an order took that the CA did not take.
    pub(super) async fn order_refused(
        &self,
        authority: AuthorityName,
        ordering: &Ordering,
        names: &[CertName],
    ) -> Result<(), StoreError> {
        let mut charges = self.charges(authority, ordering, names);
        charges.retain(|charge| charge.budget == Budget::Orders);
        self.give_back(authority, charges).await
    }

    /// Takes what validations take that may fail; `Some`: the moment before which the CA is not to be told.
    pub(super) async fn of_validation(
        &self,
        order: &Order,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let charges = self.world.authorities.limits(order.authority).of_validation(order);
        let waits = self.wish(order.authority, charges, now).await?;
        Ok(waits.map(|(queued, _)| queued.expected_at))
    }

    /// Gives back what a validation took that did not fail.
    pub(super) async fn validated(
        &self,
        validating: &Validating,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let order = &validating.order;
        let mut charges = self.world.authorities.limits(order.authority).of_validation(order);
        charges.retain(|charge| pacing::may_be_given_back(charge.limit, validating.told_at, now));
        self.give_back(order.authority, charges).await
    }

    /// Takes what a certificate takes; `Some`: when its turn is expected, and when to look again.
    pub(super) async fn of_certificate(
        &self,
        order: &Order,
        names: &[CertName],
        now: Timestamp,
    ) -> Result<Option<(Queued, Timestamp)>, StoreError> {
        if order.is_renewal {
            return Ok(None);
        }
        let charges = self.world.authorities.limits(order.authority).of_certificate(names);
        self.wish(order.authority, charges, now).await
    }

    async fn wish(
        &self,
        authority: AuthorityName,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Option<(Queued, Timestamp)>, StoreError> {
        if charges.is_empty() {
            return Ok(None);
        }
        let (certificate, zone) = (self.certificate.id, self.holder.zone());
        let wish = Wish { certificate, zone, authority, charges };
        Ok(match self.world.stores.budgets.take(&wish, now).await? {
            Grant::Taken => None,
            Grant::Queued { budget, expected_at, look_at } => {
                Some((Queued { authority, budget, expected_at }, look_at))
            }
        })
    }

    async fn give_back(
        &self,
        authority: AuthorityName,
        charges: Vec<Charge>,
    ) -> Result<(), StoreError> {
        if charges.is_empty() {
            return Ok(());
        }
        self.world.stores.budgets.give_back(authority, &charges).await
    }
}
