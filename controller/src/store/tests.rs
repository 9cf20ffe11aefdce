//! The archive on real files: what comes back, what is stored once, and what a bad disk does.

mod chain;
mod copy;
mod damage;

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, NetworkCounts, Order, SoFar};

use super::*;
use crate::core::key::KeyMemory;
use crate::core::{Activation, Durable, Entry, KeyPosition, Kind, Remembered, Source};

fn order(number: u64) -> Order {
    Order {
        v: 1,
        town: "shiomi".parse().expect("valid"),
        number,
        issued_at_ms: 1_000,
        controller: None,
        facilities: std::collections::BTreeMap::new(),
        activations: Vec::new(),
    }
}

fn activation(id: u64, source: Source) -> Activation {
    Activation {
        id,
        boot: String::new(),
        source,
        mode: Mode::Drill,
        facilities: ["gym".parse().expect("valid"), "hall".parse().expect("valid")].into(),
        since_ms: -5,
        until_ms: Some(77),
        why: "訓練 \"quoted\"\nsecond line".to_owned(),
    }
}

fn entry(seq: u64) -> Entry {
    Entry {
        seq,
        at_ms: 10 * i64::try_from(seq).expect("small"),
        kind: Kind::Ordered,
        drill: seq.is_multiple_of(2),
        fields: vec![("number", seq.to_string()), ("why", "鍵".to_owned())],
    }
}

fn batch(entries: std::ops::RangeInclusive<u64>) -> Durable {
    Durable { entries: entries.map(entry).collect(), ..Durable::default() }
}

fn counts(ap: &str, seq: u64, at_ms: i64, stations: u32) -> Counts {
    Counts {
        v: 1,
        ap: ap.parse().expect("valid"),
        boot: "b1".to_owned(),
        seq,
        at_ms,
        interval_s: 30,
        age_ms: None,
        at_unsure: false,
        samples: 1,
        waiting: 0,
        mode: Mode::Disaster,
        networks: vec![NetworkCounts {
            interface: "wlan0jp".to_owned(),
            ssid: "00000JAPAN".to_owned(),
            stations,
            joins: 2,
            leaves: 1,
            so_far: None,
        }],
    }
}

async fn open(path: &std::path::Path) -> Store {
    let store = Store::open(path).await.expect("opened");
    store.remembered().await.expect("read");
    store
}

/// Closes everything, so that the file is whole by itself.
async fn closed(store: Store) {
    let file = store.file().expect("open");
    let path = store.0.path.clone();
    drop(store);
    file.readers.close().await;
    // The last to go writes the log into the file.
    if let Some(writer) = file.writer.lock().await.take() {
        writer.connection.close().await.expect("closed");
    }
    // Whoever still looks through the file on the side, or was forked by a test beside this one, lets go of it soon.
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while let Err(held) = super::aside::lock(&path) {
        assert!(std::time::Instant::now() < until, "{held}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The whole record looked through.
async fn looked(store: &Store, known: Option<super::chain::Hash>) -> super::chain::Verdict {
    let file = store.file().expect("open");
    let mut connection = file.readers.acquire().await.expect("a reader");
    super::chain::verify(&mut connection, known).await.expect("read")
}

async fn numbers(store: &Store) -> Vec<u64> {
    store.entries(None, 1_000).await.expect("read").iter().map(|entry| entry.seq).collect()
}

#[tokio::test]
async fn what_was_stored_comes_back_after_a_restart() {
    // Shows that orders (with the signed text), activations, the key and the last numbers survive, exactly.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let what = Durable {
        order: Some(order(41)),
        activations: vec![activation(3, Source::Key(None)), activation(8, Source::Operator("佐藤: ops".to_owned()))],
        entries: vec![entry(1), entry(2)],
        key: KeyMemory { position: Some((KeyPosition::Disaster, 99)), isolated: Some("broken".to_owned()) },
    };
    let store = open(&path).await;
    assert_eq!(store.remembered().await.expect("read"), (Remembered::default(), None));
    store.write(&Durable { order: Some(order(40)), ..Durable::default() }, Some("older")).await.expect("stored");
    store.write(&what, Some("signed 41")).await.expect("stored");
    drop(store);

    let (found, signed) = open(&path).await.remembered().await.expect("read");
    assert_eq!(signed.as_deref(), Some("signed 41"));
    assert_eq!(found.order, what.order);
    assert_eq!(found.activations, what.activations);
    assert_eq!(found.key, what.key);
    assert_eq!((found.last_activation, found.last_entry), (8, 2));
}

#[tokio::test]
async fn the_number_of_an_activation_that_came_and_went_is_not_given_again() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("town.db")).await;
    let opened = Entry { kind: Kind::Opened, fields: vec![("id", "12".to_owned())], ..entry(1) };
    store.write(&Durable { entries: vec![opened], ..Durable::default() }, None).await.expect("stored");
    store.write(&Durable::default(), None).await.expect("stored");
    assert_eq!(store.remembered().await.expect("read").0.last_activation, 12);
}

#[tokio::test]
async fn an_entry_offered_twice_is_there_once() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("town.db")).await;
    store.write(&batch(1..=3), None).await.expect("stored");
    store.write(&batch(2..=5), None).await.expect("stored");
    assert_eq!(numbers(&store).await, [5, 4, 3, 2, 1]);
    let page = store.entries(Some(4), 2).await.expect("read");
    assert_eq!(page.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2]);
    let third = page.first().expect("two");
    assert_eq!((third.at_ms, third.kind.as_str(), third.drill), (30, "ordered", false));
    assert_eq!(third.fields, [("number".to_owned(), "3".to_owned()), ("why".to_owned(), "鍵".to_owned())]);
}

#[tokio::test]
async fn entries_of_a_controller_that_started_without_its_memory_are_added_to_the_old_ones() {
    // Shows that entries numbered from 1 again (the file was out of reach at the start) replace nothing.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    open(&path).await.write(&batch(1..=3), None).await.expect("stored");
    let later = open(&path).await;
    later.write(&batch(1..=2), None).await.expect("stored");
    later.write(&batch(1..=2), None).await.expect("stored again");
    assert_eq!(numbers(&later).await, [5, 4, 3, 2, 1]);
    assert_eq!(later.remembered().await.expect("read").0.last_entry, 5);
}

#[tokio::test]
async fn nothing_is_written_over_what_has_not_been_read() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("town.db")).await.expect("opened");
    assert!(store.write(&batch(1..=1), None).await.is_err());
    store.remembered().await.expect("read");
    store.write(&batch(1..=1), None).await.expect("stored");
}

#[tokio::test]
async fn a_sample_is_stored_once_however_often_it_comes() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let samples = [counts("gym-1", 1, 100, 5), counts("gym-2", 1, 100, 7), counts("gym-1", 2, 130, 6)];
    let store = open(&path).await;
    store.add_counts(&samples).await.expect("stored");
    store.add_counts(&samples).await.expect("stored");
    drop(store);
    let store = open(&path).await;
    store.add_counts(&samples).await.expect("stored");
    let rows = store.counts(None, 0, 1_000, 100).await.expect("read");
    let told: Vec<_> = rows.iter().map(|row| (row.at_ms, row.ap.as_str(), row.stations)).collect();
    assert_eq!(told, [(100, "gym-1", 5), (100, "gym-2", 7), (130, "gym-1", 6)]);
    let first = rows.first().expect("three");
    assert_eq!((first.mode.as_str(), first.joins, first.leaves), ("disaster", 2, 1));
    assert_eq!((first.ssid.as_str(), first.interface.as_str()), ("00000JAPAN", "wlan0jp"));
    assert_eq!(store.counts(Some("gym-2"), 0, 1_000, 100).await.expect("read").len(), 1);
    assert_eq!(store.counts(None, 100, 130, 100).await.expect("read").len(), 2, "[from, to)");
    assert_eq!(store.counts(None, 0, 1_000, 1).await.expect("read").len(), 1);
}

#[tokio::test]
async fn a_series_sums_the_last_gauge_of_each_network() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("town.db")).await;
    let samples = [
        counts("gym-1", 1, 1_000, 5),
        counts("gym-1", 2, 1_030, 6),
        counts("gym-2", 1, 1_010, 10),
        counts("gym-1", 3, 1_250, 9),
    ];
    store.add_counts(&samples).await.expect("stored");
    assert_eq!(store.series(1_000, 2_000, 100).await.expect("read"), [(1_000, 16), (1_200, 9)]);
}

#[tokio::test]
async fn ten_thousand_samples_are_stored_in_one_go() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("town.db")).await;
    let samples: Vec<Counts> = (0..10_000).map(|ap| counts(&format!("ap-{ap}"), 1, 5, 1)).collect();
    for some in samples.chunks(333) {
        store.add_counts(some).await.expect("stored");
    }
    assert_eq!(store.series(0, 10, 10).await.expect("read"), [(0, 10_000)]);
}

#[tokio::test]
async fn a_store_that_comes_late_is_found() {
    // Shows that a folder which is not there yet (a disk that is mounted late) only delays the store.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("late").join("town.db");
    let store = Store::start(&path);
    assert!(store.tried().await.is_err());
    assert!(store.entries(None, 1).await.is_err());
    std::fs::create_dir(folder.path().join("late")).expect("made");
    tokio::time::timeout(Duration::from_secs(30), store.opened()).await.expect("tried again");
    store.remembered().await.expect("read");
    store.write(&batch(1..=1), None).await.expect("stored");
}

#[tokio::test]
async fn a_batch_for_which_there_is_no_room_is_refused_as_a_whole() {
    // Shows: a batch that does not fit leaves nothing behind, and the same batch is stored when there is room.
    let folder = tempfile::tempdir().expect("folder");
    let store = open(&folder.path().join("town.db")).await;
    store.write(&batch(1..=1), None).await.expect("stored");
    let file = store.file().expect("open");
    let (mut place, mut writer) = file.writer().await.expect("open");
    // Holds for this connection alone; the next one has room.
    sqlx::query("PRAGMA max_page_count = 1").execute(&mut writer.connection).await.expect("no room");
    *place = Some(writer);
    drop(place);
    let big = Durable { order: Some(order(2)), ..batch(2..=5_000) };
    let error = store.write(&big, None).await.expect_err("full");
    assert!(error.why.contains("full"), "{error}");
    assert_eq!(numbers(&store).await, [1], "nothing of it is there");
    assert!(store.remembered().await.expect("read").0.order.is_none());
    store.write(&big, None).await.expect("stored");
    assert_eq!(store.remembered().await.expect("read").0.last_entry, 5_000);
}

#[tokio::test]
async fn a_full_disk_is_told_at_once_and_nothing_is_lost_when_it_is_emptied() {
    // Shows it on a real file system of 768 kB that another file fills to the last byte.
    let folder = tempfile::tempdir().expect("folder");
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let store = open(&disk.0.join("town.db")).await;
    store.write(&batch(1..=1), None).await.expect("stored");
    let filler = disk.0.join("filler");
    let _ = std::fs::write(&filler, vec![b'x'; 1 << 20]);
    let big = batch(2..=2_000);
    let begun = std::time::Instant::now();
    store.write(&big, None).await.expect_err("full");
    store.add_counts(&[counts("gym-1", 1, 1, 1)]).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    std::fs::remove_file(&filler).expect("emptied");
    let mut stored = store.write(&big, None).await;
    for _ in 0..100 {
        if stored.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stored = store.write(&big, None).await;
    }
    stored.expect("stored again");
    assert_eq!(numbers(&store).await.len(), 1_000, "a page of them");
    assert_eq!(store.remembered().await.expect("read").0.last_entry, 2_000);
}

/// A tmpfs; taken down when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this user may not mount; that is said loudly.
    fn mount(at: &Path) -> Option<Self> {
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=768k", "none"])
            .arg(at)
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("SKIPPED: a small disk cannot be mounted here (needs root); 1 test says nothing about it");
            return None;
        }
        Some(Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_file_that_is_taken_away_is_made_again() {
    // Shows that entries are not written for ever into a file that no longer has a name.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    store.write(&batch(1..=1), None).await.expect("stored");
    std::fs::remove_file(&path).expect("taken away");
    let made = async {
        while !path.exists() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), made).await.expect("noticed");
    store.opened().await;
    store.write(&batch(2..=2), None).await.expect("stored");
    assert_eq!(numbers(&store).await, [2]);
}

#[tokio::test]
async fn a_writer_elsewhere_is_waited_for_and_not_for_ever() {
    // Shows that somebody's open transaction (a backup, a hand with sqlite3) costs at most two seconds, and no batch.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.expect("opened");
    let held = other.begin_with("BEGIN IMMEDIATE").await.expect("held");
    let begun = std::time::Instant::now();
    assert!(store.write(&batch(1..=1), None).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    held.rollback().await.expect("let go");
    store.write(&batch(1..=1), None).await.expect("stored");
}

#[tokio::test]
async fn a_sample_that_comes_again_with_another_time_is_the_same_sample() {
    // Its time may have been corrected since; a hole in the numbers is filled when it comes late.
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("store.sqlite")).await.expect("open");
    store.add_counts(&[counts("gym-1", 1, 30_000, 4), counts("gym-1", 4, 120_000, 4)]).await.expect("stored");
    store.add_counts(&[counts("gym-1", 1, 5_030_000, 4), counts("gym-1", 2, 60_000, 4)]).await.expect("stored");
    store.add_counts(&[counts("gym-1", 4, 1, 4), counts("gym-1", 3, 90_000, 4)]).await.expect("stored");
    store.add_counts(&[counts("gym-1", 3, 2, 4), counts("gym-1", 5, 150_000, 4)]).await.expect("stored");
    let rows = store.counts(None, 0, i64::MAX, 100).await.expect("read");
    let times: Vec<i64> = rows.iter().map(|row| row.at_ms).collect();
    assert_eq!(times, [30_000, 60_000, 90_000, 120_000, 150_000]);
}

/// One that summarises so many numbers; what came together by its end is said.
fn summary(seq: u64, samples: u32, (joins, leaves): (u32, u32), (all_joins, all_leaves): (u32, u32)) -> Counts {
    let mut summary = counts("gym-1", seq, 30_000 * i64::try_from(seq).expect("small"), 4);
    (summary.samples, summary.interval_s) = (samples, 30 * samples);
    let row = &mut summary.networks[0];
    (row.joins, row.leaves, row.so_far) = (joins, leaves, Some(SoFar { joins: all_joins, leaves: all_leaves }));
    summary
}

#[tokio::test]
async fn a_summary_brings_what_is_not_here_and_a_number_by_itself_that_went_within_one_brings_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let rows = async |store: &Store| -> Vec<(i64, u32, u32, u32)> {
        let rows = store.counts(None, 0, i64::MAX, 100).await.expect("read");
        rows.iter().map(|row| (row.at_ms / 30_000, row.samples, row.joins, row.leaves)).collect()
    };
    // The third was sent; the power went; it comes again within four, under whose last number another is here already.
    store.add_counts(&[summary(1, 1, (2, 0), (2, 0)), summary(3, 1, (4, 1), (9, 2))]).await.expect("stored");
    store.add_counts(&[summary(4, 4, (11, 7), (11, 7)), summary(3, 3, (9, 2), (9, 2))]).await.expect("stored");
    let after = [(1, 1, 2, 0), (3, 1, 4, 1), (4, 2, 5, 6)];
    assert_eq!(rows(&store).await, after, "two numbers were new in it, and what came in them");
    assert_eq!(runs(&path).await, [("gym-1".to_owned(), 1)]);
    // It is known over a restart, and also to one that overlaps with it, or holds nothing new.
    closed(store).await;
    let store = open(&path).await;
    store.add_counts(&[summary(2, 1, (3, 1), (5, 1)), summary(6, 3, (20, 5), (29, 12))]).await.expect("stored");
    assert_eq!(rows(&store).await[3..], [(6, 2, 18, 5)]);
    let all = rows(&store).await;
    let sum = all.iter().fold((0, 0, 0), |sum, row| (sum.0 + row.1, sum.1 + row.2, sum.2 + row.3));
    assert_eq!(sum, (6, 29, 12), "each number once, and everybody who came and went");
    // Its last number is here and one before it is not: what is new stands under the one that is new.
    store.add_counts(&[summary(9, 1, (1, 0), (33, 12)), summary(9, 3, (4, 0), (33, 12))]).await.expect("stored");
    assert_eq!(rows(&store).await[4..], [(8, 2, 3, 0), (9, 1, 1, 0)], "at its own time");
}

#[tokio::test]
async fn in_whatever_shapes_and_batches_the_numbers_come_the_file_has_each_of_them_once() {
    const NUMBERS: u64 = 12;
    let mut chance = 1_u64;
    let mut below = |most: u64| {
        // A linear congruential generator (Knuth's MMIX): another history in each town, the same in each run.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % most
    };
    let folder = tempfile::tempdir().expect("folder");
    for town in 0..24 {
        let path = folder.path().join(format!("town-{town}.db"));
        let mut store = open(&path).await;
        let truth: Vec<u32> = (0..NUMBERS).map(|_| u32::try_from(below(4)).expect("small")).collect();
        let came = |numbers: std::ops::RangeInclusive<u64>| -> u32 {
            numbers.map(|number| truth[usize::try_from(number - 1).expect("small")]).sum()
        };
        let mut here = std::collections::BTreeSet::new();
        for _ in 0..6 {
            let mut batch = Vec::new();
            for _ in 0..=below(3) {
                let (one, other) = (1 + below(NUMBERS), 1 + below(NUMBERS));
                let (first, last) = (one.min(other), one.max(other));
                let (joins, all) = (came(first..=last), came(1..=last));
                batch.push(summary(last, u32::try_from(last - first + 1).expect("small"), (joins, 0), (all, 0)));
                here.extend(first..=last);
            }
            store.add_counts(&batch).await.expect("stored");
            if below(3) == 0 {
                closed(store).await;
                store = open(&path).await;
            }
            let rows = store.counts(None, 0, i64::MAX, 100).await.expect("read");
            let sums = rows
                .iter()
                .fold((0, 0, 0), |sum, row| (sum.0 + row.samples, sum.1 + row.joins, sum.2 + row.interval_s));
            let joins = here.iter().map(|number| came(*number..=*number)).sum();
            let numbers = u32::try_from(here.len()).expect("small");
            assert_eq!(sums, (numbers, joins, 30 * numbers), "town {town}: {here:?}, {batch:?}");
        }
    }
}

#[tokio::test]
async fn a_summary_that_an_older_controller_stored_is_not_stored_again() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    closed(open(&path).await).await;
    let mut connection = SqliteConnection::connect(path.to_str().expect("UTF-8")).await.expect("opened");
    // As it was before there were sums.
    sqlx::query("INSERT INTO arrived (ap, boot, first, last, at_ms) VALUES ('gym-1', 'b1', 30, 30, 1900000000000)")
        .execute(&mut connection)
        .await
        .expect("written");
    connection.close().await.expect("closed");
    let store = open(&path).await;
    store.add_counts(&[summary(30, 30, (60, 30), (60, 30)), summary(31, 1, (2, 1), (62, 31))]).await.expect("stored");
    let rows = store.counts(None, 0, i64::MAX, 100).await.expect("read");
    assert_eq!(rows.iter().map(|row| row.joins).collect::<Vec<_>>(), [0, 2]);
}

#[tokio::test]
async fn an_ap_that_covers_a_thousand_pieces_at_once_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let odd: Vec<Counts> = (0..1_000).map(|n| summary(2 * n + 1, 1, (1, 0), (1, 0))).collect();
    store.add_counts(&odd).await.expect("stored");
    let before = store.counts(None, 0, i64::MAX, 10_000).await.expect("read").len();
    let pill = summary(2_000, 2_000, (9, 9), (9, 9));
    store.add_counts(&[pill, counts("gym-2", 1, 30_000, 4)]).await.expect("stored");
    assert_eq!(store.counts(None, 0, i64::MAX, 10_000).await.expect("read").len(), before + 1, "the other's alone");
    assert_eq!(runs(&path).await, [("gym-1".to_owned(), 1_000), ("gym-2".to_owned(), 1)]);
    // So many as one can have sent in pieces are taken.
    store.add_counts(&[summary(127, 127, (70, 9), (70, 9))]).await.expect("stored");
    assert_eq!(runs(&path).await, [("gym-1".to_owned(), 937), ("gym-2".to_owned(), 1)]);
    let mut connection = SqliteConnection::connect(path.to_str().expect("UTF-8")).await.expect("opened");
    let sums: i64 = sqlx::query_scalar("SELECT count(*) FROM sums").fetch_one(&mut connection).await.expect("read");
    assert_eq!(sums, 937, "what is known of a run goes with it");
}

#[tokio::test]
async fn what_one_run_took_in_is_forgotten_no_sooner_than_the_newest_of_it() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let begins = super::keep::EARLIEST_MS;
    let of = |seq, at_ms| Counts { at_ms, ..summary(seq, 1, (1, 0), (1, 0)) };
    store.add_counts(&[of(1, begins + 1), of(3, begins + 9_000), of(2, begins + 5)]).await.expect("stored");
    let mut connection = SqliteConnection::connect(path.to_str().expect("UTF-8")).await.expect("opened");
    let times: Vec<(i64, i64, i64)> =
        sqlx::query_as("SELECT first, last, at_ms FROM arrived").fetch_all(&mut connection).await.expect("read");
    assert_eq!(times, [(1, 3, begins + 9_000)]);
}

/// How many runs of numbers are known of each AP.
async fn runs(path: &std::path::Path) -> Vec<(String, i64)> {
    let mut connection = SqliteConnection::connect(path.to_str().expect("UTF-8")).await.expect("opened");
    sqlx::query_as("SELECT ap, count(*) FROM arrived GROUP BY ap ORDER BY ap")
        .fetch_all(&mut connection)
        .await
        .expect("read")
}

#[tokio::test]
async fn what_arrived_is_forgotten_with_the_counts_themselves_and_no_sooner() {
    // Shows: years of starts leave no more than those whose counts are kept; a sample of a run that is known still is
    // stored once; one whose run was forgotten is as old as what was deleted, and goes the same way.
    const DAY: i64 = 86_400_000;
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let begins = super::keep::EARLIEST_MS;
    let of = |start: i64, seq: u64| Counts {
        boot: format!("start-{start}"),
        ..counts("gym-1", seq, begins + start * DAY + 30_000 * i64::try_from(seq).expect("small"), 1)
    };
    let all: Vec<Counts> = (0..1_000).flat_map(|start| [of(start, 1), of(start, 2)]).collect();
    store.add_counts(&all).await.expect("stored");
    assert_eq!(runs(&path).await, [("gym-1".to_owned(), 1_000)]);
    let older = begins + 600 * DAY;
    let delete = async || {
        let mut step =
            store.delete_some(super::keep::What::Counts, older, begins + 1_000 * DAY, None).await.expect("deleted");
        while step.more {
            step = store
                .delete_some(super::keep::What::Counts, older, begins + 1_000 * DAY, step.deletion)
                .await
                .expect("deleted");
        }
    };
    delete().await;
    assert_eq!(runs(&path).await, [("gym-1".to_owned(), 400)]);
    let rows = async || store.counts(None, 0, i64::MAX, 10_000).await.expect("read").len();
    assert_eq!(rows().await, 800);
    store.add_counts(&[of(600, 1), of(999, 2), of(3, 2)]).await.expect("stored");
    assert_eq!(rows().await, 801, "the old one comes as if it were new");
    delete().await;
    assert_eq!((rows().await, runs(&path).await), (800, vec![("gym-1".to_owned(), 400)]));
}

#[tokio::test]
async fn an_ap_that_invents_starts_has_its_share_of_the_file_and_no_more() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    closed(open(&path).await).await;
    let mut connection = SqliteConnection::connect(path.to_str().expect("UTF-8")).await.expect("opened");
    sqlx::query(
        "INSERT INTO arrived (ap, boot, first, last, at_ms)
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 19999)
         SELECT 'gym-1', 'invented-' || n, 1, 1, 1800000000000 + n FROM n",
    )
    .execute(&mut connection)
    .await
    .expect("written");
    connection.close().await.expect("closed");
    let store = open(&path).await;
    let of = |ap: &str, boot: &str, seq| Counts { boot: boot.to_owned(), ..counts(ap, seq, 1_900_000_000_000, 1) };
    store
        .add_counts(&[of("gym-1", "a", 1), of("gym-1", "b", 1), of("gym-1", "a", 2), of("gym-2", "b", 1)])
        .await
        .expect("stored");
    let rows = store.counts(None, 0, i64::MAX, 10).await.expect("read");
    let named: Vec<_> = rows.iter().map(|row| row.ap.as_str()).collect();
    assert_eq!(named, ["gym-1", "gym-1", "gym-1", "gym-2"], "all are taken");
    assert_eq!(runs(&path).await, [("gym-1".to_owned(), 19_001), ("gym-2".to_owned(), 1)]);
    // The oldest are not known any more, the others are.
    store.add_counts(&[of("gym-1", "invented-1000", 1), of("gym-1", "invented-1001", 1)]).await.expect("stored");
    assert_eq!(runs(&path).await[0], ("gym-1".to_owned(), 19_002));
}

#[tokio::test]
async fn a_summarised_sample_stands_in_every_point_of_the_chart_it_reaches_over() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(&folder.path().join("store.sqlite")).await.expect("open");
    let long = Counts { samples: 120, interval_s: 3_600, ..counts("gym-1", 120, 3_600_000, 9) };
    store.add_counts(&[long, counts("gym-2", 1, 1_000_000, 2)]).await.expect("stored");
    let points = store.series(0, 4_500_000, 900_000).await.expect("read");
    assert_eq!(points, [(0, 9), (900_000, 11), (1_800_000, 9), (2_700_000, 9), (3_600_000, 9)]);
}
