//! Traps and informs as net-snmp's own tools send them, and what nobody should send.

use std::process::Command;

use tokio::net::UdpSocket;

use super::ear::RETRY;
use super::*;
use crate::credentials::{Auth, Privacy, Secret, User};

const LINK_DOWN: &str = "1.3.6.1.6.3.1.1.5.3";
const SENDER: &str = "0x8000000001020304";
const PASSWORD: &str = "maplesyrup";
const SECRET: &str = "winterhill";
/// How long what must come is waited for; it comes in milliseconds.
const SOON: Duration = Duration::from_secs(20);

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned().into())
}

fn user(name: &str, auth: Option<Auth>, privacy: Option<Privacy>) -> Credentials {
    Credentials::V3(User {
        name: name.to_owned(),
        auth: auth.map(|auth| (auth, secret(PASSWORD))),
        privacy: privacy.map(|privacy| (privacy, secret(SECRET))),
    })
}

struct Bench {
    traps: Traps,
    hints: mpsc::Receiver<Heard>,
    at: SocketAddr,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn start(who: &[Credentials]) -> Self {
        Self::forgetting(FORGET, who).await
    }

    async fn forgetting(forget: Duration, who: &[Credentials]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let engine = Engine::open(&folder.path().join("engine")).expect("engine");
        let (hints_in, hints) = mpsc::channel(64);
        let at = std::net::UdpSocket::bind("127.0.0.1:0").expect("socket").local_addr().expect("address");
        let traps = Traps::forgetting(forget, at, who, &engine, hints_in);
        let at = traps.listening().await.expect("listening");
        Self { traps, hints, at, folder }
    }

    /// Runs one of net-snmp's tools; whether it was content. None where it is not installed.
    async fn run(&self, tool: &'static str, args: &[&str]) -> Option<bool> {
        let mut command = Command::new(tool);
        command.args(args).env("MIBS", "").env("SNMPCONFPATH", self.folder.path());
        command.env("SNMP_PERSISTENT_DIR", self.folder.path());
        let output = tokio::task::spawn_blocking(move || command.output()).await.expect("ran");
        match output {
            Ok(output) => Some(output.status.success()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("skipped: {tool} is not installed");
                None
            }
            Err(error) => unreachable!("{tool}: {error}"),
        }
    }

    async fn next(&mut self) -> Heard {
        tokio::time::timeout(SOON, self.hints.recv()).await.expect("in time").expect("open")
    }

    async fn until(&self, what: impl Fn(Counts) -> bool) {
        let reached = async {
            while !what(self.traps.counts()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reached = tokio::time::timeout(SOON, reached).await;
        assert!(reached.is_ok(), "found {:?}", self.traps.counts());
    }

    /// Sends a trap that is known to be heard, after one that must not be: then the other one has been dealt with.
    async fn nothing_before_a_good_one(&mut self) {
        let at = self.at.to_string();
        self.run("snmptrap", &["-v2c", "-c", "town", &at, "", "1.3.6.1.6.3.1.1.5.1"]).await;
        assert_eq!(self.next().await.words(), "coldStart");
    }
}

fn town() -> Credentials {
    Credentials::V2c { community: secret("town") }
}

#[tokio::test]
async fn traps_of_v1_and_v2c_and_acknowledged_informs_are_heard() {
    let mut bench = Bench::start(&[Credentials::V1 { community: secret("old") }]).await;
    let at = bench.at.to_string();
    // A v1 trap names the agent it is about: an enterprise's own, 6 = specific, number 17.
    let v1 = ["-v1", "-c", "old", &at, "1.3.6.1.4.1.9.9", "192.0.2.7", "6", "17", "1"];
    if bench.run("snmptrap", &v1).await.is_none() {
        return;
    }
    let heard = bench.next().await;
    assert_eq!(heard.words(), "1.3.6.1.4.1.9.9.0.17");
    assert_eq!((heard.from.ip(), heard.agent), ([127, 0, 0, 1].into(), Some([192, 0, 2, 7].into())));
    let own = ["-v1", "-c", "old", &at, "1.3.6.1.4.1.9.9", "127.0.0.1", "2", "0", "1"];
    assert_eq!(bench.run("snmptrap", &own).await, Some(true));
    let heard = bench.next().await;
    assert_eq!((heard.words().as_str(), heard.agent), ("linkDown", None), "the sender itself");
    let relayed = ["-v2c", "-c", "old", &at, "", LINK_DOWN, "1.3.6.1.6.3.18.1.3.0", "a", "192.0.2.8"];
    assert_eq!(bench.run("snmptrap", &relayed).await, Some(true));
    assert_eq!(bench.next().await.agent, Some([192, 0, 2, 8].into()));
    // snmpinform fails where nobody acknowledges.
    let inform = ["-v2c", "-c", "old", "-r0", "-t5", &at, "", LINK_DOWN];
    assert_eq!(bench.run("snmpinform", &inform).await, Some(true));
    assert_eq!(bench.next().await.words(), "linkDown");
    assert_eq!(bench.traps.counts(), Counts { accepted: 4, hints: 4, ..Counts::default() });
}

#[tokio::test]
async fn users_of_v3_are_heard_whatever_protocols_they_have() {
    let pairs: [(&str, Auth, &str, Option<Privacy>, &str); 8] = [
        ("md5", Auth::Md5, "MD5", None, ""),
        ("md5-des", Auth::Md5, "MD5", Some(Privacy::Des), "DES"),
        ("sha-aes", Auth::Sha1, "SHA", Some(Privacy::Aes128), "AES"),
        ("sha224", Auth::Sha224, "SHA-224", None, ""),
        ("sha256-aes", Auth::Sha256, "SHA-256", Some(Privacy::Aes128), "AES"),
        ("sha256-aes192", Auth::Sha256, "SHA-256", Some(Privacy::Aes192), "AES-192"),
        ("sha384", Auth::Sha384, "SHA-384", None, ""),
        ("sha512-aes256", Auth::Sha512, "SHA-512", Some(Privacy::Aes256), "AES-256"),
    ];
    let mut who: Vec<Credentials> = vec![user("open", None, None)];
    who.extend(pairs.iter().map(|(name, auth, _, privacy, _)| user(name, Some(*auth), *privacy)));
    let mut bench = Bench::start(&who).await;
    let at = bench.at.to_string();
    let open = ["-v3", "-e", SENDER, "-u", "open", "-l", "noAuthNoPriv", &at, "", LINK_DOWN];
    if bench.run("snmptrap", &open).await.is_none() {
        return;
    }
    assert_eq!(bench.next().await.words(), "linkDown", "a user without a password has no other way");
    for (name, _, auth, privacy, cipher) in pairs {
        let level = if privacy.is_some() { "authPriv" } else { "authNoPriv" };
        let mut args = vec!["-v3", "-u", name, "-l", level, "-a", auth, "-A", PASSWORD];
        if privacy.is_some() {
            args.extend(["-x", cipher, "-X", SECRET]);
        }
        let trap = [&args[..], &["-e", SENDER, &at, "", LINK_DOWN]].concat();
        let before = bench.traps.counts().accepted;
        assert_eq!(bench.run("snmptrap", &trap).await, Some(true), "{name}");
        bench.until(|counts| counts.accepted == before + 1).await;
        let inform = [&args[..], &["-r0", "-t5", &at, "", LINK_DOWN]].concat();
        assert_eq!(bench.run("snmpinform", &inform).await, Some(true), "{name} is acknowledged");
        bench.until(|counts| counts.accepted == before + 2).await;
    }
}

#[tokio::test]
async fn what_no_device_of_ours_sends_is_turned_away_counted_and_not_acknowledged() {
    let mut bench = Bench::start(&[town(), user("hirake", Some(Auth::Sha256), Some(Privacy::Aes128))]).await;
    let at = bench.at.to_string();
    let stranger = ["-v2c", "-c", "public", &at, "", LINK_DOWN];
    if bench.run("snmptrap", &stranger).await.is_none() {
        return;
    }
    bench.until(|counts| counts.unknown_community == 1).await;
    let v1 = ["-v1", "-c", "public", &at, "1.3.6.1.4.1.9.9", "192.0.2.7", "2", "0", "1"];
    assert_eq!(bench.run("snmptrap", &v1).await, Some(true));
    bench.until(|counts| counts.unknown_community == 2).await;
    let inform = ["-v2c", "-c", "public", "-r0", "-t1", &at, "", LINK_DOWN];
    assert_eq!(bench.run("snmpinform", &inform).await, Some(false));
    bench.until(|counts| counts.unknown_community == 3).await;

    let keyless = ["-v3", "-e", SENDER, "-u", "hirake", "-l", "noAuthNoPriv", &at, "", LINK_DOWN];
    assert_eq!(bench.run("snmptrap", &keyless).await, Some(true));
    bench.until(|counts| counts.below_level == 1).await;
    let user = |password, secret| {
        [
            "-v3", "-e", SENDER, "-u", "hirake", "-l", "authPriv", "-a", "SHA-256", "-A", password, "-x", "AES", "-X",
            secret,
        ]
    };
    let wrong = [&user("someother", SECRET)[..], &[&at, "", LINK_DOWN]].concat();
    assert_eq!(bench.run("snmptrap", &wrong).await, Some(true));
    bench.until(|counts| counts.wrong_password == 1).await;
    let wrong = [&user(PASSWORD, "someother")[..], &[&at, "", LINK_DOWN]].concat();
    assert_eq!(bench.run("snmptrap", &wrong).await, Some(true));
    let nobody = ["-v3", "-e", SENDER, "-u", "nobody", "-l", "noAuthNoPriv", &at, "", LINK_DOWN];
    assert_eq!(bench.run("snmptrap", &nobody).await, Some(true));
    bench.until(|counts| counts.unknown_user == 1).await;

    bench.nothing_before_a_good_one().await;
    let counts = bench.traps.counts();
    assert_eq!((counts.accepted, counts.hints), (1, 1), "{counts:?}");
}

#[tokio::test]
async fn where_no_community_is_configured_none_is_taken() {
    let mut bench = Bench::start(&[user("hirake", Some(Auth::Sha256), None)]).await;
    let at = bench.at.to_string();
    if bench.run("snmptrap", &["-v2c", "-c", "", &at, "", LINK_DOWN]).await.is_none() {
        return;
    }
    bench.until(|counts| counts.unknown_community == 1).await;
    assert!(bench.hints.try_recv().is_err());
}

#[tokio::test]
async fn a_device_that_lost_its_count_of_starts_is_heard_again_after_a_while() {
    let hirake = user("hirake", Some(Auth::Sha256), None);
    let trap = |clock: &'static str, at: &str| {
        let who = ["-v3", "-e", SENDER, "-u", "hirake", "-l", "authNoPriv", "-a", "SHA-256", "-A", PASSWORD];
        [&who[..], &["-Z", clock, at, "", LINK_DOWN]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for (forget, heard) in [(FORGET, 2), (Duration::from_millis(500), 3)] {
        let mut bench = Bench::forgetting(forget, &[hirake.clone(), town()]).await;
        let at = bench.at.to_string();
        for clock in ["7,100000", "1,20"] {
            let args = trap(clock, &at);
            if bench.run("snmptrap", &args.iter().map(String::as_str).collect::<Vec<_>>()).await.is_none() {
                return;
            }
            // As long as the shorter of the two takes to forget.
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        assert_eq!(bench.run("snmptrap", &["-v2c", "-c", "town", &at, "", LINK_DOWN]).await, Some(true));
        bench.until(|counts| counts.accepted == heard).await;
        bench.next().await;
    }
}

#[tokio::test]
async fn garbage_is_survived() {
    let mut bench = Bench::start(&[town()]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("socket");
    let trap = trap_v2c();
    for cut in 0..trap.len() {
        socket.send_to(&trap[..cut], bench.at).await.expect("sent");
        let mut bent = trap.clone();
        bent[cut] ^= 0xff;
        socket.send_to(&bent, bench.at).await.expect("sent");
        // The ear runs on this thread: let it read, or the socket's buffer overflows and nothing is shown.
        tokio::task::yield_now().await;
    }
    socket.send_to(&[0x30; 60_000], bench.at).await.expect("sent");
    socket.send_to(&trap, bench.at).await.expect("sent");
    // Bent in the right place it is still a trap; the last hint is that of the whole one.
    bench.until(|counts| counts.hints >= 1).await;
    assert!(bench.hints.recv().await.is_some());
}

#[tokio::test]
async fn a_flood_makes_one_hint_at_once_and_one_behind_it() {
    let mut bench = Bench::start(&[town()]).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("socket");
    let trap = trap_v2c();
    const FLOOD: u64 = 2_000;
    for sent in 0..FLOOD {
        socket.send_to(&trap, bench.at).await.expect("sent");
        bench.until(|counts| counts.accepted > sent).await;
    }
    bench.next().await;
    bench.next().await;
    let counts = bench.traps.counts();
    assert_eq!(counts.accepted, FLOOD);
    assert!(counts.hints <= 2 + FLOOD / 200, "one each two seconds, however slow this machine is: {counts:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_tried_again_and_stops_nothing() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("socket");
    let at = taken.local_addr().expect("address");
    let folder = tempfile::tempdir().expect("folder");
    let engine = Engine::open(&folder.path().join("engine")).expect("engine");
    let (hints_in, mut hints) = mpsc::channel(4);
    let traps = Traps::listen(at, &[town()], &engine, hints_in);
    let still_taken = tokio::time::timeout(RETRY / 10, traps.listening()).await;
    assert!(still_taken.is_err(), "nobody hears where another listens");
    drop(taken);
    assert_eq!(tokio::time::timeout(SOON, traps.listening()).await.expect("in time"), Some(at));
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("socket");
    socket.send_to(&trap_v2c(), at).await.expect("sent");
    assert_eq!(tokio::time::timeout(SOON, hints.recv()).await.expect("in time").expect("open").words(), "linkDown");
}

#[tokio::test]
async fn two_users_of_one_name_and_a_short_password_leave_the_others_heard() {
    let mut other = user("hirake", Some(Auth::Sha512), None);
    if let Credentials::V3(other) = &mut other {
        other.auth = Some((Auth::Sha512, secret("anotherone")));
    }
    let mut short = user("short", Some(Auth::Sha256), None);
    if let Credentials::V3(short) = &mut short {
        short.auth = Some((Auth::Sha256, secret("short")));
    }
    let mut bench = Bench::start(&[user("hirake", Some(Auth::Sha256), None), other, short, town()]).await;
    let at = bench.at.to_string();
    let first =
        ["-v3", "-e", SENDER, "-u", "hirake", "-l", "authNoPriv", "-a", "SHA-256", "-A", PASSWORD, &at, "", LINK_DOWN];
    if bench.run("snmptrap", &first).await.is_none() {
        return;
    }
    assert_eq!(bench.next().await.words(), "linkDown");
}

/// `snmptrap -v2c -c town … '' linkDown`, octet by octet (RFC 3416 §4.2.6).
fn trap_v2c() -> Vec<u8> {
    fn of(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        [&[tag, u8::try_from(body.len()).expect("short")], &body[..]].concat()
    }
    let up_time = of(0x30, &[&of(0x06, &[&[0x2b, 6, 1, 2, 1, 1, 3, 0]]), &of(0x43, &[&[1]])]);
    let link_down = of(0x06, &[&[0x2b, 6, 1, 6, 3, 1, 1, 5, 3]]);
    let name = of(0x30, &[&of(0x06, &[&[0x2b, 6, 1, 6, 3, 1, 1, 4, 1, 0]]), &link_down]);
    let binds = of(0x30, &[&up_time, &name]);
    let pdu = of(0xa7, &[&[2, 1, 7], &[2, 1, 0], &[2, 1, 0], &binds]);
    of(0x30, &[&[2, 1, 1], &of(0x04, &[b"town"]), &pdu])
}
