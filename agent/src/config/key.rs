//! The `[key]` table: the key switch at this AP, on a GPIO chip or behind a panel's socket.

use std::path::PathBuf;

use super::table::Table;

/// Longest name of a line; the kernel keeps 31 characters.
const LINE_NAME_MAX: usize = 31;

/// How the key is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyConfig {
    /// Contacts on a chip.
    Gpio(KeyLines),
    /// A panel's socket.
    Panel(PathBuf),
}

/// Contacts on a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLines {
    /// Its name, path or label.
    pub chip: String,
    /// Normally open: closed at 災害.
    pub no: Line,
    /// Normally closed: open at 災害. Without it a cut wire reads as 平時.
    pub nc: Option<Line>,
    /// Whether a low level is a closed contact.
    pub active_low: bool,
    /// The resistor at the lines.
    pub bias: Bias,
}

/// One line of a chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// By its name.
    Name(String),
    /// By its offset.
    Offset(u32),
}

/// The resistor at the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bias {
    /// As the board has it.
    AsIs,
    /// To the supply.
    PullUp,
    /// To ground.
    PullDown,
    /// None.
    Disabled,
}

/// Reads the table; the outer none: it is wrong.
pub(super) fn read(root: &mut Table<'_>) -> Option<Option<KeyConfig>> {
    let Some(mut table) = root.optional_table("key") else { return Some(None) };
    let key = match (table.has("chip"), table.has("panel")) {
        (true, false) => lines(&mut table).map(KeyConfig::Gpio),
        (false, true) => table.path("panel").map(KeyConfig::Panel),
        _ => {
            table.complain("[key]: expected either \"chip\" and \"no\", or \"panel\"".to_owned());
            None
        }
    };
    root.take_complaints(table);
    key.map(Some)
}

fn lines(table: &mut Table<'_>) -> Option<KeyLines> {
    let good = |name: &str| !name.is_empty() && name.len() <= 255 && !name.chars().any(char::is_control);
    let chip = table.text("chip", "a chip's name, path or label, such as \"gpiochip0\"", good);
    let no = line(table, "no");
    let nc = if table.has("nc") { line(table, "nc").map(Some) } else { Some(None) };
    if no.is_some() && nc.as_ref().is_some_and(|nc| *nc == no) {
        table.complain("[key]: \"no\" and \"nc\" are the same line; expected a line each".to_owned());
    }
    let active_low = if table.has("active-low") { table.flag("active-low")? } else { false };
    let words =
        [("as-is", Bias::AsIs), ("pull-up", Bias::PullUp), ("pull-down", Bias::PullDown), ("disabled", Bias::Disabled)];
    let find = |text: &str| words.iter().find(|(word, _)| *word == text).map(|(_, bias)| *bias);
    let bias = if table.has("bias") {
        let expected = "\"as-is\", \"pull-up\", \"pull-down\" or \"disabled\"";
        table.text("bias", expected, |text| find(text).is_some()).and_then(|text| find(&text))?
    } else {
        Bias::AsIs
    };
    Some(KeyLines { chip: chip?, no: no?, nc: nc?, active_low, bias })
}

fn line(table: &mut Table<'_>, key: &str) -> Option<Line> {
    if table.is_integer(key) {
        return table.integer(key, 0, u64::from(u32::MAX)).and_then(|n| u32::try_from(n).ok()).map(Line::Offset);
    }
    let good = |name: &str| (1..=LINE_NAME_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    table.text(key, "a line's name (1 to 31 characters) or its offset (0 or more)", good).map(Line::Name)
}
