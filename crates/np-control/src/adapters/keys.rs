//! Makes a certificate's private key together with the request (PKCS#10) for it.
//!
//! ring makes P-256 keys but cannot make RSA keys, so that the `rsa` crate does that and nothing else: every signature,
//! that of the request included, is ring's. The request has no common name: names stand in the subject alternative
//! names alone, which no length limits, and a CA that wants a common name takes it from there.

use np_domain::{
    certificate::{CertName, KeyType},
    csr::{CsrSubject, CsrTerms},
    secret::SecretBytes,
};
use rcgen::string::PrintableString;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256,
};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey, rand_core::OsRng};
use rustls_pki_types::PrivatePkcs8KeyDer;
use thiserror::Error;

/// A private key and the request for a certificate for it.
#[derive(Debug, Clone)]
pub struct KeyAndRequest {
    /// The private key, PKCS#8 in DER.
    pub key: SecretBytes,
    /// The request, PKCS#10 in DER.
    pub csr: Box<[u8]>,
}

/// Why there is no key or request.
#[derive(Debug, Error)]
pub enum KeyError {
    /// No RSA key could be made.
    #[error("no RSA key could be made")]
    Rsa(#[source] rsa::Error),
    /// The RSA key could not be encoded.
    #[error("the RSA key could not be encoded")]
    Encoding(#[source] rsa::pkcs8::Error),
    /// The key or the request could not be made.
    #[error("the certificate request could not be made")]
    Request(#[source] rcgen::Error),
}

/// Makes a key of that kind and the request for these names. An RSA key takes up to seconds of one core: call it where
/// blocking is allowed.
///
/// # Errors
/// When the system gives no randomness.
pub fn request(names: &[CertName], key_type: KeyType) -> Result<KeyAndRequest, KeyError> {
    let pair = generate(key_type)?;
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).map_err(KeyError::Request)?;
    params.distinguished_name = DistinguishedName::new();
    let csr = params.serialize_request(&pair).map_err(KeyError::Request)?;
    Ok(KeyAndRequest {
        key: SecretBytes::new(pair.serialize_der()),
        csr: csr.der().as_ref().into(),
    })
}

/// Makes a key and a request for it with a subject: one that an operator takes to a CA of their own. An RSA key takes up to
/// seconds of one core.
///
/// # Errors
/// When the system gives no randomness, or a text cannot stand in a certificate.
pub fn custom_request(terms: &CsrTerms) -> Result<KeyAndRequest, KeyError> {
    let pair = generate(terms.key_type.into())?;
    let names: Vec<_> = terms.sans.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).map_err(KeyError::Request)?;
    params.distinguished_name = subject(&terms.subject)?;
    let csr = params.serialize_request(&pair).map_err(KeyError::Request)?;
    Ok(KeyAndRequest {
        key: SecretBytes::new(pair.serialize_der()),
        csr: csr.der().as_ref().into(),
    })
}

fn subject(subject: &CsrSubject) -> Result<DistinguishedName, KeyError> {
    // X.520 wants the country in this form.
    let country = PrintableString::try_from(subject.country.as_str()).map_err(KeyError::Request)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, DnValue::PrintableString(country));
    name.push(DnType::StateOrProvinceName, subject.state.as_str());
    name.push(DnType::LocalityName, subject.locality.as_str());
    name.push(DnType::OrganizationName, subject.organization.as_str());
    if let Some(unit) = &subject.unit {
        name.push(DnType::OrganizationalUnitName, unit.as_str());
    }
    name.push(DnType::CommonName, subject.common_name.as_str());
    Ok(name)
}

/// Makes a key. An RSA key takes up to seconds of one core.
///
/// # Errors
/// When the system gives no randomness.
pub fn generate(key_type: KeyType) -> Result<KeyPair, KeyError> {
    match key_type {
        KeyType::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(KeyError::Request),
        KeyType::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).map_err(KeyError::Request),
        KeyType::Rsa2048 => generate_rsa(2048),
        KeyType::Rsa3072 => generate_rsa(3072),
        KeyType::Rsa4096 => generate_rsa(4096),
    }
}

fn generate_rsa(bits: usize) -> Result<KeyPair, KeyError> {
    let key = RsaPrivateKey::new(&mut OsRng, bits).map_err(KeyError::Rsa)?;
    let der = key.to_pkcs8_der().map_err(KeyError::Encoding)?;
    let der = PrivatePkcs8KeyDer::from(der.as_bytes());
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).map_err(KeyError::Request)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateSigningRequestParams, SanType};

    use super::*;

    #[test]
    fn requests_carry_exactly_the_names_and_are_signed_by_the_key() {
        let host: np_domain::name::Hostname =
            format!("{}.customer.com", "a".repeat(63)).parse().unwrap();
        let names = [CertName::Exact(host.clone()), CertName::Wildcard(host.wildcard())];
        for key_type in [KeyType::P256, KeyType::Rsa2048] {
            let made = request(&names, key_type).unwrap();
            let parsed = CertificateSigningRequestParams::from_der(&made.csr.as_ref().into());
            let parsed = parsed.expect("a request whose signature holds");
            let wanted =
                names.each_ref().map(|n| SanType::DnsName(n.to_string().try_into().unwrap()));
            assert_eq!(parsed.params.subject_alt_names, wanted);
            assert_eq!(parsed.params.distinguished_name, DistinguishedName::new());
            assert!(KeyPair::try_from(made.key.expose()).is_ok());
        }
    }
}
