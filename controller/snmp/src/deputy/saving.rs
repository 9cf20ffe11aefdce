//! Making a flip survive a reboot: the SETs of a save, what the device tells of it, and the tidying up.

use std::time::Duration;

use super::script::Saving;
use super::{Answer, Request};
use crate::trouble::Trouble;
use crate::value::Sheet;

/// A profile that says "every 0 s" does not make a busy loop.
const EVERY_LEAST: Duration = Duration::from_millis(200);

/// What saving needs next.
#[derive(Debug, PartialEq)]
pub enum Need {
    /// Ask the device this.
    Ask(Request),
    /// Nothing before then.
    Wait(Duration),
    /// It is over: saved, or not and why.
    Over(Result<(), String>),
}

#[derive(Debug)]
enum Phase {
    /// The SET of this place in the order.
    Set(usize),
    /// Reading how it went: not before the one, not after the other.
    Poll(Duration, Duration),
    /// Tidying up; this came of it.
    Cleanup(Result<(), String>),
    Over(Result<(), String>),
}

/// One saving.
#[derive(Debug)]
pub struct Job {
    saving: Saving,
    phase: Phase,
}

impl Job {
    /// Nothing is sent yet.
    #[must_use]
    pub fn new(saving: Saving) -> Self {
        let phase = if saving.sets.is_empty() { Phase::Over(Ok(())) } else { Phase::Set(0) };
        Self { saving, phase }
    }

    /// What it needs now; asked only while none of its requests is under way.
    #[must_use]
    pub fn need(&self, now: Duration) -> Need {
        let set = |binds: &Vec<_>| Need::Ask(Request::Set { binds: binds.clone(), timeout: self.saving.timeout });
        match (&self.phase, &self.saving.poll) {
            (Phase::Set(at), _) => set(&self.saving.sets[*at]),
            (Phase::Poll(at, _), Some(_)) if now < *at => Need::Wait(*at),
            (Phase::Poll(..), Some(poll)) => Need::Ask(Request::Get(vec![poll.oid.clone()])),
            (Phase::Poll(..), None) => Need::Over(Ok(())),
            (Phase::Cleanup(_), _) => set(&self.saving.cleanup),
            (Phase::Over(outcome), _) => Need::Over(outcome.clone()),
        }
    }

    /// Its request came to this.
    pub fn answered(&mut self, answer: Result<Answer, Trouble>, now: Duration) {
        let phase = std::mem::replace(&mut self.phase, Phase::Over(Ok(())));
        match phase {
            // Silence is not a no: where the device can be asked how it went, it is asked.
            Phase::Set(_) if self.saving.poll.is_some() && silent(&answer) => self.begin_poll(now),
            Phase::Set(at) => match answer {
                Err(trouble) => self.end(Err(trouble.to_string())),
                Ok(_) if at + 1 < self.saving.sets.len() => self.phase = Phase::Set(at + 1),
                Ok(_) if self.saving.poll.is_some() => self.begin_poll(now),
                Ok(_) => self.end(Ok(())),
            },
            Phase::Poll(_, until) => self.polled(answer, until, now),
            Phase::Cleanup(outcome) | Phase::Over(outcome) => self.phase = Phase::Over(outcome),
        }
    }

    fn begin_poll(&mut self, now: Duration) {
        let (within, every) = self.saving.poll.as_ref().map_or_else(Default::default, |poll| (poll.within, poll.every));
        self.phase = Phase::Poll(now + every.min(within), now + within);
    }

    fn polled(&mut self, answer: Result<Answer, Trouble>, until: Duration, now: Duration) {
        let Some(poll) = &self.saving.poll else { return };
        let trouble = answer.as_ref().err().map(ToString::to_string);
        let sheet = match answer {
            Ok(Answer::Sheet { sheet, .. }) => sheet,
            _ => Sheet::new(),
        };
        let found = sheet.get(&poll.oid).and_then(crate::value::Value::number);
        let (done, fail) = (i128::from(poll.done), poll.fail.map(i128::from));
        if found == Some(done) {
            self.end(Ok(()));
        } else if found.is_some() && found == fail {
            self.end(Err("the device says that it could not save".to_owned()));
        } else if now >= until {
            let shown = trouble.unwrap_or_else(|| found.map_or("nothing".to_owned(), |number| number.to_string()));
            self.end(Err(format!("the device did not say that it saved within {} s: {shown}", poll.within.as_secs())));
        } else {
            self.phase = Phase::Poll(now + poll.every.max(EVERY_LEAST), until);
        }
    }

    fn end(&mut self, outcome: Result<(), String>) {
        self.phase = if self.saving.cleanup.is_empty() { Phase::Over(outcome) } else { Phase::Cleanup(outcome) };
    }
}

fn silent(answer: &Result<Answer, Trouble>) -> bool {
    answer.as_ref().is_err_and(Trouble::may_have_acted)
}
