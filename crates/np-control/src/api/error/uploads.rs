//! What became of uploaded certificates (behaviour.md 1.5, 4.3).

use np_domain::certificate::upload::UploadFault;

use super::{ApiError, Problem};
use crate::app::hostnames::{CertificateError, Place, UploadError};

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Fault { place, fault } => upload_fault(&fault).at(place_of(place, &fault)),
            UploadError::CsrUnknown => Self::of(Problem::CsrNotFound).at("/ssl/custom_csr_id"),
            UploadError::Vault(_) => {
                Self { cause: Some(Box::new(error)), ..Self::of(Problem::Internal) }
            }
            UploadError::Store(error) => error.into(),
        }
    }
}

/// What is wrong with an uploaded certificate or its key.
fn upload_fault(fault: &UploadFault) -> ApiError {
    let detail = || format!("Here {fault}.");
    match fault {
        UploadFault::Empty => ApiError::of(Problem::CertificateEmpty),
        UploadFault::Unparsable(_) => {
            ApiError::of(Problem::CertificateUnparsable).because(detail())
        }
        UploadFault::SeveralLeaves(_) => ApiError::of(Problem::SeveralLeaves)
            .because("Send one certificate with its chain; a second one belongs in custom_cert_bundle."),
        UploadFault::NoLeaf => ApiError::of(Problem::NoLeaf)
            .because("Send the certificate that was issued for the hostname, too."),
        UploadFault::KeyUnparsable(_) => ApiError::of(Problem::KeyUnparsable).because(detail()),
        UploadFault::KeyMismatch => ApiError::of(Problem::KeyMismatch),
        UploadFault::KeyType | UploadFault::TwoOfAKind(_) => {
            ApiError::of(Problem::SslInvalid).because(detail())
        }
        UploadFault::Signature(_) => {
            ApiError::of(Problem::SignatureAlgorithm).because(detail())
        }
        UploadFault::NameMissing(name) => {
            ApiError::of(Problem::NameNotCovered).because(name.to_string())
        }
        UploadFault::NotInForce { .. } | UploadFault::Unbundled(_) => {
            ApiError::of(Problem::Bundling).because(detail())
        }
        UploadFault::SelfSigned => ApiError::of(Problem::Bundling).because(
            "Here the certificate is self-signed: browsers trust it nowhere; the bundle method `force` takes it all the same.",
        ),
    }
}

/// The pointer to what is at fault.
fn place_of(place: Place, fault: &UploadFault) -> String {
    let field = match fault {
        UploadFault::KeyUnparsable(_) | UploadFault::KeyMismatch => "custom_key",
        _ => "custom_certificate",
    };
    match (place, fault) {
        (Place::Single, _) => format!("/ssl/{field}"),
        (Place::InBundle(index), _) => format!("/ssl/custom_cert_bundle/{index}/{field}"),
        (Place::Replacement, _) => format!("/{field}"),
        (Place::Before, UploadFault::NameMissing(_)) => "/ssl/wildcard".to_owned(),
        (Place::Before, _) => "/ssl/bundle_method".to_owned(),
    }
}

/// What is wrong with a certificate that was to be analyzed.
pub(crate) fn of_analysis(fault: &UploadFault) -> ApiError {
    upload_fault(fault).at("/certificate")
}

impl From<CertificateError> for ApiError {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Find(error) => error.into(),
            CertificateError::Unknown => Self::of(Problem::CertificateNotFound),
            CertificateError::Managed => Self::of(Problem::SslInvalid).because(
                "The certificate was obtained from a certificate authority and renews itself; PATCH the custom hostname to upload one.",
            ),
            CertificateError::Last => Self::of(Problem::SslInvalid).because(
                "The last certificate of a pack cannot be deleted; replace it, PATCH the custom hostname to another one, or delete the hostname.",
            ),
            CertificateError::OtherKind(kinds) => Self::of(Problem::SslInvalid)
                .at("/custom_certificate")
                .because(format!(
                    "A certificate with an {} key can be replaced only by one of the same kind; this one has an {} key.",
                    kinds.old, kinds.new
                )),
            CertificateError::Upload(error) => error.into(),
        }
    }
}
