//! SNMPv3 answers without proof: from who has no keys nothing is believed, not even that the credentials are wrong.

use hirake_snmp::credentials::{Auth, User};
use hirake_snmp::trouble::Trouble;

use super::ber::{bind, integer, number, octets, pdu, split, tlv};
use super::peer::{Peer, Reply};
use super::*;

const ENGINE: [u8; 12] = [0x80, 0, 0x1f, 0x88, 4, b'h', b'i', b'r', b'a', b'k', b'e', 9];

/// A message without authentication or privacy.
fn plain(id: i64, engine: &[u8], boots: i64, user: &str, inner: &[u8]) -> Vec<u8> {
    let header = tlv(0x30, &[integer(id), integer(65_507), octets(&[0]), integer(3)].concat());
    let security = tlv(
        0x30,
        &[octets(engine), integer(boots), integer(100), octets(user.as_bytes()), octets(&[]), octets(&[])].concat(),
    );
    let scoped = tlv(0x30, &[octets(engine), octets(&[]), inner.to_vec()].concat());
    tlv(0x30, &[integer(3), header, octets(&security), scoped].concat())
}

/// msgID, whether it asks who we are (no engine, no keys), and the PDU's request id.
fn read(datagram: &[u8]) -> (i64, bool, i64) {
    let (_, message, _) = split(datagram);
    let (_, _, rest) = split(message);
    let (_, header, rest) = split(rest);
    let (_, id, behind) = split(header);
    let (_, _, behind) = split(behind);
    let (_, flags, _) = split(behind);
    let (_, _, rest) = split(rest);
    let (_, scoped, _) = split(rest);
    let (_, _, inner) = split(scoped);
    let (_, _, inner) = split(inner);
    let (_, pdu, _) = split(inner);
    let (_, request, _) = split(pdu);
    (number(id), flags[0] & 1 == 0, number(request))
}

fn report(request: i64, which: u32) -> Vec<u8> {
    pdu(0xa8, request, 0, 0, &[bind(&[1, 3, 6, 1, 6, 3, 15, 1, 1, which, 0], &tlv(0x41, &[1]))])
}

fn user() -> Credentials {
    Credentials::V3(User { name: "town".into(), auth: Some((Auth::Sha256, secret("authauth1"))), privacy: None })
}

/// Shows: a peer that knows how discovery goes and answers everything else without keys is not believed.
#[tokio::test]
async fn answers_without_proof_are_not_believed() {
    let sockets = Sockets::open().await.expect("sockets");
    let peer = Peer::raw(|datagram| {
        let (id, discovery, request) = read(datagram);
        if discovery {
            return vec![Reply::Now(plain(id, &ENGINE, 1, "", &report(request, 4)))];
        }
        let lie = pdu(0xa2, request, 0, 0, &[bind(&NAME, &octets(b"a lie"))]);
        ["town", "", "root"].iter().map(|user| Reply::Now(plain(id, &ENGINE, 1, user, &lie))).collect()
    });
    let session = session(&sockets, peer.address, user()).await;
    let trouble = session.get(&[name()]).await.expect_err("nothing was proven");
    assert!(matches!(trouble, Trouble::NoAnswer { .. }), "{trouble}");
    assert!(sockets.stats().not_believed >= 3, "{:?}", sockets.stats());
}

/// Shows: forged reports that the engine has changed lead to asking who it is, again and again, never to more.
#[tokio::test]
async fn forged_reports_lead_round_in_no_circle() {
    for which in [2, 4] {
        let sockets = Sockets::open().await.expect("sockets");
        let mut datagrams = 0;
        let peer = Peer::raw(move |datagram| {
            datagrams += 1;
            let (id, _, request) = read(datagram);
            let engine = [&ENGINE[..11], &[datagrams]].concat();
            vec![Reply::Now(plain(id, &engine, i64::from(datagrams), "", &report(request, which)))]
        });
        let session = session(&sockets, peer.address, user()).await;
        for _ in 0..3 {
            assert!(session.get(&[name()]).await.is_err());
        }
        let asked = peer.asked.load(std::sync::atomic::Ordering::Relaxed);
        assert!(asked <= 24, "{asked} datagrams for three questions");
    }
}

/// Shows: engine identities no RFC allows, clocks out of bounds and nonsense in the security fields are not taken.
#[tokio::test]
async fn impossible_engines_are_not_taken() {
    let cases: [(&[u8], i64); 5] = [(&[], 1), (&[1, 2], 1), (&[7; 60], 1), (&[0; 12], 1), (&ENGINE, -1)];
    for (engine, boots) in cases {
        let sockets = Sockets::open().await.expect("sockets");
        let peer = Peer::raw(move |datagram| {
            let (id, _, request) = read(datagram);
            vec![Reply::Now(plain(id, engine, boots, "", &report(request, 4)))]
        });
        let session = session(&sockets, peer.address, user()).await;
        let got = session.get(&[name()]).await;
        assert!(got.is_err(), "{engine:?} {boots}: {got:?}");
    }
}

/// Shows: the question who a device is, lost on its way before the first SET, is asked again within seconds, however long
/// the SET itself may be waited for; and the SET is sent once.
#[tokio::test]
async fn a_set_does_not_wait_for_a_lost_question_who_the_device_is() {
    let sockets = Sockets::open().await.expect("sockets");
    let (tx, mut sets) = tokio::sync::mpsc::unbounded_channel();
    let mut lost = false;
    let peer = Peer::raw(move |datagram| {
        let (id, discovery, request) = read(datagram);
        if !discovery {
            let _ = tx.send(());
        }
        let answers = discovery && std::mem::replace(&mut lost, true);
        answers.then(|| Reply::Now(plain(id, &ENGINE, 1, "", &report(request, 4)))).into_iter().collect()
    });
    let session = session(&sockets, peer.address, user()).await;
    let bind = hirake_snmp::value::VarBind { oid: name(), value: hirake_snmp::value::Value::Integer(1) };
    let setting = tokio::spawn(async move { session.set(&[bind], Duration::from_secs(20)).await });
    tokio::time::timeout(Duration::from_secs(8), sets.recv()).await.expect("sent in time").expect("sent");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(sets.try_recv().is_err(), "once");
    setting.abort();
}
