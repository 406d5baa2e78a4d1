//! One fault: what the customer's zone is, what is wanted, and what is found. Each has a domain of its own.

use np_control::adapters::clock::SystemClock;
use np_domain::{
    Timestamp,
    certificate::{
        Actor, AuthorityName, AwaitingControl, BundleMethod, CertName, Certificate, Control,
        ControlProof, DcvMethod, KeyType, Order, Problem, State, Tries, TxtChallenge,
        ValidationAddress, Wanted as WantedCertificate, control::persist,
    },
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    diagnosis::{Issuer, Wanted},
    id::{HostnameId, PackId, ZoneId},
    name::Hostname,
    ownership,
    ports::Clock as _,
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::CnameTarget,
};

use crate::misfit::Act;

pub(crate) const TOKEN: &str = "5cc07c04-ea62-4a5a-95f0-419334a875a4";
/// Our account at the CA.
const ACCOUNT: &str = "https://ca.invalid/acct/1";

/// A fault.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// The customer's zone file, names relative; `{z}` is the domain.
    pub(crate) records: String,
    /// Who serves the zone, if not Knot.
    pub(crate) misfit: Option<Act>,
    /// What another resolver says, which is asked too.
    pub(crate) resolver: Option<Act>,
    /// Whether reserved addresses may be reached over HTTP, as all addresses of a test are.
    pub(crate) allow_reserved: bool,
    pub(crate) change: Change,
    pub(crate) expected: &'static [&'static str],
}

type Change = Box<dyn Fn(&mut Wanted) + Send + Sync>;

impl Fault {
    /// A zone of Knot's with these records.
    pub(crate) fn new(
        name: &'static str,
        records: impl Into<String>,
        expected: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            records: records.into(),
            misfit: None,
            resolver: None,
            allow_reserved: true,
            change: Box::new(|_| {}),
            expected,
        }
    }

    /// Another thing is wanted.
    pub(crate) fn wants(mut self, change: impl Fn(&mut Wanted) + Send + Sync + 'static) -> Self {
        self.change = Box::new(change);
        self
    }

    /// The CA waits for these values in TXT.
    pub(crate) fn wants_txt(self, values: &'static [&'static str]) -> Self {
        self.wants(|wanted| await_txt(wanted, values))
    }

    /// The CA waits for a CNAME at `_token`.
    pub(crate) fn wants_cname(self) -> Self {
        self.wants(|wanted| {
            let name = wanted.name.as_dns().child("_token").unwrap();
            let target = "validate.dcv.zoo-platform.net".parse().unwrap();
            await_proofs(wanted, DcvMethod::Cname, vec![ControlProof::Cname { name, target }]);
        })
    }

    /// The CA waits for a record of this kind, with our account in it.
    pub(crate) fn wants_challenge(self, challenge: TxtChallenge) -> Self {
        self.wants(move |wanted| {
            let name = challenge.name(&wanted.name, "label").unwrap();
            let value = match challenge {
                TxtChallenge::Persist => {
                    persist::value(&"ca.invalid".parse().unwrap(), ACCOUNT, true)
                }
                TxtChallenge::Dns | TxtChallenge::Account => Explanation::new("one"),
            };
            await_proofs(wanted, DcvMethod::Txt, vec![ControlProof::Txt { name, value }]);
        })
    }

    /// The CA waits for an approval by e-mail, of which this is said.
    pub(crate) fn wants_approval(self, problem: Option<(Actor, &'static str)>) -> Self {
        self.wants(move |wanted| {
            let addresses = ValidationAddress::of(&wanted.name);
            await_proofs(wanted, DcvMethod::Email, vec![ControlProof::Email { addresses }]);
            let certificate = wanted.record.as_mut().and_then(|r| r.certificate.as_mut());
            if let Some(State::AwaitingControl(awaiting)) = certificate.map(|c| &mut c.attempt) {
                let problem = problem
                    .map(|(actor, words)| Problem { actor, message: Explanation::new(words) });
                awaiting.tries.problems.extend(problem);
            }
        })
    }

    /// The CA waits for `body` at a path on port 80.
    pub(crate) fn wants_http(self) -> Self {
        self.wants(|wanted| {
            let path = Explanation::new("/.well-known/acme-challenge/token");
            let proof = ControlProof::Http { path, body: Explanation::new("body") };
            await_proofs(wanted, DcvMethod::Http, vec![proof]);
        })
    }

    /// The zone is served by this.
    pub(crate) fn served_by(mut self, act: Act) -> Self {
        self.misfit = Some(act);
        self
    }

    /// This resolver is asked too.
    pub(crate) fn resolved_by(mut self, act: Act) -> Self {
        self.resolver = Some(act);
        self
    }

    pub(crate) fn wanted(&self, domain: &str) -> Wanted {
        let name: Hostname = format!("app.{domain}").parse().unwrap();
        let mut wanted = Wanted {
            record: Some(HostnameRecord { hostname: hostname(name.clone()), certificate: None }),
            target: CnameTarget {
                zone: "zoo-provider.com".parse().unwrap(),
                partial: None,
                cdn_domain: None,
            },
            point_at: "customers.zoo-provider.com".parse().unwrap(),
            prefixes: Vec::new(),
            zone_is_active: true,
            has_origin: true,
            delegation: format!("{name}.0123456789abcdef.dcv.zoo-platform.net").parse().ok(),
            issuers: vec![Issuer::public(
                AuthorityName::LetsEncrypt,
                Some(Explanation::new(ACCOUNT)),
            )],
            name,
        };
        (self.change)(&mut wanted);
        wanted
    }
}

/// A certificate whose attempt is at these proofs.
pub(crate) fn await_proofs(wanted: &mut Wanted, method: DcvMethod, proofs: Vec<ControlProof>) {
    let name = CertName::Exact(wanted.name.clone());
    let control = |proof| Control { name: name.clone(), proof, satisfied: false };
    let order = Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("https://ca.invalid/order/1"),
        key_type: KeyType::P256,
        controls: proofs.into_iter().map(control).collect(),
        expires_at: Some(now() + time::Duration::days(7)),
        is_renewal: false,
    };
    let (tries, next_check) = (Tries::new(now()), now());
    let awaiting = AwaitingControl { order, tries, placed_at: now(), next_check };
    attempt(wanted, method, State::AwaitingControl(awaiting));
}

/// The same, for TXT.
pub(crate) fn await_txt(wanted: &mut Wanted, values: &[&str]) {
    let name = wanted.name.acme_challenge();
    let proof =
        |value: &&str| ControlProof::Txt { name: name.clone(), value: Explanation::new(value) };
    await_proofs(wanted, DcvMethod::Txt, values.iter().map(proof).collect());
}

/// A certificate with this attempt.
pub(crate) fn attempt(wanted: &mut Wanted, method: DcvMethod, attempt: State) {
    let terms = WantedCertificate {
        method,
        wildcard: false,
        authority: None,
        bundle: BundleMethod::Ubiquitous,
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    let (id, hostname) = (PackId::from_bytes([1; 16]), HostnameId::from_bytes([2; 16]));
    let certificate = Certificate { attempt, ..Certificate::new(id, hostname, terms, now()) };
    if let Some(record) = &mut wanted.record {
        record.certificate = Some(certificate);
    }
}

/// The hostname is in this state.
pub(crate) fn owned(wanted: &mut Wanted, state: ownership::State) {
    if let Some(record) = &mut wanted.record {
        record.hostname.ownership = state;
    }
}

pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

fn hostname(name: Hostname) -> CustomHostname {
    CustomHostname {
        id: HostnameId::from_bytes([2; 16]),
        zone: ZoneId::from_bytes([3; 16]),
        name,
        token: OwnershipToken::from_uuid(TOKEN.parse().unwrap()),
        ownership: ownership::State::new(now()),
        origin: None,
        metadata: Metadata::default(),
        created_at: now(),
        version: 0,
    }
}
