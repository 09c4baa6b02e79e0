//! `junit.xml`: a run for continuous integration. A step is a test case; a finding that remains is a failure, a step
//! that failed is an error, one that was not done is skipped.

use std::fmt::Write as _;

use super::summary::{Finding, Step, Summary};
use super::{visible, wording};
use crate::engine::event::StepStatus;

/// The report as JUnit XML.
pub fn report(summary: &Summary) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a text cannot fail.
    let _ = write(&mut out, summary);
    out
}

fn write(out: &mut String, summary: &Summary) -> std::fmt::Result {
    let remaining =
        |step: &Step| summary.open_findings().filter(|found| found.step == step.step).collect::<Vec<_>>();
    let count = |status: fn(&Step, &[&Finding]) -> bool| {
        summary.steps.iter().filter(|step| status(step, &remaining(step))).count()
    };
    let cut_off = usize::from(summary.verdict.is_none());
    writeln!(
        out,
        "<testsuites name=\"sacpilot\">\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{}\" time=\"{}\" timestamp=\"{}\" hostname=\"{}\">",
        text(&summary.script),
        summary.steps.len(),
        count(|_, found| !found.is_empty()),
        count(|step, found| found.is_empty() && is_error(step)) + cut_off,
        count(|step, found| found.is_empty() && is_skipped(step)),
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
        let found = remaining(step);
        if found.is_empty() && !is_error(step) && !is_skipped(step) {
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
            let (code, message) =
                step.failure.as_ref().map_or(("cut-off", "the run was cut off here"), |failure| {
                    (failure.code.as_str(), failure.message.as_str())
                });
            writeln!(out, "      <error type=\"{}\" message=\"{}\"/>", text(code), text(message))?;
        } else if found.is_empty() {
            writeln!(out, "      <skipped message=\"{}\"/>", text(step.note.as_deref().unwrap_or_default()))?;
        }
        writeln!(out, "    </testcase>")?;
    }
    let verdict = summary.verdict.map_or("the run was cut off", wording::verdict);
    writeln!(out, "    <system-out>{}</system-out>\n  </testsuite>\n</testsuites>", text(verdict))
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
    use super::*;

    #[test]
    fn nothing_of_the_machine_becomes_markup() {
        assert_eq!(text("a<b>&\"c\"\n\x1b[0m\u{ffff}"), "a&lt;b&gt;&amp;&quot;c&quot;&#10;␛[0m\u{fffd}");
    }

    #[test]
    fn a_run_that_was_cut_off_is_an_error() {
        let report = report(&Summary::default());
        assert!(report.contains("errors=\"1\"") && report.contains("the run was cut off"), "{report}");
    }
}
