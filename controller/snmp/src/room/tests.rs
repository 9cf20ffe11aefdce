//! The room with devices that answer real datagrams.

use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use async_snmp::agent::Agent;
use async_snmp::handler::{
    BoxFuture, GetNextResult, GetResult, HandlerResult, MibHandler, PreparedSet, RequestContext, SetCommitResult,
    SetTestResult, SetUndoResult,
};
use async_snmp::oid;
use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Report, VERSION, Wanted};

use super::*;
use crate::deputy::sim::{ap, device, oid as name, profiles};
use crate::device::Role;
use crate::engine;
use crate::oid::Oid;
use crate::profile::manners::Manners;
use crate::session::Session;
use crate::value::{Sheet, Value};

const ROOT: &str = "1.3.6.1.4.1.99999";
const LONG: Duration = Duration::from_secs(30);

/// What a pretend device has; shared with whoever writes to it.
#[derive(Clone)]
struct Tree(Arc<Mutex<Sheet>>);

impl Tree {
    fn new() -> Self {
        let cell = |column: u32, row: u32, value| (name(&format!("{ROOT}.1.1.{column}.{row}")), value);
        let sheet = [
            (name("1.3.6.1.2.1.1.1.0"), Value::Octets(b"a pretend AP".to_vec())),
            (name("1.3.6.1.2.1.1.2.0"), Value::Oid(name(ROOT))),
            (name("1.3.6.1.2.1.1.3.0"), Value::TimeTicks(4_711)),
            cell(1, 1, Value::Octets(b"shiomi".to_vec())),
            cell(1, 5, Value::Octets(b"00000JAPAN".to_vec())),
            cell(2, 1, Value::Integer(1)),
            cell(2, 5, Value::Integer(2)),
            cell(3, 1, Value::Integer(1)),
            cell(3, 5, Value::Integer(2)),
            cell(4, 1, Value::Gauge32(3)),
            cell(4, 5, Value::Gauge32(0)),
        ];
        Self(Arc::new(Mutex::new(sheet.into())))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Sheet) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_open(&self) -> bool {
        self.with(|sheet| sheet.get(&name(&format!("{ROOT}.1.1.3.5"))) == Some(&Value::Integer(1)))
    }
}

fn asked(oid: &async_snmp::Oid) -> Oid {
    Oid::new(oid.arcs()).expect("short")
}

impl MibHandler for Tree {
    fn get<'a>(&'a self, _: &'a RequestContext, oid: &'a async_snmp::Oid) -> BoxFuture<'a, HandlerResult<GetResult>> {
        let found = self.with(|sheet| sheet.get(&asked(oid)).cloned());
        Box::pin(async move {
            Ok(found.map_or(GetResult::NoSuchObject, |value| GetResult::Value(engine::outgoing(&value))))
        })
    }

    fn get_next<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        let next = self.with(|sheet| {
            let behind = sheet.range((Bound::Excluded(asked(oid)), Bound::Unbounded)).next();
            behind.map(|(oid, value)| async_snmp::VarBind::new(engine::name(oid), engine::outgoing(value)))
        });
        Box::pin(async move { Ok(next.map_or(GetNextResult::EndOfMibView, Into::into)) })
    }

    fn test_set<'a>(
        &'a self,
        _: &'a RequestContext,
        _: &'a async_snmp::Oid,
        _: &'a async_snmp::Value,
    ) -> BoxFuture<'a, SetTestResult> {
        let prepared: Box<dyn PreparedSet> = Box::new(self.clone());
        Box::pin(async move { Ok(prepared) })
    }
}

impl PreparedSet for Tree {
    fn commit<'a>(
        &'a mut self,
        _: &'a RequestContext,
        oid: &'a async_snmp::Oid,
        value: &'a async_snmp::Value,
    ) -> BoxFuture<'a, SetCommitResult> {
        let (oid, on) = (asked(oid), matches!(value, async_snmp::Value::Integer(1)));
        self.with(|sheet| {
            if oid == name(&format!("{ROOT}.1.1.2.5")) {
                let state = Value::Integer(if on { 1 } else { 2 });
                sheet.insert(name(&format!("{ROOT}.1.1.3.5")), state.clone());
                sheet.insert(oid, state);
            }
        });
        Box::pin(async { Ok(()) })
    }

    fn undo<'a>(
        &'a mut self,
        _: &'a RequestContext,
        _: &'a async_snmp::Oid,
        _: &'a async_snmp::Value,
    ) -> BoxFuture<'a, SetUndoResult> {
        Box::pin(async { Ok(()) })
    }
}

/// A pretend device that answers; where it is, and what it has.
async fn answering() -> (SocketAddr, Tree) {
    let tree = Tree::new();
    let agent = Agent::builder()
        .bind("127.0.0.1:0")
        .community("pretend")
        .handler(oid!(1, 3, 6, 1), Arc::new(tree.clone()))
        .vacm(|rules| {
            rules
                .view("all", |view| view.include(oid!(1, 3, 6, 1)))
                .group("pretend", async_snmp::SecurityModel::V2c, "all")
                .replace_access(
                    "all",
                    async_snmp::SecurityModel::V2c,
                    async_snmp::SecurityLevel::NoAuthNoPriv,
                    |access| access.read_view("all").write_view("all"),
                )
        })
        .build()
        .await
        .expect("an agent");
    let at = agent.local_addr();
    tokio::spawn(async move { agent.run().await });
    (at, tree)
}

fn at(n: usize, address: SocketAddr) -> Device {
    let aps = vec![ap(&format!("ap-{n}"), Role::Flip)];
    Device { id: format!("device-{n}"), address, aps, ..device() }
}

async fn room(devices: Vec<Device>, letters: mpsc::Sender<Letter>) -> (Handle, JoinHandle<()>) {
    let setup = Setup {
        devices,
        library: profiles(),
        sockets: Sockets::open().await.expect("a socket"),
        boot: "boot-1".to_owned(),
        interval: Duration::from_millis(1_500),
        hurry_interval: Duration::from_millis(500),
    };
    Room::start(setup, letters)
}

fn order(number: u64, mode: Mode) -> Order {
    Order {
        v: VERSION,
        town: "shiomi".parse().expect("an identifier"),
        number,
        issued_at_ms: 0,
        controller: None,
        facilities: [("yakuba".parse().expect("an identifier"), Wanted { mode, drill: None })].into(),
        activations: Vec::new(),
    }
}

/// Reads letters until each of these APs has said so.
async fn until(letters: &mut mpsc::Receiver<Letter>, count: usize, so: impl Fn(&Report) -> bool) {
    let mut newest = BTreeMap::new();
    let all = async {
        while newest.values().filter(|so| **so).count() < count {
            if let Letter::Report { report, .. } = letters.recv().await.expect("the room is open") {
                newest.insert(report.ap.clone(), so(&report));
            }
        }
    };
    tokio::time::timeout(LONG, all).await.expect("they said so in time");
}

#[tokio::test]
async fn devices_are_opened_closed_and_spoken_for_while_one_is_dead() {
    let (mut devices, mut trees) = (Vec::new(), Vec::new());
    for n in 0..3 {
        let (address, tree) = answering().await;
        devices.push(at(n, address));
        trees.push(tree);
    }
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket that nobody reads");
    devices.push(at(3, dead.local_addr().expect("bound")));
    let (tx, mut letters) = mpsc::channel(1);
    let (handle, running) = room(devices, tx).await;
    until(&mut letters, 3, |report| report.state == AgentState::Empty).await;
    handle.order(&order(1, Mode::Disaster));
    until(&mut letters, 3, |report| (report.running, report.state) == (1, AgentState::Serving)).await;
    assert!(trees.iter().all(Tree::is_open));
    handle.order(&order(2, Mode::Normal));
    until(&mut letters, 3, |report| (report.running, report.state) == (2, AgentState::Serving)).await;
    assert!(!trees.iter().any(Tree::is_open));

    let gone = async {
        loop {
            if let Letter::Presence(presence) = letters.recv().await.expect("the room is open")
                && !presence.online
            {
                break presence.ap;
            }
        }
    };
    let gone = tokio::time::timeout(LONG, gone).await.expect("the dead one is missed");
    assert_eq!(gone.as_str(), "ap-3");
    let statuses = handle.statuses().await;
    assert_eq!(statuses.len(), 4);
    assert!(statuses[..3].iter().all(|it| it.answers && it.profile.as_deref() == Some("pretend") && it.sets >= 2));
    assert!(!statuses[3].answers && statuses[3].timeouts >= 2, "{:?}", statuses[3]);
    drop(handle);
    tokio::time::timeout(LONG, running).await.expect("the room closes").expect("without a panic");
}

#[tokio::test]
async fn letters_that_nobody_takes_stop_no_flip() {
    let (address, tree) = answering().await;
    let (tx, mut letters) = mpsc::channel(1);
    let (handle, _running) = room(vec![at(0, address)], tx).await;
    for (number, mode) in [(1, Mode::Disaster), (2, Mode::Normal), (3, Mode::Disaster)] {
        handle.order(&order(number, mode));
        let done = async {
            while tree.is_open() != mode.is_open() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(LONG, done).await.expect("flipped in time");
    }
    until(&mut letters, 1, |report| (report.running, report.state) == (3, AgentState::Serving)).await;
}

#[tokio::test]
async fn a_hint_is_a_poll_at_once() {
    let (address, tree) = answering().await;
    let (tx, mut letters) = mpsc::channel(64);
    let setup = Setup {
        devices: vec![at(0, address)],
        library: profiles(),
        sockets: Sockets::open().await.expect("a socket"),
        boot: "boot-1".to_owned(),
        interval: Duration::from_secs(3_600),
        hurry_interval: Duration::from_secs(3_600),
    };
    let (handle, _running) = Room::start(setup, tx);
    handle.hint(SocketAddr::new(address.ip(), 40_000));
    until(&mut letters, 1, |report| report.networks.len() == 1).await;
    tree.with(|sheet| sheet.insert(name(&format!("{ROOT}.1.1.3.5")), Value::Integer(1)));
    handle.hint(SocketAddr::new(address.ip(), 40_000));
    until(&mut letters, 1, |report| report.networks.len() == 2).await;
}

#[tokio::test]
async fn a_thousand_sets_that_nobody_answers_keep_no_flip_waiting() {
    // As many as were asked a moment before the power failed: their silence is theirs.
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket that nobody reads");
    let dead = at(0, dead.local_addr().expect("bound"));
    let (address, tree) = answering().await;
    let sockets = Sockets::open().await.expect("a socket");
    let gate = Gate::default();
    let set = || {
        let binds = vec![crate::value::VarBind { oid: name(&format!("{ROOT}.1.1.2.5")), value: Value::Integer(1) }];
        crate::deputy::Request::Set { binds, timeout: LONG }
    };
    for _ in 0..1_000 {
        let wire = Arc::new(Wire::new(sockets.clone(), dead.clone()));
        tokio::spawn(gate.ask(wire, set(), true, false));
    }
    tokio::task::yield_now().await;
    let wire = Arc::new(Wire::new(sockets.clone(), at(1, address)));
    let answer = tokio::time::timeout(LONG / 3, gate.ask(wire, set(), true, false)).await;
    assert_eq!(answer, Ok(Ok(Answer::Set)));
    assert!(tree.is_open());
}

#[tokio::test]
async fn who_was_never_heard_is_asked_once_at_first_and_with_all_patience_after_that() {
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket that answers nothing");
    dead.set_nonblocking(true).expect("can be looked at");
    let datagrams = || {
        let mut buffer = [0; 1_500];
        std::iter::from_fn(|| dead.recv(&mut buffer).ok()).count()
    };
    let sockets = Sockets::open().await.expect("a socket");
    let manners = Manners { timeout: Duration::from_millis(40), retries: 2, ..Manners::default() };
    let session = Session::new(&sockets, &at(0, dead.local_addr().expect("bound")), manners).await.expect("a session");
    session.knock_first();
    let question = [name("1.3.6.1.2.1.1.1.0")];
    let mut sent = Vec::new();
    for _ in 0..2 {
        let answer = session.get(&question).await;
        assert!(matches!(answer, Err(Trouble::NoAnswer { .. })), "{answer:?}");
        sent.push(datagrams());
    }
    assert_eq!(sent, [1, 3]);
}
