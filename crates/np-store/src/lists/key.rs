//! What places a hostname in a list.

use np_domain::{
    certificate::Standing,
    id::HostnameId,
    ports::{Order, Position},
};

use crate::{row::Damage, statement::Row};

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
