//! The key panel's table: contacts on a GPIO chip, or a panel behind a socket, or no key.

use std::time::Duration;

use super::desk::{Desk, Found};
use super::table::{Table, whole};
use super::{Bias, GpioKey, KeyConfig, Line};
use crate::core::asks::DRILL_MAX;

/// Longest a contact may have to rest: longer, and a person turning the key waits.
pub const DEBOUNCE_MAX_MS: u32 = 1_000;
/// How long a contact must rest where the file does not say: bouncing contacts rest within 10 ms, a tired switch within 20.
pub const DEBOUNCE_DEFAULT_MS: u32 = 30;
/// Longest drill by the key in minutes: as long as anybody may ask for, a day.
pub const DRILL_MAX_MINUTES: u32 = (DRILL_MAX.as_secs() / 60) as u32;
/// How long a drill by the key lasts where the file does not say.
pub const DRILL_DEFAULT_MINUTES: u32 = 120;
/// Longest name of a chip or a line; the kernel keeps 31 characters.
pub const LINE_NAME_MAX: usize = 31;

const LINE_ALLOWED: &str = "a line's name (1 to 31 characters) or its offset (0 or more)";

/// Keys that only make sense with lines on a chip.
const GPIO_ONLY: [&str; 7] = ["no", "nc", "lamp", "buzzer", "active-low", "bias", "debounce-ms"];

/// What the table says: how the key is read, and how long its drill lasts.
pub(super) fn read(desk: &mut Desk<'_>, root: &Table<'_, '_>) -> (Option<KeyConfig>, Duration) {
    let default = minutes(DRILL_DEFAULT_MINUTES);
    if !root.has("key") {
        desk.note_missing("there is no [key]: nobody can open by turning a key, only by screen or terminal");
        return (Some(KeyConfig::Absent), default);
    }
    let Some(table) = root.table(desk, "key", "key") else { return (None, default) };
    let drill_length = table
        .number(desk, "drill-minutes", (1, DRILL_MAX_MINUTES), " (a day)")
        .map_or(default, |found| minutes(found.is));
    let key = match (table.has("chip"), table.has("panel")) {
        (true, false) => gpio(desk, &table),
        (false, true) => panel(desk, &table),
        (true, true) => {
            let line = desk.line(table.place("chip"));
            let at = table.place("panel");
            desk.complain(at, format!("key: has a panel, and a chip on line {line}; expected one of the two"));
            let _ = (gpio(desk, &table), panel_path(desk, &table));
            None
        }
        (false, false) => {
            desk.miss(table.at, "key: has neither chip nor panel; expected chip and no, or panel (or no [key] at all)");
            let _ = gpio(desk, &table);
            None
        }
    };
    table.finish(desk);
    (key, drill_length)
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

fn panel_path(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<std::path::PathBuf> {
    table.path(desk, "panel").map(|found| found.is)
}

fn panel(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<KeyConfig> {
    let socket = panel_path(desk, table);
    let drill = table.flag(desk, "drill").unwrap_or(false);
    for key in GPIO_ONLY {
        if table.has(key) {
            desk.complain(
                table.place(key),
                format!("key: {key} belongs to a chip; the panel's own program knows its lines"),
            );
        }
    }
    Some(KeyConfig::Panel { socket: socket?, drill })
}

fn gpio(desk: &mut Desk<'_>, table: &Table<'_, '_>) -> Option<KeyConfig> {
    let chip = table.text(desk, "chip", "a chip's name, path or label, such as \"gpiochip0\"");
    if chip.is_some_and(|chip| chip.is.trim().is_empty() || chip.is.chars().any(char::is_control)) {
        table.refuse(desk, "chip", "a chip's name, path or label, such as \"gpiochip0\"");
    }
    if !table.has("no") && table.has("chip") {
        table.miss("no", LINE_ALLOWED);
    }
    let mut lines = Lines::default();
    let no = lines.read(desk, table, "no");
    let nc = lines.read(desk, table, "nc");
    let drill = lines.read(desk, table, "drill");
    let lamp = lines.read(desk, table, "lamp");
    let buzzer = lines.read(desk, table, "buzzer");
    if table.has("no") && !table.has("nc") {
        desk.note(table.at, "key: without nc a cut wire reads as the key at 平時; two contacts are safer");
    }
    let active_low = table.flag(desk, "active-low").unwrap_or(false);
    let biases =
        [("pull-up", Bias::PullUp), ("pull-down", Bias::PullDown), ("disabled", Bias::Disabled), ("as-is", Bias::AsIs)];
    let bias = table.word(desk, "bias", &biases).map(|found| found.is).unwrap_or_default();
    let debounce_ms =
        table.number(desk, "debounce-ms", (0, DEBOUNCE_MAX_MS), "").map_or(DEBOUNCE_DEFAULT_MS, |found| found.is);
    Some(KeyConfig::Gpio(GpioKey {
        chip: chip?.is.to_owned(),
        no: no?,
        nc,
        drill,
        lamp,
        buzzer,
        active_low,
        bias,
        debounce: Duration::from_millis(u64::from(debounce_ms)),
    }))
}

/// The lines named so far, so that none is named twice.
#[derive(Default)]
struct Lines(Vec<(&'static str, Found<Line>)>);

impl Lines {
    fn read(&mut self, desk: &mut Desk<'_>, table: &Table<'_, '_>, key: &'static str) -> Option<Line> {
        let value = table.value(key)?;
        let line = match value.get_ref().as_str() {
            Some(name) if (1..=LINE_NAME_MAX).contains(&name.len()) && !name.chars().any(char::is_control) => {
                Some(Line::Name(name.to_owned()))
            }
            Some(_) => None,
            None => whole(value.get_ref()).map(Line::Offset),
        };
        let Some(line) = line else {
            table.refuse(desk, key, LINE_ALLOWED);
            return None;
        };
        let at = value.span().start;
        if let Some((other, first)) = self.0.iter().find(|(_, found)| found.is == line) {
            let on = desk.line(first.at);
            desk.complain(
                at,
                format!("key: {key} is the same line as {other} on line {on}; expected a line of its own"),
            );
        }
        self.0.push((key, Found { at, is: line.clone() }));
        Some(line)
    }
}
