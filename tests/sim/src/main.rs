//! `sim --seeds N`: plays histories on all cores, counts what went wrong in them, and prints a broken one in full.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use sim::faults::{Fault, Tally};
use sim::history::{play, tell};
use sim::kept::keep;

/// Broken seeds that are kept as tests, at most: more of them would have one cause.
const KEPT_MAX: usize = 20;

/// Seeded histories of a whole town, each checked against the promises of docs/states.md.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 20_000)]
    seeds: u64,
    /// The first.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Play each so-many-th seed: `--from 1 --each 4` are the towns with two controllers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    each: u64,
    /// Play this one seed and tell its story.
    #[arg(long)]
    replay: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.replay {
        let (broken, story) = tell(seed);
        story.iter().for_each(|line| println!("{line}"));
        return match broken {
            None => {
                println!("seed {seed}: every promise held");
                ExitCode::SUCCESS
            }
            Some(why) => {
                println!("seed {seed}: BROKEN {why}");
                ExitCode::FAILURE
            }
        };
    }
    let began = Instant::now();
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from.saturating_add(arguments.seeds.saturating_mul(arguments.each));
    let sums = Mutex::new((Tally::default(), BTreeMap::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let (mut faults, mut broken) = (Tally::default(), BTreeMap::new());
                loop {
                    let seed = next.fetch_add(arguments.each, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = play(seed);
                    faults.add(&outcome.faults);
                    if let Some(why) = outcome.broken {
                        println!("BROKEN seed {seed}: {why}\n       replay: ./dev sim --replay {seed}");
                        broken.insert(seed, why);
                    }
                }
                let mut sums = sums.lock().expect("no thread panics while it holds the sums");
                sums.0.add(&faults);
                sums.1.append(&mut broken);
            });
        }
    });
    let (faults, broken) = sums.into_inner().expect("every thread is done");
    println!("{:<34} {:>12}  row of the failure table", "fault", "times");
    let mut never = 0;
    for fault in Fault::ALL {
        let times = faults.of(*fault);
        never += usize::from(times == 0);
        println!("{:<34} {times:>12}  {}", format!("{fault:?}"), fault.row());
    }
    for (seed, why) in broken.iter().take(KEPT_MAX) {
        match keep(*seed, why) {
            Ok(file) => println!("seed {seed} is kept as a test in {}", file.display()),
            Err(why) => println!("seed {seed} is NOT kept as a test: {why}"),
        }
    }
    println!(
        "{} histories in {:.1} s; {} faults never occurred\n{} passed, {} failed",
        arguments.seeds,
        began.elapsed().as_secs_f64(),
        never,
        arguments.seeds - broken.len() as u64,
        broken.len()
    );
    if broken.is_empty() && never == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
