//! A hostname's certificates, keys and settings, parsed once and ready for handshakes.
//!
//! One BoringSSL context for each kind of key, so that taking one over in a handshake copies references only. A
//! certificate that cannot be used is left out with a reason and never hides the other.

use boring::{
    error::ErrorStack,
    hash::{DigestBytes, MessageDigest, hash},
    pkey::PKey,
    ssl::{
        AlpnError, SslContext, SslContextBuilder, SslContextRef, SslMethod, SslRef,
        SslSessionCacheMode, SslVersion, select_next_proto,
    },
    x509::X509,
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
    table::{Owner, Side},
    tls::policy::{self, Versions},
};

const ALPN_HTTP2: &[u8] = b"\x02h2\x08http/1.1";
const ALPN_HTTP1: &[u8] = b"\x08http/1.1";

/// Why a certificate cannot be served from here.
#[derive(Debug, Error)]
pub(crate) enum Unusable {
    /// The key is sealed to another node, or damaged.
    #[error("the key cannot be opened with this node's key")]
    Sealed,
    /// There is no certificate in the chain.
    #[error("the chain is empty")]
    EmptyChain,
    /// BoringSSL refuses the certificate, the key, or the two together.
    #[error("the certificate or its key cannot be used: {0}")]
    Refused(#[from] ErrorStack),
}

/// Everything that a handshake for one name takes over.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) versions: Versions,
    ecdsa: Option<Credential>,
    rsa: Option<Credential>,
}

/// One certificate in its context.
pub(crate) struct Credential {
    pub(crate) context: SslContext,
    pub(crate) not_after: Timestamp,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// The name and settings that certificates are made ready for.
#[derive(Clone, Copy)]
pub(crate) struct Purpose<'a> {
    pub(crate) owner: Owner,
    pub(crate) side: Side,
    pub(crate) policy: &'a TlsPolicy,
    pub(crate) default_min: TlsVersion,
}

impl Credentials {
    /// Parses what can be used of `certificates`; of two with the same kind of key the one that ends later. `None` when
    /// nothing can be used.
    pub(crate) fn prepare(
        purpose: Purpose<'_>,
        certificates: &[ServedCertificate],
        node_key: &NodeKey,
    ) -> (Option<Self>, Vec<(CertificateId, Unusable)>) {
        let versions = Versions::of(purpose.policy, purpose.default_min);
        let mut ready = Self { versions, ecdsa: None, rsa: None };
        let mut left_out = Vec::new();
        for certificate in certificates {
            let place = ready.place(certificate.kind);
            if place.as_ref().is_some_and(|other| other.not_after >= certificate.not_after) {
                continue;
            }
            match context(purpose, versions, certificate, node_key) {
                Ok(context) => {
                    *place = Some(Credential { context, not_after: certificate.not_after });
                }
                Err(why) => left_out.push((certificate.id, why)),
            }
        }
        let usable = ready.ecdsa.is_some() || ready.rsa.is_some();
        (usable.then_some(ready), left_out)
    }

    fn place(&mut self, kind: KeyKind) -> &mut Option<Credential> {
        match kind {
            KeyKind::Ecdsa => &mut self.ecdsa,
            KeyKind::Rsa => &mut self.rsa,
        }
    }

    /// The ECDSA certificate where there is one and the client can check it, else the other.
    pub(crate) fn choose(&self, client_takes_ecdsa: impl FnOnce() -> bool) -> Option<&Credential> {
        match (&self.ecdsa, &self.rsa) {
            (Some(ecdsa), Some(rsa)) => Some(if client_takes_ecdsa() { ecdsa } else { rsa }),
            (ecdsa, rsa) => ecdsa.as_ref().or(rsa.as_ref()),
        }
    }

    /// Makes the handshake of `ssl` use `context` and the versions of the settings.
    pub(crate) fn install(
        &self,
        ssl: &mut SslRef,
        context: &SslContextRef,
    ) -> Result<(), ErrorStack> {
        ssl.set_ssl_context(context)?;
        ssl.set_min_proto_version(Some(wire(self.versions.min)))?;
        ssl.set_max_proto_version(Some(wire(self.versions.max)))
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

fn context(
    purpose: Purpose<'_>,
    versions: Versions,
    certificate: &ServedCertificate,
    node_key: &NodeKey,
) -> Result<SslContext, Unusable> {
    let (leaf, rest) = certificate.chain.split_first().ok_or(Unusable::EmptyChain)?;
    let key = node_key.open(&certificate.key).map_err(|_| Unusable::Sealed)?;
    let (leaf, key) = (X509::from_der(leaf)?, PKey::private_key_from_pkcs8(key.expose())?);
    let mut builder = SslContextBuilder::new(SslMethod::tls())?;
    builder.set_certificate(&leaf)?;
    for certificate in rest {
        builder.add_extra_chain_cert(X509::from_der(certificate)?)?;
    }
    builder.set_private_key(&key)?;
    builder.check_private_key()?;
    builder.set_cipher_list(&policy::cipher_list(purpose.policy, versions))?;
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_session_id_context(&session_partition(purpose)?)?;
    if policy::offers_http2(purpose.policy) {
        builder.set_alpn_select_callback(|_, offered| select(ALPN_HTTP2, offered));
    } else {
        builder.set_alpn_select_callback(|_, offered| select(ALPN_HTTP1, offered));
    }
    Ok(builder.build())
}

/// Tickets are sealed under one key for all names, so each hostname is its own partition, and the names below it are
/// another: a session of one never resumes as the other's, and a name that moved to another customer starts afresh.
fn session_partition(purpose: Purpose<'_>) -> Result<DigestBytes, ErrorStack> {
    let mut of = [0; 17];
    of[..16].copy_from_slice(purpose.owner.as_bytes());
    of[16] = purpose.side as u8;
    hash(MessageDigest::sha256(), &of)
}

/// A client without a protocol of ours goes on without one, and then speaks HTTP/1.1.
fn select<'a>(ours: &'static [u8], offered: &'a [u8]) -> Result<&'a [u8], AlpnError> {
    select_next_proto(ours, offered).ok_or(AlpnError::NOACK)
}
