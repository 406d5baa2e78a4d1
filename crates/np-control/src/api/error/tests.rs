//! The table of errors, beside the document that callers read.

use std::collections::HashSet;

use np_domain::origin::OriginError;

use super::{
    hostnames::{hostname, origin},
    *,
};

const ERRORS_MD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md"));

/// The lines of the table in docs/errors.md: status, code, text.
fn documented() -> HashSet<(u16, u32, String)> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let row = |cells: Vec<String>| {
        Some((cells.get(1)?.parse().ok()?, cells.get(2)?.parse().ok()?, cells.get(3)?.clone()))
    };
    ERRORS_MD.lines().map(cells).filter_map(row).collect()
}

#[test]
fn the_document_has_every_problem_and_no_other() {
    let table: HashSet<_> = Problem::ALL
        .iter()
        .map(|problem| problem.row())
        .map(|row| (row.status, row.code, row.message.to_owned()))
        .collect();
    let documented = documented();
    let missing: Vec<_> = table.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&table).collect();
    assert!(missing.is_empty() && stale.is_empty(), "missing {missing:#?}, stale {stale:#?}");
}

#[test]
fn every_code_is_at_least_1000_and_every_status_an_error() {
    for problem in Problem::ALL {
        let row = problem.row();
        assert!(row.code >= 1000 && (400..600).contains(&row.status), "{problem:?}");
    }
}

#[test]
fn what_caused_a_500_does_not_get_into_the_reply() {
    let cause = "password authentication failed for user postgres";
    let error = ApiError::from(StoreError::Unavailable(cause.into()));
    let item = serde_json::to_string(&error.item()).unwrap();
    assert_eq!(item, r#"{"code":1500,"message":"Internal Server Error"}"#);
}

#[test]
fn each_broken_rule_of_hostnames_has_its_code() {
    for (name, code) in [
        ("a b.com", 1407),
        ("192.0.2.1", 1407),
        ("münchen.de", 1408),
        ("app.test", 1409),
        ("co.uk", 1410),
        ("a.example.com", 1411),
        ("*.customer.com", 1448),
    ] {
        let error = np_domain::name::Hostname::parse(name).expect_err(name);
        assert_eq!(hostname(error.clone()).item().code, code, "{name}");
        if code != 1448 {
            assert_eq!(origin(OriginError::Host(error)).item().code, code + 8, "{name}");
        }
    }
}

#[test]
fn what_is_particular_stands_where_the_original_has_it() {
    let error = np_domain::name::Hostname::parse("co.uk").expect_err("a public suffix");
    assert_eq!(
        hostname(error).item().message,
        "Unable to parse custom hostname - `publicsuffix: cannot derive eTLD+1 for domain \"co.uk\"`. \
         Check your input and try again."
    );
    let request = http::Request::get("/client/v4/zones/x?page=2").body(()).unwrap();
    assert_eq!(
        crate::api::auth::no_route(&request.into_parts().0).item().message,
        "Could not route to /client/v4/zones/x, perhaps your object identifier is invalid?"
    );
}
