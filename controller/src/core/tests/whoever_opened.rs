//! Ruling 4: whoever opened, closes.

use super::bench::*;
use crate::core::activation::ACTIVATIONS_MAX;
use crate::core::{Ask, AskRefused, Kind, Source};
use firmware_config::mode::Mode;

fn close(activation: u64) -> Ask {
    Ask::Close { activation, why: "over".to_owned() }
}

#[test]
fn a_screen_cannot_close_what_the_key_holds_open() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    let held = bench.view().activations[0].clone();
    assert_eq!(held.source, Source::Key(None));
    assert_eq!(bench.ask(close(held.id)), Err(AskRefused::NotYours { id: held.id, by: "key".to_owned() }));
    assert_eq!(bench.view().mode, Mode::Disaster);
    assert_eq!(field(bench.entries(Kind::AskRefused)[0], "by"), "sato");
}

#[test]
fn the_key_does_not_close_what_an_operator_opened_for_one_shelter() {
    // Key and screen disagree: each holds its own, and a place is open while anybody holds it.
    let mut bench = Bench::settled();
    let id = bench.open(&["gym"]);
    bench.turn(DISASTER);
    bench.turn(NORMAL);
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
    assert_eq!(bench.ask(close(id)), Ok(id));
    assert_eq!(bench.wanted("gym"), Mode::Normal);
    let closed = bench.entries(Kind::Closed);
    assert_eq!(field(closed.last().expect("closed"), "by"), "operator:sato");
}

#[test]
fn an_operator_who_joins_the_key_keeps_the_place_open_after_it() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.open(&["school"]);
    bench.turn(NORMAL);
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Normal, Mode::Disaster));
    bench.restart(s(30));
    bench.pass(s(5));
    assert_eq!(bench.wanted("school"), Mode::Disaster, "over a restart too");
}

#[test]
fn where_the_key_was_taken_off_the_wall_an_operator_closes_for_it() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.inventory.has_key = false;
    bench.contacts = None;
    bench.restart(s(60));
    let id = bench.view().activations[0].id;
    bench.ask(close(id)).expect("there is nobody else");
    bench.pass(s(1));
    assert_eq!(bench.view().mode, Mode::Normal);
}

#[test]
fn an_operators_drill_ends_by_itself_and_can_be_ended_before() {
    let mut bench = Bench::settled();
    let drill = Ask::Drill { facilities: None, length: s(120), why: "autumn drill".to_owned() };
    bench.ask(drill.clone()).expect("granted");
    assert_eq!(bench.view().mode, Mode::Drill);
    bench.pass(s(121));
    assert_eq!(bench.view().mode, Mode::Normal);
    let id = bench.ask(drill).expect("granted");
    bench.ask(close(id)).expect("granted");
    assert_eq!(bench.view().mode, Mode::Normal);
}

#[test]
fn what_cannot_be_granted_is_refused_with_the_reason_and_changes_nothing() {
    let mut bench = Bench::settled();
    let number = bench.number();
    let open = |facilities: Option<&[&str]>, why: &str| Ask::Open {
        facilities: facilities.map(|ids| ids.iter().map(|id| facility(id)).collect()),
        why: why.to_owned(),
    };
    let drill = |length| Ask::Drill { facilities: None, length, why: "drill".to_owned() };
    let asks = [
        (open(Some(&["harbour"]), "flood"), AskRefused::NoSuchFacility(facility("harbour"))),
        (open(Some(&[]), "flood"), AskRefused::NothingToOpen),
        (open(None, " "), AskRefused::NoReason),
        (close(99), AskRefused::NoSuchActivation(99)),
        (drill(s(59)), AskRefused::DrillLength { asked_min: 0, max_min: 1440 }),
        (drill(s(86_460)), AskRefused::DrillLength { asked_min: 1441, max_min: 1440 }),
        (Ask::IsolateKey { why: String::new() }, AskRefused::NoReason),
    ];
    let count = asks.len();
    for (ask, refused) in asks {
        assert_eq!(bench.ask(ask), Err(refused));
    }
    assert_eq!(bench.number(), number);
    assert_eq!(bench.entries(Kind::AskRefused).len(), count, "each is in the record");
}

#[test]
fn an_order_never_carries_more_activations_than_it_can() {
    let mut bench = Bench::settled();
    for _ in 0..ACTIVATIONS_MAX {
        bench.open(&["gym"]);
    }
    let ask = Ask::Open { facilities: None, why: "one more".to_owned() };
    assert_eq!(bench.ask(ask), Err(AskRefused::TooMany { max: ACTIVATIONS_MAX }));
    bench.turn(DISASTER);
    assert_eq!(bench.wanted("school"), Mode::Disaster, "the key is never refused");
}

#[test]
fn nothing_opens_without_a_person() {
    // "People open, feeds only suggest": a day of reports, counts, losses and refusals opens nothing.
    let mut bench = Bench::settled();
    let number = bench.number();
    bench.pass(s(3600));
    bench.lose_broker();
    bench.pass(s(3600));
    bench.connect();
    bench.pass(s(3600));
    assert_eq!((bench.view().mode, bench.number()), (Mode::Normal, number));
}

#[test]
fn the_record_says_what_was_opened_by_whom_and_why_and_what_was_asked_in_vain() {
    let mut bench = Bench::settled();
    bench.open(&["gym", "school"]);
    bench.open(&["hall", "gym", "school"]);
    bench.turn(DISASTER);
    let opened: Vec<_> = bench
        .entries(Kind::Opened)
        .iter()
        .map(|it| (field(it, "by"), field(it, "facilities"), field(it, "why")))
        .collect();
    assert_eq!(
        opened,
        [("operator:sato", "gym,school", "flood"), ("operator:sato", "all", "flood"), ("key", "gym,school", "")]
    );
    let why: Vec<_> = bench.entries(Kind::Ordered).iter().map(|it| field(it, "why")).collect();
    assert_eq!(why, ["start", "operator:sato: flood", "operator:sato: flood", "key"]);
    let empty = String::new;
    let asks = [
        Ask::Open { facilities: None, why: empty() },
        Ask::Drill { facilities: None, length: s(600), why: empty() },
        close(99),
        Ask::IsolateKey { why: empty() },
        Ask::RestoreKey { why: empty() },
    ];
    for ask in asks {
        bench.ask(ask).expect_err("no reason, or nothing to close");
    }
    let refused: Vec<_> = bench.entries(Kind::AskRefused).iter().map(|it| field(it, "ask")).collect();
    assert_eq!(refused, ["open", "drill", "close", "isolate-key", "restore-key"]);
}

#[test]
fn a_person_who_opens_and_names_nothing_opens_the_shelters_for_as_long_as_a_drill_may_last() {
    let mut bench = Bench::settled();
    for length in [s(60), s(24 * 60 * 60)] {
        let id = bench.ask(Ask::Drill { facilities: None, length, why: "drill".to_owned() }).expect("granted");
        assert_eq!((bench.wanted("gym"), bench.wanted("hall")), (Mode::Drill, Mode::Normal));
        bench.ask(close(id)).expect("granted");
    }
    let told: Vec<_> = bench.entries(Kind::Closed).iter().map(|it| (field(it, "why"), it.drill)).collect();
    assert_eq!(told, [("over", true), ("over", true)]);
    let id = bench.ask(Ask::Open { facilities: None, why: "x".repeat(500) }).expect("granted");
    assert_eq!(bench.view().activations[0].why.len(), 200, "as long as it is kept");
    assert_eq!((bench.view().decisive.map(|it| it.id), bench.view().mode), (Some(id), Mode::Disaster));
    assert_eq!(bench.view().mode_since_ms, Some(bench.now.wall_ms));
    bench.ask(close(id)).expect("granted");
    assert!(!bench.entries(Kind::Closed)[2].drill);
    assert_eq!(bench.view().decisive, None);
}
