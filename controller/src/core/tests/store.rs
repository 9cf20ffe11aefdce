//! Ruling 1 and the store: an opening waits for nothing; a closing may wait; no entry is lost.

use super::bench::*;
use crate::core::record::{BATCH_ENTRIES, KEPT_MAX, KEPT_RESERVE, RECENT_ENTRIES, Record};
use crate::core::{Action, Event, Kind};
use firmware_config::mode::Mode;

#[test]
fn a_full_disk_does_not_hold_back_an_opening() {
    // "If the record cannot be written, the order goes out anyway, loudly, and the entry is kept until it can be."
    let mut bench = Bench::settled();
    bench.store = Store::Fails;
    bench.turn(DISASTER);
    assert_eq!(bench.view().totals.open, 4);
    let (_, why, kept) = bench.view().store_lost.expect("said loudly");
    assert!(why == "disk full" && kept > 0);
    bench.pass(s(3600));
    bench.store = Store::Works;
    bench.pass(s(11));
    assert_eq!(bench.view().store_lost, None);
    assert_eq!(bench.entries(Kind::StoreLost).len(), 1);
    let back = bench.entries(Kind::StoreBack);
    assert!(back.len() == 1 && field(back[0], "kept").parse::<usize>().expect("a number") > 0);
    assert_eq!(bench.entries(Kind::Opened).len(), 1);
    assert!(bench.shelf.stored_twice.is_empty());
    let last = bench.shelf.remembered.last_entry;
    assert_eq!(bench.shelf.entries.len() as u64, last, "no number is missing");
    assert_eq!(bench.shelf.remembered.order.as_ref().map(|order| order.number), Some(bench.number()));
}

#[test]
fn a_closing_is_stored_before_it_is_published() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.store = Store::Hangs;
    let from = bench.actions.len();
    bench.turn(NORMAL);
    let batch = bench.actions[from..]
        .iter()
        .find_map(|action| match action {
            Action::Store { batch, what } if what.order.is_some() => Some(*batch),
            Action::Publish(_) => Some(0),
            _ => None,
        })
        .expect("offered to the store");
    assert_ne!(batch, 0, "not published before it is stored");
    assert_eq!(bench.view().totals.told, 0);
    let actions = bench.on(Event::Stored { batch, outcome: Ok(()) });
    assert!(matches!(actions.first(), Some(Action::Publish(order)) if order.number == bench.number()), "{actions:?}");
}

#[test]
fn a_closing_waits_five_seconds_for_a_broken_store_and_no_longer() {
    for store in [Store::Fails, Store::Hangs] {
        let mut bench = Bench::settled();
        bench.turn(DISASTER);
        bench.store = store;
        bench.turn(NORMAL);
        bench.pass(ms(4900));
        let open = bench.aps.values().filter(|model| model.mode.is_open()).count();
        assert_eq!(open, 4, "nobody was told yet");
        bench.pass(ms(200));
        assert_eq!(bench.view().totals.settled, 6, "{store:?}");
        assert!(bench.view().store_lost.is_some());
        let loud = bench.view().recent.into_iter().filter(|entry| entry.kind == Kind::StoreLost);
        assert!(loud.into_iter().any(|entry| field(&entry, "why").contains("goes out")), "said loudly");
    }
}

#[test]
fn an_opening_overtakes_a_closing_that_waits() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.store = Store::Hangs;
    bench.turn(NORMAL);
    bench.turn(DISASTER);
    assert_eq!(bench.view().totals.open, 4);
    bench.pass(s(20));
    assert_eq!((bench.view().mode, bench.view().totals.open), (Mode::Disaster, 4), "and the closing never comes");
}

#[test]
fn a_store_that_never_answers_is_asked_again() {
    let mut bench = Bench::settled();
    bench.store = Store::Hangs;
    bench.turn(DISASTER);
    bench.pass(s(6));
    assert!(bench.view().store_lost.is_some());
    bench.store = Store::Works;
    bench.pass(s(30));
    assert_eq!(bench.view().store_lost, None);
    assert_eq!(bench.entries(Kind::Opened).len(), 1);
}

#[test]
fn one_batch_is_under_way_at_a_time_and_tries_grow_no_further_apart_than_ten_seconds() {
    let mut bench = Bench::settled();
    bench.store = Store::Fails;
    bench.turn(DISASTER);
    let from = bench.actions.len();
    bench.pass(s(100));
    let tries = bench.actions[from..].iter().filter(|action| matches!(action, Action::Store { .. })).count();
    assert!((9..=15).contains(&tries), "{tries} tries in 100 s");
}

#[test]
fn the_log_has_every_entry_at_once_however_many_wait_for_the_store() {
    // "Kept in memory and in the log until it can be stored": also behind more than one batch takes.
    let mut bench = Bench::settled();
    bench.store = Store::Fails;
    for minute in 0..BATCH_ENTRIES + 1 {
        bench.now.mono += s(60);
        bench.on(Event::MessageRefused { from: format!("{minute}"), why: "not a document".to_owned() });
    }
    bench.open(&["gym"]);
    let last = |kind| bench.log.iter().rev().find(|entry| entry.kind == kind).expect("in the log");
    assert_eq!(
        (field(last(Kind::Opened), "by"), last(Kind::Ordered).seq),
        ("operator:sato", last(Kind::Opened).seq + 1)
    );
    let numbers: Vec<u64> = bench.log.iter().map(|entry| entry.seq).collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "each once, none missing");
}

#[test]
fn what_there_was_no_room_for_is_told_when_the_store_is_back() {
    let mut bench = Bench::settled();
    bench.store = Store::Fails;
    bench.turn(DISASTER);
    // An AP that comes and goes ten thousand times, each an entry; past the bench, which looks at the whole town each time.
    for turn in 0..KEPT_MAX + 100 {
        let presence = bench.presence(&ap("gym-1"), turn % 2 == 1);
        bench.town.on(Event::Presence(presence), bench.now);
    }
    bench.store = Store::Works;
    bench.pass(s(60));
    let back = bench.entries(Kind::StoreBack);
    let dropped: usize = field(back[0], "dropped").parse().expect("a number");
    assert!((100..=200).contains(&dropped), "{dropped} of {} were dropped", KEPT_MAX + 100);
}

#[test]
fn the_beginning_is_kept_when_there_is_no_room() {
    // Two flips of 10,000 APs without a store: what people did still finds room, and what was dropped is counted.
    let mut record = Record::new(0);
    for _ in 0..KEPT_MAX + 10 {
        record.write(0, Kind::ApStands, false, Vec::new());
    }
    assert_eq!(record.kept(), KEPT_MAX);
    for _ in 0..KEPT_RESERVE + 1 {
        record.write(0, Kind::Opened, false, Vec::new());
    }
    assert_eq!((record.kept(), record.take_dropped()), (KEPT_MAX + KEPT_RESERVE, 11));
    assert_eq!(record.batch().first().map(|entry| entry.seq), Some(1));
    assert_eq!(record.batch().len(), BATCH_ENTRIES);
    assert_eq!(record.take_unsaid().len(), KEPT_MAX + KEPT_RESERVE + 11, "and the log has what memory has not");
    record.stored_up_to(record.batch_end().expect("entries wait"));
    assert_eq!(record.batch().first().map(|entry| entry.seq), Some(BATCH_ENTRIES as u64 + 1));
}

#[test]
fn a_store_that_was_set_aside_is_told_everything_anew() {
    // The file was damaged while the town was open; a restart from the new one finds what is in force.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.open(&["gym"]);
    let (number, held) = (bench.number(), bench.view().activations.len());
    bench.shelf = Shelf::default();
    let set_aside = Event::StoreSetAside { file: "town.db.damaged-20261122-143204".to_owned(), why: "torn".to_owned() };
    bench.on(set_aside);
    bench.pass(s(1));
    assert_eq!(bench.entries(Kind::StoreSetAside).len(), 1);
    assert_eq!(bench.shelf.remembered.order.as_ref().map(|order| order.number), Some(number));
    bench.restart(s(5));
    bench.pass(s(3));
    assert_eq!((bench.number(), bench.view().activations.len(), bench.view().totals.open), (number, held, 4));
}

#[test]
fn a_new_store_that_knows_only_numbers_leaves_the_key_in_account_no_sooner_than_an_empty_one() {
    // What a damaged store still told of numbers says nothing of whether the key was isolated or had its drill.
    let mut bench = Bench::settled();
    bench.shelf = Shelf::default();
    bench.shelf.remembered.last_entry = 500;
    bench.shelf.remembered.last_activation = 7;
    bench.contacts = Some(DRILL);
    bench.restart(s(5));
    bench.pass(s(3));
    assert_eq!(bench.view().activations.len(), 0, "no drill is started that may have been over");
    bench.pass(s(4));
    assert_eq!(bench.view().activations.first().map(|held| held.id), Some(8));
}

#[test]
fn a_controller_killed_in_the_middle_of_a_flip_carries_on() {
    // The opening went out to nobody and the process died before anything was stored: the key says it again.
    let mut bench = Bench::settled();
    bench.store = Store::Hangs;
    for model in bench.aps.values_mut() {
        model.linked = false;
    }
    bench.turn(DISASTER);
    let before = bench.number();
    bench.store = Store::Works;
    for model in bench.aps.values_mut() {
        model.linked = true;
    }
    bench.restart(s(5));
    bench.pass(s(3));
    assert_eq!((bench.view().mode, bench.view().totals.open), (Mode::Disaster, 4));
    assert!(bench.number() >= before, "numbers only go up");
}

#[test]
fn what_people_did_stays_in_sight_whatever_access_points_do() {
    // A blackout of a thousand APs takes half of the newest entries at most; a flip takes none.
    let mut record = Record::new(0);
    record.write(0, Kind::Opened, false, Vec::new());
    let stands = |from: &str, to: &str| vec![("from", from.to_owned()), ("to", to.to_owned())];
    for _ in 0..100 {
        record.write(0, Kind::ApStands, false, stands("settled", "settling"));
        record.write(0, Kind::ApStands, false, stands("settling", "settled"));
    }
    assert_eq!(record.recent().iter().map(|it| it.kind).collect::<Vec<_>>(), [Kind::Opened]);
    for (from, to) in [("settled", "silent"), ("silent", "settling"), ("refused", "settled")] {
        let before = record.recent().len();
        record.write(0, Kind::ApStands, false, stands(from, to));
        assert_eq!(record.recent().len(), before + 1, "{from} to {to} is worth a look");
    }
    let plenty = |record: &Record| record.recent().iter().filter(|it| it.kind != Kind::Opened).count();
    for _ in 3..RECENT_ENTRIES / 2 {
        record.write(0, Kind::LeftOpen, false, Vec::new());
    }
    assert_eq!(plenty(&record), RECENT_ENTRIES / 2);
    for _ in 0..1_000 {
        record.write(0, Kind::MessageRefused, false, Vec::new());
    }
    assert_eq!((plenty(&record), record.recent().len()), (RECENT_ENTRIES / 2, RECENT_ENTRIES / 2 + 1));
    let newest = record.recent().first().map(|entry| entry.seq);
    assert_eq!(newest, Some(1 + 200 + 3 + 7 + 1_000), "the newest of them");
    for _ in 0..100 {
        record.write(0, Kind::Opened, false, Vec::new());
    }
    assert_eq!(record.recent().len(), RECENT_ENTRIES);
}

#[test]
fn a_store_that_is_back_is_told_how_many_entries_waited_and_of_none_that_is_missing() {
    let mut bench = Bench::settled();
    bench.store = Store::Fails;
    bench.open(&["gym"]);
    let (_, _, kept) = bench.view().store_lost.expect("it is lost");
    bench.store = Store::Works;
    bench.pass(s(60));
    let back = bench.entries(Kind::StoreBack);
    assert_eq!(back.last().map(|it| it.fields.clone()), Some(vec![("kept", kept.to_string())]));
}

/// The batch of the last offer, and the order in it.
fn offered(actions: &[Action]) -> Option<(u64, Option<u64>)> {
    actions.iter().rev().find_map(|action| match action {
        Action::Store { batch, what } => Some((*batch, what.order.as_ref().map(|order| order.number))),
        _ => None,
    })
}

#[test]
fn a_closing_goes_out_when_it_is_stored_itself_and_not_when_one_before_it_is() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let hall = bench.open(&["hall"]);
    bench.store = Store::Hangs;
    let from = bench.actions.len();
    bench.ask(crate::core::Ask::Close { activation: hall, why: "over".to_owned() }).expect("granted");
    let (first, order) = offered(&bench.actions[from..]).expect("offered");
    assert_eq!(order, Some(4));
    bench.turn(NORMAL);
    assert_eq!(bench.number(), 5, "it is decided, and waits behind the other");
    let publishes = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Publish(_)));
    let actions = bench.on(Event::Stored { batch: first, outcome: Ok(()) });
    assert!(!publishes(&actions), "{actions:?}");
    let (second, order) = offered(&actions).expect("the next batch");
    assert_eq!(order, Some(5));
    let actions = bench.on(Event::Stored { batch: second, outcome: Ok(()) });
    assert!(matches!(actions.first(), Some(Action::Publish(order)) if order.number == 5), "{actions:?}");
    // What is stored is not offered again.
    let from = bench.actions.len();
    bench.on(Event::MessageRefused { from: "x".to_owned(), why: "no".to_owned() });
    assert_eq!(offered(&bench.actions[from..]).and_then(|(_, order)| order), None);
}

#[test]
fn a_second_closing_does_not_make_the_first_wait_longer() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let hall = bench.open(&["hall"]);
    bench.store = Store::Hangs;
    bench.turn(NORMAL);
    bench.pass(s(3));
    bench.ask(crate::core::Ask::Close { activation: hall, why: "over".to_owned() }).expect("granted");
    let open = |bench: &Bench| bench.aps.values().filter(|model| model.mode.is_open()).count();
    bench.pass(ms(1_900));
    assert_eq!(open(&bench), 6, "all of them, still");
    bench.pass(ms(100));
    assert_eq!(open(&bench), 0);
}

#[test]
fn what_was_deleted_because_its_time_was_up_is_in_the_record() {
    let mut bench = Bench::settled();
    let of = |kind, last| crate::core::Deleted {
        id: 3,
        kind,
        rows: 7,
        from: "2025".to_owned(),
        to: "2026".to_owned(),
        last,
    };
    bench.on(Event::Deleted(of(Kind::CountsDeleted, None)));
    bench.on(Event::Deleted(of(Kind::SketchesDeleted, None)));
    bench.on(Event::Deleted(of(Kind::RecordDeleted, Some((42, "abcd".to_owned())))));
    for kind in [Kind::CountsDeleted, Kind::SketchesDeleted] {
        let entry = bench.entries(kind)[0];
        assert_eq!((field(entry, "deletion"), field(entry, "rows"), entry.fields.len()), ("3", "7", 4));
    }
    let record = bench.entries(Kind::RecordDeleted)[0];
    assert_eq!((field(record, "number"), field(record, "hash")), ("42", "abcd"));
}

#[test]
fn a_record_that_was_altered_is_told_of_and_neither_the_town_nor_its_key_is_held_up() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let before = (bench.number(), bench.view().totals.open);
    let altered =
        |at: Option<&str>| Event::RecordAltered { number: 7, what: "entry-changed", at: at.map(str::to_owned) };
    bench.on(altered(Some("2026-11-22T14:32:04+09:00")));
    bench.on(altered(None));
    assert_eq!((bench.number(), bench.view().totals.open), before);
    let told = bench.entries(Kind::RecordAltered);
    assert_eq!(told.iter().map(|entry| entry.fields.len()).collect::<Vec<_>>(), [3, 2]);
    let entry = told[0];
    assert_eq!((field(entry, "number"), field(entry, "what")), ("7", "entry-changed"));
    assert!(field(entry, "at").starts_with("2026-11-22"));
    bench.turn(NORMAL);
    bench.pass(s(3));
    assert_eq!((bench.view().totals.open, bench.number()), (0, before.0 + 1));
}

#[test]
fn what_happens_is_in_the_log_at_once_whatever_becomes_of_the_store() {
    let mut bench = Bench::settled();
    bench.store = Store::Hangs;
    let from = bench.actions.len();
    bench.open(&["gym"]);
    let logged: Vec<_> = bench.log.iter().rev().take(20).map(|entry| entry.kind).collect();
    assert!(logged.contains(&Kind::Opened) && logged.contains(&Kind::Ordered), "{logged:?}");
    let empty = |action: &Action| matches!(action, Action::Log(entries) if entries.is_empty());
    assert!(!bench.actions[from..].iter().any(empty), "and nothing is said where nothing happened");
}
