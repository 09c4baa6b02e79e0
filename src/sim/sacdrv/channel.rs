//! The channels of the driver: ten slots, index 0 is SAC.

use std::collections::VecDeque;

use super::model::Model;
use super::{messages, model};
use crate::sim::options::{ModelLineEnds, RepaintColours, ScrolledRows};

/// Slots, SAC's among them.
pub(super) const SLOTS: usize = 10;

/// One channel.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) description: &'static str,
    pub(super) guid: String,
    pub(super) application: &'static str,
    content: Content,
    /// Its screen is on the wire, as opposed to its switch screen. Only ever for the current channel.
    pub(super) viewed: bool,
    /// It wrote something that nobody saw.
    pub(super) unread: bool,
    /// Its program still runs.
    pub(super) active: bool,
}

/// What a channel keeps of what its program wrote.
#[derive(Debug)]
enum Content {
    /// VT-UTF8: a screen.
    Screen(Model),
    /// Raw: the newest bytes that nobody has seen.
    Bytes(VecDeque<u8>),
}

/// The ring of a raw channel.
const RAW: usize = 0x2000;

/// The channels of Windows setup: name, description, application type (Avocent's manuals); invented: what is in them.
const SETUP: [(&str, &str, &str, &str); 3] = [
    (
        "setuplog.txt",
        "Setup tracing log",
        "5ed3bac7-a2f9-4e45-9875-b259ea3f291f",
        "Setup: begin\r\nSetup: copying files\r\nSetup: installing devices\r\n",
    ),
    ("setuperr.log", "Setup errors log", "773d2759-19b8-4d6e-8045-26bf38402252", ""),
    (
        "setupact.log",
        "Setup actions log",
        "d37c67ba-89e7-44ba-ae5a-112c6806b0dd",
        "Action: begin\r\nAction: specialize\r\n",
    ),
];

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
        content: Content,
    ) -> Self {
        Self { name, description, guid, application, content, viewed: false, unread: false, active: true }
    }

    /// Writes to the model; what a viewer sees of it right now is returned.
    pub(super) fn write(&mut self, text: &str) -> Vec<u8> {
        if let Content::Screen(model) = &mut self.content {
            model.write(text);
        }
        let bytes: Vec<u8> = text.encode_utf16().flat_map(model::encode).collect();
        if self.viewed {
            return bytes;
        }
        if let Content::Bytes(ring) = &mut self.content {
            ring.extend(bytes);
            ring.drain(..ring.len().saturating_sub(RAW));
        }
        self.unread = true;
        Vec::new()
    }

    /// What is sent when it is viewed.
    pub(super) fn show(&mut self, colours: RepaintColours, scrolled: ScrolledRows) -> Vec<u8> {
        match &mut self.content {
            Content::Screen(model) => model.repaint(colours, scrolled),
            Content::Bytes(ring) => ring.drain(..).collect(),
        }
    }

    /// Its type, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.content {
            Content::Screen(_) => "VT-UTF8",
            Content::Bytes(_) => "Raw",
        }
    }

    /// Its type, as `ch` shows it.
    pub(super) fn letter(&self) -> char {
        match self.content {
            Content::Screen(_) => 'V',
            Content::Bytes(_) => 'R',
        }
    }

    /// Message 111 without the empty line at its end.
    pub(super) fn switch_screen(&self) -> String {
        format!(
            "Name:                  {}\r\nDescription:           {}\r\nType:                  {}\r\n\
             Channel GUID:          {}\r\nApplication Type GUID: {}\r\n\r\n\
             Press <esc><tab> for next channel.\r\n\
             Press <esc><tab>0 to return to the SAC channel.\r\n\
             Use any other key to view this channel.\r\n",
            self.name,
            self.description,
            self.kind(),
            self.guid,
            self.application
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
            Content::Screen(Model::new(line_ends)),
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
        let screen = Content::Screen(Model::new(line_ends));
        self.slots[slot] = Some(Channel::new(name, "Command", guid, application, screen));
        Some(slot)
    }

    /// Opens the channels of setup.
    pub(super) fn open_setup(&mut self, guid: impl Fn(u32) -> String) {
        for ((name, description, application, text), number) in SETUP.into_iter().zip(0..) {
            let Some(slot) = self.slots.iter_mut().find(|slot| slot.is_none()) else { return };
            let bytes = Content::Bytes(VecDeque::new());
            let mut channel = Channel::new(name.to_owned(), description, guid(number), application, bytes);
            channel.write(text);
            *slot = Some(channel);
        }
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
