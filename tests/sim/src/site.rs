//! An access point: its power, its flash, its hostapd and radios, and the real agent core between them.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_config::channel::Channel;
use firmware_config::wire::{Network, Period};
use hirake_agent::core::air::{Air, RadioState, Seen};
use hirake_agent::core::holding::{Kept, SignedOrder};
use hirake_agent::core::listen::Scan;
use hirake_agent::core::radios::{Answer, Radio, Verb};
use hirake_agent::core::waiting::Page;
use hirake_agent::core::{Action, Agent, Event, Identity, Now};

use crate::ears::{Listening, manner};
use crate::faults::Fault;
use crate::switch::{SWITCHED, Switch};

/// Interfaces of the prepared networks.
pub const RADIOS: [&str; 2] = ["wlan0jp", "wlan1jp"];
/// Interfaces of the town's own networks, on the same radios.
const OWN: [&str; 2] = ["wlan0", "wlan1"];
/// Where radar must be heard: channel 52.
pub const DFS_MHZ: u32 = 5_260;
/// Where it need not: channel 36.
const FREE_MHZ: u32 = 5_180;
/// How long a radio listens for radar before it beacons.
const RADAR_WAIT: Duration = Duration::from_secs(60);

/// How hostapd takes an `ADD` or a `REMOVE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Does it and says so.
    Obeys,
    /// Says FAIL.
    Refuses,
    /// Says OK and does nothing.
    Lies,
    /// Does it, too late to be heard.
    IsSlow,
    /// Does it; the radio listens for radar first.
    Listens,
}

/// What the flash does at the next power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flash {
    /// What was written is there.
    Good,
    /// The last write, acknowledged, is gone: a card that lies.
    LosesLast,
    /// What is read back is no ledger.
    Corrupt,
}

/// A device on one of its networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guest {
    /// Which network.
    pub interface: &'static str,
    /// Which device.
    pub device: u64,
}

/// One access point.
#[derive(Debug)]
pub struct Site {
    /// Which facility.
    pub facility: usize,
    /// The agent; none without power.
    pub agent: Option<Agent>,
    /// When it was switched on: its monotonic clock starts there.
    pub booted: Duration,
    /// How wrong its wall clock is.
    pub wall_off_ms: i64,
    /// Counts the boots: a boot's identity, and what tells old errands from new ones.
    pub boots: u32,
    /// The cable to the broker.
    pub linked: bool,
    /// Connected; counts the connections.
    pub connected: Option<u64>,
    /// hostapd runs.
    pub hostapd: bool,
    /// How it takes orders.
    pub mood: Mood,
    /// The prepared networks hostapd has, and when each beacons.
    pub air: BTreeMap<&'static str, Duration>,
    /// What survives a power cut, and what was there before that.
    pub flash: (Result<Kept, String>, Result<Kept, String>),
    /// What the flash will have done to it.
    pub flash_fate: Flash,
    /// No room.
    pub flash_full: bool,
    /// When the agent is woken next, as scheduled.
    pub wake: Option<Duration>,
    /// Samples on its flash.
    pub shelf: Page,
    /// The key switch at it, where it has one.
    pub switch: Option<Switch>,
    /// Where its radios work, in MHz.
    pub channels: [u32; 2],
    /// Until when its second radio waits for radar, with all its networks.
    pub waits: Duration,
    /// Who is on it.
    pub guests: Vec<Guest>,
    /// The activations it counts distinct devices for.
    pub periods: Vec<Period>,
    /// Devices it met for each since it began.
    pub met: Vec<(Period, u64)>,
    /// What its radios are asked to hear.
    pub listening: Listening,
    identity: Identity,
    /// Its number in the town, from 0.
    number: usize,
}

/// The address of a network of an AP.
#[must_use]
pub fn bssid(number: usize, interface: &str) -> String {
    let place = RADIOS.iter().chain(&OWN).position(|known| *known == interface).unwrap_or_default();
    format!("02:00:00:{:02x}:{:02x}:0{place}", number / 256, number % 256)
}

/// Whether the town has networks of its own there.
fn has_own(number: usize) -> bool {
    number % 2 == 1
}

/// What an access point wants of the world.
#[derive(Debug)]
pub enum Errand {
    /// Comes back to the agent after a while.
    Back(Event, Duration),
    /// To the broker.
    Publish(Action),
    /// A radio is to listen.
    Listen(Scan),
    /// Distinct devices are counted for these from now on.
    CountFor(Vec<Period>),
}

impl Site {
    /// The AP of this number, at `facility`, without power.
    #[must_use]
    pub fn new(town: &str, (number, id): (usize, &str), facility: (usize, &str)) -> Self {
        let radio = |(n, name): (usize, &&'static str)| Radio {
            phy: format!("phy{n}"),
            interface: (*name).to_owned(),
            config: format!("/etc/hirake/{name}.conf"),
        };
        Self {
            facility: facility.0,
            agent: None,
            booted: Duration::ZERO,
            wall_off_ms: 0,
            boots: 0,
            linked: true,
            connected: None,
            hostapd: false,
            mood: Mood::Obeys,
            air: BTreeMap::new(),
            flash: (Ok(Kept::default()), Ok(Kept::default())),
            flash_fate: Flash::Good,
            flash_full: false,
            wake: None,
            shelf: Page::default(),
            switch: SWITCHED.contains(&id).then(Switch::default),
            identity: Identity {
                town: town.parse().expect("a name of the model town"),
                ap: id.parse().expect("a name of the model town"),
                facility: facility.1.parse().expect("a name of the model town"),
                radios: RADIOS.iter().enumerate().map(radio).collect(),
                key: SWITCHED.contains(&id),
                counts_every: Some(Duration::from_secs(30)),
                counts_distinct: true,
                // Each other one has networks of the town beside `00000JAPAN`, and listens.
                listens: has_own(number).then(manner),
            },
            channels: [2_437, if number % 4 == 1 { DFS_MHZ } else { FREE_MHZ }],
            waits: Duration::ZERO,
            guests: Vec::new(),
            periods: Vec::new(),
            met: Vec::new(),
            listening: Listening::default(),
            number,
        }
    }

    /// Its clocks at the world's `time`.
    #[must_use]
    pub fn now(&self, time: Duration, wall_ms: i64) -> Now {
        Now { mono: time.saturating_sub(self.booted), wall_ms: wall_ms.saturating_add(self.wall_off_ms) }
    }

    /// Power comes: the ledger is read, the agent starts.
    pub fn power_on(&mut self, time: Duration, wall_ms: i64) -> Vec<Action> {
        self.boots += 1;
        self.booted = time;
        let ledger = match self.flash_fate {
            Flash::Good => self.flash.0.clone(),
            Flash::LosesLast => self.flash.1.clone(),
            Flash::Corrupt => Err("not JSON".to_owned()),
        };
        if let Some(switch) = &mut self.switch {
            switch.forgot |= self.flash_fate != Flash::Good;
            switch.holds &= self.flash_fate == Flash::Good;
        }
        // A spoilt ledger is set aside: the next boot finds none.
        let found = if ledger.is_err() { Ok(Kept::default()) } else { ledger.clone() };
        self.flash = (found.clone(), found);
        self.flash_fate = Flash::Good;
        let now = self.now(time, wall_ms);
        let (agent, actions) = Agent::new(self.identity.clone(), ledger, self.boot(), now);
        self.agent = Some(agent);
        actions
    }

    /// What this start of its agent is known by.
    #[must_use]
    pub fn boot(&self) -> String {
        format!("boot-{}", self.boots)
    }

    /// Power goes, and everything with it but the flash.
    pub fn power_off(&mut self) {
        if let Some(switch) = &mut self.switch {
            switch.forgot |= !switch.kept;
            switch.holds &= switch.kept;
        }
        self.agent = None;
        self.hostapd_goes();
        self.periods.clear();
        self.met.clear();
        self.listening.power_off();
        self.connected = None;
        self.wake = None;
    }

    /// hostapd goes, with all that was on the air.
    pub fn hostapd_goes(&mut self) -> bool {
        self.air.clear();
        self.guests.clear();
        self.waits = Duration::ZERO;
        std::mem::replace(&mut self.hostapd, false)
    }

    /// The second radio hears a radar: it goes where it need not listen first, or listens there for a minute. Returns for
    /// how long it is silent.
    pub fn hears_radar(&mut self, goes_free: bool, time: Duration) -> Duration {
        self.channels[1] = if goes_free { FREE_MHZ } else { DFS_MHZ };
        let wait = if goes_free { Duration::ZERO } else { RADAR_WAIT };
        self.waits = time + wait;
        let waits = self.waits;
        self.air.get_mut(RADIOS[1]).into_iter().for_each(|from| *from = (*from).max(waits));
        let silent = [RADIOS[1], OWN[1]];
        self.guests.retain(|guest| goes_free || !silent.contains(&guest.interface));
        wait
    }

    /// Networks that a device can come to.
    #[must_use]
    pub fn networks_on_air(&self, time: Duration) -> Vec<&'static str> {
        match self.hostapd {
            true if self.is_open(time) => RADIOS.to_vec(),
            true if has_own(self.number) && self.waits <= time => OWN.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Does what the agent wants done here; what must go elsewhere or come back later is handed out.
    pub fn perform(&mut self, actions: Vec<Action>, time: Duration) -> Vec<Errand> {
        let mut errands = Vec::new();
        let soon = Duration::from_millis(3);
        for action in actions {
            match action {
                Action::WriteLedger(kept) => {
                    let outcome = if self.flash_full { Err("no space left on device".to_owned()) } else { Ok(()) };
                    if let Some(switch) = &mut self.switch {
                        switch.kept = outcome.is_ok();
                    }
                    if outcome.is_ok() {
                        let before = std::mem::replace(&mut self.flash.0, Ok(*kept));
                        self.flash.1 = before;
                    }
                    errands.push(Errand::Back(Event::Ledger(outcome), soon));
                }
                Action::Add { index, radio } => {
                    let name = RADIOS.iter().find(|name| **name == radio.interface).copied();
                    let there = name.is_some_and(|name| self.air.contains_key(name));
                    let (does, after) = self.takes(there);
                    if let Some(name) = name.filter(|_| does) {
                        let wait = if self.mood == Mood::Listens { RADAR_WAIT } else { Duration::ZERO };
                        let others = if name == RADIOS[1] { self.waits } else { Duration::ZERO };
                        self.air.insert(name, others.max(time + wait));
                    }
                    errands.push(self.answer(index, Verb::Add, there, after));
                }
                Action::Remove { index, interface } => {
                    let there = self.air.contains_key(interface.as_str());
                    let (does, after) = self.takes(!there);
                    if does {
                        self.air.remove(interface.as_str());
                        self.guests.retain(|guest| guest.interface != interface);
                    }
                    errands.push(self.answer(index, Verb::Remove, !there, after));
                }
                Action::Look => {
                    let looked = self.look(time);
                    looked.iter().for_each(|air| self.listening.looked(air));
                    errands.push(Errand::Back(Event::Looked(looked), soon));
                }
                Action::WriteCounts(page) => {
                    let outcome = if self.flash_full { Err("no space left on device".to_owned()) } else { Ok(()) };
                    if outcome.is_ok() {
                        self.shelf = page;
                    }
                    errands.push(Errand::Back(Event::CountsWritten(outcome), soon));
                }
                Action::Log(_) => {}
                Action::CountDevices(periods) => errands.push(Errand::CountFor(periods)),
                Action::Listen(scan) => errands.push(Errand::Listen(scan)),
                publish @ (Action::PublishPresence(_)
                | Action::PublishReport(_)
                | Action::PublishCounts(_)
                | Action::PublishDistinct(_)
                | Action::PublishSightings(_)) => errands.push(Errand::Publish(publish)),
            }
        }
        errands
    }

    fn takes(&self, already: bool) -> (bool, Duration) {
        let does = self.hostapd && !already && matches!(self.mood, Mood::Obeys | Mood::IsSlow | Mood::Listens);
        let after = if self.mood == Mood::IsSlow { Duration::from_secs(5) } else { Duration::from_millis(8) };
        (does, after)
    }

    fn answer(&self, index: usize, verb: Verb, already: bool, after: Duration) -> Errand {
        let answer = match self.mood {
            _ if !self.hostapd => Answer::Timeout,
            Mood::IsSlow => Answer::Timeout,
            Mood::Refuses => Answer::Fail("FAIL".to_owned()),
            _ if already => Answer::Fail("FAIL".to_owned()),
            Mood::Obeys | Mood::Lies | Mood::Listens => Answer::Ok,
        };
        Errand::Back(Event::Answered { index, verb, answer }, after)
    }

    /// What went wrong with an answer of hostapd's.
    #[must_use]
    pub fn how_it_was_taken(&self, answer: &Answer, verb: Verb) -> Option<Fault> {
        match (self.mood, answer) {
            (Mood::Refuses, Answer::Fail(_)) => Some(Fault::HostapdRefused),
            (Mood::Lies, Answer::Ok) => Some(Fault::HostapdLied),
            (Mood::IsSlow, Answer::Timeout) if self.hostapd => Some(Fault::HostapdSlow),
            (Mood::Listens, Answer::Ok) if verb == Verb::Add => Some(Fault::RadarWait),
            _ => None,
        }
    }

    fn look(&self, time: Duration) -> Result<Air, String> {
        if !self.hostapd {
            return Err("no answer".to_owned());
        }
        let own = OWN.iter().enumerate().filter(|_| has_own(self.number));
        let state = |from: Duration| match from <= time {
            true => RadioState::Enabled,
            false => RadioState::Preparing("DFS".to_owned()),
        };
        let since = |radio: usize| if radio == 1 { self.waits } else { Duration::ZERO };
        let own = own.map(|(radio, name)| (radio, *name, "Town-Free", state(since(radio))));
        let prepared = RADIOS
            .iter()
            .enumerate()
            .filter_map(|(radio, name)| Some((radio, *name, "00000JAPAN", state(*self.air.get(name)?))));
        let seen = own.chain(prepared).map(|(radio, name, ssid, state)| Seen {
            network: Network {
                interface: name.to_owned(),
                ssid: ssid.to_owned(),
                bssid: bssid(self.number, name),
                channel: Channel::at_mhz(self.channels[radio]).map_or(0, |channel| channel.number().into()),
                stations: self.stations(name),
            },
            radio: state,
            phy: format!("phy{radio}"),
            mhz: self.channels[radio],
        });
        Ok(Air { seen: seen.collect() })
    }

    fn stations(&self, interface: &str) -> u32 {
        u32::try_from(self.guests.iter().filter(|guest| guest.interface == interface).count()).unwrap_or(u32::MAX)
    }

    /// Whether every radio beacons `00000JAPAN`.
    #[must_use]
    pub fn is_open(&self, time: Duration) -> bool {
        RADIOS.iter().all(|name| self.air.get(name).is_some_and(|from| *from <= time))
    }

    /// Whether nothing of it is on the air or on its way there.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.air.is_empty()
    }

    /// The number its flash has.
    #[must_use]
    pub fn kept(&self) -> u64 {
        let number = |signed: &SignedOrder| signed.order.number;
        self.flash.0.as_ref().map_or(0, |kept| kept.newest.as_ref().or(kept.order.as_ref()).map_or(0, number))
    }
}
