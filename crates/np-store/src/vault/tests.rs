//! A vault opens what it sealed and nothing else, and its key file is for its owner only.

use std::os::unix::fs::PermissionsExt;

use super::*;

const CONTEXT: &str = "certificate-key";

fn secret() -> SecretBytes {
    SecretBytes::new(b"a private key".to_vec())
}

#[test]
fn what_was_sealed_opens_with_the_same_key_and_context_only() {
    let vault = FileVault::from_key(&[7; KEY_BYTES]);
    let sealed = vault.seal(CONTEXT, &secret());
    assert_eq!(vault.open(CONTEXT, &sealed), Ok(secret()));
    assert_eq!(vault.open("acme-account", &sealed), Err(VaultError));
    assert_eq!(FileVault::from_key(&[8; KEY_BYTES]).open(CONTEXT, &sealed), Err(VaultError));
    assert_ne!(vault.seal(CONTEXT, &secret()), sealed, "each seal has a nonce of its own");
}

#[test]
fn damaged_bytes_do_not_open() {
    let vault = FileVault::from_key(&[7; KEY_BYTES]);
    let sealed = vault.seal(CONTEXT, &secret());
    for position in 0..sealed.as_bytes().len() {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[position] ^= 1;
        let opened = vault.open(CONTEXT, &SealedBytes::from_vec(bytes.clone()));
        assert_eq!(opened, Err(VaultError), "byte {position} changed");
        bytes.truncate(position);
        let opened = vault.open(CONTEXT, &SealedBytes::from_vec(bytes));
        assert_eq!(opened, Err(VaultError), "cut to {position} bytes");
    }
}

#[test]
fn key_is_made_once_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    let sealed = FileVault::open_or_create(&path).unwrap().seal(CONTEXT, &secret());
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let again = FileVault::open_or_create(&path).unwrap();
    assert_eq!(again.open(CONTEXT, &sealed), Ok(secret()));
}

#[test]
fn key_file_open_to_others_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    FileVault::open_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let why = FileVault::open_or_create(&path).unwrap_err().to_string();
        assert!(why.contains(&format!("chmod 600 {}", path.display())), "{why}");
    }
}

#[test]
fn key_is_64_hex_digits_or_base64_of_32_bytes() {
    let key = [0xa5; KEY_BYTES];
    let sealed = FileVault::from_key(&key).seal(CONTEXT, &secret());
    for text in [hex::encode(key), format!(" {}\n", STANDARD.encode(key))] {
        let vault = FileVault::from_text("NAMEPLATE_MASTER_KEY", &text).unwrap();
        assert_eq!(vault.open(CONTEXT, &sealed), Ok(secret()));
    }
    for text in ["", "secret", &hex::encode([1; 16]), &hex::encode([1; 33])] {
        let why = FileVault::from_text("NAMEPLATE_MASTER_KEY", text).unwrap_err().to_string();
        assert!(why.starts_with("NAMEPLATE_MASTER_KEY holds no master key"), "{why}");
        assert!(text.is_empty() || !why.contains(text), "the text must not be shown: {why}");
    }
}

#[test]
fn debug_shows_no_key() {
    let vault = FileVault::from_key(&[7; KEY_BYTES]);
    assert_eq!(format!("{vault:?}"), "FileVault");
}
