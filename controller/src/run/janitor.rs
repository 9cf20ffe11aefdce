//! The janitor: what is older than it is to be kept goes, a little at a time, and the record is told; and whether the
//! record is as it was written is looked at, just as slowly.

use std::collections::HashSet;
use std::time::Duration;

use firmware_config::wire::WallMs;
use tokio::sync::mpsc;

use super::clock::Clock;
use crate::api::times::iso;
use crate::core::{Deleted, Event, Kind};
use crate::store::chain::Finding;
use crate::store::keep::{Deletion, Keep, What};
use crate::store::{Store, StoreError};

/// After the start: there are better things to do.
const FIRST: Duration = Duration::from_secs(300);
const EVERY: Duration = Duration::from_secs(3600);
/// The whole record is walked after the start, and then each so many rounds: once a day.
const WALK_EACH: u32 = 24;
/// Between two steps, so that whoever writes the record waits for one step at most.
const PAUSE: Duration = Duration::from_millis(100);
const DAY_MS: WallMs = 86_400_000;

/// Works until the controller stops.
pub(super) async fn work(store: Store, keep: Keep, clock: Clock, events: mpsc::Sender<Event>) {
    let mut told = HashSet::new();
    tokio::time::sleep(FIRST).await;
    let mut next_walk = 0;
    for n in 0_u32.. {
        if n >= next_walk {
            match walk(&store, &events).await {
                Ok(()) => next_walk = n.saturating_add(WALK_EACH),
                Err(error) => tracing::warn!(%error, "the record was not looked through; tried again in an hour"),
            }
        }
        if let Err(error) = round(&store, keep, clock.now().wall_ms, &events, &mut told).await {
            tracing::warn!(%error, "what is too old was not deleted; tried again in an hour");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Walks the record. Each place that is not as it was written is told once, over all starts: the record itself says which
/// were.
async fn walk(store: &Store, events: &mpsc::Sender<Event>) -> Result<(), StoreError> {
    let verdict = store.walk_record(PAUSE).await?;
    if verdict.wrong == 0 {
        tracing::info!(entries = verdict.chained, "the record was looked through and is as it was written");
        return Ok(());
    }
    tracing::error!(
        places = verdict.wrong,
        "the record is NOT as it was written; `hirake record verify` names the places"
    );
    let told = store.told_altered().await?;
    for Finding { number, at_ms, wrong } in verdict.findings {
        let what = wrong.as_str();
        if !told.contains(&(number.to_string(), what.to_owned())) {
            let _ = events.send(Event::RecordAltered { number, what, at: at_ms.map(iso) }).await;
        }
    }
    Ok(())
}

/// One round. A clock that is ahead of everything that was ever stored deletes nothing that is not old by that.
async fn round(
    store: &Store,
    keep: Keep,
    wall_ms: WallMs,
    events: &mpsc::Sender<Event>,
    told: &mut HashSet<i64>,
) -> Result<(), StoreError> {
    if let Some(vouched_ms) = store.vouched_ms().await? {
        let now_ms = wall_ms.min(vouched_ms);
        // Sketches are counts too, and kept as long.
        let counts = Some(keep.counts_days);
        let days = [(What::Counts, counts), (What::Sketches, counts), (What::Record, keep.record_days)];
        for (what, days) in days.into_iter().filter_map(|(what, days)| Some((what, days?))) {
            let older_ms = now_ms.saturating_sub(WallMs::from(days).saturating_mul(DAY_MS));
            let mut deletion = None;
            let gone = loop {
                let step = store.delete_some(what, older_ms, now_ms, deletion).await?;
                deletion = step.deletion;
                if !step.more {
                    break deletion;
                }
                tokio::time::sleep(PAUSE).await;
            };
            if gone.is_some() {
                store.empty_log().await?;
            }
        }
    }
    // Also those of a round that was cut off, by an error or by a power cut.
    for deletion in store.untold_deletions().await? {
        if told.insert(deletion.id) {
            let _ = events.send(Event::Deleted(in_words(&deletion))).await;
        }
    }
    Ok(())
}

fn in_words(it: &Deletion) -> Deleted {
    Deleted {
        id: it.id,
        kind: match it.what {
            What::Counts => Kind::CountsDeleted,
            What::Sketches => Kind::SketchesDeleted,
            What::Record => Kind::RecordDeleted,
        },
        rows: it.rows,
        from: iso(it.from_ms),
        to: iso(it.to_ms),
        last: it.last.map(|last| (last.number, last.hash.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use firmware_config::mode::Mode;
    use firmware_config::sketch::Sketch;
    use firmware_config::wire::{Counts, NetworkCounts, Period};
    use sqlx::Connection;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

    use super::*;
    use crate::core::distinct::KeptSketch;
    use crate::core::trim::place;
    use crate::core::{Activation, Durable, Entry, Source};
    use crate::store::chain::Link;
    use crate::store::copy::verify;

    /// 2026-11-22T14:32:04+09:00.
    const NOW: WallMs = 1_795_325_524_000;

    fn sample(seq: u64, at_ms: WallMs) -> Counts {
        let network = NetworkCounts {
            interface: "wlan0jp".to_owned(),
            ssid: "00000JAPAN".to_owned(),
            stations: 3,
            joins: 1,
            leaves: 1,
            so_far: None,
        };
        let (ap, boot) = ("gym-1".parse().expect("valid"), "b".to_owned());
        Counts {
            v: 1,
            ap,
            boot,
            seq,
            at_ms,
            interval_s: 30,
            age_ms: None,
            at_unsure: false,
            samples: 1,
            waiting: 0,
            mode: Mode::Normal,
            networks: vec![network],
        }
    }

    fn entries(numbers: std::ops::RangeInclusive<u64>, at_ms: impl Fn(u64) -> WallMs) -> Durable {
        let entry = |seq| {
            let fields = vec![("by", format!("operator:someone-{seq}")), ("why", "x".repeat(50))];
            Entry { seq, at_ms: at_ms(seq), kind: Kind::Closed, drill: false, fields }
        };
        Durable { entries: numbers.map(entry).collect(), ..Durable::default() }
    }

    async fn open(path: &std::path::Path) -> Store {
        let store = Store::open(path).await.expect("opened");
        store.remembered().await.expect("read");
        store
    }

    /// One round; what it had to tell.
    async fn worked(store: &Store, keep: Keep, wall_ms: WallMs) -> Vec<Deleted> {
        let (events, mut told) = mpsc::channel(16);
        round(store, keep, wall_ms, &events, &mut HashSet::new()).await.expect("a round");
        drop(events);
        let mut all = Vec::new();
        while let Some(Event::Deleted(deleted)) = told.recv().await {
            all.push(deleted);
        }
        all
    }

    /// A walk along the record; what it had to tell.
    async fn walked(store: &Store) -> Vec<(u64, &'static str)> {
        let (events, mut told) = mpsc::channel(64);
        walk(store, &events).await.expect("a walk");
        drop(events);
        let mut all = Vec::new();
        while let Some(Event::RecordAltered { number, what, at }) = told.recv().await {
            assert_eq!(at, Some(iso(NOW)), "entry {number}");
            all.push((number, what));
        }
        all
    }

    async fn by_hand(path: &std::path::Path, statement: &'static str) {
        let mut hand =
            SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.expect("opened");
        sqlx::query(statement).execute(&mut hand).await.expect("done");
        hand.close().await.expect("closed");
    }

    async fn counted(store: &Store) -> Vec<WallMs> {
        store.counts(None, WallMs::MIN, WallMs::MAX, 10_000).await.expect("read").iter().map(|row| row.at_ms).collect()
    }

    #[tokio::test]
    async fn what_is_too_old_goes_and_the_record_can_tell_what_went() {
        // 3,500 samples, one an hour, kept for 100 days: 2,400 stay (and the one of the very moment).
        let folder = tempfile::tempdir().expect("folder");
        let store = open(&folder.path().join("town.db")).await;
        let hour = |n: u64| NOW - 3_600_000 * WallMs::try_from(n).expect("small");
        let all: Vec<Counts> = (0..3_500).map(|n| sample(n, hour(n))).collect();
        store.add_counts(&all).await.expect("stored");
        let keep = Keep { counts_days: 100, record_days: None };
        let told = worked(&store, keep, NOW).await;
        let left = counted(&store).await;
        assert_eq!((left.len(), left.first(), left.last()), (2_401, Some(&hour(2_400)), Some(&hour(0))));
        let expected = Deleted {
            id: 1,
            kind: Kind::CountsDeleted,
            rows: 1_099,
            from: iso(hour(3_499)),
            to: iso(hour(2_401)),
            last: None,
        };
        assert_eq!(told.first(), Some(&expected));
        // Cut off before the record could tell: told again by the next round, until the entry is stored.
        assert_eq!(worked(&store, keep, NOW).await, [expected]);
        let mut said = entries(1..=1, |_| NOW);
        said.entries[0].kind = Kind::CountsDeleted;
        said.entries[0].fields = vec![("deletion", "1".to_owned())];
        store.write(&said, None).await.expect("stored");
        assert_eq!(worked(&store, keep, NOW).await, []);
    }

    #[tokio::test]
    async fn sketches_of_activations_of_long_ago_go_and_the_record_can_tell_what_went() {
        // More of them than go in one step; those of a young activation stay.
        let folder = tempfile::tempdir().expect("folder");
        let store = open(&folder.path().join("town.db")).await;
        let (old, young) = (NOW - 101 * DAY_MS, NOW - 99 * DAY_MS);
        let opened = |id, since_ms| Activation {
            id,
            boot: String::new(),
            source: Source::Key(None),
            mode: Mode::Disaster,
            facilities: BTreeSet::new(),
            since_ms,
            until_ms: None,
            why: String::new(),
        };
        let both = vec![opened(1, old), opened(2, young)];
        store.write(&Durable { activations: both, ..Durable::default() }, None).await.expect("stored");
        store.write(&Durable::default(), None).await.expect("ended");
        let of = |activation, since_ms, ap: u32| KeptSketch {
            period: Period { activation, since_ms },
            ap: format!("gym-{ap}").parse().expect("valid"),
            facility: "gym".parse().expect("valid"),
            registers: Sketch::default(),
        };
        let all: Vec<_> = (0..1_100).map(|ap| of(1, old, ap)).chain([of(2, young, 0)]).collect();
        assert_eq!(store.add_sketches(&all).await, Ok(1_101));
        store.add_counts(&[sample(1, NOW)]).await.expect("stored");
        let keep = Keep { counts_days: 100, record_days: None };
        let (from, to, kind) = (iso(old), iso(old), Kind::SketchesDeleted);
        let expected = Deleted { id: 1, kind, rows: 1_100, from, to, last: None };
        assert_eq!(worked(&store, keep, NOW).await, std::slice::from_ref(&expected));
        assert_eq!(store.sketches(0, WallMs::MAX).await.expect("read").len(), 1);
        // Told again until the entry is stored, and not after.
        assert_eq!(worked(&store, keep, NOW).await, [expected]);
        let mut said = entries(1..=1, |_| NOW);
        said.entries[0].kind = kind;
        said.entries[0].fields = vec![("deletion", "1".to_owned())];
        store.write(&said, None).await.expect("stored");
        assert_eq!(worked(&store, keep, NOW).await, []);
    }

    #[tokio::test]
    async fn the_beginning_of_the_record_goes_and_what_is_left_is_a_whole_chain() {
        // Shows also that the bytes are gone from the file, and that an entry whose clock was wrong goes with its
        // neighbours: neither sooner nor never.
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.db");
        let store = open(&path).await;
        let day = |n: u64| NOW - DAY_MS * (1_500 - WallMs::try_from(n).expect("small"));
        let at = |n| match n {
            500 => 0,
            600 => NOW + 400 * DAY_MS,
            1_450 => 0,
            _ => day(n).max(1_767_225_600_000),
        };
        store.write(&entries(1..=1_500, at), None).await.expect("stored");
        drop(store);
        let store = open(&path).await;
        let head = store.head().await.expect("read");
        let keep = Keep { record_days: Some(100), ..Keep::default() };
        let told = worked(&store, keep, NOW).await;
        let (number, hash) = told.first().and_then(|it| it.last.clone()).expect("told");
        assert_eq!((told.len(), told[0].rows, number), (1, 1_399, 1_399));
        let left = store.entries(None, 2_000).await.expect("read");
        assert_eq!((left.len(), left.last().map(|entry| entry.seq)), (101, Some(1_400)));
        let verdict = verify(&path, Some(head.hash)).await.expect("read");
        assert_eq!((verdict.wrong, verdict.chained, verdict.known), (0, 101, Some(1_500)));
        let Link { number: base, hash: base_hash } = verdict.ends.base;
        assert_eq!((base, base_hash.to_string()), (number, hash), "the chain goes on from what the record will tell");
        // The numbers go on, and so do the names of those whose time is not up.
        store.write(&entries(1_501..=1_501, |_| NOW), None).await.expect("stored");
        let copy = folder.path().join("copy.db");
        crate::store::copy::backup(&path, &copy).await.expect("copied");
        let files = [path, folder.path().join("town.db-wal"), copy];
        let bytes = files.map(|file| std::fs::read(&file).expect("a file")).concat();
        let holds = |text: &[u8]| bytes.windows(text.len()).any(|part| part == text);
        assert!(holds(b"someone-1450") && !holds(b"someone-77\""), "deleted is gone");
        assert_eq!(walked(&store).await, [], "what went because its time was up is not missing");
    }

    #[tokio::test]
    async fn a_line_that_was_changed_is_told_of_once_over_all_starts_and_the_record_goes_on() {
        // More entries than go by in one step. Nothing is told of a record that is whole, also while it grows.
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.db");
        let store = open(&path).await;
        for some in [1..=2_000, 2_001..=4_500] {
            store.write(&entries(some, |_| NOW), None).await.expect("stored");
        }
        let writing = store.clone();
        let written = tokio::spawn(async move { writing.write(&entries(4_501..=4_600, |_| NOW), None).await });
        assert_eq!(walked(&store).await, []);
        written.await.expect("ended").expect("stored");
        drop(store);

        by_hand(&path, "UPDATE entries SET fields = replace(fields, 'someone-4200', 'nobody') WHERE id = 4200").await;
        let told = |number: u64, at: u64| {
            let mut said = entries(number..=number, |_| NOW);
            said.entries[0].kind = Kind::RecordAltered;
            said.entries[0].fields = vec![("number", at.to_string()), ("what", "entry-changed".to_owned())];
            said
        };
        let store = open(&path).await;
        assert_eq!(walked(&store).await, [(4_200, "entry-changed")]);
        assert_eq!(walked(&store).await, [(4_200, "entry-changed")], "until the entry is stored");
        store.write(&told(4_601, 4_200), None).await.expect("stored");
        assert_eq!(walked(&store).await, []);
        drop(store);

        by_hand(&path, "UPDATE entries SET kind = 'opened' WHERE id = 7").await;
        let store = open(&path).await;
        assert_eq!(walked(&store).await, [(7, "entry-changed")], "and the other is not told again after a start");
        store.write(&told(4_602, 7), None).await.expect("stored");
        assert_eq!(walked(&store).await, []);
        assert_eq!(store.head().await.expect("read").number, 4_602);
    }

    #[tokio::test]
    async fn a_clock_that_is_ahead_deletes_nothing_and_one_in_1970_neither() {
        let folder = tempfile::tempdir().expect("folder");
        let store = open(&folder.path().join("town.db")).await;
        let samples: Vec<Counts> = (0..100).map(|n| sample(n, NOW - 3_600_000 * n as WallMs)).collect();
        store.add_counts(&samples).await.expect("stored");
        // The controller's own entries say what its clock says: they vouch for nothing.
        store.write(&entries(1..=10, |_| NOW + 4_000 * DAY_MS), None).await.expect("stored");
        let keep = Keep { counts_days: 30, record_days: Some(30) };
        for wall_ms in [NOW + 4_000 * DAY_MS, 0, -DAY_MS, NOW] {
            assert_eq!(worked(&store, keep, wall_ms).await, []);
        }
        assert_eq!(counted(&store).await.len(), 100);
    }

    #[tokio::test]
    async fn a_controller_in_2038_does_not_vouch_for_itself_however_often_it_starts() {
        // Live samples of APs whose clocks are right, taken by a controller whose clock is not: they get its time.
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.db");
        let keep = Keep { counts_days: 400, record_days: Some(400) };
        let far = NOW + 4_000 * DAY_MS;
        let live = |seq: u64, wall_ms: WallMs| {
            let mut live = Counts { age_ms: Some(2_000), ..sample(seq, NOW + 60_000 * seq as WallMs) };
            place(&mut live, wall_ms);
            live
        };
        let right = |seq: u64| live(seq, NOW + 60_000 * seq as WallMs + 2_000);
        let store = open(&path).await;
        store.add_counts(&(0..50).map(right).collect::<Vec<_>>()).await.expect("stored");
        drop(store);
        for start in 1..=3 {
            let store = open(&path).await;
            store.add_counts(&[live(100 * start, far)]).await.expect("stored");
            store.write(&entries(10 * start..=10 * start + 1, |_| far), None).await.expect("stored");
            assert_eq!(worked(&store, keep, far).await, [], "start {start}");
            assert_eq!(counted(&store).await.len(), 50 + usize::try_from(start).expect("small"));
        }
        // Set right, and 500 days on: what is too old goes.
        let store = open(&path).await;
        let later = NOW + 500 * DAY_MS;
        let mut sample = Counts { age_ms: Some(0), ..sample(1_000, later) };
        place(&mut sample, later);
        store.add_counts(&[sample]).await.expect("stored");
        assert_eq!(worked(&store, keep, later).await.first().map(|told| told.rows), Some(50));
    }

    #[tokio::test]
    async fn counts_of_an_ap_whose_clock_was_never_set_stay() {
        // Made in a disaster, after a power cut, without a clock: they are no older for that.
        let folder = tempfile::tempdir().expect("folder");
        let store = open(&folder.path().join("town.db")).await;
        store.add_counts(&[sample(1, 5_000), sample(2, NOW - 900 * DAY_MS), sample(3, NOW)]).await.expect("stored");
        assert_eq!(worked(&store, Keep::default(), NOW).await, []);
        assert_eq!(counted(&store).await.len(), 3, "900 days ago there was no such program");
    }

    #[tokio::test]
    async fn whoever_writes_waits_for_one_step_at_most() {
        let folder = tempfile::tempdir().expect("folder");
        let store = open(&folder.path().join("town.db")).await;
        let old: Vec<Counts> = (0..30_000).map(|n| sample(n, NOW - 300 * DAY_MS + n as WallMs)).collect();
        for some in old.chunks(1_000) {
            store.add_counts(some).await.expect("stored");
        }
        store.add_counts(&[sample(99_999, NOW)]).await.expect("stored");
        let deleting = store.clone();
        let rounds =
            tokio::spawn(async move { worked(&deleting, Keep { counts_days: 30, record_days: None }, NOW).await });
        let mut longest = Duration::ZERO;
        let mut number = 0;
        while !rounds.is_finished() {
            number += 1;
            let begun = std::time::Instant::now();
            store.write(&entries(number..=number, |_| NOW), None).await.expect("stored");
            longest = longest.max(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let told = rounds.await.expect("ended");
        assert_eq!((told.len(), told[0].rows), (1, 30_000));
        assert!(number > 20, "{number} entries while it went on");
        println!("longest wait of {number} writings while 30,000 rows went: {longest:?}");
        assert!(longest < Duration::from_secs(1), "{longest:?}");
    }
}
