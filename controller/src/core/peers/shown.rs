//! What people are told of the watch.

use std::time::Duration;

use firmware_config::ident::ControllerId;
use firmware_config::wire::WallMs;

use super::{Peer, TAKE_OVER_AFTER, Watch};
use crate::core::view;

impl Watch {
    /// Since when, by the wall, no other controller is heard; none while one is, and while one may still come.
    fn alone_since(&self, now: Duration) -> Option<WallMs> {
        let listened = now >= self.started.0 + TAKE_OVER_AFTER;
        let lonely = listened && !self.peers.values().any(|peer| peer.is_there(now));
        let heard = self.peers.values().filter(|peer| peer.proven.is_some()).map(|peer| peer.heard_ms).max();
        lonely.then(|| heard.unwrap_or(self.started.1))
    }

    /// What people are told.
    #[must_use]
    pub fn view(&self, now: Duration) -> view::SeatView {
        let peer = |(id, peer): (&ControllerId, &Peer)| view::PeerView {
            id: id.clone(),
            active: peer.active && peer.is_there(now),
            there: peer.is_there(now),
            number: peer.number,
            heard_ms: peer.proven.map(|_| peer.heard_ms),
        };
        let named = self.named_at.filter(|at| now < *at + TAKE_OVER_AFTER).map(|_| view::Mistake::SameName);
        let ranked = || self.peers.iter().find(|(_, peer)| peer.is_there(now) && peer.rank == self.seat.rank);
        view::SeatView {
            id: self.seat.id.clone(),
            active: self.active,
            since_ms: self.since_ms,
            alone_since_ms: self.alone_since(now),
            peers: self.peers.iter().map(peer).collect(),
            mistake: named.or_else(|| ranked().map(|(id, _)| view::Mistake::SameRank(id.clone()))),
            lock: self.seat.lock.then(|| self.lock.said.clone()),
        }
    }
}
