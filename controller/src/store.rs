//! The archive: every line of SQL; keeps orders, activations, the record and counts.
//!
//! A handle whose file may be out of reach: it is tried again in the background for ever, and until then every request
//! is answered with the reason. A file that is damaged is reported and left as it is.

mod counts;
mod record;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Mutex, MutexGuard, watch};

pub use counts::CountRow;
pub use record::StoredEntry;

/// How long a file that cannot be opened is left before the next try.
const REOPEN_EVERY: Duration = Duration::from_secs(3);
/// How long SQLite waits for a lock somebody else holds (a backup, a person's `sqlite3`).
const BUSY_LIMIT: Duration = Duration::from_millis(1_500);
/// How long one writing may take in all; beyond it the caller is told, whatever the disk is doing.
const WRITE_LIMIT: Duration = Duration::from_secs(2);
/// How long one reading may take: a day of 10,000 APs is 29 million rows.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// Connections for reading: the dashboard, a CSV, a scrape, and one to spare.
const READERS: u32 = 4;

/// Why the store could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store {file}: {why}")]
pub struct StoreError {
    /// The file.
    pub file: String,
    /// What SQLite said.
    pub why: String,
}

/// The store: cheap to clone, one writer inside.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Drawn at each start: entries are told apart by it (see the migration).
    run: String,
    state: watch::Sender<State>,
    /// Set by the first reading of what the file remembers. Before it nothing is written over that.
    remembered: AtomicBool,
}

#[derive(Debug, Clone)]
enum State {
    /// Not tried yet.
    Untried,
    /// Open.
    Open(Box<OpenFile>),
    /// Out of reach, and why.
    Out(String),
}

/// An open file: one connection that writes, some that read.
#[derive(Debug, Clone)]
struct OpenFile {
    options: SqliteConnectOptions,
    writer: Arc<Mutex<Option<Writer>>>,
    readers: SqlitePool,
}

/// The writing connection, and what was learned over it.
#[derive(Debug)]
struct Writer {
    connection: SqliteConnection,
    sources: counts::Sources,
}

impl Store {
    /// Opens (or makes) the file and brings its tables up to date.
    ///
    /// # Errors
    /// The file cannot be opened or is not a database.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self::start(path);
        store.tried().await?;
        Ok(store)
    }

    /// A store whose file is opened in the background, now and every few seconds until it works.
    #[must_use]
    pub fn start(path: &Path) -> Self {
        let mut run = [0; 8];
        // Only to tell two starts apart: the clock would do, if it were right.
        if getrandom::fill(&mut run).is_err() {
            run = u64::from(std::process::id()).to_le_bytes();
        }
        let store = Self(Arc::new(Shared {
            path: path.to_owned(),
            run: format!("{:016x}", u64::from_le_bytes(run)),
            state: watch::Sender::new(State::Untried),
            remembered: AtomicBool::new(false),
        }));
        tokio::spawn(keep_open(Arc::downgrade(&store.0)));
        store
    }

    /// Waits until the file is open, or was tried and could not be opened.
    ///
    /// # Errors
    /// Why it could not.
    pub async fn tried(&self) -> Result<(), StoreError> {
        let mut state = self.0.state.subscribe();
        // The sender lives in `self`: it cannot go away while we wait.
        let _ = state.wait_for(|state| !matches!(state, State::Untried)).await;
        self.file().map(|_| ())
    }

    /// Waits until the file is open, for however long.
    pub async fn opened(&self) {
        let mut state = self.0.state.subscribe();
        // As above.
        let _ = state.wait_for(|state| matches!(state, State::Open(_))).await;
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> StoreError {
        StoreError { file: self.0.path.display().to_string(), why: why.to_string() }
    }

    fn file(&self) -> Result<Box<OpenFile>, StoreError> {
        match &*self.0.state.borrow() {
            State::Open(file) => Ok(file.clone()),
            State::Out(why) => Err(self.failed(why)),
            State::Untried => Err(self.failed(&"being opened")),
        }
    }

    /// A writing with its limit in time. An error that will not pass by itself has the file opened anew.
    async fn writing<T>(&self, request: impl Future<Output = sqlx::Result<T>>) -> Result<T, StoreError> {
        match tokio::time::timeout(WRITE_LIMIT, request).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                if !may_pass(&error) {
                    self.0.state.send_replace(State::Out(error.to_string()));
                }
                Err(self.failed(&error))
            }
            Err(_) => {
                let why = format!("no answer within {} s", WRITE_LIMIT.as_secs());
                self.0.state.send_replace(State::Out(why.clone()));
                Err(self.failed(&why))
            }
        }
    }

    /// A reading with its limit in time.
    async fn reading<T>(&self, request: impl Future<Output = sqlx::Result<T>>) -> Result<T, StoreError> {
        match tokio::time::timeout(READ_LIMIT, request).await {
            Ok(read) => read.map_err(|error| self.failed(&error)),
            Err(_) => Err(self.failed(&format_args!("no answer within {} s", READ_LIMIT.as_secs()))),
        }
    }
}

/// Whether the same file may do better next time: a full disk is emptied, a lock is given back.
fn may_pass(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    const SQLITE_LOCKED: i32 = 6;
    const SQLITE_FULL: i32 = 13;
    const SQLITE_CONSTRAINT: i32 = 19;
    match error {
        sqlx::Error::Database(error) => error
            .code()
            .and_then(|code| code.parse::<i32>().ok())
            // The low byte is the kind, the rest its variety (https://sqlite.org/rescode.html).
            .is_some_and(|code| matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED | SQLITE_FULL | SQLITE_CONSTRAINT)),
        sqlx::Error::PoolTimedOut | sqlx::Error::RowNotFound => true,
        _ => false,
    }
}

/// Opens the file whenever it is not open, and looks whether it is still the file of that name.
async fn keep_open(shared: std::sync::Weak<Shared>) {
    let mut reported = String::new();
    let mut inode = None;
    loop {
        let Some(store) = shared.upgrade().map(Store) else { return };
        if store.file().is_ok() && inode != Some(identity(&store.0.path)) {
            store.0.state.send_replace(State::Out("the file was taken away while it was open".to_owned()));
        }
        if store.file().is_err() {
            // Not given up when it takes long: every try holds a thread until the disk answers.
            let opening = open_file(&store.0.path);
            tokio::pin!(opening);
            let opened = match tokio::time::timeout(WRITE_LIMIT, &mut opening).await {
                Ok(opened) => opened,
                Err(_) => {
                    store.0.state.send_replace(State::Out("the disk does not answer".to_owned()));
                    opening.await
                }
            };
            match opened {
                Ok(file) => {
                    inode = Some(identity(&store.0.path));
                    reported.clear();
                    store.0.state.send_replace(State::Open(Box::new(file)));
                    tracing::info!(file = %store.0.path.display(), "the store is open");
                }
                Err(why) => {
                    if why != reported {
                        tracing::error!(file = %store.0.path.display(), why, "the store cannot be opened; trying again");
                        reported.clone_from(&why);
                    }
                    store.0.state.send_replace(State::Out(why));
                }
            }
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

/// Which file lies under that name: device and number.
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

async fn open_file(path: &Path) -> Result<OpenFile, String> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An order or an entry that was acknowledged survives the power cut that comes next.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging();
    let mut connection =
        SqliteConnection::connect_with(&options).await.map_err(|error| format!("cannot be opened: {error}"))?;
    sqlx::migrate!("./migrations")
        // `run` says the same in a way that a spawned task cannot hold (its `Acquire` is not general enough).
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| format!("its tables cannot be brought up to date: {error}"))?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(BUSY_LIMIT)
        .connect_lazy_with(options.clone().create_if_missing(false).read_only(true));
    let writer = Writer { connection, sources: counts::Sources::default() };
    Ok(OpenFile { options: options.create_if_missing(false), writer: Arc::new(Mutex::new(Some(writer))), readers })
}

impl OpenFile {
    /// The writing connection, and the place it is put back to when all went well.
    ///
    /// After an error, or when time ran out, it is dropped instead: SQLite may have rolled back by itself (a full
    /// disk) or not at all (nobody waited), and sqlx cannot tell. The next writing begins on a new connection.
    async fn writer(&self) -> sqlx::Result<(MutexGuard<'_, Option<Writer>>, Writer)> {
        let mut place = self.writer.lock().await;
        let writer = match place.take() {
            Some(writer) => writer,
            None => Writer {
                connection: SqliteConnection::connect_with(&self.options).await?,
                sources: counts::Sources::default(),
            },
        };
        Ok((place, writer))
    }
}

/// A number as SQLite keeps it. Ours never reach 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// …and back. Only a damaged file has a negative one.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl Shared {
    fn has_remembered(&self) -> bool {
        self.remembered.load(Ordering::Acquire)
    }

    fn set_remembered(&self) {
        self.remembered.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
