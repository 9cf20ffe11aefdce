//! The rows a flip switches: found by what the device shows, never made; none is "not prepared", in words.

use std::collections::{BTreeMap, BTreeSet};

use super::Profile;
use super::flip::{Var, Vars};
use super::source::{Condition, View};
use super::table::{Row, Table, shown};
use crate::oid::Oid;
use crate::readings::Readings;
use crate::value::{Sheet, Value};

/// Most rows named in a message.
const NAMED_MAX: usize = 8;

/// `[bss]` of a profile.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub(super) table: usize,
    pub(super) filter: Vec<Condition>,
    /// What the flip's templates need.
    pub(super) variables: BTreeSet<String>,
}

/// Why nothing can be switched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unprepared {
    /// The platform has no flip.
    #[error("this platform cannot be flipped by SNMP: {0}")]
    NoFlip(String),
    /// The town has not said a word the profile needs.
    #[error("the profile needs the word `{0}` of this device; add it in controller.toml: words = {{ {0} = \"…\" }}")]
    Word(String),
    /// The table is empty.
    #[error(
        "the device showed no row of `{table}`: may the read credentials see it, and is there any network on the device?"
    )]
    Empty {
        /// The profile's table.
        table: String,
    },
    /// No row is the wanted one.
    #[error(
        "{ssid} is not prepared on the device: none of its {rows} rows of `{table}` is it (there: {there}); set it up once, switched off"
    )]
    NotThere {
        /// What was looked for.
        ssid: String,
        /// The profile's table.
        table: String,
        /// Rows there are.
        rows: usize,
        /// What they are.
        there: String,
    },
    /// A row lacks what the flip needs.
    #[error("row {row} of `{table}` does not say its `{name}`, which the flip needs")]
    Unknown {
        /// The profile's table.
        table: String,
        /// Which row.
        row: String,
        /// The column.
        name: String,
    },
}

impl Profile {
    /// The variables of each row that a flip for `ssid` switches, by a poll's sheet. `words`: the device's own.
    /// `rand` is drawn by whoever flips.
    ///
    /// # Errors
    /// No such row, or something it needs is missing.
    pub fn select(
        &self,
        sheet: &Sheet,
        ssid: &[u8],
        words: &BTreeMap<String, String>,
    ) -> Result<Vec<Vars>, Unprepared> {
        let Some(chosen) = &self.chosen else {
            return Err(Unprepared::NoFlip(self.no_flip.clone().unwrap_or_default()));
        };
        if let Some(missing) = self.words.iter().find(|word| !words.contains_key(*word)) {
            return Err(Unprepared::Word(missing.clone()));
        }
        let mut vars: Vars = words.iter().map(|(name, word)| (format!("ap.{name}"), var_of_word(word))).collect();
        vars.insert("ssid".to_owned(), Var::Octets(ssid.to_vec()));
        let view = View::of(&self.tables, &self.objects, sheet);
        let table = &self.tables[chosen.table];
        let rows = view.rows(chosen.table);
        if rows.is_empty() {
            return Err(Unprepared::Empty { table: table.name.clone() });
        }
        let fitting = rows.iter().filter(|row| view.holds(&chosen.filter, Some(row), &vars) == Some(true));
        let selected: Vec<Vars> =
            fitting.map(|row| with_row(&vars, table, row, sheet, &chosen.variables)).collect::<Result<_, _>>()?;
        if selected.is_empty() {
            let name = |row: &Row| {
                let cells = chosen.filter.iter().filter_map(|condition| view.cell(&condition.source, Some(row)));
                let words = cells.map(|cell| shown(&cell)).collect::<Vec<_>>().join(" ");
                if words.is_empty() { row.words.clone() } else { words }
            };
            let mut there: Vec<String> = rows.iter().take(NAMED_MAX).map(name).collect();
            if rows.len() > NAMED_MAX {
                there.push("…".to_owned());
            }
            return Err(Unprepared::NotThere {
                ssid: Readings::show_ssid(ssid),
                table: table.name.clone(),
                rows: rows.len(),
                there: there.join(", "),
            });
        }
        Ok(selected)
    }
}

/// A word of digits, or of digits and dots, is arcs where it stands for some; `:len_octets` takes its octets.
fn var_of_word(word: &str) -> Var {
    match word.parse::<Oid>() {
        Ok(oid) if oid.to_string() == word => Var::Arcs(oid.arcs().to_vec()),
        _ => Var::Octets(word.as_bytes().to_vec()),
    }
}

fn with_row(
    vars: &Vars,
    table: &Table,
    row: &Row,
    sheet: &Sheet,
    needed: &BTreeSet<String>,
) -> Result<Vars, Unprepared> {
    let mut vars = vars.clone();
    for (part, var) in table.index.iter().zip(&row.vars) {
        vars.insert(part.name.clone(), var.clone());
    }
    for column in table.columns.iter().filter(|column| needed.contains(&column.name)) {
        let value = column.oid.with(&row.arcs).ok().and_then(|oid| sheet.get(&oid));
        let var = match value {
            Some(Value::Octets(octets)) => Some(Var::Octets(octets.clone())),
            Some(Value::Oid(oid)) => Some(Var::Arcs(oid.arcs().to_vec())),
            Some(value) => value.number().and_then(|number| u32::try_from(number).ok()).map(|arc| Var::Arcs(vec![arc])),
            None => None,
        };
        let unknown =
            || Unprepared::Unknown { table: table.name.clone(), row: row.words.clone(), name: column.name.clone() };
        vars.insert(column.name.clone(), var.ok_or_else(unknown)?);
    }
    Ok(vars)
}
