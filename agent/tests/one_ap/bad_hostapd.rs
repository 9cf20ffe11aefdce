//! hostapds that misbehave in ways the real one cannot be asked to: each is a socket that says what the test wants.

use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Report};

use crate::rig::{Centre, Rig, installed};

/// What the fake says to a command.
enum Says {
    Now(&'static str),
    /// So much later; meanwhile it goes on answering.
    Late(Duration, &'static str),
    Nothing,
}

struct Fake {
    talking: JoinHandle<Vec<String>>,
    stop: Sender<()>,
}

impl Fake {
    fn start(rig: &Rig, says: impl FnMut(&str) -> Says + Send + 'static) -> Self {
        let socket = UnixDatagram::bind(rig.path("global")).expect("bound");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("set");
        let (stop, stopped) = channel();
        Self { talking: std::thread::spawn(move || talk(&socket, &stopped, says)), stop }
    }

    /// Ends it as a kill would; says which commands it heard.
    fn stop(self, rig: &Rig) -> Vec<String> {
        self.stop.send(()).expect("still talking");
        let heard = self.talking.join().expect("it ended");
        std::fs::remove_file(rig.path("global")).expect("there");
        heard
    }
}

fn talk(socket: &UnixDatagram, stopped: &Receiver<()>, mut says: impl FnMut(&str) -> Says) -> Vec<String> {
    let (mut heard, mut late): (Vec<String>, Vec<(Instant, SocketAddr, &str)>) = (Vec::new(), Vec::new());
    let mut buffer = [0; 4096];
    // Whoever asked may be gone by the time of the answer.
    let say = |to: &SocketAddr, text: &str| {
        let _ = socket.send_to(text.as_bytes(), to.as_pathname().expect("a path"));
    };
    while stopped.try_recv().is_err() {
        late.retain(|(due, to, text)| {
            let is_due = *due <= Instant::now();
            is_due.then(|| say(to, text));
            !is_due
        });
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let command = String::from_utf8_lossy(&buffer[..length]).into_owned();
        match says(&command) {
            Says::Now(text) => say(&from, text),
            Says::Late(after, text) => late.push((Instant::now() + after, from, text)),
            Says::Nothing => {}
        }
        heard.push(command);
    }
    heard
}

/// `ADD` takes longer than anybody waits, and is done all the same: the agent looks, and does not ask again; the late
/// answer is taken for no other.
#[tokio::test]
async fn an_add_that_is_answered_too_late_is_not_repeated() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let _broker = rig.broker().await;
    let mut centre = Centre::new(&rig).await;
    let mut added = false;
    let fake = Fake::start(&rig, move |command| match command {
        "PING" => Says::Now("PONG\n"),
        "ATTACH" => Says::Now("OK\n"),
        "INTERFACES" if added => Says::Now("lo\nlojp\n"),
        "INTERFACES" => Says::Now("lo\n"),
        "IFNAME=lo STATUS" => Says::Now("state=ENABLED\nbss[0]=lo\nssid[0]=shiomi-town\n"),
        "IFNAME=lojp STATUS" => Says::Now("state=ENABLED\nbss[0]=lojp\nssid[0]=00000JAPAN\n"),
        _ if command.starts_with("ADD ") => {
            added = true;
            Says::Late(Duration::from_millis(10_300), "FAIL\n")
        }
        _ => Says::Now("FAIL\n"),
    });
    let _agent = rig.agent();
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    let report = centre.report("seen on the air", |report| report.running == 1).await;
    assert_eq!(report.state, AgentState::Serving);
    centre.order(rig.order(2, "yakuba", Mode::Disaster)).await;
    centre.report("and still", |report| report.running == 2).await;
    let heard = fake.stop(&rig);
    assert_eq!(heard.iter().filter(|command| command.starts_with("ADD ")).count(), 1, "{heard:?}");
}

/// A hostapd that hangs is said to be gone, and the next one is used at once.
#[tokio::test]
async fn a_hostapd_that_hangs_is_said_to_be_gone() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let _broker = rig.broker().await;
    let mut centre = Centre::new(&rig).await;
    let mut answers = 3;
    let fake = Fake::start(&rig, move |command| {
        answers -= 1;
        match command {
            _ if answers < 0 => Says::Nothing,
            "PING" => Says::Now("PONG\n"),
            "ATTACH" => Says::Now("OK\n"),
            _ => Says::Now("\n"),
        }
    });
    let _agent = rig.agent();
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    let gone = |report: &Report| report.told == 1 && report.why.contains("no answer to");
    centre.report("it says that hostapd is gone", gone).await;
    fake.stop(&rig);
    let killed = Instant::now();
    let _hostapd = rig.hostapd();
    centre.report("the next one obeys", |report| report.running == 1).await;
    assert!(killed.elapsed() < Duration::from_secs(9), "no time-out was waited for: {:?}", killed.elapsed());
}

/// Something answers on hostapd's socket and makes no sense; the agent says so, goes on, and uses the real one later.
#[tokio::test]
async fn a_hostapd_that_answers_nonsense_is_named_and_outlived() {
    if !installed() {
        return;
    }
    let rig = Rig::new();
    let _broker = rig.broker().await;
    let mut centre = Centre::new(&rig).await;
    let fake = Fake::start(&rig, |command| match command {
        "PING" => Says::Now("PONG\n"),
        "ATTACH" => Says::Now("OK\n"),
        _ => Says::Now("\u{fffd} what?"),
    });
    let _agent = rig.agent();
    centre.order(rig.order(1, "yakuba", Mode::Disaster)).await;
    let nonsense = |report: &Report| report.told == 1 && report.why.contains("INTERFACES makes no sense");
    let report = centre.report("it says what is wrong", nonsense).await;
    assert_eq!(report.running, 0);
    fake.stop(&rig);
    let _hostapd = rig.hostapd();
    centre.report("the real one obeys", |report| report.running == 1).await;
}
