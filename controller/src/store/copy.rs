//! By hand, beside the controller: looking through a record, a copy while it runs, and a copy put back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use firmware_config::wire::WallMs;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::aside::{self, beside};
use super::chain::{self, Hash, Link, Verdict};
use super::open::{Looked, check};
use super::{StoreError, record};
use crate::core::{Entry, Kind};

/// Only who keeps the store reads a copy of it: it names operators.
const COPY_MODE: u32 = 0o600;

/// Why a copy could not be made or put back.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The file cannot be read or written as a database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or a folder refuses.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing is written over.
    #[error("{0} is there already; nothing is written over, name another file")]
    Exists(String),
    /// SQLite finds it damaged.
    #[error("{file} is damaged: {why}; nothing was changed")]
    Damaged {
        /// The file.
        file: String,
        /// What SQLite found first.
        why: String,
    },
    /// Lines of the record are not as they were written.
    #[error("the record in {file} is not as it was written ({} places); hirake record verify names them; nothing was changed", verdict.wrong)]
    RecordWrong {
        /// The file.
        file: String,
        /// What was found.
        verdict: Box<Verdict>,
    },
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holds {
    /// Its length.
    pub bytes: u64,
    /// Number of the newest order; none before the first.
    pub order: Option<u64>,
    /// Its record.
    pub verdict: Verdict,
}

/// A copy that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What was put back.
    pub holds: Holds,
    /// Where the file lies that stood there before; none where there was none.
    pub replaced: Option<PathBuf>,
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> CopyError {
    move |source| CopyError::Io { path: path.display().to_string(), source }
}

fn failed(path: &Path) -> impl Fn(sqlx::Error) -> CopyError {
    move |error| StoreError { file: path.display().to_string(), why: error.to_string() }.into()
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(super::BUSY_LIMIT).disable_statement_logging()
}

/// Looks through the record in the file, which a controller may be writing meanwhile. `known`: a hash on paper.
///
/// # Errors
/// The file is not there, or cannot be read to the end.
pub async fn verify(path: &Path, known: Option<Hash>) -> Result<Verdict, CopyError> {
    std::fs::metadata(path).map_err(io_error(path))?;
    let mut connection = options(path).read_only(true).connect().await.map_err(failed(path))?;
    let verdict = chain::verify(&mut connection, known).await.map_err(failed(path))?;
    connection.close().await.map_err(failed(path))?;
    Ok(verdict)
}

/// A copy of the store at one moment, while a controller may be writing. Written beside `to`, proven, then named so.
///
/// # Errors
/// `to` is there; or the store cannot be read, or the copy not written. Nothing is left behind then.
pub async fn backup(store: &Path, to: &Path) -> Result<Holds, CopyError> {
    if to.symlink_metadata().is_ok() {
        return Err(CopyError::Exists(to.display().to_string()));
    }
    let new = aside::free_name(to, "part").map_err(io_error(to))?;
    let made = async {
        copy(store, &new).await?;
        let holds = proven(&new).await?;
        name(&new, to)?;
        Ok(holds)
    }
    .await;
    if made.is_err() {
        // It is ours, made a moment ago under a name nobody had; it may not be there at all.
        let _ = std::fs::remove_file(&new);
    }
    made
}

/// Puts a copy back in the store's place. What stood there gets a name of its own.
///
/// # Errors
/// A controller is at work on the store, the copy is not whole, or a file cannot be written. The store is as it was.
pub async fn restore(store: &Path, from: &Path, now_ms: WallMs) -> Result<Restored, CopyError> {
    let _held = aside::lock(store)?;
    give_to_keeper(&beside(store, ".lock"), store);
    let new = aside::free_name(store, "restoring").map_err(io_error(store))?;
    let put = async {
        copy(from, &new).await?;
        let before = proven_whole(&new).await.map_err(|error| in_words_of(from, error))?;
        let there = store.symlink_metadata().is_ok();
        let old_head = if there { last_of(store).await } else { Link::default() };
        let replaced = if there { Some(aside::free_name(store, "replaced").map_err(io_error(store))?) } else { None };
        tell(&new, from, &before, old_head, replaced.as_deref(), now_ms).await?;
        let holds = proven(&new).await?;
        give_to_keeper(&new, store);
        put_in_place(&new, store, replaced.as_deref()).map_err(io_error(store))?;
        Ok(Restored { holds, replaced })
    }
    .await;
    if put.is_err() {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(&new, ending));
        }
    }
    put
}

/// SQLite's own copy of one moment, synced.
async fn copy(from: &Path, new: &Path) -> Result<(), CopyError> {
    std::fs::metadata(from).map_err(io_error(from))?;
    let name = new
        .to_str()
        .ok_or_else(|| io_error(new)(io::Error::new(io::ErrorKind::InvalidInput, "a file name that is not UTF-8")))?;
    let mut connection = options(from).read_only(true).connect().await.map_err(failed(from))?;
    // SQLite takes an empty file; ours has its permissions from the first byte on.
    OpenOptions::new().write(true).create_new(true).mode(COPY_MODE).open(new).map_err(io_error(new))?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await.map_err(|error| {
        if super::open::is_damage(&error) {
            return CopyError::Damaged { file: from.display().to_string(), why: error.to_string() };
        }
        failed(from)(error)
    })?;
    connection.close().await.map_err(failed(from))?;
    File::open(new).and_then(|file| file.sync_all()).map_err(io_error(new))
}

/// What the file holds, after every page of it was looked at.
async fn proven(path: &Path) -> Result<Holds, CopyError> {
    let mut connection = options(path).read_only(true).connect().await.map_err(failed(path))?;
    if let Some(Looked::Damaged(why)) = check(&mut connection, || true).await.map_err(failed(path))? {
        return Err(CopyError::Damaged { file: path.display().to_string(), why });
    }
    let verdict = chain::verify(&mut connection, None).await.map_err(failed(path))?;
    let order: Option<i64> =
        sqlx::query_scalar("SELECT max(number) FROM orders").fetch_one(&mut connection).await.map_err(failed(path))?;
    connection.close().await.map_err(failed(path))?;
    let bytes = std::fs::metadata(path).map_err(io_error(path))?.len();
    Ok(Holds { bytes, order: order.map(super::unsigned), verdict })
}

/// As [`proven`], of a copy that may be an older program's, and with a record as it was written.
async fn proven_whole(path: &Path) -> Result<Holds, CopyError> {
    let mut connection = options(path).connect().await.map_err(failed(path))?;
    // An empty file is an empty database to SQLite.
    let ours: Option<i64> = sqlx::query_scalar("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'entries'")
        .fetch_optional(&mut connection)
        .await
        .map_err(failed(path))?;
    if ours.is_none() {
        let why = "it has no record in it".to_owned();
        return Err(CopyError::Damaged { file: path.display().to_string(), why });
    }
    sqlx::migrate!("./migrations").run_direct(None, &mut connection, false).await.map_err(|error| StoreError {
        file: path.display().to_string(),
        why: format!("its tables cannot be brought up to date: {error}"),
    })?;
    connection.close().await.map_err(failed(path))?;
    let holds = proven(path).await?;
    if holds.verdict.wrong > 0 {
        return Err(CopyError::RecordWrong { file: path.display().to_string(), verdict: Box::new(holds.verdict) });
    }
    Ok(holds)
}

/// A complaint about our copy is one about the file it was made of.
fn in_words_of(from: &Path, error: CopyError) -> CopyError {
    let file = from.display().to_string();
    match error {
        CopyError::Store(error) => StoreError { file, ..error }.into(),
        CopyError::Damaged { why, .. } => CopyError::Damaged { file, why },
        CopyError::RecordWrong { verdict, .. } => CopyError::RecordWrong { file, verdict },
        CopyError::Io { .. } | CopyError::Exists(_) => error,
    }
}

/// Where the record of the file ends that is about to be replaced. Its log goes into it, as far as it is well.
async fn last_of(store: &Path) -> Link {
    let read = async {
        let mut connection = options(store).connect().await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        let head = chain::ends(&mut connection).await?.head;
        connection.close().await?;
        Ok::<_, sqlx::Error>(head)
    };
    // A damaged one is why somebody restores.
    read.await.unwrap_or_default()
}

/// The record says that it was put back, under a number that neither file has given.
async fn tell(
    new: &Path,
    from: &Path,
    before: &Holds,
    old: Link,
    replaced: Option<&Path>,
    now_ms: WallMs,
) -> Result<(), CopyError> {
    let head = before.verdict.ends.head;
    let shown = |path: &Path| path.display().to_string();
    let entry = Entry {
        seq: head.number.max(old.number).saturating_add(1),
        at_ms: now_ms,
        kind: Kind::StoreRestored,
        drill: false,
        fields: vec![
            ("from", shown(from)),
            ("number", head.number.to_string()),
            ("replaced", replaced.map_or_else(String::new, shown)),
            ("replaced-number", old.number.to_string()),
            ("replaced-hash", old.hash.to_string()),
        ],
    };
    let told = async {
        let mut connection = options(new).connect().await?;
        let mut whole = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut end = head;
        record::write_entry(&mut whole, &format!("restored-{now_ms}"), &entry, &mut end).await?;
        chain::set_head(&mut whole, end).await?;
        whole.commit().await?;
        connection.close().await
    };
    told.await.map_err(failed(new))
}

/// Whoever keeps the store keeps this too: a restore is often made by root.
fn give_to_keeper(file: &Path, store: &Path) {
    let folder = store.parent().unwrap_or(Path::new("."));
    if let Ok(keeper) = std::fs::metadata(store).or_else(|_| std::fs::metadata(folder)) {
        // Refused where we are not root: then it is ours, as the store is.
        let _ = chown(file, Some(keeper.uid()), Some(keeper.gid()));
    }
}

/// At every moment a whole file stands in the store's place, where the file system knows second names.
fn put_in_place(new: &Path, store: &Path, replaced: Option<&Path>) -> io::Result<()> {
    File::open(new)?.sync_all()?;
    if let Some(replaced) = replaced {
        if std::fs::hard_link(store, replaced).is_err() {
            std::fs::rename(store, replaced)?;
        }
        for ending in ["-wal", "-shm"] {
            match std::fs::rename(beside(store, ending), beside(replaced, ending)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    std::fs::rename(new, store)?;
    aside::sync_folder(store);
    Ok(())
}

/// The finished file gets its name, unless somebody was faster.
fn name(new: &Path, to: &Path) -> Result<(), CopyError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, new, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => return Err(CopyError::Exists(to.display().to_string())),
        // A file system that cannot promise it: looked at a moment ago.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            std::fs::rename(new, to).map_err(io_error(to))?;
        }
        Err(error) => return Err(io_error(to)(error.into())),
    }
    aside::sync_folder(to);
    Ok(())
}
