//! Of two controllers one switches a device: what the other's deputy sees, says and leaves alone, and how it takes over.

use std::time::Duration;

use firmware_config::mode::Mode::{Disaster, Drill, Normal};
use firmware_config::wire::AgentState::{Applying, Serving};

use super::Event;
use super::sim::{Bench, Mood};

const SECOND: Duration = Duration::from_secs(1);

/// A device that was polled once, and that another controller switches.
fn watched() -> Bench {
    let mut bench = Bench::new();
    bench.on(Event::Hands(false));
    bench.until(|bench| !bench.reports.is_empty());
    bench
}

/// What the other one does.
fn switched(bench: &mut Bench, on: bool) {
    for row in bench.rows.values_mut().filter(|row| row.ssid == "00000JAPAN") {
        (row.admin, row.on_air) = (on, on);
    }
}

#[test]
fn what_another_one_switches_is_watched_and_said_and_nothing_is_done_to_it() {
    let mut bench = watched();
    bench.order(1, Disaster);
    bench.pass(60 * SECOND);
    assert_eq!((bench.says(), bench.why()), ((1, 0, Normal, Applying), ""), "it is not refused, it is not ours to do");
    switched(&mut bench, true);
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
    bench.order(2, Normal);
    switched(&mut bench, false);
    bench.until(|bench| bench.says() == (2, 2, Normal, Serving));
    assert!(bench.sets.is_empty(), "{:?}", bench.sets);
}

#[test]
fn whoever_takes_over_does_at_once_what_the_other_left_undone() {
    let mut bench = watched();
    bench.order(1, Disaster);
    bench.pass(20 * SECOND);
    bench.on(Event::Hands(true));
    let took = bench.until(|bench| bench.is_open() == Some(true));
    assert!(took < SECOND, "{took:?}");
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
}

#[test]
fn what_is_under_way_is_brought_to_its_end_and_what_failed_is_left_to_the_other() {
    let mut bench = Bench::new();
    bench.until(|bench| !bench.reports.is_empty());
    bench.order(1, Drill);
    bench.until(|bench| bench.sets.len() == 1);
    bench.on(Event::Hands(false));
    bench.until(|bench| bench.says() == (1, 1, Drill, Serving));
    assert_eq!(bench.is_open(), Some(true), "not half of it");
    bench.pass(60 * SECOND);
    assert_eq!(bench.sets.len(), 2, "nor is it saved by one who does not know what comes next: {:?}", bench.sets);

    // A device that says yes and does nothing: the reason is said while we try, and no more once another one does.
    let mut bench = Bench::new();
    bench.mood = Mood::Lies;
    bench.order(1, Disaster);
    bench.until(|bench| bench.why().contains("did not do it"));
    bench.on(Event::Hands(false));
    let sets = bench.sets.len();
    bench.pass(60 * SECOND);
    assert_eq!((bench.sets.len(), bench.says(), bench.why()), (sets, (1, 0, Normal, Applying), ""));
    switched(&mut bench, true);
    bench.until(|bench| bench.says() == (1, 1, Disaster, Serving));
}
