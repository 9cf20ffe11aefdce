//! The agent on each access point: opens `00000JAPAN` when the town's key says so, and goes on whatever else fails.
//!
//! Pure: `core`, `hostapd::parse`, `listen::iw`. Round it, in the order it starts: `config`, `town_key`, `ledger`, `shelf`,
//! `hostapd` (with `bridge_port`), `listen`, `mqtt`, and `run`, which joins them.

pub mod bridge_port;
pub mod config;
mod contacts;
pub mod core;
pub mod hostapd;
pub mod ledger;
pub mod listen;
pub mod log;
pub mod mqtt;
pub mod run;
pub mod shelf;
pub mod town_key;
