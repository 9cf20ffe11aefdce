//! The screens of the town hall: facts in, HTML out; templates, style and script are inside the library.
//!
//! Pure: no clock, no socket, no file. Whoever serves the pages fills in a [`Screen`] and sends what comes back.
//! Addresses the pages expect: `/` ([`page_now`]), `/wall`, `/aps`, `/record`, `/events` (Server-Sent Events, see
//! [`fragments`]) and the paths of [`assets`]. `?lang=ja|en` on any of them changes the language; the server keeps it
//! in a cookie.
//!
//! Reading order: `screen` (what a page is made of), `board` and `needs` (what they make of it), `words` (every sentence, twice),
//! `when` (dates), `chart`, `pages`, `assets`.

pub mod assets;
pub mod board;
mod chart;
mod html;
pub mod needs;
pub mod pages;
pub mod sample;
mod screen;
pub mod when;
pub mod words;

pub use assets::{Asset, assets};
pub use pages::{Fragment, fragments, page_aps, page_now, page_record, page_wall};
pub use screen::{
    AP_ROWS, Ap, ApsQuery, Distinct, Entry, Facility, Key, KeyFault, Lang, Opening, Order, OtherSeat, Placed,
    RECORD_ROWS, RecordPage, Reported, Screen, Seat, SeatMistake, Standing, Stranger, Totals, Way, Who, Witnessed,
};
