//! Ruling 1: the network opens first.

use super::bench::*;
use crate::core::{Action, Kind, Pattern};
use firmware_config::mode::Mode;

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
