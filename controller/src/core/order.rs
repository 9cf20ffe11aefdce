//! The council chamber: who holds what open in, the next order out, or none.
//!
//! Knows nothing of radios, of the store, or of who is listening.

use std::collections::BTreeMap;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::{ActivationNote, Issuer, Order, VERSION, Wanted};

use super::inventory::Seat;
use super::{Inventory, Now, activation::Activations};

/// The next order, and what kind of step it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The order.
    pub order: Order,
    /// Some facility gets a greater mode than it has: the order goes out before anything else.
    pub opens: bool,
    /// Some facility gets a lesser mode, or something that was held open is held no more.
    pub ends: bool,
    /// The greatest mode this step enters or leaves is a drill's.
    pub drill: bool,
}

/// The next order, if what is wanted differs from the newest one: a mode, a drill's end, or who holds what open.
///
/// `twin`: another order of the newest one's number. Some APs follow the one and some the other, so that there is always
/// a next one, and it opens where it opens for either of them.
#[must_use]
pub fn next(
    newest: Option<&Order>,
    twin: Option<&Order>,
    number: u64,
    inventory: &Inventory,
    activations: &Activations,
    now: Now,
) -> Option<Decision> {
    let facilities: BTreeMap<FacilityId, Wanted> = inventory
        .facilities
        .iter()
        .map(|facility| (facility.id.clone(), activations.wanted(&facility.id, now)))
        .collect();
    let notes = activations.notes();
    if twin.is_none()
        && newest.is_some_and(|newest| newest.activations == notes && same_wishes(&newest.facilities, &facilities))
    {
        return None;
    }
    let mode = |order: &Order, id: &FacilityId| order.facilities.get(id).map_or(Mode::Normal, |wanted| wanted.mode);
    let before = |id: &FacilityId| newest.map_or(Mode::Normal, |newest| mode(newest, id));
    let least = |id: &FacilityId| twin.map_or(before(id), |twin| before(id).min(mode(twin, id)));
    let opens = facilities.iter().any(|(id, wanted)| wanted.mode > least(id));
    let is_held = |one: &ActivationNote| notes.iter().any(|note| (note.id, &note.boot) == (one.id, &one.boot));
    let ends = facilities.iter().any(|(id, wanted)| wanted.mode < before(id))
        || newest.into_iter().flat_map(|newest| &newest.activations).any(|note| !is_held(note));
    let touched = facilities
        .iter()
        .filter(|(id, wanted)| wanted.mode != before(id))
        .map(|(id, wanted)| wanted.mode.max(before(id)))
        .max();
    let issuer = |seat: &Seat| Issuer { id: seat.id.clone(), rank: seat.rank, heard: activations.known().to_vec() };
    let order = Order {
        v: VERSION,
        town: inventory.town.clone(),
        number,
        issued_at_ms: now.wall_ms,
        controller: inventory.seat.as_ref().map(|seat| Box::new(issuer(seat))),
        facilities,
        activations: notes,
    };
    // A step that touches no facility (somebody joins what is open already) belongs to the mode it leaves standing.
    let drill = touched.unwrap_or_else(|| greatest(&order)) == Mode::Drill;
    Some(Decision { order, opens, ends, drill })
}

/// The greatest mode any facility is ordered to be in.
#[must_use]
pub fn greatest(order: &Order) -> Mode {
    order.facilities.values().map(|wanted| wanted.mode).max().unwrap_or_default()
}

/// The seconds left of a drill grow fewer by themselves; only its end is a wish.
fn same_wishes(one: &BTreeMap<FacilityId, Wanted>, other: &BTreeMap<FacilityId, Wanted>) -> bool {
    let end = |wanted: &Wanted| wanted.drill.map(|drill| drill.until_ms);
    one.len() == other.len()
        && one.iter().zip(other).all(|((id, wanted), (other_id, other_wanted))| {
            id == other_id && wanted.mode == other_wanted.mode && end(wanted) == end(other_wanted)
        })
}
