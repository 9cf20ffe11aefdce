//! The town on your desk: the real controller and agents on pretend radios, and a key to turn (`./dev demo`).

use std::fs::{File, TryLockError};
use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, Subcommand};
use tests::bench::{Bench, BrokerKind, Plan, ap, total};
use tests::hand::{Command, listen, tell};
use tests::inventory;
use tests::panel::{Light, Turn};
use tests::radio::Behaviour;
use tests::vendors;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// The AP that takes its time, and how long: a radio on a channel shared with weather radar has to listen first.
const SLOW: (&str, Duration) = ("shiomi-chu-3", Duration::from_secs(20));
/// The AP whose hostapd refuses.
const REFUSING: &str = "minato-2";
/// The AP without power.
const DEAD: &str = "higashihama-sho-1";
/// How often the line with lamp and sums is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A model town: 27 access points at 6 facilities, and a key.
#[derive(Parser)]
struct Arguments {
    /// Where its files are.
    #[arg(long, global = true, default_value = ".hirake/demo")]
    state: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Run the town in the foreground.
    Demo {
        /// Port of the dashboard.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Say something to the running town: `key disaster`, `controller kill`, `ap yakuba-1 off`.
    Hand {
        /// What to say.
        #[arg(required = true)]
        words: Vec<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.what {
        What::Demo { port } => demo(&arguments.state, port).await,
        What::Hand { words } => tell(&arguments.state.join("hand.sock"), &words.join(" ")).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why:#}");
            ExitCode::FAILURE
        }
    }
}

async fn demo(state: &Path, port: u16) -> Result<()> {
    let _lock = only_one(state)?;
    let http = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(http).with_context(|| format!("port {port} is taken; choose another with --port"))?;
    let mut aps = inventory::aps();
    for ap in &mut aps {
        match ap.id.as_str() {
            id if id == SLOW.0 => ap.behaviour = Behaviour::Slow(SLOW.1),
            REFUSING => ap.behaviour = Behaviour::Refusing,
            DEAD => ap.powered = false,
            _ => {}
        }
    }
    let plan = Plan {
        aps,
        broker: BrokerKind::Inside,
        http: Some(http),
        counts_interval_s: 30,
        drill_minutes: 30,
        store: None,
        vendors: vendors::of_the_town(),
        cables: None,
        more: String::new(),
    };
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let (say, mut said) = mpsc::channel(16);
    std::fs::write(state.join("address"), format!("http://{http}/"))?;
    let mut bench = Bench::lay_out(state, plan)?;
    let hand = listen(&state.join("hand.sock"), say.clone())?;
    bench.start_controller().await?;
    bench.start_agents()?;
    read_keyboard(say);
    greet(http);

    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut shown = String::new();
    let [interrupt, terminate, hangup] = &mut signals;
    let (interrupt, terminate, hangup) = (ready(interrupt)?, ready(terminate)?, ready(hangup)?);
    loop {
        // Cancel-safe: waits only; a look that is cut short is taken again.
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hangup.recv() => break,
            Some((command, answer)) = said.recv() => {
                if command == Command::Quit {
                    break;
                }
                let outcome = obey(&mut bench, &command).await.map_err(|e| format!("{e:#}"));
                if let Err(why) = &outcome {
                    println!("{why}");
                }
                let _nobody_waits = answer.send(outcome);
            }
            _ = look.tick() => {
                let line = one_line(&mut bench).await;
                if line != shown {
                    println!("{line}");
                    shown = line;
                }
            }
        }
    }
    println!("終わります / ending");
    drop(hand);
    bench.stop()
}

/// Clears the state of the last run, if nobody is running now. The lock goes with the process, however it ends.
fn only_one(state: &Path) -> Result<File> {
    std::fs::create_dir_all(state).with_context(|| state.display().to_string())?;
    let lock = File::create(state.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let whose = std::fs::read_to_string(state.join("address")).unwrap_or_default();
            bail!("a town is running already in {}: {whose}", state.display())
        }
        Err(TryLockError::Error(e)) => return Err(e).context("the lock of the state directory"),
    }
    for entry in std::fs::read_dir(state)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "lock") {
            continue;
        }
        if path.is_dir() { std::fs::remove_dir_all(&path)? } else { std::fs::remove_file(&path)? }
    }
    Ok(lock)
}

fn ready(signal: &mut std::io::Result<tokio::signal::unix::Signal>) -> Result<&mut tokio::signal::unix::Signal> {
    signal.as_mut().map_err(|e| anyhow::anyhow!("signals cannot be heard: {e}"))
}

fn greet(http: SocketAddr) {
    println!(
        "\n  汐見町 Shiomi Town: 6 facilities, 27 access points\n\n\
         \x20 dashboard     http://{http}/\n\
         \x20 turn the key  n 平時 normal · d 災害 disaster · t 訓練 drill · b 断線 broken wire, then Enter\n\
         \x20               or from elsewhere: ./dev key disaster\n\
         \x20 c             kill the controller, or start it again\n\
         \x20 q             quit\n\n\
         \x20 {} is slow ({} s), {REFUSING} refuses, {DEAD} has no power.\n\
         \x20 {} are of other makes: no agent, watched and flipped over SNMP.\n",
        SLOW.0,
        SLOW.1.as_secs(),
        vendors::of_the_town().iter().filter(|v| !v.witness).flat_map(|v| v.aps.clone()).collect::<Vec<_>>().join(", ")
    );
    let _gone = std::io::stdout().flush();
}

/// Keys from the terminal, each with Enter. Without a terminal there is nothing to read, and the town goes on.
fn read_keyboard(say: mpsc::Sender<tests::hand::Said>) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let command = match line.trim() {
                "" => continue,
                "n" => Ok(Command::Key(Turn::Normal)),
                "d" => Ok(Command::Key(Turn::Disaster)),
                "t" => Ok(Command::Key(Turn::Drill)),
                "b" => Ok(Command::Key(Turn::Broken)),
                "c" => Ok(Command::ControllerFlip),
                "q" => Ok(Command::Quit),
                words => words.parse(),
            };
            match command {
                Ok(command) => {
                    let (answer, _) = tokio::sync::oneshot::channel();
                    if say.blocking_send((command, answer)).is_err() {
                        return;
                    }
                }
                Err(why) => println!("{why}"),
            }
        }
    });
}

async fn obey(bench: &mut Bench, command: &Command) -> Result<()> {
    match command {
        Command::Key(turn) => bench.panel.turn(*turn),
        Command::ControllerFlip if bench.controller_lives() => bench.kill_controller(),
        Command::ControllerKill => bench.kill_controller(),
        Command::ControllerStart if bench.controller_lives() => bail!("the controller is running"),
        Command::ControllerFlip | Command::ControllerStart => bench.start_controller().await?,
        Command::Ap { id, on } => {
            let at = bench.aps.iter().position(|ap| ap.plan.id == *id);
            let at = at.with_context(|| format!("no access point \"{id}\""))?;
            ensure!(bench.aps[at].is_wired(), "{id} is the one without power");
            if *on { bench.restore_power(at)? } else { bench.cut_power(at) }
        }
        Command::Quit => {}
    }
    Ok(())
}

/// Key, lamp and sums in one line: what a person standing at the panel and looking at the wall would see.
async fn one_line(bench: &mut Bench) -> String {
    let key = match bench.panel.position() {
        Turn::Normal => "平時",
        Turn::Disaster => "災害",
        Turn::Drill => "訓練",
        Turn::Broken => "断線",
        Turn::Shorted => "短絡",
    };
    let light = |light| match light {
        Light::Dark => "○",
        Light::Steady => "●",
        Light::Blinking => "◐",
    };
    let panel = format!("鍵 {key}  lamp {}  buzzer {}", light(bench.panel.lamp()), light(bench.panel.buzzer()));
    if !bench.controller_lives() {
        return format!("{panel}  the controller is not running; 00000JAPAN on {} radios", bench.open_radios());
    }
    match bench.town().await {
        Ok(town) => format!(
            "{panel}  {} order {}  on air {}/{}  settling {} refused {} silent {}{}",
            town["mode"].as_str().unwrap_or("?"),
            town["order"]["number"].as_u64().unwrap_or(0),
            bench.open_radios(),
            total(&town, "aps"),
            total(&town, "settling"),
            total(&town, "refused"),
            total(&town, "silent"),
            if ap(&town, SLOW.0)["standing"] == "settling" { "  (the slow one is on its way)" } else { "" },
        ),
        Err(e) => format!("{panel}  the controller does not answer: {e:#}"),
    }
}
