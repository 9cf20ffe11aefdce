//! `./dev torture`: a town of real processes, killed, stopped, cut off and restarted at random, and what must hold.
//!
//! `plan` draws from a seed everything that is done; `run` does it; `watch` measures how long each access point was not
//! what the newest order says; `ears` hears every message; `books` reads the database at the end.

pub mod plan;
pub mod watch;

pub mod desk;
pub mod ears;

pub mod books;
pub mod run;
