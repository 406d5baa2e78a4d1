//! Our own look at the proofs of an order, before the CA is told: a failed look of the CA's would void its tokens
//! (behaviour.md 3.2).

use futures_util::future::join_all;
use np_domain::{
    certificate::{Actor, Control, ControlProof, Order, Problem},
    name::{DnsName, Hostname},
    ports::{LookupFailure, ProbeRequest},
    text::Explanation,
};

use super::World;

/// What our look at port 80 calls itself.
const USER_AGENT: &str = "Nameplate DCV pre-check";

/// Looks for every proof that the CA still wants; the evidence, or what is missing in words for the customer.
pub(super) async fn look(world: &World, order: &Order) -> Result<String, Vec<Problem>> {
    let wanted = order.controls.iter().filter(|control| !control.satisfied);
    let looks = join_all(wanted.map(|control| look_at(world, control))).await;
    let (seen, missing): (Vec<_>, Vec<_>) = looks.into_iter().partition(Result::is_ok);
    if missing.is_empty() {
        return Ok(seen.into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    let message =
        |text: String| Problem { actor: Actor::Customer, message: Explanation::new(text) };
    Err(missing.into_iter().filter_map(Result::err).map(message).collect())
}

async fn look_at(world: &World, control: &Control) -> Result<String, String> {
    match &control.proof {
        ControlProof::Http { path, body } => {
            look_at_http(world, control.name.base(), path, body).await
        }
        ControlProof::Txt { name, value } => look_at_txt(world, name, value).await,
        ControlProof::Cname { name, target } => look_at_cname(world, name, target).await,
        ControlProof::Email { .. } => Err("nobody has approved it by e-mail yet".to_owned()),
    }
}

async fn look_at_cname(world: &World, name: &DnsName, target: &DnsName) -> Result<String, String> {
    match world.resolver.cname(name).await {
        Ok(Some(seen)) if seen == *target => Ok(format!("{name}: CNAME to {target} seen")),
        Ok(Some(seen)) => {
            Err(format!("{name} is a CNAME to {seen}, and should lead to {target}; change it"))
        }
        Ok(None) => Err(format!("{name} has no CNAME yet; add one that leads to {target}")),
        Err(why) => Err(format!("{name} could not be looked up: {why}")),
    }
}

async fn look_at_http(
    world: &World,
    host: &Hostname,
    path: &Explanation,
    body: &Explanation,
) -> Result<String, String> {
    let request = ProbeRequest { host: host.clone(), path: path.clone(), user_agent: USER_AGENT };
    match world.probe.fetch(&request).await {
        Ok(reply) if reply.body.as_str().trim_end() == body.as_str() => {
            Ok(format!("{host}: token served by {}", reply.from))
        }
        Ok(reply) => Err(format!(
            "http://{host}{path} is answered by {} with another body than the expected token; point {host} here, or serve \
             http_body there",
            reply.from
        )),
        Err(why) => Err(format!("http://{host}{path} does not show the expected token: {why}")),
    }
}

async fn look_at_txt(world: &World, name: &DnsName, value: &Explanation) -> Result<String, String> {
    match world.resolver.txt(name).await {
        Ok(values) => match values.iter().find(|seen| seen.value == *value) {
            Some(seen) => Ok(format!("{name}: TXT seen by {}", seen.from)),
            None => Err(format!(
                "{name} has {} TXT record(s), but none with the value {value}; add it, or remove old ones that stand in \
                 its way",
                values.len()
            )),
        },
        Err(LookupFailure::NoSuchName | LookupFailure::NoRecords) => {
            Err(format!("{name} has no TXT record yet; add one with the value {value}"))
        }
        Err(why) => Err(format!("{name} could not be looked up: {why}")),
    }
}
