//! `tests/scripts/bad/NAME.yaml` is wrong in one way, or a few; `NAME.txt` is the whole report.

use std::collections::BTreeSet;
use std::fs;

use sacpilot::script::codes;
use sacpilot::script::diagnostic::Style;
use sacpilot::script::library::Library;
use sacpilot::script::loader::{LoadError, load};

use crate::stored::{assert_none, difference, repository};

#[test]
fn every_bad_script_is_reported_as_stored() {
    let folder = repository("tests/scripts/bad");
    let library = Library::with_folder("tests/scripts/bad");
    let mut differences = Vec::new();
    let mut said = BTreeSet::new();
    let mut scripts = 0;
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "yaml")) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let report = match load(&library, name) {
            Ok(loaded) => loaded.warnings,
            Err(LoadError::Script(report)) => report,
            Err(error) => panic!("{name}: {error}"),
        };
        assert!(!report.diagnostics.is_empty(), "nothing is wrong with {name}");
        said.extend(report.diagnostics.iter().map(|diagnostic| diagnostic.code.id));
        differences.extend(difference(&file.with_extension("txt"), &report.render(Style::Plain)));
        scripts += 1;
    }
    assert_none(&differences);
    assert!(scripts >= 60, "only {scripts} bad scripts");
    let unsaid: Vec<_> = codes::ALL.iter().map(|code| code.id).filter(|id| !said.contains(id)).collect();
    assert_eq!(unsaid, [""; 0], "codes without a bad script");
}
