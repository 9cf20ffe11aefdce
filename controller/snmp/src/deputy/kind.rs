//! What a device is: the profile it was given, or the one that fits what it says of itself.

use std::sync::Arc;

use super::Request;
use crate::oid::Oid;
use crate::profile::Profile;
use crate::profile::library::{Choice, Library, Seen};
use crate::value::Sheet;

/// One device's kind.
#[derive(Debug)]
pub struct Kind {
    library: Arc<Library>,
    /// The profile the town gave it.
    given: Option<String>,
    /// As far as is known.
    profile: Option<Arc<Profile>>,
    /// It is to be asked what it is, before anything else.
    asking: bool,
    stage: Stage,
}

/// How far the asking is.
#[derive(Debug)]
enum Stage {
    /// The first question, which all devices are asked.
    First,
    /// The probes by GET; those by GETNEXT are still to come.
    Get { first: Sheet, next: Vec<Oid> },
    /// The probes by GETNEXT.
    Next { first: Sheet, got: Sheet },
}

/// What an answer brought.
#[derive(Debug, PartialEq)]
pub enum Told {
    /// It is known; `is_new`: it was something else before, or nothing.
    Known {
        /// See above.
        is_new: bool,
    },
    /// Ask this too.
    Ask(Request),
    /// Nothing fits; why.
    Unfit(String),
}

impl Kind {
    /// `given`: the profile's name in `controller.toml`.
    #[must_use]
    pub fn new(library: Arc<Library>, given: Option<String>) -> Self {
        let profile = given.as_ref().and_then(|id| library.get(id)).cloned();
        Self { library, given, asking: profile.is_none(), profile, stage: Stage::First }
    }

    /// It may be another one by now: it is asked again, unless the town said what it is. Until it answers it is what it
    /// was.
    pub fn doubt(&mut self) {
        self.asking = self.profile.is_none() || self.given.is_none();
        self.stage = Stage::First;
    }

    /// A question of the asking was not answered: it begins again.
    pub fn start_over(&mut self) {
        self.stage = Stage::First;
    }

    /// Whether it is to be asked what it is.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.asking
    }

    /// Its profile.
    #[must_use]
    pub fn profile(&self) -> Option<&Arc<Profile>> {
        self.profile.as_ref()
    }

    /// What to ask first in a poll.
    #[must_use]
    pub fn request(&self) -> Request {
        match &self.profile {
            Some(profile) if !self.asking => Request::Poll(Arc::clone(profile.plan())),
            _ => Request::Get(Library::first()),
        }
    }

    /// The answer to [`Self::request`] while it is being asked, or to what was to be asked too.
    pub fn answered(&mut self, sheet: Sheet) -> Told {
        if let Some(id) = &self.given {
            return self.unfit(format!("there is no profile \"{id}\"; correct `profile` of this device"));
        }
        let empty = Sheet::new();
        let (first, got, behind) = match std::mem::replace(&mut self.stage, Stage::First) {
            Stage::First => match self.library.choose(&Seen { first: &sheet, probes: None }) {
                Choice::AskProbes { get, next } if !get.is_empty() => {
                    self.stage = Stage::Get { first: sheet, next };
                    return Told::Ask(Request::Get(get));
                }
                Choice::AskProbes { next, .. } if !next.is_empty() => {
                    self.stage = Stage::Next { first: sheet, got: empty };
                    return Told::Ask(Request::GetNext(next));
                }
                choice => return self.chosen(choice),
            },
            Stage::Get { first, next } if !next.is_empty() => {
                self.stage = Stage::Next { first, got: sheet };
                return Told::Ask(Request::GetNext(next));
            }
            Stage::Get { first, .. } => (first, sheet, empty),
            Stage::Next { first, got } => (first, got, sheet),
        };
        let choice = self.library.choose(&Seen { first: &first, probes: Some((&got, &behind)) });
        self.chosen(choice)
    }

    fn chosen(&mut self, choice: Choice) -> Told {
        match choice {
            Choice::Found(profile) => {
                self.asking = false;
                let is_new = self.profile.as_ref().is_none_or(|before| before.id != profile.id);
                self.profile = Some(profile);
                Told::Known { is_new }
            }
            Choice::AskProbes { .. } => self.unfit("its probes do not tell what it is".to_owned()),
            Choice::Unknown(why) => self.unfit(why),
        }
    }

    fn unfit(&mut self, why: String) -> Told {
        self.profile = None;
        self.asking = true;
        Told::Unfit(why)
    }
}
