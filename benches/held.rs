//! The same as `ours`, with an allocator that counts what is held: for the memory of a session. Counting costs time, so
//! that nothing else is measured with it.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[path = "ours.rs"]
mod ours;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    ours::main();
}
