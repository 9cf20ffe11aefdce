//! An access point of another make: what it radiates and keeps, how it answers SNMP, and the line to it.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::wire::Order;
use hirake_snmp::credentials::{Credentials, Secret};
use hirake_snmp::deputy::{Answer, Deputy, Intervals, Now, Request};
use hirake_snmp::device::{Device, DeviceAp, Role};
use hirake_snmp::oid::Oid;
use hirake_snmp::profile::library::Library;
use hirake_snmp::trouble::{Status, Trouble};
use hirake_snmp::value::{Sheet, Value, VarBind};

/// Its access point's name.
pub const GEAR: &str = "school-gear";
/// A datagram there and back.
const ROUND_TRIP: Duration = Duration::from_millis(20);
/// How long a read is waited for in all.
const READ_LIMIT: Duration = Duration::from_secs(6);
/// How long a slow device takes for what it said it did.
const SLOW: Duration = Duration::from_secs(3);

const ROOT: &str = "1.3.6.1.4.1.99999";
const SWITCH: &str = "1.3.6.1.4.1.99999.1.1.2.5";
const SAVE: &str = "1.3.6.1.4.1.99999.2.0";

const PROFILE: &str = r#"
schema = 1
id = "gear"
vendor = "Nobody"
evidence = "lab"
[match]
sys_object_id = ["1.3.6.1.4.1.99999"]
[table.wlan]
root = "1.3.6.1.4.1.99999.1.1"
index = [{ name = "row", as = "int" }]
[table.wlan.col]
ssid = { id = 1, as = "ssid" }
admin = { id = 2, as = "enum", map = { 1 = "up", 2 = "down" } }
oper = { id = 3, as = "enum", map = { 1 = "up", 2 = "down" } }
[network]
table = "wlan"
ssid = "wlan.ssid"
up = { "wlan.oper" = "up" }
[bss]
table = "wlan"
where = { ssid = "${ssid}" }
[[flip.open.step]]
name = "switch on"
unless = { "wlan.admin" = "up" }
set = [{ col = "wlan.admin", value = "up" }]
timeout = "6s"
[flip.open.save]
set = [{ oid = "1.3.6.1.4.1.99999.2.0", value = 1 }]
timeout = "6s"
[[flip.close.step]]
name = "switch off"
unless = { "wlan.admin" = "down" }
set = [{ col = "wlan.admin", value = "down" }]
timeout = "6s"
[flip.close.save]
set = [{ oid = "1.3.6.1.4.1.99999.2.0", value = 1 }]
timeout = "6s"
"#;

/// How it takes a SET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temper {
    /// Does it and says so.
    Obeys,
    /// Says so, and does it seconds later.
    IsSlow,
    /// Says so and does nothing.
    Lies,
    /// Does not, and says so.
    Refuses,
}

/// What becomes of a question on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// It is answered in time.
    Fine,
    /// It is lost.
    LosesQuestions,
    /// Its answer is lost.
    LosesAnswers,
    /// It arrives when nobody waits for it any more.
    IsLate,
}

/// What a question leads to.
#[derive(Debug)]
pub struct Led {
    /// The answer, and when it comes.
    pub answer: (Duration, Result<Answer, Trouble>),
    /// What the switch becomes, and when.
    pub effect: Option<(Duration, bool)>,
}

/// Who speaks for the device at one controller.
#[derive(Debug, Default)]
pub struct Post {
    /// The real core; none while the controller is down or has no secret for it.
    pub deputy: Option<Deputy>,
    /// When its core is woken next, as scheduled.
    pub wake: Option<Duration>,
    /// The newest order it was told, or would have been, and whether to carry it out.
    pub order: Option<(Order, bool)>,
    /// Since when it only watches.
    pub watches: Option<Duration>,
}

/// The device and who speaks for it.
#[derive(Debug)]
pub struct Gear {
    /// At each controller.
    pub posts: [Post; 2],
    /// It has power.
    pub powered: bool,
    /// `00000JAPAN` is on the air.
    pub on: bool,
    /// What it comes up with.
    saved: bool,
    /// When its power came.
    pub started: Duration,
    /// How it takes a SET.
    pub temper: Temper,
    /// The line to it.
    pub wire: Wire,
    library: Arc<Library>,
    /// What it says of itself, but for what changes.
    says: Sheet,
    /// What changes: how long it has been on, whether its network is wanted, whether that is on the air.
    changes: [Oid; 3],
}

fn oid(text: &str) -> Oid {
    text.parse().expect("a name of the pretend platform")
}

fn cell(column: u32, row: u32) -> Oid {
    oid(&format!("{ROOT}.1.1.{column}.{row}"))
}

fn word(on: bool) -> Value {
    Value::Integer(if on { 1 } else { 2 })
}

impl Default for Gear {
    fn default() -> Self {
        let mut library = Library::default();
        library.add("gear.toml", PROFILE).expect("the pretend platform's profile");
        Self {
            posts: [Post::default(), Post::default()],
            powered: true,
            on: false,
            saved: false,
            started: Duration::ZERO,
            temper: Temper::Obeys,
            wire: Wire::Fine,
            library: Arc::new(library),
            says: [
                (oid("1.3.6.1.2.1.1.1.0"), Value::Octets(b"an AP of another make".to_vec())),
                (oid("1.3.6.1.2.1.1.2.0"), Value::Oid(oid(ROOT))),
                (cell(1, 1), Value::Octets(b"shiomi".to_vec())),
                (cell(1, 5), Value::Octets(b"00000JAPAN".to_vec())),
                (cell(2, 1), word(true)),
                (cell(3, 1), word(true)),
            ]
            .into(),
            changes: [oid("1.3.6.1.2.1.1.3.0"), cell(2, 5), cell(3, 5)],
        }
    }
}

impl Gear {
    /// A deputy takes its post.
    pub fn appoint(&mut self, of: usize, facility: &str, life: u32, now: Now) {
        let secret = || Credentials::V2c { community: Secret::new("pretend".to_owned().into()) };
        let device = Device {
            id: GEAR.to_owned(),
            address: "192.0.2.9:161".parse().expect("an address"),
            profile: None,
            read: secret(),
            write: Some(secret()),
            context: String::new(),
            words: BTreeMap::new(),
            aps: vec![DeviceAp {
                ap: GEAR.parse().expect("an identifier"),
                facility: facility.parse().expect("an identifier"),
                key: None,
                role: Role::Flip,
            }],
        };
        let intervals = Intervals { calm: Duration::from_secs(15), hurry: Duration::from_secs(5) };
        let deputy = Deputy::new(device, Arc::clone(&self.library), format!("boot-{life}"), intervals, now);
        (self.posts[of].deputy, self.posts[of].wake) = (Some(deputy), None);
    }

    /// A controller is gone, and who spoke for the device with it.
    pub fn dismiss(&mut self, of: usize) {
        self.posts[of] = Post::default();
    }

    /// Power fails and comes back: what was not saved is lost.
    pub fn reboot(&mut self, time: Duration) {
        (self.powered, self.on, self.started) = (true, self.saved, time);
    }

    /// What a question leads to.
    pub fn asked(&mut self, request: &Request, time: Duration) -> Led {
        let limit = match request {
            Request::Set { timeout, .. } => *timeout,
            _ => READ_LIMIT,
        };
        let silence = (limit, Err(Trouble::NoAnswer { waited: limit }));
        if !self.powered || self.wire == Wire::LosesQuestions {
            return Led { answer: silence, effect: None };
        }
        let (answer, effect) = match request {
            Request::Set { binds, .. } => self.set(binds),
            Request::Poll(_) => (Ok(self.sheet(time)), None),
            Request::Get(names) => {
                let sheet = self.sheet(time);
                (Ok(names.iter().filter_map(|name| Some((name.clone(), sheet.get(name)?.clone()))).collect()), None)
            }
            Request::GetNext(names) => {
                let sheet = self.sheet(time);
                let behind = |name: &Oid| sheet.range((Bound::Excluded(name.clone()), Bound::Unbounded)).next();
                let found = names.iter().filter_map(behind);
                (Ok(found.map(|(name, value)| (name.clone(), value.clone())).collect()), None)
            }
        };
        let is_set = matches!(request, Request::Set { .. });
        let answer = answer.map(|sheet| match is_set {
            true => Answer::Set,
            false => Answer::Sheet { sheet, faults: Vec::new() },
        });
        match self.wire {
            Wire::Fine => Led { answer: (ROUND_TRIP, answer), effect },
            Wire::LosesAnswers | Wire::LosesQuestions => Led { answer: silence, effect },
            Wire::IsLate => Led { answer: silence, effect: effect.map(|(after, on)| (limit + after, on)) },
        }
    }

    fn set(&mut self, binds: &[VarBind]) -> (Result<Sheet, Trouble>, Option<(Duration, bool)>) {
        let first = &binds[0];
        if first.oid == oid(SAVE) {
            self.saved = self.on;
            return (Ok(Sheet::new()), None);
        }
        let on = first.oid == oid(SWITCH) && first.value == Value::Integer(1);
        match self.temper {
            Temper::Obeys => (Ok(Sheet::new()), Some((Duration::ZERO, on))),
            Temper::IsSlow => (Ok(Sheet::new()), Some((SLOW, on))),
            Temper::Lies => (Ok(Sheet::new()), None),
            Temper::Refuses => {
                (Err(Trouble::Refused { status: Status::ResourceUnavailable, at: Some(first.oid.clone()) }), None)
            }
        }
    }

    fn sheet(&self, time: Duration) -> Sheet {
        let uptime = time.saturating_sub(self.started).as_millis() / 10;
        let uptime = Value::TimeTicks(u32::try_from(uptime).unwrap_or(u32::MAX));
        let now = self.changes.iter().cloned().zip([uptime, word(self.on), word(self.on)]);
        let mut sheet = self.says.clone();
        sheet.extend(now);
        sheet
    }
}
