//! The line: in some histories what crosses it crosses as bytes, written and read as the real shells do.

use std::fmt::Debug;

use firmware_config::ident::ApId;
use firmware_config::wire::{self, Document};
use hirake::core as town;
use hirake_agent::core as agent;

use super::{Due, World};

/// In every so-many-th history, of one controller and of two: a message takes some times as long by it.
pub const BYTES_EACH: u64 = 7;

impl World {
    /// A message is read at the other end as what it was: one that is read otherwise, is turned away or is too long is a
    /// broken promise.
    pub(super) fn crosses(&mut self, message: &Due) {
        if !self.in_bytes {
            return;
        }
        let read = match message {
            Due::FromSite { at, what, .. } => {
                let ap = self.ap(*at);
                match what {
                    agent::Action::PublishPresence(presence) => again(presence, Some(&ap)),
                    agent::Action::PublishReport(report) => again(&**report, Some(&ap)),
                    agent::Action::PublishCounts(counts) => again(counts, Some(&ap)),
                    agent::Action::PublishDistinct(distinct) => again(distinct, Some(&ap)),
                    agent::Action::PublishSightings(sightings) => again(sightings, Some(&ap)),
                    _ => Ok(()),
                }
            }
            Due::ToHall { event: town::Event::OwnOrderSeen(order), .. } => again(order, None),
            Due::ToSite { order, .. } | Due::FromHall { order, .. } => again(&order.order, None),
            Due::Beat { beat, .. } => again(&**beat, None),
            Due::FromHallStored { stored, at, .. } | Due::ToSiteStored { stored, at, .. } => {
                again(stored, Some(&self.ap(*at)))
            }
            _ => Ok(()),
        };
        if let Err(why) = read {
            self.promises.broken(self.time, why);
        }
    }
}

/// Written and read.
///
/// # Errors
/// It is not read as what it was: in words.
fn again<D: Document + PartialEq + Debug>(document: &D, ap: Option<&ApId>) -> Result<(), String> {
    match wire::read::<D>(&wire::write(document), ap) {
        Ok(read) if read == *document => Ok(()),
        Ok(read) => Err(format!("written was {document:?}, read is {read:?}")),
        Err(why) => Err(format!("{document:?} is turned away: {why}")),
    }
}
