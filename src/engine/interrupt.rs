//! The user's wish to stop, as seen by a run.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// Asks runs to stop. Cheap to clone; what was asked once stays asked.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Sender<bool>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Interrupt {
    /// Asks to stop: the current command is finished, a change that has begun is finished and proven.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was asked.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// The same for those who know no runs: true from the moment on at which it is asked.
    pub fn sign(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Waits until it is asked.
    pub async fn requested(&self) {
        let mut asked = self.0.subscribe();
        // The sender lives as long as `self`, so this cannot fail.
        let _ = asked.wait_for(|asked| *asked).await;
    }
}

/// What becomes of the changes of a run that the user stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnInterrupt {
    /// They stay, and are named in the report.
    #[default]
    Keep,
    /// They are taken back.
    Undo,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_asked_stays_asked() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.is_requested());
        let other = interrupt.clone();
        let waiting = async { interrupt.requested().await };
        let asking = async { other.request() };
        tokio::join!(waiting, asking);
        assert!(interrupt.is_requested());
        interrupt.requested().await;
    }
}
