//! Ruling 9: numbers only go up. Orders in our name: from a store that was lost, from an old backup, from a rival.

use super::bench::*;
use crate::core::{Action, Event, Kind, Source};
use firmware_config::mode::Mode;
use firmware_config::wire::Order;

/// A town at order 3: an operator holds the gym open; as its APs and its broker know it.
fn town_with_history() -> Bench {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.turn(NORMAL);
    bench.open(&["gym"]);
    assert_eq!((bench.number(), bench.wanted("gym")), (4, Mode::Disaster));
    bench
}

#[test]
fn a_controller_that_lost_its_store_closes_nothing_that_people_opened() {
    // The database is gone; the broker (or an AP) still holds order 4, signed by us.
    let mut bench = town_with_history();
    bench.shelf = Shelf::default();
    bench.restart(s(60));
    bench.pass(s(5));
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
    assert!(bench.number() >= 4);
    assert!(matches!(&bench.view().activations[0].source, Source::Operator(by) if by == "sato"));
    assert_eq!(field(bench.entries(Kind::OrderRemembered)[0], "number"), "4");
    let id = bench.view().activations[0].id;
    bench.ask(crate::core::Ask::Close { activation: id, why: "over".to_owned() }).expect("granted");
    assert_eq!((bench.wanted("gym"), bench.view().totals.settled), (Mode::Normal, 6));
}

#[test]
fn a_lost_store_is_learned_from_an_ap_where_the_broker_forgot_too() {
    let mut bench = town_with_history();
    let held = bench.retained.take().expect("published");
    assert_eq!(held.number, 4);
    bench.shelf = Shelf::default();
    bench.restart(s(60));
    assert_eq!(bench.stands("gym-1").1, "newer-order");
    bench.pass(s(5));
    assert_eq!(bench.wanted("gym"), Mode::Disaster);
    assert_eq!(bench.view().totals.settled, 6);
    assert_eq!(bench.number(), 4, "it says what we would say");
}

#[test]
fn an_old_backup_opens_nothing_again_that_was_closed_since() {
    // The backup is of when the operator held the gym open; it was closed since.
    let mut bench = town_with_history();
    let backup = bench.shelf.clone();
    let id = bench.view().activations[0].id;
    bench.ask(crate::core::Ask::Close { activation: id, why: "over".to_owned() }).expect("granted");
    bench.shelf = backup;
    bench.restart(s(60));
    bench.pass(s(10));
    assert_eq!((bench.view().mode, bench.view().totals.settled), (Mode::Normal, 6));
    assert!(bench.number() >= 5, "{}", bench.number());
}

#[test]
fn a_lost_store_with_the_key_at_disaster_opens_at_once_and_ends_up_above_what_was() {
    let mut bench = town_with_history();
    bench.shelf = Shelf::default();
    bench.contacts = Some(DISASTER);
    let held = bench.retained.take().expect("published");
    bench.restart(s(60));
    bench.pass(ms(40));
    assert_eq!(bench.view().mode, Mode::Disaster);
    bench.on(Event::OwnOrderSeen(held));
    bench.pass(s(1));
    assert_eq!(bench.view().totals.open, 4);
    assert_eq!(bench.view().activations.len(), 2, "the key's and the operator's");
    bench.turn(NORMAL);
    bench.pass(s(5));
    assert_eq!((bench.wanted("gym"), bench.wanted("school")), (Mode::Disaster, Mode::Normal));
}

#[test]
fn a_lost_store_and_a_broken_key_keep_open_what_the_key_opened() {
    // The key cannot be asked, so it is believed to stand where the order says it stood; mended, it is asked.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.shelf = Shelf::default();
    bench.contacts = Some(CUT);
    bench.restart(s(60));
    bench.pass(s(60));
    assert_eq!((bench.view().mode, bench.view().totals.open), (Mode::Disaster, 4));
    bench.turn(NORMAL);
    bench.pass(s(5));
    assert_eq!((bench.view().mode, bench.view().totals.settled), (Mode::Normal, 6));
}

#[test]
fn the_same_number_with_other_content_is_answered_above_it() {
    // Somebody signs another order 4, in which nobody holds anything: what a person opened here stays open.
    let mut bench = town_with_history();
    let mut other = bench.retained.clone().expect("published");
    other.activations.clear();
    other.facilities.values_mut().for_each(|wanted| wanted.mode = Mode::Normal);
    bench.on(Event::OwnOrderSeen(other));
    bench.pass(s(1));
    assert_eq!((bench.number(), bench.wanted("gym")), (5, Mode::Disaster));
}

#[test]
fn three_orders_with_one_number_come_to_rest_although_two_aps_show_theirs_again_and_again() {
    // A store that was lost twice: an order that closes here, and two APs that were off meanwhile hold one each that
    // opens. What follows opens nothing, and so waits.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.turn(NORMAL);
    let other = |bench: &Bench, issued_at_ms: i64| {
        let mut other = bench.retained.clone().expect("published");
        other.issued_at_ms -= issued_at_ms;
        other.facilities.values_mut().for_each(|wanted| wanted.mode = Mode::Disaster);
        other
    };
    // The first time it is answered at once; from the second on the answer waits, for longer than they take to show it.
    for round in 0..3 {
        let ours = bench.number();
        let twins = [other(&bench, 60_000), other(&bench, 30_000)];
        for turn in 0..60 {
            bench.on(Event::OwnOrderHeld(twins[turn % 2].clone()));
            bench.pass(s(3));
        }
        assert!(bench.number() > ours, "round {round}: each showing put off what was to come");
    }
}

#[test]
fn what_does_not_belong_on_the_order_topic_is_replaced_with_measure() {
    // A hostile broker puts an old order, and rubbish, in place of ours, again and again.
    let mut bench = Bench::settled();
    let old = bench.retained.clone().expect("published");
    bench.turn(DISASTER);
    let from = bench.actions.len();
    for _ in 0..100 {
        bench.on(Event::OwnOrderSeen(old.clone()));
        bench.on(Event::ForeignOrderSeen { why: "not a compact JWS".to_owned() });
        bench.pass(ms(100));
    }
    let published = bench.actions[from..].iter().filter(|action| matches!(action, Action::Publish(_))).count();
    assert!((2..=20).contains(&published), "{published} in 10 s");
    assert!(bench.entries(Kind::OrderRestored).len() <= 2);
    assert_eq!((bench.number(), bench.view().mode), (2, Mode::Disaster));
    bench.pass(s(2));
    assert_eq!(bench.retained.as_ref().map(|order| order.number), Some(2));
}

#[test]
fn an_ap_that_shows_our_order_says_nothing_of_what_the_broker_holds() {
    // A hostile broker puts an old order in place of ours, twice; each time an AP shows that it holds ours.
    let mut bench = Bench::settled();
    let old = bench.retained.clone().expect("published");
    bench.turn(DISASTER);
    let ours = bench.retained.clone().expect("published");
    for _ in 0..2 {
        bench.retained = Some(old.clone());
        bench.on(Event::OwnOrderSeen(old.clone()));
        bench.on(Event::OwnOrderHeld(ours.clone()));
        bench.pass(s(2));
        assert_eq!(bench.retained, Some(ours.clone()), "put right within 2 s");
    }
    // And one that holds an older order than the broker has not replaced anything.
    let restored = bench.entries(Kind::OrderRestored).len();
    bench.on(Event::OwnOrderHeld(old));
    assert_eq!(bench.entries(Kind::OrderRestored).len(), restored);
}

#[test]
fn an_order_for_another_town_is_none_of_ours() {
    let mut bench = Bench::settled();
    let mut other = bench.retained.clone().expect("published");
    (other.town, other.number) = ("minato".parse().expect("a name"), 900);
    bench.on(Event::OwnOrderSeen(other));
    assert_eq!(bench.number(), 1);
}

#[test]
fn the_echo_of_an_order_already_replaced_is_nothing() {
    let mut bench = Bench::settled();
    let echo = bench.retained.clone().expect("published");
    bench.broker = false;
    bench.turn(DISASTER);
    bench.broker = true;
    bench.on(Event::OwnOrderSeen(echo));
    assert!(bench.entries(Kind::OrderRestored).is_empty());
}

#[test]
fn one_number_given_twice_for_the_same_wishes_is_answered_above_it() {
    // Half the APs hold another order 2 of ours, which says the same in other words (a store put back from a backup,
    // the key turned before the town was heard): none of them takes the other's order 2, all of them take a higher one.
    let mut bench = Bench::settled();
    let mut other = None;
    bench.turn(DISASTER);
    for model in bench.aps.values_mut().take(3) {
        let held = model.held.as_mut().expect("it was told");
        held.issued_at_ms -= 60_000;
        other = Some(held.clone());
    }
    let (other, from) = (other.expect("three of them"), bench.actions.len());
    for _ in 0..20 {
        bench.on(Event::OwnOrderHeld(other.clone()));
        bench.pass(s(1));
    }
    let published = bench.actions[from..].iter().filter(|action| matches!(action, Action::Publish(_))).count();
    assert_eq!((bench.number(), published, bench.entries(Kind::OrderRemembered).len()), (3, 1, 1));
    let numbers: Vec<u64> = bench.aps.values().map(|model| model.told).collect();
    assert_eq!(numbers, [3; 6], "all of one mind");
    let before = bench.now.mono;
    bench.turn(NORMAL);
    while bench.view().totals.settled < 6 {
        bench.pass(ms(100));
    }
    assert!(bench.now.mono - before < s(5), "and a closing is not held back by it");
}

#[test]
fn an_ap_that_follows_another_order_of_our_number_is_offered_ours_and_all_come_to_one() {
    // Its order says the same, from before the store lost its last write; nobody sees it on the broker any more.
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.pass(s(5));
    bench.aps.get_mut(&ap("gym-1")).expect("there").held.as_mut().expect("told").issued_at_ms -= 60_000;
    let report = bench.report(&ap("gym-1"));
    bench.on(Event::Reported(report));
    assert_eq!((bench.number(), bench.stands("gym-1").1), (2, "not-told".to_owned()));
    bench.pass(s(5));
    assert_eq!((bench.number(), bench.view().totals.settled), (3, 6));
    assert!(bench.aps.values().all(|model| model.held == bench.retained));
}

/// Hands each controller what the other published last; returns how often facilities changed their mode.
fn let_them_argue(one: &mut Bench, other: &mut Bench, time_s: u64) -> usize {
    let mut changes = 0;
    let mut on_broker: Option<Order> = None;
    for _ in 0..time_s * 10 {
        for bench in [&mut *one, &mut *other] {
            if let Some(order) = on_broker.clone().filter(|order| bench.retained.as_ref() != Some(order)) {
                bench.retained = Some(order.clone());
                bench.on(Event::OwnOrderSeen(order));
            }
            bench.pass(ms(100));
            if let Some(order) = bench.retained.clone().filter(|order| on_broker.as_ref() != Some(order)) {
                let modes = |order: &Order| order.facilities.values().map(|wanted| wanted.mode).collect::<Vec<_>>();
                changes += usize::from(on_broker.as_ref().is_some_and(|before| modes(before) != modes(&order)));
                on_broker = Some(order);
            }
        }
    }
    changes
}

#[test]
fn two_controllers_with_keys_that_agree_come_to_rest() {
    let mut one = Bench::started(inventory(), Shelf::default(), Some(DISASTER));
    let mut other = Bench::started(inventory(), Shelf::default(), Some(DISASTER));
    let_them_argue(&mut one, &mut other, 60);
    assert_eq!((one.view().mode, other.view().mode), (Mode::Disaster, Mode::Disaster));
    let (number, changes) = (one.number(), let_them_argue(&mut one, &mut other, 600));
    assert_eq!((one.number(), changes), (number, 0));
    assert_eq!(one.number(), other.number());
}

#[test]
fn two_controllers_that_number_one_act_differently_come_to_rest() {
    // An operator opens at the one, and the key is read by both: the key's act is 2 there and 1 at the other. Each took
    // the other's note of it for one act more, and there was no end of orders.
    let mut one = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    let mut other = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    [&mut one, &mut other].into_iter().for_each(|bench| bench.pass(s(5)));
    other.now.wall_ms += 7;
    one.open(&["gym"]);
    one.turn(DISASTER);
    other.turn(DISASTER);
    let_them_argue(&mut one, &mut other, 120);
    let (number, changes) = (one.number(), let_them_argue(&mut one, &mut other, 600));
    assert_eq!((one.number(), other.number(), changes), (number, number, 0));
    assert_eq!((one.view().activations.len(), other.view().activations), (2, one.view().activations));
}

#[test]
fn two_controllers_that_number_alike_come_to_rest() {
    // The same key, read a millisecond apart: one number, two orders, and the broker shows both to both, in one order.
    let mut one = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    let mut other = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    for bench in [&mut one, &mut other] {
        bench.pass(s(5));
    }
    other.now.wall_ms += 1;
    let mut told = 0;
    for bench in [&mut one, &mut other] {
        bench.contacts = Some(DISASTER);
        bench.pass(s(1));
    }
    let mut on_topic: std::collections::VecDeque<Order> =
        [&one, &other].into_iter().filter_map(|bench| bench.retained.clone()).collect();
    while let Some(order) = on_topic.pop_front().filter(|_| told < 200) {
        told += 1;
        for bench in [&mut one, &mut other] {
            let from = bench.actions.len();
            bench.on(Event::OwnOrderSeen(order.clone()));
            bench.pass(ms(100));
            on_topic.extend(bench.actions[from..].iter().filter_map(|action| match action {
                Action::Publish(order) => Some(order.clone()),
                _ => None,
            }));
        }
    }
    assert!(told < 50, "{told} orders and no end");
    assert_eq!((one.number(), one.view().mode), (other.number(), Mode::Disaster));
}

#[test]
fn two_controllers_whose_keys_disagree_do_not_make_the_halls_flicker() {
    // "Two controllers believing they are the one": opening wins at once, closing is tried ever more seldom.
    let mut one = Bench::started(inventory(), Shelf::default(), Some(DISASTER));
    let mut other = Bench::started(inventory(), Shelf::default(), Some(NORMAL));
    let changes = let_them_argue(&mut one, &mut other, 600);
    assert!(changes <= 40, "{changes} changes of mode in ten minutes");
    assert!(!one.entries(Kind::OrderRemembered).is_empty(), "and the record says what is going on");
}

#[test]
fn a_broker_that_is_lost_holds_no_order_of_ours_as_far_as_we_know() {
    let mut bench = Bench::settled();
    assert!(bench.view().order.expect("decided").published);
    bench.lose_broker();
    assert!(!bench.view().order.expect("decided").published);
    bench.connect();
    assert!(bench.view().order.expect("decided").published);
    // What we learn from an AP the broker need not have; and what we say ourselves it has once it says so.
    bench.broker = false;
    let newer = Order { number: 9, ..bench.retained.clone().expect("published") };
    bench.on(Event::OwnOrderSeen(newer));
    assert_eq!(bench.number(), 9);
    assert!(!bench.view().order.expect("learned").published);
}

#[test]
fn the_order_topic_is_put_right_again_ten_seconds_after_it_was() {
    let mut bench = Bench::settled();
    bench.broker = false;
    let restored = |bench: &mut Bench| {
        bench.on(Event::ForeignOrderSeen { why: "rubbish".to_owned() });
        bench.entries(Kind::OrderRestored).len()
    };
    assert_eq!(restored(&mut bench), 1);
    bench.now.mono += s(10) - ms(1);
    assert_eq!(restored(&mut bench), 1);
    bench.now.mono += ms(1);
    assert_eq!(restored(&mut bench), 2);
}

#[test]
fn another_hand_that_signs_in_our_name_is_answered_ever_later_and_anew_when_it_was_quiet() {
    // Each time it says that the key holds everything open, which the key, at normal, denies.
    let mut bench = Bench::settled();
    let mut open = bench.retained.clone().expect("published");
    open.facilities.values_mut().for_each(|wanted| wanted.mode = Mode::Disaster);
    let mut answered_after = |quiet: std::time::Duration| {
        bench.pass(quiet);
        let number = bench.number() + 1;
        bench.on(Event::OwnOrderSeen(Order { number, issued_at_ms: bench.now.wall_ms, ..open.clone() }));
        let from = bench.now.mono;
        while bench.number() == number {
            bench.pass(ms(100));
        }
        bench.now.mono - from
    };
    let waits: Vec<u64> = (0..8).map(|_| answered_after(s(0)).as_secs()).collect();
    assert_eq!(waits, [0, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(answered_after(s(530)).as_secs(), 60);
    assert_eq!(answered_after(s(541)).as_secs(), 0, "ten minutes after it was seen last");
}

#[test]
fn a_key_that_is_left_out_of_account_is_believed_to_stand_where_the_order_says() {
    // The store is older than the turn of the key; the key itself, at normal, is not asked.
    let mut bench = Bench::settled();
    bench.ask(crate::core::Ask::IsolateKey { why: "panel flooded".to_owned() }).expect("granted");
    let old = bench.shelf.clone();
    bench.ask(crate::core::Ask::RestoreKey { why: "dried".to_owned() }).expect("granted");
    bench.turn(DISASTER);
    bench.shelf = old;
    bench.contacts = Some(NORMAL);
    // It is read before anybody tells of the order.
    bench.broker = false;
    bench.restart(s(60));
    bench.pass(s(3));
    bench.connect();
    bench.pass(s(30));
    assert_eq!((bench.wanted("gym"), bench.view().activations.len()), (Mode::Disaster, 1));
}

#[test]
fn a_drill_that_only_the_order_tells_of_is_the_one_the_key_had() {
    let mut bench = Bench::settled();
    bench.turn(DRILL);
    bench.pass(s(60));
    bench.shelf = Shelf::default();
    bench.restart(s(10));
    bench.pass(s(100));
    assert_eq!(bench.view().mode, Mode::Drill, "it goes on");
    bench.pass(s(900));
    assert_eq!((bench.view().mode, bench.entries(Kind::DrillEnded).len()), (Mode::Normal, 1));
    assert!(bench.entries(Kind::Opened).is_empty(), "and is not begun again");
}

#[test]
fn an_order_for_another_town_in_the_hands_of_an_ap_is_none_of_ours_either() {
    let mut bench = Bench::settled();
    let ours = bench.retained.clone().expect("published");
    bench.on(Event::OwnOrderHeld(Order { town: "minato".parse().expect("a name"), number: 900, ..ours.clone() }));
    assert_eq!(bench.number(), 1);
    bench.on(Event::OwnOrderHeld(ours.clone()));
    assert_eq!((bench.number(), bench.entries(Kind::OrderRemembered).len()), (1, 0), "ours is no news");
    bench.on(Event::OwnOrderHeld(Order { number: 2, ..ours }));
    assert_eq!((bench.number(), bench.entries(Kind::OrderRemembered).len()), (2, 1));
}

#[test]
fn a_closing_that_waits_for_the_store_is_let_out_neither_by_the_broker_nor_by_what_stands_on_the_topic() {
    let mut bench = Bench::settled();
    bench.turn(DISASTER);
    bench.lose_broker();
    bench.store = Store::Hangs;
    let from = bench.actions.len();
    bench.turn(NORMAL);
    bench.connect();
    bench.on(Event::ForeignOrderSeen { why: "rubbish".to_owned() });
    let publishes = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Publish(_)));
    assert!(!publishes(&bench.actions[from..]));
    assert_eq!(bench.entries(Kind::OrderRestored).len(), 0);
    assert!(!bench.view().order.expect("decided").published);
    bench.pass(s(6));
    assert!(bench.view().order.expect("decided").published, "and then it goes out");
}

#[test]
fn of_two_orders_with_one_number_whoever_gave_the_later_one_waits_for_the_other_to_go_on() {
    // Two that went on at one moment would give the next number twice as well, and so for ever.
    let answered_after = |by_ms: i64| {
        let mut bench = Bench::settled();
        bench.turn(DISASTER);
        let ours = bench.retained.clone().expect("published");
        let seen = bench.now.mono;
        bench.on(Event::OwnOrderHeld(Order { issued_at_ms: ours.issued_at_ms + by_ms, ..ours }));
        while bench.number() == 2 {
            bench.pass(ms(100));
        }
        bench.now.mono - seen
    };
    assert_eq!((answered_after(-1), answered_after(1)), (s(3), s(0)));
}
