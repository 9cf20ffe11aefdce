//! The prepared networks: what to ask of hostapd so that the air becomes what is wanted, and how far that has come.
//!
//! Believes no answer: only a look counts. Asks one thing at a time of each radio, and nothing twice without a look.

use std::time::Duration;

use firmware_config::wire::Network;

use super::air::{Air, Standing};
use super::{Action, Now};

/// Between looks while all is as wanted.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Between looks while something is not yet as wanted, and after a look that failed.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// First wait after hostapd refused; doubled each time.
pub const RETRY_FIRST: Duration = Duration::from_millis(500);
/// Longest wait between tries, which never end.
pub const RETRY_MAX: Duration = Duration::from_secs(10);

/// One prepared network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Radio {
    /// The radio, such as `phy0`.
    pub phy: String,
    /// The interface hostapd makes for it, such as `wlan0jp`.
    pub interface: String,
    /// The prepared hostapd file of the network.
    pub config: String,
}

/// What is asked of hostapd about one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Put it on the air.
    Add,
    /// Take it off the air.
    Remove,
}

/// What hostapd answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It says it did.
    Ok,
    /// It says no, in these words.
    Fail(String),
    /// It said nothing in time; it may yet have done it.
    Timeout,
}

#[derive(Debug, Clone)]
struct Task {
    radio: Radio,
    /// Asked and not yet answered.
    asked: Option<Verb>,
    /// Answered, and nobody has looked since.
    answered: Option<(Verb, Answer)>,
    /// Tries that did not help, since the order came.
    tries: u32,
    /// Not before then again.
    not_before: Duration,
    /// Why it is not as wanted although it was tried.
    refusal: Option<String>,
}

impl Task {
    fn forget_tries(&mut self) {
        self.tries = 0;
        self.not_before = Duration::ZERO;
        self.refusal = None;
    }
}

#[derive(Debug, Clone)]
enum Link {
    Down { why: String },
    Up,
}

/// How many of the prepared networks are on the air, as last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Nobody could look.
    Unknown,
    /// None.
    None,
    /// Some, or some that are there and do not beacon.
    Partly,
    /// Every one.
    All,
}

/// All the prepared networks of this AP and the link to hostapd.
#[derive(Debug, Clone)]
pub struct Radios {
    tasks: Vec<Task>,
    link: Link,
    air: Option<Air>,
    looking: bool,
    look_failed: Option<String>,
    look_at: Duration,
    /// A look is owed before anything may be called settled.
    look_owed: bool,
    /// Something happened while the look under way was being made: it may have missed it.
    look_stale: bool,
}

impl Radios {
    /// Nothing is known of hostapd yet.
    #[must_use]
    pub fn new(radios: Vec<Radio>) -> Self {
        let task =
            |radio| Task { radio, asked: None, answered: None, tries: 0, not_before: Duration::ZERO, refusal: None };
        Self {
            tasks: radios.into_iter().map(task).collect(),
            link: Link::Down { why: "not reached yet".to_owned() },
            air: None,
            looking: false,
            look_failed: None,
            look_at: Duration::ZERO,
            look_owed: true,
            look_stale: false,
        }
    }

    /// hostapd answers: whatever it was asked before is forgotten, it may be another process.
    pub fn link_up(&mut self, now: Now) {
        self.reset(Link::Up);
        self.look_at = now.mono;
    }

    /// hostapd does not answer. Its networks ended with it.
    pub fn link_down(&mut self, why: String) {
        self.reset(Link::Down { why });
    }

    fn reset(&mut self, link: Link) {
        self.link = link;
        self.air = None;
        self.looking = false;
        self.look_failed = None;
        self.look_owed = true;
        self.look_stale = false;
        for task in &mut self.tasks {
            task.asked = None;
            task.answered = None;
            task.forget_tries();
        }
    }

    /// Something else is wanted from now on: no wait of before counts.
    pub fn wish_changed(&mut self, now: Now) {
        self.look_owed = true;
        self.look_soon(now);
        for task in &mut self.tasks {
            task.forget_tries();
        }
    }

    /// Something may have happened on the air: look soon. What was seen last stands until then.
    pub fn look_soon(&mut self, now: Now) {
        self.look_stale = self.looking;
        self.look_at = now.mono;
    }

    /// hostapd answered about the network at `index`.
    pub fn answered(&mut self, index: usize, verb: Verb, answer: Answer, now: Now) {
        let Some(task) = self.tasks.get_mut(index).filter(|task| task.asked == Some(verb)) else {
            return;
        };
        task.asked = None;
        task.answered = Some((verb, answer));
        self.look_owed = true;
        self.look_soon(now);
    }

    /// A look came back.
    pub fn looked(&mut self, result: Result<Air, String>, want: Option<bool>, now: Now) {
        self.looking = false;
        match result {
            Ok(air) => {
                self.air = Some(air);
                self.look_failed = None;
                self.look_owed &= self.look_stale;
            }
            Err(why) => self.look_failed = Some(why),
        }
        for index in 0..self.tasks.len() {
            self.weigh(index, want, now);
        }
        let calm = self.look_failed.is_none() && self.as_wanted(want);
        self.look_at = now.mono + if calm || want.is_none() { LOOK_EVERY } else { LOOK_AGAIN };
        if std::mem::take(&mut self.look_stale) {
            self.look_soon(now);
        }
    }

    /// After a look: did the last try help?
    fn weigh(&mut self, index: usize, want: Option<bool>, now: Now) {
        let standing = self.standing(index);
        let task = &mut self.tasks[index];
        let answered = task.answered.take();
        if want.is_some_and(|open| is_as_wanted(&standing, open)) {
            task.forget_tries();
            return;
        }
        let Some((verb, answer)) = answered else { return };
        // Asked under another order: nobody is to blame for it now.
        if want.is_none() || (verb == Verb::Add && want == Some(false)) {
            return;
        }
        let (word, name) = match verb {
            Verb::Add => ("ADD", &task.radio.interface),
            Verb::Remove => ("REMOVE", &task.radio.interface),
        };
        let why = match (answer, standing) {
            // It is coming, or a useless network was taken away to be put up anew: that is progress.
            (_, Standing::Preparing(_)) if verb == Verb::Add => return,
            (_, Standing::Absent) if verb == Verb::Remove => return,
            (_, Standing::Useless(why)) if verb == Verb::Add => why,
            (Answer::Ok, _) => format!("hostapd said OK to {word} {name}, and a look does not show it"),
            (Answer::Fail(said), _) => format!("hostapd refused {word} {name} ({said}); its own log knows why"),
            (Answer::Timeout, _) => format!("hostapd did not answer {word} {name} in time"),
        };
        task.refusal = Some(why);
        task.tries = task.tries.saturating_add(1);
        task.not_before = now.mono + backoff(task.tries);
    }

    fn standing(&self, index: usize) -> Standing {
        match &self.air {
            Some(air) => air.standing(&self.tasks[index].radio.interface),
            None => Standing::Unknown,
        }
    }

    fn as_wanted(&self, want: Option<bool>) -> bool {
        want.is_some_and(|open| (0..self.tasks.len()).all(|index| is_as_wanted(&self.standing(index), open)))
    }

    /// What to ask of hostapd now. `want`: on the air, off the air, or leave alone whatever there is.
    pub fn step(&mut self, want: Option<bool>, now: Now) -> Vec<Action> {
        if matches!(self.link, Link::Down { .. }) {
            return Vec::new();
        }
        let mut actions = Vec::new();
        for index in 0..self.tasks.len() {
            let standing = self.standing(index);
            let blind = self.look_failed.is_some();
            let task = &mut self.tasks[index];
            if task.asked.is_some() || task.answered.is_some() || now.mono < task.not_before {
                continue;
            }
            let Some(verb) = remedy(want, &standing, blind) else { continue };
            task.asked = Some(verb);
            actions.push(match verb {
                Verb::Add => Action::Add { index, radio: task.radio.clone() },
                Verb::Remove => Action::Remove { index, interface: task.radio.interface.clone() },
            });
        }
        let busy = self.tasks.iter().any(|task| task.asked.is_some());
        if !busy && !self.looking && now.mono >= self.look_at {
            self.looking = true;
            actions.push(Action::Look);
        }
        actions
    }

    /// When [`Self::step`] has something to do although nothing happens.
    #[must_use]
    pub fn next_wake(&self, want: Option<bool>) -> Option<Duration> {
        if matches!(self.link, Link::Down { .. }) {
            return None;
        }
        let busy = self.tasks.iter().any(|task| task.asked.is_some());
        let look = (!busy && !self.looking).then_some(self.look_at);
        let blind = self.look_failed.is_some();
        let waits = |index: &usize| {
            let task = &self.tasks[*index];
            let idle = task.asked.is_none() && task.answered.is_none();
            idle && remedy(want, &self.standing(*index), blind).is_some()
        };
        (0..self.tasks.len()).filter(waits).map(|index| self.tasks[index].not_before).chain(look).min()
    }

    /// Whether the last look, with nothing done since, shows what is wanted.
    #[must_use]
    pub fn settled(&self, want: Option<bool>) -> bool {
        want.is_some() && self.quiet(want)
    }

    /// Whether nothing is going on: hostapd answers, nothing is asked of it, and all is as wanted.
    #[must_use]
    pub fn quiet(&self, want: Option<bool>) -> bool {
        let idle = self.tasks.iter().all(|task| task.asked.is_none() && task.answered.is_none());
        let as_wanted = want.is_none() || self.as_wanted(want);
        self.is_up() && idle && !self.look_owed && self.look_failed.is_none() && as_wanted
    }

    /// What the last look showed.
    #[must_use]
    pub fn air(&self) -> Option<&Air> {
        self.air.as_ref()
    }

    /// How much is on the air, as last seen.
    #[must_use]
    pub fn open(&self) -> Open {
        let Some(air) = &self.air else { return Open::Unknown };
        let standings: Vec<_> = self.tasks.iter().map(|task| air.standing(&task.radio.interface)).collect();
        if standings.iter().all(|standing| *standing == Standing::OnAir) {
            Open::All
        } else if standings.iter().all(|standing| *standing == Standing::Absent) {
            Open::None
        } else {
            Open::Partly
        }
    }

    /// Whether hostapd answers.
    #[must_use]
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up)
    }

    /// The networks that beacon, as last seen.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        self.air.iter().flat_map(Air::on_air).cloned().collect()
    }

    /// Why what was tried did not help; none where nothing failed.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let reasons: Vec<&str> = self.tasks.iter().filter_map(|task| task.refusal.as_deref()).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// What is being waited for; none where there is nothing to say.
    #[must_use]
    pub fn waiting_for(&self, want: Option<bool>) -> Option<String> {
        if let Link::Down { why } = &self.link {
            return Some(format!("waiting for hostapd: {why}"));
        }
        if let Some(why) = &self.look_failed {
            return Some(format!("hostapd does not say what is on the air: {why}"));
        }
        let preparing = |index| match (want, self.standing(index)) {
            (Some(true), Standing::Preparing(why)) => Some(why),
            _ => None,
        };
        let reasons: Vec<String> = (0..self.tasks.len()).filter_map(preparing).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}

/// What to ask of hostapd about a network that stands so; none where there is nothing to do but wait.
fn remedy(want: Option<bool>, standing: &Standing, blind: bool) -> Option<Verb> {
    match (want?, standing) {
        (true, Standing::Absent) => Some(Verb::Add),
        // hostapd will not say what is there. An ADD too many harms nothing; a network missing does.
        (true, Standing::Unknown) if blind => Some(Verb::Add),
        // It serves nobody as it is: take it away, to put it up anew.
        (true, Standing::Useless(_)) => Some(Verb::Remove),
        (false, Standing::OnAir | Standing::Preparing(_) | Standing::Useless(_)) => Some(Verb::Remove),
        _ => None,
    }
}

fn is_as_wanted(standing: &Standing, open: bool) -> bool {
    *standing == if open { Standing::OnAir } else { Standing::Absent }
}

/// 0.5 s, 1 s, 2 s, 4 s, 8 s, then 10 s for ever.
fn backoff(tries: u32) -> Duration {
    RETRY_FIRST.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(RETRY_MAX)
}
