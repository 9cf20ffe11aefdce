//! Reads a span of counts page by page, oldest first, each row once.

use std::time::SystemTime;

use axum::http::StatusCode;
use firmware_config::ident::ApId;
use firmware_config::wire::WallMs;

use super::{CountsQuery, SpanQuery};
use crate::api::Desk;
use crate::api::asked::moment;
use crate::api::error::ApiError;
use crate::api::times::iso;
use crate::api::town::{find_ap, find_facility};
use crate::store::{CountRow, Store, StoreError};

/// Rows read at once, and rows of one JSON answer at most: about 2 MB. 27 APs with two networks write 6,480 an hour.
const PAGE_ROWS: u32 = 10_000;

/// The span where the caller does not say: the last day.
const SPAN_MS: i64 = 24 * 60 * 60 * 1000;

/// Reads a span page by page, each row once, whatever the store's limit cuts through.
pub(in crate::api) struct Reader {
    pub(in crate::api) store: Store,
    /// None: every AP.
    pub(in crate::api) aps: Option<Vec<String>>,
    pub(in crate::api) from: WallMs,
    pub(in crate::api) to: WallMs,
    /// Rows read at once, of each AP that is named.
    pub(in crate::api) page: u32,
}

impl Reader {
    fn new(desk: &Desk, aps: Option<Vec<String>>, from: Option<&str>, to: Option<&str>) -> Result<Self, ApiError> {
        let to = moment("to", to)?.unwrap_or_else(now_ms);
        let from = moment("from", from)?.unwrap_or(to.saturating_sub(SPAN_MS));
        if from > to {
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "\"from\" is later than \"to\"", "exchange them")
                .found(format!("from {} to {}", iso(from), iso(to))));
        }
        Ok(Self { store: desk.house.store.clone(), aps, from, to, page: PAGE_ROWS })
    }

    pub(super) fn of_query(desk: &Desk, asked: &CountsQuery) -> Result<Self, ApiError> {
        let aps = match &asked.ap {
            Some(text) => {
                let id: ApId = text.parse().map_err(|error: firmware_config::ident::IdentError| {
                    ApiError::new(StatusCode::BAD_REQUEST, "\"ap\" is not an identifier", "GET /api/v1/aps lists them")
                        .found(text)
                        .expected(error.to_string())
                })?;
                Some(vec![id.as_str().to_owned()])
            }
            None => None,
        };
        Self::new(desk, aps, asked.from.as_deref(), asked.to.as_deref())
    }

    pub(super) fn of_ap(desk: &Desk, id: &str, span: &SpanQuery) -> Result<Self, ApiError> {
        let view = desk.view();
        let (_, ap) = find_ap(&view, id)?;
        Self::new(desk, Some(vec![ap.id.as_str().to_owned()]), span.from.as_deref(), span.to.as_deref())
    }

    pub(super) fn of_facility(desk: &Desk, id: &str, span: &SpanQuery) -> Result<Self, ApiError> {
        let view = desk.view();
        let aps = find_facility(&view, id)?.aps.iter().map(|ap| ap.id.as_str().to_owned()).collect();
        Self::new(desk, Some(aps), span.from.as_deref(), span.to.as_deref())
    }

    /// The next rows, oldest first; none at the end. Advances `from` to where the following page begins.
    pub(in crate::api) async fn next(&mut self) -> Result<Option<Vec<CountRow>>, StoreError> {
        let mut limit = self.page;
        while self.from < self.to {
            let (mut rows, horizon) = self.rows(limit).await?;
            if horizon > self.from {
                // What lies at the horizon may be incomplete, and is read with the next page.
                rows.retain(|row| row.at_ms < horizon);
                rows.sort_by(|a, b| (a.at_ms, &a.ap, &a.interface).cmp(&(b.at_ms, &b.ap, &b.interface)));
                self.from = horizon;
                return Ok(Some(rows));
            }
            // More rows of one millisecond than a page holds: clocks that stand still. Take a greater page.
            limit = limit.saturating_mul(2);
        }
        Ok(None)
    }

    /// Rows from `from`, at most `limit` of each AP asked for, and the moment up to which nothing is missing.
    async fn rows(&self, limit: u32) -> Result<(Vec<CountRow>, WallMs), StoreError> {
        let mut horizon = self.to;
        let mut all = Vec::new();
        let selectors: Vec<Option<&str>> = match &self.aps {
            None => vec![None],
            Some(aps) => aps.iter().map(|ap| Some(ap.as_str())).collect(),
        };
        for ap in selectors {
            let rows = self.store.counts(ap, self.from, self.to, limit).await?;
            if rows.len() >= limit as usize
                && let Some(last) = rows.last()
            {
                horizon = horizon.min(last.at_ms);
            }
            all.extend(rows);
        }
        Ok((all, horizon))
    }
}

/// Now, by the wall clock: only to know which day "the last day" is.
fn now_ms() -> WallMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    WallMs::try_from(since.as_millis()).unwrap_or(WallMs::MAX)
}
