//! The hands: each action of the core performed, none of them waited for.

use std::collections::HashMap;
use std::sync::Arc;

use firmware_config::wire::Order;
use tokio::sync::{oneshot, watch};

use super::clerk::Desk;
use crate::api::Question;
use crate::contacts::Contacts;
use crate::core::inventory::Managed;
use crate::core::{Action, AskRefused, Entry, Event};
use crate::mqtt::Post;
use crate::signing::TownKey;
use crate::snmp::Deputies;

type Answer = oneshot::Sender<Result<u64, AskRefused>>;

/// What is in reach of them.
pub(super) struct Hands {
    key: Arc<TownKey>,
    /// The newest order that was signed, with its text.
    signed: Option<(Order, Arc<str>)>,
    post: Post,
    deputies: Deputies,
    desk: Desk,
    panel: Contacts,
    /// Whether the lock in the database is wanted.
    lock: watch::Sender<bool>,
    /// People who wait for an answer.
    asking: HashMap<u64, Answer>,
    last_ask: u64,
}

impl Hands {
    /// `remembered`: the signed text of the newest order, as the store kept it.
    pub(super) fn new(
        key: Arc<TownKey>,
        remembered: Option<String>,
        (post, deputies): (Post, Deputies),
        desk: Desk,
        panel: Contacts,
        lock: watch::Sender<bool>,
    ) -> Self {
        // A text that another key signed is of no use: the order is signed again when it is published.
        let signed = remembered.and_then(|text| Some((key.own_order(text.as_bytes()).ok()?, Arc::from(text))));
        Self { key, signed, post, deputies, desk, panel, lock, asking: HashMap::new(), last_ask: 0 }
    }

    /// A person's question as an event; the answer finds its way back by its number.
    pub(super) fn asked(&mut self, question: Question) -> Event {
        self.last_ask += 1;
        self.asking.insert(self.last_ask, question.answer);
        Event::Asked { ask_id: self.last_ask, by: question.by, ask: question.ask }
    }

    /// Does it, and tells the core where it came to nothing at once.
    pub(super) fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Publish(order) => {
                tracing::info!(number = order.number, "the order goes out");
                let text = self.text(&order);
                self.post.order(text);
                self.deputies.order(&order);
            }
            Action::Watch(order) => {
                self.post.no_order();
                self.deputies.watch(&order);
            }
            Action::Beat(heartbeat) => self.post.beat(self.key.sign_heartbeat(&heartbeat)),
            Action::Lock { wanted } => {
                self.lock.send_replace(wanted);
            }
            Action::PublishAgain { ap, by: Managed::Agent, order } => {
                let text = self.text(&order);
                self.post.order_again(ap, text);
            }
            Action::PublishAgain { by: Managed::Snmp, order, .. } => self.deputies.order(&order),
            Action::Log(entries) => entries.iter().for_each(log),
            Action::Store { batch, what } => {
                let signed = what.order.as_ref().map(|order| self.text(order));
                return self.desk.store(batch, what, signed);
            }
            Action::StoreCounts(counts) => self.desk.store_counts(counts),
            Action::StoreSketch(sketch) => self.desk.store_sketch(sketch),
            Action::Signal { lamp, buzzer } => self.panel.signal(lamp, buzzer),
            Action::Answer { ask_id, outcome } => {
                if let Some(answer) = self.asking.remove(&ask_id) {
                    // Whoever asked may have gone away.
                    let _ = answer.send(outcome);
                }
            }
        }
        None
    }

    /// The order in a signed text, where the signature is ours.
    pub(super) fn own_order(&self, text: &str) -> Option<Order> {
        self.key.own_order(text.as_bytes()).ok()
    }

    /// The order's signed text: the same as before for the same order.
    fn text(&mut self, order: &Order) -> Arc<str> {
        if let Some((known, text)) = &self.signed
            && known == order
        {
            return Arc::clone(text);
        }
        let text: Arc<str> = Arc::from(self.key.sign(order));
        self.signed = Some((order.clone(), Arc::clone(&text)));
        text
    }
}

/// Every entry goes into the log once: it has what the store may lack.
fn log(entry: &Entry) {
    let fields: Vec<String> = entry.fields.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    tracing::info!(
        event = entry.kind.as_str(),
        seq = entry.seq,
        at_ms = entry.at_ms,
        drill = entry.drill,
        fields = fields.join(" "),
        "entry"
    );
}
