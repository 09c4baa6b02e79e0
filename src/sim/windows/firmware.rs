//! What starts the machine.

/// The kind of firmware; it decides where the boot store lies and which loader it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Firmware {
    /// A BIOS (Azure: generation 1): `\Boot\BCD`, winload.exe.
    Bios,
    /// UEFI (Azure: generation 2): `\EFI\Microsoft\Boot\BCD` on a partition of its own, winload.efi.
    #[default]
    Uefi,
}

impl Firmware {
    /// The store's path on its volume.
    pub fn store(self) -> &'static str {
        match self {
            Self::Bios => r"Boot\BCD",
            Self::Uefi => r"EFI\Microsoft\Boot\BCD",
        }
    }
}
