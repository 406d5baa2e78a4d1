//! BoringSSL's contexts: one for each way in which hostnames' settings differ (their suites, and whether HTTP/2 is
//! offered), shared by all names that are alike. Versions, certificates and the session's partition are set on each
//! connection, which costs nothing.
//!
//! Most names have no settings of their own and use the acceptor's context itself. The others' are kept while a name in the
//! cache uses them, so that there are never more than names in the cache, whatever lists of ciphers customers think of.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use boring::{
    error::ErrorStack,
    ssl::{
        AlpnError, SslContext, SslContextBuilder, SslMethod, SslSessionCacheMode, select_next_proto,
    },
};
use boring_sys as ffi;
use np_domain::ticket_key;

use crate::tls::{
    compression::{self, Compressed},
    tickets::TicketKeys,
};

const ALPN_HTTP2: &[u8] = b"\x02h2\x08http/1.1";
const ALPN_HTTP1: &[u8] = b"\x08http/1.1";

/// How many contexts are kept track of before those that no name uses any more are forgotten.
const TRACKED_BEFORE_PRUNING: usize = 64;

/// What one context differs from another in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Style {
    /// The suites up to TLS 1.2, in order, as BoringSSL reads them.
    pub(crate) ciphers: Box<str>,
    /// Whether HTTP/2 is offered.
    pub(crate) http2: bool,
}

impl Style {
    /// Sets up a context so.
    fn apply(&self, builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        builder.set_cipher_list(&self.ciphers)?;
        // Sessions live in tickets: nothing to lock, nothing to fill up.
        builder.set_session_cache_mode(SslSessionCacheMode::OFF);
        let ours = if self.http2 { ALPN_HTTP2 } else { ALPN_HTTP1 };
        builder.set_alpn_select_callback(move |_, offered| select(ours, offered));
        Ok(())
    }
}

/// How many tickets a client of TLS 1.3 is given: browsers use each once, and open a few connections at a time.
const TICKETS: usize = 2;

/// Bounds how long a session can be resumed to what the ticket keys are made for.
#[expect(unsafe_code, reason = "boring has no call for it")]
pub(crate) fn limit_sessions(builder: &mut SslContextBuilder) {
    let seconds = u32::try_from(ticket_key::SESSION_MAX.as_secs()).unwrap_or(u32::MAX);
    // SAFETY: the context is alive, and these only store numbers.
    unsafe {
        ffi::SSL_CTX_set_timeout(builder.as_ptr(), seconds);
        ffi::SSL_CTX_set_session_psk_dhe_timeout(builder.as_ptr(), seconds);
        ffi::SSL_CTX_set_num_tickets(builder.as_ptr(), TICKETS);
    }
}

/// A client without a protocol of ours goes on without one, and then speaks HTTP/1.1.
fn select<'a>(ours: &'static [u8], offered: &'a [u8]) -> Result<&'a [u8], AlpnError> {
    select_next_proto(ours, offered).ok_or(AlpnError::NOACK)
}

/// The contexts in use.
pub(crate) struct Contexts {
    /// What the acceptor's own context is like.
    own: Style,
    tickets: Arc<TicketKeys>,
    compressed: Compressed,
    others: Mutex<HashMap<Style, Weak<SslContext>>>,
}

impl Contexts {
    pub(crate) fn new(own: Style, tickets: Arc<TicketKeys>) -> Self {
        Self { own, tickets, compressed: Compressed::default(), others: Mutex::default() }
    }

    /// Sets up the acceptor's own context.
    pub(crate) fn apply_own(&self, builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        self.apply(&self.own, builder)
    }

    fn apply(&self, style: &Style, builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
        style.apply(builder)?;
        // BoringSSL asks the acceptor's context for ticket keys, and `boring` then the connection's for the callback.
        Arc::clone(&self.tickets).install(builder);
        compression::install(builder, &self.compressed)
    }

    /// The context of this style; `None` for the acceptor's own.
    pub(crate) fn of(&self, style: Style) -> Result<Option<Arc<SslContext>>, ErrorStack> {
        if style == self.own {
            return Ok(None);
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = others.get(&style).and_then(Weak::upgrade) {
            return Ok(Some(context));
        }
        let mut builder = SslContextBuilder::new(SslMethod::tls())?;
        self.apply(&style, &mut builder)?;
        let context = Arc::new(builder.build());
        if others.len() >= TRACKED_BEFORE_PRUNING && others.len() == others.capacity() {
            others.retain(|_, context| context.strong_count() > 0);
        }
        others.insert(style, Arc::downgrade(&context));
        Ok(Some(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> Contexts {
        let clock = Arc::new(np_testkit::clock::TestClock::new());
        Contexts::new(style("AES128-SHA"), Arc::new(TicketKeys::new(clock).unwrap()))
    }

    fn style(ciphers: &str) -> Style {
        Style { ciphers: ciphers.into(), http2: true }
    }

    #[test]
    fn names_with_the_same_settings_share_a_context_and_the_defaults_need_none() {
        let contexts = contexts();
        assert!(contexts.of(style("AES128-SHA")).unwrap().is_none());
        let one = contexts.of(style("AES256-SHA")).unwrap().unwrap();
        assert!(Arc::ptr_eq(&one, &contexts.of(style("AES256-SHA")).unwrap().unwrap()));
        let http1 = Style { http2: false, ..style("AES256-SHA") };
        assert!(!Arc::ptr_eq(&one, &contexts.of(http1).unwrap().unwrap()));
    }

    #[test]
    fn contexts_that_no_name_uses_are_forgotten() {
        let contexts = contexts();
        let names = boring_names();
        let kept = contexts.of(style(&names[0])).unwrap();
        for ciphers in &names[1..] {
            contexts.of(style(ciphers)).unwrap();
        }
        let tracked = contexts.others.lock().unwrap().len();
        assert!(tracked < names.len() / 2, "{tracked} of {}", names.len());
        let again = contexts.of(style(&names[0])).unwrap().unwrap();
        assert!(Arc::ptr_eq(&kept.unwrap(), &again));
    }

    /// More lists than are tracked: every pair of suites.
    fn boring_names() -> Vec<String> {
        let suites = np_domain::tls_policy::CIPHERS;
        let pairs = suites.iter().flat_map(|a| suites.iter().map(move |b| (a, b)));
        pairs.filter(|(a, b)| a != b).map(|(a, b)| format!("{a}:{b}:AES128-SHA")).collect()
    }
}
