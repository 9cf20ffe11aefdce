//! Whether the controller lives (`/healthz`) and whether it can do all of its work (`/readyz`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::watch;

use super::Desk;
use crate::core::TownView;

/// The loop publishes a view at least every second; five times that is a loop that stands.
const VIEW_AGE_MAX: Duration = Duration::from_secs(5);

/// When a view last came, by the monotonic clock: a wall clock that jumps neither kills nor revives the controller.
#[derive(Debug)]
pub struct Pulse {
    start: Instant,
    last_ms: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { start: Instant::now(), last_ms: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// Notes each view until the loop is gone.
    pub async fn feel(&self, mut view: watch::Receiver<Arc<TownView>>) {
        while view.changed().await.is_ok() {
            view.mark_unchanged();
            self.last_ms.store(self.now_ms(), Ordering::Relaxed);
        }
    }

    /// How old the newest view is.
    fn age(&self) -> Duration {
        Duration::from_millis(self.now_ms().saturating_sub(self.last_ms.load(Ordering::Relaxed)))
    }

    /// Whether a view came lately enough to say that the loop lives.
    pub fn beats(&self) -> bool {
        self.age() <= VIEW_AGE_MAX
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// 200 as long as the loop lives.
#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, body = String), (status = 503, body = String, description = "the loop stands")))]
pub async fn healthz(State(desk): State<Arc<Desk>>) -> (StatusCode, String) {
    match stands(&desk) {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why + "\n"),
    }
}

/// 200 when broker, store and order are there; else 503 with one reason per line.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = String), (status = 503, body = String, description = "one reason per line")))]
pub async fn readyz(State(desk): State<Arc<Desk>>) -> (StatusCode, String) {
    let view = desk.view();
    let reasons = [
        stands(&desk),
        view.broker_lost.as_ref().map(|(_, why)| format!("broker: {why}")),
        view.store_lost.as_ref().map(|(_, why, waiting)| format!("store: {why}; {waiting} entries wait")),
        view.order.is_none().then(|| "order: none was decided yet".to_owned()),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    if reasons.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
}

fn stands(desk: &Desk) -> Option<String> {
    (!desk.pulse.beats()).then(|| format!("loop: its last word is {} s old", desk.pulse.age().as_secs()))
}
