//! PUT and DELETE of one of two uploaded certificates.

use axum::{
    extract::{FromRequestParts, State},
    response::IntoResponse,
};
use http::{StatusCode, request::Parts};

use crate::{
    api::{
        Api,
        auth::{HostnameInPath, InZone, no_route, path_id},
        body::Body,
        envelope::{Deleted, Envelope, Reply},
        error::ApiError,
        wire::ssl::parse_replacement,
    },
    app::hostnames::{self, CertificatePath},
};

/// The certificate in the path.
pub(crate) struct CertificateInPath(CertificatePath);

impl FromRequestParts<Api> for CertificateInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let HostnameInPath(hostname) = HostnameInPath::from_request_parts(parts, api).await?;
        let pack = path_id(parts, "certificate_pack_id").await?.parse();
        let certificate = path_id(parts, "certificate_id").await?.parse();
        match (pack, certificate) {
            (Ok(pack), Ok(certificate)) => {
                Ok(Self(CertificatePath { hostname, pack, certificate }))
            }
            _ => Err(no_route(parts)),
        }
    }
}

pub(crate) async fn replace(
    State(api): State<Api>,
    InZone(zone): InZone,
    CertificateInPath(path): CertificateInPath,
    Body(body): Body,
) -> Reply {
    let pair = parse_replacement(&body)?;
    let record = hostnames::replace_certificate(&api.app, &zone, path, &pair).await?;
    Ok(Envelope::of(super::view(&api, &zone).render(&record)).reply(StatusCode::ACCEPTED))
}

pub(crate) async fn remove(
    State(api): State<Api>,
    InZone(zone): InZone,
    CertificateInPath(path): CertificateInPath,
) -> Reply {
    hostnames::remove_certificate(&api.app, &zone, path).await?;
    Ok(Deleted::of(path.certificate.to_string()).into_response())
}
