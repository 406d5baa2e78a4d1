//! What several resolvers that were asked the same say together.
//!
//! A value counts that enough of them show; that there is nothing counts when most say so. A resolver that is silent has no
//! voice, one that fails has: a validating resolver that finds a zone bogus is not outvoted by a single one that does not look.
//! What comes of neither is a disagreement, told with who said what.

use std::fmt::Display;

use crate::{ports::LookupFailure, text::Explanation};

/// How many resolvers must show a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rule {
    /// One, whatever the others say.
    Any,
    /// More than half of those that answer.
    #[default]
    Majority,
}

/// What one resolver said: values, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<T> {
    /// Who.
    pub by: Explanation,
    /// What.
    pub values: Result<Vec<T>, LookupFailure>,
}

/// A value that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed<T> {
    /// The value.
    pub value: T,
    /// Who showed it, and what the others said.
    pub by: Explanation,
}

impl Rule {
    /// Of `voices`, how many must show a value.
    fn needed(self, voices: usize) -> usize {
        match self {
            Self::Any => 1,
            Self::Majority => majority(voices),
        }
    }
}

fn majority(voices: usize) -> usize {
    voices / 2 + 1
}

/// Whether a look that failed like this is silence.
fn is_silent(why: &LookupFailure) -> bool {
    matches!(why, LookupFailure::TimedOut | LookupFailure::Other(_))
}

/// Whether more answers of `asked` resolvers can change nothing.
pub fn is_settled<T: PartialEq>(rule: Rule, asked: usize, said: &[Said<T>]) -> bool {
    let values = || said.iter().filter_map(|one| one.values.as_ref().ok());
    if rule == Rule::Any && values().next().is_some() {
        return true;
    }
    let same = |set: &Vec<T>| values().filter(|other| *other == set).count() >= majority(asked);
    let nothing = said.iter().filter(|one| is_nothing(&one.values)).count();
    said.len() >= asked || nothing >= majority(asked) || values().any(same)
}

fn is_nothing<T>(values: &Result<Vec<T>, LookupFailure>) -> bool {
    values.as_ref().err().is_some_and(|why| !why.is_trouble())
}

/// What counts of what was said.
///
/// # Errors
/// When nothing counts: why, or who said what.
pub fn agree<T: Clone + PartialEq + Display>(
    rule: Rule,
    said: &[Said<T>],
) -> Result<Vec<Agreed<T>>, LookupFailure> {
    let is_voice = |one: &&Said<T>| !one.values.as_ref().err().is_some_and(is_silent);
    let voices: Vec<&Said<T>> = said.iter().filter(is_voice).collect();
    let mut agreed: Vec<Agreed<T>> = Vec::new();
    for value in voices.iter().filter_map(|one| one.values.as_ref().ok()).flatten() {
        let shows = |one: &&&Said<T>| one.values.as_ref().is_ok_and(|all| all.contains(value));
        let is_known = agreed.iter().any(|known| known.value == *value);
        if !is_known && voices.iter().filter(shows).count() >= rule.needed(voices.len()) {
            agreed.push(Agreed { value: value.clone(), by: who(value, said) });
        }
    }
    if !agreed.is_empty() {
        return Ok(agreed);
    }
    let failures = || voices.iter().filter_map(|one| one.values.as_ref().err());
    let nothing = failures().filter(|why| !why.is_trouble());
    if !voices.is_empty() && nothing.clone().count() >= majority(voices.len()) {
        let missing = nothing.clone().filter(|why| **why == LookupFailure::NoSuchName).count();
        return Err(match missing >= nothing.count().div_ceil(2) {
            true => LookupFailure::NoSuchName,
            false => LookupFailure::NoRecords,
        });
    }
    Err(trouble(said, &voices))
}

fn trouble<T: Display>(said: &[Said<T>], voices: &[&Said<T>]) -> LookupFailure {
    let failures = || said.iter().filter_map(|one| one.values.as_ref().err());
    let all_fail =
        voices.iter().all(|one| one.values.as_ref().is_err_and(LookupFailure::is_trouble));
    if !all_fail {
        return LookupFailure::Disagreement(Explanation::new(words(said)));
    }
    // Of several failures the one that says most.
    let is_bogus = |why: &&LookupFailure| matches!(why, LookupFailure::Bogus(_));
    let loud = failures().find(is_bogus).or_else(|| failures().find(|why| !is_silent(why)));
    loud.or_else(|| failures().next()).cloned().unwrap_or(LookupFailure::TimedOut)
}

/// Who showed a value; and who did not, with what they said instead.
fn who<T: PartialEq + Display>(value: &T, said: &[Said<T>]) -> Explanation {
    let shows = |one: &&Said<T>| one.values.as_ref().is_ok_and(|all| all.contains(value));
    let names: Vec<_> = said.iter().filter(shows).map(|one| one.by.to_string()).collect();
    let mut text = names.join(" and ");
    for one in said.iter().filter(|one| !shows(one)) {
        text.push_str(&format!("; {}", of(one)));
    }
    Explanation::new(text)
}

fn words<T: Display>(said: &[Said<T>]) -> String {
    said.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn of<T: Display>(one: &Said<T>) -> String {
    match &one.values {
        Ok(values) => {
            let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
            format!("{} says {}", one.by, values.join(", "))
        }
        Err(why) => format!("{} says that {why}", one.by),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of resolvers A, B, C, separated by blanks: values joined by `+`, `-` for none, `x` for no such name, `S` for
    /// SERVFAIL, `B` for bogus, `T` for silence.
    fn said(text: &str) -> Vec<Said<String>> {
        let failure = |word: &str| match word {
            "-" => Some(LookupFailure::NoRecords),
            "x" => Some(LookupFailure::NoSuchName),
            "S" => Some(LookupFailure::ServerFailure),
            "B" => Some(LookupFailure::Bogus(Explanation::new("signature expired"))),
            "T" => Some(LookupFailure::TimedOut),
            _ => None,
        };
        let one = |(name, word): (char, &str)| Said {
            by: Explanation::new(name.to_string()),
            values: match failure(word) {
                Some(why) => Err(why),
                None => Ok(word.split('+').map(str::to_owned).collect()),
            },
        };
        ('A'..).zip(text.split(' ')).map(one).collect()
    }

    fn outcome(rule: Rule, text: &str) -> String {
        match agree(rule, &said(text)) {
            Ok(agreed) => agreed.into_iter().map(|one| one.value).collect::<Vec<_>>().join("+"),
            Err(LookupFailure::NoRecords) => "-".into(),
            Err(LookupFailure::NoSuchName) => "x".into(),
            Err(LookupFailure::ServerFailure) => "S".into(),
            Err(LookupFailure::Bogus(_)) => "B".into(),
            Err(LookupFailure::TimedOut) => "T".into(),
            Err(LookupFailure::Disagreement(_)) => "?".into(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn enough_resolvers_must_show_a_value() {
        // What was said, and what counts by majority and by any.
        for (text, majority, any) in [
            ("v", "v", "v"),
            ("x", "x", "x"),
            ("-", "-", "-"),
            ("S", "S", "S"),
            ("B", "B", "B"),
            ("T", "T", "T"),
            ("v v", "v", "v"),
            ("v x", "?", "v"),
            ("v w", "?", "v+w"),
            ("v+w v", "v", "v+w"),
            ("v T", "v", "v"),
            ("v S", "?", "v"),
            ("v B", "?", "v"),
            ("x -", "x", "x"),
            ("x T", "x", "x"),
            ("x S", "?", "?"),
            ("S B", "B", "B"),
            ("T S", "S", "S"),
            ("T T", "T", "T"),
            ("v v x", "v", "v"),
            ("v x x", "x", "v"),
            ("v v B", "v", "v"),
            ("v x S", "?", "v"),
            ("v T T", "v", "v"),
            ("v+w w+u u+v", "v+w+u", "v+w+u"),
            ("x x S", "x", "x"),
            ("x T S", "?", "?"),
            ("S S B", "B", "B"),
        ] {
            assert_eq!(outcome(Rule::Majority, text), majority, "majority of {text}");
            assert_eq!(outcome(Rule::Any, text), any, "any of {text}");
        }
    }

    #[test]
    fn who_said_what_is_told() {
        let agreed = agree(Rule::Majority, &said("v v x")).unwrap();
        assert_eq!(agreed[0].by.as_str(), "A and B; C says that the name does not exist");
        let Err(LookupFailure::Disagreement(why)) = agree(Rule::Majority, &said("v x")) else {
            panic!("no disagreement")
        };
        assert_eq!(why.as_str(), "A says \"v\"; B says that the name does not exist");
    }

    #[test]
    fn nobody_is_waited_for_who_can_change_nothing() {
        let check = |rule, asked, text: &str, expected| {
            assert_eq!(is_settled(rule, asked, &said(text)), expected, "{text} of {asked}");
        };
        check(Rule::Majority, 1, "v", true);
        check(Rule::Majority, 3, "v", false);
        check(Rule::Majority, 3, "v v", true);
        check(Rule::Majority, 3, "v w", false);
        check(Rule::Majority, 3, "x -", true);
        check(Rule::Majority, 3, "x S", false);
        check(Rule::Any, 3, "v", true);
        check(Rule::Any, 3, "x", false);
        check(Rule::Any, 3, "x x", true);
    }
}
