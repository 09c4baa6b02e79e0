//! `--only`, `--from`, `--skip`, `--max-risk`: less than the whole script.

use std::sync::Arc;

use super::failure::Failure;
use crate::engine::Selection;
use crate::report::visible;
use crate::script::model::{Risk, Script};
use crate::script::plan::Plan;

/// Which steps.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Steps")]
pub struct StepArgs {
    /// Does only this step, by its path (`tls/enabled`); may be given several times. Of a block, `rescue` and `always` come
    /// with any of its steps
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,

    /// Begins with this step
    #[arg(long, value_name = "STEP")]
    from: Option<String>,

    /// Leaves this step out, also one of `rescue` or `always`; may be given several times
    #[arg(long, value_name = "STEP")]
    skip: Vec<String>,
}

/// The most that a step may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum MaxRisk {
    /// Read.
    Read,
    /// Change the machine.
    Change,
    /// Restart it.
    Reboot,
}

impl StepArgs {
    /// What was chosen.
    pub fn selection(&self) -> Selection {
        Selection { only: self.only.clone(), from: self.from.clone(), skip: self.skip.clone() }
    }
}

/// The chosen part of a script.
///
/// # Errors
/// What does not exist, or would be missing for a step that stays.
pub fn chosen(selection: &Selection, script: &Arc<Script>) -> Result<Arc<Script>, Failure> {
    selection
        .of(script)
        .map_err(|error| Failure::usage(visible::line(&error.to_string())).help(visible::line(&error.help())))
}

/// Refuses a plan that may do more than is allowed.
///
/// # Errors
/// Names the steps.
pub fn within(most: MaxRisk, plan: &Plan) -> Result<(), Failure> {
    let most = match most {
        MaxRisk::Read => Risk::Read,
        MaxRisk::Change => Risk::Change,
        MaxRisk::Reboot => Risk::Reboot,
    };
    let over: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.skipped.is_none() && step.risk > most)
        .map(|step| format!("  {} ({})", step.path, step.risk.word()))
        .collect();
    if over.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the script may do more than --max-risk {} allows; nothing was sent\n{}",
        most.word(),
        over.join("\n")
    );
    Err(Failure::usage(message).help(
        "leave these steps out with --skip, choose other parameters, or allow more; `diagnose` only reads",
    ))
}
