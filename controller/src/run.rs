//! The corridor: events from all doors to the core, actions to all doors. Not built yet.

use std::future::Future;

use crate::config::Config;

/// Runs the controller until `stop` is ready.
///
/// # Errors
/// It cannot start, or must not go on.
pub async fn serve(_config: Config, _stop: impl Future<Output = ()>) -> anyhow::Result<()> {
    anyhow::bail!("the controller's loop is not built yet")
}
