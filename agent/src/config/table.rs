//! One table of a TOML file, read key by key: what is missing, of the wrong kind or unknown becomes a complaint.

use std::path::PathBuf;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::Complaint;

/// Longest path taken.
const PATH_MAX_BYTES: usize = 255;

/// A table under reading.
pub(super) struct Table<'a> {
    text: &'a str,
    /// `broker.` inside `[broker]`.
    prefix: String,
    start: usize,
    entries: Vec<(Spanned<DeString<'a>>, Spanned<DeValue<'a>>)>,
    complaints: Vec<Complaint>,
}

impl<'a> Table<'a> {
    /// The whole file. What is not TOML is among the complaints; the rest is read as far as possible.
    pub(super) fn root(text: &'a str) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut root = Self::new(text, String::new(), 0, table.into_inner());
        for error in errors {
            root.complain_at(error.span().map_or(0, |span| span.start), error.message().to_owned());
        }
        root
    }

    fn new(text: &'a str, prefix: String, start: usize, table: DeTable<'a>) -> Self {
        Self { text, prefix, start, entries: table.into_iter().collect(), complaints: Vec::new() }
    }

    fn complain_at(&mut self, offset: usize, text: String) {
        let line = self.text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1;
        self.complaints.push(Complaint { line, text });
    }

    /// Complains of the table as a whole.
    pub(super) fn complain(&mut self, text: String) {
        self.complain_at(self.start, text);
    }

    /// Takes over what a table inside this one complained of, and of what nobody asked it for.
    pub(super) fn take_complaints(&mut self, table: Table<'a>) {
        self.complaints.extend(table.finish());
    }

    /// Everything that was wrong, in the order of the lines.
    pub(super) fn finish(mut self) -> Vec<Complaint> {
        for (key, _) in std::mem::take(&mut self.entries) {
            let unknown = format!("unknown key \"{}{}\"; see the example agent.toml", self.prefix, key.as_ref());
            self.complain_at(key.span().start, unknown);
        }
        self.complaints.sort_by_key(|complaint| complaint.line);
        self.complaints
    }

    fn take(&mut self, key: &str) -> Option<Spanned<DeValue<'a>>> {
        let at = self.entries.iter().position(|(name, _)| name.as_ref() == key)?;
        Some(self.entries.swap_remove(at).1)
    }

    fn missing(&mut self, key: &str, expected: &str) {
        let text = format!("\"{}{key}\" is missing; expected {expected}", self.prefix);
        self.complain(text);
    }

    fn wrong(&mut self, key: &str, value: &Spanned<DeValue<'a>>, expected: &str) {
        let found: String = self.text.get(value.span()).unwrap_or_default().chars().take(60).collect();
        let text = format!("\"{}{key}\": expected {expected}, found {}", self.prefix, found.escape_debug());
        self.complain_at(value.span().start, text);
    }

    /// Whether the key is there, and not read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.as_ref() == key)
    }

    /// Whether it is there and a number.
    pub(super) fn is_integer(&self, key: &str) -> bool {
        let found = self.entries.iter().find(|(name, _)| name.as_ref() == key);
        found.is_some_and(|(_, value)| value.as_ref().as_integer().is_some())
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        let flag = value.as_ref().as_bool();
        if flag.is_none() {
            self.wrong(key, &value, "true or false");
        }
        flag
    }

    /// A text that `good` accepts.
    pub(super) fn text(&mut self, key: &str, expected: &str, good: impl Fn(&str) -> bool) -> Option<String> {
        let Some(value) = self.take(key) else {
            self.missing(key, expected);
            return None;
        };
        match value.as_ref().as_str() {
            Some(text) if good(text) => Some(text.to_owned()),
            _ => {
                self.wrong(key, &value, expected);
                None
            }
        }
    }

    /// A text that is a `T`.
    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, expected: &str) -> Option<T> {
        let expected = format!("{expected} (a-z 0-9 and '-')");
        self.text(key, &expected, |text| text.parse::<T>().is_ok()).and_then(|text| text.parse().ok())
    }

    /// An absolute path.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        let good = |text: &str| {
            text.starts_with('/') && text.len() <= PATH_MAX_BYTES && !text.chars().any(|c| c.is_control() || c == ' ')
        };
        self.text(key, "an absolute path without blanks, of at most 255 bytes", good).map(PathBuf::from)
    }

    /// An absolute path, or nothing.
    pub(super) fn optional_path(&mut self, key: &str) -> Option<Option<PathBuf>> {
        if self.entries.iter().all(|(name, _)| name.as_ref() != key) {
            return Some(None);
        }
        self.path(key).map(Some)
    }

    /// A whole number.
    pub(super) fn integer(&mut self, key: &str, least: u64, most: u64) -> Option<u64> {
        let expected = format!("a whole number from {least} to {most}");
        let Some(value) = self.take(key) else {
            self.missing(key, &expected);
            return None;
        };
        let number = value.as_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok());
        match number.filter(|n| (least..=most).contains(n)) {
            Some(number) => Some(number),
            None => {
                self.wrong(key, &value, &expected);
                None
            }
        }
    }

    /// A list of whole numbers of which `read` makes something, or nothing; of no list it makes the same as of an empty one.
    pub(super) fn integers<T>(&mut self, key: &str, expected: &str, read: impl Fn(&[u64]) -> Option<T>) -> Option<T> {
        let Some(value) = self.take(key) else { return read(&[]) };
        let number = |item: &Spanned<DeValue<'_>>| {
            item.as_ref().as_integer().and_then(|n| u64::from_str_radix(n.as_str(), n.radix()).ok())
        };
        let numbers: Option<Vec<u64>> = value.as_ref().as_array().and_then(|list| list.iter().map(number).collect());
        let made = numbers.and_then(|numbers| read(&numbers));
        if made.is_none() {
            self.wrong(key, &value, expected);
        }
        made
    }

    /// A table that must be there.
    pub(super) fn table(&mut self, key: &str) -> Option<Table<'a>> {
        if self.entries.iter().all(|(name, _)| name.as_ref() != key) {
            self.complain(format!("the section [{key}] is missing"));
        }
        self.optional_table(key)
    }

    /// A table, or nothing.
    pub(super) fn optional_table(&mut self, key: &str) -> Option<Table<'a>> {
        let value = self.take(key)?;
        let start = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Some(Table::new(self.text, format!("{key}."), start, table)),
            _ => {
                self.complain_at(start, format!("\"{key}\": expected a section [{key}]"));
                None
            }
        }
    }

    /// From `least` to `most` tables `[[key]]`.
    pub(super) fn tables(&mut self, key: &str, least: usize, most: usize) -> Vec<Table<'a>> {
        let Some(value) = self.take(key) else {
            self.complain(format!("no section [[{key}]]; {least} to {most} are expected"));
            return Vec::new();
        };
        let start = value.span().start;
        let DeValue::Array(array) = value.into_inner() else {
            self.complain_at(start, format!("\"{key}\": expected sections [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in array {
            let start = element.span().start;
            match element.into_inner() {
                DeValue::Table(table) => {
                    tables.push(Table::new(self.text, format!("{key}."), start, table));
                }
                _ => self.complain_at(start, format!("\"{key}\": expected sections [[{key}]]")),
            }
        }
        if !(least..=most).contains(&tables.len()) {
            self.complain_at(start, format!("{} sections [[{key}]]; {least} to {most} are expected", tables.len()));
        }
        tables
    }
}
