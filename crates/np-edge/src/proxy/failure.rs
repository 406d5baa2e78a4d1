//! What a client is told when the edge itself must answer, and which status that is. Pure.
//!
//! The page says what whoever sees it can do. What only the operator may know is in the log under the request's id.

use http::StatusCode;

use crate::upstream::Fault;

/// Why a request was not answered by an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The request names no host, or something that is no hostname.
    BadHost,
    /// The headers are over the limit.
    HeadersTooLarge,
    /// The request came back to the edge again and again.
    Loop,
    /// The request is for another name than the TLS connection.
    Misdirected,
    /// Nothing is served under the name: it is unknown, or its ownership is not proven.
    NotActive,
    /// Neither the hostname nor its zone has an origin.
    NoOrigin,
    /// The origin's name leads to no address.
    OriginUnresolved,
    /// All of the origin's addresses are private or reserved.
    OriginForbidden,
    /// The origin takes no connection.
    OriginUnreachable,
    /// TLS with the origin failed.
    OriginTls,
    /// The origin's answer broke off or is no HTTP.
    OriginBroken,
    /// The origin did not answer in time.
    OriginTimeout,
    /// The client's request broke off or is no HTTP.
    BadRequest,
    /// The client did not send the rest of its request in time.
    RequestTimeout,
    /// A fault of the edge.
    Internal,
}

impl Failure {
    /// All of them.
    pub(crate) const ALL: [Self; 15] = [
        Self::BadHost,
        Self::HeadersTooLarge,
        Self::Loop,
        Self::Misdirected,
        Self::NotActive,
        Self::NoOrigin,
        Self::OriginUnresolved,
        Self::OriginForbidden,
        Self::OriginUnreachable,
        Self::OriginTls,
        Self::OriginBroken,
        Self::OriginTimeout,
        Self::BadRequest,
        Self::RequestTimeout,
        Self::Internal,
    ];

    /// What an origin's fault means for the client; `None` when the client is gone and nobody is there to tell.
    pub(crate) fn of(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::Unreachable { .. } => Some(Self::OriginUnreachable),
            Fault::ConnectTimeout(_) | Fault::Silent => Some(Self::OriginTimeout),
            Fault::Tls { .. } => Some(Self::OriginTls),
            Fault::Broken(_) => Some(Self::OriginBroken),
            Fault::Client => None,
            Fault::ClientSilent => Some(Self::RequestTimeout),
        }
    }

    /// The status of the answer.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::BadHost | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Loop => StatusCode::LOOP_DETECTED,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NotActive => StatusCode::NOT_FOUND,
            Self::NoOrigin
            | Self::OriginUnresolved
            | Self::OriginForbidden
            | Self::OriginUnreachable
            | Self::OriginTls
            | Self::OriginBroken => StatusCode::BAD_GATEWAY,
            Self::OriginTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The failure's name in logs and in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::BadHost => "bad_host",
            Self::HeadersTooLarge => "headers_too_large",
            Self::Loop => "loop_detected",
            Self::Misdirected => "misdirected_request",
            Self::NotActive => "hostname_not_active",
            Self::NoOrigin => "no_origin",
            Self::OriginUnresolved => "origin_unresolved",
            Self::OriginForbidden => "origin_address_forbidden",
            Self::OriginUnreachable => "origin_unreachable",
            Self::OriginTls => "origin_tls",
            Self::OriginBroken => "origin_broken",
            Self::OriginTimeout => "origin_timeout",
            Self::BadRequest => "bad_request",
            Self::RequestTimeout => "request_timeout",
            Self::Internal => "internal",
        }
    }

    /// What a person is told.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::BadHost => "The request does not name the host that it is for.",
            Self::HeadersTooLarge => {
                "The headers of the request are too large. Clear cookies and try again."
            }
            Self::Loop => "The origin behind this hostname leads back here.",
            Self::Misdirected => "This connection was made for another hostname. Connect again.",
            Self::NotActive => "This hostname is not active here.",
            Self::NoOrigin => {
                "No origin is set for this hostname. Its provider must set a fallback origin."
            }
            Self::OriginUnresolved => {
                "The name of the origin behind this hostname leads to no address."
            }
            Self::OriginForbidden => {
                "The address of the origin behind this hostname is not allowed."
            }
            Self::OriginUnreachable => "The origin behind this hostname takes no connections.",
            Self::OriginTls => "The origin behind this hostname offers no TLS that can be trusted.",
            Self::OriginBroken => "The origin behind this hostname broke off its answer.",
            Self::OriginTimeout => "The origin behind this hostname did not answer in time.",
            Self::BadRequest => "The request could not be understood.",
            Self::RequestTimeout => "The rest of the request did not come in time.",
            Self::Internal => "The edge could not handle the request.",
        }
    }

    /// The page in the form that the client asked for.
    pub(crate) fn page(self, format: Format, request_id: &str) -> Page {
        let (status, name, sentence) = (self.status(), self.name(), self.sentence());
        let code = status.as_u16();
        match format {
            Format::Json => Page {
                content_type: "application/json",
                body: format!(
                    "{{\"error\":\"{name}\",\"status\":{code},\"message\":\"{sentence}\",\
                     \"request_id\":\"{request_id}\"}}\n"
                ),
            },
            Format::Html => Page {
                content_type: "text/html; charset=utf-8",
                body: format!(
                    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{status}</title>\
                     </head>\n<body><h1>{status}</h1>\n<p>{sentence}</p>\n\
                     <p><small>{name}, request {request_id}</small></p></body></html>\n"
                ),
            },
        }
    }
}

/// The form of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For programs.
    Json,
    /// For people.
    Html,
}

impl Format {
    /// JSON for a client that accepts it and not HTML, HTML otherwise.
    pub(crate) fn accepted(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        let accepts = |kind: &str| {
            accept.split(',').any(|range| {
                let kind_only = range.split(';').next().unwrap_or_default();
                kind_only.trim().eq_ignore_ascii_case(kind)
            })
        };
        if accepts("application/json") && !accepts("text/html") { Self::Json } else { Self::Html }
    }
}

/// A page, ready to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_those_who_accept_it_and_no_html() {
        for (accept, expected) in [
            (None, Format::Html),
            (Some("*/*"), Format::Html),
            (Some("application/json"), Format::Json),
            (Some("Application/JSON;q=0.9, */*"), Format::Json),
            (Some("text/html,application/json"), Format::Html),
        ] {
            assert_eq!(Format::accepted(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn an_origins_fault_becomes_the_failure_that_a_client_can_act_on() {
        let address = ([192, 0, 2, 7], 443).into();
        let refused = std::io::ErrorKind::ConnectionRefused.into();
        for (fault, expected) in [
            (Fault::Unreachable { address, why: refused }, Some(Failure::OriginUnreachable)),
            (Fault::ConnectTimeout(address), Some(Failure::OriginTimeout)),
            (Fault::Tls { address, why: String::new() }, Some(Failure::OriginTls)),
            (Fault::Broken(String::new()), Some(Failure::OriginBroken)),
            (Fault::Silent, Some(Failure::OriginTimeout)),
            (Fault::ClientSilent, Some(Failure::RequestTimeout)),
            (Fault::Client, None),
        ] {
            assert_eq!(Failure::of(&fault), expected, "{fault}");
        }
    }

    #[test]
    fn a_page_carries_the_name_and_the_request_id() {
        let page = Failure::OriginTimeout.page(Format::Json, "abc");
        assert_eq!(
            page.body,
            "{\"error\":\"origin_timeout\",\"status\":504,\"message\":\"The origin behind this hostname \
             did not answer in time.\",\"request_id\":\"abc\"}\n"
        );
        assert!(Failure::Misdirected.page(Format::Html, "abc").body.contains("request abc"));
    }
}
