//! The root: its key and certificate, made at the first start and kept sealed together, and what it signs.

use hmac::{Hmac, KeyInit, Mac};
use np_domain::{
    Timestamp,
    certificate::{CertName, KeyKind, KeyType},
    name::COMMON_NAME_LENGTH_MAX,
    ports::{SecretStore, StoreError, Vault, VaultError},
    secret::SecretBytes,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, PublicKeyData, SanType,
    SerialNumber, SignatureAlgorithm,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};
use sha2::Sha256;
use thiserror::Error;
use time::Duration;
use x509_parser::parse_x509_certificate;

use super::ticket::{OrderKey, Ticket};

/// What the root is kept as.
const SECRET_NAME: &str = "local-ca/root";
/// What the root is sealed for.
const CONTEXT: &str = "local-ca-key";
/// How long the root lives.
const ROOT_LIFE: Duration = Duration::days(3650);
/// How far in the past a certificate begins, for clocks that are behind.
const BACKDATING: Duration = Duration::hours(1);
/// The shortest RSA public key in DER that has 2048 bits.
const RSA_PUBLIC_KEY_BYTES_MIN: usize = 2048 / 8;

/// Why the root cannot be used.
#[derive(Debug, Error)]
pub enum LocalCaError {
    /// Key or certificate could not be made.
    #[error("the local CA's root could not be made")]
    Make(#[source] rcgen::Error),
    /// The store failed.
    #[error("the local CA's root cannot be had from the store")]
    Store(#[from] StoreError),
    /// It was sealed with another master key.
    #[error("the local CA's root was sealed with another master key; start with that master key")]
    Sealed(#[from] VaultError),
    /// It was opened, but is no key with a certificate.
    #[error(
        "the local CA's root is damaged; remove the secret \"local-ca/root\" to make a new one"
    )]
    Damaged,
}

/// Why a request is not signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum RequestError {
    #[error("the certificate request cannot be read, or its signature is wrong")]
    Unreadable,
    #[error("the certificate request is for other names than the order")]
    Names,
    #[error("the certificate request is for another kind of key than the order")]
    KeyType,
    #[error("the certificate could not be signed")]
    Signing,
}

/// The root.
pub(super) struct Root {
    issuer: Issuer<'static, KeyPair>,
    not_after: Timestamp,
    /// The certificate in PEM.
    pub(super) pem: String,
    /// A key that follows from the root's.
    pub(super) order_key: OrderKey,
}

impl Root {
    /// The root that is kept, or a new one that is kept from now on; of two processes, both use the first one's.
    pub(super) async fn open(
        secrets: &dyn SecretStore,
        vault: &dyn Vault,
        now: Timestamp,
    ) -> Result<Self, LocalCaError> {
        let kept = match secrets.secret(SECRET_NAME).await? {
            Some(kept) => kept,
            None => {
                let made = make(now).map_err(LocalCaError::Make)?;
                secrets.keep_secret(SECRET_NAME, &vault.seal(CONTEXT, &made)).await?
            }
        };
        Self::read(&vault.open(CONTEXT, &kept)?)
    }

    /// Reads key and certificate, one PEM after the other.
    fn read(pem: &SecretBytes) -> Result<Self, LocalCaError> {
        let damaged = |_| LocalCaError::Damaged;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.expose()).map_err(damaged)?;
        let certificate = CertificateDer::from_pem_slice(pem.expose()).map_err(damaged)?;
        let order_key = order_key(key.secret_pkcs8_der());
        let key = KeyPair::try_from(&key).map_err(|_| LocalCaError::Damaged)?;
        let (_, parsed) =
            parse_x509_certificate(&certificate).map_err(|_| LocalCaError::Damaged)?;
        let not_after = parsed.validity().not_after.to_datetime();
        let issuer = Issuer::from_ca_cert_der(&certificate, key);
        let issuer = issuer.map_err(|_| LocalCaError::Damaged)?;
        Ok(Self { issuer, not_after, pem: certificate_pem(pem)?, order_key })
    }

    /// Signs the request if it is for what was ordered, and gives the chain: the leaf alone, since who trusts this CA has
    /// its root.
    pub(super) fn sign(
        &self,
        csr_der: &[u8],
        ticket: &Ticket,
        life: Duration,
        now: Timestamp,
    ) -> Result<Vec<Box<[u8]>>, RequestError> {
        let request = CertificateSigningRequestParams::from_der(&csr_der.into())
            .map_err(|_| RequestError::Unreadable)?;
        if !is_for(&request.params.subject_alt_names, &ticket.names) {
            return Err(RequestError::Names);
        }
        let algorithm = algorithm(ticket.key_type);
        let is_short = algorithm == &PKCS_RSA_SHA256
            && request.public_key.der_bytes().len() < RSA_PUBLIC_KEY_BYTES_MIN;
        if request.public_key.algorithm() != algorithm || is_short {
            return Err(RequestError::KeyType);
        }
        let not_after = self.not_after.min(ticket.not_after.unwrap_or(now + life));
        let params = leaf_params(ticket, now - BACKDATING, not_after);
        let leaf = params.and_then(|params| params.signed_by(&request.public_key, &self.issuer));
        Ok(vec![leaf.map_err(|_| RequestError::Signing)?.der().as_ref().into()])
    }
}

/// A new key and its certificate, one PEM after the other.
fn make(now: Timestamp) -> Result<SecretBytes, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    // Roots of several installations can be told apart in a list of trusted ones.
    let mark = hex::encode(rand::random::<[u8; 4]>());
    params.distinguished_name.push(DnType::CommonName, format!("Nameplate local CA {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial());
    (params.not_before, params.not_after) = (now - BACKDATING, now + ROOT_LIFE);
    let certificate = params.self_signed(&key)?;
    Ok(SecretBytes::new(format!("{}{}", key.serialize_pem(), certificate.pem()).into_bytes()))
}

fn leaf_params(
    ticket: &Ticket,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<_> = ticket.names.iter().map(ToString::to_string).collect();
    let common = names.iter().find(|name| name.len() <= COMMON_NAME_LENGTH_MAX).cloned();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    if let Some(common) = common {
        params.distinguished_name.push(DnType::CommonName, common);
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = match ticket.key_type.kind() {
        KeyKind::Ecdsa => vec![KeyUsagePurpose::DigitalSignature],
        KeyKind::Rsa => {
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
        }
    };
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(serial());
    (params.not_before, params.not_after) = (not_before, not_after);
    Ok(params)
}

/// 126 random bits below one that is set: positive, never zero, always 16 bytes.
fn serial() -> SerialNumber {
    let mut bytes: [u8; 16] = rand::random();
    bytes[0] = (bytes[0] & 0x3f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// Whether the request names what was ordered, all of it and nothing else.
fn is_for(requested: &[SanType], ordered: &[CertName]) -> bool {
    let names = requested.iter().map(|name| match name {
        SanType::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        _ => None,
    });
    let Some(mut names) = names.collect::<Option<Vec<_>>>() else { return false };
    let mut ordered: Vec<_> = ordered.iter().map(ToString::to_string).collect();
    names.sort_unstable();
    ordered.sort_unstable();
    names == ordered
}

fn algorithm(key_type: KeyType) -> &'static SignatureAlgorithm {
    match key_type {
        KeyType::P256 => &PKCS_ECDSA_P256_SHA256,
        KeyType::P384 => &PKCS_ECDSA_P384_SHA384,
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => &PKCS_RSA_SHA256,
    }
}

fn order_key(root_key: &[u8]) -> OrderKey {
    let mut mac = Hmac::<Sha256>::new_from_slice(root_key).expect("HMAC takes keys of any length");
    mac.update(b"orders of the local CA");
    mac.finalize().into_bytes().into()
}

/// The certificate's part of the two, and never the key's.
fn certificate_pem(both: &SecretBytes) -> Result<String, LocalCaError> {
    let text = std::str::from_utf8(both.expose()).map_err(|_| LocalCaError::Damaged)?;
    let start = text.find("-----BEGIN CERTIFICATE-----").ok_or(LocalCaError::Damaged)?;
    let (_, certificate) = text.split_at(start);
    match certificate.contains("PRIVATE KEY") {
        true => Err(LocalCaError::Damaged),
        false => Ok(certificate.to_owned()),
    }
}
