//! The judgement: what one AP was ordered and what it says, in; where it stands and why, out.
//!
//! The three accounts stay three (desired, reported, witnessed); only the standing is made of them.

use std::time::Duration;

use firmware_config::mode::Mode;
use firmware_config::wire::{AgentState, Report, WallMs};

use super::neighbours::Neighbours;
use super::view::Standing;
use super::witness::Witness;

/// The SSID of the unified disaster network.
pub const OPEN_SSID: &str = "00000JAPAN";

/// It serves the newest order's number and another mode.
pub(super) const WRONG_MODE: &str = "wrong-mode";

/// What the controller itself can say about an AP that is not settled; the dashboard has a sentence for each.
pub const WHY: &[&str] = &[
    "never-heard",
    "not-heard",
    "offline",
    "no-report",
    "no-order",
    "not-told",
    "newer-order",
    "applying",
    "drill-over",
    "facility-key-back",
    "wrong-facility",
    WRONG_MODE,
    "open-unordered",
    "not-on-air",
    "witness-sees-it",
    "witness-sees-it-not",
    "neighbours-see-it",
];

/// What the broker last said of an agent's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Line {
    /// Nothing.
    #[default]
    Unknown,
    /// It is there.
    There,
    /// It is gone.
    Gone,
}

/// Everything a judgement rests on.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// Desired: the mode of the newest order.
    pub wanted: Mode,
    /// When that order was made.
    pub issued_ms: WallMs,
    /// Reported: the newest report.
    pub report: Option<Report>,
    /// Whether that report names another facility than the inventory.
    pub misplaced: bool,
    /// The agent's present start.
    pub boot: Option<String>,
    /// Its connection.
    pub line: Line,
    /// When it was last heard, on the clock that stands while nobody can be heard.
    pub heard: Option<Duration>,
    /// Why nobody can speak for it, until somebody does.
    pub no_deputy: Option<String>,
    /// Witnessed: what SNMP sees beside the agent; none where there is no means of seeing.
    pub witness: Option<Witness>,
    /// Witnessed: what neighbours hear over the air.
    pub neighbours: Neighbours,
}

impl Accounts {
    /// The newest report is in: the witness hears what it says of `00000JAPAN`.
    pub(super) fn tell_witness(&mut self, now: Duration) {
        let Some(report) = &self.report else { return };
        let claim = (report.state == AgentState::Serving).then(|| is_on_air(report));
        self.neighbours.claims(claim, now);
        if let Some(witness) = &mut self.witness {
            witness.claims(claim);
        }
    }
}

impl Accounts {
    /// Whether the AP carries out another order of the newest one's number: one from before a store was lost, or another
    /// controller's.
    pub(super) fn holds_a_twin(&self, number: u64) -> bool {
        let twin = |issued_ms| issued_ms != self.issued_ms;
        self.report.as_ref().is_some_and(|report| report.told == number && report.told_issued_ms.is_some_and(twin))
    }
}

/// Whether a report lists `00000JAPAN`.
pub(super) fn is_on_air(report: &Report) -> bool {
    report.networks.iter().any(|network| network.ssid == OPEN_SSID)
}

/// Where the AP stands as measured by order `number`; `silent` where it was due to be heard and was not.
#[must_use]
pub fn judge(accounts: &Accounts, number: u64, silent: bool, now: Duration) -> (Standing, String) {
    let stand = |standing, why: &str| (standing, why.to_owned());
    if let Some(why) = &accounts.no_deputy {
        return stand(Standing::Refused, why);
    }
    if accounts.line == Line::Gone {
        return stand(Standing::Silent, "offline");
    }
    if accounts.heard.is_none() {
        return stand(if silent { Standing::Silent } else { Standing::Settling }, "never-heard");
    }
    if silent {
        return stand(Standing::Silent, "not-heard");
    }
    let Some(report) = &accounts.report else { return stand(Standing::Settling, "no-report") };
    if accounts.misplaced {
        return stand(Standing::Diverged, "wrong-facility");
    }
    if report.told > number {
        return stand(Standing::Settling, "newer-order");
    }
    if number == 0 {
        return stand(Standing::Settling, "no-order");
    }
    if report.told < number {
        // An agent that turned the newest order away will turn it away again: say its reason, and keep trying.
        return match report.turned_away.as_ref().filter(|turned| turned.number == Some(number)) {
            Some(turned) => stand(Standing::Refused, &turned.why),
            None => stand(Standing::Settling, "not-told"),
        };
    }
    if accounts.holds_a_twin(number) {
        return stand(Standing::Settling, "not-told");
    }
    if report.state == AgentState::Refused {
        return stand(Standing::Refused, &report.why);
    }
    if report.running != number || report.state != AgentState::Serving {
        // What it waits for, where it says so: hostapd, or a radio that listens for radar.
        return stand(Standing::Settling, if report.why.is_empty() { "applying" } else { &report.why });
    }
    // Its own key opened it, or opened it and was turned back: either way our next order says the same.
    let key = report.facility_key.as_ref().map(|key| key.open.is_some());
    if key == Some(false) && report.mode == Mode::Normal && accounts.wanted == Mode::Disaster && !is_on_air(report) {
        return stand(Standing::Settling, "facility-key-back");
    }
    let wanted = if key == Some(true) { Mode::Disaster } else { accounts.wanted };
    match (report.mode.is_open(), is_on_air(report)) {
        (true, false) => return stand(Standing::Diverged, "not-on-air"),
        (false, true) => return stand(Standing::Diverged, "open-unordered"),
        _ => {}
    }
    match accounts.witness.as_ref().and_then(|witness| witness.contradicts(now)) {
        Some(true) => return stand(Standing::Diverged, "witness-sees-it"),
        Some(false) => return stand(Standing::Diverged, "witness-sees-it-not"),
        None if accounts.neighbours.contradict(now) => return stand(Standing::Diverged, "neighbours-see-it"),
        None => {}
    }
    if report.mode == wanted {
        return stand(Standing::Settled, "");
    }
    // Its clock and ours end a drill a second apart; that is no contradiction.
    if accounts.wanted == Mode::Drill && report.mode == Mode::Normal {
        return stand(Standing::Settling, "drill-over");
    }
    stand(Standing::Diverged, WRONG_MODE)
}
