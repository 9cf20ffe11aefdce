//! The one error of `/api/v1`: what is wrong, what was found, what was expected, what to do.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::store::StoreError;

/// The body of every answer of `/api/v1` with a status of 400 or more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Complaint {
    /// What is wrong.
    pub error: String,
    /// What was found; null where there is nothing to show.
    pub found: Option<String>,
    /// What is allowed; null where there is nothing to choose from.
    pub expected: Option<String>,
    /// What to do about it.
    pub todo: String,
}

/// A refusal on its way out. What went wrong inside is logged where it happens, never put in here.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    complaint: Box<Complaint>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

impl ApiError {
    /// A refusal with a status, the fault and the cure.
    pub fn new(status: StatusCode, error: impl Into<String>, todo: impl Into<String>) -> Self {
        let complaint = Complaint { error: error.into(), found: None, expected: None, todo: todo.into() };
        Self { status, complaint: Box::new(complaint), headers: Vec::new() }
    }

    /// The same, showing what was found.
    pub fn found(mut self, found: impl Into<String>) -> Self {
        // Hostile input comes back to a terminal: no control characters, and not all of it.
        let text = found.into().chars().take(FOUND_MAX_CHARS).flat_map(char::escape_debug).collect();
        self.complaint.found = Some(text);
        self
    }

    /// The same, saying what is allowed.
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.complaint.expected = Some(expected.into());
        self
    }

    /// The same, with a header.
    pub fn header(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// 503: the archive could not be read. The cause goes to the log.
    pub fn store(cause: &StoreError) -> Self {
        tracing::warn!(error = %cause, "the store could not be read for an HTTP answer");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the record cannot be read just now",
            "try again; the newest entries are on the main screen, the cause is in the controller's log",
        )
        .header(header::RETRY_AFTER, "10")
    }

    /// 500: something that should not happen. The cause goes to the log.
    pub fn inside(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "an HTTP answer could not be made");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be made", "see the controller's log")
    }

    /// 404 under `/api`.
    pub fn no_such_path(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this path", "see /api/v1/openapi.json").found(path)
    }
}

/// How much of a bad input is shown back.
const FOUND_MAX_CHARS: usize = 200;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(*self.complaint)).into_response();
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
