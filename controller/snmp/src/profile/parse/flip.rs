//! The part of a profile's file that says how it is flipped; proven here, so that nothing is unproven on the day.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::form::{Field, Form};
use super::{Draft, did_you_mean, is_table, never};
use crate::oid::Oid;
use crate::profile::cell::As;
use crate::profile::flip::{Assign, Check, Expect, Flip, Flips, Save, SavePoll, SetValue, Step, Template};
use crate::profile::select::Chosen;
use crate::profile::table::Column;
use crate::trouble::Status;

/// Steps and checks of one way; the longest platform has 8.
const STEPS_MAX: usize = 32;
/// Varbinds of one PDU: 20 of them fit into the smallest datagram an agent must take (484 octets, RFC 3417).
const SET_MAX: usize = 20;
/// For one answer to a SET, unless said: some devices take 3 s.
const TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// Pauses and silences: a radio may wait 60 s for radar, an AP boots in 5 minutes.
const PAUSES: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(300);
const WITHIN: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_secs(2);
const EVERIES: RangeInclusive<Duration> = Duration::from_millis(500)..=Duration::from_secs(60);

/// The variables that the templates of both ways need.
pub(super) fn variables(flips: &Flips) -> Vec<String> {
    let of_assigns = |assigns: &[Assign]| -> Vec<Template> {
        assigns.iter().flat_map(|assign| [Some(assign.oid.clone()), text_of(&assign.value)]).flatten().collect()
    };
    let of_expect = |oid: &Template, expect: &Expect| -> Vec<Template> {
        let octets = if let Expect::Octets(text) = expect { Some(text.clone()) } else { None };
        std::iter::once(oid.clone()).chain(octets).collect()
    };
    let of_flip = |flip: &Flip| {
        let mut templates = Vec::new();
        for step in &flip.steps {
            templates.extend(of_assigns(&step.set));
            step.unless.iter().for_each(|(oid, expect)| templates.extend(of_expect(oid, expect)));
        }
        flip.checks.iter().for_each(|check| templates.extend(of_expect(&check.oid, &check.expect)));
        if let Some(save) = &flip.save {
            save.set.iter().for_each(|set| templates.extend(of_assigns(set)));
            templates.extend(of_assigns(&save.cleanup));
            templates.extend(save.poll.as_ref().map(|poll| poll.oid.clone()));
        }
        templates
    };
    let templates = of_flip(&flips.open).into_iter().chain(of_flip(&flips.close));
    templates.flat_map(|template| template.names().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn text_of(value: &SetValue) -> Option<Template> {
    if let SetValue::Text(text) = value { Some(text.clone()) } else { None }
}

impl Draft<'_> {
    /// `[flip.open]` and `[flip.close]`. `told`: the platform says itself whether a network is on the air.
    pub(super) fn flips(&mut self, field: &Field<'_>, chosen: Option<&Chosen>, told: bool) -> Option<Flips> {
        let mut form = field.named_form("[flip]".to_owned(), &mut self.m)?;
        let mut known: BTreeSet<String> = ["ssid", "rand"].map(str::to_owned).into();
        match chosen {
            Some(chosen) => known.extend(self.tables[chosen.table].names().map(str::to_owned)),
            None => form.say(&mut self.m, "[flip] needs [bss]: which row is the prepared 00000JAPAN"),
        }
        let open = form.need("open", &mut self.m).and_then(|field| self.flip("open", &field, &known, told));
        let close = match form.take("close") {
            Some(field) => self.flip("close", &field, &known, told),
            None => {
                form.say(&mut self.m, "there is a way in and no way back: [flip.open] without [flip.close]");
                None
            }
        };
        form.close(&mut self.m);
        Some(Flips { open: open?, close: close? })
    }

    fn flip(&mut self, way: &str, field: &Field<'_>, known: &BTreeSet<String>, told: bool) -> Option<Flip> {
        let mut form = field.named_form(format!("[flip.{way}]"), &mut self.m)?;
        let steps: Vec<Step> = form.need("step", &mut self.m).map_or_else(Vec::new, |steps| {
            steps.one_or_list().iter().filter_map(|step| self.step(way, step, known)).collect()
        });
        let checks: Vec<Check> = form.take("check").map_or_else(Vec::new, |checks| {
            checks.one_or_list().iter().filter_map(|check| self.check(way, check, known)).collect()
        });
        if steps.len() > STEPS_MAX || checks.len() > STEPS_MAX {
            form.say(&mut self.m, format!("[flip.{way}]: at most {STEPS_MAX} steps and as many checks are possible"));
        }
        if !told && !form.has("check") {
            form.say(
                &mut self.m,
                format!("nothing proves [flip.{way}]: no check, and no [network] says with `up` what is on the air"),
            );
        }
        let save = form.take("save").and_then(|save| self.save(way, &save, known));
        form.close(&mut self.m);
        Some(Flip { steps, checks, save })
    }

    fn step(&mut self, way: &str, field: &Field<'_>, known: &BTreeSet<String>) -> Option<Step> {
        let mut form = field.named_form(format!("[[flip.{way}.step]]"), &mut self.m)?;
        let name = self.step_name(&mut form);
        let unless = form.take("unless").map_or_else(Vec::new, |field| self.unless(&field, known));
        let set = form.need("set", &mut self.m).map_or_else(Vec::new, |set| self.assigns(&set, known));
        let m = &mut self.m;
        let accept = form.take("accept").map_or_else(Vec::new, |accept| {
            let words = accept.list(m);
            let status = |word: &Field<'_>| {
                let status = Status::from_word(word.text(m)?);
                if status.is_none() {
                    word.wrong(m, "an error-status as RFC 3416 writes it, such as inconsistentValue");
                }
                status
            };
            words.iter().filter_map(status).collect()
        });
        let mut pause = |key| form.take(key).and_then(|field| field.duration(m, PAUSES)).unwrap_or_default();
        let (settle, silence) = (pause("settle"), pause("silence"));
        let timeout = form.take("timeout").and_then(|field| field.duration(m, TIMEOUTS)).unwrap_or(TIMEOUT);
        let mut flag = |key| form.take(key).and_then(|field| field.flag(m)).unwrap_or(false);
        let (once, whole_device) = (flag("once"), flag("whole_device"));
        form.close(m);
        Some(Step { name, unless, set, timeout, accept, settle, silence, once, whole_device })
    }

    fn step_name(&mut self, form: &mut Form<'_>) -> String {
        form.need("name", &mut self.m).and_then(|name| name.text(&mut self.m)).unwrap_or_default().to_owned()
    }

    /// `{ "wlan.admin" = "up" }`, or a list of checks.
    fn unless(&mut self, field: &Field<'_>, known: &BTreeSet<String>) -> Vec<(Template, Expect)> {
        if !is_table(field) {
            let list = field.list(&mut self.m);
            let each = list.iter().filter_map(|check| {
                let mut form = check.named_form("`unless`".to_owned(), &mut self.m)?;
                let read = self.expected(&mut form, known);
                form.close(&mut self.m);
                read
            });
            return each.collect();
        }
        let entries = field.entries(&mut self.m);
        let each = entries.into_iter().filter_map(|(name, _, value)| {
            let named = Field { name: name.to_owned(), value: value.value };
            let (oid, column) = self.instance(&named, name, known)?;
            Some((oid, self.expect(&value, Some(&column), known)?))
        });
        each.collect()
    }

    /// A column's name with the chosen row's index behind it.
    fn instance(&mut self, field: &Field<'_>, text: &str, known: &BTreeSet<String>) -> Option<(Template, Column)> {
        let Some((table, name)) = text.split_once('.') else {
            field.say(&mut self.m, format!("`{text}`: expected table.column"));
            return None;
        };
        let table = self.table_at(field, table)?;
        let of = &self.tables[table];
        let Some(column) = of.find(name).and_then(|place| of.column(place)) else {
            let hint = did_you_mean(name, of.columns.iter().map(|column| &*column.name));
            field.say(&mut self.m, format!("`{}` has no column `{name}`{hint}", of.name));
            return None;
        };
        let (template, column) = (of.instance(column), column.clone());
        if let Some(missing) = template.names().find(|name| !known.contains(*name)) {
            let words = format!(
                "`{text}` is not one object for a row of [bss]: its index has `{missing}`, which that row has not"
            );
            field.say(&mut self.m, words);
            return None;
        }
        Some((template, column))
    }

    /// `oid` or `col`.
    fn target(&mut self, form: &mut Form<'_>, known: &BTreeSet<String>) -> Option<(Template, Option<Column>, usize)> {
        match (form.take("oid"), form.take("col")) {
            (Some(oid), None) => {
                let text = oid.text(&mut self.m)?;
                Some((self.template(&oid, text, known, true)?, None, oid.value.span().start))
            }
            (None, Some(col)) => {
                let text = col.text(&mut self.m)?;
                let (template, column) = self.instance(&col, text, known)?;
                Some((template, Some(column), col.value.span().start))
            }
            _ => {
                let name = form.name.clone();
                form.say(&mut self.m, format!("{name} needs `oid` or `col`, one of them"));
                None
            }
        }
    }

    /// What is read and what it must be.
    fn expected(&mut self, form: &mut Form<'_>, known: &BTreeSet<String>) -> Option<(Template, Expect)> {
        let target = self.target(form, known);
        let (eq, eq_text, absent) = (form.take("eq"), form.take("eq_text"), form.take("absent"));
        let (oid, column, place) = target?;
        self.prove_readable(&oid, place);
        let expect = match (eq, eq_text, absent) {
            (Some(eq), None, None) => self.expect(&eq, column.as_ref(), known)?,
            (None, Some(text), None) => {
                let written = text.text(&mut self.m)?;
                Expect::Octets(self.template(&text, written, known, false)?)
            }
            (None, None, Some(absent)) => {
                if absent.flag(&mut self.m) == Some(false) {
                    absent.wrong(&mut self.m, "true");
                }
                Expect::Absent
            }
            _ => {
                let name = form.name.clone();
                form.say(&mut self.m, format!("{name} needs `eq`, `eq_text` or `absent = true`, one of them"));
                return None;
            }
        };
        Some((oid, expect))
    }

    /// A check that can never be read would keep a flip unproven for ever.
    fn prove_readable(&mut self, oid: &Template, place: usize) {
        let literal = oid.to_string();
        let fixed = literal.split("${").next().unwrap_or_default().trim_end_matches('.');
        let Ok(root) = fixed.parse::<Oid>() else { return };
        if let Some(never) = never(&self.never_read, &root).filter(|never| root.is_within(never)) {
            self.m.at(place, format!("{literal} can never be read: it is below {never}, which is never read"));
        }
    }

    /// A number, several, or a word of the column's map.
    fn expect(&mut self, field: &Field<'_>, column: Option<&Column>, known: &BTreeSet<String>) -> Option<Expect> {
        let mut numbers = Vec::new();
        for value in field.one_or_list() {
            let kind = column.map(|column| &column.reading.kind);
            match (value.raw_whole(), value.raw_text(), kind) {
                (Some(number), _, _) => numbers.push(number),
                (None, Some(word), Some(As::Enum { map, .. })) => {
                    let keys: Vec<&String> =
                        map.iter().filter(|(_, known)| *known == word).map(|(key, _)| key).collect();
                    if keys.is_empty() {
                        let hint = did_you_mean(word, map.values().map(String::as_str));
                        value.say(&mut self.m, format!("\"{word}\" is in no map of this column{hint}"));
                        return None;
                    }
                    let mut known_numbers = keys.iter().filter_map(|key| key.parse::<i64>().ok()).peekable();
                    if known_numbers.peek().is_none() {
                        // A device that writes its words out.
                        return Some(Expect::Octets(Template::parse(keys[0]).ok()?));
                    }
                    numbers.extend(known_numbers);
                }
                (None, Some(text), Some(As::Text | As::Octets | As::Any)) => {
                    return Some(Expect::Octets(self.template(&value, text, known, false)?));
                }
                _ => {
                    value.wrong(&mut self.m, "a whole number, or a word of the column's map; text is `eq_text`");
                    return None;
                }
            }
        }
        Some(Expect::Numbers(numbers))
    }

    fn assigns(&mut self, field: &Field<'_>, known: &BTreeSet<String>) -> Vec<Assign> {
        let list = field.list(&mut self.m);
        if list.is_empty() || list.len() > SET_MAX {
            field.say(&mut self.m, format!("`{}`: a SET has 1 to {SET_MAX} values, found {}", field.name, list.len()));
        }
        list.iter().filter_map(|assign| self.assign(assign, known)).collect()
    }

    fn assign(&mut self, field: &Field<'_>, known: &BTreeSet<String>) -> Option<Assign> {
        let mut form = field.named_form("a value of `set`".to_owned(), &mut self.m)?;
        let target = self.target(&mut form, known);
        let (kind, value) = (form.take("as"), form.need("value", &mut self.m));
        form.close(&mut self.m);
        let (oid, column, _) = target?;
        let value = self.set_value(kind.as_ref(), &value?, column.as_ref(), known)?;
        Some(Assign { oid, value })
    }

    fn set_value(
        &mut self,
        kind: Option<&Field<'_>>,
        value: &Field<'_>,
        column: Option<&Column>,
        known: &BTreeSet<String>,
    ) -> Option<SetValue> {
        let kind = match kind {
            Some(kind) => Some(kind.text(&mut self.m)?),
            None => None,
        };
        let integer = |number: i64, draft: &mut Self| {
            let number = i32::try_from(number);
            if number.is_err() {
                value.wrong(&mut draft.m, "an INTEGER from -2147483648 to 2147483647; larger ones are as = \"gauge\"");
            }
            number.ok().map(SetValue::Integer)
        };
        match (kind, value.raw_whole(), value.raw_text()) {
            (None | Some("int"), Some(number), _) => integer(number, self),
            (Some("gauge"), Some(number), _) => {
                let number = u32::try_from(number);
                if number.is_err() {
                    value.wrong(&mut self.m, "a number from 0 to 4294967295");
                }
                number.ok().map(SetValue::Gauge)
            }
            (Some("oid"), _, Some(_)) => value.oid(&mut self.m).map(SetValue::Oid),
            (Some("text"), _, Some(text)) => Some(SetValue::Text(self.template(value, text, known, false)?)),
            (None | Some("int"), None, Some(_))
                if column.is_some_and(|column| matches!(column.reading.kind, As::Enum { .. })) =>
            {
                match self.expect(value, column, known)? {
                    Expect::Numbers(numbers) => match numbers.as_slice() {
                        [number] => integer(*number, self),
                        _ => {
                            value.say(&mut self.m, "several numbers have this word; write the number");
                            None
                        }
                    },
                    Expect::Octets(text) => Some(SetValue::Text(text)),
                    Expect::Absent => None,
                }
            }
            (None, None, Some(text)) => Some(SetValue::Text(self.template(value, text, known, false)?)),
            (Some("int" | "gauge" | "oid" | "text"), _, _) | (None, _, _) => {
                value.wrong(&mut self.m, "a number for int and gauge, a text for text and oid");
                None
            }
            (Some(other), _, _) => {
                value.say(&mut self.m, format!("`as`: expected one of int, gauge, text, oid, found \"{other}\""));
                None
            }
        }
    }

    fn check(&mut self, way: &str, field: &Field<'_>, known: &BTreeSet<String>) -> Option<Check> {
        let mut form = field.named_form(format!("[[flip.{way}.check]]"), &mut self.m)?;
        let name = self.step_name(&mut form);
        let read = self.expected(&mut form, known);
        let (within, every) = self.within(&mut form);
        let text_is_error = form.take("text_is_error").and_then(|field| field.flag(&mut self.m)).unwrap_or(false);
        form.close(&mut self.m);
        let (oid, expect) = read?;
        Some(Check { name, oid, expect, within, every, text_is_error })
    }

    fn within(&mut self, form: &mut Form<'_>) -> (Duration, Duration) {
        let m = &mut self.m;
        let within = form.take("within").and_then(|field| field.duration(m, PAUSES)).unwrap_or(WITHIN);
        let every = form.take("every").and_then(|field| field.duration(m, EVERIES)).unwrap_or(EVERY);
        (within, every)
    }

    fn save(&mut self, way: &str, field: &Field<'_>, known: &BTreeSet<String>) -> Option<Save> {
        let mut form = field.named_form(format!("[flip.{way}.save]"), &mut self.m)?;
        let set = form.need("set", &mut self.m).map_or_else(Vec::new, |set| {
            let list = set.list(&mut self.m);
            if list.first().is_some_and(is_table) {
                vec![self.assigns(&set, known)]
            } else {
                list.iter().map(|set| self.assigns(set, known)).collect()
            }
        });
        let timeout = form.take("timeout").and_then(|field| field.duration(&mut self.m, TIMEOUTS)).unwrap_or(TIMEOUT);
        let poll = form.take("poll").and_then(|poll| {
            let mut form = poll.form(&mut self.m)?;
            let target = self.target(&mut form, known);
            let whole = |field: Field<'_>, draft: &mut Self| field.whole(&mut draft.m, i64::MIN..=i64::MAX);
            let done = form.need("done", &mut self.m).and_then(|field| whole(field, self));
            let fail = form.take("fail").and_then(|field| whole(field, self));
            let (within, every) = self.within(&mut form);
            form.close(&mut self.m);
            let (oid, _, place) = target?;
            self.prove_readable(&oid, place);
            Some(SavePoll { oid, done: done?, fail, within, every })
        });
        let cleanup = form.take("cleanup").map_or_else(Vec::new, |set| self.assigns(&set, known));
        form.close(&mut self.m);
        Some(Save { set, timeout, poll, cleanup })
    }
}
