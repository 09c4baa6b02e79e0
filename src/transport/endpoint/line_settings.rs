//! How the line of a serial port is set.

use std::fmt;

use super::error::{Problem, closest};

/// How the line of a serial port is set, 115200 8N1 unless told otherwise: what EMS uses (`bcdedit /emssettings
/// EMSPORT:1 EMSBAUDRATE:115200`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineSettings {
    /// Bits per second.
    pub baud: u32,
    /// Data bits, 5 to 8.
    pub data_bits: u8,
    /// Parity.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
    /// Flow control.
    pub flow: FlowControl,
    /// Data terminal ready; on when not told, and then nobody minds a port that has no such signal.
    pub dtr: Option<Signal>,
    /// Request to send, the same; hardware flow control sets it by itself.
    pub rts: Option<Signal>,
}

/// The state of a signal of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// On.
    On,
    /// Off.
    Off,
}

/// Parity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parity {
    /// None.
    None,
    /// Odd.
    Odd,
    /// Even.
    Even,
}

/// Flow control.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowControl {
    /// None.
    None,
    /// XON and XOFF.
    Software,
    /// RTS and CTS.
    Hardware,
}

const KEYS: [&str; 7] = ["baud", "data", "parity", "stop", "flow", "dtr", "rts"];

impl Default for LineSettings {
    fn default() -> Self {
        Self {
            baud: 115_200,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
            flow: FlowControl::None,
            dtr: None,
            rts: None,
        }
    }
}

impl LineSettings {
    /// `115200 8N1`.
    pub fn mode(&self) -> String {
        let flow = match self.flow {
            FlowControl::None => "",
            FlowControl::Software => " xonxoff",
            FlowControl::Hardware => " rtscts",
        };
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Odd => 'O',
            Parity::Even => 'E',
        };
        format!("{} {}{parity}{}{flow}", self.baud, self.data_bits, self.stop_bits)
    }

    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        let wants = |wants: &'static str| Problem::BadValue {
            key: key.to_owned(),
            value: value.to_owned(),
            wants: wants.to_owned(),
        };
        match key {
            "baud" => {
                let wrong = || wants("a number such as 115200, 57600, 38400, 19200 or 9600");
                self.baud = value.parse().ok().filter(|baud| *baud > 0).ok_or_else(wrong)?;
            }
            "data" => {
                let bits = value.parse().ok().filter(|bits| (5..=8).contains(bits));
                self.data_bits = bits.ok_or_else(|| wants("5, 6, 7 or 8"))?;
            }
            "parity" => {
                self.parity = match value {
                    "none" => Parity::None,
                    "odd" => Parity::Odd,
                    "even" => Parity::Even,
                    _ => return Err(wants("none, odd or even")),
                }
            }
            "stop" => {
                let bits = value.parse().ok().filter(|bits| (1..=2).contains(bits));
                self.stop_bits = bits.ok_or_else(|| wants("1 or 2"))?;
            }
            "flow" => {
                self.flow = match value {
                    "none" => FlowControl::None,
                    "xonxoff" => FlowControl::Software,
                    "rtscts" => FlowControl::Hardware,
                    _ => return Err(wants("none, xonxoff or rtscts")),
                }
            }
            "dtr" | "rts" => {
                let signal = match value {
                    "on" => Signal::On,
                    "off" => Signal::Off,
                    _ => return Err(wants("on or off")),
                };
                *if key == "dtr" { &mut self.dtr } else { &mut self.rts } = Some(signal);
            }
            _ => {
                return Err(Problem::UnknownSetting {
                    key: key.to_owned(),
                    closest: closest(key, KEYS.into_iter()),
                    known: &KEYS,
                });
            }
        }
        Ok(())
    }
}

/// As it is written in an endpoint: `?baud=9600`, nothing when all is as usual.
impl fmt::Display for LineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::default();
        let mut settings = Vec::new();
        if self.baud != usual.baud {
            settings.push(format!("baud={}", self.baud));
        }
        if self.data_bits != usual.data_bits {
            settings.push(format!("data={}", self.data_bits));
        }
        match self.parity {
            Parity::None => {}
            Parity::Odd => settings.push("parity=odd".to_owned()),
            Parity::Even => settings.push("parity=even".to_owned()),
        }
        if self.stop_bits != usual.stop_bits {
            settings.push(format!("stop={}", self.stop_bits));
        }
        match self.flow {
            FlowControl::None => {}
            FlowControl::Software => settings.push("flow=xonxoff".to_owned()),
            FlowControl::Hardware => settings.push("flow=rtscts".to_owned()),
        }
        for (key, signal) in [("dtr", self.dtr), ("rts", self.rts)] {
            match signal {
                None => {}
                Some(Signal::On) => settings.push(format!("{key}=on")),
                Some(Signal::Off) => settings.push(format!("{key}=off")),
            }
        }
        if settings.is_empty() { Ok(()) } else { write!(f, "?{}", settings.join("&")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_named_as_people_do() {
        let odd = LineSettings {
            baud: 9600,
            data_bits: 7,
            parity: Parity::Even,
            stop_bits: 2,
            flow: FlowControl::Software,
            dtr: Some(Signal::Off),
            rts: Some(Signal::On),
        };
        assert_eq!(LineSettings::default().mode(), "115200 8N1");
        assert_eq!(LineSettings::default().to_string(), "");
        assert_eq!(odd.mode(), "9600 7E2 xonxoff");
        assert_eq!(odd.to_string(), "?baud=9600&data=7&parity=even&stop=2&flow=xonxoff&dtr=off&rts=on");
    }
}
