//! One table of the file, read key by key: knows which keys it was asked for, so that it can name those it was not.

use std::cell::RefCell;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::desk::{Desk, Found, quoted};
use super::nearest::nearest;

/// A table being read.
#[derive(Debug)]
pub(super) struct Table<'t, 'i> {
    /// What it is to people: `town`, `facility "gym"`.
    pub(super) what: String,
    /// Where it begins.
    pub(super) at: usize,
    map: &'t DeTable<'i>,
    known: RefCell<Vec<&'static str>>,
    /// Keys that are absent, and what they may be: said at the end, when it is known which were misspelt.
    missing: RefCell<Vec<(&'static str, String)>>,
}

impl<'t, 'i> Table<'t, 'i> {
    pub(super) fn new(what: impl Into<String>, at: usize, map: &'t DeTable<'i>) -> Self {
        Self { what: what.into(), at, map, known: RefCell::default(), missing: RefCell::default() }
    }

    /// The tree below it, for looking a place up.
    pub(super) fn map(&self) -> &'t DeTable<'i> {
        self.map
    }

    /// The raw value of a key; the key counts as known from here on.
    pub(super) fn value(&self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.known.borrow_mut().push(key);
        self.map.get(key)
    }

    /// Whether a key is there at all.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Whether a list is absent or empty.
    pub(super) fn lists_nothing(&self, key: &'static str) -> bool {
        self.value(key).is_none_or(|value| value.get_ref().as_array().is_some_and(|list| list.is_empty()))
    }

    /// Where a key's value stands; the table itself where it is absent.
    pub(super) fn place(&self, key: &'static str) -> usize {
        self.value(key).map_or(self.at, |value| value.span().start)
    }

    /// Complains of a key's value: `allowed` says what would do.
    pub(super) fn refuse(&self, desk: &mut Desk<'_>, key: &'static str, allowed: &str) {
        if let Some(value) = self.value(key) {
            let found = shown(value.get_ref());
            desk.complain(value.span().start, self.say(&format!("{key} is {found}; expected {allowed}")));
        }
    }

    /// As [`Self::refuse`], of a value that may hold a secret and is not repeated.
    pub(super) fn refuse_unseen(&self, desk: &mut Desk<'_>, key: &'static str, allowed: &str) {
        let what = self.say(&format!("{key} is not what it should be (and not shown here); expected {allowed}"));
        desk.complain(self.place(key), what);
    }

    /// A sentence about this table; the file's own table has no name.
    fn say(&self, what: &str) -> String {
        if self.what.is_empty() { what.to_owned() } else { format!("{}: {what}", self.what) }
    }

    /// Complains that a key is absent, unless [`Self::finish`] finds it misspelt.
    pub(super) fn miss(&self, key: &'static str, allowed: &str) {
        self.missing.borrow_mut().push((key, allowed.to_owned()));
    }

    /// A text.
    pub(super) fn text(&self, desk: &mut Desk<'_>, key: &'static str, allowed: &str) -> Option<Found<&'t str>> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.refuse(desk, key, allowed);
        }
        text.map(|is| Found { at: value.span().start, is })
    }

    /// A text that must be there.
    pub(super) fn needed_text(&self, desk: &mut Desk<'_>, key: &'static str, allowed: &str) -> Option<Found<&'t str>> {
        if !self.has(key) {
            self.miss(key, allowed);
        }
        self.text(desk, key, allowed)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, desk: &mut Desk<'_>, key: &'static str) -> Option<bool> {
        let flag = self.value(key)?.get_ref().as_bool();
        if flag.is_none() {
            self.refuse(desk, key, "true or false");
        }
        flag
    }

    /// A whole number from `least` to `most`.
    pub(super) fn number(
        &self,
        desk: &mut Desk<'_>,
        key: &'static str,
        (least, most): (u32, u32),
        of_what: &str,
    ) -> Option<Found<u32>> {
        let value = self.value(key)?;
        let number = whole(value.get_ref()).filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.refuse(desk, key, &format!("a whole number from {least} to {most}{of_what}"));
        }
        number.map(|is| Found { at: value.span().start, is })
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &self,
        desk: &mut Desk<'_>,
        key: &'static str,
        words: &[(&str, T)],
    ) -> Option<Found<T>> {
        let value = self.value(key)?;
        let found = value.get_ref().as_str();
        let word = words.iter().find(|(word, _)| Some(*word) == found);
        if word.is_none() {
            let allowed: Vec<String> = words.iter().map(|(word, _)| quoted(word)).collect();
            self.refuse(desk, key, &either(&allowed));
        }
        word.map(|(_, is)| Found { at: value.span().start, is: *is })
    }

    /// An absolute path.
    pub(super) fn path(&self, desk: &mut Desk<'_>, key: &'static str) -> Option<Found<PathBuf>> {
        const ALLOWED: &str = "an absolute path (it must not depend on where the program was started)";
        let text = self.text(desk, key, ALLOWED)?;
        if !text.is.starts_with('/') || text.is.chars().any(char::is_control) || text.is.ends_with('/') {
            // Somebody may have written the secret itself where its file belongs.
            if ["password", "token", "community"].iter().any(|word| key.contains(word)) {
                self.refuse_unseen(desk, key, "the absolute path of a file with the secret in it, not the secret");
            } else {
                self.refuse(desk, key, ALLOWED);
            }
            return None;
        }
        Some(text.map(PathBuf::from))
    }

    /// A table inside this one. `what` is its name for people.
    pub(super) fn table(&self, desk: &mut Desk<'_>, key: &'static str, what: &str) -> Option<Table<'t, 'i>> {
        let value = self.value(key)?;
        match value.get_ref().as_table() {
            Some(map) => Some(Table::new(what, value.span().start, map)),
            None => {
                self.refuse(desk, key, &format!("a table: [{key}]"));
                None
            }
        }
    }

    /// The tables of a list of tables, such as `[[ap]]`; empty where it is absent.
    pub(super) fn tables(&self, desk: &mut Desk<'_>, key: &'static str) -> Vec<Table<'t, 'i>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.refuse(desk, key, &format!("a list of tables, each under its own [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in list.iter() {
            match item.get_ref().as_table() {
                Some(map) => tables.push(Table::new(key, item.span().start, map)),
                None => {
                    let found = shown(item.get_ref());
                    desk.complain(item.span().start, format!("{key}: found {found}; expected a table under [[{key}]]"));
                }
            }
        }
        tables
    }

    /// The tables that are named by whoever wrote the file, such as `[radio-plan.standard]`.
    pub(super) fn named_tables(&self, desk: &mut Desk<'_>, kind: &str) -> Vec<(Found<&'t str>, Table<'t, 'i>)> {
        let mut tables = Vec::new();
        for (name, value) in self.map {
            let name = Found { at: name.span().start, is: name.get_ref().as_ref() };
            match value.get_ref().as_table() {
                Some(map) => {
                    tables.push((name, Table::new(format!("{kind} {}", quoted(name.is)), value.span().start, map)));
                }
                None => desk.complain(
                    value.span().start,
                    format!(
                        "{kind}: {} is {}; expected a table: [{kind}.NAME]",
                        quoted(name.is),
                        shown(value.get_ref())
                    ),
                ),
            }
        }
        tables
    }

    /// Complains of every key nobody asked for, and of those that are absent. Call it last.
    pub(super) fn finish(&self, desk: &mut Desk<'_>) {
        let known = self.known.borrow();
        let mut meant = Vec::new();
        for (key, _) in self.map {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let hint = match nearest(name, &known) {
                Some(near) => {
                    meant.push(near);
                    format!("did you mean \"{near}\"?")
                }
                None => {
                    let mut all: Vec<&str> = known.clone();
                    all.sort_unstable();
                    all.dedup();
                    format!("expected one of: {}", all.join(", "))
                }
            };
            desk.complain(key.span().start, self.say(&format!("unknown key {}; {hint}", quoted(name))));
        }
        for (key, allowed) in self.missing.borrow().iter().filter(|(key, _)| !meant.contains(key)) {
            desk.miss(self.at, self.say(&format!("{key} is missing; expected {allowed}")));
        }
    }
}

/// A whole number that is not negative.
pub(super) fn whole(value: &DeValue<'_>) -> Option<u32> {
    let integer = value.as_integer()?;
    u32::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A value as people wrote it, for a complaint.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(list) => format!("a list of {}", list.len()),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn either(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
