//! A profile against one device: what each of its lines found, for whoever writes or tests one.

use std::collections::BTreeMap;

use super::Profile;
use super::source::{Object, View};
use super::table::{Column, Row, Table, shown};
use crate::readings::Readings;
use crate::value::Sheet;

/// Most values shown of one line.
const SHOWN_MAX: usize = 4;
/// Most characters shown of one value.
const WIDTH_MAX: usize = 40;

/// What one line of a profile found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line: `table.column`, the name of an object or a metric, `[network]`, `[bss]`.
    pub line: String,
    /// What came of it.
    pub outcome: Outcome,
    /// In words: how many, the first of them, or what was expected and what found.
    pub found: String,
}

/// What came of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It reads.
    Read,
    /// The device does not have it. Not every device of a platform has everything.
    Absent,
    /// What is there is not what the profile says.
    Wrong,
}

impl Profile {
    /// What each line finds on a poll's sheet, in this order: objects, columns, what they come to, figures, the row to
    /// flip. `ssid` and `words` as for [`Profile::select`].
    #[must_use]
    pub fn explain(&self, sheet: &Sheet, ssid: &[u8], words: &BTreeMap<String, String>) -> Vec<Finding> {
        let view = View::of(&self.tables, &self.objects, sheet);
        let mut findings: Vec<Finding> = self.objects.iter().map(|object| of_object(object, sheet)).collect();
        let readings = self.read(sheet);
        let faults = &readings.faults;
        for (at, table) in self.tables.iter().enumerate() {
            let rows = view.rows(at);
            let used = table.columns.iter().enumerate().filter(|(_, column)| column.used);
            findings
                .extend(used.map(|(place, column)| of_column(table, column, table.index.len() + place, &rows, faults)));
            let index = faults.iter().filter_map(|fault| fault.strip_prefix(&format!("{}: ", table.name)));
            findings.extend(index.map(|fault| finding(&table.name, Outcome::Wrong, fault)));
        }
        findings.extend(self.of_readings(&readings));
        for claim in self.claims() {
            let figures = readings.figures.iter().filter(|f| f.metric == claim.metric && f.scope == claim.scope);
            let values =
                figures.map(|f| if f.of.is_empty() { f.value.to_string() } else { format!("{} {}", f.of, f.value) });
            let line = format!("{} of {} ({})", claim.metric, claim.scope, claim.unit);
            findings.push(listed(&line, &values.collect::<Vec<_>>()));
        }
        if self.chosen.is_some() {
            findings.push(match self.select(sheet, ssid, words) {
                Ok(rows) => finding("[bss]", Outcome::Read, &format!("{} rows to switch", rows.len())),
                Err(unprepared) => finding("[bss]", Outcome::Absent, &unprepared.to_string()),
            });
        }
        findings
    }

    fn of_readings(&self, readings: &Readings) -> Vec<Finding> {
        let state = |up: Option<bool>| match up {
            Some(true) => "on",
            Some(false) => "off",
            None => "on or off unknown",
        };
        let mut findings = Vec::new();
        if !self.networks.is_empty() {
            let of = |bss: &crate::readings::Bss| format!("{} {}", Readings::show_ssid(&bss.ssid), state(bss.up));
            findings.push(listed("[network]", &readings.networks.iter().map(of).collect::<Vec<_>>()));
        }
        if !self.radios.is_empty() {
            let of = |radio: &crate::readings::Radio| format!("{} channel {}", radio.row, radio.channel);
            findings.push(listed("[radio]", &readings.radios.iter().map(of).collect::<Vec<_>>()));
        }
        if self.managed.is_some() {
            let of = |ap: &crate::readings::ManagedAp| format!("{} {} {}", ap.key, ap.name, state(ap.up));
            findings.push(listed("[ap]", &readings.aps.iter().map(of).collect::<Vec<_>>()));
        }
        findings
    }
}

fn of_object(object: &Object, sheet: &Sheet) -> Finding {
    let line = format!("{} {}", object.name, object.oid);
    let read = sheet.get(&object.oid).map(|value| object.reading.read(value));
    match read {
        None | Some(Ok(None)) => finding(&line, Outcome::Absent, "not there"),
        Some(Ok(Some(cell))) => finding(&line, Outcome::Read, &brief(&shown(&cell))),
        Some(Err(words)) => finding(&line, Outcome::Wrong, &words),
    }
}

fn of_column(table: &Table, column: &Column, place: usize, rows: &[Row], faults: &[String]) -> Finding {
    let name = format!("{}.{}", table.name, column.name);
    let line = format!("{name} {}", column.oid);
    if let Some(fault) = faults.iter().find_map(|fault| fault.strip_prefix(&format!("{name}: "))) {
        return finding(&line, Outcome::Wrong, fault);
    }
    let values: Vec<String> = rows.iter().filter_map(|row| row.cells[place].as_ref()).map(shown).collect();
    listed(&line, &values)
}

/// How many, and the first of them.
fn listed(line: &str, values: &[String]) -> Finding {
    if values.is_empty() {
        return finding(line, Outcome::Absent, "not there");
    }
    let first: Vec<String> = values.iter().take(SHOWN_MAX).map(|value| brief(value)).collect();
    let more = if values.len() > SHOWN_MAX { ", …" } else { "" };
    finding(line, Outcome::Read, &format!("{}: {}{more}", values.len(), first.join(", ")))
}

fn finding(line: &str, outcome: Outcome, found: &str) -> Finding {
    Finding { line: line.to_owned(), outcome, found: found.to_owned() }
}

fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(WIDTH_MAX).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}
