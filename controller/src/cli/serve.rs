//! `hirake serve`: the log, the runtime and the signals round the controller.

use std::future::Future;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::log::Log;
use super::{check, exit};
use crate::config::Config;

/// How long the stop waits for what cannot be given up half-way.
const LEFTOVERS_LIMIT: Duration = Duration::from_secs(1);
/// What is logged where `RUST_LOG` says nothing: the SNMP library warns of each bad datagram, and anybody may send a million;
/// and each device's silence is an error to it, which is our deputies' to tell.
const LOGGED: &str = "info,async_snmp=off";

/// Reads the file, then runs until SIGTERM or Ctrl-C.
///
/// # Errors
/// The controller cannot start, or must not go on.
pub fn serve(file: &Path) -> anyhow::Result<ExitCode> {
    let config = match Config::read(file) {
        Ok(config) => config,
        Err(refused) => return Ok(check::refuse(&refused)),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    let (log, _last_lines) = Log::start(std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(log)
        .init();
    for amiss in &config.amiss {
        tracing::error!("{amiss}");
    }
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start the runtime")?;
    let outcome = runtime.block_on(async { crate::run::serve(config, stop()?).await });
    // A name that is still being looked up, or a disk that hangs, holds no stop up.
    runtime.shutdown_timeout(LEFTOVERS_LIMIT);
    outcome?;
    Ok(ExitCode::from(exit::WELL))
}

/// Ready at the first SIGTERM or SIGINT. Installed at once, so that no early signal is lost.
fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut term = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut int = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(async move {
        let which = tokio::select! {
            _ = term.recv() => "SIGTERM",
            _ = int.recv() => "SIGINT",
        };
        tracing::info!("stopping on {which}");
    })
}
