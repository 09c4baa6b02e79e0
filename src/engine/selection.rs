//! A part of a script: only one step, from one on, all but one. What would break what other steps need is refused.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::frame::names_of_step;
use crate::script::model::{Body, Script, Step};
use crate::script::similar::did_you_mean;

/// Which steps are done. A step is named by its path as plans show it, `tls/enabled`, without the items of loops.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Only these, with everything in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// This and what comes after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Not these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
}

/// As a report tells it: `only tls, from restarted, without proof`.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let only = self.only.iter().map(|step| format!("only {step}"));
        let from = self.from.iter().map(|step| format!("from {step}"));
        let skip = self.skip.iter().map(|step| format!("without {step}"));
        f.write_str(&only.chain(from).chain(skip).collect::<Vec<_>>().join(", "))
    }
}

/// Steps cannot be left out like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// There is no such step.
    #[error("{script} has no step `{name}`")]
    Unknown {
        /// The script.
        script: String,
        /// The name given.
        name: String,
        /// What there is.
        help: String,
    },
    /// A step that stays needs one that goes.
    #[error("the step `{step}` needs `{needs}`, which would be left out")]
    Needed {
        /// The step that stays.
        step: String,
        /// The step that it needs.
        needs: String,
    },
    /// A step cannot be chosen without its block.
    #[error(
        "`{step}` is a step of `{part}` in `{block}`, which is done with the steps of its block and never alone"
    )]
    Beside {
        /// The step.
        step: String,
        /// The block.
        block: String,
        /// `rescue` or `always`.
        part: &'static str,
    },
    /// No step is left.
    #[error("no step of {script} would be left")]
    Nothing {
        /// The script.
        script: String,
    },
}

impl SelectionError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "selection-unknown",
            Self::Needed { .. } => "selection-needed",
            Self::Beside { .. } => "selection-beside",
            Self::Nothing { .. } => "selection-empty",
        }
    }

    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { help, .. } => help.clone(),
            Self::Needed { step, needs } => {
                format!("choose `{needs}` as well, or leave `{step}` out, too (--skip {step})")
            }
            Self::Beside { block, .. } => format!("choose `{block}`, or a step of its `block`"),
            Self::Nothing { .. } => "`sacpilot plan` shows the steps and their names".to_owned(),
        }
    }
}

impl Selection {
    /// Whether all steps are done.
    pub fn is_all(&self) -> bool {
        self.only.is_empty() && self.from.is_none() && self.skip.is_empty()
    }

    /// The script with these steps alone.
    ///
    /// # Errors
    /// [`SelectionError`]
    pub fn of(&self, script: &Arc<Script>) -> Result<Arc<Script>, SelectionError> {
        if self.is_all() {
            return Ok(Arc::clone(script));
        }
        let mut places = Vec::new();
        all_places(&script.steps, "", &None, &mut places);
        let place = |name: &str| places.iter().find(|place| place.path == name);
        for name in self.only.iter().chain(&self.from).chain(&self.skip) {
            if place(name).is_none() {
                let bare = without_items(name);
                let help = if place(&bare).is_some() {
                    format!("a loop is chosen as a whole: `{bare}`")
                } else {
                    did_you_mean(&bare, places.iter().map(|place| place.path.as_str()))
                        .unwrap_or_else(|| "`sacpilot plan` shows the steps and their names".to_owned())
                };
                return Err(SelectionError::Unknown {
                    script: script.name.clone(),
                    name: name.clone(),
                    help,
                });
            }
        }
        for name in self.only.iter().chain(&self.from) {
            if let Some(Place { beside: Some((block, part)), .. }) = place(name) {
                return Err(SelectionError::Beside { step: name.clone(), block: block.clone(), part });
            }
        }
        Chosen { paths: self.chosen(&places) }
            .script(script, "")?
            .map(Arc::new)
            .ok_or_else(|| SelectionError::Nothing { script: script.name.clone() })
    }

    /// The paths that stay; a step stays with everything that leads to it. What deals with a failure, and what is done in
    /// any case, belongs to every part of its block.
    fn chosen(&self, places: &[Place]) -> BTreeSet<String> {
        let within = |path: &str, name: &str| {
            path == name || path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut begun = self.from.is_none();
        let mut chosen = BTreeSet::new();
        for Place { path, beside } in places {
            begun |= self.from.as_deref() == Some(path);
            // A script that is used stays when the first step to do is inside of it.
            let begun = begun || self.from.iter().any(|name| within(name, path));
            let only =
                self.only.is_empty() || self.only.iter().any(|name| within(path, name) || within(name, path));
            let wanted = beside.is_some() || begun && only;
            if wanted && !self.skip.iter().any(|name| within(path, name)) {
                chosen.insert(path.clone());
            }
        }
        chosen
    }
}

/// Where a step is.
struct Place {
    path: String,
    /// The block in whose `rescue` or `always` it is, and in which of them.
    beside: Beside,
}

type Beside = Option<(String, &'static str)>;

/// All steps, in the order in which they are done.
fn all_places(steps: &[Step], prefix: &str, beside: &Beside, places: &mut Vec<Place>) {
    for step in steps {
        let path = format!("{prefix}{}", step.id);
        let below = format!("{path}/");
        places.push(Place { path: path.clone(), beside: beside.clone() });
        match &step.body {
            Body::Use { script, .. } => all_places(&script.steps, &below, beside, places),
            Body::Block(block) => {
                all_places(&block.steps, &below, beside, places);
                for (steps, part) in [(&block.rescue, "rescue"), (&block.always, "always")] {
                    let beside = beside.clone().or_else(|| Some((path.clone(), part)));
                    all_places(steps, &below, &beside, places);
                }
            }
            _ => {}
        }
    }
}

/// A path as plans and reports show it, `tls/enabled[1.2]`, without the items of its loops, which may hold a `/`.
fn without_items(path: &str) -> String {
    let (mut bare, mut depth) = (String::new(), 0_u32);
    for c in path.chars() {
        match c {
            '[' => depth += 1,
            ']' if depth > 0 => depth -= 1,
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    bare
}

/// What is chosen.
struct Chosen {
    paths: BTreeSet<String>,
}

impl Chosen {
    /// The chosen part of a script; `None` when nothing of it is.
    fn script(&self, script: &Script, prefix: &str) -> Result<Option<Script>, SelectionError> {
        let steps = self.steps(&script.steps, prefix)?;
        let mut kept = BTreeSet::new();
        ids(&steps, &mut kept);
        needs(&steps, prefix, &kept)?;
        Ok((!steps.is_empty()).then(|| Script { steps, ..script.clone() }))
    }

    fn steps(&self, steps: &[Step], prefix: &str) -> Result<Vec<Step>, SelectionError> {
        let mut kept = Vec::new();
        for step in steps {
            let path = format!("{prefix}{}", step.id);
            if !self.paths.contains(&path) {
                continue;
            }
            let below = format!("{path}/");
            let mut step = step.clone();
            match &mut step.body {
                Body::Use { script: inner, .. } => match self.script(inner, &below)? {
                    Some(part) => *inner = Arc::new(part),
                    None => continue,
                },
                Body::Block(block) => {
                    block.steps = self.steps(&block.steps, &below)?;
                    if block.steps.is_empty() {
                        continue;
                    }
                    for steps in [&mut block.rescue, &mut block.always] {
                        *steps = self.steps(steps, &below)?;
                    }
                }
                _ => {}
            }
            kept.push(step);
        }
        Ok(kept)
    }
}

/// The ids of steps, those inside of blocks included.
fn ids(steps: &[Step], found: &mut BTreeSet<String>) {
    for step in steps {
        found.insert(step.id.clone());
        if let Body::Block(block) = &step.body {
            for steps in [&block.steps, &block.rescue, &block.always] {
                ids(steps, found);
            }
        }
    }
}

/// Refuses steps that need one that goes.
fn needs(steps: &[Step], prefix: &str, kept: &BTreeSet<String>) -> Result<(), SelectionError> {
    for step in steps {
        let path = format!("{prefix}{}", step.id);
        let names = names_of_step(step);
        let mut needed = names.iter().filter_map(|name| name.strip_prefix("steps.")?.split('.').next());
        if let Some(missing) = needed.find(|id| !kept.contains(*id)) {
            return Err(SelectionError::Needed { step: path, needs: missing.to_owned() });
        }
        if let Body::Block(block) = &step.body {
            for steps in [&block.steps, &block.rescue, &block.always] {
                needs(steps, &format!("{path}/"), kept)?;
            }
        }
    }
    Ok(())
}
