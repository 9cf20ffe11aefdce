//! The lever alone: which number is drawn, how long a device may be silent, what a script is written with.

use std::collections::BTreeSet;
use std::time::Duration;

use super::air::Air;
use super::flipping::{Facts, Flipper, RETRY_MAX};
use super::script::{Line, Script};
use super::{Answer, Request};
use crate::oid::Oid;
use crate::trouble::Trouble;
use crate::value::{Value, VarBind};

const SECOND: Duration = Duration::from_secs(1);

/// One step, after which the device may be silent for 20 s.
fn script() -> Script {
    let oid = Oid::new([1, 3, 6, 1, 4, 1, 99_999, 1]).expect("short");
    let line = Line {
        name: "restart".to_owned(),
        row: Some(0),
        unless: Vec::new(),
        binds: vec![VarBind { oid, value: Value::Integer(1) }],
        timeout: 6 * SECOND,
        accept: Vec::new(),
        settle: Duration::ZERO,
        silence: 20 * SECOND,
        once: false,
    };
    Script { lines: vec![line], proofs: Vec::new(), save: None, rows: 1 }
}

#[test]
fn each_number_is_drawn_once_before_any_comes_again() {
    // A row that is made under a number that is taken is refused: the next try takes another.
    let mut flipper = Flipper::new("ap-1");
    let mut now = SECOND;
    flipper.wish(true, now);
    let drawn = std::cell::RefCell::new(Vec::new());
    let refuses = |_: bool, number: u16| {
        drawn.borrow_mut().push(number);
        Err::<Script, _>("that number is taken".to_owned())
    };
    for _ in 0..65_535 {
        now += RETRY_MAX;
        let facts = Facts { air: &Air::Closed, begun: Some(now), answers: true, hindrance: None, script: &refuses };
        flipper.step(&facts, now);
    }
    let drawn = drawn.into_inner();
    let different: BTreeSet<u16> = drawn.iter().copied().collect();
    assert_eq!((drawn.len(), different.len(), different.first()), (65_535, 65_535, Some(&1)));
    assert!(drawn.windows(2).filter(|two| two[0].abs_diff(two[1]) < 100).count() < 10, "neighbours are taken together");
}

#[test]
fn two_devices_do_not_draw_the_same_numbers_in_step() {
    let first = |id: &str| {
        let mut flipper = Flipper::new(id);
        flipper.wish(true, SECOND);
        let drawn = std::cell::Cell::new(0);
        let refuses = |_: bool, number: u16| {
            drawn.set(number);
            Err::<Script, _>("no".to_owned())
        };
        let facts = Facts { air: &Air::Closed, begun: Some(SECOND), answers: true, hindrance: None, script: &refuses };
        flipper.step(&facts, SECOND);
        drawn.get()
    };
    let numbers: BTreeSet<u16> = (0..200).map(|n| first(&format!("gym-{n}"))).collect();
    assert_eq!(numbers.len(), 200);
}

/// A flipper whose one SET came to this at second 3; and until when silence alarms nobody.
fn after(answer: Result<Answer, Trouble>) -> Flipper {
    let mut flipper = Flipper::new("ap-1");
    flipper.wish(true, SECOND);
    let written = |_: bool, _: u16| Ok(script());
    let facts = Facts { air: &Air::Closed, begun: Some(SECOND), answers: true, hindrance: None, script: &written };
    let needs = flipper.step(&facts, SECOND);
    assert!(matches!(needs.request, Some(Request::Set { .. })), "{needs:?}");
    assert!(!flipper.may_be_silent(2 * SECOND), "nothing was done to it yet");
    flipper.answered(answer, 3 * SECOND);
    flipper
}

#[test]
fn a_device_that_is_to_fall_silent_may_for_as_long_as_its_profile_says() {
    for answer in [Ok(Answer::Set), Err(Trouble::NoAnswer { waited: 2 * SECOND })] {
        let flipper = after(answer);
        assert!(flipper.may_be_silent(3 * SECOND) && flipper.may_be_silent(23 * SECOND - SECOND / 100));
        assert!(!flipper.may_be_silent(23 * SECOND), "and no longer");
    }
    let refused = after(Err(Trouble::Refused { status: crate::trouble::Status::NoAccess, at: None }));
    assert!(!refused.may_be_silent(3 * SECOND), "what was refused was not done");
}

#[test]
fn while_a_pass_is_under_way_nothing_is_settled_whatever_the_last_poll_showed() {
    let mut flipper = after(Ok(Answer::Set));
    let never = |_: bool, _: u16| Err::<Script, _>("not asked for".to_owned());
    let facts = |begun, air| Facts { air, begun: Some(begun), answers: true, hindrance: None, script: &never };
    assert!(!flipper.is_settled(&facts(4 * SECOND, &Air::Open)), "the pass has not looked");
    let needs = flipper.step(&facts(SECOND, &Air::Closed), 4 * SECOND);
    assert_eq!(needs.poll, Some(4 * SECOND), "a look that began after the SET");
    flipper.looked(&Air::Open, 4 * SECOND, 5 * SECOND);
    let needs = flipper.step(&facts(4 * SECOND, &Air::Open), 5 * SECOND);
    assert_eq!((needs.log, needs.request), (vec!["flipped open=true".to_owned()], None));
    assert!(flipper.is_settled(&facts(4 * SECOND, &Air::Open)));
    assert!(!flipper.is_settled(&facts(4 * SECOND, &Air::Closed)));
    assert!(!flipper.is_settled(&Facts { begun: None, ..facts(SECOND, &Air::Open) }), "nobody has looked");
}
