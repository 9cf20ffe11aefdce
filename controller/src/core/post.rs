//! One place on the map wall: an AP and everything known of it.

use firmware_config::wire::WallMs;

use super::judge::{Accounts, WRONG_MODE};
use super::retry::Retry;
use super::view::{ApView, ReportedView, Standing, Witnessed};
use super::witness::Witness;
use super::{Ap, Now};

/// One AP and everything known of it.
#[derive(Debug, Clone)]
pub(super) struct Post {
    pub(super) ap: Ap,
    pub(super) accounts: Accounts,
    /// The `boot` before the present one and its last `seq`: its late messages are told from a new start by them.
    pub(super) boot_before: Option<(String, u64)>,
    pub(super) counts_seq: Option<u64>,
    pub(super) heard_ms: Option<WallMs>,
    pub(super) stations: Option<u32>,
    pub(super) standing: Standing,
    pub(super) since_ms: WallMs,
    pub(super) why: String,
    pub(super) again: Option<Retry>,
    /// Whether it has a place among the deadlines of silence.
    pub(super) watched: bool,
}

impl Post {
    /// Unheard and without an order.
    pub(super) fn new(ap: Ap, now: Now) -> Self {
        let accounts = Accounts { witness: ap.witness.then(Witness::default), ..Accounts::default() };
        Self {
            ap,
            accounts,
            boot_before: None,
            counts_seq: None,
            heard_ms: None,
            stations: None,
            standing: Standing::Settling,
            since_ms: now.wall_ms,
            why: "never-heard".to_owned(),
            again: None,
            watched: true,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.accounts.wanted.is_open() && self.standing == Standing::Settled
    }

    /// Whether the newest order is to be told to it once more: it does not hold it, or it serves another mode under its
    /// number, or it holds another order of that number, which it shows when it is offered ours.
    pub(super) fn needs_telling(&self, number: u64) -> bool {
        let told = self.accounts.report.as_ref().map_or(0, |report| report.told);
        self.standing != Standing::Silent
            && self.accounts.heard.is_some()
            && (told != number || self.why == WRONG_MODE || self.accounts.holds_a_twin(number))
    }

    pub(super) fn take_boot(&mut self, boot: &str) {
        if self.accounts.boot.as_deref() == Some(boot) {
            return;
        }
        let last = self.accounts.report.as_ref().filter(|last| Some(&last.boot) == self.accounts.boot.as_ref());
        let seq = last.map_or(0, |last| last.seq);
        self.boot_before = self.accounts.boot.replace(boot.to_owned()).map(|before| (before, seq));
        self.counts_seq = None;
    }

    /// What SNMP saw, where it may look; else what a neighbour heard.
    fn witnessed(&self, now: Now) -> Witnessed {
        let neighbours = &self.accounts.neighbours;
        let looked = self.accounts.witness.as_ref().map(|witness| witness.view(now));
        match (looked, neighbours.confirm(now.mono)) {
            (Some(seen @ Witnessed::Seen { .. }), _) => seen,
            (_, Some((by, at_ms))) => Witnessed::Seen { open: true, at_ms, by: Some(by.clone()) },
            (Some(not_asked), None) => not_asked,
            (None, None) if neighbours.could() => Witnessed::NotAsked { why: String::new() },
            (None, None) => Witnessed::NoMeans,
        }
    }

    pub(super) fn view(&self, number: u64, now: Now) -> ApView {
        let reported = self.accounts.report.as_ref().map(|report| ReportedView {
            told: report.told,
            running: report.running,
            mode: report.mode,
            networks: report.networks.clone(),
            agent: report.agent.clone(),
        });
        ApView {
            id: self.ap.id.clone(),
            name: self.ap.name.clone(),
            wanted: (number, self.accounts.wanted),
            reported,
            managed: self.ap.managed,
            witnessed: self.witnessed(now),
            standing: self.standing,
            since_ms: self.since_ms,
            why: self.why.clone(),
            heard_ms: self.heard_ms,
            stations: self.stations.filter(|_| self.standing != Standing::Silent),
        }
    }
}
