//! What must hold: some of it in every situation, some of it in what every situation leads to once all is mended.

use std::collections::BTreeSet;

use firmware_config::ident::FacilityId;
use firmware_config::mode::Mode;
use firmware_config::wire::Order;
use hirake::core::KeyPosition;

use crate::world::{Held, World, place};

/// An order once superseded at an AP is never carried out again, but as the last good one that a flash still had.
pub const NEVER_BACK: &str = "an order once superseded is never served again";
/// No AP carries out two contents under one number.
pub const ONE_CONTENT: &str = "no AP takes two contents under one number";
/// While no store was lost and one controller reigns, a number is given once.
pub const NUMBER_ONCE: &str = "a number is given once";
/// What is on the air, and what is ordered to be, was opened by a person.
pub const BY_A_PERSON: &str = "nothing but a person's act opens";
/// An AP that is open carries out an order that says who holds it open; once quiet, somebody still does.
pub const COVERED: &str = "an open AP has an activation covering it, or is told to stop";
/// A drill ends although every controller is gone; a disaster does not.
pub const DRILL_ENDS: &str = "a drill ends without the controller";
/// Once quiet: all controllers hold one and the same order, nobody holds a higher one, and every AP carries it out.
pub const HIGHEST: &str = "once quiet, every reachable AP serves the highest order";
/// Once quiet: what people hold open is open, and nothing else.
pub const OBEYED: &str = "once quiet, what people hold open is open";

/// Of several controllers that reach one another, after a stated time and once quiet, exactly one decides; none, where
/// somebody else has the lock. While one of them has it, and nobody opened anything, none decides beside it.
pub const ONE_DECIDES: &str = "exactly one controller decides";
/// What a person opens is ordered in the same moment, whichever controller it is done at; at a facility key it is on the
/// air in the same moment, whoever is there or not.
pub const AT_ONCE: &str = "what a person opens is ordered at once, at any controller";

/// All of them.
pub const ALL: [&str; 10] =
    [NEVER_BACK, ONE_CONTENT, NUMBER_ONCE, BY_A_PERSON, COVERED, DRILL_ENDS, HIGHEST, OBEYED, ONE_DECIDES, AT_ONCE];

/// A person opened the first `places` at a controller.
pub fn ordered_at_once(world: &mut World, at: usize, places: usize) {
    let now = world.hall_now(at);
    let Some(view) = world.halls[at].town.as_ref().map(|core| core.view(now)) else { return };
    let opens = |id: &FacilityId| view.facilities.iter().any(|of| of.id == *id && of.wanted.is_open());
    if let Some(place) = (0..places).map(place).find(|place| !opens(place)) {
        world.breaks(AT_ONCE, format!("controller {at} was told to open {place}, and has not ordered it"));
    }
}

/// The facility key at an AP was turned.
pub fn on_the_air_at_once(world: &mut World, at: usize) {
    if world.sites[at].turned && !world.sites[at].open {
        world.breaks(AT_ONCE, format!("the facility key of {} was turned, and it is not open", place(at)));
    }
}

/// How many of the controllers that reach one another decide, if it is not one.
#[must_use]
pub fn several_decide(world: &World) -> Option<String> {
    let reached: Vec<usize> =
        (0..world.halls.len()).filter(|at| world.halls[*at].town.is_some() && world.halls[*at].linked).collect();
    let deciding = reached.iter().filter(|at| world.decides(**at)).count();
    let elsewhere = match world.lock {
        Held::Elsewhere => true,
        Held::By(holder) => !reached.contains(&holder),
        Held::Free | Held::Deaf => false,
    };
    let wrong = !reached.is_empty() && deciding != 1 && !(elsewhere && deciding == 0);
    wrong.then(|| format!("of the controllers {reached:?}, which reach one another, {deciding} decide"))
}

/// Who decides beside the one that has the lock, while nobody opened anything. Not to be asked where an order was under
/// way: who has not heard it from the broker must say it, and no lock is in the way of that.
#[must_use]
pub fn decides_beside_the_lock(world: &World) -> Option<String> {
    let Held::By(holder) = world.lock else { return None };
    let beside = (0..world.halls.len()).find(|at| *at != holder && world.decides(*at));
    let beside = beside.filter(|_| world.ever_opened.is_empty())?;
    Some(format!("controller {beside} decides, and controller {holder} has the lock"))
}

/// An order is signed for the first time.
pub fn signed(world: &mut World, halls: usize, order: &Order) {
    let unknown = |(id, _): &(&_, &_)| !world.ever_opened.contains(*id);
    let opened = order.facilities.iter().filter(|(_, wanted)| wanted.mode.is_open()).find(unknown);
    if let Some(how) = opened.map(|(id, _)| format!("order {} opens {id}, which nobody opened", order.number)) {
        world.breaks(BY_A_PERSON, how);
    }
    let again = world.signed.values().any(|known| known.order.number == order.number);
    if again && halls == 1 && !world.forgetful {
        world.breaks(NUMBER_ONCE, format!("number {} is given to two orders", order.number));
    }
}

/// An AP wrote its ledger: what it carries out from now on. What the order says is read from its signed text, whatever
/// came to the agent under that name.
pub fn carries_out(world: &mut World, at: usize) {
    let Some(jws) = world.sites[at].flash.order.as_ref().map(|signed| signed.jws.clone()) else { return };
    let Some(number) = world.signed.get(&jws).map(|signed| signed.order.number) else { return };
    let site = &mut world.sites[at];
    let floor = site.floor;
    site.floor = floor.max(number);
    let first = site.accepted.entry(number).or_insert_with(|| jws.clone()).clone();
    let ap = place(at);
    if number < floor {
        world.breaks(NEVER_BACK, format!("{ap} carried out order {floor}, and carries out order {number}"));
    }
    if first != jws {
        world.breaks(ONE_CONTENT, format!("{ap} carried out {first}, and carries out {jws}"));
    }
}

/// What must hold in every situation.
#[must_use]
pub fn now(world: &World) -> Option<(&'static str, String)> {
    for (at, site) in world.sites.iter().enumerate().filter(|(_, site)| site.open) {
        let ap = place(at);
        if !world.ever_opened.contains(&ap) {
            return Some((BY_A_PERSON, format!("{ap} is open, and nobody opened it")));
        }
        let order = site.flash.order.as_ref().and_then(|held| world.signed.get(&held.jws)).map(|held| &held.order);
        let mode = order.and_then(|order| order.facilities.get(&ap)).map_or(Mode::Normal, |wanted| wanted.mode);
        let noted = order.is_some_and(|order| {
            order.activations.iter().any(|note| note.mode == mode && note.facilities.contains(&ap))
        });
        let by_key = site.flash.key.open.is_some();
        if !by_key && (!mode.is_open() || !noted) {
            let number = order.map_or(0, |order| order.number);
            return Some((COVERED, format!("{ap} is open by order {number} ({mode}), in which nobody holds it open")));
        }
    }
    world.wrong.clone()
}

/// Whether everybody holds the same order, the highest that anybody has, and does what it says.
///
/// # Errors
/// Who does not, in words.
pub fn at_rest(world: &World) -> Result<(), String> {
    let mut highest: Option<&Order> = None;
    let shelves = world.halls.iter().filter_map(|hall| hall.shelf.order.as_ref());
    let flashes = world.sites.iter().filter_map(|site| site.flash.order.as_ref()).map(|held| &held.order);
    for order in shelves.chain(flashes).chain(world.retained.iter().map(|held| &held.order)) {
        if highest.is_none_or(|highest| order.number > highest.number) {
            highest = Some(order);
        }
    }
    let Some(highest) = highest else { return Err("nobody has any order".to_owned()) };
    for (at, hall) in world.halls.iter().enumerate() {
        let order = hall.shelf.order.as_ref();
        if order != Some(highest) {
            let number = order.map_or(0, |order| order.number);
            return Err(format!("controller {at} holds order {number}, and {} is the highest", highest.number));
        }
    }
    for (at, site) in world.sites.iter().enumerate() {
        let ap = place(at);
        let held = site.flash.order.as_ref().map(|held| &held.order);
        let wanted = highest.facilities.get(&ap).is_some_and(|wanted| wanted.mode.is_open());
        if held != Some(highest) || site.open != (site.turned || (wanted && !site.flash.drill_over)) {
            let number = held.map_or(0, |order| order.number);
            let open = site.open;
            return Err(format!("{ap} holds order {number}, open {open}, and {} is the highest", highest.number));
        }
    }
    Ok(())
}

/// What must hold once everything is mended and quiet, beside [`at_rest`].
#[must_use]
pub fn once_quiet(world: &World) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let several = several_decide(world).filter(|_| world.know_one_another());
    wrong.extend(several.or_else(|| decides_beside_the_lock(world)).map(|how| (ONE_DECIDES, how)));
    let held: BTreeSet<_> = (0..world.halls.len())
        .filter_map(|at| world.halls[at].town.as_ref().map(|core| core.view(world.hall_now(at)).activations))
        .flatten()
        .flat_map(|held| held.facilities)
        .collect();
    for (at, site) in world.sites.iter().enumerate() {
        let ap = place(at);
        if site.open && !held.contains(&ap) {
            wrong.push((COVERED, format!("{ap} is open, nobody holds it open, and it is not told to stop")));
        }
        let operator = at == 0 && world.operators > 0;
        let must = site.turned || world.key == KeyPosition::Disaster || (operator && !world.forgetful);
        let may = must || operator || world.key == KeyPosition::Drill || (world.forgetful && at == 0);
        if must && !site.open {
            wrong.push((OBEYED, format!("{ap} is closed, and people hold it open")));
        } else if site.open && !may {
            wrong.push((OBEYED, format!("{ap} is open, and everybody who opened it has closed it")));
        }
    }
    wrong
}
