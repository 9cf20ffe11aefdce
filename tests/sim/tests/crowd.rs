//! Ten thousand access points that boot at once after a blackout, and a key that is turned in the middle of it.

use std::time::Duration;

use firmware_config::mode::Mode;
use hirake::core::Event;
use sim::hall::{DISASTER, NORMAL, PLACES};
use sim::world::World;

/// The design's largest town: three facilities of the model town share them.
const SITES: usize = 10_000;
/// The tries of agents are at most 10 s apart, and the controller tells again at most 10 s apart.
const SETTLES: Duration = Duration::from_secs(60);

fn turn(world: &mut World, to: hirake::core::ContactReading) {
    world.halls[0].contacts = Some(to);
    world.promises.ever_opened.extend(PLACES[1..].iter().map(|place| place.parse().expect("a name")));
    world.hall_on(0, Event::Contacts(to));
}

/// How many are on the air, and how many hold the newest order.
fn standing(world: &World) -> (usize, usize) {
    let newest = world.sites.iter().filter_map(|site| site.agent.as_ref()?.told()).map(|told| told.0).max();
    let open = world.sites.iter().filter(|site| site.is_open(world.time)).count();
    let told = |told: (u64, Mode)| Some(told.0) == newest;
    (
        open,
        world.sites.iter().filter(|site| site.agent.as_ref().and_then(|agent| agent.told()).is_some_and(told)).count(),
    )
}

#[test]
fn ten_thousand_aps_come_back_at_once_open_as_they_were_and_hear_the_key_that_was_turned_meanwhile() {
    let each = SITES.div_ceil(PLACES.len());
    let mut world = World::new(10_000, each);
    let all = each * PLACES.len();
    let shelters = all - each;
    world.pass(SETTLES);
    turn(&mut world, DISASTER);
    world.pass(SETTLES);
    assert_eq!(standing(&world), (shelters, all), "opened");

    // Everything goes dark for 10 s, the broker for 30 s and its memory for ever.
    let off = Duration::from_secs(10);
    world.promises.memory_may_be_lost(false);
    world.kill_broker(3 * off, true);
    for at in 0..world.sites.len() {
        world.power_off(at, off);
    }
    world.kill_hall(0, off);
    world.pass(2 * off);
    let (open, _) = standing(&world);
    assert_eq!(open, shelters, "each serves its ledger's mode before anybody told it anything");

    // The broker is back, they all connect and report, and the key is turned in the middle of it.
    world.pass(off + Duration::from_millis(500));
    turn(&mut world, NORMAL);
    world.pass(SETTLES);
    assert_eq!(standing(&world), (0, all), "closed");
    assert_eq!(world.promises.broken, None);
}
