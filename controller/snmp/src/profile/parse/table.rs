//! The part of a profile's file that describes tables: their indexes and columns.

use std::collections::BTreeSet;

use super::device::limits;
use super::form::{Field, Mistakes, is_name};
use super::reading::reading;
use super::{Draft, did_you_mean};
use crate::oid::Oid;
use crate::profile::table::{Column, IndexPart, Shape, Table};

/// Tables of one profile, columns of one table, index parts; the largest platforms need 12, 14 and 3.
const TABLES_MAX: usize = 40;
const COLUMNS_MAX: usize = 40;
const INDEX_MAX: usize = 8;

impl Draft<'_> {
    pub(super) fn tables(&mut self, field: &Field<'_>) {
        let entries = field.entries(&mut self.m);
        if entries.len() > TABLES_MAX {
            field.say(&mut self.m, format!("{} tables; at most {TABLES_MAX} are possible", entries.len()));
        }
        for (name, place, field) in entries {
            if !is_name(name) {
                self.m.at(place, format!("\"{name}\" is no name of a table: letters, digits, - and _"));
            }
            if let Some(table) = self.table(name, &field) {
                self.tables.push(table);
            }
        }
    }

    fn table(&mut self, name: &str, field: &Field<'_>) -> Option<Table> {
        let m = &mut self.m;
        let mut form = field.named_form(format!("[table.{name}]"), m)?;
        let root = form.take("root").and_then(|root| root.oid(m));
        let index = form.need("index", m).map_or_else(Vec::new, |index| index_parts(&index, m));
        let (mut rows_max, mut unordered) = (self.rows_max, self.unordered);
        limits(&mut form, m, &mut rows_max, &mut unordered);
        if rows_max > self.rows_max {
            form.say(m, format!("[table.{name}] allows {rows_max} rows and [session] only {}", self.rows_max));
        }
        let columns = form.need("col", m);
        let key = form.take("key");
        let place = form.place;
        form.close(m);
        let columns: Vec<Column> = columns.map_or_else(Vec::new, |columns| {
            let entries = columns.entries(m);
            if entries.is_empty() || entries.len() > COLUMNS_MAX {
                columns
                    .say(m, format!("[table.{name}] has {} columns; 1 to {COLUMNS_MAX} are possible", entries.len()));
            }
            entries.iter().filter_map(|(name, place, field)| column(name, *place, field, root.as_ref(), m)).collect()
        });
        let mut table =
            Table { name: name.to_owned(), key: (0..index.len()).collect(), index, columns, rows_max, unordered };
        let mut seen = BTreeSet::new();
        for twice in table.names().filter(|name| !seen.insert(*name)) {
            m.at(place, format!("[table.{name}] has two `{twice}`"));
        }
        if let Some(key) = key {
            let mut places = Vec::new();
            for name in key.list(m) {
                let Some(text) = name.text(m) else { continue };
                match table.find(text) {
                    Some(place) => places.push(place),
                    None => {
                        name.say(m, format!("`{}` has no `{text}`{}", table.name, did_you_mean(text, table.names())));
                    }
                }
            }
            table.key = places;
        }
        Some(table)
    }
}

/// `[{ name = "if", as = "int" }]`, or `["int"]` where no name is needed.
pub(super) fn index_parts(field: &Field<'_>, m: &mut Mistakes<'_>) -> Vec<IndexPart> {
    let list = field.list(m);
    if list.is_empty() || list.len() > INDEX_MAX {
        field.say(m, format!("an index of {} parts; 1 to {INDEX_MAX} are possible", list.len()));
    }
    let mut parts: Vec<IndexPart> = Vec::new();
    for (at, part) in list.iter().enumerate() {
        let shape = |field: &Field<'_>, m: &mut Mistakes<'_>| {
            let shape = Shape::from_word(field.text(m)?);
            if shape.is_none() {
                field.wrong(m, "one of int, string, string_implied, mac, mac_len, bytes(1..128), ip4, oid, rest");
            }
            shape
        };
        let (name, shape) = if part.raw_text().is_some() {
            (format!("index{}", at + 1), shape(part, m))
        } else {
            let Some(mut form) = part.named_form("a part of `index`".to_owned(), m) else { continue };
            let name = form.need("name", m).and_then(|name| name.name(m)).unwrap_or_default().to_owned();
            let shape = form.need("as", m).and_then(|field| shape(&field, m));
            form.close(m);
            (name, shape)
        };
        let shape = shape.unwrap_or(Shape::Int);
        if parts.last().is_some_and(|before| before.shape.is_last()) {
            part.say(m, format!("`{name}` stands behind an index part that goes to the end"));
        }
        parts.push(IndexPart { name, shape });
    }
    parts
}

fn column(name: &str, place: usize, field: &Field<'_>, root: Option<&Oid>, m: &mut Mistakes<'_>) -> Option<Column> {
    if !is_name(name) {
        m.at(place, format!("\"{name}\" is no name of a column: letters, digits, - and _"));
    }
    let mut form = field.form(m)?;
    let id = form.take("id").and_then(|id| id.whole(m, 1..=u32::MAX.into())).and_then(|id| u32::try_from(id).ok());
    let oid = form.take("oid").and_then(|oid| oid.oid(m));
    let reading = reading(&mut form, m);
    let known = form.has("id") || form.has("oid");
    form.close(m);
    let oid = match (id, oid, root) {
        (Some(_), Some(_), _) => {
            m.at(place, format!("column `{name}` has both `id` and `oid`"));
            None
        }
        (Some(id), None, Some(root)) => root.with(&[id]).ok(),
        (Some(_), None, None) => {
            m.at(place, format!("column `{name}` has an `id`, and its table has no `root`"));
            None
        }
        (None, Some(oid), _) => Some(oid),
        (None, None, _) => {
            if !known {
                m.at(place, format!("column `{name}` needs `id` (the arc below `root`) or `oid`"));
            }
            None
        }
    };
    // A column with a mistake stays known, so that the mistake is told once.
    Some(Column { name: name.to_owned(), oid: oid.unwrap_or_default(), reading, used: false })
}
