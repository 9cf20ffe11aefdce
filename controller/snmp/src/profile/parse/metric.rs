//! The part of a profile's file that claims figures.

use std::collections::BTreeSet;

use super::Draft;
use super::form::{Field, Form, is_name, nearest};
use super::reading::{linear, reading};
use super::table::index_parts;
use crate::oid::Oid;
use crate::profile::Claim;
use crate::profile::cell::{As, Linear, is_oid};
use crate::profile::read::{Metric, Rows};
use crate::profile::source::{Agg, Source};
use crate::profile::table::{Column, Table};

/// Figures that have a name and a unit of their own.
const METRICS: [(&str, &str); 30] = [
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
    ("load", "1"),
    ("uptime", "s"),
];
/// What a figure can be of.
const SCOPES: [&str; 6] = ["device", "radio", "ssid", "bss", "ap", "interface"];

impl Draft<'_> {
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
            let mut known = METRICS.into_iter();
            let known = known.find(|(known, _)| *known == metric).map(|(_, unit)| unit);
            let given = unit.as_ref().and_then(|unit| unit.text(m));
            match (known, given) {
                (Some(known), Some(given)) if known != given => {
                    unit.as_ref().unwrap_or(&name).wrong(m, &format!("{known}, the unit of `{metric}`"));
                    None
                }
                (None, None) => {
                    let names = METRICS.into_iter().map(|(known, _)| known);
                    let near =
                        nearest(metric, names).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                    name.say(m, format!("`{metric}` is no metric with a unit of its own: give `unit`{near}"));
                    None
                }
                (known, given) => Some((metric.to_owned(), known.or(given)?.to_owned())),
            }
        })?;
        Some(Claim { metric: name, scope: scope?, unit })
    }
}
