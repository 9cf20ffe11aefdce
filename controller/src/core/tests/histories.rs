//! Random histories: whatever people, wires, stores, clocks and links do, the promises hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::bench::*;
use crate::core::{Ask, ContactReading, Event, KeyPosition, Source, inventory::Managed};
use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;

#[derive(Debug, Clone)]
enum Step {
    Turn(ContactReading),
    Unread,
    Pass(u64),
    Open(u8),
    Drill(u8, u64),
    Close(usize),
    Isolate,
    Restore,
    Store(Store),
    Link(usize, bool),
    Repeat(usize),
    Reboot(usize),
    Broker(bool),
    Eyes(Eyes),
    Pretend(usize),
    Forget,
    Clock(i64),
    Restart(u64),
}

/// Histories told of each promise in a run: a few seconds' worth.
const CASES: u32 = 64;

const APS: [&str; 6] = ["hall-1", "hall-2", "gym-1", "gym-2", "school-1", "school-2"];
const PLACES: [&str; 3] = ["hall", "gym", "school"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::sample::select(vec![NORMAL, DISASTER, DRILL, CUT, SHORT]).prop_map(Step::Turn),
        1 => Just(Step::Unread),
        4 => (0_u64..90).prop_map(Step::Pass),
        3 => (1_u8..8).prop_map(Step::Open),
        2 => (1_u8..8, 60_u64..300).prop_map(|(places, length)| Step::Drill(places, length)),
        3 => (0_usize..4).prop_map(Step::Close),
        1 => Just(Step::Isolate),
        1 => Just(Step::Restore),
        3 => prop::sample::select(vec![Store::Works, Store::Fails, Store::Hangs, Store::Mumbles]).prop_map(Step::Store),
        3 => (0_usize..6, any::<bool>()).prop_map(|(ap, linked)| Step::Link(ap, linked)),
        2 => (0_usize..6).prop_map(Step::Repeat),
        1 => (0_usize..6).prop_map(Step::Reboot),
        2 => any::<bool>().prop_map(Step::Broker),
        1 => prop::sample::select(vec![Eyes::Open, Eyes::Shut, Eyes::Wrong(true), Eyes::Wrong(false)])
            .prop_map(Step::Eyes),
        1 => (0_usize..6).prop_map(Step::Pretend),
        1 => Just(Step::Forget),
        1 => prop::sample::select(vec![0, MORNING_MS, 2_147_483_648_000]).prop_map(Step::Clock),
        2 => (0_u64..900).prop_map(Step::Restart),
    ]
}

fn places(mask: u8) -> Option<BTreeSet<FacilityId>> {
    Some((0..3).filter(|bit| mask >> bit & 1 == 1).map(|bit| facility(PLACES[bit])).collect())
}

/// What people did, as a bystander would write it down.
#[derive(Debug, Default)]
struct Bystander {
    key_swears: bool,
    key_holds: bool,
    operators: BTreeMap<u64, BTreeSet<FacilityId>>,
}

impl Bystander {
    /// The key holds what it held until somebody can swear otherwise.
    fn looks_at_the_key(&mut self, bench: &Bench) {
        let key = bench.view().key;
        self.key_swears = key.fault.is_none() && key.isolated.is_none();
        if self.key_swears {
            self.key_holds = key.position == Some(KeyPosition::Disaster);
        }
    }

    fn in_disaster(&self, place: &str) -> bool {
        (self.key_holds && place != "hall") || self.operators.values().any(|held| held.contains(&facility(place)))
    }
}

fn take(bench: &mut Bench, seen: &mut Bystander, step: &Step, careful: bool) {
    match step {
        Step::Turn(contacts) => bench.turn(*contacts),
        Step::Unread => {
            bench.contacts = None;
            bench.on(Event::ContactsUnreadable { why: "no panel".to_owned() });
            bench.pass(s(2));
        }
        Step::Pass(secs) => bench.pass(s(*secs)),
        Step::Open(mask) => {
            let opened = bench.ask(Ask::Open { facilities: places(*mask), why: "flood".to_owned() });
            seen.operators.insert(opened.expect("granted"), places(*mask).expect("named"));
        }
        Step::Drill(mask, length) => {
            let ask = Ask::Drill { facilities: places(*mask), length: s(*length), why: "drill".to_owned() };
            bench.ask(ask).expect("granted");
        }
        Step::Close(nth) => {
            if let Some(activation) = bench.view().activations.get(*nth).cloned() {
                let closed = bench.ask(Ask::Close { activation: activation.id, why: "over".to_owned() });
                assert_eq!(closed.is_ok(), matches!(activation.source, Source::Operator(_)), "whoever opened, closes");
                seen.operators.remove(&activation.id).filter(|_| closed.is_ok());
            }
        }
        Step::Isolate => drop(bench.ask(Ask::IsolateKey { why: "panel".to_owned() })),
        Step::Restore => drop(bench.ask(Ask::RestoreKey { why: "panel".to_owned() })),
        Step::Store(store) => bench.store = *store,
        Step::Link(at, linked) => {
            let id = ap(APS[*at]);
            bench.aps.get_mut(&id).expect("there").linked = *linked;
            let comes = bench.comes(&id, *linked);
            if bench.broker || bench.aps[&id].managed == Managed::Snmp {
                bench.on(comes);
            }
        }
        Step::Repeat(at) => {
            let said = bench.says(&ap(APS[*at]));
            let newer = bench.says(&ap(APS[*at]));
            for said in [said.clone(), newer, said.clone(), said] {
                bench.on(said);
            }
        }
        Step::Reboot(at) => {
            let model = bench.aps.get_mut(&ap(APS[*at])).expect("there");
            (model.boot, model.seq) = (format!("{}x", model.boot), 0);
            bench.speak(&ap(APS[*at]));
        }
        Step::Eyes(eyes) => bench.aps.get_mut(&ap("gym-2")).expect("there").eyes = *eyes,
        Step::Pretend(at) => {
            // Whoever is on the broker speaks for an AP that a deputy speaks for, and the other way round.
            let id = ap(APS[*at]);
            let (before, report) = (bench.ap(APS[*at]), bench.report(&id));
            let event = match bench.aps[&id].managed {
                Managed::Agent => Event::DeputyReported { report, stations: None },
                Managed::Snmp => Event::Reported(report),
            };
            bench.on(event);
            assert_eq!(bench.ap(APS[*at]), before, "nobody else speaks for it");
        }
        Step::Broker(true) if !bench.broker => bench.connect(),
        Step::Broker(false) if bench.broker => bench.lose_broker(),
        Step::Broker(_) => {}
        Step::Forget => bench.retained = None,
        Step::Clock(wall_ms) => bench.now.wall_ms = *wall_ms,
        Step::Restart(secs) => {
            if careful {
                bench.store = Store::Works;
                bench.pass(s(45));
            }
            bench.restart(s(*secs));
            // Long enough to know a key that is not read at all.
            bench.pass(s(12));
        }
    }
    seen.looks_at_the_key(bench);
}

/// Everything is put right, nobody does anything any more.
fn put_right(bench: &mut Bench) {
    bench.store = Store::Works;
    bench.contacts = bench.contacts.or(Some(CUT));
    for model in bench.aps.values_mut() {
        model.linked = true;
        model.eyes = if model.eyes == Eyes::None { Eyes::None } else { Eyes::Open };
    }
    if !bench.broker {
        bench.connect();
    }
    for id in APS {
        let comes = bench.comes(&ap(id), true);
        bench.on(comes);
        bench.speak(&ap(id));
    }
    bench.pass(s(60));
}

fn all_is_as_ordered(bench: &Bench) -> Result<(), TestCaseError> {
    let view = bench.view();
    prop_assert_eq!(view.totals.settled, 6, "every AP settles: {:?}", bench.unsettled());
    prop_assert!(view.store_lost.is_none() && view.broker_lost.is_none());
    for place in &view.facilities {
        for seat in &place.aps {
            prop_assert_eq!(bench.aps[&seat.id].mode, place.wanted);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    /// With a store that recovers before the controller is killed, a bystander can tell at every moment which place is
    /// in disaster: exactly those that the key or an operator holds. No fault, loss, clock or restart changes it.
    #[test]
    fn a_place_is_in_disaster_exactly_while_a_person_holds_it(steps in prop::collection::vec(step(), 1..40)) {
        let mut bench = Bench::settled_in(mixed());
        let mut seen = Bystander::default();
        for step in &steps {
            take(&mut bench, &mut seen, step, true);
            for place in PLACES {
                prop_assert_eq!(
                    bench.wanted(place) == Mode::Disaster, seen.in_disaster(place), "{} after {:?}", place, step
                );
            }
        }
        put_right(&mut bench);
        all_is_as_ordered(&bench)?;
        let last = bench.shelf.remembered.last_entry;
        prop_assert_eq!(bench.shelf.entries.len() as u64, last, "every entry is stored, each under its own number");
        bench.pass(s(1000));
        prop_assert!(bench.view().mode != Mode::Drill, "drills end by themselves");
    }

    /// Killed at any moment, with a store that lost anything: what the key swears to is open, nothing is open that
    /// nobody ever opened, everybody converges, and drills end.
    #[test]
    fn whatever_is_lost_the_key_is_obeyed_and_everybody_converges(steps in prop::collection::vec(step(), 1..40)) {
        let mut bench = Bench::settled_in(mixed());
        let mut seen = Bystander::default();
        let mut ever: BTreeSet<FacilityId> = BTreeSet::new();
        for step in &steps {
            if let Step::Open(mask) | Step::Drill(mask, _) = step {
                ever.extend(places(*mask).expect("named"));
            }
            take(&mut bench, &mut seen, step, false);
            if matches!(bench.key(), Some(KeyPosition::Disaster | KeyPosition::Drill)) {
                ever.extend(["gym", "school"].map(facility));
            }
            for place in PLACES {
                let wanted = bench.wanted(place);
                prop_assert!(!(seen.key_swears && seen.key_holds) || place == "hall" || wanted == Mode::Disaster, "{} after {:?}", place, step);
                prop_assert!(wanted == Mode::Normal || ever.contains(&facility(place)), "{} after {:?}", place, step);
            }
        }
        put_right(&mut bench);
        all_is_as_ordered(&bench)?;
        bench.pass(s(1000));
        prop_assert!(bench.view().mode != Mode::Drill, "drills end by themselves");
    }
}
