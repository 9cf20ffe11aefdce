//! The SNMP tables: `[snmp]`, the credentials and the devices, and which access points each device is or speaks for.

mod credentials;
mod device;
mod fit;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hirake_snmp::device::DeviceAp;

use super::desk::{Desk, Found, quoted};
use super::house::socket;
use super::nearest::nearest;
use super::table::Table;
use super::town::ApTable;

pub use credentials::{SnmpCredentials, SnmpUser};

/// How often each device is polled, where the file does not say: twice within the 30 s after which an AP is silent.
pub const INTERVAL_S: u32 = 15;
/// The same in disaster and drill, where the file does not say.
pub const HURRY_INTERVAL_S: u32 = 5;
/// The longest interval: with the 10 s that a poll may take in all, 20 s stay within the 30 s of silence.
pub const INTERVAL_MAX_S: u32 = 20;
/// Most addresses our own notifications go to: a town has one monitoring, or an old and a new one, and its prefecture's.
pub const NOTIFY_MAX: usize = 8;

const CREDENTIALS_ALLOWED: &str = "the NAME of a [snmp-credentials.NAME]";

/// Everything the file says of SNMP. Secrets are still the files they are in: one that cannot be read stops no start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpConfig {
    /// Where traps and informs are heard; none: they are not.
    pub traps: Option<SocketAddr>,
    /// The folder with the town's own profiles; none: the shipped ones only.
    pub profiles: Option<PathBuf>,
    /// How often each device is polled.
    pub interval: Duration,
    /// How often in disaster and drill.
    pub hurry_interval: Duration,
    /// Where we answer SNMP ourselves, read-only; none: nowhere.
    pub agent: Option<SnmpAgent>,
    /// Where our own notifications go; none: nowhere.
    pub notify: Option<SnmpNotify>,
    /// The devices that an access point names.
    pub devices: Vec<SnmpDevice>,
}

impl Default for SnmpConfig {
    fn default() -> Self {
        let seconds = |count: u32| Duration::from_secs(u64::from(count));
        Self {
            traps: None,
            profiles: None,
            interval: seconds(INTERVAL_S),
            hurry_interval: seconds(HURRY_INTERVAL_S),
            agent: None,
            notify: None,
            devices: Vec::new(),
        }
    }
}

/// Hirake as an SNMP agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpAgent {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Who may read; at least one.
    pub readers: Vec<SnmpCredentials>,
}

/// Our own notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpNotify {
    /// Where they go; at least one.
    pub to: Vec<SocketAddr>,
    /// With what.
    pub with: SnmpCredentials,
    /// Informs, sent again until they are acknowledged, in place of traps.
    pub inform: bool,
}

/// One SNMP agent in the town as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnmpDevice {
    /// The town's name for it.
    pub id: String,
    /// Where it is.
    pub address: SocketAddr,
    /// Its profile's id; none: found out by asking.
    pub profile: Option<String>,
    /// To read with.
    pub read: SnmpCredentials,
    /// To write with; none: watched, never flipped.
    pub write: Option<SnmpCredentials>,
    /// SNMPv3 contextName; mostly empty.
    pub context: String,
    /// `${ap.NAME}` of its profile.
    pub words: BTreeMap<String, String>,
    /// The access points it is or speaks for; at least one.
    pub aps: Vec<DeviceAp>,
}

/// Reads all of it; `None` where something is to be mended.
pub(super) fn read(desk: &mut Desk<'_>, root: &Table<'_, '_>, aps: &[Found<ApTable>]) -> Option<SnmpConfig> {
    let mut known = credentials::read(desk, root);
    let config = settings(desk, root, &mut known);
    let mut devices = device::read(desk, root, &mut known);
    device::assign(desk, &mut devices, aps);
    known.finish(desk);
    fit::look(desk, config.as_ref().unwrap_or(&SnmpConfig::default()), &devices);
    let devices = devices.into_iter().filter_map(device::Reading::finish).collect();
    Some(SnmpConfig { devices, ..config? })
}

/// The table `[snmp]`.
fn settings(desk: &mut Desk<'_>, root: &Table<'_, '_>, known: &mut credentials::Known) -> Option<SnmpConfig> {
    let default = SnmpConfig::default();
    let Some(table) = root.table(desk, "snmp", "snmp") else {
        return (!root.has("snmp")).then_some(default);
    };
    let traps = socket(desk, &table, "traps");
    let profiles = table.path(desk, "profiles").map(|found| found.is);
    let seconds =
        |found: Option<Found<u32>>, default| found.map_or(default, |found| Duration::from_secs(u64::from(found.is)));
    let most = INTERVAL_MAX_S;
    let interval = table.number(desk, "interval-s", (5, most), ": an AP not heard for 30 s is silent");
    let hurry = table.number(desk, "hurry-interval-s", (2, most), ": an AP not heard for 30 s is silent");
    let (interval, hurry_interval) = (
        seconds(interval, default.interval),
        seconds(hurry, default.hurry_interval.min(seconds(interval, default.interval))),
    );
    if hurry_interval > interval {
        let what = format!(
            "snmp: hurry-interval-s is longer than interval-s ({} s); expected at most as long: it is for disasters",
            interval.as_secs()
        );
        desk.complain(table.place("hurry-interval-s"), what);
    }
    let agent = own_agent(desk, &table, known);
    let notify = notifications(desk, &table, known);
    if let (Some(traps), Some(agent)) = (traps, &agent)
        && traps.port() == agent.listen.port()
        && (traps.ip() == agent.listen.ip() || traps.ip().is_unspecified() || agent.listen.ip().is_unspecified())
    {
        let line = desk.line(table.place("traps"));
        let port = traps.port();
        desk.complain(
            table.place("agent"),
            format!("snmp: agent has the port {port} of traps on line {line}; expected another"),
        );
    }
    table.finish(desk);
    Some(SnmpConfig { traps, profiles, interval, hurry_interval, agent, notify, devices: Vec::new() })
}

fn own_agent(desk: &mut Desk<'_>, table: &Table<'_, '_>, known: &mut credentials::Known) -> Option<SnmpAgent> {
    let names = texts(desk, table, "agent-credentials", &format!("a list, each {CREDENTIALS_ALLOWED}"));
    let readers: Vec<SnmpCredentials> =
        names.iter().filter_map(|name| known.modern(desk, "snmp: agent-credentials", name)).collect();
    both(desk, table, "agent", "agent-credentials", "who may read us");
    if table.has("agent-credentials") && table.lists_nothing("agent-credentials") {
        table.refuse(desk, "agent-credentials", "at least one name");
    }
    Some(SnmpAgent { listen: socket(desk, table, "agent")?, readers })
}

fn notifications(desk: &mut Desk<'_>, table: &Table<'_, '_>, known: &mut credentials::Known) -> Option<SnmpNotify> {
    const TO_ALLOWED: &str = "a list of ADDRESS:PORT in figures, such as \"192.0.2.9:162\"";
    let mut to = Vec::new();
    for text in texts(desk, table, "notify", TO_ALLOWED) {
        match text.is.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 => to.push(address),
            _ => desk.complain(text.at, format!("snmp: notify has {}; expected {TO_ALLOWED}", quoted(text.is))),
        }
    }
    if to.len() > NOTIFY_MAX {
        table.refuse(desk, "notify", &format!("at most {NOTIFY_MAX} addresses"));
    }
    let kind = table.word(desk, "notify-kind", &[("trap", false), ("inform", true)]);
    if table.has("notify-kind") && !table.has("notify") {
        desk.miss(table.place("notify-kind"), "snmp: notify-kind without notify; expected both or neither");
    }
    both(desk, table, "notify", "notify-credentials", "what our notifications are sent with");
    let with = table
        .text(desk, "notify-credentials", CREDENTIALS_ALLOWED)
        .and_then(|name| known.modern(desk, "snmp: notify-credentials", &name))?;
    (!to.is_empty()).then(|| SnmpNotify { to, with, inform: kind.is_some_and(|kind| kind.is) })
}

/// Complains where one of two keys that belong together is absent.
fn both(desk: &mut Desk<'_>, table: &Table<'_, '_>, one: &'static str, other: &'static str, which: &str) {
    match (table.has(one), table.has(other)) {
        (true, false) => desk.miss(table.place(one), format!("snmp: {one} without {other} ({which}); expected both")),
        (false, true) => {
            desk.miss(table.place(other), format!("snmp: {other} without {one}; expected both or neither"));
        }
        _ => {}
    }
}

/// A list of texts.
fn texts<'t>(desk: &mut Desk<'_>, table: &Table<'t, '_>, key: &'static str, allowed: &str) -> Vec<Found<&'t str>> {
    let Some(value) = table.value(key) else { return Vec::new() };
    let Some(list) = value.get_ref().as_array() else {
        table.refuse(desk, key, allowed);
        return Vec::new();
    };
    let mut texts = Vec::new();
    for item in list.iter() {
        match item.get_ref().as_str() {
            Some(is) => texts.push(Found { at: item.span().start, is }),
            None => {
                let found = super::table::shown(item.get_ref());
                desk.complain(item.span().start, format!("snmp: {key} has {found}; expected {allowed}"));
            }
        }
    }
    texts
}

/// `did you mean "x"?`, or what would do.
fn hint(typed: &str, known: &[&str], else_expected: &str) -> String {
    match nearest(typed, known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("expected {else_expected}"),
    }
}

#[cfg(test)]
mod tests {
    use hirake_snmp::credentials::{Auth, Privacy};
    use hirake_snmp::device::Role;

    use super::*;
    use crate::config::{Complaints, Config};
    use crate::core::inventory::Managed;

    const TOWN: &str = r#"
town = { id = "shiomi", name = "汐見町" }
[[facility]]
id = "gym"
name = "体育館"
shelter = true
[[ap]]
id = "gym-1"
facility = "gym"
name = "東"
managed = "snmp"
device = "wlc-1"
device-ap = "east"
[[ap]]
id = "gym-2"
facility = "gym"
name = "西"
managed = "agent"
device = "wlc-1"
device-ap = "west"
[snmp]
interval-s = 10
traps = "0.0.0.0:162"
[snmp-credentials.reader]
version = "2c"
community-file = "/etc/hirake/snmp-community"
[snmp-credentials.writer]
version = "3"
user = "hirake"
auth = "sha-512"
auth-password-file = "/etc/hirake/snmp-auth"
priv = "aes-256-cisco"
priv-password-file = "/etc/hirake/snmp-priv"
[[snmp-device]]
id = "wlc-1"
address = "2001:db8::10"
read = "reader"
write = "writer"
"#;

    fn read(text: &str) -> Result<Config, Complaints> {
        Config::parse("controller.toml", text.as_bytes())
    }

    #[test]
    fn a_device_has_its_credentials_and_each_of_its_aps_its_role() {
        let config = read(TOWN).expect("right");
        assert_eq!(config.inventory.aps[0].managed, Managed::Snmp);
        assert!(!config.inventory.aps[0].witness && config.inventory.aps[1].witness);
        let device = &config.snmp.devices[0];
        assert_eq!(device.address, "[2001:db8::10]:161".parse().expect("valid"), "the port of the protocol");
        assert_eq!(device.read, SnmpCredentials::V2c("/etc/hirake/snmp-community".into()));
        let writer = SnmpUser {
            name: "hirake".to_owned(),
            auth: Some((Auth::Sha512, "/etc/hirake/snmp-auth".into())),
            privacy: Some((Privacy::Aes256Cisco, "/etc/hirake/snmp-priv".into())),
        };
        assert_eq!(device.write, Some(SnmpCredentials::V3(writer)));
        let aps: Vec<_> = device.aps.iter().map(|ap| (ap.key.as_deref(), ap.role)).collect();
        assert_eq!(aps, [(Some("east"), Role::Flip), (Some("west"), Role::Witness)]);
        assert_eq!((config.snmp.interval.as_secs(), config.snmp.hurry_interval.as_secs()), (10, 5));
        assert!(config.snmp.agent.is_none() && config.snmp.notify.is_none());
    }

    #[test]
    fn a_profile_that_is_not_there_or_asks_for_more_stops_no_start() {
        // A folder that lost a file, or a newer release whose profile needs another word: the key must work all the same.
        for (profile, why) in
            [("of-the-town", "no profile \"of-the-town\""), ("mikrotik-routeros", "must be told more")]
        {
            let text = TOWN.replace("read = \"reader\"", &format!("read = \"reader\"\nprofile = \"{profile}\""));
            let config = read(&text).expect("taken");
            assert_eq!(config.snmp.devices[0].profile.as_deref(), Some(profile));
            assert!(config.amiss.len() == 1 && config.amiss[0].what.contains(why), "{:?}", config.amiss);
            // Where there is something to mend at the desk, it is one of the complaints.
            let complaints = read(&text.replace("interval-s = 10", "interval-s = 1")).expect_err("refused").complaints;
            assert!(complaints.len() == 2 && complaints.iter().any(|it| it.what.contains(why)), "{complaints:?}");
        }
        assert_eq!(read(TOWN).expect("right").amiss, []);
    }

    /// Nothing of it stops a start, and each is worth a look.
    #[test]
    fn what_works_over_snmp_and_is_doubtful_is_noted() {
        let notes = |text: &str| {
            let notes = read(text).expect("right").notes;
            notes.into_iter().map(|note| note.what).collect::<Vec<_>>().join("\n")
        };
        let weak = notes(&TOWN.replace("write = \"writer\"", "write = \"reader\""));
        assert!(weak.contains("snmp-device \"wlc-1\": writes with less than authPriv (a community crosses"), "{weak}");
        assert!(weak.contains("snmp-credentials \"writer\": nobody names them"), "{weak}");
        let watched = notes(&TOWN.replace("write = \"writer\"", ""));
        assert!(watched.contains("ap \"gym-1\": device \"wlc-1\" has no write credentials"), "{watched}");
        let idle =
            notes(&format!("{TOWN}[[snmp-device]]\nid = \"spare\"\naddress = \"192.0.2.1\"\nread = \"reader\"\n"));
        assert!(idle.contains("snmp-device \"spare\": no [[ap]] names it; it is not asked"), "{idle}");
        let unable = notes(&TOWN.replace("read = \"reader\"", "read = \"reader\"\nprofile = \"generic-dot11\""));
        assert!(unable.contains("profile \"generic-dot11\" cannot flip"), "{unable}");
    }
}
