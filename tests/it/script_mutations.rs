//! Shipped scripts with something written into them: the loader answers, whatever it is.

use proptest::prelude::*;
use sacpilot::script::diagnostic::Style;
use sacpilot::script::library::Library;
use sacpilot::script::loader::{LoadError, load};

/// Pieces that mean something to YAML, to expressions, to templates or to cmd.
const PIECES: [&str; 32] = [
    "\"", "'", "''", ": ", " #", "- ", "\n", "\n  ", "\t", "{{", "}}", "{% if", "|", ">", "&a ", "*a",
    "!!str ", "<<: *a", "[", "]", "{", "}", "\\", "\u{1b}", "\u{202e}", "é한", "%", "---\n", "? ", "~",
    "yes", "\u{0}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutations_are_answered(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, 0_usize..PIECES.len()), 1..4),
    ) {
        let embedded = Library::embedded();
        let names = embedded.names();
        let name = pick.get(&names);
        let mut text: Vec<char> = embedded.source(name).unwrap().text.chars().collect();
        for (place, cut, piece) in edits {
            let at = place.index(text.len());
            let end = (at + cut).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        let text: String = text.into_iter().collect();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(format!("{name}.yaml"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &text).unwrap();
        match load(&Library::with_folder(folder.path()), name) {
            Ok(loaded) => prop_assert!(!loaded.warnings.has_errors()),
            Err(LoadError::Script(report)) => {
                prop_assert!(report.has_errors());
                let rendered = report.render(Style::Plain);
                let hostile = |c: char| c.is_control() && c != '\n';
                prop_assert!(!rendered.contains(hostile), "{rendered:?}");
                for diagnostic in &report.diagnostics {
                    prop_assert!(diagnostic.span.end <= diagnostic.source.text.len());
                }
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
}
