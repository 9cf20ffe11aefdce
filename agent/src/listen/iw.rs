//! iw's words: what `iw dev IF scan` prints, read line by line as it comes. Pure; learnt from iw 5.19, tested on its texts.
//!
//! What it prints is made by whoever sends on the channel: any bytes, thousands of networks, and, since some elements are
//! printed as they came, lines that iw never meant. None of it says more than a sender could send anyway, so it is
//! bounded rather than trusted: a line, a network and the list each have a limit.

use firmware_config::channel::Channel;
use firmware_config::preflight::imitates_bytes;
use firmware_config::ssid::UNIFIED_SSID;
use firmware_config::wire::{AirName, Bssid, Heard, SIGHTINGS_MAX};

use crate::core::listen::Deaf;

/// Longest line read, in bytes: a name of 32 bytes, each written as `\xNN`, is 128. What is longer is passed over.
const LINE_MAX_BYTES: usize = 1024;
/// Names of one network: what it says in its beacons and in its answers may be two.
const NAMES_MAX: usize = 4;
/// Taken for a strength that is not said: hardly to be heard.
const FAINT_DBM: i16 = -100;
/// Longest excuse taken over.
const EXCUSE_MAX_CHARS: usize = 120;

/// Reads what iw prints; keeps names that are `00000JAPAN` or look like it, and nothing else.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    /// The line is longer than any that matters.
    too_long: bool,
    network: Option<Network>,
    heard: Vec<Heard>,
    aborted: bool,
}

#[derive(Debug)]
struct Network {
    bssid: Bssid,
    mhz: u32,
    signal_dbm: i16,
    age_ms: u64,
    names: Vec<AirName>,
}

impl Reader {
    /// Takes what iw printed next.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match *byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    if !std::mem::take(&mut self.too_long) {
                        self.read(&line);
                    }
                    self.line = line;
                    self.line.clear();
                }
                _ if self.line.len() >= LINE_MAX_BYTES => self.too_long = true,
                byte => self.line.push(byte),
            }
        }
    }

    /// What was heard, or that the radio broke off. Half a line at the end is no line.
    ///
    /// # Errors
    /// The kernel ended the scan before it was done.
    pub fn finish(mut self) -> Result<Vec<Heard>, Deaf> {
        if self.aborted {
            return Err(Deaf::Busy);
        }
        self.close();
        Ok(self.heard)
    }

    fn read(&mut self, line: &[u8]) {
        if let Some(rest) = line.strip_prefix(b"BSS ") {
            self.close();
            // Until the next, where it has no address.
            self.network = address(rest).map(|bssid| Network {
                bssid,
                mhz: 0,
                signal_dbm: FAINT_DBM,
                age_ms: 0,
                names: Vec::new(),
            });
            return;
        }
        self.aborted |= line == b"scan aborted!";
        let Some(network) = &mut self.network else { return };
        if let Some(rest) = line.strip_prefix(b"\tfreq: ") {
            network.mhz = leading(rest).unwrap_or(0);
        } else if let Some(rest) = line.strip_prefix(b"\tsignal: ") {
            network.signal_dbm = strength(rest).unwrap_or(FAINT_DBM);
        } else if let Some(rest) = line.strip_prefix(b"\tlast seen: ") {
            if let Some(age_ms) = rest.strip_suffix(b" ms ago").and_then(leading) {
                network.age_ms = age_ms;
            }
        } else if let Some(rest) = line.strip_prefix(b"\tSSID: ") {
            let Ok(name) = AirName::new(&plain(rest)) else { return };
            if alike(&name) && network.names.len() < NAMES_MAX && !network.names.contains(&name) {
                network.names.push(name);
            }
        }
    }

    /// The network is whole.
    fn close(&mut self) {
        let Some(Network { bssid, mhz, signal_dbm, age_ms, names }) = self.network.take() else { return };
        let channel = Channel::at_mhz(mhz).map_or(0, |channel| u16::from(channel.number()));
        for ssid in names {
            let row = Heard { ssid, bssid, channel, signal_dbm, age_ms };
            let same = |known: &&mut Heard| (&known.ssid, known.bssid) == (&row.ssid, row.bssid);
            if let Some(known) = self.heard.iter_mut().find(same) {
                if row.age_ms < known.age_ms {
                    *known = row;
                }
                continue;
            }
            if self.heard.len() < SIGHTINGS_MAX {
                self.heard.push(row);
                continue;
            }
            let weakest = self.heard.iter_mut().min_by_key(|known| known.signal_dbm);
            if let Some(weakest) = weakest.filter(|weakest| weakest.signal_dbm < row.signal_dbm) {
                *weakest = row;
            }
        }
    }
}

/// Whether it is the name, or looks like it.
fn alike(name: &AirName) -> bool {
    name.as_bytes() == UNIFIED_SSID.as_bytes() || imitates_bytes(name.as_bytes()).is_some()
}

/// `02:00:00:00:00:01(on wlan0)`, with or without a blank: the address of the sender.
fn address(rest: &[u8]) -> Option<Bssid> {
    let (address, rest) = rest.split_at_checked(17)?;
    let ends = rest.is_empty() || rest.starts_with(b"(") || rest.starts_with(b" ");
    std::str::from_utf8(address).ok().filter(|_| ends)?.parse().ok()
}

/// The whole number at the beginning: `2412`, `2412.0`, `0 ms ago`.
fn leading<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    std::str::from_utf8(&text[..end]).ok()?.parse().ok()
}

/// `-52.00 dBm`, or `70/100` of a driver that knows no better (100 is -50 dBm, 0 is -100).
fn strength(text: &[u8]) -> Option<i16> {
    let (negative, figures) = text.strip_prefix(b"-").map_or((false, text), |rest| (true, rest));
    let value: i16 = leading(figures)?;
    if text.ends_with(b"/100") {
        return Some(FAINT_DBM + value.min(100) / 2);
    }
    Some(if negative { -value } else { value })
}

/// A name as it was sent. iw writes what is no printable ASCII, the backslash, and blanks at the ends as `\xNN`.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut name = Vec::new();
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        let (byte, left) = match rest {
            [b'\\', b'x', high, low, left @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, left),
                _ => (*first, tail),
            },
            _ => (*first, tail),
        };
        name.push(byte);
        rest = left;
    }
    name
}

fn hex(figure: u8) -> Option<u8> {
    char::from(figure).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Why iw could not: `command failed: Operation not supported (-95)`.
#[must_use]
pub fn excuse(said: &[u8]) -> Deaf {
    let text = String::from_utf8_lossy(said);
    let number = text.rsplit_once("(-").and_then(|(_, rest)| rest.split_once(')')).map(|(number, _)| number);
    match number {
        Some("95") => Deaf::Unsupported,
        Some("16") => Deaf::Busy,
        _ => {
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("iw failed and said nothing");
            let shown = last.chars().take(EXCUSE_MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c });
            Deaf::Failed(shown.collect())
        }
    }
}

#[cfg(test)]
mod tests;
