//! Keys in every form that operators have, all of which come out as PKCS#8.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use np_testkit::ca::{Ca, Leaf, LeafKey};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::*;

fn leaf(key: LeafKey) -> Leaf {
    Ca::root("A root").leaf(&["app.customer.com"], key)
}

fn read_with(leaf: &Leaf, pem: &str) -> Result<SecretBytes, UploadFault> {
    let der = CertificateDer::from_pem_slice(leaf.pem.as_bytes()).unwrap();
    read(&SecretBytes::new(pem.into()), &der)
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// What PKCS#8 is wrapped around.
fn inner(leaf: &Leaf) -> Vec<u8> {
    let key = PrivatePkcs8KeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
    let mut info = Reader(Reader(key.secret_pkcs8_der()).expect(SEQUENCE).unwrap());
    info.expect(INTEGER).unwrap();
    info.expect(SEQUENCE).unwrap();
    info.expect(OCTET_STRING).unwrap().to_vec()
}

/// The same key without its public half, and with the name of its curve: as `openssl ecparam -genkey` writes it.
fn bare(leaf: &Leaf, curve: &[u8]) -> Vec<u8> {
    let inner = inner(leaf);
    let mut fields = Reader(Reader(&inner).expect(SEQUENCE).unwrap());
    fields.expect(INTEGER).unwrap();
    let secret = fields.expect(OCTET_STRING).unwrap();
    let (mut oid, mut rest, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    write(&mut oid, OBJECT_IDENTIFIER, curve);
    write(&mut rest, INTEGER, &[1]);
    write(&mut rest, OCTET_STRING, secret);
    write(&mut rest, CONTEXT_0, &oid);
    write(&mut whole, SEQUENCE, &rest);
    whole
}

#[test]
fn every_usual_wrapping_gives_the_key() {
    for key in [LeafKey::P256, LeafKey::P384, LeafKey::Rsa2048, LeafKey::Rsa3072] {
        let leaf = leaf(key);
        let traditional = match key {
            LeafKey::Rsa2048 | LeafKey::Rsa3072 => "RSA PRIVATE KEY",
            _ => "EC PRIVATE KEY",
        };
        let crlf = leaf.key.replace('\n', "\r\n");
        for pem in [leaf.key.clone(), crlf, pem(traditional, &inner(&leaf))] {
            let read = read_with(&leaf, &pem).unwrap_or_else(|why| panic!("{key:?}: {why}"));
            assert!(KeyPair::try_from(read.expose()).is_ok());
        }
    }
}

#[test]
fn parameters_are_passed_over_and_a_missing_public_half_is_added() {
    for (key, curve) in [(LeafKey::P256, P256), (LeafKey::P384, P384)] {
        let leaf = leaf(key);
        let mut oid = Vec::new();
        write(&mut oid, OBJECT_IDENTIFIER, curve);
        let text = pem("EC PARAMETERS", &oid) + &pem("EC PRIVATE KEY", &bare(&leaf, curve));
        assert!(read_with(&leaf, &text).is_ok(), "{key:?}");
        let other = self::leaf(key);
        assert_eq!(read_with(&other, &text).err(), Some(UploadFault::KeyMismatch), "{key:?}");
    }
}

#[test]
fn keys_of_other_certificates_do_not_match() {
    let keys = [LeafKey::P256, LeafKey::P384, LeafKey::Rsa2048, LeafKey::Rsa3072];
    for mine in keys {
        for theirs in keys {
            let (certificate, other) = (leaf(mine), leaf(theirs));
            // The RSA keys of the test kit are always the same.
            if mine == theirs && matches!(mine, LeafKey::Rsa2048 | LeafKey::Rsa3072) {
                continue;
            }
            let read = read_with(&certificate, &other.key);
            assert_eq!(read.err(), Some(UploadFault::KeyMismatch), "{mine:?} {theirs:?}");
        }
    }
}

#[test]
fn what_is_no_key_is_unparsable_and_says_nothing_of_it() {
    let leaf = leaf(LeafKey::P256);
    let cut = |at: usize| {
        let inner = inner(&leaf);
        pem("PRIVATE KEY", inner.get(..at).unwrap_or(&inner))
    };
    let texts = [
        String::new(),
        " \n".to_owned(),
        "no key".to_owned(),
        leaf.pem.clone(),
        "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n".to_owned(),
        pem("ENCRYPTED PRIVATE KEY", b"anything"),
        pem("RSA PRIVATE KEY", b"anything"),
        pem("EC PRIVATE KEY", &[0x30, 0x82]),
        cut(0),
        cut(10),
        cut(usize::MAX),
    ];
    for text in texts {
        let refused = read_with(&leaf, &text);
        assert!(matches!(refused, Err(UploadFault::KeyUnparsable(_))), "{text:?}: {refused:?}");
        let said = refused.unwrap_err().to_string();
        assert!(!said.contains("BEGIN") && !said.contains("anything"), "{said}");
    }
}
