//! A profile's file as a whole: head, match rules, manners and tables; then everything is put together and proven.

mod device;
mod flip;
pub(super) mod form;
mod metric;
mod reading;
mod readings;
mod table;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;

use form::{Field, Form, Mistakes, ProfileErrors, nearest};
use toml::de::{DeTable, DeValue};

use super::manners::Manners;
use super::source::Object;
use super::table::Table;
use super::template::TemplateError;
use super::{Evidence, Plan, Profile, TablePlan};
use crate::oid::Oid;

/// Largest file: the longest shipped one has 12 KiB.
const FILE_MAX: usize = 256 << 10;

/// A profile while it is being read.
struct Draft<'a> {
    m: Mistakes<'a>,
    tables: Vec<Table>,
    objects: Vec<Object>,
    never_read: Vec<Oid>,
    words: BTreeSet<String>,
    /// For tables that say nothing themselves.
    rows_max: usize,
    unordered: bool,
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
        rows_max: Manners::default().row_limit,
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
        let manners = form.take("session").map_or_else(Manners::default, |session| self.manners(&session));
        self.never_read.clone_from(&manners.never_read);
        if let Some(tables) = form.take("table") {
            self.tables(&tables);
        }
        let identity = form.take("identity");
        let identity = self.identity(identity.as_ref());
        let networks = form.take("network").map_or_else(Vec::new, |field| self.networks(&field));
        let mut soonest = self.tables_in_use();
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
            chosen.variables = flips.iter().flat_map(flip::variables).collect();
            let table = &mut self.tables[chosen.table];
            let places: Vec<usize> = chosen.variables.iter().filter_map(|name| table.find(name)).collect();
            places.into_iter().for_each(|place| table.use_place(place));
            soonest.insert(chosen.table);
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
            plan: Arc::new(self.plan(&soonest)),
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

    fn tables_in_use(&self) -> BTreeSet<usize> {
        let in_use = |table: &Table| table.columns.iter().any(|column| column.used);
        self.tables.iter().enumerate().filter(|(_, table)| in_use(table)).map(|(at, _)| at).collect()
    }

    /// What says whether a network is on the air comes first: a line that loses much may bring nothing behind it.
    fn plan(&self, soonest: &BTreeSet<usize>) -> Plan {
        let get: BTreeSet<Oid> = self.objects.iter().map(|object| object.oid.clone()).collect();
        let mut order: Vec<usize> = (0..self.tables.len()).collect();
        order.sort_by_key(|at| !soonest.contains(at));
        let tables = order.into_iter().filter_map(|at| {
            let table = &self.tables[at];
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
fn never<'a>(never_read: &'a [Oid], oid: &Oid) -> Option<&'a Oid> {
    never_read.iter().find(|never| oid.is_within(never) || never.is_within(oid))
}

/// `; did you mean ...?`, or what there is.
fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; known: {}", known.join(", ")),
    }
}

/// A template's error at a field.
fn say_template(field: &Field<'_>, error: &TemplateError, m: &mut Mistakes<'_>) {
    field.say(m, format!("`{}`: {error}", field.name));
}

/// Whether a field is a table of its own.
fn is_table(field: &Field<'_>) -> bool {
    matches!(field.value.get_ref(), DeValue::Table(_))
}
