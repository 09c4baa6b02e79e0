//! Marks that tell of the line itself. A playback plays them; every other mark is only shown.

/// How the mark of a lost line begins; the reason stands behind it.
const LOST: &str = "line lost";

/// The mark of a line that is there again.
pub const MADE_ANEW: &str = "line made anew";

/// The mark of a line that was lost.
pub fn lost(reason: &str) -> String {
    format!("{LOST}: {reason}")
}

/// Why the line was lost, if this mark says that it was.
pub fn reason_of_loss(label: &str) -> Option<&str> {
    label.strip_prefix(LOST)?.strip_prefix(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_with_its_reason_and_nothing_else_is_one() {
        assert_eq!(reason_of_loss(&lost("ssh exited with code 255")), Some("ssh exited with code 255"));
        assert_eq!(reason_of_loss(&lost("")), Some(""));
        for other in [MADE_ANEW, "step line lost", "line lost", "mode SAC"] {
            assert_eq!(reason_of_loss(other), None);
        }
    }
}
