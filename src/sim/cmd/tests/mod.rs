//! The shell as a whole: what is typed and what appears.

use super::trial::Trial;

mod batch;
mod codes;
mod files;
mod lines;

/// Types lines one after the other in one shell and compares what each shows.
fn check(rows: &[(&str, &str)]) {
    check_in(&mut Trial::new(), rows);
}

fn check_in(trial: &mut Trial, rows: &[(&str, &str)]) {
    for (line, expected) in rows {
        assert_eq!(trial.typed(line), *expected, "{line}");
    }
}
