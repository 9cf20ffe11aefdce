//! The deputy: speaks for one device that has no agent of ours. Orders and answers in, requests and reports out; pure.
//!
//! One deputy a device; a WLAN controller's deputy speaks for every AP behind it. Rooms, in reading order: `event` (what
//! can happen, what is asked and told), `kind` (what the device is), `rounds` (when it is polled), `air` (what a reading
//! shows of `00000JAPAN`), `script` (a flip with every name filled in), `pass` (one carrying out of it), `saving` (making
//! it last), `flipping` (what is wanted, until the device is so), `telling` (what an agent would say), `totals` (what its counters have counted).
//!
//! ```text
//!                     order (from any state below)
//!                          │
//!  Empty ──────────────▶ Applying ──a poll shows it──▶ Serving ──a poll shows otherwise──▶ Applying
//!                          │    ▲                        │
//!   a pass came to nothing,│    │ newer order            └─ what was done is saved; not saved is said, and tried again
//!   or there is no way     ▼    │
//!                        Refused ──tries go on for ever, at most 10 s apart──▶ Serving
//! ```

pub mod air;
mod event;
pub mod flipping;
pub mod kind;
pub mod pass;
pub mod rounds;
pub mod saving;
pub mod script;
pub mod telling;
pub mod totals;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::mode::Mode;

use crate::device::{Device, DeviceAp, Role};
use crate::profile::library::Library;
use crate::profile::{Evidence, Profile};
use crate::readings::Readings;
use crate::trouble::Trouble;
use crate::value::Sheet;
use air::{Air, Behind, of_device};
pub use event::{Act, Answer, Event, Letter, Now, Request, Sighting};
use flipping::{Facts, Flipper};
use kind::{Kind, Told};
use rounds::{End, Rounds};
use script::Script;
use telling::{Speaker, Stand};
use totals::{Total, Totals};

/// sysUpTime starts again at 0 after 2^32 hundredths of a second (497 days): fallen from this near to it, it ran over,
/// and the device did not start again. Devices are polled every few seconds; an hour is room for any outage.
const UPTIME_NEARLY_OVER: Duration = Duration::from_secs((1 << 32) / 100 - 3_600);

/// Polls in a row that may break off before they reach the network's own row, before it is believed to be gone: a line
/// that loses one datagram in a hundred breaks off one poll in a hundred, and three in a row never.
const TORN_MAX: u32 = 2;

/// How long after the start nothing is closed for an order that may be one of before: a store put back from an old copy
/// learns the newest order from an AP that holds it. Agents try again at least every 10 s and need 5 s to connect and
/// speak; 5 s more.
const SPARED: Duration = Duration::from_secs(20);

/// How often a device is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// On an ordinary day.
    pub calm: Duration,
    /// While anything is open.
    pub hurry: Duration,
}

/// One device.
#[derive(Debug)]
pub struct Deputy {
    device: Device,
    boot: String,
    started: Duration,
    intervals: Intervals,
    kind: Kind,
    /// Why it cannot be flipped at all.
    hindrance: Option<String>,
    rounds: Rounds,
    flipper: Flipper,
    speakers: Vec<Speaker>,
    witnessed: Vec<DeviceAp>,
    number: u64,
    last_ask: u64,
    flip_ask: Option<u64>,
    seen: Seen,
    /// Polls in a row that broke off.
    torn: u32,
    totals: Totals,
    /// It answers, and what it says cannot be used; why.
    unreadable: Option<String>,
}

/// What the newest poll that was answered showed.
#[derive(Debug)]
struct Seen {
    /// When it began.
    begun: Option<Duration>,
    /// Whether the last poll was answered.
    answers: bool,
    air: Air,
    /// Kept where it may be flipped.
    sheet: Sheet,
    readings: Arc<Readings>,
    /// What was wrong with the poll.
    faults: Vec<String>,
}

impl Deputy {
    /// Nothing was asked yet. `boot` is drawn afresh at each start of the controller.
    #[must_use]
    pub fn new(device: Device, library: Arc<Library>, boot: String, intervals: Intervals, now: Now) -> Self {
        let of_role = |role| device.aps.iter().filter(move |ap| ap.role == role).cloned();
        let mut deputy = Self {
            boot,
            started: now.mono,
            intervals,
            kind: Kind::new(library, device.profile.clone()),
            hindrance: None,
            rounds: Rounds::new(&device.id, intervals.calm, now.mono),
            flipper: Flipper::new(&device.id),
            speakers: of_role(Role::Flip).map(|ap| Speaker::new(ap, now.mono)).collect(),
            witnessed: of_role(Role::Witness).collect(),
            number: 0,
            last_ask: 0,
            flip_ask: None,
            seen: Seen {
                begun: None,
                answers: false,
                air: Air::Unknown("it was not read yet".to_owned()),
                sheet: Sheet::new(),
                readings: Arc::default(),
                faults: Vec::new(),
            },
            torn: 0,
            totals: Totals::default(),
            unreadable: None,
            device,
        };
        deputy.learn_kind();
        deputy
    }

    /// Something happened.
    pub fn on(&mut self, event: Event, now: Now) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut alive = false;
        match event {
            Event::Ordered { number, wanted } => self.ordered(number, &wanted, now),
            Event::Hands(on) => self.flipper.hands(on),
            Event::Hurry(hurry) => {
                let interval = if hurry { self.intervals.hurry } else { self.intervals.calm };
                self.rounds.set_interval(interval, now.mono);
            }
            Event::Hint => self.rounds.hint(now.mono),
            Event::Answered { ask, answer } if self.flip_ask == Some(ask) => {
                self.flip_ask = None;
                self.flipper.answered(answer, now.mono);
            }
            Event::Answered { ask, answer } => {
                if let Some(poll) = self.rounds.under_way().filter(|poll| poll.ask == ask) {
                    alive = self.polled(answer, poll.begun, now, &mut acts);
                }
            }
            Event::Woke => {}
        }
        self.settle_up(alive, now, &mut acts);
        acts
    }

    /// When to call [`Self::on`] with [`Event::Woke`], by the monotonic clock, if nothing else happens before.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        [self.rounds.next_wake(), self.flipper.next_wake()].into_iter().flatten().min()
    }

    /// The device.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Its profile, where it is known what it is.
    #[must_use]
    pub fn profile(&self) -> Option<&Arc<Profile>> {
        self.kind.profile()
    }

    /// Whether its last polls went unanswered.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.rounds.is_gone()
    }

    /// Whether the last poll was answered.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.seen.answers
    }

    /// What the newest answered poll came to, and what was wrong with it.
    #[must_use]
    pub fn readings(&self) -> (&Arc<Readings>, &[String]) {
        (&self.seen.readings, &self.seen.faults)
    }

    /// What its counters have counted since it was first read.
    #[must_use]
    pub fn totals(&self) -> Vec<Total> {
        self.totals.all()
    }

    /// A line for a person: what is wrong with it now.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.unreadable.as_deref().or(self.flipper.refusal()).or(self.flipper.not_saved())
    }

    fn ordered(&mut self, number: u64, wanted: &BTreeMap<ApId, Mode>, now: Now) {
        let another = |speaker: &Speaker| {
            wanted.get(&speaker.ap().ap).is_some_and(|mode| speaker.wanted().is_some_and(|wanted| wanted != *mode))
        };
        // Two controllers may both have given a number: what counts in the end comes under the same.
        if number < self.number || (number == self.number && !self.speakers.iter().any(another)) {
            return;
        }
        // The first one heard of is mostly the one remembered from before the start; any other was decided or learnt since.
        let is_first = std::mem::replace(&mut self.number, number) == 0;
        self.flipper.spare(if is_first { self.started + SPARED } else { now.mono });
        for speaker in &mut self.speakers {
            if let Some(mode) = wanted.get(&speaker.ap().ap) {
                speaker.ordered(number, *mode);
            }
        }
        if let Some(mode) = self.mode_wanted() {
            self.flipper.wish(mode.is_open(), now.mono);
        }
    }

    /// The greatest mode of any AP it flips: one lever for all of them.
    fn mode_wanted(&self) -> Option<Mode> {
        self.speakers.iter().filter_map(Speaker::wanted).max()
    }

    /// A request of a poll came to this; says whether that is a sign of life to be told.
    fn polled(&mut self, answer: Result<Answer, Trouble>, begun: Duration, now: Now, acts: &mut Vec<Act>) -> bool {
        let trouble = match answer {
            Ok(Answer::Sheet { sheet, faults }) if !self.kind.is_asking() => {
                self.read(sheet, faults, begun, now, acts);
                return true;
            }
            Ok(Answer::Sheet { sheet, .. }) => match self.kind.answered(sheet) {
                Told::Known { is_new } => {
                    self.learn_kind();
                    if is_new {
                        // What was read by other rules says nothing by these.
                        self.seen.begun = None;
                        self.say_kind(acts);
                    }
                    self.ask_on(self.kind.request(), acts);
                    return false;
                }
                Told::Ask(request) => {
                    self.ask_on(request, acts);
                    return false;
                }
                Told::Unfit(why) => return self.cannot_read(why, now, acts),
            },
            Ok(Answer::Set) => Trouble::Broken("a SET's answer to a question".to_owned()),
            Err(trouble) => trouble,
        };
        self.flipper.not_looked(&trouble, begun, now.mono);
        self.kind.start_over();
        let answered = matches!(trouble, Trouble::Refused { .. } | Trouble::Credentials(_));
        if answered {
            return self.cannot_read(trouble.to_string(), now, acts);
        }
        self.seen.answers = false;
        self.rounds.end(End::Unanswered, now.mono);
        self.witness(&Err(trouble.to_string()), now, acts);
        if self.rounds.is_gone() && !self.flipper.may_be_silent(now.mono) {
            let gone = self.speakers.iter_mut().filter_map(|speaker| speaker.gone(&self.boot));
            let gone: Vec<Act> = gone.map(|letter| Act::Tell(Box::new(letter))).collect();
            if !gone.is_empty() {
                acts.push(Act::Log(format!("device does not answer why={:?}", trouble.to_string())));
            }
            acts.extend(gone);
            // Whatever answers there next may be another one.
            self.kind.doubt();
        }
        false
    }

    /// It is there, and cannot be read.
    fn cannot_read(&mut self, why: String, now: Now, acts: &mut Vec<Act>) -> bool {
        self.seen.answers = false;
        self.rounds.end(End::Unreadable, now.mono);
        self.witness(&Err(why.clone()), now, acts);
        if self.unreadable.as_ref() != Some(&why) {
            acts.push(Act::Log(format!("device cannot be read why={why:?}")));
        }
        self.speakers.iter_mut().for_each(Speaker::blinded);
        self.unreadable = Some(why);
        true
    }

    fn read(&mut self, sheet: Sheet, faults: Vec<String>, begun: Duration, now: Now, acts: &mut Vec<Act>) {
        let Some(profile) = self.kind.profile() else { return };
        let readings = profile.read(&sheet);
        if air::is_torn(&self.seen.readings, &readings, &faults) && self.torn < TORN_MAX {
            // It is there, and that is all: what was known stays.
            self.torn += 1;
            self.rounds.end(End::Read, now.mono);
            let air = Air::Unknown(faults.into_iter().next().unwrap_or_default());
            self.flipper.looked(&air, begun, now.mono);
            return;
        }
        self.torn = 0;
        self.totals.take(&readings, now.mono);
        let before = self.seen.readings.uptime;
        let restarted = before.zip(readings.uptime).is_some_and(|(was, is)| is < was && was < UPTIME_NEARLY_OVER);
        self.seen = Seen {
            begun: Some(begun),
            answers: true,
            air: of_device(&readings, &faults),
            sheet: if self.hindrance.is_none() { sheet } else { Sheet::new() },
            readings: Arc::new(readings),
            faults,
        };
        self.unreadable = None;
        self.rounds.end(End::Read, now.mono);
        self.flipper.looked(&self.seen.air, begun, now.mono);
        let behind = Behind::of(&self.seen.readings, &self.seen.air);
        for speaker in &mut self.speakers {
            let seen = behind.ap(speaker.ap().key.as_deref());
            speaker.saw(seen);
        }
        self.witness(&Ok(()), now, acts);
        if restarted {
            acts.push(Act::Log("device started again".to_owned()));
            self.kind.doubt();
        }
    }

    /// Says what was seen of the APs that have an agent.
    fn witness(&self, read: &Result<(), String>, now: Now, acts: &mut Vec<Act>) {
        if self.witnessed.is_empty() {
            return;
        }
        let behind = Behind::of(&self.seen.readings, &self.seen.air);
        for ap in &self.witnessed {
            let open = read.clone().and_then(|()| {
                let seen = behind.ap(ap.key.as_deref());
                match seen.listed {
                    air::Listed::There => seen.air.any(),
                    air::Listed::Gone => Err("its controller has lost it".to_owned()),
                    air::Listed::Missing => Err("its controller does not list it; is device-ap right?".to_owned()),
                }
            });
            let sighting = Sighting { ap: ap.ap.clone(), open, at_ms: now.wall_ms };
            acts.push(Act::Tell(Box::new(Letter::Saw(sighting))));
        }
    }

    fn say_kind(&self, acts: &mut Vec<Act>) {
        let Some(profile) = self.kind.profile() else { return };
        let (id, evidence) = (&profile.id, profile.evidence.word());
        acts.push(Act::Log(format!("device is known profile={id} evidence={evidence}")));
        // The town decided it by giving write credentials; it shall know what it rests on.
        if self.hindrance.is_none() && !self.speakers.is_empty() && profile.evidence < Evidence::Lab {
            acts.push(Act::Log(format!("this flip was never seen to work profile={id}: try it in a drill")));
        }
    }

    fn learn_kind(&mut self) {
        let Some(profile) = self.kind.profile() else { return };
        self.hindrance = match (&self.device.write, &profile.flips) {
            (_, None) => {
                let why = profile.no_flip.as_deref().unwrap_or("its profile has no [flip]");
                Some(format!("it cannot be flipped by SNMP: {why}"))
            }
            (None, _) => Some("it has no write credentials in controller.toml: it is watched, not flipped".to_owned()),
            (Some(_), Some(_)) => None,
        };
    }

    /// What follows from everything known, whatever it was that happened.
    fn settle_up(&mut self, alive: bool, now: Now, acts: &mut Vec<Act>) {
        let (profile, seen, words) = (self.kind.profile(), &self.seen, &self.device.words);
        let script = |open: bool, rand: u16| Script::of(profile.map(AsRef::as_ref), &seen.sheet, words, open, rand);
        let facts = Facts {
            air: &seen.air,
            begun: seen.begun,
            answers: seen.answers,
            hindrance: self.hindrance.as_deref(),
            script: &script,
        };
        let needs = self.flipper.step(&facts, now.mono);
        let settled = self.flipper.is_settled(&facts);
        acts.extend(needs.log.into_iter().map(Act::Log));
        if let Some(request) = needs.request {
            self.last_ask += 1;
            self.flip_ask = Some(self.last_ask);
            acts.push(Act::Ask { ask: self.last_ask, request, urgent: true });
        }
        self.rounds.urge(needs.poll);
        if let Some(urgent) = self.rounds.due(now.mono) {
            self.last_ask += 1;
            self.rounds.begin(self.last_ask, urgent, now.mono);
            acts.push(Act::Ask { ask: self.last_ask, request: self.kind.request(), urgent });
        }
        self.speak(settled, alive, now, acts);
    }

    fn speak(&mut self, settled: bool, alive: bool, now: Now, acts: &mut Vec<Act>) {
        if self.speakers.is_empty() {
            return;
        }
        let stand = Stand {
            wish: self.flipper.wanted(),
            mode: self.mode_wanted().unwrap_or_default(),
            settled: settled && self.unreadable.is_none(),
            refusal: self.unreadable.clone().or_else(|| self.flipper.refusal_told()),
            remark: self.flipper.not_saved().map(|why| format!("not saved, a reboot would lose it: {why}")),
            agent: format!("snmp/{}", self.kind.profile().map_or("?", |profile| &profile.id)),
        };
        let mut letters = Vec::new();
        for speaker in &mut self.speakers {
            speaker.speak(&stand, alive, &self.boot, now, &mut letters);
        }
        acts.extend(letters.into_iter().map(|letter| Act::Tell(Box::new(letter))));
    }

    /// The next request of the poll under way.
    fn ask_on(&mut self, request: Request, acts: &mut Vec<Act>) {
        self.last_ask += 1;
        // Before it is known what it is, nothing can be opened: what leads there waits behind no poll.
        let urgent = self.rounds.go_on(self.last_ask, self.seen.begun.is_none() && self.flipper.wanted() == Some(true));
        acts.push(Act::Ask { ask: self.last_ask, request, urgent });
    }
}

#[cfg(test)]
mod air_stories;
#[cfg(test)]
mod carried_out;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod kind_stories;
#[cfg(test)]
mod known_stories;
#[cfg(test)]
mod lever_stories;
#[cfg(test)]
mod proof_stories;
#[cfg(test)]
pub(crate) mod sim;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod telling_stories;
#[cfg(test)]
mod watching_stories;
