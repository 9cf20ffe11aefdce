//! A damaged file: set aside under a name that says so, byte for byte, and a new one that goes on from it.

use super::*;

/// Files in the folder whose names begin so.
fn names(folder: &Path, begin: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(begin))
        .collect();
    names.sort();
    names
}

/// `town.db.damaged-20261122-143204`
fn is_a_moment(name: &str) -> bool {
    let moment = name.strip_prefix("town.db.damaged-").unwrap_or_default().as_bytes();
    moment.len() == 15 && moment.iter().enumerate().all(|(at, c)| if at == 8 { *c == b'-' } else { c.is_ascii_digit() })
}

async fn told(asides: &mut mpsc::Receiver<SetAside>) -> SetAside {
    tokio::time::timeout(Duration::from_secs(30), asides.recv()).await.expect("told").expect("the store lives")
}

#[tokio::test]
async fn a_file_that_is_no_database_is_set_aside_byte_for_byte_and_a_new_one_begun() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let damage = b"this is not a database, but somebody may still want it".repeat(100);
    std::fs::write(&path, &damage).expect("written");
    let store = Store::start(&path);
    let mut asides = store.asides().expect("the first to ask");
    store.tried().await.expect("a new one");
    assert_eq!(store.remembered().await.expect("read"), (Remembered::default(), None));
    store.write(&batch(1..=2), None).await.expect("stored");
    let aside = told(&mut asides).await;
    let name = aside.file.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(is_a_moment(&name), "{name}");
    assert!(aside.why.contains("not a database"), "{}", aside.why);
    assert_eq!((aside.order, aside.head), (None, Link::default()));
    assert_eq!(std::fs::read(&aside.file).expect("still there"), damage);
    assert_eq!(numbers(&store).await, [2, 1]);
}

#[tokio::test]
async fn a_torn_page_is_found_at_the_start_and_the_new_file_goes_on_from_what_can_still_be_read() {
    // Shows: the look through the file finds a page of counts that was overwritten; the newest order, the newest entry
    // and the numbers given are read from the rest, and the new record's chain goes on from the old one's head.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let opened = Entry { kind: Kind::Opened, fields: vec![("id", "12".to_owned())], ..entry(30) };
    let mut what = batch(1..=29);
    what.entries.push(opened);
    what.order = Some(order(41));
    store.write(&what, Some("signed 41")).await.expect("stored");
    let samples: Vec<Counts> = (0..2_000).map(|n| counts("gym-1", n, 30 * 1_000 * n as i64, 1)).collect();
    store.add_counts(&samples).await.expect("stored");
    let head = store.head().await.expect("read");
    closed(store).await;
    let mut bytes = std::fs::read(&path).expect("a file");
    let pages = bytes.len() / 4096;
    // The last page is one of the counts'.
    bytes[(pages - 1) * 4096..].fill(0xa5);
    std::fs::write(&path, &bytes).expect("torn");

    let store = Store::start(&path);
    let mut asides = store.asides().expect("the first to ask");
    store.tried().await.expect("a new one");
    let (found, _) = store.remembered().await.expect("read");
    assert_eq!((found.last_entry, found.last_activation, found.order), (30, 12, None));
    let aside = told(&mut asides).await;
    assert_eq!((aside.order.as_deref(), aside.head), (Some("signed 41"), head));
    assert_eq!(std::fs::read(&aside.file).expect("still there"), bytes);
    store.write(&batch(1..=1), None).await.expect("stored");
    assert_eq!(numbers(&store).await, [31], "no number of the old record is given again");
    let verdict = looked(&store, None).await;
    assert_eq!((verdict.wrong, verdict.ends.base), (0, head));
}

#[tokio::test]
async fn damage_that_is_met_while_running_loses_nothing_that_is_offered_again() {
    // Shows: SQLite's word is not believed at once (the file is opened anew and looked through), the file is set aside
    // although it is open, and the new one has its own -wal untouched by the old connections.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    let mut asides = store.asides().expect("the first to ask");
    store.write(&batch(1..=1_000), None).await.expect("stored");
    let file = store.file().expect("open");
    let (mut place, mut writer) = file.writer().await.expect("idle");
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await.expect("in the file");
    // A new connection has nothing of it in its memory.
    writer.connection.close().await.expect("closed");
    *place = None;
    drop(place);
    let length = std::fs::metadata(&path).expect("a file").len();
    let damaged = std::fs::OpenOptions::new().write(true).open(&path).expect("opened");
    std::os::unix::fs::FileExt::write_all_at(&damaged, &vec![0xa5; 4096 * 8], length - 4096 * 8).expect("torn");
    let mut stored = store.write(&batch(2..=1_200), None).await;
    assert!(stored.is_err());
    for _ in 0..200 {
        if stored.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        stored = store.write(&batch(1_001..=1_200), None).await;
    }
    stored.expect("stored in the new file");
    let aside = told(&mut asides).await;
    assert_eq!(aside.head.number, 1_000, "known from what was written, whatever the file can still tell");
    drop(file);
    assert_eq!(numbers(&store).await.first(), Some(&1_200));
    assert_eq!(looked(&store, None).await.wrong, 0);
    // Another program sees the same: nobody took the -wal away.
    let options = SqliteConnectOptions::new().filename(&path).read_only(true);
    let mut other = SqliteConnection::connect_with(&options).await.expect("opened");
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM entries").fetch_one(&mut other).await.expect("read");
    assert_eq!(count, 200);
}

#[tokio::test]
async fn a_table_that_says_what_nobody_wrote_is_damage_too() {
    // SQLite finds nothing wrong with it, and a controller could never begin with it.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let store = open(&path).await;
    store.write(&Durable { order: Some(order(7)), ..batch(1..=3) }, Some("signed 7")).await.expect("stored");
    closed(store).await;
    let mut hand = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.expect("opened");
    sqlx::query("UPDATE memory SET key_position = 'sideways', key_since_ms = 1")
        .execute(&mut hand)
        .await
        .expect("done");
    hand.close().await.expect("closed");
    let store = Store::start(&path);
    let mut asides = store.asides().expect("the first to ask");
    store.tried().await.expect("SQLite can read it");
    let why = store.remembered().await.expect_err("nonsense").why;
    assert!(why.contains("sideways"), "{why}");
    let aside = told(&mut asides).await;
    assert_eq!((aside.head.number, aside.order.as_deref()), (3, Some("signed 7")));
    store.opened().await;
    assert_eq!(store.remembered().await.expect("read").0.last_entry, 3);
}

fn remounted(disk: &Path, options: &str) -> bool {
    let status = std::process::Command::new("mount").args(["-o", options]).arg(disk).status();
    status.expect("mount is installed: it has mounted this disk").success()
}

#[tokio::test]
async fn a_disk_that_is_full_or_read_only_is_no_damage() {
    let folder = tempfile::tempdir().expect("folder");
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let path = disk.0.join("town.db");
    let store = open(&path).await;
    let mut asides = store.asides().expect("the first to ask");
    store.write(&batch(1..=100), None).await.expect("stored");
    let _ = std::fs::write(disk.0.join("filler"), vec![b'x'; 1 << 20]);
    store.write(&batch(101..=2_000), None).await.expect_err("full");
    closed(store).await;
    for options in ["remount,ro", "remount,rw"] {
        // The last hand may leave a file a moment after the store is closed; until then it is busy.
        let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while !remounted(&disk.0, options) {
            assert!(tokio::time::Instant::now() < until, "{options}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        if options.ends_with("ro") {
            let store = Store::start(&path);
            let _ = store.tried().await;
            let _ = store.remembered().await;
            let error = store.write(&batch(101..=101), None).await.expect_err("read-only");
            assert!(!error.why.contains("damaged"), "{error}");
        }
    }
    std::fs::remove_file(disk.0.join("filler")).expect("emptied");
    let store = open(&path).await;
    assert_eq!(store.remembered().await.expect("read").0.last_entry, 100);
    assert!(asides.try_recv().is_err());
    assert_eq!(names(&disk.0, "town.db.damaged"), [""; 0]);
}

#[tokio::test]
async fn a_log_whose_file_is_gone_is_kept_and_not_played_into_the_new_one() {
    // SQLite throws away a -wal that lies beside an empty file. It may hold the last minutes of a record.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    std::fs::write(&path, b"").expect("cut to nothing by a power cut");
    std::fs::write(folder.path().join("town.db-wal"), b"the last minutes").expect("written");
    let store = open(&path).await;
    store.write(&batch(1..=1), None).await.expect("stored");
    let kept: Vec<String> =
        names(folder.path(), "town.db.damaged").into_iter().filter(|name| name.ends_with("-wal")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(std::fs::read(folder.path().join(&kept[0])).expect("kept"), b"the last minutes");
}

#[test]
fn nothing_that_is_set_aside_is_ever_written_over() {
    // A clock that stands still gives every file the same moment.
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    for n in 0..30_u8 {
        std::fs::write(&path, [n]).expect("written");
        if n % 3 == 0 {
            std::fs::write(folder.path().join("town.db-wal"), [n]).expect("written");
        }
        let aside = aside::rename(&path, "damaged").expect("set aside");
        assert_eq!(std::fs::read(&aside).expect("there"), [n]);
        assert_eq!(std::fs::read(aside::beside(&aside, "-wal")).ok(), (n % 3 == 0).then(|| vec![n]));
    }
    let all = names(folder.path(), "town.db.damaged");
    assert_eq!(all.len(), 30 + 10);
    let mut bytes: Vec<Vec<u8>> = all
        .iter()
        .filter(|name| !name.ends_with("-wal"))
        .map(|name| std::fs::read(folder.path().join(name)).expect("there"))
        .collect();
    bytes.sort();
    bytes.dedup();
    assert_eq!(bytes.len(), 30);
}

#[tokio::test]
async fn two_controllers_do_not_write_into_one_file() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("town.db");
    let first = open(&path).await;
    let error = Store::open(&path).await.expect_err("held");
    assert!(error.why.contains("another program") && error.why.contains(&std::process::id().to_string()), "{error}");
    drop(first);
    open(&path).await.write(&batch(1..=1), None).await.expect("free again");
}

/// Started; a program that another test starts just now may hold the lock for a moment (see [`closed`]).
async fn started(path: &Path) -> (Store, mpsc::Receiver<SetAside>) {
    let until = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        let store = Store::start(path);
        let asides = store.asides().expect("the first to ask");
        match store.tried().await {
            Ok(()) => return (store, asides),
            Err(held) => assert!(held.why.contains("another program") && std::time::Instant::now() < until, "{held}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_power_cut_between_setting_aside_and_beginning_anew_breaks_no_chain() {
    // Shows: whether the power went after the file, or after the file and its -wal got their new names, the next start
    // goes on from the old record's head, and says from which file.
    for wal_left in [false, true] {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("town.db");
        let store = open(&path).await;
        store.write(&batch(1..=30), Some("signed")).await.expect("stored");
        let head = store.head().await.expect("read");
        closed(store).await;
        let aside = folder.path().join("town.db.damaged-20261122-143204");
        std::fs::rename(&path, &aside).expect("renamed");
        if wal_left {
            std::fs::write(folder.path().join("town.db-wal"), [0x37, 0x7f, 0x06, 0x82, 0, 0]).expect("left");
        }
        let (store, mut asides) = started(&path).await;
        assert_eq!(store.remembered().await.expect("read").0.last_entry, 30);
        let said = told(&mut asides).await;
        assert_eq!((said.order, said.head), (None, head));
        assert_eq!(said.file == aside, !wal_left, "{:?}", said.file);
        store.write(&batch(1..=1), None).await.expect("stored");
        assert_eq!((numbers(&store).await, looked(&store, None).await.wrong), (vec![31], 0));
        closed(store).await;
        // Begun once, it is a file like any other.
        let (store, mut asides) = started(&path).await;
        assert_eq!(numbers(&store).await, [31]);
        assert!(asides.try_recv().is_err(), "nothing was set aside");
    }
}
