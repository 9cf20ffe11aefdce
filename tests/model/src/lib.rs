//! The order protocol as a checked model: every history of small worlds, on the real cores of controller and agent.
//!
//! A simulation draws histories; this walks all of them, within stated bounds. Rooms: `world` (what there is, and how
//! often it may be disturbed), `step` (everything that may happen next), `carry` (what becomes of what the cores ask
//! for, and the rules that can be broken on purpose), `print` (when two situations are the same), `heal` (everything
//! mends and time passes: where that leads), `promises` (what must hold), `check` (a world walked to its end, and the
//! story of what broke).

pub mod carry;
pub mod check;
pub mod heal;
pub mod print;
pub mod promises;
pub mod step;
pub mod world;
pub mod worlds;
