//! A pretend device for the core's tests: two networks on two radios, a clock, a flash, and a line that may lose, delay
//! and withhold.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Counts, Presence, Report};
use zeroize::Zeroizing;

use super::{Act, Answer, Deputy, Event, Intervals, Letter, Now, Request, Sighting};
use crate::credentials::{Credentials, Secret};
use crate::device::{Device, DeviceAp, Role};
use crate::oid::Oid;
use crate::profile::library::Library;
use crate::trouble::{Status, Trouble};
use crate::value::{Sheet, Value, VarBind};

pub(super) const START_MS: i64 = 1_790_000_000_000;
const SECOND: Duration = Duration::from_secs(1);
/// A datagram there and back.
const ROUND_TRIP: Duration = Duration::from_millis(20);
/// How long a read waits in all.
const READ_LIMIT: Duration = Duration::from_secs(4);

const SYS: &str = "1.3.6.1.2.1.1";
const ROOT: &str = "1.3.6.1.4.1.99999";
const SAVE: &str = "1.3.6.1.4.1.99999.2.0";
/// Octets received, for profiles that read them.
pub(super) const OCTETS: &str = "1.3.6.1.4.1.99999.4.0";

/// The pretend device's platform.
pub(super) const PROFILE: &str = r#"
schema = 1
id = "pretend"
vendor = "Nobody"
evidence = "lab"
[match]
sys_object_id = ["1.3.6.1.4.1.99999"]
[[match.probe]]
oid = "1.3.6.1.4.1.99999.1.1.1"
op = "exists"
next = true
[table.wlan]
root = "1.3.6.1.4.1.99999.1.1"
index = [{ name = "row", as = "int" }]
[table.wlan.col]
ssid = { id = 1, as = "ssid" }
admin = { id = 2, as = "enum", map = { 1 = "up", 2 = "down" } }
oper = { id = 3, as = "enum", map = { 1 = "up", 2 = "down" } }
stations = { id = 4, as = "gauge" }
[table.ap]
root = "1.3.6.1.4.1.99999.3.1"
index = [{ name = "ap", as = "mac" }]
[table.ap.col]
name = { id = 2, as = "text" }
status = { id = 3, as = "enum", map = { 1 = "up", 2 = "down" } }
stations = { id = 4, as = "gauge" }
[ap]
table = "ap"
name = "ap.name"
up = { "ap.status" = "up" }
stations = "ap.stations"
[network]
table = "wlan"
ssid = "wlan.ssid"
up = { "wlan.oper" = "up" }
stations = "wlan.stations"
[bss]
table = "wlan"
where = { ssid = "${ssid}" }
[[flip.open.step]]
name = "switch on"
unless = { "wlan.admin" = "up" }
set = [{ col = "wlan.admin", value = "up" }]
timeout = "6s"
[[flip.open.check]]
name = "switched on"
col = "wlan.admin"
eq = "up"
within = "5s"
every = "1s"
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

/// The town's profiles.
pub(crate) fn profiles() -> Arc<Library> {
    profiles_of(PROFILE)
}

/// Profiles of which this is the only one.
pub(super) fn profiles_of(text: &str) -> Arc<Library> {
    let mut library = Library::default();
    library.add("pretend.toml", text).expect("a profile");
    Arc::new(library)
}

/// How the device takes a SET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Obeys,
    /// Says so and does it 3 s later.
    IsSlow,
    /// Says so and does nothing.
    Lies,
    Refuses(Status),
    /// Does it on the first row only and refuses the second.
    Halves,
}

/// What happens to a request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Fine,
    LosesRequests,
    LosesAnswers,
    /// Requests arrive long after nobody waits for them any more.
    IsLate,
}

#[derive(Debug, Clone)]
pub(super) struct Row {
    pub ssid: &'static str,
    pub admin: bool,
    pub on_air: bool,
    pub stations: Option<u32>,
}

/// An AP behind it, where it is a WLAN controller.
#[derive(Debug, Clone)]
pub(super) struct Behind {
    pub name: &'static str,
    pub up: bool,
    pub stations: u32,
}

#[derive(Debug)]
enum Due {
    Answer(Event),
    /// A SET takes effect.
    Effect(Vec<VarBind>),
    /// A request that was held up arrives.
    Arrives(Vec<VarBind>),
}

pub(super) struct Bench {
    pub deputy: Deputy,
    pub now: Now,
    pub rows: BTreeMap<u32, Row>,
    /// By the last octet of their addresses.
    pub behind: BTreeMap<u32, Behind>,
    /// What it comes up with.
    saved: BTreeMap<u32, bool>,
    pub save_works: bool,
    pub powered: bool,
    /// Its uptime counts from then.
    pub started: Duration,
    pub mood: Mood,
    pub line: Line,
    /// Polls break off before the networks.
    pub breaks_off: bool,
    /// A saving is never answered.
    pub save_hangs: bool,
    /// It refuses to be polled.
    pub withholds: bool,
    /// It does not say which of its networks are on the air.
    pub untold: bool,
    /// Octets it has received.
    pub octets: u64,
    pub reports: Vec<Report>,
    pub presences: Vec<Presence>,
    pub counts: Vec<Counts>,
    pub sightings: Vec<Sighting>,
    pub stations: Option<u32>,
    /// Every SET that was sent, oldest first, and when.
    pub sets: Vec<(Duration, Vec<VarBind>)>,
    /// When polls began.
    pub polls: Vec<Duration>,
    /// When polls began, or it was asked who it is.
    pub knocks: Vec<Duration>,
    pub log: Vec<String>,
    /// What it says it is.
    pub object_id: Oid,
    due: BTreeMap<(Duration, u64), Due>,
    last_due: u64,
    last_ask: u64,
    polls_in_flight: BTreeSet<u64>,
    flips_in_flight: BTreeSet<u64>,
    /// SETs sent since the last read that was answered.
    unread_sets: Vec<Vec<VarBind>>,
    /// What the newest poll delivered, and when it began: is anything of ours on the air?
    polled: BTreeMap<u64, bool>,
    pub last_polled: Option<bool>,
}

pub(crate) fn oid(text: &str) -> Oid {
    text.parse().expect("an OID")
}

fn cell(column: u32, row: u32) -> Oid {
    oid(&format!("{ROOT}.1.1.{column}.{row}"))
}

fn secret() -> Credentials {
    Credentials::V2c { community: Secret::new(Zeroizing::new("pretend".to_owned())) }
}

pub(crate) fn ap(name: &str, role: Role) -> DeviceAp {
    DeviceAp {
        ap: name.parse().expect("an identifier"),
        facility: "yakuba".parse().expect("an identifier"),
        key: None,
        role,
    }
}

pub(crate) fn device() -> Device {
    Device {
        id: "ap-of-another-make".to_owned(),
        address: "192.0.2.9:161".parse().expect("an address"),
        profile: None,
        read: secret(),
        write: Some(secret()),
        context: String::new(),
        words: BTreeMap::new(),
        aps: vec![ap("yakuba-1", Role::Flip)],
    }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(device(), profiles())
    }

    pub fn with(device: Device, library: Arc<Library>) -> Self {
        let now = Now { mono: 1_000 * SECOND, wall_ms: START_MS };
        let intervals = Intervals { calm: 15 * SECOND, hurry: 5 * SECOND };
        let row = |ssid, on| Row { ssid, admin: on, on_air: on, stations: Some(3) };
        Self {
            deputy: Deputy::new(device, library, "boot-1".to_owned(), intervals, now),
            now,
            rows: [(1, row("shiomi", true)), (5, row("00000JAPAN", false)), (6, row("00000JAPAN", false))].into(),
            behind: BTreeMap::new(),
            saved: BTreeMap::new(),
            save_works: true,
            powered: true,
            started: Duration::ZERO,
            mood: Mood::Obeys,
            line: Line::Fine,
            breaks_off: false,
            save_hangs: false,
            withholds: false,
            untold: false,
            octets: 0,
            reports: Vec::new(),
            presences: Vec::new(),
            counts: Vec::new(),
            sightings: Vec::new(),
            stations: None,
            sets: Vec::new(),
            polls: Vec::new(),
            knocks: Vec::new(),
            log: Vec::new(),
            object_id: oid(ROOT),
            due: BTreeMap::new(),
            last_due: 0,
            last_ask: 0,
            polls_in_flight: BTreeSet::new(),
            flips_in_flight: BTreeSet::new(),
            unread_sets: Vec::new(),
            polled: BTreeMap::new(),
            last_polled: None,
        }
    }

    pub fn on(&mut self, event: Event) {
        let acts = self.deputy.on(event, self.now);
        for act in acts {
            self.perform(act);
        }
    }

    pub fn order(&mut self, number: u64, mode: Mode) {
        let wanted = self.deputy.device().aps.iter().map(|ap| (ap.ap.clone(), mode)).collect();
        self.on(Event::Ordered { number, wanted });
    }

    /// Power fails and comes back: what was not saved is lost, what was on its way is not answered.
    pub fn reboot(&mut self) {
        self.started = self.now.mono;
        for (row, it) in &mut self.rows {
            let on = self.saved.get(row).copied().unwrap_or(it.ssid != "00000JAPAN");
            (it.admin, it.on_air) = (on, on);
        }
        self.due.retain(|_, due| !matches!(due, Due::Effect(_)));
    }

    /// Whether all, or none, of ours is on the air; none where it is something between.
    pub fn is_open(&self) -> Option<bool> {
        let mut ours = self.rows.values().filter(|row| row.ssid == "00000JAPAN").map(|row| row.on_air);
        let first = ours.next().unwrap_or(false);
        ours.all(|on| on == first).then_some(first)
    }

    fn perform(&mut self, act: Act) {
        match act {
            Act::Ask { ask, request, urgent } => self.ask(ask, request, urgent),
            Act::Tell(letter) => self.hear(*letter),
            Act::Log(line) => self.log.push(line),
        }
    }

    fn hear(&mut self, letter: Letter) {
        match letter {
            Letter::Report { report, stations } => {
                let last = self.reports.iter().rfind(|last| last.ap == report.ap).map_or(0, |last| last.seq);
                assert!(report.seq > last, "numbers only go up");
                if report.state == AgentState::Serving {
                    // Nobody is told that it serves while a fresh poll says otherwise.
                    assert_eq!(self.last_polled, Some(report.mode.is_open()), "{report:?}");
                }
                self.stations = stations;
                self.reports.push(report);
            }
            Letter::Presence(presence) => {
                let last = self.presences.iter().rfind(|last| last.ap == presence.ap).map(|last| last.online);
                assert_ne!(last, Some(presence.online), "said once");
                self.presences.push(presence);
            }
            Letter::Counted(counts) => self.counts.push(counts),
            Letter::Saw(sighting) => self.sightings.push(sighting),
        }
    }

    fn ask(&mut self, ask: u64, request: Request, urgent: bool) {
        // Else the late answer to one would be taken for that to another.
        assert!(ask > self.last_ask, "each question has a number of its own");
        self.last_ask = ask;
        let is_flip = match &request {
            Request::Set { .. } => true,
            Request::Poll(_) => false,
            // The questions who it is belong to the poll.
            Request::Get(names) => !names.iter().all(|name| name.is_within(&oid(SYS))),
            Request::GetNext(_) => false,
        };
        let in_flight = if is_flip { &mut self.flips_in_flight } else { &mut self.polls_in_flight };
        in_flight.insert(ask);
        if !is_flip {
            self.knocks.push(self.now.mono);
        }
        assert_eq!(in_flight.len(), 1, "one poll and one request of a flip at once");
        assert!(urgent || !is_flip, "a flip is urgent");
        let arrives = self.powered && matches!(self.line, Line::Fine | Line::LosesAnswers);
        let limit = match &request {
            Request::Set { timeout, .. } => *timeout,
            _ => READ_LIMIT,
        };
        let answer = match request {
            Request::Set { binds, .. } => {
                // Nothing is written a second time before the device was read; to save twice is to save.
                assert!(!self.unread_sets.contains(&binds), "sent again without a read: {binds:?}");
                if binds[0].oid != oid(SAVE) {
                    self.unread_sets.push(binds.clone());
                }
                self.sets.push((self.now.mono, binds.clone()));
                if binds[0].oid == oid(SAVE) {
                    // Nobody waits for it where there is something else to do.
                    self.flips_in_flight.remove(&ask);
                }
                let arrives = arrives && !(self.save_hangs && binds[0].oid == oid(SAVE));
                if self.powered && self.line == Line::IsLate {
                    self.later(limit + SECOND, Due::Arrives(binds));
                    None
                } else {
                    arrives.then(|| self.set(&binds))
                }
            }
            Request::Get(names) => arrives.then(|| {
                let all = self.sheet();
                let found = names.iter().filter_map(|name| Some((name.clone(), all.get(name)?.clone())));
                Ok(Answer::Sheet { sheet: found.collect(), faults: Vec::new() })
            }),
            Request::GetNext(names) => arrives.then(|| {
                let all = self.sheet();
                let behind = |name: &Oid| all.range((Bound::Excluded(name), Bound::Unbounded)).next();
                let found = names.iter().filter_map(behind).map(|(name, value)| (name.clone(), value.clone()));
                Ok(Answer::Sheet { sheet: found.collect(), faults: Vec::new() })
            }),
            Request::Poll(_) => {
                self.polls.push(self.now.mono);
                self.polled.insert(ask, self.is_open() != Some(false));
                let (mut sheet, mut faults) = (self.sheet(), Vec::new());
                if self.breaks_off {
                    sheet.retain(|name, _| name.is_within(&oid(SYS)));
                    faults.push("table wlan: no answer; what was read until then is kept".to_owned());
                    self.polled.remove(&ask);
                }
                if self.untold {
                    self.polled.remove(&ask);
                }
                let refusal = Trouble::Refused { status: Status::NoAccess, at: None };
                let answer = if self.withholds { Err(refusal) } else { Ok(Answer::Sheet { sheet, faults }) };
                arrives.then_some(answer)
            }
        };
        let answer = answer.filter(|_| self.line == Line::Fine);
        let (after, answer) = match answer {
            Some(answer) => (ROUND_TRIP, answer),
            None => (limit, Err(Trouble::NoAnswer { waited: limit })),
        };
        self.later(after, Due::Answer(Event::Answered { ask, answer }));
    }

    fn set(&mut self, binds: &[VarBind]) -> Result<Answer, Trouble> {
        let refused = |status, at: &VarBind| Err(Trouble::Refused { status, at: Some(at.oid.clone()) });
        let saves = binds[0].oid == oid(SAVE);
        match self.mood {
            _ if saves && !self.save_works => return refused(Status::CommitFailed, &binds[0]),
            _ if saves => {
                self.saved = self.rows.iter().map(|(row, it)| (*row, it.admin)).collect();
                return Ok(Answer::Set);
            }
            Mood::Refuses(status) => return refused(status, &binds[0]),
            Mood::Halves if binds[0].oid == cell(2, 6) => return refused(Status::ResourceUnavailable, &binds[0]),
            Mood::IsSlow => self.later(3 * SECOND, Due::Effect(binds.to_vec())),
            Mood::Obeys | Mood::Halves => self.effect(binds),
            Mood::Lies => {}
        }
        Ok(Answer::Set)
    }

    fn effect(&mut self, binds: &[VarBind]) {
        for bind in binds {
            for (row, it) in &mut self.rows {
                if bind.oid == cell(2, *row) {
                    it.admin = bind.value == Value::Integer(1);
                    it.on_air = it.admin;
                }
            }
        }
    }

    fn sheet(&self) -> Sheet {
        // It runs over after 2^32 hundredths of a second.
        let uptime = (self.now.mono.saturating_sub(self.started).as_millis() / 10) % (1 << 32);
        let mut sheet: Sheet = [
            (oid(&format!("{SYS}.1.0")), Value::Octets(b"a pretend AP".to_vec())),
            (oid(&format!("{SYS}.2.0")), Value::Oid(self.object_id.clone())),
            (oid(OCTETS), Value::Counter64(self.octets)),
            (oid(&format!("{SYS}.3.0")), Value::TimeTicks(u32::try_from(uptime).expect("32 bits"))),
        ]
        .into();
        let word = |on| Value::Integer(if on { 1 } else { 2 });
        for (last, it) in &self.behind {
            let cell = |column| oid(&format!("{ROOT}.3.1.{column}.2.0.0.0.0.{last}"));
            sheet.insert(cell(2), Value::Octets(it.name.as_bytes().to_vec()));
            sheet.insert(cell(3), word(it.up));
            sheet.insert(cell(4), Value::Gauge32(it.stations));
        }
        for (row, it) in &self.rows {
            sheet.insert(cell(1, *row), Value::Octets(it.ssid.as_bytes().to_vec()));
            sheet.insert(cell(2, *row), word(it.admin));
            // 7: a word the profile does not know.
            sheet.insert(cell(3, *row), if self.untold { Value::Integer(7) } else { word(it.on_air) });
            sheet.extend(it.stations.map(|stations| (cell(4, *row), Value::Gauge32(stations))));
        }
        sheet
    }

    fn later(&mut self, after: Duration, due: Due) {
        self.last_due += 1;
        self.due.insert((self.now.mono + after, self.last_due), due);
    }

    /// Lets time pass: what is on its way arrives, and the deputy is woken whenever it asked to be.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        let mut idle = 0;
        loop {
            let arrival = self.due.first_key_value().map(|((at, _), _)| *at);
            let wake = self.deputy.next_wake().map(|wake| wake.max(self.now.mono));
            let next = [arrival, wake].into_iter().flatten().min().unwrap_or(end).min(end);
            idle = if next == self.now.mono { idle + 1 } else { 0 };
            assert!(idle < 20, "the deputy spins: {:?}", self.deputy);
            let step = next - self.now.mono;
            self.now.wall_ms += i64::try_from(step.as_millis()).expect("a short test");
            self.now.mono = next;
            if arrival.is_some_and(|at| at <= next) {
                let (_, due) = self.due.pop_first().expect("there is one");
                self.arrive(due);
            } else if wake.is_some_and(|at| at <= next) {
                self.on(Event::Woke);
            } else {
                return;
            }
        }
    }

    fn arrive(&mut self, due: Due) {
        match due {
            Due::Effect(binds) => self.effect(&binds),
            Due::Arrives(binds) if self.powered => {
                // Nobody hears the answer.
                let _ = self.set(&binds);
            }
            Due::Arrives(_) => {}
            Due::Answer(event) => {
                if let Event::Answered { ask, answer } = &event {
                    self.polls_in_flight.remove(ask);
                    self.flips_in_flight.remove(ask);
                    if matches!(answer, Ok(Answer::Sheet { .. })) {
                        self.unread_sets.clear();
                        self.last_polled = self.polled.remove(ask).or(self.last_polled);
                    }
                }
                self.on(event);
            }
        }
    }

    /// Lets time pass until `true`, and says how long it took; at most 10 minutes.
    pub fn until(&mut self, true_of: impl Fn(&Self) -> bool) -> Duration {
        let start = self.now.mono;
        while !true_of(self) {
            assert!(self.now.mono < start + 600 * SECOND, "it never came; {:?}", self.log);
            self.pass(ROUND_TRIP / 2);
        }
        self.now.mono - start
    }

    /// `told`, `running`, mode and state of the newest report.
    pub fn says(&self) -> (u64, u64, Mode, AgentState) {
        let report = self.reports.last().expect("a report");
        (report.told, report.running, report.mode, report.state)
    }

    /// The newest report of one of many.
    pub fn report_of(&self, ap: &str) -> &Report {
        self.reports.iter().rfind(|report| report.ap.as_str() == ap).expect("a report of it")
    }

    pub fn why(&self) -> &str {
        self.reports.last().map_or("", |report| &report.why)
    }
}
