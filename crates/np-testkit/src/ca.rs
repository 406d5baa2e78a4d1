//! Certificates to upload: roots, intermediates and leaves with every key that is served, and with some that are not.
//!
//! The RSA keys are fixed, because to find one takes long; they protect nothing.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
};
use time::{Duration, OffsetDateTime};

use crate::clock::TestClock;

/// A CA of a test.
pub struct Ca {
    params: CertificateParams,
    key: KeyPair,
    /// Its certificate in PEM.
    pub pem: String,
}

/// The key of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafKey {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA with 2048 bits, always the same one.
    Rsa2048,
    /// RSA with 3072 bits, always the same one.
    Rsa3072,
    /// Ed25519, which browsers do not take.
    Ed25519,
}

/// A leaf with its key.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The certificate in PEM.
    pub pem: String,
    /// The private key in PKCS#8 in PEM.
    pub key: String,
}

impl Ca {
    /// A root of this name.
    pub fn root(name: &str) -> Self {
        let key = LeafKey::P256.pair();
        let params = ca_params(name);
        let pem = params.self_signed(&key).expect("a root").pem();
        Self { params, key, pem }
    }

    /// A root that signs with SHA-384.
    pub fn root_p384(name: &str) -> Self {
        let key = LeafKey::P384.pair();
        let params = ca_params(name);
        let pem = params.self_signed(&key).expect("a root").pem();
        Self { params, key, pem }
    }

    /// A root that signs in a way that browsers do not check.
    pub fn root_ed25519(name: &str) -> Self {
        let key = LeafKey::Ed25519.pair();
        let params = ca_params(name);
        let pem = params.self_signed(&key).expect("a root").pem();
        Self { params, key, pem }
    }

    /// A CA below this one.
    pub fn intermediate(&self, name: &str) -> Self {
        let key = LeafKey::P256.pair();
        let params = ca_params(name);
        let pem = params.signed_by(&key, &self.issuer()).expect("an intermediate").pem();
        Self { params, key, pem }
    }

    /// A certificate in PEM that says of this CA what its own says, signed by another one.
    pub fn cross_signed_by(&self, other: &Self) -> String {
        self.params.signed_by(&self.key, &other.issuer()).expect("a cross certificate").pem()
    }

    /// A leaf that is in force from a day before [`TestClock::START`] for 90 days.
    pub fn leaf(&self, names: &[&str], key: LeafKey) -> Leaf {
        let from = TestClock::START - Duration::DAY;
        self.leaf_between(names, key, from, from + Duration::days(90))
    }

    /// A leaf with these dates.
    pub fn leaf_between(
        &self,
        names: &[&str],
        key: LeafKey,
        from: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Leaf {
        let pair = key.pair();
        let params = leaf_params(names, from, until);
        let pem = params.signed_by(&pair, &self.issuer()).expect("a leaf").pem();
        Leaf { pem, key: pair.serialize_pem() }
    }

    /// Signs a request, as a CA would that was paid for it.
    pub fn sign(&self, request_pem: &str) -> String {
        let mut request =
            CertificateSigningRequestParams::from_pem(request_pem).expect("a good request");
        request.params.not_before = TestClock::START - Duration::DAY;
        request.params.not_after = TestClock::START + Duration::days(89);
        request.signed_by(&self.issuer()).expect("a leaf").pem()
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }
}

/// A leaf that vouches for itself.
pub fn self_signed(names: &[&str]) -> Leaf {
    let pair = LeafKey::P256.pair();
    let from = TestClock::START - Duration::DAY;
    let params = leaf_params(names, from, from + Duration::days(90));
    let pem = params.self_signed(&pair).expect("a leaf").pem();
    Leaf { pem, key: pair.serialize_pem() }
}

impl LeafKey {
    fn pair(self) -> KeyPair {
        let pair = match self {
            Self::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
            Self::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
            Self::Rsa2048 => KeyPair::from_pem(include_str!("ca/rsa2048.pem")),
            Self::Rsa3072 => KeyPair::from_pem(include_str!("ca/rsa3072.pem")),
        };
        pair.expect("a key")
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(names: &[&str], from: OffsetDateTime, until: OffsetDateTime) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("DNS names");
    (params.not_before, params.not_after) = (from, until);
    params
}
