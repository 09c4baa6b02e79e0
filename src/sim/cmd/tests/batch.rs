//! Batch files.

use crate::sim::cmd::trial::Trial;

/// Runs a batch file and compares what it shows.
fn batch(text: &str, arguments: &str, expected: &str) {
    let mut trial = Trial::new();
    trial.file("x.cmd", text);
    assert_eq!(trial.typed(format!("x {arguments}").trim_end()), expected, "{text}");
}

#[test]
fn smoke() {
    batch("@echo hi\n", "", "hi\n");
}
