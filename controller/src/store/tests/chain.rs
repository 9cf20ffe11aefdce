//! The record's chain on real files: every way to tamper with a line is found and named; honest gaps are not.

use super::super::chain::{Finding, Hash, Line, Verdict, Wrong};
use super::*;

/// A record of ten entries; the handle is closed.
async fn ten(path: &Path) -> Link {
    let store = open(path).await;
    store.write(&batch(1..=4), None).await.expect("stored");
    store.write(&batch(3..=10), None).await.expect("stored");
    store.head().await.expect("read")
}

async fn by_hand(path: &Path, statements: &[&'static str]) {
    let mut hand = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.expect("opened");
    for statement in statements {
        sqlx::query(*statement).execute(&mut hand).await.expect("done");
    }
    hand.close().await.expect("closed");
}

async fn verified(path: &Path, known: Option<Hash>) -> Verdict {
    looked(&Store::open(path).await.expect("opened"), known).await
}

fn places(verdict: &Verdict) -> Vec<(u64, Wrong)> {
    verdict.findings.iter().map(|Finding { number, wrong, .. }| (*number, *wrong)).collect()
}

#[tokio::test]
async fn an_untouched_record_is_whole_and_ends_where_the_paper_says() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let head = ten(&path).await;
    assert_eq!(head.number, 10);
    let verdict = verified(&path, Some(head.hash)).await;
    assert_eq!((verdict.chained, verdict.older, verdict.wrong), (10, 0, 0));
    assert_eq!((verdict.ends.head, verdict.known, verdict.newest_at_ms), (head, Some(10), Some(100)));
    // Later entries change nothing of what was written down.
    open(&path).await.write(&batch(1..=5), None).await.expect("stored");
    let verdict = verified(&path, Some(head.hash)).await;
    assert_eq!((verdict.chained, verdict.wrong, verdict.known), (15, 0, Some(10)));
}

#[tokio::test]
async fn numbers_that_were_never_stored_are_no_gap_in_the_chain() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    store.write(&batch(1..=2), None).await.expect("stored");
    store.write(&batch(7..=9), None).await.expect("stored");
    let verdict = looked(&store, None).await;
    assert_eq!((verdict.chained, verdict.wrong), (5, 0));
}

#[tokio::test]
async fn every_way_to_tamper_with_the_record_is_found_and_named() {
    const EXCHANGE: [&str; 3] = [
        "UPDATE entries SET id = 99 WHERE id = 4",
        "UPDATE entries SET id = 4 WHERE id = 7",
        "UPDATE entries SET id = 7 WHERE id = 99",
    ];
    type Way = (&'static [&'static str], &'static [(u64, Wrong)]);
    let ways: [Way; 12] = [
        (&["UPDATE entries SET fields = replace(fields, '鍵', '錠') WHERE id = 5"], &[(5, Wrong::Changed)]),
        (&["UPDATE entries SET at_ms = at_ms + 1 WHERE id = 1"], &[(1, Wrong::Changed)]),
        (&["UPDATE entries SET drill = 1 - drill WHERE id = 10"], &[(10, Wrong::Changed)]),
        (&["UPDATE entries SET kind = 'closed' WHERE id = 6"], &[(6, Wrong::Changed)]),
        // No text at all any more.
        (&["UPDATE entries SET fields = CAST(x'ff' AS TEXT) WHERE id = 6"], &[(6, Wrong::Changed)]),
        (
            &["UPDATE entries SET hash = zeroblob(32) WHERE id = 6"],
            &[(6, Wrong::Changed), (7, Wrong::RemovedBefore(6))],
        ),
        (&["DELETE FROM entries WHERE id = 5"], &[(6, Wrong::RemovedBefore(5))]),
        (&["DELETE FROM entries WHERE id = 1"], &[(2, Wrong::RemovedBefore(1))]),
        (&["DELETE FROM entries WHERE id >= 9"], &[(8, Wrong::RemovedAfter)]),
        (&["DELETE FROM entries"], &[(0, Wrong::RemovedAfter)]),
        (
            &["INSERT INTO entries SELECT 11, 'x', 1, 105, kind, drill, fields, NULL, NULL FROM entries WHERE id = 10"],
            &[(11, Wrong::Inserted)],
        ),
        (&EXCHANGE, &[(4, Wrong::Changed), (7, Wrong::Changed)]),
    ];
    for (statements, expected) in ways {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.db");
        ten(&path).await;
        by_hand(&path, statements).await;
        let verdict = verified(&path, None).await;
        let found = places(&verdict);
        assert!(expected.iter().all(|one| found.contains(one)), "{statements:?}: {found:?}");
        assert!(found.len() <= expected.len() + 2, "and not much else: {statements:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_line_written_in_with_a_hash_of_its_own_is_named() {
    // Whoever writes it in knows how the hash is made; the line after it was hashed by somebody who never saw it.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    store.write(&batch(1..=4), None).await.expect("stored");
    store.write(&batch(6..=9), None).await.expect("stored");
    drop(store);
    let mut hand = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.expect("opened");
    let before: Vec<u8> =
        sqlx::query_scalar("SELECT hash FROM entries WHERE id = 4").fetch_one(&mut hand).await.expect("there");
    let line = Line { number: 5, run: "x", seq: 1, at_ms: 45, kind: "opened", drill: false, fields: "[]" };
    let hash = line.hash(Hash::read(&before).expect("32 bytes"));
    sqlx::query("INSERT INTO entries VALUES (5, 'x', 1, 45, 'opened', 0, '[]', ?, ?)")
        .bind(&before)
        .bind(hash.bytes())
        .execute(&mut hand)
        .await
        .expect("written in");
    hand.close().await.expect("closed");
    assert_eq!(places(&verified(&path, None).await), [(5, Wrong::Inserted)]);
}

#[tokio::test]
async fn a_chain_reckoned_anew_is_whole_and_does_not_hold_the_hash_on_paper() {
    // Somebody who may write the file and knows how: only the paper finds him.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let head = ten(&path).await;
    let other = folder.path().join("other.db");
    let store = open(&other).await;
    let mut forged = batch(1..=10);
    forged.entries.remove(4);
    store.write(&forged, None).await.expect("stored");
    drop(store);
    let verdict = verified(&other, Some(head.hash)).await;
    assert_eq!((verdict.wrong, verdict.known), (0, None));
}

#[tokio::test]
async fn a_record_from_before_the_chain_is_taken_over_and_the_chain_begins_after_it() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let mut old = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path).create_if_missing(true))
        .await
        .expect("made");
    let mut first = sqlx::migrate!("./migrations");
    first.migrations.to_mut().truncate(1);
    first.run_direct(None, &mut old, false).await.expect("as it was");
    sqlx::query("INSERT INTO entries VALUES (1, 'a', 1, 10, 'started', 0, '[]'), (2, 'a', 2, 20, 'opened', 0, '[]')")
        .execute(&mut old)
        .await
        .expect("filled");
    old.close().await.expect("closed");
    let store = open(&path).await;
    assert_eq!(store.remembered().await.expect("read").0.last_entry, 2);
    store.write(&batch(3..=5), None).await.expect("stored");
    let verdict = looked(&store, None).await;
    assert_eq!((verdict.older, verdict.chained, verdict.wrong, verdict.ends.base.number), (2, 3, 0, 2));
}
