//! Stories of counting distinct devices: for which activations, from when, until when.

use std::time::Duration;

use firmware_config::mode::Mode::{self, Disaster, Drill, Normal};
use firmware_config::sketch::Mark;
use firmware_config::wire::{ActivationNote, Period};

use super::Event;
use super::holding::SignedOrder;
use super::sim::{Ap, ISSUED_MS, order};

const SECOND: Duration = Duration::from_secs(1);

/// An order in `mode` with these activations: number, mode, facility.
fn opened(number: u64, mode: Mode, notes: &[(u64, Mode, &str)]) -> SignedOrder {
    let mut signed = order(number, mode);
    let note = |(id, mode, facility): &(u64, Mode, &str)| ActivationNote {
        id: *id,
        boot: String::new(),
        by: "key".to_owned(),
        mode: *mode,
        facilities: vec![facility.parse().expect("valid")],
        since_ms: ISSUED_MS,
        until_ms: None,
        why: String::new(),
    };
    signed.order.activations = notes.iter().map(note).collect();
    signed
}

fn meet(ap: &mut Ap, activation: u64, device: u64) {
    let period = Period { activation, since_ms: ISSUED_MS };
    ap.on(Event::Met { period, mark: Mark::of(device.wrapping_mul(0x9e37_79b9_7f4a_7c15)) });
}

/// What it said last: activation and devices, rounded.
fn said(ap: &Ap) -> Vec<(u64, u64)> {
    let last = ap.distinct.last().expect("said");
    last.activations.iter().map(|it| (it.period.activation, it.registers.estimate().round() as u64)).collect()
}

#[test]
fn it_counts_for_the_activations_that_open_its_own_hall_and_forgets_their_keys_at_the_end() {
    let mut ap = Ap::ready();
    ap.pass(SECOND);
    assert!(ap.counting.is_empty() && ap.distinct.is_empty(), "nobody is counted in peace");
    ap.offer(opened(1, Disaster, &[(3, Disaster, "yakuba"), (4, Drill, "yakuba"), (5, Disaster, "gym")]));
    assert_eq!(ap.counting.iter().map(|it| it.activation).collect::<Vec<_>>(), [3], "not the drill, not the gym");
    (0..4).for_each(|device| meet(&mut ap, 3, device));
    ap.pass(61 * SECOND);
    assert_eq!(said(&ap), [(3, 4)]);
    // Somebody opens it once more, and the first one closes: the second has its own devices.
    ap.offer(opened(2, Disaster, &[(3, Disaster, "yakuba"), (6, Disaster, "yakuba")]));
    assert_eq!(ap.counting.len(), 2);
    [3, 6].into_iter().for_each(|activation| meet(&mut ap, activation, 9));
    ap.offer(opened(3, Disaster, &[(6, Disaster, "yakuba")]));
    // Marked in its last moment, and heard of behind the order that ends it.
    meet(&mut ap, 3, 10);
    ap.pass(61 * SECOND);
    assert_eq!(said(&ap), [(3, 6), (6, 1)]);
    ap.offer(order(4, Normal));
    assert!(ap.counting.is_empty(), "every key is forgotten");
    ap.pass(200 * SECOND);
    let told = ap.distinct.len();
    ap.pass(1_000 * SECOND);
    assert_eq!(ap.distinct.len(), told, "nothing more is said");
}

#[test]
fn keys_are_there_before_the_network_is() {
    let mut ap = Ap::ready();
    let actions = ap.agent.on(Event::Offered(opened(1, Disaster, &[(3, Disaster, "yakuba")])), ap.now);
    let at = |wanted: fn(&super::Action) -> bool| actions.iter().position(wanted).expect("asked for");
    assert!(at(|it| matches!(it, super::Action::CountDevices(_))) < at(|it| matches!(it, super::Action::Add { .. })));
}

#[test]
fn a_drill_that_ends_by_itself_ends_its_counting_and_a_restart_goes_on_under_the_same_key() {
    let mut ap = Ap::ready();
    ap.offer(opened(1, Drill, &[(3, Drill, "yakuba")]));
    meet(&mut ap, 3, 1);
    ap.pass(61 * SECOND);
    let before = ap.counting.clone();
    ap.reboot();
    assert_eq!(ap.counting, before, "the same activation, so the same key; what was said is merged by the controller");
    let told = ap.distinct.len();
    ap.connect();
    meet(&mut ap, 3, 2);
    ap.pass(61 * SECOND);
    assert!(ap.distinct.len() > told);
    assert_eq!(said(&ap), [(3, 1)]);
    ap.pass(700 * SECOND);
    assert!(ap.counting.is_empty());
}

#[test]
fn without_the_secret_nothing_is_counted_or_said() {
    let mut ap = Ap::ready();
    ap.agent.identity.counts_distinct = false;
    ap.offer(opened(1, Disaster, &[(3, Disaster, "yakuba")]));
    ap.pass(500 * SECOND);
    assert!(ap.counting.is_empty() && ap.distinct.is_empty());
}
