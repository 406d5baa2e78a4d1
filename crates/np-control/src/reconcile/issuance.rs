//! Issuance: takes an attempt at a certificate from the order to the serving nodes, one exchange at a time.
//!
//! A worker stays with one certificate while its next step is due soon, saving after each step that matters, so that a
//! certificate whose proof is already visible goes from order to active without waiting for a pass. Steps that only
//! say "ask again in a moment" are not saved while the worker stays.

mod ordering;

use std::sync::Arc;

use async_trait::async_trait;
use np_domain::{
    Timestamp,
    approval::Asking,
    authority::Candidate,
    certificate::{
        Actor, AwaitingControl, Certificate, CertificateRecord, DcvMethod, Holder,
        IssuedCertificate, Issuing, Order, Origin, Problem, State, Validating, automatic,
        chain::ValidatedChain,
        order::{self, Elsewhere},
        urgency,
    },
    event::Event,
    id::CertificateId,
    ports::{AuthorityError, CertificateChange, Hold, NodeRole, OrderStatus, Publish, StoreError},
    secret::SealedBytes,
    text::Explanation,
};
use tokio_util::sync::CancellationToken;

use super::{
    KEY_CONTEXT, World,
    authorities::Asked,
    control,
    deployment::{self, Confirmation},
    driver::Reconcile,
    renewal, retirement, revocation, standin,
};
use crate::adapters::{keys, x509};

/// Keeps certificates true: due renewals, open attempts, deployments.
pub struct Issuance(pub Arc<World>);

#[async_trait]
impl Reconcile for Issuance {
    type Item = CertificateRecord;
    const NAME: &'static str = "issuance";

    async fn claim(&self, limit: u32) -> Result<Vec<CertificateRecord>, StoreError> {
        let world = &self.0;
        if world.authorities.queues_are_stale(world.clock.now()) {
            let queues = world.stores.budgets.queues(world.clock.now()).await?;
            world.authorities.note_queues(&queues, world.clock.now());
        }
        world.stores.certificates.claim_certificates(world.clock.now(), &world.lease(), limit).await
    }

    async fn work(&self, item: CertificateRecord, stop: &CancellationToken) {
        let id = item.certificate.id;
        match work(&self.0, item, stop).await {
            // Somebody else changed it meanwhile: the next pass sees the truth.
            Ok(()) | Err(StoreError::Stale) => {}
            Err(error) => tracing::error!(
                certificate.id = %id,
                error = &error as &dyn std::error::Error,
                "cannot save a step of a certificate"
            ),
        }
    }
}

async fn work(
    world: &World,
    item: CertificateRecord,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    if let Holder::Pack(pack) = &item.holder
        && let Some(since) = pack.leaving_since
    {
        return retirement::retire_pack(world, pack, since, stop).await;
    }
    Worker::new(world, item, stop).run().await
}

/// One worker, staying with one certificate.
struct Worker<'a> {
    world: &'a World,
    record: CertificateRecord,
    stop: &'a CancellationToken,
}

impl<'a> Worker<'a> {
    fn new(world: &'a World, record: CertificateRecord, stop: &'a CancellationToken) -> Self {
        Self { world, record, stop }
    }

    async fn run(mut self) -> Result<(), StoreError> {
        loop {
            let mut certificate = self.record.certificate.clone();
            if !self.wait_until_due(&certificate).await {
                return self.let_go(&certificate).await;
            }
            let Some(step) = self.step(&mut certificate).await? else { return Ok(()) };
            certificate.attempt = step.state.clone();
            urgency::hasten(&mut certificate, self.world.clock.now());
            let hold = match self.stop.is_cancelled() {
                true => Hold::Release,
                false => self.world.hold(certificate.due_at()),
            };
            let goes_on = matches!(hold, Hold::Keep(_));
            if goes_on && step.event.is_none() {
                self.record.certificate = certificate;
                continue;
            }
            self.save(certificate, step, hold).await?;
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Waits for what is due within our patience; `false` when it is due later, or we are to stop.
    async fn wait_until_due(&self, certificate: &Certificate) -> bool {
        let now = self.world.clock.now();
        let Some(due) = certificate.due_at() else { return false };
        if due > now + self.world.settings.patience {
            return false;
        }
        let wait = (due - now).max(time::Duration::ZERO).unsigned_abs();
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = self.world.timer.sleep(wait) => true,
        }
    }

    /// Saves what was kept in memory and ends the lease.
    async fn let_go(&mut self, certificate: &Certificate) -> Result<(), StoreError> {
        let step =
            order::Step { state: certificate.attempt.clone(), event: None, publish: Publish::No };
        self.save(certificate.clone(), step, Hold::Release).await
    }

    async fn save(
        &mut self,
        mut certificate: Certificate,
        step: order::Step,
        hold: Hold,
    ) -> Result<(), StoreError> {
        let at = self.world.clock.now();
        let mut events: Vec<_> =
            step.event.into_iter().map(|(kind, detail)| Event { at, kind, detail }).collect();
        let alarm = urgency::sound(&mut certificate, at);
        let level = alarm.as_ref().map(|(_, _, level)| *level);
        events.extend(alarm.map(|(kind, detail, _)| Event { at, kind, detail }));
        let change = CertificateChange {
            certificate: certificate.clone(),
            events: events.clone(),
            publish: step.publish,
        };
        self.world.stores.certificates.save_certificate(&change, &hold).await?;
        certificate.version += 1;
        self.record.certificate = certificate;
        self.world.journal.note_certificate(&self.record.holder, &events);
        if let Some(level) = level {
            self.world.journal.note_alarm(&self.record.holder, level);
        }
        self.world.bells.saved.ring_all();
        if step.publish == Publish::Yes {
            self.world.bells.publication.ring();
        }
        Ok(())
    }

    /// Performs the exchange that the state asks for.
    async fn step(&self, certificate: &mut Certificate) -> Result<Option<order::Step>, StoreError> {
        if let Some(step) = standin::step(self.world, &self.record.holder, certificate).await? {
            return Ok(Some(step));
        }
        if let Some(step) = revocation::step(self.world, certificate).await {
            return Ok(Some(step));
        }
        let now = self.world.clock.now();
        Ok(match certificate.attempt.clone() {
            State::Settled(settled)
                if settled.renew_at > now && settled.ask_at.is_some_and(|at| at <= now) =>
            {
                Some(renewal::ask(self.world, certificate).await)
            }
            State::Settled(_) | State::Stalled(_) | State::Kept(_) => {
                renewal::step(&self.record.holder, certificate, now)
            }
            State::Ordering(ordering) => Some(match self.foreign_host().await? {
                Some(why) => {
                    let wanted = self.world.authorities.wanted(certificate.wanted.authority);
                    order::not_placed(certificate, &ordering, wanted, &why, now)
                }
                None => self.place(certificate, &ordering).await?,
            }),
            State::AwaitingControl(awaiting) => Some(self.look(certificate, &awaiting).await?),
            State::Validating(validating) => Some(self.ask(certificate, &validating).await?),
            State::Issuing(issuing) => {
                let step = self.obtain(certificate, &issuing).await;
                self.record_method(certificate, &issuing, &step);
                Some(step)
            }
            State::Issued(_) | State::Uploaded(_) => {
                deployment::step(self.world, &self.record.holder, certificate, self.stop).await?
            }
        })
    }

    /// A renewal that succeeded by HTTP, automatically, makes that the method on record, where the provider wants it so.
    fn record_method(&self, certificate: &mut Certificate, issuing: &Issuing, step: &order::Step) {
        let has_succeeded = matches!(step.state, State::Issued(_));
        if has_succeeded
            && self.world.settings.automatic.is_recorded
            && automatic::is_automatic(&issuing.order, &certificate.wanted)
        {
            certificate.wanted.method = DcvMethod::Http;
        }
    }

    /// Looks for the proofs once the serving nodes have them, and tells the CA when they are there.
    async fn look(
        &self,
        certificate: &Certificate,
        awaiting: &AwaitingControl,
    ) -> Result<order::Step, StoreError> {
        self.wait_for_publication(certificate, awaiting).await?;
        let uninvited = self.invite(certificate, awaiting).await;
        let looked = control::look(self.world, &awaiting.order).await;
        let now = self.world.clock.now();
        let evidence = match looked {
            Ok(evidence) => evidence,
            Err(problems) if automatic::is_automatic(&awaiting.order, &certificate.wanted) => {
                return Ok(automatic::fell_back(awaiting, problems, now));
            }
            Err(problems) => {
                let problems = uninvited.into_iter().chain(problems).collect();
                return Ok(order::unseen(certificate, awaiting, problems, now));
            }
        };
        let turn = self.turns(certificate).of_validation(&awaiting.order, now).await?;
        if let Some(until) = turn {
            return Ok(order::not_told_yet(awaiting, until));
        }
        let told = match self.authority(&awaiting.order) {
            Ok(authority) => authority.tell(&awaiting.order).await,
            Err(why) => Err(why),
        };
        match told {
            Ok(()) => Ok(order::told(awaiting, &evidence, self.world.clock.now())),
            Err(why) => Ok(self.failed(certificate, &awaiting.order, &why).await),
        }
    }

    /// The step after a CA has failed an order, and whether the order may move to another one.
    async fn failed(
        &self,
        certificate: &Certificate,
        order: &Order,
        why: &AuthorityError,
    ) -> order::Step {
        let elsewhere = self.elsewhere(certificate, order).await;
        order::authority_failed(certificate, why, elsewhere, self.world.clock.now())
    }

    async fn elsewhere(&self, certificate: &Certificate, order: &Order) -> Elsewhere {
        let Some(down_since) = self.world.authorities.down_since(order.authority) else {
            return Elsewhere::Nowhere;
        };
        let now = self.world.clock.now();
        let names = self.record.holder.names(certificate);
        let candidates = self.candidates(certificate, certificate.wanted.method, &names, now);
        let is_other = |c: &Candidate| c.authority != order.authority && c.admits_at <= now;
        match candidates.iter().any(is_other) && control::is_ours_to_show(self.world, order).await {
            true => Elsewhere::Possible { down_since },
            false => Elsewhere::Nowhere,
        }
    }

    /// Has those asked who must approve; why that did not work. Whoever was asked before may have approved all the same.
    async fn invite(
        &self,
        certificate: &Certificate,
        awaiting: &AwaitingControl,
    ) -> Option<Problem> {
        let asking = Asking {
            zone: self.record.holder.zone(),
            certificate: certificate.id,
            since: awaiting.tries.since,
        };
        let invited = match self.authority(&awaiting.order) {
            Ok(authority) => authority.invite(&awaiting.order, &asking).await,
            Err(why) => Err(why),
        };
        invited.err().map(|why| order::problem(&why))
    }

    /// The nodes get a bounded time to have the tokens; a customer who serves them elsewhere needs no node at all.
    async fn wait_for_publication(
        &self,
        certificate: &Certificate,
        awaiting: &AwaitingControl,
    ) -> Result<(), StoreError> {
        let role = match automatic::shows_http(&awaiting.order) {
            true => NodeRole::Edge,
            false => match certificate.wanted.method {
                // No node shows these.
                DcvMethod::Email | DcvMethod::Cname => return Ok(()),
                DcvMethod::Http | DcvMethod::Txt => NodeRole::Dns,
            },
        };
        let age = (self.world.clock.now() - awaiting.placed_at).unsigned_abs();
        let left = self.world.settings.publication_wait.saturating_sub(age);
        let key = certificate.feed_key();
        if deployment::wait(self.world, key, Some(role), left, self.stop).await?
            == Confirmation::NotYet
        {
            tracing::warn!(?key, "looking for a token that some serving node does not have");
        }
        Ok(())
    }

    async fn ask(
        &self,
        certificate: &Certificate,
        validating: &Validating,
    ) -> Result<order::Step, StoreError> {
        let status = match self.authority(&validating.order) {
            Ok(authority) => authority.poll(&validating.order).await,
            Err(why) => Err(why),
        };
        let now = self.world.clock.now();
        Ok(match status {
            Ok(OrderStatus::Pending) => order::undecided(certificate, validating, now),
            Ok(OrderStatus::Ready) => return self.ready(certificate, validating).await,
            Ok(OrderStatus::Invalid(problems)) => order::rejected(certificate, problems, now),
            Ok(OrderStatus::Forbidden(problems)) => self.forbidden(certificate, problems),
            // Finalized, but not by a request that we remember: its key is not ours.
            Ok(OrderStatus::Processing | OrderStatus::Valid) => {
                let gone = AuthorityError::OrderGone;
                order::authority_failed(certificate, &gone, Elsewhere::Nowhere, now)
            }
            Err(why) => self.failed(certificate, &validating.order, &why).await,
        })
    }

    fn forbidden(&self, certificate: &Certificate, problems: Vec<Problem>) -> order::Step {
        let now = self.world.clock.now();
        let names = self.record.holder.names(certificate);
        let candidates = self.candidates(certificate, certificate.wanted.method, &names, now);
        let candidates: Vec<_> = candidates.iter().map(|c| c.authority).collect();
        order::forbidden(certificate, problems, &candidates, now)
    }

    /// The CA accepted the proofs: the certificate is requested once the CA's limits allow another one.
    async fn ready(
        &self,
        certificate: &Certificate,
        validating: &Validating,
    ) -> Result<order::Step, StoreError> {
        let now = self.world.clock.now();
        let (turns, names) = (self.turns(certificate), self.record.holder.names(certificate));
        turns.validated(validating, now).await?;
        match turns.of_certificate(&validating.order, &names, now).await? {
            Some((queued, look_at)) => Ok(order::not_requested_yet(validating, queued, look_at)),
            None => Ok(self.accept(certificate, validating).await),
        }
    }

    async fn accept(&self, certificate: &Certificate, validating: &Validating) -> order::Step {
        let names = self.record.holder.names(certificate);
        let key_type = validating.order.key_type;
        // RSA keys take long to find: not on a thread that serves others.
        let made = tokio::task::spawn_blocking(move || keys::request(&names, key_type)).await;
        let now = self.world.clock.now();
        match made {
            Ok(Ok(made)) => {
                let key = self.world.vault.seal(KEY_CONTEXT, &made.key);
                order::accepted(validating, key, made.csr, now)
            }
            Ok(Err(why)) => unmade(certificate, &why.to_string(), now),
            Err(why) => unmade(certificate, &why.to_string(), now),
        }
    }

    /// Requests the certificate, or asks for it again, and fetches it once it is there.
    async fn obtain(&self, certificate: &Certificate, issuing: &Issuing) -> order::Step {
        let outcome = self.request(issuing).await;
        let now = self.world.clock.now();
        match outcome {
            Ok(Requested::Chain(chain)) => self.judge(certificate, issuing, chain),
            Ok(Requested::NotYet) => order::unissued(certificate, issuing, now),
            Ok(Requested::Refused(problems)) => order::rejected(certificate, problems, now),
            Ok(Requested::Forbidden(problems)) => self.forbidden(certificate, problems),
            Err(why) => self.failed(certificate, &issuing.order, &why).await,
        }
    }

    async fn request(&self, issuing: &Issuing) -> Result<Requested, AuthorityError> {
        let authority = self.authority(&issuing.order)?;
        // The request is sent once, however often we ask.
        let status = authority.finalize(&issuing.order, &issuing.csr).await?;
        Ok(match status {
            OrderStatus::Valid => Requested::Chain(authority.fetch(&issuing.order).await?),
            OrderStatus::Pending | OrderStatus::Ready | OrderStatus::Processing => {
                Requested::NotYet
            }
            OrderStatus::Invalid(problems) => Requested::Refused(problems),
            OrderStatus::Forbidden(problems) => Requested::Forbidden(problems),
        })
    }

    fn judge(
        &self,
        certificate: &Certificate,
        issuing: &Issuing,
        chain: Vec<Box<[u8]>>,
    ) -> order::Step {
        let now = self.world.clock.now();
        match self.validated(certificate, issuing, &chain) {
            Ok(chain) => order::issued(
                IssuedCertificate {
                    id: certificate_id(&chain),
                    origin: Origin::Authority(issuing.order.authority),
                    chain,
                    key: issuing.key.clone(),
                    key_type: issuing.order.key_type,
                    issued_at: now,
                },
                now,
            ),
            Err(why) => {
                let message =
                    Explanation::new(format!("The issued certificate cannot be served: {why}."));
                order::rejected(
                    certificate,
                    vec![Problem { actor: Actor::Authority, message }],
                    now,
                )
            }
        }
    }

    fn validated(
        &self,
        certificate: &Certificate,
        issuing: &Issuing,
        chain: &[Box<[u8]>],
    ) -> Result<ValidatedChain, String> {
        let key = self.open(&issuing.key)?;
        let facts = x509::chain_facts(chain, &key).map_err(|why| why.to_string())?;
        let names = self.record.holder.names(certificate);
        ValidatedChain::check(facts, &names, issuing.order.key_type, self.world.clock.now())
            .map_err(|why| why.to_string())
    }

    fn open(&self, sealed: &SealedBytes) -> Result<np_domain::secret::SecretBytes, String> {
        self.world.vault.open(KEY_CONTEXT, sealed).map_err(|why| why.to_string())
    }

    fn authority(&self, order: &Order) -> Result<Asked<'_>, AuthorityError> {
        // A CA that was taken out of the configuration: another must be asked.
        let asked = self.world.authorities.ask(order.authority, &*self.world.clock);
        asked.ok_or(AuthorityError::OrderGone)
    }
}

/// How far a request for a certificate has come.
enum Requested {
    Chain(Vec<Box<[u8]>>),
    NotYet,
    Refused(Vec<Problem>),
    Forbidden(Vec<Problem>),
}

/// The id of a certificate is drawn from its leaf: fetching twice after a crash gives one certificate.
fn certificate_id(chain: &ValidatedChain) -> CertificateId {
    use sha2::{Digest, Sha256};
    let leaf = chain.der().first().map(Sha256::digest).unwrap_or_default();
    let mut id = [0; 16];
    id.copy_from_slice(&leaf[..16]);
    CertificateId::from_bytes(id)
}

fn unconfigured() -> AuthorityError {
    AuthorityError::Account(Explanation::new(
        "the certificate authority is not configured (any more)",
    ))
}

/// Key or request could not be made: that is nobody's fault but ours.
fn unmade(certificate: &Certificate, why: &str, now: Timestamp) -> order::Step {
    let why = Explanation::new(format!("making the certificate request failed: {why}"));
    order::authority_failed(certificate, &AuthorityError::Account(why), Elsewhere::Nowhere, now)
}
