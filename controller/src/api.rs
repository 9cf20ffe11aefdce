//! The counter: HTTP in, views and events out; the dashboard's pages, `/api/v1`, `/metrics`, health.
//!
//! Decides nothing: it shows the newest view, reads the archive, and carries questions to the core.

mod acts;
mod asked;
mod chart;
mod counts;
mod csv;
mod distinct;
mod door;
mod error;
mod events;
mod gate;
mod health;
mod metrics;
mod openapi;
mod pages;
mod places;
mod record;
mod screens;
mod seats;
pub(crate) mod times;
mod town;
pub mod views;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::core::{Ask, AskRefused, Inventory, TownView};
use crate::snmp::Deputies;
use crate::store::Store;

pub use acts::{Done, OpenWord};
pub use counts::CountsJson;
pub use distinct::DistinctJson;
pub use error::Complaint;
pub use gate::{TOKEN_MIN_CHARS, Token, TokenError};
pub use record::RecordJson;
pub use town::{ApsJson, FacilitiesJson};

/// A person's question on its way to the core.
#[derive(Debug)]
pub struct Question {
    /// Who asks, for the record.
    pub by: String,
    /// What.
    pub ask: Ask,
    /// Where the answer goes.
    pub answer: oneshot::Sender<Result<u64, AskRefused>>,
}

/// What the counter needs of the rest of the house.
#[derive(Debug, Clone)]
pub struct House {
    /// The newest view; published by the loop at most every 100 ms, and at least every second.
    pub view: watch::Receiver<Arc<TownView>>,
    /// Questions to the core.
    pub questions: mpsc::Sender<Question>,
    /// The archive, for reading.
    pub store: Store,
    /// The town.
    pub inventory: Arc<Inventory>,
    /// The token for acts; none: acts are refused with the reason.
    pub token: Option<Token>,
    /// SNMP, for the figures of how it does.
    pub deputies: Deputies,
}

/// What every answer is made from.
#[derive(Debug)]
struct Desk {
    house: House,
    gate: gate::Gate,
    pulse: health::Pulse,
    pen: town::Pen,
    board: events::Board,
    chart: chart::Chart,
    /// Told to open pages, which load themselves anew when it is another.
    build: String,
    /// Changes when the house closes.
    stop: watch::Receiver<bool>,
    /// When the controller started, in seconds since 1970.
    started_s: f64,
}

impl Desk {
    fn new(house: House, stop: watch::Receiver<bool>) -> Self {
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let build = screens::build(&house.inventory);
        Self {
            house,
            build,
            gate: gate::Gate::default(),
            pulse: health::Pulse::default(),
            pen: town::Pen::default(),
            board: events::Board::default(),
            chart: chart::Chart::default(),
            stop,
            started_s: started.as_secs_f64(),
        }
    }

    fn view(&self) -> Arc<TownView> {
        Arc::clone(&self.house.view.borrow())
    }
}

/// Paths for people's browsers: not part of the described interface.
#[cfg(test)]
const PAGES: &[&str] = &["/", "/wall", "/aps", "/record", "/events"];

/// Every path and what answers it.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<Desk>>)> {
    vec![
        ("/api/v1/openapi.json", get(openapi::openapi)),
        ("/api/v1/town", get(town::town)),
        ("/api/v1/facilities", get(town::facilities)),
        ("/api/v1/facilities/{id}", get(town::facility)),
        ("/api/v1/facilities/{id}/counts", get(counts::facility_counts)),
        ("/api/v1/facilities/{id}/counts.csv", get(counts::facility_counts_csv)),
        ("/api/v1/aps", get(town::aps)),
        ("/api/v1/aps.csv", get(town::aps_csv)),
        ("/api/v1/aps/{id}", get(town::ap)),
        ("/api/v1/aps/{id}/counts", get(counts::ap_counts)),
        ("/api/v1/aps/{id}/counts.csv", get(counts::ap_counts_csv)),
        ("/api/v1/record", get(record::record)),
        ("/api/v1/record.csv", get(record::record_csv)),
        ("/api/v1/counts", get(counts::counts)),
        ("/api/v1/counts.csv", get(counts::counts_csv)),
        ("/api/v1/distinct", get(distinct::distinct)),
        ("/api/v1/distinct.csv", get(distinct::distinct_csv)),
        ("/api/v1/activations", post(acts::open)),
        ("/api/v1/activations/{id}", delete(acts::close)),
        ("/api/v1/key/isolate", post(acts::isolate_key)),
        ("/api/v1/key/restore", post(acts::restore_key)),
        ("/", get(pages::now)),
        ("/wall", get(pages::wall)),
        ("/aps", get(pages::aps)),
        ("/record", get(pages::record)),
        ("/events", get(events::events)),
        ("/metrics", get(metrics::metrics)),
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
    ]
}

async fn nothing_here(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return error::ApiError::no_such_path(path).into_response();
    }
    (StatusCode::NOT_FOUND, "このページはありません。 / から始めてください。\nThere is no such page. Start at / .\n")
        .into_response()
}

/// How long answers under way may take after `stop`; event streams end at once.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Serves until `stop` changes.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    house: House,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let desk = Arc::new(Desk::new(house, stop.clone()));
    let mut router = Router::new();
    for (path, methods) in routes() {
        router = router.route(path, methods);
    }
    for asset in dashboard::assets() {
        router = router.route(&asset.path, pages::asset(asset));
    }
    let inside = router.fallback(nothing_here).with_state(Arc::clone(&desk));
    // Round the whole and not route by route: only from out here is the `Allow` of a 405 to be seen.
    let router = Router::new().fallback_service(inside).layer(axum::middleware::from_fn(door::keep));
    // What goes on beside the answers; ends with this function.
    let mut beside = JoinSet::new();
    let felt = Arc::clone(&desk);
    beside.spawn(async move { felt.pulse.feel(felt.house.view.clone()).await });
    beside.spawn(chart::keep(Arc::clone(&desk)));
    for lang in events::LANGS {
        beside.spawn(events::keep(Arc::clone(&desk), lang));
    }
    let seats = seats::Seats::new(listener, seats::IDLE_MAX);
    let server = axum::serve(seats, router).with_graceful_shutdown(stopped(stop.clone()));
    let late = async {
        stopped(stop).await;
        tokio::time::sleep(LAST_ANSWERS).await;
    };
    tokio::select! {
        outcome = server => outcome,
        () = late => Ok(()),
    }
}

/// Until `stop` changes, or nobody is left who could change it.
async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error is the end of the house: also a reason to stop.
    let _ = stop.changed().await;
}
