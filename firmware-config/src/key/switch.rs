//! The key switch at one access point (施設の鍵): contacts on a GPIO chip or a panel's socket, proven.

use std::str::FromStr;

use crate::ap_config::Complaint;
use crate::path::FilePath;
use crate::wish::{KeyWish, LineWish};
use crate::word::{LINE_TERMINATORS, WordError, shown, text_word};

/// Longest name of a line in bytes: the kernel keeps 31 (`GPIO_MAX_NAME_SIZE` is 32 with the closing NUL, linux/gpio.h).
pub const LINE_NAME_MAX_BYTES: usize = 31;

/// Longest name of a chip in bytes: a path may stand there too.
pub const CHIP_NAME_MAX_BYTES: usize = 255;

/// How the key is read: one of the two, never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySwitch {
    /// Contacts on a chip.
    Gpio(KeyLines),
    /// A panel behind a Unix socket (docs/wire.md, "the key panel").
    Panel(FilePath),
}

/// Contacts on a chip. [`KeyLines::new`] makes one, so that no line is two contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLines {
    chip: ChipName,
    no: Line,
    nc: Option<Line>,
    active_low: bool,
    bias: Bias,
}

/// One line of a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// By its name.
    Name(LineName),
    /// By its offset.
    Offset(u32),
}

/// A chip's name, path or label: printable ASCII without a quote or a backslash, so that TOML holds it as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChipName(String);

/// A line's name: as [`ChipName`], and as short as the kernel keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineName(String);

text_word!(ChipName, check_chip);
text_word!(LineName, check_line);

/// The resistor at the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bias {
    /// As the board has it.
    #[default]
    AsIs,
    /// To the supply.
    PullUp,
    /// To ground.
    PullDown,
    /// None.
    Disabled,
}

const CHIP_ALLOWED: &str = "a chip's name, path or label, such as \"gpiochip0\"";
const LINE_ALLOWED: &str = "a line's name (1 to 31 characters) or its offset (0 or more)";
const BIAS_ALLOWED: &str = "\"as-is\", \"pull-up\", \"pull-down\" or \"disabled\"";

fn plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && !text.trim().is_empty()
        && text.bytes().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'))
        && !text.contains(LINE_TERMINATORS)
}

fn check_chip(text: &str) -> Result<(), WordError> {
    let plain = plain(text, CHIP_NAME_MAX_BYTES);
    plain.then_some(()).ok_or_else(|| WordError::text("chip", text, CHIP_ALLOWED))
}

fn check_line(text: &str) -> Result<(), WordError> {
    let plain = plain(text, LINE_NAME_MAX_BYTES);
    plain.then_some(()).ok_or_else(|| WordError::text("line", text, LINE_ALLOWED))
}

impl KeyLines {
    /// `no` closes at 災害, `nc` opens there; without `nc` the key is weaker: a cut wire reads as 平時.
    ///
    /// None where the two are one line.
    #[must_use]
    pub fn new(chip: ChipName, no: Line, nc: Option<Line>, active_low: bool, bias: Bias) -> Option<Self> {
        (nc.as_ref() != Some(&no)).then_some(Self { chip, no, nc, active_low, bias })
    }

    /// The chip.
    #[must_use]
    pub fn chip(&self) -> &ChipName {
        &self.chip
    }

    /// Normally open: closed at 災害.
    #[must_use]
    pub fn no(&self) -> &Line {
        &self.no
    }

    /// Normally closed: open at 災害.
    #[must_use]
    pub fn nc(&self) -> Option<&Line> {
        self.nc.as_ref()
    }

    /// Whether a low level is a closed contact.
    #[must_use]
    pub fn active_low(&self) -> bool {
        self.active_low
    }

    /// The resistor at the lines.
    #[must_use]
    pub fn bias(&self) -> Bias {
        self.bias
    }
}

impl Bias {
    const ALL: [Self; 4] = [Self::AsIs, Self::PullUp, Self::PullDown, Self::Disabled];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AsIs => "as-is",
            Self::PullUp => "pull-up",
            Self::PullDown => "pull-down",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for Bias {
    type Err = WordError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|bias| bias.as_str() == text);
        found.ok_or_else(|| WordError::text("bias", text, BIAS_ALLOWED))
    }
}

/// Proves what is written down of a key switch.
///
/// # Errors
/// Every complaint there is; `at` is the field of the [`KeyWish`], empty for the whole of it.
pub fn check(wish: &KeyWish) -> Result<KeySwitch, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let switch = match (&wish.chip, &wish.panel) {
        (Some(_), Some(panel)) => {
            complain(&mut complaints, "panel", shown(panel), "nothing: there is a chip; a key is read in one way");
            None
        }
        (None, None) => {
            complain(&mut complaints, "", "neither chip nor panel", "chip and no, or panel");
            None
        }
        (Some(chip), None) => lines(&mut complaints, chip, wish).map(KeySwitch::Gpio),
        (None, Some(panel)) => {
            for (field, there) in [
                ("no", wish.no.is_some()),
                ("nc", wish.nc.is_some()),
                ("active-low", wish.active_low.is_some()),
                ("bias", wish.bias.is_some()),
            ] {
                if there {
                    complain(&mut complaints, field, "a value", "nothing: the panel's own program knows its lines");
                }
            }
            let path = word::<FilePath>(&mut complaints, "panel", panel);
            if path.as_ref().is_some_and(|path| !path.fits_socket(0)) {
                let (found, allowed) = (format!("{} bytes", panel.len()), "at most 107 bytes, as a Unix socket has it");
                complain(&mut complaints, "panel", found, allowed);
            }
            path.map(KeySwitch::Panel)
        }
    };
    match switch {
        Some(switch) if complaints.is_empty() => Ok(switch),
        _ => Err(complaints),
    }
}

fn complain(complaints: &mut Vec<Complaint>, at: &str, found: impl Into<String>, allowed: &str) {
    complaints.push(Complaint { at: at.into(), found: found.into(), allowed: allowed.into(), objection: None });
}

fn word<T: FromStr<Err = WordError>>(complaints: &mut Vec<Complaint>, at: &str, text: &str) -> Option<T> {
    text.parse().map_err(|error: WordError| complain(complaints, at, error.found, error.allowed)).ok()
}

fn lines(complaints: &mut Vec<Complaint>, chip: &str, wish: &KeyWish) -> Option<KeyLines> {
    let chip = word(complaints, "chip", chip);
    let mut line = |at, line: &LineWish| match line {
        LineWish::Offset(offset) => Some(Line::Offset(*offset)),
        LineWish::Name(name) => word(complaints, at, name).map(Line::Name),
    };
    let no = wish.no.as_ref().map(|wish| line("no", wish));
    let nc = match &wish.nc {
        None => Some(None),
        Some(wish) => line("nc", wish).map(Some),
    };
    if no.is_none() {
        complain(complaints, "no", "nothing", LINE_ALLOWED);
    }
    let bias = match &wish.bias {
        None => Some(Bias::default()),
        Some(text) => word(complaints, "bias", text),
    };
    let lines = KeyLines::new(chip?, no??, nc?, wish.active_low.unwrap_or(false), bias?);
    if lines.is_none() {
        complain(complaints, "nc", "the same line as no", "a line of its own");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> KeyWish {
        toml::from_str(text).expect("well written")
    }

    fn told(text: &str) -> Vec<String> {
        check(&wish(text)).map_or_else(|all| all.iter().map(ToString::to_string).collect(), |_| Vec::new())
    }

    #[test]
    fn a_key_is_contacts_on_a_chip_or_a_panel() {
        let lines = KeyLines::new(
            "pinctrl-bcm2711".parse().expect("a label"),
            Line::Offset(17),
            Some(Line::Name("KEY NC".parse().expect("a name"))),
            true,
            Bias::PullUp,
        );
        let text = "chip = \"pinctrl-bcm2711\"\nno = 17\nnc = \"KEY NC\"\nactive-low = true\nbias = \"pull-up\"";
        assert_eq!(check(&wish(text)), Ok(KeySwitch::Gpio(lines.expect("two lines"))));
        assert_eq!(check(&wish("panel = \"/run/key\"")), Ok(KeySwitch::Panel("/run/key".parse().expect("a path"))));
        assert!(
            matches!(check(&wish("chip = \"gpiochip0\"\nno = 3")), Ok(KeySwitch::Gpio(lines)) if lines.nc().is_none())
        );
    }

    #[test]
    fn each_mistake_is_told_at_its_field() {
        for (text, said) in [
            ("", ": found neither chip nor panel; allowed: chip and no, or panel"),
            (
                "chip = \"a\"",
                "no: found nothing; allowed: a line's name (1 to 31 characters) or its offset (0 or more)",
            ),
            (
                "chip = \"a\"\nno = 1\npanel = \"/run/key\"",
                "panel: found \"/run/key\"; allowed: nothing: there is a chip; a key is read in one way",
            ),
            ("chip = \"a\"\nno = 1\nnc = 1", "nc: found the same line as no; allowed: a line of its own"),
            ("chip = \" \"\nno = 1", "chip: found \" \"; allowed: a chip's name, path or label, such as \"gpiochip0\""),
            (
                "chip = \"a\"\nno = 1\nbias = \"up\"",
                "bias: found \"up\"; allowed: \"as-is\", \"pull-up\", \"pull-down\" or \"disabled\"",
            ),
            (
                "panel = \"/run/key\"\nno = 1",
                "no: found a value; allowed: nothing: the panel's own program knows its lines",
            ),
        ] {
            assert_eq!(told(text), [said], "{text}");
        }
        let long = told(&format!("panel = \"/{}\"", "a".repeat(107)));
        assert_eq!(long, ["panel: found 108 bytes; allowed: at most 107 bytes, as a Unix socket has it"]);
        // All at once.
        assert_eq!(told("chip = \"\"\nno = \"\"\nnc = \"\"\nbias = \"\"").len(), 4);
    }

    #[test]
    fn a_name_needs_no_quoting_and_ends_no_line() {
        for end in LINE_TERMINATORS {
            assert!(format!("a{end}b").parse::<LineName>().is_err(), "{end:?}");
        }
        for text in ["a\"b", "a\\b", "町", "\u{7f}", ""] {
            assert!(text.parse::<ChipName>().is_err() && text.parse::<LineName>().is_err(), "{text:?}");
        }
        assert!("a".repeat(31).parse::<LineName>().is_ok() && "a".repeat(32).parse::<LineName>().is_err());
    }
}
