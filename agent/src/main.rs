//! `hirake-agent`: the porch. Arguments in, exit code out.

use std::process::ExitCode;

use hirake_agent::config::Config;
use hirake_agent::run::run;
use tokio::signal::unix::{SignalKind, signal};

/// Wrong arguments (`EX_USAGE` of sysexits.h).
const EXIT_USAGE: u8 = 64;
/// The kernel refused something at start (`EX_OSERR`).
const EXIT_SYSTEM: u8 = 71;
/// The configuration, or a file it names, is not usable (`EX_CONFIG`).
const EXIT_CONFIG: u8 = 78;

const USAGE: &str = "usage: hirake-agent --config agent.toml    run
       hirake-agent --check agent.toml     say everything that is wrong with it
       hirake-agent --version";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--config", file] => match read(file) {
            Ok(config) => start(config),
            Err(code) => code,
        },
        ["--check", file] => match read(file) {
            Ok(_) => ExitCode::SUCCESS,
            Err(code) => code,
        },
        ["--version"] => {
            println!("hirake-agent {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("{USAGE}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn read(file: &str) -> Result<Config, ExitCode> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        eprintln!("{file}: {error}");
        ExitCode::from(EXIT_CONFIG)
    })?;
    Config::parse(&text).map_err(|complaints| {
        for complaint in complaints.0 {
            eprintln!("{file}:{}: {}", complaint.line, complaint.text);
        }
        ExitCode::from(EXIT_CONFIG)
    })
}

fn start(config: Config) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime: {error}");
            return ExitCode::from(EXIT_SYSTEM);
        }
    };
    runtime.block_on(async {
        let (mut terminate, mut interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                eprintln!("signals cannot be heard: {error}");
                return ExitCode::from(EXIT_SYSTEM);
            }
        };
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        match run(config, stop).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("cannot run: {error}");
                ExitCode::from(EXIT_CONFIG)
            }
        }
    })
}
