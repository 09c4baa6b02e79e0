//! `check`, `fmt` and `new` at the command line: several files, folders, standard input, codes.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::program::{Program, Said};

const GOOD: &str =
    "script: NAME\ntitle: 'x'\nabout: 'x'\nsteps:\n  - {id: a, title: 'x', in: cmd, run: 'ver'}\n";

fn good(name: &str) -> String {
    GOOD.replace("NAME", name)
}

/// With a text on standard input.
fn with_input(arguments: &str, input: &str) -> Said {
    let (folder, mut command) = Program::new(arguments).into_parts();
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Said::of(folder, &child.wait_with_output().unwrap())
}

#[test]
fn a_file_whose_name_no_script_can_have_is_told_the_rule() {
    let rule = "a script's file is named by lower-case words with dashes, and ends in .yaml";
    for (file, name) in [
        ("a_b.yaml", "a-b"),
        ("Fix.yaml", "fix"),
        ("9a.yaml", "a"),
        ("a.yml", "a"),
        ("-.yaml", "time-service"),
    ] {
        let expected =
            format!("error: `./{file}` can't be the file of a script\n  help: {rule}: {name}.yaml\n");
        for command in ["check", "plan"] {
            let said = Program::new(&format!("{command} ./{file}")).file(file, &good("a"));
            said.run().stdout("").stderr(&expected).code(2);
        }
    }
    let said = Program::new("check a_b.yaml").run().code(2);
    assert!(said.stderr_text().contains("a_b.yaml can't be read: "), "{}", said.stderr_text());
}

#[test]
fn one_file_that_is_not_there_hides_no_other() {
    let bad = good("bad").replace("title: 'x'", "titel: 'x'");
    let call = |format: &str| {
        let arguments = format!("check good.yaml nosuch bad.yaml bad_name.yaml {format}");
        let program = Program::new(&arguments).file("good.yaml", &good("good")).file("bad.yaml", &bad);
        program.file("bad_name.yaml", "").run().code(2)
    };
    let said = call("");
    assert!(said.text().contains("--> ./bad.yaml:2:1"), "{}", said.text());
    assert!(!said.text().contains("nothing is wrong"), "{}", said.text());
    let told = said.stderr_text();
    assert!(told.starts_with("error: there is no script `nosuch`\n"), "{told}");
    assert!(told.contains("error: `bad_name.yaml` can't be the file of a script\n"), "{told}");

    let json: serde_json::Value = serde_json::from_str(call("--format json").stderr("").text()).unwrap();
    let files: Vec<_> =
        json.as_array().unwrap().iter().map(|one| (one["code"].as_str(), one["file"].as_str())).collect();
    let expected =
        [("SP002", "./bad.yaml"), ("SP002", "./bad.yaml"), ("SP015", "nosuch"), ("SP015", "bad_name.yaml")];
    assert_eq!(files, expected.map(|(code, file)| (Some(code), Some(file))));

    let sarif: serde_json::Value = serde_json::from_str(call("--format sarif").stderr("").text()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    assert_eq!(results[2]["ruleId"], "SP015");

    // Alone it fails in every format, too.
    for format in ["", "--format json", "--format sarif"] {
        Program::new(&format!("check nosuch {format}")).run().code(2);
    }
}

#[test]
fn folders_and_standard_input_are_checked() {
    let call = |arguments: &str| {
        let (folder, mut command) = Program::new(arguments).into_parts();
        for (name, text) in [
            ("scripts/a.yaml", good("a")),
            ("scripts/lab/b.yaml", good("lab/b").replace("in: cmd, run: 'ver'", "use: 'a'")),
            ("scripts/targets.yaml", "targets: {}\n".to_owned()),
            ("scripts/.git/c.yaml", "[".to_owned()),
            ("scripts/notes.txt", "[".to_owned()),
            ("empty/notes.txt", String::new()),
        ] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let output = command.output().unwrap();
        Said::of(folder, &output)
    };
    call("check scripts").stderr("").stdout("3 files, nothing is wrong\n").code(0);
    call("check empty")
        .stdout("")
        .code(2)
        .stderr("error: there is no *.yaml below empty\n  help: name a folder that has scripts, or a file\n");
    with_input("check -", &good("lab/x")).stderr("").stdout("1 file, nothing is wrong\n").code(0);
    with_input("check -", "targets: {}\n").stderr("").stdout("1 file, nothing is wrong\n").code(0);
    let said = with_input("check -", "title: 'x'\n").stderr("").code(2);
    assert!(said.text().contains("--> stdin:1:1"), "{}", said.text());
}

#[test]
fn fmt_goes_on_behind_a_file_that_is_refused() {
    for (arguments, listed) in
        [("fmt --check a.yaml b.yaml c.yaml d.yaml", "c.yaml\n"), ("fmt a.yaml b.yaml c.yaml d.yaml", "")]
    {
        let said = Program::new(arguments)
            .file("a.yaml", "a: [1\n")
            .file("b.yaml", "a: 1\n")
            .file("c.yaml", "a:   1\n")
            .run()
            .stdout(listed)
            .code(2);
        let told = said.stderr_text();
        assert!(told.starts_with("error: a.yaml is left as it is: "), "{told}");
        assert!(told.contains("error: cannot read d.yaml: "), "{told}");
        let laid_out = fs::read_to_string(said.folder().join("c.yaml")).unwrap() == "a: 1\n";
        assert_eq!(laid_out, listed.is_empty());
    }
}

#[test]
fn codes_are_explained_as_they_are_copied() {
    let one = Program::new("check --explain SP010").run().code(0);
    for written in ["sp010", "error[SP010]", "error[SP010]:", "[sp010]"] {
        Program::new(&format!("check --explain {written}")).run().stdout(one.text()).stderr("").code(0);
    }
    for both in ["SP010 warning[SP035]", "SP010,SP035"] {
        let said = Program::new(&format!("check --explain {both}")).run().code(0);
        assert!(
            said.text().starts_with(one.text()) && said.text().contains("\n\nSP035: "),
            "{}",
            said.text()
        );
    }
    let all = Program::new("check --explain").run().stderr("").code(0);
    assert!(all.text().starts_with("SP001  not YAML\nSP002  unknown key\n"), "{}", all.text());
    assert!(all.text().contains("\nSI001  "), "{}", all.text());
    let last = sacpilot::script::codes::ALL.last().unwrap().id;
    let last = format!("next to it is {last}; ");
    for (unknown, help) in
        [("SP016", "next to it are SP015 and SP020; "), ("sp999", last.as_str()), ("rules", "")]
    {
        let expected = format!(
            "error: there is no code `{unknown}`\n  help: {help}`sacpilot check --explain` lists all\n"
        );
        Program::new(&format!("check --explain {unknown}")).run().stdout("").stderr(&expected).code(2);
    }
    let json = Program::new("--json check --explain SP010").run().code(0);
    let json: serde_json::Value = serde_json::from_str(json.text()).unwrap();
    assert_eq!(json[0]["code"], "SP010");
}

#[test]
fn a_new_script_has_a_name_that_windows_can_have() {
    for name in ["con", "lab/nul", "aux", "com1", "lpt9/x"] {
        let said = Program::new(&format!("new {name}")).run().stdout("").code(2);
        assert!(said.stderr_text().starts_with("error: Windows can't have a file named `"), "{name}");
        assert_eq!(said.files(), [""; 0]);
    }
    Program::new("new console").run().stdout("./console.yaml\n").code(0);
}

#[test]
fn a_secret_that_is_given_in_clear_is_told_its_option() {
    let script = good("s").replace("steps:", "params:\n  word: {type: secret, about: 'x'}\nsteps:");
    let said = Program::new("plan s.yaml -p word=abc").file("s.yaml", &script).run().stdout("").code(2);
    let expected = "error: the secret `word` can't be given like this\n  help: name its source: --secret \
                    word=env:VARIABLE (or file:PATH, command:COMMAND)\n";
    assert!(said.stderr_text().contains(expected), "{}", said.stderr_text());
}
