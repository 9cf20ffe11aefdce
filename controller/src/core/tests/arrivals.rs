//! Samples in any shape and order: whatever covers what, everybody who came is counted once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use firmware_config::wire::{Counts, NetworkCounts, SoFar};
use proptest::prelude::*;

use crate::core::arrivals::{Run, covers, holes, take_in};
use crate::core::trim::NETWORKS_MAX;

type Rows = Vec<(u8, NetworkCounts)>;

fn row(joins: u32, leaves: u32, so_far: Option<(u32, u32)>) -> NetworkCounts {
    let (interface, ssid) = ("wlan0".to_owned(), "shiomi".to_owned());
    let so_far = so_far.map(|(joins, leaves)| SoFar { joins, leaves });
    NetworkCounts { interface, ssid, stations: 0, joins, leaves, so_far }
}

/// A store of one start of an agent.
#[derive(Default)]
struct Store {
    runs: Vec<Run<u8>>,
    /// By network.
    counted: BTreeMap<u8, (u32, u32)>,
}

impl Store {
    /// What was new.
    fn takes(&mut self, span: RangeInclusive<u64>, mut rows: Rows) -> Rows {
        let touches =
            |run: &Run<u8>| run.first <= span.end().saturating_add(1) && run.last.saturating_add(1) >= *span.start();
        let (touched, mut runs): (Vec<_>, Vec<_>) = self.runs.drain(..).partition(touches);
        runs.push(take_in(&touched, &span, &mut rows));
        runs.sort_by_key(|run| run.first);
        self.runs = runs;
        for (network, row) in &rows {
            let counted = self.counted.entry(*network).or_default();
            *counted = (counted.0 + row.joins, counted.1 + row.leaves);
        }
        rows
    }
}

/// Of each number from 1: what came and went on each network that it has a row of.
type Truth = Vec<BTreeMap<u8, (u32, u32)>>;

/// The sample that covers these numbers, as an agent would make it of them.
fn sample(truth: &Truth, span: &RangeInclusive<u64>) -> Rows {
    let upto = usize::try_from(*span.end()).expect("small");
    let from = usize::try_from(*span.start()).expect("small") - 1;
    let sum = |numbers: &[BTreeMap<u8, (u32, u32)>], network| {
        let each = numbers.iter().filter_map(|rows| rows.get(&network));
        each.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    };
    let networks: BTreeSet<u8> = truth[from..upto].iter().flat_map(BTreeMap::keys).copied().collect();
    networks
        .into_iter()
        .map(|network| {
            let (joins, leaves) = sum(&truth[from..upto], network);
            (network, row(joins, leaves, Some(sum(&truth[..upto], network))))
        })
        .collect()
}

fn truth() -> impl Strategy<Value = Truth> {
    prop::collection::vec(prop::collection::btree_map(0..3_u8, (0..4_u32, 0..4_u32), 0..3), 8)
}

proptest! {
    #[test]
    fn whatever_covers_what_and_whenever_it_comes_everybody_is_counted_once(
        truth in truth(),
        spans in prop::collection::vec((1..=8_u64, 1..=8_u64), 1..12),
    ) {
        let mut store = Store::default();
        let mut here = BTreeSet::new();
        for (one, other) in spans {
            let span = one.min(other)..=one.max(other);
            let new = !span.clone().all(|number| here.contains(&number));
            prop_assert_eq!(!holes(&store.runs, &span).is_empty(), new);
            let rows = store.takes(span.clone(), sample(&truth, &span));
            prop_assert!(new || rows.iter().all(|(_, row)| (row.joins, row.leaves) == (0, 0)));
            here.extend(span);
            for network in 0..3 {
                let came = here.iter().filter_map(|number| truth[usize::try_from(number - 1).expect("small")].get(&network));
                let came = came.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
                prop_assert_eq!(store.counted.get(&network).copied().unwrap_or_default(), came);
            }
            let runs: BTreeSet<u64> = store.runs.iter().flat_map(|run| run.first..=run.last).collect();
            prop_assert_eq!(&runs, &here);
            prop_assert!(store.runs.windows(2).all(|two| two[0].last + 1 < two[1].first), "one run where there is no hole");
        }
    }

    #[test]
    fn numbers_that_no_agent_says_bring_nobody_who_is_not_in_them(
        said in prop::collection::vec((any::<u64>(), any::<u64>(), any::<u32>(), any::<Option<(u32, u32)>>()), 1..6),
    ) {
        let mut store = Store::default();
        for (one, other, joins, so_far) in said {
            let span = one.min(other)..=one.max(other);
            let rows = store.takes(span, vec![(0, row(joins, joins, so_far))]);
            prop_assert!(rows[0].1.joins <= joins && rows[0].1.leaves <= joins);
            store.counted.clear();
        }
    }
}

#[test]
fn a_number_that_went_by_itself_is_not_counted_with_the_others_again_nor_they_with_it() {
    let counts = |rows: Rows| rows.into_iter().map(|(_, row)| (row.joins, row.leaves)).collect::<Vec<_>>();
    let mut store = Store::default();
    // The second of three was sent by itself, and then, after a power cut, within all three.
    store.takes(2..=2, vec![(0, row(5, 2, Some((8, 2))))]);
    assert_eq!(holes(&store.runs, &(1..=3)), [1..=1, 3..=3]);
    assert_eq!(counts(store.takes(1..=3, vec![(0, row(10, 6, Some((10, 6))))])), [(5, 4)]);
    // And the other way about: the third comes once more, with the fourth.
    assert_eq!(counts(store.takes(3..=4, vec![(0, row(9, 5, Some((17, 7))))])), [(7, 1)]);
    assert!(holes(&store.runs, &(1..=4)).is_empty());
    assert_eq!(store.runs.len(), 1);
}

#[test]
fn a_network_that_only_the_hole_has_is_new_and_one_that_says_no_sum_is_not_counted_again() {
    let mut store = Store::default();
    store.takes(1..=1, vec![(0, row(1, 0, Some((1, 0))))]);
    let rows =
        store.takes(1..=2, vec![(0, row(3, 0, Some((3, 0)))), (1, row(4, 1, Some((4, 1)))), (2, row(7, 7, None))]);
    assert_eq!(rows.iter().map(|(_, row)| (row.joins, row.leaves)).collect::<Vec<_>>(), [(2, 0), (4, 1), (0, 0)]);
    // Where nothing of it is here, all of it is new.
    let rows = store.takes(3..=3, vec![(2, row(7, 6, None))]);
    assert_eq!((rows[0].1.joins, rows[0].1.leaves), (7, 6));
}

#[test]
fn a_sample_covers_the_numbers_before_it_only_where_its_agent_says_what_came_together() {
    let counts = |seq, samples, so_far| Counts {
        seq,
        samples,
        networks: vec![row(1, 0, so_far)],
        ..super::trimming::counts(1_795_000_000_000, None)
    };
    assert_eq!(covers(&counts(40, 30, Some((9, 9)))), 11..=40);
    assert_eq!(covers(&counts(40, 1, Some((9, 9)))), 40..=40);
    assert_eq!(covers(&counts(40, 0, Some((9, 9)))), 40..=40);
    assert_eq!(covers(&counts(40, 30, None)), 40..=40, "an older agent");
    assert_eq!(covers(&counts(3, 30, Some((9, 9)))), 0..=3, "no number is below none");
}

#[test]
fn names_without_end_fill_no_store() {
    let mut runs = Vec::new();
    for number in 1..=10_u64 {
        let mut rows: Vec<_> =
            (0..NETWORKS_MAX as u64).map(|n| (number * 1_000 + n, row(1, 1, Some((1, 1))))).collect();
        runs = vec![take_in(&runs, &(number..=number), &mut rows)];
        assert!(rows.iter().all(|(_, row)| row.joins == 1), "they are counted all the same");
    }
    assert_eq!((runs[0].before.len(), runs[0].after.len()), (NETWORKS_MAX, NETWORKS_MAX));
    assert_eq!((runs[0].first, runs[0].last), (1, 10));
}
