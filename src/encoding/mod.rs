//! Bytes and text: the UTF-8 of a console, cut anywhere by reads, and the code pages of files.
//!
//! The wire of EMS is UTF-8 ("VT-UTF8"), so what comes from a console goes through [`Utf8Stream`]. What a program
//! inside the machine writes to a file is in the console's code page, or in UTF-16; that is [`CodePage`] and
//! [`decode_output`].

mod code_page;
mod hex;
mod json;
mod utf8;

pub use code_page::{CodePage, Decoded, decode_output};
pub use hex::hex;
pub use json::{acts, harmless_json};
pub use utf8::Utf8Stream;
