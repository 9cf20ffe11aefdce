//! Who was counted, held against what the store was given: each number once in whatever company, nobody twice, nobody lost;
//! and who was met, held against how many distinct devices the town is told of.

use std::collections::{BTreeMap, BTreeSet};

use firmware_config::wire::{Counts, CountsStored, NetworkCounts, Period, SoFar, VERSION};
use hirake::core::arrivals::{Run, covers, take_in};
use hirake::core::distinct::{DistinctView, SHOWN_FROM};
use hirake_agent::core::waiting::{Kept, Page};

/// What came of everybody who came to one access point in one start of its agent.
#[derive(Debug, Clone, Default)]
struct Life {
    /// Who came.
    came: u64,
    /// Who must be in the store in the end: what was there, or on a good flash, when the power went; while it lives, all.
    must: Option<u64>,
    stored: u64,
    /// The numbers that are in the store.
    here: Vec<Run<(String, String)>>,
    /// What is in the store of each network, …
    counted: BTreeMap<(String, String), SoFar>,
    /// …and what its samples say that came together.
    told: BTreeMap<(String, String), SoFar>,
    /// Its agent had heard that something is stored: from then on it forgets nothing because it was sent.
    answered: bool,
    /// A flash said so, over the starts after it too.
    on_flash: bool,
}

/// The books of one history.
#[derive(Debug, Default)]
pub struct Books {
    lives: BTreeMap<(usize, String), Life>,
    met: BTreeMap<Period, BTreeSet<u64>>,
    /// Devices that a thief made up, and that could have been there.
    made_up: BTreeMap<Period, u64>,
}

/// An estimate may be so much of the truth (±5 % in 19 of 20; this is four standard errors, and three figures), …
const WITHIN: f64 = 0.1;
/// …and so many beside it.
const BESIDE: f64 = 4.0;

/// What lies on a flash, as its agent will send it.
fn as_sent(kept: &Kept) -> Counts {
    Counts {
        v: VERSION,
        ap: "any".parse().expect("an identifier"),
        boot: kept.id.boot.clone(),
        seq: kept.id.seq,
        at_ms: 0,
        age_ms: None,
        at_unsure: true,
        interval_s: kept.interval_s,
        samples: kept.samples,
        waiting: 0,
        mode: kept.mode,
        networks: kept.networks.to_vec(),
    }
}

impl Life {
    /// Takes a sample in as the store does: how many came who were not in it before, and how many numbers it had before.
    fn take(&mut self, counts: &Counts) -> Option<(u64, u32)> {
        let name = |row: &NetworkCounts| (row.interface.clone(), row.ssid.clone());
        let mut rows: Vec<_> = counts.networks.iter().map(|row| (name(row), row.clone())).collect();
        let span = covers(counts);
        let near = |run: &&Run<_>| run.first <= span.end() + 1 && run.last + 1 >= *span.start();
        let near: Vec<_> = self.here.iter().filter(near).cloned().collect();
        let taken = take_in(counts, &near, &mut rows)?;
        self.here.retain(|run| !taken.gone.contains(&run.first));
        self.here.push(taken.run);
        self.here.sort_by_key(|run| run.first);
        for (network, row) in &rows {
            let sum = self.counted.entry(network.clone()).or_default();
            (sum.joins, sum.leaves) = (sum.joins + row.joins, sum.leaves + row.leaves);
        }
        for row in &counts.networks {
            let told = self.told.entry(name(row)).or_default();
            let so_far = row.so_far.unwrap_or_default();
            (told.joins, told.leaves) = (told.joins.max(so_far.joins), told.leaves.max(so_far.leaves));
        }
        Some((rows.iter().map(|(_, row)| u64::from(row.joins)).sum(), counts.samples - taken.part.samples))
    }
}

impl Books {
    /// Somebody came.
    pub fn came(&mut self, at: usize, boot: &str) {
        self.lives.entry((at, boot.to_owned())).or_default().came += 1;
    }

    /// Power went: what is on the flash is to be delivered still; none: the flash was spoilt, and nothing must be.
    /// True where somebody who came is not in the store yet.
    pub fn power_went(&mut self, at: usize, boot: &str, flash: Option<&Page>) -> bool {
        let waited = self.lives.iter().any(|((of, _), life)| *of == at && life.stored < life.came);
        let mut lies: BTreeMap<&str, Vec<&Kept>> = BTreeMap::new();
        for kept in flash.iter().flat_map(|page| &page.samples) {
            lies.entry(&kept.id.boot).or_default().push(kept);
        }
        for ((_, life), books) in self.lives.iter_mut().filter(|((of, _), _)| *of == at) {
            if books.must.is_none() && life != boot {
                continue;
            }
            let left = books.stored
                + lies.get(life.as_str()).map_or(0, |own| {
                    let mut then = books.clone();
                    own.iter().filter_map(|kept| Some(then.take(&as_sent(kept))?.0)).sum()
                });
            books.must = Some(match books.must {
                None => left,
                // What a good flash had once is not forgotten, however often power goes after it.
                Some(must) if books.on_flash && flash.is_some() => must,
                Some(must) => must.min(left),
            });
            books.on_flash |= flash.is_some_and(|page| page.answers);
            books.answered |= books.on_flash;
        }
        waited
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
        for sample in &stored.samples {
            self.lives.entry((at, sample.boot.clone())).or_default().answered = true;
        }
    }

    /// A sample is committed: true where a part of it was in the store already, and another was not.
    ///
    /// # Errors
    /// More are stored than ever came; in words.
    pub fn stored(&mut self, at: usize, counts: &Counts) -> Result<bool, String> {
        let life = self.lives.entry((at, counts.boot.clone())).or_default();
        let (new, known) = life.take(counts).unwrap_or_default();
        life.stored += new;
        if life.stored > life.came {
            return Err(format!("AP {at}: {} came in {} and {} are stored", life.came, counts.boot, life.stored));
        }
        // From the first number on without a hole: what came together is what is there.
        if matches!(life.here.as_slice(), [run] if run.first == 1) && life.counted != life.told {
            return Err(format!(
                "AP {at}: of {}, {:?} are told of and {:?} are stored",
                counts.boot, life.told, life.counted
            ));
        }
        Ok(known > 0)
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
