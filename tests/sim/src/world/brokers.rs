//! The broker in the world: what it takes, keeps and passes on, and its deaths.

use std::time::Duration;

use hirake::core as town;
use hirake_agent::core as agent;
use hirake_agent::core::holding::SignedOrder;

use super::{Due, World};
use crate::post::Broker;

impl World {
    pub(super) fn broker_hears(&mut self, at: usize, what: agent::Action) {
        match what {
            agent::Action::PublishPresence(presence) => {
                self.broker.presences.insert(at, presence.clone());
                self.to_halls(&town::Event::Presence(presence));
            }
            agent::Action::PublishReport(report) => {
                self.broker.reports.insert(at, (*report).clone());
                self.to_halls(&town::Event::Reported(*report));
            }
            agent::Action::PublishCounts(counts) => self.to_halls(&town::Event::Counted(counts)),
            agent::Action::PublishDistinct(distinct) => {
                self.broker.sketches.insert(at, distinct.clone());
                self.to_halls(&town::Event::Sketched(distinct));
            }
            agent::Action::PublishSightings(sightings) => self.to_halls(&town::Event::Overheard(sightings)),
            other => self.promises.broken(self.time, format!("not a message: {other:?}")),
        }
    }

    /// The broker takes an order: for everybody and kept, or for one alone.
    pub fn broker_takes(&mut self, order: &SignedOrder, only: Option<usize>) {
        if only.is_none() {
            self.broker.order = Some(order.clone());
            self.to_halls(&town::Event::OwnOrderSeen(order.order.clone()));
        }
        for at in 0..self.sites.len() {
            let Some(connection) = self.sites[at].connected.filter(|_| only.is_none_or(|only| only == at)) else {
                continue;
            };
            self.send(connection, Due::ToSite { at, connection, order: order.clone() });
        }
    }

    /// The broker is killed, for `off`; it may forget everything.
    pub fn kill_broker(&mut self, off: Duration, forgets: bool) {
        self.broker.up = false;
        self.wills.clear();
        (0..self.halls.len()).for_each(|of| self.cut_hall(of, Duration::ZERO));
        self.hall_wills.clear();
        for at in 0..self.sites.len() {
            self.cut_site(at, Duration::from_secs(3600));
        }
        self.wills.clear();
        if forgets {
            self.broker = Broker::default();
        }
        self.later(off, Due::BrokerStarts);
    }
}
