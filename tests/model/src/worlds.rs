//! The small worlds that are walked at every test, and the larger ones that are walked on demand.

use crate::world::{Bounds, Broken, Small};

/// No disturbance at all.
pub const CALM: Bounds = Bounds {
    turns: 0,
    facility_keys: 0,
    drill: false,
    asks: 0,
    losses: 0,
    twice: 0,
    forgets: 0,
    reboots: 0,
    flash: 0,
    kills: 0,
    stores: 0,
    cuts: 0,
    parts: 0,
    locks: 0,
    silences: 0,
    wakes: 0,
    hours: 0,
};

/// `halls` controllers and `sites` access points.
#[must_use]
pub const fn world(name: &'static str, halls: usize, sites: usize, bounds: Bounds) -> Small {
    Small { name, halls, standby: false, lock: false, sites, bounds, broken: Broken::Nothing }
}

/// Two controllers that know of one another, the key at the one that stands by, and an access point.
#[must_use]
pub const fn pair(name: &'static str, bounds: Bounds) -> Small {
    Small { name, halls: 2, standby: true, lock: false, sites: 1, bounds, broken: Broken::Nothing }
}

/// The same with a lock in a database.
#[must_use]
pub const fn locked(name: &'static str, bounds: Bounds) -> Small {
    Small { lock: true, ..pair(name, bounds) }
}

/// Walked at every test.
pub const SMALL: [Small; 17] = [
    world("one of each; lost, twice, late", 1, 1, Bounds { turns: 2, losses: 1, twice: 1, wakes: 1, ..CALM }),
    world(
        "one of each; power cuts, a flash that loses",
        1,
        1,
        Bounds { turns: 2, losses: 1, reboots: 2, flash: 1, ..CALM },
    ),
    world("one of each; killed, a store that is lost", 1, 1, Bounds { turns: 1, kills: 1, stores: 1, ..CALM }),
    world("one of each; a drill", 1, 1, Bounds { turns: 1, drill: true, reboots: 1, hours: 1, ..CALM }),
    world("one of each; key and operator", 1, 1, Bounds { turns: 1, asks: 2, ..CALM }),
    world("one of each; a store lost its last order, and two messages are lost", 1, 1, {
        Bounds { turns: 1, losses: 2, kills: 1, stores: 1, ..CALM }
    }),
    world("a facility key; cut off, a power cut", 1, 1, Bounds { facility_keys: 2, cuts: 1, reboots: 1, ..CALM }),
    world("a facility key; the controller is killed", 1, 1, Bounds { facility_keys: 2, kills: 1, ..CALM }),
    world("a facility key and the key", 1, 1, Bounds { turns: 1, facility_keys: 2, ..CALM }),
    world("two APs; an operator, a broker that forgets, a cut", 1, 2, Bounds { asks: 1, forgets: 1, cuts: 1, ..CALM }),
    world("two controllers; an operator opens, a cut", 2, 1, Bounds { asks: 1, cuts: 1, ..CALM }),
    pair("one stands by; the other is killed", Bounds { asks: 1, kills: 1, silences: 1, ..CALM }),
    pair("one stands by; they are cut from one another", Bounds { asks: 1, parts: 1, silences: 1, ..CALM }),
    pair("one stands by; a facility key, cut from one another", Bounds { facility_keys: 1, parts: 1, ..CALM }),
    pair("one stands by, with the key", Bounds { turns: 1, parts: 1, ..CALM }),
    locked(
        "a lock; the one that has it is cut off or killed",
        Bounds { kills: 1, parts: 1, locks: 1, silences: 1, ..CALM },
    ),
    locked("a lock; an operator, a database that goes deaf", Bounds { asks: 1, kills: 1, locks: 1, ..CALM }),
];

/// Walked on demand: `./dev model`.
pub const LARGE: [Small; 13] = [
    pair(
        "more: one stands by; key and operator, cut and killed",
        Bounds { turns: 1, asks: 1, parts: 1, kills: 1, silences: 1, ..CALM },
    ),
    pair("more: one stands by; a store that is lost", Bounds { turns: 1, kills: 1, stores: 1, silences: 1, ..CALM }),
    pair("more: one stands by; opened and closed, cut twice", Bounds { asks: 2, parts: 2, silences: 1, ..CALM }),
    pair("more: one stands by; a facility key, an operator, killed and parted", {
        Bounds { facility_keys: 2, asks: 1, kills: 1, parts: 1, ..CALM }
    }),
    world("more: two controllers; the key", 2, 1, Bounds { turns: 1, ..CALM }),
    world("more: two controllers; key and operator", 2, 1, Bounds { turns: 1, asks: 1, ..CALM }),
    world("more: two controllers; killed, a store that is lost", 2, 1, {
        Bounds { turns: 1, kills: 1, stores: 1, ..CALM }
    }),
    world("more: one of each; all at once", 1, 1, {
        Bounds { turns: 2, losses: 1, twice: 1, reboots: 1, flash: 1, kills: 1, stores: 1, ..CALM }
    }),
    world("more: one of each; drills, killed", 1, 1, {
        Bounds { turns: 2, drill: true, reboots: 1, kills: 1, wakes: 1, hours: 1, ..CALM }
    }),
    world("more: two APs; key and operator, cut off", 1, 2, {
        Bounds { turns: 1, asks: 2, forgets: 1, cuts: 1, ..CALM }
    }),
    world("more: two controllers; opened and closed", 2, 1, Bounds { turns: 1, asks: 2, ..CALM }),
    world("more: two controllers; lost and late", 2, 1, Bounds { turns: 2, losses: 1, wakes: 1, ..CALM }),
    world("more: two controllers; killed, a broker that forgets", 2, 1, {
        Bounds { turns: 1, asks: 1, forgets: 1, kills: 1, stores: 1, ..CALM }
    }),
];
