//! What goes to the store, and what the store says: its answers, its deletions, its damages, and that it was set aside.

use firmware_config::wire::WallMs;

use super::{Exit, Town};
use crate::core::key::{KeyMemory, KeyPosition};
use crate::core::{Action, Deleted, Durable, Kind, Now};

impl Town {
    pub(super) fn offer_to_store(&mut self, now: Now) {
        if self.archive.overdue(now) {
            let why = self.archive.lost().map_or_else(String::new, |(_, why)| why.clone());
            self.write(now, Kind::StoreLost, false, vec![("why", why)]);
        }
        let order = self.newest.as_ref().filter(|_| self.order_unstored);
        let number = order.map(|order| order.number);
        if let Some(batch) = self.archive.offer(self.record.batch_end(), number, now.mono) {
            let what = Durable {
                order: order.cloned(),
                activations: self.activations.iter().cloned().collect(),
                entries: self.record.batch(),
                key: KeyMemory { position: self.position_that_counted(), isolated: self.isolated.clone() },
            };
            self.actions.push(Action::Store { batch, what });
        }
    }

    /// Where the key stands, once it was obeyed: a start that finds it at 訓練 takes its drill for had.
    fn position_that_counted(&self) -> Option<(KeyPosition, WallMs)> {
        let is_obeyed = self.drill_spent || self.isolated.is_some();
        self.watchman.sworn().filter(|(position, _)| *position != KeyPosition::Drill || is_obeyed)
    }

    pub(super) fn deleted(&mut self, it: Deleted, now: Now) {
        let mut fields =
            vec![("deletion", it.id.to_string()), ("rows", it.rows.to_string()), ("from", it.from), ("to", it.to)];
        if let Some((number, hash)) = it.last {
            fields.extend([("number", number.to_string()), ("hash", hash)]);
        }
        self.write(now, it.kind, false, fields);
    }

    /// Told, and no more: what is in force never depends on what the record says.
    pub(super) fn record_altered(&mut self, number: u64, what: &str, at: Option<String>, now: Now) {
        let mut fields = vec![("number", number.to_string()), ("what", what.to_owned())];
        fields.extend(at.map(|at| ("at", at)));
        self.write(now, Kind::RecordAltered, false, fields);
    }

    /// A new store knows nothing: what is in force is offered to it as if it had just been decided.
    pub(super) fn store_set_aside(&mut self, file: String, why: String, now: Now) {
        self.order_unstored = self.newest.is_some();
        self.archive.changed();
        self.write(now, Kind::StoreSetAside, false, vec![("file", file), ("why", why)]);
    }

    pub(super) fn stored(&mut self, batch: u64, outcome: Result<(), String>, now: Now) {
        if let Err(why) = outcome {
            if self.archive.failed(batch, why.clone(), now) {
                self.write(now, Kind::StoreLost, false, vec![("why", why)]);
            }
            return;
        }
        let waited = self.record.kept();
        let Some(answer) = self.archive.took(batch) else { return };
        if let Some(last_entry) = answer.last_entry {
            self.record.stored_up_to(last_entry);
        }
        if self.order_unstored && answer.order.is_some() && answer.order == self.newest.as_ref().map(|o| o.number) {
            self.order_unstored = false;
            if matches!(self.exit, Exit::Waits { .. }) {
                self.exit = self.send(now);
            }
        }
        if self.archive.back() {
            let mut fields = vec![("kept", waited.to_string())];
            let dropped = self.record.take_dropped();
            if dropped > 0 {
                fields.push(("dropped", dropped.to_string()));
            }
            self.write(now, Kind::StoreBack, false, fields);
        }
    }
}
