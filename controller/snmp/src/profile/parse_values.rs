//! The part of a profile's file that says what answers come to: values, networks, radios, managed APs, metrics.

use std::collections::BTreeSet;

use super::Claim;
use super::cell::{As, Linear, Reading, is_oid};
use super::flip::{Template, Vars};
use super::form::{Field, Form, is_name};
use super::parse::{Draft, did_you_mean, index_parts, is_table, linear, reading, say_template};
use super::read::{IdentityFrom, ManagedFrom, Metric, NetworkFrom, RadioFrom, Rows, Up};
use super::select::Chosen;
use super::source::{Agg, Condition, Join, Object, Source, Want};
use super::table::{Column, Table};
use crate::oid::Oid;

/// sysName (RFC 3418).
const SYS_NAME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 5, 0];
/// sysUpTime (RFC 3418).
const SYS_UPTIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

/// Figures that have a name and a unit of their own.
const METRICS: [(&str, &str); 28] = [
    ("stations", "1"),
    ("aps", "1"),
    ("channel", "1"),
    ("frequency", "MHz"),
    ("busy", "%"),
    ("busy-rx", "%"),
    ("busy-tx", "%"),
    ("busy-other", "%"),
    ("noise", "dBm"),
    ("power", "dBm"),
    ("signal", "dBm"),
    ("snr", "dB"),
    ("quality", "%"),
    ("rx-rate", "bit/s"),
    ("tx-rate", "bit/s"),
    ("rx-bytes", "B"),
    ("tx-bytes", "B"),
    ("rx-packets", "1"),
    ("tx-packets", "1"),
    ("rx-errors", "1"),
    ("tx-errors", "1"),
    ("retries", "1"),
    ("cpu", "%"),
    ("memory", "%"),
    ("airtime", "%"),
    ("memory-used", "B"),
    ("memory-total", "B"),
    ("temperature", "°C"),
];
/// As [`METRICS`], of which no other unit is thinkable; apart only for the length of the list.
const MORE_METRICS: [(&str, &str); 2] = [("load", "1"), ("uptime", "s")];
const SCOPES: [&str; 6] = ["device", "radio", "ssid", "bss", "ap", "interface"];

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
    fn written_oid(&mut self, field: &Field<'_>) -> Option<Oid> {
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

    fn object(&mut self, name: String, oid: Oid, reading: Reading) -> Source {
        self.objects.push(Object { name, oid, reading });
        Source::Object(self.objects.len() - 1)
    }

    fn agg(&mut self, field: &Field<'_>) -> Option<Agg> {
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
    fn reading_of(&self, source: &Source, base: Option<usize>) -> Option<&Reading> {
        match source {
            Source::Object(at) => Some(&self.objects[*at].reading),
            Source::Own { place } => Some(&self.tables[base?].column(*place)?.reading),
            Source::Joined { table, place, .. } | Source::Many { table, place, .. } => {
                Some(&self.tables[*table].column(*place)?.reading)
            }
        }
    }

    /// A value that has to be a number.
    fn numeric(&mut self, field: Option<Field<'_>>, base: Option<usize>) -> Option<Source> {
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

    fn optional(&mut self, field: Option<Field<'_>>, base: Option<usize>) -> Option<Source> {
        self.source(&field?, base)
    }

    pub(super) fn identity(&mut self, field: Option<&Field<'_>>) -> Option<IdentityFrom> {
        let form = match field {
            Some(field) => Some(field.named_form("[identity]".to_owned(), &mut self.m)?),
            None => None,
        };
        let standard = |draft: &mut Self, name: &str, arcs: [u32; 9], kind: As| {
            let oid = Oid::new(arcs).unwrap_or_default();
            draft.object(name.to_owned(), oid, Reading::of(kind))
        };
        let mut given = [None, None, None, None];
        if let Some(mut form) = form {
            for (place, key) in given.iter_mut().zip(["name", "model", "version", "uptime"]) {
                *place = form.take(key).and_then(|field| self.source(&field, None));
            }
            form.close(&mut self.m);
        }
        let [name, model, version, uptime] = given;
        Some(IdentityFrom {
            name: name.unwrap_or_else(|| standard(self, "sysName", SYS_NAME, As::Text)),
            model,
            version,
            uptime: uptime.unwrap_or_else(|| standard(self, "sysUpTime", SYS_UPTIME, As::Ticks)),
        })
    }

    fn rows(&mut self, form: &mut Form<'_>) -> Rows {
        let table = form.take("table").and_then(|field| {
            let name = field.text(&mut self.m)?;
            self.table_at(&field, name)
        });
        let filter = form.take("where").map_or_else(Vec::new, |field| self.conditions(&field, table, &BTreeSet::new()));
        Rows { table, filter }
    }

    /// `{ "wlan.admin" = "up", mode = ["ap", "mesh"] }`; texts may have the variables `known`.
    fn conditions(&mut self, field: &Field<'_>, base: Option<usize>, known: &BTreeSet<String>) -> Vec<Condition> {
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

    fn up(&mut self, field: Option<Field<'_>>, base: Option<usize>) -> Up {
        match field {
            None => Up::Untold,
            Some(field) if is_table(&field) => {
                let all = self.conditions(&field, base, &BTreeSet::new());
                if all.is_empty() {
                    field.say(&mut self.m, "`up` without a condition; expected { \"table.column\" = \"up\" } or true");
                }
                Up::Where(all)
            }
            Some(field) => {
                if field.flag(&mut self.m) == Some(false) {
                    field.wrong(&mut self.m, "conditions, or true where a row that is there is on the air");
                }
                Up::Always
            }
        }
    }

    pub(super) fn networks(&mut self, field: &Field<'_>) -> Vec<NetworkFrom> {
        let network = |field: &Field<'_>| {
            let mut form = field.named_form("[network]".to_owned(), &mut self.m)?;
            let rows = self.rows(&mut form);
            let base = rows.table;
            let ssid = form.need("ssid", &mut self.m).and_then(|ssid| self.source(&ssid, base));
            let network = NetworkFrom {
                bssid: self.optional(form.take("bssid"), base),
                up: self.up(form.take("up"), base),
                channel: self.numeric(form.take("channel"), base),
                stations: self.numeric(form.take("stations"), base),
                ap: self.optional(form.take("ap"), base),
                ssid: ssid.unwrap_or(Source::Own { place: 0 }),
                rows,
            };
            form.close(&mut self.m);
            Some(network)
        };
        field.one_or_list().iter().filter_map(network).collect()
    }

    pub(super) fn radios(&mut self, field: &Field<'_>) -> Vec<RadioFrom> {
        let radio = |field: &Field<'_>| {
            let mut form = field.named_form("[radio]".to_owned(), &mut self.m)?;
            let rows = self.rows(&mut form);
            let base = rows.table;
            let radio = RadioFrom {
                channel: self.numeric(form.take("channel"), base),
                busy: self.numeric(form.take("busy"), base),
                noise: self.numeric(form.take("noise"), base),
                power: self.numeric(form.take("power"), base),
                stations: self.numeric(form.take("stations"), base),
                ap: self.optional(form.take("ap"), base),
                rows,
            };
            form.close(&mut self.m);
            Some(radio)
        };
        field.one_or_list().iter().filter_map(radio).collect()
    }

    pub(super) fn managed(&mut self, field: &Field<'_>) -> Option<ManagedFrom> {
        let mut form = field.named_form("[ap]".to_owned(), &mut self.m)?;
        if !form.has("table") {
            form.need("table", &mut self.m);
        }
        let rows = self.rows(&mut form);
        let base = rows.table;
        let managed = ManagedFrom {
            key: self.optional(form.take("key"), base),
            name: self.optional(form.take("name"), base),
            up: self.up(form.take("up"), base),
            stations: self.numeric(form.take("stations"), base),
            rows,
        };
        form.close(&mut self.m);
        Some(managed)
    }

    pub(super) fn metrics(&mut self, field: &Field<'_>) -> Vec<Metric> {
        let list = field.one_or_list();
        list.iter().enumerate().filter_map(|(at, metric)| self.metric(at, metric)).collect()
    }

    fn metric(&mut self, at: usize, field: &Field<'_>) -> Option<Metric> {
        let mut form = field.named_form("[[metric]]".to_owned(), &mut self.m)?;
        let claim = self.claim(&mut form);
        let agg = form.take("agg").and_then(|agg| self.agg(&agg));
        let (value, oid, index) = (form.take("value"), form.take("oid"), form.take("index"));
        let mut rows = Rows { table: None, filter: Vec::new() };
        let mut values = Vec::new();
        let mut changes = Linear::default();
        match (value, oid) {
            (Some(value), None) => {
                if let Some((table, _)) =
                    value.raw_text().filter(|text| !is_oid(text)).and_then(|text| text.split_once('.'))
                {
                    rows.table = self.table_at(&value, table);
                }
                if rows.table.is_some() || value.raw_text().is_none_or(|text| is_oid(text) || !text.contains('.')) {
                    values.extend(self.source(&value, rows.table));
                }
                changes = linear(&mut form, true, &mut self.m);
            }
            (None, Some(oid)) => {
                let name = claim.as_ref().map_or_else(|| format!("metric {}", at + 1), |claim| claim.metric.clone());
                let reading = reading(&mut form, &mut self.m);
                let oids: Vec<Oid> = oid.one_or_list().iter().filter_map(|oid| self.written_oid(oid)).collect();
                if oid.one_or_list().len() > 1 && agg.is_none() {
                    oid.say(&mut self.m, "several objects are one figure by `agg` only");
                }
                if let Some(index) = index {
                    let index = index_parts(&index, &mut self.m);
                    let columns = oids.into_iter().enumerate().map(|(at, oid)| Column {
                        name: format!("{name}{at}"),
                        oid,
                        reading: reading.clone(),
                        used: true,
                    });
                    let columns: Vec<Column> = columns.collect();
                    let first = index.len();
                    values.extend((0..columns.len()).map(|at| Source::Own { place: first + at }));
                    let table = Table {
                        name: format!("metric {name}"),
                        key: (0..first).collect(),
                        index,
                        columns,
                        rows_max: self.rows_max,
                        unordered: self.unordered,
                    };
                    self.tables.push(table);
                    rows.table = Some(self.tables.len() - 1);
                } else {
                    for oid in oids {
                        let source = self.object(name.clone(), oid, reading.clone());
                        values.push(source);
                    }
                }
            }
            _ => form.say(&mut self.m, "a metric needs `value` or `oid`, one of them"),
        }
        let base = rows.table;
        let group: Vec<Source> = form.take("group").map_or_else(Vec::new, |group| {
            group.one_or_list().iter().filter_map(|part| self.source(part, base)).collect()
        });
        if let Some(filter) = form.take("where") {
            rows.filter = self.conditions(&filter, base, &BTreeSet::new());
        }
        let over = self.numeric(form.take("over"), base);
        self.prove_metric(&form, &values, base, agg, over.is_some() || !changes.is_nothing());
        if !group.is_empty() && agg.is_none() {
            form.say(&mut self.m, "`group` needs `agg`: several rows can fall into one group");
        }
        form.close(&mut self.m);
        Some(Metric { claim: claim?, rows, values, over, linear: changes, group, agg })
    }

    fn prove_metric(
        &mut self,
        form: &Form<'_>,
        values: &[Source],
        base: Option<usize>,
        agg: Option<Agg>,
        changed: bool,
    ) {
        for source in values {
            let Some(reading) = self.reading_of(source, base) else { continue };
            let counter = reading.is_counter();
            let figure = match &reading.kind {
                As::Enum { map, other } => {
                    map.values().chain(other).all(|word| matches!(&**word, "up" | "down" | "true" | "false"))
                }
                _ => reading.is_number(),
            };
            let counts = agg == Some(Agg::Count) || matches!(source, Source::Many { agg: Agg::Count, .. });
            if !figure && !counts {
                form.say(
                    &mut self.m,
                    "a figure is a number, or a word that is up, down, true or false; this value is neither",
                );
            }
            if counter && changed {
                form.say(&mut self.m, "a counter is given as it is: no over, mul, add or clamp");
            }
            if counter && agg.is_some_and(|agg| agg != Agg::First && agg != Agg::Count) {
                form.say(&mut self.m, "a sum of counters would hide which of them wrapped; leave them row by row");
            }
        }
    }

    fn claim(&mut self, form: &mut Form<'_>) -> Option<Claim> {
        let m = &mut self.m;
        let scope = form.need("scope", m).and_then(|scope| {
            let word = scope.text(m)?;
            if !SCOPES.contains(&word) {
                scope.wrong(m, "one of device, radio, ssid, bss, ap, interface");
            }
            Some(word.to_owned())
        });
        let unit = form.take("unit");
        let (name, unit) = form.need("name", m).and_then(|name| {
            let metric = name.text(m).filter(|text| is_name(text));
            let Some(metric) = metric else {
                name.wrong(m, "a name of letters, digits and -");
                return None;
            };
            let mut known = METRICS.into_iter().chain(MORE_METRICS);
            let known = known.find(|(known, _)| *known == metric).map(|(_, unit)| unit);
            let given = unit.as_ref().and_then(|unit| unit.text(m));
            match (known, given) {
                (Some(known), Some(given)) if known != given => {
                    unit.as_ref().unwrap_or(&name).wrong(m, &format!("{known}, the unit of `{metric}`"));
                    None
                }
                (None, None) => {
                    let names = METRICS.into_iter().chain(MORE_METRICS).map(|(known, _)| known);
                    let near = super::form::nearest(metric, names)
                        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    name.say(m, format!("`{metric}` is no metric with a unit of its own: give `unit`{near}"));
                    None
                }
                (known, given) => Some((metric.to_owned(), known.or(given)?.to_owned())),
            }
        })?;
        Some(Claim { metric: name, scope: scope?, unit })
    }

    /// `[bss]`: the rows a flip switches.
    pub(super) fn chosen(&mut self, field: &Field<'_>) -> Option<Chosen> {
        let mut form = field.named_form("[bss]".to_owned(), &mut self.m)?;
        let name = form.need("table", &mut self.m);
        let filter = form.take("where");
        form.close(&mut self.m);
        let name = name?;
        let text = name.text(&mut self.m)?;
        let table = self.table_at(&name, text)?;
        let known: BTreeSet<String> = ["ssid".to_owned()].into();
        let filter = filter.map_or_else(Vec::new, |filter| self.conditions(&filter, Some(table), &known));
        self.tables[table].use_place(0);
        Some(Chosen { table, filter, variables: BTreeSet::new() })
    }
}
