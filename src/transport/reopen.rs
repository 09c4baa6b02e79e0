//! A line that was lost is made anew, where the way in allows that.

use std::future::Future;
use std::pin::Pin;

use super::{Endpoint, Line, OpenError, Way};

/// One try to make a line, still running.
pub type Reopening<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Line>, OpenError>> + Send + 'a>>;

/// Makes the line to the same console anew.
///
/// What the machine did meanwhile, and what of the last bytes reached it, nobody knows: whoever uses the new line
/// has to find out where it is first.
pub trait Reopen: Send {
    /// Tries once. Pauses between tries, and their end, are the caller's.
    ///
    /// # Errors
    /// [`OpenError`]; [`OpenError::may_pass`] says whether another try makes sense.
    fn reopen(&mut self) -> Reopening<'_>;
}

impl Reopen for Way {
    fn reopen(&mut self) -> Reopening<'_> {
        Box::pin(self.open())
    }
}

impl Way {
    /// Whether opening it anew leads to the same machine. A simulated one in this process would be another (its line
    /// knows the way back, [`Line::again`]), a recorded one would begin again.
    pub fn outlives_its_line(&self) -> bool {
        !matches!(self.endpoint(), Endpoint::Sim { .. } | Endpoint::Replay { .. })
    }
}
