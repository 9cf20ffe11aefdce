//! Lets acts in: the right token, JSON and declared as such, a name and a reason; or says what is missing.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use firmware_config::ident::{FacilityId, IdentError};
use serde::de::DeserializeOwned;

use crate::api::Desk;
use crate::api::error::ApiError;

/// Longest body of an act: 3,000 facilities would be 150 kB, but who names so many leaves the list out.
const BODY_MAX_BYTES: usize = 16 * 1024;

/// How long a body may take to arrive.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// Longest name of a person, in characters.
const BY_MAX_CHARS: usize = 60;

/// Longest reason, in characters.
const WHY_MAX_CHARS: usize = 500;

/// An act whose token was right and whose body could be read.
pub struct Act<T> {
    /// The name in the header, where there is one.
    pub by_header: Option<Result<String, ApiError>>,
    /// The body.
    pub body: T,
}

/// Lets an act in: token, declared content, length, shape; in this order, so that nothing is read for a stranger.
pub async fn admit<T: DeserializeOwned>(
    desk: &Desk,
    request: Request,
    shape: &'static str,
) -> Result<Act<T>, ApiError> {
    let (head, body) = request.into_parts();
    desk.gate.admit(desk.house.token.as_ref(), &head.headers)?;
    let declared = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = declared.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be JSON",
            "send the header Content-Type: application/json",
        )
        .found(declared)
        .expected("application/json"));
    }
    let by_header = head.headers.get("x-hirake-by").map(|value| {
        // As UTF-8, which is how every client of today writes 田中 into a header.
        String::from_utf8(value.as_bytes().to_vec())
            .map_err(|_| unfit("X-Hirake-By is not UTF-8", "send it as UTF-8, or give \"by\" in the body"))
    });
    let bytes = match tokio::time::timeout(BODY_WAIT, body::to_bytes(body, BODY_MAX_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) if is_too_long(&error) => {
            return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long", "shorten it")
                .expected(format!("at most {BODY_MAX_BYTES} bytes")));
        }
        Ok(Err(_)) | Err(_) => {
            return Err(ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                "the body did not arrive",
                "send it again; nothing was done",
            ));
        }
    };
    let body = serde_json::from_slice(&bytes).map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "the body is not what this act needs", "mend it; nothing was done")
            .found(error.to_string())
            .expected(shape)
    })?;
    Ok(Act { by_header, body })
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(it) = cause {
        if it.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = it.source();
    }
    false
}

/// 422: understood, and not usable.
pub fn unfit(error: &str, todo: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error, todo)
}

/// Who asks, from the header or the body.
pub fn who(header: Option<Result<String, ApiError>>, field: Option<String>) -> Result<String, ApiError> {
    const EXPECTED: &str = "1 to 60 characters without control characters, as \"by\" or as the header X-Hirake-By";
    let by = match (header.transpose()?, field) {
        (Some(header), Some(field)) if header.trim() != field.trim() => {
            return Err(unfit("the header and the body name two people", "give one name")
                .found(format!("X-Hirake-By: {header}, by: {field}")));
        }
        (Some(by), _) | (None, Some(by)) => by,
        (None, None) => {
            return Err(unfit("nobody is named", "say who asks; it stands in the record").expected(EXPECTED));
        }
    };
    let by = by.trim();
    if by.is_empty() || by.chars().count() > BY_MAX_CHARS || by.chars().any(char::is_control) {
        return Err(unfit("the name of who asks is not usable", "mend it").found(by).expected(EXPECTED));
    }
    Ok(by.to_owned())
}

/// The reason, on one line.
pub fn reason(why: &str) -> Result<String, ApiError> {
    let why = why.trim();
    // A line break is the one control character a reason may well have; it becomes a space.
    let why = why.replace("\r\n", " ").replace(['\n', '\t'], " ");
    if why.is_empty() || why.chars().count() > WHY_MAX_CHARS || why.chars().any(char::is_control) {
        return Err(unfit("a reason must be given", "say why; it stands in the record")
            .found(why)
            .expected("1 to 500 characters without control characters"));
    }
    Ok(why)
}

/// The facilities named.
pub fn facilities(names: Vec<String>) -> Result<BTreeSet<FacilityId>, ApiError> {
    if names.is_empty() {
        return Err(
            unfit("no facility is named", "name some, or leave \"facilities\" out to open every shelter").found("[]")
        );
    }
    let parse = |name: String| {
        name.parse().map_err(|error: IdentError| {
            unfit("this is not a facility's identifier", "GET /api/v1/facilities lists them")
                .found(&name)
                .expected(error.to_string())
        })
    };
    names.into_iter().map(parse).collect()
}
