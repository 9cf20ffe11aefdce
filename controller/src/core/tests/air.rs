//! What is on the air that should not be: APs left open, names that deceive, and neighbours as witnesses.

use std::time::Duration;

use firmware_config::ident::ApId;
use firmware_config::mode::Mode;
use firmware_config::wire::{AirName, Heard, Sightings};

use super::bench::*;
use crate::core::fleet::LEFT_OPEN_AFTER;
use crate::core::neighbours::FRESH_FOR;
use crate::core::strangers::{STRANGERS_MAX, STRANGERS_OF_ONE_MAX};
use crate::core::view::{Standing, Witnessed};
use crate::core::{Event, Kind, Pattern};

fn row(ssid: &[u8], bssid: &str) -> Heard {
    Heard {
        ssid: AirName::new(ssid).expect("short"),
        bssid: bssid.parse().expect("an address"),
        channel: 6,
        signal_dbm: -60,
        age_ms: 0,
    }
}

fn hears(bench: &mut Bench, by: &str, seen: Vec<Heard>) {
    bench.on(Event::Overheard(Sightings::new(ap(by), seen)));
}

/// Lets an AP say that `00000JAPAN` is on the air although it was told to close.
fn leave_open(bench: &mut Bench, id: &str) {
    bench.aps.get_mut(&ap(id)).expect("there").mode = Mode::Disaster;
    bench.speak(&ap(id));
}

/// The address that an AP says it sends `00000JAPAN` from.
fn own(bench: &Bench, id: &str) -> String {
    let said = bench.ap(id).reported.expect("it reports");
    said.networks.iter().find(|network| network.ssid == "00000JAPAN").expect("open").bssid.clone()
}

/// Three APs with an address each, open by the key.
fn open_town() -> Bench {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.pass(s(2));
    bench
}

#[test]
fn an_ap_left_open_is_an_alarm_after_the_time_of_a_closing_and_ends_when_it_ends() {
    for town in [inventory(), mixed()] {
        // By its agent, and by the deputy of an AP of another make.
        let mut bench = Bench::settled_in(town);
        bench.pass(s(2));
        assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off));
        leave_open(&mut bench, "school-2");
        bench.pass(LEFT_OPEN_AFTER - s(1));
        assert!(bench.view().left_open.is_empty(), "it may be about to close");
        bench.pass(s(2));
        let left = bench.view().left_open;
        assert_eq!(left.iter().map(|it| it.ap.clone()).collect::<Vec<ApId>>(), [ap("school-2")]);
        assert_eq!(bench.lamp, (Pattern::Alarm, Pattern::Off), "the lamp says it; the key is well");
        assert_eq!(field(bench.entries(Kind::LeftOpen)[0], "ap"), "school-2");

        bench.aps.get_mut(&ap("school-2")).expect("there").mode = Mode::Normal;
        bench.speak(&ap("school-2"));
        bench.pass(s(1));
        assert!(bench.view().left_open.is_empty());
        assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off));
        assert_eq!((bench.entries(Kind::LeftOpen).len(), bench.entries(Kind::LeftOpenEnded).len()), (1, 1));
    }
}

#[test]
fn an_ordinary_closing_and_an_opening_are_no_alarm() {
    let mut bench = open_town();
    bench.pass(s(120));
    bench.turn(NORMAL);
    bench.pass(s(120));
    assert!(bench.entries(Kind::LeftOpen).is_empty());
    leave_open(&mut bench, "gym-1");
    bench.pass(LEFT_OPEN_AFTER + s(1));
    assert_eq!(bench.view().left_open.len(), 1);
    bench.turn(DISASTER);
    bench.pass(s(5));
    assert!(bench.view().left_open.is_empty(), "what is ordered to be open is not left open");
}

#[test]
fn what_a_facility_key_opens_and_closes_is_not_left_open() {
    let mut bench = Bench::settled();
    for on in [true, false] {
        bench.turn_at("gym-1", on);
        bench.pass(s(120));
        assert!(bench.view().left_open.is_empty());
    }
    assert!(bench.entries(Kind::LeftOpen).is_empty());
}

#[test]
fn the_name_itself_from_a_stranger_is_a_note_while_open_and_an_alarm_while_closed() {
    let mut bench = open_town();
    let other = || vec![row(b"00000JAPAN", "02:13:37:00:00:01")];
    hears(&mut bench, "gym-1", other());
    assert_eq!(bench.view().strangers.iter().map(|it| it.alarm).collect::<Vec<_>>(), [false], "a carrier's, perhaps");
    assert_eq!(field(bench.entries(Kind::StrangeNetwork)[0], "what"), "same-name");

    bench.turn(NORMAL);
    bench.pass(s(5));
    hears(&mut bench, "gym-1", other());
    assert!(!bench.view().strangers[0].alarm, "it may be closing as we are");
    bench.pass(s(40));
    hears(&mut bench, "gym-1", other());
    assert!(bench.view().strangers[0].alarm);
    let told = bench.entries(Kind::StrangeNetwork);
    assert_eq!(told.iter().map(|it| field(it, "what")).collect::<Vec<_>>(), ["same-name", "alarm"]);
    assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off), "no stranger moves the lamp at our key");

    bench.pass(FRESH_FOR + s(1));
    assert!(bench.view().strangers.is_empty(), "what is heard no more is forgotten");
}

#[test]
fn names_that_look_like_it_are_told_with_the_difference() {
    let mut bench = Bench::settled();
    let names: [&[u8]; 6] =
        [b"0000JAPAN", b"000000JAPAN", b"OOOOOJAPAN", "０００００JAPAN".as_bytes(), b"00000JAPAN ", b"00000JAPAN\0"];
    for (n, name) in names.iter().enumerate() {
        hears(&mut bench, "gym-1", vec![row(name, &format!("02:13:37:00:01:{n:02x}"))]);
        bench.pass(s(61));
    }
    hears(&mut bench, "gym-1", vec![row(b"0000docomo", "02:13:37:00:02:00"), row(b"\x92\xaa", "02:13:37:00:02:01")]);
    let told = bench.entries(Kind::StrangeNetwork);
    assert_eq!(told.len(), names.len(), "honest names are not told of");
    assert!(told.iter().all(|it| field(it, "what") == "look-alike" && !field(it, "why").is_empty()));
    assert!(field(told[2], "why").contains("見た目"));
    assert!(field(told[3], "why").contains("全角") && field(told[3], "why_en").contains("full-width"));
    assert_eq!(field(told[5], "ssid"), "00000JAPAN\\u{0}");
}

#[test]
fn a_neighbour_that_hears_an_ap_is_its_witness_and_one_that_does_not_proves_nothing() {
    let mut bench = open_town();
    assert_eq!(bench.ap("gym-1").witnessed, Witnessed::NoMeans);
    let gym = own(&bench, "gym-1");
    hears(&mut bench, "school-1", vec![row(b"00000JAPAN", &gym)]);
    hears(&mut bench, "school-2", vec![]);
    assert!(
        matches!(bench.ap("gym-1").witnessed, Witnessed::Seen { open: true, by: Some(by), .. } if by == ap("school-1"))
    );
    assert_eq!(bench.view().totals.witnessed, 1);
    assert!(bench.view().strangers.is_empty(), "it is one of ours");
    // It says the same no more, and nothing comes of it but that nobody sees it now.
    hears(&mut bench, "school-1", vec![]);
    bench.pass(s(60));
    assert_eq!(bench.ap("gym-1").witnessed, Witnessed::NotAsked { why: String::new() });
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
    // Nor does an AP vouch for itself.
    hears(&mut bench, "gym-1", vec![row(b"00000JAPAN", &gym)]);
    assert!(matches!(bench.ap("gym-1").witnessed, Witnessed::NotAsked { .. }));
}

#[test]
fn two_neighbours_that_hear_what_is_said_to_be_closed_make_it_diverged_and_one_alone_does_not() {
    let mut bench = open_town();
    let gym = own(&bench, "gym-1");
    bench.turn(NORMAL);
    bench.pass(s(10));
    for by in ["school-1", "school-2"] {
        hears(&mut bench, by, vec![row(b"00000JAPAN", &gym)]);
    }
    bench.pass(s(1));
    assert_eq!(bench.stands("gym-1").0, Standing::Settled, "heard on its way off the air");
    bench.pass(s(40));
    // A stolen AP says it again and again.
    for _ in 0..20 {
        hears(&mut bench, "school-1", vec![row(b"00000JAPAN", &gym)]);
        bench.pass(s(5));
    }
    assert_eq!(bench.stands("gym-1").0, Standing::Settled, "one AP moves no other");
    hears(&mut bench, "school-2", vec![row(b"00000JAPAN", &gym)]);
    assert_eq!(bench.stands("gym-1"), (Standing::Diverged, "neighbours-see-it".to_owned()));
    bench.pass(LEFT_OPEN_AFTER + s(1));
    assert_eq!(bench.view().left_open.len(), 1, "and it is left open, whatever it says");
    hears(&mut bench, "school-2", vec![]);
    assert_eq!(bench.stands("gym-1").0, Standing::Settled);
    assert!(bench.view().left_open.is_empty());
}

#[test]
fn sightings_of_a_stolen_ap_fill_neither_memory_nor_record() {
    let mut bench = Bench::settled();
    for n in 0..2_000_u32 {
        let [_, a, b, c] = n.to_be_bytes();
        let rows = (0..100).map(|i| row(b"0000JAPAN", &format!("02:{i:02x}:{a:02x}:{b:02x}:{c:02x}:01"))).collect();
        hears(&mut bench, "gym-1", rows);
    }
    let known = bench.view().strangers;
    assert_eq!(known.len(), STRANGERS_OF_ONE_MAX);
    assert!(known.len() < STRANGERS_MAX);
    assert_eq!(bench.entries(Kind::StrangeNetwork).len(), 1, "once a minute");
    hears(&mut bench, "nobody", vec![row(b"00000JAPAN", "02:00:00:00:00:01")]);
    assert_eq!(field(bench.entries(Kind::MessageRefused).last().expect("said"), "from"), "ap/nobody/sightings");
    assert_eq!(bench.view().totals.settled, 6, "and nobody stands otherwise for it");
}

#[test]
fn an_address_that_two_aps_say_is_theirs_proves_nothing_and_old_ones_are_forgotten() {
    let mut bench = open_town();
    let gym = own(&bench, "gym-1");
    // Another AP says that the address is its own: who hears it has heard nobody, and no stranger either.
    let mut liar = bench.report(&ap("school-2"));
    liar.networks.last_mut().expect("open").bssid = gym.clone();
    bench.on(Event::Reported(liar));
    hears(&mut bench, "school-1", vec![row(b"00000JAPAN", &gym)]);
    assert_eq!((bench.ap("gym-1").witnessed, bench.view().strangers.len()), (Witnessed::NoMeans, 0));
    // An AP whose radios are changed all the time is known by its last eight addresses.
    let mut bench = open_town();
    let first = own(&bench, "gym-1");
    let address = |n: u32| format!("02:00:00:00:99:{n:02x}");
    let moves = |bench: &mut Bench, to: &str| {
        let mut moved = bench.report(&ap("gym-1"));
        moved.networks.last_mut().expect("open").bssid = to.to_owned();
        bench.on(Event::Reported(moved));
    };
    for n in 1..8 {
        moves(&mut bench, &address(n));
    }
    hears(&mut bench, "school-1", vec![row(b"00000JAPAN", &first)]);
    assert!(matches!(bench.ap("gym-1").witnessed, Witnessed::Seen { .. }), "seven changes");
    moves(&mut bench, &address(8));
    hears(&mut bench, "school-1", vec![row(b"00000JAPAN", &first)]);
    assert_eq!(bench.view().strangers.len(), 1, "the eighth");
    hears(&mut bench, "school-1", vec![row(b"00000JAPAN", &address(1))]);
    assert!(matches!(bench.ap("gym-1").witnessed, Witnessed::Seen { .. }));
    assert_eq!(bench.view().strangers.len(), 1);
}

#[test]
fn a_stranger_that_turns_out_to_be_one_of_ours_is_none_any_more() {
    // A radio was changed, and a neighbour heard the new one before its own AP could say so.
    let mut bench = open_town();
    let new = "02:00:00:00:99:01";
    hears(&mut bench, "school-1", vec![row(b"00000JAPAN", new), row(b"0000JAPAN", "02:00:00:00:99:02")]);
    assert_eq!(bench.view().strangers.len(), 2);
    let mut changed = bench.report(&ap("gym-1"));
    changed.networks.last_mut().expect("open").bssid = new.to_owned();
    bench.on(Event::Reported(changed));
    bench.pass(s(1));
    let names: Vec<_> = bench.view().strangers.iter().map(|it| it.ssid.to_string()).collect();
    assert_eq!(names, ["0000JAPAN"], "the look-alike stays");
}

#[test]
fn what_was_heard_long_ago_or_under_another_name_is_no_witness() {
    let mut bench = open_town();
    bench.pass(s(1_200));
    let gym = own(&bench, "gym-1");
    let of_age =
        |age: Duration| Heard { age_ms: u64::try_from(age.as_millis()).expect("short"), ..row(b"00000JAPAN", &gym) };
    hears(&mut bench, "school-1", vec![of_age(FRESH_FOR + ms(1))]);
    assert_eq!(bench.ap("gym-1").witnessed, Witnessed::NoMeans);
    hears(&mut bench, "school-1", vec![row(b"shiomi-free", &gym)]);
    assert_eq!(bench.ap("gym-1").witnessed, Witnessed::NoMeans);
    hears(&mut bench, "school-1", vec![of_age(FRESH_FOR)]);
    let at_ms = bench.now.wall_ms - 600_000;
    assert!(matches!(bench.ap("gym-1").witnessed, Witnessed::Seen { at_ms: told, .. } if told == at_ms));
}

#[test]
fn an_alarm_outlasts_a_silence_and_a_new_order_and_only_a_suspicion_does_not() {
    let mut bench = Bench::settled();
    leave_open(&mut bench, "gym-1");
    leave_open(&mut bench, "gym-2");
    leave_open(&mut bench, "school-1");
    // Gone before the time is over, long before or shortly: nobody knows whether it is open.
    for (id, after) in [("gym-2", s(10)), ("school-1", s(18))] {
        bench.pass(after);
        bench.on(Event::Presence(bench.presence(&ap(id), false)));
        bench.aps.get_mut(&ap(id)).expect("there").linked = false;
    }
    bench.pass(s(3));
    let left =
        |bench: &Bench| bench.view().left_open.iter().map(|it| (it.ap.to_string(), it.since_ms)).collect::<Vec<_>>();
    let told = left(&bench);
    assert_eq!(told.iter().map(|(ap, _)| ap.as_str()).collect::<Vec<_>>(), ["gym-1"]);
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.on(Event::Presence(bench.presence(&ap("gym-1"), false)));
    bench.open(&["school"]);
    bench.pass(s(60));
    assert_eq!(left(&bench), told, "still, and since then");
    assert_eq!(bench.entries(Kind::LeftOpenEnded).len(), 0);
    // It is back, as before: the same alarm. Then it takes the new order, and closes.
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.speak(&ap("gym-1"));
    assert_eq!(left(&bench), told);
    bench.pass(s(60));
    assert_eq!((left(&bench).len(), bench.entries(Kind::LeftOpen).len()), (0, 1));
    assert_eq!(bench.entries(Kind::LeftOpenEnded).len(), 1);
    // Open once more, it has the whole time once more.
    leave_open(&mut bench, "gym-1");
    bench.pass(LEFT_OPEN_AFTER - s(1));
    assert!(left(&bench).is_empty());
    bench.pass(s(2));
    assert_eq!(left(&bench).len(), 1);
}

#[test]
fn an_ap_that_was_not_told_to_close_is_not_left_open() {
    let mut bench = open_town();
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = false;
    bench.turn(NORMAL);
    for _ in 0..8 {
        let mut deaf = bench.report(&ap("gym-1"));
        deaf.told = 2;
        bench.on(Event::Reported(deaf));
        bench.pass(s(10));
        assert!(bench.view().left_open.is_empty());
    }
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.pass(s(30));
    assert!(bench.entries(Kind::LeftOpen).is_empty());
}

#[test]
fn an_ap_left_open_is_an_alarm_at_that_moment_although_nothing_else_happens() {
    let mut bench = Bench::settled();
    bench.contacts = None;
    leave_open(&mut bench, "gym-1");
    let spoke_ms = bench.now.wall_ms;
    bench.pass(s(1));
    bench.lose_broker();
    bench.pass(s(60));
    let told: Vec<i64> = bench.entries(Kind::LeftOpen).iter().map(|it| it.at_ms - spoke_ms).collect();
    assert_eq!(told, [30_000]);
}
