//! What an access point can be told, and how that is written down: values, messages, configuration files.
//!
//! Pure: no socket, no file, no clock. Reading order below.

pub mod ident;
pub mod mode;
pub mod wire;
