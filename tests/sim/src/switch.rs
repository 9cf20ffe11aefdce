//! A key switch at an access point: where a hand left its contacts, and what a bystander knows that it holds open.

use std::time::Duration;

use firmware_config::mode::Mode;
use hirake::core::{ContactReading, Entry, Kind};

use crate::hall::{DISASTER, DRILL, NORMAL};
use crate::site::Site;

/// The access points with one: the first at the facility that is no shelter, and the first at that of another make's.
pub const SWITCHED: [&str; 2] = ["hall-1", "school-1"];
/// Turns in one history at most: ten closings in ten minutes are obeyed, and then they wait (docs/states.md §3).
pub const TURNS_MAX: usize = 8;
/// A contact that rested so long is believed: a second for one that first was doubtful, and the reading is each second.
const BELIEVED: Duration = Duration::from_secs(3);

/// One switch.
#[derive(Debug)]
pub struct Switch {
    /// Its contacts; none: they cannot be read.
    pub contacts: Option<ContactReading>,
    /// Since when they have been so.
    pub rests_since: Duration,
    /// It was believed at 災害, nobody turned it back since, and the flash that has it was not spoilt.
    pub holds: bool,
    /// The flash took the last page it was given.
    pub kept: bool,
    /// The flash lost a page of it: an act may be done twice.
    pub forgot: bool,
    /// When it is read next.
    pub reads_at: Duration,
    /// How often it was turned.
    pub turns: usize,
}

impl Default for Switch {
    fn default() -> Self {
        Self {
            contacts: Some(NORMAL),
            rests_since: Duration::ZERO,
            holds: false,
            kept: true,
            forgot: false,
            reads_at: Duration::ZERO,
            turns: 0,
        }
    }
}

impl Switch {
    /// A hand, or a fault, moves the contacts.
    pub fn becomes(&mut self, contacts: Option<ContactReading>, time: Duration) {
        (self.contacts, self.rests_since) = (contacts, time);
        if contacts == Some(NORMAL) || contacts == Some(DRILL) {
            self.holds = false;
        }
    }
}

/// An access point whose key stands at 災害 is open whatever else is so, and it alone closes what it opened.
///
/// # Errors
/// It is not, in words.
pub fn is_obeyed(site: &mut Site, time: Duration) -> Result<(), String> {
    let (Some(switch), Some(agent)) = (&mut site.switch, &site.agent) else { return Ok(()) };
    let believed = time.saturating_sub(switch.rests_since.max(site.booted)) >= BELIEVED;
    let stands = switch.contacts == Some(DISASTER) && believed;
    let mode = agent.told().map_or(Mode::Normal, |(_, mode)| mode);
    if (stands || switch.holds) && mode != Mode::Disaster {
        let (contacts, since) = (switch.contacts, switch.rests_since);
        return Err(format!("its key's contacts are {contacts:?} since {since:?}, and it wants {mode}"));
    }
    switch.holds |= stands;
    Ok(())
}

/// The act of a facility key that an entry tells of: whose, and which.
#[must_use]
pub fn act_of(entry: &Entry) -> Option<(&str, &str)> {
    let field = |wanted| entry.fields.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
    matches!(entry.kind, Kind::Opened | Kind::FacilityKeyActed).then(|| field("ap").zip(field("act"))).flatten()
}
