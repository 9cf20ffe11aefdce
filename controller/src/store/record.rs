//! What must not be lost: orders, activations, the key and the record, written as one whole.

use std::collections::BTreeSet;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::{self, Order, WallMs};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::chain::{self, Line, Link};
use super::{Store, StoreError, distinct, keep, signed, unsigned};
use crate::core::key::KeyMemory;
use crate::core::{Activation, Durable, Entry, KeyPosition, Kind, Remembered, Source, read_act};

/// One entry as stored: kinds and field names are words for the dashboard to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// Number.
    pub seq: u64,
    /// When.
    pub at_ms: WallMs,
    /// `Kind::as_str`.
    pub kind: String,
    /// Belongs to a drill.
    pub drill: bool,
    /// Particulars.
    pub fields: Vec<(String, String)>,
}

const OPERATOR: &str = "operator:";

impl Store {
    /// What was stored last, with the signed text of the newest order.
    ///
    /// Nothing is written to a file before it has been asked this.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn remembered(&self) -> Result<(Remembered, Option<String>), StoreError> {
        let file = self.file()?;
        let found = self
            .writing(&file, async {
                let (mut place, mut writer) = file.writer().await?;
                let head = chain::ends(&mut writer.connection).await?.head;
                let found = read_remembered(&mut writer.connection, head).await?;
                *place = Some(writer);
                self.0.seen(head, found.0.last_activation);
                Ok(found)
            })
            .await?;
        self.0.set_remembered();
        Ok(found)
    }

    /// Stores a batch in one transaction (entries by `seq`, once; activations replaced; the order with its signed text).
    ///
    /// # Errors
    /// Nothing of it was stored, or (no answer in time) it is not known; storing it again is right in both cases.
    pub async fn write(&self, what: &Durable, signed_text: Option<&str>) -> Result<(), StoreError> {
        let file = self.file()?;
        if !self.0.has_remembered() {
            return Err(self.failed(&"open, and what it remembers is still being read"));
        }
        self.writing(&file, async {
            let (mut place, mut writer) = file.writer().await?;
            let mut whole = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
            if let Some(order) = &what.order {
                write_order(&mut whole, order, signed_text).await?;
            }
            write_activations(&mut whole, &what.activations).await?;
            let mut head = chain::ends(&mut whole).await?.head;
            for entry in &what.entries {
                write_entry(&mut whole, &self.0.run, entry, &mut head).await?;
            }
            chain::set_head(&mut whole, head).await?;
            let last_activation = write_memory(&mut whole, what).await?;
            whole.commit().await?;
            self.0.seen(head, last_activation);
            *place = Some(writer);
            Ok(())
        })
        .await
    }

    /// The newest entry's number and hash: what is worth writing down on paper.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn head(&self) -> Result<Link, StoreError> {
        let file = self.file()?;
        let ends = async { chain::ends(&mut *file.readers.acquire().await?).await };
        Ok(self.reading(&file, ends).await?.head)
    }

    /// Entries older than `before`, newest first.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn entries(&self, before: Option<u64>, limit: u32) -> Result<Vec<StoredEntry>, StoreError> {
        let file = self.file()?;
        self.reading(
            &file,
            sqlx::query("SELECT id, at_ms, kind, drill, fields FROM entries WHERE id < ? ORDER BY id DESC LIMIT ?")
                .bind(before.map_or(i64::MAX, signed))
                .bind(limit)
                .try_map(|row: SqliteRow| {
                    Ok(StoredEntry {
                        seq: unsigned(row.try_get("id")?),
                        at_ms: row.try_get("at_ms")?,
                        kind: row.try_get("kind")?,
                        drill: row.try_get("drill")?,
                        fields: from_json(row.try_get::<&str, _>("fields")?)?,
                    })
                })
                .fetch_all(&file.readers),
        )
        .await
    }
}

async fn write_order(whole: &mut SqliteConnection, order: &Order, signed_text: Option<&str>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO orders (number, issued_at_ms, document, signed) VALUES (?, ?, ?, ?)
         ON CONFLICT (number) DO UPDATE SET
             issued_at_ms = excluded.issued_at_ms, document = excluded.document, signed = excluded.signed",
    )
    .bind(signed(order.number))
    .bind(order.issued_at_ms)
    .bind(String::from_utf8_lossy(&wire::write(order)).into_owned())
    .bind(signed_text)
    .execute(whole)
    .await?;
    Ok(())
}

async fn write_activations(whole: &mut SqliteConnection, activations: &[Activation]) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM activations").execute(&mut *whole).await?;
    for activation in activations {
        distinct::began(&mut *whole, activation).await?;
        sqlx::query(
            "INSERT INTO activations (id, boot, source, mode, facilities, since_ms, until_ms, why)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(signed(activation.id))
        .bind(&activation.boot)
        .bind(activation.source.word())
        .bind(activation.mode.as_str())
        .bind(to_json(&activation.facilities))
        .bind(activation.since_ms)
        .bind(activation.until_ms)
        .bind(&activation.why)
        .execute(&mut *whole)
        .await?;
    }
    Ok(())
}

/// An entry keeps its number, unless the file already goes further: then it is given the next one. `head` is where the
/// record ends, and moves on with it.
pub(super) async fn write_entry(
    whole: &mut SqliteConnection,
    run: &str,
    entry: &Entry,
    head: &mut Link,
) -> sqlx::Result<()> {
    let fields = to_json(&entry.fields);
    let line = Line {
        number: entry.seq.max(head.number.saturating_add(1)),
        run,
        seq: entry.seq,
        at_ms: entry.at_ms,
        kind: entry.kind.as_str(),
        drill: entry.drill,
        fields: &fields,
    };
    let hash = line.hash(head.hash);
    let added = sqlx::query(
        "INSERT INTO entries (id, run, seq, at_ms, kind, drill, fields, before, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (run, seq) DO NOTHING",
    )
    .bind(signed(line.number))
    .bind(run)
    .bind(signed(line.seq))
    .bind(line.at_ms)
    .bind(line.kind)
    .bind(line.drill)
    .bind(&fields)
    .bind(head.hash.bytes())
    .bind(hash.bytes())
    .execute(&mut *whole)
    .await?;
    if matches!(entry.kind, Kind::CountsDeleted | Kind::SketchesDeleted | Kind::RecordDeleted)
        && let Some(deletion) = entry.fields.iter().find(|(name, _)| *name == "deletion")
        && let Ok(deletion) = deletion.1.parse()
    {
        keep::told(&mut *whole, deletion).await?;
    }
    if added.rows_affected() > 0 {
        *head = Link { number: line.number, hash };
    }
    Ok(())
}

async fn write_memory(whole: &mut SqliteConnection, what: &Durable) -> sqlx::Result<u64> {
    // An activation may be opened and closed within one batch: its entry still tells that its number was given.
    let opened = what.entries.iter().filter(|entry| entry.kind == Kind::Opened).filter_map(|entry| {
        entry.fields.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse::<u64>().ok())
    });
    let last_activation = what.activations.iter().map(|activation| activation.id).chain(opened).max().unwrap_or(0);
    sqlx::query(
        "INSERT INTO memory (id, key_position, key_since_ms, key_isolated, last_activation) VALUES (1, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
             key_position = excluded.key_position, key_since_ms = excluded.key_since_ms,
             key_isolated = excluded.key_isolated, last_activation = max(last_activation, excluded.last_activation)",
    )
    .bind(what.key.position.map(|(position, _)| position.as_str()))
    .bind(what.key.position.map(|(_, since)| since))
    .bind(what.key.isolated.as_deref())
    .bind(signed(last_activation))
    .execute(whole)
    .await?;
    Ok(last_activation)
}

async fn read_remembered(connection: &mut SqliteConnection, head: Link) -> sqlx::Result<(Remembered, Option<String>)> {
    let mut found = Remembered::default();
    let mut text = None;
    if let Some(row) = sqlx::query("SELECT document, signed FROM orders ORDER BY number DESC LIMIT 1")
        .fetch_optional(&mut *connection)
        .await?
    {
        let document: String = row.try_get("document")?;
        found.order = Some(wire::read(document.as_bytes(), None).map_err(|error| damaged("orders", &error))?);
        text = row.try_get("signed")?;
    }
    found.activations = sqlx::query("SELECT * FROM activations ORDER BY rowid")
        .try_map(|row: SqliteRow| read_activation(&row))
        .fetch_all(&mut *connection)
        .await?;
    if let Some(row) = sqlx::query("SELECT * FROM memory").fetch_optional(&mut *connection).await? {
        found.last_activation = unsigned(row.try_get("last_activation")?);
        let position: Option<String> = row.try_get("key_position")?;
        let since: Option<WallMs> = row.try_get("key_since_ms")?;
        let position = position.map(|word| read_position(&word)).transpose()?;
        found.key = KeyMemory { position: position.zip(since), isolated: row.try_get("key_isolated")? };
    }
    let acts = "SELECT fields FROM entries WHERE kind = ? OR (kind = ? AND fields LIKE '%\"act\"%') ORDER BY id";
    for fields in sqlx::query_scalar::<_, String>(acts)
        .bind(Kind::FacilityKeyActed.as_str())
        .bind(Kind::Opened.as_str())
        .fetch_all(&mut *connection)
        .await?
    {
        let fields: Vec<(String, String)> = from_json(&fields).map_err(|error| damaged("entries", &error))?;
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let ap = field("ap").and_then(|ap| ap.parse().ok());
        found.facility_acts.extend(ap.zip(field("act").and_then(read_act)));
    }
    // The chain goes on from a file that was set aside, and beyond entries whose time was up.
    let last: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM entries").fetch_one(connection).await?;
    found.last_entry = last.map_or(0, unsigned).max(head.number);
    Ok((found, text))
}

fn read_activation(row: &SqliteRow) -> sqlx::Result<Activation> {
    let source: String = row.try_get("source")?;
    let mode: String = row.try_get("mode")?;
    let facilities: BTreeSet<FacilityId> =
        from_json(row.try_get::<&str, _>("facilities")?).map_err(|error| damaged("activations", &error))?;
    Ok(Activation {
        id: unsigned(row.try_get("id")?),
        boot: row.try_get("boot")?,
        source: match Source::from_word(&source) {
            Source::Operator(_) if !source.starts_with(OPERATOR) => {
                return Err(damaged("activations", &format_args!("source \"{source}\"")));
            }
            known => known,
        },
        mode: [Mode::Normal, Mode::Drill, Mode::Disaster]
            .into_iter()
            .find(|known| known.as_str() == mode)
            .ok_or_else(|| damaged("activations", &format_args!("mode \"{mode}\"")))?,
        facilities,
        since_ms: row.try_get("since_ms")?,
        until_ms: row.try_get("until_ms")?,
        why: row.try_get("why")?,
    })
}

fn read_position(word: &str) -> sqlx::Result<KeyPosition> {
    [KeyPosition::Normal, KeyPosition::Drill, KeyPosition::Disaster]
        .into_iter()
        .find(|known| known.as_str() == word)
        .ok_or_else(|| damaged("memory", &format_args!("key position \"{word}\"")))
}

fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("identifiers and texts have no failing serializer")
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> sqlx::Result<T> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// The file can be read, and what stands in it cannot be.
#[derive(Debug, thiserror::Error)]
#[error("table {table} holds something this program never writes: {why}")]
struct Nonsense {
    table: &'static str,
    why: String,
}

pub(super) fn damaged(table: &'static str, why: &dyn std::fmt::Display) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Nonsense { table, why: why.to_string() }))
}

/// Whether that is what is wrong: the file is of no use to a controller, whole as it may be to SQLite.
pub(super) fn is_nonsense(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Decode(why) if why.is::<Nonsense>())
}
