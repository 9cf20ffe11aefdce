//! CSV that a town hall's spreadsheet opens rightly: UTF-8 with BOM, CRLF, RFC 4180, no cell that is a formula.

use std::fmt::Display;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

/// Without it Excel takes UTF-8 for Shift_JIS.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The cells of one line.
pub type Row = Vec<String>;

/// 訓練 or nothing: the column that keeps a drill's lines apart.
pub fn drill(drill: bool) -> String {
    if drill { "訓練".to_owned() } else { String::new() }
}

/// A download of one heading line and then pages of rows. Where a page fails after the first byte the connection is
/// cut, so that half a file is not taken for a whole one.
pub fn answer<E>(
    name: &str,
    headings: &'static [&'static str],
    pages: impl Stream<Item = Result<Vec<Row>, E>> + Send + 'static,
) -> Response
where
    E: Display + Send + 'static,
{
    let head = stream::once(async { Ok(lines(vec![headings.iter().map(|&cell| cell.to_owned()).collect()], BOM)) });
    let body = head.chain(pages.map_ok(|rows| lines(rows, b"")).map_err(|error| {
        tracing::warn!(%error, "a CSV download was cut short");
        "the store cannot be read"
    }));
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    (
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        Body::from_stream(body),
    )
        .into_response()
}

fn lines(rows: Vec<Row>, before: &[u8]) -> Bytes {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(before.to_vec());
    for row in rows {
        writer
            .write_record(row.into_iter().map(guarded))
            .expect("rows of one table are of one length, memory takes all");
    }
    writer.into_inner().expect("memory takes all").into()
}

/// A cell that a spreadsheet would run is made text: an SSID is whatever somebody made it.
fn guarded(cell: String) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{cell}"),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_where_needed_and_never_a_formula() {
        let row = ["plain", "a,b", "say \"hi\"", "two\nlines", "=1+1", "+81", "-5", "@x", "髙﨑"];
        let text = lines(vec![row.iter().map(|&cell| cell.to_owned()).collect()], BOM);
        let expected = "\u{feff}plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",'=1+1,'+81,'-5,'@x,髙﨑\r\n";
        assert_eq!(std::str::from_utf8(&text).expect("utf-8"), expected);
    }
}
