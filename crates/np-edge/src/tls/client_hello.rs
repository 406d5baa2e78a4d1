//! What is read off a ClientHello: the name, and whether the client can check an ECDSA certificate. Pure, and total over
//! whatever bytes a client sends.

use boring::ssl::{ClientHello, ExtensionType};

use crate::tls::policy::Versions;
use np_domain::tls_policy::TlsVersion;

/// `ecdsa_secp256r1_sha256` (RFC 8446 section 4.2.3).
const ECDSA_P256_SHA256: u16 = 0x0403;
/// TLS 1.3 in `supported_versions` (RFC 8446 section 4.2.1).
const TLS_1_3: u16 = 0x0304;
/// `supported_versions` (RFC 8446 section 4.2).
const SUPPORTED_VERSIONS: u16 = 43;
/// The suites up to TLS 1.2 that are authenticated with ECDSA and that BoringSSL speaks (IANA TLS parameters).
const ECDSA_SUITES: [u16; 6] = [0xC02B, 0xC02C, 0xCCA9, 0xC023, 0xC009, 0xC00A];

/// The lists of a ClientHello that say which certificates its client can check, as on the wire.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offer<'a> {
    /// The body of `signature_algorithms`; `None` when the extension is absent.
    pub(crate) signature_algorithms: Option<&'a [u8]>,
    /// The body of `supported_versions`.
    pub(crate) supported_versions: Option<&'a [u8]>,
    /// The cipher suites.
    pub(crate) cipher_suites: &'a [u8],
}

impl<'a> Offer<'a> {
    pub(crate) fn of(hello: &'a ClientHello<'_>) -> Self {
        Self {
            signature_algorithms: hello.get_extension(ExtensionType::SIGNATURE_ALGORITHMS),
            supported_versions: hello.get_extension(ExtensionType::from(SUPPORTED_VERSIONS)),
            cipher_suites: hello.ciphers(),
        }
    }

    /// Whether a certificate with an ECDSA key on P-256 can be shown. Before TLS 1.3 the cipher suite carries the kind
    /// of key too; a client without `signature_algorithms` is older than TLS 1.2 and says it there alone.
    pub(crate) fn takes_ecdsa(&self, versions: Versions) -> bool {
        let signs = match self.signature_algorithms {
            Some(body) => {
                numbers(body.get(2..).unwrap_or_default()).any(|n| n == ECDSA_P256_SHA256)
            }
            None => true,
        };
        let speaks_1_3 = versions.max == TlsVersion::V1_3
            && self.supported_versions.is_some_and(|body| {
                numbers(body.get(1..).unwrap_or_default()).any(|n| n == TLS_1_3)
            });
        signs && (speaks_1_3 || numbers(self.cipher_suites).any(|n| ECDSA_SUITES.contains(&n)))
    }
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Versions = Versions { min: TlsVersion::V1_0, max: TlsVersion::V1_3 };
    const UP_TO_1_2: Versions = Versions { min: TlsVersion::V1_0, max: TlsVersion::V1_2 };
    const RSA_ONLY: &[u8] = &[0xC0, 0x2F];
    const WITH_ECDSA: &[u8] = &[0xC0, 0x2F, 0xC0, 0x2B];
    const SIGNS_ECDSA: Option<&[u8]> = Some(&[0, 4, 0x08, 0x04, 0x04, 0x03]);
    const SIGNS_RSA: Option<&[u8]> = Some(&[0, 2, 0x08, 0x04]);
    const WITH_1_3: Option<&[u8]> = Some(&[4, 0x03, 0x04, 0x03, 0x03]);

    #[test]
    fn ecdsa_is_shown_only_to_clients_that_can_check_it() {
        for (signature_algorithms, supported_versions, cipher_suites, versions, expected) in [
            (SIGNS_ECDSA, WITH_1_3, RSA_ONLY, ANY, true),
            (SIGNS_ECDSA, WITH_1_3, RSA_ONLY, UP_TO_1_2, false),
            (SIGNS_ECDSA, None, WITH_ECDSA, ANY, true),
            (SIGNS_ECDSA, None, RSA_ONLY, ANY, false),
            (SIGNS_RSA, WITH_1_3, WITH_ECDSA, ANY, false),
            (None, None, WITH_ECDSA, ANY, true),
            (None, None, RSA_ONLY, ANY, false),
            (Some(&[][..]), Some(&[][..]), &[0xC0][..], ANY, false),
        ] {
            let offer = Offer { signature_algorithms, supported_versions, cipher_suites };
            assert_eq!(offer.takes_ecdsa(versions), expected, "{offer:x?} {versions:?}");
        }
    }
}
