//! The fingertip: the key's contacts → readings; lamp and buzzer as they are told. No meaning, no memory.
//!
//! The level is what counts: it is read at the start, on every edge and every second. What cannot be read is said to
//! be unreadable, and tried again every second for ever.

mod gpio;
mod panel;
mod signal;

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::KeyConfig;
use crate::core::{Event, Pattern};

/// How often the contacts are read without an edge, and how often what is lost is tried again.
const EVERY: Duration = Duration::from_secs(1);

/// The key's panel.
#[derive(Debug)]
pub struct Contacts {
    signals: watch::Sender<(Pattern, Pattern)>,
    tasks: Vec<JoinHandle<()>>,
}

impl Contacts {
    /// Reads the key, and plays on lamp and buzzer what it is told; both are off at the start.
    #[must_use]
    pub fn start(config: KeyConfig, events: mpsc::Sender<Event>) -> Self {
        let signals = watch::Sender::new((Pattern::Off, Pattern::Off));
        let (levels, lights) = watch::channel(signal::Levels::default());
        let reader = match config {
            KeyConfig::Absent => None,
            KeyConfig::Gpio(key) => Some(tokio::spawn(gpio::read(key, lights, events))),
            KeyConfig::Panel { socket, drill } => Some(tokio::spawn(panel::read(socket, drill, lights, events))),
        };
        let player = reader.is_some().then(|| tokio::spawn(signal::play(signals.subscribe(), levels)));
        Self { signals, tasks: reader.into_iter().chain(player).collect() }
    }

    /// What lamp and buzzer do from now on.
    pub fn signal(&self, lamp: Pattern, buzzer: Pattern) {
        // Told the same again, a pattern goes on and does not begin anew.
        self.signals.send_if_modified(|now| std::mem::replace(now, (lamp, buzzer)) != (lamp, buzzer));
    }
}

impl Drop for Contacts {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Says that the key cannot be read; once for each reason.
async fn unreadable(said: &mut Option<String>, why: String, events: &mpsc::Sender<Event>) {
    if said.as_ref() != Some(&why) {
        tracing::warn!(why, "the key cannot be read");
    }
    *said = Some(why.clone());
    // Said again every second: a level, not an edge.
    let _ = events.send(Event::ContactsUnreadable { why }).await;
}
