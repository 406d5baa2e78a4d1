//! The roots that browsers trust, and what else a chain may be completed with.

use np_domain::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, pem::PemObject as _};
use thiserror::Error;
use x509_parser::parse_x509_certificate;

/// Roots, and intermediates that chains may go through though nobody uploads them.
pub struct TrustStore {
    pub(super) roots: Vec<Root>,
    /// The anchors of the roots, in the same order.
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    pub(super) intermediates: Vec<CertificateDer<'static>>,
}

/// A trusted root.
pub(super) struct Root {
    /// Since when it has been around: the longer, the more clients know it.
    pub(super) since: Timestamp,
}

/// Why a file of trusted certificates cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustStoreError {
    /// One certificate cannot be read; counted from 1.
    #[error("certificate {0} cannot be read")]
    Certificate(usize),
    /// No root among them.
    #[error("there is no self-signed root certificate in PEM")]
    NoRoot,
}

impl TrustStore {
    /// Mozilla's roots, as of this program's build.
    pub fn mozilla() -> Self {
        let mut store = Self::empty();
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            // A root that is not understood can vouch for nothing.
            let _ = store.add(root.clone());
        }
        store
    }

    /// The certificates of a PEM file: self-signed ones are roots, others complete chains.
    ///
    /// # Errors
    /// When one cannot be read, or there is no root.
    pub fn from_pem(text: &str) -> Result<Self, TrustStoreError> {
        let mut store = Self::empty();
        for (index, certificate) in CertificateDer::pem_slice_iter(text.as_bytes()).enumerate() {
            let unread = TrustStoreError::Certificate(index + 1);
            let certificate = certificate.map_err(|_| unread.clone())?;
            store.add(certificate).ok_or(unread)?;
        }
        if store.roots.is_empty() { Err(TrustStoreError::NoRoot) } else { Ok(store) }
    }

    /// How many roots there are.
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Whether nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    fn empty() -> Self {
        Self { roots: Vec::new(), anchors: Vec::new(), intermediates: Vec::new() }
    }

    fn add(&mut self, certificate: CertificateDer<'static>) -> Option<()> {
        let (_, parsed) = parse_x509_certificate(&certificate).ok()?;
        if parsed.issuer() != parsed.subject() {
            self.intermediates.push(certificate);
            return Some(());
        }
        let since = parsed.validity().not_before.to_datetime();
        let anchor = webpki::anchor_from_trusted_cert(&certificate).ok()?.to_owned();
        self.roots.push(Root { since });
        self.anchors.push(anchor);
        Some(())
    }
}

impl std::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TrustStore({} roots)", self.roots.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_root_of_mozilla_is_understood() {
        let store = TrustStore::mozilla();
        assert_eq!(store.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
        assert!(store.intermediates.is_empty());
    }

    #[test]
    fn a_file_without_a_root_is_refused() {
        assert_eq!(TrustStore::from_pem("").err(), Some(TrustStoreError::NoRoot));
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(TrustStore::from_pem(broken).err(), Some(TrustStoreError::Certificate(1)));
    }
}
