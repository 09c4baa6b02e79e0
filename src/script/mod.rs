//! Scripts: text → typed script with spans → checked → plan. Needs no console.

pub mod expression;
pub mod model;
pub mod quoting;
pub mod template;
