//! What the program tells of the console it worked on (`-v`), what the simulated machine tells of what was executed
//! (`sim --audit`), and a line to a machine in the same process that is lost and made again.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use regex::Regex;
use serde_json::Value;

use crate::program::Program;

/// What `-v` says was learnt about a console, with how many characters went at once.
fn learnt(machine: &str) -> (String, usize) {
    let said = Program::new(&format!("exec -v -t sim:healthy?start=running&{machine} -- echo install boot"))
        .run()
        .code(0)
        .stdout("install boot\r\n");
    let line = Regex::new(r"learnt about this console: (.+?), (\d+) characters at a time(.*)").unwrap();
    let text = said.stderr_text();
    let found = line.captures(text).unwrap_or_else(|| panic!("{text}"));
    let words = format!("{}{}", &found[1], &found[3]);
    (words.split(';').next().unwrap().to_owned(), found[2].parse().unwrap())
}

#[test]
fn at_v_it_says_what_was_learnt_about_the_console() {
    for (machine, expected) in [
        ("profile=2016", "draws differences of its screen"),
        ("profile=2022", "draws as a stream"),
        (
            "profile=2019&keyboard.equal_neighbours=dropped",
            "draws differences of its screen, equal neighbours one by one with pauses of [SPAN]",
        ),
    ] {
        let (words, chunk) = learnt(machine);
        assert_eq!(words, expected, "{machine}");
        assert!((14..=448).contains(&chunk), "{machine}: {chunk}");
    }
    // A receiver that holds 16 bytes: no more go at once.
    let (_, chunk) = learnt("profile=2022&receiver=fifo16");
    assert!(chunk <= 28, "{chunk}");
}

#[test]
fn the_audit_of_a_machine_says_what_was_executed() {
    let (folder, mut command) =
        Program::new("sim healthy?start=running&speed=200 --listen tcp:127.0.0.1:0 --audit audit.jsonl")
            .into_parts();
    let mut machine = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(machine.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let address = first.trim().rsplit(' ').next().unwrap();
    let account = sacpilot::sim::scenario::Account::default();
    Program::new(&format!("exec -t {address} --user {} -- echo audited& exit 3", account.user))
        .variable("SACPILOT_PASSWORD", &account.password)
        .run()
        .code(3)
        .stdout("audited\r\n");
    assert!(Command::new("kill").args(["-INT", &machine.id().to_string()]).status().unwrap().success());
    machine.wait().unwrap();
    let audit = fs::read_to_string(folder.path().join("audit.jsonl")).unwrap();
    assert!(!audit.contains(&account.password));
    let entries: Vec<Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(entries.is_sorted_by_key(|entry| entry["at_ms"].as_u64().unwrap()));
    let acts = |act: &str| entries.iter().filter(|entry| entry["act"] == act).collect::<Vec<_>>();
    let lines: Vec<&str> = acts("sac").iter().map(|entry| entry["line"].as_str().unwrap()).collect();
    assert!(lines.contains(&"cmd"), "{lines:?}");
    assert_eq!(acts("channel-opened").len(), 1);
    assert_eq!(acts("channel-closed").len(), 1);
    assert_eq!(acts("login")[0]["outcome"], "accepted");
    assert_eq!(acts("login")[0]["user"], account.user.as_str());
    let executed =
        acts("cmd").iter().filter(|entry| entry["line"].as_str().unwrap().contains("echo audited")).count();
    assert_eq!(executed, 1);
}

#[test]
fn a_lost_line_to_a_machine_of_this_process_is_made_again() {
    let target = "sim:healthy?start=running&disconnect.after_bytes=9000&disconnect.times=2";
    let said =
        Program::new(&format!("exec -t {target} -- echo still here")).run().code(0).stdout("still here\r\n");
    assert_eq!(said.stderr_text().matches("connecting again").count(), 2, "{}", said.stderr_text());
    let said = Program::new(&format!("exec -t {target} --reconnect 0s -- echo still here")).run().code(255);
    assert!(
        said.stderr_text().contains("lost the line to simulated machine healthy"),
        "{}",
        said.stderr_text()
    );
}
