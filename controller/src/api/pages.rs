//! The pages for people: いまの状況, the wall display, 施設と機器, 履歴; and the files they ask for.
//!
//! A query that makes no sense is read as none: a person gets the page, not an error about its address.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use dashboard::{ApsQuery, Asset, Lang, RECORD_ROWS, RecordPage, Screen, Standing};

use super::Desk;
use super::error::ApiError;
use super::screens::{screen, stored};

/// How long the choice of a language is kept: a year.
const LANG_KEPT_S: u32 = 365 * 24 * 60 * 60;

type Asked = Query<HashMap<String, String>>;

/// いまの状況.
pub async fn now(State(desk): State<Arc<Desk>>, headers: HeaderMap, asked: Asked) -> Result<Response, ApiError> {
    page(desk, &headers, &asked, dashboard::page_now).await
}

/// 本部表示.
pub async fn wall(State(desk): State<Arc<Desk>>, headers: HeaderMap, asked: Asked) -> Result<Response, ApiError> {
    page(desk, &headers, &asked, dashboard::page_wall).await
}

/// 施設と機器.
pub async fn aps(State(desk): State<Arc<Desk>>, headers: HeaderMap, asked: Asked) -> Result<Response, ApiError> {
    let text = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let query = ApsQuery {
        q: text("q").chars().take(SEARCH_MAX_CHARS).collect(),
        state: Standing::ALL.into_iter().find(|standing| standing.as_str() == text("state")),
        page: text("page").parse().unwrap_or_default(),
        csv: Some("/api/v1/aps.csv".to_owned()),
    };
    page(desk, &headers, &asked, move |screen, lang| dashboard::page_aps(screen, lang, &query)).await
}

/// Longest search text; the longest name of a facility is shorter.
const SEARCH_MAX_CHARS: usize = 100;

/// 履歴.
pub async fn record(State(desk): State<Arc<Desk>>, headers: HeaderMap, asked: Asked) -> Result<Response, ApiError> {
    let before = asked.get("before").and_then(|before| before.parse().ok());
    // One more than is shown tells whether there are older ones.
    let limit = u32::try_from(RECORD_ROWS + 1).unwrap_or(u32::MAX);
    let found = desk.house.store.entries(before, limit).await;
    page(desk, &headers, &asked, move |screen, lang| {
        let csv = Some("/api/v1/record.csv".to_owned());
        let shown = match found {
            Ok(entries) => {
                let older = entries.len() > RECORD_ROWS;
                let entries = entries.into_iter().take(RECORD_ROWS).map(stored).collect();
                RecordPage { entries, before, older, csv }
            }
            // The store is away, and the page says so above; what is still in memory is shown.
            Err(_) => RecordPage { entries: screen.recent.clone(), before: None, older: false, csv },
        };
        dashboard::page_record(screen, lang, &shown)
    })
    .await
}

async fn page(
    desk: Arc<Desk>,
    headers: &HeaderMap,
    asked: &Asked,
    render: impl FnOnce(&Screen, Lang) -> String + Send + 'static,
) -> Result<Response, ApiError> {
    let chosen = asked.get("lang").and_then(|code| Lang::from_code(code));
    let lang = chosen.or_else(|| kept_lang(headers)).unwrap_or_default();
    let view = desk.view();
    // A page of old facts is told to be one: the script takes it for no answer, a person sees its time.
    let status = if desk.pulse.beats() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // At 10,000 APs a page takes long enough for the loop to feel it, so not on its thread.
    let html = tokio::task::spawn_blocking(move || render(&screen(&desk, &view), lang))
        .await
        .map_err(|error| ApiError::inside(&error))?;
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    if let Some(chosen) = chosen {
        let cookie = format!("lang={}; Path=/; Max-Age={LANG_KEPT_S}; SameSite=Strict; HttpOnly", chosen.code());
        let cookie = HeaderValue::from_str(&cookie).map_err(|error| ApiError::inside(&error))?;
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn kept_lang(headers: &HeaderMap) -> Option<Lang> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, code)| if name == "lang" { Lang::from_code(code) } else { None })
}

/// A file whose path carries a hash of its content: it never changes under that path.
pub fn asset(asset: &'static Asset) -> MethodRouter<Arc<Desk>> {
    get(move || async move {
        let headers =
            [(header::CONTENT_TYPE, asset.mime), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
        (headers, asset.bytes)
    })
}
