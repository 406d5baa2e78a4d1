//! Cases of what stands in the DNS.

use super::{
    Row,
    scene::{CHALLENGE, DELEGATION, HOST, TOKEN, coded, is_of, is_resolved},
};
use crate::diagnosis::sight::{Code, Outcome, RecordKind, Reply};

pub(super) const ROWS: &[Row] = &[
    (
        "nothing at all",
        |s| s,
        &[
            "hostname.no_such_name problem customer",
            "ownership.txt_missing notice customer",
            "=> add app.customer.com CNAME customers.provider.com",
            "=> add _cf-custom-hostname.app.customer.com TXT 5cc07c04-ea62-4a5a-95f0-419334a875a4",
        ],
    ),
    (
        "the name exists, empty",
        |s| s.customer("www.app A 203.0.113.7"),
        &["hostname.no_record problem customer"],
    ),
    ("all is well", |s| s.pointed(), &["hostname.points_here good provider"]),
    (
        "another target",
        |s| s.customer("app CNAME shop.rival.com"),
        &[
            "hostname.wrong_target problem customer",
            "=> change app.customer.com CNAME customers.provider.com",
        ],
    ),
    (
        "another target, but the token is there",
        |s| {
            s.customer("app CNAME shop.rival.com")
                .customer(&format!("_cf-custom-hostname.app TXT {TOKEN}"))
        },
        &["hostname.wrong_target notice customer", "ownership.txt_seen good provider"],
    ),
    (
        "the domain behind the target",
        |s| s.customer("app CNAME customers.provider.com.customer.com"),
        &[
            "hostname.target_doubled problem customer",
            "=> change app.customer.com CNAME customers.provider.com",
        ],
    ),
    (
        "through the zone and on",
        |s| s.pointed().record("customers.provider.com CNAME edge.other.net"),
        &["hostname.target_leads_on problem provider"],
    ),
    (
        "a target without address",
        |s| s.customer("app CNAME nowhere.provider.com"),
        &["hostname.points_here good provider", "hostname.target_without_address problem provider"],
    ),
    (
        "the domain in the hostname twice",
        |s| s.customer("app.customer.com CNAME customers.provider.com"),
        &[
            "hostname.doubled_label problem customer",
            "=> remove app.customer.com.customer.com CNAME customers.provider.com",
            "=> add app.customer.com CNAME customers.provider.com",
        ],
    ),
    (
        "CNAME at the apex",
        |s| s.named("customer.com").customer("@ CNAME customers.provider.com"),
        &[
            "hostname.cname_at_apex problem customer",
            "=> remove customer.com CNAME customers.provider.com",
        ],
    ),
    (
        "a circle",
        |s| s.customer("app CNAME b.customer.com").customer("b CNAME app.customer.com"),
        &["hostname.cname_loop problem customer"],
    ),
    (
        "a long chain",
        |mut s| {
            s = s.customer("app CNAME n0.customer.com");
            for n in 0..11 {
                s = s.customer(&format!("n{n} CNAME n{}.customer.com", n + 1));
            }
            s.customer("n11 CNAME customers.provider.com")
        },
        &["hostname.cname_chain_too_long problem customer"],
    ),
    (
        "somebody else's addresses",
        |s| s.customer("app A 203.0.113.7").customer("app AAAA 2001:db8::7"),
        &[
            "hostname.addresses_elsewhere problem customer",
            "=> remove app.customer.com A 203.0.113.7",
            "=> remove app.customer.com AAAA 2001:db8::7",
            "=> add app.customer.com CNAME customers.provider.com",
        ],
    ),
    (
        "addresses that are the account's",
        |mut s| {
            s.wanted.prefixes = vec!["203.0.113.0/24".parse().unwrap()];
            s.customer("app A 203.0.113.7").customer("app A 203.0.113.8")
        },
        &["hostname.points_here good provider"],
    ),
    (
        "an address that is the account's, and one that is not",
        |mut s| {
            s.wanted.prefixes = vec!["203.0.113.0/24".parse().unwrap()];
            s.customer("app A 203.0.113.7").customer("app AAAA 2001:db8::7")
        },
        &[
            "hostname.addresses_elsewhere problem customer",
            "=> remove app.customer.com AAAA 2001:db8::7",
        ],
    ),
    (
        "an old AAAA beside the right A",
        |s| s.customer("app A 198.51.100.1").customer("app AAAA 2001:db8::7"),
        &[
            "hostname.addresses_elsewhere problem customer",
            "=> remove app.customer.com AAAA 2001:db8::7",
        ],
    ),
    (
        "the target's addresses",
        |s| s.customer("app A 198.51.100.1"),
        &["hostname.addresses_of_target notice customer"],
    ),
    (
        "a CDN's name",
        |s| s.customer("app CNAME d111.cloudfront.net"),
        &["hostname.proxy_in_front problem customer"],
    ),
    (
        "names below one that is denied",
        |s| {
            s.customer(&format!("_cf-custom-hostname.app TXT {TOKEN}")).alter(|answer| {
                if answer.question.name.as_str() == HOST {
                    answer.outcome = coded(Code::NxDomain);
                    if let Outcome::Reply(reply) = &mut answer.outcome {
                        reply.authoritative = true;
                    }
                }
            })
        },
        &["hostname.no_such_name notice customer", "hostname.nxdomain_above_names notice customer"],
    ),
    (
        "an old ownership token",
        |s| s.customer("_cf-custom-hostname.app TXT 00000000-0000-0000-0000-000000000000"),
        &[
            "hostname.no_record problem customer",
            "ownership.txt_stale problem customer",
            "=> change _cf-custom-hostname.app.customer.com TXT 5cc07c04-ea62-4a5a-95f0-419334a875a4",
        ],
    ),
    (
        "the ownership token at a doubled name",
        |s| s.customer(&format!("_cf-custom-hostname.app.customer.com TXT {TOKEN}")),
        &[
            "hostname.no_such_name problem customer",
            "ownership.doubled_label problem customer",
            "=> add _cf-custom-hostname.app.customer.com TXT 5cc07c04-ea62-4a5a-95f0-419334a875a4",
        ],
    ),
    (
        "the ownership token at the hostname",
        |s| s.customer(&format!("app TXT {TOKEN}")),
        &["hostname.no_record problem customer", "ownership.txt_wrong_name problem customer"],
    ),
    (
        "proofs in place",
        |s| s.pointed().wants_txt(&["one"]).customer("_acme-challenge.app TXT one"),
        &["dcv.txt_seen good provider"],
    ),
    (
        "a CNAME proof in place",
        |s| s.pointed().wants_cname().customer("_token.app CNAME validate.dcv.platform.net"),
        &["dcv.cname_seen good provider"],
    ),
    (
        "no CNAME proof",
        |s| s.pointed().wants_cname(),
        &[
            "dcv.cname_missing problem customer",
            "=> add _token.app.customer.com CNAME validate.dcv.platform.net",
        ],
    ),
    (
        "a CNAME proof to somebody else",
        |s| s.pointed().wants_cname().customer("_token.app CNAME validate.rival.net"),
        &["dcv.cname_wrong_target problem customer"],
    ),
    (
        "a CNAME proof at a doubled name",
        |s| {
            let line = "_token.app.customer.com CNAME validate.dcv.platform.net";
            s.pointed().wants_cname().customer(line)
        },
        &["dcv.cname_doubled_label problem customer"],
    ),
    (
        "a record that stays, written in another way",
        |s| {
            let line = "_validation-persist.app TXT ca.net;policy=wildcard;accounturi=https://ca.invalid/acct/1";
            s.pointed().wants_persist().customer(line)
        },
        &["dcv.txt_seen good provider"],
    ),
    (
        "a record that stays for another account",
        |s| {
            let line = "_validation-persist.app TXT ca.net; accounturi=https://ca.invalid/acct/2";
            s.pointed().wants_persist().customer(line)
        },
        &["dcv.persist_unfit problem customer"],
    ),
    (
        "no proof",
        |s| s.pointed().wants_txt(&["one"]),
        &["dcv.txt_missing problem customer", "=> add _acme-challenge.app.customer.com TXT one"],
    ),
    (
        "an old proof",
        |s| s.pointed().wants_txt(&["one"]).customer("_acme-challenge.app TXT old"),
        &[
            "dcv.txt_stale problem customer",
            "=> add _acme-challenge.app.customer.com TXT one",
            "=> remove _acme-challenge.app.customer.com TXT old",
        ],
    ),
    (
        "one of two proofs",
        |s| s.pointed().wants_txt(&["one", "two"]).customer("_acme-challenge.app TXT one"),
        &["dcv.txt_incomplete problem customer", "=> add _acme-challenge.app.customer.com TXT two"],
    ),
    (
        "the proof at a doubled name",
        |s| s.pointed().wants_txt(&["one"]).customer("_acme-challenge.app.customer.com TXT one"),
        &[
            "dcv.doubled_label problem customer",
            "=> remove _acme-challenge.app.customer.com.customer.com TXT one",
            "=> add _acme-challenge.app.customer.com TXT one",
        ],
    ),
    (
        "the proof at the hostname",
        |s| s.customer("app A 198.51.100.1").wants_txt(&["one"]).customer("app TXT one"),
        &["dcv.txt_wrong_name problem customer"],
    ),
    (
        "TXT beside CNAME",
        |s| {
            s.pointed()
                .wants_txt(&["one"])
                .record(&format!("{CHALLENGE} CNAME {DELEGATION}"))
                .record(&format!("{CHALLENGE} TXT old"))
                .record(&format!("{DELEGATION} TXT one"))
        },
        &[
            "dcv.txt_beside_cname problem customer",
            "=> remove _acme-challenge.app.customer.com TXT old",
        ],
    ),
    (
        "delegated",
        |s| {
            let s =
                s.pointed().wants_txt(&["one"]).record(&format!("{CHALLENGE} CNAME {DELEGATION}"));
            s.record(&format!("{DELEGATION} TXT one"))
        },
        &["dcv.txt_seen good provider"],
    ),
    (
        "delegated, unanswered",
        |s| s.pointed().wants_txt(&["one"]).record(&format!("{CHALLENGE} CNAME {DELEGATION}")),
        &["dcv.delegation_unanswered problem provider"],
    ),
    (
        "delegated to another provider",
        |s| s.pointed().wants_txt(&["one"]).record(&format!("{CHALLENGE} CNAME app.dcv.rival.net")),
        &[
            "dcv.delegated_elsewhere problem customer",
            "=> change _acme-challenge.app.customer.com CNAME app.customer.com.9dbb86635115718e.dcv.platform.net",
        ],
    ),
    (
        "a lame name server",
        |s| {
            s.pointed().alter(|answer| {
                if is_of(answer, "ns2") {
                    answer.outcome = coded(Code::Refused);
                }
            })
        },
        &["servers.lame notice customer"],
    ),
    (
        "only lame name servers",
        |s| {
            s.pointed().alter(|answer| {
                if is_of(answer, "ns1") || is_of(answer, "ns2") {
                    answer.outcome = coded(Code::Refused);
                }
            })
        },
        &["servers.lame problem customer"],
    ),
    (
        "a name server that does not answer",
        |s| {
            s.pointed().alter(|answer| {
                if is_of(answer, "ns2") {
                    answer.outcome = Outcome::TimedOut;
                }
            })
        },
        &["servers.unreachable notice customer"],
    ),
    (
        "name servers that disagree",
        |s| {
            s.pointed().alter(|answer| {
                if is_of(answer, "ns2") && answer.question.kind == RecordKind::Cname {
                    answer.outcome =
                        Outcome::Reply(Reply { authoritative: true, ..Reply::default() });
                }
            })
        },
        &["servers.disagree problem customer"],
    ),
    (
        "SERVFAIL",
        |s| {
            s.alter(|answer| {
                if answer.question.name.is_within("customer.com") {
                    answer.outcome = coded(Code::ServFail);
                }
            })
        },
        &[
            "servers.servfail problem customer",
            "servers.lame problem customer",
            "ownership.txt_missing notice customer",
        ],
    ),
    (
        "DNSSEC does not validate",
        |s| s.pointed().bogus(),
        &["servers.dnssec_bogus problem customer"],
    ),
    (
        "the resolver does not answer",
        |s| {
            s.pointed().alter(|answer| {
                if !answer.is_from_authority() {
                    answer.outcome = Outcome::TimedOut;
                }
            })
        },
        &["resolvers.unreachable problem provider", "hostname.points_here good provider"],
    ),
    (
        "a resolver remembers that there was nothing",
        |s| {
            s.pointed().alter(|answer| {
                if is_resolved(answer, HOST, RecordKind::Cname) {
                    let code = Code::NxDomain;
                    answer.outcome =
                        Outcome::Reply(Reply { code, negative_ttl: Some(540), ..Reply::default() });
                }
            })
        },
        &["resolvers.negative_caching notice ca"],
    ),
    (
        "a resolver remembers what was there",
        |s| {
            s.wants_txt(&["one"]).pointed().customer("_acme-challenge.app TXT one").alter(
                |answer| {
                    if is_resolved(answer, CHALLENGE, RecordKind::Txt)
                        && let Outcome::Reply(reply) = &mut answer.outcome
                    {
                        reply.records.iter_mut().for_each(|record| {
                            record.data = crate::diagnosis::sight::Data::Txt("old".into());
                        });
                    }
                },
            )
        },
        &["resolvers.old_answer notice ca", "dcv.txt_seen good provider"],
    ),
    (
        "resolvers disagree, name servers are silent",
        |s| {
            s.pointed().alter(|answer| {
                if is_of(answer, "ns1") {
                    // Another resolver, which sees nothing.
                    answer.server =
                        crate::diagnosis::sight::Server::Resolver("192.0.2.54:53".parse().unwrap());
                    answer.outcome = coded(Code::NxDomain);
                } else if is_of(answer, "ns2") {
                    answer.outcome = Outcome::TimedOut;
                }
            })
        },
        &["resolvers.disagree notice ca", "servers.unreachable problem customer"],
    ),
    (
        "a wrong record with a long TTL",
        |s| s.customer("app CNAME:86400 shop.rival.com"),
        &["hostname.wrong_target problem customer", "resolvers.long_ttl notice customer"],
    ),
    (
        "CAA for us",
        |s| s.pointed().wants_txt(&[]).customer("@ CAA 0 issue \"letsencrypt.org\""),
        &["caa.allows good provider"],
    ),
    (
        "CAA for others",
        |s| s.pointed().wants_txt(&[]).customer("@ CAA 0 issue \"sectigo.com\""),
        &["caa.forbids problem customer", "=> add customer.com CAA 0 issue \"letsencrypt.org\""],
    ),
    (
        "CAA for nobody",
        |s| s.pointed().wants_txt(&[]).customer("@ CAA 0 issue \";\""),
        &["caa.forbids problem customer"],
    ),
    (
        "CAA of the sub-domain hides that of the apex",
        |s| {
            s.named("x.app.customer.com")
                .customer("x.app CNAME customers.provider.com")
                .wants_txt(&[])
                .customer("app CAA 0 issue \"sectigo.com\"")
                .customer("@ CAA 0 issue \"letsencrypt.org\"")
        },
        &[
            "caa.forbids problem customer",
            "=> add app.customer.com CAA 0 issue \"letsencrypt.org\"",
        ],
    ),
    (
        "CAA at the target",
        |s| s.pointed().wants_txt(&[]).record("customers.provider.com CAA 0 issue \"sectigo.com\""),
        &[
            "caa.forbids_at_target problem provider",
            "=> add customers.provider.com CAA 0 issue \"letsencrypt.org\"",
        ],
    ),
    (
        "CAA for wildcards only",
        |s| {
            s.pointed()
                .wants_txt(&[])
                .customer("@ CAA 0 issue \";\"")
                .customer("@ CAA 0 issuewild \"letsencrypt.org\"")
        },
        &["caa.issuewild_only problem customer"],
    ),
    (
        "CAA not for wildcards",
        |s| {
            s.pointed()
                .wants_txt(&[])
                .with(|c| c.wanted.wildcard = true)
                .customer("@ CAA 0 issue \"letsencrypt.org\"")
                .customer("@ CAA 0 issuewild \";\"")
        },
        &[
            "caa.forbids_wildcard problem customer",
            "=> add customer.com CAA 0 issuewild \"letsencrypt.org\"",
        ],
    ),
    (
        "CAA for another account",
        |s| {
            s.pointed()
                .wants_txt(&[])
                .customer("@ CAA 0 issue \"letsencrypt.org; accounturi=https://ca.invalid/acct/2\"")
        },
        &["caa.wrong_account problem customer"],
    ),
    (
        "CAA for our account",
        |s| {
            s.pointed()
                .wants_txt(&[])
                .customer("@ CAA 0 issue \"letsencrypt.org; accounturi=https://ca.invalid/acct/1\"")
        },
        &["caa.allows good provider"],
    ),
    (
        "CAA for another method",
        |s| {
            s.pointed()
                .wants_txt(&[])
                .customer("@ CAA 0 issue \"letsencrypt.org; validationmethods=http-01\"")
        },
        &["caa.wrong_method problem customer"],
    ),
    (
        "a critical property",
        |s| s.pointed().wants_txt(&[]).customer("@ CAA 128 tbs \"unknown\""),
        &[
            "caa.critical_unknown problem customer",
            "=> remove customer.com CAA 128 tbs \"unknown\"",
        ],
    ),
    (
        "SERVFAIL for CAA",
        |s| {
            s.pointed().wants_txt(&[]).alter(|answer| {
                if answer.question.kind == RecordKind::Caa {
                    answer.outcome = coded(Code::ServFail);
                }
            })
        },
        &["caa.lookup_failed problem customer"],
    ),
];
