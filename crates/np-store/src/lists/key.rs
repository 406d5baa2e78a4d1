//! What places a hostname in a list, and what it is filtered by, without its documents.

use np_domain::{
    Timestamp,
    certificate::Standing,
    id::HostnameId,
    ports::{HostnameFilter, NameFilter, Order, Position},
};

use super::facet::{self, Facet};
use crate::{row::Damage, statement::Row};

/// The columns of a [`Key`], of `hostnames`.
pub(super) const COLUMNS: &str = "id, created_at, name, facet, origin, ends_at";

/// A hostname in a list.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) id: HostnameId,
    created_at: Timestamp,
    pub(super) name: String,
    facet: Option<Facet>,
    origin: Option<String>,
}

impl Key {
    /// The key of a row with [`COLUMNS`], whose certificate may be over at `now`.
    pub(super) fn of(row: &Row, now: Timestamp) -> Result<Self, Damage> {
        let is_over = row.maybe_moment("ends_at")?.is_some_and(|end| end <= now);
        let facet = Facet::parse(&row.text("facet")?);
        let facet = facet.map(|facet| match is_over {
            true => facet.standing_at(Standing::Over),
            false => facet,
        });
        Ok(Self {
            id: HostnameId::from_bytes(row.id("id")?),
            created_at: row.moment("created_at")?,
            name: row.text("name")?,
            facet,
            origin: row.maybe_text("origin")?,
        })
    }

    pub(super) fn passes(&self, filter: &HostnameFilter) -> bool {
        filter.id.is_none_or(|id| id == self.id)
            && filter.name.as_ref().is_none_or(|name| name_passes(&self.name, name))
            && filter
                .origin
                .as_ref()
                .is_none_or(|origin| self.origin.as_deref() == Some(origin.as_str()))
            && self.facet.map_or_else(|| facet::is_open(filter), |facet| facet.passes(filter))
    }

    pub(super) fn position(&self, order: Order) -> Position {
        let standing = self.facet.map_or(Standing::Absent, |facet| facet.standing);
        match order {
            Order::Created => Position::Created(self.created_at, self.id),
            Order::Name => Position::Name(self.name.as_str().into()),
            Order::Certificate | Order::Standing => {
                Position::Group(group(order, standing), self.created_at, self.id)
            }
        }
    }
}

fn name_passes(name: &str, filter: &NameFilter) -> bool {
    match filter {
        NameFilter::Exact(text) => name == text.as_str().to_ascii_lowercase(),
        NameFilter::Contains(text) => name.contains(&text.as_str().to_ascii_lowercase()),
        NameFilter::StartsWith(text) => name.starts_with(&text.as_str().to_ascii_lowercase()),
    }
}

/// The group of a standing: itself, or by certificate only the first without and the first with one.
pub(super) fn group(order: Order, standing: Standing) -> Standing {
    match (order, standing) {
        (Order::Standing, standing) | (_, standing @ Standing::Absent) => standing,
        (Order::Certificate | Order::Created | Order::Name, _) => Standing::Ordering,
    }
}

/// The number of a group, in order.
pub(super) fn place(group: Standing) -> i64 {
    let place = Standing::ALL.iter().position(|(standing, _)| *standing == group);
    place.map_or(0, |place| place as i64)
}

/// The position of a row with the columns of a record and `k_place`.
pub(super) fn position(row: &Row, order: Order) -> Result<Position, Damage> {
    let (at, id) = (row.moment("h_created_at")?, HostnameId::from_bytes(row.id("h_id")?));
    Ok(match order {
        Order::Created => Position::Created(at, id),
        Order::Name => Position::Name(row.text("h_name")?.into()),
        Order::Certificate | Order::Standing => {
            let place = usize::try_from(row.int("k_place")?)?;
            let group = Standing::ALL.get(place).map_or(Standing::Absent, |(group, _)| *group);
            Position::Group(group, at, id)
        }
    })
}
