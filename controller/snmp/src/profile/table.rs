//! A table of a platform: its columns, how its index reads, and its rows out of a sheet.

use std::collections::BTreeMap;

use super::cell::{Cell, Reading};
use super::flip::{Part, Template, Var};
use crate::oid::Oid;
use crate::readings::Readings;
use crate::value::Sheet;

/// One table as a profile describes it.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) index: Vec<IndexPart>,
    /// What tells its rows apart for other tables: places of [`Table::names`].
    pub(super) key: Vec<usize>,
    pub(super) columns: Vec<Column>,
    pub(super) rows_max: usize,
    pub(super) unordered: bool,
}

/// A part of a row's index.
#[derive(Debug, Clone)]
pub(super) struct IndexPart {
    pub(super) name: String,
    pub(super) shape: Shape,
}

/// How a part of an index is written in arcs (RFC 2578 §7.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Int,
    /// Length first.
    String,
    /// IMPLIED: to the end.
    StringImplied,
    /// 6 arcs.
    Mac,
    /// 6, then 6 arcs.
    MacLen,
    Bytes(usize),
    Ip4,
    /// Length first.
    Oid,
    Rest,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) oid: Oid,
    pub(super) reading: Reading,
    /// Something reads it, so it is asked for.
    pub(super) used: bool,
}

/// One row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// The index as it came.
    pub(super) arcs: Vec<u32>,
    /// Index parts, then columns: the places of [`Table::names`].
    pub(super) cells: Vec<Option<Cell>>,
    /// What the index parts stand for in a template.
    pub(super) vars: Vec<Var>,
    /// Its name for people: `7`, `2.1`, `aa:bb:cc:dd:ee:ff.1`.
    pub(super) words: String,
}

impl Table {
    /// Every name of a row: index parts, then columns.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.index.iter().map(|part| &*part.name).chain(self.columns.iter().map(|column| &*column.name))
    }

    /// The place of a name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names().position(|known| known == name)
    }

    /// The column at a place; none for an index part.
    pub(super) fn column(&self, place: usize) -> Option<&Column> {
        self.columns.get(place.checked_sub(self.index.len())?)
    }

    pub(super) fn use_place(&mut self, place: usize) {
        match place.checked_sub(self.index.len()) {
            Some(column) => self.columns.iter_mut().skip(column).take(1).for_each(|column| column.used = true),
            None if self.columns.iter().any(|column| column.used) => {}
            // An index part is seen through any column; the first is walked where none is.
            None => self.columns.iter_mut().take(1).for_each(|column| column.used = true),
        }
    }

    /// A column's name with the index of a row of this table behind it.
    pub(super) fn instance(&self, column: &Column) -> Template {
        let mut text = column.oid.to_string();
        let mut parts = Vec::new();
        for part in &self.index {
            text.push('.');
            parts.push(Part::Literal(std::mem::take(&mut text)));
            let with_length = matches!(part.shape, Shape::String | Shape::MacLen | Shape::Oid);
            parts.push(Part::Variable { name: part.name.clone(), with_length });
        }
        Template { parts }
    }

    /// The rows a sheet has, by index, with a fault for each column or index that could not be read.
    pub(super) fn rows(&self, sheet: &Sheet, faults: &mut Vec<String>) -> Vec<Row> {
        let mut rows: BTreeMap<Vec<u32>, Option<Row>> = BTreeMap::new();
        let mut index_faults = Tally::default();
        for (at, column) in self.columns.iter().enumerate().filter(|(_, column)| column.used) {
            let mut column_faults = Tally::default();
            let instances = sheet
                .range(column.oid.clone()..)
                .map_while(|(oid, value)| Some((oid.below(&column.oid)?, value)).filter(|(arcs, _)| !arcs.is_empty()));
            for (arcs, value) in instances.filter(|(_, value)| value.is_there()) {
                let row = rows.entry(arcs.to_vec()).or_insert_with(|| {
                    let row = self.row(arcs);
                    if row.is_none() {
                        index_faults.note(|| format!("expected an index of {}, found {}", self.shapes(), dotted(arcs)));
                    }
                    row
                });
                let Some(row) = row else { continue };
                match column.reading.read(value) {
                    Ok(cell) => row.cells[self.index.len() + at] = cell,
                    Err(words) => column_faults.note(|| format!("row {}: {words}", row.words)),
                }
            }
            column_faults.tell(&format!("{}.{}", self.name, column.name), faults);
        }
        index_faults.tell(&self.name, faults);
        rows.into_values().flatten().collect()
    }

    fn row(&self, arcs: &[u32]) -> Option<Row> {
        let mut rest = arcs;
        let mut row = Row {
            arcs: arcs.to_vec(),
            cells: Vec::with_capacity(self.index.len()),
            vars: Vec::new(),
            words: String::new(),
        };
        for part in &self.index {
            let (cell, var) = part.shape.take(&mut rest)?;
            if !row.words.is_empty() {
                row.words.push('.');
            }
            row.words.push_str(&cell.words());
            row.cells.push(Some(cell));
            row.vars.push(var);
        }
        row.cells.resize(self.index.len() + self.columns.len(), None);
        rest.is_empty().then_some(row)
    }

    fn shapes(&self) -> String {
        self.index.iter().map(|part| format!("{} ({:?})", part.name, part.shape)).collect::<Vec<_>>().join(", ")
    }
}

/// The first of many like faults, and how many there were.
#[derive(Default)]
struct Tally {
    first: String,
    more: usize,
}

impl Tally {
    fn note(&mut self, words: impl FnOnce() -> String) {
        if self.first.is_empty() {
            self.first = words();
        } else {
            self.more += 1;
        }
    }

    fn tell(self, of: &str, faults: &mut Vec<String>) {
        match (self.first.is_empty(), self.more) {
            (true, _) => {}
            (false, 0) => faults.push(format!("{of}: {}", self.first)),
            (false, more) => faults.push(format!("{of}: {} (and {more} more rows)", self.first)),
        }
    }
}

impl Shape {
    /// Takes its arcs off the front.
    fn take(self, rest: &mut &[u32]) -> Option<(Cell, Var)> {
        let mut arcs = |count: usize| {
            let (taken, left) = rest.split_at_checked(count)?;
            *rest = left;
            Some(taken)
        };
        let text = |arcs: &[u32]| {
            let octets: Vec<u8> = arcs.iter().map(|arc| u8::try_from(*arc)).collect::<Result<_, _>>().ok()?;
            Some((Cell::Octets(octets.clone()), Var::Octets(octets)))
        };
        let names = |arcs: &[u32]| Some((Cell::Text(dotted(arcs)), Var::Arcs(arcs.to_vec())));
        let shown = |octets: &[u32], show: fn(&[u8]) -> String| {
            let (_, var) = text(octets)?;
            let Var::Octets(octets) = &var else { return None };
            Some((Cell::Text(show(octets)), var))
        };
        let mac = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":");
        let length = |arc: &[u32]| usize::try_from(arc[0]).ok();
        match self {
            Self::Int => {
                let arcs = arcs(1)?;
                Some((Cell::Whole(arcs[0].into()), Var::Arcs(arcs.to_vec())))
            }
            Self::String => {
                let length = length(arcs(1)?)?;
                text(arcs(length)?)
            }
            Self::StringImplied => text(std::mem::take(rest)),
            Self::Mac => shown(arcs(6)?, mac),
            Self::MacLen => {
                arcs(1).filter(|length| *length == [6])?;
                shown(arcs(6)?, mac)
            }
            Self::Bytes(count) => text(arcs(count)?),
            Self::Ip4 => shown(arcs(4)?, |octets| octets.iter().map(u8::to_string).collect::<Vec<_>>().join(".")),
            Self::Oid => {
                let length = length(arcs(1)?)?;
                names(arcs(length)?)
            }
            Self::Rest => names(std::mem::take(rest)),
        }
    }

    /// As a profile writes it.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "int" => Self::Int,
            "string" => Self::String,
            "string_implied" => Self::StringImplied,
            "mac" => Self::Mac,
            "mac_len" => Self::MacLen,
            "ip4" => Self::Ip4,
            "oid" => Self::Oid,
            "rest" => Self::Rest,
            other => {
                let count = other.strip_prefix("bytes(")?.strip_suffix(')')?.parse().ok()?;
                Self::Bytes(count).in_range()?
            }
        })
    }

    fn in_range(self) -> Option<Self> {
        match self {
            Self::Bytes(count) if !(1..=crate::oid::ARCS_MAX).contains(&count) => None,
            shape => Some(shape),
        }
    }

    /// Whether nothing can come behind it.
    pub(super) fn is_last(self) -> bool {
        matches!(self, Self::StringImplied | Self::Rest)
    }
}

/// What tells a row apart, as one text: places of a row's names.
pub(super) fn key_of(row: &Row, places: &[usize]) -> Option<String> {
    let cells: Option<Vec<String>> = places.iter().map(|place| row.cells[*place].as_ref().map(Cell::words)).collect();
    cells.map(|cells| cells.join("\u{1f}"))
}

fn dotted(arcs: &[u32]) -> String {
    arcs.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

/// An SSID as figures name it.
pub(super) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Octets(octets) => Readings::show_ssid(octets),
        other => other.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(shape: Shape, arcs: &[u32]) -> Option<(String, usize)> {
        let mut rest = arcs;
        let (cell, _) = shape.take(&mut rest)?;
        Some((cell.words(), rest.len()))
    }

    /// Every way an index is written, with what is left behind it; what does not fit is no row, never a wrong one.
    #[test]
    fn an_index_reads_as_it_is_written() {
        let mac = [0, 17, 34, 170, 187, 204, 9];
        assert_eq!(taken(Shape::Int, &[7, 1]), Some(("7".to_owned(), 1)));
        assert_eq!(taken(Shape::String, &[2, 97, 98, 5]), Some(("ab".to_owned(), 1)));
        assert_eq!(taken(Shape::String, &[3, 97, 98]), None);
        assert_eq!(taken(Shape::String, &[u32::MAX, 97]), None);
        assert_eq!(taken(Shape::StringImplied, &[97, 98]), Some(("ab".to_owned(), 0)));
        assert_eq!(taken(Shape::StringImplied, &[97, 256]), None);
        assert_eq!(taken(Shape::Mac, &mac), Some(("00:11:22:aa:bb:cc".to_owned(), 1)));
        assert_eq!(taken(Shape::MacLen, &[6, 0, 17, 34, 170, 187, 204]), Some(("00:11:22:aa:bb:cc".to_owned(), 0)));
        assert_eq!(taken(Shape::MacLen, &mac), None);
        assert_eq!(taken(Shape::Bytes(2), &[97, 0, 1]), Some(("a\\x00".to_owned(), 1)));
        assert_eq!(taken(Shape::Ip4, &[192, 0, 2, 1]), Some(("192.0.2.1".to_owned(), 0)));
        assert_eq!(taken(Shape::Ip4, &[192, 0, 2, 256]), None);
        assert_eq!(taken(Shape::Oid, &[2, 1, 3, 9]), Some(("1.3".to_owned(), 1)));
        assert_eq!(taken(Shape::Rest, &[1, 2, 3]), Some(("1.2.3".to_owned(), 0)));
        assert_eq!(taken(Shape::Int, &[]), None);
        assert_eq!(Shape::from_word("bytes(8)"), Some(Shape::Bytes(8)));
        assert_eq!(Shape::from_word("bytes(0)"), None);
    }
}
