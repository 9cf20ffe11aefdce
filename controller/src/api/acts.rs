//! Acts over HTTP: open, start a drill, close, isolate the key. Each needs the token, a name and a reason.
//!
//! No cookie is ever read here and the body must be declared as JSON, so that another site's page, open in the same
//! browser, cannot act: it can send neither the header nor the content type without asking first.

mod admission;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use utoipa::ToSchema;

use admission::{Act, admit, facilities, reason, unfit, who};

use super::error::{ApiError, Complaint};
use super::{Desk, Question};
use crate::core::{Ask, AskRefused};

/// How long the core may take to answer; it takes milliseconds.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// What an operator may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OpenWord {
    /// 災害: until it is closed.
    Disaster,
    /// 訓練: ends by itself.
    Drill,
}

/// Opens facilities.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAsked {
    /// What to open.
    mode: OpenWord,
    /// Which facilities; left out: every shelter.
    facilities: Option<Vec<String>>,
    /// Length of a drill in minutes; only with `drill`, and needed there.
    minutes: Option<u64>,
    /// The reason, for the record: 1 to 500 characters.
    why: String,
    /// Who asks, for the record: 1 to 60 characters. May be given as the header `X-Hirake-By` instead.
    by: Option<String>,
}

/// Gives the reason for an act.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyAsked {
    /// The reason, for the record: 1 to 500 characters.
    why: String,
    /// Who asks, for the record: 1 to 60 characters. May be given as the header `X-Hirake-By` instead.
    by: Option<String>,
}

/// It is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// The activation opened or closed; null for an act on the key.
    pub activation: Option<u64>,
}

/// Opens facilities, or starts a drill.
#[utoipa::path(post, path = "/api/v1/activations", tag = "acts", request_body = OpenAsked,
    security(("token" = [])),
    params(("X-Hirake-By" = Option<String>, Header, description = "who asks, where the body does not say")),
    responses((status = 201, body = Done), (status = 400, body = Complaint), (status = 401, body = Complaint),
        (status = 403, body = Complaint, description = "no token is configured"), (status = 413, body = Complaint),
        (status = 415, body = Complaint), (status = 422, body = Complaint), (status = 429, body = Complaint),
        (status = 503, body = Complaint), (status = 504, body = Complaint)))]
pub async fn open(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, ApiError> {
    let act: Act<OpenAsked> = admit(&desk, request, OPEN_SHAPE).await?;
    let by = who(act.by_header, act.body.by)?;
    let why = reason(&act.body.why)?;
    let facilities = act.body.facilities.map(facilities).transpose()?;
    let ask = match (act.body.mode, act.body.minutes) {
        (OpenWord::Disaster, None) => Ask::Open { facilities, why },
        (OpenWord::Drill, Some(minutes)) => {
            Ask::Drill { facilities, length: Duration::from_secs(minutes.saturating_mul(60)), why }
        }
        (OpenWord::Disaster, Some(minutes)) => {
            return Err(unfit(
                "\"minutes\" goes with a drill only",
                "leave it out; whoever opens a disaster closes it",
            )
            .found(minutes.to_string()));
        }
        (OpenWord::Drill, None) => {
            return Err(unfit("a drill needs an end", "give \"minutes\"").expected("\"minutes\": such as 60"));
        }
    };
    let activation = put(&desk, by, ask).await?;
    let location = format!("/api/v1/activations/{activation}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(Done { activation: Some(activation) }))
        .into_response())
}

/// Closes an activation that an operator opened. What the key holds open, only the key closes.
#[utoipa::path(delete, path = "/api/v1/activations/{id}", tag = "acts", request_body = WhyAsked,
    security(("token" = [])),
    params(("id" = u64, Path, description = "the activation's number"),
        ("X-Hirake-By" = Option<String>, Header, description = "who asks, where the body does not say")),
    responses((status = 200, body = Done), (status = 400, body = Complaint), (status = 401, body = Complaint),
        (status = 403, body = Complaint), (status = 404, body = Complaint),
        (status = 409, body = Complaint, description = "another opened it"), (status = 413, body = Complaint),
        (status = 415, body = Complaint), (status = 422, body = Complaint), (status = 429, body = Complaint),
        (status = 503, body = Complaint), (status = 504, body = Complaint)))]
pub async fn close(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Done>, ApiError> {
    let act: Act<WhyAsked> = admit(&desk, request, WHY_SHAPE).await?;
    let activation = id.parse().map_err(|_| {
        ApiError::new(StatusCode::BAD_REQUEST, "an activation is named by its number", "GET /api/v1/town lists them")
            .found(&id)
            .expected("a whole number")
    })?;
    let by = who(act.by_header, act.body.by)?;
    let why = reason(&act.body.why)?;
    put(&desk, by, Ask::Close { activation, why }).await?;
    Ok(Json(Done { activation: Some(activation) }))
}

/// Leaves a broken key panel out of account; what the key held open stays open.
#[utoipa::path(post, path = "/api/v1/key/isolate", tag = "acts", request_body = WhyAsked, security(("token" = [])),
    params(("X-Hirake-By" = Option<String>, Header, description = "who asks, where the body does not say")),
    responses((status = 200, body = Done), (status = 400, body = Complaint), (status = 401, body = Complaint),
        (status = 403, body = Complaint), (status = 413, body = Complaint), (status = 415, body = Complaint),
        (status = 422, body = Complaint), (status = 429, body = Complaint), (status = 503, body = Complaint),
        (status = 504, body = Complaint)))]
pub async fn isolate_key(State(desk): State<Arc<Desk>>, request: Request) -> Result<Json<Done>, ApiError> {
    key_act(&desk, request, |why| Ask::IsolateKey { why }).await
}

/// Takes the key panel back into account.
#[utoipa::path(post, path = "/api/v1/key/restore", tag = "acts", request_body = WhyAsked, security(("token" = [])),
    params(("X-Hirake-By" = Option<String>, Header, description = "who asks, where the body does not say")),
    responses((status = 200, body = Done), (status = 400, body = Complaint), (status = 401, body = Complaint),
        (status = 403, body = Complaint), (status = 413, body = Complaint), (status = 415, body = Complaint),
        (status = 422, body = Complaint), (status = 429, body = Complaint), (status = 503, body = Complaint),
        (status = 504, body = Complaint)))]
pub async fn restore_key(State(desk): State<Arc<Desk>>, request: Request) -> Result<Json<Done>, ApiError> {
    key_act(&desk, request, |why| Ask::RestoreKey { why }).await
}

async fn key_act(desk: &Desk, request: Request, ask: impl FnOnce(String) -> Ask) -> Result<Json<Done>, ApiError> {
    let act: Act<WhyAsked> = admit(desk, request, WHY_SHAPE).await?;
    let by = who(act.by_header, act.body.by)?;
    let why = reason(&act.body.why)?;
    put(desk, by, ask(why)).await?;
    Ok(Json(Done { activation: None }))
}

const OPEN_SHAPE: &str = r#"{"mode": "disaster" or "drill", "why": "…", "by": "…", optionally "facilities": ["…"], "minutes": 60 with a drill}"#;
const WHY_SHAPE: &str = r#"{"why": "…", "by": "…"}"#;

/// Puts a question to the core and waits for its answer.
async fn put(desk: &Desk, by: String, ask: Ask) -> Result<u64, ApiError> {
    let not_done = || {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the controller does not take questions just now; nothing was done",
            "try again; the key works without this",
        )
        .header(header::RETRY_AFTER, "1")
    };
    let (answer, answered) = oneshot::channel();
    // Full means a hundred people ask at once, or the loop stands: either way, not in a queue that nobody sees.
    desk.house.questions.try_send(Question { by, ask, answer }).map_err(|_| not_done())?;
    match tokio::time::timeout(ANSWER_WAIT, answered).await {
        Ok(Ok(outcome)) => outcome.map_err(|refusal| refused(&refusal)),
        Ok(Err(_)) | Err(_) => Err(ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the controller did not answer; it may have been done",
            "look at GET /api/v1/town before asking again",
        )),
    }
}

fn refused(refusal: &AskRefused) -> ApiError {
    let (status, todo) = match refusal {
        AskRefused::NoSuchFacility(_) => (StatusCode::UNPROCESSABLE_ENTITY, "GET /api/v1/facilities lists them"),
        AskRefused::NoSuchActivation(_) => (StatusCode::NOT_FOUND, "GET /api/v1/town lists those in force"),
        AskRefused::NotYours { .. } => (StatusCode::CONFLICT, "close it where it was opened"),
        AskRefused::DrillLength { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "give other \"minutes\""),
        AskRefused::NothingToOpen => (StatusCode::UNPROCESSABLE_ENTITY, "name \"facilities\""),
        AskRefused::TooMany { .. } => (StatusCode::CONFLICT, "close one first"),
        AskRefused::NoReason => (StatusCode::UNPROCESSABLE_ENTITY, "say why; it stands in the record"),
    };
    ApiError::new(status, refusal.to_string(), todo)
}
