//! What happened at a machine before the caller's time zero.

use std::time::Duration;

use super::{Machine, State, Step};
use crate::sim::audit::Act;
use crate::sim::options::{Before, OtherState};
use crate::sim::session::{self, Session};

/// invented: how long other people take over something.
const THEIR_TIME: Duration = Duration::from_secs(10);

impl Machine {
    /// Lives through it.
    pub(super) fn run_in(&mut self) {
        let boot = &self.options.boot;
        let menu = boot.menu.unwrap_or_default().0;
        let up = boot.firmware.0 + menu + boot.kernel.0 + boot.cmd_available.unwrap_or_default().0;
        let mut at = up + Duration::from_mins(3);
        self.run(at);
        for number in 0..self.options.others.channels {
            at = self.another_channel(at, number);
        }
        for step in self.options.before.clone() {
            match step {
                Before::Type(text) => {
                    for byte in text.bytes() {
                        self.arrive(at, byte);
                    }
                    self.run(at);
                }
                Before::Wait(span) => {
                    at += span.0;
                    self.run(at);
                }
            }
        }
        at += Duration::from_secs(1);
        self.run(at);
        self.wire.take(self.wire.free().max(at));
        self.origin = at;
        self.audit.clear();
    }

    /// Somebody opens a channel, does what they do, and leaves it; returns when they have left.
    fn another_channel(&mut self, at: Duration, number: u8) -> Duration {
        let State::Up(up) = &mut self.state else { return at };
        let Some((slot, channel)) = up.driver.open_for_somebody(&self.world) else { return at };
        up.sessions.insert(slot, Session::new(&channel, &self.options, self.now));
        self.audit.add(self.now, Act::ChannelOpened { channel });
        self.settle();
        let keys = match self.options.others.state {
            OtherState::Login => String::new(),
            OtherState::HalfTyped => "admini".to_owned(),
            OtherState::Prompt | OtherState::Closed => {
                let world = self.world.lock();
                let administrator = world.accounts.users.iter().find(|user| {
                    user.enabled && !user.password.is_empty() && world.accounts.is_administrator(&user.name)
                });
                administrator.map_or_else(String::new, |user| format!("{}\r\r{}\r", user.name, user.password))
            }
        };
        if let State::Up(up) = &mut self.state
            && let Some(session) = up.sessions.get_mut(&slot)
        {
            let site = session::Site { world: &self.world, shell: &self.shell, now: self.now };
            keys.bytes().for_each(|byte| session.byte(byte, &site));
        }
        self.settle();
        let left = at + THEIR_TIME;
        self.run(left);
        if self.options.others.state == OtherState::Closed {
            self.step(Step::Close(slot));
        } else if let Some(leave) = self.options.others.leave {
            // The others' visits take ten seconds each, and time zero is a second after the last.
            let still = THEIR_TIME * u32::from(self.options.others.channels - 1 - number);
            self.after(still + leave.0 + Duration::from_secs(1 + u64::from(number)), Step::Close(slot));
        }
        left
    }
}
