//! The clerks between the loop and the store: one writes batches in order, one gathers counts and says which are stored; neither is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::wire::{Counts, StoredSample};
use tokio::sync::mpsc;

use super::sketches;
use crate::core::distinct::KeptSketch;
use crate::core::{Durable, Event};
use crate::mqtt::Post;
use crate::store::Store;

/// Batches on their way. The core has one under way at a time, and offers it again when no answer came.
pub(super) const BATCHES_MAX: usize = 8;
/// Samples on their way to the clerk: one from each of 10,000 APs.
const SAMPLES_MAX: usize = 10_000;
/// Samples the clerk keeps while the store takes none: two minutes of 10,000 APs, half a day of 27; some 20 MB.
const SAMPLES_KEPT: usize = 40_000;
/// Samples written at once: what 10,000 APs send in a second.
const SAMPLES_AT_ONCE: usize = 333;
/// Longest a sample waits to be written, and how often a store that took none is tried.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Where the loop lays things down.
pub(super) struct Desk {
    batches: mpsc::Sender<Batch>,
    samples: mpsc::Sender<Counts>,
    sketches: mpsc::Sender<KeptSketch>,
    lost: u64,
}

struct Batch {
    number: u64,
    what: Durable,
    signed: Option<Arc<str>>,
}

/// The clerks: gone when the desk is gone and everything on it is written.
pub(super) struct Clerks<F> {
    pub(super) desk: Desk,
    pub(super) finish: F,
}

/// Sets the clerks to work; answers go to `answers`.
///
/// Agents are told over `post` what is stored of theirs; deputies are not among `agents`, and need not be told.
pub(super) fn start(
    store: &Store,
    answers: mpsc::Sender<Event>,
    (post, agents): (Post, BTreeSet<ApId>),
) -> Clerks<impl Future<Output = ()> + use<>> {
    let (batches, batches_out) = mpsc::channel(BATCHES_MAX);
    let (samples, samples_out) = mpsc::channel(SAMPLES_MAX);
    let (sketches, sketches_out) = mpsc::channel(sketches::SKETCHES_MAX);
    let writing = tokio::spawn(write_batches(store.clone(), batches_out, answers));
    let gathering = tokio::spawn(gather(store.clone(), samples_out, post, agents));
    let sketching = tokio::spawn(sketches::gather(store.clone(), sketches_out));
    let finish = async move {
        let _ = tokio::join!(writing, gathering, sketching);
    };
    Clerks { desk: Desk { batches, samples, sketches, lost: 0 }, finish }
}

impl Desk {
    /// Lays a batch down; where there is no room, that is the answer.
    pub(super) fn store(&self, number: u64, what: Durable, signed: Option<Arc<str>>) -> Option<Event> {
        self.batches
            .try_send(Batch { number, what, signed })
            .err()
            .map(|_| Event::Stored { batch: number, outcome: Err(format!("{BATCHES_MAX} batches wait already")) })
    }

    /// Lays a sketch down; one that there is no room for comes again when it has grown.
    pub(super) fn store_sketch(&self, sketch: KeptSketch) {
        if self.sketches.try_send(sketch).is_err() {
            tracing::warn!("a sketch of distinct devices waits until it has grown: the store is slower than the town");
        }
    }

    /// Lays counts down; where there is no room that is said. Who is not told that they are stored sends them again.
    pub(super) fn store_counts(&mut self, counts: Counts) {
        if self.samples.try_send(counts).is_err() {
            self.lost += 1;
            // At every power of two: the first at once, a flood not in full.
            if self.lost.is_power_of_two() {
                tracing::error!(lost = self.lost, "counts find no room: the store is slower than the town");
            }
        }
    }
}

async fn write_batches(store: Store, mut batches: mpsc::Receiver<Batch>, answers: mpsc::Sender<Event>) {
    while let Some(Batch { number, what, signed }) = batches.recv().await {
        let outcome = store.write(&what, signed.as_deref()).await.map_err(|error| error.to_string());
        // Nobody hears the last answers of a controller that stops.
        let _ = answers.send(Event::Stored { batch: number, outcome }).await;
    }
}

async fn gather(store: Store, mut samples: mpsc::Receiver<Counts>, post: Post, agents: BTreeSet<ApId>) {
    let mut kept: Vec<Counts> = Vec::new();
    let mut open = true;
    let mut failing = false;
    while open {
        let deadline = tokio::time::Instant::now() + FLUSH_EVERY;
        // A store that takes nothing is tried once in each turn, however many samples come.
        while failing || kept.len() < SAMPLES_AT_ONCE {
            match tokio::time::timeout_at(deadline, samples.recv_many(&mut kept, SAMPLES_AT_ONCE)).await {
                Ok(0) => {
                    open = false;
                    break;
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if kept.is_empty() {
            continue;
        }
        match store.add_counts(&kept).await {
            Ok(()) => {
                if std::mem::take(&mut failing) {
                    tracing::info!(kept = kept.len(), "counts are stored again");
                }
                tell(&post, &agents, kept.drain(..));
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::error!(%error, "counts are not stored; they are kept in memory");
                }
                // What is sent again meanwhile is one sample all the same.
                let mut known = BTreeSet::new();
                kept.retain(|sample| {
                    known.insert((sample.ap.clone(), sample.boot.clone(), sample.seq, sample.samples))
                });
                if let Some(beyond) = kept.len().checked_sub(SAMPLES_KEPT).filter(|beyond| *beyond > 0) {
                    kept.drain(..beyond);
                    tracing::error!(
                        beyond,
                        "counts have no room in memory ({SAMPLES_KEPT}); newer agents send theirs again"
                    );
                }
            }
        }
    }
}

/// Tells each agent what is stored of its samples.
fn tell(post: &Post, agents: &BTreeSet<ApId>, stored: impl Iterator<Item = Counts>) {
    let mut by_ap: BTreeMap<ApId, Vec<StoredSample>> = BTreeMap::new();
    for counts in stored.filter(|sample| agents.contains(&sample.ap)) {
        by_ap.entry(counts.ap.clone()).or_default().push(StoredSample::of(&counts));
    }
    by_ap.into_iter().for_each(|(ap, samples)| post.counts_stored(ap, samples));
}
