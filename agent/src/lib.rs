//! The one on each access point.
