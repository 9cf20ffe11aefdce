//! Values, conditions and templates wherever a profile's file has them: what they name is there and belongs together.

use std::collections::BTreeSet;

use super::form::{Field, Form};
use super::reading::reading;
use super::{Draft, did_you_mean, is_table, say_template};
use crate::oid::Oid;
use crate::profile::cell::{As, Reading, is_oid};
use crate::profile::flip::{Template, Vars};
use crate::profile::source::{Agg, Condition, Join, Object, Source, Want};
use crate::profile::table::Table;

impl Draft<'_> {
    /// A value, as seen from a row of `base`.
    pub(super) fn source(&mut self, field: &Field<'_>, base: Option<usize>) -> Option<Source> {
        if !is_table(field) {
            let text = field.text(&mut self.m)?;
            if is_oid(text) {
                let oid = field.oid(&mut self.m)?;
                return Some(self.object(field.name.clone(), oid, Reading::of(As::Any)));
            }
            return self.cell(field, text, base, None);
        }
        let mut form = field.form(&mut self.m)?;
        let Some(col) = form.take("col") else { return self.object_of(form, &field.name) };
        let agg = form.take("agg").and_then(|agg| self.agg(&agg));
        form.close(&mut self.m);
        let text = col.text(&mut self.m)?;
        self.cell(&col, text, base, agg)
    }

    /// `{ oid = …, as = … }`.
    fn object_of(&mut self, mut form: Form<'_>, name: &str) -> Option<Source> {
        let oid = form.need("oid", &mut self.m).and_then(|oid| self.written_oid(&oid));
        let reading = reading(&mut form, &mut self.m);
        form.close(&mut self.m);
        Some(self.object(name.to_owned(), oid?, reading))
    }

    /// An OID in which only `${'text':len_octets}` may stand: it does not depend on any row.
    pub(super) fn written_oid(&mut self, field: &Field<'_>) -> Option<Oid> {
        let template = Template::parse(field.text(&mut self.m)?);
        let proven = template.and_then(|template| template.check(&BTreeSet::new(), true).map(|()| template));
        match proven.and_then(|template| template.oid(&Vars::new())) {
            Ok(oid) => Some(oid),
            Err(error) => {
                say_template(field, &error, &mut self.m);
                None
            }
        }
    }

    pub(super) fn object(&mut self, name: String, oid: Oid, reading: Reading) -> Source {
        self.objects.push(Object { name, oid, reading });
        Source::Object(self.objects.len() - 1)
    }

    pub(super) fn agg(&mut self, field: &Field<'_>) -> Option<Agg> {
        let agg = Agg::from_word(field.text(&mut self.m)?);
        if agg.is_none() {
            field.wrong(&mut self.m, "one of sum, max, min, avg, count, first");
        }
        agg
    }

    /// `table.name`, or the name alone where it is the row's own.
    fn cell(&mut self, field: &Field<'_>, text: &str, base: Option<usize>, agg: Option<Agg>) -> Option<Source> {
        let (table, name) = match text.split_once('.') {
            Some((table, name)) => (self.table_at(field, table)?, name),
            None => match base {
                Some(base) => (base, text),
                None => {
                    field.wrong(&mut self.m, "an OID, or table.column");
                    return None;
                }
            },
        };
        let Some(place) = self.tables[table].find(name) else {
            let of = &self.tables[table];
            field.say(&mut self.m, format!("`{}` has no `{name}`{}", of.name, did_you_mean(name, of.names())));
            return None;
        };
        if agg.is_some_and(|agg| agg != Agg::First && agg != Agg::Count) && self.is_counter(table, place) {
            field.say(&mut self.m, "a sum of counters would hide which of them wrapped; leave them row by row");
        }
        self.tables[table].use_place(place);
        if base == Some(table) && agg.is_none() {
            return Some(Source::Own { place });
        }
        let source = self.joined(table, place, base, agg);
        if source.is_none() {
            let other = &self.tables[table];
            let key = other.key.iter().filter_map(|place| other.names().nth(*place)).collect::<Vec<_>>().join(", ");
            let (of, own) = base.map_or(("the device", String::new()), |base| {
                let base = &self.tables[base];
                (&*base.name, base.names().collect::<Vec<_>>().join(", "))
            });
            let words = format!(
                "`{text}` is not one value for `{of}`: rows of `{}` are told apart by {key}, and `{of}` has {}; give `agg`, or the same names to what is the same",
                other.name,
                if own.is_empty() { "no rows".to_owned() } else { own },
            );
            field.say(&mut self.m, words);
        }
        source
    }

    fn joined(&mut self, table: usize, place: usize, base: Option<usize>, agg: Option<Agg>) -> Option<Source> {
        let Some(base) = base else {
            return agg.map(|agg| Source::Many { table, place, join: None, agg });
        };
        // Names of the other table's key that the row has: one row. Names of the row's key that the other has: many.
        let join = |key_of: &Table, names_of: &Table| -> Option<Vec<(usize, usize)>> {
            let names: Vec<&str> = key_of.names().collect();
            key_of.key.iter().map(|place| Some((*place, names_of.find(names[*place])?))).collect()
        };
        let (own, other) = (&self.tables[base], &self.tables[table]);
        let one: Option<Join> = join(other, own).map(|pairs| {
            let (other, own) = pairs.into_iter().unzip();
            Join { own, other }
        });
        let many: Option<Join> = join(own, other).map(|pairs| {
            let (own, other) = pairs.into_iter().unzip();
            Join { own, other }
        });
        let (join, agg) = match (one, many, agg) {
            (Some(join), _, None) => (join, None),
            (Some(join), _, Some(agg)) | (None, Some(join), Some(agg)) => (join, Some(agg)),
            (None, _, _) => return None,
        };
        join.own.iter().for_each(|place| self.tables[base].use_place(*place));
        join.other.iter().for_each(|place| self.tables[table].use_place(*place));
        Some(match agg {
            None => Source::Joined { table, place, join },
            Some(agg) => Source::Many { table, place, join: Some(join), agg },
        })
    }

    /// The table of this name.
    pub(super) fn table_at(&mut self, field: &Field<'_>, name: &str) -> Option<usize> {
        let found = self.tables.iter().position(|table| table.name == name);
        if found.is_none() {
            let hint = did_you_mean(name, self.tables.iter().map(|table| &*table.name));
            field.say(&mut self.m, format!("there is no [table.{name}]{hint}"));
        }
        found
    }

    fn is_counter(&self, table: usize, place: usize) -> bool {
        self.tables[table].column(place).is_some_and(|column| column.reading.is_counter())
    }

    /// How the value of a source reads; none for an index part.
    pub(super) fn reading_of(&self, source: &Source, base: Option<usize>) -> Option<&Reading> {
        match source {
            Source::Object(at) => Some(&self.objects[*at].reading),
            Source::Own { place } => Some(&self.tables[base?].column(*place)?.reading),
            Source::Joined { table, place, .. } | Source::Many { table, place, .. } => {
                Some(&self.tables[*table].column(*place)?.reading)
            }
        }
    }

    /// A value that has to be a number.
    pub(super) fn numeric(&mut self, field: Option<Field<'_>>, base: Option<usize>) -> Option<Source> {
        let field = field?;
        let source = self.source(&field, base)?;
        let counts = matches!(source, Source::Many { agg: Agg::Count, .. });
        if !counts && self.reading_of(&source, base).is_some_and(|reading| !reading.is_number()) {
            field.say(
                &mut self.m,
                format!("`{}` has to be a number, and what it names reads as something else", field.name),
            );
        }
        Some(source)
    }

    pub(super) fn optional(&mut self, field: Option<Field<'_>>, base: Option<usize>) -> Option<Source> {
        self.source(&field?, base)
    }

    /// `{ "wlan.admin" = "up", mode = ["ap", "mesh"] }`; texts may have the variables `known`.
    pub(super) fn conditions(
        &mut self,
        field: &Field<'_>,
        base: Option<usize>,
        known: &BTreeSet<String>,
    ) -> Vec<Condition> {
        let entries = field.entries(&mut self.m);
        let conditions = entries.into_iter().filter_map(|(name, place, value)| {
            let source = if is_oid(name) {
                let oid = name.parse().ok()?;
                self.object(name.to_owned(), oid, Reading::of(As::Any))
            } else {
                let named = Field { name: name.to_owned(), value: value.value };
                let found = self.m.len();
                let source = self.cell(&named, name, base, None);
                self.m.move_to(found, place);
                source?
            };
            let words = self.words_of(&source, base);
            let value = Field { name: name.to_owned(), value: value.value };
            let is = value.one_or_list().iter().filter_map(|want| self.want(want, known, words.as_ref())).collect();
            Some(Condition { source, is })
        });
        conditions.collect()
    }

    /// The words a value can be, where its column has a map.
    fn words_of(&self, source: &Source, base: Option<usize>) -> Option<BTreeSet<String>> {
        match &self.reading_of(source, base)?.kind {
            As::Enum { map, other } => Some(map.values().chain(other).cloned().collect()),
            _ => None,
        }
    }

    fn want(&mut self, field: &Field<'_>, known: &BTreeSet<String>, words: Option<&BTreeSet<String>>) -> Option<Want> {
        let never = |field: &Field<'_>, found: &str, draft: &mut Self| {
            let known = words.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(", ");
            field.say(&mut draft.m, format!("`{}` is never {found}; its map has {known}", field.name));
        };
        if let Some(number) = field.raw_number() {
            if words.is_some() {
                never(field, &number.to_string(), self);
            }
            return Some(Want::Number(number));
        }
        let text = match field.raw_text() {
            Some(text) => text.to_owned(),
            None => field.flag(&mut self.m)?.to_string(),
        };
        let template = self.template(field, &text, known, false)?;
        if words.is_some_and(|words| !words.contains(&text)) && template.names().next().is_none() {
            never(field, &format!("\"{text}\""), self);
        }
        Some(Want::Text(template))
    }

    /// A template, proven; the device's own words it needs are noted.
    pub(super) fn template(
        &mut self,
        field: &Field<'_>,
        text: &str,
        known: &BTreeSet<String>,
        oid: bool,
    ) -> Option<Template> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                say_template(field, &error, &mut self.m);
                return None;
            }
        };
        let mut known = known.clone();
        if !known.is_empty() {
            let words: Vec<&str> = template.names().filter_map(|name| name.strip_prefix("ap.")).collect();
            known.extend(words.iter().map(|word| format!("ap.{word}")));
            self.words.extend(words.into_iter().map(str::to_owned));
        }
        if let Err(error) = template.check(&known, oid) {
            say_template(field, &error, &mut self.m);
            return None;
        }
        Some(template)
    }
}
