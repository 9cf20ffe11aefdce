//! Copies: of one moment while somebody writes, put back with nothing lost, and refused where they are not whole.

use super::super::chain::Wrong;
use super::super::copy::{CopyError, backup, restore, verify};
use super::*;

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_copy_made_while_the_record_grows_is_of_one_moment_and_whole() {
    // Shows: twenty copies beside a writer that never pauses; each has a whole chain, and each batch wholly or not.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    store.write(&Durable { order: Some(order(9)), ..batch(1..=10) }, Some("signed")).await.expect("stored");
    let writing = tokio::spawn(async move {
        for n in 1_u64.. {
            store.write(&batch(n * 10 + 1..=n * 10 + 10), None).await.expect("nobody holds the writer up");
            store.add_counts(&[counts("gym-1", n, 5, 1)]).await.expect("stored");
            tokio::task::yield_now().await;
        }
    });
    let mut last = 0;
    for n in 0..20 {
        let copy = folder.path().join(format!("copy-{n}.db"));
        let holds = backup(&path, &copy).await.expect("copied");
        assert_eq!((holds.order, holds.verdict.wrong), (Some(9), 0));
        let head = holds.verdict.ends.head.number;
        assert!(head % 10 == 0 && head >= last, "{head} after {last}");
        assert_eq!(verify(&copy, Some(holds.verdict.ends.head.hash)).await.expect("read").known, Some(head));
        last = head;
    }
    writing.abort();
    assert!(last > 10, "the record grew meanwhile");
    assert!(files(folder.path()).iter().all(|name| !name.contains(".part")), "{:?}", files(folder.path()));
}

#[tokio::test]
async fn a_copy_writes_over_nothing_and_leaves_nothing_behind_where_it_fails() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    closed(open(&path).await).await;
    let there = folder.path().join("there");
    std::fs::write(&there, b"somebody's").expect("written");
    assert!(matches!(backup(&path, &there).await, Err(CopyError::Exists(_))));
    assert_eq!(std::fs::read(&there).expect("there"), b"somebody's");
    let before = files(folder.path());
    assert!(backup(&folder.path().join("nowhere.db"), &folder.path().join("copy")).await.is_err());
    assert!(backup(&there, &folder.path().join("copy")).await.is_err());
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn a_copy_for_which_there_is_no_room_is_refused_and_cleared_away() {
    let (folder, small) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let Some(disk) = SmallDisk::mount(small.path()) else { return };
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    store.write(&batch(1..=5_000), None).await.expect("stored");
    let error = backup(&path, &disk.0.join("copy")).await.expect_err("no room");
    assert!(error.to_string().contains("full"), "{error}");
    assert_eq!(files(&disk.0), [""; 0]);
}

#[tokio::test]
async fn a_copy_put_back_keeps_what_it_replaces_and_gives_no_number_twice() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, copy) = (folder.path().join("town.db"), folder.path().join("copy.db"));
    let store = open(&path).await;
    store.write(&Durable { order: Some(order(5)), ..batch(1..=20) }, Some("signed 5")).await.expect("stored");
    backup(&path, &copy).await.expect("copied");
    store.write(&Durable { order: Some(order(8)), ..batch(21..=50) }, Some("signed 8")).await.expect("stored");
    let late = store.head().await.expect("read");
    let in_use = restore(&path, &copy, 1_000).await.expect_err("a controller is at work");
    assert!(in_use.to_string().contains("another program is at work"), "{in_use}");
    closed(store).await;
    let restored = restore(&path, &copy, 1_000).await.expect("put back");
    let replaced = restored.replaced.expect("something stood there");
    let kept = verify(&replaced, Some(late.hash)).await.expect("read");
    assert_eq!((kept.wrong, kept.known, kept.chained), (0, Some(50), 50));

    let store = open(&path).await;
    let (found, signed) = store.remembered().await.expect("read");
    assert_eq!((found.last_entry, signed.as_deref()), (51, Some("signed 5")));
    let newest = store.entries(None, 1).await.expect("read").remove(0);
    assert_eq!((newest.seq, newest.kind.as_str(), newest.at_ms), (51, "store-restored", 1_000));
    let field = |name: &str| newest.fields.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone());
    assert_eq!(field("replaced-hash"), Some(late.hash.to_string()));
    assert_eq!(field("number").as_deref(), Some("20"));
    store.write(&batch(52..=53), None).await.expect("stored");
    assert_eq!(looked(&store, None).await.wrong, 0);
}

#[tokio::test]
async fn a_copy_that_is_damaged_or_changed_is_not_put_back_and_nothing_is_touched() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, copy) = (folder.path().join("town.db"), folder.path().join("copy.db"));
    let store = open(&path).await;
    store.write(&batch(1..=500), None).await.expect("stored");
    backup(&path, &copy).await.expect("copied");
    closed(store).await;
    let whole = std::fs::read(&copy).expect("a copy");
    let mut hand = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&copy)).await.expect("opened");
    sqlx::query("DELETE FROM entries WHERE id = 77").execute(&mut hand).await.expect("removed");
    hand.close().await.expect("closed");
    match restore(&path, &copy, 0).await {
        Err(CopyError::RecordWrong { verdict, file }) => {
            assert_eq!(verdict.findings[0].wrong, Wrong::RemovedBefore(77));
            assert!(file.ends_with("copy.db"), "{file}");
        }
        other => assert!(matches!(other, Err(CopyError::RecordWrong { .. }))),
    }
    let mut torn = whole.clone();
    let middle = torn.len() / 4096 / 2 * 4096;
    torn[middle..middle + 4096].fill(0xa5);
    for bad in [torn, whole[..whole.len() / 2].to_vec(), b"no database".repeat(500), Vec::new()] {
        std::fs::write(&copy, &bad).expect("written");
        restore(&path, &copy, 0).await.expect_err("not whole");
    }
    let left = files(folder.path());
    assert!(left.iter().all(|name| !name.contains("restoring") && !name.contains("replaced")), "{left:?}");
    assert_eq!(open(&path).await.remembered().await.expect("read").0.last_entry, 500);
}

#[tokio::test]
async fn a_copy_is_put_back_where_the_store_is_damaged_or_gone() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, copy) = (folder.path().join("town.db"), folder.path().join("copy.db"));
    let store = open(&path).await;
    store.write(&batch(1..=5), None).await.expect("stored");
    backup(&path, &copy).await.expect("copied");
    closed(store).await;
    std::fs::write(&path, b"rubbish").expect("damaged");
    let replaced = restore(&path, &copy, 7).await.expect("put back").replaced.expect("kept");
    assert!(std::fs::read(replaced).expect("kept") == b"rubbish");
    std::fs::remove_file(&path).expect("gone");
    assert_eq!(restore(&path, &copy, 8).await.expect("put back").replaced, None);
    assert_eq!(open(&path).await.remembered().await.expect("read").0.last_entry, 6);
}
