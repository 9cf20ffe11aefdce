//! Does what the plan says to a town of real processes, looks at every radio all the while, and reckons up at the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::time::{sleep, sleep_until};

use super::books::{Books, Life, Lives, verify_record};
use super::desk::Desk;
use super::ears::Ears;
use super::plan::{self, Kind, Size, Step};
use super::watch::{Fact, Late, RIGHT_WITHIN, Watch, worst_and_p99};
use crate::bench::{Bench, BrokerKind, Plan, facility_number, total};
use crate::cables::Material;
use crate::inventory::{self, FACILITIES};
use crate::panel::Turn;
use crate::people::Crowd;

/// How often every radio is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often the programs are asked whether they live, and the database whether it still has what it had.
const VISIT_EVERY: Duration = Duration::from_secs(10);
/// How long the town may take to stand, at the beginning and at the end.
const STAND_PATIENCE: Duration = Duration::from_secs(90);
/// How long the last counts may take to be stored: those that waited go one each second, half a minute after a try.
const COUNTS_PATIENCE: Duration = Duration::from_secs(120);
/// Seconds between counts: the shortest an agent takes.
const COUNTS_EVERY_S: u32 = 5;
/// People who come and go fast, so that every sample has some.
const CROWD: Crowd = Crowd { peace: 4, disaster: 12, stay: Duration::from_secs(10) };
/// Nobody comes or goes any more.
const STILL: Crowd = Crowd { peace: 0, disaster: 0, stay: Duration::from_secs(u32::MAX as u64) };
/// Steps told beside an access point that was late.
const STEPS_TOLD: usize = 12;

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Order {
    /// Where chance starts.
    pub seed: u64,
    /// How many disturbances.
    pub kills: usize,
    /// What the cables are made of.
    pub cables: Material,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How often each kind of disturbance was done.
    pub done: BTreeMap<Kind, usize>,
    /// Movements of the key, and acts of the operator that were answered.
    pub hands: (usize, usize),
    /// Orders heard at the broker.
    pub orders: usize,
    /// Networks that were added on all radios.
    pub flips: u64,
    /// How long each AP took that was not right at once.
    pub took: Vec<Duration>,
    /// How often one was right already.
    pub right_at_once: usize,
    /// How long the machine held up the looking itself.
    pub held_up: Duration,
    /// Starts of agents that counted, and samples stored.
    pub lives: usize,
    /// Samples stored.
    pub samples: usize,
    /// Samples that are not there, and of whose agent a later one is.
    pub missing: usize,
    /// Samples heard at the broker: how many, in how many messages.
    pub heard: (usize, u64),
    /// Joins and leaves stored.
    pub people: (u64, u64),
    /// Starts of agents that were not killed in the end: of these everybody who came or went must be stored.
    pub living: usize,
    /// What `hirake record verify` said.
    pub record: String,
    /// Everything that was not as promised.
    pub wrong: Vec<String>,
}

impl Outcome {
    /// The longest recovery, and the one below which 99 % lie.
    #[must_use]
    pub fn worst_and_p99(&self) -> (Duration, Duration) {
        worst_and_p99(&self.took)
    }
}

/// Which parts of the town are as they should be.
#[derive(Debug)]
struct Parts {
    agents: Vec<bool>,
    radios: Vec<bool>,
    cables: Vec<bool>,
    controller: bool,
    broker: bool,
}

struct Run {
    bench: Bench,
    ears: Ears,
    desk: Desk,
    watch: Watch,
    parts: Parts,
    /// Starts of agents that were killed, or whose hostapd died under them: what it said last may be unread.
    over: HashSet<String>,
    began: Instant,
    told: Vec<(Duration, Step)>,
    seen: Lives,
    outcome: Outcome,
}

/// Does it all in `dir`.
///
/// # Errors
/// The town does not stand, or cannot be handled; broken promises are in the outcome.
pub async fn run(order: &Order, dir: &Path) -> Result<Outcome> {
    let mut plan = Plan::quiet(inventory::aps(), BrokerKind::Mosquitto);
    plan.aps.iter_mut().for_each(|ap| ap.crowd = CROWD);
    plan.counts_interval_s = COUNTS_EVERY_S;
    plan.cables = Some(order.cables);
    let mut bench = Bench::lay_out(dir, plan)?;
    bench.start_controller().await?;
    bench.start_agents()?;
    let aps = bench.aps.len();
    let all = aps as u64;
    bench.until("the town stands", STAND_PATIENCE, |town| total(town, "settled") == all).await?;
    let steps = plan::draw(order.seed, order.kills, Size { aps, facilities: FACILITIES.len() });
    let mut run = Run {
        ears: Ears::open(bench.broker()),
        desk: Desk::new(bench.http(), FACILITIES.len()),
        watch: Watch::new(aps),
        parts: Parts {
            agents: vec![true; aps],
            radios: vec![true; aps],
            cables: vec![true; FACILITIES.len()],
            controller: true,
            broker: true,
        },
        over: HashSet::new(),
        began: Instant::now(),
        told: Vec::new(),
        seen: Lives::new(),
        outcome: Outcome::default(),
        bench,
    };
    let mut visit = VISIT_EVERY;
    for (at, step) in steps {
        run.look_until(at).await;
        run.perform(step).with_context(|| format!("{step:?} at {at:?}"))?;
        if run.began.elapsed() >= visit {
            run.visit().await?;
            visit = run.began.elapsed() + VISIT_EVERY;
        }
    }
    run.conclude(dir).await
}

impl Run {
    async fn look_until(&mut self, at: Duration) {
        loop {
            self.look();
            let now = self.began.elapsed();
            if now >= at {
                return;
            }
            sleep_until((self.began + at.min(now + LOOK_EVERY)).into()).await;
        }
    }

    fn look(&mut self) {
        self.desk.listen();
        let facts: Vec<Fact> = (0..self.bench.aps.len()).map(|at| self.fact(at)).collect();
        for late in self.watch.look(self.began.elapsed(), &facts) {
            let story = self.story(&late);
            self.outcome.wrong.push(story);
        }
    }

    fn fact(&self, at: usize) -> Fact {
        let facility = facility_number(&self.bench.aps[at].plan);
        let parts = &self.parts;
        let there = parts.agents[at] && parts.radios[at] && parts.cables[facility] && parts.controller && parts.broker;
        let by_desk = self.desk.holds_open(facility);
        Fact {
            whole: there && by_desk.is_some(),
            wanted: self.bench.panel.position() != Turn::Normal || by_desk == Some(true),
            open: self.bench.aps[at].is_open(),
        }
    }

    fn story(&mut self, late: &Late) -> String {
        let id = self.bench.aps[late.ap].plan.id.clone();
        let mut text = format!(
            "{id} was not {} within {RIGHT_WITHIN:?} of {:.2} s; done last:",
            if late.wanted { "open" } else { "closed" },
            late.due_at.as_secs_f64()
        );
        for (at, step) in self.told.iter().rev().take(STEPS_TOLD).rev() {
            text += &format!(" {:.2} {step:?},", at.as_secs_f64());
        }
        let words = self.bench.agent(late.ap).map(|agent| agent.last_words(6)).unwrap_or_default();
        text + &format!(" its agent said last:\n{words}")
    }

    fn perform(&mut self, step: Step) -> Result<()> {
        self.told.push((self.began.elapsed(), step));
        match step {
            Step::Turn(turn) => {
                self.bench.panel.turn(turn);
                self.outcome.hands.0 += 1;
            }
            Step::Operate(facility) => self.desk.act(facility),
            Step::Break(kind, at) => {
                *self.outcome.done.entry(kind).or_default() += 1;
                self.break_it(kind, at)?;
            }
            Step::Mend(kind, at) => self.mend(kind, at)?,
        }
        Ok(())
    }

    fn break_it(&mut self, kind: Kind, at: usize) -> Result<()> {
        let parts = &mut self.parts;
        match kind {
            Kind::AgentKilled | Kind::AgentFrozen => parts.agents[at] = false,
            Kind::RadioKilled => parts.radios[at] = false,
            Kind::PowerCut => (parts.agents[at], parts.radios[at]) = (false, false),
            Kind::CarrierCut | Kind::SilentCut => parts.cables[at] = false,
            Kind::ControllerKilled | Kind::ControllerFrozen => parts.controller = false,
            Kind::BrokerKilled | Kind::BrokerFrozen => parts.broker = false,
        }
        if matches!(kind, Kind::AgentKilled | Kind::RadioKilled | Kind::PowerCut) {
            self.over.extend(self.told_at(at).into_keys());
        }
        let bench = &mut self.bench;
        match kind {
            Kind::AgentKilled => bench.kill_agent(at),
            Kind::AgentFrozen => bench.agent(at).context("an agent to stop")?.freeze(),
            Kind::RadioKilled => bench.aps[at].radio.as_mut().context("a radio to kill")?.die(),
            Kind::PowerCut => bench.cut_power(at),
            Kind::CarrierCut | Kind::SilentCut => bench.cables.cut(at, kind.cut().context("a way to cut")?)?,
            Kind::ControllerKilled => bench.kill_controller(),
            Kind::ControllerFrozen => bench.controller().context("a controller to stop")?.freeze(),
            Kind::BrokerKilled => bench.kill_mosquitto(),
            Kind::BrokerFrozen => broker(bench)?.freeze(),
        }
        Ok(())
    }

    fn mend(&mut self, kind: Kind, at: usize) -> Result<()> {
        let Self { bench, parts, .. } = self;
        match kind {
            Kind::AgentKilled => bench.start_agent(at)?,
            Kind::AgentFrozen => bench.agent(at).context("an agent to wake")?.go_on(),
            Kind::RadioKilled => bench.aps[at].radio.as_mut().context("a radio to start")?.come_back()?,
            Kind::PowerCut => bench.restore_power(at)?,
            Kind::CarrierCut | Kind::SilentCut => bench.cables.join(at)?,
            Kind::ControllerKilled => bench.begin_controller()?,
            Kind::ControllerFrozen => bench.controller().context("a controller to wake")?.go_on(),
            Kind::BrokerKilled => bench.restore_mosquitto()?,
            Kind::BrokerFrozen => broker(bench)?.go_on(),
        }
        match kind {
            Kind::AgentKilled | Kind::AgentFrozen => parts.agents[at] = true,
            Kind::RadioKilled => parts.radios[at] = true,
            Kind::PowerCut => (parts.agents[at], parts.radios[at]) = (true, true),
            Kind::CarrierCut | Kind::SilentCut => parts.cables[at] = true,
            Kind::ControllerKilled | Kind::ControllerFrozen => parts.controller = true,
            Kind::BrokerKilled | Kind::BrokerFrozen => parts.broker = true,
        }
        Ok(())
    }

    /// No program ends by itself, and no sample that was stored goes away.
    async fn visit(&mut self) -> Result<()> {
        for at in 0..self.bench.aps.len() {
            let agent = self.bench.agent(at).filter(|_| self.parts.agents[at]);
            if let Some((ended, words)) = agent.and_then(|agent| Some((agent.ended()?, agent.last_words(6)))) {
                self.outcome.wrong.push(format!("{}: its agent ended by itself ({ended}):\n{words}", self.id(at)));
            }
        }
        if self.parts.controller && !self.bench.controller_lives() {
            let words = self.bench.controller().map(|controller| controller.last_words(20)).unwrap_or_default();
            self.outcome.wrong.push(format!("the controller ended by itself:\n{words}"));
        }
        let lives = Books::open(&store(self.bench.dir())).await?.lives().await?;
        for (who, before) in &self.seen {
            let now = lives.get(who).cloned().unwrap_or_default();
            if let Some(gone) = before.seqs.iter().find(|seq| now.seqs.binary_search(seq).is_err()) {
                self.outcome.wrong.push(format!("{} {}: sample {gone} was stored and is no more", who.0, who.1));
            }
        }
        self.seen = lives;
        Ok(())
    }

    fn id(&self, at: usize) -> &str {
        &self.bench.aps[at].plan.id
    }

    /// Everything is mended: lets the town come to rest and reads its books.
    async fn conclude(mut self, dir: &Path) -> Result<Outcome> {
        let until = self.began.elapsed() + 2 * RIGHT_WITHIN;
        self.look_until(until).await;
        self.watch.end();
        let aps = self.bench.aps.len();
        let wanted = (0..aps).filter(|at| self.fact(*at).wanted).count();
        let stands = self.bench.until("the town stands again", STAND_PATIENCE, |town| {
            total(town, "settled") == aps as u64 && total(town, "running") == aps as u64
        });
        if let Err(why) = stands.await {
            self.outcome.wrong.push(format!("{why:#}"));
        }
        if self.bench.open_radios() != wanted {
            self.outcome.wrong.push(format!("{} radios are open and {wanted} should be", self.bench.open_radios()));
        }
        (0..aps).for_each(|at| self.bench.radio(at).draw(STILL));
        self.visit().await?;
        self.check_counts().await?;
        self.desk.rest().await;
        self.check_record(dir).await?;
        let mut outcome = self.outcome;
        (outcome.took, outcome.right_at_once, outcome.held_up) =
            (self.watch.took.clone(), self.watch.right_at_once, self.watch.held_up());
        outcome.flips = (0..aps).map(|at| u64::from(self.bench.radio(at).times_added())).sum();
        {
            let mut heard = self.ears.heard();
            (outcome.orders, outcome.heard) = (heard.orders(), heard.samples());
            outcome.wrong.append(&mut heard.wrong);
        }
        self.bench.stop()?;
        let (well, said) = verify_record(&store(dir))?;
        if !well {
            outcome.wrong.push(format!("the record is not whole: {said}"));
        }
        outcome.record = said;
        Ok(outcome)
    }

    /// Waits until the last samples of the agents that live are stored, then holds all against what the radios told.
    async fn check_counts(&mut self) -> Result<()> {
        let told = self.told_by_radios();
        let mut living = Vec::new();
        for at in 0..self.bench.aps.len() {
            let Some(id) = self.bench.agent(at).map(|agent| agent.id()) else { continue };
            // The process number of one that was killed may have been given again.
            let its = self.told_at(at).into_values().filter(|truth| truth.agent == id);
            living.extend(its.map(|truth| truth.boot).filter(|boot| !self.over.contains(boot)));
        }
        let books = Books::open(&store(self.bench.dir())).await?;
        let until = Instant::now() + COUNTS_PATIENCE;
        let agrees = |life: &Life, truth: &Truth| (life.joins, life.leaves) == (truth.joins, truth.leaves);
        let lives = loop {
            let lives = books.lives().await?;
            let of = |boot: &String| lives.iter().find(|((_, its), _)| its == boot).map(|(_, life)| life);
            let all = living.iter().all(|boot| of(boot).is_some_and(|life| agrees(life, &told[boot])));
            if all || Instant::now() > until {
                break lives;
            }
            sleep(Duration::from_millis(500)).await;
        };
        let wrong = &mut self.outcome.wrong;
        wrong.extend(books.twice().await?.into_iter().map(|sample| format!("stored more than once: {sample}")));
        for ((ap, boot), life) in &lives {
            let missing = life.missing();
            self.outcome.missing += missing.len();
            if !missing.is_empty() {
                wrong.push(format!("{ap} {boot}: samples {missing:?} are missing before {:?}", life.seqs.last()));
            }
            let Some(truth) = told.get(boot) else { continue };
            if life.joins > truth.joins || life.leaves > truth.leaves {
                wrong.push(format!("{ap} {boot}: more were counted than came or went: {life:?}, {truth:?}"));
            }
            if living.contains(boot) && !agrees(life, truth) {
                wrong.push(format!("{ap} {boot}: never killed, and its sums are not the radio's: {life:?}, {truth:?}"));
            }
        }
        for boot in living.iter().filter(|boot| !lives.keys().any(|(_, its)| its == *boot)) {
            wrong.push(format!("nothing is stored of {:?}", told[boot]));
        }
        self.outcome.living = living.len();
        self.outcome.lives = lives.len();
        self.outcome.samples = lives.values().map(|life| life.seqs.len()).sum();
        self.outcome.people =
            lives.values().fold((0, 0), |(joins, leaves), life| (joins + life.joins, leaves + life.leaves));
        Ok(())
    }

    /// What the radios told each start of each agent.
    fn told_by_radios(&self) -> HashMap<String, Truth> {
        (0..self.bench.aps.len()).flat_map(|at| self.told_at(at)).collect()
    }

    /// What one radio told each start of its agent.
    fn told_at(&self, at: usize) -> HashMap<String, Truth> {
        let mut told: HashMap<String, Truth> = HashMap::new();
        for (socket, (joins, leaves)) in self.bench.radio(at).told() {
            let Some((agent, boot)) = who_listens(&socket) else { continue };
            let new = || Truth { agent, boot: boot.clone(), joins: 0, leaves: 0 };
            let truth = told.entry(boot.clone()).or_insert_with(new);
            truth.joins += joins;
            truth.leaves += leaves;
        }
        told
    }

    /// Every act of the operator that was answered is in the record, once.
    async fn check_record(&mut self, dir: &Path) -> Result<()> {
        let books = Books::open(&store(dir)).await?;
        self.outcome.hands.1 = self.desk.answered.len();
        for (kind, why) in &self.desk.answered {
            let times = books.told(kind, why).await?;
            if times != 1 {
                self.outcome.wrong.push(format!("\"{why}\" ({kind}) was answered and is in the record {times} times"));
            }
        }
        Ok(())
    }
}

/// What a radio told one start of an agent.
#[derive(Debug)]
struct Truth {
    agent: u32,
    boot: String,
    joins: u64,
    leaves: u64,
}

/// Process number and start of the agent whose socket this is: `hirake-agent-PROCESS-START-N`.
fn who_listens(socket: &Path) -> Option<(u32, String)> {
    let name = socket.file_name()?.to_str()?;
    let mut words = name.strip_prefix("hirake-agent-")?.split('-');
    Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
}

fn store(dir: &Path) -> PathBuf {
    dir.join("store.sqlite")
}

fn broker(bench: &Bench) -> Result<&crate::process::Running> {
    bench.mosquitto.as_ref().and_then(|mosquitto| mosquitto.running()).context("a broker to stop")
}
