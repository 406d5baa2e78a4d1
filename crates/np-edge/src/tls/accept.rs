//! The handshake with a client: the name is looked up in BoringSSL's select-certificate callback, the hostname's
//! credentials are taken over, and what was found stays with the connection for its requests.
//!
//! A refusal is counted by its reason and logged sparingly: whoever sends a million unknown names fills no disk.

use std::{
    cell::Cell,
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use boring::{
    error::ErrorStack,
    ex_data::Index,
    ssl::{
        ClientHello, NameType, SniError, Ssl, SslAcceptor, SslAlert, SslMethod, SslOptions, SslRef,
    },
};
use np_domain::ports::Clock;
use tokio::net::TcpStream;

use crate::{
    metrics::{HandshakeOutcome, Metrics},
    proxy::client::Handshake,
    settings::TlsDefaults,
    sparing::Sparing,
    stream::{HandshakeError, Stream},
    table::{Found, Prefer, Table, lookup_name},
    tls::{contexts::limit_sessions, pace::Pace},
};

/// The most refused handshakes logged in a second.
const REFUSALS_LOGGED_PER_SECOND: u32 = 10;

/// HTTP/2 in ALPN (RFC 9113 section 3.2).
const HTTP2: &[u8] = b"h2";
/// How keys are agreed on, the best first: the first withstands quantum computers.
const GROUPS: &str = "X25519MLKEM768:X25519:P-256:P-384";

/// Where a connection's [`TlsClient`] stands in its `SSL`. Only a lack of memory keeps it from being made.
static TLS_CLIENT: LazyLock<Option<Index<Ssl, Arc<TlsClient>>>> =
    LazyLock::new(|| Ssl::new_ex_index().ok());

tokio::task_local! {
    /// Why the callback refused the handshake of this task. BoringSSL's own error would not say it.
    static REFUSAL: Cell<HandshakeOutcome>;
}

/// What a TLS connection was made for.
#[derive(Debug)]
pub(crate) struct TlsClient {
    /// The name that the client asked for, lower case.
    pub(crate) name: Box<str>,
    /// What that name was when the client asked.
    pub(crate) found: Found,
}

/// Makes TLS connections out of TCP ones.
pub(crate) struct Acceptor {
    ssl: SslAcceptor,
    timeout: Duration,
    pace: Pace,
    metrics: Metrics,
    log: Sparing,
}

/// What an acceptor is made of.
pub(crate) struct AcceptorDeps {
    /// What is served.
    pub(crate) table: Arc<Table>,
    /// Says which certificates are past their end.
    pub(crate) clock: Arc<dyn Clock>,
    /// What the operator has set.
    pub(crate) settings: TlsDefaults,
    /// Where to count.
    pub(crate) metrics: Metrics,
}

impl Acceptor {
    /// # Errors
    /// When BoringSSL has no memory for a context.
    pub(crate) fn new(deps: AcceptorDeps) -> Result<Self, ErrorStack> {
        let AcceptorDeps { table, clock, settings, metrics } = deps;
        let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())?;
        // Versions are each hostname's own; the acceptor has no certificate, so that nothing can be served without one.
        builder.clear_options(SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
        builder.set_min_proto_version(None)?;
        // A hostname's ciphers are an ordered list, and the order is its own.
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
        builder.set_curves_list(GROUPS)?;
        table.contexts().apply_own(&mut builder)?;
        limit_sessions(&mut builder);
        let counted = metrics.clone();
        builder.set_select_certificate_callback(move |hello| {
            if let Err(outcome) = select(&table, clock.as_ref(), &counted, hello) {
                // Outside of a task of ours nobody asks for the reason.
                let _ = REFUSAL.try_with(|refusal| refusal.set(outcome));
            }
            Ok(())
        });
        builder.set_servername_callback(|ssl, alert| match tls_client(ssl) {
            Some(_) => Ok(()),
            None => {
                *alert = SslAlert::UNRECOGNIZED_NAME;
                Err(SniError::ALERT_FATAL)
            }
        });
        let log = Sparing::per_second(REFUSALS_LOGGED_PER_SECOND);
        let pace = Pace::new(settings.handshakes_per_source_max);
        let timeout = settings.handshake_timeout;
        Ok(Self { ssl: builder.build(), timeout, pace, metrics, log })
    }

    /// Whether `source` may begin a handshake now. Who may not is counted, and costs no more than its TCP connection.
    pub(crate) fn admits(&self, source: IpAddr) -> bool {
        let allowed = self.pace.allows(source);
        if !allowed {
            self.metrics.handshake(HandshakeOutcome::TooMany);
            if tracing::enabled!(tracing::Level::DEBUG) && self.log.allows() {
                tracing::debug!(%source, "tls.too_many_handshakes");
            }
        }
        allowed
    }

    /// Shakes hands; `None` when that came to nothing.
    pub(crate) async fn accept(&self, tcp: TcpStream) -> Option<(Stream, Handshake)> {
        let handshake = REFUSAL.scope(Cell::new(HandshakeOutcome::Failed), async {
            let stream = self.shake(tcp).await;
            stream.map_err(|error| (REFUSAL.with(Cell::get), error))
        });
        match tokio::time::timeout(self.timeout, handshake).await {
            Ok(Ok(accepted)) => {
                self.metrics.handshake(HandshakeOutcome::Ok);
                Some(accepted)
            }
            Ok(Err((outcome, error))) => {
                self.metrics.handshake(outcome);
                if tracing::enabled!(tracing::Level::DEBUG) && self.log.allows() {
                    tracing::debug!(?outcome, %error, "tls.handshake_refused");
                }
                None
            }
            Err(_) => {
                self.metrics.handshake(HandshakeOutcome::TimedOut);
                None
            }
        }
    }

    async fn shake(&self, tcp: TcpStream) -> Result<(Stream, Handshake), HandshakeError> {
        let stream = Stream::accept(Ssl::new(self.ssl.context())?, tcp).await?;
        let ssl = stream.ssl().ok_or_else(HandshakeError::internal)?;
        if ssl.session_reused() {
            self.metrics.resumptions.inc();
        }
        let handshake = Handshake {
            client: tls_client(ssl).cloned().ok_or_else(HandshakeError::internal)?,
            http2: ssl.selected_alpn_protocol() == Some(HTTP2),
            version: ssl.version_str(),
        };
        Ok((stream, handshake))
    }
}

/// Finds what the client asks for and makes the handshake use it.
fn select(
    table: &Table,
    clock: &dyn Clock,
    metrics: &Metrics,
    mut hello: ClientHello<'_>,
) -> Result<(), HandshakeOutcome> {
    let name = hello.servername(NameType::HOST_NAME).ok_or(HandshakeOutcome::NoSni)?;
    let name = lookup_name(name).ok_or(HandshakeOutcome::UnknownSni)?;
    let found = table.find(&name, Prefer::Certificate);
    let found = found.map_err(|_| HandshakeOutcome::Unreadable)?;
    let found = found.ok_or(HandshakeOutcome::UnknownSni)?;
    let client = Arc::new(TlsClient { name: name.into(), found });
    let credentials = client.found.credentials().ok_or(HandshakeOutcome::NoCertificate)?;
    let now = clock.now();
    if credentials.are_all_past(now) {
        metrics.expired_served.inc();
    }
    let ssl = hello.ssl_mut();
    let installed = credentials.install(ssl, &client.name, now);
    installed.map_err(|_| HandshakeOutcome::Failed)?;
    let index = (*TLS_CLIENT).ok_or(HandshakeOutcome::Failed)?;
    ssl.replace_ex_data(index, client);
    Ok(())
}

fn tls_client(ssl: &SslRef) -> Option<&Arc<TlsClient>> {
    ssl.ex_data((*TLS_CLIENT)?)
}
