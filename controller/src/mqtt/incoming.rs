//! The door of the post room: a topic and bytes in, events out; anything malformed becomes a refusal with its reason.

use std::sync::Arc;

use firmware_config::ident::{ApId, TownId};
use firmware_config::wire::{Document, Order, Report, Topic, read};

use crate::core::Event;
use crate::signing::TownKey;

/// Longest reason that is passed on: a hostile document must not fill the record.
const WHY_MAX_CHARS: usize = 200;

/// Knows the town's key, and the last order an AP showed.
pub(super) struct Door {
    key: Arc<TownKey>,
    /// After a restart every AP shows the same order; its signature is checked once.
    shown: Option<(String, Order)>,
}

impl Door {
    pub(super) fn new(key: Arc<TownKey>) -> Self {
        Self { key, shown: None }
    }

    /// One letter.
    pub(super) fn letter(&mut self, town: &TownId, topic: &str, bytes: &[u8], news: &mut Vec<Event>) {
        let parsed = match Topic::parse(town, topic) {
            Ok(parsed) => parsed,
            Err(error) => return news.push(refused(error.0.clone(), &error)),
        };
        match parsed {
            Topic::Order => news.push(match self.key.own_order(bytes) {
                Ok(order) => Event::OwnOrderSeen(order),
                Err(error) => Event::ForeignOrderSeen { why: short(&error) },
            }),
            Topic::Report(ap) => {
                if let Some(report) = open(topic, bytes, &ap, news) {
                    self.report(topic, report, news);
                }
            }
            Topic::Presence(ap) => {
                if let Some(presence) = open(topic, bytes, &ap, news) {
                    news.push(Event::Presence(presence));
                }
            }
            Topic::Counts(ap) => {
                if let Some(counts) = open(topic, bytes, &ap, news) {
                    news.push(Event::Counted(counts));
                }
            }
            Topic::Distinct(ap) => {
                if let Some(distinct) = open(topic, bytes, &ap, news) {
                    news.push(Event::Sketched(distinct));
                }
            }
            Topic::Sightings(ap) => {
                if let Some(sightings) = open(topic, bytes, &ap, news) {
                    news.push(Event::Overheard(sightings));
                }
            }
            Topic::Controller(id) => news.push(match self.key.own_heartbeat(bytes) {
                Ok(beat) if beat.id == id => Event::PeerHeard(beat),
                Ok(beat) => refused(topic.to_owned(), &format_args!("the heartbeat of \"{}\"", beat.id)),
                Err(error) => refused(topic.to_owned(), &error),
            }),
            Topic::OrderAgain(_) | Topic::CountsStored(_) => {
                news.push(refused(topic.to_owned(), &"only agents listen here"));
            }
        }
    }

    /// A report, and before it the order its AP holds, where it shows one that is ours.
    fn report(&mut self, topic: &str, mut report: Report, news: &mut Vec<Event>) {
        if let Some(text) = report.holds.take() {
            match &self.shown {
                Some((known, order)) if *known == text => news.push(Event::OwnOrderHeld(order.clone())),
                _ => match self.key.own_order(text.as_bytes()) {
                    Ok(order) => {
                        news.push(Event::OwnOrderHeld(order.clone()));
                        self.shown = Some((text, order));
                    }
                    Err(error) => news.push(refused(topic.to_owned(), &format_args!("the order it holds: {error}"))),
                },
            }
        }
        news.push(Event::Reported(report));
    }
}

fn open<D: Document>(topic: &str, bytes: &[u8], ap: &ApId, news: &mut Vec<Event>) -> Option<D> {
    match read(bytes, Some(ap)) {
        Ok(document) => Some(document),
        Err(error) => {
            news.push(refused(topic.to_owned(), &error));
            None
        }
    }
}

fn refused(from: String, why: &dyn std::fmt::Display) -> Event {
    Event::MessageRefused { from, why: short(why) }
}

fn short(why: &dyn std::fmt::Display) -> String {
    why.to_string().chars().take(WHY_MAX_CHARS).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Arc<TownKey> {
        let folder = tempfile::tempdir().expect("folder");
        Arc::new(TownKey::open(&folder.path().join("key")).expect("made"))
    }

    fn letter(door: &mut Door, topic: &str, text: &str) -> Vec<Event> {
        let mut news = Vec::new();
        door.letter(&"shiomi".parse().expect("valid"), topic, text.as_bytes(), &mut news);
        news
    }

    fn order(number: u64) -> Order {
        Order {
            v: 1,
            town: "shiomi".parse().expect("valid"),
            number,
            issued_at_ms: 5,
            controller: None,
            facilities: std::collections::BTreeMap::new(),
            activations: Vec::new(),
        }
    }

    const REPORT: &str = r#"{"v":1,"ap":"gym-1","facility":"gym","boot":"b","seq":1,"told":7,"running":7,
        "mode":"normal","since_ms":0,"state":"serving","networks":[],"agent":"0.1.0"HOLDS}"#;

    #[test]
    fn documents_become_events() {
        let mut door = Door::new(key());
        let presence = r#"{"v":1,"ap":"gym-1","online":true,"boot":"b"}"#;
        let counts =
            r#"{"v":1,"ap":"gym-1","boot":"b","seq":1,"at_ms":1,"interval_s":30,"mode":"normal","networks":[]}"#;
        for (leaf, text) in
            [("report", REPORT.replace("HOLDS", "").as_str()), ("presence", presence), ("counts", counts)]
        {
            let news = letter(&mut door, &format!("hirake/1/shiomi/ap/gym-1/{leaf}"), text);
            assert!(
                matches!(news.as_slice(), [Event::Reported(_) | Event::Presence(_) | Event::Counted(_)]),
                "{leaf}: {news:?}"
            );
        }
    }

    #[test]
    fn malformed_letters_are_refused_with_a_short_reason() {
        let mut door = Door::new(key());
        let long = format!(r#"{{"v":1,"ap":"gym-1","online":"{}"}}"#, "x".repeat(5_000));
        for (topic, text) in [
            ("hirake/1/shiomi/ap/gym-1/report", ""),
            ("hirake/1/shiomi/ap/gym-1/report", "{}"),
            ("hirake/1/shiomi/ap/gym-2/presence", r#"{"v":1,"ap":"gym-1","online":true,"boot":"b"}"#),
            ("hirake/1/shiomi/ap/gym-1/presence", r#"{"v":2,"ap":"gym-1","online":true,"boot":"b"}"#),
            ("hirake/1/shiomi/ap/gym-1/presence", long.as_str()),
            ("hirake/1/other/order", "x"),
            ("\u{1b}[2J", "x"),
        ] {
            let news = letter(&mut door, topic, text);
            let [Event::MessageRefused { from, why }] = news.as_slice() else {
                unreachable!("one refusal expected: {news:?}")
            };
            assert!(!why.is_empty() && why.len() < 2 * WHY_MAX_CHARS, "{why}");
            assert!(!from.contains('\u{1b}'), "no control characters: {from:?}");
        }
    }

    #[test]
    fn an_order_is_own_or_foreign_by_its_signature() {
        let key = key();
        let mut door = Door::new(Arc::clone(&key));
        let ours = key.sign(&order(3));
        assert_eq!(letter(&mut door, "hirake/1/shiomi/order", &ours), [Event::OwnOrderSeen(order(3))]);
        for foreign in ["", "{}", ours.replacen('.', ".x", 1).as_str(), self::key().sign(&order(3)).as_str()] {
            let news = letter(&mut door, "hirake/1/shiomi/order", foreign);
            assert!(matches!(news.as_slice(), [Event::ForeignOrderSeen { .. }]), "{news:?}");
        }
    }

    #[test]
    fn an_order_that_an_ap_holds_is_shown_before_its_report() {
        let key = key();
        let mut door = Door::new(Arc::clone(&key));
        let holds = |text: &str| REPORT.replace("HOLDS", &format!(r#","holds":"{text}""#));
        for _ in 0..2 {
            let news = letter(&mut door, "hirake/1/shiomi/ap/gym-1/report", &holds(&key.sign(&order(9))));
            assert!(
                matches!(news.as_slice(), [Event::OwnOrderHeld(seen), Event::Reported(_)] if *seen == order(9)),
                "{news:?}"
            );
        }
        let forged = self::key().sign(&order(99));
        let news = letter(&mut door, "hirake/1/shiomi/ap/gym-1/report", &holds(&forged));
        assert!(
            matches!(news.as_slice(), [Event::MessageRefused { .. }, Event::Reported(report)] if report.holds.is_none()),
            "{news:?}"
        );
    }
}
