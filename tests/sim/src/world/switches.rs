//! Key switches in the world: they are read at the start, when they move and each second, as the shell does.

use std::time::Duration;

use hirake::core::ContactReading;
use hirake_agent::core as agent;

use super::{Due, World};
use crate::switch;

/// The first reading after the agent's start.
const FIRST: Duration = Duration::from_millis(20);
/// Between readings, while contacts or power are new…
const EVERY: Duration = Duration::from_secs(1);
/// …for this long; what has long been at rest says nothing new, and is read more rarely than by the shell…
const NEW: Duration = Duration::from_secs(6);
/// …so that a history stays short; and not so rarely that the agent takes it for unreadable (10 s).
const EVERY_AT_REST: Duration = Duration::from_secs(9);

impl World {
    /// Power came: the contacts are read from now on.
    pub(super) fn switch_begins(&mut self, at: usize) {
        self.read_switch_later(at, FIRST);
    }

    /// A hand, or a fault, moves the contacts.
    pub fn switch_becomes(&mut self, at: usize, contacts: Option<ContactReading>) {
        let time = self.time;
        if let Some(switch) = &mut self.sites[at].switch {
            switch.becomes(contacts, time);
            self.switch_is_read(at);
            self.read_switch_later(at, EVERY);
        }
    }

    fn read_switch_later(&mut self, at: usize, after: Duration) {
        let (when, boot) = (self.time + after, self.sites[at].boots);
        if let Some(switch) = &mut self.sites[at].switch {
            switch.reads_at = when;
            self.later(after, Due::ReadSwitch { at, boot });
        }
    }

    /// The time for it has come, unless another was set since.
    pub(super) fn switch_again(&mut self, at: usize) {
        let time = self.time;
        let Some(since) = self.sites[at].switch.as_ref().filter(|switch| switch.reads_at == time) else { return };
        let new = time.saturating_sub(since.rests_since.max(self.sites[at].booted)) < NEW;
        self.switch_is_read(at);
        if let Err(why) = switch::is_obeyed(&mut self.sites[at], time) {
            self.promises.broken(time, format!("AP {at}: {why}"));
        }
        self.read_switch_later(at, if new { EVERY } else { EVERY_AT_REST });
    }

    /// The contacts are read, if there is power to do it.
    fn switch_is_read(&mut self, at: usize) {
        let Some(switch) = &self.sites[at].switch else { return };
        let event = match switch.contacts {
            Some(contacts) => agent::Event::Contacts(contacts),
            None => agent::Event::ContactsUnreadable { why: "no panel".to_owned() },
        };
        self.site_on(at, event);
    }
}
