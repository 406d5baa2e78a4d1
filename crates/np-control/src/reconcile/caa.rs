//! CAA before an order is placed: what the records of a certificate's names say of the CAs, each place asked once.
//!
//! [`np_domain::caa`] judges. The CA looks again itself, with its own eyes; this look spares its limits, and tells the
//! customer which record stands in the way, before the CA has to.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use np_domain::{
    caa::{Caa, Found, Set, Unknown, climb},
    certificate::CertName,
    name::DnsName,
    ports::LookupFailure,
};

use super::World;

/// The most places that are asked for one certificate; names beyond them are left to the CA's own look.
const PLACES_MAX: usize = 200;

type Answers = BTreeMap<DnsName, Result<Vec<(DnsName, Caa)>, LookupFailure>>;

/// Looks CAA up for all names of a certificate, all places at once. [`Found::permission`] then says whether one CA may
/// issue, [`Found::permitted`] which of several.
pub(super) async fn look(world: &World, names: &[CertName]) -> Found {
    let mut places: Vec<DnsName> =
        names.iter().flat_map(|name| climb(name.base().as_dns())).collect();
    places.sort_unstable();
    places.dedup();
    places.truncate(PLACES_MAX);
    let looks = places.into_iter().map(|place| async move {
        let answer = world.resolver.caa(&place).await;
        (place, answer)
    });
    let answers: Answers = join_all(looks).await.into_iter().collect();
    let found = names.iter().map(|name| (name.clone(), relevant(name.base().as_dns(), &answers)));
    Found(found.collect())
}

/// The first records from the name upwards; a place that cannot be asked ends the climb.
fn relevant(name: &DnsName, answers: &Answers) -> Result<Option<Set>, Unknown> {
    for asked in climb(name) {
        match answers.get(&asked) {
            None => {}
            Some(Err(why)) => return Err(Unknown { asked, why: why.clone() }),
            Some(Ok(found)) => {
                if let Some((at, _)) = found.first() {
                    let (at, records) = (at.clone(), found.iter().map(|(_, caa)| caa.clone()));
                    return Ok(Some(Set { records: records.collect(), at, asked }));
                }
            }
        }
    }
    Ok(None)
}
