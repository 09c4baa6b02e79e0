//! What Azure takes its time for: one living line on a terminal, otherwise a line for each new wait.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::azure::Azure;
use crate::cli::context::Context;
use crate::report::visible;

/// Shows what is waited for.
#[derive(Clone)]
pub struct Waiting(Arc<dyn Fn(&str) + Send + Sync>);

impl Waiting {
    /// On standard error, unless it is to be quiet.
    pub fn new(context: &Context) -> Self {
        if context.globals.quiet {
            return Self(Arc::new(|_| {}));
        }
        if context.stderr_is_terminal {
            let style = ProgressStyle::with_template("{spinner} {elapsed}  {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let live = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style);
            return Self(Arc::new(move |text| {
                live.set_message(visible::line(text));
                live.enable_steady_tick(Duration::from_millis(120));
            }));
        }
        let context = context.clone();
        let last = Mutex::new(String::new());
        Self(Arc::new(move |text| {
            let what = text.split(": ").next().unwrap_or_default();
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if *last != what {
                what.clone_into(&mut last);
                context.tell(&format!("{}\n", visible::line(text)));
            }
        }))
    }

    /// Azure that shows its waits so.
    pub fn shown(&self, azure: Azure) -> Azure {
        let show = Arc::clone(&self.0);
        azure.telling(Arc::new(move |text| show(text)))
    }
}
