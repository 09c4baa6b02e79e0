//! The JSON Schema of script files, for editors.
//!
//! Shapes and descriptions come from the types that read the files; what else the loader refuses, as far as a schema
//! can say it, is added here.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};

use crate::script::loader::RESERVED;
use crate::script::raw::RawScript;

/// The schema, made from the same types that read the files.
pub fn json_schema() -> Json {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<RawScript>().to_value();
    without_null(&mut schema);
    texts(&mut schema);
    let rules = RULES.iter().map(|(path, more)| (*path, json_of(more)));
    for (path, more) in rules.chain([("Step", kinds()), ("Parameter", parameter_types())]) {
        extend(&mut schema, path, more);
    }
    for (path, key) in NAMED {
        extend(&mut schema, path, json!({ *key: {"pattern": NAME, "not": {"enum": RESERVED}} }));
    }
    for path in DURATIONS {
        extend(&mut schema, path, json!({"pattern": duration(false)}));
    }
    extend(&mut schema, "Reboot.within", json!({"pattern": duration(true)}));
    schema
}

/// A name that expressions can use.
const NAME: &str = "^[a-z][a-z0-9_]*$";

/// Where such names stand: as a value, or as the keys of a mapping.
const NAMED: &[(&str, &str)] = &[
    ("Step.id", "allOf"),
    ("Step.for_each", "propertyNames"),
    ("Step.capture", "propertyNames"),
    ("Probe.capture", "propertyNames"),
    ("Dialogue.capture", "propertyNames"),
    ("Wait.capture", "propertyNames"),
    (".params", "propertyNames"),
];

const DURATIONS: &[&str] =
    &[".takes", ".within", "Step.timeout", "Step.within", "Retry.every", "Wait.within", "Wait.every"];

/// What holds for single types and keys (`Type.key`; the script itself has no name), as JSON.
const RULES: &[(&str, &str)] = &[
    (".script", r#"{"pattern": "^[a-z][a-z0-9-]*(/[a-z][a-z0-9-]*)*$"}"#),
    (".symptoms", r#"{"minItems": 1, "items": {"type": "string", "pattern": "\\S"}}"#),
    (".steps", r#"{"minItems": 1}"#),
    ("Step.block", r#"{"minItems": 1}"#),
    ("Step.rescue", r#"{"minItems": 1}"#),
    ("Step.always", r#"{"minItems": 1}"#),
    ("Step.with", r#"{"minProperties": 1}"#),
    ("Step.capture", r#"{"minProperties": 1}"#),
    ("Probe.capture", r#"{"minProperties": 1}"#),
    ("Dialogue.capture", r#"{"minProperties": 1}"#),
    ("Wait.capture", r#"{"minProperties": 1}"#),
    ("Step.check", r#"{"required": ["holds"]}"#),
    ("Step.max_items", r#"{"minimum": 1, "maximum": 10000}"#),
    ("Retry.times", r#"{"minimum": 2, "maximum": 100}"#),
    ("Answer.times", r#"{"minimum": 1, "maximum": 1000}"#),
    (
        "Action.codes",
        r#"{"minItems": 1, "items": {"type": "integer", "minimum": -2147483648, "maximum": 2147483647}}"#,
    ),
    (
        "Dialogue.codes",
        r#"{"minItems": 1, "items": {"type": "integer", "minimum": -2147483648, "maximum": 2147483647}}"#,
    ),
    ("Action.abort", r#"{"pattern": "^(enter|space|escape|ctrl-c|ctrl-z|[!-~])\\n*$"}"#),
    ("Dialogue.abort", r#"{"pattern": "^(enter|space|escape|ctrl-c|ctrl-z|[!-~])\\n*$"}"#),
    ("Answer.key", r#"{"pattern": "^(enter|space|escape|ctrl-c|ctrl-z|[!-~])\\n*$"}"#),
    ("Action", r#"{"dependentRequired": {"abort": ["answers"]}}"#),
    (
        "Answer",
        r#"{
            "dependentRequired": {"echo": ["send"]},
            "allOf": [
                {"oneOf": [{"required": ["text"]}, {"required": ["regex"]}]},
                {"oneOf": [{"required": ["send"]}, {"required": ["key"]}, {"required": ["fail"]}]}
            ]
        }"#,
    ),
    ("Ask.choices", r#"{"minItems": 2, "uniqueItems": true, "items": {"type": "string", "pattern": "\\S"}}"#),
    ("Upload", r#"{"oneOf": [{"required": ["text"]}, {"required": ["file"]}]}"#),
    ("Upload.file", r#"{"pattern": "^(?!\\.{0,2}/)(?!.*/\\.\\.(/|$))[^\\\\]*[^\\\\\\s][^\\\\]*$"}"#),
    ("Upload.to", r#"{"pattern": "^[^\"<>|?*]*\\\\[^\"<>|?*]*$"}"#),
];

/// Kinds of steps: the key that makes it one, the keys it needs, and those it may have beside the keys of every step.
const KINDS: &[(&str, &[&str], &[&str])] = &[
    ("run", &["in"], &["capture", "holds", "retry", "finding", "timeout", "within"]),
    ("check", &["in", "change", "undo", "finding"], &["save", "restores", "why", "timeout", "within"]),
    ("dialogue", &["in", "undo"], &["why", "finding", "timeout", "within"]),
    ("wait", &["in"], &["finding", "timeout", "within"]),
    ("upload", &[], &["timeout", "within"]),
    ("reboot", &[], &["in"]),
    ("use", &[], &["with", "within"]),
    ("ask", &[], &[]),
    ("block", &[], &["rescue", "always", "within"]),
];

/// Keys that go with some kinds of steps only.
const OF_KINDS: &[&str] = &[
    "capture", "holds", "retry", "save", "change", "undo", "restores", "why", "with", "finding", "in",
    "timeout", "within", "rescue", "always",
];

fn refused<'k>(keys: impl IntoIterator<Item = &'k str>) -> Json {
    keys.into_iter().map(|key| (key.to_owned(), Json::Bool(false))).collect::<Map<_, _>>().into()
}

/// What goes with which kind of step.
fn kinds() -> Json {
    let kinds = || KINDS.iter().map(|(kind, ..)| *kind);
    let mut rules: Vec<Json> = KINDS
        .iter()
        .map(|(kind, needed, allowed)| {
            let other_kinds = kinds().filter(|other| other != kind);
            let other_keys = OF_KINDS.iter().filter(|key| !needed.contains(key) && !allowed.contains(key));
            let refused = refused(other_kinds.chain(other_keys.copied()));
            let mut then = json!({"properties": refused});
            if !needed.is_empty() {
                then["required"] = json!(needed);
            }
            json!({"if": {"required": [kind]}, "then": then})
        })
        .collect();
    let no_kind: Vec<Json> = kinds().map(|kind| json!({"required": [kind]})).collect();
    let others = refused(OF_KINDS.iter().copied().filter(|key| *key != "finding"));
    rules.push(json!({
        "if": {"not": {"anyOf": no_kind}},
        "then": {"required": ["finding"], "properties": others},
    }));
    rules.extend([
        json!({
            "if": {"required": ["run"]},
            "then": {"dependentRequired": {"holds": ["finding"], "finding": ["holds"], "retry": ["holds"]}},
        }),
        json!({
            "if": {"required": ["dialogue"], "properties": {"dialogue": {"required": ["holds"]}}},
            "then": {"required": ["finding"]},
        }),
        json!({"if": {"required": ["dialogue"]}, "then": {"properties": {"in": {"const": "cmd"}}}}),
        json!({
            "if": {"required": ["undo"], "properties": {"undo": {"const": "none"}}},
            "then": {"required": ["why"], "properties": {"restores": false}},
            "else": {"properties": {"why": false}},
        }),
    ]);
    // A command, or each command of a list.
    let without = |key: &str| json!({"properties": {key: false}, "items": {"properties": {key: false}}});
    let typed_in = |modes: &[&str]| json!({"required": ["in"], "properties": {"in": {"enum": modes}}});
    rules.extend([
        json!({
            "if": typed_in(&["sac"]),
            "then": {"properties": {"change": without("codes"), "undo": without("codes")}},
        }),
        json!({
            "if": typed_in(&["sac", "powershell"]),
            "then": {"properties": {"change": without("answers")}},
        }),
    ]);
    json!({"allOf": rules, "dependentRequired": {"max_items": ["for_each"]}})
}

/// What goes with which type of a parameter.
fn parameter_types() -> Json {
    let rule =
        |kind: &str, then: Json| json!({"if": {"properties": {"type": {"const": kind}}}, "then": then});
    json!({"allOf": [
        rule("text", json!({"properties": {"default": {"type": "string"}, "min": false, "max": false, "choices": false}})),
        rule("number", json!({"properties": {"default": {"type": "integer"}, "choices": false}})),
        rule("flag", json!({"properties": {"default": {"type": "boolean"}, "min": false, "max": false, "choices": false}})),
        rule("choice", json!({
            "required": ["choices"],
            "properties": {"default": {"type": "string"}, "min": false, "max": false, "choices": {"minItems": 1}},
        })),
        rule("list", json!({
            "properties": {"default": {"type": "array"}, "min": false, "max": false, "choices": {"minItems": 1}},
        })),
        rule("secret", json!({"properties": {"default": false, "min": false, "max": false, "choices": false}})),
    ]})
}

/// A duration of more than nothing and at most a day; or one in which a machine can restart.
fn duration(restart: bool) -> String {
    let (ms, s) = if restart {
        ("[6-9][0-9]{4}|[1-9][0-9]{5,6}", "[6-9][0-9]|[1-9][0-9]{2,3}")
    } else {
        ("[1-9][0-9]{0,6}", "[1-9][0-9]{0,3}")
    };
    let ms = format!("({ms}|[1-7][0-9]{{7}}|8[0-5][0-9]{{6}}|86[0-3][0-9]{{5}}|86400000)\\s*ms");
    let s = format!("({s}|[1-7][0-9]{{4}}|8[0-5][0-9]{{3}}|86[0-3][0-9]{{2}}|86400)\\s*s");
    let m = "([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)\\s*m";
    let h = "([1-9]|1[0-9]|2[0-4])\\s*h";
    format!("^\\s*0*({ms}|{s}|{m}|{h})\\s*$")
}

/// No text of a script is empty.
fn texts(schema: &mut Json) {
    let is_text = |schema: &Json| schema.get("type") == Some(&json!("string"));
    match schema {
        Json::Array(items) => items.iter_mut().for_each(texts),
        Json::Object(map) => {
            if let Some(Json::Object(properties)) = map.get_mut("properties") {
                for property in properties.values_mut().filter(|property| is_text(property)) {
                    property["pattern"] = json!("\\S");
                }
            }
            map.values_mut().for_each(texts);
        }
        _ => {}
    }
}

fn json_of(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|error| unreachable!("a fixed text: {error}: {text}"))
}

/// Adds to a type or to a key of it; what is a mapping on both sides grows.
fn extend(schema: &mut Json, path: &str, more: Json) {
    let (kind, key) = path.split_once('.').map_or((path, None), |(kind, key)| (kind, Some(key)));
    let mut at = if kind.is_empty() { schema } else { &mut schema["$defs"][kind] };
    if let Some(key) = key {
        at = &mut at["properties"][key];
    }
    let (Json::Object(at), Json::Object(more)) = (at, more) else { return };
    for (key, value) in more {
        match (at.get_mut(&key), value) {
            (Some(Json::Object(old)), Json::Object(new)) => old.extend(new),
            (_, Json::Object(rule)) if key == "allOf" => {
                at.insert(key, json!([rule]));
            }
            (_, value) => {
                at.insert(key, value);
            }
        }
    }
}

/// An optional key may be left out; it may not be there without a value.
pub(crate) fn without_null(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(without_null),
        Json::Object(map) => {
            map.values_mut().for_each(without_null);
            if let Some(Json::Array(kinds)) = map.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Json::Array(any)) = map.get_mut("anyOf") {
                any.retain(|one| *one != serde_json::json!({"type": "null"}));
                if let [Json::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    map.extend(only);
                }
            }
        }
        _ => {}
    }
}
