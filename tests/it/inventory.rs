//! `targets.yaml`: `tests/inventories/bad/NAME.yaml` is wrong, `NAME.txt` is the whole report; names behind `-t`.

use std::collections::BTreeSet;
use std::fs;

use sacpilot::inventory::{self, codes, json_schema};
use sacpilot::script::diagnostic::Source;
use serde_json::{Value, json};

use crate::program::Program;
use crate::stored::{assert_none, difference, repository};

const LAB: &str = r"
# yaml-language-server: $schema=targets.schema.json
defaults: {user: 'Administrator', password: 'env:LAB_PASSWORD'}
targets:
  web01:
    endpoint: 'sim:rdp-internal-error'
    about: 'the first web server'
    tags: [web, canary]
    profile: '2019'
    params: {new_port: '45123'}
  db01: {endpoint: 'tcp:127.0.0.1:1', tags: [db]}
  login: {endpoint: 'exec:ssh console7 secret-word', tags: [web]}
";

#[test]
fn every_bad_inventory_is_reported_as_stored() {
    let mut files: Vec<_> = fs::read_dir(repository("tests/inventories/bad"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() >= 14, "only {} bad inventories", files.len());
    let mut differences = Vec::new();
    let mut said = String::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        // The name that is always taken for an inventory, also when the text is nothing like one.
        let checked = Program::new("check targets.yaml").file("targets.yaml", &text).run();
        let warned = file.ends_with("same-console.yaml");
        let checked = checked.code(if warned { 0 } else { 2 }).stderr("");
        differences.extend(difference(&file.with_extension("txt"), checked.text()));
        said.push_str(checked.text());
    }
    assert_none(&differences);
    assert!(!said.contains("hunter2"), "a password is shown");
    let unsaid: BTreeSet<_> = codes::ALL.iter().map(|code| code.id).filter(|id| !said.contains(id)).collect();
    assert_eq!(unsaid, BTreeSet::new(), "codes without a bad inventory");
}

#[test]
fn the_schema_is_as_stored() {
    let text = format!("{:#}\n", json_schema());
    assert_none(&Vec::from_iter(difference(&repository("targets.schema.json"), &text)));
}

/// An editor that goes by the schema and the loader say the same of the format, whatever is changed in an inventory. What
/// an endpoint or a password source must look like inside is the loader's alone.
#[test]
fn the_schema_and_the_loader_agree() {
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    let whole = json!({
        "defaults": {"user": "adm", "domain": "LAB", "password": "env:LAB", "wait": "20m"},
        "targets": {
            "web-01": {
                "endpoint": "tcp:a:1", "about": "x", "user": "adm", "domain": "D", "password": "file:p",
                "tags": ["web", "canary"], "profile": "2019", "params": {"new_port": "45123"}, "wait": "5m",
            },
            "db.2": {"endpoint": "serial:COM1"},
        },
    });
    let others = [
        json!("text"),
        json!("2025"),
        json!(7),
        json!(1.5),
        json!(true),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({"a": "b"}),
        json!([[]]),
    ];
    let mut cases = vec![whole.clone()];
    for place in places(&whole) {
        let mut with = |change: &dyn Fn(&mut Value)| {
            let mut changed = whole.clone();
            change(changed.pointer_mut(&place).unwrap());
            cases.push(changed);
        };
        for other in &others {
            with(&|value| *value = other.clone());
        }
        for key in ["unknown", "user", "Name", "a b", "-x"] {
            with(&|value| {
                if let Some(entries) = value.as_object_mut() {
                    entries.insert(key.to_owned(), json!("text"));
                }
            });
        }
        let keys: Vec<String> = whole
            .pointer(&place)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            with(&|value| {
                value.as_object_mut().unwrap().remove(&key);
            });
        }
    }
    let (mut taken, mut refused) = (0, 0);
    for case in &cases {
        let text = written(case);
        let loaded = inventory::load(Source { path: "targets.yaml".to_owned(), text: text.clone() });
        let format = |code: &str| code.starts_with("SP") || code == codes::BAD_TARGET_NAME.id;
        let wrong: Vec<String> = loaded
            .err()
            .into_iter()
            .flat_map(|report| report.diagnostics)
            .filter(|d| format(d.code.id) || d.message.contains("no name of a parameter"))
            .map(|d| d.code.id.to_owned())
            .collect();
        let valid = schema.is_valid(case);
        assert_eq!(valid, wrong.is_empty(), "schema: {valid}, loader: {wrong:?}\n{text}");
        *if valid { &mut taken } else { &mut refused } += 1;
    }
    assert!(taken > 40 && refused > 150, "{taken} {refused}");
    // What ships is valid, too.
    for entry in fs::read_dir(repository("hw/bench")).unwrap() {
        let source = inventory::read(&entry.unwrap().path()).unwrap();
        let value: Value = serde_saphyr::from_str(&source.text).unwrap();
        assert!(schema.is_valid(&value), "{}", source.path);
    }
}

/// Every place of a value, as a JSON pointer.
fn places(value: &Value) -> Vec<String> {
    let below = |step: String, value: &Value| {
        let step = step.replace('~', "~0").replace('/', "~1");
        places(value).into_iter().map(move |place| format!("/{step}{place}")).collect::<Vec<_>>()
    };
    let mut all = vec![String::new()];
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| all.extend(below(key.clone(), value)));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, value)| all.extend(below(number.to_string(), value)));
        }
        _ => {}
    }
    all
}

/// A value as one writes YAML: texts in single quotes.
fn written(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| format!("'{key}': {}", written(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

#[test]
fn targets_are_listed_checked_and_explained() {
    let call = |arguments: &str| Program::new(arguments).file("targets.yaml", LAB).run();
    call("check targets.yaml").stdout("1 file, nothing is wrong\n").stderr("").code(0);
    call("targets")
        .stdout(
            "web01  sim:rdp-internal-error  [web, canary]  the first web server\n\
             db01   tcp:127.0.0.1:1  [db]\n\
             login  exec:ssh …  [web]\n",
        )
        .code(0);
    call("targets --tag web --tag canary --json")
        .stdout(
            "[\n  {\n    \"about\": \"the first web server\",\n    \"domain\": null,\n    \"endpoint\": \"sim:rdp-internal-error\",\n    \"name\": \"web01\",\n    \"params\": {\n      \"new_port\": \"45123\"\n    },\n    \"profile\": \"2019\",\n    \"tags\": [\n      \"web\",\n      \"canary\"\n    ],\n    \"user\": \"Administrator\",\n    \"wait_seconds\": null\n  }\n]\n",
        )
        .code(0);
    let said = call("check --explain SI003").code(0);
    assert!(
        said.text().starts_with("SI003: password or token in the file\n\nAn inventory is copied"),
        "{}",
        said.text()
    );
}

#[test]
fn a_name_is_found_or_refused_before_anything_is_opened() {
    let call = |arguments: &str| {
        let program = Program::new(arguments).file("targets.yaml", LAB);
        program.variable("LAB_PASSWORD", "hunter2-x").run()
    };
    call("exec -t web01 -- echo here").stdout("here\r\n").code(0);
    let refused = "cannot connect to socket 127.0.0.1:1";
    let said = call("exec -t db01 -- ver").code(255);
    assert!(said.stderr_text().contains("127.0.0.1:1"), "{refused}: {}", said.stderr_text());
    call("exec -t wep01 -- ver")
        .stderr("error: there is no target `wep01` in [FOLDER]/targets.yaml\n  help: did you mean `web01`?\n")
        .code(2);
    call("exec -t COM1 -- ver")
        .stderr("error: `COM1` does not say which way in it is\n  help: write `serial:COM1`\n")
        .code(2);
    call("diagnose rdp-internal-error -t db01 --inventory none.yaml")
        .stderr(
            "error: cannot read the inventory none.yaml: No such file or directory (os error 2)\n  help: name another one with --inventory FILE\n",
        )
        .code(2);
    // Without the variable that the inventory names.
    Program::new("exec -t db01 -- ver")
        .file("targets.yaml", LAB)
        .run()
        .stderr("error: the environment variable LAB_PASSWORD for the password is not set\n")
        .code(2);
    Program::new("exec -t web01 -- ver")
        .run()
        .stderr(
            "error: `web01` is no endpoint and no target\n  help: write an endpoint (`serial:/dev/ttyUSB0`), or name it in targets.yaml: there is none in this folder or above it\n",
        )
        .code(2);
    let broken = Program::new("exec -t web01 -- ver").file("targets.yaml", "targets: {web01: {}}\n").run();
    assert!(
        broken.stderr_text().contains("error[SP004]: the key `endpoint` is missing"),
        "{}",
        broken.stderr_text()
    );
    broken.code(2);
}

#[test]
fn parameters_of_the_target_are_those_of_the_script_unless_others_are_given() {
    let plan = |arguments: &str| {
        let said = Program::new(arguments).file("targets.yaml", LAB).run();
        said.text().contains("45123")
    };
    assert!(plan("plan rdp/port -t web01"));
    assert!(!plan("plan rdp/port -t web01 -p new_port=3391"));
    assert!(!plan("plan rdp/port"));
    // A script without such a parameter does not mind.
    Program::new("plan rdp/services -t web01").file("targets.yaml", LAB).run().code(0);
}

#[test]
fn the_shell_completes_names() {
    let said = Program::new("-- sacpilot exec -t w")
        .file("targets.yaml", LAB)
        .variable("COMPLETE", "bash")
        .variable("_CLAP_COMPLETE_INDEX", "3")
        .variable("_CLAP_COMPLETE_COMP_TYPE", "9")
        .variable("_CLAP_COMPLETE_SPACE", "true")
        .variable("_CLAP_IFS", "\n")
        .run();
    said.stdout("web01").code(0);
}
