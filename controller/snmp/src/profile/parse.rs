//! A profile's file as a whole: head, match rules, manners and tables; then everything is put together and proven.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::cell::{As, Invalid, Linear, Reading};
use super::form::{Field, Form, Mistakes, ProfileErrors, is_name, nearest};
use super::library::{Op, Probe, Rule};
use super::manners::ReplyFrom;
use super::source::Object;
use super::table::{Column, IndexPart, Shape, Table};
use super::template::TemplateError;
use super::{Evidence, Manners, Plan, Profile, TablePlan};
use crate::oid::Oid;

/// Largest file: the longest shipped one has 12 KiB.
const FILE_MAX: usize = 256 << 10;
/// Tables of one profile, columns of one table, index parts; the largest platforms need 12, 14 and 3.
const TABLES_MAX: usize = 40;
const COLUMNS_MAX: usize = 40;
const INDEX_MAX: usize = 8;
/// Rows after which a table counts as endless, unless said: 1,000 APs with 5 rows each.
const ROWS: usize = 5_000;

/// A profile while it is being read.
pub(super) struct Draft<'a> {
    pub(super) m: Mistakes<'a>,
    pub(super) tables: Vec<Table>,
    pub(super) objects: Vec<Object>,
    pub(super) never_read: Vec<Oid>,
    pub(super) words: BTreeSet<String>,
    /// For tables that say nothing themselves.
    pub(super) rows_max: usize,
    pub(super) unordered: bool,
}

pub(super) fn profile(name: &str, text: &str) -> Result<Profile, ProfileErrors> {
    let mut m = Mistakes::of(text);
    if text.len() > FILE_MAX {
        m.at(0, format!("a file of {} octets; a profile has at most {FILE_MAX}", text.len()));
        return Err(m.into_errors(name));
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        m.at(error.span().map_or(0, |span| span.start), error.message());
    }
    if !m.none() {
        return Err(m.into_errors(name));
    }
    let mut draft = Draft {
        m,
        tables: Vec::new(),
        objects: Vec::new(),
        never_read: Vec::new(),
        words: BTreeSet::new(),
        rows_max: ROWS,
        unordered: false,
    };
    let profile = draft.profile(Form::of("the file", 0, table.get_ref()));
    match profile {
        Some(profile) if draft.m.none() => Ok(profile),
        _ => Err(draft.m.into_errors(name)),
    }
}

impl Draft<'_> {
    fn profile(&mut self, mut form: Form<'_>) -> Option<Profile> {
        let m = &mut self.m;
        if let Some(schema) = form.need("schema", m) {
            schema.whole(m, 1..=1);
        }
        let id = form.need("id", m).and_then(|id| {
            let text = id.text(m)?;
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
                id.wrong(m, "a name of a-z, 0-9 and -");
            }
            Some(text.to_owned())
        });
        let vendor = form.need("vendor", m).and_then(|vendor| vendor.text(m));
        let evidence = form.need("evidence", m).and_then(|evidence| {
            let word = Evidence::from_word(evidence.text(m)?);
            if word.is_none() {
                evidence.wrong(m, "one of mib, dump, lab, field");
            }
            word
        });
        let notes = form.take("notes").map_or_else(Vec::new, |notes| {
            notes.list(m).iter().filter_map(|note| note.text(m).map(str::to_owned)).collect()
        });
        let no_flip = form.take("no_flip").and_then(|why| why.text(m).map(str::to_owned));
        let rules = form.take("match").map_or_else(Vec::new, |rules| self.rules(&rules));
        let mut manners = form.take("session").map_or_else(Manners::default, |session| self.manners(&session));
        // Each table of the plan has a limit of its own.
        manners.row_limit = usize::MAX;
        self.never_read.clone_from(&manners.never_read);
        if let Some(tables) = form.take("table") {
            self.tables(&tables);
        }
        let identity = form.take("identity");
        let identity = self.identity(identity.as_ref());
        let networks = form.take("network").map_or_else(Vec::new, |field| self.networks(&field));
        let radios = form.take("radio").map_or_else(Vec::new, |field| self.radios(&field));
        let managed = form.take("ap").and_then(|field| self.managed(&field));
        let metrics = form.take("metric").map_or_else(Vec::new, |field| self.metrics(&field));
        let chosen = form.take("bss").and_then(|field| self.chosen(&field));
        let flip = form.take("flip");
        let told = networks.iter().any(|network| network.up.is_told());
        let flips = flip.as_ref().and_then(|flip| self.flips(flip, chosen.as_ref(), told));
        match (&flip, &no_flip) {
            (None, None) => self.m.at(0, "needs [flip], or no_flip = \"why it cannot be flipped\""),
            (Some(flip), Some(_)) => flip.say(&mut self.m, "there is a [flip], and no_flip says there is none"),
            _ => {}
        }
        let chosen = chosen.map(|mut chosen| {
            chosen.variables = flips.iter().flat_map(super::parse_flip::variables).collect();
            let table = &mut self.tables[chosen.table];
            let places: Vec<usize> = chosen.variables.iter().filter_map(|name| table.find(name)).collect();
            places.into_iter().for_each(|place| table.use_place(place));
            chosen
        });
        form.close(&mut self.m);
        self.prove_walks();
        Some(Profile {
            id: id?,
            vendor: vendor?.to_owned(),
            evidence: evidence?,
            notes,
            manners,
            flips,
            no_flip,
            words: std::mem::take(&mut self.words),
            rules,
            plan: Arc::new(self.plan()),
            tables: std::mem::take(&mut self.tables),
            objects: std::mem::take(&mut self.objects),
            identity: identity?,
            networks,
            radios,
            managed,
            metrics,
            chosen,
        })
    }

    fn rules(&mut self, field: &Field<'_>) -> Vec<Rule> {
        field.one_or_list().iter().filter_map(|rule| self.rule(rule)).collect()
    }

    fn rule(&mut self, field: &Field<'_>) -> Option<Rule> {
        let m = &mut self.m;
        let mut form = field.named_form("[match]".to_owned(), m)?;
        let prefixes: Vec<Oid> = form.need("sys_object_id", m).map_or_else(Vec::new, |prefixes| {
            prefixes.one_or_list().iter().filter_map(|prefix| prefix.oid(m)).collect()
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

    fn manners(&mut self, field: &Field<'_>) -> Manners {
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
        if let Some(in_flight) = form.take("in_flight").and_then(|field| field.size(m, 1..=8)) {
            manners.in_flight = in_flight;
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
        manners
    }

    fn tables(&mut self, field: &Field<'_>) {
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

    /// No poll walks into what must never be read.
    fn prove_walks(&mut self) {
        for table in &self.tables {
            for column in table.columns.iter().filter(|column| column.used) {
                if let Some(never) = never(&self.never_read, &column.oid) {
                    self.m.at(0, format!("`{}.{}` is below {never}, which is never read", table.name, column.name));
                }
            }
        }
        for object in &self.objects {
            if let Some(never) = never(&self.never_read, &object.oid) {
                self.m.at(0, format!("{} reads {}, below {never}, which is never read", object.name, object.oid));
            }
        }
    }

    fn plan(&self) -> Plan {
        let get: BTreeSet<Oid> = self.objects.iter().map(|object| object.oid.clone()).collect();
        let tables = self.tables.iter().filter_map(|table| {
            let columns: Vec<Oid> =
                table.columns.iter().filter(|column| column.used).map(|column| column.oid.clone()).collect();
            (!columns.is_empty()).then(|| TablePlan {
                name: table.name.clone(),
                columns,
                rows_max: table.rows_max,
                unordered: table.unordered,
            })
        });
        Plan { get: get.into_iter().collect(), tables: tables.collect() }
    }
}

/// What must never be read and would be.
pub(super) fn never<'a>(never_read: &'a [Oid], oid: &Oid) -> Option<&'a Oid> {
    never_read.iter().find(|never| oid.is_within(never) || never.is_within(oid))
}

fn limits(form: &mut Form<'_>, m: &mut Mistakes<'_>, rows_max: &mut usize, unordered: &mut bool) {
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

/// `; did you mean ...?`, or what there is.
pub(super) fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; known: {}", known.join(", ")),
    }
}

/// A template's error at a field.
pub(super) fn say_template(field: &Field<'_>, error: &TemplateError, m: &mut Mistakes<'_>) {
    field.say(m, format!("`{}`: {error}", field.name));
}

/// Whether a field is a table of its own.
pub(super) fn is_table(field: &Field<'_>) -> bool {
    matches!(field.value.get_ref(), DeValue::Table(_))
}
