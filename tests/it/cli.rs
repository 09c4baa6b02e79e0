//! The command line: help, refusals before the first byte, exit codes, what a run leaves, Ctrl-C.

use std::io::Read;
use std::net::TcpListener;
use std::process::Stdio;

use sacpilot::engine::journal;

use crate::program::{Program, Said};
use crate::stored::{assert_none, difference, repository};

/// Looks at one thing.
const LOOK: &str = "\
script: look
title: 'the version is known'
about: |
  Looks at the version.
params:
  wanted: {type: number, min: 1, max: 9, default: 5, about: 'how many'}
steps:
  - id: version
    title: 'the version'
    in: cmd
    run: 'ver'
    holds: 'rc == 0 and wanted == 5'
    finding: {severity: error, text: 'no version'}
";

fn commands() -> Vec<String> {
    let said = Program::new("--help").run().code(0);
    let list = said.text().split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    commands.filter(|command| *command != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_explains_itself_with_examples() {
    let commands = commands();
    assert!(commands.len() >= 6, "{commands:?}");
    for command in commands {
        let said = Program::new(&format!("{command} --help")).run().code(0).stderr("");
        assert!(said.text().contains("Examples:\n"), "{command}");
        assert!(said.text().contains("Global options:\n"), "{command}");
        for line in said.text().lines() {
            assert!(line.chars().count() <= 100, "{command}: {line}");
        }
        said.golden(&format!("help/{command}.txt"));
    }
    Program::new("--help").run().code(0).golden("help/sacpilot.txt");
}

#[test]
fn every_option_of_the_simulated_machine_is_in_its_document() {
    let path = repository("docs/simulator.md");
    let document = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    let (before, _) = document.split_once("```text\n").unwrap();
    let options = Program::new("sim --options").run().code(0).stderr("");
    assert_none(&Vec::from_iter(difference(&path, &format!("{before}```text\n{}```\n", options.text()))));
}

#[test]
fn version() {
    let expected = concat!("sacpilot ", env!("CARGO_PKG_VERSION"), "\n");
    Program::new("--version").run().code(0).stdout(expected).stderr("");
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = Program::new(&format!("completions {shell}")).run().code(0).stderr("");
        assert!(said.text().contains("sacpilot") && said.text().contains("COMPLETE"), "{shell}");
    }
    Program::new("completions tcsh").run().code(2);
}

#[test]
fn what_is_wrong_is_refused_before_the_first_byte() {
    for (arguments, expected) in [
        (
            "diagnose lok -t tcp:h:1",
            "error: there is no script `lok`\n  help: `sacpilot scripts` lists what there is; a file is named with its \
             .yaml\n",
        ),
        (
            "diagnose look.yaml -t tpc:h:1 -u adm",
            "error: `tpc:h:1`: there is no way in named `tpc`\n  help: did you mean `tcp`?\n",
        ),
        (
            "diagnose look.yaml -t tcp:h:1",
            "error: the account to log in with is missing\n  help: give it with --user NAME, or SACPILOT_USER\n",
        ),
        (
            "diagnose look.yaml -t tcp:h:1 -u adm",
            "error: the password of adm is missing, and there is no terminal to ask\n  help: give it with \
             SACPILOT_PASSWORD, --password-env, --password-file or --password-command\n",
        ),
        (
            "diagnose look.yaml -t tcp:h:1 -u adm --password-file none",
            "error: cannot read the password from none: No such file or directory (os error 2)\n",
        ),
        (
            "diagnose look.yaml -t tcp:h:1 -p wantd=3 -p wanted=12",
            "error: `look` has no parameter `wantd`\n  help: did you mean `wanted`?\nerror: the value of `wanted` is \
             not a number from 1 to 9\n  help: `sacpilot scripts NAME` tells what `wanted` takes\n",
        ),
        (
            "run look.yaml -t tcp:h:1 -u adm",
            "error: `run` may change the machine, and there is no terminal to ask whether it shall\n  help: look first \
             with `diagnose`, then give --yes\n",
        ),
        (
            "diagnose look.yaml -t sim:healthy?pace=raal",
            "error: `sim:healthy?pace=raal`: the simulated machine healthy cannot be used: `pace=raal` is no pace\n  \
             help: give pace=real or pace=fast\n",
        ),
        (
            "diagnose look.yaml -t sim:healthy?speed=fast",
            "error: `sim:healthy?speed=fast`: the simulated machine healthy cannot be used: `speed=fast` is no speed\n  \
             help: give a number from 1 to 1000\n",
        ),
        (
            &format!("exec -t tcp:h:1 -u adm -- echo {}", "&".repeat(700)),
            "error: a command of 705 characters is too long for this console; 630 are possible\n  help: put it into a script \
             file on the machine, or split it\n",
        ),
        (
            "diagnose look.yaml -t tcp:h:1 --secret wanted=env:X",
            "error: the parameter `wanted` of look is no secret\n  help: give it with -p wanted=…\n",
        ),
    ] {
        let said = Program::new(arguments).file("look.yaml", LOOK).run();
        let said = said.stdout("").stderr(expected).code(2);
        assert_eq!(said.files(), ["look.yaml"], "{arguments}: nothing is left");
    }
}

#[test]
fn a_script_with_errors_is_shown_with_its_place() {
    let wrong = LOOK.replace("title: 'the version'", "tilte: 'the version'");
    let said =
        Program::new("diagnose look.yaml -t tcp:h:1").file("look.yaml", &wrong).run().stdout("").code(2);
    let checked = Program::new("check look.yaml").file("look.yaml", &wrong).run().stderr("").code(2);
    said.stderr(checked.text());
    assert!(checked.text().contains("look.yaml:9:5"), "{}", checked.text());
    assert!(checked.text().contains("did you mean `title`?"), "{}", checked.text());
    let json = Program::new("check look.yaml --format json").file("look.yaml", &wrong).run().code(2);
    let json: serde_json::Value = serde_json::from_str(json.text()).unwrap();
    assert_eq!(json[0]["line"], 9);
}

#[test]
fn check_of_what_is_right_and_explanations() {
    Program::new("check look.yaml")
        .file("look.yaml", LOOK)
        .run()
        .stdout("1 file, nothing is wrong\n")
        .code(0);
    let said = Program::new("check --explain sp002").run().code(0);
    assert!(said.text().starts_with("SP002: "), "{}", said.text());
    Program::new("check --explain SP999").run().code(2);
    Program::new("check").run().code(2);
}

#[test]
fn scripts_shows_what_a_script_does() {
    let said = Program::new("scripts look.yaml").file("look.yaml", LOOK).run().code(0);
    said.stdout(
        "look: the version is known\n\nLooks at the version.\n\nParameters\n  wanted (a number from 1 to 9; default \
         5)\n      how many\n\nSteps\n  reads      the version\n",
    );
    let said = Program::new("scripts look.yaml --json").file("look.yaml", LOOK).run().code(0);
    let json: serde_json::Value = serde_json::from_str(said.text()).unwrap();
    assert_eq!(json["steps"][0]["risk"], "read");
}

#[test]
fn a_machine_that_is_not_there_leaves_a_run_that_says_so() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arguments = format!("diagnose look.yaml -t tcp:{closed} -u adm --runs-dir runs");
    let call = |arguments: &str| {
        Program::new(arguments).file("look.yaml", LOOK).variable("SACPILOT_PASSWORD", "hunter2-x").run()
    };
    let said = call(&arguments).code(3).stderr("");
    let run = said.run_folder("runs");
    let name = run.file_name().unwrap().to_str().unwrap();
    assert!(name.contains("-look-tcp-127-0-0-1-"), "{name}");
    let mut files: Vec<String> = said
        .files()
        .into_iter()
        .filter_map(|f| Some(f.strip_prefix("runs/")?.split_once('/')?.1.to_owned()))
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "evidence.txt",
            "journal.jsonl",
            "junit.xml",
            "plan.json",
            "report.json",
            "report.md",
            "scripts/look.yaml",
            "session.cast"
        ]
    );
    let recorded = journal::read(&run.join("journal.jsonl")).unwrap();
    assert_eq!(recorded.events.len(), 2);
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(run.join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["verdict"], &report["exit"]), (&"unreachable".into(), &3.into()));

    let said = call(&format!("{arguments} --json")).code(3);
    let lines: Vec<serde_json::Value> =
        said.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["event"]["verdict"], "unreachable");

    let exec = call(&format!("exec -t tcp:{closed} -u adm -- ver")).code(255).stdout("");
    let left = exec.files().into_iter().filter(|file| !file.starts_with(".local/state/sacpilot/locks/"));
    assert_eq!(left.collect::<Vec<_>>(), ["look.yaml"], "exec leaves nothing");
}

#[test]
fn a_silent_line_is_an_unreachable_machine() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let arguments = format!(
        "diagnose look.yaml -t tcp:{} -u adm --wait 300ms --record copy.cast --runs-dir runs --quiet",
        silent.local_addr().unwrap()
    );
    let said = Program::new(&arguments)
        .file("look.yaml", LOOK)
        .variable("SACPILOT_PASSWORD", "hunter2-x")
        .run()
        .code(3);
    assert!(said.text().contains("not one byte came"), "{}", said.text());
    let cast = std::fs::read(said.run_folder("runs").join("session.cast")).unwrap();
    assert!(!cast.is_empty());
    assert!(said.files().contains(&"copy.cast".to_owned()));
}

#[cfg(unix)]
#[test]
fn ctrl_c_while_the_machine_is_called_ends_cleanly() {
    use rustix::process::{Pid, Signal, kill_process};

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let arguments =
        format!("diagnose look.yaml -t tcp:{} -u adm --runs-dir runs", silent.local_addr().unwrap());
    let (folder, mut command) = Program::new(&arguments)
        .file("look.yaml", LOOK)
        .variable("SACPILOT_PASSWORD", "hunter2-x")
        .into_parts();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut line, _) = silent.accept().unwrap();
    let mut key = [0];
    line.read_exact(&mut key).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = Said::of(folder, &output).code(130);
    assert!(said.text().contains("Result: stopped by the user"), "{}", said.text());
    let recorded = journal::read(&said.run_folder("runs").join("journal.jsonl")).unwrap();
    let last = serde_json::to_value(&recorded.events.last().unwrap().event).unwrap();
    assert_eq!((&last["type"], &last["exit"]), (&"run-finished".into(), &130.into()));
}

#[test]
fn a_run_that_goes_on_is_not_to_be_resumed() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let arguments =
        format!("diagnose look.yaml -t tcp:{} -u adm --runs-dir runs", silent.local_addr().unwrap());
    let (folder, mut command) = Program::new(&arguments)
        .file("look.yaml", LOOK)
        .variable("SACPILOT_PASSWORD", "hunter2-x")
        .into_parts();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut line, _) = silent.accept().unwrap();
    line.read_exact(&mut [0]).unwrap();
    let runs = folder.path().join("runs");
    let name = std::fs::read_dir(&runs).unwrap().next().unwrap().unwrap().file_name();
    let run = format!("runs {} --runs-dir {}", name.display(), runs.display());
    let list = format!("runs --runs-dir {}", runs.display());
    let (one, all) = (Program::new(&run).run(), Program::new(&list).run());
    child.kill().unwrap();
    child.wait().unwrap();
    let (one, all) = (one.code(0), all.code(0));
    assert!(one.stderr_text().contains("still running"), "{}", one.stderr_text());
    assert!(!one.text().contains("sacpilot resume"), "{}", one.text());
    assert!(all.text().contains("still running") && !all.text().contains("resume"), "{}", all.text());
    // The same run when nobody writes it.
    let (one, all) = (Program::new(&run).run().code(0), Program::new(&list).run().code(0));
    assert!(one.text().contains("sacpilot resume"), "{}", one.text());
    assert!(all.text().contains("can go on (resume)"), "{}", all.text());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_folder, mut command) = Program::new("completions zsh").into_parts();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_plan_is_approved_and_then_kept_to() {
    let said = Program::new("plan look.yaml").file("look.yaml", LOOK).run().code(0).stderr("");
    assert!(said.text().starts_with("Plan of look: the version is known\n  wanted = 5\nChanges nothing.\n"));
    let made = Program::new("plan look.yaml --json").file("look.yaml", LOOK).run().code(0);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let arguments = format!("run look.yaml -t tcp:{closed} -u adm --yes --plan plan.json --runs-dir runs");
    let run = |plan: &str, more: &str| {
        Program::new(&format!("{arguments} {more}"))
            .file("look.yaml", LOOK)
            .file("plan.json", plan)
            .variable("SACPILOT_PASSWORD", "hunter2-x")
            .run()
    };
    let same = run(made.text(), "").code(3);
    let kept = std::fs::read_to_string(same.run_folder("runs").join("plan.json")).unwrap();
    assert_eq!(kept, made.text());

    run(made.text(), "-p wanted=6").code(2).stdout("").stderr(
        "error: the plan plan.json is not what would be run now; nothing was sent\n  - wanted = 5\n  + wanted = 6\n  \
         help: make the plan again with `sacpilot plan … -o FILE`, and have it approved again\n",
    );
    // A script that was changed meanwhile: where the plan shows it, and where it does not.
    for (was, is, told) in [
        ("'ver'", "'ver '", "\n  - look    ver\n  + look    ver␠\n"),
        (
            "in: cmd",
            "in: cmd\n    timeout: 5m",
            "\n  the script look was changed, in what a plan does not show: ",
        ),
    ] {
        assert!(LOOK.contains(was));
        let said = Program::new(&arguments)
            .file("look.yaml", &LOOK.replacen(was, is, 1))
            .file("plan.json", made.text())
            .variable("SACPILOT_PASSWORD", "hunter2-x")
            .run()
            .code(2);
        assert!(said.stderr_text().contains(told), "{}", said.stderr_text());
    }
    let edited = made.text().replace("\"ver\"", "\"ver & del x\"");
    let said = run(&edited, "").code(2);
    assert!(said.stderr_text().contains("was edited"), "{}", said.stderr_text());
    assert!(run("{}", "").code(2).stderr_text().contains("is no plan"));
}

#[test]
fn arguments_of_a_program_are_in_no_name_of_a_file() {
    let said = Program::new("diagnose rdp/listener --user x --wait 2s --runs-dir runs")
        .variable("SACPILOT_TARGET", "exec:false --password=Geheim")
        .variable("SACPILOT_PASSWORD", "y")
        .run()
        .code(3);
    let files = said.files();
    assert!(files.iter().any(|file| file.contains("exec-false")), "{files:?}");
    assert!(!files.iter().any(|file| file.contains("Geheim")), "{files:?}");
}

/// A journal that cannot be written is told as that, and not as a wish of the user, wherever it is cut off while the
/// machine is called.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_as_that() {
    // So many blocks of 512 bytes may a file have. Steps that are left out stand in the journal alone.
    let call = |blocks: u32, skipped: usize| {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let ids: Vec<String> =
            (0..skipped).map(|number| format!("{}{number}", "left_out_".repeat(7))).collect();
        let step = |id: &str| format!("  - {{id: {id}, title: 'b', in: cmd, run: 'ver'}}\n");
        let steps: String = ids.iter().map(|id| step(id)).chain([step("a")]).collect();
        let skip: Vec<String> = ids.iter().map(|id| format!(" --skip {id}")).collect();
        let skip = skip.concat();
        let arguments = format!("run look.yaml -t sim:healthy --yes --runs-dir runs{skip}");
        let script = format!("script: look\ntitle: 'v'\nabout: 'L.'\nsteps:\n{steps}");
        Program::under_shell(&limit, &arguments).file("look.yaml", &script).run()
    };
    let said = call(0, 0).code(2);
    assert!(said.stderr_text().contains("choose another place with --runs-dir"), "{}", said.everything());
    let mut lines = Vec::new();
    for skipped in 4..=8 {
        let said = call(2, skipped).code(5);
        let all = said.everything();
        assert!(all.contains("journal.jsonl: File too large"), "{all}");
        assert!(!all.contains("asked to stop") && !all.contains("stopped by the user"), "{all}");
        lines.push(journal::read(&said.run_folder("runs").join("journal.jsonl")).unwrap().events.len());
    }
    assert!(lines.contains(&1) && lines.contains(&2) && lines.contains(&3), "{lines:?}");
}
