//! TLS towards origins.

use std::sync::OnceLock;

use boring::{
    error::ErrorStack,
    ssl::{Ssl, SslConnector, SslMethod, SslVerifyMode},
    x509::{X509, store::X509StoreBuilder},
};

use crate::upstream::Need;

/// What is offered to an origin for a request that needs HTTP/2.
const ALPN: &[u8] = b"\x02h2\x08http/1.1";

/// How TLS is spoken to origins. What zones do not ask for is not made: a system's roots take a while to read.
pub(crate) struct OriginTls {
    roots: Option<Vec<X509>>,
    verified: OnceLock<SslConnector>,
    unverified: OnceLock<SslConnector>,
}

impl OriginTls {
    /// `trusted_roots` are certificates in PEM; without them the system's count.
    ///
    /// # Errors
    /// When they are no certificates.
    pub(crate) fn new(trusted_roots: Option<&[u8]>) -> Result<Self, ErrorStack> {
        let roots = trusted_roots.map(X509::stack_from_pem).transpose()?;
        Ok(Self { roots, verified: OnceLock::new(), unverified: OnceLock::new() })
    }

    /// What a handshake for `name` begins with, which the origin's certificate must be valid for.
    ///
    /// # Errors
    /// When the name cannot be asked for.
    pub(crate) fn verified(&self, name: &str, need: Need) -> Result<Ssl, ErrorStack> {
        let connector = made(&self.verified, || self.connector(SslVerifyMode::PEER))?;
        offer(connector.configure()?.into_ssl(name)?, need)
    }

    /// What a handshake for `name` begins with, whatever the origin's certificate says.
    ///
    /// # Errors
    /// When the name cannot be asked for.
    pub(crate) fn unverified(&self, name: &str, need: Need) -> Result<Ssl, ErrorStack> {
        let connector = made(&self.unverified, || self.connector(SslVerifyMode::NONE))?;
        offer(connector.configure()?.verify_hostname(false).into_ssl(name)?, need)
    }

    fn connector(&self, verify: SslVerifyMode) -> Result<SslConnector, ErrorStack> {
        let mut builder = SslConnector::builder(SslMethod::tls())?;
        builder.set_verify(verify);
        if let Some(roots) = &self.roots {
            let mut store = X509StoreBuilder::new()?;
            for root in roots {
                store.add_cert(root.clone())?;
            }
            builder.set_cert_store_builder(store);
        }
        Ok(builder.build())
    }
}

fn made(
    place: &OnceLock<SslConnector>,
    make: impl FnOnce() -> Result<SslConnector, ErrorStack>,
) -> Result<&SslConnector, ErrorStack> {
    if let Some(connector) = place.get() {
        return Ok(connector);
    }
    let connector = make()?;
    Ok(place.get_or_init(|| connector))
}

fn offer(mut ssl: Ssl, need: Need) -> Result<Ssl, ErrorStack> {
    if need == Need::Http2 {
        ssl.set_alpn_protos(ALPN)?;
    }
    Ok(ssl)
}
