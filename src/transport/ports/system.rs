//! Windows and macOS: what the system lists.

use tokio_serial::SerialPortType;

use super::{Access, Hardware, Port, Usb};

pub(super) fn ports() -> Vec<Port> {
    let listed = tokio_serial::available_ports().unwrap_or_default();
    // macOS lists each port twice; opening the `tty` one waits for a carrier that a console does not have.
    listed
        .into_iter()
        .filter(|port| !port.port_name.starts_with("/dev/tty."))
        .map(|port| Port {
            path: port.port_name,
            stable_path: None,
            hardware: match port.port_type {
                SerialPortType::UsbPort(usb) => Hardware::Usb(Usb {
                    vendor_id: usb.vid,
                    product_id: usb.pid,
                    vendor: usb.manufacturer,
                    product: usb.product,
                    serial: usb.serial_number,
                    interface: None,
                }),
                SerialPortType::PciPort => Hardware::Uart,
                SerialPortType::BluetoothPort => Hardware::Other(Some("Bluetooth".to_owned())),
                SerialPortType::Unknown => Hardware::Other(None),
            },
            access: Access::Free,
        })
        .collect()
}
