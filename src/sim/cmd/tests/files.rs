//! Files.

use crate::sim::cmd::trial::Trial;

#[test]
fn text_in_files_is_in_the_code_page_of_the_console() {
    let mut trial = Trial::new();
    trial.typed("echo ä>f");
    assert_eq!(trial.bytes("f").unwrap(), b"\x84\r\n");
    assert_eq!(trial.typed("type f"), "ä\n");
}
