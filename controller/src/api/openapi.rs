//! The description of `/api/v1`: an OpenAPI 3.1 document made from the handlers and the shapes themselves.

use axum::Json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{acts, counts, distinct, health, metrics, record, town};

/// The document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Hirake",
        description = "The controller of a town's disaster Wi-Fi. Reading needs nothing but to be on the same machine; \
            acts need the token. Times are ISO 8601 with +09:00 and milliseconds. Every answer with a status of 400 \
            or more under /api has the shape of Complaint; 421 is the answer to a Host that is not this machine. \
            Readers ignore fields they do not know: later versions add some."
    ),
    paths(
        openapi,
        town::town, town::facilities, town::facility, town::aps, town::aps_csv, town::ap,
        record::record, record::record_csv,
        counts::counts, counts::counts_csv, counts::ap_counts, counts::ap_counts_csv,
        counts::facility_counts, counts::facility_counts_csv,
        distinct::distinct, distinct::distinct_csv,
        acts::open, acts::close, acts::isolate_key, acts::restore_key,
        metrics::metrics, health::healthz, health::readyz,
    ),
    tags(
        (name = "town", description = "The town as it is now"),
        (name = "record", description = "What happened"),
        (name = "counts", description = "How many devices"),
        (name = "acts", description = "Open, close, isolate the key"),
        (name = "health", description = "For machines that watch the machine"),
    ),
    modifiers(&TokenScheme)
)]
pub struct Document;

struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "town", responses((status = 200, description = "OpenAPI 3.1")))]
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
