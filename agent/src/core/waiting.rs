//! Samples that wait until the controller has stored them: what is kept, and what is summarised when there is no room.
//!
//! Only neighbours become one, the oldest first: samples of one start and one mode whose numbers follow one another. So
//! a sample is always a run of numbers that ends with its own, and says what came together up to its end: whatever of
//! the run the controller has already, in whatever shape (it was sent, the power went, and the flash had it in another),
//! the controller knows how much of it is new. Nothing else is needed for everybody to be counted once: the flash may
//! refuse, lie or be late. Within one start, what was sent stays as it is all the same, for the controller's word names it.
//!
//! Where power fails so often that there are more starts than samples may be, each start is one sample (one more with each
//! change of mode), without the networks that had nobody on them, and there may be more of them, for a week of that. Only beyond it is the oldest
//! forgotten: to put two starts together is to forget which numbers they were, and the controller may have some of them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use firmware_config::mode::Mode;
use firmware_config::wire::{NetworkCounts, SampleId, StoredSample, WallMs};

/// Samples kept where they can be summarised: 4 hours at one each 30 s; as quarters of an hour 5 days, as hours 3 weeks.
pub const SAMPLES_MAX: usize = 512;
/// Rows kept where they can be summarised, all samples together: 8 networks in each of them.
pub const ROWS_MAX: usize = 4_096;
/// Samples kept at most, none of which has a neighbour: a week of starts at one each five minutes, the shortest that
/// leaves a page behind where power fails (2,016), or as many changes of mode.
pub const PIECES_MAX: usize = 2_048;
/// Rows kept at most: 4 networks in each of these.
pub const PIECES_ROWS_MAX: usize = 8_192;
/// Rows in one sample: the controller reads no more, and an AP has no more networks.
const SAMPLE_ROWS_MAX: usize = 64;
/// How long summarised samples may become, one length after the other, in seconds.
const LENGTHS_S: [u32; 4] = [900, 3_600, 6 * 3_600, u32::MAX];
/// 2026-01-01T00:00Z. A clock that says less was never set.
pub const EARLIEST_MS: WallMs = 1_767_225_600_000;

/// Everything that is kept over a reboot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Whether a controller ever said what it has stored.
    pub answers: bool,
    /// Oldest first.
    pub samples: Vec<Kept>,
}

/// A sample on the flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is known by.
    pub id: SampleId,
    /// End of the interval, where the clock was set when the page was written.
    pub at_ms: Option<WallMs>,
    /// How long before the page was written the interval ended.
    pub age_ms: u64,
    /// Length.
    pub interval_s: u32,
    /// How many samples are in it.
    pub samples: u32,
    /// Mode.
    pub mode: Mode,
    /// Rows. A page being written has them in common with what waits: they are most of what there is to remember.
    pub networks: Arc<Vec<NetworkCounts>>,
}

/// When an interval ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In this start of the agent.
    Here,
    /// In an earlier one, by a clock that was set.
    At(WallMs),
    /// In an earlier one whose clock was never set: at this start, at the latest.
    Unsure,
}

/// A sample that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What it is known by; of a summary, the newest sample in it.
    pub id: SampleId,
    /// How its time is known.
    pub ended: Ended,
    /// End of the interval by this start's monotonic clock, in milliseconds; below zero: before it. Nothing with
    /// [`Ended::At`].
    pub mono_ms: i64,
    /// Length.
    pub interval_s: u32,
    /// How many samples are in it: their numbers are the last so many up to its own.
    pub samples: u32,
    /// Mode.
    pub mode: Mode,
    /// Rows.
    pub networks: Arc<Vec<NetworkCounts>>,
    /// It is on the flash as it is.
    saved: bool,
    /// Where it is not: since when something of it is in memory only, by this start's monotonic clock in milliseconds.
    since_ms: i64,
    /// It was sent in this start.
    said: bool,
}

/// All samples that wait, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Waiting {
    samples: VecDeque<Sample>,
    /// A page has what is not here any more.
    stale: bool,
    summarised: u64,
    forgotten: u64,
}

impl Sample {
    /// A new one, of this start.
    #[must_use]
    pub fn new(id: SampleId, mono_ms: i64, interval_s: u32, mode: Mode, networks: Vec<NetworkCounts>) -> Self {
        let (saved, said, networks) = (false, false, Arc::new(networks));
        Self { id, ended: Ended::Here, mono_ms, interval_s, samples: 1, mode, networks, saved, since_ms: mono_ms, said }
    }

    /// Whether it says what came together; a page of an older agent has some that do not, which the controller knows by
    /// their number alone.
    fn tells(&self) -> bool {
        self.networks.iter().any(|row| row.so_far.is_some())
    }

    /// Whether its numbers go on where the older one's end.
    fn follows(&self, older: &Self) -> bool {
        self.id.boot == older.id.boot && older.id.seq.checked_add(u64::from(self.samples)) == Some(self.id.seq)
    }

    fn fits(&self, newer: &Self, length: u32) -> bool {
        let rows = || newer.networks.iter().filter(|row| !self.networks.iter().any(|own| same(own, row))).count();
        !self.said
            && !newer.said
            && self.tells()
            && newer.tells()
            && self.mode == newer.mode
            && newer.follows(self)
            && self.interval_s.saturating_add(newer.interval_s) <= length
            // Last: of the hundreds that are asked when there is no room, all but one are too long.
            && self.networks.len() + rows() <= SAMPLE_ROWS_MAX
    }

    /// Takes the one before it in: nobody who came or went is lost, stations are the most there were. What came together
    /// is what it was at the newer one's end; on a network that had no row there, nobody came or went since.
    fn take_in(&mut self, older: Self) {
        let networks = Arc::make_mut(&mut self.networks);
        for row in Arc::unwrap_or_clone(older.networks) {
            match networks.iter_mut().find(|own| same(own, &row)) {
                Some(own) => {
                    own.stations = own.stations.max(row.stations);
                    own.joins = own.joins.saturating_add(row.joins);
                    own.leaves = own.leaves.saturating_add(row.leaves);
                }
                None => networks.push(row),
            }
        }
        self.interval_s = self.interval_s.saturating_add(older.interval_s);
        self.samples = self.samples.saturating_add(older.samples);
        self.saved = false;
        self.since_ms = self.since_ms.min(older.since_ms);
    }
}

fn same(one: &NetworkCounts, other: &NetworkCounts) -> bool {
    (&one.interface, &one.ssid) == (&other.interface, &other.ssid)
}

impl Waiting {
    /// What the flash had at the start: before everything that was counted since.
    pub fn found(&mut self, page: Page, mono_ms: i64) {
        for kept in page.samples.into_iter().rev() {
            let age = i64::try_from(kept.age_ms).unwrap_or(i64::MAX);
            self.samples.push_front(Sample {
                id: kept.id,
                ended: kept.at_ms.map_or(Ended::Unsure, Ended::At),
                mono_ms: mono_ms.saturating_sub(age),
                interval_s: kept.interval_s,
                samples: kept.samples,
                mode: kept.mode,
                networks: kept.networks,
                saved: true,
                since_ms: 0,
                said: false,
            });
        }
        self.make_room(true);
    }

    /// One more. Without room the oldest are summarised; of those without a neighbour goes what tells of nobody, and the
    /// oldest where there are too many all the same. Without `keep_said` what was sent is forgotten before all that.
    pub fn push(&mut self, sample: Sample, keep_said: bool) {
        self.samples.push_back(sample);
        self.make_room(keep_said);
    }

    /// The one at `at`, the oldest at 0.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&Sample> {
        self.samples.get(at)
    }

    /// How many wait.
    #[must_use]
    pub fn how_many(&self) -> usize {
        self.samples.len()
    }

    /// The first that was not sent in this start.
    #[must_use]
    pub fn first_unsaid(&self) -> Option<usize> {
        self.samples.iter().position(|sample| !sample.said)
    }

    /// The one at `at` is being sent.
    pub fn say(&mut self, at: usize) {
        if let Some(sample) = self.samples.get_mut(at) {
            sample.said = true;
        }
    }

    /// The controller has so much stored: of a summary that has more in it, which bears the same number, this says nothing.
    pub fn stored(&mut self, stored: &StoredSample) {
        let all_of = |it: &Sample| stored.samples.is_none_or(|samples| it.samples <= samples);
        let named = |it: &Sample| it.id.boot == stored.boot && it.id.seq == stored.seq;
        if let Some(at) = self.samples.iter().position(|sample| named(sample) && all_of(sample))
            && let Some(sample) = self.samples.remove(at)
        {
            self.stale |= sample.saved;
        }
    }

    /// Whether one of this name waits.
    #[must_use]
    pub fn waits(&self, id: &SampleId) -> bool {
        self.samples.iter().any(|sample| sample.id == *id)
    }

    /// Something beside the samples changed on the page.
    pub fn page_changed(&mut self) {
        self.stale = true;
    }

    /// Since when, by this start's monotonic clock in milliseconds, the flash lacks something or has what is not here
    /// any more. Without `keep_said` what was sent is not worth the flash.
    #[must_use]
    pub fn unsaved_since(&self, keep_said: bool) -> Option<i64> {
        if self.stale {
            return Some(0);
        }
        let unsaved = self.samples.iter().find(|sample| !sample.saved && (keep_said || !sample.said));
        unsaved.map(|sample| sample.since_ms)
    }

    /// The page to write now: `most` samples, the newest of those that are worth the flash.
    pub fn page(&mut self, answers: bool, keep_said: bool, most: usize, mono_ms: i64, wall_ms: WallMs) -> Page {
        let kept = |sample: &Sample| {
            let age = mono_ms.saturating_sub(sample.mono_ms).max(0);
            Kept {
                id: sample.id.clone(),
                at_ms: match sample.ended {
                    Ended::Here => (wall_ms >= EARLIEST_MS).then(|| wall_ms.saturating_sub(age)),
                    Ended::At(at_ms) => Some(at_ms),
                    Ended::Unsure => None,
                },
                age_ms: age.unsigned_abs(),
                interval_s: sample.interval_s,
                samples: sample.samples,
                mode: sample.mode,
                networks: Arc::clone(&sample.networks),
            }
        };
        self.stale = false;
        let worth_it = |sample: &&Sample| keep_said || !sample.said;
        let too_many = self.samples.iter().filter(worth_it).count().saturating_sub(most);
        Page { answers, samples: self.samples.iter().filter(worth_it).skip(too_many).map(kept).collect() }
    }

    /// The page `written` is on the flash.
    pub fn written(&mut self, written: &Page) {
        let on_flash: BTreeMap<&SampleId, u32> = written.samples.iter().map(|kept| (&kept.id, kept.samples)).collect();
        for sample in &mut self.samples {
            // A sample that took another in keeps its number and not its size.
            sample.saved = on_flash.get(&sample.id) == Some(&sample.samples);
        }
        let here: BTreeSet<&SampleId> = self.samples.iter().map(|sample| &sample.id).collect();
        self.stale |= on_flash.keys().any(|id| !here.contains(id));
    }

    /// The page of before is still there, or this one is.
    pub fn not_written(&mut self) {
        self.stale = true;
    }

    /// How many samples went into others, and how many were forgotten, since the start.
    #[must_use]
    pub fn losses(&self) -> (u64, u64) {
        (self.summarised, self.forgotten)
    }

    fn is_beyond(&self, samples_max: usize, rows_max: usize) -> bool {
        self.samples.len() > samples_max
            || self.samples.iter().map(|sample| sample.networks.len()).sum::<usize>() > rows_max
    }

    fn make_room(&mut self, keep_said: bool) {
        while self.is_beyond(SAMPLES_MAX, ROWS_MAX) {
            let said = self.samples.front().is_some_and(|sample| sample.said && !keep_said);
            if let Some((older, newer)) = (!said).then(|| self.pair_or_nobody_goes()).flatten() {
                if let Some(taken) = self.samples.remove(older)
                    && let Some(sample) = self.samples.get_mut(newer - 1)
                {
                    self.stale |= taken.saved || sample.saved;
                    sample.take_in(taken);
                    self.summarised += 1;
                }
            } else if said || self.is_beyond(PIECES_MAX, PIECES_ROWS_MAX) {
                self.stale |= self.samples.pop_front().is_some_and(|sample| sample.saved);
                self.forgotten += 1;
            } else {
                return;
            }
        }
    }

    fn pair_or_nobody_goes(&mut self) -> Option<(usize, usize)> {
        self.pair().or_else(|| {
            self.let_nobody_go();
            // Two that had too many rows for one sample may have few enough now.
            self.pair()
        })
    }

    /// Lets go of the rows that tell of nobody, and of the samples that have no others.
    fn let_nobody_go(&mut self) {
        let nobody = |row: &NetworkCounts| (row.stations, row.joins, row.leaves) == (0, 0, 0);
        // What is left of a sample must say which numbers it covers.
        let tells_still = |row: &NetworkCounts| !nobody(row) && row.so_far.is_some();
        let stale = &mut self.stale;
        self.samples.retain_mut(|sample| {
            let rows = sample.networks.as_slice();
            let goes = !sample.said && rows.iter().all(nobody);
            if !goes && !sample.said && rows.iter().any(nobody) && rows.iter().any(tells_still) {
                Arc::make_mut(&mut sample.networks).retain(|row| !nobody(row));
            }
            *stale |= goes && sample.saved;
            !goes
        });
    }

    /// Which two become one: the oldest neighbours that make no more than each length.
    fn pair(&self) -> Option<(usize, usize)> {
        LENGTHS_S.into_iter().find_map(|length| {
            let mut neighbours = (1..self.samples.len()).map(|newer| (newer - 1, newer));
            neighbours.find(|(older, newer)| self.samples[*older].fits(&self.samples[*newer], length))
        })
    }
}
