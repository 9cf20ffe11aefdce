//! Random histories of samples: whatever is lost, doubled, cut off or forgotten, everybody counted is stored, and each
//! sample has in it who came in the numbers it covers, no more and no less, and what came together by its end. (That a store
//! which meets them in any shape counts each number once is the controller's `core::arrivals`.)

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, CountsStored, NetworkCounts, SampleId, SoFar, StoredSample};
use proptest::prelude::*;

use super::deliver::{Delivery, WRITE_EVERY, mono_ms};
use super::waiting::{PIECES_MAX, Page, SAMPLES_MAX, Sample};
use super::{Action, Now};

#[derive(Debug, Clone)]
enum Happening {
    /// So many samples are counted, 30 s apart.
    Counted(u64),
    /// The line to the broker is there or not.
    Line(bool),
    /// The controller is there or not.
    Hall(bool),
    /// The flash takes what is written, slowly or at once.
    FlashIsSlow(bool),
    /// The flash refuses what is written: it is full, or read-only.
    FlashRefuses(bool),
    /// The flash has room for so many samples.
    FlashHolds(usize),
    /// Power goes; the page under way is on the flash or not.
    Cut {
        written: bool,
    },
    /// Stopped and started in order.
    Restart,
    /// So many starts, a sample or some in each: more than there may be samples where these have neighbours.
    Flaps(usize),
    /// So many words of the controller get lost.
    WordsLost(u32),
    Clock(i64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => prop_oneof![1..20_u64, 1..400_u64].prop_map(Happening::Counted),
        2 => any::<bool>().prop_map(Happening::Line),
        2 => any::<bool>().prop_map(Happening::Hall),
        1 => any::<bool>().prop_map(Happening::FlashIsSlow),
        2 => any::<bool>().prop_map(Happening::FlashRefuses),
        1 => (SAMPLES_MAX..3 * SAMPLES_MAX).prop_map(Happening::FlashHolds),
        2 => any::<bool>().prop_map(|written| Happening::Cut { written }),
        1 => Just(Happening::Restart),
        1 => prop_oneof![3 => 1..30_usize, 1 => SAMPLES_MAX..SAMPLES_MAX + 100].prop_map(Happening::Flaps),
        2 => (1..4_u32).prop_map(Happening::WordsLost),
        1 => prop_oneof![Just(0), Just(1_795_000_000_000_i64)].prop_map(Happening::Clock),
    ]
}

/// An agent's samples, its flash, and a controller that stores.
struct World {
    delivery: Delivery,
    now: Now,
    boots: u32,
    seq: u64,
    line: bool,
    hall: bool,
    slow: bool,
    refuses: bool,
    holds: usize,
    words_lost: u32,
    flash: Page,
    writing: Option<Page>,
    /// By name: how often each one counted is stored.
    stored: BTreeMap<String, u32>,
    /// What is stored: start and number.
    known: BTreeSet<(String, u64)>,
    counted: Vec<String>,
    /// Who was counted under which number of which start.
    names: BTreeMap<(String, u64), String>,
    /// In memory only when power went.
    lost: BTreeSet<String>,
    sent: u32,
    pages: u32,
}

/// The network that somebody comes to in every sample; each has another beside it, to be known by, …
const EVERY: &str = "every";
/// …and one that nobody comes to.
const NOBODY: &str = "nobody";

fn name(n: usize) -> String {
    format!("n{n}")
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            delivery: Delivery::new("first"),
            now: Now { mono: Duration::ZERO, wall_ms: 1_795_000_000_000 },
            boots: 0,
            seq: 0,
            line: true,
            hall: true,
            slow: false,
            refuses: false,
            holds: PIECES_MAX,
            words_lost: 0,
            // A controller has answered once: from then on nothing is forgotten.
            flash: Page { answers: true, samples: Vec::new() },
            writing: None,
            stored: BTreeMap::new(),
            known: BTreeSet::new(),
            counted: Vec::new(),
            names: BTreeMap::new(),
            lost: BTreeSet::new(),
            sent: 0,
            pages: 0,
        };
        world.boot();
        world
    }

    fn boot(&mut self) {
        self.boots += 1;
        self.seq = 0;
        self.now.mono = Duration::from_secs(1);
        self.writing = None;
        self.delivery = Delivery::new(&format!("boot-{}", self.boots));
        let mut actions = Vec::new();
        self.delivery.found(Ok(self.flash.clone()), self.now, &mut actions);
        if self.line {
            self.delivery.connected(self.now.mono);
        }
        self.step();
    }

    fn step(&mut self) {
        for _ in 0..4 {
            let mut actions = Vec::new();
            let ap = "gym-1".parse().expect("valid");
            self.delivery.step(&ap, self.now, &mut actions);
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::PublishCounts(counts) => self.hears(&counts),
                    Action::WriteCounts(page) => {
                        self.pages += 1;
                        self.writing = Some(page);
                        if !self.slow {
                            self.writes();
                        }
                    }
                    other => assert!(matches!(other, Action::Log(_)), "nothing to do with samples: {other:?}"),
                }
            }
        }
    }

    fn writes(&mut self) {
        let Some(page) = self.writing.take() else { return };
        let outcome = if self.take(page) { Ok(()) } else { Err("no space left on device".to_owned()) };
        self.delivery.written(outcome, self.now.mono, &mut Vec::new());
    }

    /// The flash takes a page, or does not.
    fn take(&mut self, page: Page) -> bool {
        let taken = !self.refuses && page.samples.len() <= self.holds;
        if taken {
            self.flash = page;
        }
        taken
    }

    fn hears(&mut self, counts: &Counts) {
        assert!(self.line, "nothing is sent to nobody");
        self.sent += 1;
        if !self.hall {
            return;
        }
        let first = counts.seq + 1 - u64::from(counts.samples);
        let numbers: Vec<_> = (first..=counts.seq).map(|seq| (counts.boot.clone(), seq)).collect();
        let named: BTreeSet<_> = numbers.iter().map(|number| self.names[number].clone()).collect();
        let somebody = counts.networks.iter().filter(|row| row.interface != NOBODY);
        let (every, each): (Vec<_>, Vec<_>) = somebody.partition(|row| row.interface == EVERY);
        let rows: BTreeSet<_> = each.iter().map(|row| row.interface.clone()).collect();
        assert_eq!(rows, named, "{counts:?}");
        assert!(each.iter().all(|row| row.joins == 1 && row.so_far == Some(SoFar { joins: 1, leaves: 0 })));
        let so_far = SoFar { joins: u32::try_from(counts.seq).expect("small"), leaves: 0 };
        let every: Vec<_> = every.into_iter().map(|row| (row.joins, row.so_far)).collect();
        assert_eq!(every, [(counts.samples, Some(so_far))], "one came in each of them: {counts:?}");
        for number in numbers {
            if self.known.insert(number.clone()) {
                *self.stored.entry(self.names[&number].clone()).or_default() += 1;
            }
        }
        if self.words_lost > 0 {
            self.words_lost -= 1;
            return;
        }
        let stored = CountsStored { v: 1, ap: counts.ap.clone(), samples: vec![StoredSample::of(counts)] };
        self.delivery.stored(&stored, self.now.mono);
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while let Some(wake) = self.delivery.next_wake().filter(|wake| *wake <= end) {
            let next = wake.max(self.now.mono);
            self.now.wall_ms += mono_ms(next) - mono_ms(self.now.mono);
            self.now.mono = next;
            let before = (self.sent, self.pages, self.delivery.next_wake());
            self.step();
            assert_ne!(before, (self.sent, self.pages, self.delivery.next_wake()), "it spins: {:?}", self.delivery);
        }
        self.now.wall_ms += mono_ms(end) - mono_ms(self.now.mono);
        self.now.mono = end;
    }

    fn count(&mut self) {
        self.pass(Duration::from_secs(30));
        self.seq += 1;
        let interface = name(self.counted.len());
        self.counted.push(interface.clone());
        let boot = format!("boot-{}", self.boots);
        self.names.insert((boot.clone(), self.seq), interface.clone());
        let (ssid, so_far) = ("00000JAPAN".to_owned(), Some(SoFar { joins: 1, leaves: 0 }));
        let row = NetworkCounts { interface, ssid, stations: 1, joins: 1, leaves: 0, so_far };
        let so_far = Some(SoFar { joins: u32::try_from(self.seq).expect("small"), leaves: 0 });
        let every = NetworkCounts { interface: EVERY.to_owned(), so_far, ..row.clone() };
        let (nobody, so_far) = (NOBODY.to_owned(), Some(SoFar::default()));
        let nobody = NetworkCounts { interface: nobody, stations: 0, joins: 0, so_far, ..row.clone() };
        let id = SampleId { boot, seq: self.seq };
        self.delivery.counted(Sample::new(id, mono_ms(self.now.mono), 30, Mode::Disaster, vec![row, every, nobody]));
        self.step();
    }

    /// What is neither stored nor on the flash is gone with the power.
    fn cut(&mut self) {
        let on_flash: BTreeSet<&String> =
            self.flash.samples.iter().flat_map(|kept| kept.networks.iter()).map(|row| &row.interface).collect();
        let gone = self.counted.iter().filter(|name| !on_flash.contains(name) && !self.stored.contains_key(*name));
        self.lost.extend(gone.cloned());
        self.boot();
    }

    fn happen(&mut self, what: &Happening) {
        match *what {
            Happening::Counted(n) => (0..n).for_each(|_| self.count()),
            Happening::Line(up) => {
                self.line = up;
                if up {
                    self.delivery.connected(self.now.mono);
                } else {
                    self.delivery.disconnected();
                }
            }
            Happening::Hall(up) => self.hall = up,
            Happening::FlashIsSlow(slow) => {
                self.slow = slow;
                self.writes();
            }
            Happening::FlashRefuses(refuses) => self.refuses = refuses,
            Happening::FlashHolds(samples) => self.holds = samples,
            Happening::Cut { written } => {
                if let Some(page) = self.writing.take().filter(|_| written) {
                    self.take(page);
                }
                self.cut();
            }
            Happening::Restart => {
                self.writes();
                let taken = self.delivery.last_page(self.now).is_none_or(|page| self.take(page));
                let (before, small) = (self.lost.len(), self.holds < PIECES_MAX);
                self.cut();
                assert!(!taken || small || self.lost.len() == before, "a stop in order loses nobody");
            }
            Happening::Flaps(n) => {
                for _ in 0..n {
                    if self.flash.samples.len() >= PIECES_MAX / 2 {
                        break;
                    }
                    (0..=self.boots % 3).for_each(|_| self.count());
                    self.happen(&Happening::Restart);
                }
            }
            Happening::WordsLost(n) => self.words_lost = n,
            Happening::Clock(wall_ms) => self.now.wall_ms = wall_ms,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn everybody_counted_is_stored_once_whatever_breaks(history in prop::collection::vec(happening(), 1..14)) {
        let mut world = World::new();
        for what in &history {
            let (pages, from) = (world.pages, world.now.mono);
            world.happen(what);
            let passed = world.now.mono.saturating_sub(from);
            let most = passed.as_secs() / WRITE_EVERY.as_secs() + 2;
            prop_assert!(u64::from(world.pages - pages) <= most, "{} pages in {passed:?}", world.pages - pages);
        }
        world.holds = PIECES_MAX;
        for calm in [Happening::FlashRefuses(false), Happening::FlashIsSlow(false), Happening::Hall(true), Happening::Line(true)] {
            world.happen(&calm);
        }
        world.words_lost = 0;
        world.pass(Duration::from_secs(3600));
        for name in &world.counted {
            let times = world.stored.get(name).copied().unwrap_or(0);
            if !world.lost.contains(name) {
                prop_assert_eq!(times, 1, "{}", name);
            }
        }
        prop_assert!(world.flash.samples.is_empty(), "what is stored leaves the flash");
    }
}

#[test]
fn a_week_in_the_dark_is_summarised_and_nobody_who_came_is_lost() {
    let mut world = World::new();
    world.happen(&Happening::Line(false));
    let row = |n: u64| NetworkCounts {
        interface: "wlan0jp".to_owned(),
        ssid: "00000JAPAN".to_owned(),
        stations: u32::try_from(n % 50).expect("small"),
        joins: 3,
        leaves: 2,
        so_far: Some(SoFar {
            joins: 3 * u32::try_from(n).expect("small"),
            leaves: 2 * u32::try_from(n).expect("small"),
        }),
    };
    let week = 7 * 24 * 120;
    for n in 1..=week {
        world.pass(Duration::from_secs(30));
        let id = SampleId { boot: "boot-1".to_owned(), seq: n };
        let sample = Sample::new(id, mono_ms(world.now.mono), 30, Mode::Disaster, vec![row(n)]);
        world.delivery.counted(sample);
    }
    world.pass(WRITE_EVERY);
    world.step();
    let page = &world.flash;
    assert!(page.samples.len() <= SAMPLES_MAX);
    let sum =
        |of: fn(&NetworkCounts) -> u32| page.samples.iter().flat_map(|kept| kept.networks.iter()).map(of).sum::<u32>();
    let all = u32::try_from(week).expect("small");
    assert_eq!((sum(|row| row.joins), sum(|row| row.leaves)), (3 * all, 2 * all));
    assert_eq!(page.samples.iter().map(|kept| kept.samples).sum::<u32>(), all);
    assert!(page.samples.iter().all(|kept| kept.interval_s <= 3_600), "no length beyond what there is need for");
    let peak = page.samples.iter().filter(|kept| kept.samples >= 50).flat_map(|kept| kept.networks.iter());
    assert!(peak.clone().count() > 10 && peak.into_iter().all(|row| row.stations == 49), "the most there were");
    assert!(world.pages <= 7 * 288 + 1, "a page each five minutes: {}", world.pages);
}

#[test]
fn a_week_in_which_power_fails_every_five_minutes_loses_nobody_whom_a_page_had() {
    let mut world = World::new();
    world.happen(&Happening::Line(false));
    let starts = 7 * 24 * 60 / 5;
    for _ in 0..starts {
        for n in 1..=11 {
            world.pass(Duration::from_secs(30));
            let so_far = Some(SoFar { joins: 2 * n, leaves: n });
            let row = |interface: &str| NetworkCounts {
                interface: interface.to_owned(),
                ssid: "00000JAPAN".to_owned(),
                stations: n,
                joins: 2,
                leaves: 1,
                so_far,
            };
            let id = SampleId { boot: format!("boot-{}", world.boots), seq: u64::from(n) };
            let rows = ["wlan0jp", "wlan1jp"].map(row).to_vec();
            world.delivery.counted(Sample::new(id, mono_ms(world.now.mono), 30, Mode::Disaster, rows));
            world.step();
        }
        // The page of before; what was counted in the last seconds is in memory only.
        world.boot();
    }
    let page = &world.flash;
    assert_eq!(page.samples.iter().map(|kept| &kept.id.boot).collect::<BTreeSet<_>>().len(), starts);
    let sum =
        |of: fn(&NetworkCounts) -> u32| page.samples.iter().flat_map(|kept| kept.networks.iter()).map(of).sum::<u32>();
    let counted = page.samples.iter().map(|kept| kept.samples).sum::<u32>();
    assert!(counted as usize >= 9 * starts, "what was counted in the first five minutes of each: {counted}");
    assert_eq!((sum(|row| row.joins), sum(|row| row.leaves)), (4 * counted, 2 * counted), "on two networks");
}

#[test]
fn while_the_controller_answers_nothing_is_written_and_one_sample_is_on_its_way() {
    let mut world = World::new();
    (0..500).for_each(|_| world.count());
    world.pass(Duration::from_secs(10));
    assert_eq!((world.stored.len(), world.sent, world.pages), (500, 500, 0));
}

#[test]
fn an_older_controller_gets_each_sample_and_is_neither_flooded_nor_waited_for() {
    // It stores what it hears and has no word for it. Nobody ever said one: the agent is new in this town.
    let mut world = World::new();
    world.flash = Page::default();
    world.boot();
    world.words_lost = u32::MAX;
    (0..2_000).for_each(|_| world.count());
    world.pass(Duration::from_secs(60));
    assert_eq!(world.stored.len(), 2_000);
    assert!(world.stored.values().all(|times| *times == 1));
    assert!(world.sent < 2_010, "each once, but for the first: {}", world.sent);
    assert!(world.pages < 3, "what was said is not worth the flash: {}", world.pages);
}

#[test]
fn a_sample_of_a_start_whose_clock_was_never_set_says_how_old_it_is_at_least() {
    let mut world = World::new();
    world.happen(&Happening::Line(false));
    world.now.wall_ms = 0;
    world.count();
    world.pass(Duration::from_secs(600));
    world.happen(&Happening::Restart);
    world.now.wall_ms = 1_795_000_000_000;
    world.happen(&Happening::Line(true));
    world.now.mono += Duration::from_secs(60);
    let mut actions = Vec::new();
    world.delivery.step(&"gym-1".parse().expect("valid"), world.now, &mut actions);
    let sent = actions.iter().find_map(|action| match action {
        Action::PublishCounts(counts) => Some(counts),
        _ => None,
    });
    let sent = sent.expect("sent");
    assert_eq!((sent.at_unsure, sent.boot.as_str()), (true, "boot-1"));
    let age = sent.age_ms.expect("an age");
    // The page was written 300 s after it; what came between that and the next start nobody knows.
    assert!((360_000..=662_000).contains(&age), "{age}");
}

#[test]
fn a_flash_that_refuses_is_said_once_and_everything_waits_in_memory_and_is_delivered() {
    let ap = "gym-1".parse().expect("valid");
    let (mut delivery, mut actions) = (Delivery::new("first"), Vec::new());
    let mut now = Now { mono: Duration::from_secs(1), wall_ms: 1_795_000_000_000 };
    delivery.found(Ok(Page { answers: true, samples: Vec::new() }), now, &mut actions);
    let (mut refused, mut said, mut stored) = (0, Vec::new(), BTreeSet::new());
    let mut turn = |delivery: &mut Delivery, now: Now, flash: Result<(), String>| {
        let mut actions = Vec::new();
        delivery.step(&ap, now, &mut actions);
        while let Some(action) = actions.pop() {
            match action {
                Action::WriteCounts(_) => {
                    refused += usize::from(flash.is_err());
                    delivery.written(flash.clone(), now.mono, &mut actions);
                }
                Action::Log(line) => said.push(line),
                Action::PublishCounts(counts) => {
                    let one = StoredSample::of(&counts);
                    assert!(stored.insert((one.boot.clone(), one.seq)), "stored twice");
                    delivery.stored(&CountsStored { v: counts.v, ap: counts.ap, samples: vec![one] }, now.mono);
                }
                other => unreachable!("a delivery asks for nothing else: {other:?}"),
            }
        }
        (refused, said.clone(), stored.len())
    };
    // Two hours without a broker, on a flash that became read-only.
    for seq in 1..=240 {
        now.mono += Duration::from_secs(30);
        let id = SampleId { boot: "boot-1".to_owned(), seq };
        delivery.counted(Sample::new(id, mono_ms(now.mono), 30, Mode::Disaster, Vec::new()));
        turn(&mut delivery, now, Err("Read-only file system".to_owned()));
    }
    let (refused, said, _) = turn(&mut delivery, now, Err("Read-only file system".to_owned()));
    assert!((10..=24).contains(&refused), "it is tried every five minutes: {refused}");
    assert_eq!(said.iter().filter(|line| line.contains("NOT written")).count(), 1, "{said:?}");
    delivery.connected(now.mono);
    for _ in 0..600 {
        now.mono += Duration::from_millis(100);
        turn(&mut delivery, now, Err("Read-only file system".to_owned()));
    }
    let (.., stored) = turn(&mut delivery, now, Ok(()));
    assert_eq!(stored, 240, "each of them, from memory");
}
