//! A pretend vendor access point, or a WLAN controller: an SNMP agent with its platform's rules, good manners or bad ones.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hirake_snmp::oid::Oid;
use hirake_snmp::trouble::Status;
use hirake_snmp::value::{Sheet, Value, VarBind};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::people::{Crowd, Dice};

pub mod answer;
pub mod ber;
pub mod platform;
pub mod state;
pub mod usm;
pub mod walk;

pub use platform::{OPEN_SSID, Platform};
pub use usm::UserPlan;

use answer::{Objects, Version};
use ber::{OCTETS, Pdu, Reader, SEQUENCE, SET, TRAP, Writer};
use platform::Change;
use state::{State, Station};
use usm::{Engine, Heard, May};

/// Largest question that is read, in octets.
const QUESTION_MAX_BYTES: usize = 4096;
/// How often people come and go.
const PEOPLE_STEP: Duration = Duration::from_secs(1);
/// How long saving by a copy job takes.
const COPY_TAKES: Duration = Duration::from_millis(700);

/// What a device does with a SET it could carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnSet {
    /// Carries it out.
    #[default]
    Obeys,
    /// Refuses it: writing is switched off, or the firmware has no such lever.
    Refuses(Status),
    /// Says that it was done, and leaves everything as it was.
    Forgets,
    /// Remembers the wish, shows it when asked, and the air does not follow.
    Deaf,
    /// Carries it out, and reboots before it has answered.
    RebootsSilently,
    /// Carries it out, answers, and reboots.
    Reboots,
}

/// How a device behaves besides its platform's rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manners {
    /// Answers nothing at all.
    pub silent: bool,
    /// Of a thousand datagrams this many are lost on their way to it.
    pub loses: u64,
    /// Every answer comes this late.
    pub late: Duration,
    /// The answer to a SET comes this late; it is carried out at once.
    pub set_late: Duration,
    /// What it does with a SET.
    pub on_set: OnSet,
    /// The first this many SETs are treated by `on_set`, later ones are obeyed; none: all of them.
    pub on_set_times: Option<u32>,
    /// Largest answer in octets.
    pub answer_max: usize,
}

impl Default for Manners {
    /// A good device behind an ordinary link.
    fn default() -> Self {
        Self {
            silent: false,
            loses: 0,
            late: Duration::ZERO,
            set_late: Duration::ZERO,
            on_set: OnSet::Obeys,
            on_set_times: None,
            answer_max: 1472,
        }
    }
}

/// Who may ask.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Communities that may read.
    pub read: Vec<String>,
    /// Communities that may write as well.
    pub write: Vec<String>,
    /// Users of SNMPv3.
    pub users: Vec<UserPlan>,
}

impl Access {
    /// Two communities, for v1 and v2c.
    #[must_use]
    pub fn communities(read: &str, write: &str) -> Self {
        Self { read: vec![read.to_owned()], write: vec![write.to_owned()], users: Vec::new() }
    }
}

/// What a device is.
#[derive(Debug, Clone)]
pub struct DevicePlan {
    /// Where it listens; port 0: anywhere.
    pub address: SocketAddr,
    /// Its make.
    pub platform: Platform,
    /// sysName.
    pub name: String,
    /// What it shows besides; what the platform shows stands before it.
    pub walk: Arc<Sheet>,
    /// Who may ask.
    pub access: Access,
    /// How it behaves.
    pub manners: Manners,
    /// Its access points and who comes to each: (MAC, name, crowd); one for an AP that speaks for itself.
    pub aps: Vec<([u8; 6], String, Crowd)>,
    /// How long the air takes to follow a switch.
    pub follows: Duration,
    /// How long a reboot takes.
    pub boot: Duration,
    /// A reboot forgets snmpEngineBoots, as on cheap devices.
    pub forgets_boots: bool,
    /// Where chance starts.
    pub seed: u64,
}

impl DevicePlan {
    /// An access point that speaks for itself, with nobody at it, communities `public` and `private`.
    #[must_use]
    pub fn ap(platform: Platform, name: &str, seed: u64) -> Self {
        Self::controller(platform, name, seed, 1)
    }

    /// A WLAN controller for `aps` access points named `NAME-1`, …; otherwise as [`Self::ap`].
    #[must_use]
    pub fn controller(platform: Platform, name: &str, seed: u64, aps: u8) -> Self {
        let ap = |n: u8| ([0x02, 0x48, 0x4b, seed.to_be_bytes()[7], 0, n], format!("{name}-{n}"), Crowd::NOBODY);
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            platform,
            name: name.to_owned(),
            walk: Arc::default(),
            access: Access::communities("public", "private"),
            manners: Manners::default(),
            aps: (1..=aps).map(ap).collect(),
            follows: Duration::from_millis(300),
            boot: Duration::from_secs(2),
            forgets_boots: true,
            seed,
        }
    }
}

/// Looks at another's air: for a device that is a second pair of eyes on a radio which our agent switches.
#[derive(Clone)]
pub struct Eye(Arc<dyn Fn() -> bool + Send + Sync>);

impl Eye {
    /// From what looks.
    pub fn new(look: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }
}

impl std::fmt::Debug for Eye {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Eye")
    }
}

/// What a device was asked so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Datagrams it heard.
    pub questions: u64,
    /// Datagrams it did not hear: lost, or it was dead, rebooting or silent.
    pub unheard: u64,
    /// SETs among them, refused or not.
    pub sets: u64,
    /// SETs that were refused.
    pub refused: u64,
    /// Reads that did something all the same.
    pub touched: u64,
}

/// A device at work: it works until it is dropped.
#[derive(Debug)]
pub struct Device {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    platform: Platform,
    name: String,
    access: Access,
    manners: Manners,
    objects: Objects,
    state: State,
    engine: Option<Engine>,
    eye: Option<Eye>,
    boot: Duration,
    forgets_boots: bool,
    powered: bool,
    dice: Dice,
    seen: Seen,
}

impl Drop for Device {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Device {
    /// Starts a device on the tokio runtime at hand.
    ///
    /// # Errors
    /// The socket cannot be had, or a password is too short.
    pub fn start(plan: DevicePlan) -> Result<Self> {
        let socket = std::net::UdpSocket::bind(plan.address).with_context(|| plan.address.to_string())?;
        socket.set_nonblocking(true)?;
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let now = Instant::now();
        // RFC 3411 §5, SnmpEngineID: octets (5) under an enterprise's number.
        let id = [&[0x80, 0, 0x61, 0xa9, 5][..], &plan.seed.to_be_bytes()].concat();
        let engine = if plan.access.users.is_empty() { None } else { Some(Engine::new(id, &plan.access.users)?) };
        let lively = plan.aps.iter().any(|(_, _, crowd)| crowd.peace + crowd.disaster > 0);
        let station = |(mac, name, crowd)| Station { mac, name, connected: true, crowd, peace: 0, open: 0 };
        let aps = plan.aps.into_iter().map(station).collect();
        let state = State::new(plan.platform.rows(), aps, plan.platform.keeps(), now, plan.follows, plan.seed);
        let inner = Inner {
            platform: plan.platform,
            name: plan.name,
            access: plan.access,
            manners: plan.manners,
            objects: Objects { walk: plan.walk, own: Sheet::new(), hidden: plan.platform.hidden() },
            state,
            engine,
            eye: None,
            boot: plan.boot,
            forgets_boots: plan.forgets_boots,
            powered: true,
            dice: Dice::new(plan.seed),
            seen: Seen::default(),
        };
        let (address, inner) = (socket.local_addr()?, Arc::new(Mutex::new(inner)));
        let mut tasks = vec![tokio::spawn(serve(socket, Arc::clone(&inner)))];
        if lively {
            tasks.push(tokio::spawn(live(Arc::clone(&inner))));
        }
        Ok(Self { address, inner, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Whether `00000JAPAN` is on the air, on any of its radios: the model town's own eyes.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner().now().is_open()
    }

    /// How many switches are on the air, of how many.
    #[must_use]
    pub fn open_rows(&self) -> (usize, usize) {
        let mut inner = self.inner();
        let state = inner.now();
        (state.switches.iter().filter(|switch| switch.air).count(), state.switches.len())
    }

    /// Whether it would be open after a reboot.
    #[must_use]
    pub fn is_saved_open(&self) -> bool {
        self.inner().now().switches.iter().any(|switch| switch.saved)
    }

    /// Copy jobs that were not tidied up.
    #[must_use]
    pub fn copy_jobs(&self) -> usize {
        self.inner().now().copying.len()
    }

    /// Devices on the town's own network and on `00000JAPAN`, by access point.
    #[must_use]
    pub fn stations(&self) -> Vec<(u32, u32)> {
        self.inner().now().aps.iter().map(|ap| (ap.peace, ap.open)).collect()
    }

    /// From now on its air is what `eye` sees; none: its own again.
    pub fn look_through(&self, eye: Option<Eye>) {
        self.inner().eye = eye;
    }

    /// Changes its manners.
    pub fn behave(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.inner().manners);
    }

    /// Changes what it remembers: somebody at its console.
    pub fn at_console(&self, change: impl FnOnce(&mut State)) {
        change(self.inner().now());
    }

    /// Turns every switch, as somebody at its console would.
    pub fn turn(&self, on: bool) {
        self.at_console(|state| state.turn_all(on, Instant::now()));
    }

    /// Off and on again; silent until it is up.
    pub fn reboot(&self) {
        self.inner().reboot();
    }

    /// Power gone, or back; back means that it boots.
    pub fn power(&self, on: bool) {
        let mut inner = self.inner();
        if on && !inner.powered {
            inner.reboot();
        }
        inner.powered = on;
    }

    /// Whether it has power.
    #[must_use]
    pub fn has_power(&self) -> bool {
        self.inner().powered
    }

    /// What it was asked so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.inner().seen
    }

    /// Everything it shows now.
    #[must_use]
    pub fn shown(&self) -> Sheet {
        let mut inner = self.inner();
        inner.refresh();
        let mut all = (*inner.objects.walk).clone();
        all.extend(inner.objects.own.clone());
        all
    }

    /// Sends a coldStart (SNMPv2c, its first reading community) to `to`.
    ///
    /// # Errors
    /// It cannot be sent.
    pub async fn trap(&self, to: SocketAddr) -> Result<()> {
        let octets = {
            let mut inner = self.inner();
            let ticks = u32::try_from(inner.now().started.elapsed().as_millis() / 10).unwrap_or(u32::MAX);
            let oid = |text: &str| text.parse::<Oid>();
            let binds = vec![
                VarBind { oid: oid("1.3.6.1.2.1.1.3.0")?, value: Value::TimeTicks(ticks) },
                VarBind { oid: oid("1.3.6.1.6.3.1.1.4.1.0")?, value: Value::Oid(oid("1.3.6.1.6.3.1.1.5.1")?) },
            ];
            let community = inner.access.read.first().context("a device without a community sends no trap")?;
            message(1, community, &Pdu { kind: TRAP, id: 1, first: 0, second: 0, binds })
        };
        // From an ephemeral port of the device's own address, as agents do.
        let socket = UdpSocket::bind(SocketAddr::new(self.address.ip(), 0)).await?;
        socket.send_to(&octets, to).await?;
        Ok(())
    }
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().expect("nothing panics while it is held")
}

/// People come and go.
async fn live(inner: Arc<Mutex<Inner>>) {
    let mut step = interval(PEOPLE_STEP);
    step.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        step.tick().await;
        let mut inner = lock(&inner);
        if inner.is_up() {
            inner.now().people(PEOPLE_STEP);
        }
    }
}

async fn serve(socket: Arc<UdpSocket>, inner: Arc<Mutex<Inner>>) {
    while socket.readable().await.is_ok() {
        // On the stack of this turn only: a thousand devices would hold a thousand buffers otherwise.
        let mut buffer = [0; QUESTION_MAX_BYTES];
        // Whatever it was, an ICMP error of an asker that is gone among them: the next one.
        let Ok((length, from)) = socket.try_recv_from(&mut buffer) else { continue };
        let Some((octets, late)) = lock(&inner).hear(&buffer[..length]) else { continue };
        if late.is_zero() {
            // A full buffer loses the answer, as it would.
            let _lost = socket.try_send_to(&octets, from);
        } else {
            let socket = Arc::clone(&socket);
            tokio::spawn(async move {
                sleep(late).await;
                let _lost = socket.send_to(&octets, from).await;
            });
        }
    }
}

/// A whole message of SNMPv1 (0) or SNMPv2c (1).
fn message(version: u8, community: &str, pdu: &Pdu) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.around(SEQUENCE, |w| {
        w.pdu(pdu);
        w.octets(OCTETS, community.as_bytes());
        w.integer(version.into());
    });
    writer.done()
}

impl Inner {
    fn now(&mut self) -> &mut State {
        self.state.deaf = self.manners.on_set == OnSet::Deaf;
        self.state.pass(Instant::now());
        if let Some(Eye(open)) = &self.eye {
            let open = open();
            self.state.switches.iter_mut().for_each(|switch| (switch.on, switch.air) = (open, open));
        }
        &mut self.state
    }

    fn is_up(&self) -> bool {
        self.powered && self.state.started <= Instant::now()
    }

    fn reboot(&mut self) {
        self.state.reboot(Instant::now() + self.boot, self.forgets_boots);
    }

    fn refresh(&mut self) {
        let now = Instant::now();
        self.now();
        self.objects.own = self.platform.show(&self.name, &self.state, now);
    }

    /// Takes a datagram; gives the answer and how late it comes.
    fn hear(&mut self, octets: &[u8]) -> Option<(Vec<u8>, Duration)> {
        if !self.is_up() || self.manners.silent || (self.manners.loses > 0 && self.dice.chance(self.manners.loses)) {
            self.seen.unheard += 1;
            return None;
        }
        self.seen.questions += 1;
        let mut outer = Reader(Reader(octets).of(SEQUENCE)?);
        let (answer, set) = match outer.integer()? {
            version @ 0..=1 => {
                let community = std::str::from_utf8(outer.of(OCTETS)?).ok()?.to_owned();
                let may = match &self.access {
                    access if access.write.contains(&community) => May::Write,
                    access if access.read.contains(&community) => May::Read,
                    _ => return None,
                };
                let question = outer.pdu()?;
                let version = u8::try_from(version).ok()?;
                let answer = self.answer(&question, if version == 0 { Version::V1 } else { Version::V2 }, may)?;
                (message(version, &community, &answer), question.kind == SET)
            }
            3 => {
                let up = self.state.started.elapsed();
                let (boots, time) = (self.state.boots, u32::try_from(up.as_secs()).unwrap_or(u32::MAX));
                match self.engine.as_ref()?.hear(octets, boots, time)? {
                    Heard::Report(octets) => (octets, false),
                    Heard::Request { pdu, may, back } => {
                        let answer = self.answer(&pdu, Version::V2, may)?;
                        (self.engine.as_ref()?.wrap(&answer, &back, boots, time)?, pdu.kind == SET)
                    }
                }
            }
            _ => return None,
        };
        // A reboot on the way takes the answer with it.
        self.powered
            .then_some((answer, if set { self.manners.set_late.max(self.manners.late) } else { self.manners.late }))
    }

    fn answer(&mut self, question: &Pdu, version: Version, may: May) -> Option<Pdu> {
        self.refresh();
        if may == May::Nothing {
            return Some(answer::refuse(question, Status::AuthorizationError, 0, version));
        }
        if question.kind == SET {
            return self.set(question, version, may);
        }
        for bind in &question.binds {
            if let Some(change) =
                self.platform.on_read(&bind.oid).filter(|_| may == May::Write && question.kind == ber::GET)
            {
                self.seen.touched += 1;
                change.commit(&mut self.state, Instant::now(), COPY_TAKES);
            }
        }
        self.objects.read(question, version, self.manners.answer_max)
    }

    /// Both phases: everything is tested before anything is done.
    fn set(&mut self, question: &Pdu, version: Version, may: May) -> Option<Pdu> {
        self.seen.sets += 1;
        let on_set = match &mut self.manners.on_set_times {
            None => self.manners.on_set,
            Some(0) => OnSet::Obeys,
            Some(times) => {
                *times -= 1;
                self.manners.on_set
            }
        };
        let mut changes = Vec::new();
        for (at, bind) in question.binds.iter().enumerate() {
            let tested = match on_set {
                _ if may != May::Write => Err(Status::NoAccess),
                OnSet::Refuses(status) => Err(status),
                _ => self.platform.test(&self.state, &self.objects.own, bind, &question.binds),
            };
            match tested {
                Ok(change) => changes.push(change),
                Err(status) => {
                    self.seen.refused += 1;
                    return Some(answer::refuse(question, status, at, version));
                }
            }
        }
        let now = Instant::now();
        if on_set != OnSet::Forgets {
            changes.iter().for_each(|change| change.commit(&mut self.state, now, COPY_TAKES));
        }
        if changes.contains(&Change::Reboot) || on_set == OnSet::Reboots {
            self.reboot();
        }
        if on_set == OnSet::RebootsSilently {
            self.reboot();
            return None;
        }
        Some(answer::done(question))
    }
}
