//! What must be read after a flip: how long it is waited for, what is said where something else is read, and whose it is.

use std::collections::BTreeMap;
use std::time::Duration;

use super::carried_out::{is_set, line, oid, reads, refused, script};
use super::pass::{self, Outcome, Pass};
use super::script::{Line, Proof, Script, Want};
use super::sim::{PROFILE, oid as sim_oid, profiles_of};
use super::{Answer, Request};
use crate::trouble::Status;
use crate::value::{Sheet, Value};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_row_that_is_to_be_gone_is_waited_for_until_it_is() {
    let lines = vec![Line { silence: Duration::ZERO, settle: Duration::ZERO, ..line(1) }];
    let proof = Proof { want: Want::Absent, ..script().proofs[0].clone() };
    let mut pass = Pass::new(Script { lines, proofs: vec![proof], ..script() }, false, false, SECOND);
    assert!(is_set(&pass.need(SECOND), 1));
    pass.answered(Ok(Answer::Set), SECOND);
    assert!(matches!(pass.need(SECOND), pass::Need::Ask(Request::Get(_))));
    pass.answered(reads(9, Value::Integer(1)), SECOND);
    assert_eq!(pass.need(SECOND), pass::Need::Wait(4 * SECOND), "it is there");
    assert!(matches!(pass.need(4 * SECOND), pass::Need::Ask(Request::Get(_))));
    pass.answered(reads(9, Value::NoSuchInstance), 4 * SECOND);
    assert_eq!(pass.need(4 * SECOND), pass::Need::Look(4 * SECOND), "it is gone");
}

#[test]
fn a_word_that_does_not_come_is_waited_for_as_long_as_its_profile_says_and_told_as_it_is() {
    // The device answers with nothing where its word should be.
    let nothing = || Ok(Answer::Sheet { sheet: [].into(), faults: Vec::new() });
    let reads_nothing = "check \"committed\" reads nothing at 1.3.6.1.4.1.99999.9";
    let answers = [
        (Ok(Answer::Set), format!("the device answered the SET and did not do it: {reads_nothing}")),
        (refused(Status::InconsistentValue), reads_nothing.to_owned()),
    ];
    for (answer, told) in answers {
        let lines = vec![Line { silence: Duration::ZERO, settle: Duration::ZERO, ..line(1) }];
        let mut pass = Pass::new(Script { lines, ..script() }, true, false, SECOND);
        assert!(is_set(&pass.need(SECOND), 1));
        pass.answered(answer, SECOND);
        // Each 3 s, for 10 s.
        for second in [1, 4, 7, 10, 13] {
            let now = second * SECOND;
            assert_eq!(pass.need(now), pass::Need::Ask(Request::Get(vec![oid(9)])), "at {second} s");
            pass.answered(nothing(), now);
        }
        let over = pass::Need::Over(Outcome::Failed { why: told, doubtful: true });
        assert_eq!(pass.need(13 * SECOND), over);
    }
}

#[test]
fn what_a_check_reads_instead_is_told_as_it_is_read() {
    let shows = |value: Value, text_is_error: bool| {
        let lines = vec![Line { silence: Duration::ZERO, settle: Duration::ZERO, ..line(1) }];
        let proof =
            Proof { want: Want::Numbers(vec![1]), within: Duration::ZERO, text_is_error, ..script().proofs[0].clone() };
        let mut pass = Pass::new(Script { lines, proofs: vec![proof], ..script() }, true, false, SECOND);
        assert!(is_set(&pass.need(SECOND), 1));
        pass.answered(Ok(Answer::Set), SECOND);
        assert!(matches!(pass.need(SECOND), pass::Need::Ask(Request::Get(_))));
        pass.answered(reads(9, value), SECOND);
        match pass.need(SECOND) {
            pass::Need::Over(Outcome::Failed { why, .. }) => why.rsplit("do it: ").next().expect("words").to_owned(),
            need => unreachable!("{need:?}"),
        }
    };
    let text = |text: &str| Value::Octets(text.as_bytes().to_vec());
    assert_eq!(shows(Value::Integer(7), true), "check \"committed\" reads 7");
    assert_eq!(shows(text("vlan 7"), false), "check \"committed\" reads \"vlan 7\"");
    assert_eq!(shows(text("vlan 7"), true), "the device says: vlan 7");
    assert_eq!(shows(text(""), true), "check \"committed\" reads \"\"");
    assert_eq!(shows(Value::Oid(oid(3)), true), "check \"committed\" reads 1.3.6.1.4.1.99999.3");
    assert_eq!(shows(Value::Ip([192, 0, 2, 9].into()), true), "check \"committed\" reads 192.0.2.9");
}

#[test]
fn each_network_is_checked_by_its_own_word_and_the_devices_word_is_read_once() {
    let whole = PROFILE.replace("col = \"wlan.admin\"\neq = \"up\"", "oid = \"1.3.6.1.4.1.99999.9.0\"\neq = 1");
    let cell = |column: u32, row: u32| sim_oid(&format!("1.3.6.1.4.1.99999.1.1.{column}.{row}"));
    let sheet: Sheet =
        [(1, 5), (1, 6)].map(|(column, row)| (cell(column, row), Value::Octets(b"00000JAPAN".to_vec()))).into();
    let proofs = |text: &str| {
        let library = profiles_of(text);
        let script = Script::of(library.get("pretend").map(|it| &**it), &sheet, &BTreeMap::new(), true, 1);
        let proofs = script.expect("two networks are prepared").proofs;
        proofs.into_iter().map(|proof| (proof.row, proof.oid)).collect::<Vec<_>>()
    };
    assert_eq!(proofs(PROFILE), [(Some(0), cell(2, 5)), (Some(1), cell(2, 6))]);
    assert_eq!(proofs(&whole), [(None, sim_oid("1.3.6.1.4.1.99999.9.0"))]);
}
