//! Scripts: text → typed script with spans → checked → plan. Needs no console.

pub mod codes;
pub(crate) mod decode;
pub mod diagnostic;
pub mod expression;
pub mod format;
pub mod item;
pub mod library;
mod lint;
pub mod loader;
pub mod model;
pub mod parameters;
pub mod plan;
mod plan_text;
pub mod quoting;
pub(crate) mod raw;
pub mod sarif;
pub mod schema;
pub mod similar;
pub mod skeleton;
pub mod template;
pub mod yaml;
