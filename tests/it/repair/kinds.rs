//! Kinds of steps on a simulated machine, over the whole way: dialogues, uploads, facts, restarts by SAC.

use sacpilot::engine::event::StepStatus;
use sacpilot::engine::{EventKind, Verdict};

use super::{Case, Outcome};

/// The steps that did not end as a good step does, and why.
fn wrong(outcome: &Outcome) -> Vec<String> {
    let wrong = |event: &sacpilot::engine::Event| match &event.event {
        EventKind::StepFinished { step, status, note, .. } => {
            let bad = matches!(status, StepStatus::Failed | StepStatus::NotHeld | StepStatus::Depends);
            bad.then(|| format!("{step}: {status:?} {note:?}"))
        }
        EventKind::StepFailed { failure, .. } => {
            Some(format!("{} {}", failure.message, failure.screen.clone().unwrap_or_default()))
        }
        _ => None,
    };
    outcome.events.iter().filter_map(wrong).collect()
}

fn outputs(outcome: &Outcome) -> String {
    let output = |event: &sacpilot::engine::Event| match &event.event {
        EventKind::CommandFinished { output, .. } => Some(output.text.clone()),
        _ => None,
    };
    outcome.events.iter().filter_map(output).collect()
}

#[test]
fn a_program_that_asks_is_answered() {
    for scenario in ["healthy"] {
        for version in ["2016", "2019", "2022"] {
            let outcome = Case::run(scenario)
                .with("profile", version)
                .steps(
                    r#"
  - id: d
    title: 'asks'
    in: cmd
    dialogue:
      run: 'set /p a=Name? &set /p b=Again? &call echo [%a%] [%b%]& pause'
      answers:
        - text: 'Name?'
          send: 'boot settings  ((x))'
        - text: 'Again?'
          send: 'second'
        - regex: 'any key to (continue|stop)'
          on: screen
          key: 'space'
      capture: {said: '\[([^\r\n\]]*)\] \[second\]'}
      holds: 'rc == 0 and said == "boot settings  ((x))"'
    undo: none
    why: 'nothing is changed'
    finding: {severity: error, text: 'it heard something else'}
"#,
                )
                .done();
            assert_eq!(wrong(&outcome), [""; 0], "{version}: {}", outputs(&outcome));
            assert_eq!(outcome.ended.verdict, Verdict::Holds, "{version}");
        }
    }
}

#[test]
fn powershell_establishes_a_condition_and_takes_it_back() {
    let steps = r#"
  - id: denied
    title: 'connections are allowed'
    in: powershell
    check:
      run: |
        $key = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
        'denied=' + (Get-ItemProperty -Path $key -Name fDenyTSConnections).fDenyTSConnections
      capture: {denied: '^denied=(\d)\s*$'}
      holds: 'denied | default("") == "0"'
    change:
      run: |
        $key = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
        Set-ItemProperty -Path $key -Name fDenyTSConnections -Value 0
    undo:
      run: |
        $key = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
        Set-ItemProperty -Path $key -Name fDenyTSConnections -Value ([int]'{{ before.denied }}')
    finding: {severity: error, text: 'connections are refused'}
"#;
    let repaired = Case::run("rdp-denied").with("profile", "2016").steps(steps).done();
    assert_eq!(wrong(&repaired), [""; 0], "{}", outputs(&repaired));
    assert_eq!(repaired.ended.verdict, Verdict::Holds);
    let failing =
        format!("{steps}  - id: then\n    title: 'fails'\n    in: powershell\n    run: 'throw ''no'''\n");
    let undone = Case::run("rdp-denied").with("profile", "2016").steps(&failing).done();
    assert_eq!(undone.ended.verdict, Verdict::Undone, "{:?}", wrong(&undone));
    assert!(
        wrong(&undone).iter().any(|line| line.contains("the script was ended by an error in its line 1: no"))
    );
}

#[test]
fn a_dialogue_that_goes_wrong_is_broken_off_and_the_prompt_is_there_again() {
    let outcome = Case::run("healthy")
        .steps(
            r#"
  - id: silent
    title: 'waits for what never comes'
    timeout: 20s
    on_failure: continue
    in: cmd
    dialogue:
      run: 'set /p a=Name? '
      answers: {text: 'Password', key: 'y'}
    undo: {run: 'ver'}
  - id: too_often
    title: 'is asked again and again'
    on_failure: continue
    in: cmd
    dialogue:
      run: 'for /l %i in (1,1,5) do @set /p a=Name? '
      answers: {text: 'Name?', send: 'x', times: 2}
    undo: {run: 'ver'}
  - id: refused
    title: 'is told no'
    on_failure: continue
    in: cmd
    dialogue:
      run: 'echo Access refused& pause'
      answers: {text: 'refused', fail: 'it was refused'}
    undo: {run: 'ver'}
  - id: after
    title: 'the prompt is there again'
    in: cmd
    run: 'echo here'
    holds: 'rc == 0 and output is containing "here"'
    finding: {severity: error, text: 'no'}
"#,
        )
        .done();
    let failures: Vec<&str> = outcome
        .events
        .iter()
        .filter_map(|event| match &event.event {
            EventKind::StepFailed { failure, .. } => Some(failure.code.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        failures,
        ["command-timed-out", "dialogue-failed", "dialogue-failed"],
        "{:?}",
        wrong(&outcome)
    );
    assert_eq!(outcome.ended.verdict, Verdict::Findings);
    assert!(outputs(&outcome).contains("here"));
}

#[test]
fn a_dialogue_whose_receipt_cannot_be_written_is_not_begun() {
    let outcome = Case::run("healthy")
        .steps(
            r#"
  - id: taken
    title: 'the file of the receipt cannot be written'
    in: cmd
    check: {run: 'if exist %SP%.d\. (echo taken)', holds: 'output is containing "taken"'}
    change: {run: 'md %SP%.d'}
    undo: {run: 'rd %SP%.d'}
    finding: {severity: info, text: 'it can'}
  - id: asks
    title: 'asks'
    in: cmd
    dialogue:
      run: 'echo begun>%SystemRoot%\Temp\begun.txt&set /p a=Name? '
      answers: {text: 'Name?', send: 'x'}
    on_failure: continue
    undo: {run: 'ver'}
  - id: begun
    title: 'nothing was begun'
    in: cmd
    run: 'if exist %SystemRoot%\Temp\begun.txt (echo yes) else (echo no)'
    holds: 'output is containing "no"'
    finding: {severity: error, text: 'it was begun'}
"#,
        )
        .done();
    let failures: Vec<&str> = outcome
        .events
        .iter()
        .filter_map(|event| match &event.event {
            EventKind::StepFailed { failure, .. } => Some(failure.message.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        matches!(failures[..], [only] if only.contains("was not begun") && only.contains("Access is denied.")),
        "{failures:?} {:?}",
        wrong(&outcome)
    );
    assert_eq!(outputs(&outcome).lines().last(), Some("no"));
}

#[test]
fn a_file_is_put_on_the_machine_used_and_taken_back() {
    let outcome = Case::run("healthy")
        .steps(
            r#"
  - id: there
    title: 'the script is there'
    upload:
      to: 'C:\Windows\Temp\{{ facts.run }} a.cmd'
      text: |
        @echo off
        echo "it's" ^<%1^> & rem ((aa)) 100%%
        exit /b 7
  - id: used
    title: 'it runs'
    risk: change
    in: cmd
    run: '"{{ steps.there.path }}" first'
    holds: 'rc == 7 and output is containing "<first>"'
    finding: {severity: error, text: 'it said something else'}
  - id: again
    title: 'once is enough'
    upload:
      to: 'C:\Windows\Temp\{{ facts.run }} a.cmd'
      text: |
        @echo off
        echo "it's" ^<%1^> & rem ((aa)) 100%%
        exit /b 7
"#,
        )
        .done();
    assert_eq!(wrong(&outcome), [""; 0], "{}", outputs(&outcome));
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
    let left: Vec<String> = outcome
        .before
        .diff(&outcome.after)
        .iter()
        .map(|one| one.path.clone())
        .filter(|path| path.contains("a.cmd"))
        .collect();
    assert_eq!(left, [""; 0]);
    assert_eq!(outcome.changing().len(), 2, "{:?}", outcome.changing());
}

#[test]
fn facts_are_those_of_the_machine() {
    for (version, language, expected) in
        [("2019", "en", "10.0.17763 en-US"), ("2022", "ko", "10.0.20348 ko-KR")]
    {
        let outcome = Case::run("healthy")
            .with("profile", version)
            .with("lang", language)
            .steps(
                r"
  - id: told
    title: 'told'
    for_each: {disk: 'facts.disk_letters'}
    in: cmd
    run: 'echo {{ facts.os_version }} {{ facts.language }} {{ disk }}'
  - id: more
    title: 'told'
    in: cmd
    run: 'echo {{ facts.control_set }} {{ facts.rdp_port }} {{ facts.elevated }}'
  - id: rest
    title: 'told'
    in: cmd
    run: 'echo {{ facts.system_drive }} {{ facts.os_build }} {{ facts.computer_name }}'
",
            )
            .done();
        let said = outputs(&outcome);
        assert!(said.contains(expected), "{said} {:?}", wrong(&outcome));
        assert!(
            said.contains("ControlSet001 3389 true") && said.contains("VM01"),
            "{said} {:?}",
            wrong(&outcome)
        );
        assert_eq!(outcome.ended.verdict, Verdict::Holds);
    }
}

#[test]
fn sac_restarts_the_machine_too() {
    let outcome = Case::run("healthy")
        .steps(
            r"
  - id: restarted
    title: 'restarted'
    in: sac
    reboot: {reason: 'it must', within: 30m}
  - id: after
    title: 'logged in again'
    in: cmd
    run: 'ver'
",
        )
        .done();
    assert_eq!(wrong(&outcome), [""; 0]);
    assert_eq!(outcome.ended.verdict, Verdict::Holds);
}
