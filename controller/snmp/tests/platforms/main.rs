//! The shipped profiles, proven on walks: those written for the project, and recordings of real devices where there are any.

mod known;
mod recorded;
mod shipped;
mod up;
mod walk;
mod written;
