//! Reads the facts out of a chain and its private key; `np_domain`'s `certificate::chain` judges them.

use np_domain::{
    certificate::{KeyType, chain::ChainFacts},
    secret::SecretBytes,
    text::Explanation,
};
use rcgen::{KeyPair, PublicKeyData};
use thiserror::Error;
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, parse_x509_certificate,
    public_key::PublicKey, x509::SubjectPublicKeyInfo,
};

/// The object identifier of an elliptic curve key (RFC 5480).
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
/// The object identifiers of the curves (RFC 5480).
const CURVES: [(&str, KeyType); 2] =
    [("1.2.840.10045.3.1.7", KeyType::P256), ("1.3.132.0.34", KeyType::P384)];
/// The sizes of RSA keys in bits.
const RSA_SIZES: [(usize, KeyType); 3] =
    [(2048, KeyType::Rsa2048), (3072, KeyType::Rsa3072), (4096, KeyType::Rsa4096)];

/// Signature algorithms, by object identifier, as the API names them.
const SIGNATURES: [(&str, &str); 8] = [
    ("1.2.840.113549.1.1.5", "SHA1WithRSA"),
    ("1.2.840.113549.1.1.11", "SHA256WithRSA"),
    ("1.2.840.113549.1.1.12", "SHA384WithRSA"),
    ("1.2.840.113549.1.1.13", "SHA512WithRSA"),
    ("1.2.840.10045.4.3.2", "ECDSAWithSHA256"),
    ("1.2.840.10045.4.3.3", "ECDSAWithSHA384"),
    ("1.2.840.10045.4.3.4", "ECDSAWithSHA512"),
    ("1.3.101.112", "Ed25519"),
];

/// Why a chain or key cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum X509Error {
    /// No certificate at all.
    #[error("the chain is empty")]
    Empty,
    /// One certificate is no X.509 certificate in DER; counted from 0, the leaf.
    #[error("certificate {0} of the chain cannot be read")]
    Certificate(usize),
    /// The private key is no PKCS#8 key in DER of a known kind.
    #[error("the private key cannot be read; it must be an ECDSA or RSA key in PKCS#8")]
    Key,
}

/// The facts of the chain, leaf first, together with its private key (PKCS#8 in DER).
///
/// # Errors
/// When a certificate or the key cannot be read.
pub fn chain_facts(der: &[Box<[u8]>], key: &SecretBytes) -> Result<ChainFacts, X509Error> {
    let parsed = der.iter().enumerate().map(|(index, der)| parse(index, der));
    let chain = parsed.collect::<Result<Vec<_>, _>>()?;
    let leaf = chain.first().ok_or(X509Error::Empty)?;
    let key = KeyPair::try_from(key.expose()).map_err(|_| X509Error::Key)?;
    Ok(ChainFacts {
        der: der.to_vec(),
        key_matches: leaf.public_key().subject_public_key.data.as_ref() == key.der_bytes(),
        is_linked: chain.windows(2).all(|pair| is_signed_by(&pair[0], &pair[1])),
        ..facts_of(leaf)
    })
}

/// The facts of a leaf without its key and its chain.
///
/// # Errors
/// When it cannot be read.
pub fn leaf_facts(der: &[u8]) -> Result<ChainFacts, X509Error> {
    let leaf = parse(0, der)?;
    Ok(ChainFacts { der: vec![der.into()], ..facts_of(&leaf) })
}

fn facts_of(leaf: &X509Certificate<'_>) -> ChainFacts {
    ChainFacts {
        der: Vec::new(),
        names: names(leaf),
        not_before: leaf.validity().not_before.to_datetime(),
        not_after: leaf.validity().not_after.to_datetime(),
        issuer: issuer(leaf),
        serial: Explanation::new(leaf.tbs_certificate.serial.to_string()),
        signature: signature(leaf),
        key_type: key_type(leaf.public_key()),
        key_matches: false,
        is_linked: false,
    }
}

fn parse(index: usize, der: &[u8]) -> Result<X509Certificate<'_>, X509Error> {
    match parse_x509_certificate(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(_) => Err(X509Error::Certificate(index)),
    }
}

/// The DNS names among the subject alternative names.
fn names(leaf: &X509Certificate<'_>) -> Vec<Explanation> {
    let alternative = leaf.subject_alternative_name().ok().flatten();
    let all = alternative.iter().flat_map(|extension| &extension.value.general_names);
    all.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(Explanation::new(name)),
        _ => None,
    })
    .collect()
}

/// The organization, which people know; else the common name; else the whole name.
fn issuer(leaf: &X509Certificate<'_>) -> Explanation {
    let name = leaf.issuer();
    let organization = name.iter_organization().next().and_then(|part| part.as_str().ok());
    let common = name.iter_common_name().next().and_then(|part| part.as_str().ok());
    match organization.or(common) {
        Some(text) => Explanation::new(text),
        None => Explanation::new(name.to_string()),
    }
}

fn signature(leaf: &X509Certificate<'_>) -> Explanation {
    let oid = leaf.signature_algorithm.algorithm.to_id_string();
    let known = SIGNATURES.iter().find(|(known, _)| *known == oid).map(|(_, word)| *word);
    Explanation::new(known.unwrap_or(&oid))
}

fn key_type(key: &SubjectPublicKeyInfo<'_>) -> Option<KeyType> {
    match key.parsed().ok()? {
        PublicKey::RSA(rsa) => {
            let size = rsa.key_size();
            RSA_SIZES.iter().find(|(known, _)| *known == size).map(|(_, key_type)| *key_type)
        }
        PublicKey::EC(_) if key.algorithm.algorithm.to_id_string() == EC_PUBLIC_KEY => {
            let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?;
            let curve = curve.to_id_string();
            CURVES.iter().find(|(known, _)| *known == curve).map(|(_, key_type)| *key_type)
        }
        _ => None,
    }
}

fn is_signed_by(certificate: &X509Certificate<'_>, by: &X509Certificate<'_>) -> bool {
    certificate.issuer() == by.subject()
        && certificate.verify_signature(Some(by.public_key())).is_ok()
}

#[cfg(test)]
mod tests {
    use np_domain::certificate::CertName;
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
        SerialNumber,
    };
    use time::macros::datetime;

    use super::*;
    use crate::adapters::keys::{self, KeyAndRequest};

    fn authority(name: &str) -> (Box<[u8]>, Issuer<'static, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        (certificate.der().as_ref().into(), Issuer::new(params, key))
    }

    fn request(key_type: KeyType) -> KeyAndRequest {
        keys::request(&[CertName::Exact("app.customer.com".parse().unwrap())], key_type).unwrap()
    }

    fn leaf(made: &KeyAndRequest, issuer: &Issuer<'_, KeyPair>) -> Box<[u8]> {
        let mut request =
            CertificateSigningRequestParams::from_der(&made.csr.as_ref().into()).unwrap();
        request.params.not_before = datetime!(2026-11-22 10:00 UTC);
        request.params.not_after = datetime!(2027-02-20 10:00 UTC);
        request.params.serial_number = Some(SerialNumber::from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 1]));
        request.signed_by(issuer).unwrap().der().as_ref().into()
    }

    #[test]
    fn facts_are_those_of_leaf_and_key() {
        let (root, issuer) = authority("A root");
        for key_type in [KeyType::P256, KeyType::Rsa2048] {
            let made = request(key_type);
            let der = vec![leaf(&made, &issuer), root.clone()];
            let expected = ChainFacts {
                der: der.clone(),
                names: vec![Explanation::new("app.customer.com")],
                not_before: datetime!(2026-11-22 10:00 UTC),
                not_after: datetime!(2027-02-20 10:00 UTC),
                issuer: Explanation::new("A root"),
                serial: Explanation::new("18446744073709551617"),
                signature: Explanation::new("ECDSAWithSHA256"),
                key_type: Some(key_type),
                key_matches: true,
                is_linked: true,
            };
            assert_eq!(chain_facts(&der, &made.key), Ok(expected));
        }
    }

    #[test]
    fn another_key_does_not_match() {
        let (_, issuer) = authority("A root");
        let der = [leaf(&request(KeyType::P256), &issuer)];
        let facts = chain_facts(&der, &request(KeyType::P256).key).unwrap();
        assert!(!facts.key_matches && facts.is_linked);
    }

    #[test]
    fn a_chain_is_linked_by_signatures_and_not_by_names() {
        let (_, issuer) = authority("A root");
        let (impostor, _) = authority("A root");
        let (stranger, _) = authority("Another root");
        let made = request(KeyType::P256);
        for wrong in [impostor, stranger] {
            let facts = chain_facts(&[leaf(&made, &issuer), wrong], &made.key).unwrap();
            assert!(!facts.is_linked);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let (root, issuer) = authority("A root");
        let made = request(KeyType::P256);
        let good = leaf(&made, &issuer);
        let bad: Box<[u8]> = Box::from(*b"no certificate");
        assert_eq!(chain_facts(&[], &made.key), Err(X509Error::Empty));
        assert_eq!(chain_facts(&[good.clone(), bad], &made.key), Err(X509Error::Certificate(1)));
        let no_key = SecretBytes::new(b"no key".to_vec());
        assert_eq!(chain_facts(&[good, root], &no_key), Err(X509Error::Key));
    }
}
