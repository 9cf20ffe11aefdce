//! Who was counted, held against what the store was given: each sample once and never changed, nobody twice, nobody lost.

use std::collections::BTreeMap;

use firmware_config::wire::{Counts, CountsStored, NetworkCounts, SampleId};
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
}

/// One sample, as the store knows it for ever.
type Stored = (u32, u32, Vec<NetworkCounts>);

/// The books of one history.
#[derive(Debug, Default)]
pub struct Books {
    samples: BTreeMap<(usize, SampleId), Stored>,
    lives: BTreeMap<(usize, String), Life>,
}

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
        let waited = self.lives.iter().any(|((of, _), life)| *of == at && life.stored < life.came);
        for ((of, life), books) in self.lives.iter_mut().filter(|((of, _), _)| *of == at) {
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
        if let Some(known) = self.samples.get(&(at, id.clone())) {
            return if *known == what { Ok(()) } else { Err(format!("AP {at}: {id:?} was {known:?} and is {what:?}")) };
        }
        let life = self.lives.entry((at, counts.boot.clone())).or_default();
        life.stored += joins(&counts.networks);
        self.samples.insert((at, id), what);
        if life.stored > life.came {
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
