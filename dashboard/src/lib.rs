//! The screens of the town hall: facts in, HTML out; templates, style and script are inside the library.
//!
//! Pure: no clock, no socket, no file. Whoever serves the pages fills in a [`Screen`] and sends what comes back.
//! Addresses the pages expect: `/` ([`page_now`]), `/wall`, `/aps`, `/record`, `/events` (Server-Sent Events, see
//! [`fragments`]) and the paths of [`assets`]. `?lang=ja|en` on any of them changes the language; the server keeps it
//! in a cookie.

mod screen;

pub use screen::{
    AP_ROWS, Ap, ApsQuery, Entry, Facility, Key, KeyFault, Lang, Opening, Order, RECORD_ROWS, RecordPage, Reported,
    Screen, Standing, Totals, Who, Witnessed,
};

/// A piece of a page that changes: the element with this id is replaced by this HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The element's id.
    pub id: String,
    /// The element, whole.
    pub html: String,
}

/// A file that pages ask for. Its path carries a hash of its content: serve it as unchanging for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Path on the server.
    pub path: String,
    /// Media type.
    pub mime: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

impl Screen {
    /// What the event `hello` tells as `build`: an open page whose own differs loads itself anew.
    #[must_use]
    pub fn build_id(&self) -> String {
        self.build.clone()
    }
}

/// いまの状況: the main screen.
#[must_use]
pub fn page_now(screen: &Screen, lang: Lang) -> String {
    let _ = (screen, lang);
    String::new()
}

/// 本部表示: the wall display, 1920×1080.
#[must_use]
pub fn page_wall(screen: &Screen, lang: Lang) -> String {
    let _ = (screen, lang);
    String::new()
}

/// 施設と機器: every access point.
#[must_use]
pub fn page_aps(screen: &Screen, lang: Lang, query: &ApsQuery) -> String {
    let _ = (screen, lang, query);
    String::new()
}

/// 履歴: the record.
#[must_use]
pub fn page_record(screen: &Screen, lang: Lang, record: &RecordPage) -> String {
    let _ = (screen, lang, record);
    String::new()
}

/// Every piece of every page that changes. Send all of them to a new listener, then those whose HTML differs from
/// what it was last sent; a page ignores pieces that it does not have.
#[must_use]
pub fn fragments(screen: &Screen, lang: Lang) -> Vec<Fragment> {
    let _ = (screen, lang);
    Vec::new()
}

/// Style and script.
#[must_use]
pub fn assets() -> &'static [Asset] {
    &[]
}

/// One entry of the record as a sentence, as far as the entry alone can tell it (identifiers, not names).
#[must_use]
pub fn entry_text(kind: &str, fields: &[(String, String)], lang: Lang) -> String {
    let _ = (kind, fields, lang);
    String::new()
}
