//! What resolvers remember: where their answers differ from those of the name servers, and until when.

use std::time::Duration;

use super::{
    Check, Finding, Verdict,
    case::{Case, is_about_memory, many},
    sight::{Answer, Question, RecordKind},
};
use crate::certificate::Actor;

/// A wrong record that may be remembered for longer than this, in seconds, is worth a word.
const LONG_TTL: u32 = 3600;

pub(super) fn judge(case: &Case<'_>) -> Vec<Finding> {
    let questions = case.questions();
    let mut findings: Vec<_> = first(&questions, |question| behind(case, question));
    if findings.is_empty() {
        findings = first(&questions, |question| at_odds(case, question));
    }
    findings
}

/// One finding for all questions: the first that is found.
fn first(questions: &[&Question], look: impl Fn(&Question) -> Option<Finding>) -> Vec<Finding> {
    questions.iter().find_map(|question| look(question)).into_iter().collect()
}

/// A resolver that shows something else than the name servers do.
fn behind(case: &Case<'_>, question: &Question) -> Option<Finding> {
    let good = |answer: &&Answer| answer.is_good();
    let (servers, resolvers): (Vec<_>, Vec<_>) = case
        .sight
        .answers
        .iter()
        .filter(|a| a.question == *question && !a.unchecked)
        .filter(good)
        .partition(|a| a.is_from_authority());
    let (truth, others) = servers.split_first()?;
    let (_, right) = Case::own(truth)?;
    if others.iter().any(|other| Case::own(other) != Case::own(truth)) {
        return None;
    }
    let is_behind = |answer: &&&Answer| {
        let Some((_, shown)) = Case::own(answer) else { return false };
        match question.kind {
            // Addresses may rotate: only all or nothing counts.
            RecordKind::A | RecordKind::Aaaa => shown.is_empty() != right.is_empty(),
            _ => shown != right,
        }
    };
    let old: Vec<_> = resolvers.iter().filter(is_behind).collect();
    let last = old.iter().max_by_key(|answer| answer.remembered_until())?;
    let until = last.remembered_until();
    let nothing = old.iter().all(|answer| Case::own(answer).is_some_and(|(_, own)| own.is_empty()));
    let (check, what) = match nothing {
        true => (Check::NegativeCaching, "that there was no such record"),
        false => (Check::OldAnswerCached, "an earlier record"),
    };
    let end = until
        .map(|at| format!(" until {} {} at the latest", at.date(), at.time()))
        .unwrap_or_default();
    let words = format!(
        "{} of {question} remembers {what}{end}, although the name servers show the new one. Nobody needs to act.",
        many(old.len(), "resolver")
    );
    let evidence =
        std::iter::once(truth.evidence()).chain(old.iter().map(|answer| answer.evidence()));
    let finding = Finding::new(check, Verdict::Notice, Actor::Authority, words);
    Some(finding.seen(evidence).until(until))
}

/// Resolvers that differ, where the name servers themselves could not be asked.
fn at_odds(case: &Case<'_>, question: &Question) -> Option<Finding> {
    if matches!(question.kind, RecordKind::A | RecordKind::Aaaa) {
        return None;
    }
    let mut good = case.sight.to(question).filter(|answer| answer.is_good());
    if case.sight.to(question).any(|answer| answer.is_from_authority() && answer.is_good()) {
        return None;
    }
    let one = good.next()?;
    let other = good.find(|other| Case::own(other) != Case::own(one))?;
    let words = format!(
        "Resolvers answer differently about {question}: a change may be on its way. Nobody needs to act."
    );
    let until = [one, other].into_iter().filter_map(Answer::remembered_until).max();
    let finding = Finding::new(Check::ResolversDisagree, Verdict::Notice, Actor::Authority, words);
    Some(finding.seen([one.evidence(), other.evidence()]).until(until))
}

/// A wrong record with a long TTL: after it is corrected, resolvers still show it for that long.
pub(super) fn long_lived(case: &Case<'_>, findings: &[Finding]) -> Option<Finding> {
    let wrong = |finding: &&Finding| {
        finding.verdict != Verdict::Good
            && !finding.remedies.is_empty()
            && !is_about_memory(finding.check)
    };
    let evidence = findings.iter().filter(wrong).flat_map(|finding| &finding.evidence);
    let long = evidence.filter(|e| e.ttl.is_some_and(|ttl| ttl > LONG_TTL));
    let longest = long.max_by_key(|evidence| evidence.ttl)?;
    let ttl = longest.ttl?;
    let until = case.now + Duration::from_secs(ttl.into());
    let words = format!(
        "{} may be remembered for {ttl} seconds: after it is corrected, some see the old answer until then. Lower the TTL to 300 \
         first if the change is planned for later.",
        longest.question
    );
    let finding = Finding::new(Check::LongTtl, Verdict::Notice, Actor::Customer, words);
    Some(finding.seen([longest.clone()]).until(Some(until)))
}
