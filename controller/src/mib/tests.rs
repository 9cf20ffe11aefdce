//! The town as its monitoring sees it: what is news, and what net-snmp's own tools read and hear.

mod news;
mod tools;
