//! What of a sample is new to the store: each number of each start of an agent is counted once, in whatever shapes it comes.
//!
//! A sample covers a run of numbers: its own, and of a summary those before it that went into it. An agent whose power
//! went while its flash refused may send what it sent before in another shape: a number by itself that went with others,
//! or others with it, or a run that begins within one that is here and ends beyond it. So the store keeps, for each start,
//! which numbers are here, and what came together on each network up to both ends of each run of them. A sample says the
//! same of its own two ends; what is new in it is what came in the holes.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use firmware_config::wire::{Counts, NetworkCounts, SoFar, WallMs};

use super::trim::NETWORKS_MAX;

/// Networks whose sums are kept of one run: each under a name in each mode. Of one with more nothing is known.
const SUMS_MAX: usize = 2 * NETWORKS_MAX;

/// Numbers of one start of an agent that are here, without a hole; `K` names a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run<K> {
    /// The first number.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// What came together. None: not known (of an older agent, from an older controller, of a deputy).
    pub sums: Option<Sums<K>>,
}

/// What came together on each network that was counted in a run, since that start of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums<K> {
    /// Up to before its first number.
    pub before: BTreeMap<K, SoFar>,
    /// Up to its last, of the same networks.
    pub after: BTreeMap<K, SoFar>,
}

/// What is to be stored of a sample, beside its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The last number that was not here.
    pub seq: u64,
    /// How many were not.
    pub samples: u32,
    /// Their share of the interval, in seconds.
    pub interval_s: u32,
    /// When the last of them ended, all being of one length.
    pub at_ms: WallMs,
}

/// What a sample comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken<K> {
    /// What is to be stored of it, with what is left in its rows.
    pub part: Part,
    /// The run that it is in from now on…
    pub run: Run<K>,
    /// …in the place of those that begin with these numbers.
    pub gone: Vec<u64>,
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

/// The numbers of `span` that are in none of the `runs`, which are in order and do not overlap.
#[must_use]
pub fn holes<K>(runs: &[Run<K>], span: &RangeInclusive<u64>) -> Vec<RangeInclusive<u64>> {
    let (mut holes, mut next) = (Vec::new(), Some(*span.start()));
    for run in runs {
        let Some(from) = next.filter(|from| from <= span.end() && run.first <= *span.end()) else { break };
        if run.last < from {
            continue;
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

/// Takes a sample in: leaves in its `rows` what is new in it. None: nothing is. `runs` are all those of its start that
/// hold a number it covers or are next to one, in order.
#[must_use]
pub fn take_in<K: Ord + Clone>(counts: &Counts, runs: &[Run<K>], rows: &mut [(K, NetworkCounts)]) -> Option<Taken<K>> {
    let span = covers(counts);
    let holes = holes(runs, &span);
    let part = part(counts, &span, &holes)?;
    let sample = Run { first: *span.start(), last: *span.end(), sums: sums(rows) };
    let here: Vec<&Run<K>> = runs.iter().filter(|run| run.first <= sample.last && run.last >= sample.first).collect();
    for (network, row) in rows {
        for run in &here {
            subtract(row, network, &sample, run);
        }
    }
    // What lies within the sample says nothing that the sample does not. Known and unknown stay two runs where they touch.
    let within = |run: &Run<K>| run.first >= sample.first && run.last <= sample.last;
    let overlaps = |run: &Run<K>| run.first <= sample.last && run.last >= sample.first;
    let joins = |run: &&Run<K>| overlaps(run) || run.sums.is_some() == sample.sums.is_some();
    let gone: Vec<&Run<K>> = runs.iter().filter(joins).collect();
    let run = joined(&sample, gone.iter().copied().filter(|run| !within(run)));
    Some(Taken { part, run, gone: gone.iter().map(|run| run.first).collect() })
}

/// None: there is no hole.
fn part(counts: &Counts, span: &RangeInclusive<u64>, holes: &[RangeInclusive<u64>]) -> Option<Part> {
    let last = holes.last()?;
    if holes == [span.clone()] {
        let Counts { seq, samples, interval_s, at_ms, .. } = *counts;
        return Some(Part { seq, samples, interval_s, at_ms });
    }
    // Several numbers: they are as many as `samples` says, or (`seq` being less) fewer.
    let new = holes.iter().map(|hole| hole.end() - hole.start() + 1).sum::<u64>();
    let all = u64::from(counts.samples);
    let share = |numbers: u64| u64::from(counts.interval_s) * numbers / all;
    let later_ms = share(counts.seq - last.end()).saturating_mul(1_000);
    Some(Part {
        seq: *last.end(),
        samples: u32::try_from(new).unwrap_or(counts.samples),
        interval_s: u32::try_from(share(new)).unwrap_or(counts.interval_s),
        at_ms: counts.at_ms.saturating_sub_unsigned(later_ms),
    })
}

/// What a sample says of its two ends. None: nothing.
fn sums<K: Ord + Clone>(rows: &[(K, NetworkCounts)]) -> Option<Sums<K>> {
    let told = || rows.iter().filter_map(|(network, row)| Some((network.clone(), row, row.so_far?)));
    let before = |row: &NetworkCounts, after: SoFar| SoFar {
        joins: after.joins.saturating_sub(row.joins),
        leaves: after.leaves.saturating_sub(row.leaves),
    };
    let after: BTreeMap<K, SoFar> = told().map(|(network, _, after)| (network, after)).collect();
    let before = told().map(|(network, row, after)| (network, before(row, after))).collect();
    (!after.is_empty()).then_some(Sums { before, after })
}

/// Takes out of a row what came in those numbers of a run that are in the sample too.
fn subtract<K: Ord>(row: &mut NetworkCounts, network: &K, sample: &Run<K>, run: &Run<K>) {
    let told = sample.sums.as_ref().and_then(|sums| Some((sums.before.get(network)?, sums.after.get(network)?)));
    let (Some((before, after)), Some(known)) = (told, &run.sums) else {
        // What is not known to be new is not counted again.
        (row.joins, row.leaves) = (0, 0);
        return;
    };
    // A network that is not in the run brought nothing to it.
    let (Some(run_before), Some(run_after)) = (known.before.get(network), known.after.get(network)) else { return };
    let begins = if run.first < sample.first { before } else { run_before };
    let ends = if run.last > sample.last { after } else { run_after };
    row.joins = row.joins.saturating_sub(ends.joins.saturating_sub(begins.joins));
    row.leaves = row.leaves.saturating_sub(ends.leaves.saturating_sub(begins.leaves));
}

/// One run of a sample and what reaches out of it, at most one on each side: up to before its first number came what had
/// come before whatever counts the network first, and up to its last what had come by the end of whatever counts it last.
fn joined<'a, K: Ord + Clone + 'a>(sample: &'a Run<K>, others: impl Iterator<Item = &'a Run<K>>) -> Run<K> {
    let mut all: Vec<&Run<K>> = others.chain([sample]).collect();
    all.sort_by_key(|run| run.first);
    let known: Option<Vec<&Sums<K>>> = all.iter().map(|run| run.sums.as_ref()).collect();
    let sums = known.map(|known| {
        let first = |sums: &Sums<K>| sums.before.clone();
        let last = |sums: &Sums<K>| sums.after.clone();
        Sums {
            // Later ones are overwritten by earlier ones, and the other way about.
            before: known.iter().rev().flat_map(|sums| first(sums)).collect(),
            after: known.iter().flat_map(|sums| last(sums)).collect(),
        }
    });
    Run {
        first: all.iter().map(|run| run.first).min().unwrap_or(sample.first),
        last: all.iter().map(|run| run.last).max().unwrap_or(sample.last),
        sums: sums.filter(|sums| sums.after.len() <= SUMS_MAX),
    }
}
