//! Cursors of lists of hostnames: a [`Position`] with the order that it is of, opaque to clients.
//!
//! They are not authenticated, because a forged one does no harm: it only says from where on to list the zone that the
//! caller may list anyway.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use np_domain::{
    Timestamp,
    certificate::Standing,
    id::HostnameId,
    ports::{Direction, Order, Position},
};

/// The first letter: of which form the rest is.
const FORM: &str = "1";
/// A hostname, its numbers and words are shorter than this.
const LENGTH_MAX: usize = 512;

/// The cursor that leads to what follows `position`.
pub(crate) fn encode(position: &Position, order: Order, direction: Direction) -> String {
    let text = match position {
        Position::Created(at, id) => format!("{}:{id}", at.unix_timestamp_nanos()),
        Position::Name(name) => name.to_string(),
        Position::Group(group, at, id) => {
            format!("{}:{}:{id}", group.as_str(), at.unix_timestamp_nanos())
        }
    };
    URL_SAFE_NO_PAD.encode(format!("{FORM}{}{text}", letters(order, direction)))
}

/// The position that a cursor leads to; `None` when it is none, or one of another order.
pub(crate) fn decode(text: &str, order: Order, direction: Direction) -> Option<Position> {
    let bytes = (text.len() <= LENGTH_MAX).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    let text = text.strip_prefix(FORM)?.strip_prefix(letters(order, direction))?;
    match order {
        Order::Created => created(text).map(|(at, id)| Position::Created(at, id)),
        Order::Name => Some(Position::Name(text.into())).filter(|_| !text.contains('\0')),
        Order::Certificate | Order::Standing => {
            let (group, text) = text.split_once(':')?;
            let (at, id) = created(text)?;
            Some(Position::Group(Standing::parse(group)?, at, id))
        }
    }
}

fn created(text: &str) -> Option<(Timestamp, HostnameId)> {
    let (nanos, id) = text.split_once(':')?;
    let at = Timestamp::from_unix_timestamp_nanos(nanos.parse().ok()?).ok()?;
    Some((at, id.parse().ok()?))
}

fn letters(order: Order, direction: Direction) -> &'static str {
    match (order, direction) {
        (Order::Created, Direction::Ascending) => "c",
        (Order::Created, Direction::Descending) => "C",
        (Order::Name, Direction::Ascending) => "n",
        (Order::Name, Direction::Descending) => "N",
        (Order::Certificate, Direction::Ascending) => "s",
        (Order::Certificate, Direction::Descending) => "S",
        (Order::Standing, Direction::Ascending) => "t",
        (Order::Standing, Direction::Descending) => "T",
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_cursor_leads_back_in_its_own_order_only() {
        let (at, id) = (datetime!(2026-11-22 18:00:00.000042 UTC), HostnameId::from_bytes([7; 16]));
        let positions = [
            (Order::Created, Position::Created(at, id)),
            (Order::Name, Position::Name("app.customer.com".into())),
            (Order::Certificate, Position::Group(Standing::Absent, at, id)),
            (Order::Standing, Position::Group(Standing::Serving, at, id)),
        ];
        for (order, position) in &positions {
            for direction in [Direction::Ascending, Direction::Descending] {
                let cursor = encode(position, *order, direction);
                for (other, _) in &positions {
                    let expected = (other == order).then(|| position.clone());
                    assert_eq!(decode(&cursor, *other, direction), expected, "{cursor}");
                }
            }
            let ascending = encode(position, *order, Direction::Ascending);
            assert_eq!(decode(&ascending, *order, Direction::Descending), None);
        }
    }

    #[test]
    fn anything_else_leads_nowhere() {
        let long = "A".repeat(1000);
        let cursor = |text: &str| URL_SAFE_NO_PAD.encode(text);
        for text in [
            "",
            "x",
            "%",
            &long,
            &cursor("2c0:x"),
            &cursor("1c"),
            &cursor("1c99999999999999999999999:x"),
            &cursor("1c0:0d89c70d"),
            &URL_SAFE_NO_PAD.encode([0x31, 0x63, 0xff]),
        ] {
            assert_eq!(decode(text, Order::Created, Direction::Ascending), None, "{text}");
        }
        assert_eq!(decode(&cursor("1n\0"), Order::Name, Direction::Ascending), None);
    }
}
