//! What several controllers of one town say of and to one another: whose an order is, and that they are there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Order, WallMs};
use crate::ident::{ControllerId, TownId};

/// The greatest rank; it is the last digit of a controller's activation numbers.
pub const RANK_MAX: u8 = 9;

/// Which controller decided an order, and what it knew. Agents do not look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Its name.
    pub id: ControllerId,
    /// 1 to [`RANK_MAX`], each controller's own: of two that are otherwise equal the lower one counts.
    pub rank: u8,
    /// Which acts it had heard of, one word for each start in which a controller gave a number, the last to be heard of
    /// last: what is not in the order and in one of these was ended by somebody; of what is in none, it had not heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<HeardOf>,
}

/// The acts of one start of a controller that were heard of: all up to a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeardOf {
    /// The start that gave the numbers; empty for those that the only controller of a town gave.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub boot: String,
    /// The highest of them.
    pub activation: u64,
}

/// That a controller is there. Retained, signed; the last will says `"online": false`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Document version.
    pub v: u32,
    /// The town.
    pub town: TownId,
    /// Who; must be the controller of the topic.
    pub id: ControllerId,
    /// Its rank.
    pub rank: u8,
    /// Drawn afresh at each start.
    pub boot: String,
    /// Counts up within one `boot`; 0 in the last will.
    pub seq: u64,
    /// There, or gone.
    pub online: bool,
    /// Whether it decides.
    pub active: bool,
    /// The number of the newest order it has; 0 for none.
    pub number: u64,
    /// Whose that order is and when it was made: two orders with one number are told apart by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Stamp>,
    /// The newest heartbeat it has of each other one: whoever finds its own in it knows that this one was said just now
    /// and is no recording.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hears: BTreeMap<ControllerId, Beat>,
}

/// Which of the orders with one number is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Who decided it.
    pub by: ControllerId,
    /// When, by the clock of whoever did.
    pub issued_at_ms: WallMs,
}

impl Stamp {
    /// That of an order; none where the town had one controller when it was made.
    #[must_use]
    pub fn of(order: &Order) -> Option<Self> {
        let by = order.controller.as_ref()?.id.clone();
        Some(Self { by, issued_at_ms: order.issued_at_ms })
    }
}

/// A heartbeat by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beat {
    /// As in [`Heartbeat`].
    pub boot: String,
    /// As in [`Heartbeat`].
    pub seq: u64,
}
