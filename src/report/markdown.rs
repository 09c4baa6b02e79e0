//! `report.md`: a run for a ticket. Verdict first, then findings with their evidence, changes with before and
//! after, what to do outside, the commands that go on and take back, every
//! step with its time, and when the run stood still.

use std::fmt::{self, Write as _};

use jiff::Timestamp;

use super::next::Next;
use super::summary::{Change, Finding, Interlude, Moment, Summary};
use super::{visible, wording};
use crate::engine::event::{Again, ChannelLeft, RunMode, UndoOutcome, WayBack};

/// Lines of output shown as evidence; the journal holds more.
const EVIDENCE_LINES: usize = 20;

/// The report as Markdown.
pub fn report(summary: &Summary, next: &Next) -> String {
    let mut out = String::new();
    // Writing into a text cannot fail.
    let _ = write(&mut out, summary, next);
    out
}

fn write(out: &mut String, summary: &Summary, next: &Next) -> fmt::Result {
    let verdict = summary.result().unwrap_or("the run was cut off");
    writeln!(out, "# {}\n", text(&summary.title))?;
    writeln!(out, "**Result: {}**\n", text(verdict))?;
    head(out, summary)?;
    if let Some(failure) = &summary.failure {
        writeln!(out, "\n## What ended the run\n\n{}", text(&failure.message))?;
        if let Some(help) = &failure.help {
            writeln!(out, "\nTo do: {}", text(help))?;
        }
        if let Some(screen) = &failure.screen {
            writeln!(out, "\nThe screen at that moment:\n\n{}", block(screen))?;
        }
    }
    if let Some(ChannelLeft::Open { why }) = &summary.channel {
        writeln!(out, "\n**The command channel may still be open:** {}", text(why))?;
    }
    if !summary.findings.is_empty() {
        writeln!(out, "\n## Findings")?;
        summary.findings.iter().try_for_each(|found| finding(out, found))?;
    }
    let remedies: Vec<&str> = summary.open_findings().filter_map(|found| found.remedy.as_deref()).collect();
    if !remedies.is_empty() {
        writeln!(out, "\n## To do outside\n")?;
        remedies.iter().try_for_each(|remedy| writeln!(out, "- {}", text(remedy)))?;
    }
    if let Some(resume) = &next.resume {
        writeln!(out, "\n## Going on\n\n{}", block(resume))?;
        writeln!(out, "\ngoes on where the run ended; nothing is done twice.")?;
    }
    if summary.changes.iter().any(|change| change.sent > 0) {
        writeln!(out, "\n## Changes")?;
        summary.changes.iter().filter(|made| made.sent > 0).try_for_each(|made| change(out, made))?;
    }
    if let Some(undo) = &next.undo {
        taking_back(out, summary, undo)?;
    }
    steps(out, summary)?;
    times(out, summary)?;
    pictures(out, summary)
}

fn head(out: &mut String, summary: &Summary) -> fmt::Result {
    let open = summary.open_findings().count();
    let repaired = summary.findings.iter().filter(|found| found.repaired).count();
    let rescued = summary.findings.iter().filter(|found| found.rescued && !found.repaired).count();
    let rescued = if rescued > 0 { format!(", {rescued} in what was rescued") } else { String::new() };
    writeln!(out, "| | |\n|---|---|")?;
    writeln!(out, "| Target | {} |", text(&summary.target))?;
    let mode = match summary.mode {
        Some(RunMode::Diagnose) => "diagnose (nothing is changed)",
        Some(RunMode::Run) | None => "run",
    };
    writeln!(out, "| Script | {} ({mode}) |", text(&summary.script))?;
    if !summary.params.is_empty() {
        writeln!(out, "| Parameters | {} |", text(&wording::values(&summary.params)))?;
    }
    if let Some(selection) = &summary.selection {
        writeln!(out, "| Steps | {}; the others were not looked at |", text(&selection.to_string()))?;
    }
    writeln!(out, "| Findings | {open} open, {repaired} repaired{rescued} |")?;
    let standing = summary.standing_changes().count();
    writeln!(out, "| Changes | {} on the machine |", wording::count(standing, "change"))?;
    if let Some(started) = summary.started {
        let span = wording::span(summary.elapsed_ms);
        writeln!(out, "| Time | {} for {span} |", moment(started))?;
    }
    if let Some(snapshot) = &summary.snapshot {
        writeln!(out, "| Snapshot taken before | {} |", text(snapshot))?;
    }
    if let Some(why) = &summary.snapshot_declined {
        writeln!(out, "| Snapshot taken before | none: {} |", text(why))?;
    }
    writeln!(out, "| Run | {} by {} |", text(&summary.run), text(&summary.tool))
}

fn finding(out: &mut String, finding: &Finding) -> fmt::Result {
    let severity = wording::severity(finding.severity);
    let state = match (finding.repaired, finding.rescued) {
        (true, _) => ", repaired",
        (false, true) => ", its block was rescued",
        (false, false) => "",
    };
    writeln!(out, "\n### {} ({severity}{state})\n", text(&finding.text))?;
    let evidence = &finding.evidence;
    let (step, command) = (code(&finding.step.0), &evidence.command);
    if command.is_empty() {
        // It rests on what other steps found.
        writeln!(out, "Step {step}.")?;
        if let Some(when) = &evidence.condition {
            writeln!(out, "Told since this is true: {}.", code(when))?;
        }
    } else {
        writeln!(out, "Step {step}. {} ended with code {}.", code(command), evidence.code)?;
    }
    if let Some(condition) = evidence.condition.as_ref().filter(|_| !command.is_empty()) {
        write!(out, "Not true: {}", code(condition))?;
        if !evidence.values.is_empty() {
            write!(out, " with {}", code(&wording::values(&evidence.values)))?;
        }
        writeln!(out, ".")?;
    }
    if !evidence.output.text.trim().is_empty() {
        let lines: Vec<&str> = evidence.output.text.lines().collect();
        let shown = lines[..lines.len().min(EVIDENCE_LINES)].join("\n");
        writeln!(out, "\n{}", block(&shown))?;
        if lines.len() > EVIDENCE_LINES {
            writeln!(out, "\n({} more lines in the journal)", lines.len() - EVIDENCE_LINES)?;
        }
    }
    Ok(())
}

fn change(out: &mut String, change: &Change) -> fmt::Result {
    writeln!(out, "\n### {}\n", text(&change.title))?;
    writeln!(out, "Step {}. Sent:\n", code(&change.step.0))?;
    let sent: Vec<&str> = change.commands[..change.sent.min(change.commands.len())]
        .iter()
        .map(|command| command.text.as_str())
        .collect();
    writeln!(out, "{}\n", block(&sent.join("\n")))?;
    match &change.proof {
        Some(proof) => {
            let differences = wording::difference(&proof.before, &proof.after);
            if differences.is_empty() {
                writeln!(out, "Proven: the check holds now.")?;
            } else {
                writeln!(out, "Proven: the check holds now.\n")?;
                differences.iter().try_for_each(|difference| writeln!(out, "- {}", code(difference)))?;
            }
        }
        None => writeln!(out, "**Not proven.**")?,
    }
    match (&change.undone, &change.undo) {
        // A dialogue says nothing that could be asked for again.
        (Some(UndoOutcome::Restored), WayBack::Commands { proofs, .. }) if proofs.is_empty() => {
            writeln!(out, "\nAfterwards: the way back was sent; nothing tells whether all is as before.")
        }
        (Some(outcome), _) => writeln!(out, "\nAfterwards: {}.", text(&wording::undo(outcome))),
        (None, WayBack::None { why }) => writeln!(out, "\nThere is no way back: {}", text(why)),
        (None, WayBack::Commands { commands, .. }) if commands.is_empty() => Ok(()),
        (None, WayBack::Commands { commands, .. }) => {
            let back: Vec<&str> = commands.iter().map(|command| command.text.as_str()).collect();
            writeln!(out, "\nThe way back:\n\n{}", block(&back.join("\n")))
        }
    }
}

fn steps(out: &mut String, summary: &Summary) -> fmt::Result {
    if summary.steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Steps\n\n| Step | Result | Commands | Time |\n|---|---|---:|---:|")?;
    for step in &summary.steps {
        let status = step.status.map_or("cut off", wording::status);
        let note = step.note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        let failure =
            step.failure.as_ref().map(|failure| format!(": {}", failure.message)).unwrap_or_default();
        let time = step.status.map(|_| wording::span(step.elapsed_ms)).unwrap_or_default();
        writeln!(
            out,
            "| {} | {} | {} | {time} |",
            text(&step.title),
            text(&format!("{status}{note}{failure}")),
            step.commands
        )?;
    }
    Ok(())
}

fn taking_back(out: &mut String, summary: &Summary, undo: &str) -> fmt::Result {
    writeln!(out, "\n## Taking it back\n\n{}", block(undo))?;
    let standing: Vec<&Change> = summary.standing_changes().collect();
    let lasting = |change: &&&Change| matches!(change.undo, WayBack::None { .. });
    let back = standing.iter().filter(|change| !lasting(change)).count();
    let back = wording::count(back, "change");
    writeln!(
        out,
        "\ntakes {back} back, the last one first, and looks whether the old values are there again."
    )?;
    if standing.iter().any(|change| lasting(&change)) {
        writeln!(out, "\nWhat stays, since there is no way back:\n")?;
    }
    for change in standing {
        if let WayBack::None { why } = &change.undo {
            writeln!(out, "- {}: {}", text(&change.title), text(why))?;
        }
    }
    Ok(())
}

/// When it began, stood still, went on and ended; nothing of a run that went through.
fn times(out: &mut String, summary: &Summary) -> fmt::Result {
    let (Some(started), Some(ended)) = (summary.started, summary.ended) else { return Ok(()) };
    if summary.moments.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## Times\n\n| Time | |\n|---|---|\n| {} | began |", moment(started))?;
    for Moment { at, what } in &summary.moments {
        let what = match what {
            Interlude::Interrupted => "the user wanted to stop".to_owned(),
            Interlude::LookedAgain => {
                "the machine may have started meanwhile: what was done was looked at again".to_owned()
            }
            Interlude::TakenUp { again: Again::Resume } => "taken up again, to go on".to_owned(),
            Interlude::TakenUp { again: Again::Undo } => "taken up again, to be taken back".to_owned(),
            Interlude::Restart { step, reason, back } => {
                let back = match back.map(|back| back.duration_since(*at).unsigned_abs().as_millis() as u64) {
                    Some(ms) => format!("back after {}", wording::span(ms)),
                    None => "that it came back was not seen".to_owned(),
                };
                format!("restart of the machine in step {step} ({reason}); {back}")
            }
        };
        writeln!(out, "| {} | {} |", moment(*at), text(&what))?;
    }
    let last = if summary.verdict.is_some() { "ended" } else { "the last that is known" };
    writeln!(out, "| {} | {last} |", moment(ended))
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The screens at the moments at which steps failed.
fn pictures(out: &mut String, summary: &Summary) -> fmt::Result {
    let mut shown = summary.steps.iter().filter_map(|step| Some((step, step.picture.as_ref()?))).peekable();
    if shown.peek().is_some() {
        writeln!(out, "\n## Screens of failed steps")?;
    }
    shown.try_for_each(|(step, file)| {
        writeln!(out, "\n{}\n\n![{}]({file})", text(&step.title), text(&step.step.0))
    })
}

/// Text in a paragraph or a cell of a table: nothing in it is markup. A word of which a page would make a link, a call
/// to somebody or a formula is shown as code: no backslash and no entity keeps GitHub from that.
fn text(text: &str) -> String {
    let text = visible::line(text);
    let mut out = String::new();
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        if !is_live(word, index == 0) {
            out.extend(word.chars().flat_map(plain));
            continue;
        }
        // In a table a `|` ends the cell, in code as well.
        for (index, part) in word.split('|').enumerate() {
            if index > 0 {
                out.push_str("\\|");
            }
            if !part.is_empty() {
                out.push_str(&code(part));
            }
        }
    }
    out
}

/// A character that is no markup.
fn plain(c: char) -> impl Iterator<Item = char> {
    let acts = matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&');
    acts.then_some('\\').into_iter().chain([c])
}

/// Whether GitHub, GitLab or Azure DevOps would make more of a word than text: an address, a name that is called, a
/// formula, the number of an issue, at the very beginning an order to the page (`/close`).
fn is_live(word: &str, first: bool) -> bool {
    let lower = word.to_ascii_lowercase();
    let numbered = |sign: &str| {
        lower
            .match_indices(sign)
            .any(|(at, _)| lower[at + sign.len()..].starts_with(|c: char| c.is_ascii_digit()))
    };
    lower.contains("://")
        || lower.contains("www.")
        || lower.contains("mailto:")
        || lower.contains("xmpp:")
        || word.contains(['@', '$'])
        || ["#", "!", "%", "&", "~", "gh-"].into_iter().any(numbered)
        || first && word.starts_with('/')
}

/// Text as code, in a line.
fn code(text: &str) -> String {
    let text = visible::line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text as a block of code.
fn block(text: &str) -> String {
    let text = visible::lines(text.trim_end());
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}text\n{text}\n{fence}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_machine_becomes_markup() {
        assert_eq!(text("a|b <img> *x* `y` [z](u)\n# h"), "a\\|b \\<img\\> \\*x\\* \\`y\\` \\[z\\](u)␊\\# h");
        for (live, expected) in [
            ("see https://x.example/a_b?c=1|d now", "see `https://x.example/a_b?c=1`\\|`d` now"),
            ("at WWW.x.example.", "at `WWW.x.example.`"),
            ("by @somebody, a@b.example", "by `@somebody,` `a@b.example`"),
            ("$x_1$ and $ {$`y`$}", "`$x_1$` and `$` ``{$`y`$}``"),
            ("#12 a/b#12 !7 GH-3 %4", "`#12` `a/b#12` `!7` `GH-3` `%4`"),
            ("/close me", "`/close` me"),
            ("a # b, 5 % of C:\\x, !SAC> R&D", "a \\# b, 5 % of C:\\\\x, !SAC\\> R\\&D"),
            ("|@a|", "\\|`@a`\\|"),
            ("a  b ", "a  b "),
        ] {
            assert_eq!(text(live), expected, "{live}");
        }
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("`a``b"), "``` `a``b ```");
        assert_eq!(block("x\n```\ny\x1b[0m\n\n"), "````text\nx\n```\ny␛[0m\n````");
    }

    #[test]
    fn a_run_that_was_cut_off_has_a_report_too() {
        let report = report(&Summary::default(), &Next::default());
        assert!(report.contains("**Result: the run was cut off**"), "{report}");
    }
}
