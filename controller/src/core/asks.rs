//! The counter window: what a person asks for in, whether it is granted out.

use std::collections::BTreeSet;
use std::time::Duration;

use firmware_config::ident::FacilityId;

use super::activation::{ACTIVATIONS_MAX, Activations, Given, Source, WHY_MAX};
use super::{Ask, AskRefused, Inventory};

/// Longest drill a person may start: a day of disaster prevention from morning to morning.
pub const DRILL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Shortest drill: less and the APs have hardly begun.
pub const DRILL_MIN: Duration = Duration::from_secs(60);

/// What is to be done, all of it allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Open these, for good or for a drill.
    Open {
        /// What.
        facilities: BTreeSet<FacilityId>,
        /// The drill's length.
        drill: Option<Duration>,
    },
    /// End this activation.
    Close(Given),
    /// Leave the key out of account.
    Isolate,
    /// Take it back.
    Restore,
}

/// Whether `ask` is granted, and what exactly it comes to. `gone` says whether nobody can turn that key any more.
///
/// # Errors
/// It is not; why is for the person who asked.
pub fn grant(
    ask: &Ask,
    inventory: &Inventory,
    activations: &Activations,
    gone: impl Fn(&Source) -> bool,
) -> Result<Grant, AskRefused> {
    if reason(ask).is_empty() {
        return Err(AskRefused::NoReason);
    }
    match ask {
        Ask::Open { facilities, .. } => open(facilities.as_ref(), None, inventory, activations),
        Ask::Drill { facilities, length, .. } => {
            if !(DRILL_MIN..=DRILL_MAX).contains(length) {
                let (asked_min, max_min) = (length.as_secs() / 60, DRILL_MAX.as_secs() / 60);
                return Err(AskRefused::DrillLength { asked_min, max_min });
            }
            open(facilities.as_ref(), Some(*length), inventory, activations)
        }
        Ask::Close { activation: id, .. } => {
            // After a store was lost two may bear one number for a while: meant is the one that a person may close.
            let meant = || activations.iter().filter(|activation| activation.id == *id);
            let first = meant().next().ok_or(AskRefused::NoSuchActivation(*id))?;
            match meant().find(|activation| activation.source.is_person() || gone(&activation.source)) {
                Some(activation) => Ok(Grant::Close(activation.given())),
                None => Err(AskRefused::NotYours { id: *id, by: first.source.word() }),
            }
        }
        Ask::IsolateKey { .. } => Ok(Grant::Isolate),
        Ask::RestoreKey { .. } => Ok(Grant::Restore),
    }
}

/// The shelters: what the key opens, and what a person opens who names nothing.
#[must_use]
pub fn shelters(inventory: &Inventory) -> BTreeSet<FacilityId> {
    inventory.facilities.iter().filter(|facility| facility.shelter).map(|facility| facility.id.clone()).collect()
}

/// The reason given, as long as it is kept.
#[must_use]
pub fn reason(ask: &Ask) -> &str {
    let why = match ask {
        Ask::Open { why, .. }
        | Ask::Drill { why, .. }
        | Ask::Close { why, .. }
        | Ask::IsolateKey { why }
        | Ask::RestoreKey { why } => why.trim(),
    };
    why.char_indices().nth(WHY_MAX).map_or(why, |(end, _)| &why[..end])
}

/// The word for the record.
#[must_use]
pub fn word(ask: &Ask) -> &'static str {
    match ask {
        Ask::Open { .. } => "open",
        Ask::Drill { .. } => "drill",
        Ask::Close { .. } => "close",
        Ask::IsolateKey { .. } => "isolate-key",
        Ask::RestoreKey { .. } => "restore-key",
    }
}

/// Longest name of a person kept, in characters.
pub const NAME_MAX: usize = 64;

/// The source a person is.
#[must_use]
pub fn source(by: &str) -> Source {
    Source::Operator(by.chars().take(NAME_MAX).collect())
}

fn open(
    named: Option<&BTreeSet<FacilityId>>,
    drill: Option<Duration>,
    inventory: &Inventory,
    activations: &Activations,
) -> Result<Grant, AskRefused> {
    let facilities = named.cloned().unwrap_or_else(|| shelters(inventory));
    let known: BTreeSet<_> = inventory.facilities.iter().map(|facility| &facility.id).collect();
    if let Some(unknown) = facilities.iter().find(|facility| !known.contains(facility)) {
        return Err(AskRefused::NoSuchFacility(unknown.clone()));
    }
    if facilities.is_empty() {
        return Err(AskRefused::NothingToOpen);
    }
    if activations.of_the_town() >= ACTIVATIONS_MAX {
        return Err(AskRefused::TooMany { max: ACTIVATIONS_MAX });
    }
    Ok(Grant::Open { facilities, drill })
}
