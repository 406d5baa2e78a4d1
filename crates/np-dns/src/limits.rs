//! The bounds that no operator has a reason to change. Those that one may change are in [`crate::DnsSettings`].

/// CNAMEs followed for one question. A longer chain is answered as far as it was followed; resolvers go on from there.
pub(crate) const CNAME_DEPTH_MAX: usize = 8;

/// Records in the additional section of a query: OPT, and one signature (TSIG or SIG(0)), which is not looked at.
pub(crate) const QUERY_ADDITIONALS_MAX: u16 = 2;

/// What any resolver takes over UDP without asking for more (RFC 1035 section 2.3.4).
pub(crate) const UDP_REPLY_BYTES_MIN: u16 = 512;

/// A message over TCP has its length in two bytes (RFC 1035 section 4.2.2).
pub(crate) const TCP_REPLY_BYTES_MAX: u16 = u16::MAX;

/// One string within a TXT record (RFC 1035 section 3.3.14): longer texts are cut into several.
pub(crate) const TXT_STRING_BYTES_MAX: usize = 255;
