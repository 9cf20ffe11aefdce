//! `GET /events`: the pages' fragments as they change, rendered once for all who look in the same language.
//!
//! One task per language renders, at most four times a second and only while somebody listens. A listener
//! takes from the newest rendering what differs from what it was sent; there is no queue, so a slow one misses steps in
//! between, costs nothing, and is shown out by the door when it stops reading.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use dashboard::{Fragment, Lang};
use serde::Deserialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::Desk;
use super::asked::Asked;
use super::error::ApiError;
use super::screens::screen;

/// Listeners at once: each is a screen somebody looks at; a quarter of the door's connections.
const STREAMS_MAX: usize = 64;

/// Shortest time between two renderings of one page: nobody reads faster than four times a second.
const PACE: Duration = Duration::from_millis(250);

/// How often a listener hears that the controller lives. The page calls itself stale after three that did not come.
const BEAT: Duration = Duration::from_secs(5);

/// What `/events` may be asked for.
#[derive(Debug, Deserialize)]
pub struct EventsQuery {
    /// `ja` or `en`; anything else is `ja`.
    #[serde(default)]
    lang: String,
}

/// Every fragment in one language at one moment.
#[derive(Debug)]
struct Rendering {
    build: String,
    pieces: Vec<Piece>,
}

/// A fragment, ready for the line. `frame` is shared by all listeners.
#[derive(Debug)]
struct Piece {
    id: String,
    frame: Bytes,
}

/// The languages; [`keep`] is to be run for each.
pub const LANGS: [Lang; 2] = [Lang::Ja, Lang::En];

/// The newest rendering of each language, and who listens.
#[derive(Debug)]
pub struct Board {
    ja: Slot,
    en: Slot,
    seats: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Slot {
    newest: watch::Sender<Option<Arc<Rendering>>>,
    wanted: Notify,
}

impl Default for Board {
    fn default() -> Self {
        Self { ja: Slot::default(), en: Slot::default(), seats: Arc::new(Semaphore::new(STREAMS_MAX)) }
    }
}

impl Board {
    fn slot(&self, lang: Lang) -> &Slot {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}

/// Keeps one language rendered while somebody listens.
pub async fn keep(desk: Arc<Desk>, lang: Lang) {
    let slot = desk.board.slot(lang);
    let mut view = desk.house.view.clone();
    loop {
        if slot.newest.receiver_count() == 0 {
            slot.newest.send_replace(None);
            slot.wanted.notified().await;
        }
        let rendered_at = Instant::now();
        let of = Arc::clone(&view.borrow_and_update());
        let last = slot.newest.borrow().clone();
        let with = Arc::clone(&desk);
        // At 10,000 APs a rendering takes long enough for the loop to feel it, so not on its thread.
        let rendering = tokio::task::spawn_blocking(move || {
            let screen = screen(&with, &of);
            Rendering::new(screen.build_id(), dashboard::fragments(&screen, lang), last.as_deref())
        });
        match rendering.await {
            Ok(rendering) => {
                slot.newest.send_replace(Some(Arc::new(rendering)));
            }
            Err(error) => tracing::error!(%error, "the pages' fragments could not be rendered"),
        }
        tokio::time::sleep_until(rendered_at + PACE).await;
        if view.changed().await.is_err() {
            // The loop is gone: nothing will change any more, and no beat says otherwise.
            return std::future::pending().await;
        }
    }
}

impl Rendering {
    /// Frames of the new fragments; one that did not change stays the very same, so that comparing is comparing
    /// addresses.
    fn new(build: String, fragments: Vec<Fragment>, last: Option<&Self>) -> Self {
        let last: HashMap<&str, &Bytes> =
            last.iter().flat_map(|it| &it.pieces).map(|piece| (piece.id.as_str(), &piece.frame)).collect();
        let piece = |Fragment { id, html }: Fragment| {
            let frame = frame("fragment", &serde_json::json!({"id": id, "html": html}));
            let frame = match last.get(id.as_str()) {
                Some(&same) if *same == frame => same.clone(),
                _ => frame,
            };
            Piece { id, frame }
        };
        Self { build, pieces: fragments.into_iter().map(piece).collect() }
    }
}

/// One event (WHATWG HTML §9.2.5). JSON is on one line, whatever is in it.
fn frame(event: &str, data: &serde_json::Value) -> Bytes {
    format!("event: {event}\ndata: {data}\n\n").into()
}

/// The stream: `hello` {build, now_ms}, every `fragment` {id, html}, then those that changed; `beat` {now_ms}.
pub async fn events(State(desk): State<Arc<Desk>>, Asked(asked): Asked<EventsQuery>) -> Result<Response, ApiError> {
    let seat = Arc::clone(&desk.board.seats).try_acquire_owned().map_err(|_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many screens look at once",
            "close one; the pages reload by themselves without this",
        )
        .expected(format!("at most {STREAMS_MAX} event streams"))
        .header(header::RETRY_AFTER, "10")
    })?;
    if !desk.pulse.beats() {
        // A greeting would make the page look alive.
        return Err(ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the controller's loop stands; what is true now is not known",
            "try again; the cause is in the controller's log",
        )
        .header(header::RETRY_AFTER, "5"));
    }
    let slot = desk.board.slot(Lang::from_code(&asked.lang).unwrap_or_default());
    let listener = Listener {
        newest: slot.newest.subscribe(),
        sent: HashMap::new(),
        at: None,
        beat_at: Instant::now() + BEAT,
        greeted: false,
        desk: Arc::clone(&desk),
        _seat: seat,
    };
    slot.wanted.notify_one();
    let frames = futures_util::stream::unfold(listener, |mut listener| async move {
        let frame = listener.next().await?;
        Some((Ok::<_, std::convert::Infallible>(frame), listener))
    });
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames)).into_response())
}

/// One open stream.
struct Listener {
    newest: watch::Receiver<Option<Arc<Rendering>>>,
    /// The last frame sent of each fragment.
    sent: HashMap<String, Bytes>,
    /// The rendering being sent, and the first fragment of it not looked at yet.
    at: Option<(Arc<Rendering>, usize)>,
    beat_at: Instant,
    greeted: bool,
    desk: Arc<Desk>,
    _seat: OwnedSemaphorePermit,
}

impl Listener {
    /// The next frame; none when the house closes.
    async fn next(&mut self) -> Option<Bytes> {
        let mut stop = self.desk.stop.clone();
        loop {
            if Instant::now() >= self.beat_at {
                self.beat_at = Instant::now() + BEAT;
                // A page must not look alive when only this program's HTTP is: no beat without the loop.
                if self.desk.pulse.beats() {
                    return Some(frame("beat", &serde_json::json!({"now_ms": self.desk.view().at_ms})));
                }
            }
            if let Some(frame) = self.unsent() {
                return Some(frame);
            }
            tokio::select! {
                biased;
                _ = stop.changed() => return None,
                () = tokio::time::sleep_until(self.beat_at) => {}
                changed = self.newest.changed() => {
                    changed.ok()?;
                    self.at = None;
                }
            }
        }
    }

    /// The next fragment of the newest rendering that differs from what was sent.
    fn unsent(&mut self) -> Option<Bytes> {
        if self.at.is_none() || self.newest.has_changed().unwrap_or(false) {
            self.at = self.newest.borrow_and_update().clone().map(|rendering| (rendering, 0));
        }
        let (rendering, next) = self.at.as_mut()?;
        if !self.greeted {
            self.greeted = true;
            let now_ms = self.desk.view().at_ms;
            return Some(frame("hello", &serde_json::json!({"build": rendering.build, "now_ms": now_ms})));
        }
        while let Some(piece) = rendering.pieces.get(*next) {
            *next += 1;
            if self.sent.get(&piece.id) != Some(&piece.frame) {
                self.sent.insert(piece.id.clone(), piece.frame.clone());
                return Some(piece.frame.clone());
            }
        }
        None
    }
}
