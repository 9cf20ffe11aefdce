//! `model`: walks the larger worlds, or those whose name has a word in it, and says what it found.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use model::worlds::{LARGE, SMALL};

/// Walks every history of small worlds on the real cores.
#[derive(Debug, Parser)]
struct Args {
    /// Only worlds with this in their name.
    #[arg(long, default_value = "")]
    world: String,
    /// Longest for one world, in seconds.
    #[arg(long, default_value_t = 3600)]
    seconds: u64,
    /// How many walk.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut whole = true;
    for small in SMALL.into_iter().chain(LARGE).filter(|small| small.name.contains(&args.world)) {
        let outcome = small.walk(args.threads, Duration::from_secs(args.seconds));
        println!("{}: {outcome}", small.name);
        outcome.broken.iter().for_each(|(_, story)| println!("{story}"));
        whole &= outcome.broken.is_empty() && outcome.whole;
    }
    if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
