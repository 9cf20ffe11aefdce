//! Access points in the world: power, hostapd, their lines to the broker, and the wills they leave there.

use std::time::Duration;

use firmware_config::wire::{AgentState, Presence, VERSION};
use hirake::core as town;
use hirake_agent::core as agent;
use hirake_agent::core::waiting::Page;

use super::{Due, World};
use crate::faults::Fault;
use crate::site::{Errand, Flash};

impl World {
    /// Power comes.
    pub fn power_on(&mut self, at: usize) {
        let wall_ms = self.wall_ms();
        let boot = self.sites[at].boot();
        match self.sites[at].flash_fate {
            Flash::Good => {}
            Flash::LosesLast => self.tally.count(Fault::FlashLostLastWrite),
            Flash::Corrupt => self.tally.count(Fault::FlashCorrupt),
        }
        let shelf = match self.sites[at].flash_fate {
            Flash::Good => Ok(self.sites[at].shelf.clone()),
            // The last page, or all of it.
            Flash::LosesLast | Flash::Corrupt => {
                self.books.power_went(at, &boot, None);
                self.sites[at].shelf = Page::default();
                Err("not JSON".to_owned())
            }
        };
        let actions = self.sites[at].power_on(self.time, wall_ms);
        self.promises.booted(at, self.sites[at].kept());
        let boot = self.sites[at].boots;
        self.site_performs(at, actions);
        self.site_on(at, agent::Event::CountsFound(shelf));
        self.switch_begins(at);
        let hostapd = self.chance.between(Duration::from_millis(100), Duration::from_secs(4));
        self.later(hostapd, Due::HostapdStarts { at, boot });
        let network = self.chance.between(Duration::from_millis(200), Duration::from_secs(8));
        self.later(network, Due::SiteConnects { at, boot });
    }

    /// Power goes, for `off`.
    pub fn power_off(&mut self, at: usize, off: Duration) {
        self.leave_will(at, Duration::from_secs(15));
        if let Some(agent) = &self.sites[at].agent {
            if matches!(agent.state(), AgentState::Applying | AgentState::Refused) {
                self.tally.count(Fault::ApDarkInAFlip);
            }
            let boot = self.sites[at].boot();
            if self.books.power_went(at, &boot, Some(&self.sites[at].shelf)) {
                self.tally.count(Fault::SamplesInTheDark);
            }
        }
        self.sites[at].power_off();
        self.later(off, Due::PowerOn { at });
    }

    /// Something happens to an agent.
    pub fn site_on(&mut self, at: usize, event: agent::Event) {
        let now = self.sites[at].now(self.time, self.wall_ms());
        let time = self.time;
        if let agent::Event::Listened(result) = &event {
            self.sites[at].listening.ended(result, time);
        }
        let Some(core) = &mut self.sites[at].agent else { return };
        let actions = core.on(event, now);
        self.site_performs(at, actions);
    }

    fn site_performs(&mut self, at: usize, actions: Vec<agent::Action>) {
        let boot = self.sites[at].boots;
        self.promises.acts(at, &mut self.sites[at], &actions, self.time);
        for errand in self.sites[at].perform(actions, self.time) {
            match errand {
                Errand::Back(event, after) => {
                    let fault = match &event {
                        agent::Event::CountsWritten(Err(_)) => Some(Fault::SamplesNotWritten),
                        agent::Event::Ledger(Err(_)) => Some(Fault::FlashFull),
                        agent::Event::Answered { answer, verb, .. } => self.sites[at].how_it_was_taken(answer, *verb),
                        _ => None,
                    };
                    fault.into_iter().for_each(|fault| self.tally.count(fault));
                    self.later(after, Due::Site { at, boot, event });
                }
                Errand::Listen(scan) => self.site_listens(at, &scan),
                Errand::CountFor(periods) => self.site_counts_for(at, periods),
                Errand::Publish(what) => {
                    let Some(connection) = self.sites[at].connected else { continue };
                    self.send(connection, Due::FromSite { at, connection, what });
                }
            }
        }
        let now = self.sites[at].now(self.time, self.wall_ms());
        let site = &mut self.sites[at];
        if let Some(core) = &site.agent {
            let wake = core.next_wake(now).map(|mono| site.booted + mono.max(now.mono));
            if wake != site.wake {
                site.wake = wake;
                if let Some(when) = wake {
                    self.later(when - self.time, Due::SiteWake { at, boot, when });
                }
            }
        }
    }

    pub(super) fn site_connects(&mut self, at: usize) {
        let boot = self.sites[at].boots;
        if self.sites[at].agent.is_none() || self.sites[at].connected.is_some() {
            return;
        }
        if !(self.broker.up && self.sites[at].linked) {
            let after = self.chance.between(Duration::from_millis(500), Duration::from_secs(10));
            return self.later(after, Due::SiteConnects { at, boot });
        }
        // Taking over throws the old connection out: its will is said before anything of the new one.
        if let Some((old, _)) = self.wills.get(&at).cloned() {
            self.will(at, old);
        }
        let connection = self.connection();
        self.sites[at].connected = Some(connection);
        self.site_on(at, agent::Event::BrokerUp);
        if let Some(order) = self.broker.order.clone() {
            self.send(connection, Due::ToSite { at, connection, order });
        }
    }

    /// An agent's connection ends; the broker notices after `noticed`.
    pub fn cut_site(&mut self, at: usize, noticed: Duration) {
        if self.sites[at].connected.is_none() {
            return;
        }
        self.leave_will(at, noticed);
        self.sites[at].connected = None;
        self.site_on(at, agent::Event::BrokerDown { why: "connection reset".to_owned() });
        let boot = self.sites[at].boots;
        let after = self.chance.between(Duration::from_millis(200), Duration::from_secs(10));
        self.later(after, Due::SiteConnects { at, boot });
    }

    fn leave_will(&mut self, at: usize, noticed: Duration) {
        let Some(connection) = self.sites[at].connected else { return };
        let boot = format!("boot-{}", self.sites[at].boots);
        let presence = Presence { v: VERSION, ap: self.ap(at), online: false, boot };
        self.wills.insert(at, (connection, presence));
        self.later(noticed, Due::Will { at, connection });
    }

    pub(super) fn will(&mut self, at: usize, connection: u64) {
        if self.wills.get(&at).is_none_or(|(of, _)| *of != connection) || !self.broker.up {
            return;
        }
        if let Some((_, presence)) = self.wills.remove(&at) {
            self.broker.presences.insert(at, presence.clone());
            self.to_halls(&town::Event::Presence(presence));
        }
    }

    pub(super) fn hostapd_starts(&mut self, at: usize) {
        let site = &mut self.sites[at];
        if site.agent.is_some() && !std::mem::replace(&mut site.hostapd, true) {
            self.site_on(at, agent::Event::HostapdUp);
        }
    }
}
