//! The hand on the lever: what the network is to be in, passes and savings out, until the device is seen to be so.
//!
//! One request at a time. Works on levels: whatever was done before, what the newest read shows is what counts, and no
//! pass begins on anything read before the last SET.

use std::time::Duration;

use super::air::Air;
use super::pass::{self, Outcome, Pass};
use super::saving::{self, Job};
use super::script::{Saving, Script};
use super::{Answer, Request};
use crate::trouble::Trouble;

/// First wait after a pass that failed; doubled each time.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest wait between passes, which never end.
pub const RETRY_MAX: Duration = Duration::from_secs(10);
/// Longest wait between savings: a device's flash is not hammered.
const SAVE_RETRY_MAX: Duration = Duration::from_secs(60);

/// What is known of the device.
pub struct Facts<'a> {
    /// Of the whole device, by the newest poll that was answered.
    pub air: &'a Air,
    /// When that poll began; none: there was none.
    pub begun: Option<Duration>,
    /// Whether the last poll was answered.
    pub answers: bool,
    /// Why it cannot be flipped at all, where it cannot.
    pub hindrance: Option<&'a str>,
    /// The script of one way, with a number drawn for it, from what that poll read.
    pub script: &'a dyn Fn(bool, u16) -> Result<Script, String>,
}

/// What is needed of others.
#[derive(Debug, Default, PartialEq)]
pub struct Needs {
    /// Ask the device.
    pub request: Option<Request>,
    /// A poll begun then or later.
    pub poll: Option<Duration>,
    /// A line for the log.
    pub log: Vec<String>,
}

/// A way whose SETs were sent and whose end was not seen.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    open: bool,
    /// The network's own row is no proof: something else did not read as it must.
    checks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Pass,
    Saving,
    /// For something that was given up meanwhile; a SET may have been done all the same.
    Nobody,
}

/// One device's lever.
#[derive(Debug, Default)]
pub struct Flipper {
    wish: Option<bool>,
    pass: Option<Pass>,
    job: Option<(Job, Duration)>,
    asked: Option<For>,
    /// Nothing read by a poll begun before then counts.
    touched_at: Duration,
    doubt: Option<Doubt>,
    /// It is to be opened, and that was not tried yet.
    untried: bool,
    /// Another controller switches it; it is only watched.
    hands_off: bool,
    /// What is open is not closed before then.
    spared_until: Duration,
    refusal: Option<String>,
    tries: u32,
    not_before: Duration,
    silence_until: Duration,
    save: Option<Saving>,
    save_owed: bool,
    save_failure: Option<String>,
    save_tries: u32,
    save_not_before: Duration,
    /// The number last drawn.
    drawn: u16,
    wake: Option<Duration>,
}

impl Flipper {
    /// Nothing is wanted yet. Numbers are drawn from another place for each device.
    #[must_use]
    pub fn new(id: &str) -> Self {
        let drawn = id.bytes().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(byte)));
        Self { drawn: drawn % 65_535, ..Self::default() }
    }

    /// The newest order wants it open, or not. Whatever is being waited for is given up where it wants the other.
    pub fn wish(&mut self, open: bool, now: Duration) {
        self.refusal = None;
        self.tries = 0;
        self.not_before = now;
        if self.wish.replace(open) == Some(open) {
            return;
        }
        self.untried = open;
        if let Some(pass) = self.pass.take_if(|pass| pass.opens() != open) {
            if pass.has_touched() {
                self.doubt = Some(Doubt { open: pass.opens(), checks: false });
                self.touched_at = now;
                self.save_owed |= pass.script().save.is_some();
            }
            if self.asked == Some(For::Pass) {
                self.asked = Some(For::Nobody);
            }
        }
        // A saving touches nothing on the air: its answer is not waited for, and it is done again in the end.
        if self.job.take().is_some() && self.asked == Some(For::Saving) {
            self.asked = None;
        }
    }

    /// Whether it is ours to switch. What is under way is brought to its end.
    pub fn hands(&mut self, on: bool) {
        self.hands_off = !on;
    }

    /// What is open is not closed before `until`.
    pub fn spare(&mut self, until: Duration) {
        self.spared_until = until;
    }

    /// What is wanted.
    #[must_use]
    pub fn wanted(&self) -> Option<bool> {
        self.wish
    }

    /// Whether the newest read shows what is wanted, and nothing speaks against it.
    #[must_use]
    pub fn is_settled(&self, facts: &Facts<'_>) -> bool {
        let proven = |open| self.doubt.is_none_or(|doubt| doubt.open == open && !doubt.checks);
        self.pass.is_none()
            && facts.begun.is_some_and(|begun| begun >= self.touched_at)
            && self.wish.is_some_and(|open| facts.air.is(open) && proven(open))
    }

    /// Why it is not as wanted although it was tried, or cannot be.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// The same, with the word that it is tried again where it is.
    #[must_use]
    pub fn refusal_told(&self) -> Option<String> {
        let tries = if self.tries > 0 { "; tries go on" } else { "" };
        self.refusal.as_ref().map(|why| format!("{why}{tries}"))
    }

    /// Why what is on the air would not survive a reboot.
    #[must_use]
    pub fn not_saved(&self) -> Option<&str> {
        self.save_failure.as_deref()
    }

    /// Whether the device may be silent now, and nobody is alarmed.
    #[must_use]
    pub fn may_be_silent(&self, now: Duration) -> bool {
        now < self.silence_until
    }

    /// Its request came to this.
    pub fn answered(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        match self.asked.take() {
            Some(For::Pass) => {
                if let Some(pass) = &mut self.pass {
                    pass.answered(answer, now);
                    self.save_owed |= pass.has_touched() && pass.script().save.is_some();
                    self.silence_until = self.silence_until.max(pass.silence_until());
                }
                self.touched_at = now;
            }
            Some(For::Saving) => {
                if let Some((job, _)) = &mut self.job {
                    job.answered(answer, now);
                }
            }
            Some(For::Nobody) => self.touched_at = now,
            None => {}
        }
    }

    /// A poll that began at `begun` was answered and showed this.
    pub fn looked(&mut self, air: &Air, begun: Duration, now: Duration) {
        if let Some(pass) = &mut self.pass {
            pass.looked(air, begun, now);
        }
    }

    /// A poll that began at `begun` was not answered.
    pub fn not_looked(&mut self, why: &Trouble, begun: Duration, now: Duration) {
        self.looked(&Air::Unknown(why.to_string()), begun, now);
    }

    /// What is to be done now.
    pub fn step(&mut self, facts: &Facts<'_>, now: Duration) -> Needs {
        let mut needs = Needs::default();
        self.wake = None;
        // Each turn either ends the step, or ends a pass or saving, or begins one; none is begun twice in a step, for
        // its end asks for a newer read first.
        while self.asked.is_none() && self.turn(facts, now, &mut needs) {}
        needs
    }

    /// When to step again, if nothing happens before.
    #[must_use]
    pub fn next_wake(&self) -> Option<Duration> {
        self.wake
    }

    /// Says whether there is more to do.
    fn turn(&mut self, facts: &Facts<'_>, now: Duration, needs: &mut Needs) -> bool {
        if let Some(pass) = &mut self.pass {
            match pass.need(now) {
                pass::Need::Ask(request) => {
                    self.asked = Some(For::Pass);
                    needs.request = Some(request);
                }
                pass::Need::Wait(until) => self.wake = Some(until),
                pass::Need::Look(since) => needs.poll = Some(since),
                pass::Need::Over(outcome) => {
                    self.end(outcome, now, needs);
                    return true;
                }
            }
            return false;
        }
        if let Some((job, begun)) = &self.job {
            let overtaken = facts.begun.is_some_and(|read| read > *begun) && !self.is_settled(facts);
            match job.need(now) {
                saving::Need::Wait(_) if overtaken => {
                    self.job = None;
                    return true;
                }
                saving::Need::Ask(request) => {
                    self.asked = Some(For::Saving);
                    needs.request = Some(request);
                    return false;
                }
                saving::Need::Wait(until) => self.wake = Some(until),
                saving::Need::Over(outcome) => {
                    self.job = None;
                    self.saved(outcome, now, needs);
                    return true;
                }
            }
            return false;
        }
        self.decide(facts, now, needs)
    }

    /// Nothing is under way: is there anything to do?
    fn decide(&mut self, facts: &Facts<'_>, now: Duration, needs: &mut Needs) -> bool {
        let Some(open) = self.wish else { return false };
        if facts.begun.is_none_or(|begun| begun < self.touched_at) || !facts.answers {
            // What was last seen shut and is wanted shut may wait for its place in the interval.
            let may_wait = !open && self.doubt.is_none() && (facts.begun.is_none() || self.is_settled(facts));
            needs.poll = (!may_wait).then_some(self.touched_at);
            return false;
        }
        if self.hands_off {
            // Another one switches it and sees to its end; what is on the air is all that is to be known here.
            self.doubt = None;
        }
        if self.is_settled(facts) {
            self.doubt = None;
            self.untried = false;
            self.refusal = None;
            self.tries = 0;
            self.not_before = now;
            return !self.hands_off && self.begin_saving(now);
        }
        if self.hands_off {
            self.refusal = None;
            return false;
        }
        let unseen = matches!(facts.air, Air::Unknown(_));
        if let Air::Unknown(why) = facts.air {
            self.refusal = Some(format!("whether it is on the air cannot be seen: {why}"));
            // The network opens first: once it is tried all the same. No more often, for nobody sees what it does.
            if !self.untried {
                return false;
            }
        }
        if let Some(why) = facts.hindrance {
            self.refusal = Some(why.to_owned());
            self.tries = 0;
            return false;
        }
        let not_before = if open { self.not_before } else { self.not_before.max(self.spared_until) };
        if now < not_before {
            self.wake = Some(not_before);
            return false;
        }
        self.untried = false;
        match (facts.script)(open, self.draw()) {
            Ok(script) => {
                needs.log.push(format!("flipping open={open} networks={} try={}", script.rows, self.tries + 1));
                if script.save.is_some() {
                    self.save.clone_from(&script.save);
                }
                let undoes = self.doubt.is_some_and(|doubt| doubt.open != open);
                self.pass = Some(Pass::new(script, open, undoes, now));
                true
            }
            Err(_) if unseen => false,
            Err(why) => {
                self.refuse(why, now, needs);
                false
            }
        }
    }

    fn end(&mut self, outcome: Outcome, now: Duration, needs: &mut Needs) {
        let Some(pass) = self.pass.take() else { return };
        let open = pass.opens();
        match outcome {
            Outcome::Done => {
                needs.log.push(format!("flipped open={open}"));
                self.doubt = None;
                self.refusal = None;
                self.tries = 0;
                // The look that proved it is newer than any SET of it.
                self.touched_at = Duration::ZERO;
            }
            Outcome::Failed { why, doubtful } => {
                if pass.has_touched() || doubtful {
                    self.doubt = Some(Doubt { open, checks: doubtful });
                }
                self.refuse(why, now, needs);
            }
        }
    }

    fn refuse(&mut self, why: String, now: Duration, needs: &mut Needs) {
        if self.refusal.as_ref() != Some(&why) {
            needs.log.push(format!("not flipped why={why:?}"));
        }
        self.refusal = Some(why);
        self.not_before = now + RETRY_FIRST.saturating_mul(1 << self.tries.min(16)).min(RETRY_MAX);
        self.tries = self.tries.saturating_add(1);
        self.touched_at = now;
        needs.poll = Some(now);
    }

    fn begin_saving(&mut self, now: Duration) -> bool {
        let Some(saving) = self.save.as_ref().filter(|_| self.save_owed) else { return false };
        if now < self.save_not_before {
            self.wake = Some(self.save_not_before);
            return false;
        }
        self.job = Some((Job::new(saving.clone()), now));
        true
    }

    fn saved(&mut self, outcome: Result<(), String>, now: Duration, needs: &mut Needs) {
        match outcome {
            Ok(()) => {
                needs.log.push("saved".to_owned());
                (self.save_owed, self.save_failure, self.save_tries) = (false, None, 0);
                self.save_not_before = now;
            }
            Err(why) => {
                needs.log.push(format!("not saved why={why:?}"));
                self.save_failure = Some(why);
                let wait = RETRY_FIRST.saturating_mul(1 << self.save_tries.min(16)).min(SAVE_RETRY_MAX);
                self.save_not_before = now + wait;
                self.save_tries = self.save_tries.saturating_add(1);
            }
        }
    }

    /// Another number than the last times: each of 1 to 65535 once before any comes again.
    fn draw(&mut self) -> u16 {
        // A step that has no divisor in common with 65535 = 3 × 5 × 17 × 257.
        self.drawn = u16::try_from((u32::from(self.drawn) + 40_504) % 65_535).unwrap_or_default();
        self.drawn + 1
    }
}
