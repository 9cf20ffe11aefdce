//! Passes and savings step by step: what the stories' device never does (commits of its own, jobs that are polled).

use std::time::Duration;

use super::air::Air;
use super::pass::{self, Outcome, Pass};
use super::saving::{self, Job};
use super::script::{Line, Proof, Saving, SavingPoll, Script, Want};
use super::{Answer, Request};
use crate::oid::Oid;
use crate::trouble::{Status, Trouble};
use crate::value::{Value, VarBind};

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn oid(last: u32) -> Oid {
    Oid::new([1, 3, 6, 1, 4, 1, 99_999, last]).expect("short")
}

fn bind(last: u32, value: i32) -> VarBind {
    VarBind { oid: oid(last), value: Value::Integer(value) }
}

pub(super) fn reads(last: u32, value: Value) -> Result<Answer, Trouble> {
    Ok(Answer::Sheet { sheet: [(oid(last), value)].into(), faults: Vec::new() })
}

pub(super) fn refused(status: Status) -> Result<Answer, Trouble> {
    Err(Trouble::Refused { status, at: None })
}

fn silence() -> Result<Answer, Trouble> {
    Err(Trouble::NoAnswer { waited: 6 * SECOND })
}

pub(super) fn line(last: u32) -> Line {
    Line {
        name: format!("step {last}"),
        row: Some(0),
        unless: Vec::new(),
        binds: vec![bind(last, 1)],
        timeout: 6 * SECOND,
        accept: vec![Status::InconsistentValue],
        settle: 2 * SECOND,
        silence: 20 * SECOND,
        once: false,
    }
}

/// Two steps, and a word of the device that must be empty (as WiNG's commit has it).
pub(super) fn script() -> Script {
    let proof = Proof {
        name: "committed".to_owned(),
        row: None,
        oid: oid(9),
        want: Want::Octets(Vec::new()),
        within: 10 * SECOND,
        every: 3 * SECOND,
        text_is_error: true,
    };
    Script { lines: vec![line(1), line(2)], proofs: vec![proof], save: None, rows: 1 }
}

pub(super) fn is_set(need: &pass::Need, last: u32) -> bool {
    matches!(need, pass::Need::Ask(Request::Set { binds, .. }) if binds == &[bind(last, 1)])
}

/// Carries out both steps and says when the first proof is to be read.
fn both_steps(pass: &mut Pass) -> Duration {
    assert!(is_set(&pass.need(SECOND), 1));
    pass.answered(Ok(Answer::Set), SECOND);
    assert_eq!(pass.need(SECOND), pass::Need::Wait(3 * SECOND), "it settles first");
    assert!(is_set(&pass.need(3 * SECOND), 2));
    // It says that it is so already.
    pass.answered(refused(Status::InconsistentValue), 4 * SECOND);
    4 * SECOND
}

#[test]
fn steps_settle_proofs_are_awaited_and_then_the_network_is_looked_at() {
    let mut pass = Pass::new(script(), true, false, SECOND);
    let now = both_steps(&mut pass);
    assert_eq!(pass.need(now), pass::Need::Ask(Request::Get(vec![oid(9)])));
    pass.answered(reads(9, Value::Octets(b"busy".to_vec())), now);
    assert_eq!(pass.need(now), pass::Need::Wait(now + 3 * SECOND));
    let now = now + 3 * SECOND;
    assert!(matches!(pass.need(now), pass::Need::Ask(_)));
    pass.answered(reads(9, Value::Octets(Vec::new())), now);
    assert_eq!(pass.need(now), pass::Need::Look(now));
    // A poll that began before the last SET proves nothing.
    pass.looked(&Air::Open, now - SECOND, now);
    assert_eq!(pass.need(now), pass::Need::Look(now));
    pass.looked(&Air::Open, now, now + SECOND);
    assert_eq!(pass.need(now + SECOND), pass::Need::Over(Outcome::Done));
}

#[test]
fn the_devices_own_word_is_the_reason() {
    let mut pass = Pass::new(script(), true, false, SECOND);
    let mut now = both_steps(&mut pass);
    let why = loop {
        match pass.need(now) {
            pass::Need::Ask(_) => pass.answered(reads(9, Value::Octets(b"vlan 7 is unknown\n".to_vec())), now),
            pass::Need::Wait(until) => now = until,
            pass::Need::Over(Outcome::Failed { why, doubtful: true }) => break why,
            need => unreachable!("{need:?}"),
        }
        assert!(now < 60 * SECOND, "the proof's time does not end");
    };
    assert!(why.contains("the device says: vlan 7 is unknown\\n"), "{why}");
}

#[test]
fn after_silence_no_step_is_sent_any_more_and_a_device_that_may_be_silent_is_given_its_time() {
    let mut pass = Pass::new(script(), true, false, SECOND);
    assert!(is_set(&pass.need(SECOND), 1));
    pass.answered(silence(), 7 * SECOND);
    assert_eq!(pass.silence_until(), 27 * SECOND);
    let mut now = 7 * SECOND;
    let why = loop {
        match pass.need(now) {
            pass::Need::Look(since) => {
                now = since.max(now) + SECOND;
                pass.looked(&Air::Unknown("no answer".to_owned()), now - SECOND, now);
            }
            pass::Need::Over(Outcome::Failed { why, .. }) => break why,
            need => unreachable!("{need:?}"),
        }
    };
    assert!(now >= 27 * SECOND + pass::LOST_WITHIN, "{now:?}");
    assert!(why.contains("step \"step 1\": no answer within 6.0 s"), "{why}");
}

fn saving() -> Saving {
    let poll = SavingPoll { oid: oid(10), done: 3, fail: Some(4), within: 60 * SECOND, every: 2 * SECOND };
    Saving { sets: vec![vec![bind(5, 4)]], timeout: 6 * SECOND, poll: Some(poll), cleanup: vec![bind(5, 6)] }
}

/// Runs a saving whose job reads as these, one after the other, the last for ever.
fn saved(answer: Result<Answer, Trouble>, states: &[i32]) -> (Result<(), String>, Vec<i32>, Duration) {
    let (mut job, mut now, mut sent, mut states) = (Job::new(saving()), SECOND, Vec::new(), states.iter().peekable());
    let mut answer = Some(answer);
    loop {
        match job.need(now) {
            saving::Need::Ask(Request::Set { binds, .. }) => {
                sent.extend(binds.iter().filter_map(|bind| bind.value.number()).map(|number| number as i32));
                job.answered(answer.take().unwrap_or(Ok(Answer::Set)), now);
            }
            saving::Need::Ask(_) => {
                let state = if states.len() > 1 { states.next() } else { states.peek().copied() };
                job.answered(reads(10, Value::Integer(*state.expect("one"))), now);
            }
            saving::Need::Wait(until) => now = until,
            saving::Need::Over(outcome) => return (outcome, sent, now - SECOND),
        }
    }
}

#[test]
fn a_saving_is_awaited_and_tidied_up_whatever_comes_of_it() {
    let (outcome, sent, took) = saved(Ok(Answer::Set), &[1, 2, 2, 3]);
    assert_eq!((outcome, sent, took), (Ok(()), vec![4, 6], 8 * SECOND));
    let (outcome, sent, _) = saved(Ok(Answer::Set), &[2, 4]);
    assert_eq!((outcome, sent), (Err("the device says that it could not save".to_owned()), vec![4, 6]));
    let (outcome, _, took) = saved(Ok(Answer::Set), &[2]);
    assert!(outcome.is_err_and(|why| why.contains("within 60 s: 2")));
    assert!(took <= 63 * SECOND, "{took:?}");
    // Silence is not a no: the job is asked how it went.
    assert_eq!(saved(silence(), &[3]).0, Ok(()));
    let (outcome, sent, _) = saved(refused(Status::NoAccess), &[3]);
    assert!(outcome.is_err_and(|why| why.contains("noAccess")));
    assert_eq!(sent, [4, 6]);
}

#[test]
fn a_saving_of_several_steps_is_done_in_order_and_tidied_up_although_nothing_tells_how_it_went() {
    let several = Saving { sets: vec![vec![bind(5, 4)], vec![bind(6, 1)], vec![bind(7, 2)]], poll: None, ..saving() };
    let outcome = |job: &mut Job, refuses: u32| {
        let mut sent = Vec::new();
        loop {
            match job.need(SECOND) {
                saving::Need::Ask(Request::Set { binds, .. }) => {
                    let refused = binds[0].oid == oid(refuses);
                    sent.extend(binds);
                    let no = Err(Trouble::Refused { status: Status::CommitFailed, at: None });
                    job.answered(if refused { no } else { Ok(Answer::Set) }, SECOND);
                }
                saving::Need::Over(outcome) => return (outcome.is_ok(), sent),
                need => unreachable!("{need:?}"),
            }
        }
    };
    let all = vec![bind(5, 4), bind(6, 1), bind(7, 2), bind(5, 6)];
    assert_eq!(outcome(&mut Job::new(several.clone()), 99), (true, all));
    let half = vec![bind(5, 4), bind(6, 1), bind(5, 6)];
    assert_eq!(outcome(&mut Job::new(several), 6), (false, half), "what is refused is not gone on with");
}

#[test]
fn what_came_on_the_air_after_silence_is_proven_like_anything_else() {
    let mut pass = Pass::new(script(), true, false, SECOND);
    assert!(is_set(&pass.need(SECOND), 1));
    pass.answered(silence(), 7 * SECOND);
    assert_eq!(pass.need(7 * SECOND), pass::Need::Look(7 * SECOND));
    pass.looked(&Air::Open, 8 * SECOND, 9 * SECOND);
    assert_eq!(pass.need(9 * SECOND), pass::Need::Ask(Request::Get(vec![oid(9)])));
    pass.answered(reads(9, Value::Octets(Vec::new())), 10 * SECOND);
    assert_eq!(pass.need(10 * SECOND), pass::Need::Look(10 * SECOND));
    pass.looked(&Air::Open, 10 * SECOND, 11 * SECOND);
    assert_eq!(pass.need(11 * SECOND), pass::Need::Over(Outcome::Done));
}

/// Steps that nothing has to prove, the network's own row aside.
fn bare(lines: Vec<Line>, rows: usize) -> Script {
    Script { lines, proofs: Vec::new(), save: None, rows }
}

/// Carries out everything with this answer and says what is needed then.
fn all_answered(pass: &mut Pass, answer: &Result<Answer, Trouble>, now: Duration) -> (pass::Need, Duration) {
    let mut now = now;
    loop {
        match pass.need(now) {
            pass::Need::Ask(_) => pass.answered(answer.clone(), now),
            pass::Need::Wait(until) => now = until,
            need => return (need, now),
        }
    }
}

#[test]
fn a_network_that_does_not_come_is_looked_for_each_second_for_a_quarter_of_a_minute() {
    let answers = [
        (Ok(Answer::Set), "the device answered the SET and did not do it: 00000JAPAN is not on the air"),
        (refused(Status::InconsistentValue), "every step says that it is done already, and yet 00000JAPAN is not"),
    ];
    for (answer, word) in answers {
        let lines = [line(1), line(2)].map(|line| Line { silence: Duration::ZERO, ..line });
        let mut pass = Pass::new(bare(lines.into(), 1), true, false, SECOND);
        let (need, began) = all_answered(&mut pass, &answer, SECOND);
        assert_eq!(need, pass::Need::Look(began));
        for second in 0..15 {
            let now = began + second * SECOND;
            pass.looked(&Air::Closed, now, now);
            assert_eq!(pass.need(now), pass::Need::Look(now + SECOND), "each second");
        }
        let end = began + 15 * SECOND;
        pass.looked(&Air::Closed, end, end);
        let pass::Need::Over(Outcome::Failed { why, doubtful: false }) = pass.need(end) else {
            unreachable!("its time is over: {pass:?}")
        };
        assert!(why.contains(word), "{why}");
    }
}

#[test]
fn of_a_network_that_refuses_a_step_no_later_step_is_sent_and_the_others_are_done() {
    let of = |last, row| Line { row: Some(row), settle: Duration::ZERO, ..line(last) };
    let mut pass = Pass::new(bare(vec![of(1, 0), of(2, 1), of(3, 0), of(4, 1)], 2), true, false, SECOND);
    assert!(is_set(&pass.need(SECOND), 1));
    pass.answered(refused(Status::NoAccess), SECOND);
    assert!(is_set(&pass.need(SECOND), 2));
    pass.answered(Ok(Answer::Set), SECOND);
    assert!(is_set(&pass.need(SECOND), 4), "not the second step of the first network");
    pass.answered(Ok(Answer::Set), SECOND);
    assert_eq!(pass.need(SECOND), pass::Need::Look(SECOND));
    pass.looked(&Air::Open, SECOND, 2 * SECOND);
    let need = pass.need(2 * SECOND);
    let partly = "partly done: 1 of 2 networks refused: step \"step 1\"";
    assert!(matches!(&need, pass::Need::Over(Outcome::Failed { why, .. }) if why.contains(partly)), "{need:?}");
}

#[test]
fn a_step_that_is_done_already_is_left_out_unless_the_other_way_was_under_way() {
    let want = || vec![(oid(8), Want::Numbers(vec![1]))];
    let first = |pass: &mut Pass| pass.need(SECOND);
    let asks = pass::Need::Ask(Request::Get(vec![oid(8)]));
    // (once, the other way was under way): whether it is asked first.
    for (once, undoes, asked) in [(false, false, true), (false, true, false), (true, true, true), (true, false, true)] {
        let steps = vec![Line { unless: want(), once, ..line(1) }];
        let mut pass = Pass::new(bare(steps, 1), true, undoes, SECOND);
        assert_eq!(first(&mut pass) == asks, asked, "once={once} undoes={undoes}");
        if asked {
            pass.answered(reads(8, Value::Integer(1)), SECOND);
            assert_eq!(pass.need(SECOND), pass::Need::Look(SECOND), "it is so");
            let mut pass = Pass::new(bare(vec![Line { unless: want(), once, ..line(1) }], 1), true, undoes, SECOND);
            first(&mut pass);
            pass.answered(reads(8, Value::Integer(2)), SECOND);
            assert!(is_set(&pass.need(SECOND), 1), "it is not so");
        }
    }
}
