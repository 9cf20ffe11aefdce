//! What is set aside: a damaged file under a name that says so and when, never deleted and never written over.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::Offset;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row};

use super::chain::{Hash, Line, Link};
use super::{StoreError, unsigned};

/// Japan has one offset and no summer time.
const JST: Offset = Offset::constant(9);
/// Names tried for one moment: a clock that stands still must not stop the store.
const NAMES_MAX: u32 = 10_000;
/// How long what can still be read of a damaged file is looked for: the start waits for it.
const SALVAGE_LIMIT: Duration = Duration::from_millis(300);
/// Entries looked at for the newest that is whole.
const SALVAGE_ENTRIES: u32 = 100;

/// What stands behind the name of a damaged file.
pub(super) const DAMAGED: &str = "damaged";
/// Files set aside before that are looked into, the newest first: a start waits for each.
const LEFT_BEHIND_MAX: usize = 2;

/// What a damaged file was, and what is still known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Its new name.
    pub file: PathBuf,
    /// What is wrong with it.
    pub why: String,
    /// The newest order it could still tell, signed. Whether the signature is right is for the reader to prove.
    pub order: Option<String>,
    /// The newest entry of its record that is known: the new record goes on from it.
    pub head: Link,
}

/// What goes over into a new file.
#[derive(Debug, Clone, Default)]
pub(super) struct Legacy {
    pub(super) head: Link,
    pub(super) last_activation: u64,
    pub(super) order: Option<String>,
}

/// `NAME-wal`, `NAME-shm`, `NAME.lock`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Gives the file with its -wal and -shm the name `NAME.WORD-YYYYMMDD-HHMMSS`, Japanese time.
///
/// The file itself goes first: a connection that still has it open sees that it has moved, and then deletes no -wal of
/// that name when it closes (SQLite's `SQLITE_FCNTL_HAS_MOVED`).
///
/// # Errors
/// It cannot be renamed; what was renamed until then stays so.
pub(super) fn rename(path: &Path, word: &str) -> io::Result<PathBuf> {
    let aside = free_name(path, word)?;
    for ending in ["", "-wal", "-shm"] {
        match std::fs::rename(beside(path, ending), beside(&aside, ending)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    sync_folder(path);
    Ok(aside)
}

/// A name beside `path` that nothing has yet.
pub(super) fn free_name(path: &Path, word: &str) -> io::Result<PathBuf> {
    let moment = JST.to_datetime(Timestamp::now());
    let name = format!(
        ".{word}-{:04}{:02}{:02}-{:02}{:02}{:02}",
        moment.year(),
        moment.month(),
        moment.day(),
        moment.hour(),
        moment.minute(),
        moment.second()
    );
    (1..=NAMES_MAX)
        .map(|n| beside(path, &if n == 1 { name.clone() } else { format!("{name}-{n}") }))
        .find(|aside| ["", "-wal", "-shm"].iter().all(|ending| beside(aside, ending).symlink_metadata().is_err()))
        .ok_or_else(|| io::Error::new(io::ErrorKind::AlreadyExists, format!("{NAMES_MAX} files {name} are there")))
}

/// Damaged files of this name that were set aside before, the newest first.
pub(super) fn left_behind(path: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let begins = format!("{}.{DAMAGED}-", name.to_string_lossy());
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let is_one = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&begins) && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let mut found: Vec<PathBuf> = files.filter(is_one).collect();
    // The moment is in the name, and the greatest is the last.
    found.sort();
    found.into_iter().rev().take(LEFT_BEHIND_MAX).collect()
}

/// New names survive a power cut. Where the folder cannot be synced they do soon.
pub(super) fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
}

/// Whether a -wal lies there whose file is gone or empty. SQLite would throw it away; somebody may still want it.
pub(super) fn orphaned(path: &Path) -> bool {
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    length(path) == 0 && length(&beside(path, "-wal")) > 0
}

/// Whether neither the file nor a -wal beside it begins as SQLite's do. SQLite would call the one no database and throw
/// the other away.
pub(super) fn is_rubbish(path: &Path) -> bool {
    const DATABASE: &[u8] = b"SQLite format 3\0";
    // Its last bit tells the order of bytes in its checksums (https://sqlite.org/fileformat2.html#walformat).
    const LOGS: [&[u8]; 2] = [&[0x37, 0x7f, 0x06, 0x82], &[0x37, 0x7f, 0x06, 0x83]];
    let begins = |path: &Path, with: &[u8]| {
        use std::io::Read;
        let mut head = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(with.len() as u64).read_to_end(&mut head));
        // What cannot be read may be well.
        read.is_err() || head.is_empty() || head == with
    };
    let log = beside(path, "-wal");
    let is_file = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0);
    let has_log = std::fs::metadata(&log).is_ok_and(|file| file.len() > 0);
    is_file && has_log && !begins(path, DATABASE) && !LOGS.iter().any(|magic| begins(&log, magic))
}

/// What a damaged file still tells: each piece by itself, as far as it can be read in time.
pub(super) async fn salvage(aside: &Path) -> Legacy {
    let mut legacy = Legacy::default();
    if orphaned(aside) {
        // Looking at it would make SQLite throw the -wal away.
        return legacy;
    }
    // What was read until then counts, also where the rest takes too long.
    let _ = tokio::time::timeout(SALVAGE_LIMIT, read(aside, &mut legacy)).await;
    legacy
}

async fn read(aside: &Path, legacy: &mut Legacy) {
    let options = SqliteConnectOptions::new().filename(aside).read_only(true).disable_statement_logging();
    let Ok(mut connection) = SqliteConnection::connect_with(&options).await else { return };
    let order = sqlx::query_scalar("SELECT signed FROM orders ORDER BY number DESC LIMIT 1");
    legacy.order = order.fetch_optional(&mut connection).await.ok().flatten().flatten();
    // An entry whose hash is right was not touched by the damage, and so its number can be believed.
    let entries = sqlx::query(
        "SELECT id, run, seq, at_ms, kind, drill, fields, before, hash FROM entries ORDER BY id DESC LIMIT ?",
    )
    .bind(SALVAGE_ENTRIES)
    .try_map(|row: SqliteRow| whole(&row))
    .fetch_all(&mut connection)
    .await;
    legacy.head = entries.ok().into_iter().flatten().flatten().next().unwrap_or_default();
    let given: Option<i64> =
        sqlx::query_scalar("SELECT last_activation FROM memory").fetch_optional(&mut connection).await.ok().flatten();
    // Each activation has an entry of its own: a higher number than that is the damage speaking.
    legacy.last_activation = given.map_or(0, unsigned).min(legacy.head.number);
    let _ = connection.close().await;
}

fn whole(row: &SqliteRow) -> sqlx::Result<Option<Link>> {
    let (before, hash): (Option<&[u8]>, Option<&[u8]>) = (row.try_get("before")?, row.try_get("hash")?);
    let Some((before, hash)) = before.and_then(Hash::read).zip(hash.and_then(Hash::read)) else { return Ok(None) };
    let line = Line {
        number: unsigned(row.try_get("id")?),
        run: row.try_get("run")?,
        seq: unsigned(row.try_get("seq")?),
        at_ms: row.try_get("at_ms")?,
        kind: row.try_get("kind")?,
        drill: row.try_get("drill")?,
        fields: row.try_get("fields")?,
    };
    Ok((line.hash(before) == hash).then_some(Link { number: line.number, hash }))
}

/// The file `NAME.lock`, held while somebody is at work on the store: a controller, or a restore.
///
/// # Errors
/// Somebody else holds it; who, where he said so.
pub(super) fn lock(path: &Path) -> Result<Option<std::fs::File>, StoreError> {
    use std::io::{Read, Write};
    let name = beside(path, ".lock");
    // Where no file can be made there is no store to protect either; its own opening says why.
    let Ok(mut file) = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&name)
    else {
        return Ok(None);
    };
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            // Only for the message below; a full disk may refuse it.
            let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
            Ok(Some(file))
        }
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut who = String::new();
            let _ = file.take(20).read_to_string(&mut who);
            let why = format!("another program is at work on it (process {})", who.trim());
            Err(StoreError { file: path.display().to_string(), why })
        }
        // A file system that knows no locks.
        Err(_) => Ok(None),
    }
}
