//! Text that is compared with a file of the repository. `SACPILOT_BLESS=1 cargo test` writes the files anew; the
//! change is then reviewed as any other.

use std::fs;
use std::path::{Path, PathBuf};

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares, or writes. Returns what is wrong, for tests that compare many files.
pub(crate) fn difference(path: &Path, actual: &str) -> Option<String> {
    if std::env::var_os("SACPILOT_BLESS").is_some() {
        fs::write(path, actual).unwrap();
        return None;
    }
    let stored = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    let name = path.strip_prefix(repository("")).unwrap_or(path).display();
    (stored != actual).then(|| format!("--- {name} is stored as\n{stored}\n--- it is now\n{actual}\n"))
}

/// Fails with all differences at once.
pub(crate) fn assert_none(differences: &[String]) {
    assert!(
        differences.is_empty(),
        "{}\nIf this is right: SACPILOT_BLESS=1 cargo test, and review the change.",
        differences.join("\n")
    );
}
