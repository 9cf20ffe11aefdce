//! Brokers that misbehave in ways no real one can be asked to: each is a socket that says what the test wants.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use crate::rig::{PATIENCE, Rig};

/// The first byte of a packet and what follows its length.
fn packet(stream: &mut TcpStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    let (first, mut length, mut shift) = (byte[0], 0_usize, 0);
    loop {
        stream.read_exact(&mut byte)?;
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut rest = vec![0; length];
    stream.read_exact(&mut rest)?;
    Ok((first, rest))
}

/// Serves one connection; `PUBLISH`es are acknowledged or not. Ends when the agent hangs up; says what was published.
fn serve(mut stream: TcpStream, acknowledges: bool, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut topics = Vec::new();
    while let Ok((first, rest)) = packet(&mut stream) {
        let answer = match first >> 4 {
            1 => vec![0x20, 2, 0, 0],
            8 => vec![0x90, 4, rest[0], rest[1], 1, 1],
            12 => vec![0xd0, 0],
            3 => {
                let length = usize::from(rest[0]) << 8 | usize::from(rest[1]);
                topics.push(String::from_utf8_lossy(&rest[2..2 + length]).into_owned());
                let id = &rest[2 + length..4 + length];
                if acknowledges { vec![0x40, 2, id[0], id[1]] } else { Vec::new() }
            }
            _ => Vec::new(),
        };
        if stream.write_all(&answer).is_err() || enough(&topics) {
            break;
        }
    }
    topics
}

/// A broker that takes letters, answers pings and acknowledges nothing looks alive to TCP. It is left within seconds,
/// and the next connection carries everything again.
#[test]
fn a_broker_that_acknowledges_nothing_is_left() {
    let rig = Rig::new();
    let listener = TcpListener::bind(("127.0.0.1", rig.port)).expect("the port is free");
    let _agent = rig.agent();
    let (deaf, _) = listener.accept().expect("it connects");
    let start = Instant::now();
    let topics = serve(deaf, false, |_| false);
    assert_eq!(topics, ["hirake/1/shiomi/ap/yakuba-1/presence"], "one letter at a time");
    assert!(start.elapsed() < PATIENCE, "it hung up by itself");
    let (good, _) = listener.accept().expect("it connects again");
    let topics = serve(good, true, |topics| topics.len() == 2);
    assert_eq!(topics[1], "hirake/1/shiomi/ap/yakuba-1/report");
}

/// A broker that cuts every connection at once is not hammered.
#[test]
fn a_broker_that_hangs_up_at_once_is_given_time() {
    let rig = Rig::new();
    let listener = TcpListener::bind(("127.0.0.1", rig.port)).expect("the port is free");
    let _agent = rig.agent();
    let (stream, _) = listener.accept().expect("it connects");
    drop(stream);
    let start = Instant::now();
    for _ in 0..5 {
        drop(listener.accept().expect("it connects again").0);
    }
    // Waits of 1, 1, 1, 2 and 4 s, each at least half of it.
    assert!(start.elapsed().as_millis() >= 4500, "{:?}", start.elapsed());
}

/// A broker that falls silent with its connection standing, as a cut cable makes it, is left after about five seconds
/// and tried at once again: its own kernel would repeat an order ever more rarely.
#[test]
fn a_broker_that_falls_silent_is_left_within_seconds() {
    let rig = Rig::new();
    let listener = TcpListener::bind(("127.0.0.1", rig.port)).expect("the port is free");
    let _agent = rig.agent();
    let (mut silent, _) = listener.accept().expect("it connects");
    let topics = serve(silent.try_clone().expect("cloned"), true, |topics| topics.len() == 2);
    assert_eq!(topics.len(), 2);
    let cut = Instant::now();
    while packet(&mut silent).is_ok() {}
    let left = cut.elapsed().as_millis();
    assert!((2_500..7_500).contains(&left), "left after {left} ms");
    let (good, _) = listener.accept().expect("it connects again");
    assert!(cut.elapsed().as_millis() - left < 2_500, "and at once");
    assert_eq!(serve(good, true, |topics| topics.len() == 2).len(), 2);
}

/// What is not MQTT at all does not bring the agent down.
#[test]
fn a_broker_that_talks_nonsense_is_tried_again() {
    let rig = Rig::new();
    let listener = TcpListener::bind(("127.0.0.1", rig.port)).expect("the port is free");
    let _agent = rig.agent();
    for nonsense in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0x20, 2, 0, 5], &[0xff; 64]] {
        let (mut stream, _) = listener.accept().expect("it connects");
        packet(&mut stream).expect("CONNECT");
        stream.write_all(nonsense).expect("said");
    }
    let (good, _) = listener.accept().expect("it connects again");
    assert_eq!(serve(good, true, |topics| topics.len() == 2).len(), 2);
}
