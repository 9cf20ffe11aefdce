//! The record's chain: each entry's hash covers the hash before it, so that a line changed afterwards is found.
//!
//! The hash of an entry is SHA-256 over: the words `hirake record 1` and a zero byte; the 32 bytes of the hash before
//! it (32 zeros before the first); its number, its number in its run and its time as 8 bytes each, highest first; one
//! byte, 1 for a drill; then run, kind and particulars, each as its length in 8 bytes and its UTF-8 bytes. The
//! particulars are the JSON text as it stands in the file.
//!
//! Whoever may write the file can reckon a whole chain anew. What he cannot do is make it end in a hash that somebody
//! wrote down on paper.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use firmware_config::wire::WallMs;
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, Row, SqliteConnection};

use super::{Store, StoreError, signed, unsigned};
use crate::core::Kind;

/// Findings told one by one; of more only their number.
pub const FINDINGS_MAX: usize = 20;

/// Entries come by in one step of a walk beside the controller's work: of a million, 500 steps.
const AT_ONCE: i64 = 2_000;

const FORM: &[u8] = b"hirake record 1\0";

/// A hash of the chain.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// From a column; none where it is not 32 bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From 64 figures 0–9 a–f as people copy them: in groups or not, in capitals or not.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let figures: Vec<u8> = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_digit(16).and_then(|figure| u8::try_from(figure).ok()))
            .collect::<Option<_>>()?;
        let bytes: Vec<u8> =
            figures.chunks(2).map(|two| two.iter().fold(0, |byte, figure| byte << 4 | figure)).collect();
        (figures.len() == 64).then(|| Self::read(&bytes)).flatten()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// A place in the chain: an entry's number and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Link {
    /// The entry; 0 before the first.
    pub number: u64,
    /// Its hash.
    pub hash: Hash,
}

/// One entry as it is hashed.
#[derive(Debug)]
pub(super) struct Line<'t> {
    pub(super) number: u64,
    pub(super) run: &'t str,
    pub(super) seq: u64,
    pub(super) at_ms: WallMs,
    pub(super) kind: &'t str,
    pub(super) drill: bool,
    pub(super) fields: &'t str,
}

impl Line<'_> {
    pub(super) fn hash(&self, before: Hash) -> Hash {
        let mut digest = Sha256::new();
        digest.update(FORM);
        digest.update(before.bytes());
        digest.update(self.number.to_be_bytes());
        digest.update(self.seq.to_be_bytes());
        digest.update(self.at_ms.to_be_bytes());
        digest.update([u8::from(self.drill)]);
        for text in [self.run, self.kind, self.fields] {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text);
        }
        Hash(digest.finalize().into())
    }
}

/// Where the chain begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// What the first entry builds on.
    pub base: Link,
    /// The newest entry.
    pub head: Link,
}

pub(super) async fn ends(connection: &mut SqliteConnection) -> sqlx::Result<Ends> {
    sqlx::query("SELECT base_number, base_hash, head_number, head_hash FROM chain")
        .try_map(|row: SqliteRow| {
            let link = |number: &str, hash: &str| {
                Ok::<_, sqlx::Error>(Link {
                    number: unsigned(row.try_get(number)?),
                    hash: Hash::read(row.try_get(hash)?)
                        .ok_or_else(|| super::record::damaged("chain", &"a hash that is not 32 bytes"))?,
                })
            };
            Ok(Ends { base: link("base_number", "base_hash")?, head: link("head_number", "head_hash")? })
        })
        .fetch_one(connection)
        .await
}

pub(super) async fn set_head(connection: &mut SqliteConnection, head: Link) -> sqlx::Result<()> {
    sqlx::query("UPDATE chain SET head_number = ?, head_hash = ?")
        .bind(signed(head.number))
        .bind(head.hash.bytes())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn set_base(connection: &mut SqliteConnection, base: Link) -> sqlx::Result<()> {
    sqlx::query("UPDATE chain SET base_number = ?, base_hash = ?")
        .bind(signed(base.number))
        .bind(base.hash.bytes())
        .execute(connection)
        .await?;
    Ok(())
}

/// What is wrong at one place of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry at which it shows.
    pub number: u64,
    /// Its time, where the entry is there.
    pub at_ms: Option<WallMs>,
    /// What.
    pub wrong: Wrong,
}

/// What can be wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Its content is not what was hashed: changed, or moved here from elsewhere.
    Changed,
    /// It carries no hash, or none of the chain: written in by another hand.
    Inserted,
    /// Entries that stood directly before it are gone, the last of them this number or lower.
    RemovedBefore(u64),
    /// The newest entries are gone: this is the last one that is there.
    RemovedAfter,
}

impl Wrong {
    /// The word for it in the record.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "entry-changed",
            Self::Inserted => "entry-inserted",
            Self::RemovedBefore(_) => "entries-removed-before",
            Self::RemovedAfter => "entries-removed-after",
        }
    }
}

/// The record as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Entries that carry a hash, and were looked at.
    pub chained: u64,
    /// Entries from before the chain began; nothing can be said of them.
    pub older: u64,
    /// Where the chain begins and ends.
    pub ends: Ends,
    /// Time of the newest entry.
    pub newest_at_ms: Option<WallMs>,
    /// What is wrong, in the order of the record; at most [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// How many there are in all.
    pub wrong: u64,
    /// The entry that carries the hash asked for, if one does.
    pub known: Option<u64>,
}

impl Verdict {
    fn find(&mut self, number: u64, at_ms: Option<WallMs>, wrong: Wrong) {
        self.wrong += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { number, at_ms, wrong });
        }
    }
}

/// An entry that was looked at.
#[derive(Debug, Clone, Copy)]
struct Seen {
    link: Link,
    /// The hash it builds on.
    before: Hash,
    at_ms: Option<WallMs>,
}

/// A walk along the record, oldest entry first.
struct Walk {
    verdict: Verdict,
    last: Seen,
    known: Option<Hash>,
    /// The lowest number that was not come by yet.
    next: i64,
}

/// Walks the whole record in one reading; `known` is a hash that somebody wrote down.
///
/// # Errors
/// The file cannot be read to the end.
pub async fn verify(connection: &mut SqliteConnection, known: Option<Hash>) -> sqlx::Result<Verdict> {
    // One snapshot, however much is written meanwhile.
    sqlx::query("BEGIN").execute(&mut *connection).await?;
    let walked = async {
        let mut walk = Walk::begin(connection, known).await?;
        walk.on(connection, i64::MAX).await?;
        Ok(walk.verdict)
    }
    .await;
    sqlx::query("ROLLBACK").execute(connection).await?;
    walked
}

impl Store {
    /// Walks the whole record, [`AT_ONCE`] entries at a time with a `pause` between, beside whoever writes. Nothing may
    /// be deleted from it meanwhile, for the walk would take that for a tampering.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn walk_record(&self, pause: Duration) -> Result<Verdict, StoreError> {
        let file = self.file()?;
        // A connection of its own: should the file be set aside, the rest of the walk is not taken from the new one.
        let options = file.options.clone().read_only(true);
        let mut connection = self.reading(&file, SqliteConnection::connect_with(&options)).await?;
        let mut walk = self.reading(&file, Walk::begin(&mut connection, None)).await?;
        loop {
            let step = async {
                sqlx::query("BEGIN").execute(&mut connection).await?;
                let ended = walk.on(&mut connection, AT_ONCE).await;
                sqlx::query("ROLLBACK").execute(&mut connection).await?;
                ended
            };
            if self.reading(&file, step).await? {
                return Ok(walk.verdict);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The places of which the record tells already that they are not as they were written: number and [`Wrong`]'s word.
    ///
    /// # Errors
    /// The file is out of reach or damaged.
    pub async fn told_altered(&self) -> Result<HashSet<(String, String)>, StoreError> {
        let file = self.file()?;
        let told = sqlx::query_scalar::<_, String>("SELECT fields FROM entries WHERE kind = ?")
            .bind(Kind::RecordAltered.as_str())
            .fetch_all(&file.readers);
        let told = self.reading(&file, told).await?;
        let place = |fields: &String| {
            // One that cannot be read tells of nothing: it is among what was altered.
            let fields: Vec<(String, String)> = serde_json::from_str(fields).ok()?;
            let field = |wanted| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
            field("number").zip(field("what"))
        };
        Ok(told.iter().filter_map(place).collect())
    }
}

impl Walk {
    async fn begin(connection: &mut SqliteConnection, known: Option<Hash>) -> sqlx::Result<Self> {
        let ends = ends(connection).await?;
        let last = Seen { link: ends.base, before: ends.base.hash, at_ms: None };
        Ok(Self { verdict: Verdict { ends, ..Verdict::default() }, last, known, next: i64::MIN })
    }

    /// Comes by the next `at_most` entries; whether the end was reached. All in one snapshot.
    async fn on(&mut self, connection: &mut SqliteConnection, at_most: i64) -> sqlx::Result<bool> {
        let mut rows = sqlx::query(
            "SELECT id, run, seq, at_ms, kind, drill, fields, before, hash FROM entries WHERE id >= ? ORDER BY id LIMIT ?",
        )
        .bind(self.next)
        .bind(at_most)
        .fetch(&mut *connection);
        let mut seen = 0;
        while let Some(row) = rows.try_next().await? {
            self.come_by(&row)?;
            seen += 1;
        }
        drop(rows);
        if seen == at_most {
            return Ok(false);
        }
        let Ends { base, head } = ends(connection).await?;
        self.verdict.ends.head = head;
        if self.known == Some(base.hash) && base.number > 0 {
            self.verdict.known = self.verdict.known.or(Some(base.number));
        }
        if self.last.link != head {
            self.verdict.find(self.last.link.number, self.last.at_ms, Wrong::RemovedAfter);
        }
        Ok(true)
    }

    fn come_by(&mut self, row: &SqliteRow) -> sqlx::Result<()> {
        let (base, last, verdict) = (self.verdict.ends.base, self.last, &mut self.verdict);
        let id: i64 = row.try_get("id")?;
        self.next = id.saturating_add(1);
        let number = unsigned(id);
        let at_ms: WallMs = row.try_get("at_ms")?;
        let hash = row.try_get::<Option<&[u8]>, _>("hash")?;
        verdict.newest_at_ms = Some(at_ms);
        if number <= base.number && hash.is_none() {
            verdict.older += 1;
            return Ok(());
        }
        verdict.chained += 1;
        let links = hash.and_then(Hash::read).zip(row.try_get::<Option<&[u8]>, _>("before")?.and_then(Hash::read));
        let Some((hash, before)) = links.filter(|_| number > base.number) else {
            verdict.find(number, Some(at_ms), Wrong::Inserted);
            return Ok(());
        };
        verdict.known = verdict.known.or_else(|| (self.known == Some(hash)).then_some(number));
        // What is not even text any more was changed too, and hides nothing behind it.
        let text = |column: &str| row.try_get::<&str, _>(column).ok();
        let line = text("run").zip(text("kind")).zip(text("fields"));
        let (seq, drill) = (unsigned(row.try_get("seq")?), row.try_get("drill")?);
        let is_whole = line.is_some_and(|((run, kind), fields)| {
            Line { number, run, seq, at_ms, kind, drill, fields }.hash(before) == hash
        });
        if !is_whole {
            verdict.find(number, Some(at_ms), Wrong::Changed);
        } else if before == last.link.hash {
            // As it should be.
        } else if before == last.before && last.at_ms.is_some() {
            // It builds on what the one before it builds on: that one came in between later.
            verdict.find(last.link.number, last.at_ms, Wrong::Inserted);
        } else {
            verdict.find(number, Some(at_ms), Wrong::RemovedBefore(number.saturating_sub(1)));
        }
        self.last = Seen { link: Link { number, hash }, before, at_ms: Some(at_ms) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_documented_bytes_and_no_others() {
        // Pinned: a change here would call every record of every town changed.
        let line =
            Line { number: 7, run: "run", seq: 3, at_ms: -1, kind: "opened", drill: true, fields: r#"[["id","12"]]"# };
        let hash = line.hash(Hash::default()).to_string();
        assert_eq!(hash, "50d3f8a0d881c3a32de96474eed2cb65c3f67ec4f5860f4442ebc08346355412");
        // Moving a letter from one text to the next is another entry.
        let moved = Line { run: "runo", kind: "pened", ..line };
        assert_ne!(moved.hash(Hash::default()).to_string(), hash);
    }

    #[test]
    fn a_hash_is_read_as_people_copy_it() {
        let hash =
            Line { number: 1, run: "", seq: 1, at_ms: 0, kind: "", drill: false, fields: "" }.hash(Hash::default());
        let text = hash.to_string();
        let grouped: Vec<String> =
            text.as_bytes().chunks(8).map(|eight| String::from_utf8_lossy(eight).to_uppercase()).collect();
        assert_eq!(Hash::parse(&text), Some(hash));
        assert_eq!(Hash::parse(&grouped.join(" ")), Some(hash));
        for wrong in ["", "0", &text[1..], &format!("{text}0"), &text.replace(&text[..1], "g")] {
            assert_eq!(Hash::parse(wrong), None, "{wrong}");
        }
    }
}
