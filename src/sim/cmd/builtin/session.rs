//! Small commands about the shell itself: `exit`, `cls`, `title`, `prompt`, `path`, `ver`, `vol`, `pause`, …

use crate::sim::cmd::batch::Saved;
use crate::sim::cmd::handles::{Handle, bare};
use crate::sim::cmd::launch::Found;
use crate::sim::cmd::percent::{is_delimiter, split};
use crate::sim::cmd::shell::{Shell, Stop, Switch};
use crate::sim::cmd::substitute::number;
use crate::sim::cmd::text;
use crate::sim::tools::stream::{Sink, Stdin};
use crate::sim::windows::files::path::Target;

impl Shell {
    /// `exit [/b] [code]`
    pub(super) fn exit(&mut self, tail: &str) -> Result<i32, Stop> {
        let given = tail.trim_matches(is_delimiter);
        let ends_batch = given.get(..2).is_some_and(|switch| switch.eq_ignore_ascii_case("/b"));
        let code = if ends_batch { given[2..].trim_start_matches(is_delimiter) } else { given };
        if !code.is_empty() {
            self.level = number(code).0 as i32;
        }
        if ends_batch && !self.batches.is_empty() {
            self.said = Some(self.level);
            return Err(Stop::EndBatch(0));
        }
        Err(Stop::Exit(self.level))
    }

    pub(super) fn cls(&mut self) -> i32 {
        match self.sink(1) {
            Sink::Console(console) => console.clear(),
            sink => sink.text("\u{c}"),
        }
        0
    }

    pub(super) fn title(&mut self, tail: &str) -> i32 {
        self.console.set_title(tail.trim_start_matches(is_delimiter));
        0
    }

    pub(super) fn set_prompt(&mut self, tail: &str) -> i32 {
        let codes = tail.trim_start_matches(is_delimiter);
        self.env.set("PROMPT", codes);
        self.succeed_in_cmd()
    }

    pub(super) fn path(&mut self, tail: &str) -> i32 {
        let given = tail.trim_start_matches(is_delimiter).trim_end();
        if given.is_empty() && tail.contains(';') {
            self.env.set("PATH", "");
        } else if given.is_empty() {
            let line = match self.env.value("PATH") {
                Some(path) => format!("PATH={path}\r\n"),
                None => "PATH=(null)\r\n".to_owned(),
            };
            self.print(&line);
        } else {
            self.env.set("PATH", given);
        }
        self.succeed_in_cmd()
    }

    pub(super) fn ver(&mut self, tail: &str) -> i32 {
        if tail.trim_start_matches(is_delimiter).starts_with('/') {
            return self.fail(&text::SYNTAX, &[]);
        }
        self.print(&format!("\r\n{}\r\n", self.version()));
        self.succeed()
    }

    pub(super) fn verify(&mut self, tail: &str) -> i32 {
        let given = tail.trim_matches(is_delimiter);
        if given.is_empty() {
            let state = if self.verify == Switch::On { "on" } else { "off" };
            self.say(&text::VERIFY_IS, &[state]);
        } else if given.eq_ignore_ascii_case("on") {
            self.verify = Switch::On;
        } else if given.eq_ignore_ascii_case("off") {
            self.verify = Switch::Off;
        } else {
            return self.fail(&text::VERIFY_WRONG, &[]);
        }
        self.succeed()
    }

    pub(super) fn vol(&mut self, tail: &str) -> i32 {
        let given = tail.trim_matches(is_delimiter);
        let letter = match *given.as_bytes() {
            [] => self.places.current.drive,
            [letter, b':'] => char::from(letter),
            [b'/', ..] => return self.fail(&text::BAD_SWITCH, &[given.trim_start_matches('/')]),
            _ => return self.fail(&text::BAD_NAME, &[]),
        };
        if !self.show_volume(letter) {
            return self.fail(&text::PATH_NOT_FOUND, &[]);
        }
        self.succeed()
    }

    /// Label and serial number; whether there is such a drive.
    pub(super) fn show_volume(&self, letter: char) -> bool {
        let volume = {
            let world = self.world.lock();
            world.files.drive(letter).map(|drive| (drive.label.clone(), drive.serial))
        };
        let Some((label, serial)) = volume else { return false };
        let letter = letter.to_ascii_uppercase().to_string();
        if label.is_empty() {
            self.say(&text::NO_LABEL, &[&letter]);
        } else {
            self.say(&text::VOLUME, &[&letter, &label]);
        }
        self.say(&text::SERIAL, &[&format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)]);
        true
    }

    /// `pause`: at the end of redirected input it fails.
    pub(super) async fn pause(&mut self) -> Result<i32, Stop> {
        self.print(&self.words(&text::PAUSE, &[]));
        let ended = match self.stdin() {
            Stdin::Console(console) => {
                console.read_key().await?;
                false
            }
            Stdin::Bytes(stream) => stream.byte().await.is_none(),
        };
        self.print("\r\n");
        Ok(i32::from(ended))
    }

    pub(super) fn shift(&mut self, tail: &str) -> i32 {
        let given = tail.trim_matches(is_delimiter);
        let from = match given.strip_prefix('/') {
            None if given.is_empty() => Some(0),
            None => None,
            Some(digit) => digit.parse().ok().filter(|from| *from < 9),
        };
        let Some(from) = from else { return self.fail(&text::SYNTAX, &[]) };
        if let Some(batch) = self.batches.last_mut() {
            batch.arguments.shift(from);
        }
        0
    }

    pub(super) fn setlocal(&mut self, tail: &str) -> i32 {
        let saved = Saved {
            env: self.env.clone(),
            places: self.places.clone(),
            delayed: self.delayed,
            extensions: self.extensions,
        };
        let mut delayed = self.delayed;
        let mut extensions = self.extensions;
        for word in split(tail) {
            match word.to_ascii_lowercase().as_str() {
                "enabledelayedexpansion" => delayed = Switch::On,
                "disabledelayedexpansion" => delayed = Switch::Off,
                "enableextensions" => extensions = Switch::On,
                "disableextensions" => extensions = Switch::Off,
                _ => return self.fail(&text::SYNTAX, &[]),
            }
        }
        // Without a batch file there is nothing that could end it, and it does nothing.
        if let Some(batch) = self.batches.last_mut() {
            batch.saved.push(saved);
            self.delayed = delayed;
            self.extensions = extensions;
        }
        self.succeed()
    }

    pub(super) fn endlocal(&mut self) -> i32 {
        if let Some(saved) = self.batches.last_mut().and_then(|batch| batch.saved.pop()) {
            self.bring_back(saved);
        }
        0
    }

    /// `start`: the machine has no windows, so without `/b` what starts is neither seen nor heard.
    pub(super) async fn start(&mut self, tail: &str) -> Result<i32, Stop> {
        let mut rest = tail.trim_start_matches(is_delimiter);
        let (mut waits, mut here) = (false, false);
        let mut titled = false;
        let mut folder = None;
        loop {
            if !titled && rest.starts_with('"') {
                let end = rest[1..].find('"').map_or(rest.len(), |at| at + 2);
                rest = rest[end..].trim_start_matches(is_delimiter);
                titled = true;
                continue;
            }
            let Some(switch) = rest.strip_prefix('/') else { break };
            let end = switch.find(is_delimiter).unwrap_or(switch.len());
            let (word, behind) = switch.split_at(end);
            rest = behind.trim_start_matches(is_delimiter);
            match word.to_ascii_lowercase().as_str() {
                "b" => here = true,
                "w" | "wait" => waits = true,
                "min" | "max" | "i" | "low" | "normal" | "high" | "realtime" | "abovenormal"
                | "belownormal" | "separate" | "shared" => {}
                "d" => {
                    let name = split(rest).into_iter().next().unwrap_or_default();
                    rest = rest.get(name.len()..).unwrap_or("").trim_start_matches(is_delimiter);
                    folder = Some(bare(&name));
                }
                _ => return Ok(self.fail(&text::BAD_SWITCH, &[&format!("/{word}")])),
            }
        }
        if rest.is_empty() {
            return Ok(0);
        }
        let end = crate::sim::cmd::exec::name_end(rest);
        let (name, arguments) = rest.split_at(end);
        let mut child = self.child();
        if let Some(Target::Path(path)) = folder.map(|folder| self.places.resolve(&folder)) {
            child.places.go(path);
        }
        if !here {
            for handle in 0..3 {
                child.handles.set(handle, Handle::Nul);
            }
        }
        let found = child.find_program(name);
        if Self::is_builtin(name).is_none() && matches!(found, Found::Nothing | Found::NoFolder) {
            self.complain(&text::FILE_NOT_FOUND, &[]);
            self.level = 9059;
            return Ok(1);
        }
        child.depth += crate::sim::cmd::exec::CALL_WEIGHT;
        let code = child.run_once(format!("{name}{arguments}")).await?;
        if waits {
            self.level = code;
        }
        Ok(0)
    }
}
