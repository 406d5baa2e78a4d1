//! Holds: a zone's owner keeps other accounts from using the domain for custom hostnames.

use np_domain::{
    Timestamp,
    ports::Publish,
    zone::{Zone, ZoneHold},
};

use super::{App, access::AccessError, zones::change};

/// What changes about a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HoldEdit {
    /// When it is in force.
    pub after: After,
    /// Whether names below the zone's are held too; `None`: as it was.
    pub includes_subdomains: Option<bool>,
}

/// When a hold is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum After {
    /// As before.
    #[default]
    Unchanged,
    /// Never: there is none.
    Never,
    /// From now on.
    Now,
    /// From then on; what is past changes nothing about a hold that is in force.
    Then(Timestamp),
}

/// Changes the hold of a zone. One that is asked for begins at once, over the zone's own name, unless told otherwise.
///
/// # Errors
/// When the zone has gone or memory fails.
pub async fn edit(app: &App, zone: Zone, edit: HoldEdit) -> Result<Zone, AccessError> {
    let now = app.now();
    let hold = next(zone.hold, edit, now);
    if hold == zone.hold {
        return Ok(zone);
    }
    let set = |zone: &mut Zone| {
        zone.hold = next(zone.hold, edit, now);
        Ok::<_, AccessError>(())
    };
    // Nothing of it concerns serving nodes: what is active goes on.
    let (zone, ()) = change(app, zone, Publish::No, set).await?;
    Ok(zone)
}

fn next(hold: Option<ZoneHold>, edit: HoldEdit, now: Timestamp) -> Option<ZoneHold> {
    let includes = hold.is_some_and(|hold| hold.includes_subdomains);
    let includes_subdomains = edit.includes_subdomains.unwrap_or(includes);
    let is_in_force = hold.is_some_and(|hold| hold.is_in_force(now));
    let after = match (edit.after, hold) {
        (After::Never, _) => return None,
        (After::Unchanged, None) => return None,
        (After::Unchanged, Some(hold)) => hold.after,
        (After::Now, Some(hold)) if is_in_force => hold.after,
        (After::Then(then), Some(hold)) if then <= now && is_in_force => hold.after,
        (After::Now, _) => now,
        (After::Then(then), _) => then,
    };
    Some(ZoneHold { includes_subdomains, after })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_hold_begins_rests_and_ends_as_asked() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let (early, late) = (now - time::Duration::DAY, now + time::Duration::DAY);
        let hold = |after, includes_subdomains| Some(ZoneHold { includes_subdomains, after });
        let edit = |after, includes_subdomains| HoldEdit { after, includes_subdomains };
        for (before, asked, expected) in [
            (None, edit(After::Now, None), hold(now, false)),
            (None, edit(After::Now, Some(true)), hold(now, true)),
            (None, edit(After::Then(late), None), hold(late, false)),
            (None, edit(After::Unchanged, Some(true)), None),
            (None, edit(After::Never, None), None),
            (hold(early, true), edit(After::Now, None), hold(early, true)),
            (hold(early, true), edit(After::Now, Some(false)), hold(early, false)),
            (hold(early, true), edit(After::Then(late), None), hold(late, true)),
            (hold(early, true), edit(After::Then(early), None), hold(early, true)),
            (hold(late, true), edit(After::Then(early), None), hold(early, true)),
            (hold(late, false), edit(After::Now, None), hold(now, false)),
            (hold(early, true), edit(After::Unchanged, Some(false)), hold(early, false)),
            (hold(early, true), edit(After::Never, None), None),
        ] {
            assert_eq!(next(before, asked, now), expected, "{before:?} {asked:?}");
        }
    }
}
