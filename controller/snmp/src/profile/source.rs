//! Where a value comes from: an object, a cell of the row at hand or of a row that belongs to it, or many of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::cell::{Cell, Reading};
use super::flip::{Template, Vars};
use super::table::{Row, Table, key_of};
use crate::oid::Oid;
use crate::value::Sheet;

/// A single object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    /// As messages call it.
    pub(super) name: String,
    pub(super) oid: Oid,
    pub(super) reading: Reading,
}

/// Where a value comes from; places are proven when the profile is read.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Index into the profile's objects.
    Object(usize),
    /// A cell of the row at hand.
    Own { place: usize },
    /// A cell of the one row of another table that belongs to the row at hand.
    Joined { table: usize, place: usize, join: Join },
    /// All rows of another table that belong to the row at hand; without a join, all there are.
    Many { table: usize, place: usize, join: Option<Join>, agg: Agg },
}

/// How rows belong together: the cells of the row at hand that have to be the other row's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Join {
    pub(super) own: Vec<usize>,
    pub(super) other: Vec<usize>,
}

/// Many values to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agg {
    Sum,
    Max,
    Min,
    Avg,
    Count,
    First,
}

/// A condition on a row.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) source: Source,
    /// One of these.
    pub(super) is: Vec<Want>,
}

/// What a cell has to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Want {
    Number(f64),
    Text(Template),
}

impl Agg {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "sum" => Self::Sum,
            "max" => Self::Max,
            "min" => Self::Min,
            "avg" => Self::Avg,
            "count" => Self::Count,
            "first" => Self::First,
            _ => return None,
        })
    }

    /// One value of those that are known; none where none is, except that a table with rows can count to 0.
    pub(super) fn of(self, cells: &[Cell], table_has_rows: bool) -> Option<Cell> {
        if self == Self::Count {
            return table_has_rows.then_some(Cell::Whole(cells.len() as i128));
        }
        if self == Self::First {
            return cells.first().cloned();
        }
        let numbers: Vec<f64> = cells.iter().filter_map(Cell::number).collect();
        let sum: f64 = numbers.iter().sum();
        let all = numbers.iter().copied();
        Some(Cell::Real(match self {
            Self::Max => all.reduce(f64::max)?,
            Self::Min => all.reduce(f64::min)?,
            Self::Avg if !numbers.is_empty() => sum / numbers.len() as f64,
            Self::Sum if !numbers.is_empty() => sum,
            _ => return None,
        }))
    }
}

/// A table, and the places that tell its rows apart.
type Key = (usize, Vec<usize>);
/// Rows by what tells them apart.
type ByKey = HashMap<String, Vec<usize>>;

/// A sheet as the profile's tables and objects see it.
pub(super) struct View<'a> {
    objects: &'a [Object],
    sheet: &'a Sheet,
    rows: Vec<Rc<Vec<Row>>>,
    /// What was looked up before.
    found: RefCell<BTreeMap<Key, Rc<ByKey>>>,
    faults: RefCell<Vec<String>>,
}

impl<'a> View<'a> {
    pub(super) fn of(tables: &'a [Table], objects: &'a [Object], sheet: &'a Sheet) -> Self {
        let mut faults = Vec::new();
        let rows = tables.iter().map(|table| Rc::new(table.rows(sheet, &mut faults))).collect();
        Self { objects, sheet, rows, found: RefCell::default(), faults: RefCell::new(faults) }
    }

    pub(super) fn into_faults(self) -> Vec<String> {
        self.faults.into_inner()
    }

    pub(super) fn rows(&self, table: usize) -> Rc<Vec<Row>> {
        Rc::clone(&self.rows[table])
    }

    /// The value for a row; none where it is not known.
    pub(super) fn cell(&self, source: &Source, row: Option<&Row>) -> Option<Cell> {
        match source {
            Source::Object(at) => self.object(&self.objects[*at]),
            Source::Own { place } => row?.cells[*place].clone(),
            Source::Joined { table, place, join } => {
                let belonging = self.belonging(*table, join, row?);
                let other = *belonging.first()?;
                self.rows[*table][other].cells[*place].clone()
            }
            Source::Many { table, place, join, agg } => {
                let rows = &self.rows[*table];
                let belonging = match join {
                    Some(join) => self.belonging(*table, join, row?),
                    None => (0..rows.len()).collect(),
                };
                let cells: Vec<Cell> =
                    belonging.into_iter().filter_map(|other| rows[other].cells[*place].clone()).collect();
                agg.of(&cells, !rows.is_empty())
            }
        }
    }

    fn object(&self, object: &Object) -> Option<Cell> {
        let cell = object.reading.read(self.sheet.get(&object.oid)?);
        cell.unwrap_or_else(|words| {
            let fault = format!("{} ({}): {words}", object.name, object.oid);
            let mut faults = self.faults.borrow_mut();
            if !faults.contains(&fault) {
                faults.push(fault);
            }
            None
        })
    }

    /// Rows of another table that belong to a row.
    fn belonging(&self, table: usize, join: &Join, row: &Row) -> Vec<usize> {
        let Some(key) = key_of(row, &join.own) else { return Vec::new() };
        let found = Rc::clone(self.found.borrow_mut().entry((table, join.other.clone())).or_insert_with(|| {
            let mut found = ByKey::new();
            for (at, other) in self.rows[table].iter().enumerate() {
                if let Some(key) = key_of(other, &join.other) {
                    found.entry(key).or_default().push(at);
                }
            }
            Rc::new(found)
        }));
        found.get(&key).cloned().unwrap_or_default()
    }

    /// Whether all conditions hold; none where that is not known.
    pub(super) fn holds(&self, all: &[Condition], row: Option<&Row>, vars: &Vars) -> Option<bool> {
        let mut known = true;
        for condition in all {
            let cell = self.cell(&condition.source, row);
            match cell.map(|cell| condition.is.iter().any(|want| want.is(&cell, vars))) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => known = false,
            }
        }
        known.then_some(true)
    }
}

impl Want {
    fn is(&self, cell: &Cell, vars: &Vars) -> bool {
        match self {
            Self::Number(number) => cell.number() == Some(*number),
            Self::Text(text) => text.octets(vars).is_ok_and(|octets| octets == cell.octets()),
        }
    }
}
