//! The reception: which word was said, and which room answers it.

mod check;
pub mod exit;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Hirake: the controller of a town's disaster Wi-Fi.
#[derive(Debug, Parser)]
#[command(name = "hirake", version, about, after_help = exit::TABLE)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the controller until SIGTERM or Ctrl-C
    Serve {
        /// The town's file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Read a controller.toml and tell everything that is wrong with it, with line numbers
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Does what was asked and says how it went.
///
/// # Errors
/// The controller could not start, or had to stop.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve { config } => serve::serve(&config),
        Command::Check { file } => Ok(check::check(&file)),
    }
}
