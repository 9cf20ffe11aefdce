//! `./dev bench flip`: from the key's edge to every agent's report "on air", beside the bare broker's fan-out and echo.
//!
//! The agents run in this process, many in one (a town's would each have a box to themselves); controller and mosquitto
//! are processes of their own. The bare clients of the comparison run in the same threads, over the same mosquitto, with
//! messages of the same size: what is left between the two is what controller, agents, ledgers and radios take, the 30 ms
//! the key's contacts must rest included.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, NetworkOptions, Packet, QoS};
use serde_json::Value;
use tests::bench::{Bench, BrokerKind, Plan, total};
use tests::inventory::{ApPlan, FACILITIES};
use tests::panel::Turn;
use tests::people::Crowd;
use tests::radio::Behaviour;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a round may take, the largest town on a busy machine included.
const ROUND_PATIENCE: Duration = Duration::from_secs(60);
/// How long a town may take to come up: a thousand agents connect, each with its own pause.
const UP_PATIENCE: Duration = Duration::from_secs(180);
/// Quiet before each round, so that no round pays for the one before.
const BREATH: Duration = Duration::from_secs(1);
/// Threads the agents share, as do the bare clients.
const THREADS: usize = 2;
/// An order that names six facilities is about this long, in bytes; so is what a bare client is sent.
const ORDER_BYTES: usize = 900;
/// A report of two networks; what a bare client echoes.
const REPORT_BYTES: usize = 500;

/// Key edge to every agent on air, against the bare broker.
#[derive(Parser)]
struct Arguments {
    /// How many agents.
    #[arg(default_values_t = [27, 300, 1000])]
    agents: Vec<usize>,
    /// How often the key is turned.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    println!(
        "all agents in one process, {THREADS} threads, their ledgers in memory; mosquitto; {} rounds; ms from the edge (or the publish) to each agent's \
         report (or echo)\n",
        arguments.rounds
    );
    println!("agents   bare p50    p99  worst   flip p50    p99  worst   ratio p50    p99");
    for agents in arguments.agents {
        let temp = tempfile::Builder::new().prefix("hirake-bench-").tempdir_in(bench_dir())?;
        let mut bench = Bench::lay_out(temp.path(), Plan::quiet(aps(agents), BrokerKind::Mosquitto))?;
        let bare = bare(&bench, agents, arguments.rounds).await.context("the bare broker")?;
        let flip = flip(&mut bench, agents, arguments.rounds).await.context("the flip")?;
        let ratio = |a: f64, b: f64| a / b.max(0.001);
        println!(
            "{agents:>6}   {:>8.1} {:>6.1} {:>6.1}   {:>8.1} {:>6.1} {:>6.1}   {:>9.2} {:>6.2}",
            bare.p50,
            bare.p99,
            bare.worst,
            flip.p50,
            flip.p99,
            flip.worst,
            ratio(flip.p50, bare.p50),
            ratio(flip.p99, bare.p99)
        );
    }
    Ok(())
}

/// In memory, where there is such a place: each access point writes its ledger to a flash of its own, and a thousand of
/// them on this machine's one disk would measure that disk.
fn bench_dir() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn aps(count: usize) -> Vec<ApPlan> {
    (0..count)
        .map(|i| {
            let facility = FACILITIES[i % FACILITIES.len()].id;
            ApPlan {
                id: format!("{facility}-{}", i / FACILITIES.len() + 1),
                facility,
                name: "アクセスポイント",
                behaviour: Behaviour::Normal,
                powered: true,
                crowd: Crowd::NOBODY,
            }
        })
        .collect()
}

/// Milliseconds.
struct Figures {
    p50: f64,
    p99: f64,
    worst: f64,
}

fn figures(mut times: Vec<Duration>) -> Figures {
    times.sort_unstable();
    let at = |share: f64| {
        // Nearest rank.
        let rank = (share * times.len() as f64).ceil() as usize;
        times[rank.clamp(1, times.len()) - 1].as_secs_f64() * 1000.0
    };
    Figures { p50: at(0.50), p99: at(0.99), worst: at(1.0) }
}

/// Sends small packets without waiting for more, as the agents do: else the comparison would measure a timer of TCP.
fn at_once(events: &mut EventLoop) {
    let mut options = NetworkOptions::new();
    options.set_tcp_nodelay(true);
    events.set_network_options(options);
}

/// A client that hears everything under `filter` from now on.
async fn collector(bench: &Bench, filter: &str) -> Result<(AsyncClient, EventLoop)> {
    let mut options = MqttOptions::new("collector", bench.broker().ip().to_string(), bench.broker().port());
    options.set_keep_alive(Duration::from_secs(30)).set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut events) = AsyncClient::new(options, 16);
    at_once(&mut events);
    client.subscribe(filter, QoS::AtLeastOnce).await?;
    while !matches!(events.poll().await?, Event::Incoming(Packet::SubAck(_))) {}
    Ok((client, events))
}

/// Spreads `count` jobs over threads with a runtime each; they end when what is returned is dropped.
fn spread<F, J>(count: usize, job: F) -> Vec<tokio::sync::oneshot::Sender<()>>
where
    F: Fn(usize) -> J + Send + Clone + 'static,
    J: Future<Output = ()> + 'static,
{
    (0..THREADS)
        .map(|thread| {
            let (end, ended) = tokio::sync::oneshot::channel::<()>();
            let job = job.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .expect("a machine that runs this has epoll");
                let local = tokio::task::LocalSet::new();
                let mut jobs = JoinSet::new();
                (thread..count).step_by(THREADS).for_each(|i| _ = jobs.spawn_local_on(job(i), &local));
                local.block_on(&runtime, async { _ = ended.await });
            });
            end
        })
        .collect()
}

/// One publish to all, one echo from each, with nothing in between.
async fn bare(bench: &Bench, clients: usize, rounds: usize) -> Result<Figures> {
    let broker = bench.broker();
    let (collector, mut events) = collector(bench, "bare/echo/+").await?;
    let _threads = spread(clients, move |i| async move {
        let mut options = MqttOptions::new(format!("bare-{i}"), broker.ip().to_string(), broker.port());
        options.set_keep_alive(Duration::from_secs(30));
        let (client, mut events) = AsyncClient::new(options, 16);
        at_once(&mut events);
        while let Ok(event) = events.poll().await {
            let said = match event {
                Event::Incoming(Packet::ConnAck(_)) => client.try_subscribe("bare/order", QoS::AtLeastOnce),
                Event::Incoming(Packet::SubAck(_)) => {
                    client.try_publish(format!("bare/echo/{i}"), QoS::AtLeastOnce, false, b"here".to_vec())
                }
                Event::Incoming(Packet::Publish(_)) => {
                    let echo = vec![b'e'; REPORT_BYTES];
                    client.try_publish(format!("bare/echo/{i}"), QoS::AtLeastOnce, true, echo)
                }
                _ => Ok(()),
            };
            if said.is_err() {
                return;
            }
        }
    });
    collect(&mut events, clients, UP_PATIENCE, |_, _| true).await.context("bare clients connect")?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        breathe(&mut events).await?;
        let edge = Instant::now();
        collector.publish("bare/order", QoS::AtLeastOnce, true, vec![b'o'; ORDER_BYTES]).await?;
        let seen = collect(&mut events, clients, ROUND_PATIENCE, |_, payload| payload.len() == REPORT_BYTES).await?;
        times.extend(seen.into_values().map(|at| at - edge));
    }
    Ok(figures(times))
}

/// The real thing: key, controller, broker, agents, ledgers, pretend radios.
async fn flip(bench: &mut Bench, agents: usize, rounds: usize) -> Result<Figures> {
    bench.start_controller().await?;
    let dir = bench.dir().to_owned();
    let ids: Vec<String> = bench.aps.iter().map(|ap| ap.plan.id.clone()).collect();
    let _threads = spread(agents, move |i| {
        let config = agent_config(&dir, &ids[i]);
        async move {
            match config {
                Ok(config) => match hirake_agent::run::run(config, std::future::pending()).await {
                    Ok(()) => {}
                    Err(e) => eprintln!("agent {i}: {e}"),
                },
                Err(e) => eprintln!("agent {i}: {e:#}"),
            }
        }
    });
    let all = agents as u64;
    bench.until("all agents settled", UP_PATIENCE, |town| total(town, "settled") == all).await?;
    let (_collector, mut events) = collector(bench, "hirake/1/shiomi/ap/+/report").await?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        breathe(&mut events).await?;
        let edge = Instant::now();
        bench.panel.turn(Turn::Disaster);
        let seen = collect(&mut events, agents, ROUND_PATIENCE, |_, payload| on_air(payload, "disaster")).await?;
        times.extend(seen.into_values().map(|at| at - edge));
        ensure!(bench.open_radios() == agents, "said to be open and on the air: {} of {agents}", bench.open_radios());
        bench.panel.turn(Turn::Normal);
        collect(&mut events, agents, ROUND_PATIENCE, |_, payload| on_air(payload, "normal")).await?;
    }
    Ok(figures(times))
}

fn agent_config(dir: &Path, id: &str) -> Result<hirake_agent::config::Config> {
    let file = dir.join("ap").join(id).join("agent.toml");
    let text = std::fs::read_to_string(&file)?;
    let mut config = hirake_agent::config::Config::parse(&text).with_context(|| file.display().to_string())?;
    config.log = hirake_agent::log::Log::Nowhere;
    Ok(config)
}

/// Whether a report says that the newest order it was told is on the air, in this mode.
fn on_air(report: &[u8], mode: &str) -> bool {
    serde_json::from_slice::<Value>(report).is_ok_and(|report| {
        report["mode"] == mode && report["state"] == "serving" && report["told"] == report["running"]
    })
}

/// When each of `count` topics first carried what `counts` looks for.
async fn collect(
    events: &mut EventLoop,
    count: usize,
    patience: Duration,
    counts: impl Fn(&str, &[u8]) -> bool,
) -> Result<HashMap<String, Instant>> {
    let mut seen = HashMap::new();
    let all = async {
        while seen.len() < count {
            if let Event::Incoming(Packet::Publish(message)) = events.poll().await?
                && counts(&message.topic, &message.payload)
            {
                seen.entry(message.topic).or_insert_with(Instant::now);
            }
        }
        anyhow::Ok(())
    };
    let in_time = timeout(patience, all).await;
    in_time.with_context(|| format!("{} of {count} within {patience:?}", seen.len()))??;
    Ok(seen)
}

/// Lets the last round's stragglers pass.
async fn breathe(events: &mut EventLoop) -> Result<()> {
    let pause = sleep(BREATH);
    tokio::pin!(pause);
    loop {
        // Cancel-safe: `poll` keeps what it read.
        tokio::select! {
            () = &mut pause => return Ok(()),
            event = events.poll() => drop(event?),
        }
    }
}
