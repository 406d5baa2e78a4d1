//! Each rule of RFC 8659 and RFC 8657 that matters here, as a table.

use super::*;

const ACCOUNT: &str = "https://ca.invalid/acct/1";

fn issuer() -> Issuer {
    Issuer::public(AuthorityName::LetsEncrypt, Some(Explanation::new(ACCOUNT)))
}

/// Records as `FLAGS TAG VALUE`, one a line.
fn records(text: &str) -> Vec<Caa> {
    let record = |line: &str| {
        let mut parts = line.trim().splitn(3, ' ');
        Caa {
            critical: parts.next() == Some("128"),
            tag: parts.next().unwrap().into(),
            value: parts.next().unwrap_or_default().into(),
        }
    };
    text.lines().filter(|line| !line.trim().is_empty()).map(record).collect()
}

fn check(text: &str, covers: Covers, method: DcvMethod, expected: Result<(), Refusal>) {
    let terms = Terms { covers, method: Some(method) };
    assert_eq!(judge(&records(text), &issuer(), terms), expected, "{text} for {covers:?}");
}

#[test]
fn a_ca_may_issue_where_a_record_names_it_or_none_is_about_issuing() {
    let may = |text: &str| check(text, Covers::Name, DcvMethod::Txt, Ok(()));
    let may_not =
        |text: &str| check(text, Covers::Name, DcvMethod::Txt, Err(Refusal::OtherAuthority));
    may("0 issue letsencrypt.org");
    may("0 issue LetsEncrypt.ORG");
    may("0 issue ca.example\n0 issue letsencrypt.org");
    may("0 iodef mailto:security@customer.com");
    may("0 issue  letsencrypt.org ; policy=ev");
    may("0 issuewild ca.example");
    may("128 issue letsencrypt.org");
    may_not("0 issue ;");
    may_not("0 issue ");
    may_not("0 issue ca.example");
    may_not("0 issue notletsencrypt.org");
    may_not("0 issue letsencrypt.org.example");
    // Values that break the grammar permit nobody.
    may_not("0 issue letsencrypt.org; policy");
    may_not("0 issue letsencrypt.org; =ev");
    may_not("0 issue letsencrypt.org policy=ev");
    may_not("0 issue \"letsencrypt.org\"");
}

#[test]
fn wildcards_follow_issuewild_where_there_is_any() {
    use Covers::{Both, Name, Wildcard};
    for (text, covers, expected) in [
        ("0 issue letsencrypt.org", Both, Ok(())),
        ("0 issue letsencrypt.org", Wildcard, Ok(())),
        ("0 issue ca.example", Wildcard, Err(Refusal::OtherAuthority)),
        ("0 issue ca.example\n0 issuewild letsencrypt.org", Wildcard, Ok(())),
        ("0 issue ca.example\n0 issuewild letsencrypt.org", Name, Err(Refusal::OnlyWildcard)),
        ("0 issue ca.example\n0 issuewild letsencrypt.org", Both, Err(Refusal::OnlyWildcard)),
        ("0 issue letsencrypt.org\n0 issuewild ;", Name, Ok(())),
        ("0 issue letsencrypt.org\n0 issuewild ;", Both, Err(Refusal::NotWildcard)),
        ("0 issue letsencrypt.org\n0 issuewild ;", Wildcard, Err(Refusal::NotWildcard)),
        ("0 issuewild ;", Name, Ok(())),
        ("0 issuewild ;", Both, Err(Refusal::NotWildcard)),
    ] {
        check(text, covers, DcvMethod::Txt, expected);
    }
}

#[test]
fn a_critical_property_that_nobody_knows_forbids_all() {
    let unknown = || Err(Refusal::CriticalUnknown("tbs".into()));
    check("0 issue letsencrypt.org\n128 tbs x", Covers::Name, DcvMethod::Txt, unknown());
    check("128 tbs x", Covers::Wildcard, DcvMethod::Txt, unknown());
    check("0 tbs x", Covers::Name, DcvMethod::Txt, Ok(()));
    check("128 iodef mailto:a@b.c", Covers::Name, DcvMethod::Txt, Ok(()));
}

#[test]
fn accounts_and_validation_methods_narrow_a_permission() {
    let with = |parameters: &str| format!("0 issue letsencrypt.org; {parameters}");
    for (parameters, method, expected) in [
        (format!("accounturi={ACCOUNT}"), DcvMethod::Txt, Ok(())),
        (format!("accounturi={ACCOUNT}0"), DcvMethod::Txt, Err(Refusal::OtherAccount)),
        (
            format!("accounturi={ACCOUNT}; accounturi={ACCOUNT}"),
            DcvMethod::Txt,
            Err(Refusal::OtherAccount),
        ),
        ("validationmethods=dns-01".into(), DcvMethod::Txt, Ok(())),
        ("validationmethods=http-01,dns-01".into(), DcvMethod::Txt, Ok(())),
        ("validationmethods=http-01".into(), DcvMethod::Txt, Err(Refusal::OtherMethod)),
        ("validationmethods=dns-01".into(), DcvMethod::Http, Err(Refusal::OtherMethod)),
        ("validationmethods=".into(), DcvMethod::Http, Err(Refusal::OtherMethod)),
        (
            format!("accounturi={ACCOUNT}; validationmethods=tls-alpn-01"),
            DcvMethod::Http,
            Err(Refusal::OtherMethod),
        ),
    ] {
        check(&with(&parameters), Covers::Name, method, expected);
    }
    // A second record that suits us suffices.
    let two = format!("{}\n0 issue letsencrypt.org", with("accounturi=https://other.invalid/1"));
    check(&two, Covers::Name, DcvMethod::Txt, Ok(()));
}

#[test]
fn while_our_account_is_not_known_the_ca_decides() {
    let issuer = Issuer { account: None, ..issuer() };
    let terms = Terms { covers: Covers::Name, method: Some(DcvMethod::Txt) };
    let one = records("0 issue letsencrypt.org; accounturi=https://ca.invalid/acct/9");
    assert_eq!(judge(&one, &issuer, terms), Ok(()));
}

#[test]
fn the_climb_goes_from_the_name_to_below_the_top() {
    let names = climb(&"a.b.customer.co.uk".parse().unwrap());
    let names: Vec<_> = names.iter().map(DnsName::as_str).collect();
    assert_eq!(names, ["a.b.customer.co.uk", "b.customer.co.uk", "customer.co.uk", "co.uk"]);
}

fn found(text: &str) -> Found {
    let at: DnsName = "customer.com".parse().unwrap();
    let set = Set { records: records(text), at: at.clone(), asked: at };
    let set = (!set.records.is_empty()).then_some(set);
    Found(vec![(CertName::Exact("app.customer.com".parse().unwrap()), Ok(set))])
}

#[test]
fn of_several_cas_those_are_found_that_may_issue() {
    let issuers = [
        Issuer::public(AuthorityName::LetsEncrypt, None),
        Issuer::public(AuthorityName::Google, None),
        Issuer::without_caa(AuthorityName::SslCom),
    ];
    let permitted = |text: &str| found(text).permitted(&issuers, DcvMethod::Txt);
    assert_eq!(
        permitted(""),
        [AuthorityName::LetsEncrypt, AuthorityName::Google, AuthorityName::SslCom]
    );
    assert_eq!(permitted("0 issue pki.goog"), [AuthorityName::Google, AuthorityName::SslCom]);
    assert_eq!(permitted("0 issue ;"), [AuthorityName::SslCom]);
}

#[test]
fn a_refusal_names_the_record_to_add_and_a_failure_is_no_permission() {
    let Permission::Denied(problem) =
        found("0 issue ca.example").permission(&issuer(), DcvMethod::Txt)
    else {
        panic!("denied");
    };
    assert_eq!(
        problem.message.as_str(),
        "The CAA records at customer.com do not permit lets_encrypt. Add `0 issue \"letsencrypt.org\"`"
    );
    let name = CertName::Exact("app.customer.com".parse().unwrap());
    let asked: DnsName = "app.customer.com".parse().unwrap();
    let unknown = Unknown { asked, why: LookupFailure::ServerFailure };
    let failed = Found(vec![(name, Err(unknown))]);
    let Permission::Unknown(problem) = failed.permission(&issuer(), DcvMethod::Txt) else {
        panic!("unknown");
    };
    assert!(problem.message.as_str().starts_with("SERVFAIL looking up CAA for app.customer.com"));
    assert!(failed.permitted(&[issuer()], DcvMethod::Txt).is_empty());
}
