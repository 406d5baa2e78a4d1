//! PEM (RFC 7468): how certificates and requests are shown. Keys are never shown.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Characters of a line (RFC 7468 section 2).
const LINE: usize = 64;

/// A certificate.
pub(crate) fn certificate(der: &[u8]) -> String {
    block("CERTIFICATE", der)
}

/// A certificate signing request.
pub(crate) fn request(der: &[u8]) -> String {
    block("CERTIFICATE REQUEST", der)
}

fn block(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = next;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::{CertificateDer, pem::PemObject as _};

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 47, 48, 49, 1000] {
            let der = vec![0x55; length];
            let pem = certificate(&der);
            let read = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            assert_eq!(read.as_ref(), der);
            assert!(pem.lines().all(|line| line.len() <= LINE));
        }
    }
}
