//! The part of a profile's file that says what one object is, and the changes made to it.

use super::form::{Form, Mistakes};
use crate::profile::cell::{As, Invalid, Linear, Reading};

/// `as`, and the changes of a value.
pub(super) fn reading(form: &mut Form<'_>, m: &mut Mistakes<'_>) -> Reading {
    let kind = form.take("as");
    let word = kind.as_ref().and_then(|kind| kind.text(m)).unwrap_or("any");
    let (map, other) = (form.take("map"), form.take("other"));
    if let Some(stray) = map.as_ref().or(other.as_ref()).filter(|_| word != "enum") {
        stray.say(m, format!("`{}` is for as = \"enum\"", stray.name));
    }
    let plain = |word: &str| {
        Some(match word {
            "any" if kind.is_none() => As::Any,
            "gauge" | "int" => As::Gauge,
            "counter32" => As::Counter { wide: false },
            "counter64" => As::Counter { wide: true },
            "text_int" => As::TextInt,
            "text_float" => As::TextFloat,
            "ticks" => As::Ticks,
            "frequency" => As::Frequency,
            "truth" => As::Enum {
                map: [("1", "true"), ("2", "false")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
                other: None,
            },
            "text" => As::Text,
            "ssid" | "octets" => As::Octets,
            "mac" => As::Mac,
            "ip4" => As::Ip4,
            "oid" => As::Oid,
            _ => return None,
        })
    };
    let kind = match (word, &kind) {
        ("enum", Some(field)) => {
            if map.is_none() {
                field.say(m, "as = \"enum\" needs `map`, such as { 1 = \"up\", 2 = \"down\" }");
            }
            let map = map.map_or_else(Vec::new, |map| map.entries(m));
            let map = map.iter().filter_map(|(key, _, word)| Some(((*key).to_owned(), word.text(m)?.to_owned())));
            let map = map.collect::<Vec<_>>();
            let other = other.and_then(|other| other.text(m).map(str::to_owned));
            As::Enum { map: map.into_iter().collect(), other }
        }
        (word, field) => plain(word).unwrap_or_else(|| {
            if let Some(field) = field.as_ref().filter(|field| field.raw_text().is_some()) {
                field.wrong(m, "one of gauge, int, counter32, counter64, text_int, text_float, ticks, frequency, enum, truth, text, ssid, octets, mac, ip4, oid");
            }
            As::Any
        }),
    };
    let mut reading = Reading::of(kind);
    reading.regex = form.take("regex").and_then(|regex| {
        if !matches!(reading.kind, As::Any | As::Text | As::TextInt | As::TextFloat | As::Enum { .. }) {
            regex.say(m, format!("`regex` takes a part of text, and as = \"{word}\" is none"));
        }
        regex.regex(m)
    });
    if let Some(invalid) = form.take("invalid") {
        let values = invalid.one_or_list();
        reading.invalid = values
            .iter()
            .filter_map(|value| match (value.raw_text(), value.raw_number()) {
                (Some(text), _) => Some(Invalid::Text(text.to_owned())),
                (None, Some(number)) => Some(Invalid::Number(number)),
                (None, None) => {
                    value.wrong(m, "a number or a text that means: not known");
                    None
                }
            })
            .collect();
    }
    let mask = form.take("bitand");
    let numeric = reading.is_number() && !reading.is_counter();
    if let Some(field) = mask.as_ref().filter(|_| !numeric) {
        field.say(m, "`bitand` changes numbers that are no counters only");
    }
    reading.bitand = mask.and_then(|mask| mask.whole(m, 0..=u32::MAX.into())).and_then(|mask| u32::try_from(mask).ok());
    reading.linear = linear(form, numeric, m);
    reading
}

/// `mul`, `add`, `clamp`.
pub(super) fn linear(form: &mut Form<'_>, numeric: bool, m: &mut Mistakes<'_>) -> Linear {
    let (mul, add, clamp) = (form.take("mul"), form.take("add"), form.take("clamp"));
    for field in [&mul, &add, &clamp].into_iter().flatten().filter(|_| !numeric) {
        field.say(m, format!("`{}` changes numbers that are no counters only", field.name));
    }
    let clamp = clamp.and_then(|clamp| match clamp.list(m).as_slice() {
        [least, most] => {
            let range = least.number(m).zip(most.number(m))?;
            if range.0 > range.1 {
                clamp.say(m, "`clamp`: expected [least, most], found them the other way round");
                return None;
            }
            Some(range)
        }
        _ => {
            clamp.wrong(m, "[least, most]");
            None
        }
    });
    Linear { mul: mul.and_then(|mul| mul.number(m)), add: add.and_then(|add| add.number(m)), clamp }
}
