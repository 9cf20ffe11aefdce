//! `./dev bench snmp`: thousands of pretend devices polled once by us, by prometheus-snmp-exporter and by net-snmp's tools.
//!
//! The devices are in a process of their own. Ours is this process; what it takes is its own processor time. The
//! exporter's is read from its process, the tools' from the shell that waits for them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use hirake_snmp::device::Device;
use hirake_snmp::profile::library::Library;
use hirake_snmp::profile::{Manners, Profile};
use hirake_snmp::readings::Readings;
use hirake_snmp::session::{Session, Sockets};
use rustix::time::{ClockId, clock_gettime};
use tests::broker::free_address;
use tests::deputies::{self, Deputies};
use tests::http;
use tests::process::{Keeper, allow_many_files};
use tests::snmp_fleet::{self, COLUMNS, COMMUNITY, Fleet, OBJECTS, PROFILE, ROWS, SCALARS, address};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// One try of everybody: as long as this, so often again.
const TIMEOUT: Duration = Duration::from_secs(2);
const RETRIES: u32 = 1;
/// A device is given up after this long, whatever it does.
const GIVE_UP: Duration = Duration::from_secs(9);
/// How often the room is looked at near the end of a round: its wall time is seen to this, no finer.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What a poll of all devices is to take at most.
const TARGET_WALL_S: f64 = 20.0;
/// Processor time, user and system.
const TARGET_CPU_S: f64 = 5.0;
/// Of the fleet, with dead ones: every so manieth.
const DEAD_EVERY: u32 = 5;
/// Kernel ticks in a second, as /proc counts them (`USER_HZ`, 100 on every Linux there is).
const TICKS_S: f64 = 100.0;

/// A fleet of devices, polled once by each of three.
#[derive(Parser)]
struct Arguments {
    /// How many devices.
    #[arg(long, default_value_t = 5000)]
    devices: u32,
    /// The interval over which the controller spreads its polls.
    #[arg(long, default_value_t = 10)]
    interval_s: u64,
    /// How many devices the scraper has the exporter ask at a time.
    #[arg(long, default_value_t = 64)]
    scrapes: usize,
    /// How many devices net-snmp's tools are run for; the figures are scaled to all.
    #[arg(long, default_value_t = 250)]
    sample: u32,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Be the fleet.
    #[command(hide = true)]
    Fleet { dead_every: u32 },
}

/// What polling everything once took.
#[derive(Debug, Clone, Copy, Default)]
struct Took {
    wall_s: f64,
    cpu_s: f64,
    /// Datagrams out and in.
    packets: f64,
    /// Devices with all their objects read.
    whole: u32,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(What::Fleet { dead_every }) = arguments.what {
        return snmp_fleet::serve(arguments.devices, dead_every).await;
    }
    allow_many_files()?;
    println!(
        "{} devices × {OBJECTS} objects ({} single, a table of {} columns × {ROWS} rows), SNMPv2c; {} s a try, {RETRIES} retry\n\
         the devices are one process of their own on this machine of {} cores; {}\n",
        arguments.devices,
        SCALARS.len(),
        COLUMNS.len(),
        TIMEOUT.as_secs(),
        std::thread::available_parallelism()?,
        if cfg!(debug_assertions) {
            "built WITHOUT optimisation: our figures are too high"
        } else {
            "built for release"
        },
    );
    println!("{:<44} {:>8} {:>8} {:>9} {:>7}", "", "wall s", "cpu s", "packets", "whole");
    let well = round(&arguments, 0).await?;
    let dead = round(&arguments, DEAD_EVERY).await?;
    let deadline = TIMEOUT.as_secs_f64() * f64::from(RETRIES + 1);
    println!("\ntargets, for ours:");
    target("wall", well.wall_s, TARGET_WALL_S);
    target("cpu", well.cpu_s, TARGET_CPU_S);
    target("one in five dead adds", dead.wall_s - well.wall_s, deadline);
    println!(
        "  (the last: a dead device is given up after {deadline} s, its tries added up; the room is looked at every {} s)",
        LOOK_EVERY.as_secs_f64()
    );
    Ok(())
}

fn target(what: &str, found_s: f64, target_s: f64) {
    let verdict = if found_s <= target_s { "reached" } else { "NOT reached" };
    println!("  {what:<22} {found_s:>7.2} s, at most {target_s:>5.1} s: {verdict}");
}

/// All of them on one fleet; the controller's way is returned.
async fn round(arguments: &Arguments, dead_every: u32) -> Result<Took> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--devices", &arguments.devices.to_string(), "fleet", &dead_every.to_string()]);
    let mut fleet = Fleet::start(&mut command)?;
    let with = if dead_every == 0 { "all well" } else { "one in five dead" };
    let all = f64::from(arguments.devices);
    let expected = arguments.devices - if dead_every == 0 { 0 } else { arguments.devices.div_ceil(dead_every) };

    let room = room(arguments, &mut fleet, expected).await?;
    line(&format!("hirake, one round of {} s, {with}", arguments.interval_s), room);
    let ours = sessions(arguments, &mut fleet).await?;
    line(&format!("hirake's sessions, {} at a time, {with}", arguments.scrapes), ours);
    let exporter = exporter(arguments, &mut fleet).await.context("prometheus-snmp-exporter")?;
    line(&format!("snmp_exporter, {} at a time, {with}", arguments.scrapes), exporter);
    let tools = tools(arguments, &mut fleet).await.context("net-snmp's tools")?;
    let scale = all / f64::from(arguments.sample);
    line(&format!("snmpbulkget × {} (xargs -P8), {with}", arguments.sample), tools);
    let scaled = Took {
        wall_s: tools.wall_s * scale,
        cpu_s: tools.cpu_s * scale,
        packets: tools.packets * scale,
        whole: arguments.devices / arguments.sample * tools.whole,
    };
    line("  the same, scaled to all", scaled);
    for (name, other) in [("snmp_exporter", exporter), ("snmpbulkget", scaled)] {
        println!(
            "{:<44} {:>7.2}× {:>7.2}× {:>8.2}×",
            format!("  hirake's sessions ÷ {name}"),
            ours.wall_s / other.wall_s,
            ours.cpu_s / other.cpu_s,
            ours.packets / other.packets
        );
    }
    Ok(room)
}

fn line(name: &str, took: Took) {
    println!("{name:<44} {:>8.2} {:>8.2} {:>9.0} {:>7}", took.wall_s, took.cpu_s, took.packets, took.whole);
}

/// Datagrams both ways: each question that is heard is answered.
fn packets(fleet: &mut Fleet, before: (u64, u64)) -> Result<f64> {
    let now = fleet.seen()?;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok((2 * (now.0 - before.0) + (now.1 - before.1)) as f64)
}

fn processor_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0)).as_secs_f64()
}

async fn exporter(arguments: &Arguments, fleet: &mut Fleet) -> Result<Took> {
    let temp = tempfile::tempdir()?;
    let config = temp.path().join("snmp.yml");
    std::fs::write(&config, exporter_config()?)?;
    let (listens, keeper) = (free_address()?, Keeper::start()?);
    let mut command = Command::new("prometheus-snmp-exporter");
    command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={listens}"));
    let mut exporter = keeper.spawn(command, &temp.path().join("log"))?;
    while http::get(listens, "/metrics").await.is_err() {
        ensure!(exporter.ended().is_none(), "{}", exporter.last_words(5));
        sleep(Duration::from_millis(50)).await;
    }
    let (before, cpu, began) = (fleet.seen()?, used_s(exporter.id())?, Instant::now());
    let (mut scrapes, mut whole) = (JoinSet::new(), 0);
    let scrape = |n| async move {
        let body = http::get(listens, &format!("/snmp?target={}&module=bench", address(n))).await?;
        anyhow::Ok(body.lines().filter(|line| line.starts_with("bench_")).count())
    };
    for n in 0..arguments.devices {
        if scrapes.len() >= arguments.scrapes {
            whole += u32::from(complete(&scrapes.join_next().await));
        }
        scrapes.spawn(scrape(n));
    }
    while let Some(scraped) = scrapes.join_next().await {
        whole += u32::from(complete(&Some(scraped)));
    }
    let wall_s = began.elapsed().as_secs_f64();
    let cpu_s = used_s(exporter.id())? - cpu;
    Ok(Took { wall_s, cpu_s, packets: packets(fleet, before)?, whole })
}

type Scraped = Result<Result<usize>, tokio::task::JoinError>;

/// A metric for each object came.
fn complete(scraped: &Option<Scraped>) -> bool {
    matches!(scraped, Some(Ok(Ok(metrics))) if *metrics == OBJECTS)
}

/// A module that asks for the same objects: single ones by GET, columns by walks, as its own generator writes it.
fn exporter_config() -> Result<String> {
    let mut text = "bench:\n  version: 2\n  auth:\n    community: ".to_owned() + COMMUNITY + "\n";
    writeln!(text, "  max_repetitions: {}\n  retries: {RETRIES}\n  timeout: {}s", ROWS + 1, TIMEOUT.as_secs())?;
    for (key, names) in [("walk", &COLUMNS), ("get", &SCALARS)] {
        writeln!(text, "  {key}:")?;
        names.iter().try_for_each(|name| writeln!(text, "  - {name}"))?;
    }
    text += "  metrics:\n";
    // Texts become a label of a metric that is 1, numbers a value.
    let kind = |n| if [0, 2, 3].contains(&n) { "DisplayString" } else { "gauge" };
    for (n, name) in SCALARS.iter().enumerate() {
        writeln!(
            text,
            "  - {{name: bench_scalar{n}, oid: {}, type: {}, help: x}}",
            name.trim_end_matches(".0"),
            kind(n)
        )?;
    }
    for (n, name) in COLUMNS.iter().enumerate() {
        let kind = if n == 1 { "DisplayString" } else { "gauge" };
        let index = "[{labelname: vap, type: gauge}]";
        writeln!(text, "  - {{name: bench_column{n}, oid: {name}, type: {kind}, help: x, indexes: {index}}}")?;
    }
    Ok(text)
}

/// utime and stime of a process (proc(5), /proc/PID/stat, fields 14 and 15).
fn used_s(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))?;
    let (_, behind_name) = stat.rsplit_once(") ").context("the name in parentheses")?;
    let ticks = behind_name.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / TICKS_S)
}

/// One process a device, one GETBULK a process: the least net-snmp's tools can do it with.
async fn tools(arguments: &Arguments, fleet: &mut Fleet) -> Result<Took> {
    let temp = tempfile::tempdir()?;
    let list = temp.path().join("devices");
    // Spread over all, so that as many are dead among them as among all.
    let step = arguments.devices / arguments.sample.max(1);
    let spread = |n: u32| address((n * step + n % DEAD_EVERY) % arguments.devices);
    let addresses: Vec<SocketAddr> = (0..arguments.sample).map(spread).collect();
    std::fs::write(&list, addresses.iter().map(|a| format!("udp:{a}\n")).collect::<String>())?;
    let script = format!(
        "TIMEFORMAT='%R %U %S'; time xargs -a '{}' -P8 -I DEVICE \
         snmpbulkget -v2c -c{COMMUNITY} -t{} -r{RETRIES} -On -Cn{} -Cr{ROWS} DEVICE {} {} > '{}' 2> /dev/null",
        list.display(),
        TIMEOUT.as_secs(),
        SCALARS.len(),
        SCALARS.map(|name| name.trim_end_matches(".0")).join(" "),
        COLUMNS.join(" "),
        temp.path().join("said").display(),
    );
    let before = fleet.seen()?;
    let mut command = Command::new("bash");
    command.args(["-c", &script]).env("MIBS", "");
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let numbers: Vec<f64> =
        said.split_whitespace().map(str::parse).collect::<Result<_, _>>().with_context(|| said.clone())?;
    let [wall_s, user_s, system_s] = numbers[..] else { anyhow::bail!("bash's time says {said}") };
    let whole = std::fs::read_to_string(temp.path().join("said"))?.lines().count() / OBJECTS;
    Ok(Took { wall_s, cpu_s: user_s + system_s, packets: packets(fleet, before)?, whole: u32::try_from(whole)? })
}

/// As the controller does it: every device has its own place in the interval, and a deputy that reads what came.
async fn room(arguments: &Arguments, fleet: &mut Fleet, expected: u32) -> Result<Took> {
    let mut library = Library::default();
    library.add("bench.toml", PROFILE)?;
    let devices = (0..arguments.devices).map(device).collect::<Result<Vec<_>>>()?;
    let (before, cpu, began) = (fleet.seen()?, processor_s(), Instant::now());
    let interval = Duration::from_secs(arguments.interval_s);
    let deputies = Deputies::start_with(library, devices, interval).await?;
    // Asked after one interval, then often: whoever asks is part of what it costs.
    sleep(interval).await;
    loop {
        let statuses = deputies.handle().statuses().await;
        let whole = statuses.iter().filter(|status| is_whole(&status.readings)).count();
        // A dead one is done when it was given up for the first time.
        let done = statuses.iter().filter(|status| status.answers || status.timeouts > 0).count();
        if done == statuses.len() || began.elapsed() > interval + GIVE_UP {
            let whole = u32::try_from(whole)?;
            ensure!(whole == expected, "{whole} devices were read whole where {expected} answer");
            let wall_s = began.elapsed().as_secs_f64();
            return Ok(Took { wall_s, cpu_s: processor_s() - cpu, packets: packets(fleet, before)?, whole });
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Everything the profile reads is there: four networks with all their columns, and the single ones.
fn is_whole(readings: &Readings) -> bool {
    let rows = ROWS as usize;
    let networks = readings.networks.iter().filter(|bss| bss.up.is_some() && bss.stations.is_some() && bss.channel > 0);
    let identity = [&readings.identity.name, &readings.identity.model, &readings.identity.version];
    let figures = |name: &str| readings.figures.iter().filter(|figure| figure.metric == name).count();
    networks.count() == rows
        && identity.iter().all(|text| !text.is_empty())
        && readings.uptime.is_some()
        && [figures("rx-bytes"), figures("tx-bytes"), figures("memory-used"), figures("memory-total")]
            == [rows, rows, 1, 1]
}

/// Sessions alone, so many at a time, one after the other as fast as it goes: as the scraper has the exporter do it.
async fn sessions(arguments: &Arguments, fleet: &mut Fleet) -> Result<Took> {
    let profile = Profile::parse("bench.toml", PROFILE)?;
    let sockets = Sockets::open().await?;
    let manners = Manners { timeout: TIMEOUT, retries: RETRIES, ..profile.manners.clone() };
    let (before, cpu, began) = (fleet.seen()?, processor_s(), Instant::now());
    let (mut polls, mut whole) = (JoinSet::new(), 0);
    for n in 0..arguments.devices {
        if polls.len() >= arguments.scrapes {
            whole += u32::from(matches!(polls.join_next().await, Some(Ok(OBJECTS))));
        }
        let session = Session::new(&sockets, &device(n)?, manners.clone()).await?;
        let plan = Arc::clone(profile.plan());
        polls.spawn(async move { session.poll(&plan, GIVE_UP).await.map_or(0, |(sheet, _)| sheet.len()) });
    }
    while let Some(poll) = polls.join_next().await {
        whole += u32::from(matches!(poll, Ok(OBJECTS)));
    }
    let wall_s = began.elapsed().as_secs_f64();
    Ok(Took { wall_s, cpu_s: processor_s() - cpu, packets: packets(fleet, before)?, whole })
}

fn device(n: u32) -> Result<Device> {
    let mut device = deputies::device(&format!("ap-{n}"), address(n))?;
    (device.profile, device.write) = (Some("bench".to_owned()), None);
    Ok(device)
}
