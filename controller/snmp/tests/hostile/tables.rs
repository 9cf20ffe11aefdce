//! Tables that loop, never end, mix themselves up, shrink, or come too slowly: cut, named, and no poll outlasts its time.

use std::sync::atomic::Ordering as Atomic;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hirake_snmp::profile::manners::Ordering;
use hirake_snmp::profile::{Plan, TablePlan};
use hirake_snmp::value::Sheet;

use super::ber::{bind, integer, message, octets, pdu, tlv};
use super::peer::{Asked, Peer, Reply};
use super::*;

const ENTRY: [u32; 10] = [1, 3, 6, 1, 4, 1, 4242, 1, 1, 1];

fn column(number: u32) -> Vec<u32> {
    [&ENTRY[..], &[number]].concat()
}

fn cell(column_number: u32, row: u32) -> Vec<u32> {
    [&ENTRY[..], &[column_number, row]].concat()
}

fn plan(columns: u32, rows_max: usize) -> Plan {
    let columns = (1..=columns).map(|number| Oid::new(column(number)).expect("valid")).collect();
    Plan { get: vec![], tables: vec![TablePlan { name: "t".into(), columns, rows_max, unordered: false }] }
}

/// Rows behind each name of a table that a `next` makes up; past its end what a real agent gives: the next object.
fn behind(asked: &Asked, next: impl Fn(&[u32]) -> (Vec<u32>, Vec<u8>)) -> Vec<Vec<u8>> {
    let mut at = asked.names.clone();
    let mut binds = Vec::new();
    for _ in 0..if asked.tag == 0xa5 { asked.repetitions } else { 1 } {
        for name in &mut at {
            let (found, value) = next(name);
            binds.push(bind(&found, &value));
            *name = found;
        }
    }
    binds
}

/// A table of `columns` × `rows`, as an agent in order walks it; each value is its row.
fn orderly(columns: u32, rows: u32) -> impl Fn(&[u32]) -> (Vec<u32>, Vec<u8>) {
    move |name| {
        let (number, row) = match name.get(ENTRY.len()..) {
            Some([]) | None => (1, 0),
            Some([number]) => (*number, 0),
            Some([number, row, ..]) => (*number, *row),
        };
        match (number, row) {
            (number, row) if number <= columns && row < rows => (cell(number, row + 1), integer(i64::from(row) + 1)),
            (number, _) if number < columns => (cell(number + 1, 1), integer(1)),
            _ => (vec![1, 3, 6, 1, 4, 1, 4243, 0], integer(0)),
        }
    }
}

async fn polled(
    peer: &Peer,
    manners: Manners,
    plan: &Plan,
    deadline: Duration,
) -> (Result<(Sheet, Vec<String>), hirake_snmp::trouble::Trouble>, Duration, Sockets) {
    let sockets = Sockets::open().await.expect("sockets");
    let session = session(&sockets, peer.address, v2c()).await;
    session.set_manners(manners);
    let started = Instant::now();
    let outcome = session.poll(plan, deadline).await;
    (outcome, started.elapsed(), sockets)
}

const LONG: Duration = Duration::from_secs(20);

/// Shows: names that fall stop a table with its rows so far; a platform known for it is read on, each name once.
#[tokio::test]
async fn names_that_do_not_rise_stop_a_table_or_are_tolerated() {
    // Sorted as text: 1, 10, 2, 3.
    let peer = Peer::new(|asked| {
        let next = |name: &[u32]| match name.last() {
            Some(10) if name.len() == ENTRY.len() + 2 => (cell(1, 2), integer(2)),
            Some(2) => (cell(1, 3), integer(3)),
            Some(3) => (vec![1, 3, 6, 1, 4, 1, 4243, 0], integer(0)),
            Some(1) if name.len() == ENTRY.len() + 2 => (cell(1, 10), integer(10)),
            _ => (cell(1, 1), integer(1)),
        };
        vec![Reply::Now(asked.answer(&behind(asked, next)))]
    });
    let (outcome, _, sockets) = polled(&peer, quick(), &plan(1, 100), LONG).await;
    let (sheet, faults) = outcome.expect("rows so far");
    assert_eq!(sheet.len(), 2, "{sheet:?}");
    assert!(faults.len() == 1 && faults[0].contains("table t: names do not rise"), "{faults:?}");
    assert_eq!(sockets.stats().tables_cut, 1);
    let (outcome, _, _) = polled(&peer, Manners { ordering: Ordering::Tolerate, ..quick() }, &plan(1, 100), LONG).await;
    let (sheet, faults) = outcome.expect("all rows");
    assert_eq!((sheet.len(), faults.len()), (4, 0), "{sheet:?} {faults:?}");
}

/// Shows: a loop ends, strictly or tolerantly read; so does a table that answers the asked name itself.
#[tokio::test]
async fn loops_end() {
    let next = |name: &[u32]| {
        let row = if name.len() == ENTRY.len() + 2 { name[ENTRY.len() + 1] % 7 } else { 0 };
        (cell(1, row + 1), integer(1))
    };
    let peer = Peer::new(move |asked| vec![Reply::Now(asked.answer(&behind(asked, next)))]);
    for ordering in [Ordering::Strict, Ordering::Tolerate] {
        let (outcome, took, _) = polled(&peer, Manners { ordering, ..quick() }, &plan(1, 100), LONG).await;
        let (sheet, faults) = outcome.expect("rows so far");
        assert_eq!((sheet.len(), faults.len()), (7, 1), "{ordering:?}: {faults:?}");
        assert!(took < LONG / 2);
    }
    let itself = Peer::new(|asked| {
        let binds: Vec<_> = asked.names.iter().map(|name| bind(name, &integer(1))).collect();
        vec![Reply::Now(asked.answer(&binds))]
    });
    let (outcome, _, _) = polled(&itself, quick(), &plan(2, 100), LONG).await;
    let (sheet, faults) = outcome.expect("an answer");
    assert!(sheet.is_empty() && faults[0].contains("repeats a name"), "{faults:?}");
}

/// Shows: a table without end is cut at its row limit; one of large values where the poll's memory ends.
#[tokio::test]
async fn endless_tables_are_cut() {
    let peer = Peer::new(|asked| vec![Reply::Now(asked.answer(&behind(asked, orderly(3, u32::MAX))))]);
    let (outcome, _, _) = polled(&peer, quick(), &plan(3, 500), LONG).await;
    let (sheet, faults) = outcome.expect("rows so far");
    assert!(sheet.len() <= 1500 && sheet.len() > 1400, "{}", sheet.len());
    assert!(faults.len() == 1 && faults[0].contains("more than 500 rows"), "{faults:?}");

    let large = Peer::new(|asked| {
        let name = &asked.names[0];
        let row = if name.len() == ENTRY.len() + 2 { name[ENTRY.len() + 1] } else { 0 };
        vec![Reply::Now(asked.answer(&[bind(&cell(1, row + 1), &octets(&[0xaa; 60_000]))]))]
    });
    let (outcome, _, _) = polled(&large, quick(), &plan(1, 1_000_000), LONG).await;
    let (sheet, faults) = outcome.expect("rows so far");
    assert!(sheet.len() < 300, "{} rows of 60 kB", sheet.len());
    assert!(faults.iter().any(|fault| fault.contains("16 MB")), "{faults:?}");
}

/// Shows: whatever a device does, a poll ends at its deadline, with what it had.
#[tokio::test]
async fn the_deadline_is_kept_and_what_was_read_is_kept_too() {
    let deadline = Duration::from_millis(900);
    let slow = Peer::new(|asked| {
        let answer = asked.answer(&behind(asked, orderly(1, u32::MAX)));
        vec![Reply::After(Duration::from_millis(60), answer)]
    });
    let manners = Manners { bulk: false, row_limit: 1_000_000, ..quick() };
    let (outcome, took, _) = polled(&slow, manners, &plan(1, 1_000_000), deadline).await;
    let (sheet, faults) = outcome.expect("rows so far");
    assert!(sheet.len() > 2 && faults.len() == 1 && faults[0].contains("too slow"), "{} {faults:?}", sheet.len());
    assert!(took >= deadline && took < deadline * 2, "{took:?}");

    let silent = Peer::new(|_| vec![]);
    let impatient = Manners { timeout: Duration::from_secs(60), ..quick() };
    let (outcome, took, _) = polled(&silent, impatient, &plan(4, 100), deadline).await;
    assert!(outcome.is_err() && took < deadline * 2, "{took:?}");
    let (outcome, took, sockets) = polled(&silent, quick(), &plan(4, 100), LONG).await;
    assert!(outcome.is_err() && took < Duration::from_secs(5), "{took:?}");
    assert!(sockets.stats().timeouts > 0);
}

/// Shows: a device that answers GETBULK with silence or tooBig is asked for less until it answers, and that is remembered.
#[tokio::test]
async fn a_device_that_cannot_do_getbulk_is_asked_for_less_and_that_is_remembered() {
    for too_big in [false, true] {
        let bulks = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&bulks);
        let peer = Peer::new(move |asked| {
            if asked.tag == 0xa5 {
                seen.lock().expect("held").push(asked.repetitions);
                let refusal = message(1, "public", &pdu(0xa2, asked.id, 1, 0, &[]));
                return if too_big { vec![Reply::Now(refusal)] } else { vec![] };
            }
            vec![Reply::Now(asked.answer(&behind(asked, orderly(2, 5))))]
        });
        let sockets = Sockets::open().await.expect("sockets");
        let session = session(&sockets, peer.address, v2c()).await;
        session.set_manners(Manners { timeout: Duration::from_millis(100), ..quick() });
        let (sheet, faults) = session.poll(&plan(2, 100), LONG).await.expect("read in the end");
        assert_eq!((sheet.len(), faults.len()), (10, 0), "{faults:?}");
        assert_eq!(*bulks.lock().expect("held"), [25, 10, 5, 1]);
        session.poll(&plan(2, 100), LONG).await.expect("read");
        assert_eq!(bulks.lock().expect("held").len(), 4, "remembered");
        assert_eq!(sockets.stats().stepped_down, 4);
    }
}

/// Shows: answers shorter than asked for, cut in the middle of a row, or ended by the device's own exceptions lose no row.
#[tokio::test]
async fn short_answers_and_columns_of_different_lengths_lose_nothing() {
    let mut answers = 0;
    let peer = Peer::new(move |asked| {
        answers += 1;
        let mut binds = behind(asked, |name: &[u32]| {
            let (number, row) = (name[ENTRY.len()], name.get(ENTRY.len() + 1).copied().unwrap_or(0));
            let rows = [40, 3, 0, 40][usize::try_from(number - 1).expect("a column")];
            if row < rows { (cell(number, row + 1), integer(1)) } else { (name.to_vec(), tlv(0x82, &[])) }
        });
        binds.truncate(7 + answers % 3);
        vec![Reply::Now(asked.answer(&binds))]
    });
    let (outcome, _, _) = polled(&peer, quick(), &plan(4, 100), LONG).await;
    let (sheet, faults) = outcome.expect("read");
    let of = |number: u32| {
        let root = Oid::new(column(number)).expect("valid");
        sheet.keys().filter(|name| name.is_within(&root)).count()
    };
    assert_eq!([of(1), of(2), of(3), of(4)], [40, 3, 0, 40], "{faults:?}");
    assert_eq!(faults, Vec::<String>::new());
}

/// Shows: columns that change places in an answer are noticed, and the table is read column by column instead.
#[tokio::test]
async fn a_device_that_mixes_columns_up_is_read_column_by_column() {
    let peer = Peer::new(|asked| {
        let mut binds = behind(asked, orderly(3, 12));
        let width = asked.names.len();
        binds.chunks_mut(width).for_each(|row| row.reverse());
        vec![Reply::Now(asked.answer(&binds))]
    });
    let (outcome, _, _) = polled(&peer, quick(), &plan(3, 100), LONG).await;
    let (sheet, faults) = outcome.expect("read");
    assert_eq!(sheet.len(), 36, "{faults:?}");
    assert!(faults.len() == 1 && faults[0].contains("one by one"), "{faults:?}");
}

/// Shows: answers with no varbinds at all, or with thousands nobody asked for, end a table and harm nothing.
#[tokio::test]
async fn answers_with_nothing_or_far_too_much_end_a_table() {
    let empty = Peer::new(|asked| vec![Reply::Now(asked.answer(&[]))]);
    let (outcome, _, _) = polled(&empty, quick(), &plan(2, 100), LONG).await;
    let (sheet, faults) = outcome.expect("an answer");
    assert!(sheet.is_empty() && faults.len() == 1, "{faults:?}");
    let flood = Peer::new(|asked| {
        let far: Vec<_> = (0..1500).map(|row| bind(&cell(1, row + 1), &integer(1))).collect();
        vec![Reply::Now(asked.answer(&far))]
    });
    let (outcome, _, _) = polled(&flood, quick(), &plan(1, 100_000), LONG).await;
    let (sheet, faults) = outcome.expect("an answer");
    assert!(sheet.len() <= 1500 && faults[0].contains("where 25 were asked for"), "{} {faults:?}", sheet.len());
}

/// Shows: what must never be read is neither asked for nor run into from the table before it.
#[tokio::test]
async fn what_must_never_be_read_is_not_run_into() {
    let peer = Peer::new(|asked| {
        let touched = asked.names.iter().any(|name| name.starts_with(&column(2)));
        assert!(asked.tag != 0xa5 && !touched, "{asked:?}");
        vec![Reply::Now(asked.answer(&behind(asked, orderly(1, 3))))]
    });
    let never = Oid::new(column(2)).expect("valid");
    let manners = Manners { never_read: vec![never.clone()], ..quick() };
    let (outcome, _, _) = polled(&peer, manners.clone(), &plan(1, 100), LONG).await;
    assert_eq!(outcome.expect("read").0.len(), 3);
    let before = peer.asked.load(Atomic::Relaxed);
    let sockets = Sockets::open().await.expect("sockets");
    let session = session(&sockets, peer.address, v2c()).await;
    session.set_manners(manners);
    assert!(session.get(&[never.with(&[1]).expect("valid")]).await.is_err());
    assert!(session.get_next(&[never]).await.is_err());
    assert_eq!(peer.asked.load(Atomic::Relaxed), before, "nothing was sent");
}
