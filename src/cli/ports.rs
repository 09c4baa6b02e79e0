//! `sacpilot ports`: the serial ports of this computer.

use std::fmt::Write as _;

use serde_json::json;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use crate::report::{Paint, visible};
use crate::transport::{self, Access, Hardware, Port, Usb};

/// Arguments of `ports`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  sacpilot ports
  sacpilot connect serial:/dev/ttyUSB0

Only serial ports are listed. Named pipes, sockets and terminals of virtual machines are named by their hosts, see hw/.")]
pub struct Args {}

/// Lists the ports.
pub fn run(context: &Context) -> Result<Exit, Failure> {
    let ports = transport::ports();
    let paint = if context.stdout_color { Paint::Colours } else { Paint::Plain };
    let text = if context.globals.json {
        format!("{:#}\n", ports.iter().map(described).collect::<serde_json::Value>())
    } else {
        shown(&ports, paint)
    };
    context.say(&text)?;
    Ok(Exit::HOLDS)
}

/// The ports as a table.
fn shown(ports: &[Port], paint: Paint) -> String {
    if ports.is_empty() {
        return "no serial ports here: plug an adapter in, or see hw/ for virtual machines\n".to_owned();
    }
    let target = |port: &Port| format!("serial:{}", visible::line(&port.path));
    let width = ports.iter().map(|port| target(port).chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for port in ports {
        let name = paint.bold(&format!("{:width$}", target(port)));
        let _ = writeln!(out, "{name}  {}; {}", hardware(&port.hardware), access(&port.access));
        if let Some(path) = &port.stable_path {
            let _ = writeln!(out, "{:width$}  wherever it is plugged in: serial:{}", "", visible::line(path));
        }
    }
    out
}

fn hardware(hardware: &Hardware) -> String {
    match hardware {
        Hardware::Uart => "a chip of this computer".to_owned(),
        Hardware::Usb(usb) => adapter(usb),
        Hardware::Other(Some(driver)) => format!("driver {}", visible::line(driver)),
        Hardware::Other(None) => "of unknown kind".to_owned(),
    }
}

fn adapter(usb: &Usb) -> String {
    let names: Vec<&str> = [&usb.vendor, &usb.product].into_iter().flatten().map(String::as_str).collect();
    let name = if names.is_empty() { "USB adapter".to_owned() } else { visible::line(&names.join(" ")) };
    let mut text = format!("{name} (USB {:04x}:{:04x}", usb.vendor_id, usb.product_id);
    if let Some(serial) = &usb.serial {
        let _ = write!(text, ", serial number {}", visible::line(serial));
    }
    if let Some(interface) = usb.interface.filter(|interface| *interface > 0) {
        let _ = write!(text, ", port {}", interface + 1);
    }
    text + ")"
}

fn access(access: &Access) -> String {
    match access {
        Access::Free => "free".to_owned(),
        Access::InUse(holder) => format!("in use by {}", visible::line(holder)),
        Access::Denied(Some(group)) => format!("no permission: join the group {}", visible::line(group)),
        Access::Denied(None) => "no permission".to_owned(),
        Access::OwnConsole => "the console of this computer itself".to_owned(),
    }
}

fn described(port: &Port) -> serde_json::Value {
    let (kind, usb, driver) = match &port.hardware {
        Hardware::Uart => ("uart", None, None),
        Hardware::Usb(usb) => ("usb", Some(usb), None),
        Hardware::Other(driver) => ("other", None, driver.as_deref()),
    };
    let (state, detail) = match &port.access {
        Access::Free => ("free", None),
        Access::InUse(holder) => ("in-use", Some(holder.as_str())),
        Access::Denied(group) => ("denied", group.as_deref()),
        Access::OwnConsole => ("own-console", None),
    };
    json!({
        "target": format!("serial:{}", port.path),
        "stable_target": port.stable_path.as_ref().map(|path| format!("serial:{path}")),
        "kind": kind,
        "driver": driver,
        "usb": usb.map(|usb| json!({
            "id": format!("{:04x}:{:04x}", usb.vendor_id, usb.product_id),
            "vendor": usb.vendor,
            "product": usb.product,
            "serial": usb.serial,
            "interface": usb.interface,
        })),
        "state": state,
        "detail": detail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(path: &str, hardware: Hardware, access: Access) -> Port {
        Port { path: path.to_owned(), stable_path: None, hardware, access }
    }

    #[test]
    fn a_port_says_what_it_is_and_whether_it_is_free() {
        let usb = Usb {
            vendor_id: 0x0403,
            product_id: 0x6011,
            vendor: Some("FTDI".to_owned()),
            // Texts of a device are not trusted.
            product: Some("Quad \x1b[31m".to_owned()),
            serial: Some("A5".to_owned()),
            interface: Some(2),
        };
        let stable = Some("/dev/serial/by-id/usb-FTDI-if02".to_owned());
        let ports = [
            port("/dev/ttyS0", Hardware::Uart, Access::OwnConsole),
            Port {
                stable_path: stable,
                ..port("/dev/ttyUSB12", Hardware::Usb(usb), Access::InUse("tio (process 7)".to_owned()))
            },
            port("COM3", Hardware::Other(None), Access::Free),
            port(
                "/dev/hvc0",
                Hardware::Other(Some("virtio".to_owned())),
                Access::Denied(Some("tty".to_owned())),
            ),
        ];
        assert_eq!(
            shown(&ports, Paint::Plain),
            "\
serial:/dev/ttyS0     a chip of this computer; the console of this computer itself
serial:/dev/ttyUSB12  FTDI Quad ␛[31m (USB 0403:6011, serial number A5, port 3); in use by tio (process 7)
                      wherever it is plugged in: serial:/dev/serial/by-id/usb-FTDI-if02
serial:COM3           of unknown kind; free
serial:/dev/hvc0      driver virtio; no permission: join the group tty
"
        );
        let json = described(&ports[1]);
        assert_eq!((&json["usb"]["id"], &json["state"]), (&json!("0403:6011"), &json!("in-use")));
    }

    #[test]
    fn no_port_is_no_error() {
        assert!(shown(&[], Paint::Plain).starts_with("no serial ports here"));
    }
}
