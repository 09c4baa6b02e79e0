//! The editions the machine can be.

/// A Windows Server version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Os {
    /// Server 2012 R2, build 9600.
    Server2012R2,
    /// Server 2016, build 14393.
    Server2016,
    /// Server 2019, build 17763.
    Server2019,
    /// Server 2022, build 20348.
    #[default]
    Server2022,
    /// Server 2025, build 26100.
    Server2025,
}

impl Os {
    /// All versions, oldest first.
    pub const ALL: [Self; 5] =
        [Self::Server2012R2, Self::Server2016, Self::Server2019, Self::Server2022, Self::Server2025];
    /// How they are named, for messages.
    pub const YEARS: &str = "2012R2, 2016, 2019, 2022, 2025";

    /// The version named by its year, `2016`, `2012R2`.
    pub fn from_year(year: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.year().replace(' ', "").eq_ignore_ascii_case(year))
    }

    /// The year in its name.
    pub fn year(self) -> &'static str {
        match self {
            Self::Server2012R2 => "2012 R2",
            Self::Server2016 => "2016",
            Self::Server2019 => "2019",
            Self::Server2022 => "2022",
            Self::Server2025 => "2025",
        }
    }

    /// `Windows Server 2022 Datacenter`.
    pub fn product_name(self) -> String {
        format!("Windows Server {} Datacenter", self.year())
    }

    /// The build number.
    pub fn build(self) -> u32 {
        match self {
            Self::Server2012R2 => 9600,
            Self::Server2016 => 14_393,
            Self::Server2019 => 17_763,
            Self::Server2022 => 20_348,
            Self::Server2025 => 26_100,
        }
    }

    /// The update build revision, the last part of the version.
    pub fn revision(self) -> u32 {
        match self {
            Self::Server2012R2 => 22_074,
            Self::Server2016 => 6897,
            Self::Server2019 => 5696,
            Self::Server2022 => 2402,
            Self::Server2025 => 3194,
        }
    }

    /// `10.0.20348`; `6.3.9600` for 2012 R2.
    pub fn version(self) -> String {
        let kernel = if self.is_windows_8() { "6.3" } else { "10.0" };
        format!("{kernel}.{}", self.build())
    }

    /// What `ver` shows in its brackets, `10.0.20348.2402`. 2012 R2 shows no revision.
    pub fn full_version(self) -> String {
        if self.is_windows_8() { self.version() } else { format!("{}.{}", self.version(), self.revision()) }
    }

    /// Whether it is of the family before Windows 10: the registry has no `ReleaseId` and no numbers of the version.
    pub fn is_windows_8(self) -> bool {
        self == Self::Server2012R2
    }

    /// Whether console programs of a channel are sent by difference from an inner screen.
    /// invented for 2012 R2 (as 2016) and 2025 (as 2022): no capture of either is known.
    pub fn renders_by_difference(self) -> bool {
        self < Self::Server2022
    }

    /// Whether TLS 1.0 and 1.1 are off unless the registry switches them on: announced for the versions of Windows
    /// after 2023.
    pub fn drops_old_tls(self) -> bool {
        self >= Self::Server2025
    }

    /// `ReleaseId` of `Windows NT\CurrentVersion`; empty when there is none.
    pub fn release_id(self) -> &'static str {
        match self {
            Self::Server2012R2 => "",
            Self::Server2016 => "1607",
            Self::Server2019 => "1809",
            Self::Server2022 | Self::Server2025 => "2009",
        }
    }

    /// Whether each service gets its own `svchost.exe` (since 1703, with 3.5 GB of memory or more).
    pub fn splits_service_hosts(self) -> bool {
        self > Self::Server2016
    }

    /// The version tag in front of a firewall rule in the registry. invented for 2025.
    pub fn firewall_rule_version(self) -> &'static str {
        match self {
            Self::Server2012R2 => "v2.22",
            Self::Server2016 => "v2.26",
            Self::Server2019 => "v2.29",
            Self::Server2022 => "v2.31",
            Self::Server2025 => "v2.33",
        }
    }
}
