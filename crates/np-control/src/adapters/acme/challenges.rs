//! What an order wants to see, and telling the CA that it may look.

use instant_acme::{
    AuthorizationHandle, AuthorizationStatus, ChallengeStatus, ChallengeType, Order as PlacedOrder,
};
use np_domain::{
    certificate::{
        Actor, CertName, Control, ControlProof, DcvMethod, Order, Problem, TxtChallenge,
    },
    ports::{AuthorityError, OrderTerms},
    text::Explanation,
};

use super::{
    Stop,
    txt::{self, TxtTerms},
};

/// The proof that the CA wants for the name of this authorization.
pub(super) fn control<'a>(
    authorization: &'a mut AuthorizationHandle<'a>,
    terms: &OrderTerms,
    txt: &TxtTerms<'_>,
) -> Result<Control, AuthorityError> {
    let identifier = authorization.identifier().to_string();
    let name = terms.names.iter().find(|name| name.to_string() == identifier).cloned();
    let name = name.ok_or_else(|| {
        let words = format!("the authority wants proof for {identifier}, which was not ordered");
        refused(Actor::Authority, &words)
    })?;
    let satisfied = authorization.status == AuthorizationStatus::Valid;
    let offered: Vec<_> = authorization.challenges.iter().map(|c| c.r#type.clone()).collect();
    let no_such = || no_such_challenge(&name, terms.method, txt.challenge, &offered);
    let wanted = challenge_type(terms.method, txt.challenge).ok_or_else(no_such)?;
    // An authorization that is valid already lists the one challenge that it was won with, whatever that was.
    let chosen = match (offered.contains(&wanted), satisfied, offered.first()) {
        (false, true, Some(other)) => other.clone(),
        _ => wanted,
    };
    let challenge = authorization.challenge(chosen);
    let challenge = challenge.ok_or_else(no_such)?;
    let key_authorization = challenge.key_authorization();
    let proof = match terms.method {
        DcvMethod::Http => ControlProof::Http {
            path: Explanation::new(format!("/.well-known/acme-challenge/{}", challenge.token)),
            body: Explanation::new(key_authorization.as_str()),
        },
        // The other methods were refused above.
        DcvMethod::Txt | DcvMethod::Email | DcvMethod::Cname => {
            txt.proof(&name, terms, &key_authorization.dns_value())?
        }
    };
    Ok(Control { name, proof, satisfied })
}

fn challenge_type(method: DcvMethod, txt: TxtChallenge) -> Option<ChallengeType> {
    match method {
        DcvMethod::Http => Some(ChallengeType::Http01),
        DcvMethod::Txt => Some(txt::challenge_type(txt)),
        DcvMethod::Email | DcvMethod::Cname => None,
    }
}

fn no_such_challenge(
    name: &CertName,
    method: DcvMethod,
    txt: TxtChallenge,
    offered: &[ChallengeType],
) -> AuthorityError {
    let is_offered =
        |method| challenge_type(method, txt).is_some_and(|kind| offered.contains(&kind));
    if method == DcvMethod::Txt && txt != TxtChallenge::Dns {
        let words = format!(
            "the authority does not offer {} for {name}; take txt_challenge out of its configuration",
            txt.as_str()
        );
        return refused(Actor::Provider, &words);
    }
    let others = DcvMethod::ALL.iter().filter(|(method, _)| is_offered(*method));
    let others: Vec<_> = others.map(|(_, word)| *word).collect();
    let others = if others.is_empty() { "no method of ours".to_owned() } else { others.join(", ") };
    let asked = method.as_str();
    let words = format!(
        "the authority does not validate {name} by method {asked}; set ssl.method to one that it offers: {others}"
    );
    refused(Actor::Provider, &words)
}

pub(super) fn refused(actor: Actor, words: &str) -> AuthorityError {
    AuthorityError::Refused(Problem { actor, message: Explanation::new(words) })
}

/// Tells the CA of every challenge of the order that it has not been told of.
pub(super) async fn tell_pending(placed: &mut PlacedOrder, order: &Order) -> Result<(), Stop> {
    let mut authorizations = placed.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status != AuthorizationStatus::Pending {
            continue;
        }
        let identifier = authorization.identifier().to_string();
        let control = order.controls.iter().find(|control| control.name.to_string() == identifier);
        let kind = control.and_then(|control| match &control.proof {
            ControlProof::Txt { name, .. } => Some(txt::challenge_type(TxtChallenge::at(name))),
            proof => challenge_type(proof.method(), TxtChallenge::Dns),
        });
        // What the order wants is no longer what was shown for it.
        let mut challenge =
            kind.and_then(|kind| authorization.challenge(kind)).ok_or(AuthorityError::OrderGone)?;
        if challenge.status == ChallengeStatus::Pending {
            challenge.set_ready().await?;
        }
    }
    Ok(())
}
