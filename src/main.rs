//! The `sacpilot` program.

fn main() {}
