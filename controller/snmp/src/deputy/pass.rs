//! One carrying out of a script: each SET once, then the reads that prove it, then a look at the network itself.
//!
//! ```text
//!  Line ──unless holds─────────────▶ next line
//!    │ SET answered, or refused as "so already" ──settle──▶ next line
//!    │ refused ──▶ this row is given up; the others go on
//!    │ silence ──▶ no line is sent any more; Looking, and Proving only where the network is as wanted
//!    ▼ no line left
//!  Proving ──all hold──▶ Looking ──the network is as wanted──▶ done
//!    └──time is up──▶ failed       └──time is up──▶ failed
//! ```
//! Nothing is ever sent a second time within a pass; another pass begins only after the device was read.

use std::collections::BTreeMap;
use std::time::Duration;

use super::air::Air;
use super::script::{Line, Proof, Script};
use super::{Answer, Request};
use crate::oid::Oid;
use crate::trouble::{Status, Trouble};
use crate::value::{Sheet, Value};

/// How long the network's row may take after the last SET before that is said: a radio that starts needs 5 to 10 s. One
/// that must listen for radar needs 60 s; it is seen by the polls that go on.
pub const AIR_WITHIN: Duration = Duration::from_secs(15);
/// The same after a SET that was not answered and may be sent again: it was lost on its way, mostly, and another pass is
/// not far.
pub const LOST_WITHIN: Duration = Duration::from_secs(3);
/// Between looks until then.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest word of a device taken over into `why`, in characters.
const WORD_MAX_CHARS: usize = 160;

/// What a pass needs next.
#[derive(Debug, PartialEq)]
pub enum Need {
    /// Ask the device this.
    Ask(Request),
    /// Nothing before then.
    Wait(Duration),
    /// A poll begun at this time or later.
    Look(Duration),
    /// It is over.
    Over(Outcome),
}

/// What a pass came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The device is as wanted, seen by reading.
    Done,
    /// It is not; why. `doubtful`: what must be read besides the network's own row did not come out.
    Failed {
        /// In words.
        why: String,
        /// The network's own row is no proof.
        doubtful: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The reads of `unless` of the line at hand.
    Reading,
    /// Its SET.
    Setting,
    /// Pause after it.
    Settling(Duration),
    /// The proofs; not before.
    Proving(Duration),
    /// The network's own row, by a poll begun not before.
    Looking(Duration),
}

/// One carrying out of a script.
#[derive(Debug)]
pub struct Pass {
    script: Script,
    open: bool,
    /// The other way was under way: what is read now may not be what comes of it, so no line is left out.
    undoes: bool,
    at: usize,
    phase: Phase,
    /// Rows that were refused, and why.
    given_up: BTreeMap<usize, String>,
    /// The line that was not answered, and why.
    unanswered: Option<String>,
    /// The proofs wait for the network to be as wanted.
    proofs_owed: bool,
    /// A SET was sent and is not answered.
    sent: bool,
    /// A SET was carried out, or may have been.
    touched: bool,
    /// Proofs not yet seen to hold, each with the end of its time.
    pending: Vec<(usize, Duration)>,
    /// Until then silence is what the profile says will happen.
    silence_until: Duration,
    /// What the last read of a proof showed.
    shown: String,
    look_until: Duration,
    over: Option<Outcome>,
}

impl Pass {
    /// `open`: what the network is to be in the end. `undoes`: SETs of the other way were sent, and nobody saw their end.
    #[must_use]
    pub fn new(script: Script, open: bool, undoes: bool, now: Duration) -> Self {
        let mut pass = Self {
            script,
            open,
            undoes,
            at: 0,
            phase: Phase::Reading,
            given_up: BTreeMap::new(),
            unanswered: None,
            proofs_owed: false,
            sent: false,
            touched: false,
            pending: Vec::new(),
            silence_until: now,
            shown: String::new(),
            look_until: now,
            over: None,
        };
        pass.begin_line(now);
        pass
    }

    /// Whether it opens.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.open
    }

    /// Whether a SET of it was carried out, or may be.
    #[must_use]
    pub fn has_touched(&self) -> bool {
        self.touched || self.sent
    }

    /// Until when the device may be silent and nobody is alarmed.
    #[must_use]
    pub fn silence_until(&self) -> Duration {
        self.silence_until
    }

    /// The script it carries out.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// What it needs now; asked only while none of its requests is under way.
    pub fn need(&mut self, now: Duration) -> Need {
        if let Some(outcome) = &self.over {
            return Need::Over(outcome.clone());
        }
        if let Phase::Settling(until) = self.phase {
            if now < until {
                return Need::Wait(until);
            }
            self.at += 1;
            self.begin_line(now);
        }
        match (self.phase, self.script.lines.get(self.at)) {
            (Phase::Reading, Some(line)) => {
                Need::Ask(Request::Get(line.unless.iter().map(|(oid, _)| oid.clone()).collect()))
            }
            (Phase::Setting, Some(line)) => {
                self.sent = true;
                Need::Ask(Request::Set { binds: line.binds.clone(), timeout: line.timeout })
            }
            (Phase::Proving(at), _) if now < at => Need::Wait(at),
            (Phase::Proving(_), _) => Need::Ask(Request::Get(self.pending.iter().map(|it| self.oid_of(it)).collect())),
            (Phase::Looking(since), _) => Need::Look(since),
            // `begin_line` leaves these two phases when no line is left.
            (Phase::Reading | Phase::Setting | Phase::Settling(_), _) => Need::Wait(now + LOOK_EVERY),
        }
    }

    /// Its request came to this.
    pub fn answered(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        match self.phase {
            Phase::Reading => {
                // What cannot be read is written: the SET says more.
                let sheet = sheet(answer.ok());
                let holds =
                    self.line().is_some_and(|line| line.unless.iter().all(|(oid, want)| want.holds(&sheet, oid)));
                if holds {
                    self.at += 1;
                    self.begin_line(now);
                } else {
                    self.phase = Phase::Setting;
                }
            }
            Phase::Setting => self.set(answer, now),
            Phase::Proving(_) => self.read(answer, now),
            Phase::Settling(_) | Phase::Looking(_) => {}
        }
    }

    /// A poll that began at `begun` showed this.
    pub fn looked(&mut self, air: &Air, begun: Duration, now: Duration) {
        let Phase::Looking(since) = self.phase else { return };
        if begun < since {
            return;
        }
        if air.is(self.open) && self.given_up.is_empty() {
            if std::mem::take(&mut self.proofs_owed) {
                return self.begin_proofs(now);
            }
            self.over = Some(Outcome::Done);
            return;
        }
        // Those that were refused will not come by waiting.
        if now < self.look_until && self.given_up.is_empty() {
            self.phase = Phase::Looking(now + LOOK_EVERY);
            return;
        }
        let shows = air.words();
        let why = match (&self.unanswered, self.given_up.iter().next()) {
            (_, Some((_, why))) => {
                let (some, all) = (self.given_up.len(), self.script.rows);
                format!("partly done: {some} of {all} networks refused: {why}")
            }
            (Some(why), None) => format!("{why}, and {shows}"),
            (None, None) if self.touched => format!("the device answered the SET and did not do it: {shows}"),
            (None, None) => format!("every step says that it is done already, and yet {shows}"),
        };
        self.fail(why, false);
    }

    fn line(&self) -> Option<&Line> {
        self.script.lines.get(self.at)
    }

    /// Takes up the line at hand, or the next one of a row not given up.
    fn begin_line(&mut self, now: Duration) {
        while let Some(line) = self.script.lines.get(self.at) {
            if line.row.is_none_or(|row| !self.given_up.contains_key(&row)) {
                let asks = !line.unless.is_empty() && (line.once || !self.undoes);
                self.phase = if asks { Phase::Reading } else { Phase::Setting };
                return;
            }
            self.at += 1;
        }
        self.begin_proofs(now);
    }

    fn set(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        let Some(line) = self.script.lines.get(self.at) else { return };
        let (row, settle, silence, once) = (line.row, line.settle, line.silence, line.once);
        self.sent = false;
        self.touched |= match &answer {
            Ok(_) => true,
            Err(Trouble::Refused { status, .. }) => {
                // What failed half-way is not undone by saying so.
                matches!(status, Status::GenErr | Status::CommitFailed | Status::UndoFailed)
            }
            Err(trouble) => trouble.may_have_acted(),
        };
        let accepted = matches!(&answer, Err(Trouble::Refused { status, .. }) if line.accept.contains(status));
        match answer {
            Ok(_) => self.settle(settle, silence, now),
            Err(_) if accepted => self.settle(Duration::ZERO, Duration::ZERO, now),
            Err(trouble) if trouble.may_have_acted() => {
                self.unanswered = Some(format!("step \"{}\": {trouble}", line.name));
                self.silence_until = self.silence_until.max(now + silence);
                self.at = self.script.lines.len();
                self.proofs_owed = true;
                self.look(if once { AIR_WITHIN } else { LOST_WITHIN }, now);
            }
            Err(trouble) => {
                let why = format!("step \"{}\": {trouble}", line.name);
                match row {
                    Some(row) => {
                        self.given_up.insert(row, why.clone());
                    }
                    None => return self.fail(why, false),
                }
                if self.given_up.len() == self.script.rows {
                    let first = self.given_up.values().next().cloned();
                    return self.fail(first.unwrap_or(why), false);
                }
                self.at += 1;
                self.begin_line(now);
            }
        }
    }

    fn settle(&mut self, settle: Duration, silence: Duration, now: Duration) {
        self.silence_until = self.silence_until.max(now + silence);
        self.phase = Phase::Settling(now + settle);
    }

    fn begin_proofs(&mut self, now: Duration) {
        let proofs = self.script.proofs.iter().enumerate();
        let after = self.silence_until.max(now);
        self.pending = proofs
            .filter(|(_, proof)| proof.row.is_none_or(|row| !self.given_up.contains_key(&row)))
            .map(|(at, proof)| (at, after + proof.within))
            .collect();
        if self.pending.is_empty() { self.begin_looking(now) } else { self.phase = Phase::Proving(now) }
    }

    fn read(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        let trouble = answer.as_ref().err().map(ToString::to_string);
        let sheet = sheet(answer.ok());
        if trouble.is_none() {
            let proofs = &self.script.proofs;
            self.pending.retain(|(at, _)| !proofs[*at].want.holds(&sheet, &proofs[*at].oid));
        }
        let Some((first, _)) = self.pending.first() else { return self.begin_looking(now) };
        let proof = &self.script.proofs[*first];
        self.shown = trouble.map_or_else(|| shown(proof, &sheet), |why| format!("check \"{}\": {why}", proof.name));
        if self.pending.iter().any(|(_, until)| now >= *until) {
            let why = match &self.unanswered {
                Some(why) => format!("{why}, and {}", self.shown),
                None if self.touched => format!("the device answered the SET and did not do it: {}", self.shown),
                None => self.shown.clone(),
            };
            return self.fail(why, true);
        }
        let every = self.pending.iter().map(|(at, _)| self.script.proofs[*at].every).min().unwrap_or(LOOK_EVERY);
        self.phase = Phase::Proving(now + every.max(EVERY_LEAST));
    }

    fn begin_looking(&mut self, now: Duration) {
        self.look(AIR_WITHIN, now);
    }

    fn look(&mut self, within: Duration, now: Duration) {
        self.look_until = self.silence_until.max(now) + within;
        self.phase = Phase::Looking(now);
    }

    fn fail(&mut self, why: String, doubtful: bool) {
        self.over = Some(Outcome::Failed { why, doubtful });
    }

    fn oid_of(&self, (at, _): &(usize, Duration)) -> Oid {
        self.script.proofs[*at].oid.clone()
    }
}

/// A profile that says "every 0 s" does not make a busy loop.
const EVERY_LEAST: Duration = Duration::from_millis(200);

fn sheet(answer: Option<Answer>) -> Sheet {
    match answer {
        Some(Answer::Sheet { sheet, .. }) => sheet,
        Some(Answer::Set) | None => Sheet::new(),
    }
}

/// A proof that does not hold, in words.
fn shown(proof: &Proof, sheet: &Sheet) -> String {
    let found = sheet.get(&proof.oid).filter(|value| value.is_there());
    match found {
        Some(Value::Octets(text)) if proof.text_is_error && !text.is_empty() => {
            let text: String = String::from_utf8_lossy(text).chars().take(WORD_MAX_CHARS).collect();
            format!("the device says: {}", text.escape_debug())
        }
        Some(value) => format!("check \"{}\" reads {}", proof.name, in_words(value)),
        None => format!("check \"{}\" reads nothing at {}", proof.name, proof.oid),
    }
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Octets(text) => {
            let text: String = String::from_utf8_lossy(text).chars().take(WORD_MAX_CHARS).collect();
            format!("\"{}\"", text.escape_debug())
        }
        Value::Oid(oid) => oid.to_string(),
        Value::Ip(ip) => ip.to_string(),
        value => value.number().map_or_else(|| "a value of another type".to_owned(), |number| number.to_string()),
    }
}
