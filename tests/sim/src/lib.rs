//! A whole town in one thread: the real cores of controller and agents, a simulated clock, broker, network, disks and
//! radios, and everything that can go wrong with them; each history drawn from a seed and checked against the promises.
//!
//! The same seed is the same history, to the last microsecond; each fourth seed is a town with two controllers, with or
//! without a lock in a database. Rooms: `chance` (the one source of randomness), `world` (time, and what is on its way;
//! `world/pair` what two controllers say to one another), `hall` (a controller and its disk), `site` (an access point:
//! flash, hostapd, radio), `ears` (what its radios hear), `switch` (a key switch at an access point), `gear` (one of
//! another make), `post` (the broker), `books` (who was counted), `faults` (what goes wrong, and how often it did), `promises` (what must hold whatever
//! happens), `history` (one seed from morning to the last look).

pub mod books;
pub mod chance;
pub mod ears;
pub mod faults;
pub mod gear;
pub mod hall;
pub mod history;
pub mod kept;
pub mod post;
pub mod promises;
pub mod site;
pub mod switch;
pub mod world;
