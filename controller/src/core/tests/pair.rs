//! Two controllers of one town between two keys, two stores, one broker, one database and the town's APs.
//!
//! Messages arrive at once, to whoever is linked; the broker keeps what is retained. Nothing here waits for a second.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use firmware_config::ident::{ApId, ControllerId, FacilityId};
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, FacilityKey, Heartbeat, KeyAct, Network, Order, Presence, Report};

use super::bench::{MORNING_MS, NORMAL, facility, inventory, s};
use crate::core::peers::Lock;
use crate::core::{
    Action, Ask, AskRefused, ContactReading, Entry, Event, Inventory, Kind, Now, Remembered, Seat, Town, TownView,
};

/// One controller, its store and its key.
pub struct Hall {
    pub town: Option<Town>,
    booted: Duration,
    lives: u32,
    pub shelf: Remembered,
    pub entries: Vec<Entry>,
    pub linked: bool,
    /// How far its clock is off.
    pub off_ms: i64,
    pub contacts: ContactReading,
    next_reading: Duration,
    pub wants_lock: bool,
    /// What its deputies were told last: the order's number, and whether to carry it out.
    pub deputies: Option<(u64, bool)>,
    answers: BTreeMap<u64, Result<u64, AskRefused>>,
}

/// One AP.
pub struct Site {
    pub facility: FacilityId,
    pub held: Option<Order>,
    pub linked: bool,
    /// What it says of a key of its own.
    key: Option<FacilityKey>,
    seq: u64,
}

impl Site {
    pub fn mode(&self) -> Mode {
        self.held.as_ref().map_or(Mode::Normal, |order| order.facilities[&self.facility].mode)
    }
}

pub struct Pair {
    pub halls: [Hall; 2],
    pub ranks: [u8; 2],
    pub sites: BTreeMap<ApId, Site>,
    pub time: Duration,
    pub retained: Option<Order>,
    beats: BTreeMap<ControllerId, Heartbeat>,
    /// What each AP said last.
    pub reports: BTreeMap<ApId, Report>,
    /// Who holds the lock.
    pub lock: Option<usize>,
    /// Whether there is a database that can be reached; none: none is configured.
    pub database: Option<bool>,
    waiting: VecDeque<(usize, Event)>,
    last_ask: u64,
    busy: bool,
    pub orders: Vec<Order>,
}

pub const NAMES: [&str; 2] = ["yakuba", "kouminkan"];

pub fn id(at: usize) -> ControllerId {
    NAMES[at].parse().expect("a name")
}

impl Pair {
    /// Both are off.
    pub fn dark(database: Option<bool>) -> Self {
        let hall = |at: usize| Hall {
            town: None,
            booted: Duration::ZERO,
            lives: 0,
            shelf: Remembered::default(),
            entries: Vec::new(),
            linked: true,
            off_ms: 7 * i64::try_from(at).expect("small"),
            contacts: NORMAL,
            next_reading: Duration::ZERO,
            wants_lock: false,
            deputies: None,
            answers: BTreeMap::new(),
        };
        let site =
            |facility: &FacilityId| Site { facility: facility.clone(), held: None, linked: true, key: None, seq: 0 };
        Self {
            halls: [hall(0), hall(1)],
            ranks: [1, 2],
            sites: inventory().aps.iter().map(|ap| (ap.id.clone(), site(&ap.facility))).collect(),
            time: s(1000),
            retained: None,
            beats: BTreeMap::new(),
            reports: BTreeMap::new(),
            lock: None,
            database,
            waiting: VecDeque::new(),
            last_ask: 0,
            busy: false,
            orders: Vec::new(),
        }
    }

    /// Both are on and quiet: the first decides.
    pub fn quiet() -> Self {
        Self::quiet_with(None)
    }

    pub fn quiet_with(database: Option<bool>) -> Self {
        let mut pair = Self::dark(database);
        pair.start(0);
        pair.start(1);
        pair.pass(s(30));
        assert_eq!(pair.active(), [true, false]);
        pair
    }

    fn inventory(&self, at: usize) -> Inventory {
        let rank = self.ranks[at];
        let boot = format!("boot-{}", self.halls[at].lives);
        let seat = Seat { id: id(at), rank, boot, lock: self.database.is_some() };
        Inventory { seat: Some(seat), ..inventory() }
    }

    pub fn now(&self, at: usize) -> Now {
        let since = self.time - s(1000);
        let wall_ms = MORNING_MS + i64::try_from(since.as_millis()).expect("short") + self.halls[at].off_ms;
        Now { mono: self.time - self.halls[at].booted + s(1), wall_ms }
    }

    pub fn start(&mut self, at: usize) {
        self.halls[at].lives += 1;
        self.halls[at].booted = self.time;
        let (town, actions) = Town::new(self.inventory(at), self.halls[at].shelf.clone(), self.now(at));
        self.halls[at].town = Some(town);
        self.halls[at].next_reading = self.time;
        self.perform(at, actions);
        if self.halls[at].linked {
            self.connect(at);
        }
        self.drain();
    }

    /// Killed: the broker notices, where it had a connection, and the database too.
    pub fn kill(&mut self, at: usize) {
        self.halls[at].town = None;
        self.halls[at].wants_lock = false;
        self.lock.take_if(|holder| *holder == at);
        self.waiting.retain(|(to, _)| *to != at);
        if self.halls[at].linked {
            self.will(at);
        }
        self.drain();
    }

    fn will(&mut self, at: usize) {
        let Some(last) = self.beats.get(&id(at)).cloned() else { return };
        let gone =
            Heartbeat { seq: 0, online: false, active: false, number: 0, order: None, hears: BTreeMap::new(), ..last };
        self.beat(&gone);
    }

    fn connect(&mut self, at: usize) {
        if self.halls[at].town.is_none() {
            return;
        }
        self.waiting.push_back((at, Event::Broker(Ok(()))));
        if let Some(retained) = self.retained.clone() {
            self.waiting.push_back((at, Event::OwnOrderSeen(retained)));
        }
        let beats: Vec<_> = self.beats.values().cloned().collect();
        self.waiting.extend(beats.into_iter().map(|beat| (at, Event::PeerHeard(beat))));
        for ap in self.sites.keys().cloned().collect::<Vec<_>>() {
            if self.sites[&ap].linked {
                self.speaks(&ap, Some(at), false);
            }
        }
    }

    /// The cable between a controller and the broker is cut, or mended.
    pub fn link(&mut self, at: usize, linked: bool) {
        if self.halls[at].linked == linked {
            return;
        }
        self.halls[at].linked = linked;
        if self.halls[at].town.is_some() {
            if linked {
                self.connect(at);
            } else {
                self.waiting.push_back((at, Event::Broker(Err("cut".to_owned()))));
                self.will(at);
            }
        }
        self.drain();
    }

    /// The broker starts anew, with nothing; everybody connects again.
    pub fn broker_forgets(&mut self) {
        self.retained = None;
        self.beats.clear();
        for at in 0..2 {
            if self.halls[at].linked && self.halls[at].town.is_some() {
                self.waiting.push_back((at, Event::Broker(Err("restarted".to_owned()))));
                self.connect(at);
            }
        }
        self.drain();
    }

    /// The cable of an AP.
    pub fn link_ap(&mut self, ap: &ApId, linked: bool) {
        self.sites.get_mut(ap).expect("an AP").linked = linked;
        if linked {
            if let Some(retained) = self.retained.clone() {
                self.tell(ap, &retained);
            }
            self.speaks(ap, None, false);
        }
        self.drain();
    }

    pub fn on(&mut self, at: usize, event: Event) {
        self.waiting.push_back((at, event));
        self.drain();
    }

    fn drain(&mut self) {
        if std::mem::replace(&mut self.busy, true) {
            return;
        }
        let mut steps = 0;
        while let Some((at, event)) = self.waiting.pop_front() {
            steps += 1;
            assert!(steps < 5_000, "no end of messages: {event:?}");
            let now = self.now(at);
            let Some(town) = &mut self.halls[at].town else { continue };
            let number = |town: &Town| town.view(now).order.map_or(0, |order| order.number);
            let before = number(town);
            let actions = town.on(event, now);
            assert!(number(town) >= before, "a controller's number never falls");
            self.perform(at, actions);
        }
        self.busy = false;
    }

    fn perform(&mut self, at: usize, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Publish(order) => {
                    self.halls[at].deputies = Some((order.number, true));
                    if !self.orders.contains(&order) {
                        self.orders.push(order.clone());
                    }
                    if self.halls[at].linked {
                        self.published(&order);
                    }
                }
                Action::Watch(order) => self.halls[at].deputies = Some((order.number, false)),
                Action::PublishAgain { ap, order, .. } if self.halls[at].linked => self.tell(&ap, &order),
                Action::PublishAgain { .. } => {}
                Action::Beat(beat) if self.halls[at].linked => self.beat(&beat),
                Action::Beat(_) => {}
                Action::Lock { wanted } => {
                    self.halls[at].wants_lock = wanted;
                    if !wanted {
                        self.lock.take_if(|holder| *holder == at);
                    }
                }
                Action::Store { batch, what } => {
                    let hall = &mut self.halls[at];
                    hall.shelf.last_entry = what.entries.iter().map(|it| it.seq).fold(hall.shelf.last_entry, u64::max);
                    hall.entries.extend(what.entries);
                    hall.shelf.order = what.order.or(hall.shelf.order.take());
                    let last = what.activations.iter().map(|it| it.id).fold(hall.shelf.last_activation, u64::max);
                    hall.shelf.last_activation = last;
                    hall.shelf.activations = what.activations;
                    hall.shelf.key = what.key;
                    self.waiting.push_back((at, Event::Stored { batch, outcome: Ok(()) }));
                }
                Action::Answer { ask_id, outcome } => {
                    self.halls[at].answers.insert(ask_id, outcome);
                }
                Action::Log(_) | Action::StoreCounts(_) | Action::StoreSketch(_) | Action::Signal { .. } => {}
            }
        }
    }

    fn beat(&mut self, beat: &Heartbeat) {
        self.beats.insert(beat.id.clone(), beat.clone());
        for at in 0..2 {
            if self.halls[at].linked {
                self.waiting.push_back((at, Event::PeerHeard(beat.clone())));
            }
        }
    }

    /// What a controller said last, as the broker keeps it.
    pub fn last_beat(&self, at: usize) -> Heartbeat {
        self.beats[&id(at)].clone()
    }

    fn published(&mut self, order: &Order) {
        self.retained = Some(order.clone());
        for at in 0..2 {
            if self.halls[at].linked {
                self.waiting.push_back((at, Event::OwnOrderSeen(order.clone())));
            }
        }
        for ap in self.sites.keys().cloned().collect::<Vec<_>>() {
            self.tell(&ap, order);
        }
    }

    /// As an agent takes an order: a higher number only.
    fn tell(&mut self, ap: &ApId, order: &Order) {
        let site = self.sites.get_mut(ap).expect("an AP");
        if !site.linked {
            return;
        }
        let held = site.held.as_ref().map_or(0, |held| held.number);
        let refuses = order.number < held || (order.number == held && site.held.as_ref() != Some(order));
        if order.number > held {
            site.held = Some(order.clone());
        }
        self.speaks(ap, None, refuses);
    }

    /// An AP reports, to whoever is linked, or to one; and shows what it holds.
    fn speaks(&mut self, ap: &ApId, only: Option<usize>, shows: bool) {
        let site = self.sites.get_mut(ap).expect("an AP");
        site.seq += 1;
        let (mode, number) = (site.mode(), site.held.as_ref().map_or(0, |held| held.number));
        let network = Network {
            interface: "wlan0jp".to_owned(),
            ssid: "00000JAPAN".to_owned(),
            bssid: "02:00:00:00:00:01".to_owned(),
            channel: 1,
            stations: 0,
        };
        let report = Report {
            v: 1,
            ap: ap.clone(),
            facility: site.facility.clone(),
            boot: "b".to_owned(),
            seq: site.seq,
            told: number,
            told_issued_ms: site.held.as_ref().map(|held| held.issued_at_ms),
            running: number,
            mode,
            since_ms: 0,
            state: if number == 0 { AgentState::Empty } else { AgentState::Serving },
            why: String::new(),
            networks: if mode.is_open() { vec![network] } else { Vec::new() },
            turned_away: None,
            holds: None,
            facility_key: site.key.clone().map(Box::new),
            agent: "0.1.0".to_owned(),
        };
        let held = site.held.clone().filter(|_| shows);
        self.reports.insert(ap.clone(), report.clone());
        let presence = Presence { v: 1, ap: ap.clone(), online: true, boot: "b".to_owned() };
        for at in 0..2 {
            if self.halls[at].linked && only.is_none_or(|only| only == at) {
                self.waiting.push_back((at, Event::Presence(presence.clone())));
                self.waiting.extend(held.iter().map(|held| (at, Event::OwnOrderHeld(held.clone()))));
                self.waiting.push_back((at, Event::Reported(report.clone())));
            }
        }
    }

    /// Lets time pass: cores are woken, keys are read each second, the database answers, APs speak each 10 s.
    pub fn pass(&mut self, time: Duration) {
        let until = self.time + time;
        while self.time < until {
            self.time += Duration::from_millis(50);
            self.drain();
            self.database_answers();
            if self.time.as_millis().is_multiple_of(10_000) {
                for ap in self.sites.keys().cloned().collect::<Vec<_>>() {
                    if self.sites[&ap].linked {
                        self.speaks(&ap, None, false);
                    }
                }
            }
            for at in 0..2 {
                let now = self.now(at);
                if self.halls[at].town.is_none() {
                    continue;
                }
                if self.halls[at].next_reading <= self.time {
                    self.halls[at].next_reading = self.time + s(1);
                    self.on(at, Event::Contacts(self.halls[at].contacts));
                }
                let due = |hall: &Hall| hall.town.as_ref().and_then(Town::next_wake).is_some_and(|at| at <= now.mono);
                let mut woken = 0;
                while due(&self.halls[at]) {
                    self.on(at, Event::Woke);
                    woken += 1;
                    assert!(woken < 20, "it asks to be woken without end: {:?}", self.halls[at].town);
                }
            }
            self.drain();
        }
    }

    fn database_answers(&mut self) {
        let Some(there) = self.database else { return };
        for at in 0..2 {
            if !self.halls[at].wants_lock || self.halls[at].town.is_none() {
                continue;
            }
            let lock = match self.lock {
                _ if !there => Lock::OutOfReach { why: "connection refused".to_owned() },
                Some(holder) if holder != at => Lock::Theirs,
                _ => Lock::Ours,
            };
            if lock == Lock::Ours {
                self.lock = Some(at);
            }
            self.waiting.push_back((at, Event::Lock(lock)));
        }
        if !there {
            self.lock = None;
        }
        self.drain();
    }

    /// Turns the key at one of them and lets it rest.
    pub fn turn(&mut self, at: usize, contacts: ContactReading) {
        self.halls[at].contacts = contacts;
        if self.halls[at].town.is_some() {
            self.on(at, Event::Contacts(contacts));
        }
        self.pass(Duration::from_millis(50));
    }

    /// Somebody turns the key of an AP; it says so to whoever hears it. That it opens alone is not for these stories.
    pub fn turn_at(&mut self, ap: &ApId, disaster: bool) {
        let since_ms = self.now(0).wall_ms;
        let key = self.sites.get_mut(ap).expect("an AP").key.get_or_insert_default();
        let acts = key.ended.len() as u64 + 1;
        match key.open.take() {
            None if disaster => key.open = Some(KeyAct { id: acts, since_ms, until_ms: None }),
            Some(open) if !disaster => key.ended.push(KeyAct { until_ms: Some(since_ms), ..open }),
            as_it_was => key.open = as_it_was,
        }
        if self.sites[ap].linked {
            self.speaks(ap, None, false);
        }
        self.drain();
    }

    pub fn ask(&mut self, at: usize, ask: Ask) -> Result<u64, AskRefused> {
        self.last_ask += 1;
        let ask_id = self.last_ask;
        self.on(at, Event::Asked { ask_id, by: "sato".to_owned(), ask });
        self.halls[at].answers.remove(&ask_id).expect("a person is always answered")
    }

    pub fn open(&mut self, at: usize, place: &str) -> u64 {
        let facilities = Some([facility(place)].into());
        self.ask(at, Ask::Open { facilities, why: "flood".to_owned() }).expect("granted")
    }

    pub fn close(&mut self, at: usize, activation: u64) -> Result<u64, AskRefused> {
        self.ask(at, Ask::Close { activation, why: "over".to_owned() })
    }

    pub fn view(&self, at: usize) -> TownView {
        self.halls[at].town.as_ref().expect("it is on").view(self.now(at))
    }

    /// Who decides.
    pub fn active(&self) -> [bool; 2] {
        [0, 1].map(|at| self.halls[at].town.is_some() && self.view(at).seat.is_some_and(|seat| seat.active))
    }

    pub fn number(&self, at: usize) -> u64 {
        self.view(at).order.map_or(0, |order| order.number)
    }

    /// What the APs of a facility radiate.
    pub fn modes(&self, place: &str) -> Vec<Mode> {
        self.sites.values().filter(|site| site.facility.as_str() == place).map(Site::mode).collect()
    }

    pub fn is_open(&self, place: &str) -> bool {
        let modes = self.modes(place);
        let open = modes.iter().all(|mode| mode.is_open());
        assert!(open || modes.iter().all(|mode| !mode.is_open()), "{place}: {modes:?}");
        open
    }

    pub fn entries(&self, at: usize, kind: Kind) -> Vec<&Entry> {
        self.halls[at].entries.iter().filter(|entry| entry.kind == kind).collect()
    }

    /// Once quiet: one decides, both hold one order, and so does every AP.
    pub fn at_rest(&self) -> Result<(), String> {
        let active = self.active();
        if active[0] == active[1] {
            return Err(format!("who decides: {active:?}"));
        }
        for at in 0..2 {
            let carries = self.halls[at].deputies.filter(|(number, _)| *number == self.number(at));
            if self.number(at) > 0 && carries != Some((self.number(at), active[at])) {
                let deputies = self.halls[at].deputies;
                return Err(format!("{active:?} decide, and the deputies of {at} were last told {deputies:?}"));
            }
        }
        let (one, other) = (&self.halls[0].shelf.order, &self.halls[1].shelf.order);
        if one != other || *one != self.retained {
            let number = |order: &Option<Order>| order.as_ref().map(|order| order.number);
            let retained = number(&self.retained);
            return Err(format!("orders {:?} and {:?}, and the broker {retained:?}", number(one), number(other)));
        }
        let other = self.sites.iter().find(|(_, site)| site.held != *one);
        other.map_or(Ok(()), |(ap, site)| Err(format!("{ap} holds {:?}", site.held.as_ref().map(|held| held.number))))
    }
}
