//! How one object reads: what the profile says it is, the changes made to it, and the cell it becomes.

use std::collections::BTreeMap;

use regex::Regex;

use crate::counter::Count;
use crate::oid::Oid;
use crate::readings::Readings;
use crate::text;
use crate::value::Value;

/// What an object is; never told by the type on the wire.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum As {
    /// A number or text, whichever comes.
    Any,
    Gauge,
    Counter {
        wide: bool,
    },
    TextInt,
    TextFloat,
    /// Hundredths of a second; becomes seconds.
    Ticks,
    /// MHz.
    Frequency,
    /// By number or by text.
    Enum {
        map: BTreeMap<String, String>,
        other: Option<String>,
    },
    Text,
    Octets,
    Mac,
    Ip4,
    Oid,
}

/// How one object reads.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) kind: As,
    pub(super) regex: Option<Regex>,
    /// Values that mean that it is not known.
    pub(super) invalid: Vec<Invalid>,
    pub(super) bitand: Option<u32>,
    pub(super) linear: Linear,
}

/// A value that means "not known".
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Invalid {
    Number(f64),
    Text(String),
}

/// The changes made to a number, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Linear {
    pub(super) mul: Option<f64>,
    pub(super) add: Option<f64>,
    pub(super) clamp: Option<(f64, f64)>,
}

impl Linear {
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn of(&self, number: f64) -> f64 {
        let number = number * self.mul.unwrap_or(1.0) + self.add.unwrap_or(0.0);
        self.clamp.map_or(number, |(least, most)| number.clamp(least, most))
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Whole(i128),
    Real(f64),
    /// A counter, untouched.
    Counter(Count),
    /// Text for people, or a word of a map.
    Text(String),
    Octets(Vec<u8>),
}

impl Cell {
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Counter(count) => Some(count.value as f64),
            Self::Text(_) | Self::Octets(_) => None,
        }
    }

    /// For people, and to tell rows apart.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Counter(count) => count.value.to_string(),
            Self::Text(text) => text.clone(),
            Self::Octets(octets) => Readings::show_ssid(octets),
        }
    }

    /// To compare with what a profile writes.
    pub(super) fn octets(&self) -> Vec<u8> {
        match self {
            Self::Octets(octets) => octets.clone(),
            other => other.words().into_bytes(),
        }
    }
}

impl Reading {
    pub(super) fn of(kind: As) -> Self {
        Self { kind, regex: None, invalid: Vec::new(), bitand: None, linear: Linear::default() }
    }

    pub(super) fn is_counter(&self) -> bool {
        matches!(self.kind, As::Counter { .. })
    }

    /// Whether it can become a number.
    pub(super) fn is_number(&self) -> bool {
        use As::{Any, Counter, Enum, Frequency, Gauge, TextFloat, TextInt, Ticks};
        match &self.kind {
            Any | Gauge | Counter { .. } | TextInt | TextFloat | Ticks | Frequency => true,
            Enum { .. } | As::Text | As::Octets | As::Mac | As::Ip4 | As::Oid => false,
        }
    }

    /// Reads a value; none where it is not known.
    ///
    /// # Errors
    /// What was expected and what was found.
    pub(super) fn read(&self, value: &Value) -> Result<Option<Cell>, String> {
        if !value.is_there() {
            return Ok(None);
        }
        let wrong = |expected: &str| Err(format!("expected {expected}, found {}", found(value)));
        let text = match self.regex.as_ref().zip(octets(value)) {
            Some((regex, octets)) => {
                let text = text::show(octets);
                let Some(captures) = regex.captures(&text) else {
                    return wrong(&format!("text like {}", regex.as_str()));
                };
                Some(captures.get(1).or(captures.get(0)).map_or_else(String::new, |group| group.as_str().to_owned()))
            }
            None => octets(value).map(text::show),
        };
        if text.as_ref().is_some_and(|text| self.invalid.contains(&Invalid::Text(text.clone()))) {
            return Ok(None);
        }
        let number = match (&self.kind, value.number(), &text) {
            (As::Gauge | As::Counter { .. } | As::Frequency, None, Some(text)) if text.parse::<f64>().is_ok() => {
                return wrong("a number (for one written as text, the profile says `as = \"text_int\"`)");
            }
            (As::Gauge | As::Counter { .. } | As::Ticks | As::Frequency, None, _) => return wrong("a number"),
            (As::Gauge | As::Counter { .. } | As::Ticks | As::Frequency | As::Any, Some(number), _) => {
                Cell::Whole(number)
            }
            (As::TextInt | As::TextFloat, Some(number), _) => Cell::Whole(number),
            (As::TextInt, None, Some(text)) => match text.trim().parse() {
                Ok(number) => Cell::Whole(number),
                Err(_) => return wrong("a whole number written as text"),
            },
            (As::TextFloat, None, Some(text)) => match text.trim().parse::<f64>().ok().filter(|n| n.is_finite()) {
                Some(number) => Cell::Real(number),
                None => return wrong("a number written as text"),
            },
            (As::TextInt | As::TextFloat, None, None) => return wrong("a number written as text"),
            (As::Any, None, _) => {
                return match (&text, value) {
                    (Some(text), _) => Ok(Some(Cell::Text(text.clone()))),
                    (None, Value::Oid(oid)) => Ok(Some(Cell::Text(oid.to_string()))),
                    (None, Value::Ip(ip)) => Ok(Some(Cell::Text(ip.to_string()))),
                    _ => wrong("a number or text"),
                };
            }
            (As::Enum { .. } | As::Text | As::Octets | As::Mac | As::Ip4 | As::Oid, _, _) => {
                return self.read_word(value, text);
            }
        };
        Ok(self.changed(number))
    }

    fn read_word(&self, value: &Value, text: Option<String>) -> Result<Option<Cell>, String> {
        let wrong = |expected: &str| -> Result<Option<Cell>, String> {
            Err(format!("expected {expected}, found {}", found(value)))
        };
        if let Some(number) = value.number()
            && self.invalid.contains(&Invalid::Number(number as f64))
        {
            return Ok(None);
        }
        Ok(Some(match (&self.kind, value) {
            (As::Enum { map, other }, _) => {
                let key = value.number().map(|number| number.to_string()).or(text);
                match key.and_then(|key| map.get(&key)).or(other.as_ref()) {
                    Some(word) => Cell::Text(word.clone()),
                    None => {
                        let known: Vec<String> = map.iter().map(|(key, word)| format!("{key} {word}")).collect();
                        return wrong(&format!("one of {}", known.join(", ")));
                    }
                }
            }
            (As::Mac, Value::Octets(octets)) => match mac(octets) {
                Some(mac) => Cell::Text(mac),
                None if octets.is_empty() => return Ok(None),
                None => return wrong("a MAC address"),
            },
            (As::Ip4, Value::Ip(ip)) => Cell::Text(ip.to_string()),
            (As::Ip4, Value::Octets(octets)) => match (<[u8; 4]>::try_from(&**octets), text) {
                (Ok(octets), _) => Cell::Text(std::net::Ipv4Addr::from(octets).to_string()),
                (Err(_), Some(text)) if text.parse::<std::net::Ipv4Addr>().is_ok() => Cell::Text(text),
                _ => return wrong("an IPv4 address"),
            },
            (As::Oid, Value::Oid(oid)) => Cell::Text(oid.to_string()),
            (As::Octets, Value::Octets(octets) | Value::Opaque(octets)) => Cell::Octets(octets.clone()),
            (As::Text, _) => match (text, value.number()) {
                (Some(text), _) => Cell::Text(text),
                (None, Some(number)) => Cell::Text(number.to_string()),
                _ => return wrong("text"),
            },
            (As::Mac, _) => return wrong("a MAC address"),
            (As::Ip4, _) => return wrong("an IPv4 address"),
            (As::Oid, _) => return wrong("an OID"),
            _ => return wrong("octets"),
        }))
    }

    fn changed(&self, cell: Cell) -> Option<Cell> {
        let number = cell.number()?;
        if self.invalid.contains(&Invalid::Number(number)) {
            return None;
        }
        let cell = match (cell, self.bitand) {
            (Cell::Whole(whole), Some(mask)) => Cell::Whole(whole & i128::from(mask)),
            (cell, _) => cell,
        };
        match (&self.kind, cell) {
            (As::Counter { wide }, Cell::Whole(whole)) => {
                // Widths the device mixed up: what does not fit into 32 bits is no 32-bit counter.
                let value = u64::try_from(whole).ok()?;
                Some(Cell::Counter(Count { value, wide: *wide || value > u64::from(u32::MAX) }))
            }
            (As::Ticks, cell) => Some(Cell::Real(self.linear.of(cell.number()? / 100.0))),
            (_, cell) if self.linear.is_nothing() => Some(cell),
            (_, cell) => Some(Cell::Real(self.linear.of(cell.number()?))),
        }
    }
}

fn octets(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Octets(octets) => Some(octets),
        _ => None,
    }
}

/// A MAC address of 6 octets, or as text of 12 hexadecimal digits whatever stands between.
fn mac(octets: &[u8]) -> Option<String> {
    let written = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":");
    if octets.len() == 6 {
        return Some(written(octets));
    }
    let text = std::str::from_utf8(octets).ok()?;
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.' | ' ' | '\0'))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    (digits.len() == 12).then(|| written(&digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<_>>()))
}

/// A value as a fault names it.
pub(super) fn found(value: &Value) -> String {
    match value {
        Value::Octets(octets) => format!("OCTET STRING \"{}\"", text::show(&octets[..octets.len().min(40)])),
        Value::Oid(oid) => format!("OBJECT IDENTIFIER {oid}"),
        Value::Integer(number) => format!("INTEGER {number}"),
        Value::Counter32(number) => format!("Counter32 {number}"),
        Value::Gauge32(number) => format!("Gauge32 {number}"),
        Value::TimeTicks(number) => format!("TimeTicks {number}"),
        Value::Counter64(number) => format!("Counter64 {number}"),
        Value::Ip(ip) => format!("IpAddress {ip}"),
        Value::Opaque(octets) => format!("Opaque of {} octets", octets.len()),
        Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => "nothing".to_owned(),
    }
}

/// The channel of a frequency (IEEE 802.11-2020 annex E); 0 where there is none.
pub(super) fn channel(mhz: f64) -> u16 {
    let mhz = if mhz.is_finite() { mhz.round().clamp(0.0, 65_535.0) as u16 } else { 0 };
    match mhz {
        2484 => 14,
        2412..=2472 => (mhz - 2407) / 5,
        5935 => 2,
        5000..=5895 => (mhz - 5000) / 5,
        5955..=7115 => (mhz - 5950) / 5,
        _ => 0,
    }
}

/// An OID's text where a profile writes an object on its own.
pub(super) fn is_oid(text: &str) -> bool {
    text.contains('.') && text.parse::<Oid>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reading: &Reading, value: impl Into<Box<Value>>) -> Result<Option<Cell>, String> {
        reading.read(&value.into())
    }

    /// What the profile says decides: a gauge that comes as Counter32 is a gauge, a number in text is none unless said.
    #[test]
    fn the_profile_decides_what_a_value_is() {
        let gauge = Reading::of(As::Gauge);
        assert_eq!(read(&gauge, Value::Counter32(7)), Ok(Some(Cell::Whole(7))));
        assert_eq!(read(&gauge, Value::NoSuchInstance), Ok(None));
        assert_eq!(
            read(&gauge, Value::Octets(b"3.7".to_vec())),
            Err("expected a number (for one written as text, the profile says `as = \"text_int\"`), found OCTET STRING \"3.7\""
                .to_owned())
        );
        assert_eq!(read(&Reading::of(As::TextFloat), Value::Octets(b"3.7".to_vec())), Ok(Some(Cell::Real(3.7))));
        assert_eq!(read(&Reading::of(As::TextInt), Value::Octets(b"12 ".to_vec())), Ok(Some(Cell::Whole(12))));
        assert!(read(&Reading::of(As::TextInt), Value::Octets(b"many".to_vec())).is_err());
        assert_eq!(read(&Reading::of(As::Ticks), Value::TimeTicks(150)), Ok(Some(Cell::Real(1.5))));
        let counter = Cell::Counter(Count { value: 9, wide: false });
        assert_eq!(read(&Reading::of(As::Counter { wide: false }), Value::Gauge32(9)), Ok(Some(counter)));
    }

    #[test]
    fn changes_are_made_in_their_order() {
        let mut reading = Reading::of(As::Gauge);
        reading.invalid = vec![Invalid::Number(255.0)];
        reading.bitand = Some(0xff);
        reading.linear = Linear { mul: Some(2.0), add: Some(-256.0), clamp: Some((-120.0, 0.0)) };
        // Sentinels are the device's own numbers: 255 means unknown, 511 & 255 does not.
        assert_eq!(read(&reading, Value::Integer(255)), Ok(None));
        assert_eq!(read(&reading, Value::Integer(256 + 80)), Ok(Some(Cell::Real(-96.0))));
        assert_eq!(read(&reading, Value::Integer(1)), Ok(Some(Cell::Real(-120.0))));
        let mut text = Reading::of(As::TextInt);
        text.regex = Some(Regex::new(r"^(\d+) dBm").expect("valid"));
        assert_eq!(read(&text, Value::Octets(b"17 dBm".to_vec())), Ok(Some(Cell::Whole(17))));
        assert!(read(&text, Value::Octets(b"auto".to_vec())).is_err());
    }

    #[test]
    fn words_are_read_by_number_and_by_text() {
        let map =
            [("0", "up"), ("1", "down"), ("Connected", "up")].map(|(key, word)| (key.to_owned(), word.to_owned()));
        let reading = Reading::of(As::Enum { map: map.into(), other: None });
        let word = |word: &str| Ok(Some(Cell::Text(word.to_owned())));
        assert_eq!(read(&reading, Value::Integer(0)), word("up"));
        assert_eq!(read(&reading, Value::Octets(b"1".to_vec())), word("down"));
        assert_eq!(read(&reading, Value::Octets(b"Connected".to_vec())), word("up"));
        assert_eq!(
            read(&reading, Value::Integer(3)),
            Err("expected one of 0 up, 1 down, Connected up, found INTEGER 3".to_owned())
        );
        let mac = Reading::of(As::Mac);
        for octets in [&b"\x00\x11\x22\xaa\xbb\xcc"[..], b"00:11:22:AA:BB:CC", b"0011.22aa.bbcc", b" 00 11 22 AA BB CC"]
        {
            assert_eq!(read(&mac, Value::Octets(octets.to_vec())), word("00:11:22:aa:bb:cc"));
        }
        assert!(read(&mac, Value::Octets(b"00:11".to_vec())).is_err());
    }

    #[test]
    fn frequencies_become_channels() {
        let channels = [(2412.0, 1), (2484.0, 14), (5180.0, 36), (5825.0, 165), (5955.0, 1), (7115.0, 233), (0.0, 0)];
        for (mhz, expected) in channels {
            assert_eq!(channel(mhz), expected);
        }
    }
}
