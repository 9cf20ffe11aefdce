//! A radio channel: band and number, where it is allowed, whether radar has to be listened for.

use crate::country::Country;
use crate::word::WordError;

/// A frequency band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// 2.4 GHz: reaches far, heard by every device there is.
    Ghz2,
    /// 5 GHz.
    Ghz5,
    /// 6 GHz: no network without encryption may be there, and so no unified disaster network.
    Ghz6,
}

impl Band {
    /// The word in files: `2.4`, `5` or `6`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ghz2 => "2.4",
            Self::Ghz5 => "5",
            Self::Ghz6 => "6",
        }
    }
}

impl std::str::FromStr for Band {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, WordError> {
        match text {
            "2.4" => Ok(Self::Ghz2),
            "5" => Ok(Self::Ghz5),
            "6" => Ok(Self::Ghz6),
            _ => Err(WordError::text("band", text, "\"2.4\", \"5\" or \"6\" (GHz)")),
        }
    }
}

/// One 20 MHz channel. Wider ones are not offered: a gymnasium full of phones is served best by many narrow channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel {
    band: Band,
    number: u8,
}

impl Channel {
    /// Takes a channel that exists somewhere in the world (IEEE 802.11-2020, annex E, 20 MHz).
    ///
    /// # Errors
    /// No 20 MHz channel of that band has that number.
    pub fn new(band: Band, number: u16) -> Result<Self, WordError> {
        let (exists, allowed) = match band {
            Band::Ghz2 => (matches!(number, 1..=13), "1 to 13 in the 2.4 GHz band"),
            Band::Ghz5 => (
                (number.is_multiple_of(4) && matches!(number, 36..=64 | 100..=144))
                    || matches!(number, 149 | 153 | 157 | 161 | 165),
                "36, 40 … 64, 100, 104 … 144, 149, 153 … 165 in the 5 GHz band",
            ),
            Band::Ghz6 => (number % 4 == 1 && number <= 233, "1, 5, 9 … 233 in the 6 GHz band"),
        };
        match u8::try_from(number) {
            Ok(number) if exists => Ok(Self { band, number }),
            _ => Err(WordError::said("channel", number, allowed)),
        }
    }

    /// The band.
    #[must_use]
    pub fn band(self) -> Band {
        self.band
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u8 {
        self.number
    }

    /// Whether the rules known here allow it in `country`: Japan's are known, others are left to the kernel.
    ///
    /// Japan: 2.4 GHz 1–13 (14 was for 802.11b only); W52 36–48, W53 52–64, W56 100–144; 6 GHz 5,925–6,425 MHz,
    /// which is 1–93 (無線設備規則 第49条の20 and 第49条の20の2).
    ///
    /// # Errors
    /// The country forbids it.
    pub fn allowed_in(self, country: &Country) -> Result<(), WordError> {
        let (fine, allowed) = match self.band {
            Band::Ghz2 => (true, "1 to 13"),
            Band::Ghz5 => (self.number <= 144, "in Japan 36 to 64 and 100 to 144 in the 5 GHz band"),
            Band::Ghz6 => (self.number <= 93, "in Japan 1 to 93 in the 6 GHz band"),
        };
        if fine || !country.is_japan() {
            return Ok(());
        }
        Err(WordError::said("channel", self.number, allowed))
    }

    /// Whether an AP must listen for radar before and while it uses the channel (W53, W56): it is silent for the first
    /// 60 s after a start, and whenever it hears one.
    #[must_use]
    pub fn needs_dfs(self) -> bool {
        self.band == Band::Ghz5 && matches!(self.number, 52..=64 | 100..=144)
    }

    /// Its centre in MHz (IEEE 802.11-2020, 9.4.2.161 and annex E).
    #[must_use]
    pub fn mhz(self) -> u32 {
        let number = u32::from(self.number);
        match self.band {
            Band::Ghz2 => 2_407 + 5 * number,
            Band::Ghz5 => 5_000 + 5 * number,
            Band::Ghz6 => 5_950 + 5 * number,
        }
    }

    /// The channel whose centre is at `mhz`; none where no 20 MHz channel is.
    #[must_use]
    pub fn at_mhz(mhz: u32) -> Option<Self> {
        let (band, base) = match mhz {
            2_412..=2_472 => (Band::Ghz2, 2_407),
            5_180..=5_825 => (Band::Ghz5, 5_000),
            5_955..=7_115 => (Band::Ghz6, 5_950),
            _ => return None,
        };
        let number = u16::try_from((mhz - base) / 5).ok().filter(|_| (mhz - base).is_multiple_of(5))?;
        Self::new(band, number).ok()
    }

    /// hostapd's `hw_mode`: `g` in the 2.4 GHz band, `a` in the others.
    #[must_use]
    pub fn hw_mode(self) -> char {
        if self.band == Band::Ghz2 { 'g' } else { 'a' }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(band: &str, number: u16) -> Option<Channel> {
        Channel::new(band.parse().expect("band"), number).ok()
    }

    #[test]
    fn takes_the_channels_that_exist() {
        for (band, numbers) in [
            ("2.4", vec![1, 6, 11, 13]),
            ("5", vec![36, 48, 52, 64, 100, 120, 140, 144, 149, 165]),
            ("6", vec![1, 5, 93, 97, 233]),
        ] {
            for number in numbers {
                assert!(channel(band, number).is_some(), "{band} {number}");
            }
        }
    }

    #[test]
    fn every_channel_is_found_again_at_its_frequency() {
        for (band, number, mhz) in
            [("2.4", 1, 2_412), ("2.4", 13, 2_472), ("5", 36, 5_180), ("5", 144, 5_720), ("6", 1, 5_955)]
        {
            let it = channel(band, number).expect("a channel");
            assert_eq!(it.mhz(), mhz);
            assert_eq!(Channel::at_mhz(mhz), Some(it));
        }
        for mhz in [0, 2_407, 2_413, 2_484, 5_190, 5_935, 60_480] {
            assert_eq!(Channel::at_mhz(mhz), None, "{mhz}");
        }
    }

    #[test]
    fn refuses_the_others() {
        for (band, numbers) in [
            ("2.4", vec![0, 14, 36, 257]),
            ("5", vec![0, 1, 34, 38, 68, 96, 148, 150, 169, 292, 65535]),
            ("6", vec![0, 2, 3, 4, 237, 253, 257]),
        ] {
            for number in numbers {
                assert!(channel(band, number).is_none(), "{band} {number}");
            }
        }
        for band in ["", "2", "2.4 GHz", "60", "5\n"] {
            assert!(band.parse::<Band>().is_err(), "{band:?}");
        }
    }

    #[test]
    fn japan_has_no_149_and_half_of_6_ghz_and_listens_for_radar_in_w53_and_w56() {
        let japan: Country = "JP".parse().expect("JP");
        let elsewhere: Country = "US".parse().expect("US");
        let at = |band, number| channel(band, number).expect("exists");
        assert!(at("5", 149).allowed_in(&japan).is_err() && at("6", 97).allowed_in(&japan).is_err());
        assert!(at("5", 144).allowed_in(&japan).is_ok() && at("6", 93).allowed_in(&japan).is_ok());
        assert!(at("5", 149).allowed_in(&elsewhere).is_ok());
        let radar: Vec<u16> = [36, 48, 52, 64, 100, 144, 149].into_iter().filter(|n| at("5", *n).needs_dfs()).collect();
        assert_eq!(radar, [52, 64, 100, 144]);
        assert!(!at("6", 53).needs_dfs() && at("2.4", 1).hw_mode() == 'g' && at("6", 1).hw_mode() == 'a');
    }
}
