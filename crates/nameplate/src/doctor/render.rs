//! What was found, for people at a terminal.

use std::fmt::Write as _;

use serde_json::Value;

/// A hostname's diagnosis.
pub(super) fn hostname(found: &Value) -> String {
    let mut text = format!("{}\n", text_of(&found["summary"]));
    for step in found["to_do"].as_array().into_iter().flatten() {
        let _ = write!(text, "\n  to do   {}\n", text_of(step));
    }
    for finding in found["findings"].as_array().into_iter().flatten() {
        add_finding(&mut text, finding);
        let actor = text_of(&finding["actor"]);
        if finding["verdict"] == "problem" && !actor.is_empty() {
            let _ = writeln!(text, "          who acts: {actor}");
        }
        for remedy in finding["remedies"].as_array().into_iter().flatten() {
            let word = |key: &str| text_of(&remedy[key]).to_owned();
            let (action, name) = (word("action"), word("name"));
            let _ =
                writeln!(text, "          {action}: {name} {} {}", word("type"), word("content"));
        }
        for evidence in finding["evidence"].as_array().into_iter().flatten() {
            let word = |key: &str| text_of(&evidence[key]).to_owned();
            let (server, question) = (word("server"), word("question"));
            let _ = writeln!(text, "          seen: {server}, {question}: {}", word("answer"));
        }
        if let Some(at) = finding["next_look"].as_str() {
            let _ = writeln!(text, "          we look again at {at}");
        }
    }
    if found["cut_short"] == Value::Bool(true) {
        text.push_str("\nA limit ended the look before everything was asked.\n");
    }
    text
}

/// The checks of an installation.
pub(super) fn installation(found: &Value) -> String {
    let mut text = format!("Nameplate {}\n", env!("CARGO_PKG_VERSION"));
    for finding in found["findings"].as_array().into_iter().flatten() {
        add_finding(&mut text, finding);
    }
    let _ = match found["problems"].as_u64() {
        Some(0) | None => writeln!(text, "\nNo problem was found."),
        Some(1) => writeln!(text, "\n1 problem was found."),
        Some(count) => writeln!(text, "\n{count} problems were found."),
    };
    text
}

fn add_finding(text: &mut String, finding: &Value) {
    let mark = match finding["verdict"].as_str() {
        Some("problem") => "PROBLEM",
        Some("notice") => "notice ",
        _ => "good   ",
    };
    let (check, message) = (text_of(&finding["check"]), text_of(&finding["message"]));
    let _ = write!(text, "\n  {mark} {check}\n          {message}\n");
}

/// What others wrote, without what a terminal would obey.
fn text_of(value: &Value) -> &str {
    let text = value.as_str().unwrap_or_default();
    if text.contains(char::is_control) { "(not printable)" } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_person_reads_what_is_wrong_who_acts_and_which_record_to_change() {
        let found = json!({
            "summary": "app.customer.com is not active: 1 problem.",
            "to_do": ["The provider adds it"],
            "cut_short": true,
            "findings": [{
                "check": "hostname.wrong_target", "verdict": "problem", "actor": "customer",
                "message": "It leads to somebody else.",
                "evidence": [{"server": "192.0.2.53", "question": "app.customer.com CNAME", "answer": "shop.example.net"}],
                "remedies": [{"action": "change", "name": "app.customer.com", "type": "CNAME", "content": "provider.com"}],
                "next_look": "2026-11-30T12:00:00Z",
            }],
        });
        assert_eq!(
            hostname(&found),
            "app.customer.com is not active: 1 problem.\n\
             \n  to do   The provider adds it\n\
             \n  PROBLEM hostname.wrong_target\n          It leads to somebody else.\n          who acts: customer\n\
             \x20         change: app.customer.com CNAME provider.com\n\
             \x20         seen: 192.0.2.53, app.customer.com CNAME: shop.example.net\n\
             \x20         we look again at 2026-11-30T12:00:00Z\n\
             \nA limit ended the look before everything was asked.\n"
        );
    }

    #[test]
    fn a_terminal_is_not_told_what_a_stranger_wrote_for_it() {
        assert_eq!(text_of(&json!("\u{1b}[2J")), "(not printable)");
        assert_eq!(text_of(&json!("plain")), "plain");
    }
}
