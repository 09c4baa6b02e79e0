//! What is told of a recording without driving anything: explained, as text, as a screen, looked through.

use std::time::Duration;

use super::Recorded;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::encoding::{Utf8Stream, harmless_json};
use crate::recording::Kind;
use crate::replay::player::{Outline, seconds};
use crate::replay::{audit, explain, picture, text};
use crate::report::visible;
use crate::screen::Screen;

/// What the console was doing, line by line.
pub(super) fn explain(from: &Recorded, context: &Context) -> Result<Exit, Failure> {
    let mut explainer = explain::Explainer::default();
    let show = |deeds: Vec<explain::Deed>| -> Result<(), Failure> {
        for deed in deeds {
            let line = if context.globals.json {
                let line = serde_json::json!({"at": deed.at.as_secs_f64(), "what": deed.what});
                harmless_json(line.to_string())
            } else {
                format!("{:>10.3} s  {}", deed.at.as_secs_f64(), visible::line(&deed.what))
            };
            context.say(&(line + "\n"))?;
        }
        Ok(())
    };
    from.each(|event| show(explainer.add(event)))?;
    show(explainer.finish())?;
    Ok(Exit::HOLDS)
}

/// What the console said, as text.
pub(super) fn text(from: &Recorded, context: &Context) -> Result<Exit, Failure> {
    let mut text = text::Text::default();
    let mut out = String::new();
    from.each(|event| {
        text.add(event, &mut out);
        // The last line may still be corrected by backspaces.
        if let Some(end) = out.rfind('\n') {
            let lines: String = out.drain(..=end).collect();
            context.say(&visible::lines(&lines))?;
        }
        Ok(())
    })?;
    context.say(&(visible::lines(&out) + "\n"))?;
    Ok(Exit::HOLDS)
}

/// What should not be passed on.
pub(super) fn audit(from: &Recorded, context: &Context) -> Result<Exit, Failure> {
    let mut audit = audit::Audit::default();
    from.each(|event| {
        audit.add(event);
        Ok(())
    })?;
    let found = audit.finish();
    for exposed in &found {
        let line = if context.globals.json {
            let line = serde_json::json!({
                "what": exposed.what, "secret": exposed.secret, "text": exposed.text, "times": exposed.times,
            });
            harmless_json(line.to_string())
        } else {
            let kind = if exposed.secret { "SECRET " } else { "private" };
            format!("{kind}  {}: {} ({} times)", exposed.what, visible::line(&exposed.text), exposed.times)
        };
        context.say(&(line + "\n"))?;
    }
    if found.is_empty() {
        if !context.globals.json {
            context.say("nothing was found that should not be passed on\n")?;
        }
        return Ok(Exit::HOLDS);
    }
    Ok(Exit::FINDINGS)
}

/// The screen at a moment, as text.
pub(super) fn screen(from: &Recorded, moment: &str, context: &Context) -> Result<Exit, Failure> {
    let (screen, _) = screen_at(from, moment)?;
    context.say(&(visible::lines(&screen) + "\n"))?;
    Ok(Exit::HOLDS)
}

/// The screen at a moment, as a picture.
pub(super) fn picture(from: &Recorded, moment: &str, context: &Context) -> Result<Exit, Failure> {
    let (screen, at) = screen_at(from, moment)?;
    let caption = format!("{} at {:.1} s", from.path.display(), at.as_secs_f64());
    context.say(&picture::svg(&screen, &caption))?;
    Ok(Exit::HOLDS)
}

/// The screen at a moment: so many seconds after the beginning, or when a mark was set.
fn screen_at(from: &Recorded, moment: &str) -> Result<(String, Duration), Failure> {
    let until = match seconds(moment) {
        Some(until) => Until::Moment(until),
        None => Until::Mark(mark_of(from, moment)?),
    };
    let mut decoder = Utf8Stream::new();
    let mut screen = Screen::new();
    let (mut last, mut marks) = (Duration::ZERO, 0);
    for event in from.import()? {
        let event = event.map_err(|error| from.unreadable(&error))?;
        match (&event.kind, until) {
            (_, Until::Moment(until)) if event.at > until => return Ok((screen.text(), until)),
            (Kind::Mark(_), Until::Mark(wanted)) if marks == wanted => return Ok((screen.text(), event.at)),
            (Kind::Mark(_), _) => marks += 1,
            (Kind::Output(bytes), _) => {
                let mut text = String::new();
                decoder.push(bytes, &mut text);
                text.chars().for_each(|character| screen.feed(character));
            }
            _ => {}
        }
        last = event.at;
    }
    Ok((screen.text(), last))
}

/// How far a recording is shown.
#[derive(Debug, Clone, Copy)]
enum Until {
    Moment(Duration),
    /// The mark of this number, from 0.
    Mark(usize),
}

/// The number of the mark that is meant.
fn mark_of(from: &Recorded, wanted: &str) -> Result<usize, Failure> {
    let mut outline = Outline::default();
    from.each(|event| {
        outline.add(event);
        Ok(())
    })?;
    let marks = outline.marks.iter().map(|(_, label)| label.as_str());
    outline.mark(wanted).ok_or_else(|| no_mark(wanted, marks))
}

/// There is no such mark.
pub(super) fn no_mark<'m>(wanted: &str, marks: impl Iterator<Item = &'m str>) -> Failure {
    let list = marks.take(20).map(visible::line).collect::<Vec<_>>().join("`, `");
    let failure = Failure::usage(format!("the recording has no mark `{}`", visible::line(wanted)));
    failure.help(if list.is_empty() {
        "it has no marks: give seconds since its beginning".to_owned()
    } else {
        format!("its marks: `{list}`; or give seconds since its beginning")
    })
}
