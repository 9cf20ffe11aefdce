//! What is heard of an AP: which word counts, which comes too late, what is written down, and how often.

use super::bench::*;
use crate::core::listening::SILENT_AFTER;
use crate::core::refusals::{ONE_WITHIN, Refusals, SOURCES_MAX};
use crate::core::view::Standing;
use crate::core::{Action, Event, Kind};
use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, NetworkCounts, Report, TurnedAway, TurnedAwayReason};

/// Counts of an AP with an agent: so many stations now.
fn counts(id: &str, boot: &str, seq: u64, stations: u32) -> Counts {
    let row = NetworkCounts {
        interface: "wlan0".to_owned(),
        ssid: "s".to_owned(),
        stations,
        joins: 0,
        leaves: 0,
        so_far: None,
    };
    Counts {
        v: 1,
        ap: ap(id),
        boot: boot.to_owned(),
        seq,
        at_ms: 0,
        interval_s: 30,
        age_ms: None,
        at_unsure: false,
        samples: 1,
        waiting: 0,
        mode: Mode::Normal,
        networks: vec![row],
    }
}

#[test]
fn a_report_that_comes_late_is_no_sign_of_life_and_one_number_says_one_thing() {
    let mut bench = Bench::settled();
    let late = bench.report(&ap("gym-1"));
    let last = bench.report(&ap("gym-1"));
    bench.on(Event::Reported(last.clone()));
    bench.on(Event::Reported(Report { agent: "another".to_owned(), ..last }));
    assert_eq!(bench.ap("gym-1").reported.expect("it reports").agent, "0.1.0", "the first of that number counts");
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.pass(SILENT_AFTER + s(1));
    assert_eq!(bench.stands("gym-1").0, Standing::Silent);
    bench.on(Event::Reported(late));
    assert_eq!(bench.stands("gym-1").0, Standing::Silent, "it was on its way for long");
}

#[test]
fn an_ap_falls_silent_as_often_as_it_does() {
    let mut bench = Bench::settled();
    for round in 1..=3 {
        bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
        bench.speak(&ap("gym-1"));
        assert_eq!(bench.stands("gym-1").0, Standing::Settled);
        let spoke = bench.now.wall_ms;
        bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
        bench.pass(s(100));
        assert_eq!((bench.stands("gym-1").0, bench.ap("gym-1").since_ms), (Standing::Silent, spoke + 30_000));
        assert_eq!(bench.view().totals.silent, 1);
        let fell = bench.entries(Kind::ApStands).iter().filter(|it| field(it, "to") == "silent").count();
        assert_eq!(fell, round);
    }
}

#[test]
fn the_presence_of_an_earlier_start_says_nothing_of_this_one() {
    let mut bench = Bench::settled();
    let before = bench.presence(&ap("gym-1"), true);
    let model = bench.aps.get_mut(&ap("gym-1")).expect("there");
    (model.boot, model.seq) = ("b2".to_owned(), 0);
    bench.speak(&ap("gym-1"));
    bench.on(Event::Presence(before.clone()));
    bench.on(Event::Presence(bench.presence(&ap("gym-1"), false)));
    assert_eq!(bench.stands("gym-1"), (Standing::Silent, "offline".to_owned()), "this start is gone");
    bench.on(Event::Presence(before));
    assert_eq!(bench.stands("gym-1").0, Standing::Silent, "and the one before comes back no more");
}

#[test]
fn how_many_stations_there_are_is_what_this_start_counted_last() {
    let mut bench = Bench::settled();
    let mut told = |counts: Counts| {
        bench.on(Event::Counted(counts));
        bench.ap("gym-1").stations
    };
    assert_eq!(told(counts("gym-1", "b1", 10, 40)), Some(40));
    assert_eq!(told(counts("gym-1", "b1", 10, 41)), Some(40), "the same number once more");
    assert_eq!(told(counts("gym-1", "b1", 9, 42)), Some(40), "an older one, late");
    assert_eq!(told(counts("gym-1", "b0", 99, 43)), Some(40), "of a start before");
    assert_eq!(told(Counts { samples: 4, ..counts("gym-1", "b1", 12, 44) }), Some(40), "a summary");
    assert_eq!(told(counts("gym-1", "b1", 11, 45)), Some(45));
    let mut bench = Bench::settled_in(mixed());
    bench.speak(&ap("school-2"));
    bench.on(Event::DeputyCounted(counts("school-2", "b1", 999, 77)));
    assert_eq!(bench.ap("school-2").stations, Some(5), "a deputy says the sum in its reports");
}

#[test]
fn an_agents_clock_vouches_for_the_time_of_a_sample_and_a_deputys_which_is_ours_does_not() {
    let mut bench = Bench::settled_in(mixed());
    let mut age = |id: &str, event: fn(Counts) -> Event| {
        let at_ms = bench.now.wall_ms - 60_000;
        let sample = Counts { at_ms, age_ms: Some(60_000), ..counts(id, "b1", 700, 3) };
        bench.on(event(sample)).into_iter().find_map(|action| match action {
            Action::StoreCounts(counts) => Some((counts.at_ms - at_ms, counts.age_ms)),
            _ => None,
        })
    };
    assert_eq!(age("gym-1", Event::Counted), Some((0, Some(60_000))));
    assert_eq!(age("school-2", Event::DeputyCounted), Some((0, None)));
}

#[test]
fn what_an_ap_turned_away_is_told_with_how_many_more_it_counted() {
    let mut bench = Bench::settled();
    let turns_away = |bench: &mut Bench, count| {
        let mut report = bench.report(&ap("gym-1"));
        let why = "order 1 is older than mine".to_owned();
        report.turned_away = Some(TurnedAway { reason: TurnedAwayReason::Stale, why, number: Some(1), count });
        bench.on(Event::Reported(report));
        bench.pass(s(61));
    };
    for count in [3, 3, 4, 9] {
        turns_away(&mut bench, count);
    }
    let told = bench.entries(Kind::ApRefusedMessage);
    let more: Vec<_> = told.iter().map(|it| (field(it, "reason"), field(it, "more"))).collect();
    assert_eq!(more, [("stale", "2"), ("stale", "0"), ("stale", "4")], "nothing new is not told");
}

#[test]
fn no_order_is_told_or_run_before_there_is_one_and_sums_are_of_what_is_ordered() {
    let mut bench = Bench::started(inventory(), Shelf::default(), None);
    bench.speak(&ap("gym-1"));
    let totals = bench.view().totals;
    assert_eq!((bench.number(), totals.told, totals.running), (0, 0, 0), "they run none, as ordered");
    bench.pass(s(3));
    bench.open(&["gym", "school", "hall"]);
    let totals = bench.view().totals;
    assert_eq!((totals.facilities, totals.facilities_to_open, totals.facilities_open), (3, 3, 3));
    assert_eq!((totals.aps, totals.told, totals.running, totals.to_open, totals.open), (6, 6, 6, 6, 6));
    assert_eq!((totals.stations, totals.unwitnessable), (24, 6));
}

#[test]
fn entries_of_a_drill_are_marked_and_others_are_not() {
    // An AP that fails on an ordinary day, one that carries out a drill, one that fails in it, one that comes back after.
    let mut bench = Bench::settled();
    let stands = |bench: &Bench, id: &str| {
        let all = bench.entries(Kind::ApStands);
        let last = all.iter().rfind(|it| field(it, "ap") == id).expect("it stands otherwise");
        (field(last, "to").to_owned(), last.drill)
    };
    let told = |to: &str, drill| (to.to_owned(), drill);
    bench.on(Event::Presence(bench.presence(&ap("hall-1"), false)));
    assert_eq!(stands(&bench, "hall-1"), told("silent", false));
    bench.turn(DRILL);
    bench.on(Event::Presence(bench.presence(&ap("gym-1"), false)));
    assert_eq!(stands(&bench, "gym-1"), told("silent", true));
    bench.on(Event::Presence(bench.presence(&ap("hall-2"), false)));
    assert_eq!(stands(&bench, "hall-2"), told("silent", false), "it has no part in the drill");
    bench.turn(NORMAL);
    bench.speak(&ap("gym-1"));
    assert_eq!(stands(&bench, "gym-1"), told("settled", true), "the end of the drill is the drill's");
    bench.open(&["hall"]);
    bench.on(Event::Presence(bench.presence(&ap("gym-1"), false)));
    assert_eq!(stands(&bench, "gym-1"), told("silent", false), "an ordinary fault again");
    bench.speak(&ap("gym-1"));
    assert_eq!(stands(&bench, "gym-1"), told("settled", false));
}

#[test]
fn one_refusal_a_minute_is_written_down_for_each_source_with_the_number_of_the_others() {
    let mut refusals = Refusals::default();
    assert_eq!(refusals.admit("gym-1", 3, s(100)), Some(3), "those that the source counted itself");
    assert_eq!(refusals.admit("gym-1", 0, s(100)), None);
    assert_eq!(refusals.admit("gym-1", 2, s(100) + ONE_WITHIN - ms(1)), None);
    assert_eq!(refusals.admit("gym-2", 0, s(101)), Some(0), "another source");
    assert_eq!(refusals.admit("gym-1", 1, s(100) + ONE_WITHIN), Some(5));
    assert_eq!(refusals.admit("gym-1", 0, s(100) + 3 * ONE_WITHIN), Some(0));
}

#[test]
fn sources_without_end_are_one_source_until_others_are_quiet_for_a_minute() {
    let mut refusals = Refusals::default();
    for n in 0..SOURCES_MAX {
        assert_eq!(refusals.admit(&format!("source {n}"), 0, s(100)), Some(0));
    }
    assert_eq!(refusals.admit("one more", 0, s(100)), Some(0), "once");
    assert_eq!(refusals.admit("and another", 0, s(101)), None, "they are one");
    assert_eq!(refusals.admit("source 7", 0, s(110)), None, "who is known is known");
    assert_eq!(refusals.admit("source 7", 0, s(100) + ONE_WITHIN), Some(1));
    // The others said nothing for a minute, and make room.
    let later = s(100) + ONE_WITHIN;
    assert_eq!([refusals.admit("a", 0, later), refusals.admit("b", 0, later)], [Some(0); 2]);
    assert_eq!(refusals.admit("source 7", 0, later + s(1)), None, "but for those that spoke since");
}
