//! The reception: which word was said, and which room answers it.

mod ask;
mod check;
pub mod exit;
mod key;
mod log;
mod render;
mod serve;
mod status;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::words::Language;
use crate::config::HTTP_LISTEN;

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
    /// Print the files of one access point, as its radio plan says; they hold its passphrases
    Render {
        /// The town's file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Write them below this folder instead of printing them
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// The access point's id
        #[arg(value_name = "AP")]
        ap: String,
    },
    /// Ask the running controller how the town is: mode, order, key, and every access point that is not settled
    Status {
        #[command(flatten)]
        asked: Asked,
    },
    /// Ask the running controller where the key stands
    Key {
        #[command(flatten)]
        asked: Asked,
        /// Go on, with a line for every change, until Ctrl-C
        #[arg(long)]
        watch: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Asked {
    /// Where the controller listens
    #[arg(long, value_name = "HOST:PORT", default_value = HTTP_LISTEN)]
    http: String,
    /// In English instead of Japanese
    #[arg(long)]
    en: bool,
}

impl Asked {
    fn language(&self) -> Language {
        if self.en { Language::En } else { Language::Ja }
    }
}

/// Does what was asked and says how it went.
///
/// # Errors
/// The controller could not start, or had to stop.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve { config } => serve::serve(&config),
        Command::Check { file } => Ok(check::check(&file)),
        Command::Render { config, out, ap } => render::render(&config, &ap, out.as_deref()),
        Command::Status { asked } => Ok(answered(status::status(&asked.http, asked.language()))),
        Command::Key { asked, watch } => Ok(answered(key::key(&asked.http, asked.language(), watch))),
    }
}

/// No answer is an answer too: it has a code of its own.
fn answered(outcome: Result<ExitCode, ask::NoAnswer>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("hirake: {error}");
        ExitCode::from(exit::UNREACHABLE)
    })
}
