//! Polls of the walks written for the project, over the wire; and their datagrams as seeds for the fuzz target.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hirake_snmp::profile::library::Library;
use hirake_snmp::session::replay;

use super::ber::{bind, integer, octets, oid, tlv};
use super::peer::{Asked, Peer, Reply};
use super::*;

type Walk = BTreeMap<Vec<u32>, Vec<u8>>;

/// A walk (`OID|TAG|VALUE`, the format of snmpsim), each value encoded.
fn walk(text: &str) -> Walk {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|line| {
        let mut parts = line.splitn(3, '|');
        let mut next = || parts.next().expect("three parts");
        let (name, tag, value) = (next(), next(), next());
        let arcs = |text: &str| text.split('.').map(|arc| arc.parse().expect("an arc")).collect::<Vec<u32>>();
        let number = |tag| {
            let number: i128 = value.parse().expect("a number");
            tlv(tag, &number.to_be_bytes()[7..])
        };
        let unhex = |text: &str| -> Vec<u8> {
            let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hexadecimal"));
            pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
        };
        let value = match tag {
            "2" => integer(value.parse().expect("a number")),
            "4" => octets(value.as_bytes()),
            "4x" => octets(&unhex(value)),
            "6" => oid(&arcs(value)),
            "64" => tlv(0x40, &value.split('.').map(|part| part.parse().expect("an octet")).collect::<Vec<u8>>()),
            "64x" => tlv(0x40, &unhex(value)),
            "65" => number(0x41),
            "66" => number(0x42),
            "67" => number(0x43),
            "70" => number(0x46),
            other => octets(other.as_bytes()),
        };
        (arcs(name), value)
    });
    read.collect()
}

fn answer(asked: &Asked, walk: &Walk) -> Vec<Vec<u8>> {
    if asked.tag == 0xa0 {
        let found = asked.names.iter().map(|name| match walk.get(name) {
            Some(value) => bind(name, value),
            None => bind(name, &tlv(0x81, &[])),
        });
        return found.collect();
    }
    let mut at = asked.names.clone();
    let mut binds = Vec::new();
    for _ in 0..if asked.tag == 0xa5 { asked.repetitions } else { 1 } {
        for name in &mut at {
            match walk.range(name.clone()..).find(|(found, _)| *found != name) {
                Some((found, value)) => {
                    binds.push(bind(found, value));
                    name.clone_from(found);
                }
                None => binds.push(bind(name, &tlv(0x82, &[]))),
            }
        }
    }
    binds
}

/// Shows: each platform's walk, polled over the wire, replays from its datagrams to the same sheet. With
/// HIRAKE_SNMP_SEEDS=FOLDER the datagrams are written there, as the fuzz target takes them.
#[tokio::test]
async fn every_platforms_poll_replays_from_its_datagrams() {
    let library = Library::shipped().expect("proven");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/walks");
    let mut polled = 0;
    for (which, profile) in library.all().enumerate() {
        let Ok(text) = std::fs::read_to_string(folder.join(format!("{}.snmprec", profile.id))) else { continue };
        let walk = walk(&text);
        let datagrams = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&datagrams);
        let peer = Peer::new(move |asked| {
            let datagram = asked.answer(&answer(asked, &walk));
            kept.lock().expect("held").push(datagram.clone());
            vec![Reply::Now(datagram)]
        });
        let sockets = Sockets::open().await.expect("sockets");
        let session = session(&sockets, peer.address, v2c()).await;
        session.set_manners(Manners { timeout: Duration::from_secs(20), ..profile.manners.clone() });
        let (sheet, faults) = session.poll(profile.plan(), Duration::from_secs(30)).await.expect("a poll");
        let datagrams = datagrams.lock().expect("held").clone();
        let taken: Vec<&[u8]> = datagrams.iter().map(Vec::as_slice).collect();
        let (again, same) = replay(profile.plan(), &profile.manners, &taken);
        assert_eq!(again, sheet, "{}: {faults:?} {same:?}", profile.id);
        assert!(!sheet.is_empty(), "{}", profile.id);
        polled += 1;
        if let Ok(folder) = std::env::var("HIRAKE_SNMP_SEEDS") {
            let mut seed = vec![u8::try_from(which).expect("fewer than 256 profiles")];
            for datagram in &datagrams {
                seed.extend(u16::try_from(datagram.len()).expect("a datagram").to_be_bytes());
                seed.extend(datagram);
            }
            std::fs::write(Path::new(&folder).join(&profile.id), seed).expect("written");
        }
    }
    assert!(polled >= 10, "{polled} walks");
}
