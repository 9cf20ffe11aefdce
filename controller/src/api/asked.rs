//! Query strings: read into a proven shape, or refused in words; a misspelt name is not silently left out.

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use firmware_config::wire::WallMs;
use serde::de::DeserializeOwned;

use super::error::ApiError;
use super::times;

/// A query string of shape `T`.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(refused(parts, &rejection)),
        }
    }
}

fn refused(parts: &Parts, rejection: &QueryRejection) -> ApiError {
    // The text names the field and what is allowed in it; it is ours and serde's, nothing from inside.
    let reason = std::error::Error::source(rejection).map_or_else(|| rejection.to_string(), ToString::to_string);
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "the query cannot be read",
        "mend it, or leave it out; see /api/v1/openapi.json",
    )
    .found(parts.uri.query().unwrap_or_default())
    .expected(reason)
}

/// A moment from a query, if one was given.
pub fn moment(name: &str, text: Option<&str>) -> Result<Option<WallMs>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    times::parse(text).map(Some).ok_or_else(|| {
        ApiError::new(StatusCode::BAD_REQUEST, format!("\"{name}\" is not a time"), "mend it, or leave it out")
            .found(text)
            .expected("2026-11-22T14:32:04+09:00, or 2026-11-22 for the start of that day in Japan")
    })
}
