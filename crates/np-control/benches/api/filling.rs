//! A million hostnames in all states, added through the store.

use std::time::{Duration, Instant};

use np_control::{
    adapters::clock::SystemClock,
    app::draws::{Draws, RandomDraws},
};
use np_domain::{
    Timestamp,
    certificate::{
        Active, AuthorityName, BundleMethod, Certificate, DcvMethod, IssuedCertificate, KeyType,
        Origin, Phase, Settled, Stalled, State, Wanted,
        chain::{ChainFacts, ValidatedChain},
    },
    custom_hostname::{CustomHostname, HostnameRecord, Metadata},
    id::{HostnameId, ZoneId},
    origin::{CustomOrigin, OriginSni},
    ownership,
    ports::{Addition, Clock as _, HostnameStore as _},
    secret::SealedBytes,
    text::Explanation,
    tls_policy::TlsPolicy,
};

use crate::serving::World;

/// Added by one call.
const CHUNK: u64 = 4_096;

/// Fills the large zone; how many were added, and how long it took. One that was filled before and kept goes on from there.
pub(crate) async fn fill(world: &World, count: u64) -> anyhow::Result<(u64, Duration)> {
    let (begin, now) = (Instant::now(), SystemClock.now());
    let first = world.store.count(world.large).await?;
    let mut next = first;
    while next < count {
        let end = (next + CHUNK).min(count);
        let additions = (next..end).map(|number| addition(world.large, number, now)).collect();
        for added in world.store.add(additions).await {
            added?;
        }
        next = end;
    }
    Ok((next - first, begin.elapsed()))
}

/// Ids as the API draws them.
fn draws() -> &'static dyn Draws {
    &RandomDraws
}

/// Hostname `number`: 1 of 10 without a certificate, 1 of 20 waiting for control, 1 of 1,000 stalled, the others served.
fn addition(zone: ZoneId, number: u64, now: Timestamp) -> Addition {
    let created_at = now - Duration::from_secs(10_000_000) + Duration::from_millis(number * 7);
    let word = ["app", "shop", "www", "portal", "status"][(number % 5) as usize];
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let name = format!("{word}.{scattered:06x}-{number}.customer{}.com", number % 1_000);
    let id = draws().hostname_id();
    let ownership = match number % 50 {
        0 => ownership::State::new(created_at),
        _ => ownership::State::Proven(ownership::Proven {
            by: ownership::Method::Txt,
            at: created_at,
            evidence: Explanation::new("token in TXT, seen by 192.0.2.53"),
            watch: ownership::Watch::default(),
        }),
    };
    let origin = number.is_multiple_of(20).then(|| CustomOrigin {
        server: format!("origin{}.provider.net", number % 4_000).parse().unwrap(),
        sni: OriginSni::Origin,
    });
    let hostname = CustomHostname {
        id,
        zone,
        name: name.parse().unwrap(),
        token: draws().ownership_token(),
        ownership,
        origin,
        metadata: Metadata::default(),
        created_at,
        version: 0,
    };
    let certificate =
        (!number.is_multiple_of(10)).then(|| certificate(id, number, created_at, now));
    Addition {
        record: HostnameRecord { hostname, certificate },
        events: Vec::new(),
        hostnames_max: None,
    }
}

fn certificate(
    hostname: HostnameId,
    number: u64,
    created_at: Timestamp,
    now: Timestamp,
) -> Certificate {
    let authority = number.is_multiple_of(7).then_some(AuthorityName::Google);
    let wanted = Wanted {
        method: DcvMethod::Txt,
        wildcard: number % 100 == 1,
        authority,
        bundle: BundleMethod::default(),
        tls: TlsPolicy::default(),
        keys: vec![KeyType::P256],
    };
    let pack = draws().pack_id();
    let mut certificate = Certificate::new(pack, hostname, wanted, created_at);
    // Not due in this run.
    let renew_at = now + Duration::from_secs(1_000_000);
    match number % 1_000 {
        3 => {
            certificate.attempt = State::Stalled(Stalled {
                key_type: KeyType::P256,
                phase: Phase::Control,
                problems: Vec::new(),
                since: created_at,
                retry_at: None,
            });
        }
        rest if rest % 20 == 9 => {}
        _ => {
            let facts = ChainFacts {
                der: vec![vec![0x30; 400].into()],
                names: vec![Explanation::new("name")],
                not_before: created_at,
                not_after: now + Duration::from_secs(2_000_000),
                issuer: Explanation::new("CN=R3, O=Let's Encrypt"),
                serial: Explanation::new("123456789012345678901234567890"),
                signature: Explanation::new("ECDSAWithSHA256"),
                key_type: Some(KeyType::P256),
                key_matches: true,
                is_linked: true,
            };
            let issued = IssuedCertificate {
                id: draws().certificate_id(),
                origin: Origin::Authority(authority.unwrap_or(AuthorityName::LetsEncrypt)),
                chain: ValidatedChain::restored(facts),
                key: SealedBytes::from_vec(vec![7; 170]),
                key_type: KeyType::P256,
                issued_at: created_at,
            };
            certificate.active = vec![Active { issued, deployed_at: created_at, suggestion: None }];
            certificate.attempt = State::Settled(Settled { renew_at, ask_at: None });
        }
    }
    certificate
}
