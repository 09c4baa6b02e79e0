//! Linux: what the kernel tells under `/sys`, without libudev.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::Access as Wish;

use super::{Access, Hardware, Port, Usb};
use crate::transport::holder::holder_of;
use crate::transport::open_error::group_of;

pub(super) fn ports() -> Vec<Port> {
    ports_of(&Places { classes: "/sys/class/tty".into(), devices: "/dev".into() })
}

/// Where to look.
struct Places {
    classes: PathBuf,
    devices: PathBuf,
}

fn ports_of(places: &Places) -> Vec<Port> {
    let Ok(entries) = fs::read_dir(&places.classes) else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let class = entry.path();
            // Only what is driven by a device is a port; `tty7`, `ptmx` and `console` are not.
            let device = fs::canonicalize(class.join("device")).ok()?;
            // The kernel keeps numbers for chips that are not there: their type is 0.
            if text(&class.join("type")).as_deref() == Some("0") {
                return None;
            }
            let path = places.devices.join(&name);
            Some(Port {
                stable_path: stable_path(&places.devices, &path),
                hardware: hardware(&name, &device),
                access: access(&class, &path),
                path: path.to_str()?.to_owned(),
            })
        })
        .collect()
}

fn hardware(name: &str, device: &Path) -> Hardware {
    // The device of the adapter is above those of its interface and port.
    if let Some(usb) = device.ancestors().find(|folder| folder.join("idVendor").is_file()) {
        let number = |file: &str| {
            text(&usb.join(file)).and_then(|text| u16::from_str_radix(&text, 16).ok()).unwrap_or_default()
        };
        let interface = device.ancestors().find_map(|folder| text(&folder.join("bInterfaceNumber")));
        return Hardware::Usb(Usb {
            vendor_id: number("idVendor"),
            product_id: number("idProduct"),
            vendor: text(&usb.join("manufacturer")),
            product: text(&usb.join("product")),
            serial: text(&usb.join("serial")),
            interface: interface.and_then(|text| u8::from_str_radix(&text, 16).ok()),
        });
    }
    if name.starts_with("ttyS") || name.starts_with("ttyAMA") {
        return Hardware::Uart;
    }
    let driver = fs::canonicalize(device.join("driver")).ok();
    let driver = driver.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
    Hardware::Other(driver)
}

fn access(class: &Path, path: &Path) -> Access {
    if text(&class.join("console")).as_deref() == Some("Y") {
        return Access::OwnConsole;
    }
    match rustix::fs::access(path, Wish::READ_OK | Wish::WRITE_OK) {
        Err(_) => Access::Denied(group_of(path)),
        Ok(()) => holder_of(path).map_or(Access::Free, Access::InUse),
    }
}

/// The link of udev to `path`.
fn stable_path(devices: &Path, path: &Path) -> Option<String> {
    let target = fs::canonicalize(path).ok()?;
    let links = fs::read_dir(devices.join("serial/by-id")).ok()?;
    let mut links: Vec<String> = links
        .flatten()
        .map(|link| link.path())
        .filter(|link| fs::canonicalize(link).is_ok_and(|points_to| points_to == target))
        .filter_map(|link| link.to_str().map(str::to_owned))
        .collect();
    links.sort();
    links.into_iter().next()
}

fn text(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A tree as the kernel makes it, with a FT232 at a hub, a chip, one that is not there, and what is no port.
    fn tree() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        let file = |path: &str, text: &str| {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        };
        let usb = "sys/devices/pci0/usb1/1-2/1-2.4";
        file(&format!("{usb}/idVendor"), "0403\n");
        file(&format!("{usb}/idProduct"), "6001\n");
        file(&format!("{usb}/manufacturer"), "FTDI\n");
        file(&format!("{usb}/product"), "FT232R USB UART\n");
        file(&format!("{usb}/serial"), "A50285BI\n");
        file(&format!("{usb}/1-2.4:1.0/bInterfaceNumber"), "00\n");
        file(&format!("{usb}/1-2.4:1.0/ttyUSB0/tty/ttyUSB0/dev"), "188:0\n");
        file("sys/devices/pnp0/tty/ttyS0/type", "4\n");
        file("sys/devices/pnp0/tty/ttyS0/console", "Y\n");
        file("sys/devices/pnp0/tty/ttyS1/type", "4\n");
        file("sys/devices/pnp0/tty/ttyS9/type", "0\n");
        file("sys/devices/virtual/tty/tty7/dev", "4:7\n");
        fs::create_dir_all(at("sys/drivers/virtio_console")).unwrap();
        fs::create_dir_all(at("sys/devices/virtio/tty/hvc0")).unwrap();
        let link = |from: &str, to: &str| {
            fs::create_dir_all(at(from).parent().unwrap()).unwrap();
            symlink(at(to), at(from)).unwrap();
        };
        link("sys/devices/virtio/driver", "sys/drivers/virtio_console");
        link(&format!("{usb}/1-2.4:1.0/ttyUSB0/tty/ttyUSB0/device"), &format!("{usb}/1-2.4:1.0/ttyUSB0"));
        for name in ["ttyS0", "ttyS1", "ttyS9"] {
            link(&format!("sys/devices/pnp0/tty/{name}/device"), "sys/devices/pnp0");
            link(&format!("class/{name}"), &format!("sys/devices/pnp0/tty/{name}"));
        }
        link("sys/devices/virtio/tty/hvc0/device", "sys/devices/virtio");
        link("class/hvc0", "sys/devices/virtio/tty/hvc0");
        link("class/tty7", "sys/devices/virtual/tty/tty7");
        link("class/ttyUSB0", &format!("{usb}/1-2.4:1.0/ttyUSB0/tty/ttyUSB0"));
        for name in ["ttyUSB0", "ttyS0", "ttyS1", "hvc0"] {
            file(&format!("dev/{name}"), "");
        }
        link("dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", "dev/ttyUSB0");
        let places = Places { classes: at("class"), devices: at("dev") };
        (folder, places)
    }

    #[test]
    fn ports_are_found_and_named() {
        let (folder, places) = tree();
        let mut ports = ports_of(&places);
        ports.sort_by(|a, b| a.path.cmp(&b.path));
        let path = |name: &str| folder.path().join("dev").join(name).to_str().unwrap().to_owned();
        let port =
            |name: &str, hardware, access| Port { path: path(name), stable_path: None, hardware, access };
        let adapter = Usb {
            vendor_id: 0x0403,
            product_id: 0x6001,
            vendor: Some("FTDI".to_owned()),
            product: Some("FT232R USB UART".to_owned()),
            serial: Some("A50285BI".to_owned()),
            interface: Some(0),
        };
        let stable = path("serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0");
        let expected = [
            port("hvc0", Hardware::Other(Some("virtio_console".to_owned())), Access::Free),
            port("ttyS0", Hardware::Uart, Access::OwnConsole),
            port("ttyS1", Hardware::Uart, Access::Free),
            Port { stable_path: Some(stable), ..port("ttyUSB0", Hardware::Usb(adapter), Access::Free) },
        ];
        assert_eq!(ports, expected);
    }

    #[test]
    fn one_that_is_in_use_is_told() {
        let (_folder, places) = tree();
        let _held = fs::File::open(places.devices.join("ttyS1")).unwrap();
        let ports = ports_of(&places);
        let port = ports.iter().find(|port| port.path.ends_with("ttyS1")).unwrap();
        assert_eq!(port.access, Access::InUse("this sacpilot itself".to_owned()));
    }
}
