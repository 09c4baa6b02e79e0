//! The serial ports of this computer: what they are, and whether they can be used now. Nothing is opened, since opening
//! a port moves its DTR line, which some machines take for a signal.

#[cfg(target_os = "linux")]
mod sysfs;
#[cfg(not(target_os = "linux"))]
mod system;

#[cfg(target_os = "linux")]
use sysfs as source;
#[cfg(not(target_os = "linux"))]
use system as source;

/// A serial port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// `/dev/ttyUSB0`, `COM3`.
    pub path: String,
    /// A path that stays the same when the adapter is plugged in elsewhere or later: `/dev/serial/by-id/…`.
    pub stable_path: Option<String>,
    /// What it is.
    pub hardware: Hardware,
    /// Whether it can be used now.
    pub access: Access,
}

/// What a port is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hardware {
    /// A chip of the computer itself.
    Uart,
    /// An adapter on USB.
    Usb(Usb),
    /// Something else; the name of its driver, where the system tells.
    Other(Option<String>),
}

/// How an adapter names itself. These are texts of the device: they may hold anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usb {
    /// Number of the vendor.
    pub vendor_id: u16,
    /// Number of the product.
    pub product_id: u16,
    /// Name of the vendor.
    pub vendor: Option<String>,
    /// Name of the product.
    pub product: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Which of its ports it is, of adapters that have several, from 0.
    pub interface: Option<u8>,
}

/// Whether a port can be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As far as can be seen.
    Free,
    /// Somebody has it.
    InUse(String),
    /// The user may not open it; the group that may, if there is one.
    Denied(Option<String>),
    /// It is the console of this computer itself: its kernel and its login would answer.
    OwnConsole,
}

/// The ports, in the order of their numbers.
pub fn ports() -> Vec<Port> {
    let mut ports = source::ports();
    ports.sort_by_key(|port| order(&port.path));
    ports
}

/// `ttyS2` before `ttyS10`.
fn order(path: &str) -> (String, u32) {
    let name = path.trim_end_matches(|c: char| c.is_ascii_digit());
    (name.to_owned(), path[name.len()..].parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let mut paths =
            ["COM10", "COM9", "/dev/ttyS1", "/dev/ttyS10", "/dev/ttyS2", "/dev/ttyUSB0", "/dev/cu.x"];
        paths.sort_by_key(|path| order(path));
        let expected =
            ["/dev/cu.x", "/dev/ttyS1", "/dev/ttyS2", "/dev/ttyS10", "/dev/ttyUSB0", "COM9", "COM10"];
        assert_eq!(paths, expected);
    }

    #[test]
    fn this_computer_can_be_asked() {
        for port in ports() {
            assert!(!port.path.is_empty());
        }
    }
}
