//! Failures of connections, in words that whoever runs the other end can act on: the only place that reads the kinds of
//! `std::io` and hyper errors. The address that the words are about is the caller's to name.

use std::{error::Error, io};

use np_domain::text::Explanation;

/// What happened, from the first cause that is known to people: "connection refused", and not "error sending request".
pub fn describe(error: &(dyn Error + 'static)) -> Explanation {
    causes(error).find_map(known).unwrap_or_else(|| Explanation::new(innermost(error)))
}

fn known(error: &(dyn Error + 'static)) -> Option<Explanation> {
    let io = error.downcast_ref::<io::Error>().and_then(|error| io_words(error.kind()));
    io.or_else(|| error.downcast_ref::<hyper::Error>().and_then(http_words)).map(Explanation::new)
}

fn io_words(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => "connection refused; check that a server listens there",
        io::ErrorKind::ConnectionReset => "connection reset by the server or a firewall",
        io::ErrorKind::ConnectionAborted => "connection aborted",
        io::ErrorKind::HostUnreachable => "no route to the host; check the address in the DNS",
        io::ErrorKind::NetworkUnreachable => {
            "the network is unreachable; check whether the address family is wanted"
        }
        io::ErrorKind::TimedOut => "no answer in time; check firewalls on the way",
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            "the server closed the connection before it had answered"
        }
        io::ErrorKind::PermissionDenied => "a firewall of this machine forbids the connection",
        _ => return None,
    })
}

fn http_words(error: &hyper::Error) -> Option<&'static str> {
    match () {
        () if error.is_parse_too_large() => Some("the headers of the answer are too long"),
        () if error.is_parse() => Some("the answer is not HTTP/1.1"),
        () if error.is_incomplete_message() => {
            Some("the server closed the connection before it had answered")
        }
        () => None,
    }
}

/// The error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    #[error("error sending request")]
    struct Outer(#[source] io::Error);

    #[test]
    fn words_come_from_the_first_cause_that_people_know() {
        for (error, words) in [
            (
                io::ErrorKind::ConnectionRefused,
                "connection refused; check that a server listens there",
            ),
            (io::ErrorKind::HostUnreachable, "no route to the host; check the address in the DNS"),
            (io::ErrorKind::TimedOut, "no answer in time; check firewalls on the way"),
        ] {
            assert_eq!(describe(&Outer(error.into())).as_str(), words);
        }
    }

    #[test]
    fn an_unknown_cause_speaks_for_itself() {
        let error = Outer(io::Error::other("certificate has expired"));
        assert_eq!(describe(&error).as_str(), "certificate has expired");
    }
}
