//! Requests that are malformed, and those that are not: RFC 9113, section 8.

use super::{
    HOST, PROTOCOL,
    Want::{Answer, StreamError},
    case, check, get, request,
};
use crate::raw::{DATA, END_HEADERS, END_STREAM, HEADERS, frame, headers};

const WHOLE: u8 = END_HEADERS | END_STREAM;
const METHOD: (&str, &str) = (":method", "GET");
const SCHEME: (&str, &str) = (":scheme", "https");
const PATH: (&str, &str) = (":path", "/");
const AUTHORITY: (&str, &str) = (":authority", HOST);

#[tokio::test]
async fn what_is_no_request_is_a_stream_error() {
    let malformed = |what: &'static str, fields: &[(&str, &str)]| {
        case("8", what, [frame(HEADERS, WHOLE, 1, &headers(fields))], StreamError(1, &[PROTOCOL]))
    };
    let with = |what: &'static str, more: &[(&str, &str)]| {
        case(
            "8",
            what,
            [frame(HEADERS, WHOLE, 1, &request("GET", more))],
            StreamError(1, &[PROTOCOL]),
        )
    };
    let post = |length: &str| {
        frame(HEADERS, END_HEADERS, 1, &request("POST", &[("content-length", length)]))
    };
    check(vec![
        with("a field in capitals", &[("X-Test", "ok")]),
        with("a field with a space", &[("x test", "ok")]),
        with("a field with a colon", &[("x:test", "ok")]),
        with("a value with a line's end", &[("x-test", "a\r\nb")]),
        with("a value with nothing in a byte", &[("x-test", "a\0b")]),
        with("an unknown pseudo-field", &[(":test", "ok")]),
        malformed(
            "an unknown pseudo-field among others",
            &[METHOD, (":test", "ok"), SCHEME, PATH, AUTHORITY],
        ),
        malformed(
            "a response's pseudo-field",
            &[METHOD, SCHEME, PATH, AUTHORITY, (":status", "200")],
        ),
        malformed(
            "a pseudo-field after a field",
            &[METHOD, SCHEME, PATH, ("x-test", "ok"), AUTHORITY],
        ),
        with("Connection", &[("connection", "keep-alive")]),
        with("Keep-Alive", &[("keep-alive", "timeout=5")]),
        with("Proxy-Connection", &[("proxy-connection", "keep-alive")]),
        with("Upgrade", &[("upgrade", "h2c")]),
        with("Transfer-Encoding", &[("transfer-encoding", "chunked")]),
        with("TE with more than trailers", &[("te", "trailers, deflate")]),
        malformed("an empty path", &[METHOD, SCHEME, (":path", ""), AUTHORITY]),
        malformed("no method", &[SCHEME, PATH, AUTHORITY]),
        malformed("no scheme", &[METHOD, PATH, AUTHORITY]),
        malformed("no path", &[METHOD, SCHEME, AUTHORITY]),
        malformed("two methods", &[METHOD, METHOD, SCHEME, PATH, AUTHORITY]),
        malformed("two schemes", &[METHOD, SCHEME, SCHEME, PATH, AUTHORITY]),
        malformed("two paths", &[METHOD, SCHEME, PATH, PATH, AUTHORITY]),
        malformed("two authorities", &[METHOD, SCHEME, PATH, AUTHORITY, AUTHORITY]),
        malformed("neither authority nor Host", &[METHOD, SCHEME, PATH]),
        case(
            "8.1",
            "a second head without an end",
            [
                frame(HEADERS, END_HEADERS, 1, &request("POST", &[])),
                frame(HEADERS, END_HEADERS, 1, &headers(&[("x", "y")])),
            ],
            StreamError(1, &[PROTOCOL]),
        ),
        case(
            "8.1.1",
            "less than Content-Length",
            [post("5"), frame(DATA, END_STREAM, 1, b"four")],
            StreamError(1, &[PROTOCOL]),
        ),
        case(
            "8.1.1",
            "more than Content-Length",
            [post("3"), frame(DATA, END_STREAM, 1, b"four")],
            StreamError(1, &[PROTOCOL]),
        ),
        case(
            "8.1.1",
            "more than Content-Length in two parts",
            [post("5"), frame(DATA, 0, 1, b"four"), frame(DATA, END_STREAM, 1, b"four")],
            StreamError(1, &[PROTOCOL]),
        ),
        case(
            "8.1.1",
            "a Content-Length and no body",
            [frame(HEADERS, WHOLE, 1, &request("POST", &[("content-length", "5")]))],
            StreamError(1, &[PROTOCOL]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_a_request_is_answered() {
    check(vec![
        case(
            "8.1",
            "a pseudo-field among trailers, which is left out",
            [
                frame(HEADERS, END_HEADERS, 1, &request("POST", &[])),
                frame(DATA, 0, 1, b"x"),
                frame(HEADERS, WHOLE, 1, &headers(&[METHOD])),
            ],
            Answer(1),
        ),
        case("8.1", "GET", [frame(HEADERS, WHOLE, 1, &get())], Answer(1)),
        case("8.1", "HEAD", [frame(HEADERS, WHOLE, 1, &request("HEAD", &[]))], Answer(1)),
        case(
            "8.1",
            "POST with a body and trailers",
            [
                frame(HEADERS, END_HEADERS, 1, &request("POST", &[("trailer", "x")])),
                frame(DATA, 0, 1, b"body"),
                frame(HEADERS, WHOLE, 1, &headers(&[("x", "y")])),
            ],
            Answer(1),
        ),
        case(
            "8.1.1",
            "a body as long as said",
            [
                frame(HEADERS, END_HEADERS, 1, &request("POST", &[("content-length", "8")])),
                frame(DATA, 0, 1, b"four"),
                frame(DATA, END_STREAM, 1, b"four"),
            ],
            Answer(1),
        ),
        case(
            "8.2.2",
            "TE: trailers",
            [frame(HEADERS, WHOLE, 1, &request("GET", &[("te", "trailers")]))],
            Answer(1),
        ),
        case(
            "8.2.3",
            "cookies in two fields",
            [frame(HEADERS, WHOLE, 1, &request("GET", &[("cookie", "a=b"), ("cookie", "c=d")]))],
            Answer(1),
        ),
        case(
            "8.3.1",
            "Host in place of the authority",
            [frame(HEADERS, WHOLE, 1, &headers(&[METHOD, SCHEME, PATH, ("host", HOST)]))],
            Answer(1),
        ),
    ])
    .await;
}
