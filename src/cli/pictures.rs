//! Pictures of the moments at which steps failed, drawn from the recordings of a run into its folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::encoding::Utf8Stream;
use crate::engine::event::{Event, EventKind, StepPath};
use crate::engine::{FolderError, RunFolder};
use crate::recording::{Import, Kind, Parts, ReadError};
use crate::replay::picture;
use crate::report::Summary;
use crate::screen::Screen;

/// Draws the screen at the moment at which each failed step of `summary` failed, and names the picture there. A step
/// whose moment is in no recording, or before anything was said, has none.
pub fn draw(folder: &RunFolder, summary: &mut Summary) -> Result<(), FolderError> {
    if summary.steps.iter().all(|step| step.failure.is_none()) {
        return Ok(());
    }
    let mut screens = BTreeMap::new();
    for recording in recordings(folder.path()) {
        // What a damaged recording shows up to its damage is good.
        let _ = screens_of(&recording, &mut screens);
    }
    let mut number = 0;
    for step in &mut summary.steps {
        let Some(failure) = &step.failure else { continue };
        let Some(screen) = screens.get(&step.step) else { continue };
        number += 1;
        let file = format!("failed-{number}.svg");
        let caption = format!("{}: {}", step.step.0, failure.message);
        folder.write(&file, &picture::svg(screen, &caption))?;
        step.picture = Some(file);
    }
    Ok(())
}

/// The recordings of a run, in order: one for each session.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let named = |number: u32| match number {
        1 => folder.join("session.cast"),
        _ => folder.join(format!("session-{number}.cast")),
    };
    (1..10_000).map(named).take_while(|path| path.exists()).collect()
}

/// The screen when each step failed; a later failure of the same step counts.
fn screens_of(recording: &Path, screens: &mut BTreeMap<StepPath, String>) -> Result<(), ReadError> {
    let mut decoder = Utf8Stream::new();
    let mut screen = Screen::new();
    for event in Import::new(Parts::open(recording)?)? {
        match event?.kind {
            Kind::Output(bytes) => {
                let mut text = String::new();
                decoder.push(&bytes, &mut text);
                text.chars().for_each(|character| screen.feed(character));
            }
            Kind::Told(json) => {
                let Ok(Event { event: EventKind::StepFailed { step, .. }, .. }) = serde_json::from_str(&json)
                else {
                    continue;
                };
                let text = screen.text();
                if !text.is_empty() {
                    screens.insert(step, text);
                }
            }
            Kind::Input(_) | Kind::Mark(_) | Kind::Other { .. } => {}
        }
    }
    Ok(())
}
