//! A hostname's certificates, keys and settings, parsed once and ready for handshakes.
//!
//! What a handshake takes over are references and a few numbers. A certificate that cannot be used is left out with a
//! reason and never hides the other.

use std::sync::Arc;

use boring::{
    error::ErrorStack,
    pkey::PKey,
    sha::Sha256,
    ssl::{SslContext, SslRef, SslVersion},
};
use np_domain::{
    Timestamp,
    certificate::KeyKind,
    entry::ServedCertificate,
    id::CertificateId,
    tls_policy::{TlsPolicy, TlsVersion},
};
use np_feed::NodeKey;
use thiserror::Error;

use crate::{
    table::Owner,
    tls::{
        contexts::Contexts,
        credential::{Credential, set_session_context},
        policy::{self, Versions},
    },
};

/// Why a certificate cannot be served from here.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    /// The key is sealed to another node, or damaged.
    #[error("the key cannot be opened with this node's key")]
    Sealed,
    /// BoringSSL refuses the certificate, the key, or the two together.
    #[error("the certificate or its key cannot be used: {0}")]
    Refused(#[from] ErrorStack),
}

/// Everything that a handshake for one name takes over.
#[derive(Debug)]
pub(crate) struct Credentials {
    owner: Owner,
    versions: Versions,
    /// `None` for the acceptor's own.
    context: Option<Arc<SslContext>>,
    /// What can be shown: of each kind of key one, ECDSA first.
    shown: Vec<Shown>,
}

/// One certificate.
struct Shown {
    credential: Credential,
    kind: KeyKind,
    not_after: Timestamp,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} until {}", self.kind, self.not_after)
    }
}

/// The name's owner and settings that certificates are made ready for.
#[derive(Clone, Copy)]
pub(crate) struct Purpose<'a> {
    pub(crate) owner: Owner,
    pub(crate) policy: &'a TlsPolicy,
    pub(crate) default_min: TlsVersion,
}

/// What became of a name's certificates.
pub(crate) struct Prepared {
    /// `None` when nothing can be used.
    pub(crate) ready: Option<Credentials>,
    pub(crate) left_out: Vec<(CertificateId, Unusable)>,
}

impl Credentials {
    /// Parses what can be used of `certificates`; of two with the same kind of key the one that ends later.
    ///
    /// # Errors
    /// When BoringSSL has no memory for the context.
    pub(crate) fn prepare(
        purpose: Purpose<'_>,
        certificates: &[ServedCertificate],
        node_key: &NodeKey,
        contexts: &Contexts,
    ) -> Result<Prepared, ErrorStack> {
        let mut shown = Vec::<Shown>::new();
        let mut left_out = Vec::new();
        for certificate in certificates {
            let (kind, not_after) = (certificate.kind, certificate.not_after);
            let other = shown.iter().position(|shown| shown.kind == kind);
            if other.is_some_and(|other| shown[other].not_after >= not_after) {
                continue;
            }
            match credential(certificate, node_key) {
                Ok(credential) => {
                    let new = Shown { credential, kind, not_after };
                    match other {
                        Some(other) => shown[other] = new,
                        None => shown.push(new),
                    }
                }
                Err(why) => left_out.push((certificate.id, why)),
            }
        }
        if shown.is_empty() {
            return Ok(Prepared { ready: None, left_out });
        }
        shown.sort_by_key(|shown| shown.kind != KeyKind::Ecdsa);
        shown.shrink_to_fit();
        let versions = Versions::of(purpose.policy, purpose.default_min);
        let context = contexts.of(policy::style(purpose.policy, versions))?;
        let ready = Some(Self { owner: purpose.owner, versions, context, shown });
        Ok(Prepared { ready, left_out })
    }

    /// Whether nothing can be shown that has not ended: the client decides, for none at all is worse.
    pub(crate) fn are_all_past(&self, now: Timestamp) -> bool {
        self.shown.iter().all(|shown| shown.not_after <= now)
    }

    /// Makes the handshake of `ssl`, in which the client asked for `name`, use them. One that has ended is kept back
    /// while there is another.
    pub(crate) fn install(
        &self,
        ssl: &mut SslRef,
        name: &str,
        now: Timestamp,
    ) -> Result<(), ErrorStack> {
        if let Some(context) = &self.context {
            ssl.set_ssl_context(context)?;
        }
        ssl.set_min_proto_version(Some(wire(self.versions.min)))?;
        ssl.set_max_proto_version(Some(wire(self.versions.max)))?;
        set_session_context(ssl, &session_partition(self.owner, name))?;
        let all = self.are_all_past(now);
        let mut offered = self.shown.iter().filter(|shown| all || shown.not_after > now);
        offered.try_for_each(|shown| shown.credential.offer(ssl))
    }
}

fn wire(version: TlsVersion) -> SslVersion {
    match version {
        TlsVersion::V1_0 => SslVersion::TLS1,
        TlsVersion::V1_1 => SslVersion::TLS1_1,
        TlsVersion::V1_2 => SslVersion::TLS1_2,
        TlsVersion::V1_3 => SslVersion::TLS1_3,
    }
}

fn credential(certificate: &ServedCertificate, node_key: &NodeKey) -> Result<Credential, Unusable> {
    let key = node_key.open(&certificate.key).map_err(|_| Unusable::Sealed)?;
    let key = PKey::private_key_from_pkcs8(key.expose())?;
    Ok(Credential::new(&certificate.chain, &key)?)
}

/// Tickets are sealed under one key for all names, so each name is a partition of its own: a session of one never
/// resumes as another's, and a name that moved to another customer starts afresh.
fn session_partition(owner: Owner, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(owner.as_bytes());
    hash.update(name.as_bytes());
    hash.finish()
}
