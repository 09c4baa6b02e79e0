//! What can be done to the machine from outside: its power, its reset button, the interrupt that cannot be masked.

use std::time::Duration;

use super::{Machine, PowerAction, State};

/// NMI_HARDWARE_FAILURE: what Windows stops with when `NMICrashDump` lets it.
const NMI: u32 = 0x80;

/// Something that is done from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// A non-maskable interrupt: Windows stops.
    Nmi,
    /// The processor starts over at once.
    Reset,
    /// Windows is asked to restart; a machine on which it does not run is reset.
    Restart,
    /// The power goes off at once.
    PowerOff,
    /// The power comes on, if it is off.
    PowerOn,
}

impl Machine {
    /// Presses a button at `now`.
    pub fn press(&mut self, now: Duration, button: Button) {
        let at = self.inside(now).max(self.now);
        self.run(at);
        match button {
            Button::Nmi => self.bug_check(NMI),
            Button::Restart if matches!(self.state, State::Up(_)) => self.go_down(PowerAction::Restart),
            Button::Reset | Button::Restart => {
                self.reset();
                self.power_on();
            }
            Button::PowerOff => self.reset(),
            Button::PowerOn if self.is_off() => self.power_on(),
            Button::PowerOn => {}
        }
    }

    /// A machine that is on has something to do, or waits for somebody.
    fn is_off(&self) -> bool {
        matches!(self.state, State::Deaf) && self.due.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::options::{MachineOptions, Start};
    use crate::sim::windows::SharedWorld;

    fn after(machine: &mut Machine, button: Button, seconds: u64) -> String {
        machine.press(Duration::from_secs(seconds), button);
        let end = Duration::from_secs(seconds) + Duration::from_mins(20);
        String::from_utf8_lossy(&machine.advance(end)).into_owned()
    }

    #[test]
    fn each_button_does_what_is_on_it() {
        const UP: &str = "The CMD command is now available.";
        let options = MachineOptions { start: Start::Running, ..MachineOptions::default() };
        let mut machine = Machine::new(options, SharedWorld::default());
        assert_eq!(after(&mut machine, Button::PowerOn, 0), "", "it is on");
        // Each is pressed after the machine came to rest: time only goes on.
        for (button, seconds) in [(Button::Reset, 2000), (Button::Restart, 3500)] {
            let seen = after(&mut machine, button, seconds);
            assert_eq!(seen.matches(UP).count(), 1, "{button:?}: {seen}");
        }
        assert_eq!(after(&mut machine, Button::PowerOff, 5000), "");
        assert_eq!(after(&mut machine, Button::PowerOff, 6300), "");
        assert!(after(&mut machine, Button::PowerOn, 7600).contains(UP));
        let seen = after(&mut machine, Button::Nmi, 9000);
        assert!(seen.contains("!SAC>"), "{seen}");
        assert!(after(&mut machine, Button::Reset, 10_300).contains(UP));
    }
}
