//! `./dev torture`: random kills over the model town of real processes, and whether every promise held.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};
use tests::cables::{Material, may_have_namespaces};
use tests::process::allow_many_files;
use tests::torture::run::{Order, Outcome, run};

/// Says to the program inside a namespace that it is inside.
const INSIDE: &str = "HIRAKE_TORTURE_INSIDE";

/// Kills, stops, cuts off and restarts parts of a town of real processes, and looks whether every promise holds.
#[derive(Parser)]
struct Arguments {
    /// How many disturbances.
    #[arg(long, default_value_t = 1_000)]
    kills: usize,
    /// Where chance starts; left out: anywhere, and it is told.
    #[arg(long)]
    seed: Option<u64>,
    /// What the facilities' cables are made of; left out: of the kernel, where this machine lets us.
    #[arg(long)]
    cables: Option<Wanted>,
    /// Keep the town's files (logs, database) here; left out: in memory, and only after a failure.
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Wanted {
    /// Network namespaces.
    Kernel,
    /// TCP proxies of our own.
    Proxy,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let seed = arguments.seed.unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Short enough to be read out on the telephone.
        u64::from(now.subsec_nanos()) % 1_000_000
    });
    let (cables, remark) = cables(&arguments, seed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(torture(&arguments, seed, cables, &remark))
}

/// What the cables are to be made of. With namespaces this program starts anew inside one of its own.
fn cables(arguments: &Arguments, seed: u64) -> Result<(Material, String)> {
    if std::env::var_os(INSIDE).is_some() {
        return Ok((Material::Kernel, "network namespaces of the kernel, one for each facility".into()));
    }
    let proxy = |why: String| Ok((Material::Proxy, format!("TCP proxies of our own, one for each facility{why}")));
    if arguments.cables == Some(Wanted::Proxy) {
        return proxy(String::new());
    }
    match may_have_namespaces() {
        Ok(words) => {
            let mut again = Command::new(words[0]);
            again.args(&words[1..]).arg(std::env::current_exe()?).args(std::env::args_os().skip(1)).env(INSIDE, "1");
            if arguments.seed.is_none() {
                again.args(["--seed", &seed.to_string()]);
            }
            bail!("{}: {}", words.join(" "), again.exec())
        }
        Err(why) if arguments.cables == Some(Wanted::Kernel) => Err(why.context("no network namespaces here")),
        Err(why) => proxy(format!("; no network namespaces here: {why:#}")),
    }
}

async fn torture(arguments: &Arguments, seed: u64, cables: Material, remark: &str) -> Result<ExitCode> {
    allow_many_files()?;
    let Arguments { kills, .. } = *arguments;
    println!("seed {seed}, {kills} kills; cables: {remark}");
    let again = format!("./dev torture --kills {kills} --seed {seed}");
    let temp = tempfile::Builder::new().prefix("hirake-torture-").tempdir_in(memory())?;
    let dir = arguments.keep.clone().unwrap_or_else(|| temp.path().to_owned());
    let began = Instant::now();
    let outcome = run(&Order { seed, kills, cables }, &dir).await;
    let outcome = outcome.inspect_err(|_| println!("played again by: {again}"))?;
    print!("{}", told(&outcome));
    println!("{} s; cables: {remark}", began.elapsed().as_secs());
    if outcome.wrong.is_empty() {
        println!("{kills} kills, every promise held (seed {seed})");
        return Ok(ExitCode::SUCCESS);
    }
    for wrong in &outcome.wrong {
        println!("BROKEN: {wrong}");
    }
    if arguments.keep.is_none() {
        println!("its files: {}", temp.keep().display());
    }
    println!("{kills} kills, {} broken promises (seed {seed}); played again by: {again}", outcome.wrong.len());
    Ok(ExitCode::FAILURE)
}

/// In memory, where there is such a place: each access point has a flash of its own, and this machine has one disk.
fn memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn told(outcome: &Outcome) -> String {
    let mut text = String::new();
    for (kind, times) in &outcome.done {
        text += &format!("{times:>6}  {}\n", kind.words());
    }
    let (worst, p99) = outcome.worst_and_p99();
    let ((turns, acts), (heard, messages), (joins, leaves)) = (outcome.hands, outcome.heard, outcome.people);
    text += &format!(
        "key turned {turns} times, operator's acts {acts}, orders {}, flips {}\n",
        outcome.orders, outcome.flips
    );
    text += &format!(
        "right after the link and all processes are back: {} of {} at once, the others p99 {:.2} s, worst {:.2} s (held up \
         by this machine: {:.1} s, not reckoned)\n",
        outcome.right_at_once,
        outcome.right_at_once + outcome.took.len(),
        p99.as_secs_f64(),
        worst.as_secs_f64(),
        outcome.held_up.as_secs_f64()
    );
    text += &format!(
        "samples stored {} of {} starts of agents ({joins} joins, {leaves} leaves), {} missing between them; {} go on \
         and were held against their radios; heard at the broker {heard} in {messages} messages\n",
        outcome.samples, outcome.lives, outcome.missing, outcome.living
    );
    text + &format!("record: {}\n", outcome.record)
}
