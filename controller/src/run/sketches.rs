//! The clerk who keeps sketches of distinct devices: of each AP and activation the newest, merged, until it is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::wire::{Distinct, Period, VERSION};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::core::Event;
use crate::core::distinct::KeptSketch;
use crate::store::Store;

/// Sketches on their way to the clerk: one from each of 10,000 APs, 20 MB.
pub(super) const SKETCHES_MAX: usize = 10_000;
/// AP and activation pairs kept while the store takes none; 40 MB. Further ones come again when they have grown.
const KEPT_MAX: usize = 20_000;
/// Written at once, so that whoever writes the record waits for some 20 ms at most.
const AT_ONCE: usize = 200;
/// Longest a sketch waits to be written, and how often a store that took none is tried.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Gathers and writes until the desk is gone and everything on it is written, or cannot be.
pub(super) async fn gather(store: Store, mut sketches: mpsc::Receiver<KeptSketch>) {
    let mut kept: BTreeMap<(Period, ApId), KeptSketch> = BTreeMap::new();
    let (mut open, mut failing) = (true, false);
    while open {
        let deadline = Instant::now() + FLUSH_EVERY;
        loop {
            match timeout_at(deadline, sketches.recv()).await {
                Ok(Some(new)) => take(&mut kept, new),
                Ok(None) => {
                    open = false;
                    break;
                }
                Err(_) => break,
            }
        }
        while let Some(last) = kept.keys().nth(AT_ONCE.min(kept.len()).wrapping_sub(1)).cloned() {
            let some: Vec<KeptSketch> = kept.range(..=&last).map(|(_, sketch)| sketch.clone()).collect();
            match store.add_sketches(&some).await {
                Ok(stored) => {
                    failing = false;
                    kept.retain(|key, _| *key > last);
                    let strange = (some.len() as u64).saturating_sub(stored);
                    if strange > 0 {
                        tracing::warn!(strange, "sketches of activations that the store does not know are left out");
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "sketches of distinct devices are not stored; they are kept in memory");
                    }
                    sleep_until(deadline).await;
                    break;
                }
            }
        }
    }
}

fn take(kept: &mut BTreeMap<(Period, ApId), KeptSketch>, new: KeptSketch) {
    let key = (new.period, new.ap.clone());
    if let Some(known) = kept.get_mut(&key) {
        known.registers.merge(&new.registers);
    } else if kept.len() < KEPT_MAX {
        kept.insert(key, new);
    }
}

/// What the store keeps of the activations in force, told to the core as if the APs had said it again: an agent that
/// began anew has forgotten it, and so has a controller.
pub(super) async fn recall(store: Store, letters: mpsc::Sender<Event>) {
    store.opened().await;
    let rows = match store.sketches_in_force().await {
        Ok(rows) => rows,
        Err(error) => return tracing::error!(%error, "what the store keeps of distinct devices cannot be read"),
    };
    for row in rows {
        let (Some(registers), Ok(ap)) = (row.registers, row.ap.parse()) else { continue };
        let activations = vec![firmware_config::wire::DistinctDevices { period: row.period, registers }];
        if letters.send(Event::Sketched(Distinct { v: VERSION, ap, activations })).await.is_err() {
            return;
        }
    }
}
