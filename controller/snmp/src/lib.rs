//! Access points without our agent: watched and flipped over SNMP; knows nothing of keys, activations or brokers.
//!
//! Rooms, in reading order. Pure: `oid`, `value` (names and values as the protocol has them), `profile` (what a platform
//! is asked, how its answers read, and the flip where it has one), `readings` (what an answer comes to), `trouble` (what
//! goes wrong, in words a person can act on), `deputy` (one device: what was ordered and what is seen in, requests and
//! reports out). Performing: `session` (requests to one device), `traps` (hints from devices), `room` (all devices:
//! when each is asked, and no more at once than is good for anybody), `serve` (the town's own monitoring asks us), and
//! `engine`, who we are to all of them.
//!
//! `async-snmp` is used in `session`, `traps`, `serve` and `engine` and nowhere else.

pub mod counter;
pub mod credentials;
pub mod device;
pub mod oid;
pub mod readings;
pub mod text;
pub mod trouble;
pub mod value;

pub mod deputy;
pub mod profile;

pub mod engine;
pub mod room;
pub mod serve;
pub mod session;
pub mod traps;
