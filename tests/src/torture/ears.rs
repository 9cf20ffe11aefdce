//! Hears every message of the town and holds it against what was heard before: one number, one order, for ever.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use rumqttc::{AsyncClient, Event, MqttOptions, NetworkOptions, Packet, QoS};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::inventory::TOWN;

/// A broker that is gone is tried again after this.
const AGAIN: Duration = Duration::from_millis(100);
/// Largest packet heard.
const PACKET_MAX_BYTES: usize = 4 << 20;

/// What was heard.
#[derive(Debug, Default)]
pub struct Heard {
    /// The text of each order, by its number.
    orders: BTreeMap<u64, Vec<u8>>,
    /// By AP and start of its agent: the newest order it said it was told, and in which report.
    told: HashMap<(String, String), (u64, u64)>,
    /// The samples: AP, start, number.
    samples: BTreeSet<(String, String, u64)>,
    /// Messages of samples, those said again included.
    sample_messages: u64,
    /// What contradicts what was heard before.
    pub wrong: Vec<String>,
}

impl Heard {
    /// How many orders there were.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.orders.len()
    }

    /// How many samples were heard, and how many messages carried them.
    #[must_use]
    pub fn samples(&self) -> (usize, u64) {
        (self.samples.len(), self.sample_messages)
    }

    fn hear(&mut self, topic: &str, payload: &[u8]) {
        let path: Vec<&str> = topic.split('/').collect();
        match path.get(3..).unwrap_or_default() {
            ["order"] | ["ap", _, "order"] => self.order(topic, payload),
            ["ap", ap, "report"] => self.report(ap, payload),
            ["ap", ap, "counts"] => self.counts(ap, payload),
            _ => {}
        }
    }

    fn order(&mut self, topic: &str, payload: &[u8]) {
        let Some(number) = number_of(payload) else {
            self.wrong.push(format!("{topic}: an order that cannot be read"));
            return;
        };
        if self.orders.get(&number).is_some_and(|known| known != payload) {
            self.wrong.push(format!("{topic}: order {number} again, with other content"));
        }
        self.orders.entry(number).or_insert_with(|| payload.to_vec());
    }

    fn report(&mut self, ap: &str, payload: &[u8]) {
        let Ok(report) = serde_json::from_slice::<Value>(payload) else { return };
        let (Some(boot), Some(seq), Some(told)) =
            (report["boot"].as_str(), report["seq"].as_u64(), report["told"].as_u64())
        else {
            return;
        };
        let (last_told, last_seq) = self.told.entry((ap.to_owned(), boot.to_owned())).or_default();
        // A report that the broker kept comes again when we come back; it is no newer for that.
        if seq > *last_seq {
            if told < *last_told {
                self.wrong.push(format!("{ap}: told {told} in report {seq}, and {last_told} in report {last_seq}"));
            }
            (*last_told, *last_seq) = (told, seq);
        }
    }

    fn counts(&mut self, ap: &str, payload: &[u8]) {
        let Ok(sample) = serde_json::from_slice::<Value>(payload) else { return };
        if let (Some(boot), Some(seq)) = (sample["boot"].as_str(), sample["seq"].as_u64()) {
            self.sample_messages += 1;
            self.samples.insert((ap.to_owned(), boot.to_owned(), seq));
        }
    }
}

/// The number of a signed order, whoever signed it.
fn number_of(signed: &[u8]) -> Option<u64> {
    let payload = std::str::from_utf8(signed).ok()?.split('.').nth(1)?;
    let payload = Base64UrlUnpadded::decode_vec(payload).ok()?;
    serde_json::from_slice::<Value>(&payload).ok()?["number"].as_u64()
}

/// Ears at the broker, until they are dropped.
#[derive(Debug)]
pub struct Ears {
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

impl Ears {
    /// Listens at `broker`, and again whenever it comes back.
    #[must_use]
    pub fn open(broker: SocketAddr) -> Self {
        let heard = Arc::<Mutex<Heard>>::default();
        let task = tokio::spawn(listen(broker, Arc::clone(&heard)));
        Self { heard, task }
    }

    /// What was heard so far.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().expect("nobody panics while listening")
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(broker: SocketAddr, heard: Arc<Mutex<Heard>>) {
    let mut options = MqttOptions::new("ears", broker.ip().to_string(), broker.port());
    options.set_max_packet_size(PACKET_MAX_BYTES, PACKET_MAX_BYTES).set_keep_alive(Duration::from_secs(5));
    let (client, mut events) = AsyncClient::new(options, 64);
    let mut network = NetworkOptions::new();
    network.set_connection_timeout(2).set_tcp_nodelay(true);
    events.set_network_options(network);
    loop {
        match events.poll().await {
            // Should the queue be full after all, the broker's next restart makes it good.
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                _ = client.try_subscribe(format!("hirake/1/{TOWN}/#"), QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                let mut heard = heard.lock().expect("nobody panics while listening");
                heard.hear(&message.topic, &message.payload);
            }
            Ok(_) => {}
            Err(_) => sleep(AGAIN).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(text: &str) -> Vec<u8> {
        format!("e30.{}.sig", Base64UrlUnpadded::encode_string(text.as_bytes())).into_bytes()
    }

    #[test]
    fn one_number_with_two_contents_is_heard() {
        let mut heard = Heard::default();
        heard.hear("hirake/1/shiomi/order", &order(r#"{"number":7}"#));
        heard.hear("hirake/1/shiomi/ap/yakuba-1/order", &order(r#"{"number":7}"#));
        assert_eq!((heard.orders(), heard.wrong.len()), (1, 0));
        heard.hear("hirake/1/shiomi/order", &order(r#"{"number":7,"town":"other"}"#));
        assert_eq!(heard.wrong.len(), 1);
    }

    #[test]
    fn an_agent_that_forgets_an_order_within_one_start_is_heard() {
        let mut heard = Heard::default();
        for (boot, seq, told) in [("a", 1, 4), ("a", 2, 5), ("a", 1, 4), ("b", 1, 4)] {
            let report = format!(r#"{{"boot":"{boot}","seq":{seq},"told":{told}}}"#);
            heard.hear("hirake/1/shiomi/ap/yakuba-1/report", report.as_bytes());
        }
        assert_eq!(heard.wrong.len(), 0, "{:?}", heard.wrong);
        heard.hear("hirake/1/shiomi/ap/yakuba-1/report", br#"{"boot":"a","seq":3,"told":4}"#);
        assert_eq!(heard.wrong.len(), 1);
    }
}
