//! The world of a case: zones as in a zone file, two name servers for each, one resolver, and port 80.

use std::net::{IpAddr, SocketAddr};

use time::macros::datetime;

use crate::{
    Timestamp,
    certificate::{
        AuthorityName, AwaitingControl, BundleMethod, CertName, Certificate, Control, ControlProof,
        DcvMethod, KeyType, Order, State, Tries, TxtChallenge, ValidationAddress,
        Wanted as WantedCertificate,
    },
    custom_hostname::{CustomHostname, HostnameRecord, Metadata, OwnershipToken},
    diagnosis::{
        Issuer, Report, Sight, Wanted, diagnose, plan,
        sight::{
            Answer, Caa, Code, Data, Hop, Outcome, Record, RecordKind, Reply, Server, WebAnswer,
            WebEnd, WebLook, WebOutcome,
        },
    },
    id::{HostnameId, PackId, ZoneId},
    name::{DnsName, Hostname},
    ownership::{self, Method, Proven, Unproven},
    text::Explanation,
    tls_policy::TlsPolicy,
    zone::CnameTarget,
};

/// Now, in every case.
pub(super) const NOW: Timestamp = datetime!(2026-11-22 12:00 UTC);
pub(super) const TOKEN: &str = "5cc07c04-ea62-4a5a-95f0-419334a875a4";
pub(super) const HOST: &str = "app.customer.com";
pub(super) const CHALLENGE: &str = "_acme-challenge.app.customer.com";
pub(super) const DELEGATION: &str = "app.customer.com.9dbb86635115718e.dcv.platform.net";
const RESOLVER: &str = "192.0.2.53:53";

type Alter = Box<dyn Fn(&mut Answer)>;

/// One case. Without changes: `app.customer.com` was just added to provider.com, and nothing stands in the DNS but the
/// target's address.
pub(super) struct Scene {
    pub(super) wanted: Wanted,
    records: Vec<Record>,
    alters: Vec<Alter>,
    web: Vec<WebLook>,
    is_bogus: bool,
}

impl Scene {
    pub(super) fn new() -> Self {
        let wanted = Wanted {
            name: HOST.parse().unwrap(),
            record: Some(HostnameRecord { hostname: hostname(), certificate: None }),
            target: CnameTarget {
                zone: "provider.com".parse().unwrap(),
                partial: None,
                cdn_domain: None,
            },
            point_at: "customers.provider.com".parse().unwrap(),
            prefixes: Vec::new(),
            zone_is_active: true,
            has_origin: true,
            delegation: DELEGATION.parse().ok(),
            issuers: issuers(),
        };
        let scene = Self {
            wanted,
            records: Vec::new(),
            alters: Vec::new(),
            web: Vec::new(),
            is_bogus: false,
        };
        scene.record("customers.provider.com A 198.51.100.1")
    }

    /// A record `name type content`; the TTL is 300 unless it is given after the type: `name type:86400 content`.
    pub(super) fn record(mut self, line: &str) -> Self {
        let mut parts = line.splitn(3, ' ');
        let (name, kind, value) =
            (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let (kind, ttl) = kind.split_once(':').unwrap_or((kind, "300"));
        let record = Record {
            name: name.parse().unwrap(),
            ttl: ttl.parse().unwrap(),
            data: data(kind, value),
        };
        self.records.push(record);
        self
    }

    /// A record of customer.com, its name relative to it.
    pub(super) fn customer(self, line: &str) -> Self {
        let line = match line.strip_prefix("@ ") {
            Some(rest) => format!("customer.com {rest}"),
            None => line.replacen(' ', ".customer.com ", 1),
        };
        self.record(&line)
    }

    /// The hostname leads here.
    pub(super) fn pointed(self) -> Self {
        self.customer("app CNAME customers.provider.com")
    }

    /// Under another name.
    pub(super) fn named(mut self, name: &str) -> Self {
        let name = Hostname::restored(name.parse::<DnsName>().unwrap());
        if let Some(record) = &mut self.wanted.record {
            record.hostname.name = name.clone();
        }
        self.wanted.name = name;
        self
    }

    pub(super) fn not_added(mut self) -> Self {
        self.wanted.record = None;
        self
    }

    pub(super) fn ownership(mut self, state: ownership::State) -> Self {
        if let Some(record) = &mut self.wanted.record {
            record.hostname.ownership = state;
        }
        self
    }

    pub(super) fn owned(self) -> Self {
        let evidence = Explanation::new("CNAME");
        let watch = ownership::Watch::default();
        self.ownership(ownership::State::Proven(Proven {
            by: Method::Cname,
            at: NOW,
            evidence,
            watch,
        }))
    }

    /// With a certificate in this state.
    pub(super) fn certificate(mut self, method: DcvMethod, attempt: State) -> Self {
        let wanted = WantedCertificate {
            method,
            wildcard: false,
            authority: None,
            bundle: BundleMethod::Ubiquitous,
            tls: TlsPolicy::default(),
            keys: vec![KeyType::P256],
        };
        let (id, hostname) = (PackId::from_bytes([1; 16]), HostnameId::from_bytes([2; 16]));
        let mut certificate = Certificate::new(id, hostname, wanted, NOW);
        certificate.attempt = attempt;
        if let Some(record) = &mut self.wanted.record {
            record.certificate = Some(certificate);
        }
        self
    }

    /// Changes the certificate.
    pub(super) fn with(mut self, change: impl Fn(&mut Certificate)) -> Self {
        let record = self.wanted.record.as_mut().unwrap();
        change(record.certificate.as_mut().unwrap());
        self
    }

    /// The CA waits for these values in TXT.
    pub(super) fn wants_txt(self, values: &[&str]) -> Self {
        let proof = |value: &&str| ControlProof::Txt {
            name: CHALLENGE.parse().unwrap(),
            value: Explanation::new(value),
        };
        let proofs = values.iter().map(proof).collect();
        self.certificate(DcvMethod::Txt, awaiting(proofs))
    }

    /// The CA waits for a CNAME at `_token`.
    pub(super) fn wants_cname(self) -> Self {
        let (name, target) = ("_token.app.customer.com", "validate.dcv.platform.net");
        let proof =
            ControlProof::Cname { name: name.parse().unwrap(), target: target.parse().unwrap() };
        self.certificate(DcvMethod::Cname, awaiting(vec![proof]))
    }

    /// The CA waits for an approval by e-mail.
    pub(super) fn wants_approval(self) -> Self {
        let addresses = ValidationAddress::of(&self.wanted.name);
        self.certificate(DcvMethod::Email, awaiting(vec![ControlProof::Email { addresses }]))
    }

    /// The CA waits for a record that stays.
    pub(super) fn wants_persist(self) -> Self {
        let name = "_validation-persist.app.customer.com".parse().unwrap();
        let value = Explanation::new("ca.net; accounturi=https://ca.invalid/acct/1");
        self.certificate(DcvMethod::Txt, awaiting(vec![ControlProof::Txt { name, value }]))
    }

    /// The CA waits for `body` on port 80.
    pub(super) fn wants_http(self) -> Self {
        let path = Explanation::new("/.well-known/acme-challenge/token");
        let proof = ControlProof::Http { path, body: Explanation::new("body") };
        self.certificate(DcvMethod::Http, awaiting(vec![proof]))
    }

    /// Changes answers.
    pub(super) fn alter(mut self, change: impl Fn(&mut Answer) + 'static) -> Self {
        self.alters.push(Box::new(change));
        self
    }

    /// What one address shows.
    pub(super) fn web(mut self, address: &str, outcome: WebOutcome) -> Self {
        let request = plan::web_requests(&self.wanted).remove(0);
        let address = SocketAddr::new(address.parse::<IpAddr>().unwrap(), 80);
        let url = Explanation::new(format!("http://{}{}", request.host, request.path));
        let (purpose, expected) = (request.purpose, request.expected);
        self.web.push(WebLook { purpose, url, address, expected, outcome, at: NOW });
        self
    }

    /// Resolvers find DNSSEC broken.
    pub(super) fn bogus(mut self) -> Self {
        self.is_bogus = true;
        self
    }

    pub(super) fn report(&self) -> Report {
        diagnose(&self.wanted, &self.sight(), NOW)
    }

    /// Asks what the plan asks.
    pub(super) fn sight(&self) -> Sight {
        let mut sight = Sight { web: self.web.clone(), ..Sight::default() };
        for _ in 0..plan::ROUNDS_MAX {
            for ask in plan::questions(&self.wanted, &sight) {
                let everyone = ask.whom == plan::Whom::Everyone;
                let zone = Hostname::restored(ask.question.name.clone()).registrable();
                let servers =
                    ["ns1", "ns2"].iter().enumerate().map(|(n, name)| Server::Authority {
                        zone: zone.clone(),
                        name: zone.child(name).unwrap(),
                        address: format!("192.0.2.{}:53", n + 1).parse().ok(),
                    });
                let servers = servers.filter(|_| everyone);
                let resolver = Server::Resolver(RESOLVER.parse().unwrap());
                for server in std::iter::once(resolver).chain(servers) {
                    let mut answer = self.answer(server, &ask.question);
                    self.alters.iter().for_each(|alter| alter(&mut answer));
                    if self.is_bogus && !answer.is_from_authority() {
                        sight.answers.push(Answer { unchecked: true, ..answer.clone() });
                        answer.outcome = coded(Code::ServFail);
                    }
                    sight.answers.push(answer);
                }
            }
        }
        sight
    }

    fn answer(&self, server: Server, question: &crate::diagnosis::sight::Question) -> Answer {
        let follows = matches!(server, Server::Resolver(_));
        let (mut records, mut name) = (Vec::new(), question.name.clone());
        for _ in 0..12 {
            let own = |kind| {
                let of_kind = move |r: &&Record| r.data.kind() == kind;
                self.records.iter().filter(|r| r.name == name).filter(of_kind).cloned()
            };
            let found: Vec<_> = own(question.kind).collect();
            let aliases: Vec<_> = own(RecordKind::Cname).collect();
            let next = match (found.is_empty(), aliases.first().map(|record| &record.data)) {
                (true, Some(Data::Cname(target))) => Some(target.clone()),
                _ => None,
            };
            records.extend(if next.is_some() { aliases } else { found });
            match next.filter(|_| follows) {
                Some(next) => name = next,
                None => break,
            }
        }
        let exists = self.records.iter().any(|record| record.name.is_within(name.as_str()));
        let reply = Reply {
            code: if exists { Code::NoError } else { Code::NxDomain },
            authoritative: !follows,
            authentic: false,
            negative_ttl: records.is_empty().then_some(60),
            trouble: None,
            records,
        };
        let outcome = Outcome::Reply(reply);
        Answer { server, question: question.clone(), outcome, unchecked: false, at: NOW }
    }
}

/// An answer with this code and nothing else.
pub(super) fn coded(code: Code) -> Outcome {
    Outcome::Reply(Reply { code, ..Reply::default() })
}

/// Whether the answer is of the name server `ns1` or `ns2` of customer.com.
pub(super) fn is_of(answer: &Answer, server: &str) -> bool {
    matches!(&answer.server, Server::Authority { name, .. } if name.as_str() == format!("{server}.customer.com"))
}

/// Whether a resolver was asked about that name and type.
pub(super) fn is_resolved(answer: &Answer, name: &str, kind: RecordKind) -> bool {
    !answer.is_from_authority()
        && answer.question.name.as_str() == name
        && answer.question.kind == kind
}

/// An answer over HTTP: the hops as `host status`, and how they end.
pub(super) fn answered(hops: &[(&str, u16)], end: WebEnd) -> WebOutcome {
    let hop = |(host, status): &(&str, u16)| Hop {
        host: Explanation::new(host),
        url: Explanation::new(format!("http://{host}/")),
        from: "198.51.100.1:80".parse().unwrap(),
        status: *status,
    };
    let hops = hops.iter().map(hop).collect();
    WebOutcome::Answered(WebAnswer { hops, end, headers: Vec::new() })
}

/// A body from the hostname itself.
pub(super) fn body(status: u16, text: &str) -> WebOutcome {
    answered(&[(HOST, status)], WebEnd::Body(Explanation::new(text)))
}

/// The same, with a header.
pub(super) fn body_with(header: &str, value: &str) -> WebOutcome {
    let WebOutcome::Answered(mut answer) = body(200, "page") else { unreachable!() };
    answer.headers.push((header.into(), Explanation::new(value)));
    WebOutcome::Answered(answer)
}

fn hostname() -> CustomHostname {
    CustomHostname {
        id: HostnameId::from_bytes([2; 16]),
        zone: ZoneId::from_bytes([3; 16]),
        name: HOST.parse().unwrap(),
        token: OwnershipToken::from_uuid(TOKEN.parse().unwrap()),
        ownership: ownership::State::Unproven(Unproven {
            since: NOW,
            attempt: 1,
            next_check: NOW + time::Duration::seconds(60),
            failures: Vec::new(),
        }),
        origin: None,
        metadata: Metadata::default(),
        created_at: NOW,
        version: 0,
    }
}

fn issuers() -> Vec<Issuer> {
    let issuer = |authority, domain: &str, account: Option<&str>| Issuer {
        authority,
        domains: vec![domain.parse().unwrap()],
        account: account.map(Explanation::new),
        txt: TxtChallenge::Dns,
        account_label: None,
    };
    vec![
        issuer(AuthorityName::LetsEncrypt, "letsencrypt.org", Some("https://ca.invalid/acct/1")),
        issuer(AuthorityName::Google, "pki.goog", None),
    ]
}

/// An order that waits for these proofs.
pub(super) fn awaiting(proofs: Vec<ControlProof>) -> State {
    let name = CertName::Exact(HOST.parse().unwrap());
    let control = |proof| Control { name: name.clone(), proof, satisfied: false };
    let order = Order {
        authority: AuthorityName::LetsEncrypt,
        url: Explanation::new("https://ca.invalid/order/1"),
        key_type: KeyType::P256,
        controls: proofs.into_iter().map(control).collect(),
        expires_at: Some(NOW + time::Duration::days(7)),
        is_renewal: false,
    };
    let next_check = NOW + time::Duration::seconds(63);
    State::AwaitingControl(AwaitingControl {
        order,
        tries: Tries::new(NOW),
        placed_at: NOW,
        next_check,
    })
}

fn data(kind: &str, value: &str) -> Data {
    match kind {
        "A" => Data::A(value.parse().unwrap()),
        "AAAA" => Data::Aaaa(value.parse().unwrap()),
        "CAA" => {
            let mut parts = value.splitn(3, ' ');
            let critical = parts.next() == Some("128");
            let (tag, value) = (parts.next().unwrap(), parts.next().unwrap().trim_matches('"'));
            Data::Caa(Caa { critical, tag: tag.into(), value: value.into() })
        }
        "CNAME" => Data::Cname(value.parse().unwrap()),
        "TXT" => Data::Txt(value.into()),
        other => panic!("{other}"),
    }
}
