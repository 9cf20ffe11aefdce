//! The counter: HTTP in, views and events out; the dashboard's pages, `/api/v1`, `/metrics`, health.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::core::{Ask, AskRefused, Inventory, TownView};
use crate::store::Store;

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
}

/// The token for acts over HTTP; never shown.
#[derive(Clone)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Serves until `stop` changes.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    _listener: tokio::net::TcpListener,
    _house: House,
    _stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    unimplemented!()
}
