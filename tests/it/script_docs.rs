//! `docs/script-format.md`: every example is a script that loads, every key is named.

use std::fs;

use sacpilot::script::diagnostic::Style;
use sacpilot::script::library::Library;
use sacpilot::script::loader::{LoadError, load};

use crate::stored::repository;

const AROUND: &str = "script: example\ntitle: 'an example'\nabout: 'an example'\nparams:\n  user: {type: text, about: 'u'}\n  word: {type: secret, about: 'w'}\n  services: {type: list, choices: ['SessionEnv', 'TermService'], about: 's'}\nsteps:\n";

fn page() -> String {
    fs::read_to_string(repository("docs/script-format.md")).unwrap().replace("\r\n", "\n")
}

#[test]
fn every_example_loads() {
    let page = page();
    let examples: Vec<&str> =
        page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 10, "{}", examples.len());
    for example in examples {
        let whole = example.starts_with("script:");
        let text = if whole { example.to_owned() } else { format!("{AROUND}{example}") };
        let name = text.lines().next().unwrap().trim_start_matches("script: ").to_owned();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{name}.yaml"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
        match load(&Library::with_folder(folder.path()), &name) {
            Ok(loaded) if whole => assert_eq!(loaded.warnings.render(Style::Plain), ""),
            Ok(_) => {}
            Err(LoadError::Script(report)) => panic!("{example}\n{}", report.render(Style::Plain)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn every_key_and_word_of_the_format_is_named() {
    let page = page();
    let mut missing = Vec::new();
    let mut todo = vec![sacpilot::script::schema::json_schema()];
    while let Some(value) = todo.pop() {
        match value {
            serde_json::Value::Array(items) => todo.extend(items),
            serde_json::Value::Object(map) => {
                if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                    missing.extend(
                        properties
                            .keys()
                            .filter(|key| {
                                !page.contains(&format!("`{key}`")) && !page.contains(&format!("{key}: "))
                            })
                            .cloned(),
                    );
                }
                if let Some(word) = map.get("const").and_then(serde_json::Value::as_str) {
                    missing.extend((!page.contains(word)).then(|| word.to_owned()));
                }
                todo.extend(map.into_iter().map(|(_, value)| value));
            }
            _ => {}
        }
    }
    assert_eq!(missing, [""; 0], "not in docs/script-format.md");
}

#[test]
fn every_fact_is_named() {
    let page = page();
    for fact in sacpilot::script::model::FACTS {
        assert!(page.contains(&format!("`facts.{}`", fact.name)), "{}", fact.name);
    }
}

#[test]
fn a_new_script_passes_check() {
    let folder = tempfile::tempdir().unwrap();
    let text = sacpilot::script::skeleton::of("lab/new-one").unwrap();
    fs::create_dir_all(folder.path().join("lab")).unwrap();
    fs::write(folder.path().join("lab/new-one.yaml"), text).unwrap();
    let loaded = load(&Library::with_folder(folder.path()), "lab/new-one").unwrap();
    assert_eq!(loaded.warnings.render(Style::Plain), "");
    assert!(sacpilot::script::skeleton::of("../x").is_none());
}

#[test]
fn sarif_names_the_place() {
    let library = Library::with_folder(repository("tests/scripts/bad"));
    let Err(LoadError::Script(report)) = load(&library, "joined") else { panic!("joined is good") };
    let log = sacpilot::script::sarif::log(&report.diagnostics);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "SP060");
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "SP060");
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert!(
        region["startLine"].as_u64().unwrap() > 4
            && region["endColumn"].as_u64() > region["startColumn"].as_u64()
    );
}
