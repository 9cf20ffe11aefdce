//! The radio plans: what the radios of access points are to look like, proven by `firmware_config`, complaints placed.

mod form;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use firmware_config::ap_config::{self, ApConfig};
use firmware_config::ident::{ApId, FacilityId, TownId};
use firmware_config::path::FilePath;
use firmware_config::wish::{BrokerWish, KeyWish, Places, RadioWish, ScanWish, Wish};
use toml::de::{DeTable, DeValue};

use super::BrokerConfig;
use super::desk::{Desk, Found, quoted};
use super::house::exposed;
use super::nearest::nearest;
use super::table::Table;
use super::town::ApTable;
use form::Form;

/// Most radio plans of one file: towns have one for each kind of AP.
pub const PLANS_MAX: usize = 100;
/// Longest file of a secret: a passphrase is at most 64 characters.
const SECRET_FILE_MAX_BYTES: u64 = 1_024;
/// Stands in for a passphrase that is not on this machine: it has the right form and is never rendered.
const ELSEWHERE: &str = "not on this machine";

/// The plan of each name, as written down, and where its parts stand in the file.
pub(super) type Plans<'t, 'i> = BTreeMap<&'t str, Plan<'t, 'i>>;

/// One plan.
pub(super) struct Plan<'t, 'i> {
    at: usize,
    map: &'t DeTable<'i>,
    what: String,
    broker: BrokerWish,
    places: Places,
    radios: Vec<RadioWish>,
    scan: ScanWish,
    /// Fields that have been complained of already, as paths: `radio[0].phy`.
    said: BTreeSet<String>,
}

/// Reads every plan, and says of each all that speaks against it.
pub(super) fn read<'t, 'i>(desk: &mut Desk<'_>, root: &Table<'t, 'i>, broker: Option<&BrokerConfig>) -> Plans<'t, 'i> {
    let mut plans = BTreeMap::new();
    let Some(table) = root.table(desk, "radio-plan", "radio-plan") else { return plans };
    let tables = table.named_tables(desk, "radio-plan");
    if let Some((name, _)) = tables.get(PLANS_MAX) {
        desk.complain(name.at, format!("{} radio plans; expected at most {PLANS_MAX}", tables.len()));
    }
    for (name, table) in tables.into_iter().take(PLANS_MAX) {
        let plan = Plan::read(desk, name.at, &table);
        let _ = plan.prove(desk, ("town", "facility", "ap"), None, true);
        plan.beside(desk, broker);
        plans.insert(name.is, plan);
    }
    plans
}

/// Says which access points name a plan that is not there, and which plan nobody names.
pub(super) fn assign(desk: &mut Desk<'_>, plans: &Plans<'_, '_>, aps: &[Found<ApTable>]) {
    let names: Vec<&str> = plans.keys().copied().collect();
    for ap in aps {
        let Some(radio) = &ap.is.radio else { continue };
        if plans.contains_key(radio.is.as_str()) {
            continue;
        }
        let hint = match nearest(&radio.is, &names) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "expected the NAME of a [radio-plan.NAME] of this file".to_owned(),
        };
        desk.miss(radio.at, format!("ap \"{}\": no radio plan {}; {hint}", ap.is.ap.id, quoted(&radio.is)));
    }
    for (name, plan) in plans {
        if desk.is_clean() && !aps.iter().any(|ap| ap.is.radio.as_ref().is_some_and(|radio| radio.is == *name)) {
            desk.note(plan.at, format!("{}: no [[ap]] names it", plan.what));
        }
    }
}

/// The proven configuration of one access point, secrets and all; none where it is not there or has no plan.
pub(super) fn prove_ap(
    desk: &mut Desk<'_>,
    plans: &Plans<'_, '_>,
    aps: &[Found<ApTable>],
    (town, ap): (&TownId, &ApId),
) -> Option<ApConfig> {
    let found = aps.iter().find(|known| known.is.ap.id == *ap)?;
    let plan = plans.get(found.is.radio.as_ref()?.is.as_str())?;
    let facility: &FacilityId = &found.is.ap.facility;
    plan.prove(desk, (town.as_str(), facility.as_str(), ap.as_str()), found.is.key.clone(), false)
}

impl<'t, 'i> Plan<'t, 'i> {
    fn read(desk: &mut Desk<'_>, at: usize, table: &Table<'t, 'i>) -> Self {
        let mut form = Form { desk, said: BTreeSet::new() };
        let broker = form.broker(table);
        let places = form.places(table);
        let radios = (form.tables(table, "radio", "").into_iter().enumerate())
            .map(|(n, radio)| form.radio(&radio, &format!("radio[{n}]")))
            .collect();
        let scan = form.scan(table);
        table.finish(form.desk);
        let said = form.said;
        Self { at, map: table.map(), what: table.what.clone(), broker, places, radios, scan, said }
    }

    /// Hands the plan to `firmware_config`; its complaints are put where they belong. `rehearsed`: secrets that are
    /// not on this machine are passed over, since the plan is only looked at and not rendered.
    fn prove(
        &self,
        desk: &mut Desk<'_>,
        ids: (&str, &str, &str),
        key: Option<KeyWish>,
        rehearsed: bool,
    ) -> Option<ApConfig> {
        let wish = Wish {
            town: ids.0.to_owned(),
            facility: ids.1.to_owned(),
            ap: ids.2.to_owned(),
            broker: self.broker.clone(),
            places: self.places.clone(),
            key,
            radios: self.radios.clone(),
            scan: self.scan.clone(),
        };
        let secret = |path: &FilePath| match read_secret(Path::new(path.as_str())) {
            Err(_) if rehearsed => Ok(ELSEWHERE.to_owned()),
            read => read,
        };
        let complaints = match ap_config::check(&wish, secret) {
            Ok(config) => return self.said.is_empty().then_some(config),
            Err(complaints) => complaints,
        };
        for complaint in complaints {
            if self.said.contains(&complaint.at) {
                continue;
            }
            let last = complaint.at.rsplit('.').next().unwrap_or_default();
            let field = last.split('[').next().unwrap_or_default();
            let text = match &complaint.objection {
                Some(objection) => format!("{objection} / {}", objection.words_ja()),
                None => {
                    format!("found {}; expected {}", complaint.found, self.with_lines(desk, &complaint.allowed))
                }
            };
            desk.complain(self.place(&complaint.at), format!("{}: {field}: {text}", self.what));
        }
        None
    }

    /// Other fields named in a complaint are named by their line.
    fn with_lines(&self, desk: &Desk<'_>, text: &str) -> String {
        let word = |word: &str| match word.starts_with("radio[") {
            true => format!("line {}", desk.line(self.place(word))),
            false => word.to_owned(),
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    /// Where a field stands, as deep as the file has it.
    fn place(&self, path: &str) -> usize {
        let mut at = self.at;
        let mut here: Option<&DeValue<'_>> = None;
        for part in path.split('.') {
            let (key, index) = match part.split_once('[') {
                Some((key, index)) => (key, index.trim_end_matches(']').parse::<usize>().ok()),
                None => (part, None),
            };
            let next = match here {
                None => self.map.get(key),
                Some(value) => value.get(key),
            };
            let next = next.and_then(|value| match index {
                Some(index) => value.get_ref().get(index),
                None => Some(value),
            });
            let Some(next) = next else { return at };
            at = next.span().start;
            here = Some(next.get_ref());
        }
        at
    }

    /// What does not fit the rest of the file, and secrets lying open.
    fn beside(&self, desk: &mut Desk<'_>, broker: Option<&BrokerConfig>) {
        if let Some(BrokerConfig::Inside { listen, agents_password_file }) = broker {
            if listen.port() != self.broker.port && !self.said.contains("broker.port") {
                let what = format!(
                    "{}: sends agents to port {}, but the broker inside listens on port {}",
                    self.what,
                    self.broker.port,
                    listen.port()
                );
                desk.note(self.place("broker.port"), what);
            }
            if agents_password_file.is_some() && self.broker.password_file.is_none() {
                let what = "gives agents no password-file, but the broker inside asks for a password";
                desk.note(self.place("broker"), format!("{}: {what}", self.what));
            }
        }
        for (n, radio) in self.radios.iter().enumerate() {
            for (m, network) in radio.networks.iter().enumerate() {
                let Some(file) = network.passphrase_file.as_deref().filter(|file| file.starts_with('/')) else {
                    continue;
                };
                let at = self.place(&format!("radio[{n}].network[{m}].passphrase-file"));
                let what = format!("{}: passphrase-file", self.what);
                if Path::new(file).exists() {
                    exposed(desk, at, &what, Path::new(file));
                } else {
                    desk.note(at, format!("{what} {} cannot be seen from here; hirake render needs it", quoted(file)));
                }
            }
        }
    }
}

/// The text of a file with one secret in it.
///
/// # Errors
/// It cannot be read, or is too long to be one; in words, without what is in it.
fn read_secret(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("{} ({error})", path.display()))?;
    let mut text = String::new();
    let read = file.take(SECRET_FILE_MAX_BYTES + 1).read_to_string(&mut text);
    match read {
        Err(error) => Err(format!("{} ({error})", path.display())),
        Ok(length) if length as u64 > SECRET_FILE_MAX_BYTES => {
            Err(format!("{} (more than {SECRET_FILE_MAX_BYTES} bytes)", path.display()))
        }
        Ok(_) => Ok(text),
    }
}
