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
    // What cannot be read is no script of a folder: `checked` has those.
    let unsaid = codes::ALL.iter().map(|code| code.id).filter(|id| !said.contains(id) && *id != "SP015");
    let unsaid: Vec<_> = unsaid.collect();
    assert_eq!(unsaid, [""; 0], "codes without a bad script");
}

/// The table of docs/script-format.md, against the script that has each defect in a step of its own.
#[test]
fn the_defects_of_documents_are_each_refused_under_their_code() {
    let text = fs::read_to_string(repository("tests/scripts/bad/documents.yaml")).unwrap();
    let Err(LoadError::Script(report)) = load(&Library::with_folder("tests/scripts/bad"), "documents") else {
        panic!("nothing is wrong with it");
    };
    let step = |at: usize| {
        let line = at + text[at..].find('\n').unwrap();
        text[..line].rsplit("- id: d").next().unwrap()[..2].parse::<u32>().unwrap()
    };
    let said: BTreeSet<(u32, &str)> =
        report.diagnostics.iter().map(|said| (step(said.span.start), said.code.id)).collect();
    let page = fs::read_to_string(repository("docs/script-format.md")).unwrap();
    let rows: Vec<(u32, Vec<&str>)> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let number = cells.get(1)?.parse().ok()?;
            Some((
                number,
                cells[3].split([',', ';']).map(str::trim).filter(|code| code.starts_with("SP")).collect(),
            ))
        })
        .collect();
    assert_eq!(rows.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=16).collect::<Vec<_>>());
    for (number, codes) in rows {
        // What the console loses is no matter of a script.
        assert_eq!(codes.is_empty(), number == 13, "defect {number}");
        for code in codes {
            assert!(said.contains(&(number, code)), "defect {number} is not refused as {code}: {said:?}");
        }
    }
}

/// `tests/powershell/valid.ps1` and `broken.ps1`, piece by piece, as steps of a script.
#[test]
fn powershell_is_read_as_windows_powershell_reads_it() {
    let script = |piece: &str| {
        let lines = piece.lines().map(|line| format!("      {line}")).collect::<Vec<_>>().join("\n");
        format!(
            "script: piece\ntitle: 't'\nabout: 'a'\nsteps:\n  - id: piece\n    title: 't'\n    in: powershell\n    run: |2\n{lines}\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    for (file, refused, least) in [("valid.ps1", false, 160), ("broken.ps1", true, 60)] {
        let text = fs::read_to_string(repository("tests/powershell").join(file)).unwrap();
        let pieces: Vec<&str> = text.split("#---\n").skip(1).collect();
        assert!(pieces.len() >= least, "only {} pieces in {file}", pieces.len());
        for piece in pieces {
            fs::write(folder.path().join("piece.yaml"), script(piece)).unwrap();
            let report = match load(&Library::with_folder(folder.path()), "piece") {
                Ok(loaded) => loaded.warnings,
                Err(LoadError::Script(report)) => report,
                Err(error) => panic!("{error}"),
            };
            let said: Vec<_> = report
                .diagnostics
                .iter()
                .filter(|said| said.code.id == "SP076")
                .map(|said| &said.message)
                .collect();
            assert_eq!(!said.is_empty(), refused, "{file}: {piece}\n{said:?}");
            // What is read at all is not laughed at for its layout.
            let layout = ["SP005", "SP010", "SP011", "SP012"];
            assert!(
                !report.diagnostics.iter().any(|said| layout.contains(&said.code.id)),
                "{piece}: {report:?}"
            );
        }
    }
}
