//! Counts over HTTP: of the town, a facility or one AP, over a span of time, as JSON or CSV.

mod reader;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use firmware_config::mode::Mode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(super) use reader::Reader;

use super::Desk;
use super::asked::Asked;
use super::csv::{self, Row};
use super::error::{ApiError, Complaint};
use super::places::Places;
use super::times::{era, iso};
use super::views::CountJson;
use crate::store::{CountRow, StoreError};

/// Which span.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SpanQuery {
    /// From this moment on; without it, a day before `to`.
    from: Option<String>,
    /// Up to, not including, this moment; without it, now.
    to: Option<String>,
}

/// Which span, of which AP.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CountsQuery {
    /// One AP, also one that the town no longer has; without it, all.
    ap: Option<String>,
    /// From this moment on; without it, a day before `to`.
    from: Option<String>,
    /// Up to, not including, this moment; without it, now.
    to: Option<String>,
}

/// Counts of a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountsJson {
    /// From this moment on.
    pub from: String,
    /// Up to, not including, this moment.
    pub to: String,
    /// Oldest first.
    pub rows: Vec<CountJson>,
    /// Where the rest of the span begins, to be given as `from`; null where this is all of it.
    pub next_from: Option<String>,
}

/// Counts of the town, or of one AP.
#[utoipa::path(get, path = "/api/v1/counts", tag = "counts", params(CountsQuery),
    responses((status = 200, body = CountsJson), (status = 400, body = Complaint), (status = 503, body = Complaint)))]
pub async fn counts(
    State(desk): State<Arc<Desk>>,
    Asked(asked): Asked<CountsQuery>,
) -> Result<Json<CountsJson>, ApiError> {
    as_json(Reader::of_query(&desk, &asked)?).await
}

/// Counts of the town, or of one AP, as CSV.
#[utoipa::path(get, path = "/api/v1/counts.csv", tag = "counts", params(CountsQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Complaint),
        (status = 503, body = Complaint)))]
pub async fn counts_csv(State(desk): State<Arc<Desk>>, Asked(asked): Asked<CountsQuery>) -> Result<Response, ApiError> {
    as_csv(&desk, "counts", Reader::of_query(&desk, &asked)?).await
}

/// Counts of one AP.
#[utoipa::path(get, path = "/api/v1/aps/{id}/counts", tag = "counts",
    params(("id" = String, Path, description = "the access point's identifier"), SpanQuery),
    responses((status = 200, body = CountsJson), (status = 400, body = Complaint), (status = 404, body = Complaint),
        (status = 503, body = Complaint)))]
pub async fn ap_counts(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Asked(span): Asked<SpanQuery>,
) -> Result<Json<CountsJson>, ApiError> {
    as_json(Reader::of_ap(&desk, &id, &span)?).await
}

/// Counts of one AP as CSV.
#[utoipa::path(get, path = "/api/v1/aps/{id}/counts.csv", tag = "counts",
    params(("id" = String, Path, description = "the access point's identifier"), SpanQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Complaint),
        (status = 404, body = Complaint), (status = 503, body = Complaint)))]
pub async fn ap_counts_csv(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Asked(span): Asked<SpanQuery>,
) -> Result<Response, ApiError> {
    let reader = Reader::of_ap(&desk, &id, &span)?;
    // Found in the inventory, so an identifier: safe in a file name.
    as_csv(&desk, &format!("counts-{id}"), reader).await
}

/// Counts of one facility.
#[utoipa::path(get, path = "/api/v1/facilities/{id}/counts", tag = "counts",
    params(("id" = String, Path, description = "the facility's identifier"), SpanQuery),
    responses((status = 200, body = CountsJson), (status = 400, body = Complaint), (status = 404, body = Complaint),
        (status = 503, body = Complaint)))]
pub async fn facility_counts(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Asked(span): Asked<SpanQuery>,
) -> Result<Json<CountsJson>, ApiError> {
    as_json(Reader::of_facility(&desk, &id, &span)?).await
}

/// Counts of one facility as CSV.
#[utoipa::path(get, path = "/api/v1/facilities/{id}/counts.csv", tag = "counts",
    params(("id" = String, Path, description = "the facility's identifier"), SpanQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Complaint),
        (status = 404, body = Complaint), (status = 503, body = Complaint)))]
pub async fn facility_counts_csv(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Asked(span): Asked<SpanQuery>,
) -> Result<Response, ApiError> {
    let reader = Reader::of_facility(&desk, &id, &span)?;
    as_csv(&desk, &format!("counts-{id}"), reader).await
}

async fn as_json(mut reader: Reader) -> Result<Json<CountsJson>, ApiError> {
    let (from, to) = (iso(reader.from), iso(reader.to));
    let rows = reader.next().await.map_err(|error| ApiError::store(&error))?.unwrap_or_default();
    let next_from = (reader.from < reader.to).then(|| iso(reader.from));
    Ok(Json(CountsJson { from, to, rows: rows.into_iter().map(Into::into).collect(), next_from }))
}

const HEADINGS: &[&str] = &[
    "日時",
    "日時（ISO 8601）",
    "訓練",
    "施設",
    "機器",
    "機器名",
    "インターフェース",
    "SSID",
    "モード",
    "接続中の端末",
    "接続",
    "切断",
    "区間（秒）",
    "まとめた数",
    "時刻不確か",
];

async fn as_csv(desk: &Desk, name: &str, mut reader: Reader) -> Result<Response, ApiError> {
    let places = Places::new(&desk.house.inventory);
    // The first page before the first byte: a store that is away is said in words, not by a broken download.
    let first = reader.next().await.map_err(|error| ApiError::store(&error))?;
    let state = (first, reader, places);
    let pages = futures_util::stream::try_unfold(state, |(page, mut reader, places)| async move {
        let Some(page) = page else { return Ok(None) };
        let rows: Vec<Row> = page.iter().map(|it| row(it, &places)).collect();
        let next = reader.next().await?;
        Ok::<_, StoreError>(Some((rows, (next, reader, places))))
    });
    Ok(csv::answer(name, HEADINGS, pages))
}

fn row(row: &CountRow, places: &Places) -> Row {
    let (facility, name) = places.of(&row.ap);
    vec![
        era(row.at_ms),
        iso(row.at_ms),
        csv::drill(row.mode == Mode::Drill.as_str()),
        facility.to_owned(),
        row.ap.clone(),
        name.to_owned(),
        row.interface.clone(),
        row.ssid.clone(),
        row.mode.clone(),
        row.stations.to_string(),
        row.joins.to_string(),
        row.leaves.to_string(),
        row.interval_s.to_string(),
        row.samples.to_string(),
        if row.unsure { "不確か".to_owned() } else { String::new() },
    ]
}
