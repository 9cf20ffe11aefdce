//! When a sample is sent, sent again, and written to flash. One is on its way at a time: the store sets the pace.
//!
//! Flash: nothing is written while the controller answers within [`WRITE_EVERY`]. While it does not, a page each five
//! minutes, 288 a day. (An orderly stop writes one as well.)
//!
//! With four networks of ordinary names a page of 512 samples is 145 kB: 41 MB a day. On 8 MB of NOR flash that is some 5
//! erasures of each block a day, 11 with what a journalling file system adds: 100,000 last 24 years without a controller,
//! 10,000 two and a half. Where power fails so often that 2,048 starts wait, it is 580 kB: 167 MB a day, 42 erasures, six
//! and a half years and eight months. The utmost, with names none of which is text, is 2.43 MB (`shelf.rs`): 700 MB a day,
//! 180 erasures, a year and a half and eight weeks. Compression, where the file system has it, is not reckoned with. A
//! page needs its size beside the one before. Where there is no room for one with more than 512 samples, half of it is
//! written, the newest. A power cut loses the last five minutes at most.

use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::wire::{Counts, CountsStored, SampleId, VERSION};

use super::chance::Chance;
use super::event::Now;
use super::waiting::{Ended, PIECES_MAX, Page, SAMPLES_MAX, Sample, Waiting};
use super::{Action, brief};

/// Longest that a sample is in memory only, and shortest time between two pages of it.
pub const WRITE_EVERY: Duration = Duration::from_secs(300);
/// Wait for the controller's word before the second try. It stores once a second.
const AGAIN_FIRST: Duration = Duration::from_secs(5);
/// Longest wait between tries: a thousand APs without a controller make 33 messages a second.
const AGAIN_MAX: Duration = Duration::from_secs(30);
/// The first sample after a new connection is sent within this time: a town does not come back at one moment.
const SPREAD: Duration = Duration::from_secs(3);
/// So many tries without a word from a controller that never said one: it is an older one, and has no words for it.
const MUTE_AFTER: u32 = 3;

/// Samples on their way to the controller, and to the flash.
#[derive(Debug, Clone)]
pub struct Delivery {
    waiting: Waiting,
    connected: bool,
    /// A controller has once said what it has stored: then nothing is ever forgotten because it was sent.
    answers: bool,
    /// This controller never said one: it has no words for it.
    mute: bool,
    under_way: Option<SampleId>,
    /// When the next is sent, or the one under way again.
    not_before: Duration,
    tries: u32,
    /// None: what the flash has is not known yet, and nothing is written over it.
    shelf: Option<Shelf>,
    chance: Chance,
    /// Samples summarised and forgotten, as far as they were told.
    losses: (u64, u64),
}

/// The way to the flash.
#[derive(Debug, Clone)]
struct Shelf {
    writing: Option<Page>,
    not_before: Duration,
    failure: Option<String>,
    /// Samples that a page may have: fewer where it had no room for as many.
    most: usize,
}

impl Delivery {
    /// Nothing waits. `seed`: so that agents do not all speak at one moment.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        Self {
            waiting: Waiting::default(),
            connected: false,
            answers: false,
            mute: false,
            under_way: None,
            not_before: Duration::ZERO,
            tries: 0,
            shelf: None,
            chance: Chance::new(seed),
            losses: (0, 0),
        }
    }

    /// What the flash had at the start, or why that is not known.
    pub fn found(&mut self, page: Result<Page, String>, now: Now, actions: &mut Vec<Action>) {
        let failure = page.as_ref().err().map(|why| brief(why));
        match page {
            Ok(page) => {
                self.answers |= page.answers;
                if !page.samples.is_empty() {
                    actions.push(Action::Log(format!("counts found samples={}", page.samples.len())));
                }
                self.waiting.found(page, mono_ms(now.mono));
            }
            Err(why) => actions.push(Action::Log(format!("counts set aside why={:?}", brief(&why)))),
        }
        self.shelf = Some(Shelf { writing: None, not_before: now.mono + WRITE_EVERY, failure, most: PIECES_MAX });
    }

    /// A new sample.
    pub fn counted(&mut self, sample: Sample) {
        self.waiting.push(sample, !self.mute);
    }

    /// The broker can be reached.
    pub fn connected(&mut self, mono: Duration) {
        self.connected = true;
        self.under_way = None;
        self.tries = 0;
        self.not_before = mono + self.chance.up_to(SPREAD);
    }

    /// The broker cannot be reached.
    pub fn disconnected(&mut self) {
        self.connected = false;
        self.under_way = None;
    }

    /// The controller has stored these.
    pub fn stored(&mut self, stored: &CountsStored, mono: Duration) {
        if !std::mem::replace(&mut self.answers, true) {
            self.waiting.page_changed();
            // Whatever was said to nobody is said again.
            (self.mute, self.under_way, self.tries, self.not_before) = (false, None, 0, mono);
        }
        for one in &stored.samples {
            self.waiting.stored(one);
        }
        if self.under_way.as_ref().is_some_and(|id| !self.waiting.waits(id)) {
            self.under_way = None;
            self.tries = 0;
            self.not_before = mono;
        }
    }

    /// The page is on the flash, or is not.
    pub fn written(&mut self, outcome: Result<(), String>, mono: Duration, actions: &mut Vec<Action>) {
        let Some(shelf) = &mut self.shelf else { return };
        let Some(page) = shelf.writing.take() else { return };
        shelf.not_before = mono + WRITE_EVERY;
        match outcome {
            Ok(()) => {
                self.waiting.written(&page);
                if shelf.failure.take().is_some() {
                    actions.push(Action::Log("counts written again".to_owned()));
                }
            }
            Err(why) => {
                self.waiting.not_written();
                // Said once: it is tried every five minutes for as long as the flash refuses.
                if shelf.failure.replace(brief(&why)).is_none() {
                    actions.push(Action::Log(format!("counts NOT written, kept in memory why={:?}", brief(&why))));
                }
                // There may be room for half of it: the page of before must not be the last for as long as there is none.
                if page.samples.len() > SAMPLES_MAX {
                    shelf.most = (page.samples.len() / 2).max(SAMPLES_MAX);
                    shelf.not_before = mono;
                    actions.push(Action::Log(format!("counts in memory only, but for the newest n={}", shelf.most)));
                }
            }
        }
    }

    /// What is to be done now.
    pub fn step(&mut self, ap: &ApId, now: Now, actions: &mut Vec<Action>) {
        if let Some(counts) = self.send(ap, now) {
            actions.push(Action::PublishCounts(counts));
        }
        let losses = self.waiting.losses();
        // At every power of two: the first at once, what lasts not in full.
        if losses.0 != self.losses.0 && losses.0.is_power_of_two() {
            actions.push(Action::Log(format!("counts summarised n={} why=\"no room\"", losses.0)));
        }
        if losses.1 != self.losses.1 && losses.1.is_power_of_two() {
            actions.push(Action::Log(format!("counts forgotten n={} why=\"no room\"", losses.1)));
        }
        self.losses = losses;
        if self.write_at().is_some_and(|at| now.mono >= at)
            && let Some(page) = self.page(now)
        {
            actions.push(Action::WriteCounts(page));
        }
    }

    /// The page to write before the agent stops, if there is anything to write.
    pub fn last_page(&mut self, now: Now) -> Option<Page> {
        self.waiting.unsaved_since(!self.mute)?;
        self.page(now)
    }

    /// When [`Self::step`] is to be called.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        let send = (self.connected && (self.under_way.is_some() || self.next().is_some())).then_some(self.not_before);
        [send, self.write_at()].into_iter().flatten().min()
    }

    /// The next to send.
    fn next(&self) -> Option<usize> {
        let at = if self.mute { self.waiting.first_unsaid()? } else { 0 };
        self.waiting.get(at).map(|_| at)
    }

    fn send(&mut self, ap: &ApId, now: Now) -> Option<Counts> {
        if !self.connected || now.mono < self.not_before {
            return None;
        }
        if self.under_way.take().is_some() {
            self.tries = self.tries.saturating_add(1);
            self.mute |= !self.answers && self.tries >= MUTE_AFTER;
        }
        let at = self.next()?;
        self.waiting.say(at);
        let doubled = AGAIN_FIRST.saturating_mul(1 << self.tries.min(8)).min(AGAIN_MAX);
        let wait = if self.mute { AGAIN_FIRST } else { doubled };
        self.not_before = now.mono + wait + self.chance.up_to(wait / 4);
        let sample = self.waiting.get(at)?;
        self.under_way = Some(sample.id.clone());
        Some(counts(ap, sample, self.waiting.how_many() - 1, now))
    }

    /// When the next page is to be written.
    fn write_at(&self) -> Option<Duration> {
        let shelf = self.shelf.as_ref().filter(|shelf| shelf.writing.is_none())?;
        let since = self.waiting.unsaved_since(!self.mute)?;
        let due = u64::try_from(since).map_or(Duration::ZERO, Duration::from_millis) + WRITE_EVERY;
        Some(due.max(shelf.not_before))
    }

    fn page(&mut self, now: Now) -> Option<Page> {
        let shelf = self.shelf.as_mut()?;
        let page = self.waiting.page(self.answers, !self.mute, shelf.most, mono_ms(now.mono), now.wall_ms);
        shelf.writing = Some(page.clone());
        Some(page)
    }
}

/// A moment of the monotonic clock in milliseconds.
pub fn mono_ms(mono: Duration) -> i64 {
    i64::try_from(mono.as_millis()).unwrap_or(i64::MAX)
}

/// The document: its time as it can be said now.
fn counts(ap: &ApId, sample: &Sample, waiting: usize, now: Now) -> Counts {
    let age = mono_ms(now.mono).saturating_sub(sample.mono_ms).max(0);
    let (at_ms, age_ms) = match sample.ended {
        Ended::At(at_ms) => (at_ms, None),
        Ended::Here | Ended::Unsure => (now.wall_ms.saturating_sub(age), Some(age.unsigned_abs())),
    };
    Counts {
        v: VERSION,
        ap: ap.clone(),
        boot: sample.id.boot.clone(),
        seq: sample.id.seq,
        at_ms,
        age_ms,
        at_unsure: sample.ended == Ended::Unsure,
        interval_s: sample.interval_s,
        samples: sample.samples,
        waiting: u32::try_from(waiting).unwrap_or(u32::MAX),
        mode: sample.mode,
        networks: Vec::clone(&sample.networks),
    }
}
