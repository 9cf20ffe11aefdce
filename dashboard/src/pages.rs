//! Pages and the parts of them that change live: one renderer for both, so that they cannot drift apart.

mod aps;
mod chain;
mod now;
mod record;
mod shell;

pub use aps::page_aps;
pub use now::{fragments, page_now, page_wall};
pub use record::page_record;

/// A part of a page that is replaced as a whole, by its `id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The element's `id`.
    pub id: String,
    /// The element, whole, with that `id`.
    pub html: String,
}

/// Renders a template of this crate: writing into a string, with values that all can be written.
fn render(template: &impl askama::Template) -> String {
    template.render().expect("a template of this crate writes into a string and formats infallible values")
}
