//! 履歴: what happened, newest first.

use askama::Template;

use super::render;
use super::shell::{Room, shell};
use crate::screen::{RECORD_ROWS, RecordPage, Screen, name};
use crate::when;
use crate::words::{self, Lang};

struct Row {
    iso: String,
    at: String,
    text: String,
    detail: String,
}

#[derive(Template)]
#[template(path = "record.html")]
struct Record {
    lang: Lang,
    rows: Vec<Row>,
    newest: bool,
    older: Option<u64>,
    csv: Option<String>,
}

/// 履歴.
#[must_use]
pub fn page_record(screen: &Screen, lang: Lang, record: &RecordPage) -> String {
    let shown = &record.entries[..record.entries.len().min(RECORD_ROWS)];
    let rows = shown
        .iter()
        .map(|entry| {
            let text = words::entry_text(entry, lang, |id| screen.ap_name(id, lang));
            let why = words::told(entry.field("why"), lang);
            Row {
                iso: when::iso(entry.at_ms),
                at: format!("{}:{:02}", when::date_time(entry.at_ms, lang), when::jst(entry.at_ms).second()),
                detail: if text.contains(why.as_ref()) { String::new() } else { why.into_owned() },
                text,
            }
        })
        .collect();
    let older = shown.last().filter(|_| record.older).map(|entry| entry.seq);
    let newest = record.before.is_some();
    let body = render(&Record { lang, rows, newest, older, csv: record.csv.clone() });
    let town = name(&screen.town_ja, &screen.town_en, lang);
    let title = format!("{} | {town}", lang.pick("履歴", "Record"));
    shell(screen, Room::Record, title, (&body, ""), lang)
}
