//! What is said of one access point, step by step: under which order it runs, in which mode, and when there is a word.

use std::time::Duration;

use firmware_config::mode::Mode::{self, Disaster, Drill, Normal};
use firmware_config::wire::NetworkCounts;

use super::air::{Air, ApSeen, Listed};
use super::sim::ap;
use super::telling::{Speaker, Stand};
use super::{Letter, Now};
use crate::device::Role;

const HALF: Air = Air::Partly { up: 1, of: 2 };

fn seen(air: &Air) -> ApSeen {
    ApSeen { listed: Listed::There, air: air.clone(), networks: Vec::new(), counts: Vec::new(), stations: Some(3) }
}

/// The device's lever is to be where `mode`, the greatest of its access points', wants it.
fn stand(mode: Mode) -> Stand {
    Stand {
        wish: Some(mode.is_open()),
        mode,
        settled: false,
        refusal: None,
        remark: None,
        agent: "snmp/pretend".to_owned(),
    }
}

fn now(second: u64) -> Now {
    Now { mono: Duration::from_secs(second), wall_ms: 0 }
}

/// What it says after a poll: the order and the mode that run.
fn says(speaker: &mut Speaker, air: &Air, stand: &Stand) -> (u64, Mode) {
    speaker.saw(seen(air));
    let mut letters = Vec::new();
    speaker.speak(stand, true, "boot-1", now(10), &mut letters);
    let report = letters.iter().find_map(|letter| match letter {
        Letter::Report { report, .. } => Some((report.running, report.mode)),
        _ => None,
    });
    report.expect("each poll is a sign of life")
}

/// One whose order 1 is carried out.
fn in_mode(mode: Mode) -> Speaker {
    let mut speaker = Speaker::new(ap("gym-1", Role::Flip), Duration::ZERO);
    speaker.ordered(1, mode);
    let air = if mode.is_open() { Air::Open } else { Air::Closed };
    assert_eq!(says(&mut speaker, &air, &stand(mode)), (1, mode));
    speaker
}

#[test]
fn what_runs_is_the_order_that_what_is_on_the_air_comes_of() {
    // Ran before; ordered now, as order 2; what a poll shows of it; what is said to run.
    let rows = [
        (Normal, Disaster, Air::Closed, (1, Normal)),
        (Normal, Disaster, HALF, (0, Disaster)),
        (Normal, Disaster, Air::Open, (2, Disaster)),
        (Disaster, Normal, Air::Open, (1, Disaster)),
        (Disaster, Normal, HALF, (0, Disaster)),
        (Disaster, Normal, Air::Closed, (2, Normal)),
        (Drill, Disaster, Air::Open, (2, Disaster)),
        // Somebody else's doing.
        (Disaster, Disaster, Air::Closed, (0, Normal)),
        (Disaster, Drill, Air::Closed, (0, Normal)),
        (Normal, Normal, Air::Open, (0, Normal)),
        (Normal, Normal, HALF, (0, Normal)),
    ];
    for (before, ordered, air, runs) in rows {
        let mut speaker = in_mode(before);
        speaker.ordered(2, ordered);
        assert_eq!(says(&mut speaker, &air, &stand(ordered)), runs, "{before} before, {ordered} ordered, {air:?}");
        let unknown = Air::Unknown("cut short".to_owned());
        assert_eq!(says(&mut speaker, &unknown, &stand(ordered)), runs, "and who cannot be seen is what it was");
    }
}

#[test]
fn one_behind_the_lever_of_others_is_in_its_own_mode_where_that_is_open_and_else_in_theirs() {
    let mut drilled = in_mode(Normal);
    drilled.ordered(2, Drill);
    assert_eq!(says(&mut drilled, &Air::Open, &stand(Disaster)), (2, Drill));
    let mut shut = in_mode(Normal);
    shut.ordered(2, Normal);
    assert_eq!(says(&mut shut, &Air::Open, &stand(Disaster)), (2, Disaster), "it radiates with them");
}

#[test]
fn an_interval_of_counts_may_be_a_second_short_for_polls_have_their_own_rhythm() {
    let row = NetworkCounts {
        interface: "7".to_owned(),
        ssid: "shiomi".to_owned(),
        stations: 3,
        joins: 0,
        leaves: 0,
        so_far: None,
    };
    let counted = |second: u64| {
        let mut speaker = in_mode(Normal);
        speaker.saw(ApSeen { counts: vec![row.clone()], ..seen(&Air::Closed) });
        let mut letters = Vec::new();
        // It was first seen at second 10.
        speaker.speak(&stand(Normal), true, "boot-1", now(second), &mut letters);
        letters.iter().find_map(|letter| match letter {
            Letter::Counted(counts) => Some((counts.seq, counts.interval_s)),
            _ => None,
        })
    };
    assert_eq!([38, 39, 45].map(counted), [None, Some((1, 29)), Some((1, 35))]);
}

#[test]
fn without_a_poll_there_is_a_word_only_where_something_is_new() {
    let mut speaker = in_mode(Normal);
    let words = |speaker: &mut Speaker, polled| {
        let mut letters = Vec::new();
        speaker.speak(&stand(Normal), polled, "boot-1", now(20), &mut letters);
        letters.len()
    };
    assert_eq!(words(&mut speaker, false), 0, "nothing happened");
    assert_eq!(words(&mut speaker, true), 1, "a sign of life");
    speaker.ordered(2, Normal);
    assert_eq!(words(&mut speaker, false), 1, "it has heard of the order");
    assert_eq!(words(&mut speaker, false), 0, "which is said once");
}
