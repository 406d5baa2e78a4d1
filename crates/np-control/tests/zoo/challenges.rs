//! Tokens and proofs in TXT, and CAA.

use std::sync::Arc;

use hickory_proto::{op::ResponseCode, rr::RecordType};

use np_domain::certificate::{Actor, TxtChallenge};

use crate::{
    fault::{Fault, TOKEN, await_txt},
    misfit::Said,
    pointing::RIGHT,
};

const DELEGATED: &str = "_acme-challenge.app CNAME app.{z}.0123456789abcdef.dcv.zoo-platform.net.";

pub(crate) fn faults() -> Vec<Fault> {
    [ownership(), control(), other_methods(), caa()].into_iter().flatten().collect()
}

fn right(records: &str) -> String {
    format!("{RIGHT}\n{records}")
}

fn ownership() -> Vec<Fault> {
    vec![
        Fault::new(
            "the token by TXT",
            format!("_cf-custom-hostname.app TXT {TOKEN}"),
            &["ownership.txt_seen good provider", "hostname.no_record notice customer"],
        ),
        Fault::new(
            "an old token",
            "_cf-custom-hostname.app TXT 00000000-0000-0000-0000-000000000000",
            &["ownership.txt_stale problem customer", "hostname.no_record problem customer"],
        ),
        Fault::new(
            "the token at a doubled name",
            format!("_cf-custom-hostname.app.{{z}} TXT {TOKEN}"),
            &["ownership.doubled_label problem customer", "hostname.no_such_name problem customer"],
        ),
        Fault::new(
            "the token at the hostname",
            format!("app TXT {TOKEN}"),
            &["ownership.txt_wrong_name problem customer", "hostname.no_record problem customer"],
        ),
    ]
}

/// By CNAME, by e-mail, and by the records of newer challenges.
fn other_methods() -> Vec<Fault> {
    const TARGET: &str = "validate.dcv.zoo-platform.net.";
    let account = "_label._acme-challenge.app";
    let persist = |account: &str| {
        right(&format!(
            "_validation-persist.app TXT \"ca.invalid; accounturi={account}; policy=wildcard\""
        ))
    };
    vec![
        Fault::new(
            "a CNAME proof in place",
            right(&format!("_token.app CNAME {TARGET}")),
            &["dcv.cname_seen good provider"],
        )
        .wants_cname(),
        Fault::new(
            "no CNAME proof",
            RIGHT,
            &[
                "dcv.cname_missing problem customer",
                "=> add _token.app.{z} CNAME validate.dcv.zoo-platform.net",
            ],
        )
        .wants_cname(),
        Fault::new(
            "a CNAME proof that leads elsewhere",
            right("_token.app CNAME validate.zoo-rival.net."),
            &[
                "dcv.cname_wrong_target problem customer",
                "=> change _token.app.{z} CNAME validate.dcv.zoo-platform.net",
            ],
        )
        .wants_cname(),
        Fault::new(
            "a CNAME proof with a doubled target",
            right("_token.app CNAME validate.dcv.zoo-platform.net"),
            &["dcv.cname_wrong_target problem customer"],
        )
        .wants_cname(),
        Fault::new(
            "a CNAME proof at a doubled name",
            right(&format!("_token.app.{{z}} CNAME {TARGET}")),
            &[
                "dcv.cname_doubled_label problem customer",
                "=> remove _token.app.{z}.{z} CNAME validate.dcv.zoo-platform.net",
            ],
        )
        .wants_cname(),
        Fault::new("mails that nobody answered", RIGHT, &["dcv.approval_awaited problem customer"])
            .wants_approval(None),
        Fault::new("mails that could not be sent", RIGHT, &["dcv.mail_unsent problem provider"])
            .wants_approval(Some((Actor::Provider, "no mail could be sent: connection refused"))),
        Fault::new(
            "our account's record in place",
            right(&format!("{account} TXT one")),
            &["dcv.txt_seen good provider"],
        )
        .wants_challenge(TxtChallenge::Account),
        Fault::new(
            "the record of another account",
            right("_acme-challenge.app TXT one"),
            &["dcv.txt_missing problem customer", "=> add _label._acme-challenge.app.{z} TXT one"],
        )
        .wants_challenge(TxtChallenge::Account),
        Fault::new(
            "a record that stays",
            persist("https://ca.invalid/acct/1"),
            &["dcv.txt_seen good provider"],
        )
        .wants_challenge(TxtChallenge::Persist),
        Fault::new(
            "a record that stays for another account",
            persist("https://ca.invalid/acct/2"),
            &["dcv.persist_unfit problem customer"],
        )
        .wants_challenge(TxtChallenge::Persist),
        Fault::new("no record that stays", RIGHT, &["dcv.txt_missing problem customer"])
            .wants_challenge(TxtChallenge::Persist),
    ]
}

fn control() -> Vec<Fault> {
    vec![
        Fault::new("the proof in place", right("_acme-challenge.app TXT one"), &["dcv.txt_seen good provider"]).wants_txt(&["one"]),
        Fault::new("no proof", RIGHT, &["dcv.txt_missing problem customer", "=> add _acme-challenge.app.{z} TXT one"]).wants_txt(&["one"]),
        Fault::new("an old proof", right("_acme-challenge.app TXT old"), &[
            "dcv.txt_stale problem customer",
            "=> add _acme-challenge.app.{z} TXT one",
            "=> remove _acme-challenge.app.{z} TXT old",
        ])
        .wants_txt(&["one"]),
        Fault::new("one of two proofs", right("_acme-challenge.app TXT one"), &["dcv.txt_incomplete problem customer"])
            .wants_txt(&["one", "two"]),
        Fault::new("the proof at a doubled name", right("_acme-challenge.app.{z} TXT one"), &[
            "dcv.doubled_label problem customer",
            "=> remove _acme-challenge.app.{z}.{z} TXT one",
        ])
        .wants_txt(&["one"]),
        Fault::new("the proof at the hostname", "app A 127.0.9.1\napp TXT one", &["dcv.txt_wrong_name problem customer"])
            .wants_txt(&["one"]),
        Fault::new("delegated to a rival", right("_acme-challenge.app CNAME app.dcv.zoo-rival.net."), &[
            "dcv.delegated_elsewhere problem customer",
            "=> change _acme-challenge.app.{z} CNAME app.{z}.0123456789abcdef.dcv.zoo-platform.net",
        ])
        .wants_txt(&["one"]),
        Fault::new("delegated, but unanswered", right(DELEGATED), &["dcv.delegation_unanswered problem provider"]).wants_txt(&["one"]),
        Fault::new("delegated and answered", right("_acme-challenge.app CNAME answered.0123456789abcdef.dcv.zoo-platform.net."), &[
            "dcv.txt_seen good provider",
        ])
        .wants(|wanted| {
            wanted.delegation = "answered.0123456789abcdef.dcv.zoo-platform.net".parse().ok();
            await_txt(wanted, &["one"]);
        }),
        Fault::new("TXT beside the delegation", "", &[
            "dcv.txt_beside_cname problem customer",
            "=> remove _acme-challenge.app.{z} TXT old",
        ])
        .wants(|wanted| {
            wanted.delegation = "answered.0123456789abcdef.dcv.zoo-platform.net".parse().ok();
            await_txt(wanted, &["one"]);
        })
        .served_by(Arc::new(|name, kind| match (name, kind) {
            ("_acme-challenge.app.{z}", RecordType::TXT) => Said::records(&[format!("{name} 1 TXT old")]),
            ("_acme-challenge.app.{z}", _) => {
                Said::records(&[format!("{name} 1 CNAME answered.0123456789abcdef.dcv.zoo-platform.net.")])
            }
            ("app.{z}", _) => Said::records(&[format!("{name} 1 CNAME customers.zoo-provider.com.")]),
            _ => Said { soa: Some(("{z}".to_owned(), 1)), ..Said::records(&[]) },
        })),
    ]
}

fn caa() -> Vec<Fault> {
    let fault =
        |name, records: &str, expected| Fault::new(name, right(records), expected).wants_txt(&[]);
    vec![
        fault("CAA for our CA", "@ CAA 0 issue \"letsencrypt.org\"", &["caa.allows good provider"]),
        fault(
            "CAA for another CA",
            "@ CAA 0 issue \"sectigo.com\"",
            &["caa.forbids problem customer", "=> add {z} CAA 0 issue \"letsencrypt.org\""],
        ),
        Fault::new(
            "CAA of a sub-domain",
            "app A 127.0.9.1\napp CAA 0 issue \";\"\n@ CAA 0 issue \"letsencrypt.org\"",
            &["caa.forbids problem customer", "=> add app.{z} CAA 0 issue \"letsencrypt.org\""],
        )
        .wants_txt(&[]),
        Fault::new(
            "CAA at the target",
            "app CNAME caa.zoo-provider.com.",
            &["caa.forbids_at_target problem provider"],
        )
        .wants_txt(&[]),
        fault(
            "CAA for wildcards only",
            "@ CAA 0 issue \";\"\n@ CAA 0 issuewild \"letsencrypt.org\"",
            &["caa.issuewild_only problem customer"],
        ),
        fault(
            "CAA for another account",
            "@ CAA 0 issue \"letsencrypt.org; accounturi=https://ca.invalid/acct/2\"",
            &["caa.wrong_account problem customer"],
        ),
        fault(
            "CAA for another method",
            "@ CAA 0 issue \"letsencrypt.org; validationmethods=http-01\"",
            &["caa.wrong_method problem customer"],
        ),
        fault(
            "a critical property in CAA",
            "@ CAA 128 tbs \"unknown\"",
            &["caa.critical_unknown problem customer"],
        ),
        Fault::new(
            "CAA not for wildcards",
            right("@ CAA 0 issue \"letsencrypt.org\"\n@ CAA 0 issuewild \";\""),
            &["caa.forbids_wildcard problem customer"],
        )
        .wants(|wanted| {
            await_txt(wanted, &[]);
            if let Some(certificate) = wanted.record.as_mut().and_then(|r| r.certificate.as_mut()) {
                certificate.wanted.wildcard = true;
            }
        }),
        Fault::new("SERVFAIL for CAA", "", &["caa.lookup_failed problem customer"])
            .wants_txt(&[])
            .served_by(Arc::new(|name, kind| match (name, kind) {
                (_, RecordType::CAA) => Said::code(ResponseCode::ServFail),
                ("app.{z}", _) => {
                    Said::records(&[format!("{name} 1 CNAME customers.zoo-provider.com.")])
                }
                _ => Said { soa: Some(("{z}".to_owned(), 1)), ..Said::records(&[]) },
            })),
    ]
}
