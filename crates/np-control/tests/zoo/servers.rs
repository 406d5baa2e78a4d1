//! The servers themselves, and what resolvers remember.

use std::sync::Arc;

use hickory_proto::{op::ResponseCode, rr::RecordType};

use crate::{
    fault::Fault,
    misfit::{Act, Said},
    pointing::RIGHT,
};

/// The fault whose domain has a trust anchor and no signatures.
pub(crate) const BOGUS: &str = "DNSSEC without signatures";

/// Name servers that zones of Knot's list beside Knot, on the same port of other addresses.
pub(crate) fn second_servers() -> Vec<(&'static str, Act)> {
    let elsewhere = |name: &str, kind| match kind {
        RecordType::CNAME if name.starts_with("app.") => {
            Said::records(&[format!("{name} 1 CNAME shop.zoo-rival.net.")])
        }
        _ => Said::records(&[]),
    };
    vec![
        ("127.0.7.2", Arc::new(|_: &str, _| Said::code(ResponseCode::Refused))),
        ("127.0.7.4", Arc::new(elsewhere)),
    ]
}

fn with_server(ip: &str) -> String {
    format!("{RIGHT}\n@ NS ns2\nns2 A {ip}")
}

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault::new(
            "a lame name server",
            with_server("127.0.7.2"),
            &["servers.lame notice customer"],
        ),
        Fault::new(
            "a name server where nobody listens",
            with_server("127.0.7.3"),
            &["servers.unreachable notice customer"],
        ),
        Fault::new(
            "a name server without address",
            format!("{RIGHT}\n@ NS nowhere.zoo-provider.com."),
            &["servers.unreachable notice customer"],
        ),
        Fault::new(
            "name servers that disagree",
            with_server("127.0.7.4"),
            &["servers.disagree problem customer"],
        ),
        Fault::new(
            "SERVFAIL",
            "",
            &["servers.servfail problem customer", "servers.lame problem customer"],
        )
        .served_by(Arc::new(|_, _| Said::code(ResponseCode::ServFail))),
        Fault::new(
            "REFUSED",
            "",
            &["servers.servfail problem customer", "servers.lame problem customer"],
        )
        .served_by(Arc::new(|_, _| Said::code(ResponseCode::Refused))),
        Fault::new(BOGUS, RIGHT, &["servers.dnssec_bogus problem customer"]),
        Fault::new(
            "a resolver that remembers nothing being there",
            RIGHT,
            &["resolvers.negative_caching notice ca"],
        )
        .resolved_by(Arc::new(|name, kind| match (name, kind) {
            ("app.{z}", _) => {
                Said { soa: Some(("{z}".to_owned(), 540)), ..Said::code(ResponseCode::NXDomain) }
            }
            _ => truth(name),
        })),
        Fault::new(
            "a resolver that remembers an earlier CNAME",
            RIGHT,
            &["resolvers.old_answer notice ca"],
        )
        .resolved_by(Arc::new(|name, kind| match (name, kind) {
            ("app.{z}", RecordType::CNAME) => Said {
                records: vec![format!("{name} 3000 CNAME shop.zoo-rival.net.")],
                ..Said::default()
            },
            _ => truth(name),
        })),
        Fault::new(
            "a resolver that says nothing",
            RIGHT,
            &["resolvers.unreachable notice provider"],
        )
        .resolved_by(Arc::new(|_, _| Said { silent: true, ..Said::default() })),
        Fault::new(
            "a wrong record with a long TTL",
            "app 86400 CNAME shop.zoo-rival.net.",
            &["hostname.wrong_target problem customer", "resolvers.long_ttl notice customer"],
        ),
    ]
}

/// What a resolver says about what the fault is not about.
fn truth(name: &str) -> Said {
    match name {
        "app.{z}" => Said {
            records: vec![format!("{name} 1 CNAME customers.zoo-provider.com.")],
            ..Said::default()
        },
        _ => Said { soa: Some(("{z}".to_owned(), 1)), ..Said::default() },
    }
}
