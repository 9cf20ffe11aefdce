//! What is kept for how long: what is older goes, a little at a time, and what went is written down.
//!
//! Order by number, never by wall clock: of the record only its beginning goes, so that what is left is a chain. A time
//! that cannot be (before this program was written, or ahead of now) says nothing: such counts stay, and such an entry
//! goes with those round it.

use firmware_config::wire::WallMs;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::chain::{self, Hash, Link};
use super::{Store, StoreError, signed, unsigned};

/// How long what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Days for counts.
    pub counts_days: u32,
    /// Days for the record; none: for ever.
    pub record_days: Option<u32>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { counts_days: 400, record_days: None }
    }
}

/// What can be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// Counts.
    Counts,
    /// Sketches of distinct devices, by the beginning of their activation.
    Sketches,
    /// Entries of the record, and the orders of their time.
    Record,
}

impl What {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Sketches => "sketches",
            Self::Record => "record",
        }
    }
}

/// What was deleted in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    /// Its number in the file.
    pub id: i64,
    /// What.
    pub what: What,
    /// How many rows.
    pub rows: u64,
    /// The oldest…
    pub from_ms: WallMs,
    /// …and the newest of them.
    pub to_ms: WallMs,
    /// Of the record: the last entry that went; the chain goes on from it.
    pub last: Option<Link>,
}

/// Rows in one transaction: some 10 ms, and 200 kB of log.
const AT_ONCE: u32 = 1_000;
/// 2026-01-01T00:00Z. No clock that is right says less.
pub(super) const EARLIEST_MS: WallMs = 1_767_225_600_000;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which deletion it belongs to; none where nothing went.
    pub deletion: Option<i64>,
    /// Whether there may be more.
    pub more: bool,
}

impl Store {
    /// The latest time for which an AP's clock vouched beside ours: what our clock alone says, in whichever run, deletes
    /// nothing. Where no AP has a clock that ever agreed (all are flipped by SNMP): that of the newest sample, or entry of
    /// an earlier run. None where there is nothing.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn vouched_ms(&self) -> Result<Option<WallMs>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query_scalar(
                "SELECT coalesce((SELECT at_ms FROM vouched), (SELECT max(at_ms) FROM
                 (SELECT max(at_ms) AS at_ms FROM counts UNION ALL SELECT max(at_ms) FROM entries WHERE run <> ?)))",
            )
            .bind(&self.0.run)
            .fetch_one(&file.readers),
        )
        .await
    }

    /// Deletes some of what is older than `older_ms`; `now_ms` is the latest time that can be. `deletion` is what the
    /// last step began.
    ///
    /// # Errors
    /// Nothing of this step was deleted, or (no answer in time) it is not known; what went is written down in any case.
    pub async fn delete_some(
        &self,
        what: What,
        older_ms: WallMs,
        now_ms: WallMs,
        deletion: Option<i64>,
    ) -> Result<Step, StoreError> {
        let file = self.file()?;
        self.writing(&file, async {
            let (mut place, mut writer) = file.writer().await?;
            let mut whole = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
            let gone = match what {
                What::Counts => counts(&mut whole, older_ms).await?,
                What::Sketches => sketches(&mut whole, older_ms).await?,
                What::Record => entries(&mut whole, older_ms, now_ms).await?,
            };
            let step = match gone {
                None => Step { deletion, more: false },
                Some(gone) => Step {
                    deletion: Some(note(&mut whole, what, older_ms, deletion, &gone).await?),
                    more: gone.rows >= i64::from(AT_ONCE),
                },
            };
            whole.commit().await?;
            *place = Some(writer);
            Ok(step)
        })
        .await
    }

    /// Writes SQLite's log into the file and empties it: what was deleted stands there too. Where somebody reads just
    /// now, the next time does it.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        let file = self.file()?;
        self.writing(&file, async {
            let (mut place, mut writer) = file.writer().await?;
            sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut writer.connection).await?;
            *place = Some(writer);
            Ok(())
        })
        .await
    }

    /// Deletions of which the record does not tell yet.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn untold_deletions(&self) -> Result<Vec<Deletion>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query(
                "SELECT id, what, rows, from_ms, to_ms, number, hash FROM deletions WHERE NOT told ORDER BY id",
            )
            .try_map(|row: SqliteRow| {
                let number: Option<i64> = row.try_get("number")?;
                let hash = row.try_get::<Option<&[u8]>, _>("hash")?.and_then(Hash::read);
                Ok(Deletion {
                    id: row.try_get("id")?,
                    what: match row.try_get::<&str, _>("what")? {
                        "record" => What::Record,
                        "sketches" => What::Sketches,
                        _ => What::Counts,
                    },
                    rows: unsigned(row.try_get("rows")?),
                    from_ms: row.try_get("from_ms")?,
                    to_ms: row.try_get("to_ms")?,
                    last: number.map(|number| Link { number: unsigned(number), hash: hash.unwrap_or_default() }),
                })
            })
            .fetch_all(&file.readers),
        )
        .await
    }
}

/// What one step deleted.
struct Gone {
    rows: i64,
    from_ms: WallMs,
    to_ms: WallMs,
    last: Option<Link>,
}

async fn counts(whole: &mut SqliteConnection, older_ms: WallMs) -> sqlx::Result<Option<Gone>> {
    let gone = sqlx::query(
        "SELECT count(*) AS rows, min(at_ms) AS from_ms, max(at_ms) AS to_ms FROM
         (SELECT at_ms FROM counts WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?)",
    )
    .bind(EARLIEST_MS)
    .bind(older_ms)
    .bind(AT_ONCE)
    .try_map(|row: SqliteRow| Ok((row.try_get::<i64, _>("rows")?, row.try_get("from_ms")?, row.try_get("to_ms")?)))
    .fetch_one(&mut *whole)
    .await?;
    super::counts::forget_arrived(whole, older_ms, AT_ONCE).await?;
    let (rows, Some(from_ms), Some(to_ms)) = gone else { return Ok(None) };
    sqlx::query(
        "DELETE FROM counts WHERE (at_ms, source, seq) IN
         (SELECT at_ms, source, seq FROM counts WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?)",
    )
    .bind(EARLIEST_MS)
    .bind(older_ms)
    .bind(AT_ONCE)
    .execute(whole)
    .await?;
    Ok(Some(Gone { rows, from_ms, to_ms, last: None }))
}

async fn sketches(whole: &mut SqliteConnection, older_ms: WallMs) -> sqlx::Result<Option<Gone>> {
    let gone = super::distinct::forget(whole, older_ms, AT_ONCE).await?;
    let (Some(from_ms), Some(to_ms)) = (gone.iter().min(), gone.iter().max()) else { return Ok(None) };
    let rows = i64::try_from(gone.len()).unwrap_or(i64::MAX);
    Ok(Some(Gone { rows, from_ms: *from_ms, to_ms: *to_ms, last: None }))
}

async fn entries(whole: &mut SqliteConnection, older_ms: WallMs, now_ms: WallMs) -> sqlx::Result<Option<Gone>> {
    // Up to the first entry that is young, or else the last one that is old.
    let first_young: Option<i64> =
        sqlx::query_scalar("SELECT id FROM entries WHERE at_ms >= ? AND at_ms <= ? ORDER BY id LIMIT 1")
            .bind(older_ms)
            .bind(now_ms)
            .fetch_optional(&mut *whole)
            .await?;
    let last_old: Option<i64> =
        sqlx::query_scalar("SELECT max(id) FROM entries WHERE at_ms >= ? AND at_ms < ? AND id < ?")
            .bind(EARLIEST_MS)
            .bind(older_ms)
            .bind(first_young.unwrap_or(i64::MAX))
            .fetch_one(&mut *whole)
            .await?;
    let Some(last_old) = last_old else { return Ok(None) };
    let gone: Vec<(i64, WallMs, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT id, at_ms, hash FROM entries WHERE id <= ? ORDER BY id LIMIT ?")
            .bind(last_old)
            .bind(AT_ONCE)
            .fetch_all(&mut *whole)
            .await?;
    let Some((last, _, hash)) = gone.last() else { return Ok(None) };
    let link = Link { number: unsigned(*last), hash: hash.as_deref().and_then(Hash::read).unwrap_or_default() };
    sqlx::query("DELETE FROM entries WHERE id <= ?").bind(*last).execute(&mut *whole).await?;
    if chain::ends(&mut *whole).await?.base.number < link.number {
        chain::set_base(&mut *whole, link).await?;
    }
    // The newest order stays, whatever its age: its number must not be given again.
    sqlx::query("DELETE FROM orders WHERE issued_at_ms < ? AND number < (SELECT max(number) FROM orders)")
        .bind(older_ms)
        .execute(whole)
        .await?;
    let times = || gone.iter().map(|(_, at_ms, _)| *at_ms);
    Ok(Some(Gone {
        rows: i64::try_from(gone.len()).unwrap_or(i64::MAX),
        from_ms: times().min().unwrap_or_default(),
        to_ms: times().max().unwrap_or_default(),
        last: Some(link),
    }))
}

/// Writes it down, in the transaction that deletes.
async fn note(
    whole: &mut SqliteConnection,
    what: What,
    older_ms: WallMs,
    deletion: Option<i64>,
    gone: &Gone,
) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "INSERT INTO deletions (id, what, rows, from_ms, to_ms, older_ms, number, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET rows = rows + excluded.rows, from_ms = min(from_ms, excluded.from_ms),
             to_ms = max(to_ms, excluded.to_ms), number = excluded.number, hash = excluded.hash
         RETURNING id",
    )
    .bind(deletion)
    .bind(what.as_str())
    .bind(gone.rows)
    .bind(gone.from_ms)
    .bind(gone.to_ms)
    .bind(older_ms)
    .bind(gone.last.map(|last| signed(last.number)))
    .bind(gone.last.map(|last| last.hash.bytes().to_vec()))
    .fetch_one(whole)
    .await
}

/// The record tells of it now.
pub(super) async fn told(whole: &mut SqliteConnection, deletion: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE deletions SET told = 1 WHERE id = ?").bind(deletion).execute(whole).await?;
    Ok(())
}
