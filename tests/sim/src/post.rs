//! The broker: what it retains, who is connected, and the orders that were ever signed.

use std::collections::BTreeMap;

use firmware_config::wire::{Distinct, Heartbeat, Order, Presence, Report};
use hirake_agent::core::holding::SignedOrder;

/// The broker's memory. Who is connected is kept by those who are.
#[derive(Debug, Default)]
pub struct Broker {
    /// It runs.
    pub up: bool,
    /// What stands on the order topic.
    pub order: Option<SignedOrder>,
    /// The last report of each AP.
    pub reports: BTreeMap<usize, Report>,
    /// The last presence of each AP.
    pub presences: BTreeMap<usize, Presence>,
    /// The last sketches of each AP.
    pub sketches: BTreeMap<usize, Distinct>,
    /// The last heartbeat of each controller.
    pub beats: BTreeMap<usize, Heartbeat>,
}

/// Every order that was ever signed: the signature of one is its place here.
#[derive(Debug, Default)]
pub struct Signed(Vec<SignedOrder>);

impl Signed {
    /// Signs; the same order has the same text.
    pub fn sign(&mut self, order: &Order) -> SignedOrder {
        if let Some(known) = self.0.iter().rev().find(|known| known.order == *order) {
            return known.clone();
        }
        let signed = SignedOrder { jws: format!("signed:{}", self.0.len()), order: order.clone() };
        self.0.push(signed.clone());
        signed
    }

    /// What a signed text says.
    #[must_use]
    pub fn read(&self, jws: &str) -> Option<&Order> {
        let at: usize = jws.strip_prefix("signed:")?.parse().ok()?;
        self.0.get(at).map(|signed| &signed.order)
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> &[SignedOrder] {
        &self.0
    }
}
