//! One table read column by column, side by side: which names are asked next, and what an answer brings forward. Pure.
//!
//! Each column ends by itself. Nothing a device answers can make a walk go on for ever: a name that was there before, a
//! row too many, or answers that bring no column forward end it, with a fault that says so.

use std::collections::HashSet;

use crate::oid::Oid;
use crate::profile::TablePlan;
use crate::profile::manners::{Manners, Ordering};
use crate::value::{Sheet, Value, VarBind};

/// Answers in a row that bring nothing forward before a table is given up.
const STALLS_MAX: u32 = 2;

/// A walk under way.
pub(super) struct Walk<'a> {
    plan: &'a TablePlan,
    columns: Vec<Column>,
    tolerate: bool,
    rows_max: usize,
    /// Columns are asked for one at a time: the device mixed them up.
    apart: bool,
    stalls: u32,
    /// The table was stopped before its end.
    pub cut: bool,
}

struct Column {
    last: Oid,
    rows: usize,
    done: bool,
    /// Every name so far; kept only where names need not rise.
    seen: HashSet<Oid>,
}

/// What an answer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Took {
    /// It brought the walk forward: whole rows it held.
    Rows(usize),
    /// It did not.
    Nothing,
}

impl<'a> Walk<'a> {
    pub fn new(plan: &'a TablePlan, manners: &Manners) -> Self {
        let column = |root: &Oid| Column { last: root.clone(), rows: 0, done: false, seen: HashSet::new() };
        Self {
            plan,
            columns: plan.columns.iter().map(column).collect(),
            tolerate: plan.unordered || manners.ordering == Ordering::Tolerate,
            rows_max: plan.rows_max.min(manners.row_limit),
            apart: false,
            stalls: 0,
            cut: false,
        }
    }

    /// The columns to ask for next, at most `width`; none: it is done.
    pub fn next(&self, width: usize) -> Vec<usize> {
        let width = if self.apart { 1 } else { width.max(1) };
        // The shortest first: columns stay side by side even where one answer brought some of them further.
        let mut waiting: Vec<usize> = (0..self.columns.len()).filter(|at| !self.columns[*at].done).collect();
        waiting.sort_by_key(|at| self.columns[*at].rows);
        waiting.truncate(width);
        waiting.sort_unstable();
        waiting
    }

    /// The names behind which to ask.
    pub fn names(&self, asked: &[usize]) -> Vec<Oid> {
        asked.iter().map(|at| self.columns[*at].last.clone()).collect()
    }

    /// The column's root.
    pub fn root(&self, at: usize) -> &Oid {
        &self.plan.columns[at]
    }

    /// The column that was asked for behind `name`.
    pub fn asked_behind(&self, asked: &[usize], name: &Oid) -> Option<usize> {
        asked.iter().copied().find(|at| self.columns[*at].last == *name)
    }

    /// Whether all of these go on.
    pub fn all_go_on(&self, asked: &[usize]) -> bool {
        asked.iter().all(|at| !self.columns[*at].done)
    }

    /// There is nothing more of this column.
    pub fn end(&mut self, at: usize) {
        self.columns[at].done = true;
        self.stalls = 0;
    }

    /// Columns one at a time from here on. False: it was so already.
    pub fn part(&mut self) -> bool {
        !std::mem::replace(&mut self.apart, true)
    }

    /// Stops it here, and says why.
    pub fn stop(&mut self, why: &str, faults: &mut Vec<String>) {
        self.columns.iter_mut().for_each(|column| column.done = true);
        self.cut = true;
        faults.push(format!("table {}: {why}; rows read until then are kept", self.plan.name));
    }

    /// Takes the answer to `asked`: rows one after another, in each the columns in the order they were asked for.
    pub fn take(
        &mut self,
        asked: &[usize],
        binds: Vec<VarBind>,
        repetitions: usize,
        sheet: &mut Sheet,
        faults: &mut Vec<String>,
    ) -> Took {
        let width = asked.len();
        let expected = width.saturating_mul(repetitions);
        if binds.len() > expected {
            faults.push(format!("table {}: {} varbinds where {expected} were asked for", self.plan.name, binds.len()));
        }
        let mut forward = false;
        let mut rows = 0;
        let mut binds = binds.into_iter().take(expected).peekable();
        while binds.peek().is_some() {
            let row: Vec<VarBind> = binds.by_ref().take(width).collect();
            if width > 1 && self.mixed_up(asked, &row) {
                faults.push(format!(
                    "table {}: the device mixes its columns up; from here on they are asked for one by one",
                    self.plan.name
                ));
                self.apart = true;
                break;
            }
            rows += usize::from(row.len() == width);
            for (at, bind) in asked.iter().copied().zip(row) {
                if self.columns[at].done {
                    continue;
                }
                forward = true;
                self.cell(at, bind, sheet, faults);
            }
            if asked.iter().all(|at| self.columns[*at].done) {
                break;
            }
        }
        if forward {
            self.stalls = 0;
            return Took::Rows(rows);
        }
        self.stalls += 1;
        if self.stalls >= STALLS_MAX {
            self.stop("answers hold nothing that was asked for", faults);
        }
        Took::Nothing
    }

    /// One name of one column.
    fn cell(&mut self, at: usize, bind: VarBind, sheet: &mut Sheet, faults: &mut Vec<String>) {
        let root = &self.plan.columns[at];
        let column = &mut self.columns[at];
        if !bind.oid.is_within(root) || !bind.value.is_there() && bind.value != Value::Null {
            column.done = true;
            return;
        }
        let rises = bind.oid > column.last;
        if !rises && !self.tolerate {
            let why = if bind.oid == column.last { "repeats a name" } else { "names do not rise" };
            let why = format!("{why} at {} behind {}", bind.oid, column.last);
            return self.stop(&why, faults);
        }
        if self.tolerate && !column.seen.insert(bind.oid.clone()) {
            column.done = true;
            self.cut = true;
            faults.push(format!("table {}: begins again at {}; each name is kept once", self.plan.name, bind.oid));
            return;
        }
        if column.rows >= self.rows_max {
            let why = format!("more than {} rows", self.rows_max);
            return self.stop(&why, faults);
        }
        column.rows += 1;
        column.last = bind.oid.clone();
        if bind.value.is_there() {
            sheet.insert(bind.oid, bind.value);
        }
    }

    /// Whether a column's answer stands in another's place. What a column that has ended runs on into is not that: there
    /// the other column has its own answer as well.
    fn mixed_up(&self, asked: &[usize], row: &[VarBind]) -> bool {
        let root = |at: usize| &self.plan.columns[at];
        row.iter().zip(asked).any(|(bind, at)| {
            !self.columns[*at].done
                && bind.value.is_there()
                && !bind.oid.is_within(root(*at))
                && asked.iter().zip(row).any(|(other, theirs)| {
                    other != at
                        && !self.columns[*other].done
                        && bind.oid.is_within(root(*other))
                        && bind.oid > self.columns[*other].last
                        && !theirs.oid.is_within(root(*other))
                        && theirs.value.is_there()
                })
        })
    }
}
