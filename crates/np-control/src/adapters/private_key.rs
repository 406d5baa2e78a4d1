//! Reads an uploaded private key in any of its usual wrappings and gives it in the one that edges read: PKCS#8 in DER,
//! an ECDSA key with its public half in it.
//!
//! PEM labels say the wrapping: `PRIVATE KEY` (PKCS#8, RFC 5958), `RSA PRIVATE KEY` (PKCS#1, RFC 8017) and
//! `EC PRIVATE KEY` (SEC 1, RFC 5915). Other blocks, `EC PARAMETERS` above all, are passed over. Whether a key belongs to
//! a certificate is decided by ring, which checks that the two halves of the key belong together.

mod der;

use np_domain::{certificate::upload::UploadFault, secret::SecretBytes, text::Explanation};
use rcgen::{KeyPair, PublicKeyData as _};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject as _};
use x509_parser::{parse_x509_certificate, x509::SubjectPublicKeyInfo};
use zeroize::Zeroize as _;

use der::{
    BIT_STRING, CONTEXT_0, CONTEXT_1, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE,
    write,
};

/// `rsaEncryption` with its parameter NULL (RFC 8017 appendix A.1), as the content of an `AlgorithmIdentifier`.
const RSA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
/// The content of `id-ecPublicKey` (RFC 5480).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// The contents of the curves' identifiers (RFC 5480).
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];

/// The key in `pem`, in PKCS#8 in DER, if it belongs to the certificate `leaf` (DER).
///
/// # Errors
/// [`UploadFault::KeyUnparsable`], [`UploadFault::KeyType`] or [`UploadFault::KeyMismatch`].
pub fn read(pem: &SecretBytes, leaf: &[u8]) -> Result<SecretBytes, UploadFault> {
    let (_, certificate) = parse_x509_certificate(leaf).map_err(|_| {
        UploadFault::Unparsable(Explanation::new("the leaf is no X.509 certificate"))
    })?;
    read_for(pem, certificate.public_key())
}

fn read_for(
    pem: &SecretBytes,
    public: &SubjectPublicKeyInfo<'_>,
) -> Result<SecretBytes, UploadFault> {
    let text = pem.expose();
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(unparsable("it is empty"));
    }
    if contains(text, b"ENCRYPTED") {
        return Err(unparsable("it is encrypted; upload it without a passphrase"));
    }
    let mut key = PrivateKeyDer::from_pem_slice(text)
        .map_err(|_| unparsable("there is no block `PRIVATE KEY` in PEM"))?;
    let wrapped = match &key {
        PrivateKeyDer::Pkcs8(key) => pkcs8(key.secret_pkcs8_der(), public),
        PrivateKeyDer::Pkcs1(key) => Ok(of_rsa(key.secret_pkcs1_der())),
        PrivateKeyDer::Sec1(key) => of_sec1(key.secret_sec1_der(), None, public),
        _ => Err(unparsable("its format is not known; use PKCS#8")),
    };
    key.zeroize();
    let wrapped = wrapped?;
    match_up(&wrapped, public)?;
    Ok(wrapped)
}

/// Whether the private key belongs to the public one.
fn match_up(key: &SecretBytes, public: &SubjectPublicKeyInfo<'_>) -> Result<(), UploadFault> {
    let pair = KeyPair::try_from(key.expose()).map_err(|_| {
        unparsable("it is no RSA key of 2048 to 4096 bits and no key on P-256 or P-384")
    })?;
    match pair.der_bytes() == public.subject_public_key.data.as_ref() {
        true => Ok(()),
        false => Err(UploadFault::KeyMismatch),
    }
}

/// PKCS#8 with an RSA key stays as it is; one on a curve gets its public half.
fn pkcs8(key: &[u8], public: &SubjectPublicKeyInfo<'_>) -> Result<SecretBytes, UploadFault> {
    let broken = || unparsable("it is no PKCS#8 key");
    let mut info = Reader(Reader(key).expect(SEQUENCE).ok_or_else(broken)?);
    info.expect(INTEGER).ok_or_else(broken)?;
    let mut algorithm = Reader(info.expect(SEQUENCE).ok_or_else(broken)?);
    let identifier = algorithm.expect(OBJECT_IDENTIFIER).ok_or_else(broken)?;
    let inner = info.expect(OCTET_STRING).ok_or_else(broken)?;
    match identifier {
        EC_PUBLIC_KEY => {
            let curve = algorithm.expect(OBJECT_IDENTIFIER).ok_or(UploadFault::KeyType)?;
            of_sec1(inner, Some(curve), public)
        }
        // Version and attributes are dropped: ring reads version 0 only.
        _ if algorithm_of_rsa(identifier) => Ok(of_rsa(inner)),
        _ => Err(UploadFault::KeyType),
    }
}

fn algorithm_of_rsa(identifier: &[u8]) -> bool {
    RSA.get(2..11) == Some(identifier)
}

/// PKCS#8 around an `RSAPrivateKey`.
fn of_rsa(key: &[u8]) -> SecretBytes {
    wrap(RSA, key)
}

/// PKCS#8 around an `ECPrivateKey`, which is written anew: without parameters, which stand outside, and with the public
/// key, which some programs leave out. One that has another public key than the certificate is another key.
fn of_sec1(
    key: &[u8],
    curve: Option<&[u8]>,
    public: &SubjectPublicKeyInfo<'_>,
) -> Result<SecretBytes, UploadFault> {
    let broken = || unparsable("it is no ECDSA key");
    let mut fields = Reader(Reader(key).expect(SEQUENCE).ok_or_else(broken)?);
    fields.expect(INTEGER).ok_or_else(broken)?;
    let secret = fields.expect(OCTET_STRING).ok_or_else(broken)?;
    let named = fields.optional(CONTEXT_0).map(|oid| Reader(oid).expect(OBJECT_IDENTIFIER));
    let own = fields.optional(CONTEXT_1).and_then(|bits| Reader(bits).expect(BIT_STRING));
    let curve = curve.or(named.flatten()).map_or_else(|| curve_of(secret.len()), Some);
    let (curve, size) = match curve {
        Some(P256) => (P256, 32),
        Some(P384) => (P384, 48),
        _ => return Err(UploadFault::KeyType),
    };
    let theirs = public.subject_public_key.data.as_ref();
    // The first byte of a BIT STRING counts unused bits.
    let own = own.and_then(|bits| bits.get(1..));
    if own.is_some_and(|own| own != theirs) || theirs.len() != 1 + 2 * size {
        return Err(UploadFault::KeyMismatch);
    }
    let key = ec_private_key(secret, size, theirs).ok_or_else(broken)?;
    let mut algorithm = Vec::new();
    write(&mut algorithm, OBJECT_IDENTIFIER, EC_PUBLIC_KEY);
    write(&mut algorithm, OBJECT_IDENTIFIER, curve);
    let wrapped = wrap(&algorithm, key.expose());
    // The halves do not belong together: with a public key of its own, such a key is broken; with ours, another one.
    match (KeyPair::try_from(wrapped.expose()), own) {
        (Ok(_), _) => Ok(wrapped),
        (Err(_), None) => Err(UploadFault::KeyMismatch),
        (Err(_), Some(_)) => Err(broken()),
    }
}

fn curve_of(size: usize) -> Option<&'static [u8]> {
    match size {
        32 => Some(P256),
        48 => Some(P384),
        _ => None,
    }
}

/// An `ECPrivateKey` with a secret of just `size` bytes; `None` when it is longer.
fn ec_private_key(secret: &[u8], size: usize, public: &[u8]) -> Option<SecretBytes> {
    let digits = secret.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &secret[at..]);
    let mut padded = vec![0; size.checked_sub(digits.len())?];
    padded.extend(digits);
    let mut bits = vec![0];
    bits.extend(public);
    let (mut public, mut fields, mut whole) = (Vec::new(), roomy(), roomy());
    write(&mut public, BIT_STRING, &bits);
    write(&mut fields, INTEGER, &[1]);
    write(&mut fields, OCTET_STRING, &padded);
    write(&mut fields, CONTEXT_1, &public);
    write(&mut whole, SEQUENCE, &fields);
    padded.zeroize();
    fields.zeroize();
    Some(SecretBytes::new(whole))
}

/// A `PrivateKeyInfo` of version 0 around a key.
fn wrap(algorithm: &[u8], key: &[u8]) -> SecretBytes {
    let (mut fields, mut whole) = (roomy(), roomy());
    write(&mut fields, INTEGER, &[0]);
    write(&mut fields, SEQUENCE, algorithm);
    write(&mut fields, OCTET_STRING, key);
    write(&mut whole, SEQUENCE, &fields);
    fields.zeroize();
    SecretBytes::new(whole)
}

/// Room for any key that is taken, so that growing leaves no copy behind.
fn roomy() -> Vec<u8> {
    Vec::with_capacity(8 * 1024)
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

fn unparsable(why: &str) -> UploadFault {
    UploadFault::KeyUnparsable(Explanation::new(why))
}

#[cfg(test)]
mod tests;
