//! Counts in the archive: each sample once, in batches, with the newest rows at the end of the file.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use firmware_config::mode::Mode;
use firmware_config::wire::{Counts, SoFar, WallMs};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, QueryBuilder, Row, Sqlite, SqliteConnection};

use super::keep::EARLIEST_MS;
use super::{Store, StoreError, Writer, signed, unsigned};
use crate::core::arrivals::{Run, Sums, Taken, covers, holes, take_in};

/// One stored row of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountRow {
    /// End of the interval.
    pub at_ms: WallMs,
    /// AP.
    pub ap: String,
    /// Interface.
    pub interface: String,
    /// SSID.
    pub ssid: String,
    /// `normal`, `drill` or `disaster`.
    pub mode: String,
    /// Stations at the end of the interval.
    pub stations: u32,
    /// Associations in the interval.
    pub joins: u32,
    /// Disassociations in the interval.
    pub leaves: u32,
    /// Length of the interval in seconds.
    pub interval_s: u32,
    /// How many samples are summarised in this one.
    pub samples: u32,
    /// The AP's clock was never set: it was at `at_ms` at the latest.
    pub unsure: bool,
}

/// Rows in one statement: 10 values each, and SQLite takes 32,766 in one.
const ROWS_PER_STATEMENT: usize = 1_000;
/// Sources kept in mind: 10,000 APs with four networks each. More are looked up again.
const SOURCES_MAX: usize = 40_000;

/// Runs of numbers kept of one AP: ten starts a day, each with one hole, for as long as counts are kept (400 days) are
/// 8,000; one start each five minutes, for 69 days. Beyond it the oldest are forgotten, which no AP has on its flash any
/// more (2,048 at most). An AP in wrong hands has 1 MB of the file for them, with the sums of 128 networks each (6 kB)
/// 120 MB, and no more.
const RUNS_OF_ONE_MAX: i64 = 20_000;
/// …so many at once: looking for the oldest takes as long as counting all of them.
const RUNS_FORGOTTEN_AT_ONCE: i64 = 1_000;
/// Runs that one sample may touch. What an AP sent, and sends again in another shape, is a few; each costs a statement.
const RUNS_AT_ONCE_MAX: u32 = 64;

/// Modes as the file keeps them.
const MODES: [Mode; 3] = [Mode::Normal, Mode::Drill, Mode::Disaster];

type SourceKey = (String, String, String, String);

/// Numbers of sources that were met lately, over one connection: numbers given within a transaction that came to
/// nothing were never given.
#[derive(Debug, Default)]
pub(super) struct Sources(HashMap<SourceKey, i64>);

impl Store {
    /// Stores counts; each number of each start of an agent is stored once however often and in whatever company it comes,
    /// and whatever time it bears ([`crate::core::arrivals`]). When this returns, all of them are on the disk.
    ///
    /// # Errors
    /// Nothing of it was stored, or (no answer in time) it is not known; storing it again is right in both cases.
    pub async fn add_counts(&self, counts: &[Counts]) -> Result<(), StoreError> {
        let file = self.file()?;
        self.writing(&file, async {
            let (mut place, mut writer) = file.writer().await?;
            add(&mut writer, counts).await?;
            *place = Some(writer);
            Ok(())
        })
        .await
    }

    /// Counts of `[from, to)`, of one AP or of all, oldest first, at most `limit` rows.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn counts(
        &self,
        ap: Option<&str>,
        from_ms: WallMs,
        to_ms: WallMs,
        limit: u32,
    ) -> Result<Vec<CountRow>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query(
                "SELECT at_ms, ap, interface, ssid, mode, stations, joins, leaves, interval_s, samples, unsure
                 FROM counts JOIN sources ON sources.id = source
                 WHERE at_ms >= ?1 AND at_ms < ?2 AND (?3 IS NULL OR ap = ?3)
                 ORDER BY at_ms, ap, interface LIMIT ?4",
            )
            .bind(from_ms)
            .bind(to_ms)
            .bind(ap)
            .bind(limit)
            .try_map(|row: SqliteRow| {
                let mode: i64 = row.try_get("mode")?;
                Ok(CountRow {
                    at_ms: row.try_get("at_ms")?,
                    ap: row.try_get("ap")?,
                    interface: row.try_get("interface")?,
                    ssid: row.try_get("ssid")?,
                    mode: usize::try_from(mode)
                        .ok()
                        .and_then(|mode| MODES.get(mode))
                        .map_or_else(|| format!("unknown-{mode}"), |mode| mode.as_str().to_owned()),
                    stations: row.try_get("stations")?,
                    joins: row.try_get("joins")?,
                    leaves: row.try_get("leaves")?,
                    interval_s: row.try_get("interval_s")?,
                    samples: row.try_get("samples")?,
                    unsure: row.try_get("unsure")?,
                })
            })
            .fetch_all(&file.readers),
        )
        .await
    }

    /// Stations of the whole town per bucket of `bucket_ms` in `[from, to)`: per AP and network the bucket's last
    /// gauge, summed. Each bucket is named by its beginning (`from` and whole buckets after it); empty ones are missing.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn series(
        &self,
        from_ms: WallMs,
        to_ms: WallMs,
        bucket_ms: i64,
    ) -> Result<Vec<(WallMs, u32)>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query(
                // Beside max() SQLite gives the other columns of the row that has it
                // (https://sqlite.org/lang_select.html#bareagg).
                // A summarised sample stands in each bucket that it reaches into, behind what was counted there itself.
                "WITH RECURSIVE
                 plain (bucket, ap, interface, stations, at_ms) AS (
                     SELECT (at_ms - ?1) / ?3, ap, interface, stations, at_ms
                     FROM counts JOIN sources ON sources.id = source
                     WHERE at_ms >= ?1 AND at_ms < ?2),
                 reaching (bucket, first, ap, interface, stations) AS (
                     SELECT (at_ms - ?1) / ?3, max(0, (at_ms - interval_s * 1000 - ?1) / ?3), ap, interface, stations
                     FROM counts JOIN sources ON sources.id = source
                     WHERE samples > 1 AND at_ms >= ?1 AND at_ms < ?2
                     UNION ALL
                     SELECT bucket - 1, first, ap, interface, stations FROM reaching WHERE bucket > first)
                 SELECT ?1 + bucket * ?3 AS begins, sum(stations) AS stations FROM (
                     SELECT bucket, stations, max(at_ms) FROM (
                         SELECT bucket, ap, interface, stations, at_ms FROM plain
                         UNION ALL
                         SELECT bucket, ap, interface, stations, -1 FROM reaching)
                     GROUP BY bucket, ap, interface)
                 GROUP BY bucket ORDER BY bucket",
            )
            .bind(from_ms)
            .bind(to_ms)
            .bind(bucket_ms.max(1))
            .try_map(|row: SqliteRow| {
                let stations: i64 = row.try_get("stations")?;
                Ok((row.try_get("begins")?, u32::try_from(stations).unwrap_or(u32::MAX)))
            })
            .fetch_all(&file.readers),
        )
        .await
    }
}

async fn add(writer: &mut Writer, counts: &[Counts]) -> sqlx::Result<()> {
    let Writer { connection, sources } = writer;
    if sources.0.len() > SOURCES_MAX {
        sources.0.clear();
    }
    let mut whole = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (mut rows, mut refused) = (Vec::new(), None);
    for sample in counts {
        let span = covers(sample);
        let runs = runs(&mut whole, sample, &span).await?;
        if holes(&runs, &span).is_empty() {
            continue;
        }
        if runs.len() > RUNS_AT_ONCE_MAX as usize {
            refused = Some(&sample.ap);
            continue;
        }
        if runs.is_empty() {
            make_room(&mut whole, sample).await?;
        }
        let mut networks = Vec::new();
        for network in &sample.networks {
            let key =
                (sample.ap.as_str().to_owned(), sample.boot.clone(), network.interface.clone(), network.ssid.clone());
            networks.push((source(&mut whole, sources, key).await?, network.clone()));
        }
        if let Some(taken) = take_in(sample, &runs, &mut networks) {
            note(&mut whole, sample, &taken, runs.iter().any(|run| run.sums.is_some())).await?;
            rows.extend(networks.into_iter().map(|(source, network)| (source, network, sample, taken.part)));
        }
    }
    if let Some(ap) = refused {
        tracing::warn!(%ap, "a sample of it is not taken: it covers more pieces than one access point can have sent");
    }
    for some in rows.chunks(ROWS_PER_STATEMENT) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT OR IGNORE INTO counts
             (at_ms, source, seq, interval_s, mode, stations, joins, leaves, samples, unsure) ",
        );
        insert.push_values(some, |mut row, (source, network, sample, part)| {
            row.push_bind(part.at_ms)
                .push_bind(*source)
                .push_bind(signed(part.seq))
                .push_bind(part.interval_s)
                .push_bind(MODES.iter().position(|mode| *mode == sample.mode).map_or(0, |mode| mode as i64))
                .push_bind(network.stations)
                .push_bind(network.joins)
                .push_bind(network.leaves)
                .push_bind(part.samples)
                .push_bind(sample.at_unsure);
        });
        insert.build().execute(&mut *whole).await?;
    }
    // An age that is left says that the AP's clock and ours are agreed.
    if let Some(at_ms) = counts.iter().filter(|sample| sample.age_ms.is_some()).map(|sample| sample.at_ms).max() {
        sqlx::query("INSERT INTO vouched (id, at_ms) VALUES (1, ?) ON CONFLICT DO UPDATE SET at_ms = max(at_ms, excluded.at_ms)")
            .bind(at_ms)
            .execute(&mut *whole)
            .await?;
    }
    whole.commit().await
}

/// Forgets some of the runs of numbers whose newest sample is older than counts are kept; the one that comes again all
/// the same goes as they went. A time that cannot be says nothing.
pub(super) async fn forget_arrived(whole: &mut SqliteConnection, older_ms: WallMs, at_once: u32) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM arrived WHERE (ap, boot, first) IN
         (SELECT ap, boot, first FROM arrived WHERE at_ms >= ? AND at_ms < ? LIMIT ?)",
    )
    .bind(EARLIEST_MS)
    .bind(older_ms)
    .bind(at_once)
    .execute(whole)
    .await
    .map(drop)
}

/// The runs that hold a number of the span or are next to it, in order, and one more at most than there may be.
async fn runs(
    whole: &mut SqliteConnection,
    sample: &Counts,
    span: &RangeInclusive<u64>,
) -> sqlx::Result<Vec<Run<i64>>> {
    // Runs do not overlap: of those that begin before the span one alone can reach to it.
    let found: Vec<(i64, i64, Option<String>)> = sqlx::query_as(
        "SELECT arrived.first, last, sums FROM arrived LEFT JOIN sums USING (ap, boot, first)
         WHERE ap = ?1 AND boot = ?2 AND arrived.first <= ?4 AND arrived.first >= coalesce(
             (SELECT max(first) FROM arrived WHERE ap = ?1 AND boot = ?2 AND first <= ?3), ?3)
         ORDER BY arrived.first LIMIT ?5",
    )
    .bind(sample.ap.as_str())
    .bind(&sample.boot)
    .bind(signed(*span.start()))
    .bind(signed(span.end().saturating_add(1)))
    .bind(RUNS_AT_ONCE_MAX + 2)
    .fetch_all(whole)
    .await?;
    let runs = found.into_iter().map(|(first, last, text)| Run {
        first: unsigned(first),
        last: unsigned(last),
        sums: text.and_then(|text| sums(&text)),
    });
    Ok(runs.filter(|run| run.last.saturating_add(1) >= *span.start()).collect())
}

/// As the file keeps them. Of what cannot be read nothing is known.
fn sums(text: &str) -> Option<Sums<i64>> {
    let sums: Vec<(i64, u32, u32, u32, u32)> = serde_json::from_str(text).ok()?;
    let before = sums.iter().map(|(source, joins, leaves, ..)| (*source, SoFar { joins: *joins, leaves: *leaves }));
    let after = sums.iter().map(|(source, .., joins, leaves)| (*source, SoFar { joins: *joins, leaves: *leaves }));
    Some(Sums { before: before.collect(), after: after.collect() })
}

/// …and back.
fn sums_text(sums: &Sums<i64>) -> String {
    let both = sums.before.iter().filter_map(|(source, before)| Some((source, before, sums.after.get(source)?)));
    let sums: Vec<_> = both.map(|(source, b, a)| (source, b.joins, b.leaves, a.joins, a.leaves)).collect();
    serde_json::to_string(&sums).expect("numbers have a text")
}

/// Forgets the oldest runs of an AP where there is no room for one more.
async fn make_room(whole: &mut SqliteConnection, sample: &Counts) -> sqlx::Result<()> {
    let ap = sample.ap.as_str();
    let runs: i64 =
        sqlx::query_scalar("SELECT count(*) FROM arrived WHERE ap = ?").bind(ap).fetch_one(&mut *whole).await?;
    if runs < RUNS_OF_ONE_MAX {
        return Ok(());
    }
    tracing::warn!(%ap, "it counted in more starts than are kept in mind: the oldest are not known any more");
    sqlx::query(
        "DELETE FROM arrived WHERE ap = ?1 AND (boot, first) IN
         (SELECT boot, first FROM arrived WHERE ap = ?1 ORDER BY at_ms LIMIT ?2)",
    )
    .bind(ap)
    .bind(RUNS_FORGOTTEN_AT_ONCE)
    .execute(whole)
    .await
    .map(drop)
}

/// Notes the run that a sample is in from now on; `knew`: whether anything was known of those before it.
async fn note(whole: &mut SqliteConnection, sample: &Counts, taken: &Taken<i64>, knew: bool) -> sqlx::Result<()> {
    let (ap, boot, run) = (sample.ap.as_str(), sample.boot.as_str(), &taken.run);
    let mut at_ms = sample.at_ms;
    for first in taken.gone.iter().filter(|first| **first != run.first) {
        let gone_ms: Option<WallMs> =
            sqlx::query_scalar("DELETE FROM arrived WHERE ap = ? AND boot = ? AND first = ? RETURNING at_ms")
                .bind(ap)
                .bind(boot)
                .bind(signed(*first))
                .fetch_optional(&mut *whole)
                .await?;
        at_ms = at_ms.max(gone_ms.unwrap_or(at_ms));
    }
    sqlx::query(
        "INSERT INTO arrived (ap, boot, first, last, at_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET last = excluded.last, at_ms = max(at_ms, excluded.at_ms)",
    )
    .bind(ap)
    .bind(boot)
    .bind(signed(run.first))
    .bind(signed(run.last))
    .bind(at_ms)
    .execute(&mut *whole)
    .await?;
    let known = match &run.sums {
        Some(sums) => sqlx::query(
            "INSERT INTO sums (ap, boot, first, sums) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET sums = ?4",
        )
        .bind(ap)
        .bind(boot)
        .bind(signed(run.first))
        .bind(sums_text(sums)),
        None if !knew => return Ok(()),
        None => sqlx::query("DELETE FROM sums WHERE ap = ? AND boot = ? AND first = ?")
            .bind(ap)
            .bind(boot)
            .bind(signed(run.first)),
    };
    known.execute(whole).await.map(drop)
}

/// The number of a source, given at its first sample.
async fn source(whole: &mut SqliteConnection, sources: &mut Sources, key: SourceKey) -> sqlx::Result<i64> {
    if let Some(id) = sources.0.get(&key) {
        return Ok(*id);
    }
    let (ap, boot, interface, ssid) = &key;
    sqlx::query("INSERT OR IGNORE INTO sources (ap, boot, interface, ssid) VALUES (?, ?, ?, ?)")
        .bind(ap)
        .bind(boot)
        .bind(interface)
        .bind(ssid)
        .execute(&mut *whole)
        .await?;
    let id = sqlx::query_scalar("SELECT id FROM sources WHERE ap = ? AND boot = ? AND interface = ? AND ssid = ?")
        .bind(ap)
        .bind(boot)
        .bind(interface)
        .bind(ssid)
        .fetch_one(whole)
        .await?;
    sources.0.insert(key, id);
    Ok(id)
}
