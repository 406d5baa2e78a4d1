//! `nameplate doctor`: why a hostname is not active, in words, from the same checks as the API's diagnostics; and whether this
//! installation is well.
//!
//! Of a hostname it asks the database that the configuration names, or the API. What was not added yet is examined in the
//! same way, as far as there is something to examine, with what is to be done for it. It changes nothing.

mod hostname;
mod installation;
mod remote;
mod render;

use serde_json::Value;

use crate::{cli::DoctorArgs, failure::Failure};

/// Examines what the arguments name, and prints what was found.
pub(crate) async fn run(args: DoctorArgs) -> Result<(), Failure> {
    let (found, render): (Value, fn(&Value) -> String) = match (&args.hostname, &args.api) {
        (Some(name), Some(api)) => {
            let token = args.token.as_deref().unwrap_or_default();
            (remote::examine(api, token, name, args.zone.as_deref()).await?, render::hostname)
        }
        (Some(name), None) => {
            let loaded = crate::load(&args.config)?;
            (hostname::examine(&loaded, name, args.zone.as_deref()).await?, render::hostname)
        }
        (None, _) => {
            let loaded = crate::load(&args.config)?;
            (installation::examine(&loaded).await, render::installation)
        }
    };
    match args.json {
        true => println!("{found:#}"),
        false => print!("{}", render(&found)),
    }
    if has_problem(&found) { Err(Failure::Found) } else { Ok(()) }
}

fn has_problem(found: &Value) -> bool {
    let findings = found["findings"].as_array();
    findings.is_some_and(|findings| findings.iter().any(|one| one["verdict"] == "problem"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_decides_the_exit_code_and_a_notice_does_not() {
        assert!(has_problem(&json!({"findings": [{"verdict": "good"}, {"verdict": "problem"}]})));
        assert!(!has_problem(&json!({"findings": [{"verdict": "notice"}]})));
        assert!(!has_problem(&json!({})));
    }
}
