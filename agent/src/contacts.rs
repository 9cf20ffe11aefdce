//! The fingertip: the contacts of the key at this AP → readings. No meaning, no memory.
//!
//! The level is what counts: it is read at the start, on every edge and every second. What cannot be read is said to
//! be unreadable, and tried again every second for ever.

mod gpio;
mod panel;

use std::time::Duration;

use firmware_config::key::KeySwitch;
use tokio::sync::mpsc;

use crate::core::Event;

/// How often the contacts are read without an edge, and how often what is lost is tried again.
const EVERY: Duration = Duration::from_secs(1);

/// Reads the key for as long as somebody listens; without one it waits for ever.
pub async fn read(key: Option<KeySwitch>, events: mpsc::Sender<Event>) {
    let Some(key) = key else { return std::future::pending().await };
    while !events.is_closed() {
        let outcome = match &key {
            KeySwitch::Gpio(lines) => gpio::follow(lines, &events).await,
            KeySwitch::Panel(socket) => panel::follow(socket, &events).await,
        };
        let Err(why) = outcome else { return };
        if events.send(Event::ContactsUnreadable { why }).await.is_err() {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}
