//! The pinned messages of `tests/wire/v1`: if one of these tests fails, the change is wrong, not the test.

use base64ct::{Base64UrlUnpadded, Encoding};
use ed25519_dalek::{Signature, Signer, SigningKey};
use firmware_config::ident::{ApId, TownId};
use firmware_config::wire::{
    AgentState, Counts, CountsStored, Distinct, Document, Heartbeat, JwsError, Order, Presence, Report, Sightings,
    SoFar, Topic, TurnedAwayReason, Unverified, compact, read, signing_input, write,
};
use serde_json::Value;

macro_rules! pinned {
    ($file:literal) => {
        include_bytes!(concat!("../wire/v1/", $file))
    };
}

/// What was pinned is read, and written again it says the same: nothing is dropped, renamed or added.
fn says_the_same<D: Document>(pinned: &[u8]) -> D {
    let document: D = read(pinned, None).expect("a pinned document is read");
    let again: Value = serde_json::from_slice(&write(&document)).expect("JSON");
    let pinned: Value = serde_json::from_slice(pinned).expect("JSON");
    assert_eq!(again, pinned);
    document
}

#[test]
fn every_pinned_document_is_read_and_written_the_same() {
    let order: Order = says_the_same(pinned!("order.json"));
    assert_eq!((order.number, order.facilities.len(), order.activations.len()), (42, 3, 2));
    assert_eq!(order.controller, None);
    let order: Order = says_the_same(pinned!("order-of-two-controllers.json"));
    let issuer = order.controller.expect("it says whose it is");
    assert_eq!((issuer.id.as_str(), issuer.rank, issuer.heard[0].activation), ("kouminkan", 2, 31));
    let heartbeat: Heartbeat = says_the_same(pinned!("controller.json"));
    assert_eq!(heartbeat.order.as_ref().map(|order| order.by.as_str()), Some("yakuba"));
    assert!(heartbeat.active && heartbeat.hears.values().next().is_some_and(|heard| heard.seq == 1201));
    let report: Report = says_the_same(pinned!("report.json"));
    assert_eq!((report.told, report.running, report.state), (42, 42, AgentState::Serving));
    let refused: Report = says_the_same(pinned!("report-refused.json"));
    assert_eq!(refused.turned_away.expect("turned away").reason, TurnedAwayReason::Stale);
    let alone: Report = says_the_same(pinned!("report-facility-key.json"));
    let key = alone.facility_key.expect("it has a key of its own");
    assert_eq!((key.open.map(|act| act.id), key.ended.len()), (Some(3), 2));
    let presence: Presence = says_the_same(pinned!("presence.json"));
    assert!(presence.online);
    let counts: Counts = says_the_same(pinned!("counts.json"));
    assert_eq!(counts.networks[1].joins, 41);
    let late: Counts = says_the_same(pinned!("counts-late.json"));
    assert_eq!((late.samples, late.age_ms, late.at_unsure, late.waiting), (30, Some(7_200_000), true, 511));
    assert_eq!(late.networks[0].so_far, Some(SoFar { joins: 57, leaves: 20 }));
    assert_eq!((counts.samples, counts.age_ms, counts.at_unsure, counts.waiting), (1, None, false, 0));
    let stored: CountsStored = says_the_same(pinned!("counts-stored.json"));
    assert_eq!((stored.samples[0].seq, stored.samples[0].samples), (5, None), "as an older controller says it");
    assert_eq!((stored.samples[1].seq, stored.samples[1].samples), (30, Some(30)));
    let distinct: Distinct = says_the_same(pinned!("distinct.json"));
    assert_eq!(distinct.activations[0].period.activation, 7);
    assert_eq!(distinct.activations[0].registers.estimate().round(), 3.0);
    let sightings: Sightings = says_the_same(pinned!("sightings.json"));
    assert_eq!(sightings.seen[1].ssid.as_bytes(), b"O000OJAPAN\0");
}

#[test]
fn fields_of_a_newer_peer_are_ignored() {
    let report: Report = read(pinned!("report-from-the-future.json"), None).expect("read all the same");
    assert_eq!(report.agent, "9.9.9");
}

#[test]
fn another_version_and_another_ap_are_turned_away() {
    let text = String::from_utf8(pinned!("presence.json").to_vec()).expect("UTF-8");
    assert!(read::<Presence>(text.replace("\"v\": 1", "\"v\": 2").as_bytes(), None).is_err());
    let other: ApId = "yakuba-2".parse().expect("valid");
    assert!(read::<Presence>(text.as_bytes(), Some(&other)).is_err());
}

/// The signed order, byte for byte: Ed25519 gives one signature for one text (RFC 8032), so it can be pinned whole.
#[test]
fn the_signed_order_is_this_text() {
    let order: Order = read(pinned!("order.json"), None).expect("read");
    let key = SigningKey::from_bytes(&[7; 32]);
    let input = signing_input(&order);
    let text = compact(&input, &key.sign(input.as_bytes()).to_bytes());
    assert_eq!(text, String::from_utf8_lossy(pinned!("order.jws")).trim());

    let verify = |key: &SigningKey, text: &str| {
        Unverified::parse(text.as_bytes()).and_then(|unverified| {
            let key = key.verifying_key();
            unverified.order(|input, signature| key.verify_strict(input, &Signature::from_bytes(signature)).is_ok())
        })
    };
    assert_eq!(verify(&key, &text).expect("the town's"), order);
    let other = SigningKey::from_bytes(&[8; 32]);
    assert!(matches!(verify(&other, &text), Err(JwsError::Signature)));
    // One changed number: the signature no longer fits.
    let (head, tail) = text.split_once('.').expect("three parts");
    let (payload, signature) = tail.split_once('.').expect("three parts");
    let payload = Base64UrlUnpadded::decode_vec(payload).expect("base64url");
    let forged = String::from_utf8(payload).expect("JSON").replace("\"number\":42", "\"number\":43");
    let forged = format!("{head}.{}.{signature}", Base64UrlUnpadded::encode_string(forged.as_bytes()));
    assert!(matches!(verify(&key, &forged), Err(JwsError::Signature)));
}

#[test]
fn the_topics_have_these_names() {
    let town: TownId = "shiomi".parse().expect("valid");
    let ap: ApId = "yakuba-1".parse().expect("valid");
    for (topic, name) in [
        (Topic::Order, "hirake/1/shiomi/order"),
        (Topic::OrderAgain(ap.clone()), "hirake/1/shiomi/ap/yakuba-1/order"),
        (Topic::Report(ap.clone()), "hirake/1/shiomi/ap/yakuba-1/report"),
        (Topic::Presence(ap.clone()), "hirake/1/shiomi/ap/yakuba-1/presence"),
        (Topic::Counts(ap.clone()), "hirake/1/shiomi/ap/yakuba-1/counts"),
        (Topic::CountsStored(ap.clone()), "hirake/1/shiomi/ap/yakuba-1/counts-stored"),
        (Topic::Distinct(ap.clone()), "hirake/1/shiomi/ap/yakuba-1/distinct"),
        (Topic::Sightings(ap), "hirake/1/shiomi/ap/yakuba-1/sightings"),
        (Topic::Controller("yakuba".parse().expect("valid")), "hirake/1/shiomi/controller/yakuba"),
    ] {
        assert_eq!(topic.name(&town), name);
        assert_eq!(Topic::parse(&town, name), Ok(topic));
    }
}
