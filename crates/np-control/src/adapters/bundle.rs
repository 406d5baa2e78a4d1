//! From the certificates that somebody uploads, in any order, to the chain that is served (behaviour.md 4.2).
//!
//! [`read`] takes them out of PEM, [`leaf`] finds the one that is not a CA's, [`chain`] builds what follows it. Paths to
//! roots are found and verified by webpki, which bounds its own work; all good ones are collected and the bundle method
//! chooses among them. With `force` no root is asked for: every certificate must be signed by the next one, and all that
//! were uploaded are kept.

use std::{cell::RefCell, cmp::Reverse, time::Duration};

use np_domain::{
    Timestamp,
    certificate::{
        BundleMethod,
        upload::{CERTIFICATES_MAX, UploadFault},
    },
    text::Explanation,
};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject as _};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::{certificate::X509Certificate, parse_x509_certificate};

use super::trust_store::TrustStore;

/// The most good paths to roots that are compared.
const PATHS_MAX: usize = 64;

/// A certificate in DER.
pub type Der = Box<[u8]>;

/// The certificates in `pem`, in its order, each once.
///
/// # Errors
/// [`UploadFault::Empty`] and [`UploadFault::Unparsable`].
pub fn read(pem: &str) -> Result<Vec<Der>, UploadFault> {
    if pem.trim().is_empty() {
        return Err(UploadFault::Empty);
    }
    let mut certificates: Vec<Der> = Vec::new();
    for (index, der) in CertificateDer::pem_slice_iter(pem.as_bytes()).enumerate() {
        let number = index + 1;
        let broken = || unparsable(&format!("certificate {number} is no X.509 certificate in PEM"));
        let der: Der = der.map_err(|_| broken())?.as_ref().into();
        parse(&der).ok_or_else(broken)?;
        if number > CERTIFICATES_MAX {
            return Err(unparsable(&format!(
                "there are more than {CERTIFICATES_MAX} certificates"
            )));
        }
        if !certificates.contains(&der) {
            certificates.push(der);
        }
    }
    match certificates.is_empty() {
        true => Err(unparsable("there is no block `CERTIFICATE` in PEM")),
        false => Ok(certificates),
    }
}

/// Which of the certificates is the leaf: the only one that is not a CA's. One that stands alone and signed itself is its
/// own leaf where that is asked for, whatever it says of itself: so do tools that make such certificates.
///
/// # Errors
/// [`UploadFault::SeveralLeaves`] and [`UploadFault::NoLeaf`].
pub fn leaf(certificates: &[Der], method: BundleMethod) -> Result<&Der, UploadFault> {
    let is_leaf = |der: &&Der| parse(der).is_some_and(|certificate| !is_ca(&certificate));
    let leaves: Vec<_> = certificates.iter().filter(is_leaf).collect();
    match (leaves.as_slice(), certificates, method) {
        ([leaf], _, _) => Ok(leaf),
        ([], [alone], BundleMethod::Force) if is_self_signed(alone) => Ok(alone),
        ([], _, _) => Err(UploadFault::NoLeaf),
        (several, _, _) => Err(UploadFault::SeveralLeaves(several.len())),
    }
}

/// The chain to serve, leaf first.
///
/// # Errors
/// Those of [`leaf`], [`UploadFault::SelfSigned`] and [`UploadFault::Unbundled`].
pub fn chain(
    certificates: &[Der],
    method: BundleMethod,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Vec<Der>, UploadFault> {
    let leaf = leaf(certificates, method)?;
    let others: Vec<_> = certificates.iter().filter(|other| *other != leaf).collect();
    if method == BundleMethod::Force {
        return linked(leaf, others);
    }
    if is_self_signed(leaf) {
        return Err(UploadFault::SelfSigned);
    }
    let mut paths = paths(leaf, &others, trust, now)?;
    let best = match method {
        // The root that most clients know; then all intermediates that lead there.
        BundleMethod::Ubiquitous => {
            paths.sort_by_key(|path| (path.root_since, Reverse(path.chain.len())));
            paths.into_iter().next()
        }
        BundleMethod::Optimal | BundleMethod::Force => {
            paths.sort_by_key(|path| (path.chain.len(), Reverse(path.root_since)));
            paths.into_iter().next()
        }
    };
    best.map(|path| path.chain).ok_or_else(|| unbundled("no path leads from it to a trusted root"))
}

/// A good path to a root.
struct Path {
    /// Leaf first, without the root.
    chain: Vec<Der>,
    root_since: Timestamp,
}

/// All good paths from the leaf to trusted roots.
fn paths(
    leaf: &Der,
    others: &[&Der],
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Vec<Path>, UploadFault> {
    let leaf_der = CertificateDer::from(leaf.as_ref());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(|why| refused(&why))?;
    // A root that was uploaded must not stand in the chain as its own intermediate.
    let uploaded = others.iter().filter(|der| !is_self_issued(der));
    let uploaded = uploaded.map(|der| CertificateDer::from(der.as_ref()));
    let pool: Vec<_> = uploaded.chain(trust.intermediates.iter().cloned()).collect();
    let found = RefCell::new(Vec::new());
    // Every path is noted and then declined, so that the search goes on.
    let note = |path: &VerifiedPath<'_>| {
        let mut found = found.borrow_mut();
        if found.len() < PATHS_MAX {
            found.extend(noted(leaf, path, trust));
        }
        Err(webpki::Error::UnknownIssuer)
    };
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    let searched = end_entity.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &trust.anchors,
        &pool,
        UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
        KeyUsage::server_auth(),
        None,
        Some(&note),
    );
    let failure = searched.err();
    let found = found.take();
    match (found.is_empty(), failure) {
        (true, Some(why)) => Err(refused(&why)),
        _ => Ok(found),
    }
}

fn noted(leaf: &Der, path: &VerifiedPath<'_>, trust: &TrustStore) -> Option<Path> {
    let root = trust.anchors.iter().position(|anchor| anchor == path.anchor())?;
    let mut chain = vec![leaf.clone()];
    chain.extend(path.intermediate_certificates().map(|link| Der::from(link.der().as_ref())));
    Some(Path { chain, root_since: trust.roots.get(root)?.since })
}

fn refused(why: &webpki::Error) -> UploadFault {
    match why {
        webpki::Error::UnknownIssuer => unbundled(
            "no path leads from it to a trusted root; upload its intermediates with it, or use the bundle method `force`",
        ),
        other => unbundled(&format!("its path to a root is not good ({other:?})")),
    }
}

/// Leaf, its issuer, that one's issuer and so on, until all are used.
fn linked(leaf: &Der, mut others: Vec<&Der>) -> Result<Vec<Der>, UploadFault> {
    let mut chain = vec![leaf.clone()];
    while let Some(next) = others.iter().position(|other| is_issued(chain.last(), other)) {
        chain.push(others.remove(next).clone());
    }
    match others.is_empty() {
        true => Ok(chain),
        false => Err(unbundled(
            "a certificate in it has signed none of the others; leave it out, or add the one that is missing between them",
        )),
    }
}

fn is_issued(certificate: Option<&Der>, by: &Der) -> bool {
    let (Some(certificate), Some(by)) = (certificate.and_then(|der| parse(der)), parse(by)) else {
        return false;
    };
    is_signed_by(&certificate, &by)
}

fn is_self_signed(der: &Der) -> bool {
    parse(der).is_some_and(|certificate| is_signed_by(&certificate, &certificate))
}

fn is_self_issued(der: &Der) -> bool {
    parse(der).is_some_and(|certificate| certificate.issuer() == certificate.subject())
}

fn is_signed_by(certificate: &X509Certificate<'_>, by: &X509Certificate<'_>) -> bool {
    certificate.issuer() == by.subject()
        && certificate.verify_signature(Some(by.public_key())).is_ok()
}

fn is_ca(certificate: &X509Certificate<'_>) -> bool {
    let constraints = certificate.basic_constraints().ok().flatten();
    constraints.is_some_and(|constraints| constraints.value.ca)
}

/// The certificate, if the bytes are one and nothing else.
fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    parse_x509_certificate(der).ok().filter(|(rest, _)| rest.is_empty()).map(|(_, parsed)| parsed)
}

fn unparsable(why: &str) -> UploadFault {
    UploadFault::Unparsable(Explanation::new(why))
}

fn unbundled(why: &str) -> UploadFault {
    UploadFault::Unbundled(Explanation::new(why))
}

#[cfg(test)]
mod tests;
