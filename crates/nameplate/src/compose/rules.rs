//! The operator's rules from the command line: the block list, and the addresses of accounts. A running `serve` or `control`
//! reads them again within seconds.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use np_control::{adapters::clock::SystemClock, stores::Stores};
use np_domain::{
    id::AccountId,
    name::Hostname,
    network::AddressRange,
    ownership::BlockedName,
    ports::{Clock as _, InsertError},
    text::Explanation,
};

use super::{control, node};
use crate::{config::Loaded, failure::Failure};

/// Blocks a name; without one, lists those that are blocked.
pub(crate) async fn block(
    loaded: &Loaded,
    name: Option<&str>,
    reason: &str,
) -> Result<(), Failure> {
    let stores = stores(loaded).await?;
    let Some(name) = name else {
        let blocked = stores.rules.blocked_names().await.context("the list cannot be read")?;
        for entry in blocked {
            println!("{}\t{}", entry.name, entry.reason);
        }
        return Ok(());
    };
    let entry = BlockedName { name: hostname(name)?, reason: Explanation::new(reason) };
    stores.rules.block(&entry, SystemClock.now()).await.context("the name cannot be blocked")?;
    println!("{} and all names below it are blocked: {}", entry.name, entry.reason);
    Ok(())
}

/// Takes a name off the block list.
pub(crate) async fn unblock(loaded: &Loaded, name: &str) -> Result<(), Failure> {
    let stores = stores(loaded).await?;
    let name = hostname(name)?;
    match stores.rules.unblock(&name).await.context("the list cannot be changed")? {
        true => println!("{name} is not blocked any more"),
        false => println!("{name} was not on the list; `nameplate block` shows it"),
    }
    Ok(())
}

/// Allocates addresses to an account; without any, lists those that are allocated.
pub(crate) async fn allocate(loaded: &Loaded, wanted: Option<(&str, &str)>) -> Result<(), Failure> {
    let stores = stores(loaded).await?;
    let Some(wanted) = wanted else {
        let prefixes = stores.rules.prefixes().await.context("the list cannot be read")?;
        for (account, range) in prefixes {
            println!("{account}\t{range}");
        }
        return Ok(());
    };
    let (account, range) = allocation(wanted)?;
    match stores.rules.allocate(account, range).await {
        Ok(()) => println!("{range} is account {account}'s"),
        Err(InsertError::NoParent) => {
            return Err(anyhow!(
                "there is no account {account}: GET /client/v4/accounts shows them"
            )
            .into());
        }
        Err(why) => {
            return Err(anyhow::Error::new(why)
                .context("the addresses cannot be allocated")
                .into());
        }
    }
    Ok(())
}

/// Takes addresses from an account.
pub(crate) async fn deallocate(loaded: &Loaded, wanted: (&str, &str)) -> Result<(), Failure> {
    let stores = stores(loaded).await?;
    let (account, range) = allocation(wanted)?;
    match stores.rules.deallocate(account, range).await.context("the list cannot be changed")? {
        true => println!("{range} is not account {account}'s any more"),
        false => {
            println!("{range} was not account {account}'s; `nameplate allocate` shows what is")
        }
    }
    Ok(())
}

async fn stores(loaded: &Loaded) -> Result<Stores, Failure> {
    node::data_folder(loaded)?;
    Ok(Stores::of(Arc::new(control::open_store(loaded).await?)))
}

fn hostname(text: &str) -> anyhow::Result<Hostname> {
    text.parse().with_context(|| format!("{text:?} is no name that a custom hostname could have"))
}

fn allocation((account, range): (&str, &str)) -> anyhow::Result<(AccountId, AddressRange)> {
    let Ok(id) = account.parse() else {
        bail!("{account:?} is no account id: GET /client/v4/accounts shows them")
    };
    let range = range.parse().with_context(|| format!("{range:?} cannot be allocated"))?;
    Ok((id, range))
}
