//! What a machine prints before Windows has a driver for the port.

use std::fmt::Write as _;

use super::windows::World;
use super::windows::network::AddressSource;

/// The firmware, clearing its screen again and again (a public transcript of OVMF).
pub(super) fn firmware() -> Vec<u8> {
    "\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H".repeat(4).into_bytes()
}

/// The firmware starting the boot manager.
pub(super) fn boot_manager() -> Vec<u8> {
    let file =
        r"HD(1,GPT,7A3C0E52-4B1D-4E0A-9D36-5F0C8E2B9A41,0x800,0x32000)/\EFI\Microsoft\Boot\bootmgfw.efi";
    let mut text = String::new();
    for verb in ["loading", "starting"] {
        let _ = write!(text, "BdsDxe: {verb} Boot0004 \"Windows Boot Manager\" from {file}\r\n");
    }
    text += "\x1b[2J\x1b[01;01H\x1b[=3h";
    text.into_bytes()
}

/// The kernel turning the terminal on.
pub(super) const TERMINAL_ON: &[u8] = b"\x1b[2J\x1b[H";

/// What Azure's agent prints on a machine without SAC (a public transcript).
pub(super) fn health_report(world: &World) -> String {
    let time = world.wall_time();
    let adapters: Vec<String> = world
        .network
        .interfaces
        .iter()
        .map(|interface| {
            let status = if interface.enabled { "Up" } else { "Down" };
            let mac: Vec<String> = interface.mac.iter().map(|byte| format!("{byte:02X}")).collect();
            format!(
                "{{\"name\":\"{}\",\"status\":\"{status}\",\"macAddress\":\"{}\",\"ipProperties\":\
                 [{{\"protocolVersion\":4,\"address\":\"{}\",\"isDhcpEnabled\":{}}}]}}",
                interface.name,
                mac.join("-"),
                interface.address,
                interface.source == AddressSource::Dhcp
            )
        })
        .collect();
    format!(
        "\r\n======== Microsoft Azure VM Health Report - Start {time:.7} ========\r\n\
         {{\"reportTime\":\"{time:.7}\",\"networkAdapters\":[{}]}}\r\n\
         ======== Microsoft Azure VM Health Report - End {time:.7} ========\r\n",
        adapters.join(",")
    )
}
