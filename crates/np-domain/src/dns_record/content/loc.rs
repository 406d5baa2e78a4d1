//! LOC: where something is on earth (RFC 1876). Kept in whole thousandths of seconds and centimetres.

use super::{At, ContentError, Fault, Part, Parts};
use crate::dns_record::{kind::RecordKind, tokens::Tokens};

/// Altitudes count from 100 km below sea level, in centimetres.
const ALTITUDE_BASE_CM: i64 = 10_000_000;
/// The largest altitude: 42,849,672.95 m.
const ALTITUDE_MAX_CM: i64 = u32::MAX as i64 - ALTITUDE_BASE_CM;
/// The largest size or precision: 90,000 km.
const SIZE_MAX_CM: u64 = 9_000_000_000;
/// What text that leaves size and precision out stands for (RFC 1876 section 3).
const SIZES_DEFAULT_CM: [u64; 3] = [100, 1_000_000, 1_000];
/// Thousandths of seconds in a minute and in a degree.
const MINUTE: u32 = 60_000;
const DEGREE: u32 = 60 * MINUTE;
/// The equator and the prime meridian on the wire.
const ZERO_ANGLE: u32 = 1 << 31;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Loc {
    latitude: Angle,
    longitude: Angle,
    altitude_cm: i64,
    /// Size, horizontal and vertical precision.
    sizes_cm: [u64; 3],
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Angle {
    /// Thousandths of seconds.
    amount: u32,
    direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Direction {
    /// North or east.
    Positive,
    /// South or west.
    Negative,
}

/// How one of the two angles is named and bounded.
struct Axis {
    degrees: &'static str,
    minutes: &'static str,
    seconds: &'static str,
    direction: &'static str,
    degrees_max: u32,
    letters: [&'static str; 2],
}

const LATITUDE: Axis = Axis {
    degrees: "lat_degrees",
    minutes: "lat_minutes",
    seconds: "lat_seconds",
    direction: "lat_direction",
    degrees_max: 90,
    letters: ["N", "S"],
};
const LONGITUDE: Axis = Axis {
    degrees: "long_degrees",
    minutes: "long_minutes",
    seconds: "long_seconds",
    direction: "long_direction",
    degrees_max: 180,
    letters: ["E", "W"],
};
const ALTITUDE: &str = "altitude";
const SIZES: [&str; 3] = ["size", "precision_horz", "precision_vert"];

impl Loc {
    pub(super) fn read(tokens: &mut Tokens<'_>) -> Result<Self, ContentError> {
        let fault =
            |field| move |why| ContentError { kind: RecordKind::Loc, at: At::Content, field, why };
        let latitude = Angle::read(tokens, &LATITUDE).map_err(fault("latitude"))?;
        let longitude = Angle::read(tokens, &LONGITUDE).map_err(fault("longitude"))?;
        let altitude =
            tokens.next_plain().ok_or(Fault::Missing).and_then(metres).map_err(fault(ALTITUDE))?;
        let altitude_cm = altitude_cm(altitude).map_err(fault(ALTITUDE))?;
        let mut sizes_cm = SIZES_DEFAULT_CM;
        for (name, size) in SIZES.into_iter().zip(&mut sizes_cm) {
            let Some(word) = tokens.next_plain() else { break };
            *size = metres(word).and_then(size_cm).map_err(fault(name))?;
        }
        Ok(Self { latitude, longitude, altitude_cm, sizes_cm })
    }

    pub(super) fn from_parts(parts: &Parts) -> Result<Self, ContentError> {
        let fault = |field| {
            move |why| ContentError { kind: RecordKind::Loc, at: At::Data(field), field, why }
        };
        let mut sizes_cm = [0; 3];
        for (name, size) in SIZES.into_iter().zip(&mut sizes_cm) {
            *size = number(parts, name)
                .and_then(|n| size_cm(n.unwrap_or_default()))
                .map_err(fault(name))?;
        }
        let altitude = number(parts, ALTITUDE).map_err(fault(ALTITUDE))?.unwrap_or_default();
        Ok(Self {
            latitude: Angle::from_parts(parts, &LATITUDE)?,
            longitude: Angle::from_parts(parts, &LONGITUDE)?,
            altitude_cm: altitude_cm(altitude).map_err(fault(ALTITUDE))?,
            sizes_cm,
        })
    }

    pub(super) fn show(&self) -> String {
        let [size, horizontal, vertical] = self.sizes_cm.map(|cm| cm as f64 / 100.0);
        format!(
            "{} {} {:.2}m {size:.2}m {horizontal:.2}m {vertical:.2}m",
            self.latitude.show(&LATITUDE),
            self.longitude.show(&LONGITUDE),
            self.altitude_cm as f64 / 100.0,
        )
    }

    pub(super) fn show_absolute(&self) -> String {
        self.show()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(0);
        out.extend(self.sizes_cm.map(power));
        out.extend(self.latitude.wire().to_be_bytes());
        out.extend(self.longitude.wire().to_be_bytes());
        // Within u32: checked when it was read.
        out.extend(((self.altitude_cm + ALTITUDE_BASE_CM) as u32).to_be_bytes());
    }

    pub(super) fn parts(&self) -> Vec<(&'static str, Part)> {
        let mut parts = self.latitude.parts(&LATITUDE);
        parts.extend(self.longitude.parts(&LONGITUDE));
        parts.push((ALTITUDE, Part::Number(self.altitude_cm as f64 / 100.0)));
        let sizes = SIZES.into_iter().zip(self.sizes_cm);
        parts.extend(sizes.map(|(name, cm)| (name, Part::Number(cm as f64 / 100.0))));
        parts
    }
}

impl Angle {
    /// `degrees [minutes [seconds]] letter`
    fn read(tokens: &mut Tokens<'_>, axis: &Axis) -> Result<Self, Fault> {
        let mut numbers = Vec::new();
        loop {
            let word = tokens.next_plain().ok_or(Fault::Missing)?;
            if let Some(direction) = direction(word, axis) {
                let at = |index: usize| numbers.get(index).copied().unwrap_or_default();
                if numbers.is_empty() {
                    return Err(Fault::Missing);
                }
                return Self::new([at(0), at(1), at(2)], direction, axis).map_err(|(_, why)| why);
            }
            if numbers.len() == 3 {
                return Err(Fault::Other("must end with its direction: N or S, E or W"));
            }
            numbers.push(
                word.parse::<f64>().map_err(|_| {
                    Fault::Other("must be degrees, minutes, seconds and N, S, E or W")
                })?,
            );
        }
    }

    fn from_parts(parts: &Parts, axis: &Axis) -> Result<Self, ContentError> {
        let fault = |field| {
            move |why| ContentError { kind: RecordKind::Loc, at: At::Data(field), field, why }
        };
        let amount = |name| number(parts, name).map_err(fault(name));
        let degrees = amount(axis.degrees)?.ok_or(Fault::Missing).map_err(fault(axis.degrees))?;
        let numbers = [
            degrees,
            amount(axis.minutes)?.unwrap_or_default(),
            amount(axis.seconds)?.unwrap_or_default(),
        ];
        let direction = match parts.get(axis.direction) {
            Some(Part::Text(text)) => direction(text, axis),
            _ => None,
        };
        let wanted = Fault::Range(if axis.letters[0] == "N" { "N or S" } else { "E or W" });
        let direction = direction.ok_or(wanted).map_err(fault(axis.direction))?;
        Self::new(numbers, direction, axis).map_err(|(index, why)| {
            let field = [axis.degrees, axis.minutes, axis.seconds][index];
            fault(field)(why)
        })
    }

    /// An error comes with which of the three numbers is at fault.
    fn new(numbers: [f64; 3], direction: Direction, axis: &Axis) -> Result<Self, (usize, Fault)> {
        let [degrees, minutes, seconds] = numbers;
        let is_whole = |n: f64, max: f64| n.fract() == 0.0 && (0.0..=max).contains(&n);
        if !is_whole(degrees, axis.degrees_max.into()) {
            return Err((0, Fault::Number { max: axis.degrees_max }));
        }
        if !is_whole(minutes, 59.0) {
            return Err((1, Fault::Number { max: 59 }));
        }
        let thousandths = (seconds * 1000.0).round();
        if !(0.0..=59_999.0).contains(&thousandths) {
            return Err((2, Fault::Range("from 0 to 59.999")));
        }
        let amount = degrees as u32 * DEGREE + minutes as u32 * MINUTE + thousandths as u32;
        if amount > axis.degrees_max * DEGREE {
            return Err((1, Fault::Range("0 at the largest number of degrees")));
        }
        Ok(Self { amount, direction })
    }

    fn split(&self) -> (u32, u32, f64) {
        let seconds = f64::from(self.amount % MINUTE) / 1000.0;
        (self.amount / DEGREE, self.amount % DEGREE / MINUTE, seconds)
    }

    fn letter(&self, axis: &Axis) -> &'static str {
        match self.direction {
            Direction::Positive => axis.letters[0],
            Direction::Negative => axis.letters[1],
        }
    }

    fn show(&self, axis: &Axis) -> String {
        let (degrees, minutes, seconds) = self.split();
        format!("{degrees} {minutes} {seconds:.3} {}", self.letter(axis))
    }

    fn parts(&self, axis: &Axis) -> Vec<(&'static str, Part)> {
        let (degrees, minutes, seconds) = self.split();
        vec![
            (axis.degrees, Part::Number(degrees.into())),
            (axis.minutes, Part::Number(minutes.into())),
            (axis.seconds, Part::Number(seconds)),
            (axis.direction, Part::Text(self.letter(axis).into())),
        ]
    }

    fn wire(&self) -> u32 {
        // 180 degrees are less than 2^31 thousandths of seconds.
        match self.direction {
            Direction::Positive => ZERO_ANGLE + self.amount,
            Direction::Negative => ZERO_ANGLE - self.amount,
        }
    }
}

fn direction(word: &str, axis: &Axis) -> Option<Direction> {
    let [positive, negative] = axis.letters;
    match word {
        _ if word.eq_ignore_ascii_case(positive) => Some(Direction::Positive),
        _ if word.eq_ignore_ascii_case(negative) => Some(Direction::Negative),
        _ => None,
    }
}

fn number(parts: &Parts, name: &str) -> Result<Option<f64>, Fault> {
    match parts.get(name) {
        None => Ok(None),
        Some(Part::Number(number)) => Ok(Some(*number)),
        Some(Part::Text(text)) => metres(text).map(Some),
    }
}

/// A number, with or without its `m`.
fn metres(word: &str) -> Result<f64, Fault> {
    let digits = word.strip_suffix(['m', 'M']).unwrap_or(word);
    let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or(Fault::Other("must be a number of metres"))
}

fn altitude_cm(metres: f64) -> Result<i64, Fault> {
    let cm = (metres * 100.0).round();
    let is_within = (-ALTITUDE_BASE_CM as f64..=ALTITUDE_MAX_CM as f64).contains(&cm);
    if is_within { Ok(cm as i64) } else { Err(Fault::Range("from -100000 to 42849672.95 metres")) }
}

fn size_cm(metres: f64) -> Result<u64, Fault> {
    let cm = (metres * 100.0).round();
    let is_within = (0.0..=SIZE_MAX_CM as f64).contains(&cm);
    if is_within { Ok(cm as u64) } else { Err(Fault::Range("from 0 to 90000000 metres")) }
}

/// One digit and a power of ten, four bits each.
fn power(mut cm: u64) -> u8 {
    let mut exponent = 0;
    while cm > 9 {
        cm /= 10;
        exponent += 1;
    }
    (cm as u8) << 4 | exponent
}
