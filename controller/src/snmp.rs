//! The window: access points without our agent, and second pairs of eyes, looked after over SNMP.

use firmware_config::wire::Order;
use tokio::sync::watch;

/// The way to the deputies. Nothing here waits.
#[derive(Debug)]
pub struct Deputies {
    orders: watch::Sender<Option<Order>>,
}

impl Deputies {
    /// A town without devices.
    #[must_use]
    pub fn none() -> Self {
        Self { orders: watch::Sender::new(None) }
    }

    /// The newest order. Levels: only the newest counts, and the same again is nothing.
    pub fn order(&self, order: &Order) {
        self.orders.send_replace(Some(order.clone()));
    }
}
