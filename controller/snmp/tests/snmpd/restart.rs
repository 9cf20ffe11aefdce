//! Devices that start again while they are polled: with their clock, without it, as another device.

use super::child::{Snmpd, missing};
use super::*;

const USERS: &str = "createUser town SHA-256 authauth1 AES privpriv1\nrwuser town priv\n\
    createUser writer SHA authauth1 DES privpriv1\nrwuser writer priv\n";
const SAME: &str = "0x80001f8804686972616b6501";
const OTHER: &str = "0x80001f8804686972616b6502";

/// With the count of starts that its last run left; `snmpd` makes it one more. Without: as new.
fn conf(engine: &str, boots: Option<u32>) -> String {
    let remembered = boots.map_or_else(String::new, |boots| format!("oldEngineID {engine}\nengineBoots {boots}\n"));
    format!("exactEngineID {engine}\n{remembered}{USERS}")
}

/// Polls until it answers again; says in which poll that was.
async fn polls_until_back(session: &Session) -> u32 {
    let plan = Plan { get: vec![oid("1.3.6.1.2.1.1.3.0")], tables: Vec::new() };
    for poll in 1..=5 {
        if session.poll(&plan, Duration::from_secs(10)).await.is_ok() {
            return poll;
        }
    }
    u32::MAX
}

/// Shows: after a restart with its count of starts one higher, lost, or with another identity, polling goes on by itself,
/// and so do SETs by another user, in the first poll; with one datagram lost to it at most.
#[tokio::test]
async fn polling_recovers_by_itself_from_every_kind_of_restart() {
    if missing() {
        return;
    }
    let mut snmpd = Snmpd::start(&conf(SAME, Some(7)));
    let sockets = Sockets::open().await.expect("sockets");
    let read = user("town", Some(Auth::Sha256), Some(Privacy::Aes128));
    let write = user("writer", Some(Auth::Sha1), Some(Privacy::Des));
    let session = session(&sockets, &device(snmpd.port, read, Some(write))).await;
    let name = VarBind { oid: oid("1.3.6.1.2.1.1.5.0"), value: Value::Octets(b"ap-1".to_vec()) };
    assert_eq!(polls_until_back(&session).await, 1);
    session.set(std::slice::from_ref(&name), Duration::from_secs(5)).await.expect("written");
    for (what, engine, boots) in [
        ("one start later", SAME, Some(8)),
        ("count of starts lost", SAME, None),
        ("another identity", OTHER, None),
        ("the first identity again", SAME, Some(3)),
    ] {
        snmpd.start_again(&conf(engine, boots));
        let before = sockets.stats();
        let polls = polls_until_back(&session).await;
        let found_out = sockets.stats().rediscoveries - before.rediscoveries;
        let boots = session.get(&[oid("1.3.6.1.6.3.10.2.1.2.0")]).await.expect("snmpEngineBoots");
        let boots = boots[0].value.number().expect("a number");
        println!("{what} (snmpEngineBoots {boots}): back in poll {polls}, engine found out anew {found_out} times");
        assert_eq!(polls, 1, "{what}");
        session.set(std::slice::from_ref(&name), Duration::from_secs(5)).await.unwrap_or_else(|trouble| {
            assert_eq!(what, "", "the SET after: {trouble}");
        });
    }
    assert!(sockets.stats().rediscoveries >= 3, "{:?}", sockets.stats());
}

/// Shows: a device that was silent for long and comes back as another is found out anew without a word from it.
#[tokio::test]
async fn a_device_that_was_gone_is_asked_who_it_is_when_it_comes_back() {
    if missing() {
        return;
    }
    let mut snmpd = Snmpd::start(&conf(SAME, Some(7)));
    let sockets = Sockets::open().await.expect("sockets");
    let session =
        session(&sockets, &device(snmpd.port, user("town", Some(Auth::Sha256), Some(Privacy::Aes128)), None)).await;
    session.set_manners(Manners { timeout: Duration::from_millis(300), ..Manners::default() });
    assert_eq!(polls_until_back(&session).await, 1);
    snmpd.kill();
    let plan = Plan { get: vec![oid("1.3.6.1.2.1.1.3.0")], tables: Vec::new() };
    for _ in 0..2 {
        let trouble = session.poll(&plan, Duration::from_secs(5)).await.expect_err("it is gone");
        assert!(matches!(trouble, Trouble::NoAnswer { .. }), "{trouble}");
    }
    snmpd.start_again(&conf(OTHER, None));
    session.set_manners(Manners { timeout: Duration::from_secs(1), ..Manners::default() });
    assert_eq!(polls_until_back(&session).await, 1);
}
