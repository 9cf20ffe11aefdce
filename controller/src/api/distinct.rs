//! Distinct devices over HTTP: of each activation, about how many, for the town, each facility and each AP.
//!
//! Estimates, with their error beside them; a drill's activations stand by themselves and are added to nothing. The firm
//! figure is how many were there at once, which the counts have.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use firmware_config::mode::Mode;
use firmware_config::sketch::{ERROR_PERCENT, Sketch};
use firmware_config::wire::WallMs;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Desk;
use super::asked::{Asked, moment};
use super::csv::{self, Row};
use super::error::{ApiError, Complaint};
use super::places::Places;
use super::times::{era, iso};
use crate::core::distinct::{About, SHOWN_FROM};
use crate::store::distinct::SketchRow;

/// Which activations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DistinctQuery {
    /// That began at this moment or after it; without it, from the first.
    from: Option<String>,
    /// That began before this moment; without it, to the last.
    to: Option<String>,
}

/// About how many distinct devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AboutJson {
    /// Rounded to three figures; null where there are fewer than `fewer_than`.
    pub devices: Option<u32>,
    /// There are fewer than this; null where `devices` says how many.
    pub fewer_than: Option<u32>,
}

impl From<About> for AboutJson {
    fn from(about: About) -> Self {
        Self { devices: about.devices, fewer_than: about.devices.is_none().then_some(SHOWN_FROM) }
    }
}

/// Of one facility or access point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DistinctOfJson {
    /// Identifier.
    pub id: String,
    /// Name; empty where the town has it no longer.
    pub name: String,
    /// How many.
    #[serde(flatten)]
    pub about: AboutJson,
}

/// Of one activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DistinctActivationJson {
    /// Its number.
    pub activation: u64,
    /// When it began.
    pub since: String,
    /// `drill` or `disaster`.
    pub mode: String,
    /// `key`, `drill-key` or `operator:NAME`.
    pub by: String,
    /// The whole town: a device that was in two halls is one.
    pub town: AboutJson,
    /// By facility.
    pub facilities: Vec<DistinctOfJson>,
    /// By access point.
    pub aps: Vec<DistinctOfJson>,
}

/// Distinct devices of some activations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DistinctJson {
    /// 19 of 20 estimates are within so many percent of the truth.
    pub error_percent: u32,
    /// Oldest first. One that no AP counted in is missing.
    pub activations: Vec<DistinctActivationJson>,
}

/// About how many distinct devices each activation brought.
#[utoipa::path(get, path = "/api/v1/distinct", tag = "counts", params(DistinctQuery),
    responses((status = 200, body = DistinctJson), (status = 400, body = Complaint), (status = 503, body = Complaint)))]
pub async fn distinct(
    State(desk): State<Arc<Desk>>,
    Asked(asked): Asked<DistinctQuery>,
) -> Result<Json<DistinctJson>, ApiError> {
    let activations = read(&desk, &asked).await?;
    Ok(Json(DistinctJson { error_percent: ERROR_PERCENT, activations }))
}

const HEADINGS: &[&str] = &[
    "発動",
    "開始",
    "開始（ISO 8601）",
    "訓練",
    "モード",
    "範囲",
    "識別子",
    "名称",
    "おおよその端末数（延べではない）",
    "誤差（±％）",
];

/// The same as CSV.
#[utoipa::path(get, path = "/api/v1/distinct.csv", tag = "counts", params(DistinctQuery),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 400, body = Complaint),
        (status = 503, body = Complaint)))]
pub async fn distinct_csv(
    State(desk): State<Arc<Desk>>,
    Asked(asked): Asked<DistinctQuery>,
) -> Result<Response, ApiError> {
    let (from_ms, to_ms) = span(&asked)?;
    let rows = stored(&desk, from_ms, to_ms).await?;
    let places = Places::new(&desk.house.inventory);
    let lines: Vec<Row> = by_activation(&rows).flat_map(|rows| lines(&desk, &places, rows)).collect();
    let page = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>(lines) });
    Ok(csv::answer("distinct", HEADINGS, page))
}

fn span(asked: &DistinctQuery) -> Result<(WallMs, WallMs), ApiError> {
    let from = moment("from", asked.from.as_deref())?.unwrap_or(WallMs::MIN);
    let to = moment("to", asked.to.as_deref())?.unwrap_or(WallMs::MAX);
    Ok((from, to))
}

async fn stored(desk: &Desk, from_ms: WallMs, to_ms: WallMs) -> Result<Vec<SketchRow>, ApiError> {
    desk.house.store.sketches(from_ms, to_ms).await.map_err(|error| ApiError::store(&error))
}

async fn read(desk: &Desk, asked: &DistinctQuery) -> Result<Vec<DistinctActivationJson>, ApiError> {
    let (from_ms, to_ms) = span(asked)?;
    let rows = stored(desk, from_ms, to_ms).await?;
    let places = Places::new(&desk.house.inventory);
    Ok(by_activation(&rows).map(|rows| activation(desk, &places, rows)).collect())
}

/// Rows of one activation stand together.
fn by_activation(rows: &[SketchRow]) -> impl Iterator<Item = &[SketchRow]> {
    rows.chunk_by(|a, b| a.period == b.period)
}

fn union<'a>(rows: impl IntoIterator<Item = &'a SketchRow>) -> About {
    let mut all = Sketch::default();
    rows.into_iter().filter_map(|row| row.registers.as_ref()).for_each(|registers| {
        all.merge(registers);
    });
    About::of(all.estimate())
}

fn activation(desk: &Desk, places: &Places, rows: &[SketchRow]) -> DistinctActivationJson {
    let first = &rows[0];
    let facilities = rows.chunk_by(|a, b| a.facility == b.facility).map(|rows| {
        let id = rows[0].facility.clone();
        DistinctOfJson { name: facility_name(desk, &id), about: union(rows).into(), id }
    });
    let aps = rows.iter().map(|row| {
        let name = places.of(&row.ap).1.to_owned();
        DistinctOfJson { id: row.ap.clone(), name, about: union([row]).into() }
    });
    DistinctActivationJson {
        activation: first.period.activation,
        since: iso(first.period.since_ms),
        mode: first.mode.clone(),
        by: first.source.clone(),
        town: union(rows).into(),
        facilities: facilities.collect(),
        aps: aps.collect(),
    }
}

fn facility_name(desk: &Desk, id: &str) -> String {
    let facilities = &desk.house.inventory.facilities;
    facilities.iter().find(|it| it.id.as_str() == id).map_or_else(String::new, |it| it.name_ja.clone())
}

fn lines(desk: &Desk, places: &Places, rows: &[SketchRow]) -> Vec<Row> {
    let first = &rows[0];
    let since_ms = first.period.since_ms;
    let line = |scope: &str, id: &str, name: &str, about: &AboutJson| {
        vec![
            first.period.activation.to_string(),
            era(since_ms),
            iso(since_ms),
            csv::drill(first.mode == Mode::Drill.as_str()),
            first.mode.clone(),
            scope.to_owned(),
            id.to_owned(),
            name.to_owned(),
            about.devices.map_or_else(|| format!("{SHOWN_FROM}未満"), |devices| devices.to_string()),
            about.devices.map_or_else(String::new, |_| ERROR_PERCENT.to_string()),
        ]
    };
    let all = activation(desk, places, rows);
    let inventory = &desk.house.inventory;
    let mut lines = vec![line("町全体", inventory.town.as_str(), &inventory.name_ja, &all.town)];
    lines.extend(all.facilities.iter().map(|it| line("施設", &it.id, &it.name, &it.about)));
    lines.extend(all.aps.iter().map(|it| line("機器", &it.id, &it.name, &it.about)));
    lines
}
