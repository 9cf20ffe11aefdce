//! When a drill ends by itself: to the tenth of a second, by whichever clock says so first and can be believed.

use std::time::Duration;

use firmware_config::mode::Mode::{Drill, Normal};
use firmware_config::wire::AgentState::Serving;
use firmware_config::wire::DrillEnd;

use super::holding::SignedOrder;
use super::sim::{Ap, ISSUED_MS, order};

const SECOND: Duration = Duration::from_secs(1);

/// A drill of this length; not one that ends when everybody looks anyway.
fn drill(for_s: u64) -> SignedOrder {
    let mut signed = order(1, Drill);
    let until_ms = ISSUED_MS + i64::try_from(for_s).expect("a short test") * 1_000;
    signed.order.facilities.values_mut().for_each(|wanted| wanted.drill = Some(DrillEnd { until_ms, for_s }));
    signed
}

/// Open until a tenth of a second before `end` from now, and not any more a tenth of a second after it.
fn ends_in(ap: &mut Ap, end: Duration) {
    ap.pass(end - SECOND / 10);
    assert!(ap.is_open(), "it ended early");
    ap.pass(SECOND / 5);
    assert!(ap.open().is_empty(), "it goes on");
    assert_eq!(ap.says(), (1, 1, Normal, Serving));
}

#[test]
fn by_the_wall_clock_where_the_order_came_late() {
    let mut ap = Ap::ready();
    ap.now.wall_ms = ISSUED_MS + 100_000;
    ap.offer(drill(603));
    ends_in(&mut ap, 503 * SECOND);
}

#[test]
fn by_its_length_where_the_wall_clock_was_never_set() {
    let mut ap = Ap::ready();
    ap.now.wall_ms = 1_000;
    ap.offer(drill(603));
    ends_in(&mut ap, 603 * SECOND);
}

#[test]
fn by_its_length_where_the_wall_clock_was_set_back() {
    let mut ap = Ap::ready();
    ap.offer(drill(603));
    ap.pass(100 * SECOND);
    ap.now.wall_ms = ISSUED_MS + 1_000;
    ends_in(&mut ap, 503 * SECOND);
}

#[test]
fn after_a_day_whatever_the_order_says() {
    let mut ap = Ap::ready();
    ap.now.wall_ms = 1_000;
    ap.offer(drill(40 * 24 * 3_600));
    ends_in(&mut ap, 24 * 3_600 * SECOND);
}

#[test]
fn the_end_is_written_down_and_said() {
    let mut ap = Ap::ready();
    ap.offer(drill(603));
    assert!(!ap.flash.drill_over);
    ap.pass(604 * SECOND);
    assert!(ap.flash.drill_over, "a reboot must not start it again");
    assert_eq!(ap.told().why, "the drill of order 1 has ended by itself");
    assert!(ap.log.iter().any(|line| line == "drill ended by itself number=1"), "{:?}", ap.log);
}
