//! A profile's TOML, field by field: every mistake with its line and what was expected, none hiding the next.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::oid::Oid;

/// A value of the file, with where it stands.
pub(super) type Value<'a> = &'a Spanned<DeValue<'a>>;

/// Largest compiled regex, 256 KiB: a profile's own are a few hundred octets.
const REGEX_MAX: usize = 256 << 10;
/// Most mistakes listed; a file of another kind has one in every line.
const MISTAKES_MAX: usize = 50;
/// Most mistakes noted, to be sorted by line: each counts the lines before it.
const NOTED_MAX: usize = 1_000;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Line, from 1.
    pub line: usize,
    /// What was found and what was expected.
    pub words: String,
}

/// Why a text is no profile: every mistake that could be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ProfileErrors {
    /// The file's name.
    pub name: String,
    /// At least one, by line.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for ProfileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Mistake { line, words }) in self.mistakes.iter().enumerate() {
            write!(f, "{}{}:{line}: {words}", if at == 0 { "" } else { "\n" }, self.name)?;
        }
        Ok(())
    }
}

/// Mistakes as they are found.
pub(super) struct Mistakes<'a> {
    text: &'a str,
    found: Vec<Mistake>,
}

impl<'a> Mistakes<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, found: Vec::new() }
    }

    /// Notes one at an octet of the file.
    pub(super) fn at(&mut self, place: usize, words: impl Into<String>) {
        if self.found.len() >= NOTED_MAX {
            return;
        }
        let before = self.text.as_bytes().get(..place).unwrap_or(self.text.as_bytes());
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        self.found.push(Mistake { line, words: words.into() });
    }

    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// Puts those found since there were `from` at an octet of the file: a key's, where they were noted at its value.
    pub(super) fn move_to(&mut self, from: usize, place: usize) {
        let words: Vec<String> = self.found.drain(from..).map(|mistake| mistake.words).collect();
        words.into_iter().for_each(|words| self.at(place, words));
    }

    pub(super) fn none(&self) -> bool {
        self.found.is_empty()
    }

    pub(super) fn into_errors(mut self, name: &str) -> ProfileErrors {
        self.found.sort_by_key(|mistake| mistake.line);
        self.found.dedup();
        let more = self.found.len().saturating_sub(MISTAKES_MAX);
        self.found.truncate(MISTAKES_MAX);
        if let Some(line) = self.found.last().map(|mistake| mistake.line).filter(|_| more > 0) {
            self.found.push(Mistake { line, words: format!("and {more} more mistakes behind this one") });
        }
        ProfileErrors { name: name.to_owned(), mistakes: self.found }
    }
}

/// A value with its name, for messages.
#[derive(Clone)]
pub(super) struct Field<'a> {
    pub(super) name: String,
    pub(super) value: Value<'a>,
}

/// A table of the file whose keys are taken one by one; what is left is a mistake.
pub(super) struct Form<'a> {
    /// As it is called in messages.
    pub(super) name: String,
    /// Where it stands.
    pub(super) place: usize,
    table: &'a DeTable<'a>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Form<'a> {
    pub(super) fn of(name: impl Into<String>, place: usize, table: &'a DeTable<'a>) -> Self {
        Self { name: name.into(), place, table, asked: BTreeSet::new() }
    }

    /// The field, where it is given.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.asked.insert(key);
        let value = self.table.get(key)?;
        Some(Field { name: key.to_owned(), value })
    }

    /// The field; its absence is a mistake.
    pub(super) fn need(&mut self, key: &'static str, m: &mut Mistakes<'_>) -> Option<Field<'a>> {
        let field = self.take(key);
        if field.is_none() {
            m.at(self.place, format!("{} needs `{key}`", self.name));
        }
        field
    }

    pub(super) fn say(&self, m: &mut Mistakes<'_>, words: impl Into<String>) {
        m.at(self.place, words);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Done: what was never asked for is unknown.
    pub(super) fn close(self, m: &mut Mistakes<'_>) {
        for (key, _) in self.table {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(name) {
                let hint = nearest(name, self.asked.iter().copied()).map_or_else(
                    || format!("known here: {}", self.asked.iter().copied().collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                m.at(key.span().start, format!("unknown key `{name}` in {}; {hint}", self.name));
            }
        }
    }
}

impl<'a> Field<'a> {
    pub(super) fn wrong(&self, m: &mut Mistakes<'_>, expected: &str) {
        let found = match self.value.get_ref() {
            DeValue::String(text) => format!("\"{}\"", text.chars().take(60).collect::<String>()),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.as_str().to_owned(),
            DeValue::Boolean(yes) => yes.to_string(),
            DeValue::Datetime(time) => time.to_string(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        self.say(m, format!("`{}`: expected {expected}, found {found}", self.name));
    }

    pub(super) fn say(&self, m: &mut Mistakes<'_>, words: impl Into<String>) {
        m.at(self.value.span().start, words);
    }

    pub(super) fn raw_text(&self) -> Option<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text(&self, m: &mut Mistakes<'_>) -> Option<&'a str> {
        let text = self.raw_text();
        if text.is_none() {
            self.wrong(m, "a text");
        }
        text
    }

    /// A name: of a table, a column, a variable.
    pub(super) fn name(&self, m: &mut Mistakes<'_>) -> Option<&'a str> {
        let name = self.raw_text().filter(|text| is_name(text));
        if name.is_none() {
            self.wrong(m, "a name of letters, digits, - and _");
        }
        name
    }

    pub(super) fn flag(&self, m: &mut Mistakes<'_>) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(yes) => Some(*yes),
            _ => {
                self.wrong(m, "true or false");
                None
            }
        }
    }

    pub(super) fn raw_whole(&self) -> Option<i64> {
        match self.value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        }
    }

    pub(super) fn whole(&self, m: &mut Mistakes<'_>, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.raw_whole().filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(m, &format!("a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    /// As [`Self::whole`] for counts and sizes.
    pub(super) fn size(&self, m: &mut Mistakes<'_>, range: RangeInclusive<u32>) -> Option<usize> {
        let number = self.whole(m, i64::from(*range.start())..=i64::from(*range.end()))?;
        usize::try_from(number).ok()
    }

    pub(super) fn raw_number(&self) -> Option<f64> {
        match self.value.get_ref() {
            // Profiles' numbers are small; those above 2^53 lose their last digits and nothing else.
            DeValue::Integer(_) => self.raw_whole().map(|number| number as f64),
            DeValue::Float(number) => number.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    pub(super) fn number(&self, m: &mut Mistakes<'_>) -> Option<f64> {
        let number = self.raw_number();
        if number.is_none() {
            self.wrong(m, "a number");
        }
        number
    }

    /// `500ms`, `2s`, `1m`.
    pub(super) fn duration(&self, m: &mut Mistakes<'_>, range: RangeInclusive<Duration>) -> Option<Duration> {
        let read = |text: &str| {
            let (digits, unit_ms) = [("ms", 1_u64), ("s", 1_000), ("m", 60_000)]
                .into_iter()
                .find_map(|(unit, ms)| Some((text.strip_suffix(unit)?, ms)))?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse::<u64>().ok().filter(|_| plain)?;
            Some(Duration::from_millis(number.checked_mul(unit_ms)?))
        };
        let duration = self.raw_text().and_then(read).filter(|duration| range.contains(duration));
        if duration.is_none() {
            self.wrong(
                m,
                &format!("a time from {:?} to {:?}, such as \"500ms\" or \"2s\"", range.start(), range.end()),
            );
        }
        duration
    }

    pub(super) fn oid(&self, m: &mut Mistakes<'_>) -> Option<Oid> {
        let oid = self.text(m)?.parse();
        oid.map_err(|error| self.say(m, format!("`{}`: {error}", self.name))).ok()
    }

    pub(super) fn regex(&self, m: &mut Mistakes<'_>) -> Option<Regex> {
        let built = RegexBuilder::new(self.text(m)?).size_limit(REGEX_MAX).build();
        built.map_err(|error| self.say(m, format!("`{}` is no regular expression: {error}", self.name))).ok()
    }

    /// The members of a list; one value alone is a list of one.
    pub(super) fn one_or_list(&self) -> Vec<Self> {
        match self.value.get_ref() {
            DeValue::Array(list) => list.iter().map(|value| Self { name: self.name.clone(), value }).collect(),
            _ => vec![self.clone()],
        }
    }

    pub(super) fn list(&self, m: &mut Mistakes<'_>) -> Vec<Self> {
        if !matches!(self.value.get_ref(), DeValue::Array(_)) {
            self.wrong(m, "a list");
            return Vec::new();
        }
        self.one_or_list()
    }

    /// A table with known keys.
    pub(super) fn form(&self, m: &mut Mistakes<'_>) -> Option<Form<'a>> {
        self.named_form(format!("`{}`", self.name), m)
    }

    pub(super) fn named_form(&self, name: String, m: &mut Mistakes<'_>) -> Option<Form<'a>> {
        match self.value.get_ref() {
            DeValue::Table(table) => Some(Form::of(name, self.value.span().start, table)),
            _ => {
                self.wrong(m, "a table");
                None
            }
        }
    }

    /// A table whose keys are names of the profile's own: each key, where it stands, and its value.
    pub(super) fn entries(&self, m: &mut Mistakes<'_>) -> Vec<(&'a str, usize, Self)> {
        match self.value.get_ref() {
            DeValue::Table(table) => table
                .iter()
                .map(|(key, value)| {
                    let name = key.get_ref().as_ref();
                    (name, key.span().start, Self { name: format!("{}.{name}", self.name), value })
                })
                .collect(),
            _ => {
                self.wrong(m, "a table");
                Vec::new()
            }
        }
    }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// The word somebody probably meant: the nearest, at most two letters away, or one that contains the other.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |other: &str| {
        let (word, other) = (word.as_bytes(), other.as_bytes());
        let mut row: Vec<usize> = (0..=other.len()).collect();
        for (at, octet) in word.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = at + 1;
            for (column, letter) in other.iter().enumerate() {
                let changed = diagonal + usize::from(octet != letter);
                diagonal = row[column + 1];
                row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
            }
        }
        row[other.len()]
    };
    let within = |other: &str| other.len() > 2 && (word.contains(other) || (word.len() > 2 && other.contains(word)));
    known
        .filter(|other| distance(other) <= 2.min(other.len().min(word.len()) / 2) || within(other))
        .min_by_key(|other| distance(other))
}
