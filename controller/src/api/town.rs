//! The town as it is now: `GET /town`, `/facilities`, `/aps` and one of each.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use dashboard::Lang;
use dashboard::words::mode_word;
use dashboard::words::standing_word;
use firmware_config::mode::Mode;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::csv::{self, Row};
use super::error::{ApiError, Complaint};
use super::times::{era, iso};
use super::views::{ApAtJson, FacilityJson, TownJson};
use super::{Desk, screens};
use crate::core::TownView;
use crate::core::view::{ApView, FacilityView};

/// The pen for whole towns: one answer is written at a time, and the last `GET /town` is kept for as long as its view is
/// the newest. At 10,000 APs each is 5 MB, and several ask at once.
#[derive(Debug, Default)]
pub struct Pen(Mutex<Option<(Arc<TownView>, Bytes)>>);

/// Writes JSON away from the loop's thread: it takes 0.1 s at 10,000 APs.
async fn written<T: Serialize>(
    desk: &Arc<Desk>,
    of: Arc<TownView>,
    shape: impl FnOnce(&Desk, &TownView) -> T + Send + 'static,
) -> Result<Bytes, ApiError> {
    let desk = Arc::clone(desk);
    let body = tokio::task::spawn_blocking(move || serde_json::to_vec(&shape(&desk, &of)))
        .await
        .map_err(|error| ApiError::inside(&error))?
        .map_err(|error| ApiError::inside(&error))?;
    Ok(body.into())
}

fn json(body: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The town at one moment.
#[utoipa::path(get, path = "/api/v1/town", tag = "town", responses((status = 200, body = TownJson)))]
pub async fn town(State(desk): State<Arc<Desk>>) -> Result<Response, ApiError> {
    // Held while writing, so that those who ask meanwhile wait for the same text.
    let mut kept = desk.pen.0.lock().await;
    let view = desk.view();
    let body = match &*kept {
        Some((of, body)) if Arc::ptr_eq(of, &view) => body.clone(),
        _ => written(&desk, Arc::clone(&view), |desk, view| TownJson::new(&desk.house.inventory, view)).await?,
    };
    *kept = Some((view, body.clone()));
    Ok(json(body))
}

/// All facilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FacilitiesJson {
    /// The moment.
    pub at: String,
    /// In the order of the inventory.
    pub facilities: Vec<FacilityJson>,
}

/// All access points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ApsJson {
    /// The moment.
    pub at: String,
    /// By facility, in the order of the inventory.
    pub aps: Vec<ApAtJson>,
}

/// All facilities with their access points.
#[utoipa::path(get, path = "/api/v1/facilities", tag = "town", responses((status = 200, body = FacilitiesJson)))]
pub async fn facilities(State(desk): State<Arc<Desk>>) -> Result<Response, ApiError> {
    let _one_at_a_time = desk.pen.0.lock().await;
    let shape = |_: &Desk, view: &TownView| FacilitiesJson {
        at: iso(view.at_ms),
        facilities: view.facilities.iter().map(Into::into).collect(),
    };
    Ok(json(written(&desk, desk.view(), shape).await?))
}

/// One facility with its access points.
#[utoipa::path(get, path = "/api/v1/facilities/{id}", tag = "town",
    params(("id" = String, Path, description = "the facility's identifier")),
    responses((status = 200, body = FacilityJson), (status = 404, body = Complaint, description = "no such facility")))]
pub async fn facility(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Result<Json<FacilityJson>, ApiError> {
    let view = desk.view();
    let found = find_facility(&view, &id)?;
    Ok(Json(found.into()))
}

/// All access points.
#[utoipa::path(get, path = "/api/v1/aps", tag = "town", responses((status = 200, body = ApsJson)))]
pub async fn aps(State(desk): State<Arc<Desk>>) -> Result<Response, ApiError> {
    let _one_at_a_time = desk.pen.0.lock().await;
    let shape = |_: &Desk, view: &TownView| {
        let at = |facility: &FacilityView| facility.aps.iter().map(|ap| ap_at(facility, ap)).collect::<Vec<_>>();
        ApsJson { at: iso(view.at_ms), aps: view.facilities.iter().flat_map(at).collect() }
    };
    Ok(json(written(&desk, desk.view(), shape).await?))
}

const HEADINGS: &[&str] = &[
    "施設",
    "地区",
    "機器",
    "機器名",
    "訓練",
    "指令のモード",
    "状態",
    "いつから",
    "いつから（ISO 8601）",
    "理由",
    "反映した指令",
    "最後の受信（ISO 8601）",
    "接続中の端末",
];

/// All access points as CSV (UTF-8 with BOM, CRLF, RFC 4180), in the order of the inventory.
#[utoipa::path(get, path = "/api/v1/aps.csv", tag = "town",
    responses((status = 200, body = String, content_type = "text/csv")))]
pub async fn aps_csv(State(desk): State<Arc<Desk>>) -> Response {
    let view = desk.view();
    // A facility at a time: the whole of a large town is never in memory as text.
    let pages = (0..view.facilities.len()).map(move |index| {
        let facility = &view.facilities[index];
        Ok::<_, std::convert::Infallible>(facility.aps.iter().map(|ap| ap_row(facility, ap)).collect())
    });
    csv::answer("aps", HEADINGS, futures_util::stream::iter(pages))
}

fn ap_row(facility: &FacilityView, ap: &ApView) -> Row {
    let number = |number: Option<String>| number.unwrap_or_default();
    vec![
        facility.name_ja.clone(),
        facility.district.clone(),
        ap.id.as_str().to_owned(),
        ap.name.clone(),
        csv::drill(ap.wanted.1 == Mode::Drill),
        mode_word(ap.wanted.1, Lang::Ja).to_owned(),
        standing_word(screens::standing(ap.standing), Lang::Ja).to_owned(),
        era(ap.since_ms),
        iso(ap.since_ms),
        ap.why.clone(),
        number(ap.reported.as_ref().map(|said| said.running.to_string())),
        number(ap.heard_ms.map(iso)),
        number(ap.stations.map(|stations| stations.to_string())),
    ]
}

/// One access point.
#[utoipa::path(get, path = "/api/v1/aps/{id}", tag = "town",
    params(("id" = String, Path, description = "the access point's identifier")),
    responses((status = 200, body = ApAtJson), (status = 404, body = Complaint, description = "no such access point")))]
pub async fn ap(State(desk): State<Arc<Desk>>, Path(id): Path<String>) -> Result<Json<ApAtJson>, ApiError> {
    let view = desk.view();
    let (facility, ap) = find_ap(&view, &id)?;
    Ok(Json(ap_at(facility, ap)))
}

fn ap_at(facility: &FacilityView, ap: &ApView) -> ApAtJson {
    ApAtJson { facility: facility.id.as_str().to_owned(), ap: ap.into() }
}

/// The facility of this identifier, or 404.
pub fn find_facility<'v>(view: &'v TownView, id: &str) -> Result<&'v FacilityView, ApiError> {
    view.facilities.iter().find(|facility| facility.id.as_str() == id).ok_or_else(|| {
        ApiError::new(StatusCode::NOT_FOUND, "this town has no such facility", "GET /api/v1/facilities lists them")
            .found(id)
    })
}

/// The access point of this identifier and its facility, or 404.
pub fn find_ap<'v>(view: &'v TownView, id: &str) -> Result<(&'v FacilityView, &'v ApView), ApiError> {
    view.facilities
        .iter()
        .find_map(|facility| Some((facility, facility.aps.iter().find(|ap| ap.id.as_str() == id)?)))
        .ok_or_else(|| {
            ApiError::new(StatusCode::NOT_FOUND, "this town has no such access point", "GET /api/v1/aps lists them")
                .found(id)
        })
}
