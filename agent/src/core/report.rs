//! What this access point says of itself: that it is there, what it is doing, and its whole report.

use firmware_config::wire::{self, AgentState, DOCUMENT_MAX_BYTES, Presence, Report, VERSION};

use super::{Agent, Now};

/// Longest signed order put into a report as proof: what is left of the document holds the rest of the report.
const HOLDS_MAX_BYTES: usize = DOCUMENT_MAX_BYTES - 64 * 1024;

impl Agent {
    /// What it is doing about the newest order.
    #[must_use]
    pub fn state(&self) -> AgentState {
        if self.told().is_none() {
            AgentState::Empty
        } else if self.radios.settled(self.want_open()) {
            AgentState::Serving
        } else if self.radios.refusal().is_some() {
            AgentState::Refused
        } else {
            AgentState::Applying
        }
    }

    pub(super) fn why(&self) -> String {
        let want = self.want_open();
        let kept = self.keeping.failure().map(|why| format!("not kept on flash: {why}"));
        let waiting = self.radios.waiting_for(want).filter(|_| want.is_some());
        let trying = self.radios.refusal().map(|why| format!("{why}; tries go on"));
        let ledger = self.ledger_remark.as_ref().map(|why| format!("ledger set aside: {why}"));
        [trying, waiting, self.holding.remark(), kept, ledger].into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    pub(super) fn report(&self, now: Now) -> Report {
        let ago_ms = i64::try_from(now.mono.saturating_sub(self.running.since).as_millis()).unwrap_or(i64::MAX);
        let holds = self.holding.newest_jws().filter(|jws| self.proof_asked && jws.len() <= HOLDS_MAX_BYTES);
        Report {
            v: VERSION,
            ap: self.identity.ap.clone(),
            facility: self.identity.facility.clone(),
            boot: self.boot.clone(),
            seq: 0,
            told: self.holding.told(),
            told_issued_ms: self.holding.told_issued_ms(),
            running: self.running.number,
            mode: self.running.mode,
            since_ms: now.wall_ms.saturating_sub(ago_ms),
            state: self.state(),
            why: self.why(),
            networks: self.radios.networks(),
            turned_away: self.turned_away.clone(),
            holds: holds.map(str::to_owned),
            facility_key: self.key.as_ref().map(|key| Box::new(key.report())),
            agent: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    pub(super) fn presence(&self, online: bool) -> Presence {
        Presence { v: VERSION, ap: self.identity.ap.clone(), online, boot: self.boot.clone() }
    }

    /// The last will: what the broker says of this agent when it is gone.
    #[must_use]
    pub fn last_will(&self) -> Vec<u8> {
        wire::write(&self.presence(false))
    }
}
