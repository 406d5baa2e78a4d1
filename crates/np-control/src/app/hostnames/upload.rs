//! Uploaded certificates: from the texts that an operator sends to certificates that are fit to be served
//! (behaviour.md 4.3). What is wrong with one is named together with its place.

use np_domain::{
    Timestamp,
    certificate::{
        BundleMethod, CertName, IssuedCertificate, KeyType, Origin, Presented, Wanted,
        chain::{ChainError, ValidatedChain},
        upload::{self, UploadFault},
    },
    id::CsrId,
    name::Hostname,
    ports::{StoreError, VaultError},
    secret::SecretBytes,
    text::Explanation,
    zone::Zone,
};
use thiserror::Error;

use crate::{
    adapters::{
        bundle::{self, Der},
        private_key,
        trust_store::TrustStore,
        x509,
    },
    app::{
        App,
        csrs::{self, CSR_KEY_CONTEXT},
    },
    reconcile::KEY_CONTEXT,
};

/// The certificates that somebody uploads for one hostname: one, or one of each kind of key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// At least one and at most [`upload::PAIRS_MAX`].
    pub pairs: Vec<UploadedPair>,
}

/// A certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPair {
    /// Where the caller put it.
    pub place: Place,
    /// The certificate, and perhaps its chain, in PEM.
    pub certificate: Box<str>,
    /// The private key.
    pub key: KeySource,
}

/// Where a private key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// From the upload, in PEM.
    Pem(SecretBytes),
    /// It was made here, for this request.
    Csr(CsrId),
}

/// Where in a request a pair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Alone, among the settings of the hostname.
    Single,
    /// In a bundle; counted from 0.
    InBundle(usize),
    /// In the place of a certificate that is there already.
    Replacement,
    /// It was uploaded before.
    Before,
}

/// Why an upload is not taken.
#[derive(Debug, Error)]
pub enum UploadError {
    /// Something is wrong with a certificate or its key.
    #[error("{fault}")]
    Fault {
        /// Where it stands.
        place: Place,
        /// What it is.
        fault: UploadFault,
    },
    /// There is no such request.
    #[error("there is no certificate signing request with this id")]
    CsrUnknown,
    /// A key that was kept cannot be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Memory failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an upload must fit.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// The names to cover.
    pub(super) names: Vec<CertName>,
    /// How the chain is built.
    pub(super) bundle: BundleMethod,
}

impl Terms {
    /// What certificates of this hostname must fit.
    pub(super) fn of(hostname: &Hostname, wanted: &Wanted) -> Self {
        let mut names = vec![CertName::Exact(hostname.clone())];
        if wanted.wildcard {
            names.push(CertName::Wildcard(hostname.wildcard()));
        }
        Self { names, bundle: wanted.bundle }
    }
}

/// What was uploaded, for the history.
pub(super) fn summary(certificates: &[&IssuedCertificate]) -> String {
    let one = |certificate: &&IssuedCertificate| {
        let facts = certificate.chain.facts();
        let end = facts.not_after.date();
        format!(
            "{} by {}, serial {}, until {end}",
            certificate.key_type.as_str(),
            facts.issuer,
            facts.serial
        )
    };
    certificates.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The certificates of an upload, each with its chain, its key sealed.
///
/// # Errors
/// See [`UploadError`].
pub(super) async fn prepare(
    app: &App,
    zone: &Zone,
    upload: &Upload,
    terms: &Terms,
) -> Result<Vec<IssuedCertificate>, UploadError> {
    let mut ready = Vec::new();
    for pair in &upload.pairs {
        ready.push(prepare_one(app, zone, pair, terms).await?);
        let kinds: Vec<_> =
            ready.iter().map(|one: &IssuedCertificate| one.key_type.kind()).collect();
        let place = pair.place;
        upload::check_kinds(&kinds).map_err(|fault| UploadError::Fault { place, fault })?;
    }
    Ok(ready)
}

/// One pair.
pub(super) async fn prepare_one(
    app: &App,
    zone: &Zone,
    pair: &UploadedPair,
    terms: &Terms,
) -> Result<IssuedCertificate, UploadError> {
    let (key, csr) = match &pair.key {
        KeySource::Pem(pem) => (Key::Pem(pem), None),
        KeySource::Csr(id) => {
            let csr = csrs::usable(app, zone, *id).await?.ok_or(UploadError::CsrUnknown)?;
            (Key::Opened(app.vault.open(CSR_KEY_CONTEXT, &csr.key)?), Some(csr.id))
        }
    };
    let now = app.now();
    let judged = bundle::read(&pair.certificate)
        .and_then(|presented| judge(presented, &key, terms, &app.trust, now));
    let judged = judged.map_err(|fault| UploadError::Fault { place: pair.place, fault })?;
    Ok(IssuedCertificate {
        id: app.draws.certificate_id(),
        origin: Origin::Uploaded(Presented { certificates: judged.presented, csr }),
        chain: judged.chain,
        key: app.vault.seal(KEY_CONTEXT, &judged.key),
        key_type: judged.key_type,
        issued_at: now,
    })
}

/// Certificates that were uploaded before, judged by other terms: another bundle method, or more names.
///
/// # Errors
/// See [`UploadError`].
pub(super) fn judge_again(
    app: &App,
    certificates: &[&IssuedCertificate],
    terms: &Terms,
) -> Result<Vec<IssuedCertificate>, UploadError> {
    let again = |one: &&IssuedCertificate| {
        let Origin::Uploaded(presented) = &one.origin else { return Ok((*one).clone()) };
        let key = Key::Opened(app.vault.open(KEY_CONTEXT, &one.key)?);
        let judged = judge(presented.certificates.clone(), &key, terms, &app.trust, app.now());
        let judged = judged.map_err(|fault| UploadError::Fault { place: Place::Before, fault })?;
        Ok(IssuedCertificate { chain: judged.chain, ..(*one).clone() })
    };
    certificates.iter().map(again).collect()
}

/// A key on its way to be judged.
enum Key<'a> {
    Pem(&'a SecretBytes),
    /// In PKCS#8 in DER.
    Opened(SecretBytes),
}

/// What is fit to be served.
struct Judged {
    presented: Vec<Der>,
    chain: ValidatedChain,
    key: SecretBytes,
    key_type: KeyType,
}

/// The rules, in the order in which they are told.
fn judge(
    presented: Vec<Der>,
    key: &Key<'_>,
    terms: &Terms,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Judged, UploadFault> {
    let leaf = bundle::leaf(&presented, terms.bundle)?;
    let key = match key {
        Key::Pem(pem) => private_key::read(pem, leaf)?,
        Key::Opened(key) => key.clone(),
    };
    let facts = |chain: &[Der]| {
        x509::chain_facts(chain, &key)
            .map_err(|why| UploadFault::Unparsable(Explanation::new(why.to_string())))
    };
    let key_type = upload::check_leaf(&facts(std::slice::from_ref(leaf))?, &terms.names, now)?;
    let chain = bundle::chain(&presented, terms.bundle, trust, now)?;
    let chain = ValidatedChain::check(facts(&chain)?, &terms.names, key_type, now);
    let chain = chain.map_err(|why| unfit(&why))?;
    Ok(Judged { chain, key, key_type, presented })
}

/// Everything else was judged before the chain was built.
fn unfit(why: &ChainError) -> UploadFault {
    UploadFault::Unbundled(Explanation::new(why.to_string()))
}

/// What an analysis tells of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// The facts of the leaf.
    pub leaf: np_domain::certificate::chain::ChainFacts,
    /// The chain that would be served, or why there is none.
    pub chain: Result<Vec<Der>, UploadFault>,
}

/// Looks at a certificate as an upload would, without its key.
///
/// # Errors
/// When the text has no certificate, or not one leaf.
pub fn analyze(
    app: &App,
    certificate: &str,
    method: BundleMethod,
) -> Result<Analysis, UploadFault> {
    let presented = bundle::read(certificate)?;
    let leaf = bundle::leaf(&presented, method)?;
    let leaf = x509::leaf_facts(leaf)
        .map_err(|why| UploadFault::Unparsable(Explanation::new(why.to_string())))?;
    let now = app.now();
    let chain = match now >= leaf.not_before && now < leaf.not_after {
        true => bundle::chain(&presented, method, &app.trust, now),
        false => Err(UploadFault::NotInForce { from: leaf.not_before, until: leaf.not_after }),
    };
    Ok(Analysis { leaf, chain })
}
