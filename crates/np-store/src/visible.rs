//! Which zones somebody may see, as a condition of a query on `zones z`.

use np_domain::ports::VisibleZones;

use crate::{records, statement::Parameter};

/// The condition, with the values of its placeholders, which are added to those that are there.
pub(crate) fn condition(visible: &VisibleZones, parameters: &mut Vec<Parameter>) -> String {
    let VisibleZones::Some { every_account, accounts, zones, except_accounts, except_zones } =
        visible
    else {
        return "1 = 1".to_owned();
    };
    let mut any = vec![(if *every_account { "1 = 1" } else { "1 = 0" }).to_owned()];
    any.extend(among("z.account", accounts, parameters));
    any.extend(among("z.id", zones, parameters));
    let mut all = vec![format!("({})", any.join(" OR "))];
    let mut except =
        among("z.account", except_accounts, parameters).into_iter().collect::<Vec<_>>();
    except.extend(among("z.id", except_zones, parameters));
    all.extend(except.into_iter().map(|term| format!("NOT {term}")));
    all.join(" AND ")
}

fn among<I: Copy + Into<Parameter>>(
    column: &str,
    ids: &[I],
    parameters: &mut Vec<Parameter>,
) -> Option<String> {
    if ids.is_empty() {
        return None;
    }
    let list = records::placeholders(parameters.len() + 1, ids.len());
    parameters.extend(ids.iter().copied().map(Into::into));
    Some(format!("{column} IN ({list})"))
}
