//! The files and folders of the machine, without case, with permissions.

/// The disks of the machine.
#[derive(Debug, Default)]
pub struct Files {}
