//! What an access point can be told, and how that is written down: values, messages, configuration files.
//!
//! Pure: no socket, no file, no clock.
//!
//! Reading order. First the treaty: [`ident`] and [`mode`] are the words of [`wire`], the messages between controller
//! and agents; [`key`] is what a key switch says, for controller and agents alike, and [`now`] the time as their cores are told it;
//! [`sketch`] counts distinct devices in them without naming one. Then one AP's configuration: each validated word has a file ([`word`] tells what they share); a person's
//! [`wish`] goes through [`ap_config::check`] and comes out as an [`ap_config::ApConfig`], or as every complaint at
//! once; [`preflight`] is the part of the check that guards `00000JAPAN`; [`render`](render()) turns a proven
//! configuration into files.

pub mod ident;
pub mod key;
pub mod mode;
pub mod now;
pub mod sketch;
pub mod wire;

pub mod word;

pub mod channel;
pub mod country;
pub mod host;
pub mod interface;
pub mod passphrase;
pub mod path;
pub mod ssid;

pub mod ap_config;
pub mod preflight;
pub mod render;
pub mod wish;

pub use render::render;
