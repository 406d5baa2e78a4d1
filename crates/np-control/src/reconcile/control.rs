//! Our own look at the proofs of an order, before the CA is told: a failed look of the CA's would void its tokens
//! (behaviour.md 3.2).

use futures_util::future::join_all;
use np_domain::{
    certificate::{Actor, Control, ControlProof, Order, Problem, TxtChallenge, ValidationAddress},
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
    let looks = join_all(wanted.map(|control| look_at(world, order, control))).await;
    let (seen, missing): (Vec<_>, Vec<_>) = looks.into_iter().partition(Result::is_ok);
    if missing.is_empty() {
        return Ok(seen.into_iter().flatten().collect::<Vec<_>>().join("; "));
    }
    let message =
        |text: String| Problem { actor: Actor::Customer, message: Explanation::new(text) };
    Err(missing.into_iter().filter_map(Result::err).map(message).collect())
}

/// Whether the tokens of another order would become visible without the customer: our edges show those of HTTP, and a CNAME
/// leads to where those of DNS are shown.
pub(super) async fn is_ours_to_show(world: &World, order: &Order) -> bool {
    for control in order.controls.iter().filter(|control| !control.satisfied) {
        let is_ours = match &control.proof {
            ControlProof::Http { .. } => true,
            ControlProof::Txt { name, .. } => {
                matches!(world.resolver.cname(name).await, Ok(Some(_)))
            }
            ControlProof::Cname { .. } | ControlProof::Email { .. } => false,
        };
        if !is_ours {
            return false;
        }
    }
    true
}

async fn look_at(world: &World, order: &Order, control: &Control) -> Result<String, String> {
    match &control.proof {
        ControlProof::Http { path, body } => {
            look_at_http(world, control.name.base(), path, body).await
        }
        ControlProof::Txt { name, value } => look_at_txt(world, name, value).await,
        ControlProof::Cname { name, target } => look_at_cname(world, name, target).await,
        ControlProof::Email { addresses } => {
            look_at_approval(world, order, control, addresses).await
        }
    }
}

async fn look_at_approval(
    world: &World,
    order: &Order,
    control: &Control,
    addresses: &[ValidationAddress],
) -> Result<String, String> {
    let name = &control.name;
    let known = world.stores.approvals.approvals(&order.url).await;
    let known = known.map_err(|why| format!("{name}: approvals cannot be read: {why}"))?;
    if let Some(given) = known.iter().find_map(|approval| approval.covers(name)) {
        return Ok(format!("{name}: approved by {} at {}", given.by, moment(given.at)));
    }
    let asked = known.iter().find(|approval| approval.names.contains(name));
    let to: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    Err(match asked.and_then(|approval| approval.mailed_at) {
        Some(at) => format!(
            "{name}: nobody has approved it yet. Mails were sent to {} on {}: somebody must open the link in one of them and \
             press the button",
            to.join(", "),
            moment(at)
        ),
        None => format!("{name}: no mail to {} was sent yet", to.join(", ")),
    })
}

/// A date and a time, to the minute.
fn moment(at: np_domain::Timestamp) -> String {
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
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
    let (challenge, now) = (TxtChallenge::at(name), world.clock.now());
    let shows = |seen: &str| challenge.shows(seen, value.as_str(), now);
    match world.resolver.txt(name).await {
        Ok(values) => match values.iter().find(|seen| shows(seen.value.as_str())) {
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
