//! `nameplate reissue`: replaces every certificate within a time, because a CA or a key must not be trusted any more.
//!
//! It marks what is to be done in the database, and whatever control process runs does it. Then it only watches: it may be
//! interrupted, and watched again with the moment that it prints.

use std::{sync::Arc, time::Duration as Span};

use anyhow::{Context as _, bail};
use np_control::{
    adapters::clock::SystemClock,
    app::reissue::{self, Count, Scope, Terms},
    stores::Stores,
};
use np_domain::{
    Timestamp,
    certificate::{
        AuthorityName,
        reissue::{expected_end, needed_per_hour},
    },
    ports::{Clock as _, Page, ZoneFilter},
};
use time::{Duration, format_description::well_known::Rfc3339};

use crate::{cli::ReissueArgs, compose::control, config::Loaded, failure::Failure};

/// How often it looks how far everything has come.
const WATCH_PERIOD: Span = Span::from_secs(10);
/// Zones that are looked through for the one that is named.
const ZONES_MAX: u32 = 1000;

/// Plans, marks and watches.
pub(crate) async fn run(loaded: &Loaded, args: &ReissueArgs) -> Result<(), Failure> {
    let stores = Stores::of(Arc::new(control::open_store(loaded).await?));
    let now = SystemClock.now();
    let terms = Terms {
        before: args.since.as_deref().map_or(Ok(now), moment)?,
        authority: args.authority.as_deref().map(authority).transpose()?,
        revoke: args.revoke,
    };
    let scope = scope(&stores, args).await?;
    let within = Duration::try_from(args.within.0).context("--within is too long")?;
    let count = reissue::count(&stores, scope, terms).await.context("the certificates")?;
    print!("{}", plan(&count, terms, within, args.orders_per_hour));
    if args.plan {
        return Ok(());
    }
    let outstanding = count.outstanding();
    let marked = reissue::mark(&stores, scope, terms, within, outstanding, now).await;
    let marked = marked.context("marking the certificates")?;
    println!("marked {marked}; any control process carries them out. To watch again:");
    println!("  nameplate reissue {} --since {}", scope_words(args), rfc3339(terms.before));
    watch(&stores, scope, terms, within).await
}

/// Says how far it has come until all is done. What stalled, or began before it was marked, is marked again.
async fn watch(
    stores: &Stores,
    scope: Scope,
    terms: Terms,
    within: Duration,
) -> Result<(), Failure> {
    loop {
        let count = reissue::count(stores, scope, terms).await.context("the certificates")?;
        println!("{}", progress(&count, SystemClock.now()));
        let outstanding = count.outstanding();
        if outstanding == 0 && (count.revocations == 0 || !terms.revoke) {
            println!("done");
            return Ok(());
        }
        let now = SystemClock.now();
        if outstanding > 0 {
            let marked = reissue::mark(stores, scope, terms, within, outstanding, now).await;
            marked.context("marking the certificates")?;
        }
        tokio::time::sleep(WATCH_PERIOD).await;
    }
}

fn plan(count: &Count, terms: Terms, within: Duration, per_hour: Option<u32>) -> String {
    let outstanding = count.outstanding();
    let mut text = format!(
        "{} certificates of CAs, {outstanding} of them issued before {}\n",
        count.all,
        rfc3339(terms.before)
    );
    for (name, number) in &count.by_authority {
        text.push_str(&format!("  {:<14} {number}\n", name.as_str()));
    }
    let needed = needed_per_hour(outstanding, within);
    let end = expected_end(terms.before, outstanding, within, per_hour.map(f64::from));
    text.push_str(&format!("needed: {needed:.1} orders an hour; expected end: {}\n", rfc3339(end)));
    match per_hour {
        Some(limit) if f64::from(limit) < needed => text.push_str(&format!(
            "the limit of {limit} an hour does not suffice: ask the CA for a higher one, or give more time\n"
        )),
        Some(_) => {}
        None => text.push_str(
            "mind the limits of the CA's account (Let's Encrypt: 300 new orders in 3 hours, unless renewals name what they \
             replace): --orders-per-hour counts with them\n",
        ),
    }
    text
}

fn progress(count: &Count, now: Timestamp) -> String {
    let Count { all, replaced, waiting, under_way, stalled, revocations, .. } = count;
    format!(
        "{}: {replaced} of {all} replaced; {waiting} wait, {under_way} under way, {stalled} stalled; {revocations} to revoke",
        rfc3339(now)
    )
}

async fn scope(stores: &Stores, args: &ReissueArgs) -> anyhow::Result<Scope> {
    let Some(name) = &args.zone else { return Ok(Scope::Everything) };
    let page = Page { number: 1, size: ZONES_MAX };
    let found = stores.zones.list_zones(&ZoneFilter::default(), page).await;
    let (zones, _) = found.context("the zones")?;
    let named: Vec<_> =
        zones.iter().filter(|zone| zone.name.as_str().eq_ignore_ascii_case(name)).collect();
    match named.as_slice() {
        [zone] => Ok(Scope::Zone(zone.id)),
        [] => bail!("there is no zone {name}"),
        _ => bail!("several accounts have a zone {name}; replace everything, or one CA's"),
    }
}

fn scope_words(args: &ReissueArgs) -> String {
    let zone = args.zone.as_ref().map(|zone| format!("--zone {zone}"));
    let authority = args.authority.as_ref().map(|name| format!("--authority {name}"));
    let words: Vec<_> = zone.into_iter().chain(authority).collect();
    let scope = if words.is_empty() { "--all".to_owned() } else { words.join(" ") };
    if args.revoke { format!("{scope} --revoke") } else { scope }
}

/// The CA with this name.
pub(crate) fn authority(word: &str) -> anyhow::Result<AuthorityName> {
    let known = AuthorityName::ALL.map(|(_, word)| word).join(", ");
    AuthorityName::parse(word).with_context(|| format!("{word} is no CA; those are {known}"))
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    Timestamp::parse(text, &Rfc3339)
        .with_context(|| format!("--since {text} is no moment; write 2026-11-30T12:00:00Z"))
}

fn rfc3339(at: Timestamp) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
