//! Single answers that are wrong: each is dropped and counted, and the true one among them is taken.

use std::sync::atomic::Ordering;

use hirake_snmp::profile::manners::ReplyFrom;
use hirake_snmp::trouble::Trouble;
use hirake_snmp::value::{Value, VarBind};

use super::ber::{self, bind, integer, message, octets, pdu, tlv};
use super::peer::{Asked, Peer, Reply};
use super::*;

/// What no test may ever read.
fn lie() -> Vec<u8> {
    bind(&NAME, &octets(b"a lie"))
}

fn truth(asked: &Asked) -> Vec<u8> {
    asked.answer(&[bind(&NAME, &octets(b"the truth"))])
}

/// Many octets that no two runs of a test know apart (xorshift, from a fixed start).
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// So many fit into the socket at once.
const GROUP: usize = 12;

/// Wrong answers, by what is wrong with them.
fn wrong(asked: &Asked) -> Vec<(&'static str, Vec<u8>)> {
    let id = asked.id;
    let with = |binds: &[Vec<u8>]| message(1, "public", &pdu(0xa2, id, 0, 0, binds));
    let right = with(&[lie()]);
    let mut all = vec![
        ("another request id", message(1, "public", &pdu(0xa2, id ^ 1, 0, 0, &[lie()]))),
        ("a negative request id", message(1, "public", &pdu(0xa2, -id, 0, 0, &[lie()]))),
        ("another community", message(1, "private", &pdu(0xa2, id, 0, 0, &[lie()]))),
        ("no community", message(1, "", &pdu(0xa2, id, 0, 0, &[lie()]))),
        ("version 1", message(0, "public", &pdu(0xa2, id, 0, 0, &[lie()]))),
        ("version 3 in a v2c message", message(3, "public", &pdu(0xa2, id, 0, 0, &[lie()]))),
        ("a version no RFC knows", message(77, "public", &pdu(0xa2, id, 0, 0, &[lie()]))),
        ("a request instead of an answer", message(1, "public", &pdu(0xa0, id, 0, 0, &[lie()]))),
        ("a trap instead of an answer", message(1, "public", &pdu(0xa7, id, 0, 0, &[lie()]))),
        ("a report instead of an answer", message(1, "public", &pdu(0xa8, id, 0, 0, &[lie()]))),
        ("a PDU type no RFC knows", message(1, "public", &pdu(0xaf, id, 0, 0, &[lie()]))),
        ("an empty datagram", Vec::new()),
        ("one octet", vec![0x30]),
        ("a length of 4 GB", vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1]),
        ("a length of 16 exabytes", vec![0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 1, 1]),
        ("an indefinite length", [&[0x30, 0x80][..], &right[2..], &[0, 0]].concat()),
        ("a length of lengths", vec![0x30, 0xff, 0, 0]),
        ("a varbind that is no sequence", with(&[integer(5)])),
        ("a varbind without a value", with(&[tlv(0x30, &ber::oid(&NAME))])),
        ("a name that does not end", with(&[tlv(0x30, &[tlv(6, &[0x2b, 0xff, 0xff]), octets(b"a lie")].concat())])),
        ("a name of 200 arcs", with(&[tlv(0x30, &[tlv(6, &[0x2b; 200]), octets(b"a lie")].concat())])),
        (
            "an arc of 40 bits",
            with(&[tlv(0x30, &[tlv(6, &[0x2b, 0x90, 0x80, 0x80, 0x80, 0x80, 1]), octets(b"a lie")].concat())]),
        ),
        ("an address of five octets", with(&[bind(&NAME, &tlv(0x40, &[1, 2, 3, 4, 5]))])),
        ("a NULL with content", with(&[bind(&NAME, &tlv(5, b"a lie"))])),
        ("a number of 30 octets", with(&[bind(&NAME, &tlv(2, &[1; 30]))])),
        ("a Counter64 of 30 octets", with(&[bind(&NAME, &tlv(0x46, &[1; 30]))])),
        ("sequences in sequences", (0..2000).fold(lie(), |inner, _| tlv(0x30, &inner))),
        ("65 kB of noise", noise(7, 65_000)),
    ];
    for length in 1..right.len() {
        all.push(("cut short", right[..length].to_vec()));
    }
    for seed in 0..200 {
        all.push(("noise", noise(seed, usize::try_from(seed).expect("small"))));
        let mut flipped = right.clone();
        // Not in the value: a lie with one letter changed would not be recognised below.
        let at = usize::try_from(seed).expect("small") % (right.len() - 8);
        let bit = 1 << (seed % 8);
        flipped[at] ^= bit;
        // What is left of it may be a right answer: with a bit of the value's type or length flipped, say.
        if at < 20 {
            all.push(("a bit flipped", flipped));
        }
    }
    all
}

/// Shows: of hundreds of wrong answers none is believed, none harms, and the true one behind them is taken.
#[tokio::test]
async fn no_wrong_answer_is_believed_and_the_true_one_behind_them_is() {
    let sockets = Sockets::open().await.expect("sockets");
    let mut which = 0;
    // In groups: what lies in the socket's buffer at once must fit into it.
    let count = wrong(&Asked { tag: 0xa0, id: 1, repetitions: 0, names: Vec::new() }).len();
    let groups = count.div_ceil(GROUP);
    let peer = Peer::new(move |asked| {
        let all = wrong(asked);
        let some = all.chunks(GROUP).nth(which).unwrap_or_default();
        which += 1;
        let mut replies: Vec<Reply> = some.iter().map(|(_, datagram)| Reply::Now(datagram.clone())).collect();
        replies.push(Reply::Now(truth(asked)));
        replies
    });
    let session = session(&sockets, peer.address, v2c()).await;
    session.set_manners(Manners { timeout: Duration::from_secs(10), retries: 0, ..quick() });
    for group in 0..groups {
        let found = session.get(&[name()]).await.expect("the true answer");
        let expected = VarBind { oid: name(), value: Value::Octets(b"the truth".to_vec()) };
        assert_eq!(found, [expected], "in group {group}");
    }
    let stats = sockets.stats();
    let dropped = stats.malformed + stats.late_or_unknown + stats.not_believed;
    assert!(dropped > u64::try_from(count).expect("small") * 8 / 10, "{stats:?}");
}

/// Shows: wrong answers and nothing behind them come to silence after the tries, in time, not to an answer.
#[tokio::test]
async fn wrong_answers_alone_are_silence() {
    let sockets = Sockets::open().await.expect("sockets");
    let peer =
        Peer::new(|asked| wrong(asked).into_iter().take(GROUP).map(|(_, datagram)| Reply::Now(datagram)).collect());
    let session = session(&sockets, peer.address, v2c()).await;
    let trouble = session.get(&[name()]).await.expect_err("nothing true came");
    let Trouble::NoAnswer { waited } = trouble else { return assert_eq!(trouble.to_string(), "") };
    assert!(waited >= Duration::from_millis(290) && waited < Duration::from_secs(3), "{waited:?}");
    assert_eq!(peer.asked.load(Ordering::Relaxed), 2, "one retry");
    assert_eq!((sockets.stats().timeouts, sockets.stats().resent), (1, 1));
}

/// Shows: an answer from another port is not taken, unless the platform's manners say that it may come from anywhere.
#[tokio::test]
async fn answers_from_another_address_are_taken_only_where_that_is_so() {
    let sockets = Sockets::open().await.expect("sockets");
    let peer = Peer::new(|asked| vec![Reply::FromElsewhere(asked.answer(&[lie()]))]);
    let session = session(&sockets, peer.address, v2c()).await;
    assert!(matches!(session.get(&[name()]).await, Err(Trouble::NoAnswer { .. })));
    assert_eq!(sockets.stats().wrong_source, 2, "both tries were answered from elsewhere");
    session.set_manners(Manners { reply_from: ReplyFrom::Any, ..quick() });
    assert_eq!(session.get(&[name()]).await.map(|found| found.len()), Ok(1));
}

/// Shows: an answer that comes after its request was given up, or twice, is nothing to the next request.
#[tokio::test]
async fn late_and_repeated_answers_are_nothing_to_the_next_request() {
    let sockets = Sockets::open().await.expect("sockets");
    let mut requests = 0;
    let peer = Peer::new(move |asked| {
        requests += 1;
        match requests {
            1 => vec![Reply::After(Duration::from_millis(250), asked.answer(&[lie()]))],
            _ => {
                let late = Reply::After(Duration::from_millis(120), truth(asked));
                vec![Reply::Now(truth(asked)), Reply::Now(asked.answer(&[lie()])), late]
            }
        }
    });
    let session = session(&sockets, peer.address, v2c()).await;
    session.set_manners(Manners { retries: 0, timeout: Duration::from_millis(150), ..quick() });
    assert!(matches!(session.get(&[name()]).await, Err(Trouble::NoAnswer { .. })));
    session.set_manners(Manners { retries: 0, timeout: Duration::from_secs(5), ..quick() });
    for _ in 0..20 {
        let found = session.get(&[name()]).await.expect("the true answer");
        assert_eq!(found[0].value, Value::Octets(b"the truth".to_vec()));
    }
    // A second answer that lies behind the true one before the session wakes goes with it uncounted; what was sent 120 ms
    // later meets nobody's request any more, and each of those 20 is counted.
    let counted = tokio::time::timeout(Duration::from_secs(10), async {
        while sockets.stats().late_or_unknown < 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(counted.await.is_ok(), "{:?}", sockets.stats());
}

/// Shows: varbinds too few, too many, others, or in another order: by name each is what it is, and the rest is named.
#[tokio::test]
async fn varbinds_are_known_by_name_and_strange_ones_are_not_believed() {
    let sockets = Sockets::open().await.expect("sockets");
    let other: Vec<u32> = [1, 3, 6, 1, 2, 1, 1, 6, 0].to_vec();
    let mut requests = 0;
    let peer = Peer::new(move |asked| {
        requests += 1;
        let (one, two) = (bind(&NAME, &octets(b"1")), bind(&other, &octets(b"2")));
        let strange = bind(&[1, 3, 6, 1, 4, 1, 9, 0], &octets(b"a lie"));
        let binds = match requests {
            1 => vec![two, one],
            2 => vec![one],
            3 => vec![one.clone(), strange, two, one, lie()],
            4 => vec![],
            _ => (0..2000).map(|_| strange.clone()).collect(),
        };
        vec![Reply::Now(asked.answer(&binds))]
    });
    let session = session(&sockets, peer.address, v2c()).await;
    let both = [name(), "1.3.6.1.2.1.1.6.0".parse().expect("valid")];
    for expected in [vec!["1", "2"], vec!["1"], vec!["1", "2"], vec![], vec![]] {
        let mut found = session.get(&both).await.expect("an answer");
        found.sort_by(|one, other| one.oid.cmp(&other.oid));
        let values: Vec<Value> = expected.iter().map(|text| Value::Octets(text.as_bytes().to_vec())).collect();
        assert_eq!(found.into_iter().map(|bind| bind.value).collect::<Vec<_>>(), values);
    }
    assert_eq!(sockets.stats().misshapen, 4, "all but the one in another order");
}

/// Shows: a SET is sent once, whatever happens; an answer with anything but what was written is no success.
#[tokio::test]
async fn a_set_is_sent_once_and_only_its_own_echo_is_success() {
    let sockets = Sockets::open().await.expect("sockets");
    let mut requests = 0;
    let peer = Peer::new(move |asked| {
        requests += 1;
        let echo = |value: Vec<u8>| vec![Reply::Now(asked.answer(&[bind(&NAME, &value)]))];
        match requests {
            1 => echo(integer(1)),
            2 => echo(integer(2)),
            3 => echo(tlv(0x81, &[])),
            4 => vec![Reply::Now(asked.answer(&[]))],
            5 => vec![Reply::Now(message(1, "public", &pdu(0xa2, asked.id, 17, 9999, &[lie()])))],
            6 => vec![Reply::Now(message(1, "public", &pdu(0xa2, asked.id, -5, -1, &[lie()])))],
            _ => vec![],
        }
    });
    let session = session(&sockets, peer.address, v2c()).await;
    let one = [VarBind { oid: name(), value: Value::Integer(1) }];
    let within = Duration::from_millis(400);
    assert_eq!(session.set(&one, within).await, Ok(()));
    for what in ["another value", "noSuchInstance", "nothing"] {
        let broken = session.set(&one, within).await;
        assert!(matches!(broken, Err(Trouble::Broken(_))), "{what}: {broken:?}");
    }
    for _ in 0..2 {
        assert!(matches!(session.set(&one, within).await, Err(Trouble::Refused { .. })));
    }
    let before = peer.asked.load(Ordering::Relaxed);
    assert!(matches!(session.set(&one, within).await, Err(Trouble::NoAnswer { .. })));
    assert_eq!(peer.asked.load(Ordering::Relaxed) - before, 1, "sent once");
}
