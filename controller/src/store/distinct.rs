//! Sketches of distinct devices in the archive: one for each AP and activation, merged with what is there already.

use firmware_config::sketch::Sketch;
use firmware_config::wire::{Period, WallMs};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::keep::EARLIEST_MS;
use super::{Store, StoreError, signed, unsigned};
use crate::core::Activation;
use crate::core::distinct::KeptSketch;

/// Rows read at once: 10,000 APs in a few activations, 100 MB at the utmost.
const ROWS_MAX: u32 = 50_000;

/// One sketch as stored, and of what kind of activation.
#[derive(Debug, Clone, PartialEq)]
pub struct SketchRow {
    /// Which activation.
    pub period: Period,
    /// `drill` or `disaster`.
    pub mode: String,
    /// Who opened it.
    pub source: String,
    /// AP.
    pub ap: String,
    /// Where it stood.
    pub facility: String,
    /// The devices; none where the row is not to be read.
    pub registers: Option<Sketch>,
}

impl Store {
    /// Stores sketches, each merged with what is stored of its AP and activation: however often and in whatever order
    /// they come, the devices are counted once. One of an activation that never was is left out; how many were not.
    ///
    /// # Errors
    /// Nothing of it was stored, or (no answer in time) it is not known; storing it again is right in both cases.
    pub async fn add_sketches(&self, sketches: &[KeptSketch]) -> Result<u64, StoreError> {
        let file = self.file()?;
        self.writing(&file, async {
            let (mut place, mut writer) = file.writer().await?;
            let mut whole = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
            let mut stored = 0;
            for sketch in sketches {
                stored += merge(&mut whole, sketch).await?;
            }
            whole.commit().await?;
            *place = Some(writer);
            Ok(stored)
        })
        .await
    }

    /// Sketches of activations that began in `[from, to)`, oldest activation first.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn sketches(&self, from_ms: WallMs, to_ms: WallMs) -> Result<Vec<SketchRow>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query(
                "SELECT activation, since_ms, mode, source, ap, facility, registers
                 FROM sketches JOIN periods USING (activation, since_ms)
                 WHERE since_ms >= ? AND since_ms < ? ORDER BY since_ms, activation, facility, ap LIMIT ?",
            )
            .bind(from_ms)
            .bind(to_ms)
            .bind(ROWS_MAX)
            .try_map(|row: SqliteRow| read(&row))
            .fetch_all(&file.readers),
        )
        .await
    }

    /// Sketches of the activations in force, as last stored.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn sketches_in_force(&self) -> Result<Vec<SketchRow>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query(
                "SELECT activation, sketches.since_ms, activations.mode, source, ap, facility, registers
                 FROM sketches JOIN activations ON id = activation AND activations.since_ms = sketches.since_ms LIMIT ?",
            )
            .bind(ROWS_MAX)
            .try_map(|row: SqliteRow| read(&row))
            .fetch_all(&file.readers),
        )
        .await
    }
}

fn read(row: &SqliteRow) -> sqlx::Result<SketchRow> {
    Ok(SketchRow {
        period: Period { activation: unsigned(row.try_get("activation")?), since_ms: row.try_get("since_ms")? },
        mode: row.try_get("mode")?,
        source: row.try_get("source")?,
        ap: row.try_get("ap")?,
        facility: row.try_get("facility")?,
        registers: Sketch::read(row.try_get("registers")?),
    })
}

/// Deletes at most so many sketches of activations that began before `older_ms`; the beginning of each. With the last of
/// an activation goes what the store knows it by. One in force stays, and one whose beginning cannot be (a clock that was
/// never set).
pub(super) async fn forget(whole: &mut SqliteConnection, older_ms: WallMs, at_once: u32) -> sqlx::Result<Vec<WallMs>> {
    const OLD: &str = "since_ms >= ?1 AND since_ms < ?2
        AND NOT EXISTS (SELECT 1 FROM activations AS held WHERE held.id = activation)";
    // The condition is ours.
    let sketches = sqlx::AssertSqlSafe(format!(
        "DELETE FROM sketches WHERE rowid IN (SELECT rowid FROM sketches WHERE {OLD} LIMIT ?3) RETURNING since_ms"
    ));
    let gone =
        sqlx::query_scalar(sketches).bind(EARLIEST_MS).bind(older_ms).bind(at_once).fetch_all(&mut *whole).await?;
    let periods = sqlx::AssertSqlSafe(format!(
        "DELETE FROM periods WHERE {OLD} AND NOT EXISTS (SELECT 1 FROM sketches AS left_here
         WHERE left_here.activation = periods.activation AND left_here.since_ms = periods.since_ms)"
    ));
    sqlx::query(periods).bind(EARLIEST_MS).bind(older_ms).execute(whole).await?;
    Ok(gone)
}

/// Merges one; 1, or 0 where there is no such activation.
async fn merge(whole: &mut SqliteConnection, new: &KeptSketch) -> sqlx::Result<u64> {
    let Period { activation, since_ms } = new.period;
    let before: Option<String> =
        sqlx::query_scalar("SELECT registers FROM sketches WHERE activation = ? AND since_ms = ? AND ap = ?")
            .bind(signed(activation))
            .bind(since_ms)
            .bind(new.ap.as_str())
            .fetch_optional(&mut *whole)
            .await?;
    let mut merged = before.as_deref().and_then(Sketch::read).unwrap_or_default();
    merged.merge(&new.registers);
    let added = sqlx::query(
        "INSERT INTO sketches (activation, since_ms, ap, facility, registers)
         SELECT activation, since_ms, ?3, ?4, ?5 FROM periods WHERE activation = ?1 AND since_ms = ?2
         ON CONFLICT (activation, since_ms, ap) DO UPDATE SET registers = excluded.registers",
    )
    .bind(signed(activation))
    .bind(since_ms)
    .bind(new.ap.as_str())
    .bind(new.facility.as_str())
    .bind(merged.text())
    .execute(whole)
    .await?;
    Ok(added.rows_affected().min(1))
}

/// An activation is in force: sketches of it may come from now on, also when it has ended.
pub(super) async fn began(whole: &mut SqliteConnection, activation: &Activation) -> sqlx::Result<()> {
    sqlx::query("INSERT OR IGNORE INTO periods (activation, since_ms, mode, source) VALUES (?, ?, ?, ?)")
        .bind(signed(activation.id))
        .bind(activation.since_ms)
        .bind(activation.mode.as_str())
        .bind(activation.source.word())
        .execute(whole)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use firmware_config::mode::Mode;
    use firmware_config::sketch::Mark;

    use super::*;
    use crate::core::{Durable, Source};
    use crate::store::keep::{Deletion, Step, What};

    fn sketch(ap: &str, devices: std::ops::Range<u64>) -> KeptSketch {
        let mut registers = Sketch::default();
        // An odd number times a number is a spread good enough to tell sketches apart.
        devices.for_each(|device| {
            registers.note(Mark::of((device + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        });
        let period = Period { activation: 3, since_ms: 1_000 };
        KeptSketch { period, ap: ap.parse().expect("valid"), facility: "gym".parse().expect("valid"), registers }
    }

    async fn store(folder: &std::path::Path) -> Store {
        let store = Store::open(&folder.join("town.db")).await.expect("opened");
        store.remembered().await.expect("read");
        let opened = Activation {
            id: 3,
            boot: String::new(),
            source: Source::Key(None),
            mode: Mode::Disaster,
            facilities: BTreeSet::new(),
            since_ms: 1_000,
            until_ms: None,
            why: String::new(),
        };
        store.write(&Durable { activations: vec![opened], ..Durable::default() }, None).await.expect("stored");
        assert_eq!(store.add_sketches(&[sketch("gym-9", 0..1)]).await, Ok(1));
        assert_eq!(store.sketches_in_force().await.expect("read").len(), 1);
        // It has ended.
        store.write(&Durable::default(), None).await.expect("stored");
        store
    }

    #[tokio::test]
    async fn sketches_are_merged_per_ap_in_any_order_and_survive_a_restart() {
        // Also those that come after their activation has ended, or twice, or after the agent had begun anew.
        let folder = tempfile::tempdir().expect("folder");
        let one = store(folder.path()).await;
        for part in [sketch("gym-1", 50..90), sketch("gym-2", 0..10), sketch("gym-1", 0..60), sketch("gym-1", 50..90)] {
            assert_eq!(one.add_sketches(&[part]).await, Ok(1));
        }
        assert_eq!(one.sketches_in_force().await, Ok(Vec::new()));
        drop(one);
        let store = Store::open(&folder.path().join("town.db")).await.expect("opened again");
        let rows = store.sketches(0, WallMs::MAX).await.expect("read");
        let found: Vec<_> = rows.iter().map(|row| (row.ap.as_str(), row.registers.clone())).collect();
        let whole = |ap, devices| Some(sketch(ap, devices).registers);
        assert_eq!(found[..2], [("gym-1", whole("gym-1", 0..90)), ("gym-2", whole("gym-2", 0..10))]);
        assert_eq!((rows[0].mode.as_str(), rows[0].source.as_str()), ("disaster", "key"));
        assert_eq!(store.sketches(1_001, WallMs::MAX).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn a_sketch_of_an_activation_that_never_was_is_not_kept() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(folder.path()).await;
        let mut invented = sketch("gym-1", 0..90);
        invented.period.since_ms += 1;
        assert_eq!(store.add_sketches(&[invented, sketch("gym-1", 0..9)]).await, Ok(1));
        assert_eq!(store.sketches(WallMs::MIN, WallMs::MAX).await.expect("read").len(), 2);
    }

    #[tokio::test]
    async fn sketches_of_long_ago_go_and_those_in_force_or_of_no_known_time_stay() {
        let folder = tempfile::tempdir().expect("folder");
        let store = store(folder.path()).await;
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
        let day = |days: i64| EARLIEST_MS + days * 86_400_000;
        let all = vec![opened(4, day(1)), opened(5, day(2)), opened(6, day(9))];
        store.write(&Durable { activations: all, ..Durable::default() }, None).await.expect("stored");
        let of = |activation, since_ms| KeptSketch { period: Period { activation, since_ms }, ..sketch("gym-1", 0..9) };
        let sketches = [of(3, 1_000), of(4, day(1)), of(5, day(2)), of(6, day(9))];
        assert_eq!(store.add_sketches(&sketches).await, Ok(4));
        let still = vec![opened(5, day(2))];
        store.write(&Durable { activations: still, ..Durable::default() }, None).await.expect("stored");
        let step = store.delete_some(What::Sketches, day(5), WallMs::MAX, None).await.expect("deleted");
        assert_eq!(step, Step { deletion: Some(1), more: false });
        let told = store.untold_deletions().await.expect("read");
        let (from_ms, to_ms) = (day(1), day(1));
        assert_eq!(told, [Deletion { id: 1, what: What::Sketches, rows: 1, from_ms, to_ms, last: None }]);
        let left = store.sketches(WallMs::MIN, WallMs::MAX).await.expect("read");
        assert_eq!(left.iter().map(|row| row.period.activation).collect::<Vec<_>>(), [3, 3, 5, 6]);
        assert_eq!(store.add_sketches(&[of(4, day(1))]).await, Ok(0), "nor does it come back");
    }
}
