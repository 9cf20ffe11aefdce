//! The porch: arguments in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use hirake::cli::{self, Cli};

fn main() -> ExitCode {
    match cli::run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            // `{:#}` tells the whole chain of causes on one line.
            eprintln!("hirake: {error:#}");
            ExitCode::from(cli::exit::FAILED)
        }
    }
}
