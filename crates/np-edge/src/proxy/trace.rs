//! Tracing ids (W3C Trace Context): a client's are passed on, a request without them begins a trace. Pure.

use http::{HeaderMap, HeaderName, HeaderValue};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// `00-<32 digits>-<16 digits>-<2 digits>`
const LENGTH: usize = 55;
/// Digits of a trace's id and of a span's.
const TRACE_DIGITS: usize = 32;
const SPAN_DIGITS: usize = 16;

/// Leaves a valid `traceparent` as it is; else puts one there that begins a trace of the id `fresh`, which is not sampled.
/// A client's `tracestate` means nothing without its parent.
pub(crate) fn pass_on(headers: &mut HeaderMap, fresh: &[u8]) {
    let sent = headers.get_all(TRACEPARENT).iter().collect::<Vec<_>>();
    if matches!(sent[..], [parent] if is_valid(parent.as_bytes())) {
        return;
    }
    headers.remove(TRACEPARENT);
    headers.remove(TRACESTATE);
    if !is_id(fresh, TRACE_DIGITS) {
        return;
    }
    let span = &fresh[TRACE_DIGITS - SPAN_DIGITS..];
    let parent = [b"00-", fresh, b"-", span, b"-00"].concat();
    if let Ok(parent) = HeaderValue::from_maybe_shared(bytes::Bytes::from(parent)) {
        headers.insert(TRACEPARENT, parent);
    }
}

fn is_valid(parent: &[u8]) -> bool {
    let mut parts = parent.split(|byte| *byte == b'-');
    let (version, trace, span, flags) = (parts.next(), parts.next(), parts.next(), parts.next());
    let digits = |part: Option<&[u8]>, length| {
        part.is_some_and(|part| part.len() == length && part.iter().all(is_digit))
    };
    let known = version == Some(b"00") && parent.len() == LENGTH;
    let later = digits(version, 2) && version != Some(b"ff") && parent.len() >= LENGTH;
    (known || (version != Some(b"00") && later))
        && trace.is_some_and(|trace| is_id(trace, TRACE_DIGITS))
        && span.is_some_and(|span| is_id(span, SPAN_DIGITS))
        && digits(flags, 2)
}

fn is_id(id: &[u8], length: usize) -> bool {
    id.len() == length && id.iter().all(is_digit) && id.iter().any(|digit| *digit != b'0')
}

fn is_digit(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: &str = "0123456789abcdef0123456789abcdef";
    const BEGUN: &str = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00";
    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_parent_is_passed_on_and_anything_else_begins_a_trace() {
        for (sent, fresh, expected) in [
            (&[SENT][..], FRESH, Some(SENT)),
            (&[], FRESH, Some(BEGUN)),
            (&[SENT, SENT], FRESH, Some(BEGUN)),
            (&["00-00000000000000000000000000000000-00f067aa0ba902b7-01"], FRESH, Some(BEGUN)),
            (&["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], FRESH, Some(BEGUN)),
            (&["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"], FRESH, Some(BEGUN)),
            (&["00-short"], "a client's own request id", None),
        ] {
            let mut headers = HeaderMap::new();
            for parent in sent {
                headers.append(TRACEPARENT, HeaderValue::from_static(parent));
            }
            headers.append(TRACESTATE, HeaderValue::from_static("a=b"));
            pass_on(&mut headers, fresh.as_bytes());
            let parent = headers.get(TRACEPARENT).map(|value| value.to_str().unwrap());
            assert_eq!(parent, expected, "{sent:?}");
            assert_eq!(headers.contains_key(TRACESTATE), sent == [SENT], "{sent:?}");
        }
    }
}
