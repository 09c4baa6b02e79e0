//! `junit.xml`: a run for continuous integration. A step is a test case; a finding that remains and counts is a failure,
//! a step that failed is an error, unless its block was rescued; one that was not done is skipped. What ended the run
//! outside of a step, or is told by no step, is the error of a last test case, `run`.

use std::fmt::Write as _;

use super::summary::{Finding, Step, Summary};
use super::{visible, wording};
use crate::engine::Verdict;
use crate::engine::event::StepStatus;
use crate::script::model::Severity;

/// A run whose end nobody saw.
const CUT_OFF: &str = "the run was cut off";

/// The report as JUnit XML.
pub fn report(summary: &Summary) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a text cannot fail.
    let _ = write(&mut out, summary);
    out
}

fn write(out: &mut String, summary: &Summary) -> std::fmt::Result {
    let remaining = |step: &Step| {
        let of_step = summary.open_findings().filter(|found| found.step == step.step);
        of_step.partition::<Vec<_>, _>(|found| found.severity > Severity::Info)
    };
    // A failure behind which the run came to a good end was dealt with.
    let good = matches!(summary.verdict, Some(Verdict::Holds | Verdict::Findings));
    let is_error = |step: &Step| is_error(step) && !(good && step.failure.is_some());
    let count = |status: &dyn Fn(&Step, &[&Finding]) -> bool| {
        summary.steps.iter().filter(|step| status(step, &remaining(step).0)).count()
    };
    let run = error_of_run(summary, |step| remaining(step).0.is_empty() && is_error(step));
    let runs = usize::from(run.is_some());
    writeln!(
        out,
        "<testsuites name=\"sacpilot\">\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{}\" time=\"{}\" timestamp=\"{}\" hostname=\"{}\">",
        text(&summary.script),
        summary.steps.len() + runs,
        count(&|_, found| !found.is_empty()),
        count(&|step, found| found.is_empty() && is_error(step)) + runs,
        count(&|step, found| found.is_empty() && is_skipped(step)),
        seconds(summary.elapsed_ms),
        summary.started.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default(),
        text(&summary.target),
    )?;
    for step in &summary.steps {
        write!(
            out,
            "    <testcase classname=\"{}\" name=\"{}: {}\" time=\"{}\"",
            text(&summary.script),
            text(&step.step.0),
            text(&step.title),
            seconds(step.elapsed_ms)
        )?;
        let (found, aside) = remaining(step);
        let mut said: Vec<String> = aside.iter().map(|found| format!("info: {}", found.text)).collect();
        let failure = step.failure.as_ref().filter(|_| found.is_empty() && !is_error(step));
        said.extend(failure.map(|failure| format!("failed, and the run went on: {}", failure.message)));
        if found.is_empty() && !is_error(step) && !is_skipped(step) && said.is_empty() {
            writeln!(out, "/>")?;
            continue;
        }
        writeln!(out, ">")?;
        for finding in &found {
            let remedy =
                finding.remedy.as_deref().map(|remedy| format!("\nTo do: {remedy}")).unwrap_or_default();
            let evidence = &finding.evidence;
            let body = if evidence.command.is_empty() {
                remedy.trim_start().to_owned()
            } else {
                let (command, code, output) = (&evidence.command, evidence.code, &evidence.output.text);
                format!("{command} (exit code {code})\n{output}{remedy}")
            };
            let kind = wording::severity(finding.severity);
            writeln!(
                out,
                "      <failure type=\"{kind}\" message=\"{}\">{}</failure>",
                text(&finding.text),
                text(&body)
            )?;
        }
        if found.is_empty() && is_error(step) {
            error(out, &error_of(step))?;
        } else if found.is_empty() && is_skipped(step) {
            writeln!(out, "      <skipped message=\"{}\"/>", text(step.note.as_deref().unwrap_or_default()))?;
        }
        if !said.is_empty() {
            writeln!(out, "      <system-out>{}</system-out>", text(&said.join("\n")))?;
        }
        writeln!(out, "    </testcase>")?;
    }
    if let Some(of_run) = &run {
        let (script, time) = (text(&summary.script), seconds(summary.elapsed_ms));
        writeln!(out, "    <testcase classname=\"{script}\" name=\"run\" time=\"{time}\">")?;
        error(out, of_run)?;
        writeln!(out, "    </testcase>")?;
    }
    let verdict = summary.result().unwrap_or(CUT_OFF);
    writeln!(out, "    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>", text(verdict))
}

/// A code and a message.
type Told = (String, String);

/// What a step that did not end well says.
fn error_of(step: &Step) -> Told {
    match (&step.failure, step.status) {
        (Some(failure), _) => (failure.code.clone(), failure.message.clone()),
        (None, Some(StepStatus::Interrupted)) => ("interrupted".to_owned(), "stopped by the user".to_owned()),
        (None, _) => ("cut-off".to_owned(), "the run was cut off here".to_owned()),
    }
}

/// What became of the run as a whole, where it did not end well and no step that is shown as an error tells the same.
fn error_of_run(summary: &Summary, shown: impl Fn(&Step) -> bool) -> Option<Told> {
    let mut shown = summary.steps.iter().filter(|step| shown(step));
    let Some(verdict) = summary.verdict else {
        return shown.all(|step| step.status.is_some()).then(|| ("cut-off".to_owned(), CUT_OFF.to_owned()));
    };
    let code = match verdict {
        Verdict::Holds | Verdict::Findings | Verdict::TakenBack => return None,
        Verdict::Unreachable => "unreachable",
        Verdict::LoginRefused => "login-refused",
        Verdict::Undone => "undone",
        Verdict::Remains => "remains",
        Verdict::Interrupted => "interrupted",
        Verdict::PartlyTakenBack => "partly-taken-back",
    };
    let sentence = summary.result().unwrap_or_default().to_owned();
    let told = match (&summary.failure, verdict) {
        (Some(failure), _) => shown.any(|step| {
            step.failure
                .as_ref()
                .is_some_and(|of_step| (&of_step.code, &of_step.message) == (&failure.code, &failure.message))
        }),
        (None, Verdict::Interrupted) => shown.any(|step| step.status == Some(StepStatus::Interrupted)),
        (None, _) => false,
    };
    let (code, message) = match &summary.failure {
        Some(failure) => (failure.code.clone(), failure.message.clone()),
        None => (code.to_owned(), sentence),
    };
    (!told).then_some((code, message))
}

fn error(out: &mut String, (code, message): &Told) -> std::fmt::Result {
    writeln!(out, "      <error type=\"{}\" message=\"{}\"/>", text(code), text(message))
}

fn is_error(step: &Step) -> bool {
    matches!(step.status, None | Some(StepStatus::Failed | StepStatus::Interrupted))
}

fn is_skipped(step: &Step) -> bool {
    matches!(step.status, Some(StepStatus::Skipped | StepStatus::Depends))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

/// Text between tags or in an attribute: control characters, which XML forbids, become visible.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in visible::lines(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::engine::event::{Failure, StepPath};
    use crate::engine::{Event, EventKind};
    use crate::script::model::Risk;

    #[test]
    fn nothing_of_the_machine_becomes_markup() {
        assert_eq!(text("a<b>&\"c\"\n\x1b[0m\u{ffff}"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;␛[0m\u{fffd}");
    }

    fn failure(code: &str, message: &str) -> Failure {
        Failure {
            code: code.to_owned(),
            message: message.to_owned(),
            help: None,
            screen: None,
            trouble: None,
        }
    }

    /// A run of one step that ended like this, and why both did.
    fn ended(
        verdict: Option<Verdict>,
        failure: Option<&Failure>,
        step: Option<(StepStatus, &Failure)>,
    ) -> String {
        let mut summary = Summary::default();
        let path = StepPath("s".to_owned());
        let mut events = vec![EventKind::StepStarted {
            step: path.clone(),
            title: "t".to_owned(),
            risk: Risk::Read,
            line: 1,
        }];
        if let Some((status, failure)) = step {
            if status == StepStatus::Failed {
                events.push(EventKind::StepFailed { step: path.clone(), failure: failure.clone() });
            }
            events.push(EventKind::StepFinished { step: path, status, note: None, left: None });
        }
        let failure = failure.cloned();
        events.extend(verdict.map(|verdict| EventKind::RunFinished {
            verdict,
            exit: 0,
            elapsed_ms: 0,
            failure,
        }));
        for event in events {
            summary.add(&Event { v: 1, seq: 1, at: Timestamp::UNIX_EPOCH, ms: 0, event });
        }
        let report = report(&summary);
        let errors: Vec<&str> =
            report.lines().map(str::trim).filter(|line| line.starts_with("<error")).collect();
        let count = |name: &str, of: usize| {
            assert!(report.contains(&format!(" {name}=\"{of}\"")), "{name} {of}: {report}");
        };
        count("tests", report.matches("<testcase").count());
        count("errors", errors.len());
        let cases = report.matches("name=\"run\"").count();
        format!("{}{}", if cases == 1 { "run: " } else { "" }, errors.join(" "))
    }

    #[test]
    fn no_run_that_did_not_end_well_is_green() {
        let (line, other) = (failure("line-lost", "no <line>"), failure("exit-code", "code 5"));
        let error = |code: &str, message: &str| format!("<error type=\"{code}\" message=\"{message}\"/>");
        let held = Some((StepStatus::Held, &other));
        let failed = Some((StepStatus::Failed, &other));
        for (verdict, failure, step, expected) in [
            (Some(Verdict::Holds), None, held, String::new()),
            (Some(Verdict::Findings), None, held, String::new()),
            (Some(Verdict::TakenBack), None, held, String::new()),
            (
                Some(Verdict::Unreachable),
                Some(&line),
                held,
                "run: ".to_owned() + &error("line-lost", "no &lt;line&gt;"),
            ),
            (
                Some(Verdict::LoginRefused),
                None,
                held,
                "run: ".to_owned() + &error("login-refused", "the login was refused; nothing was changed"),
            ),
            (
                Some(Verdict::Undone),
                Some(&line),
                held,
                "run: ".to_owned() + &error("line-lost", "no &lt;line&gt;"),
            ),
            (
                Some(Verdict::Remains),
                None,
                held,
                "run: ".to_owned() + &error("remains", "a step failed; changes remain on the machine"),
            ),
            (
                Some(Verdict::PartlyTakenBack),
                None,
                held,
                "run: ".to_owned()
                    + &error("partly-taken-back", "not all changes of the run could be taken back"),
            ),
            (
                Some(Verdict::Interrupted),
                None,
                held,
                "run: ".to_owned() + &error("interrupted", "stopped by the user"),
            ),
            // The step tells it.
            (Some(Verdict::Undone), Some(&other), failed, error("exit-code", "code 5")),
            (
                Some(Verdict::Interrupted),
                None,
                Some((StepStatus::Interrupted, &other)),
                error("interrupted", "stopped by the user"),
            ),
            (None, None, None, error("cut-off", "the run was cut off here")),
            // The step tells something else.
            (
                Some(Verdict::Unreachable),
                Some(&line),
                failed,
                format!("run: {} {}", error("exit-code", "code 5"), error("line-lost", "no &lt;line&gt;")),
            ),
            (None, None, held, "run: ".to_owned() + &error("cut-off", "the run was cut off")),
        ] {
            assert_eq!(ended(verdict, failure, step), expected, "{verdict:?} {step:?}");
        }
    }

    #[test]
    fn a_run_that_was_cut_off_is_an_error() {
        let report = report(&Summary::default());
        assert!(report.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{report}");
        assert!(report.contains("name=\"run\"") && report.contains("the run was cut off"), "{report}");
    }
}
