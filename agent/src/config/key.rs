//! The `[key]` table: the key switch at this AP, on a GPIO chip or behind a panel's socket.

use firmware_config::key::switch::{ChipName, LineName};
use firmware_config::key::{Bias, KeyLines, KeySwitch, Line};
use firmware_config::path::FilePath;

use super::table::Table;

/// Reads the table; the outer none: it is wrong.
pub(super) fn read(root: &mut Table<'_>) -> Option<Option<KeySwitch>> {
    let Some(mut table) = root.optional_table("key") else { return Some(None) };
    let key = match (table.has("chip"), table.has("panel")) {
        (true, false) => lines(&mut table).map(KeySwitch::Gpio),
        (false, true) => panel(&mut table).map(KeySwitch::Panel),
        _ => {
            table.complain("[key]: expected either \"chip\" and \"no\", or \"panel\"".to_owned());
            None
        }
    };
    root.take_complaints(table);
    key.map(Some)
}

fn panel(table: &mut Table<'_>) -> Option<FilePath> {
    let socket = |text: &str| text.parse().ok().filter(|path: &FilePath| path.fits_socket(0));
    let expected = "a socket's absolute path of at most 107 bytes, its names of A-Z a-z 0-9 . _ - + @";
    table.text("panel", expected, |text| socket(text).is_some()).and_then(|text| socket(&text))
}

fn lines(table: &mut Table<'_>) -> Option<KeyLines> {
    let expected = "a chip's name, path or label, such as \"gpiochip0\"";
    let chip = table.text("chip", expected, |text| text.parse::<ChipName>().is_ok());
    let chip = chip.and_then(|text| text.parse().ok());
    let no = line(table, "no");
    let nc = if table.has("nc") { line(table, "nc").map(Some) } else { Some(None) };
    let active_low = if table.has("active-low") { table.flag("active-low")? } else { false };
    let bias = if table.has("bias") {
        let expected = "\"as-is\", \"pull-up\", \"pull-down\" or \"disabled\"";
        let bias = table.text("bias", expected, |text| text.parse::<Bias>().is_ok());
        bias.and_then(|text| text.parse().ok())?
    } else {
        Bias::default()
    };
    let lines = KeyLines::new(chip?, no?, nc?, active_low, bias);
    if lines.is_none() {
        table.complain("[key]: \"no\" and \"nc\" are the same line; expected a line each".to_owned());
    }
    lines
}

fn line(table: &mut Table<'_>, key: &str) -> Option<Line> {
    if table.is_integer(key) {
        return table.integer(key, 0, u64::from(u32::MAX)).and_then(|n| u32::try_from(n).ok()).map(Line::Offset);
    }
    let expected = "a line's name (1 to 31 characters) or its offset (0 or more)";
    let name = table.text(key, expected, |name| name.parse::<LineName>().is_ok());
    name.and_then(|name| name.parse().ok()).map(Line::Name)
}
