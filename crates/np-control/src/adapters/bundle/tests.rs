//! Chains of uploads: which path is built by each method, and what leads nowhere.

use np_testkit::{
    ca::{Ca, LeafKey, self_signed},
    clock::TestClock,
};
use time::Duration as Span;

use super::*;

const NOW: Timestamp = TestClock::START;
const NAME: &[&str] = &["app.customer.com"];

fn der(pem: &str) -> Vec<Der> {
    read(pem).unwrap()
}

fn trust(roots: &[&Ca]) -> TrustStore {
    let pem: String = roots.iter().map(|root| root.pem.as_str()).collect();
    TrustStore::from_pem(&pem).unwrap()
}

fn chain_of(pem: &str, method: BundleMethod, trust: &TrustStore) -> Result<Vec<Der>, UploadFault> {
    chain(&der(pem), method, trust, NOW)
}

const METHODS: [BundleMethod; 3] =
    [BundleMethod::Ubiquitous, BundleMethod::Optimal, BundleMethod::Force];

#[test]
fn certificates_come_out_of_pem_once_each() {
    let root = Ca::root("Root");
    let leaf = root.leaf(NAME, LeafKey::P256);
    let text = format!("A note.\n{}\n{}{}{}", leaf.pem, leaf.key, root.pem, leaf.pem);
    assert_eq!(der(&text).len(), 2);
    assert_eq!(read(" \n\t"), Err(UploadFault::Empty));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in ["hello", &leaf.key, broken, &format!("{}{broken}", leaf.pem)] {
        assert!(matches!(read(text), Err(UploadFault::Unparsable(_))), "{text}");
    }
    let many = root.pem.repeat(CERTIFICATES_MAX + 1);
    assert!(matches!(read(&many), Err(UploadFault::Unparsable(_))));
}

#[test]
fn there_is_one_leaf_or_a_fault() {
    let root = Ca::root("Root");
    let (one, other) = (root.leaf(NAME, LeafKey::P256), root.leaf(NAME, LeafKey::Rsa2048));
    let store = trust(&[&root]);
    for method in METHODS {
        let several = chain_of(&format!("{}{}", one.pem, other.pem), method, &store);
        assert_eq!(several, Err(UploadFault::SeveralLeaves(2)));
        let between = root.intermediate("Between");
        let none = chain_of(&format!("{}{}", root.pem, between.pem), method, &store);
        assert_eq!(none, Err(UploadFault::NoLeaf));
    }
}

#[test]
fn any_order_is_brought_into_order() {
    let root = Ca::root("Root");
    let upper = root.intermediate("Upper");
    let lower = upper.intermediate("Lower");
    let leaf = lower.leaf(NAME, LeafKey::P384);
    let expected = der(&format!("{}{}{}", leaf.pem, lower.pem, upper.pem));
    for method in METHODS {
        for order in [[&leaf.pem, &lower.pem, &upper.pem], [&upper.pem, &leaf.pem, &lower.pem]] {
            let text: String = order.into_iter().map(String::as_str).collect();
            assert_eq!(chain_of(&text, method, &trust(&[&root])), Ok(expected.clone()));
        }
    }
}

#[test]
fn a_root_that_was_uploaded_is_kept_by_force_only() {
    let root = Ca::root("Root");
    let leaf = root.leaf(NAME, LeafKey::P256);
    let text = format!("{}{}", leaf.pem, root.pem);
    let store = trust(&[&root]);
    assert_eq!(chain_of(&text, BundleMethod::Force, &store).map(|c| c.len()), Ok(2));
    for method in [BundleMethod::Ubiquitous, BundleMethod::Optimal] {
        assert_eq!(chain_of(&text, method, &store), Ok(der(&leaf.pem)));
    }
}

#[test]
fn ubiquitous_goes_the_long_way_to_the_root_that_more_clients_know_and_optimal_the_short_one() {
    let (old, new) = (Ca::root("Old root"), Ca::root("New root"));
    let between = new.intermediate("Between");
    let leaf = between.leaf(NAME, LeafKey::P256);
    let cross = new.cross_signed_by(&old);
    let text = format!("{}{}{cross}", leaf.pem, between.pem);
    let both = trust(&[&old, &new]);
    let long = der(&text);
    let short = der(&format!("{}{}", leaf.pem, between.pem));
    assert_eq!(chain_of(&text, BundleMethod::Ubiquitous, &both), Ok(long.clone()));
    assert_eq!(chain_of(&text, BundleMethod::Optimal, &both), Ok(short.clone()));
    assert_eq!(chain_of(&text, BundleMethod::Force, &both), Ok(long.clone()));
    // Where only one of the roots is trusted, both methods find the way to it.
    assert_eq!(chain_of(&text, BundleMethod::Optimal, &trust(&[&old])), Ok(long));
    assert_eq!(chain_of(&text, BundleMethod::Ubiquitous, &trust(&[&new])), Ok(short));
}

#[test]
fn what_does_not_belong_is_dropped_and_refused_by_force() {
    let (root, stranger) = (Ca::root("Root"), Ca::root("Stranger"));
    let leaf = root.leaf(NAME, LeafKey::P256);
    let text = format!("{}{}", leaf.pem, stranger.intermediate("Other").pem);
    let store = trust(&[&root]);
    assert_eq!(chain_of(&text, BundleMethod::Optimal, &store), Ok(der(&leaf.pem)));
    let forced = chain_of(&text, BundleMethod::Force, &store);
    assert!(matches!(forced, Err(UploadFault::Unbundled(_))), "{forced:?}");
}

#[test]
fn intermediates_of_the_store_complete_a_chain() {
    let root = Ca::root("Root");
    let between = root.intermediate("Between");
    let leaf = between.leaf(NAME, LeafKey::P256);
    let refused = chain_of(&leaf.pem, BundleMethod::Ubiquitous, &trust(&[&root]));
    assert!(matches!(refused, Err(UploadFault::Unbundled(_))), "{refused:?}");
    let chain = chain_of(&leaf.pem, BundleMethod::Ubiquitous, &trust(&[&root, &between]));
    assert_eq!(chain, Ok(der(&format!("{}{}", leaf.pem, between.pem))));
}

#[test]
fn self_signed_and_untrusted_ones_need_force() {
    let (root, stranger) = (Ca::root("Root"), Ca::root("Stranger"));
    let store = trust(&[&root]);
    let own = self_signed(NAME);
    let foreign = stranger.leaf(NAME, LeafKey::P256);
    for method in [BundleMethod::Ubiquitous, BundleMethod::Optimal] {
        assert_eq!(chain_of(&own.pem, method, &store), Err(UploadFault::SelfSigned));
        let refused = chain_of(&foreign.pem, method, &store);
        assert!(matches!(refused, Err(UploadFault::Unbundled(_))), "{refused:?}");
    }
    assert_eq!(chain_of(&own.pem, BundleMethod::Force, &store), Ok(der(&own.pem)));
    assert_eq!(chain_of(&foreign.pem, BundleMethod::Force, &store), Ok(der(&foreign.pem)));
    // As `openssl req -x509` makes them: a CA and a leaf in one.
    assert_eq!(chain_of(&root.pem, BundleMethod::Force, &store), Ok(der(&root.pem)));
}

#[test]
fn a_path_is_good_at_its_time_only() {
    let root = Ca::root("Root");
    let leaf = root.leaf(NAME, LeafKey::P256);
    let late = NOW + Span::days(91);
    let refused = chain(&der(&leaf.pem), BundleMethod::Optimal, &trust(&[&root]), late);
    assert!(matches!(refused, Err(UploadFault::Unbundled(_))), "{refused:?}");
}

#[test]
fn a_root_that_signs_with_sha_384_is_good() {
    let root = Ca::root_p384("Root");
    let leaf = root.leaf(NAME, LeafKey::Rsa3072);
    let store = trust(&[&root]);
    assert_eq!(chain_of(&leaf.pem, BundleMethod::Ubiquitous, &store), Ok(der(&leaf.pem)));
}
