//! The database read as an auditor would: each sample once, none missing, every act of a person in the record.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::process::product;

/// The samples of one start of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// The numbers of its samples, in order.
    pub seqs: Vec<u64>,
    /// Everybody who came, by all of them.
    pub joins: u64,
    /// Everybody who went.
    pub leaves: u64,
}

impl Life {
    /// Numbers that are missing before the last one.
    #[must_use]
    pub fn missing(&self) -> Vec<u64> {
        let last = self.seqs.last().copied().unwrap_or(0);
        (1..last).filter(|seq| self.seqs.binary_search(seq).is_err()).collect()
    }
}

/// By AP and start of its agent.
pub type Lives = BTreeMap<(String, String), Life>;

/// An open database.
#[derive(Debug)]
pub struct Books {
    pool: SqlitePool,
}

impl Books {
    /// Opens `file` beside whoever has it open.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn open(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(file);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        Ok(Self { pool: pool.with_context(|| file.display().to_string())? })
    }

    /// Every sample of every start of every agent.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn lives(&self) -> Result<Lives> {
        let rows = sqlx::query(
            "SELECT ap, boot, seq, sum(joins) AS joins, sum(leaves) AS leaves
             FROM counts JOIN sources ON sources.id = source GROUP BY ap, boot, seq ORDER BY ap, boot, seq",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut lives = Lives::new();
        let whole = |n: i64| u64::try_from(n).context("no number is below nothing");
        for row in rows {
            let life = lives.entry((row.try_get("ap")?, row.try_get("boot")?)).or_default();
            life.seqs.push(whole(row.try_get("seq")?)?);
            life.joins += whole(row.try_get("joins")?)?;
            life.leaves += whole(row.try_get("leaves")?)?;
        }
        Ok(lives)
    }

    /// Samples that are there more than once: their AP, start, number and network.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn twice(&self) -> Result<Vec<String>> {
        let rows = sqlx::query(
            "SELECT ap, boot, seq, interface, count(*) AS times FROM counts JOIN sources ON sources.id = source
             GROUP BY ap, boot, seq, interface HAVING count(*) > 1",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let text = |name| row.try_get::<String, _>(name);
                let (ap, boot, interface) = (text("ap")?, text("boot")?, text("interface")?);
                let (seq, times): (i64, i64) = (row.try_get("seq")?, row.try_get("times")?);
                Ok(format!("{ap} {boot} sample {seq} of {interface}: {times} times"))
            })
            .collect()
    }

    /// How many entries the record has of each kind, and how many entries of one kind name `why`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn told(&self, kind: &str, why: &str) -> Result<i64> {
        let quoted = format!("\"{why}\"");
        let found = sqlx::query_scalar("SELECT count(*) FROM entries WHERE kind = ? AND instr(fields, ?) > 0");
        Ok(found.bind(kind).bind(quoted).fetch_one(&self.pool).await?)
    }

    /// How many entries the record has.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn entries(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM entries").fetch_one(&self.pool).await?)
    }
}

/// What `hirake record verify` says of `file`, and whether it is content.
///
/// # Errors
/// The program does not start.
pub fn verify_record(file: &Path) -> Result<(bool, String)> {
    let done = Command::new(product("hirake")?).args(["record", "verify", "--en"]).arg(file).output()?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    Ok((done.status.success(), said.trim().to_owned()))
}
