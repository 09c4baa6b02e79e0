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
            "error: nobody is there to answer sure; nothing was sent\n  help: run it on a terminal, without --yes, or give \
             the step an `unattended` answer\n",
        );
    }
    let answered = ASKS.replace("choices: ['yes', 'no']", "choices: ['yes', 'no'], unattended: 'no'");
    let arguments = "run asks.yaml -t sim:healthy?start=running --yes --runs-dir runs";
    Program::new(arguments).file("asks.yaml", &answered).run().code(0);
}

const CHECKS: &str = "script: checks\ntitle: 'checks'\nabout: 'checks'\nsteps:\n  - id: build\n    title: 'it is new enough'\n    when: 'facts.os_build > 1'\n    in: cmd\n    run: 'reg query \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\" /v fDenyTSConnections'\n    capture: {denied: '0x(\\d+)\\s*$'}\n    holds: 'denied | default(\"\") == \"0\"'\n    finding: {severity: error, text: 'connections are refused'}\n";

/// A plan as it would have been made of a machine that was so.
fn sealed(plan: &serde_json::Value) -> serde_json::Value {
    let mut plan: sacpilot::script::plan::Plan = serde_json::from_value(plan.clone()).unwrap();
    plan.seal();
    serde_json::to_value(plan).unwrap()
}

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
    let said = run(&sealed(&stale), target).code(2);
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

/// A block within the `rescue` of another one.
const TIDIED: &str = "  - id: tidied\n    title: 'x'\n    block:\n      - {id: it, title: 'x', in: cmd, run: 'ver'}\n    rescue:\n      - id: inner\n        title: 'x'\n        block:\n          - {id: deep, title: 'x', in: cmd, run: 'ver'}\n          - {id: too, title: 'x', in: cmd, run: 'ver'}\n";

const LAST: &str = "`outer/last` is a step of `always` in `outer`, which is done with the steps of its block and never alone";

#[test]
fn parts_of_blocks_are_chosen_and_what_breaks_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("blocks.yaml"), format!("{BLOCKS}{TIDIED}")).unwrap();
    let script = load(&Library::with_folder(folder.path()), "blocks").unwrap().script;
    let list = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    for (only, from, skip, expected) in [
        (&["outer/one"][..], None, &[][..], Ok(&["outer", "outer/one", "outer/last"][..])),
        (&["outer/two"], None, &[], Err("the step `outer/two` needs `first`, which would be left out")),
        (
            &[],
            None,
            &["outer/three", "outer/last"],
            Ok(&[
                "first",
                "outer",
                "outer/one",
                "outer/two",
                "after",
                "tidied",
                "tidied/it",
                "tidied/inner",
                "tidied/inner/deep",
                "tidied/inner/too",
            ]),
        ),
        (&[], None, &["outer/one"], Err("the step `outer/three` needs `one`, which would be left out")),
        (&[], None, &["outer/two"], Err("the step `after` needs `two`, which would be left out")),
        (&[], Some("outer/three"), &[], Err("the step `outer/three` needs `one`, which would be left out")),
        (&["outer/nine"], None, &[], Err("blocks has no step `outer/nine`")),
        // What is done with the steps of a block is not chosen without them; it can be left out.
        (&[], Some("outer/last"), &[], Err(LAST)),
        (&["outer/last"], None, &[], Err(LAST)),
        (&["outer/last", "first"], None, &[], Err(LAST)),
        (
            &["tidied/inner/deep"],
            None,
            &[],
            Err(
                "`tidied/inner/deep` is a step of `rescue` in `tidied`, which is done with the steps of its block and never alone",
            ),
        ),
        (
            &["tidied"],
            None,
            &[],
            Ok(&["tidied", "tidied/it", "tidied/inner", "tidied/inner/deep", "tidied/inner/too"]),
        ),
        (
            &["tidied"],
            None,
            &["tidied/inner/deep"],
            Ok(&["tidied", "tidied/it", "tidied/inner", "tidied/inner/too"]),
        ),
        (&["tidied"], None, &["tidied/inner"], Ok(&["tidied", "tidied/it"])),
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

#[test]
fn a_step_of_always_is_not_named_as_the_first_one() {
    let run = "run blocks.yaml --from outer/last -t sim:healthy --yes --runs-dir runs";
    let said = Program::new(run).file("blocks.yaml", BLOCKS).run().code(2).stdout("");
    let told = format!("\nerror: {LAST}\n  help: choose `outer`, or a step of its `block`\n");
    assert!(said.stderr_text().ends_with(&told), "{}", said.stderr_text());
}

/// A look that may restart the machine, in a script that is used, and one that may change it, in a block.
const RAISED: &str = "script: raised\ntitle: 'r'\nabout: 'r'\nsteps:\n  - id: used\n    title: 'x'\n    risk: reboot\n    use: inner\n  - id: blk\n    title: 'x'\n    risk: change\n    block:\n      - {id: look, title: 'x', in: cmd, run: 'ver'}\n";
const INNER: &str =
    "script: inner\ntitle: 'i'\nabout: 'i'\nsteps:\n  - {id: deep, title: 'x', in: cmd, run: 'hostname'}\n";

#[test]
fn a_risk_that_is_raised_around_steps_is_planned_and_held() {
    let program = |arguments: &str, raised: &str| {
        Program::new(arguments).file("raised.yaml", raised).file("inner.yaml", INNER).run()
    };
    let plan = |raised: &str| -> serde_json::Value {
        serde_json::from_str(program("plan raised.yaml --json", raised).code(0).text()).unwrap()
    };
    let planned = plan(RAISED);
    let risks: Vec<(&str, &str)> = planned["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["path"].as_str().unwrap(), step["risk"].as_str().unwrap()))
        .collect();
    assert_eq!(risks, [("used/deep", "reboot"), ("blk/look", "change")]);
    assert_eq!(planned["risk"], "reboot");
    let text = program("plan raised.yaml", RAISED).code(0);
    for line in [
        "May change the machine in 2 steps, and restart it.\n",
        "  1. used/deep  [look, may restart the machine]\n",
        "  2. blk/look  [look, may change the machine]\n",
    ] {
        assert!(text.text().contains(line), "{line}: {}", text.text());
    }
    let run = "run raised.yaml --max-risk change -t sim:healthy --yes --runs-dir runs";
    let refused = program(run, RAISED).code(2).stdout("");
    assert!(
        refused.stderr_text().contains("--max-risk change allows; nothing was sent\n  used/deep (reboot)\n"),
        "{}",
        refused.stderr_text()
    );
    // What was approved holds it.
    let mut lowered = planned.clone();
    lowered["steps"][0]["risk"] = "read".into();
    let run = Program::new("run raised.yaml -t sim:healthy --yes --plan plan.json --runs-dir runs");
    let run =
        run.file("raised.yaml", RAISED).file("inner.yaml", INNER).file("plan.json", &lowered.to_string());
    assert!(run.run().code(2).stderr_text().contains("its digest is not that of its text"));
}

/// A file that is put on the machine, a secret, and a value that goes into a command.
const APPROVED: &str = "script: approved\ntitle: 'a'\nabout: 'a'\nparams:\n  pw: {type: secret, about: 'p'}\n  service: {type: text, default: 'Spooler', about: 's'}\nsteps:\n  - id: helper\n    title: 'h'\n    upload:\n      to: 'C:\\Windows\\Temp\\h.cmd'\n      text: |\n        @echo off\n        exit /b 0\n  - id: known\n    title: 'k'\n    in: cmd\n    run: 'sc query \"{{ service }}\"'\n    holds: 'rc == 0'\n    finding: {severity: warning, text: 'no such service'}\n  - id: password\n    title: 'p'\n    in: cmd\n    dialogue:\n      run: 'net user helper *'\n      answers: [{text: 'user: ', send: '{{ pw }}', echo: none, times: 2}]\n    undo: none\n    why: 'the old one is not known'\n";

/// Who approves reads all that goes to the machine; secrets are names, and need not be there yet.
#[test]
fn a_plan_shows_files_whole_and_secrets_as_names() {
    let program = |arguments: &str| Program::new(arguments).file("approved.yaml", APPROVED).run();
    let plan = program("plan approved.yaml").code(0);
    for line in ["  pw      = ‹pw›\n", "             | @echo off\n             | exit /b 0\n"] {
        assert!(plan.text().contains(line), "{line}: {}", plan.text());
    }
    let json: serde_json::Value =
        serde_json::from_str(program("plan approved.yaml --json").code(0).text()).unwrap();
    let sent =
        json["steps"][0]["commands"].as_array().unwrap().iter().find(|one| one["role"] == "change").unwrap();
    assert_eq!(sent["content"], "@echo off\r\nexit /b 0\r\n");
    program("plan approved.yaml --secret pw=env:NOT_THERE -t sim:healthy?start=running").code(0);
    let said = program("plan approved.yaml --secret wp=env:NOT_THERE").code(2);
    assert!(
        said.stderr_text().contains("has no secret parameter `wp`\n  help: did you mean `pw`?"),
        "{}",
        said.stderr_text()
    );
    let said = program("run approved.yaml -t tcp:h:1 -u a --yes").code(2);
    assert!(said.stderr_text().contains("needs the secret `pw`"), "{}", said.stderr_text());
}

/// A value that no command could take is refused by whoever gets it, before anything is sent.
#[test]
fn a_value_that_a_command_cannot_take_is_refused_at_once() {
    for arguments in [
        "plan approved.yaml",
        "diagnose approved.yaml -t tcp:h:1 -u a --secret pw=env:PATH",
        "run approved.yaml -t tcp:h:1 -u a --yes --secret pw=env:PATH",
    ] {
        let said = Program::new(&format!("{arguments} -p service=a%b")).file("approved.yaml", APPROVED).run();
        let told = "error: step `known`: the value of `{{ service }}` is refused: it holds `%`";
        let said = said.code(2).stdout("");
        assert!(said.stderr_text().contains(told), "{arguments}: {}", said.stderr_text());
    }
}

/// What was seen on a machine is part of what is approved: nobody takes it out, or calls it another machine's.
#[test]
fn the_digest_of_a_plan_holds_the_machine_it_is_of() {
    let plan = |target: &str| -> serde_json::Value {
        let made = Program::new(&format!("plan rdp/connections --json {target}")).run().code(0);
        serde_json::from_str(made.text()).unwrap()
    };
    let (none, healthy, denied) =
        (plan(""), plan("-t sim:healthy?start=running"), plan("-t sim:rdp-denied?start=running"));
    let digests: BTreeSet<&str> =
        [&none, &healthy, &denied].iter().map(|plan| plan["digest"].as_str().unwrap()).collect();
    assert_eq!(digests.len(), 3);
    let run = |plan: &serde_json::Value, target: &str| {
        Program::new(&format!("run rdp/connections -t {target} --yes --plan plan.json --runs-dir runs"))
            .file("plan.json", &plan.to_string())
            .run()
    };
    run(&none, "sim:rdp-denied?start=running").code(0);
    run(&denied, "sim:rdp-denied?start=running").code(0);
    let mut anybodys = denied.clone();
    anybodys.as_object_mut().unwrap().remove("target");
    let said = run(&anybodys, "sim:rdp-denied?start=running").code(2).stdout("");
    assert!(said.stderr_text().contains("its digest is not that of its text"), "{}", said.stderr_text());
    // The difference is told, and only that.
    let other = Program::new("run rdp/connections -t sim:rdp-denied --yes --plan plan.json --runs-dir runs");
    let mut edited = denied.clone();
    edited["steps"][0]["title"] = "another title".into();
    let said = other.file("plan.json", &sealed(&edited).to_string()).run().code(2).stdout("");
    let lines: Vec<&str> = said.stderr_text().lines().filter(|line| line.starts_with("  ")).collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert_eq!(lines[0], "  - another title");
    let other = Program::new("run rdp/firewall -t sim:rdp-denied --yes --plan plan.json --runs-dir runs");
    let said = other.file("plan.json", &denied.to_string()).run().code(2).stdout("");
    assert!(
        said.stderr_text()
            .contains("plan.json is one of rdp/connections, not of rdp/firewall; nothing was sent"),
        "{}",
        said.stderr_text()
    );
}

/// Loops over what a parameter gives, and over what only the machine knows.
const LOOPS: &str = "script: loops\ntitle: 'l'\nabout: 'l'\nparams:\n  names: {type: list, default: ['fDenyTSConnections', 'a-name-of-more-than-forty-characters-which-is-not-there', 'fDenyTSConnections'], about: 'n'}\nsteps:\n  - id: given\n    title: '{{ name }}'\n    for_each: {name: 'names'}\n    in: cmd\n    run: 'reg query \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\" /v \"{{ name }}\"'\n    holds: 'rc == 0'\n    finding: {severity: warning, text: 'not there'}\n  - id: seen\n    title: 'what is there'\n    in: cmd\n    run: 'reg query \"HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server\" /v fDenyTSConnections'\n    capture: {values: {all: '0x(\\d+)'}}\n  - id: each\n    title: '{{ value }}'\n    for_each: {value: 'steps.seen.values'}\n    in: cmd\n    run: 'ver'\n    holds: 'value == \"0\"'\n    finding: {severity: warning, text: 'not 0'}\n";

#[test]
fn a_plan_of_a_machine_holds_every_round_of_its_loops() {
    let target = "-t sim:healthy?start=running";
    let program = |arguments: &str| Program::new(arguments).file("loops.yaml", LOOPS);
    let made = program(&format!("plan loops.yaml {target} --json")).run().code(0);
    let plan: serde_json::Value = serde_json::from_str(made.text()).unwrap();
    let said: Vec<String> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| format!("{} {} {}", step["path"].as_str().unwrap(), step["verdict"], step["items"]))
        .collect();
    assert_eq!(
        said,
        [
            "given[fDenyTSConnections] \"holds\" null",
            "given[a-name-of-more-than-forty-characters-whi] \"wrong\" null",
            "given[fDenyTSConnections #2] \"holds\" null",
            "seen \"holds\" null",
            "each[‹value›] null [{\"path\":\"each[0]\",\"verdict\":\"holds\"}]",
        ]
    );
    let text = program(&format!("plan loops.yaml {target}")).run().code(0);
    assert!(text.text().contains("     NOW     each[0]: holds, nothing to do\n"), "{}", text.text());
    assert!(
        text.text().contains(" 1 wrong and only reported, 3 already right, 0 unknown.\n"),
        "{}",
        text.text()
    );

    let run = |plan: &serde_json::Value| {
        program(&format!("run loops.yaml {target} --yes --plan plan.json --runs-dir runs"))
            .file("plan.json", &plan.to_string())
            .run()
    };
    run(&plan).code(1);
    let item = |path: &str, verdict: &str| serde_json::json!({"path": path, "verdict": verdict});
    for (step, key, value, told) in [
        (
            1,
            "verdict",
            "holds".into(),
            "given[a-name-of-more-than-forty-characters-whi]: right then, wrong now",
        ),
        (2, "verdict", "wrong".into(), "given[fDenyTSConnections #2]: wrong then, right now"),
        (4, "items", vec![item("each[0]", "wrong")].into(), "each[0]: wrong then, right now"),
        (4, "items", serde_json::json!([]), "each[0]: not in the list then, right now"),
        (
            4,
            "items",
            vec![item("each[0]", "holds"), item("each[1]", "wrong")].into(),
            "each[1]: wrong then, not in the list now",
        ),
    ] {
        let mut stale = plan.clone();
        stale["steps"][step][key] = value;
        let said = run(&sealed(&stale)).code(2);
        let lines: Vec<&str> = said
            .stderr_text()
            .lines()
            .skip_while(|line| !line.contains("the plan is stale: "))
            .skip(1)
            .collect();
        assert_eq!(lines.first(), Some(&format!("  {told}").as_str()), "{}", said.stderr_text());
        assert!(lines[1].starts_with("  help: make the plan again"), "{lines:?}");
        assert!(!said.folder().join("runs").exists(), "nothing was begun");
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
