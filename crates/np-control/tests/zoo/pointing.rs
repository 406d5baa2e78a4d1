//! Where the hostname leads.

use std::sync::Arc;

use hickory_proto::{op::ResponseCode, rr::RecordType};

use crate::{
    fault::{Fault, TOKEN},
    misfit::Said,
};

pub(crate) const RIGHT: &str = "app CNAME customers.zoo-provider.com.";

pub(crate) fn faults() -> Vec<Fault> {
    let chain: Vec<_> = (0..11).map(|n| format!("n{n} CNAME n{}", n + 1)).collect();
    let chain =
        format!("app CNAME n0\n{}\nn11 CNAME customers.zoo-provider.com.", chain.join("\n"));
    vec![
        Fault::new(
            "no name",
            "",
            &[
                "hostname.no_such_name problem customer",
                "=> add app.{z} CNAME customers.zoo-provider.com",
            ],
        ),
        Fault::new(
            "an empty name",
            "below.app A 127.0.9.9",
            &["hostname.no_record problem customer"],
        ),
        Fault::new("all is well", RIGHT, &["hostname.points_here good provider"]),
        Fault::new(
            "a wrong target",
            "app CNAME shop.zoo-rival.net.",
            &[
                "hostname.wrong_target problem customer",
                "=> change app.{z} CNAME customers.zoo-provider.com",
            ],
        ),
        Fault::new(
            "a target without its last dot",
            "app CNAME customers.zoo-provider.com",
            &["hostname.target_doubled problem customer"],
        ),
        Fault::new(
            "a hostname with its domain",
            "app.{z} CNAME customers.zoo-provider.com.",
            &[
                "hostname.doubled_label problem customer",
                "=> remove app.{z}.{z} CNAME customers.zoo-provider.com",
            ],
        ),
        Fault::new(
            "a circle",
            "app CNAME b\nb CNAME app",
            &["hostname.cname_loop problem customer"],
        ),
        Fault::new("a long chain", chain, &["hostname.cname_chain_too_long problem customer"]),
        Fault::new(
            "addresses of a rival",
            "app A 127.0.9.9",
            &[
                "hostname.addresses_elsewhere problem customer",
                "=> remove app.{z} A 127.0.9.9",
                "=> add app.{z} CNAME customers.zoo-provider.com",
            ],
        ),
        Fault::new(
            "addresses of the account",
            "app A 127.0.9.9",
            &["hostname.points_here good provider"],
        )
        .wants(|wanted| wanted.prefixes = vec!["127.0.9.0/24".parse().unwrap()]),
        Fault::new(
            "one address of the account, and one elsewhere",
            "app A 127.0.9.9\napp AAAA 2001:db8::7",
            &[
                "hostname.addresses_elsewhere problem customer",
                "=> remove app.{z} AAAA 2001:db8::7",
            ],
        )
        .wants(|wanted| wanted.prefixes = vec!["127.0.9.0/24".parse().unwrap()]),
        Fault::new(
            "addresses of the target",
            "app A 127.0.9.1",
            &["hostname.addresses_of_target notice customer"],
        ),
        Fault::new(
            "an old AAAA",
            "app A 127.0.9.1\napp AAAA 2001:db8::7",
            &[
                "hostname.addresses_elsewhere problem customer",
                "=> remove app.{z} AAAA 2001:db8::7",
            ],
        ),
        Fault::new(
            "a name of a CDN",
            "app CNAME d111.cloudfront.net.",
            &["hostname.proxy_in_front problem customer"],
        ),
        Fault::new(
            "through the zone and on",
            "app CNAME out.zoo-provider.com.",
            &["hostname.target_leads_on problem provider"],
        ),
        Fault::new(
            "a target without address",
            "app CNAME nowhere.zoo-provider.com.",
            &["hostname.target_without_address problem provider"],
        ),
        Fault::new("a CNAME at the apex", "", &["hostname.cname_at_apex problem customer"])
            .wants(|wanted| {
                let apex = wanted.domain();
                wanted.name = apex.as_str().parse().unwrap();
            })
            .served_by(Arc::new(|name, kind| match (name, kind) {
                ("{z}", kind) if kind != RecordType::SOA => {
                    Said::records(&["{z} 1 CNAME customers.zoo-provider.com.".to_owned()])
                }
                _ => Said {
                    soa: Some(("{z}".to_owned(), 1)),
                    ..Said { is_authority: true, ..Said::code(ResponseCode::NXDomain) }
                },
            })),
        Fault::new(
            "a denied name with names below",
            "",
            &[
                "hostname.no_such_name notice customer",
                "hostname.nxdomain_above_names notice customer",
            ],
        )
        .served_by(Arc::new(|name, kind| match (name, kind) {
            ("_cf-custom-hostname.app.{z}", RecordType::TXT) => {
                Said::records(&[format!("{name} 1 TXT {TOKEN}")])
            }
            _ => Said {
                soa: Some(("{z}".to_owned(), 1)),
                ..Said { is_authority: true, ..Said::code(ResponseCode::NXDomain) }
            },
        })),
    ]
}
