//! 1xx answers on their way to a visitor, before the answer itself: those of the origin, and the edge's early hints.
//!
//! Over HTTP/1.1 they are written between hyper's messages (`pulse`), over HTTP/2 the stream's task sends them. They may
//! be left out at any time, so none is ever waited for.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderMap, Response, StatusCode};

use crate::{proxy::headers, pulse::Pulse};

/// The most answers that wait to be sent on one HTTP/2 stream.
const WAITING_MAX: usize = 8;

/// The way to one visitor's request.
#[derive(Debug, Clone)]
pub(crate) enum Interim {
    /// HTTP/1.0 knows no 1xx answers.
    Nowhere,
    /// Into the connection.
    Http1(Arc<Pulse>),
    /// To the task of the stream.
    Http2(Arc<Mutex<Vec<Response<()>>>>),
}

impl Interim {
    /// The way to a request over HTTP/2, which [`Self::waiting`] empties.
    pub(crate) fn http2() -> Self {
        Self::Http2(Arc::default())
    }

    /// Sends an answer.
    pub(crate) fn send(&self, status: StatusCode, headers: &HeaderMap) {
        match self {
            Self::Nowhere => {}
            Self::Http1(pulse) => pulse.interim(&head(status, headers)),
            Self::Http2(waiting) => {
                let mut response = Response::new(());
                *response.status_mut() = status;
                *response.headers_mut() = headers.clone();
                headers::strip_hop_by_hop(response.headers_mut());
                let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.len() < WAITING_MAX {
                    waiting.push(response);
                }
            }
        }
    }

    /// What is to be sent on the stream.
    pub(crate) fn waiting(&self) -> Vec<Response<()>> {
        match self {
            Self::Http2(waiting) => {
                std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Self::Nowhere | Self::Http1(_) => Vec::new(),
        }
    }
}

/// Which of an origin's 1xx answers are passed on. 100 is between us and the origin, 101 ends an exchange of its own, and
/// hints are a setting of the hostname.
pub(crate) fn is_passed_on(status: StatusCode, early_hints: bool) -> bool {
    match status {
        StatusCode::CONTINUE | StatusCode::SWITCHING_PROTOCOLS => false,
        StatusCode::EARLY_HINTS => early_hints,
        _ => status.is_informational(),
    }
}

/// A head as HTTP/1.1 has it. Names and values are of types that hold neither line breaks nor what is no text.
fn head(status: StatusCode, headers: &HeaderMap) -> Vec<u8> {
    let mut line = String::new();
    let reason = status.canonical_reason().unwrap_or("Informational");
    let _ = write!(line, "HTTP/1.1 {} {reason}\r\n", status.as_u16());
    let mut bytes = line.into_bytes();
    let mut headers = headers.clone();
    headers::strip_hop_by_hop(&mut headers);
    for (name, value) in &headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn hints_are_passed_on_where_the_hostname_has_them_and_100_and_101_never() {
        for (status, early_hints, expected) in [
            (100, true, false),
            (101, true, false),
            (102, false, true),
            (103, true, true),
            (103, false, false),
            (104, false, true),
            (200, true, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_passed_on(status, early_hints), expected, "{status}");
        }
    }

    #[test]
    fn a_head_is_written_without_what_is_about_the_connection() {
        let mut headers = HeaderMap::new();
        headers.append("link", HeaderValue::from_static("</a.css>; rel=preload"));
        headers.append("connection", HeaderValue::from_static("close"));
        let written = head(StatusCode::EARLY_HINTS, &headers);
        let expected = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n";
        assert_eq!(written, expected.as_bytes());
    }
}
