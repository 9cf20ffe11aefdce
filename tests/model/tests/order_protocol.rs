//! The order protocol holds in every history of the small worlds, and each promise is seen to break where its rule is.

use std::time::Duration;

use model::promises::{
    AT_ONCE, BY_A_PERSON, COVERED, DRILL_ENDS, HIGHEST, NEVER_BACK, NUMBER_ONCE, OBEYED, ONE_CONTENT, ONE_DECIDES,
};
use model::world::{Bounds, Broken, Small};
use model::worlds::{CALM, SMALL, locked, pair, world};

/// Longer than any of it takes on a busy machine; a walk that is cut short is no proof and fails.
const AT_MOST: Duration = Duration::from_secs(600);

/// Shows: in no history of any small world is a promise broken.
#[test]
fn in_every_history_of_the_small_worlds_the_promises_hold() {
    for small in SMALL {
        let outcome = small.walk(2, AT_MOST);
        println!("{}: {outcome}", small.name);
        let stories: Vec<&String> = outcome.broken.iter().map(|(_, story)| story).collect();
        assert!(stories.is_empty(), "{}", stories[0]);
        assert!(outcome.whole, "time ran out in \"{}\"; a walk that is not whole proves nothing", small.name);
        assert!(outcome.situations > 100, "\"{}\" is so small that it shows nothing", small.name);
    }
}

/// With `broken` the promise is seen to break; that it holds without is shown by the walks above.
fn breaks(promise: &'static str, broken: Broken, small: Small) {
    let outcome = Small { broken, ..small }.walk_for(&[promise], 1, AT_MOST);
    assert!(!outcome.broken.is_empty(), "{broken:?}, and nobody noticed: {outcome}");
    outcome.broken.iter().for_each(|(_, story)| println!("with {broken:?}:\n{story}\n"));
}

/// Shows: an agent that takes older orders is noticed.
#[test]
fn an_agent_that_takes_older_orders_is_noticed() {
    breaks(NEVER_BACK, Broken::StaleTaken, world("late", 1, 1, Bounds { turns: 2, ..CALM }));
}

/// Shows: an agent whose ledger does not survive a power cut is noticed: it goes back.
#[test]
fn an_agent_that_forgets_its_ledger_goes_back() {
    breaks(NEVER_BACK, Broken::LedgerForgotten, world("reboot", 1, 1, Bounds { turns: 2, reboots: 1, ..CALM }));
}

/// Shows: of two orders with one number it also takes both.
#[test]
fn an_agent_that_forgets_its_ledger_takes_two_contents_under_one_number() {
    breaks(ONE_CONTENT, Broken::LedgerForgotten, world("twins", 2, 1, Bounds { turns: 1, reboots: 1, ..CALM }));
}

/// Shows: a broker that can sign is noticed when it opens.
#[test]
fn a_broker_that_signs_by_itself_is_noticed() {
    breaks(BY_A_PERSON, Broken::BrokerSigns, world("opened", 1, 2, Bounds { asks: 1, ..CALM }));
}

/// Shows: an agent whose clocks stand still is noticed in a drill.
#[test]
fn a_drill_under_clocks_that_stand_still_is_noticed() {
    breaks(DRILL_ENDS, Broken::DrillClockStopped, world("drill", 1, 1, Bounds { turns: 1, drill: true, ..CALM }));
}

/// Shows: a controller that forgets its number gives it again, and that is noticed.
#[test]
fn a_controller_that_forgets_its_number_is_noticed() {
    breaks(NUMBER_ONCE, Broken::NumberForgotten, world("killed", 1, 1, Bounds { turns: 1, kills: 1, ..CALM }));
}

/// Shows: a controller that says everything once is noticed as soon as one message is lost.
#[test]
fn a_controller_that_says_nothing_twice_is_noticed() {
    breaks(HIGHEST, Broken::SaidOnce, world("lost", 1, 1, Bounds { turns: 1, losses: 1, ..CALM }));
}

/// Shows: orders that do not say who holds what open are noticed.
#[test]
fn orders_without_their_activations_are_noticed() {
    breaks(COVERED, Broken::NotesLeftOut, world("open", 1, 1, Bounds { turns: 1, ..CALM }));
}

/// Shows: an AP that is never told to stop is noticed, and that it is open against everybody's will.
#[test]
fn an_ap_that_is_never_told_to_stop_is_noticed() {
    let small = world("closing", 1, 1, Bounds { turns: 2, ..CALM });
    breaks(COVERED, Broken::ClosingsSwallowed, small);
    breaks(OBEYED, Broken::ClosingsSwallowed, small);
}

/// Shows: two controllers that do not hear one another both decide, and that is noticed.
#[test]
fn two_controllers_that_do_not_hear_one_another_are_noticed() {
    breaks(ONE_DECIDES, Broken::HeartbeatsSwallowed, pair("deaf", Bounds { silences: 1, ..CALM }));
}

/// Shows: a standby waits for ever for a dead controller whose voice somebody can make. That a recording of the voice is
/// not enough is shown by the walks: in them the broker says what a silent controller said last again and again.
#[test]
fn a_voice_that_is_made_for_the_dead_is_noticed() {
    breaks(ONE_DECIDES, Broken::TheDeadSpeak, pair("haunted", Bounds { kills: 1, silences: 1, ..CALM }));
}

/// Shows: a controller that leaves what people do before it to the other one is noticed.
#[test]
fn a_standby_that_does_not_hear_its_people_is_noticed() {
    breaks(AT_ONCE, Broken::StandbyIsDeaf, pair("closed", Bounds { asks: 1, ..CALM }));
}

/// Shows: a lock that holds back what people open is noticed.
#[test]
fn a_lock_that_holds_an_opening_back_is_noticed() {
    breaks(AT_ONCE, Broken::LockHoldsOpenings, locked("locked", Bounds { asks: 1, ..CALM }));
}

/// Shows: a lock that two have at once is noticed: both decide where they do not hear one another.
#[test]
fn a_lock_that_is_given_to_both_is_noticed() {
    breaks(ONE_DECIDES, Broken::LockGivenToBoth, locked("twice", Bounds { parts: 1, silences: 1, ..CALM }));
}

/// Shows: a facility key that opens only where the town is heard is noticed.
#[test]
fn a_facility_key_that_waits_for_the_town_is_noticed() {
    let small = world("alone", 1, 1, Bounds { facility_keys: 1, cuts: 1, ..CALM });
    breaks(AT_ONCE, Broken::FacilityKeyAsksTheTown, small);
}

/// Shows: a hall that its key opened, and of which no controller ever hears, is noticed.
#[test]
fn a_facility_key_of_which_nobody_hears_is_noticed() {
    breaks(COVERED, Broken::FacilityKeyUnheard, world("unheard", 1, 1, Bounds { facility_keys: 1, ..CALM }));
}
