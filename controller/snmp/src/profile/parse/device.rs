//! The part of a profile's file that says how a device is known and how it wants to be asked.

use std::time::Duration;

use super::Draft;
use super::form::{Field, Form, Mistakes};
use crate::oid::Oid;
use crate::profile::manners::{Manners, Ordering, ReplyFrom};
use crate::profile::rule::{Op, Probe, Rule};

impl Draft<'_> {
    pub(super) fn rules(&mut self, field: &Field<'_>) -> Vec<Rule> {
        field.one_or_list().iter().filter_map(|rule| self.rule(rule)).collect()
    }

    fn rule(&mut self, field: &Field<'_>) -> Option<Rule> {
        let m = &mut self.m;
        let mut form = field.named_form("[match]".to_owned(), m)?;
        let prefixes: Vec<Oid> = form.need("sys_object_id", m).map_or_else(Vec::new, |prefixes| {
            let list = prefixes.one_or_list();
            if list.is_empty() {
                prefixes.say(
                    m,
                    "`sys_object_id`: an empty list matches nothing; leave [match] out for a profile used by name",
                );
            }
            list.iter().filter_map(|prefix| prefix.oid(m)).collect()
        });
        let sys_descr = form.take("sys_descr").and_then(|regex| regex.regex(m));
        let priority = form.take("priority").and_then(|number| number.whole(m, -1000..=1000)).unwrap_or(0);
        let probes = form.take("probe").map_or_else(Vec::new, |probes| {
            probes.one_or_list().iter().filter_map(|probe| self.probe(probe)).collect()
        });
        form.close(&mut self.m);
        Some(Rule { prefixes, sys_descr, probes, priority })
    }

    fn probe(&mut self, field: &Field<'_>) -> Option<Probe> {
        let m = &mut self.m;
        let mut form = field.named_form("[[match.probe]]".to_owned(), m)?;
        let oid = form.need("oid", m).and_then(|oid| oid.oid(m));
        let next = form.take("next").and_then(|next| next.flag(m)).unwrap_or(false);
        let value = form.take("value");
        let op = form.need("op", m).and_then(|op| {
            let word = op.text(m)?;
            let mut value = || {
                if value.is_none() {
                    op.say(m, format!("op = \"{word}\" needs `value`"));
                }
                value.as_ref()
            };
            Some(match word {
                "exists" => Op::Exists,
                "absent" => Op::Absent,
                "eq" => match value()?.raw_whole() {
                    Some(number) => Op::Number(number.into()),
                    None => Op::Equals(value()?.text(m)?.as_bytes().to_vec()),
                },
                "prefix" => Op::Prefix(value()?.text(m)?.as_bytes().to_vec()),
                "contains" => Op::Contains(value()?.text(m)?.as_bytes().to_vec()),
                "regex" => Op::Matches(value()?.regex(m)?),
                _ => {
                    op.wrong(m, "one of exists, absent, eq, prefix, contains, regex");
                    return None;
                }
            })
        });
        form.close(&mut self.m);
        Some(Probe { oid: oid?, next, op: op? })
    }

    pub(super) fn manners(&mut self, field: &Field<'_>) -> Manners {
        let m = &mut self.m;
        let mut manners = Manners::default();
        let Some(mut form) = field.named_form("[session]".to_owned(), m) else { return manners };
        let timeouts = Duration::from_millis(100)..=Duration::from_secs(30);
        let small = |field: &Field<'_>, m: &mut Mistakes<'_>, range| {
            field.size(m, range).and_then(|number| u32::try_from(number).ok())
        };
        if let Some(bulk) = form.take("bulk").and_then(|field| field.flag(m)) {
            manners.bulk = bulk;
        }
        if let Some(repetitions) = form.take("max_repetitions").and_then(|field| small(&field, m, 1..=100)) {
            manners.max_repetitions = repetitions;
        }
        if let Some(varbinds) = form.take("max_varbinds").and_then(|field| field.size(m, 1..=64)) {
            manners.max_varbinds = varbinds;
        }
        if let Some(timeout) = form.take("timeout").and_then(|field| field.duration(m, timeouts)) {
            manners.timeout = timeout;
        }
        if let Some(retries) = form.take("retries").and_then(|field| small(&field, m, 0..=10)) {
            manners.retries = retries;
        }
        if let Some(field) = form.take("reply_from") {
            match field.raw_text() {
                Some("same") => {}
                Some("any") => manners.reply_from = ReplyFrom::Any,
                _ => field.wrong(m, "same or any"),
            }
        }
        if let Some(field) = form.take("never_read") {
            manners.never_read = field.list(m).iter().filter_map(|oid| oid.oid(m)).collect();
        }
        limits(&mut form, m, &mut self.rows_max, &mut self.unordered);
        form.close(m);
        manners.row_limit = self.rows_max;
        if self.unordered {
            manners.ordering = Ordering::Tolerate;
        }
        manners
    }
}

/// `row_limit` and `ordering`, of all tables or of one.
pub(super) fn limits(form: &mut Form<'_>, m: &mut Mistakes<'_>, rows_max: &mut usize, unordered: &mut bool) {
    if let Some(rows) = form.take("row_limit").and_then(|field| field.size(m, 1..=100_000)) {
        *rows_max = rows;
    }
    if let Some(field) = form.take("ordering") {
        match field.raw_text() {
            Some("strict") => *unordered = false,
            Some("tolerate") => *unordered = true,
            _ => field.wrong(m, "strict or tolerate"),
        }
    }
}
