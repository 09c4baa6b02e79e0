//! The XML that programs, not people, read on the port.

use std::fmt::Write as _;

use super::channel::Channel;
use crate::sim::windows::World;

/// The declaration and the description of the machine, sent when the driver starts.
/// While Windows is being set up the machine has no name (message 153).
pub(in crate::sim) fn prelude(world: &World, setup: bool) -> String {
    let name = if setup { "not yet initialized" } else { &world.computer };
    format!("<?xml version=\"1.0\"?>\r\n{}", machine_info(world, name))
}

/// The stop error, sent before `!SAC>`. The form is that of Server 2003 (Avocent's manuals).
pub(in crate::sim) fn bug_check(world: &World, code: u32) -> String {
    format!(
        "<?xml version=\"1.0\"?>\r\n<BP>\r\n<INSTANCE CLASSNAME=\"BLUESCREEN\">\r\n\
         <PROPERTY NAME=\"STOPCODE\" TYPE=\"string\"><VALUE>\"0x{code:X}\"</VALUE>\r\n</PROPERTY>\r\n\
         {}</INSTANCE>\r\n</BP>\r\n",
        machine_info(world, &world.computer)
    )
}

/// What announces that another channel is current.
pub(super) fn channel_switch(channel: &Channel) -> String {
    format!(
        "<channel-switch>\r\n<name>{}</name>\r\n<description>{}</description>\r\n<type>{}</type>\r\n\
         <guid>{}</guid>\r\n<application-type>{}</application-type>\r\n</channel-switch>\r\n",
        channel.name,
        channel.description,
        channel.kind(),
        channel.guid,
        channel.application
    )
}

/// The firmware's identifier of the machine, where it is known.
pub(super) fn machine_guid(world: &World) -> Option<String> {
    world.registry.text(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid").map(str::to_owned)
}

/// Elements of which the value is not known are left out.
fn machine_info(world: &World, name: &str) -> String {
    let mut xml = format!("<machine-info>\r\n<name>{name}</name>\r\n");
    if let Some(guid) = machine_guid(world) {
        let _ = write!(xml, "<guid>{guid}</guid>\r\n");
    }
    let _ = write!(
        xml,
        "<processor-architecture>AMD64</processor-architecture>\r\n<os-version>10.0</os-version>\r\n\
         <os-build-number>{}</os-build-number>\r\n<os-product>{}</os-product>\r\n\
         <os-service-pack>None</os-service-pack>\r\n</machine-info>\r\n",
        world.os.build(),
        world.os.product_name()
    );
    xml
}
