//! Samples in any shape and order: whatever covers what, everybody who came is counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use firmware_config::wire::{Counts, NetworkCounts, SoFar};
use proptest::prelude::*;

use crate::core::arrivals::{Part, Run, covers, holes, take_in};
use crate::core::trim::NETWORKS_MAX;

const AT_MS: i64 = 1_795_000_000_000;

/// One row of the network that bears this number.
fn row(network: u64, joins: u32, leaves: u32, so_far: Option<(u32, u32)>) -> NetworkCounts {
    let (interface, ssid) = (network.to_string(), "shiomi".to_owned());
    let so_far = so_far.map(|(joins, leaves)| SoFar { joins, leaves });
    NetworkCounts { interface, ssid, stations: 0, joins, leaves, so_far }
}

fn counts(seq: u64, samples: u32, networks: Vec<NetworkCounts>) -> Counts {
    let interval_s = samples.saturating_mul(30);
    Counts { seq, samples, interval_s, networks, ..super::trimming::counts(AT_MS, None) }
}

/// A store of one start of an agent.
#[derive(Default)]
struct Store {
    runs: Vec<Run<String>>,
    /// Joins and leaves, by network.
    counted: BTreeMap<String, (u32, u32)>,
}

impl Store {
    /// What was new, and what came and went in it. None: nothing was.
    fn takes(&mut self, counts: &Counts) -> Option<(Part, Vec<(u32, u32)>)> {
        let span = covers(counts);
        let near = |run: &&Run<String>| {
            run.first <= span.end().saturating_add(1) && run.last.saturating_add(1) >= *span.start()
        };
        let near: Vec<_> = self.runs.iter().filter(near).cloned().collect();
        let mut rows: Vec<_> = counts.networks.iter().map(|row| (row.interface.clone(), row.clone())).collect();
        let taken = take_in(counts, &near, &mut rows);
        assert_eq!(taken.is_none(), holes(&self.runs, &span).is_empty());
        let taken = taken?;
        self.runs.retain(|run| !taken.gone.contains(&run.first));
        self.runs.push(taken.run);
        self.runs.sort_by_key(|run| run.first);
        for (network, row) in &rows {
            let counted = self.counted.entry(network.clone()).or_default();
            *counted = (counted.0.saturating_add(row.joins), counted.1.saturating_add(row.leaves));
        }
        Some((taken.part, rows.iter().map(|(_, row)| (row.joins, row.leaves)).collect()))
    }

    fn spans(&self) -> Vec<(u64, u64)> {
        self.runs.iter().map(|run| (run.first, run.last)).collect()
    }
}

/// Of each number from 1: what came and went on each network that it has a row of.
type Truth = Vec<BTreeMap<u64, (u32, u32)>>;

/// What came and went on a network in these numbers.
fn sum(truth: &[BTreeMap<u64, (u32, u32)>], network: u64) -> (u32, u32) {
    let each = truth.iter().filter_map(|rows| rows.get(&network));
    each.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
}

/// The sample that covers these numbers, as an agent would make it of them.
fn sample(truth: &Truth, span: &RangeInclusive<u64>) -> Counts {
    let (from, upto) = (at(*span.start()), at(*span.end()) + 1);
    let networks: BTreeSet<u64> = truth[from..upto].iter().flat_map(BTreeMap::keys).copied().collect();
    let rows = networks.into_iter().map(|network| {
        let (joins, leaves) = sum(&truth[from..upto], network);
        row(network, joins, leaves, Some(sum(&truth[..upto], network)))
    });
    counts(*span.end(), u32::try_from(upto - from).expect("small"), rows.collect())
}

fn at(number: u64) -> usize {
    usize::try_from(number - 1).expect("small")
}

fn truth() -> impl Strategy<Value = Truth> {
    prop::collection::vec(prop::collection::btree_map(0..3_u64, (0..4_u32, 0..4_u32), 1..3), 8)
}

proptest! {
    #[test]
    fn whatever_covers_what_and_whenever_it_comes_everybody_is_counted_once(
        truth in truth(),
        spans in prop::collection::vec((1..=8_u64, 1..=8_u64), 1..12),
    ) {
        let (mut store, mut here, mut stored) = (Store::default(), BTreeSet::new(), BTreeSet::new());
        for (one, other) in spans {
            let span = one.min(other)..=one.max(other);
            let new: Vec<u64> = span.clone().filter(|number| !here.contains(number)).collect();
            let taken = store.takes(&sample(&truth, &span));
            prop_assert_eq!(taken.as_ref().map(|(part, _)| part.samples as usize).unwrap_or_default(), new.len());
            if let Some((part, _)) = taken {
                prop_assert_eq!(Some(&part.seq), new.last());
                prop_assert!(stored.insert(part.seq), "no two rows bear one number");
                prop_assert_eq!(u64::from(part.interval_s), 30 * new.len() as u64);
                prop_assert_eq!(part.at_ms, AT_MS - 30_000 * i64::try_from(span.end() - part.seq).expect("small"));
            }
            here.extend(span);
            for network in 0..3 {
                let came = here.iter().map(|number| sum(&truth[at(*number)..=at(*number)], network));
                let came = came.fold((0, 0), |all, it| (all.0 + it.0, all.1 + it.1));
                prop_assert_eq!(store.counted.get(&network.to_string()).copied().unwrap_or_default(), came);
            }
            let runs: BTreeSet<u64> = store.runs.iter().flat_map(|run| run.first..=run.last).collect();
            prop_assert_eq!(&runs, &here);
            let apart = store.runs.windows(2).all(|two| two[0].last + 1 < two[1].first);
            prop_assert!(apart, "one run where there is no hole: {:?}", store.spans());
        }
    }

    #[test]
    fn numbers_that_no_agent_says_bring_nobody_who_is_not_in_them_and_come_to_an_end(
        said in prop::collection::vec((0..=1_u64 << 52, any::<u32>(), any::<u32>(), any::<Option<(u32, u32)>>()), 1..8),
        small in prop::collection::vec((0..9_u64, 0..9_u32, any::<u32>(), any::<Option<(u32, u32)>>()), 1..8),
    ) {
        let mut store = Store::default();
        for (seq, samples, joins, so_far) in said.into_iter().chain(small) {
            let said = counts(seq, samples, vec![row(0, joins, joins, so_far)]);
            let before = store.counted.get("0").copied().unwrap_or_default();
            if let Some((part, rows)) = store.takes(&said) {
                prop_assert!(part.seq <= seq && part.samples <= samples && rows[0].0 <= joins);
                prop_assert_eq!(store.counted["0"].0, before.0.saturating_add(rows[0].0));
            }
            prop_assert_eq!(store.takes(&said), None, "it is here now");
            prop_assert!(store.runs.windows(2).all(|two| two[0].last < two[1].first), "{:?}", store.spans());
        }
    }
}

#[test]
fn a_number_that_went_by_itself_is_not_counted_with_the_others_again_nor_they_with_it() {
    let mut store = Store::default();
    // The second of three was sent by itself, and then, after a power cut, within all three.
    store.takes(&counts(2, 1, vec![row(0, 5, 2, Some((8, 2)))]));
    assert_eq!(holes(&store.runs, &(1..=3)), [1..=1, 3..=3]);
    assert_eq!((holes(&store.runs, &(0..=0)), holes(&store.runs, &(5..=9))), (vec![0..=0], vec![5..=9]));
    let (part, rows) = store.takes(&counts(3, 3, vec![row(0, 10, 6, Some((10, 6)))])).expect("two are new");
    assert_eq!(part, Part { seq: 3, samples: 2, interval_s: 60, at_ms: AT_MS });
    assert_eq!(rows, [(5, 4)]);
    // And the other way about: the third comes once more, with the fourth.
    let (part, rows) = store.takes(&counts(4, 2, vec![row(0, 9, 5, Some((17, 7)))])).expect("one is new");
    assert_eq!((part.samples, rows), (1, vec![(7, 1)]));
    assert_eq!(store.takes(&counts(4, 4, vec![row(0, 17, 7, Some((17, 7)))])), None);
    assert_eq!(store.spans(), [(1, 4)]);
    // Its last number is here, and what is new ended before it did.
    store.takes(&counts(8, 1, vec![row(0, 1, 0, Some((21, 7)))]));
    let (part, rows) = store.takes(&counts(8, 4, vec![row(0, 4, 0, Some((21, 7)))])).expect("three are new");
    assert_eq!(part, Part { seq: 7, samples: 3, interval_s: 90, at_ms: AT_MS - 30_000 });
    assert_eq!(rows, [(3, 0)]);
}

#[test]
fn a_network_that_only_the_hole_has_is_new_and_one_that_says_no_sum_is_not_counted_again() {
    let mut store = Store::default();
    store.takes(&counts(1, 1, vec![row(0, 1, 0, Some((1, 0)))]));
    let rows = vec![row(0, 3, 0, Some((3, 0))), row(1, 4, 1, Some((4, 1))), row(2, 7, 7, None)];
    assert_eq!(store.takes(&counts(2, 2, rows)).expect("one is new").1, [(2, 0), (4, 1), (0, 0)]);
    // Where nothing of it is here, all of it is new.
    assert_eq!(store.takes(&counts(3, 1, vec![row(2, 7, 6, None)])).expect("new").1, [(7, 6)]);
}

#[test]
fn what_an_older_agent_or_controller_left_is_neither_counted_again_nor_reckoned_with() {
    // An older controller stored a summary of thirty under its own number, and nobody knows of what.
    let mut store = Store { runs: vec![Run { first: 30, last: 30, sums: None }], ..Store::default() };
    let (part, rows) = store.takes(&counts(30, 30, vec![row(0, 60, 30, Some((60, 30)))])).expect("29 are not known");
    assert_eq!((part.seq, part.samples, rows), (29, 29, vec![(0, 0)]), "its own word for it is lost: it is here");
    // From there on it goes on as ever, for its own ends are known.
    assert_eq!(store.takes(&counts(32, 4, vec![row(0, 8, 4, Some((64, 32)))])).expect("two are new").1, [(4, 2)]);
    assert_eq!(store.spans(), [(1, 32)]);

    // Fifty came one by one, and then the controller was replaced: the next has another run, for it knows nothing of theirs.
    let mut store = Store { runs: vec![Run { first: 1, last: 50, sums: None }], ..Store::default() };
    assert_eq!(store.takes(&counts(51, 1, vec![row(0, 2, 0, Some((102, 0)))])).expect("new").1, [(2, 0)]);
    assert_eq!(store.spans(), [(1, 50), (51, 51)]);
    assert_eq!(store.takes(&counts(52, 52, vec![row(0, 106, 0, Some((106, 0)))])).expect("one is new").1, [(0, 0)]);
    assert_eq!(store.spans(), [(1, 52)]);
    // One that reaches out of what is not known is no better known for it.
    let mut store = Store { runs: vec![Run { first: 1, last: 5, sums: None }], ..Store::default() };
    store.takes(&counts(6, 3, vec![row(0, 3, 0, Some((6, 0)))]));
    assert_eq!(store.runs, [Run { first: 1, last: 6, sums: None }]);
    // A deputy counts on, one by one.
    assert_eq!(store.takes(&counts(7, 1, vec![row(0, 1, 1, None)])).expect("new").1, [(1, 1)]);
    assert_eq!(store.spans(), [(1, 7)]);
}

#[test]
fn a_sample_covers_the_numbers_before_it_only_where_its_agent_says_what_came_together() {
    let of = |seq, samples, so_far| covers(&counts(seq, samples, vec![row(0, 1, 0, so_far)]));
    assert_eq!(of(40, 30, Some((9, 9))), 11..=40);
    assert_eq!(of(40, 1, Some((9, 9))), 40..=40);
    assert_eq!(of(40, 0, Some((9, 9))), 40..=40);
    assert_eq!(of(40, 30, None), 40..=40, "an older agent");
    assert_eq!(of(3, 30, Some((9, 9))), 0..=3, "no number is below none");
}

#[test]
fn of_a_run_with_more_names_than_there_are_networks_nothing_is_known() {
    let mut store = Store::default();
    let named = |from: usize, seq, samples, joins| {
        let names = from..from + NETWORKS_MAX;
        let rows = names.map(|network| row(network as u64, joins, 0, Some((joins, 0))));
        counts(seq, samples, rows.collect())
    };
    store.takes(&named(0, 1, 1, 1));
    store.takes(&named(NETWORKS_MAX, 2, 1, 1));
    let known = |store: &Store| store.runs[0].sums.as_ref().map(|sums| (sums.before.len(), sums.after.len()));
    assert_eq!(known(&store), Some((128, 128)));
    store.takes(&counts(3, 1, vec![row(1_000, 1, 0, Some((1, 0)))]));
    assert_eq!((known(&store), store.spans()), (None, vec![(1, 3)]));
    let (_, rows) = store.takes(&named(0, 4, 4, 2)).expect("one is new");
    assert!(rows.iter().all(|row| *row == (0, 0)), "nobody is counted twice");
}
