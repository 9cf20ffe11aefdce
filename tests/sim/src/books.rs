//! Who was counted, held against what the store was given: each sample once and never changed, nobody twice, nobody lost;
//! and who was met, held against how many distinct devices the town is told of.

use std::collections::{BTreeMap, BTreeSet};

use firmware_config::wire::{Counts, CountsStored, NetworkCounts, Period, SampleId};
use hirake::core::distinct::{DistinctView, SHOWN_FROM};
use hirake_agent::core::waiting::Page;

/// What came of everybody who came to one access point in one start of its agent.
#[derive(Debug, Clone, Default)]
struct Life {
    /// Who came.
    came: u64,
    /// Who must be in the store in the end: what was there, or on a good flash, when the power went; while it lives, all.
    must: Option<u64>,
    stored: u64,
    /// The agent heard that something of it is stored: from then on it forgets nothing.
    answered: bool,
    /// Its flash refused pages, and then the power went: what was sent since the page of before may be counted in a summary
    /// of that page too (docs/states.md, "flash full or read-only while samples wait": not promised).
    twice_perhaps: bool,
}

/// One sample, as the store knows it for ever.
type Stored = (u32, u32, Vec<NetworkCounts>);

/// The books of one history.
#[derive(Debug, Default)]
pub struct Books {
    samples: BTreeMap<(usize, SampleId), Stored>,
    lives: BTreeMap<(usize, String), Life>,
    /// Whose flash refused the last page.
    refused: BTreeSet<usize>,
    met: BTreeMap<Period, BTreeSet<u64>>,
    /// Devices that a thief made up, and that could have been there.
    made_up: BTreeMap<Period, u64>,
}

/// An estimate may be so much of the truth (±5 % in 19 of 20; this is four standard errors, and three figures), …
const WITHIN: f64 = 0.1;
/// …and so many beside it.
const BESIDE: f64 = 4.0;

fn joins(networks: &[NetworkCounts]) -> u64 {
    networks.iter().map(|row| u64::from(row.joins)).sum()
}

impl Books {
    /// Somebody came.
    pub fn came(&mut self, at: usize, boot: &str) {
        self.lives.entry((at, boot.to_owned())).or_default().came += 1;
    }

    /// Power went: what is on the flash is to be delivered still; none: the flash was spoilt, and nothing must be.
    /// True where somebody who came is not in the store yet.
    pub fn power_went(&mut self, at: usize, boot: &str, flash: Option<&Page>) -> bool {
        let refused = self.refused.remove(&at);
        let waited = self.lives.iter().any(|((of, _), life)| *of == at && life.stored < life.came);
        for ((of, life), books) in self.lives.iter_mut().filter(|((of, _), _)| *of == at) {
            books.twice_perhaps |= refused;
            let lies = |page: &Page| {
                let own = page.samples.iter().filter(|kept| kept.id.boot == *life);
                own.filter(|kept| !self.samples.contains_key(&(*of, kept.id.clone())))
                    .map(|kept| joins(&kept.networks))
                    .sum()
            };
            let left = books.stored + flash.map_or(0, lies);
            if books.must.is_some() || life == boot {
                books.must = Some(books.must.map_or(left, |must| must.min(left)));
            }
        }
        waited
    }

    /// A page is on the flash, or is not.
    pub fn page_written(&mut self, at: usize, written: bool) {
        if written {
            self.refused.remove(&at);
        } else {
            self.refused.insert(at);
        }
    }

    /// A device was met under the key of an activation.
    pub fn met(&mut self, period: Period, device: u64) {
        self.met.entry(period).or_default().insert(device);
    }

    /// Somebody makes up so many devices.
    pub fn made_up(&mut self, period: Period, devices: u64) {
        *self.made_up.entry(period).or_default() += devices;
    }

    /// Whether the town is told of devices that were never there, in words.
    #[must_use]
    pub fn too_many(&self, view: &DistinctView) -> Option<String> {
        let met = self.met.get(&view.period).map_or(0, BTreeSet::len) as u64;
        let may_be = (met + self.made_up.get(&view.period).copied().unwrap_or(0)) as f64;
        let said = f64::from(view.town.devices?);
        (said > may_be * (1.0 + WITHIN) + BESIDE)
            .then(|| format!("{:?}: {met} were met, {said} are told of", view.period))
    }

    /// Whether fewer are told of than these agents have met since they began, in words.
    #[must_use]
    pub fn too_few(&self, view: &DistinctView, met: &BTreeSet<u64>) -> Option<String> {
        let said = f64::from(view.town.devices.unwrap_or(0));
        let least = met.len() as f64 * (1.0 - WITHIN) - BESIDE;
        // Fewer than ten are told of to nobody.
        let told = least > f64::from(SHOWN_FROM) && said < least;
        told.then(|| format!("{:?}: {} were met, {said} are told of", view.period, met.len()))
    }

    /// An agent hears what is stored.
    pub fn answered(&mut self, at: usize, stored: &CountsStored) {
        for id in &stored.samples {
            self.lives.entry((at, id.boot.clone())).or_default().answered = true;
        }
    }

    /// A sample is committed.
    ///
    /// # Errors
    /// It was committed before with another content, or holds more than ever came; in words.
    pub fn stored(&mut self, at: usize, counts: &Counts) -> Result<(), String> {
        let id = SampleId { boot: counts.boot.clone(), seq: counts.seq };
        let what = (counts.samples, counts.interval_s, counts.networks.clone());
        let life = self.lives.entry((at, counts.boot.clone())).or_default();
        if let Some(known) = self.samples.get(&(at, id.clone())) {
            return if *known == what || life.twice_perhaps {
                Ok(())
            } else {
                Err(format!("AP {at}: {id:?} was {known:?} and is {what:?}"))
            };
        }
        life.stored += joins(&counts.networks);
        self.samples.insert((at, id), what);
        if life.stored > life.came && !life.twice_perhaps {
            return Err(format!("AP {at}: {} came in {} and {} are stored", life.came, counts.boot, life.stored));
        }
        Ok(())
    }

    /// Whoever must be in the store and is not, in words.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let short = |life: &Life| life.answered && life.stored < life.must.unwrap_or(life.came);
        let ((at, boot), life) = self.lives.iter().find(|(_, life)| short(life))?;
        Some(format!(
            "AP {at}: of {} that came in {boot} {} are stored, {:?} must be",
            life.came, life.stored, life.must
        ))
    }
}
