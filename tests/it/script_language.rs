//! What a script may say, and what becomes of it at the command line: questions, stale plans, parts of blocks, the
//! layout of files, and that the JSON Schema agrees with the loader.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;
use sacpilot::engine::Selection;
use sacpilot::script::format::{FormatError, format};
use sacpilot::script::library::Library;
use sacpilot::script::loader::{LoadError, load};
use sacpilot::script::model::{Body, Step};

use crate::program::Program;
use crate::stored::repository;

const ASKS: &str = "script: asks\ntitle: 'asks'\nabout: 'asks'\nsteps:\n  - id: sure\n    title: 'somebody is sure'\n    ask: {question: 'Sure?', choices: ['yes', 'no']}\n  - id: told\n    title: 'it is told'\n    when: 'steps.sure.answer == \"yes\"'\n    finding: {severity: info, text: 'sure'}\n";

#[test]
fn a_question_that_nobody_can_answer_is_refused_before_anything_is_sent() {
    for arguments in [
        "run asks.yaml -t sim:healthy --yes --runs-dir runs",
        "diagnose asks.yaml -t sim:healthy --runs-dir runs",
    ] {
        let said = Program::new(arguments).file("asks.yaml", ASKS).run().code(2).stdout("");
        said.stderr(
            "error: nobody is there to answer sure; nothing was sent\n  help: run it on a terminal and without --yes, or give \
             the step an `unattended` answer\n",
        );
    }
    let answered = ASKS.replace("choices: ['yes', 'no']", "choices: ['yes', 'no'], unattended: 'no'");
    let arguments = "run asks.yaml -t sim:healthy?start=running --yes --runs-dir runs";
    Program::new(arguments).file("asks.yaml", &answered).run().code(0);
}

const CHECKS: &str = "script: checks\ntitle: 'checks'\nabout: 'checks'\nsteps:\n  - id: build\n    title: 'it is new enough'\n    when: 'facts.os_build > 1'\n    in: cmd\n    run: 'reg query \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\" /v fDenyTSConnections'\n    capture: {denied: '0x(\\d+)\\s*$'}\n    holds: 'denied | default(\"\") == \"0\"'\n    finding: {severity: error, text: 'connections are refused'}\n";

#[test]
fn a_stale_plan_is_refused_with_the_difference() {
    let target = "-t sim:healthy?start=running";
    let made =
        Program::new(&format!("plan checks.yaml {target} --json")).file("checks.yaml", CHECKS).run().code(0);
    let plan: serde_json::Value = serde_json::from_str(made.text()).unwrap();
    assert_eq!(plan["steps"][0]["verdict"], "holds");
    assert_eq!(plan["facts"]["os_build"], 20348);
    assert!(plan["target"].as_str().unwrap().starts_with("sim:healthy"));
    let run = |plan: &serde_json::Value, target: &str| {
        Program::new(&format!("run checks.yaml {target} --yes --plan plan.json --runs-dir runs"))
            .file("checks.yaml", CHECKS)
            .file("plan.json", &plan.to_string())
            .run()
    };
    run(&plan, target).code(0);
    // What it was when the plan was made, is not what it is.
    let mut stale = plan.clone();
    stale["steps"][0]["verdict"] = "will_change".into();
    stale["facts"]["os_build"] = 14393.into();
    let said = run(&stale, target).code(2);
    let told = said.stderr_text();
    assert!(told.contains("the plan is stale: "), "{told}");
    assert!(
        told.contains("\n  facts.os_build: was 14393, is 20348\n  build: to be changed then, right now\n"),
        "{told}"
    );
    assert!(!said.folder().join("runs").exists(), "nothing was begun");
    // Another machine.
    let said = run(&plan, "-t sim:rdp-denied?start=running").code(2);
    assert!(said.stderr_text().contains("build: right then, wrong now"), "{}", said.stderr_text());
    let text = Program::new(&format!("plan checks.yaml {target}")).file("checks.yaml", CHECKS).run().code(0);
    assert!(
        text.text().contains("0 will be changed, 0 wrong and only reported, 1 already right, 0 unknown.\n  facts.os_build = 20348\n"),
        "{}",
        text.text()
    );
    // What is not needed there is not called right.
    let plan = "plan rdp/group-policy-resume -t sim:healthy?start=running";
    let text = Program::new(plan).run().code(0);
    assert!(text.text().contains("     NOW     not needed on this machine\n"), "{}", text.text());
    assert!(text.text().contains(", 1 already right, 0 unknown, 1 not needed.\n"), "{}", text.text());
}

const BLOCKS: &str = "script: blocks\ntitle: 'b'\nabout: 'b'\nsteps:\n  - id: first\n    title: 'x'\n    in: cmd\n    run: 'ver'\n    capture: {version: '(\\d+)'}\n  - id: outer\n    title: 'x'\n    block:\n      - id: one\n        title: 'x'\n        in: cmd\n        run: 'hostname'\n      - id: two\n        title: 'x'\n        in: cmd\n        run: 'echo {{ steps.first.version | default(\"1\") | int }}'\n      - id: three\n        title: 'x'\n        when: 'steps.one.ran'\n        in: cmd\n        run: 'time /t'\n    always:\n      - id: last\n        title: 'x'\n        in: cmd\n        run: 'date /t'\n  - id: after\n    title: 'x'\n    when: 'steps.two.ran'\n    in: cmd\n    run: 'ver'\n";

fn paths(steps: &[Step], prefix: &str, found: &mut Vec<String>) {
    for step in steps {
        found.push(format!("{prefix}{}", step.id));
        if let Body::Block(block) = &step.body {
            for steps in [&block.steps, &block.rescue, &block.always] {
                paths(steps, &format!("{prefix}{}/", step.id), found);
            }
        }
    }
}

#[test]
fn parts_of_blocks_are_chosen_and_what_breaks_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("blocks.yaml"), BLOCKS).unwrap();
    let script = load(&Library::with_folder(folder.path()), "blocks").unwrap().script;
    let list = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    for (only, from, skip, expected) in [
        (&["outer/one"][..], None, &[][..], Ok(&["outer", "outer/one", "outer/last"][..])),
        (&["outer/two"], None, &[], Err("the step `outer/two` needs `first`, which would be left out")),
        (
            &[],
            None,
            &["outer/three", "outer/last"],
            Ok(&["first", "outer", "outer/one", "outer/two", "after"]),
        ),
        (&[], None, &["outer/one"], Err("the step `outer/three` needs `one`, which would be left out")),
        (&[], None, &["outer/two"], Err("the step `after` needs `two`, which would be left out")),
        (&[], Some("outer/three"), &[], Err("the step `outer/three` needs `one`, which would be left out")),
        (&["outer/nine"], None, &[], Err("blocks has no step `outer/nine`")),
    ] {
        let selection = Selection { only: list(only), from: from.map(str::to_owned), skip: list(skip) };
        let chosen = selection.of(&script).map(|script| {
            let mut found = Vec::new();
            paths(&script.steps, "", &mut found);
            found
        });
        let chosen = chosen.map_err(|error| error.to_string());
        assert_eq!(chosen, expected.map(list).map_err(str::to_owned), "{only:?} {from:?} {skip:?}");
    }
}

const LOOP: &str = "script: loop\ntitle: 'x'\nabout: 'x'\nparams:\n  own: {type: text, default: 'LanmanServer', about: 'x'}\nsteps:\n  - id: listed\n    title: 'the service {{ name }} is there'\n    for_each: {name: ['TermService', W32Time]}\n    in: cmd\n    run: 'sc qc {{ name }}'\n    holds: 'rc == 0'\n    finding: {severity: error, text: 'no {{ name }}'}\n  - id: written\n    title: 'the service {{ name }} is there'\n    for_each: {name: '[\"TermService\", own]'}\n    in: cmd\n    run: 'sc qc {{ name }}'\n    holds: 'rc == 0'\n    finding: {severity: error, text: 'no {{ name }}'}\n";

#[test]
fn a_loop_goes_over_texts_of_the_script() {
    let plan = Program::new("plan loop.yaml").file("loop.yaml", LOOP).run().stderr("").code(0);
    for name in ["TermService", "W32Time", "LanmanServer"] {
        assert!(plan.text().contains(&format!("sc qc {name}\n")), "{}", plan.text());
    }
    let arguments = "diagnose loop.yaml -t sim:healthy?start=running --runs-dir runs";
    Program::new(arguments).file("loop.yaml", LOOP).run().code(0);

    let odd = ["it's", "a \"quoted\" \\ one", "Grüße", "# no comment", "[x]"];
    let items: Vec<String> = odd.iter().map(|text| format!("'{}'", text.replace('\'', "''"))).collect();
    let text = LOOP.replace("'TermService', W32Time", &items.join(", "));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("loop.yaml"), text).unwrap();
    let script = load(&Library::with_folder(folder.path()), "loop").unwrap().script;
    let over = &script.steps[0].for_each.as_ref().unwrap().over;
    let list = over.eval(&sacpilot::script::model::Scope::new()).unwrap();
    assert_eq!(serde_json::to_value(list).unwrap(), serde_json::json!(odd));
}

fn comments(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with('#'));
    lines.map(|line| line.trim_start_matches('#').trim().to_owned()).collect()
}

#[test]
fn every_script_is_laid_out_without_a_change_of_what_it_says() {
    let embedded = Library::embedded();
    for name in embedded.names() {
        let text = embedded.source(&name).unwrap().text;
        let laid_out = format(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(format(&laid_out).unwrap(), laid_out, "{name}");
        assert_eq!(comments(&laid_out), comments(&text), "{name}");
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| {
            for other in embedded.names() {
                let file = folder.path().join(format!("{other}.yaml"));
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                let text =
                    if other == name { text.to_owned() } else { embedded.source(&other).unwrap().text };
                fs::write(file, text).unwrap();
            }
            load(&Library::with_folder(folder.path()), &name).unwrap().script
        };
        let (before, after) = (write(&text), write(&laid_out));
        let plan = |script: &sacpilot::script::model::Script| {
            let mut plan = sacpilot::script::plan::Plan::new(script, &sacpilot::script::model::Scope::new());
            plan.scripts.clear();
            plan.digest.clear();
            plan
        };
        assert_eq!(plan(&before), plan(&after), "{name}");
    }
    let said =
        Program::new("fmt --check t.yaml").file("t.yaml", "script: t   \n\n\ntitle: 'x'\n").run().code(1);
    said.stdout("t.yaml\n");
    let said =
        Program::new("fmt t.yaml").file("t.yaml", "script: t   \n\n\n#why\ntitle: 'x'\n").run().code(0);
    assert_eq!(fs::read_to_string(said.folder().join("t.yaml")).unwrap(), "script: t\n\n# why\ntitle: 'x'\n");
    Program::new("fmt t.yaml").file("t.yaml", "a: [1\n").run().code(2);
}

/// Codes of what a schema can see: keys that are unknown, missing, or of another kind of step, values of another
/// shape, names that are none, and what is empty. Ranges it sees as far as they do not hang on another value.
const SHAPES: [&str; 11] =
    ["SP002", "SP004", "SP005", "SP014", "SP020", "SP025", "SP040", "SP042", "SP043", "SP044", "SP048"];

fn validator() -> jsonschema::Validator {
    jsonschema::validator_for(&sacpilot::script::schema::json_schema()).unwrap()
}

/// What the loader says of a text: the codes, none when it is good.
fn said(name: &str, text: &str) -> BTreeSet<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{name}.yaml"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    match load(&Library::with_folder(folder.path()), name) {
        Ok(_) => BTreeSet::new(),
        Err(LoadError::Script(report)) => report.diagnostics.iter().map(|one| one.code.id).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_schema_agrees_with_the_loader_about_every_stored_script() {
    let validator = validator();
    let embedded = Library::embedded();
    for name in embedded.names() {
        let json: serde_json::Value = serde_saphyr::from_str(&embedded.source(&name).unwrap().text).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert_eq!(wrong, [""; 0], "{name}");
    }
    let mut differences = Vec::new();
    for entry in fs::read_dir(repository("tests/scripts/bad")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // What is no YAML, or not YAML that both read alike, is no matter of the schema.
        let Ok(json) = serde_saphyr::from_str::<serde_json::Value>(&text) else { continue };
        let name = path.file_stem().unwrap().to_str().unwrap();
        let codes = said(name, &text);
        if !validator.is_valid(&json) && codes.is_empty() {
            differences.push(format!("{name}: only the schema refuses it"));
        }
        // With an anchor the two do not read the same.
        let seen = codes.iter().any(|code| SHAPES.contains(code)) && !codes.contains("SP006");
        if validator.is_valid(&json) && seen {
            differences.push(format!("{name}: only the loader refuses it: {codes:?}"));
        }
    }
    assert_eq!(differences, [""; 0]);
}

/// One change of a value: a key goes, comes or changes its name, or what stands there gets another shape.
fn mutate(value: &mut serde_json::Value, steps: &[prop::sample::Index], kind: u8) {
    use serde_json::Value as Json;
    let Some((step, rest)) = steps.split_first() else {
        *value = match kind % 10 {
            0 => Json::Object(serde_json::Map::new()),
            1 => Json::Array(Vec::new()),
            2 => 7.into(),
            3 => true.into(),
            4 => "".into(),
            5 => "A-b".into(),
            6 => 0.into(),
            7 => "none".into(),
            8 => "30s".into(),
            _ => "x".into(),
        };
        return;
    };
    match value {
        Json::Object(map) if !map.is_empty() => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = step.get(&keys);
            if rest.is_empty() && kind < 64 {
                let old = map.remove(key).unwrap_or_default();
                if kind.is_multiple_of(2) {
                    map.insert(format!("{key}x"), old);
                }
            } else if let Some(inner) = map.get_mut(key) {
                mutate(inner, rest, kind);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            let at = step.index(items.len());
            mutate(&mut items[at], rest, kind);
        }
        other => mutate(other, &[], kind),
    }
}

/// What an editor can tell while one types: each of these is refused by both, and what stands there without it by none.
#[test]
fn the_schema_refuses_what_the_loader_refuses() {
    let look = |more: &str| format!("  - {{id: a, title: 'a', in: cmd, run: 'ver'{more}}}\n");
    let finding = "finding: {severity: info, text: 'x'}";
    let condition = |change: &str, undo: &str| {
        format!(
            "  - {{id: a, title: 'a', in: cmd, check: {{run: 'ver', holds: 'rc == 0'}}, change: {change}, undo: {undo}, {finding}}}\n"
        )
    };
    let start = "{run: 'net start x'}";
    let stop = "{run: 'net stop x /y'}";
    let talk = |answer: &str| {
        format!(
            "  - {{id: a, title: 'a', in: cmd, dialogue: {{run: 'net user x *', answers: {answer}}}, undo: none, why: 'x'}}\n"
        )
    };
    let step = |more: &str| format!("  - {{id: a, title: 'a', {more}}}\n");
    let param = |param: &str| {
        format!("params:\n  p: {{about: 'x', {param}}}\nsteps:\n{}", look(", when: 'p | length > 0'"))
    };
    let steps = |steps: String| format!("steps:\n{steps}");
    let cases: Vec<(bool, String)> = [
        (true, look("")),
        (false, look("").replace("in: cmd, ", "")),
        (false, look("").replace("id: a", "id: A")),
        (false, look("").replace("id: a", "id: a-b")),
        (false, look("").replace("id: a", "id: not")),
        (false, look("").replace("'ver'", "''")),
        (true, look(", timeout: 24h")),
        (true, look(", timeout: 1440 m")),
        (false, look(", timeout: 0s")),
        (false, look(", timeout: 25h")),
        (false, look(", timeout: 1441m")),
        (false, look(", timeout: 86401s")),
        (false, look(", timeout: '30'")),
        (true, look(&format!(", holds: 'rc == 0', retry: {{times: 2, every: 1s}}, {finding}"))),
        (false, look(&format!(", holds: 'rc == 0', retry: {{times: 1, every: 1s}}, {finding}"))),
        (false, look(&format!(", holds: 'rc == 0', retry: {{times: 101, every: 1s}}, {finding}"))),
        (false, look(", retry: {times: 3, every: 1s}")),
        (false, look(", holds: 'rc == 0'")),
        (false, look(&format!(", {finding}"))),
        (false, look(", capture: {}")),
        (false, look(", capture: {Own: 'x$'}")),
        (false, look(", undo: none, why: 'x'")),
        (false, look(", max_items: 5")),
        (true, look(", max_items: 5, for_each: {x: ['a']}, when: 'x == \"a\"'")),
        (false, look(", max_items: 0, for_each: {x: ['a']}")),
        (false, look(", for_each: {x: []}")),
        (true, condition(start, stop)),
        (true, condition(start, "none, why: 'x'")),
        (false, condition(start, "none")),
        (false, condition(start, &format!("{stop}, why: 'x'"))),
        (false, condition(start, "[]")),
        (false, condition("[]", stop)),
        (false, condition("{run: 'net start x', codes: []}", stop)),
        (false, condition("{run: 'net start x', abort: 'q'}", stop)),
        (false, condition("{run: 'x', codes: [1]}", "none, why: 'x'").replace("cmd", "sac")),
        (false, condition("[{run: 'x', answers: {text: 'a', key: 'y'}}]", stop).replace("cmd", "powershell")),
        (false, condition(start, "{run: 'net stop x', answers: {text: 'a', key: 'y'}}")),
        (false, condition(start, stop).replace(&format!(", undo: {stop}"), "")),
        (false, condition(start, stop).replace(&format!(", {finding}"), "")),
        (false, condition(start, stop).replace(", holds: 'rc == 0'", "")),
        (true, talk("{text: 'a', send: 'b'}")),
        (true, talk("[{regex: 'a', key: 'ctrl-c', times: 1000}, {text: 'x', fail: 'y'}]")),
        (false, talk("[]")),
        (false, talk("{text: 'a'}")),
        (false, talk("{send: 'b'}")),
        (false, talk("{text: 'a', send: 'b', key: 'c'}")),
        (false, talk("{text: 'a', regex: 'b', send: 'c'}")),
        (false, talk("{text: 'a', key: 'ctrl-x'}")),
        (false, talk("{text: 'a', key: 'y', echo: none}")),
        (false, talk("{text: 'a', send: 'b', times: 0}")),
        (false, talk("{text: 'a', send: 'b'}").replace("in: cmd", "in: sac")),
        (true, step("reboot: {reason: 'x', within: 60s}")),
        (false, step("reboot: {reason: 'x', within: 59s}")),
        (false, step("reboot: {reason: 'x', within: 59999ms}")),
        (false, step("reboot: {reason: 'x'}, timeout: 5m")),
        (true, step("use: 'rdp/services'")),
        (false, step("use: 'rdp/services', with: {}")),
        (false, step("use: 'rdp/services', in: cmd")),
        (true, step("ask: {question: 'x'}")),
        (false, step("ask: {question: 'x', choices: ['a']}")),
        (false, step("block: []")),
        (false, step("rescue: [{id: b, title: 'b', finding: {severity: info, text: 'x'}}]")),
        (true, step("upload: {to: 'C:\\x.txt', text: 'a'}")),
        (false, step("upload: {to: 'C:\\x.txt', text: 'a', file: 'b'}")),
        (false, step("upload: {to: 'C:\\x.txt'}")),
        (false, step("upload: {to: 'x.txt', text: 'a'}")),
        (false, step("upload: {to: 'C:\\x.txt', file: '../b'}")),
        (false, step("upload: {to: 'C:\\x.txt', file: 'a/../../b'}")),
        (false, step("upload: {to: 'C:\\x.txt', file: '/etc/hosts'}")),
        (false, step("in: cmd, wait: {run: 'ver', holds: 'rc == 0'}")),
    ]
    .into_iter()
    .map(|(good, text)| (good, steps(text)))
    .chain([
        (false, "steps: []\n".to_owned()),
        (true, param("type: text, default: '1.0'")),
        (false, param("type: text, default: 1.0")),
        (false, param("type: text, choices: ['a'], default: 'a'")),
        (false, param("type: text, min: 1, default: 'a'")),
        (true, param("type: choice, choices: ['a'], default: 'a'")),
        (false, param("type: choice, default: 'a'")),
        (false, param("type: choice, choices: []")),
        (true, param("type: list, default: []")),
        (false, param("type: list, default: 'a'")),
        (false, param("type: secret, default: 'a'").replace(", when: 'p | length > 0'", "")),
        (false, param("type: number, default: 'a'")),
        (false, param("type: flag, default: 'a'")),
        (false, param("type: text, default: 'a'").replace("  p:", "  P:")),
    ])
    .collect();
    let validator = validator();
    for (good, steps) in cases {
        let text = format!("script: s\ntitle: 'x'\nabout: 'x'\n{steps}");
        let json: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(validator.is_valid(&json), good, "the schema: {steps}");
        let codes = said("s", &text);
        assert_eq!(codes.is_empty(), good, "the loader: {steps}{codes:?}");
    }
}

/// As YAML in one line: texts in single quotes, as the format wants them, where they are of one line.
fn flow(value: &serde_json::Value) -> String {
    use serde_json::Value as Json;
    match value {
        Json::Object(map) => {
            let entries: Vec<_> =
                map.iter().map(|(key, value)| format!("'{key}': {}", flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::String(text) if !text.contains(char::is_control) => format!("'{}'", text.replace('\'', "''")),
        other => other.to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the schema refuses, the loader refuses; whatever the loader refuses for its shape, the schema does.
    #[test]
    fn the_schema_agrees_with_the_loader_about_mutations(
        pick in any::<prop::sample::Index>(),
        every_kind in any::<bool>(),
        steps in prop::collection::vec(any::<prop::sample::Index>(), 1..7),
        kind in any::<u8>(),
    ) {
        let embedded = Library::embedded();
        let names = embedded.names();
        let (name, text) = if every_kind {
            // A script with a step of each kind; what it uploads gets along with one line.
            let text = fs::read_to_string(repository("tests/it/survive/kinds.yaml")).unwrap().replace("\r\n", "\n");
            ("own", text.replace("|\n        @echo off\n        exit /b 0", "'exit'"))
        } else {
            let name = pick.get(&names).as_str();
            (name, embedded.source(name).unwrap().text)
        };
        let mut json: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        mutate(&mut json, &steps, kind);
        let valid = validator().is_valid(&json);
        let codes = said(name, &flow(&json));
        let shaped = codes.iter().any(|code| SHAPES.contains(code));
        prop_assert!(valid || !codes.is_empty(), "only the schema refuses {json}");
        prop_assert!(!valid || !shaped, "only the loader refuses {json}: {codes:?}");
    }

    #[test]
    fn layout_of_mutations_is_answered(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec!["\n", "  \n", "#x\n", "\t", "'", "|", " # y", "\n\n\n", "- "])), 1..5),
    ) {
        let embedded = Library::embedded();
        let names = embedded.names();
        let name: &String = pick.get(&names);
        let mut text: Vec<char> = embedded.source(name).unwrap().text.chars().collect();
        for (place, piece) in edits {
            let at = place.index(text.len());
            text.splice(at..at, piece.chars());
        }
        let text: String = text.into_iter().collect();
        match format(&text) {
            Ok(laid_out) => {
                prop_assert_eq!(format(&laid_out), Ok(laid_out.clone()));
                prop_assert_eq!(comments(&laid_out).len(), comments(&text).len());
            }
            Err(FormatError::NotYaml) => {}
            Err(FormatError::Differs) => return Err(TestCaseError::fail(text)),
        }
    }
}
