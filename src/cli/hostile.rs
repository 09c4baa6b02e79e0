//! Law 8 over what `exec`, `connect` and `plan` say, and every command that fails: whatever the machine printed, or the other
//! side of the line gave as its reason, nothing of it acts on the terminal. What `exec` writes into a pipe is the output
//! itself, and what `connect` passes on is the console itself.

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;
use regex::Regex;

use super::connect::tell;
use super::exec;
use super::exit::Exit;
use super::failure::Failure;
use crate::report::Paint;
use crate::script::library::Library;
use crate::script::loader;
use crate::script::model::Scope;
use crate::script::plan::{Plan, Verdict};
use crate::shell::Outcome;

/// What acts on a terminal or hides what stands beside it.
static ACTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}&&[^\n\t]]").unwrap()
});

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let script = loader::load(&Library::embedded(), "rdp/certificate").unwrap().script;
    let mut plan = Plan::new(&script, &Scope::new());
    plan.target = Some("a machine".to_owned());
    plan
});

fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]52;c;AAAA\x1b\\",
        "\x1bP+q\x1b\\",
        "\u{9b}2J",
        "\u{9d}x\u{9c}",
        "\u{85}",
        "\u{202e}txt.exe",
        "\u{200b}",
        "\u{feff}",
        "\u{2028}",
        "\x08\x08",
        "\x7f",
        "\0",
        "\x0c",
        "C:\\>ok\rNOT",
        "\r\n",
        "\n",
        "\t",
        "\n  ok        everything\n",
        "\r\nerror: the machine is gone",
        "]\r\n[sacpilot: recorded]",
        "\"}\n{\"code\":0",
        "Ü日本",
        "plain",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from)
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn harmless(name: &str, text: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(ACTS.find(text).map(|found| found.as_str()), None, "in {}: {:?}", name, text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_an_output_acts(text in hostile()) {
        let outcome = Outcome {
            code: 5,
            bytes: text.clone().into_bytes(),
            text: text.clone(),
            lossy: false,
            elapsed: Duration::from_millis(7),
        };
        harmless("exec on a terminal", &exec::shown(&text))?;
        // What is no control character is there as it was.
        let letters = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
        prop_assert_eq!(letters(&exec::shown(&text)), letters(&text));
        let line = exec::as_json(&outcome);
        harmless("exec --json", &line)?;
        prop_assert_eq!(line.matches('\n').count(), 1);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(read, serde_json::json!({"code": 5, "output": text, "elapsed_ms": 7}));
    }

    #[test]
    fn nothing_of_a_failure_acts(message in hostile(), screen in hostile(), help in hostile()) {
        let failure = Failure::new(Exit::EXEC_FAILED, format!("it said {message}")).screen(screen).help(help);
        harmless("a failure", &failure.told(Paint::Plain))?;
        // With our own colours and nothing more.
        let painted = failure.told(Paint::Colours);
        let word = Paint::Colours.bad("error");
        prop_assert!(painted.starts_with(&word));
        harmless("a failure in colours", &painted[word.len()..])?;
    }

    #[test]
    fn nothing_that_connect_says_acts_or_becomes_a_line(text in hostile()) {
        let mut terminal = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(tell(&mut terminal, &text)).unwrap();
        let said = String::from_utf8(terminal).unwrap();
        let inner = said.strip_prefix("\r\n[sacpilot: ").and_then(|said| said.strip_suffix("]\r\n")).unwrap();
        harmless("connect", inner)?;
        prop_assert!(!inner.contains(['\n', '\t']), "{inner:?}");
    }

    #[test]
    fn nothing_that_a_plan_tells_of_a_machine_acts_or_becomes_a_line(text in hostile()) {
        let told = |text: &str| {
            let mut plan = PLAN.clone();
            plan.facts.insert("computer".to_owned(), text.into());
            plan.steps[0].verdict = Some(Verdict::Unknown { why: text.to_owned() });
            plan.to_text()
        };
        let said = told(&text);
        harmless("plan", &said)?;
        prop_assert_eq!(said.lines().count(), told("plain").lines().count());
    }
}
