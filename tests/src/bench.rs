//! The bench: the real controller and real agents at work on a model town, and a hand on the key.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::time::sleep;

use crate::broker::{Mosquitto, free_address};
use crate::cables::{Cables, Material};
use crate::http;
use crate::inventory::{self, ApPlan, EVERYDAY_SSID, FACILITIES, TOWN};
use crate::panel::{Panel, Turn};
use crate::process::{Keeper, Running, last_lines, product};
use crate::radio::{Radio, RadioPlan};
use crate::vendors::{self, Vendor, VendorPlan};

/// How often a waiting test looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the controller may take from its start to its first answer.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// Longest path of a Unix socket (`sun_path` holds 108 bytes, the last one 0).
const SOCKET_PATH_MAX_BYTES: usize = 107;
/// What the passwords of the model town's agents are made of, where the broker asks for one; no agent has it.
pub const AGENTS_SECRET: &str = "model-town-agents-secret-0000000000";

/// Which broker carries the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    /// The one inside the controller, asking each agent for its password.
    Inside,
    /// A real mosquitto beside it, without persistence, taking anybody.
    Mosquitto,
    /// A real mosquitto beside it, set up as `docs/broker.md` says: it asks everybody for their password.
    Guarded,
}

/// What is put on the bench.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The access points.
    pub aps: Vec<ApPlan>,
    /// The broker.
    pub broker: BrokerKind,
    /// Where the dashboard listens; none: anywhere.
    pub http: Option<SocketAddr>,
    /// Seconds between counts.
    pub counts_interval_s: u32,
    /// Minutes a drill by the key lasts.
    pub drill_minutes: u32,
    /// Where the store lies; none: in the bench's directory.
    pub store: Option<PathBuf>,
    /// Devices of other makes: the access points they are or speak for have no agent.
    pub vendors: Vec<VendorPlan>,
    /// What the cables between facilities and broker are made of; none: nothing can be cut.
    pub cables: Option<Material>,
    /// More of `controller.toml`.
    pub more: String,
}

impl Plan {
    /// These access points, with nobody at them, on this broker.
    #[must_use]
    pub fn quiet(mut aps: Vec<ApPlan>, broker: BrokerKind) -> Self {
        for ap in &mut aps {
            ap.crowd = crate::people::Crowd::NOBODY;
        }
        Self {
            aps,
            broker,
            http: None,
            counts_interval_s: 30,
            drill_minutes: 60,
            store: None,
            vendors: Vec::new(),
            cables: None,
            more: String::new(),
        }
    }
}

/// One access point on the bench.
#[derive(Debug)]
pub struct BenchAp {
    /// What it is.
    pub plan: ApPlan,
    /// Its radio; none without power, and none where another make's device is the radio.
    pub radio: Option<Radio>,
    /// The device that it is, that speaks for it, or that looks at it.
    pub vendor: Option<Arc<Vendor>>,
    agent: Option<Running>,
}

impl BenchAp {
    /// Whether it has `00000JAPAN` on the air.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match (&self.radio, &self.vendor) {
            (Some(radio), _) => radio.is_open(),
            (None, Some(vendor)) => vendor.is_open(&self.plan.id),
            (None, None) => false,
        }
    }

    /// Whether there is something that power can be cut of.
    #[must_use]
    pub fn is_wired(&self) -> bool {
        self.radio.is_some() || self.vendor.is_some()
    }
}

/// A town at work; everything ends when it is dropped.
#[derive(Debug)]
pub struct Bench {
    dir: PathBuf,
    /// The key on the wall.
    pub panel: Panel,
    /// The access points.
    pub aps: Vec<BenchAp>,
    controller: Option<Running>,
    /// The broker outside, if there is one.
    pub mosquitto: Option<Mosquitto>,
    /// The cables between the facilities, in the order of [`FACILITIES`], and a broker outside.
    pub cables: Cables,
    http: SocketAddr,
    broker: SocketAddr,
    traps: SocketAddr,
    keeper: Keeper,
    /// Kept to the end: the directory goes last.
    _temp: Option<tempfile::TempDir>,
}

impl Bench {
    /// A town in a directory of its own that goes when it goes, everything started.
    ///
    /// # Errors
    /// Something does not start; the error has its last words.
    pub async fn raise(plan: Plan) -> Result<Self> {
        let temp = tempfile::Builder::new().prefix("hirake-").tempdir()?;
        let mut bench = Self::lay_out(temp.path(), plan)?;
        bench._temp = Some(temp);
        bench.start_controller().await?;
        bench.start_agents()?;
        Ok(bench)
    }

    /// Writes every file into `dir`, starts broker, panel and radios; neither controller nor agents yet.
    ///
    /// # Errors
    /// Something cannot be written or does not start.
    pub fn lay_out(dir: &Path, plan: Plan) -> Result<Self> {
        let dir = std::path::absolute(dir)?;
        for sub in ["log", "ap", "run"] {
            std::fs::create_dir_all(dir.join(sub))?;
        }
        let keeper = Keeper::start()?;
        let mut cables = Cables::lay(plan.cables, FACILITIES.len(), &keeper, &dir.join("log/cables.log"))?;
        let mut mosquitto = match plan.broker {
            BrokerKind::Inside => None,
            BrokerKind::Mosquitto | BrokerKind::Guarded => Some(Mosquitto::start(&keeper, &dir, cables.broker_ip())?),
        };
        let broker = mosquitto.as_ref().map_or_else(free_address, |m| Ok(m.address()))?;
        cables.plug_in(broker);
        let http = plan.http.map_or_else(free_address, Ok)?;
        let traps = free_address()?;
        let start = |(n, vendor): (u64, _)| Vendor::start(vendor, 0x5348 + n, &plan.aps);
        let vendors: Vec<_> = (0..).zip(plan.vendors.clone()).map(start).collect::<Result<_>>()?;
        write_controller_toml(&dir, &plan, http, broker, &vendors, traps)?;
        let passwords = if plan.broker == BrokerKind::Mosquitto { String::new() } else { passwords(&dir)? };
        if let Some(mosquitto) = mosquitto.as_mut().filter(|_| plan.broker == BrokerKind::Guarded) {
            mosquitto.guard(&keeper, &passwords)?;
        }
        let panel_socket = dir.join("panel.sock");
        let panel = Panel::start(&short(&panel_socket)?, Turn::Normal).context("the key panel")?;
        let mut aps = Vec::new();
        for (i, ap) in plan.aps.into_iter().enumerate() {
            let seen = cables.seen_from(facility_number(&ap), broker);
            write_agent_toml(&dir, &ap, seen, plan.counts_interval_s, password_of(&passwords, &ap.id))?;
            let vendor = vendors.iter().find(|vendor| vendor.plan.aps.contains(&ap.id)).cloned();
            let own = ap.powered && vendor.as_ref().is_none_or(|vendor| vendor.plan.witness);
            let radio = if own { Some(start_radio(&dir, &ap, i)?) } else { None };
            if let (Some(vendor), Some(radio)) = (&vendor, &radio) {
                vendor.device.look_through(Some(radio.eye()));
            }
            aps.push(BenchAp { plan: ap, radio, vendor, agent: None });
        }
        Ok(Self { dir, panel, aps, controller: None, mosquitto, cables, http, broker, traps, keeper, _temp: None })
    }

    /// The directory with every file of this town.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps a directory to the end: it goes when the bench goes.
    pub fn keep(&mut self, temp: tempfile::TempDir) {
        self._temp = Some(temp);
    }

    /// Who sees to it that no program outlives the town.
    #[must_use]
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Where the dashboard and `/api/v1` answer.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// What an access point gives the broker: whoever steals it has this.
    ///
    /// # Errors
    /// It gives none.
    pub fn stolen_password(&self, ap: &str) -> Result<String> {
        let file = self.dir.join("ap").join(ap).join("mqtt.password");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Ok(text.trim_end().to_owned())
    }

    /// Where the broker listens.
    #[must_use]
    pub fn broker(&self) -> SocketAddr {
        self.broker
    }

    /// Starts the controller without waiting for it.
    ///
    /// # Errors
    /// The program is not built or does not start.
    pub fn begin_controller(&mut self) -> Result<()> {
        let mut command = Command::new(product("hirake")?);
        command.arg("serve").arg("--config").arg(self.dir.join("controller.toml")).current_dir(&self.dir);
        self.controller = Some(self.keeper.spawn(command, &self.dir.join("log/controller.log"))?);
        Ok(())
    }

    /// Starts the controller and waits until it answers.
    ///
    /// # Errors
    /// It ends at once, or does not answer in time.
    pub async fn start_controller(&mut self) -> Result<()> {
        self.begin_controller()?;
        let until = Instant::now() + START_PATIENCE;
        while http::get(self.http, "/api/v1/town").await.is_err() {
            let controller = self.controller.as_mut().context("started above")?;
            let ended = controller.ended();
            ensure!(ended.is_none(), "the controller ended ({ended:?}):\n{}", controller.last_words(20));
            ensure!(Instant::now() < until, "the controller does not answer:\n{}", controller.last_words(20));
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// SIGKILL to the controller.
    pub fn kill_controller(&mut self) {
        if let Some(controller) = self.controller.take() {
            controller.kill();
        }
    }

    /// The controller, while there is one.
    pub fn controller(&mut self) -> Option<&mut Running> {
        self.controller.as_mut()
    }

    /// Whether the controller is running.
    pub fn controller_lives(&mut self) -> bool {
        self.controller.as_mut().is_some_and(|controller| controller.ended().is_none())
    }

    /// Starts the agent of every AP that has power, may have an agent and has none.
    ///
    /// # Errors
    /// The program is not built or does not start.
    pub fn start_agents(&mut self) -> Result<()> {
        for i in 0..self.aps.len() {
            if self.aps[i].radio.is_some() && self.aps[i].agent.is_none() {
                self.start_agent(i)?;
            }
        }
        Ok(())
    }

    /// Starts the agent of the `i`th AP.
    ///
    /// # Errors
    /// The program is not built or does not start.
    pub fn start_agent(&mut self, i: usize) -> Result<()> {
        let ap = &mut self.aps[i];
        let mut command = self.cables.command(facility_number(&ap.plan), &product("hirake-agent")?);
        command.arg("--config").arg(self.dir.join("ap").join(&ap.plan.id).join("agent.toml"));
        let log = self.dir.join("log").join(format!("{}.log", ap.plan.id));
        ap.agent = Some(self.keeper.spawn(command, &log)?);
        Ok(())
    }

    /// SIGKILL to the agent of the `i`th AP.
    pub fn kill_agent(&mut self, i: usize) {
        self.aps[i].agent = None;
    }

    /// Asks the agent of the `i`th AP to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// There is none, or it had to be killed.
    pub fn stop_agent(&mut self, i: usize) -> Result<()> {
        let status = self.aps[i].agent.take().context("an agent")?.stop()?;
        ensure!(status.success(), "the agent ended with {status}");
        Ok(())
    }

    /// The agent of the `i`th AP, while there is one.
    pub fn agent(&mut self, i: usize) -> Option<&mut Running> {
        self.aps[i].agent.as_mut()
    }

    /// Power gone at the `i`th AP: agent and radio at once.
    pub fn cut_power(&mut self, i: usize) {
        self.kill_agent(i);
        if let Some(vendor) = &self.aps[i].vendor {
            vendor.power(&self.aps[i].plan.id, false);
        }
        if let Some(radio) = &mut self.aps[i].radio {
            radio.die();
        }
    }

    /// Power back at the `i`th AP: hostapd starts as it boots, and so does the agent; another make's device boots.
    ///
    /// # Errors
    /// Something does not start.
    pub fn restore_power(&mut self, i: usize) -> Result<()> {
        if let Some(vendor) = &self.aps[i].vendor {
            vendor.power(&self.aps[i].plan.id, true);
        }
        let Some(radio) = &mut self.aps[i].radio else { return Ok(()) };
        radio.come_back()?;
        self.start_agent(i)
    }

    /// Where the controller hears traps, where there are devices of other makes.
    #[must_use]
    pub fn traps(&self) -> SocketAddr {
        self.traps
    }

    /// A device of another make, by the town's name for it.
    #[must_use]
    pub fn vendor(&self, id: &str) -> &Vendor {
        let found = self.aps.iter().filter_map(|ap| ap.vendor.as_ref()).find(|vendor| vendor.plan.id == id);
        found.expect("asked of a device on the bench")
    }

    /// The `i`th AP's place on the bench.
    #[must_use]
    pub fn radio(&self, i: usize) -> &Radio {
        self.aps[i].radio.as_ref().expect("asked of an AP with power")
    }

    /// SIGKILL to mosquitto; it forgets everything.
    pub fn kill_mosquitto(&mut self) {
        if let Some(mosquitto) = &mut self.mosquitto {
            mosquitto.kill();
        }
    }

    /// Starts mosquitto again, empty.
    ///
    /// # Errors
    /// It does not start, or there is none.
    pub fn restore_mosquitto(&mut self) -> Result<()> {
        self.mosquitto.as_mut().context("a bench with mosquitto")?.come_back(&self.keeper)
    }

    /// What the controller says of the town now.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn town(&self) -> Result<Value> {
        http::get_json(self.http, "/api/v1/town").await
    }

    /// Waits until the controller says of the town what `holds` looks for; returns what it said.
    ///
    /// # Errors
    /// Not within `patience`; the error has what was awaited, what was said last, and the last words of the programs.
    pub async fn until(&self, what: &str, patience: Duration, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + patience;
        loop {
            let town = self.town().await;
            match &town {
                Ok(town) if holds(town) => return Ok(town.clone()),
                _ if Instant::now() < deadline => sleep(LOOK_EVERY).await,
                Ok(town) => bail!("not within {patience:?}: {what}\n{}\n{}", short_view(town), self.last_words()),
                Err(e) => bail!("not within {patience:?}: {what}: {e:#}\n{}", self.last_words()),
            }
        }
    }

    /// The newest entries of the record (at most 1,000), newest first, as the store holds them.
    ///
    /// # Errors
    /// The controller does not answer.
    pub async fn record(&self) -> Result<Value> {
        Ok(http::get_json(self.http, "/api/v1/record?limit=1000").await?["entries"].take())
    }

    /// Waits until the record tells of `kind`; returns its entries.
    ///
    /// # Errors
    /// Not within `patience`.
    pub async fn until_recorded(&self, kind: &str, patience: Duration) -> Result<Value> {
        self.until_record(&format!("an entry of kind {kind}"), patience, |entries| {
            record(entries, kind).next().is_some()
        })
        .await
    }

    /// Waits until the record is as `holds` looks for; returns its entries.
    ///
    /// # Errors
    /// Not within `patience`.
    pub async fn until_record(&self, what: &str, patience: Duration, holds: impl Fn(&Value) -> bool) -> Result<Value> {
        let deadline = Instant::now() + patience;
        loop {
            let entries = self.record().await.unwrap_or_default();
            if holds(&entries) {
                return Ok(entries);
            }
            ensure!(
                Instant::now() < deadline,
                "not recorded within {patience:?}: {what}\n{entries}\n{}",
                self.last_words()
            );
            sleep(LOOK_EVERY).await;
        }
    }

    /// Waits for something on the bench itself, such as a radio or a lamp.
    ///
    /// # Errors
    /// Not within `patience`.
    pub async fn until_seen(&self, what: &str, patience: Duration, seen: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + patience;
        while !seen(self) {
            ensure!(Instant::now() < deadline, "not within {patience:?}: {what}\n{}", self.last_words());
            sleep(LOOK_EVERY / 4).await;
        }
        Ok(())
    }

    /// How many access points have `00000JAPAN` on the air: the model town's own eyes, not the controller's.
    #[must_use]
    pub fn open_radios(&self) -> usize {
        self.aps.iter().filter(|ap| ap.is_open()).count()
    }

    /// Asks every program to end and waits for the controller.
    ///
    /// # Errors
    /// The controller had to be killed.
    pub fn stop(mut self) -> Result<()> {
        for ap in &self.aps {
            if let Some(agent) = &ap.agent {
                agent.ask_to_end();
            }
        }
        if let Some(controller) = self.controller.take() {
            controller.stop()?;
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let mut text = format!("controller:\n{}\n", last_lines(&self.dir.join("log/controller.log"), 15));
        for ap in self.aps.iter().take(3) {
            let log = self.dir.join("log").join(format!("{}.log", ap.plan.id));
            text += &format!("{}:\n{}\n", ap.plan.id, last_lines(&log, 5));
        }
        text
    }
}

/// The sums, and every AP that is not settled.
fn short_view(town: &Value) -> String {
    let mut text =
        format!("mode {} order {} key {} totals {}", town["mode"], town["order"], town["key"], town["totals"]);
    for ap in all_aps(town).filter(|ap| ap["standing"] != "settled") {
        text += &format!("\n{} {} {}", ap["id"], ap["standing"], ap["why"]);
    }
    text
}

/// Every access point in the controller's words.
pub fn all_aps(town: &Value) -> impl Iterator<Item = &Value> {
    town["facilities"].as_array().into_iter().flatten().flat_map(|f| f["aps"].as_array().into_iter().flatten())
}

/// One access point in the controller's words; null where it names none of this identifier.
#[must_use]
pub fn ap<'a>(town: &'a Value, id: &str) -> &'a Value {
    all_aps(town).find(|ap| ap["id"] == id).unwrap_or(&Value::Null)
}

/// The entries of one kind.
pub fn record<'a>(entries: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    entries.as_array().into_iter().flatten().filter(move |entry| entry["kind"] == kind)
}

/// One of the sums.
#[must_use]
pub fn total(town: &Value, name: &str) -> u64 {
    town["totals"][name].as_u64().unwrap_or(u64::MAX)
}

/// Where in [`FACILITIES`] an access point stands.
#[must_use]
pub fn facility_number(ap: &ApPlan) -> usize {
    FACILITIES.iter().position(|facility| facility.id == ap.facility).expect("an access point of the model town")
}

fn short(socket: &Path) -> Result<PathBuf> {
    let length = socket.as_os_str().len();
    ensure!(
        length <= SOCKET_PATH_MAX_BYTES,
        "{} is {length} bytes long and a socket's path may have {SOCKET_PATH_MAX_BYTES}: take a directory nearer the root",
        socket.display()
    );
    Ok(socket.to_owned())
}

fn write_controller_toml(
    dir: &Path,
    plan: &Plan,
    http: SocketAddr,
    broker: SocketAddr,
    vendors: &[Arc<Vendor>],
    traps: SocketAddr,
) -> Result<()> {
    let at = |name: &str| dir.join(name).display().to_string();
    let broker = match plan.broker {
        BrokerKind::Inside => {
            format!("listen = \"{broker}\"\nagents-password-file = \"{}\"", at("agents-password"))
        }
        BrokerKind::Mosquitto => format!("outside = \"mqtt://{broker}\""),
        BrokerKind::Guarded => format!(
            "outside = \"mqtt://{broker}\"\nuser = \"hirake\"\npassword-file = \"{}\"\nagents-password-file = \"{}\"",
            at("broker-password"),
            at("agents-password")
        ),
    };
    let store = plan.store.as_ref().map_or_else(|| at("store.sqlite"), |store| store.display().to_string());
    let secret = |name: &str, text: &str| write_secret(&dir.join(name), text);
    secret("agents-password", &format!("{AGENTS_SECRET}\n"))?;
    secret("broker-password", "model-town-controller-only\n")?;
    secret("distinct-secret", "model-town-distinct-secret-00000000\n")?;
    secret("http-token", "model-town-token-0000000000000000\n")?;
    let text = format!(
        "{}[key]\npanel = \"{}\"\ndrill = true\ndrill-minutes = {}\n\n[broker]\n{broker}\n\n[store]\npath = \"{store}\"\n\n\
         [signing]\nkey-file = \"{}\"\n\n[http]\nlisten = \"{http}\"\ntoken-file = \"{}\"\n\n\
         [settle]\nagreed-share-percent = 80\n\n{}{}",
        inventory::toml(&plan.aps, |ap| vendors::managed(ap, vendors)),
        at("panel.sock"),
        plan.drill_minutes,
        at("town.key"),
        at("http-token"),
        vendors::toml(dir, vendors, traps)?,
        plan.more,
    );
    std::fs::write(dir.join("controller.toml"), text)?;
    Ok(())
}

/// A file that nobody else may read.
pub(crate) fn write_secret(file: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = std::fs::File::options().create(true).write(true).truncate(true).mode(0o600).open(file);
    Ok(file?.write_all(text.as_bytes())?)
}

/// A line `NAME:PASSWORD` for each who may come in, in the product's own words.
fn passwords(dir: &Path) -> Result<String> {
    let mut command = Command::new(product("hirake")?);
    let output = command.arg("passwords").arg("--config").arg(dir.join("controller.toml")).output()?;
    ensure!(output.status.success(), "hirake passwords: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn password_of<'a>(passwords: &'a str, name: &str) -> Option<&'a str> {
    passwords.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

fn write_agent_toml(dir: &Path, ap: &ApPlan, broker: SocketAddr, counts_s: u32, password: Option<&str>) -> Result<()> {
    let here = dir.join("ap").join(&ap.id);
    std::fs::create_dir_all(&here)?;
    let prepared = here.join("wlan0jp.conf");
    std::fs::write(
        &prepared,
        // What `hirake render` writes for an AP with one radio.
        include_str!("../../firmware-config/golden/one-radio/wlan0jp.conf"),
    )?;
    let password = match password {
        Some(password) => {
            let file = here.join("mqtt.password");
            write_secret(&file, &format!("{password}\n"))?;
            format!("password-file = \"{}\"\n", file.display())
        }
        None => String::new(),
    };
    let text = format!(
        "town = \"{TOWN}\"\nap = \"{}\"\nfacility = \"{}\"\nledger = \"{}\"\ntown-key = \"{}\"\n\n\
         [broker]\nhost = \"{}\"\nport = {}\n{password}\n[hostapd]\nsocket = \"{}\"\n\n\
         [[open]]\nphy = \"phy0\"\ninterface = \"wlan0jp\"\nconfig = \"{}\"\n\n[counts]\ninterval-s = {counts_s}\n\
         distinct-secret-file = \"{}\"\n",
        ap.id,
        ap.facility,
        here.join("ledger").display(),
        dir.join("town.key.pub").display(),
        broker.ip(),
        broker.port(),
        radio_socket(dir, ap).display(),
        prepared.display(),
        dir.join("distinct-secret").display(),
    );
    std::fs::write(here.join("agent.toml"), text)?;
    Ok(())
}

fn radio_socket(dir: &Path, ap: &ApPlan) -> PathBuf {
    dir.join("run").join(&ap.id)
}

fn start_radio(dir: &Path, ap: &ApPlan, i: usize) -> Result<Radio> {
    let socket = short(&radio_socket(dir, ap))?;
    // Channels 1, 6 and 11 do not overlap; neighbours take turns.
    let channel = [1, 6, 11][i % 3];
    let plan = RadioPlan {
        socket,
        channel,
        interface: "wlan0".into(),
        ssid: EVERYDAY_SSID.into(),
        behaviour: ap.behaviour,
        crowd: ap.crowd,
        seed: 0x5348_494f_4d49 + i as u64,
    };
    Radio::start(plan).with_context(|| format!("the radio of {}", ap.id))
}
