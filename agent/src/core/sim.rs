//! A pretend access point for the core's tests: a hostapd, a flash and two clocks, all of which may misbehave.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use firmware_config::channel::{Band, Channel};
use firmware_config::key::ContactReading;
use firmware_config::mode::Mode;
use firmware_config::wire::{
    AgentState, Counts, CountsStored, Distinct, DrillEnd, Heard, Network, Order, Period, Report, Sightings,
    StoredSample, Wanted,
};

use super::air::{Air, RadioState, Seen};
use super::holding::{Kept, SignedOrder};
use super::listen::{Deaf, Listener, Manner, Scan};
use super::radios::{Answer, Radio, Verb};
use super::waiting::Page;
use super::{Action, Agent, Event, Identity, Now};

/// The wall clock's time at the start; every order is issued then.
pub(super) const ISSUED_MS: i64 = 1_790_000_000_000;

/// A network as hostapd has it.
#[derive(Debug, Clone)]
pub(super) struct Up {
    pub ssid: String,
    pub radio: RadioState,
    pub stations: u32,
    pub mhz: u32,
}

impl Up {
    pub fn good() -> Self {
        Self { ssid: "00000JAPAN".to_owned(), radio: RadioState::Enabled, stations: 0, mhz: 2_437 }
    }
}

/// How hostapd takes an `ADD` or `REMOVE` of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Does it and says so.
    Obeys,
    /// Says FAIL.
    Refuses,
    /// Says OK and does nothing.
    Lies,
    /// Does it, too late to be heard.
    IsSlow,
}

pub(super) struct Ap {
    pub agent: Agent,
    pub now: Now,
    pub hostapd_up: bool,
    pub air: BTreeMap<String, Up>,
    pub moods: BTreeMap<String, Mood>,
    /// What look answers instead of the truth.
    pub look_fails: bool,
    pub flash: Kept,
    pub flash_full: bool,
    pub broker_up: bool,
    pub reports: Vec<Report>,
    pub counts: Vec<Counts>,
    /// Whether the controller says what it has stored.
    pub answers: bool,
    /// Samples on the flash, and how often they were written.
    pub shelf: Page,
    pub pages: usize,
    /// When presence was said.
    pub presences: Vec<Duration>,
    /// Everything asked of hostapd, oldest first: `+wlan0jp`, `-wlan0jp`.
    pub asked: Vec<String>,
    /// How often it was asked what is on the air.
    pub looks: usize,
    pub ledger_writes: usize,
    pub distinct: Vec<Distinct>,
    pub counting: Vec<Period>,
    /// What a radio hears of others, by its interface; none: nothing.
    pub hears: BTreeMap<String, Result<Vec<Heard>, Deaf>>,
    /// A scan does not end.
    pub hears_for_ever: bool,
    pub scans: Vec<(Duration, Scan)>,
    pub sightings: Vec<Sightings>,
    pub log: Vec<String>,
    boots: u32,
    /// Where the key at this AP stands, where it has one: read once a second.
    pub contacts: Option<ContactReading>,
    read_at: Duration,
    inbox: VecDeque<Event>,
}

pub(super) const RADIOS: [&str; 2] = ["wlan0jp", "wlan1jp"];

fn identity(key: bool) -> Identity {
    let radio = |(n, name): (usize, &&str)| Radio {
        phy: format!("phy{n}"),
        interface: (*name).to_owned(),
        config: format!("/etc/hirake/{name}.conf"),
    };
    Identity {
        town: "shiomi".parse().expect("valid"),
        ap: "yakuba-1".parse().expect("valid"),
        facility: "yakuba".parse().expect("valid"),
        radios: RADIOS.iter().enumerate().map(radio).collect(),
        key,
        counts_every: Some(Duration::from_secs(30)),
        counts_distinct: true,
        listens: Some(Manner {
            every: Duration::from_secs(300),
            others: [2_412, 2_462, 2_472, 5_180].into_iter().filter_map(Channel::at_mhz).collect(),
        }),
    }
}

/// An order for `facility`; a drill lasts 600 s from [`ISSUED_MS`].
pub(super) fn order_for(facility: &str, number: u64, mode: Mode) -> SignedOrder {
    let drill = (mode == Mode::Drill).then_some(DrillEnd { until_ms: ISSUED_MS + 600_000, for_s: 600 });
    let order = Order {
        v: 1,
        town: "shiomi".parse().expect("valid"),
        number,
        issued_at_ms: ISSUED_MS,
        controller: None,
        facilities: [(facility.parse().expect("valid"), Wanted { mode, drill })].into(),
        activations: Vec::new(),
    };
    SignedOrder { jws: format!("jws of {facility} {number} {mode}"), order }
}

pub(super) fn order(number: u64, mode: Mode) -> SignedOrder {
    order_for("yakuba", number, mode)
}

impl Ap {
    /// Fresh from the box: no ledger, hostapd not up yet, no broker.
    pub fn new() -> Self {
        let now = Now { mono: Duration::from_secs(5), wall_ms: ISSUED_MS };
        let (agent, actions) = Agent::new(identity(false), Ok(Kept::default()), "boot-0".to_owned(), now);
        let mut ap = Self {
            agent,
            now,
            hostapd_up: false,
            air: BTreeMap::new(),
            moods: BTreeMap::new(),
            look_fails: false,
            flash: Kept::default(),
            flash_full: false,
            broker_up: false,
            reports: Vec::new(),
            counts: Vec::new(),
            answers: true,
            shelf: Page::default(),
            pages: 0,
            presences: Vec::new(),
            asked: Vec::new(),
            looks: 0,
            ledger_writes: 0,
            distinct: Vec::new(),
            counting: Vec::new(),
            hears: BTreeMap::new(),
            hears_for_ever: false,
            scans: Vec::new(),
            sightings: Vec::new(),
            log: Vec::new(),
            boots: 0,
            contacts: None,
            read_at: now.mono,
            inbox: VecDeque::new(),
        };
        ap.perform(actions);
        ap.on(Event::CountsFound(Ok(Page::default())));
        ap
    }

    /// With hostapd and the broker there.
    pub fn ready() -> Self {
        let mut ap = Self::new();
        ap.start_hostapd();
        ap.connect();
        ap
    }

    /// One with a key of its own at 平時; no broker, no order ever.
    pub fn with_key() -> Self {
        let mut ap = Self::new();
        ap.contacts = Some(AT_NORMAL);
        ap.reboot();
        ap.pass(Duration::from_secs(1));
        ap
    }

    /// From now on it listens, also on these other channels of 2.4 GHz; or never. Each 300 s.
    pub fn set_listens(&mut self, others: Option<&[u16]>) {
        let channel = |number: &u16| Channel::new(Band::Ghz2, *number).expect("a channel");
        let manner =
            |others: &[u16]| Manner { every: Duration::from_secs(300), others: others.iter().map(channel).collect() };
        self.agent.listener = Listener::new(others.map(manner), "again", self.now);
    }

    /// Turns the key at this AP.
    pub fn turn(&mut self, contacts: ContactReading) {
        self.contacts = Some(contacts);
        self.on(Event::Contacts(contacts));
        self.pass(Duration::from_millis(40));
    }

    pub fn on(&mut self, event: Event) {
        self.inbox.push_back(event);
        while let Some(event) = self.inbox.pop_front() {
            let actions = self.agent.on(event, self.now);
            self.perform(actions);
        }
    }

    pub fn offer(&mut self, order: SignedOrder) {
        self.on(Event::Offered(order));
    }

    pub fn start_hostapd(&mut self) {
        if !std::mem::replace(&mut self.hostapd_up, true) {
            self.air.insert("wlan0".to_owned(), Up { ssid: "shiomi".to_owned(), ..Up::good() });
            self.on(Event::HostapdUp);
        }
    }

    pub fn kill_hostapd(&mut self) {
        if std::mem::replace(&mut self.hostapd_up, false) {
            self.air.clear();
            self.on(Event::HostapdDown { why: "killed".to_owned() });
        }
    }

    pub fn connect(&mut self) {
        self.broker_up = true;
        self.on(Event::BrokerUp);
    }

    pub fn disconnect(&mut self) {
        self.broker_up = false;
        self.on(Event::BrokerDown { why: "cut".to_owned() });
    }

    /// The power fails and comes back; hostapd comes up with it, without the prepared networks.
    pub fn reboot(&mut self) {
        self.boots += 1;
        self.now.mono = Duration::from_secs(5);
        self.hostapd_up = false;
        self.broker_up = false;
        self.air.clear();
        self.inbox.clear();
        self.read_at = self.now.mono;
        let boot = format!("boot-{}", self.boots);
        let (agent, actions) = Agent::new(identity(self.contacts.is_some()), Ok(self.flash.clone()), boot, self.now);
        self.agent = agent;
        self.perform(actions);
        self.on(Event::CountsFound(Ok(self.shelf.clone())));
        self.start_hostapd();
    }

    fn perform(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::WriteLedger(kept) => {
                    self.ledger_writes += 1;
                    let outcome = if self.flash_full { Err("no space left on device".to_owned()) } else { Ok(()) };
                    if outcome.is_ok() {
                        self.flash = *kept;
                    }
                    self.inbox.push_back(Event::Ledger(outcome));
                }
                Action::Add { index, radio } => {
                    self.asked.push(format!("+{}", radio.interface));
                    self.act(index, Verb::Add, &radio.interface);
                }
                Action::Remove { index, interface } => {
                    self.asked.push(format!("-{interface}"));
                    self.act(index, Verb::Remove, &interface);
                }
                Action::Look => {
                    self.looks += 1;
                    let looked = if self.look_fails { Err("garbage".to_owned()) } else { Ok(self.look()) };
                    self.inbox.push_back(Event::Looked(looked));
                }
                Action::PublishReport(report) => {
                    assert!(self.broker_up, "nothing is published to nobody");
                    self.reports.push(*report);
                }
                Action::PublishCounts(counts) => {
                    assert!(self.broker_up, "nothing is published to nobody");
                    let stored = CountsStored { v: 1, ap: counts.ap.clone(), samples: vec![StoredSample::of(&counts)] };
                    self.counts.push(counts);
                    if self.answers {
                        self.inbox.push_back(Event::CountsStored(stored));
                    }
                }
                Action::WriteCounts(page) => {
                    let outcome = if self.flash_full { Err("no space left on device".to_owned()) } else { Ok(()) };
                    if outcome.is_ok() {
                        self.pages += 1;
                        self.shelf = page;
                    }
                    self.inbox.push_back(Event::CountsWritten(outcome));
                }
                Action::PublishDistinct(distinct) => self.distinct.push(distinct),
                Action::CountDevices(periods) => self.counting = periods,
                Action::PublishSightings(sightings) => {
                    assert!(self.broker_up, "nothing is published to nobody");
                    self.sightings.push(sightings);
                }
                Action::Listen(scan) => self.listen(scan),
                Action::PublishPresence(presence) => {
                    assert!(self.broker_up && presence.online, "presence is said to somebody");
                    self.presences.push(self.now.mono);
                }
                Action::Log(line) => self.log.push(line),
            }
        }
    }

    fn act(&mut self, index: usize, verb: Verb, interface: &str) {
        let mood = self.moods.get(interface).copied().unwrap_or(Mood::Obeys);
        let there = self.air.contains_key(interface);
        let does = matches!(mood, Mood::Obeys | Mood::IsSlow);
        let answer = match (verb, there) {
            (Verb::Add, true) | (Verb::Remove, false) => Answer::Fail("FAIL".to_owned()),
            (Verb::Add, false) => {
                if does {
                    self.air.insert(interface.to_owned(), Up::good());
                }
                says(mood)
            }
            (Verb::Remove, true) => {
                if does {
                    self.air.remove(interface);
                }
                says(mood)
            }
        };
        self.inbox.push_back(Event::Answered { index, verb, answer });
    }

    /// A radio listens: what must be true whenever one does.
    fn listen(&mut self, scan: Scan) {
        let up = self.air.get(&scan.interface).expect("only what beacons listens");
        assert!(self.hostapd_up && up.radio == RadioState::Enabled, "{scan:?}");
        assert_eq!(scan.mhz[0], up.mhz, "its own channel first");
        if scan.mhz.len() > 1 {
            let here = self.air.iter().filter(|(name, _)| phy(name) == phy(&scan.interface));
            assert!(here.clone().all(|(_, up)| up.stations == 0), "it leaves somebody alone: {scan:?}");
            assert!(self.open().is_empty(), "it leaves 00000JAPAN alone: {scan:?}");
        }
        let heard = self.hears.get(&scan.interface).cloned().unwrap_or(Ok(Vec::new()));
        self.scans.push((self.now.mono, scan));
        if !self.hears_for_ever {
            self.inbox.push_back(Event::Listened(heard));
        }
    }

    pub fn look(&self) -> Air {
        let seen = |(name, up): (&String, &Up)| Seen {
            network: Network {
                interface: name.clone(),
                ssid: up.ssid.clone(),
                bssid: "02:00:00:00:00:01".to_owned(),
                channel: 6,
                stations: up.stations,
            },
            radio: up.radio.clone(),
            phy: phy(name).to_owned(),
            mhz: up.mhz,
        };
        Air { seen: self.air.iter().map(seen).collect() }
    }

    /// Lets time pass, waking the agent whenever it asked to be woken.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        let mut idle_wakes = 0;
        loop {
            let wake = self.agent.next_wake(self.now).unwrap_or(Duration::MAX).max(self.now.mono);
            let reads = self.contacts.map_or(Duration::MAX, |_| self.read_at.max(self.now.mono));
            let next = wake.min(end).min(reads);
            idle_wakes = if next == self.now.mono { idle_wakes + 1 } else { 0 };
            assert!(idle_wakes < 5, "the agent spins: {:?}", self.agent);
            self.now.wall_ms = self.now.wall_ms.saturating_add(ms(next) - ms(self.now.mono));
            self.now.mono = next;
            if reads <= wake && reads <= end {
                self.read_at = next + Duration::from_secs(1);
                let contacts = self.contacts.expect("it has a key");
                self.on(Event::Contacts(contacts));
                continue;
            }
            if wake > end {
                return;
            }
            self.on(Event::Woke);
        }
    }

    /// The prepared networks that hostapd has.
    pub fn open(&self) -> BTreeSet<&str> {
        RADIOS.into_iter().filter(|name| self.air.contains_key(*name)).collect()
    }

    pub fn is_open(&self) -> bool {
        self.open().len() == RADIOS.len()
    }

    /// The newest report, once everything that waits has been told.
    pub fn told(&mut self) -> Report {
        self.pass(Duration::from_millis(1100));
        self.reports.last().expect("a report").clone()
    }

    /// `told`, `running`, mode and state of the newest report.
    pub fn says(&mut self) -> (u64, u64, Mode, AgentState) {
        let report = self.told();
        (report.told, report.running, report.mode, report.state)
    }
}

/// The radio of a network.
fn phy(interface: &str) -> &'static str {
    if interface.starts_with("wlan1") { "phy1" } else { "phy0" }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("a short test")
}

fn says(mood: Mood) -> Answer {
    match mood {
        Mood::Obeys | Mood::Lies => Answer::Ok,
        Mood::Refuses => Answer::Fail("FAIL".to_owned()),
        Mood::IsSlow => Answer::Timeout,
    }
}

/// The contacts of a key at 平時, at 災害, and with a wire cut.
pub(super) const AT_NORMAL: ContactReading = ContactReading::Pair { no: false, nc: true, drill: None };
pub(super) const AT_DISASTER: ContactReading = ContactReading::Pair { no: true, nc: false, drill: None };
pub(super) const CUT: ContactReading = ContactReading::Pair { no: false, nc: false, drill: None };
