//! The lever alone: which number is drawn, how long a device may be silent, what a script is written with.

use std::collections::BTreeSet;
use std::time::Duration;

use super::air::Air;
use super::flipping::{Facts, Flipper, RETRY_MAX};
use super::script::{Line, Proof, Saving, SavingPoll, Script, Want};
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

/// One step, and a word of the device that must be empty within 5 s.
fn proven_script() -> Script {
    let proof = Proof {
        name: "committed".to_owned(),
        row: None,
        oid: Oid::new([1, 3, 6, 1, 4, 1, 99_999, 9]).expect("short"),
        want: Want::Octets(Vec::new()),
        within: 5 * SECOND,
        every: SECOND,
        text_is_error: false,
    };
    Script { proofs: vec![proof], ..script() }
}

#[test]
fn what_came_on_the_air_although_nobody_answered_is_settled_and_what_was_not_proven_is_not() {
    let never = |_: bool, _: u16| Err::<Script, _>("not asked for".to_owned());
    let facts = |begun, air| Facts { air, begun: Some(begun), answers: true, hindrance: None, script: &never };
    let mut flipper = after(Err(Trouble::NoAnswer { waited: 2 * SECOND }));
    flipper.looked(&Air::Closed, 30 * SECOND, 30 * SECOND);
    flipper.step(&facts(30 * SECOND, &Air::Closed), 30 * SECOND);
    assert!(flipper.refusal().is_some_and(|why| why.contains("no answer")), "{:?}", flipper.refusal());
    assert!(flipper.is_settled(&facts(31 * SECOND, &Air::Open)), "it was done all the same");
    assert!(!flipper.is_settled(&facts(31 * SECOND, &Air::Closed)));

    // The network's row says that it is open, and the device never said that it will stay so.
    let mut flipper = Flipper::new("ap-1");
    flipper.wish(true, SECOND);
    let written = |_: bool, _: u16| Ok(proven_script());
    let mut now = SECOND;
    while flipper.refusal().is_none() {
        assert!(now < 60 * SECOND, "its time does not end");
        let needs = flipper.step(&Facts { script: &written, ..facts(SECOND, &Air::Closed) }, now);
        match needs.request {
            Some(Request::Set { .. }) => flipper.answered(Ok(Answer::Set), now),
            Some(_) => {
                let sheet = [(proven_script().proofs[0].oid.clone(), Value::Octets(b"busy".to_vec()))].into();
                flipper.answered(Ok(Answer::Sheet { sheet, faults: Vec::new() }), now);
            }
            None => now = flipper.next_wake().unwrap_or(now + SECOND),
        }
    }
    assert!(!flipper.is_settled(&facts(now + SECOND, &Air::Open)), "{:?}", flipper.refusal());
}

fn is_flip(request: Option<&Request>) -> bool {
    matches!(request, Some(Request::Set { binds, .. }) if binds[0].oid == script().lines[0].binds[0].oid)
}

#[test]
fn nothing_is_done_on_what_was_read_before_the_last_set_nor_while_the_device_does_not_answer() {
    let written = |_: bool, _: u16| Ok(script());
    let facts =
        |begun| Facts { air: &Air::Closed, begun: Some(begun), answers: true, hindrance: None, script: &written };
    let mut flipper = after(Err(Trouble::Refused { status: crate::trouble::Status::NoAccess, at: None }));
    let needs = flipper.step(&facts(SECOND), 4 * SECOND);
    assert_eq!((needs.request, needs.poll), (None, Some(4 * SECOND)), "refused: the device is read first");
    let needs = flipper.step(&facts(3 * SECOND), 10 * SECOND);
    assert_eq!((needs.request, needs.poll), (None, Some(4 * SECOND)), "that was read before");
    let needs = flipper.step(&Facts { answers: false, ..facts(5 * SECOND) }, 10 * SECOND);
    assert_eq!((needs.request, needs.poll), (None, Some(4 * SECOND)), "nobody is there");
    let needs = flipper.step(&facts(4 * SECOND), 10 * SECOND);
    assert!(is_flip(needs.request.as_ref()), "what was read since is enough: {needs:?}");
}

/// An opened device whose saving was begun at second 5 and tells how it goes, each 2 s for a minute.
fn saving_device() -> (Flipper, impl Fn(bool, u16) -> Result<Script, String>) {
    let name = |last| Oid::new([1, 3, 6, 1, 4, 1, 99_999, last]).expect("short");
    let written = move |_: bool, _: u16| {
        let poll = SavingPoll { oid: name(10), done: 3, fail: Some(4), within: 60 * SECOND, every: 2 * SECOND };
        let sets = vec![vec![VarBind { oid: name(5), value: Value::Integer(4) }]];
        let save = Saving { sets, timeout: 6 * SECOND, poll: Some(poll), cleanup: Vec::new() };
        Ok(Script { save: Some(save), ..script() })
    };
    let mut flipper = Flipper::new("ap-1");
    flipper.wish(true, SECOND);
    let facts = |begun, air| Facts { air, begun: Some(begun), answers: true, hindrance: None, script: &written };
    assert!(is_flip(flipper.step(&facts(SECOND, &Air::Closed), SECOND).request.as_ref()));
    flipper.answered(Ok(Answer::Set), 3 * SECOND);
    flipper.step(&facts(SECOND, &Air::Closed), 3 * SECOND);
    flipper.looked(&Air::Open, 4 * SECOND, 5 * SECOND);
    let needs = flipper.step(&facts(4 * SECOND, &Air::Open), 5 * SECOND);
    assert!(matches!(&needs.request, Some(Request::Set { binds, .. }) if binds[0].oid == name(5)), "{needs:?}");
    flipper.answered(Ok(Answer::Set), 6 * SECOND);
    assert_eq!(flipper.step(&facts(4 * SECOND, &Air::Open), 6 * SECOND).request, None);
    assert_eq!(flipper.next_wake(), Some(8 * SECOND), "then it is asked how it goes");
    (flipper, written)
}

#[test]
fn a_saving_that_takes_its_time_is_waited_for_while_all_is_as_wanted() {
    let (mut flipper, written) = saving_device();
    let facts = Facts { air: &Air::Open, begun: Some(7 * SECOND), answers: true, hindrance: None, script: &written };
    let needs = flipper.step(&facts, 7 * SECOND);
    assert_eq!((needs.request, flipper.next_wake()), (None, Some(8 * SECOND)), "it is not begun anew");
    assert!(matches!(flipper.step(&facts, 8 * SECOND).request, Some(Request::Get(_))));
}

#[test]
fn a_network_that_somebody_shuts_while_it_is_being_saved_is_opened_at_once() {
    let (mut flipper, written) = saving_device();
    let facts = Facts { air: &Air::Closed, begun: Some(7 * SECOND), answers: true, hindrance: None, script: &written };
    let needs = flipper.step(&facts, 7 * SECOND);
    assert!(is_flip(needs.request.as_ref()), "the saving may take a minute: {needs:?}");
}

#[test]
fn what_may_yet_open_is_shut_although_it_looks_shut() {
    let written = |_: bool, _: u16| Ok(script());
    let facts =
        |begun| Facts { air: &Air::Closed, begun: Some(begun), answers: true, hindrance: None, script: &written };
    // It said yes and did not do it; nobody knows what it is still at.
    let mut flipper = after(Ok(Answer::Set));
    flipper.step(&facts(SECOND), 4 * SECOND);
    flipper.looked(&Air::Closed, 60 * SECOND, 60 * SECOND);
    flipper.step(&facts(60 * SECOND), 60 * SECOND);
    assert!(flipper.refusal().is_some_and(|why| why.contains("did not do it")), "{:?}", flipper.refusal());
    flipper.wish(false, 61 * SECOND);
    assert!(!flipper.is_settled(&facts(61 * SECOND)));
    assert!(is_flip(flipper.step(&facts(61 * SECOND), 61 * SECOND).request.as_ref()), "it is shut by us");
}

#[test]
fn what_cannot_be_seen_and_not_be_opened_either_is_told_as_not_seen() {
    let mut flipper = Flipper::new("ap-1");
    flipper.wish(true, SECOND);
    let unprepared = |_: bool, _: u16| Err::<Script, _>("it is not prepared".to_owned());
    let air = Air::Unknown("table cut short".to_owned());
    let facts = Facts { air: &air, begun: Some(SECOND), answers: true, hindrance: None, script: &unprepared };
    let needs = flipper.step(&facts, SECOND);
    assert_eq!((needs.request, needs.log), (None, Vec::new()));
    assert_eq!(flipper.refusal(), Some("whether it is on the air cannot be seen: table cut short"));
}
