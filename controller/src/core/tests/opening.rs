//! Ruling 1: the network opens first.

use super::bench::*;
use crate::core::town::START_GRACE;
use crate::core::view::Standing;
use crate::core::{Action, Ask, Event, Facility, KeyPosition, Kind, Pattern};
use firmware_config::mode::Mode;
use firmware_config::wire::AgentState;

#[test]
fn the_key_opens_every_shelter_and_nothing_else() {
    // The key is turned in a settled town: both shelters open, the hall does not, and the lamp follows.
    let mut bench = Bench::settled();
    assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off));
    bench.turn(DISASTER);
    assert_eq!(
        (bench.wanted("hall"), bench.wanted("gym"), bench.wanted("school")),
        (Mode::Normal, Mode::Disaster, Mode::Disaster)
    );
    assert_eq!(bench.view().totals.open, 4);
    assert_eq!(bench.lamp, (Pattern::Steady, Pattern::Off));
    bench.turn(NORMAL);
    assert_eq!(bench.view().mode, Mode::Normal);
    assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off));
    let turns = bench.entries(Kind::KeyTurned);
    assert_eq!(turns.len(), 3, "first sworn to, there and back: {turns:?}");
}

#[test]
fn the_order_goes_out_before_anything_else_in_the_same_breath() {
    // "Opening waits for nothing that can fail": the answer to the waking at the end of the debounce begins with it.
    let mut bench = Bench::settled();
    bench.touch(DISASTER);
    bench.now.mono += ms(30);
    let actions = bench.on(crate::core::Event::Woke);
    assert!(matches!(actions.first(), Some(Action::Publish(order)) if order.number == 2), "{actions:?}");
    assert!(actions.iter().any(|action| matches!(action, Action::Store { .. })), "{actions:?}");
}

#[test]
fn a_first_order_that_opens_nothing_waits_two_seconds_and_an_opening_does_not() {
    // An AP or the broker may hold a newer order of ours than our store, and says so as soon as it is reached.
    let mut bench = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    bench.pass(START_GRACE - ms(1));
    assert_eq!((bench.number(), bench.key()), (0, Some(KeyPosition::Normal)));
    bench.pass(ms(1));
    assert_eq!((bench.number(), bench.view().order.map(|order| order.issued_at_ms)), (1, Some(MORNING_MS + 2_000)));
    let mut bench = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    bench.open(&["gym"]);
    assert_eq!(bench.number(), 1, "a person waits for nothing");
}

#[test]
fn a_closing_at_a_start_waits_two_seconds_for_a_key_that_cannot_be_asked_and_for_none_that_can() {
    // A drill came to its end while the controller was off.
    let closes_after = |has_key, contacts| {
        let mut bench = Bench::settled();
        bench.ask(Ask::Drill { facilities: None, length: s(60), why: "drill".to_owned() }).expect("granted");
        assert_eq!(bench.view().mode, Mode::Drill);
        bench.inventory.has_key = has_key;
        bench.contacts = contacts;
        bench.restart(s(600));
        let started = bench.now.mono;
        while bench.view().mode == Mode::Drill {
            bench.pass(ms(10));
        }
        bench.now.mono - started
    };
    assert_eq!(closes_after(true, None), START_GRACE);
    assert_eq!(closes_after(true, Some(CUT)), START_GRACE);
    assert!(closes_after(true, Some(NORMAL)) < ms(100), "it says at once where it stands");
    assert_eq!(closes_after(false, None), s(0));
}

#[test]
fn an_order_the_broker_does_not_take_is_said_again_at_growing_intervals_while_the_broker_is_there() {
    let mut bench = Bench::settled();
    let at = bench.now.mono;
    bench.open(&["hall"]);
    // A broker that takes everything and passes nothing on.
    let mut town = bench.town.clone();
    town.on(Event::Broker(Ok(())), bench.now);
    let mut said = Vec::new();
    let mut now = bench.now;
    for _ in 0..350 {
        now.mono += ms(100);
        if town.next_wake().is_some_and(|wake| wake <= now.mono) {
            let actions = town.on(Event::Woke, now);
            said.extend(
                actions.iter().filter(|it| matches!(it, Action::Publish(_))).map(|_| (now.mono - at).as_secs()),
            );
        }
    }
    assert_eq!(said, [1, 3, 7, 15, 25, 35]);
    town.on(Event::Broker(Err("gone".to_owned())), now);
    now.mono += s(60);
    assert!(
        !town.on(Event::Woke, now).iter().any(|it| matches!(it, Action::Publish(_))),
        "there is nobody to say it to"
    );
}

#[test]
fn the_lamp_is_off_before_there_is_an_order_and_stays_off_once_a_closing_has_arrived() {
    let bench = Bench::started(inventory(), Shelf::default(), None);
    assert_eq!((bench.number(), bench.lamp), (0, (Pattern::Off, Pattern::Off)), "nothing was ordered");
    let mut bench = Bench::settled();
    let mut refusing = bench.report(&ap("gym-1"));
    (refusing.state, refusing.why) = (AgentState::Refused, "hostapd: no such device".to_owned());
    bench.on(Event::Reported(refusing));
    assert_eq!(bench.stands("gym-1").0, Standing::Refused);
    assert_eq!(bench.lamp, (Pattern::Off, Pattern::Off), "an ordinary day's fault");
    bench.aps.get_mut(&ap("gym-2")).expect("there").linked = false;
    bench.turn(DISASTER);
    assert_eq!(bench.lamp, (Pattern::Blink, Pattern::Off), "on its way");
}

#[test]
fn a_hall_without_access_points_is_opened_and_nobody_is_said_to_be_settled_for_it() {
    let mut town = inventory();
    town.facilities.push(Facility { id: facility("park"), shelter: false, ..town.facilities[0].clone() });
    let mut bench = Bench::settled_in(town);
    bench.open(&["park"]);
    assert_eq!((bench.wanted("park"), bench.view().totals.to_open), (Mode::Disaster, 0));
    let told = bench.entries(Kind::AllSettled).iter().filter(|it| field(it, "number") == "2").count();
    assert_eq!(told, 0);
    assert_eq!(bench.lamp, (Pattern::Steady, Pattern::Off));
}
