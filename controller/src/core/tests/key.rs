//! Rulings 2, 3 and 11: the key is a level; an unreadable key changes nothing and shouts; a drill ends by itself.

use super::bench::*;
use crate::core::key::KeyMemory;
use crate::core::{Action, Ask, ContactReading, Event, KeyFault, KeyPosition, Kind, Pattern, Remembered};
use firmware_config::key::watchman::{MOVEMENTS_MAX, READING_DUE};
use firmware_config::mode::Mode;

const ALARM: (Pattern, Pattern) = (Pattern::Alarm, Pattern::Alarm);

#[test]
fn an_unreadable_key_changes_nothing_and_shouts() {
    // "A fault holds the mode and raises an alarm": in both modes, for a cut wire and for a short, each told once.
    for (rests, mode) in [(NORMAL, Mode::Normal), (DISASTER, Mode::Disaster)] {
        for (contacts, fault) in [(CUT, KeyFault::Broken), (SHORT, KeyFault::Shorted)] {
            let mut bench = Bench::settled();
            bench.turn(rests);
            let (number, lamp) = (bench.number(), bench.lamp);
            bench.turn(contacts);
            bench.pass(s(60));
            assert_eq!(bench.view().key.fault.map(|(fault, _)| fault), Some(fault));
            assert_eq!((bench.view().mode, bench.number()), (mode, number));
            assert_eq!(bench.lamp, ALARM);
            assert_eq!(bench.entries(Kind::KeyFault).len(), 1);
            bench.turn(rests);
            assert_eq!(bench.lamp, lamp);
            assert_eq!(field(bench.entries(Kind::KeyMended)[0], "position"), bench.key().expect("sworn").as_str());
        }
    }
}

#[test]
fn the_travel_of_the_key_is_no_fault() {
    // Between two positions both contacts are open for half a second: nothing is raised, and the turn counts.
    let mut bench = Bench::settled();
    bench.turn(CUT);
    bench.pass(ms(500));
    bench.turn(DISASTER);
    assert!(bench.entries(Kind::KeyFault).is_empty());
    assert_eq!(bench.view().mode, Mode::Disaster);
}

#[test]
fn contacts_that_bounce_are_one_turn() {
    // Twenty bounces of 1 ms each, then rest: one turn, no fault, one order.
    let mut bench = Bench::settled();
    let number = bench.number();
    for bounce in 0..20 {
        bench.touch(if bounce % 2 == 0 { DISASTER } else { NORMAL });
        bench.pass(ms(1));
    }
    assert_eq!(bench.number(), number, "nothing is sworn to before the contacts rest");
    bench.turn(DISASTER);
    assert_eq!(bench.number(), number + 1);
    assert!(bench.entries(Kind::KeyFault).is_empty());
}

#[test]
fn a_chattering_key_holds_the_mode() {
    // Loose contacts that rest 100 ms each time: after as many movements as no hand can make, the mode is held.
    let mut bench = Bench::settled();
    for movement in 0..=MOVEMENTS_MAX {
        bench.touch(if movement % 2 == 0 { DISASTER } else { NORMAL });
        bench.pass(ms(100));
    }
    assert_eq!(bench.view().key.fault.map(|(fault, _)| fault), Some(KeyFault::Chattering));
    assert_eq!(bench.lamp, ALARM);
    let (number, mode) = (bench.number(), bench.view().mode);
    for movement in 0..100 {
        bench.touch(if movement % 2 == 0 { DISASTER } else { NORMAL });
        bench.pass(ms(100));
    }
    assert_eq!((bench.number(), bench.view().mode), (number, mode));
    assert_eq!(bench.entries(Kind::KeyFault).len(), 1);
    bench.turn(DISASTER);
    bench.pass(s(4));
    assert_eq!(bench.view().key.fault, None, "it rests");
    assert_eq!(bench.view().mode, Mode::Disaster, "and where it rests counts");
}

#[test]
fn contacts_that_never_rest_are_chattering() {
    // A relay that buzzes every 10 ms never rests for a debounce, and must be noticed all the same.
    let mut bench = Bench::settled();
    let number = bench.number();
    for movement in 0..200 {
        bench.touch(if movement % 2 == 0 { DISASTER } else { NORMAL });
        bench.pass(ms(10));
    }
    assert_eq!(bench.view().key.fault.map(|(fault, _)| fault), Some(KeyFault::Chattering));
    assert_eq!(bench.number(), number);
}

#[test]
fn disaster_and_drill_at_once_is_a_fault() {
    let mut bench = Bench::settled();
    bench.turn(ContactReading::Pair { no: true, nc: false, drill: Some(true) });
    bench.pass(s(2));
    assert_eq!(bench.view().key.fault.map(|(fault, _)| fault), Some(KeyFault::Contradiction));
    assert_eq!(bench.view().mode, Mode::Normal);
}

#[test]
fn a_single_contact_works_and_cannot_tell_a_cut_wire() {
    // "Supported and said to be weaker": closed is disaster, a cut wire reads as normal.
    assert_eq!(ContactReading::Single { closed: true, drill: None }.says(), Ok(KeyPosition::Disaster));
    assert_eq!(ContactReading::Single { closed: false, drill: None }.says(), Ok(KeyPosition::Normal));
    assert_eq!(ContactReading::Single { closed: false, drill: Some(true) }.says(), Ok(KeyPosition::Drill));
    assert_eq!(ContactReading::Single { closed: true, drill: Some(true) }.says(), Err(KeyFault::Contradiction));
}

#[test]
fn a_key_that_is_not_read_any_more_is_a_fault() {
    // The panel answers with an error, and later not at all: each holds the mode; a reading mends it.
    let mut bench = Bench::settled();
    bench.contacts = None;
    bench.on(Event::ContactsUnreadable { why: "no such socket".to_owned() });
    bench.pass(s(2));
    assert!(matches!(bench.view().key.fault, Some((KeyFault::Unreadable(why), _)) if why == "no such socket"));
    bench.turn(NORMAL);
    assert_eq!(bench.view().key.fault, None);
    bench.contacts = None;
    bench.pass(READING_DUE + s(1));
    assert!(matches!(bench.view().key.fault, Some((KeyFault::Unreadable(_), _))));
    assert_eq!(bench.lamp, ALARM);
}

#[test]
fn a_town_without_a_key_is_not_told_that_its_key_is_silent() {
    let mut town = inventory();
    town.has_key = false;
    let mut bench = Bench::started(town, Shelf::default(), None);
    bench.pass(s(600));
    assert_eq!(bench.view().key.fault, None);
    assert_eq!(bench.number(), 1, "the first order does not wait for a key that never comes");
    assert_eq!(bench.view().totals.settled, 6);
}

#[test]
fn a_key_turned_while_the_controller_was_down_counts() {
    // "A position that is read at start-up": turned to disaster in the dark it opens, turned back in the dark it closes.
    let mut bench = Bench::settled();
    bench.contacts = Some(DISASTER);
    bench.restart(s(3600));
    bench.pass(ms(40));
    assert_eq!((bench.view().mode, bench.view().totals.open), (Mode::Disaster, 4));
    bench.contacts = Some(NORMAL);
    bench.restart(s(3600));
    bench.pass(s(1));
    assert_eq!((bench.view().mode, bench.view().totals.settled), (Mode::Normal, 6));
}

#[test]
fn a_key_found_at_disaster_on_the_first_start_opens() {
    let mut bench = Bench::started(inventory(), Shelf::default(), Some(DISASTER));
    bench.pass(ms(40));
    assert_eq!((bench.view().mode, bench.number()), (Mode::Disaster, 1));
}

#[test]
fn a_key_found_broken_at_start_holds_what_it_held() {
    // Restarted with a cut wire in a disaster: what the key held open stays open.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let number = bench.number();
    bench.contacts = Some(CUT);
    bench.restart(s(60));
    bench.pass(s(60));
    assert_eq!((bench.view().mode, bench.number(), bench.lamp), (Mode::Disaster, number, ALARM));
}

#[test]
fn a_hall_that_became_a_shelter_opens_with_the_others() {
    // The key is at disaster over a restart with one more shelter in the file.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.inventory.facilities[0].shelter = true;
    bench.restart(s(60));
    bench.pass(ms(40));
    assert_eq!(bench.wanted("hall"), Mode::Disaster);
}

#[test]
fn an_isolated_key_opens_and_closes_nothing_until_it_is_restored() {
    // "A broken key panel can be isolated by an administrator, with a reason, in the record."
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.turn(CUT);
    bench.pass(s(2));
    assert_eq!(bench.lamp, ALARM);
    bench.ask(Ask::IsolateKey { why: "panel flooded".to_owned() }).expect("granted");
    assert_eq!(bench.lamp, (Pattern::Steady, Pattern::Off), "nobody needs to be shouted at any more");
    bench.turn(NORMAL);
    assert_eq!(bench.view().mode, Mode::Disaster, "what it held stays open");
    bench.restart(s(60));
    bench.pass(s(3));
    assert_eq!(bench.view().key.isolated.as_deref(), Some("panel flooded"), "it outlives a restart");
    assert_eq!(bench.view().mode, Mode::Disaster);
    bench.ask(Ask::RestoreKey { why: "dried".to_owned() }).expect("granted");
    assert_eq!(bench.view().mode, Mode::Normal, "the level counts again");
    assert_eq!(field(bench.entries(Kind::KeyIsolated)[0], "why"), "panel flooded");
    assert_eq!(field(bench.entries(Kind::KeyRestored)[0], "by"), "sato");
}

/// The controller starts again; its store comes `late`, and until then takes nothing and remembers nothing.
fn restart_with_a_late_store(bench: &mut Bench, late: std::time::Duration) {
    let memory = std::mem::take(&mut bench.shelf.remembered);
    // The store gives entries of a start without a memory numbers of its own; these are of before.
    bench.shelf.entries.clear();
    bench.store = Store::Fails;
    bench.restart(s(60));
    bench.pass(late);
    (bench.store, bench.shelf.remembered) = (Store::Works, memory.clone());
    bench.on(Event::Recalled(memory));
    bench.pass(s(10));
}

#[test]
fn a_drill_that_the_first_start_had_not_begun_is_begun_by_the_next() {
    // A controller without any memory waits before it starts a drill; one that is killed meanwhile had none.
    let mut bench = Bench::started(inventory(), Shelf::default(), Some(DRILL));
    bench.pass(s(3));
    assert_eq!((bench.wanted("gym"), bench.key()), (Mode::Normal, Some(KeyPosition::Drill)));
    bench.restart(s(1));
    bench.pass(s(10));
    assert_eq!(bench.wanted("gym"), Mode::Drill);
    // And is had once.
    bench.pass(s(700));
    bench.restart(s(1));
    bench.pass(s(10));
    assert_eq!(bench.wanted("gym"), Mode::Normal);
}

#[test]
fn what_a_key_let_go_of_before_its_store_came_is_written_down_as_closed() {
    let mut bench = Bench::settled();
    bench.turn_at("gym-1", true);
    bench.turn(DISASTER);
    bench.pass(s(2));
    let ids: Vec<String> = bench.view().activations.iter().map(|held| held.id.to_string()).collect();
    // Both are turned back while nobody is there.
    bench.aps.values_mut().for_each(|model| model.linked = false);
    bench.turn_at("gym-1", false);
    bench.contacts = Some(NORMAL);
    // The broker has forgotten their order, and the store comes before anybody shows it.
    bench.retained = None;
    let memory = std::mem::take(&mut bench.shelf.remembered);
    bench.shelf.entries.clear();
    bench.store = Store::Fails;
    bench.restart(s(60));
    bench.pass(s(2));
    bench.aps.get_mut(&ap("gym-1")).expect("there").linked = true;
    bench.speak(&ap("gym-1"));
    (bench.store, bench.shelf.remembered) = (Store::Works, memory.clone());
    bench.on(Event::Recalled(memory));
    bench.pass(s(10));
    let closed: Vec<String> = bench.entries(Kind::Closed).iter().map(|entry| field(entry, "id").to_owned()).collect();
    assert_eq!((ids.len(), &closed), (2, &ids), "each once");
    assert_eq!(bench.wanted("gym"), Mode::Normal);
}

#[test]
fn an_isolated_key_counts_for_nothing_though_the_store_comes_late() {
    // What it held open stays open; the hand that mends the panel has not been asked for yet.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.turn(CUT);
    bench.pass(s(2));
    bench.ask(Ask::IsolateKey { why: "panel flooded".to_owned() }).expect("granted");
    bench.turn(NORMAL);
    let from = bench.actions.len();
    restart_with_a_late_store(&mut bench, s(4));
    assert_eq!(bench.view().key.isolated.as_deref(), Some("panel flooded"));
    assert_eq!((bench.view().mode, bench.view().totals.open), (Mode::Disaster, 4));
    let closes = |action: &Action| {
        matches!(action, Action::Publish(order) if order.number > 1
            && order.facilities.values().all(|wanted| wanted.mode == Mode::Normal))
    };
    assert!(!bench.actions[from..].iter().any(closes), "not for a moment");
}

#[test]
fn what_an_isolated_key_opened_before_the_store_came_is_closed_again() {
    // A short in the panel reads as disaster; whether the key counts was not known for ten seconds.
    let mut bench = Bench::settled();
    bench.ask(Ask::IsolateKey { why: "panel flooded".to_owned() }).expect("granted");
    bench.contacts = Some(DISASTER);
    let number = bench.open(&["gym"]);
    restart_with_a_late_store(&mut bench, s(10));
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
    assert_eq!(bench.view().activations.iter().map(|held| held.id).collect::<Vec<_>>(), [number], "the person's");
    assert!(bench.open(&["school"]) > number, "no number is given again");
}

#[test]
fn a_key_left_at_drill_starts_no_drill_again_though_the_store_comes_late() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.pass(s(700));
    assert_eq!(bench.view().mode, Mode::Normal);
    let from = bench.actions.len();
    restart_with_a_late_store(&mut bench, s(3));
    let opened = |action: &Action| matches!(action, Action::Publish(order) if order.number > bench.number());
    assert!(bench.view().mode == Mode::Normal && !bench.actions[from..].iter().any(opened));
    assert!(bench.entries(Kind::Opened).is_empty());
}

#[test]
fn a_drill_ends_by_itself_and_does_not_start_again_before_the_key_was_elsewhere() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    assert_eq!((bench.view().mode, bench.view().totals.open), (Mode::Drill, 4));
    let order = bench.retained.clone().expect("published");
    let drill = order.facilities[&facility("gym")].drill.expect("a drill carries its end");
    assert_eq!((drill.for_s, drill.until_ms), (600, order.issued_at_ms + 600_000));
    bench.pass(s(599));
    assert_eq!(bench.view().mode, Mode::Drill);
    bench.pass(s(2));
    assert_eq!((bench.view().mode, bench.key()), (Mode::Normal, Some(KeyPosition::Drill)));
    bench.restart(s(10));
    bench.pass(s(3600));
    assert_eq!(bench.view().mode, Mode::Normal, "not again, not even after a restart");
    bench.turn(NORMAL);
    bench.turn(DRILL);
    assert_eq!(bench.view().mode, Mode::Drill, "again, for a hand turned it again");
    bench.turn(NORMAL);
    assert_eq!(bench.view().mode, Mode::Normal, "whoever opened, closes");
    for kind in [Kind::Opened, Kind::Closed, Kind::DrillEnded, Kind::Ordered] {
        for entry in bench.entries(kind) {
            assert!(entry.drill || field(entry, "number") == "1", "marked as a drill everywhere: {entry:?}");
        }
    }
}

#[test]
fn a_drill_keeps_its_end_over_a_restart_and_a_clock_that_jumps() {
    // Killed four minutes into ten: six are left by a good clock, none in 2038, and never more than ten in 1970.
    let after = |wall_ms: Option<i64>| {
        let mut bench = Bench::settled();
        bench.turn(DRILL);
        bench.pass(s(240));
        bench.now.wall_ms = wall_ms.unwrap_or(bench.now.wall_ms);
        bench.restart(s(0));
        let mut left = 0;
        while bench.view().mode == Mode::Drill && left < 3600 {
            bench.pass(s(1));
            left += 1;
        }
        left
    };
    assert!((359..=361).contains(&after(None)));
    assert!(after(Some(0)) <= 601);
    assert!(after(Some(2_147_483_648_000)) <= 3);
}

#[test]
fn the_wall_clock_moves_no_drill_while_the_controller_runs() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.now.wall_ms = 2_147_483_648_000;
    bench.pass(s(300));
    assert_eq!(bench.view().mode, Mode::Drill);
    bench.now.wall_ms = 0;
    bench.pass(s(301));
    assert_eq!(bench.view().mode, Mode::Normal);
}

#[test]
fn a_drill_that_ended_while_the_controller_was_down_is_over() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.restart(s(1200));
    bench.pass(s(3));
    assert_eq!((bench.view().mode, bench.view().totals.settled), (Mode::Normal, 6));
}

#[test]
fn disaster_wins_over_a_drill_place_by_place() {
    // A drill by the key, then a disaster opened for the gym alone: the gym is in disaster, the school still drills.
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.open(&["gym"]);
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Drill));
    bench.pass(s(601));
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
}

#[test]
fn turning_from_drill_to_disaster_ends_the_drill() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.turn(DISASTER);
    assert_eq!(bench.view().activations.len(), 1);
    bench.pass(s(700));
    assert_eq!(bench.view().mode, Mode::Disaster, "its end is the drill's, not the disaster's");
    bench.turn(DRILL);
    assert_eq!(bench.view().mode, Mode::Drill, "leaving disaster ends it");
}

#[test]
fn a_remembered_drill_position_starts_no_drill() {
    // Found at drill as it was left: the drill it had is over.
    let key = KeyMemory { position: Some((KeyPosition::Drill, 0)), isolated: None };
    let shelf = Shelf { remembered: Remembered { key, ..Remembered::default() }, ..Shelf::default() };
    let mut bench = Bench::started(inventory(), shelf, Some(DRILL));
    bench.pass(s(10));
    assert_eq!(bench.view().mode, Mode::Normal);
}

#[test]
fn the_turns_of_a_drill_are_the_drills_and_those_of_a_disaster_are_not() {
    // 【訓練】 stands before a turn to 訓練 and before the turn back from it, and before no other.
    let mut bench = Bench::settled();
    for contacts in [DRILL, NORMAL, DISASTER, NORMAL, DRILL, DISASTER, DRILL, NORMAL] {
        bench.turn(contacts);
    }
    let turns = bench.entries(Kind::KeyTurned);
    let told: Vec<_> = turns.iter().map(|it| (field(it, "from"), field(it, "to"), it.drill)).collect();
    let expected = [
        ("", "normal", false),
        ("normal", "drill", true),
        ("drill", "normal", true),
        ("normal", "disaster", false),
        ("disaster", "normal", false),
        ("normal", "drill", true),
        ("drill", "disaster", false),
        ("disaster", "drill", true),
        ("drill", "normal", true),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_fault_says_why_where_anybody_knows() {
    let mut bench = Bench::settled();
    bench.turn(CUT);
    bench.pass(s(2));
    bench.contacts = None;
    bench.on(Event::ContactsUnreadable { why: "no such socket".to_owned() });
    bench.pass(s(2));
    let faults = bench.entries(Kind::KeyFault);
    let told: Vec<_> = faults.iter().map(|it| (field(it, "fault"), field(it, "why"))).collect();
    assert_eq!(told, [("broken", ""), ("unreadable", "no such socket")]);
}

#[test]
fn a_town_without_shelters_opens_nothing_and_drills_nothing() {
    let mut town = inventory();
    town.facilities.iter_mut().for_each(|place| place.shelter = false);
    let mut bench = Bench::settled_in(town);
    let number = bench.number();
    for contacts in [DISASTER, DRILL, DISASTER] {
        bench.turn(contacts);
        bench.pass(s(2));
        assert_eq!((bench.number(), bench.view().activations.len()), (number, 0));
    }
}

#[test]
fn a_store_that_comes_late_and_is_older_than_the_town_closes_nothing_in_the_record() {
    // A backup of when the key stood at disaster and an operator held the gym open. The key let go of it since, and that
    // is in the record that was.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.open(&["gym"]);
    let memory = bench.shelf.remembered.clone();
    bench.turn(NORMAL);
    bench.shelf.entries.clear();
    bench.shelf.remembered = Default::default();
    bench.store = Store::Fails;
    bench.restart(s(60));
    bench.pass(s(5));
    (bench.store, bench.shelf.remembered) = (Store::Works, memory.clone());
    bench.on(Event::Recalled(memory));
    bench.pass(s(10));
    assert!(bench.entries(Kind::Closed).is_empty(), "{:?}", bench.entries(Kind::Closed));
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
}

#[test]
fn what_was_said_of_the_key_since_the_start_is_newer_than_a_store_that_comes_late() {
    let mut bench = Bench::settled();
    bench.ask(Ask::IsolateKey { why: "panel flooded".to_owned() }).expect("granted");
    let memory = std::mem::take(&mut bench.shelf.remembered);
    bench.shelf.entries.clear();
    bench.store = Store::Fails;
    bench.restart(s(60));
    bench.ask(Ask::RestoreKey { why: "dried".to_owned() }).expect("granted");
    (bench.store, bench.shelf.remembered) = (Store::Works, memory.clone());
    bench.on(Event::Recalled(memory));
    assert_eq!(bench.view().key.isolated, None);
    bench.turn(DISASTER);
    assert_eq!(bench.view().mode, Mode::Disaster, "the key counts");
}
