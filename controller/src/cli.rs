//! The reception: which word was said, and which room answers it.

mod ask;
mod check;
pub mod exit;
mod key;
mod log;
mod passwords;
mod profile;
mod render;
mod serve;
mod snmp;
mod status;
mod store;
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
    /// Print the files of one access point, as its radio plan says; they hold its passphrases and its password
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
    /// Print NAME:PASSWORD for each access point with our agent, for the password file of a broker outside
    Passwords {
        /// The town's file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
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
    /// The record by itself
    Record {
        #[command(subcommand)]
        what: RecordCommand,
    },
    /// Copy the store at one moment, while the controller runs; nothing is written over
    Backup {
        #[command(flatten)]
        store: StoreArgs,
        /// The copy to be made
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put a copy back, while no controller runs; what stood there is kept under another name
    Restore {
        #[command(flatten)]
        store: StoreArgs,
        /// The copy
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Ask one device by SNMP and print what it says
    Snmp {
        #[command(subcommand)]
        ask: snmp::Ask,
    },
    /// The platforms that are known over SNMP, and profiles of one's own
    Profile {
        #[command(subcommand)]
        about: profile::About,
    },
}

#[derive(Debug, Subcommand)]
enum RecordCommand {
    /// Look whether any line was changed, removed, written in or moved, and name it
    Verify {
        #[command(flatten)]
        store: StoreArgs,
        /// A store, or a copy of one, instead of the town's
        #[arg(value_name = "FILE", conflicts_with = "config")]
        file: Option<PathBuf>,
        /// A hash that somebody wrote down; the record must hold it
        #[arg(long, value_name = "HASH")]
        known: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
struct StoreArgs {
    /// The town's file, which names the store; without it, the usual place
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// In English instead of Japanese
    #[arg(long)]
    en: bool,
}

fn language(en: bool) -> Language {
    if en { Language::En } else { Language::Ja }
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
        language(self.en)
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
        Command::Passwords { config } => passwords::passwords(&config),
        Command::Status { asked } => Ok(answered(status::status(&asked.http, asked.language()))),
        Command::Snmp { ask } => snmp::ask(&ask),
        Command::Profile { about } => profile::about(about),
        Command::Key { asked, watch } => Ok(answered(key::key(&asked.http, asked.language(), watch))),
        Command::Record { what: RecordCommand::Verify { store, file, known } } => {
            store::verify(store.config.as_deref(), file, known.as_deref(), language(store.en))
        }
        Command::Backup { store, file } => store::backup(store.config.as_deref(), &file, language(store.en)),
        Command::Restore { store, file } => store::restore(store.config.as_deref(), &file, language(store.en)),
    }
}

/// No answer is an answer too: it has a code of its own.
fn answered(outcome: Result<ExitCode, ask::NoAnswer>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("hirake: {error}");
        ExitCode::from(exit::UNREACHABLE)
    })
}
