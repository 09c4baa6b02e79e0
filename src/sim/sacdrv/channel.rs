//! The channels of the driver: ten slots, index 0 is SAC.

use super::model::Model;
use super::{messages, model};
use crate::sim::options::ModelLineEnds;

/// Slots, SAC's among them.
pub(super) const SLOTS: usize = 10;

/// One channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) description: &'static str,
    pub(super) guid: String,
    pub(super) application: &'static str,
    pub(super) model: Model,
    /// Its screen is on the wire, as opposed to its switch screen. Only ever for the current channel.
    pub(super) viewed: bool,
    /// It wrote something that nobody saw.
    pub(super) unread: bool,
    /// Its program still runs.
    pub(super) active: bool,
}

/// The slots.
#[derive(Debug)]
pub(super) struct Channels {
    slots: [Option<Channel>; SLOTS],
    current: usize,
}

/// The index of the SAC channel.
pub(super) const SAC: usize = 0;

impl Channel {
    fn new(
        name: String,
        description: &'static str,
        guid: String,
        application: &'static str,
        model: Model,
    ) -> Self {
        Self { name, description, guid, application, model, viewed: false, unread: false, active: true }
    }

    /// Writes to the model; what a viewer sees of it right now is returned.
    pub(super) fn write(&mut self, text: &str) -> Vec<u8> {
        self.model.write(text);
        if self.viewed {
            return text.encode_utf16().flat_map(model::encode).collect();
        }
        self.unread = true;
        Vec::new()
    }

    /// Message 111.
    pub(super) fn switch_screen(&self) -> String {
        format!(
            "Name:                  {}\r\nDescription:           {}\r\nType:                  VT-UTF8\r\n\
             Channel GUID:          {}\r\nApplication Type GUID: {}\r\n\r\n\
             Press <esc><tab> for next channel.\r\n\
             Press <esc><tab>0 to return to the SAC channel.\r\n\
             Use any other key to view this channel.\r\n\r\n",
            self.name, self.description, self.guid, self.application
        )
    }
}

impl Channels {
    /// SAC alone, current, not viewed.
    pub(super) fn new(guid: String, line_ends: ModelLineEnds) -> Self {
        let sac = Channel::new(
            "SAC".to_owned(),
            messages::SAC_DESCRIPTION,
            guid,
            "63d02270-8aa4-11d5-bccf-806d6172696f",
            Model::new(line_ends),
        );
        let mut slots = [const { None }; SLOTS];
        slots[SAC] = Some(sac);
        Self { slots, current: SAC }
    }

    /// Opens a CMD channel in the first free slot; `None` when all are taken.
    pub(super) fn open_cmd(&mut self, name: String, guid: String, line_ends: ModelLineEnds) -> Option<usize> {
        let slot = self.slots.iter().position(Option::is_none)?;
        // The description is `Command Prompt` on 2003 and `Command` on 2016 (public transcripts).
        let application = "63d02271-8aa4-11d5-bccf-00b0d014a2d0";
        self.slots[slot] = Some(Channel::new(name, "Command", guid, application, Model::new(line_ends)));
        Some(slot)
    }

    pub(super) fn is_full(&self) -> bool {
        self.slots.iter().all(Option::is_some)
    }

    pub(super) fn slot(&self, slot: usize) -> Option<&Channel> {
        self.slots.get(slot)?.as_ref()
    }

    pub(super) fn slot_mut(&mut self, slot: usize) -> Option<&mut Channel> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// The slot of the channel with that name, in any case.
    pub(super) fn named(&self, name: &str) -> Option<usize> {
        self.iter().find(|(_, channel)| channel.name.eq_ignore_ascii_case(name)).map(|(slot, _)| slot)
    }

    /// All channels with their index.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Channel)> {
        self.slots.iter().enumerate().filter_map(|(slot, channel)| Some((slot, channel.as_ref()?)))
    }

    pub(super) fn current(&self) -> usize {
        self.current
    }

    /// Whether the current channel's screen is on the wire.
    pub(super) fn is_viewed(&self) -> bool {
        self.slot(self.current).is_some_and(|channel| channel.viewed)
    }

    /// Makes `slot` the current channel, not viewed.
    pub(super) fn switch_to(&mut self, slot: usize) {
        let left = self.current;
        self.current = slot;
        for at in [left, slot] {
            if let Some(channel) = self.slot_mut(at) {
                channel.viewed = false;
            }
        }
        self.reap();
    }

    /// The next channel after the current one, round robin.
    pub(super) fn next(&self) -> usize {
        (1..=SLOTS)
            .map(|step| (self.current + step) % SLOTS)
            .find(|&slot| self.slots[slot].is_some())
            .unwrap_or(SAC)
    }

    /// The program of `slot` ended: the slot is freed unless something in it is still to be seen.
    pub(super) fn end(&mut self, slot: usize) {
        if let Some(channel) = self.slot_mut(slot) {
            channel.active = false;
        }
        self.reap();
    }

    fn reap(&mut self) {
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if at != self.current && slot.as_ref().is_some_and(|channel| !channel.active && !channel.unread) {
                *slot = None;
            }
        }
    }
}
