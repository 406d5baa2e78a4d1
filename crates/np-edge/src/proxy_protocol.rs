//! The header with which a load balancer in front says whose connection it passes on: PROXY protocol, versions 1 and 2.
//!
//! [`parse`] is pure and total over whatever bytes come; [`read`] takes exactly the header's bytes off a connection. Only
//! configured networks are asked for one (`edge.proxy_protocol_from`).

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use tokio::{io::AsyncReadExt as _, net::TcpStream};

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The fixed part of version 2.
const HEAD_BYTES: usize = 16;
/// The longest header of version 1, its end included.
const LINE_BYTES_MAX: usize = 107;
/// The longest variable part of version 2 that is taken.
const REST_BYTES_MAX: usize = 2048;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// The connection is this one's.
    Client(SocketAddr),
    /// It is the load balancer's own, such as to see whether we are alive, or of a kind that has no address.
    Nobody,
}

/// What bytes make of a header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A header, and how long it is.
    Header(Said, usize),
    /// The beginning of one: so many bytes more are needed at least.
    Partial(usize),
    /// No header.
    Not,
}

/// Reads a header off the front of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let begun = bytes.len().min(SIGNATURE.len());
    if bytes[..begun] == SIGNATURE[..begun] && !bytes.is_empty() {
        return parse_v2(bytes);
    }
    let begun = bytes.len().min(6);
    if bytes[..begun] == b"PROXY "[..begun] { parse_v1(bytes) } else { Parsed::Not }
}

fn parse_v1(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else {
        return if bytes.len() < LINE_BYTES_MAX { Parsed::Partial(1) } else { Parsed::Not };
    };
    let length = end + 2;
    if length > LINE_BYTES_MAX {
        return Parsed::Not;
    }
    let said = std::str::from_utf8(&bytes[..end]).ok().and_then(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["PROXY", "UNKNOWN", ..] => Some(Said::Nobody),
            ["PROXY", family @ ("TCP4" | "TCP6"), source, _, port, _] => {
                let address: IpAddr = source.parse().ok()?;
                let agrees = address.is_ipv4() == (family == "TCP4");
                agrees.then_some(Said::Client(SocketAddr::new(address, port.parse().ok()?)))
            }
            _ => None,
        }
    });
    said.map_or(Parsed::Not, |said| Parsed::Header(said, length))
}

fn parse_v2(bytes: &[u8]) -> Parsed {
    let Some((head, rest)) = bytes.split_at_checked(HEAD_BYTES) else {
        return Parsed::Partial(HEAD_BYTES - bytes.len());
    };
    let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    if head[12] >> 4 != 2 || length > REST_BYTES_MAX {
        return Parsed::Not;
    }
    let Some(rest) = rest.get(..length) else {
        return Parsed::Partial(length - rest.len());
    };
    let total = HEAD_BYTES + length;
    match (head[12] & 0xf, head[13]) {
        (0, _) => Parsed::Header(Said::Nobody, total),
        (1, 0x11) => match rest {
            [a, b, c, d, _, _, _, _, p, q, ..] => {
                let address = Ipv4Addr::new(*a, *b, *c, *d).into();
                Parsed::Header(client(address, [*p, *q]), total)
            }
            _ => Parsed::Not,
        },
        (1, 0x21) => match (rest.first_chunk::<16>(), rest.get(32..34)) {
            (Some(address), Some(port)) => {
                let address = Ipv6Addr::from(*address).into();
                Parsed::Header(client(address, [port[0], port[1]]), total)
            }
            _ => Parsed::Not,
        },
        (1, _) => Parsed::Header(Said::Nobody, total),
        _ => Parsed::Not,
    }
}

fn client(address: IpAddr, port: [u8; 2]) -> Said {
    Said::Client(SocketAddr::new(address, u16::from_be_bytes(port)))
}

/// Takes the header off a connection, and nothing more.
///
/// # Errors
/// When the connection begins with something else, or ends.
pub(crate) async fn read(tcp: &mut TcpStream) -> io::Result<Said> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES);
    loop {
        match parse(&bytes) {
            Parsed::Header(said, _) => return Ok(said),
            Parsed::Not => return Err(io::ErrorKind::InvalidData.into()),
            Parsed::Partial(missing) => {
                // Version 1 does not say how long it is: it is read to its line's end, byte by byte.
                let from = bytes.len();
                bytes.resize(from + missing, 0);
                tcp.read_exact(&mut bytes[from..]).await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &length, rest].concat()
    }

    #[test]
    fn both_versions_say_whose_connection_it_is() {
        let v4: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        let v6: SocketAddr = "[2001:db8::7]:4711".parse().unwrap();
        let IpAddr::V6(ip) = v6.ip() else { panic!("no IPv6 address") };
        let rest4 = [&[192, 0, 2, 7, 10, 0, 0, 1][..], &4711u16.to_be_bytes(), &[1, 187]].concat();
        let rest6 =
            [&ip.octets()[..], &[0; 16], &4711u16.to_be_bytes(), &[1, 187], b"tlv"].concat();
        for (bytes, expected) in [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\n".to_vec(), Said::Client(v4)),
            (b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n".to_vec(), Said::Client(v6)),
            (b"PROXY UNKNOWN\r\n".to_vec(), Said::Nobody),
            (v2(1, 0x11, &rest4), Said::Client(v4)),
            (v2(1, 0x21, &rest6), Said::Client(v6)),
            (v2(0, 0, &[]), Said::Nobody),
            (v2(1, 0x31, &[0; 216]), Said::Nobody),
        ] {
            assert_eq!(parse(&bytes), Parsed::Header(expected, bytes.len()), "{bytes:?}");
            for length in 0..bytes.len() {
                let part = parse(&bytes[..length]);
                assert!(matches!(part, Parsed::Partial(1..)), "{part:?} {:?}", &bytes[..length]);
            }
        }
    }

    mod fuzz {
        use np_testkit::fuzz::inputs;

        use super::*;

        #[test]
        fn a_header_ends_where_it_ends_whatever_follows_and_grows_to_it() {
            let rest = [192, 0, 2, 7, 10, 0, 0, 1, 18, 103, 1, 187];
            let corpus = [
                b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 443\r\nGET / HTTP/1.1\r\n".to_vec(),
                b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n".to_vec(),
                b"PROXY UNKNOWN\r\n".to_vec(),
                v2(1, 0x11, &rest),
                v2(1, 0x21, &[7; 40]),
                v2(0, 0, &[]),
                v2(1, 0x31, &[0; 216]),
            ];
            let mut headers = 0;
            for input in inputs(corpus) {
                let Parsed::Header(said, length) = parse(&input) else { continue };
                headers += 1;
                assert_eq!(parse(&input[..length]), Parsed::Header(said, length));
                for part in 0..length {
                    match parse(&input[..part]) {
                        Parsed::Partial(more @ 1..) => assert!(part + more <= length),
                        other => panic!("{other:?} of {part} bytes"),
                    }
                }
            }
            assert!(headers >= 7);
        }
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for bytes in [
            b"GET / HTTP/1.1\r\n".to_vec(),
            b"\x16\x03\x01".to_vec(),
            b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.1 70000 443\r\n".to_vec(),
            b"PROXY \r\n".to_vec(),
            [&b"PROXY TCP4 "[..], &[b'1'; 100]].concat(),
            v2(2, 0x11, &[0; 12]),
            v2(1, 0x11, &[0; 4]),
            [&SIGNATURE[..], &[0x11, 0x11, 0, 0]].concat(),
            [&SIGNATURE[..], &[0x21, 0x11, 0xff, 0xff]].concat(),
        ] {
            assert_eq!(parse(&bytes), Parsed::Not, "{bytes:?}");
        }
    }
}
