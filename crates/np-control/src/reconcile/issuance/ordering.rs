//! Placing an order: which CA is asked, whether it may issue, and whether its turn has come.

use np_domain::{
    Timestamp,
    authority::{
        Candidate,
        choice::{self, Choice},
    },
    caa::Permission,
    certificate::{
        Actor, AuthorityName, CertName, Certificate, DcvMethod, Holder, Order, Ordering, Problem,
        order,
    },
    ports::{AuthorityError, OrderTerms, StoreError},
    text::Explanation,
};

use super::{Worker, unconfigured};
use crate::reconcile::{
    automatic, caa,
    pacing::{Turn, Turns},
};

impl Worker<'_> {
    /// Places an order at the first CA that can be asked, and has not declined, once its turn has come.
    pub(super) async fn place(
        &self,
        certificate: &Certificate,
        ordering: &Ordering,
    ) -> Result<order::Step, StoreError> {
        let now = self.world.clock.now();
        let names = self.record.holder.names(certificate);
        let tries = &ordering.tries;
        let method = automatic::method(self.world, &self.record.holder, certificate, tries).await?;
        let candidates = self.candidates(certificate, method, &names, now);
        let free = match choice::choose(&candidates, &tries.declined, now) {
            Choice::Ask(free) => free,
            Choice::Wait(until) => {
                let until = choice::look_at(until, tries.since, certificate.ends_at(), now);
                return Ok(order::postponed(ordering, until));
            }
            Choice::Nobody => {
                let wanted = self.world.authorities.wanted(certificate.wanted.authority);
                return Ok(order::not_placed(certificate, ordering, wanted, &unconfigured(), now));
            }
        };
        let all: Vec<_> = candidates.iter().map(|candidate| candidate.authority).collect();
        let free = match self.permitted(method, &names, free).await {
            Ok(permitted) => permitted,
            Err((authority, why)) => {
                return Ok(order::declined(certificate, ordering, (authority, &why), &all, now));
            }
        };
        let terms = OrderTerms {
            names: names.clone(),
            method,
            key_type: ordering.key_type,
            not_after: self.record.holder.life().map(|life| now + life),
            replaces: None,
        };
        let (authority, placed) = match self.renew_there(certificate, &terms, &free).await {
            Some(renewed) => renewed,
            None => match self.turns(certificate).of_order(ordering, &names, &free, now).await? {
                Some(Turn::Now(authority)) => {
                    let placed = self.place_at(authority, &terms).await;
                    if let Err(AuthorityError::Refused(_) | AuthorityError::Forbidden(_)) = &placed
                    {
                        self.turns(certificate).order_refused(authority, ordering, &names).await?;
                    }
                    (authority, placed)
                }
                Some(Turn::Later(queued, look_at)) => {
                    return Ok(order::queued(ordering, queued, look_at, now));
                }
                None => return Ok(order::postponed(ordering, now + self.world.settings.lease)),
            },
        };
        let now = self.world.clock.now();
        Ok(match placed {
            Ok(mut order) => {
                order.expires_at.get_or_insert(now + order::life_assumed(order.authority));
                order::placed(ordering, order, now)
            }
            Err(why) => order::declined(certificate, ordering, (authority, &why), &all, now),
        })
    }

    /// Asks the CA whose turn it is to renew what it has issued, which its limits do not count (RFC 9773 section 5). `None` when
    /// there is nothing to renew there, or the CA does not take the order as a renewal.
    async fn renew_there(
        &self,
        certificate: &Certificate,
        terms: &OrderTerms,
        free: &[AuthorityName],
    ) -> Option<(AuthorityName, Result<Order, AuthorityError>)> {
        let authority = *free.first()?;
        let replaced = order::replaced(certificate, terms.key_type, authority)?;
        let leaf = replaced.chain.der().first()?.clone();
        let terms = OrderTerms { replaces: Some(leaf), ..terms.clone() };
        match self.place_at(authority, &terms).await {
            Err(AuthorityError::NotReplaceable(_)) => None,
            placed => Some((authority, placed)),
        }
    }

    /// Those of `free` that CAA permits to issue; why the first of them may not, if so. Nothing is looked up for CAs that do not
    /// look at CAA themselves.
    async fn permitted(
        &self,
        method: DcvMethod,
        names: &[CertName],
        free: Vec<AuthorityName>,
    ) -> Result<Vec<AuthorityName>, (AuthorityName, AuthorityError)> {
        let issuer = |name: &AuthorityName| self.world.authorities.issuer(*name);
        if free.iter().filter_map(issuer).all(|issuer| issuer.domains.is_empty()) {
            return Ok(free);
        }
        let found = caa::look(self.world, names).await;
        let mut permitted = Vec::with_capacity(free.len());
        for authority in free {
            let Some(issuer) = issuer(&authority) else { continue };
            let permission = match issuer.domains.is_empty() {
                true => Permission::Granted,
                false => found.permission(&issuer, method),
            };
            match permission {
                Permission::Granted => permitted.push(authority),
                Permission::Denied(problem) if permitted.is_empty() => {
                    return Err((authority, AuthorityError::Forbidden(problem)));
                }
                Permission::Unknown(problem) if permitted.is_empty() => {
                    return Err((authority, AuthorityError::Refused(problem)));
                }
                Permission::Denied(_) | Permission::Unknown(_) => {}
            }
        }
        Ok(permitted)
    }

    async fn place_at(
        &self,
        authority: AuthorityName,
        terms: &OrderTerms,
    ) -> Result<Order, AuthorityError> {
        match self.world.authorities.ask(authority, &*self.world.clock) {
            Some(asked) => asked.place(terms).await,
            None => Err(unconfigured()),
        }
    }

    pub(super) fn candidates(
        &self,
        certificate: &Certificate,
        method: DcvMethod,
        names: &[CertName],
        now: Timestamp,
    ) -> Vec<Candidate> {
        self.world.authorities.candidates(certificate.wanted.authority, method, names, now)
    }

    pub(super) fn turns<'w>(&'w self, certificate: &'w Certificate) -> Turns<'w> {
        Turns { world: self.world, certificate, holder: &self.record.holder }
    }

    /// Why nothing may be ordered: a host of the pack is in a closer zone of another account by now.
    pub(super) async fn foreign_host(&self) -> Result<Option<AuthorityError>, StoreError> {
        let Holder::Pack(pack) = &self.record.holder else { return Ok(None) };
        let zones = &self.world.stores.zones;
        let Some(zone) = zones.zone(pack.zone).await? else { return Ok(None) };
        let around = zones.zones_around(&pack.hosts.base_names()).await?;
        let lost = pack.hosts.lost(&zone, &around);
        Ok(lost.map(|host| {
            let message = format!(
                "{host} is within a zone of another account by now. Order a pack without it, and delete this one."
            );
            let message = Explanation::new(message);
            AuthorityError::Refused(Problem { actor: Actor::Provider, message })
        }))
    }
}
