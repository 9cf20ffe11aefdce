//! Random histories of two controllers: cut, killed, asked and turned in any order; then everything mends.
//!
//! No AP ever goes back a number. Once quiet one decides, all hold one order, and what people hold open is open and
//! nothing else, whoever was told and whoever was cut off from whom.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::bench::{DISASTER, NORMAL, ms, s};
use super::pair::Pair;
use crate::core::{Ask, Remembered, Source, TownView};

/// Longest that two may take to come to rest: a store that answers, two heartbeats, a wait of two twins (3 s) some
/// times, one silence (10 s and 3 for the rank); well below two minutes.
const REST_WITHIN_S: u64 = 120;

#[derive(Debug, Clone, Copy)]
enum Step {
    Turn(usize, bool),
    Open(usize, bool),
    Close(usize, usize),
    Link(usize, bool),
    LinkAp(usize, bool),
    Kill(usize),
    Forgets(usize),
    Start(usize),
    BrokerForgets,
    Database(bool),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..2_usize;
    prop_oneof![
        3 => (at.clone(), any::<bool>()).prop_map(|(at, to)| Step::Turn(at, to)),
        3 => (at.clone(), any::<bool>()).prop_map(|(at, hall)| Step::Open(at, hall)),
        3 => (at.clone(), 0..4_usize).prop_map(|(at, which)| Step::Close(at, which)),
        3 => (at.clone(), any::<bool>()).prop_map(|(at, up)| Step::Link(at, up)),
        2 => (0..6_usize, any::<bool>()).prop_map(|(at, up)| Step::LinkAp(at, up)),
        2 => at.clone().prop_map(Step::Kill),
        1 => at.clone().prop_map(Step::Forgets),
        2 => at.prop_map(Step::Start),
        1 => Just(Step::BrokerForgets),
        1 => any::<bool>().prop_map(Step::Database),
        5 => prop_oneof![0..3_000_u64, 3_000..20_000_u64].prop_map(Step::Pass),
    ]
}

/// What people did, as they know it.
#[derive(Debug, Default)]
struct People {
    /// Reasons of the openings that nobody closed, and where.
    open: BTreeMap<String, &'static str>,
    acts: usize,
}

fn live(pair: &mut Pair, people: &mut People, step: Step) {
    match step {
        Step::Turn(at, disaster) => pair.turn(at, if disaster { DISASTER } else { NORMAL }),
        Step::Open(at, hall) if pair.halls[at].town.is_some() => {
            let place = if hall { "hall" } else { "gym" };
            people.acts += 1;
            let why = format!("act {}", people.acts);
            let facilities = Some([super::bench::facility(place)].into());
            pair.ask(at, Ask::Open { facilities, why: why.clone() }).expect("granted");
            people.open.insert(why, place);
        }
        Step::Close(at, which) if pair.halls[at].town.is_some() => {
            let held = pair.view(at).activations;
            if let Some(held) = held.iter().filter(|held| matches!(held.source, Source::Operator(_))).nth(which) {
                pair.close(at, held.id).expect("a person's");
                people.open.remove(&held.why);
            }
        }
        Step::Link(at, up) => pair.link(at, up),
        Step::LinkAp(at, up) => {
            let ap = pair.sites.keys().nth(at).expect("six").clone();
            pair.link_ap(&ap, up);
        }
        Step::Kill(at) => pair.kill(at),
        // What nobody else knows is lost with a store; what the other knows is not, whatever happens afterwards.
        Step::Forgets(at) if both_know_the_same(pair) => {
            pair.kill(at);
            pair.halls[at].shelf = Remembered::default();
        }
        Step::Start(at) if pair.halls[at].town.is_none() => pair.start(at),
        Step::BrokerForgets => pair.broker_forgets(),
        Step::Database(there) => pair.database = pair.database.map(|_| there),
        Step::Pass(time) => pair.pass(ms(time)),
        Step::Open(..) | Step::Close(..) | Step::Start(_) | Step::Forgets(_) => {}
    }
}

fn both_know_the_same(pair: &Pair) -> bool {
    if pair.halls.iter().any(|hall| hall.town.is_none()) {
        return false;
    }
    let [one, other] = [0, 1].map(|at| pair.view(at));
    let order = |view: &TownView| view.order.as_ref().map(|order| (order.number, order.issued_at_ms));
    order(&one) == order(&other) && one.activations == other.activations
}

fn history(database: Option<bool>, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut pair = Pair::quiet_with(database);
    let mut people = People::default();
    for step in steps {
        live(&mut pair, &mut people, step);
    }
    pair.database = database;
    for at in 0..2 {
        if pair.halls[at].town.is_none() {
            pair.start(at);
        }
        pair.link(at, true);
    }
    for ap in pair.sites.keys().cloned().collect::<Vec<_>>() {
        pair.link_ap(&ap, true);
    }
    pair.pass(s(REST_WITHIN_S));
    prop_assert_eq!(pair.at_rest(), Ok(()));
    let orders = pair.orders.len();
    pair.pass(s(60));
    prop_assert_eq!(pair.orders.len(), orders, "at rest it stays at rest");
    let held: BTreeSet<String> = pair
        .view(0)
        .activations
        .iter()
        .filter(|held| matches!(held.source, Source::Operator(_)))
        .map(|held| held.why.clone())
        .collect();
    prop_assert_eq!(held, people.open.keys().cloned().collect::<BTreeSet<_>>());
    let key = pair.halls.iter().any(|hall| hall.contacts == DISASTER);
    for place in ["gym", "school", "hall"] {
        let wanted = people.open.values().any(|open| *open == place) || (key && place != "hall");
        prop_assert_eq!(pair.is_open(place), wanted, "{}", place);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_two_controllers_they_come_to_rest_at_what_people_hold_open(
        steps in prop::collection::vec(step(), 1..30),
        database in any::<bool>(),
    ) {
        history(database.then_some(true), steps)?;
    }
}

#[test]
fn killed_just_after_an_act_and_started_at_once_it_comes_to_rest() {
    history(Some(true), vec![Step::Turn(1, true), Step::Open(1, false), Step::Kill(1)]).expect("at rest");
    history(Some(true), vec![Step::Open(1, false), Step::Close(1, 0), Step::Kill(1)]).expect("at rest");
    // The other gives the same number meanwhile.
    history(None, vec![Step::Link(0, false), Step::Turn(0, true), Step::Kill(0), Step::Turn(1, true)])
        .expect("at rest");
}
