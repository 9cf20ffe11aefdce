//! hostapd's words: what it answers and tells, read. Pure; learnt from hostapd 2.10, tested on its own texts.
//!
//! Who a station is (its MAC address) is read past here and never kept, but for what `marks` makes of it.

use firmware_config::wire::Network;

use super::marks::ADDRESS_BYTES;
use crate::core::Heard;
use crate::core::air::{RadioState, Seen};

/// Networks read of one answer at most: 16 on each of a few radios is what hardware can do.
const NETWORKS_MAX: usize = 64;
/// Longest interface name: IFNAMSIZ of Linux less its NUL.
const INTERFACE_MAX_BYTES: usize = 15;
/// Longest SSID in bytes (IEEE 802.11).
const SSID_MAX_BYTES: usize = 32;

/// Why an answer was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// hostapd refused.
    #[error("{asked} was refused: {said}")]
    Refused {
        /// The command.
        asked: &'static str,
        /// The answer, escaped and cut.
        said: String,
    },
    /// Not an answer to this command.
    #[error("answer to {asked} makes no sense: expected {expected}, found {found}")]
    Nonsense {
        /// The command.
        asked: &'static str,
        /// What was expected.
        expected: &'static str,
        /// The part that was not that, escaped and cut.
        found: String,
    },
}

/// A text from hostapd, fit for a log.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]);
    format!("\"{}\"", text.trim_end().escape_debug())
}

/// Whether an answer is `OK`.
#[must_use]
pub fn is_ok(answer: &[u8]) -> bool {
    answer.trim_ascii_end() == b"OK"
}

/// Whether an answer is a sign of life and nothing else.
#[must_use]
pub fn is_pong(answer: &[u8]) -> bool {
    answer.trim_ascii_end() == b"PONG"
}

/// Whether an answer says that there is no such interface.
#[must_use]
pub fn is_no_such_interface(answer: &[u8]) -> bool {
    answer.starts_with(b"FAIL-NO-IFNAME-MATCH")
}

fn is_interface(name: &[u8]) -> bool {
    (1..=INTERFACE_MAX_BYTES).contains(&name.len()) && name.iter().all(|b| b.is_ascii_graphic() && *b != b'/')
}

/// Complete lines of an answer. hostapd cuts an answer that outgrows its buffer: half a line is no line.
fn lines(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = answer.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    answer[..end].split(|b| *b == b'\n').filter(|line| !line.is_empty())
}

/// Reads the answer to `INTERFACES`: one interface a line.
///
/// # Errors
/// It was refused, or a line is not an interface's name.
pub fn interfaces(answer: &[u8]) -> Result<Vec<String>, ParseError> {
    let asked = "INTERFACES";
    if answer.starts_with(b"FAIL") || answer.starts_with(b"UNKNOWN COMMAND") {
        return Err(ParseError::Refused { asked, said: shown(answer) });
    }
    if !answer.is_empty() && !answer.contains(&b'\n') {
        return Err(ParseError::Nonsense { asked, expected: "lines", found: shown(answer) });
    }
    let name = |line: &[u8]| match std::str::from_utf8(line) {
        Ok(name) if is_interface(line) => Ok(name.to_owned()),
        _ => Err(ParseError::Nonsense { asked, expected: "an interface's name", found: shown(line) }),
    };
    lines(answer).take(NETWORKS_MAX).map(name).collect()
}

/// Reads the answer to `STATUS`: the radio's state and every network on that radio.
///
/// # Errors
/// It was refused, or says nothing of the radio's state.
pub fn status(answer: &[u8]) -> Result<Vec<Seen>, ParseError> {
    let asked = "STATUS";
    if answer.starts_with(b"FAIL") || answer.starts_with(b"UNKNOWN COMMAND") {
        return Err(ParseError::Refused { asked, said: shown(answer) });
    }
    let mut state = None;
    let mut channel = 0;
    let (mut phy, mut mhz) = (String::new(), 0);
    let mut networks: Vec<Network> = Vec::new();
    for line in lines(answer) {
        let Some(equals) = line.iter().position(|b| *b == b'=') else { continue };
        let (key, value) = (&line[..equals], &line[equals + 1..]);
        match key {
            b"state" => state = Some(radio_state(value)),
            b"channel" => channel = number(value).unwrap_or(0),
            b"phy" if is_interface(value) => phy = String::from_utf8_lossy(value).into_owned(),
            b"freq" => mhz = number(value).unwrap_or(0),
            _ => {
                let Some((field, index)) = indexed(key) else { continue };
                if field == b"bss" && index == networks.len() && is_interface(value) && index < NETWORKS_MAX {
                    let interface = String::from_utf8_lossy(value).into_owned();
                    let (ssid, bssid) = (String::new(), String::new());
                    networks.push(Network { interface, ssid, bssid, channel: 0, stations: 0 });
                }
                let Some(network) = networks.get_mut(index) else { continue };
                match field {
                    b"bssid" => network.bssid = own_address(value),
                    b"ssid" => network.ssid = ssid(value),
                    b"num_sta" => network.stations = number(value).unwrap_or(0),
                    _ => {}
                }
            }
        }
    }
    let Some(radio) = state else {
        return Err(ParseError::Nonsense { asked, expected: "a line \"state=\"", found: shown(answer) });
    };
    let seen = |network| {
        let (network, radio, phy) = (Network { channel, ..network }, radio.clone(), phy.clone());
        Seen { network, radio, phy, mhz }
    };
    Ok(networks.into_iter().map(seen).collect())
}

/// `ssid[3]` → (`ssid`, 3).
fn indexed(key: &[u8]) -> Option<(&[u8], usize)> {
    let open = key.iter().position(|b| *b == b'[')?;
    let digits = key[open + 1..].strip_suffix(b"]")?;
    Some((&key[..open], number(digits)?))
}

fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The states of hostapd's `hostapd_state_text`. A word it learnt later is taken for "off": nothing is claimed of it.
fn radio_state(value: &[u8]) -> RadioState {
    let word = shown(value).trim_matches('"').to_owned();
    match word.as_str() {
        "ENABLED" => RadioState::Enabled,
        "COUNTRY_UPDATE" | "ACS" | "HT_SCAN" | "DFS" => RadioState::Preparing(word),
        _ => RadioState::Off(word),
    }
}

/// The AP's own address, if it is one.
fn own_address(value: &[u8]) -> String {
    let good = value.len() == 17 && value.iter().all(|b| b.is_ascii_hexdigit() || *b == b':');
    if good { String::from_utf8_lossy(value).into_owned() } else { String::new() }
}

/// Reads an SSID as hostapd prints it (`printf_encode`): what is UTF-8 becomes itself, odd bytes stay `\xNN`.
fn ssid(value: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(SSID_MAX_BYTES);
    let mut rest = value;
    while let [first, tail @ ..] = rest {
        let (byte, left) = match (first, tail) {
            (b'\\', [b'x', high, low, left @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, left),
                _ => (b'\\', tail),
            },
            (b'\\', [b'n', left @ ..]) => (b'\n', left),
            (b'\\', [b'r', left @ ..]) => (b'\r', left),
            (b'\\', [b't', left @ ..]) => (b'\t', left),
            (b'\\', [b'e', left @ ..]) => (0x1b, left),
            (b'\\', [quoted @ (b'\\' | b'"'), left @ ..]) => (*quoted, left),
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    bytes.truncate(SSID_MAX_BYTES);
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                c if c.is_control() => c.to_string().bytes().for_each(|b| text.push_str(&format!("\\x{b:02x}"))),
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|b| text.push_str(&format!("\\x{b:02x}")));
    }
    text
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Reads what hostapd tells by itself on the global socket: `IFNAME=wlan0jp <3>AP-STA-CONNECTED 02:…`.
#[must_use]
pub fn event(line: &[u8]) -> Option<Heard> {
    let (interface, rest) = match line.strip_prefix(b"IFNAME=") {
        Some(rest) => {
            let blank = rest.iter().position(|b| *b == b' ')?;
            (&rest[..blank], &rest[blank + 1..])
        }
        None => (&b""[..], line),
    };
    let rest = rest.strip_prefix(b"<")?;
    let text = &rest[rest.iter().position(|b| *b == b'>')? + 1..];
    let word = text.split(|b| b.is_ascii_whitespace()).next()?;
    let named = || is_interface(interface).then(|| String::from_utf8_lossy(interface).into_owned());
    match word {
        b"AP-STA-CONNECTED" => Some(Heard::Joined { interface: named()? }),
        b"AP-STA-DISCONNECTED" => Some(Heard::Left { interface: named()? }),
        b"AP-ENABLED"
        | b"AP-DISABLED"
        | b"CTRL-EVENT-TERMINATING"
        | b"INTERFACE-ENABLED"
        | b"INTERFACE-DISABLED"
        | b"DFS-CAC-START"
        | b"DFS-CAC-COMPLETED"
        | b"DFS-RADAR-DETECTED"
        | b"DFS-NEW-CHANNEL"
        | b"AP-CSA-FINISHED" => Some(Heard::AirChanged),
        _ => None,
    }
}

/// The address of the station that hostapd tells has come: for [`super::marks`], and for nobody else.
#[must_use]
pub fn station(line: &[u8]) -> Option<[u8; ADDRESS_BYTES]> {
    const CAME: &[u8] = b"AP-STA-CONNECTED ";
    let at = line.windows(CAME.len()).position(|part| part == CAME)? + CAME.len();
    address(line[at..].split(|b| b.is_ascii_whitespace()).next()?)
}

/// Reads an answer to `STA-FIRST` or `STA-NEXT`: a station's address on the first line, what is known of it below; and
/// whether it is let in, as those are that `AP-STA-CONNECTED` tells of. None where there are no more stations.
#[must_use]
pub fn listed(answer: &[u8]) -> Option<([u8; ADDRESS_BYTES], bool)> {
    let mut lines = answer.split(|b| *b == b'\n');
    let address = address(lines.next()?)?;
    let authorized = |line: &[u8]| {
        line.strip_prefix(b"flags=").is_some_and(|flags| flags.windows(12).any(|flag| flag == b"[AUTHORIZED]"))
    };
    Some((address, lines.any(authorized)))
}

fn address(text: &[u8]) -> Option<[u8; ADDRESS_BYTES]> {
    let mut address = [0; ADDRESS_BYTES];
    let mut parts = text.split(|b| *b == b':');
    for byte in &mut address {
        let [high, low] = parts.next()? else { return None };
        *byte = hex(*high)? << 4 | hex(*low)?;
    }
    parts.next().is_none().then_some(address)
}

/// Whether a datagram is something hostapd tells by itself, and not an answer.
#[must_use]
pub fn is_unasked(datagram: &[u8]) -> bool {
    let after_name = match datagram.strip_prefix(b"IFNAME=") {
        Some(rest) => rest.iter().position(|b| *b == b' ').map_or(rest, |blank| &rest[blank + 1..]),
        None => datagram,
    };
    matches!(after_name, [b'<', digit, b'>', ..] if digit.is_ascii_digit())
}

#[cfg(test)]
mod tests;
