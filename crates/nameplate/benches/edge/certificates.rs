//! Names with certificates: each with a key and a leaf of its own, all of one intermediate, as of a public CA.
//!
//! Made once for each number of names and kept in the folder: PEM files for the peers, a copy of the feed for Nameplate.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use np_control::adapters::clock::SystemClock;
use np_domain::{
    certificate::KeyKind,
    entry::{Entry, Generation, Routing, ServedCertificate, ZoneDns, ZoneEntry},
    id::{CertificateId, HostnameId, ZoneId},
    ports::Clock as _,
    secret::SecretBytes,
    tls_policy::TlsPolicy,
};
use np_feed::{
    NodeKey, Replica,
    message::{Batch, FORMAT, FeedId, Item},
    replica::ReplicaOptions,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};

use crate::servers::{Kind, ORIGIN};

/// The nodes' secret.
pub(crate) const NODE_SECRET: [u8; 32] = [0x5e; 32];
/// Written to the copy in one transaction.
const BATCH: u32 = 2_000;

/// The names that a server holds.
pub(crate) struct Names {
    pub(crate) count: u32,
    /// Where their certificates are.
    pub(crate) folder: PathBuf,
}

/// The name with this number.
pub(crate) fn name(number: u32) -> String {
    format!("app.customer{number}.bench-names.com")
}

impl Names {
    /// Makes what `kind` reads, unless an earlier run has.
    pub(crate) fn prepare(folder: &Path, kind: Kind, count: u32) -> anyhow::Result<Self> {
        let is_ours = kind == Kind::Nameplate;
        let folder = folder.join(format!("{}-{count}", if is_ours { "copy" } else { "pem" }));
        let done = folder.join("done");
        let names = Self { count, folder };
        if !done.exists() {
            fs::remove_dir_all(&names.folder).ok();
            fs::create_dir_all(&names.folder)?;
            let begin = Instant::now();
            if is_ours {
                names.fill()?
            } else {
                names.write_pem()?
            }
            fs::write(done, "")?;
            let took = begin.elapsed().as_secs_f64();
            println!("made {count} certificates for {kind} in {took:.1} s");
        }
        Ok(names)
    }

    fn write_pem(&self) -> anyhow::Result<()> {
        let authority = Authority::new()?;
        for number in 0..self.count {
            let (leaf, key) = authority.issue(&name(number), number)?;
            let mut chain = leaf.pem();
            chain.push_str(&authority.pem);
            let key = key.serialize_pem();
            fs::write(self.folder.join(format!("{number}.crt")), &chain)?;
            fs::write(self.folder.join(format!("{number}.key")), &key)?;
            let mut both = fs::File::create(self.folder.join(format!("{number}.pem")))?;
            both.write_all(chain.as_bytes())?;
            both.write_all(key.as_bytes())?;
        }
        Ok(())
    }

    fn fill(&self) -> anyhow::Result<()> {
        let authority = Authority::new()?;
        let node_key = NodeKey::from_secret(&NODE_SECRET);
        let replica = Replica::open(self.folder.join("replica/edge"), &ReplicaOptions::default())?;
        let zone = ZoneEntry {
            zone: zone(),
            name: "bench-provider.com".parse()?,
            fallback: Some(ORIGIN.parse()?),
            dns: ZoneDns::Unserved,
            serving: Default::default(),
        };
        apply(&replica, 0, vec![Item::zone(Generation(1), &zone)])?;
        for first in (0..self.count).step_by(BATCH as usize) {
            let numbers = first..(first + BATCH).min(self.count);
            let items = numbers.map(|number| {
                let entry = authority.entry(number, &node_key)?;
                Ok(Item::hostname(Generation(u64::from(number) + 2), &entry))
            });
            let items = items.collect::<anyhow::Result<Vec<_>>>()?;
            apply(&replica, u64::from(first) + 1, items)?;
        }
        Ok(())
    }
}

fn zone() -> ZoneId {
    ZoneId::from_bytes([7; 16])
}

fn apply(replica: &Replica, from: u64, items: Vec<Item>) -> anyhow::Result<()> {
    let to = items.last().map(Item::generation).context("no items")?;
    let batch = Batch {
        format: FORMAT,
        feed: FeedId([9; 16]),
        from: Generation(from),
        to,
        head: to,
        reset: false,
        items,
        ticket_keys: None,
    };
    replica.apply(&batch)?;
    Ok(())
}

/// A CA like the public ones: an intermediate of a root that nobody needs here.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let (root_key, key) = (KeyPair::generate()?, KeyPair::generate()?);
        let root = Issuer::new(ca("Benchmark Root X1")?, root_key);
        let params = ca("Benchmark Intermediate E1")?;
        let certificate = params.signed_by(&key, &root)?;
        let (pem, der) = (certificate.pem(), certificate.der().to_vec());
        Ok(Self { issuer: Issuer::new(params, key), pem, der })
    }

    fn issue(&self, name: &str, number: u32) -> anyhow::Result<(rcgen::Certificate, KeyPair)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.serial_number = Some(SerialNumber::from(u64::from(number) + 1));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_after = SystemClock.now() + time::Duration::days(90);
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }

    pub(crate) fn entry(&self, number: u32, node_key: &NodeKey) -> anyhow::Result<Entry> {
        let name = name(number);
        let (leaf, key) = self.issue(&name, number)?;
        let certificate = ServedCertificate {
            id: CertificateId::from_bytes(id(number, 1)),
            kind: KeyKind::Ecdsa,
            chain: vec![leaf.der().as_ref().into(), self.der.clone().into()],
            key: node_key.seal(&SecretBytes::new(key.serialize_der())),
            not_after: SystemClock.now() + time::Duration::days(90),
        };
        let routing = Routing {
            proven_at: SystemClock.now(),
            wildcard: false,
            origin: None,
            tls: TlsPolicy::default(),
            metadata: Default::default(),
            certificates: vec![certificate],
        };
        Ok(Entry {
            hostname: HostnameId::from_bytes(id(number, 2)),
            zone: zone(),
            name: name.parse()?,
            tokens: Vec::new(),
            delegation: None,
            routing: Some(routing),
        })
    }
}

/// An id that looks like a random one and follows from the number.
fn id(number: u32, kind: u64) -> [u8; 16] {
    let half = |seed: u64| {
        let mixed = (u64::from(number) ^ seed << 40).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    };
    let mut id = [0; 16];
    id[..8].copy_from_slice(&half(kind).to_be_bytes());
    id[8..].copy_from_slice(&half(kind + 8).to_be_bytes());
    id
}

fn ca(name: &str) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::OrganizationName, "Benchmark Authority");
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
