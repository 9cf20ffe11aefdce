//! What an AP hears of other networks called `00000JAPAN`, or nearly so: networks and their senders, never a station.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::ident::ApId;

/// Networks in one document at most: 64 rows of about 110 bytes are 7 kB. Of more, an agent says the strongest.
pub const SIGHTINGS_MAX: usize = 64;

/// Longest name of a network in bytes (IEEE 802.11 §9.4.2.2).
const NAME_MAX: usize = 32;

/// What one AP hears now. Each document replaces the one before: what it does not name any more is not heard any more.
/// Not retained: what was heard before the controller came is no news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
    /// Document version.
    pub v: u32,
    /// Who heard; must be the AP of the topic.
    pub ap: ApId,
    /// The networks, at most [`SIGHTINGS_MAX`].
    pub seen: Vec<Heard>,
}

impl Sightings {
    /// A document of the present version.
    #[must_use]
    pub fn new(ap: ApId, seen: Vec<Heard>) -> Self {
        Self { v: VERSION, ap, seen }
    }
}

/// One network as it was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heard {
    /// Its name, byte for byte.
    pub ssid: AirName,
    /// The address of the access point that sends it.
    pub bssid: Bssid,
    /// Channel number, 0 where it is not known.
    pub channel: u16,
    /// How strong, in dBm.
    pub signal_dbm: i16,
    /// How long ago it was heard when this was sent, in milliseconds by the monotonic clock.
    pub age_ms: u64,
}

/// A name from the air: at most 32 bytes, which may be anything (NUL, escapes, Shift-JIS). In documents as hexadecimal
/// figures, so that nothing in it can be taken for anything else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AirName(Vec<u8>);

/// The address of an access point's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bssid([u8; 6]);

/// Why a name or an address from the air was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AirError {
    /// Too many bytes.
    #[error("name of {0} bytes; a network's name has at most {NAME_MAX}")]
    Long(usize),
    /// No hexadecimal figures.
    #[error("a network's name is written as pairs of hexadecimal figures")]
    Figures,
    /// No address.
    #[error("a network's address is written as six pairs of hexadecimal figures with colons")]
    Address,
    /// A group of stations, or nobody.
    #[error("the address {0} is of no single sender")]
    Nobody(String),
}

impl AirName {
    /// A name of these bytes.
    ///
    /// # Errors
    /// More than 32.
    pub fn new(bytes: &[u8]) -> Result<Self, AirError> {
        if bytes.len() > NAME_MAX { Err(AirError::Long(bytes.len())) } else { Ok(Self(bytes.to_vec())) }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// For people: what is no visible character is escaped, so that two names that differ never look alike by that.
impl fmt::Display for AirName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.utf8_chunks() {
            for c in part.valid().chars() {
                let seen = c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
                if seen && c != '\\' { write!(f, "{c}")? } else { write!(f, "{}", c.escape_unicode())? }
            }
            for byte in part.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for AirName {
    type Error = AirError;

    fn try_from(text: String) -> Result<Self, AirError> {
        if text.len() > 2 * NAME_MAX {
            return Err(AirError::Long(text.len() / 2));
        }
        let pairs = text.as_bytes().chunks(2).map(pair).collect::<Option<Vec<u8>>>().ok_or(AirError::Figures)?;
        Self::new(&pairs)
    }
}

impl From<AirName> for String {
    fn from(name: AirName) -> Self {
        name.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl FromStr for Bssid {
    type Err = AirError;

    fn from_str(text: &str) -> Result<Self, AirError> {
        let mut address = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut address {
            let part = parts.next().ok_or(AirError::Address)?;
            *byte = pair(part.as_bytes()).ok_or(AirError::Address)?;
        }
        if parts.next().is_some() {
            return Err(AirError::Address);
        }
        let it = Self(address);
        if address[0] & 1 == 1 || address == [0; 6] { Err(AirError::Nobody(it.to_string())) } else { Ok(it) }
    }
}

impl fmt::Display for Bssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl TryFrom<String> for Bssid {
    type Error = AirError;

    fn try_from(text: String) -> Result<Self, AirError> {
        text.parse()
    }
}

impl From<Bssid> for String {
    fn from(bssid: Bssid) -> Self {
        bssid.to_string()
    }
}

/// Two hexadecimal figures.
fn pair(figures: &[u8]) -> Option<u8> {
    let value = |figure: u8| char::from(figure).to_digit(16);
    let [high, low] = figures else { return None };
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_shown_so_that_nothing_hides_in_them() {
        let shown = |bytes: &[u8]| AirName::new(bytes).expect("short").to_string();
        assert_eq!(shown(b"00000JAPAN"), "00000JAPAN");
        assert_eq!(shown(b"00000JAPAN\0\n\x1b"), "00000JAPAN\\u{0}\\u{a}\\u{1b}");
        assert_eq!(shown("潮見\u{202e}".as_bytes()), "潮見\\u{202e}");
        assert_eq!(shown(b"\x92\xaa"), "\\x92\\xaa");
        assert!(AirName::new(&[b'0'; 33]).is_err());
    }

    #[test]
    fn an_address_is_of_one_sender() {
        let of = |text: &str| text.parse::<Bssid>().map(|it| it.to_string());
        assert_eq!(of("02:AA:00:00:0f:01").as_deref(), Ok("02:aa:00:00:0f:01"));
        for text in
            ["", "02:aa:00:00:0f", "02:aa:00:00:0f:01:02", "2:aa:00:00:0f:01", "+2:aa:00:00:0f:01", "02aa:00:00:0f:01:"]
        {
            assert_eq!(of(text), Err(AirError::Address), "{text}");
        }
        for text in ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00"] {
            assert!(matches!(of(text), Err(AirError::Nobody(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_written_and_read_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..=32)) {
            let name = AirName::new(&bytes).expect("short enough");
            prop_assert!(name.to_string().chars().all(|c| !c.is_control()));
            prop_assert_eq!(AirName::try_from(String::from(name.clone())), Ok(name));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = AirName::try_from(text.clone());
            let _ = text.parse::<Bssid>();
        }
    }
}
