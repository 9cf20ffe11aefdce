//! Opening the file, again and again until it works; proving that it is whole; setting it aside where it is not.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::aside::{self, Legacy, SetAside};
use super::chain::Link;
use super::{BUSY_LIMIT, OpenFile, READERS, Shared, State, Store, WRITE_LIMIT, Writer, counts, kind_of, signed};

/// How long a file that cannot be opened is left before the next try.
const REOPEN_EVERY: Duration = Duration::from_secs(3);
/// How long a start looks whether the file is whole: some 100 MB. What is left is looked at in the background.
const CHECK_FIRST: Duration = Duration::from_millis(400);
/// When that begins: a start has better things to do.
const CHECK_REST_AFTER: Duration = Duration::from_secs(60);
/// It works for this long, then rests for as long: at most half of one core.
const CHECK_TURN: Duration = Duration::from_millis(20);
/// Steps of SQLite between two looks at the clock: some 10 µs.
const CHECK_STEPS: i32 = 1_000;
/// How long old connections have to close. They cannot harm the new file: SQLite sees that theirs has moved.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// After one file was set aside, the next is not for this long: a disk that spoils every file must not be filled.
const ASIDE_NOT_BEFORE: Duration = Duration::from_secs(600);

/// Why a file could not be opened.
enum Trouble {
    /// The disk is full, read-only, not there: the file itself may be well.
    Passing(String),
    /// SQLite says that this is no database, or not a whole one.
    Damaged(String),
}

impl Trouble {
    fn of(error: &sqlx::Error, what: &str) -> Self {
        let why = format!("{what}: {error}");
        if is_damage(error) { Self::Damaged(why) } else { Self::Passing(why) }
    }
}

/// Whether SQLite says that the file is damaged. A full or read-only disk, a lock, a bad cable say something else.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    const SQLITE_CORRUPT: i32 = 11;
    const SQLITE_NOTADB: i32 = 26;
    matches!(kind_of(error), Some(SQLITE_CORRUPT | SQLITE_NOTADB))
}

/// Opens the file whenever it is not open, and looks whether it is still the file of that name.
pub(super) async fn keep_open(shared: Weak<Shared>) {
    let mut reported = String::new();
    let mut inode = None;
    let mut aside_at: Option<Instant> = None;
    // Called damaged once, and found whole: the second time that is not believed.
    let mut doubted = false;
    loop {
        let Some(store) = shared.upgrade().map(Store) else { return };
        if store.file().is_ok() && inode != Some(identity(&store.0.path)) {
            store.0.state.send_replace(State::Out("the file was taken away while it was open".to_owned()));
        }
        let met = match &*store.0.state.borrow() {
            State::Damaged(file, why) => Some((file.clone(), why.clone())),
            _ => None,
        };
        let sure = met.as_ref().is_some_and(|(_, why)| why.sure) || doubted;
        let opened = match &met {
            Some((_, why)) if sure => Err(Trouble::Damaged(why.why.clone())),
            _ if store.file().is_ok() => Ok(None),
            _ => try_open(&store, met.is_none()).await.map(Some),
        };
        doubted |= met.is_some();
        match opened {
            Ok(None) => {}
            Ok(Some((file, whole))) => {
                inode = Some(identity(&store.0.path));
                reported.clear();
                store.0.state.send_replace(State::Open(Box::new(file.clone())));
                tracing::info!(file = %store.0.path.display(), "the store is open");
                if !whole {
                    tokio::spawn(check_rest(Arc::downgrade(&store.0), file));
                }
            }
            Err(Trouble::Damaged(why)) if aside_at.is_none_or(|at| at.elapsed() >= ASIDE_NOT_BEFORE) => {
                let old = met.map(|(file, _)| file);
                match set_aside(&store, old, &why).await {
                    Ok(()) => {
                        aside_at = Some(Instant::now());
                        doubted = false;
                        // Nothing is waited for: the new file is begun at once.
                        continue;
                    }
                    Err(error) => {
                        let why = format!("damaged ({why}), and it cannot be set aside: {error}");
                        report(&store, &mut reported, why);
                    }
                }
            }
            Err(Trouble::Damaged(why)) => {
                let minutes = ASIDE_NOT_BEFORE.as_secs() / 60;
                report(&store, &mut reported, format!("damaged again within {minutes} minutes: {why}"));
            }
            Err(Trouble::Passing(why)) => report(&store, &mut reported, why),
        }
        let mut state = store.0.state.subscribe();
        drop(store);
        // A file that was open and failed is opened anew at once, one that could not be opened after a pause.
        if matches!(*state.borrow_and_update(), State::Open(_)) {
            let _ = tokio::time::timeout(REOPEN_EVERY, state.changed()).await;
        } else {
            tokio::time::sleep(REOPEN_EVERY).await;
        }
    }
}

fn report(store: &Store, reported: &mut String, why: String) {
    if why != *reported {
        tracing::error!(file = %store.0.path.display(), why, "the store cannot be opened; trying again");
        reported.clone_from(&why);
    }
    store.0.state.send_replace(State::Out(why));
}

/// Which file lies under that name: device and number.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Opens it, and says whether it was seen to be whole. `closed`: we do not have it open already.
async fn try_open(store: &Store, closed: bool) -> Result<(OpenFile, bool), Trouble> {
    store.0.take_lock().map_err(|error| Trouble::Passing(error.why))?;
    let path = store.0.path.clone();
    // On a thread of its own: a disk that hangs must not hold the key up.
    let looked = tokio::task::spawn_blocking(move || {
        if aside::orphaned(&path) {
            return Some("the file is gone or empty, and its -wal is there");
        }
        // To read a file and close it would give up every lock that we hold on it by another name.
        (closed && aside::is_rubbish(&path)).then_some("file is not a database, and its -wal is none either")
    });
    if let Ok(Some(why)) = looked.await {
        return Err(Trouble::Damaged(why.to_owned()));
    }
    if !store.0.path.exists() && store.0.legacy().is_none() {
        goes_on_from_before(store).await;
    }
    // Not given up when it takes long: every try holds a thread until the disk answers.
    let opening = open_file(&store.0.path, store.0.legacy());
    tokio::pin!(opening);
    match tokio::time::timeout(WRITE_LIMIT, &mut opening).await {
        Ok(opened) => opened,
        Err(_) => {
            store.0.state.send_replace(State::Out("the disk does not answer".to_owned()));
            opening.await
        }
    }
}

async fn open_file(path: &Path, legacy: Option<Legacy>) -> Result<(OpenFile, bool), Trouble> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An order or an entry that was acknowledged survives the power cut that comes next.
        .synchronous(SqliteSynchronous::Full)
        // What is deleted because its time is up is gone from the disk too.
        .pragma("secure_delete", "ON")
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging();
    let mut connection =
        SqliteConnection::connect_with(&options).await.map_err(|error| Trouble::of(&error, "cannot be opened"))?;
    let until = Instant::now() + CHECK_FIRST;
    let whole = check(&mut connection, move || Instant::now() < until)
        .await
        .map_err(|error| Trouble::of(&error, "cannot be looked through"))?;
    if let Some(Looked::Damaged(why)) = whole {
        return Err(Trouble::Damaged(why));
    }
    sqlx::migrate!("./migrations")
        // `run` says the same in a way that a spawned task cannot hold (its `Acquire` is not general enough).
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| match &error {
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => {
                Trouble::of(inner, "its tables cannot be brought up to date")
            }
            _ => Trouble::Passing(format!("its tables cannot be brought up to date: {error}")),
        })?;
    if let Some(legacy) = legacy {
        begin_with(&mut connection, &legacy).await.map_err(|error| Trouble::of(&error, "cannot be begun"))?;
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(BUSY_LIMIT)
        .connect_lazy_with(options.clone().create_if_missing(false).read_only(true));
    let writer = Writer { connection, sources: counts::Sources::default() };
    let file =
        OpenFile { options: options.create_if_missing(false), writer: Arc::new(Mutex::new(Some(writer))), readers };
    Ok((file, whole.is_some()))
}

/// A new file goes on where the one set aside ended: its record, and the numbers that were given. Only an empty one.
async fn begin_with(connection: &mut SqliteConnection, legacy: &Legacy) -> sqlx::Result<()> {
    let Link { number, hash } = legacy.head;
    let mut whole = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query(
        "UPDATE chain SET base_number = ?1, base_hash = ?2, head_number = ?1, head_hash = ?2 WHERE head_number = 0",
    )
    .bind(signed(number))
    .bind(hash.bytes())
    .execute(&mut *whole)
    .await?;
    sqlx::query("INSERT OR IGNORE INTO memory (id, last_activation) VALUES (1, ?)")
        .bind(signed(legacy.last_activation))
        .execute(&mut *whole)
        .await?;
    whole.commit().await
}

/// What a look through the file found.
pub(super) enum Looked {
    Whole,
    Damaged(String),
}

/// Looks through the whole file for as long as `goes_on` says; none where that was not long enough.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    goes_on: impl FnMut() -> bool + Send + 'static,
) -> sqlx::Result<Option<Looked>> {
    const SQLITE_INTERRUPT: i32 = 9;
    connection.lock_handle().await?.set_progress_handler(CHECK_STEPS, goes_on);
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    match found {
        Ok(found) if found == "ok" => Ok(Some(Looked::Whole)),
        Ok(found) => Ok(Some(Looked::Damaged(found.replace('\n', " ")))),
        Err(error) if kind_of(&error) == Some(SQLITE_INTERRUPT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Looks through the rest of a big file, slowly, over a connection of its own.
async fn check_rest(shared: Weak<Shared>, file: OpenFile) {
    tokio::time::sleep(CHECK_REST_AFTER).await;
    let still = shared.clone();
    let mut turn = Instant::now();
    let goes_on = move || {
        if turn.elapsed() >= CHECK_TURN {
            // This is SQLite's own thread for this connection: nobody else waits for it.
            std::thread::sleep(CHECK_TURN);
            turn = Instant::now();
        }
        still.strong_count() > 0
    };
    let options = file.options.clone().read_only(true);
    let looked = async { check(&mut SqliteConnection::connect_with(&options).await?, goes_on).await }.await;
    let Some(store) = shared.upgrade().map(Store) else { return };
    match looked {
        Ok(Some(Looked::Damaged(why))) => store.found_damaged(&file, why, true),
        Ok(Some(Looked::Whole)) => tracing::info!("the store was looked through and is whole"),
        Ok(None) => {}
        Err(error) if is_damage(&error) => store.found_damaged(&file, error.to_string(), true),
        Err(error) => tracing::error!(%error, "the store could not be looked through"),
    }
}

/// There is no file, and none was set aside since this start: the power may have gone after a damaged one was set aside
/// and before another was begun. The record goes on from it. What was in force then may be long over: the newest order is
/// learned from the broker or an AP.
async fn goes_on_from_before(store: &Store) {
    for file in aside::left_behind(&store.0.path) {
        let salvaged = Legacy { order: None, ..aside::salvage(&file).await };
        if salvaged.head != Link::default() {
            let legacy = store.0.inherit(salvaged);
            let why = "it was set aside before this start, and no other file was begun since".to_owned();
            tracing::warn!(file = %file.display(), why, "the new store goes on from it");
            return store.0.tell_set_aside(SetAside { file, why, order: None, head: legacy.head });
        }
    }
}

/// The damaged file gets another name, and what it still tells is kept for the new one.
async fn set_aside(store: &Store, old: Option<Box<OpenFile>>, why: &str) -> std::io::Result<()> {
    let file = aside::rename(&store.0.path, aside::DAMAGED)?;
    tracing::error!(file = %file.display(), why, "the store is damaged; it was set aside, a new one is begun");
    // At the start whoever waits for the store waits for the new one.
    store.0.state.send_if_modified(|state| {
        let was_open = !matches!(state, State::Untried);
        if was_open {
            *state = State::Out("damaged; a new one is being begun".to_owned());
        }
        was_open
    });
    if let Some(old) = old {
        let closing = async {
            if let Some(writer) = old.writer.lock().await.take() {
                let _ = writer.connection.close().await;
            }
            old.readers.close().await;
        };
        let _ = tokio::time::timeout(CLOSE_LIMIT, closing).await;
    }
    let mut salvaged = aside::salvage(&file).await;
    if salvaged.head == Link::default() {
        // It may be a -wal alone, whose file was set aside when the power went.
        for before in aside::left_behind(&store.0.path).into_iter().filter(|before| *before != file) {
            if salvaged.head == Link::default() {
                salvaged = Legacy { order: None, ..aside::salvage(&before).await };
            }
        }
    }
    let legacy = store.0.inherit(salvaged);
    store.0.tell_set_aside(SetAside { file, why: why.to_owned(), order: legacy.order, head: legacy.head });
    Ok(())
}
