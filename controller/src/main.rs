//! The porch: arguments in, exit code out.

fn main() {}
