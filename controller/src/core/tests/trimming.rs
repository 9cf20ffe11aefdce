//! What an AP may send: how much of it is kept, under which time, and what is not read at all.

use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, NetworkCounts, TurnedAway, TurnedAwayReason};

use super::bench::*;
use crate::core::trim::{BOOT_MAX_BYTES, NETWORKS_MAX, WORD_MAX, check_boot, check_rows, is_of_now, place, shorten};

/// 2026-11-23T00:00Z.
const NOW_MS: i64 = 1_795_392_000_000;

pub(super) fn counts(at_ms: i64, age_ms: Option<u64>) -> Counts {
    Counts {
        v: 1,
        ap: ap("gym-1"),
        boot: "b1".to_owned(),
        seq: 1,
        at_ms,
        interval_s: 30,
        age_ms,
        at_unsure: false,
        samples: 1,
        waiting: 0,
        mode: Mode::Disaster,
        networks: Vec::new(),
    }
}

/// The time a sample is kept under, and whether that is sure.
fn placed(at_ms: i64, age_ms: Option<u64>, wall_ms: i64) -> (i64, bool) {
    let mut counts = counts(at_ms, age_ms);
    place(&mut counts, wall_ms);
    let agreed = age_ms.is_some_and(|_| counts.at_ms == at_ms && wall_ms >= 1_767_225_600_000);
    assert_eq!(counts.age_ms.is_some(), agreed, "an age is left where two clocks agree, and says that alone");
    (counts.at_ms, counts.at_unsure)
}

#[test]
fn a_sample_keeps_its_own_time_where_that_can_be() {
    assert_eq!(placed(NOW_MS - 5_000, None, NOW_MS), (NOW_MS - 5_000, false));
    assert_eq!(placed(NOW_MS + 59_000, None, NOW_MS), (NOW_MS + 59_000, false), "clocks differ");
    // Six hours in the dark, by a clock that was half a minute wrong.
    let late = NOW_MS - 6 * 3_600_000;
    assert_eq!(placed(late + 30_000, Some(6 * 3_600_000), NOW_MS), (late + 30_000, false));
    assert_eq!(
        placed(late + 60_000, Some(6 * 3_600_000), NOW_MS),
        (late + 60_000, false),
        "as much as clocks may differ"
    );
}

#[test]
fn a_sample_of_a_wrong_clock_goes_by_its_age() {
    let late = NOW_MS - 6 * 3_600_000;
    assert_eq!(placed(1_000, Some(6 * 3_600_000), NOW_MS), (late, false), "1970");
    assert_eq!(placed(late + 90_000, Some(6 * 3_600_000), NOW_MS), (late, false), "a minute and a half wrong");
    assert_eq!(placed(NOW_MS + 10 * 60_000, Some(0), NOW_MS), (NOW_MS, false), "it is ahead");
    // An age that is no age is held at the year of the program.
    assert!(placed(1_000, Some(u64::MAX), NOW_MS).0 >= 1_767_225_600_000);
}

#[test]
fn a_sample_without_an_age_whose_time_cannot_be_is_kept_as_unsure() {
    assert_eq!(placed(1_000, None, NOW_MS), (NOW_MS, true));
    assert_eq!(placed(NOW_MS + 61_000, None, NOW_MS), (NOW_MS, true));
}

#[test]
fn our_own_clock_that_was_never_set_corrects_nobody() {
    assert_eq!(placed(NOW_MS, None, 1_000), (NOW_MS, false));
    assert_eq!(placed(1_000, Some(5), 1_000), (1_000, false));
    assert_eq!(placed(1_000, Some(5), 1_767_225_600_000), (1_767_225_600_000, false), "2026 is a year it can be");
}

#[test]
fn a_late_sample_and_a_summary_say_nothing_of_how_many_there_are_now() {
    assert!(is_of_now(&counts(NOW_MS, None)) && is_of_now(&counts(NOW_MS, Some(60_000))));
    assert!(!is_of_now(&counts(NOW_MS, Some(60_001))));
    assert!(!is_of_now(&Counts { samples: 2, ..counts(NOW_MS, None) }));
}

#[test]
fn a_report_is_cut_to_what_is_kept_of_it() {
    let mut report = Bench::settled().report(&ap("gym-1"));
    let long = "避".repeat(10_000);
    report.holds = Some("a signed order".to_owned());
    (report.why, report.agent) = (long.clone(), long.clone());
    let away = TurnedAway { reason: TurnedAwayReason::Stale, why: long.clone(), number: None, count: 1 };
    report.turned_away = Some(away);
    let mut network = report.networks[0].clone();
    (network.interface, network.ssid, network.bssid) = (long.clone(), long.clone(), long);
    report.networks = vec![network; 200];
    shorten(&mut report);
    assert_eq!((report.holds, report.agent.chars().count()), (None, WORD_MAX));
    assert!(report.why.chars().count() < 1_000 && report.turned_away.expect("said").why.chars().count() < 1_000);
    assert_eq!(report.networks.len(), NETWORKS_MAX);
    let words = report.networks.iter().flat_map(|it| [&it.interface, &it.ssid, &it.bssid]);
    assert!(words.into_iter().all(|word| word.chars().count() == WORD_MAX));
    let mut short = Bench::settled().report(&ap("gym-1"));
    let before = short.clone();
    shorten(&mut short);
    assert_eq!(short, before, "what is short enough is left as it is");
}

#[test]
fn names_and_rows_beyond_measure_are_turned_away_in_words() {
    assert_eq!(check_boot(&"b".repeat(BOOT_MAX_BYTES)), Ok(()));
    let why = check_boot(&"b".repeat(BOOT_MAX_BYTES + 1)).expect_err("too long");
    assert!(why.contains("65 bytes"), "{why}");
    let row = |name: usize| NetworkCounts {
        interface: "w".repeat(name),
        ssid: "shiomi".to_owned(),
        stations: 0,
        joins: 0,
        leaves: 0,
        so_far: None,
    };
    let of = |rows: Vec<NetworkCounts>| check_rows(&Counts { networks: rows, ..counts(NOW_MS, None) });
    assert_eq!(of(vec![row(WORD_MAX); NETWORKS_MAX]), Ok(()));
    assert!(of(vec![row(1); NETWORKS_MAX + 1]).is_err_and(|why| why.contains("65 networks")));
    let numbered = |seq| check_rows(&Counts { seq, ..counts(NOW_MS, None) });
    assert_eq!(numbered(1 << 52), Ok(()));
    assert!(numbered((1 << 52) + 1).is_err_and(|why| why.contains("4503599627370497")));
    assert!(of(vec![row(WORD_MAX + 1)]).is_err_and(|why| why.contains("129 characters")));
}
