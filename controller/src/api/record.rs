//! The record over HTTP: newest first, page by page, or all of it as CSV.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use dashboard::Lang;
use dashboard::words::entry_text;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::asked::Asked;
use super::csv::{self, Row};
use super::error::{ApiError, Complaint};
use super::places::Places;
use super::screens::stored;
use super::times::{era, iso};
use super::views::EntryJson;
use crate::store::StoredEntry;

/// Entries on one page where the caller does not say.
const PAGE: u32 = 100;

/// Entries on one page at most: about 300 kB of JSON.
const PAGE_MAX: u32 = 1000;

/// Which part of the record.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordQuery {
    /// Only entries with a smaller number than this.
    before: Option<u64>,
    /// How many: 1 to 1000, else 100.
    limit: Option<u32>,
}

/// Where the record's chain ends: worth writing down on paper, for `hirake record verify --known`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeadJson {
    /// The newest entry's number; 0 before the first.
    pub number: u64,
    /// Its hash: 64 figures 0-9 a-f.
    pub hash: String,
}

/// A page of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordJson {
    /// Newest first.
    pub entries: Vec<EntryJson>,
    /// The newest entry of the whole record and its hash.
    pub head: HeadJson,
    /// What to give as `before` for the next page; null at the end of the record.
    pub next_before: Option<u64>,
}

fn limit(asked: Option<u32>) -> Result<Option<u32>, ApiError> {
    match asked {
        Some(limit) if !(1..=PAGE_MAX).contains(&limit) => {
            Err(ApiError::new(StatusCode::BAD_REQUEST, "\"limit\" is out of range", "mend it, or leave it out")
                .found(limit.to_string())
                .expected(format!("1 to {PAGE_MAX}")))
        }
        other => Ok(other),
    }
}

/// What happened, newest first.
#[utoipa::path(get, path = "/api/v1/record", tag = "record", params(RecordQuery),
    responses((status = 200, body = RecordJson), (status = 400, body = Complaint),
        (status = 503, body = Complaint, description = "the store cannot be read")))]
pub async fn record(
    State(desk): State<Arc<Desk>>,
    Asked(asked): Asked<RecordQuery>,
) -> Result<Json<RecordJson>, ApiError> {
    let limit = limit(asked.limit)?.unwrap_or(PAGE);
    let entries = desk.house.store.entries(asked.before, limit).await.map_err(|error| ApiError::store(&error))?;
    let head = desk.house.store.head().await.map_err(|error| ApiError::store(&error))?;
    let head = HeadJson { number: head.number, hash: head.hash.to_string() };
    let full = entries.len() >= limit as usize;
    let next_before = entries.last().filter(|_| full).map(|last| last.seq);
    Ok(Json(RecordJson { head, entries: entries.into_iter().map(Into::into).collect(), next_before }))
}

const HEADINGS: &[&str] = &["日時", "日時（ISO 8601）", "訓練", "番号", "できごと", "種別", "詳細"];

/// The record as CSV (UTF-8 with BOM, CRLF, RFC 4180), newest first; without `limit`, to its beginning.
#[utoipa::path(get, path = "/api/v1/record.csv", tag = "record", params(RecordQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Complaint),
        (status = 503, body = Complaint, description = "the store cannot be read")))]
pub async fn record_csv(State(desk): State<Arc<Desk>>, Asked(asked): Asked<RecordQuery>) -> Result<Response, ApiError> {
    let wanted = limit(asked.limit)?;
    let store = desk.house.store.clone();
    let page = wanted.unwrap_or(PAGE_MAX);
    let first = store.entries(asked.before, page).await.map_err(|error| ApiError::store(&error))?;
    let names = Arc::new(Places::new(&desk.house.inventory));
    // Read on page by page, as fast as the other end takes it; memory stays at one page.
    let pages = futures_util::stream::try_unfold(Some(first), move |entries| {
        let (store, names) = (store.clone(), Arc::clone(&names));
        async move {
            let Some(entries) = entries else { return Ok(None) };
            let full = wanted.is_none() && entries.len() >= page as usize;
            let next = match entries.last().filter(|_| full) {
                Some(last) => Some(store.entries(Some(last.seq), page).await?),
                None => None,
            };
            Ok::<_, crate::store::StoreError>(Some((
                entries.into_iter().map(|entry| row(entry, &names)).collect::<Vec<_>>(),
                next,
            )))
        }
    });
    Ok(csv::answer("record", HEADINGS, pages))
}

fn row(entry: StoredEntry, names: &Places) -> Row {
    let particulars = entry.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    // The drill has a column of its own, so the sentence does not say it again.
    let (drill, entry) = (entry.drill, StoredEntry { drill: false, ..entry });
    let (at_ms, seq, kind) = (entry.at_ms, entry.seq, entry.kind.clone());
    let sentence = entry_text(&stored(entry), Lang::Ja, |ap| names.name(ap));
    vec![era(at_ms), iso(at_ms), csv::drill(drill), seq.to_string(), sentence, kind, particulars]
}
