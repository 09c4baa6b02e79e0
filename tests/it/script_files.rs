//! What is derived from the shipped scripts and from the format, and stored beside them.

use std::fs;

use sacpilot::script::library::Library;
use sacpilot::script::loader::load;
use sacpilot::script::model::{Param, ParamKind, Scope, Value};
use sacpilot::script::plan::Plan;
use sacpilot::script::yaml::{self, Kind, Node};

use crate::stored::{assert_none, difference, repository};

#[test]
fn plans_are_as_stored() {
    let library = Library::embedded();
    let mut differences = Vec::new();
    for name in library.names() {
        let script = load(&library, &name).unwrap().script;
        let params: Scope =
            script.params.iter().map(|param| (param.name.clone(), some_value(param))).collect();
        let plan = Plan::new(&script, &params);
        let path = repository("tests/plans").join(format!("{}.txt", name.replace('/', "-")));
        differences.extend(difference(&path, &plan.to_text()));

        assert!(plan.is_untouched());
        let json = serde_json::to_string(&plan).unwrap();
        let mut read: Plan = serde_json::from_str(&json).unwrap();
        assert_eq!(read, plan, "{name}");
        read.steps[0].commands[0].text.push_str(" & whoami");
        assert!(!read.is_untouched(), "{name}");
    }
    assert_none(&differences);
}

#[test]
fn the_schema_is_as_stored() {
    let schema = sacpilot::script::schema::json_schema();
    let text = format!("{schema:#}\n");
    assert_none(&Vec::from_iter(difference(&repository("script.schema.json"), &text)));
}

/// Another reader of YAML, with its own rules for scalars, sees the same text in every script.
#[test]
fn serde_saphyr_reads_the_same() {
    let library = Library::embedded();
    for name in library.names() {
        let text = library.source(&name).unwrap().text;
        let (tree, problems) = yaml::parse(&text);
        assert!(problems.is_empty());
        let theirs: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(as_json(&tree.unwrap()), as_text(&theirs), "{name}");
    }
}

#[test]
fn every_place_of_a_scalar_is_where_it_stands() {
    for entry in fs::read_dir(repository("tests/scripts/bad")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            if let (Some(tree), _) = yaml::parse(&text) {
                assert_places(&tree, &text);
            }
        }
    }
}

fn assert_places(node: &Node, text: &str) {
    match &node.kind {
        Kind::Scalar { text: value, .. } => {
            let written = &text[node.span.clone()];
            let first = value.lines().next().unwrap_or_default();
            let plain =
                !first.contains(['\'', '"', '\\']) && !value.contains('\n') && !written.contains('\n');
            assert!(!plain || written.contains(first), "{written:?} is the place of {value:?}");
        }
        Kind::Sequence(items) => items.iter().for_each(|item| assert_places(item, text)),
        Kind::Mapping(entries) => {
            for entry in entries {
                let key = text[entry.key_span.clone()].trim_matches(['\'', '"']);
                assert!(key == entry.key || entry.key.is_empty(), "{key:?} is the place of {:?}", entry.key);
                assert_places(&entry.value, text);
            }
        }
    }
}

fn some_value(param: &Param) -> Value {
    match (&param.default, &param.kind) {
        (Some(value), _) => value.clone(),
        (None, ParamKind::Number { min, .. }) => Value::from(*min),
        (None, ParamKind::Flag) => Value::from(false),
        (None, ParamKind::List { of }) => Value::from(of.clone()),
        (None, ParamKind::Choice(words)) => Value::from(words[0].clone()),
        (None, ParamKind::Text | ParamKind::Secret) => Value::from(param.name.clone()),
    }
}

fn as_json(node: &Node) -> serde_json::Value {
    match &node.kind {
        Kind::Scalar { text, .. } => text.as_str().into(),
        Kind::Sequence(items) => items.iter().map(as_json).collect(),
        Kind::Mapping(entries) => {
            serde_json::Value::Object(entries.iter().map(|e| (e.key.clone(), as_json(&e.value))).collect())
        }
    }
}

/// Numbers and truth values as the text they were.
fn as_text(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Array(items) => items.iter().map(as_text).collect(),
        serde_json::Value::Object(map) => {
            serde_json::Value::Object(map.iter().map(|(key, value)| (key.clone(), as_text(value))).collect())
        }
        serde_json::Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
