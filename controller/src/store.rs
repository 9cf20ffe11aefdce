//! The archive: every line of SQL; keeps orders, activations, the record and counts.
//!
//! A handle whose file may be out of reach: it is tried again in the background for ever, and until then every request
//! is answered with the reason. A file that is damaged is set aside under a name that says so, and a new one is begun.
//!
//! `open` (opening, checking), `aside` (what a damaged file becomes), `record` and its `chain`, `counts`, `distinct`,
//! `keep` (for how long), `copy` (by hand, beside the controller).

mod aside;
pub mod chain;
pub mod copy;
mod counts;
pub mod distinct;
pub mod keep;
pub mod lock;
mod open;
mod record;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard, mpsc, watch};

pub use aside::SetAside;
pub use counts::CountRow;
pub use record::StoredEntry;

use aside::Legacy;
use chain::Link;

/// How long SQLite waits for a lock somebody else holds (a backup, a person's `sqlite3`).
const BUSY_LIMIT: Duration = Duration::from_millis(1_500);
/// How long one writing may take in all; beyond it the caller is told, whatever the disk is doing.
const WRITE_LIMIT: Duration = Duration::from_secs(2);
/// How long one reading may take: a day of 10,000 APs is 29 million rows.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// Connections for reading: the dashboard, a CSV, a scrape, and one to spare.
const READERS: u32 = 4;
/// Files set aside that nobody has asked about yet: one in ten minutes at most.
const ASIDES_MAX: usize = 16;

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
    /// Held while this handle lives.
    lock: std::sync::Mutex<Option<File>>,
    /// What a new file goes on from, should this one have to be set aside.
    known: std::sync::Mutex<Known>,
    asides: mpsc::Sender<SetAside>,
    asides_out: std::sync::Mutex<Option<mpsc::Receiver<SetAside>>>,
}

/// What was last seen in the file, or left by the one before it.
#[derive(Debug, Default)]
struct Known {
    head: Link,
    last_activation: u64,
    /// A file was set aside, and the new one is to go on from there.
    inherits: bool,
}

/// What SQLite, or a look through the file, says of the damage.
#[derive(Debug, Clone)]
struct Damage {
    why: String,
    /// The file was looked through for it: it need not be opened again to see.
    sure: bool,
}

#[derive(Debug, Clone)]
enum State {
    /// Not tried yet.
    Untried,
    /// Open.
    Open(Box<OpenFile>),
    /// Open until now; SQLite says that it is damaged.
    Damaged(Box<OpenFile>, Damage),
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
        let (asides, asides_out) = mpsc::channel(ASIDES_MAX);
        let store = Self(Arc::new(Shared {
            path: path.to_owned(),
            run: format!("{:016x}", u64::from_le_bytes(run)),
            state: watch::Sender::new(State::Untried),
            remembered: AtomicBool::new(false),
            lock: std::sync::Mutex::default(),
            known: std::sync::Mutex::default(),
            asides,
            asides_out: std::sync::Mutex::new(Some(asides_out)),
        }));
        tokio::spawn(open::keep_open(Arc::downgrade(&store.0)));
        store
    }

    /// Files that were set aside since the start, as it happens. There is one listener: whoever asks first.
    #[must_use]
    pub fn asides(&self) -> Option<mpsc::Receiver<SetAside>> {
        self.0.asides_out.lock().unwrap_or_else(PoisonError::into_inner).take()
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
            State::Damaged(_, damage) => Err(self.failed(&damage.why)),
            State::Out(why) => Err(self.failed(why)),
            State::Untried => Err(self.failed(&"being opened")),
        }
    }

    /// A writing with its limit in time. An error that will not pass by itself has the file opened anew.
    async fn writing<T>(
        &self,
        file: &OpenFile,
        request: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(WRITE_LIMIT, request).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                if open::is_damage(&error) || record::is_nonsense(&error) {
                    self.found_damaged(file, error.to_string(), record::is_nonsense(&error));
                } else if !may_pass(&error) {
                    self.leave(file, State::Out(error.to_string()));
                }
                Err(self.failed(&error))
            }
            Err(_) => {
                let why = format!("no answer within {} s", WRITE_LIMIT.as_secs());
                self.leave(file, State::Out(why.clone()));
                Err(self.failed(&why))
            }
        }
    }

    /// A reading with its limit in time.
    async fn reading<T>(
        &self,
        file: &OpenFile,
        request: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(READ_LIMIT, request).await {
            Ok(read) => read.map_err(|error| {
                if open::is_damage(&error) {
                    self.found_damaged(file, error.to_string(), false);
                }
                self.failed(&error)
            }),
            Err(_) => Err(self.failed(&format_args!("no answer within {} s", READ_LIMIT.as_secs()))),
        }
    }

    /// The file that is open is damaged; whoever keeps it open sets it aside.
    fn found_damaged(&self, file: &OpenFile, why: String, sure: bool) {
        self.leave(file, State::Damaged(Box::new(file.clone()), Damage { why, sure }));
    }

    /// Another state than open, unless what failed was a file of before.
    fn leave(&self, file: &OpenFile, for_state: State) {
        self.0.state.send_if_modified(|state| {
            let same = matches!(state, State::Open(open) if Arc::ptr_eq(&open.writer, &file.writer));
            if same {
                *state = for_state;
            }
            same
        });
    }
}

/// What kind of error SQLite says it is (https://sqlite.org/rescode.html).
fn kind_of(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
    // The low byte is the kind, the rest its variety.
    Some(code & 0xff)
}

/// Whether the same file may do better next time: a full disk is emptied, a lock is given back.
fn may_pass(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    const SQLITE_LOCKED: i32 = 6;
    const SQLITE_FULL: i32 = 13;
    const SQLITE_CONSTRAINT: i32 = 19;
    match kind_of(error) {
        Some(kind) => matches!(kind, SQLITE_BUSY | SQLITE_LOCKED | SQLITE_FULL | SQLITE_CONSTRAINT),
        None => matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::RowNotFound),
    }
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

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file's record ends here now, and these numbers were given.
    fn seen(&self, head: Link, last_activation: u64) {
        let mut known = self.known();
        known.head = head;
        known.last_activation = known.last_activation.max(last_activation);
        known.inherits = false;
    }

    /// What a new file goes on from, where one was set aside.
    fn legacy(&self) -> Option<Legacy> {
        let known = self.known();
        known.inherits.then_some(Legacy { head: known.head, last_activation: known.last_activation, order: None })
    }

    /// Of what a damaged file tells and what was seen of it before, whatever goes further.
    fn inherit(&self, salvaged: Legacy) -> Legacy {
        let mut known = self.known();
        if salvaged.head.number > known.head.number {
            known.head = salvaged.head;
        }
        known.last_activation = known.last_activation.max(salvaged.last_activation);
        known.inherits = true;
        Legacy { head: known.head, last_activation: known.last_activation, order: salvaged.order }
    }

    fn tell_set_aside(&self, it: SetAside) {
        // Nobody may be listening; the log has it.
        let _ = self.asides.try_send(it);
    }

    /// Takes the lock, unless it is held already.
    fn take_lock(&self) -> Result<(), StoreError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_none() {
            *lock = aside::lock(&self.path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
