//! Scripts: text → typed script with spans → checked → plan. Needs no console.

pub mod model;
