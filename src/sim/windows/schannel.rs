//! Which TLS versions the server side speaks.

use super::os::Os;
use super::registry::Registry;

/// Where the protocols are configured.
pub const PROTOCOLS: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols";

/// A TLS version that Remote Desktop can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tls {
    /// TLS 1.0.
    V1_0,
    /// TLS 1.1.
    V1_1,
    /// TLS 1.2.
    V1_2,
}

impl Tls {
    /// All versions; see [`server_versions`] for which are on.
    pub const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V1_2];

    /// The key's name, `TLS 1.2`.
    pub fn key(self) -> &'static str {
        match self {
            Self::V1_0 => "TLS 1.0",
            Self::V1_1 => "TLS 1.1",
            Self::V1_2 => "TLS 1.2",
        }
    }

    /// The key of its server side.
    pub fn server_key(self) -> String {
        format!(r"{PROTOCOLS}\{}\Server", self.key())
    }
}

/// The versions the server side speaks with this registry: `Enabled` 0 switches a version off, and
/// `DisabledByDefault` other than 0 takes it from programs that do not ask for it by name, Remote Desktop among them.
/// Without a value all are on; in 2025 only TLS 1.2 is.
pub fn server_versions(registry: &Registry, os: Os) -> Vec<Tls> {
    Tls::ALL
        .into_iter()
        .filter(|version| {
            let key = version.server_key();
            let unset = u32::from(!os.drops_old_tls() || *version == Tls::V1_2);
            registry.dword(&key, "Enabled").unwrap_or(unset) != 0
                && registry.dword(&key, "DisabledByDefault").unwrap_or(0) == 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::registry::Data;

    #[test]
    fn absent_values_mean_on() {
        let mut registry = Registry::new("S-1-5-18");
        assert_eq!(server_versions(&registry, Os::Server2022), Tls::ALL);
        assert_eq!(server_versions(&registry, Os::Server2025), [Tls::V1_2]);
        registry.set(&Tls::V1_0.server_key(), "Enabled", Data::Dword(0));
        registry.set(&Tls::V1_1.server_key(), "DisabledByDefault", Data::Dword(1));
        registry.set(&Tls::V1_2.server_key(), "Enabled", Data::Dword(0xffff_ffff));
        assert_eq!(server_versions(&registry, Os::Server2022), [Tls::V1_2]);
    }
}
