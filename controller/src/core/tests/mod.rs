//! Stories of the core: a model town, a hand on the key, a store that can be broken, APs that answer or do not.
//!
//! The bench carries actions out as the shells do, keeps what was stored, and lets time pass only where nothing is left
//! to do. Nothing here waits for a real second.

mod activations;
mod air;
mod arrivals;
mod bench;
mod closed_doors;
mod deciding;
mod deputies;
mod distinct;
mod facility_keys;
mod fleet;
mod hearing;
mod histories;
mod judging;
mod key;
mod merging;
mod opening;
mod pair;
mod pair_histories;
mod pair_keys;
mod patience;
mod rivals;
mod standby;
mod standing_by;
mod store;
mod strangers;
mod trimming;
mod watch;
mod whoever_opened;
mod witnesses;
