//! How far a transfer is: bytes, rate and the time that is left, on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::context::Context;
use crate::report::visible;

/// One line for all files; nothing where no terminal shows it.
pub(super) struct Bar {
    bar: ProgressBar,
    before: u64,
}

impl Bar {
    pub(super) fn new(context: &Context, total: u64) -> Self {
        let shown = context.stderr_is_terminal && !context.globals.quiet;
        let bar = ProgressBar::new(total);
        bar.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        let form = "{msg}  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        if shown {
            bar.enable_steady_tick(Duration::from_secs(1));
        }
        Self { bar, before: 0 }
    }

    pub(super) fn file(&self, name: &str) {
        self.bar.set_message(visible::line(name));
    }

    pub(super) fn at(&self, done: u64) {
        self.bar.set_position(self.before + done);
    }

    pub(super) fn file_done(&mut self, carried: u64) {
        self.before += carried;
        self.bar.set_position(self.before);
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
