//! What of a sample is new to the store: each number of each start of an agent is counted once, in whatever shapes it comes.
//!
//! A sample covers a run of numbers: its own, and of a summary those before it that went into it. An agent whose power
//! went while its flash refused may send what it sent before in another shape: a number by itself that went with others,
//! or others with it, or a run that begins within one that is here and ends beyond it. So the store keeps, for each start,
//! which numbers are here, and what came together on each network up to both ends of each run of them. A sample says the
//! same of its own two ends; what is new in it is what came in the holes.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use firmware_config::wire::{Counts, NetworkCounts, SoFar};

use super::trim::NETWORKS_MAX;

/// Networks whose sums are kept of one run. An access point of six networks in one mode and seven in the other has ten.
const SUMS_MAX: usize = NETWORKS_MAX;

/// What came together on each network of one start of an agent, up to some number; missing: not known.
pub type Sums<K> = BTreeMap<K, SoFar>;

/// Numbers of one start of an agent that are here, without a hole; `K` names a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<K> {
    /// The first number.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// Up to before the first.
    pub before: Sums<K>,
    /// Up to the last, of every network that was counted in the run.
    pub after: Sums<K>,
}

/// The numbers that a sample covers. Of an agent that does not say what came together (an older one, a deputy) that is
/// its own number alone: which others went into it, it does not promise.
#[must_use]
pub fn covers(counts: &Counts) -> RangeInclusive<u64> {
    let tells = counts.networks.iter().any(|row| row.so_far.is_some());
    let others = if tells { u64::from(counts.samples.saturating_sub(1)) } else { 0 };
    // There is no number before the first: who claims one claims nothing.
    counts.seq.saturating_sub(others)..=counts.seq
}

/// The numbers of `span` that are in none of the `runs`, which are in order.
#[must_use]
pub fn holes<K>(runs: &[Run<K>], span: &RangeInclusive<u64>) -> Vec<RangeInclusive<u64>> {
    let (mut holes, mut next) = (Vec::new(), Some(*span.start()));
    for run in runs {
        let Some(from) = next.filter(|from| from <= span.end()) else { break };
        if run.last < from {
            continue;
        }
        if run.first > *span.end() {
            break;
        }
        if run.first > from {
            holes.push(from..=run.first - 1);
        }
        next = run.last.checked_add(1);
    }
    if let Some(from) = next.filter(|from| from <= span.end()) {
        holes.push(from..=*span.end());
    }
    holes
}

/// Takes a sample that covers `span` in: leaves in `rows` what is new in it, and gives the run that stands in the place
/// of all `runs`, each of which holds a number of the span or is next to it. They are in order.
#[must_use]
pub fn take_in<K: Ord + Clone>(runs: &[Run<K>], span: &RangeInclusive<u64>, rows: &mut [(K, NetworkCounts)]) -> Run<K> {
    let sample = Run {
        first: *span.start(),
        last: *span.end(),
        before: rows.iter().filter_map(|(network, row)| Some((network.clone(), before(row)?))).collect(),
        after: rows.iter().filter_map(|(network, row)| Some((network.clone(), row.so_far?))).collect(),
    };
    let here = |run: &&Run<K>| run.first <= sample.last && run.last >= sample.first;
    for (network, row) in rows {
        for run in runs.iter().filter(here) {
            let (Some(before), Some(after)) = (sample.before.get(network), sample.after.get(network)) else {
                // What is not known to be new is not counted again.
                (row.joins, row.leaves) = (0, 0);
                break;
            };
            // A network that is not in the run brought nothing to it.
            let (Some(run_before), Some(run_after)) = (run.before.get(network), run.after.get(network)) else {
                continue;
            };
            let begins = if run.first < sample.first { before } else { run_before };
            let ends = if run.last > sample.last { after } else { run_after };
            row.joins = row.joins.saturating_sub(ends.joins.saturating_sub(begins.joins));
            row.leaves = row.leaves.saturating_sub(ends.leaves.saturating_sub(begins.leaves));
        }
    }
    joined(runs, &sample)
}

/// One run of all of them: up to before its first number came what had come before whatever counts the network first, and
/// up to its last what had come by the end of whatever counts it last.
fn joined<K: Ord + Clone>(runs: &[Run<K>], sample: &Run<K>) -> Run<K> {
    let mut all: Vec<&Run<K>> = runs.iter().chain([sample]).collect();
    let mut whole = Run { first: sample.first, last: sample.last, before: Sums::new(), after: Sums::new() };
    let add = |sums: &mut Sums<K>, more: &Sums<K>| {
        for (network, sum) in more {
            if !sums.contains_key(network) && sums.len() < SUMS_MAX {
                sums.insert(network.clone(), *sum);
            }
        }
    };
    all.sort_by_key(|run| run.first);
    for run in &all {
        whole.first = whole.first.min(run.first);
        add(&mut whole.before, &run.before);
    }
    all.sort_by_key(|run| std::cmp::Reverse(run.last));
    for run in &all {
        whole.last = whole.last.max(run.last);
        add(&mut whole.after, &run.after);
    }
    whole
}

/// What came together on a row's network up to before it.
fn before(row: &NetworkCounts) -> Option<SoFar> {
    let after = row.so_far?;
    Some(SoFar { joins: after.joins.saturating_sub(row.joins), leaves: after.leaves.saturating_sub(row.leaves) })
}
