//! The editions the machine can be.

/// A Windows Server version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Os {
    /// Server 2016, build 14393.
    Server2016,
    /// Server 2019, build 17763.
    Server2019,
    /// Server 2022, build 20348.
    #[default]
    Server2022,
}

impl Os {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::Server2016, Self::Server2019, Self::Server2022];

    /// The version named by its year, `2016`.
    pub fn from_year(year: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.year() == year)
    }

    /// The year in its name.
    pub fn year(self) -> &'static str {
        match self {
            Self::Server2016 => "2016",
            Self::Server2019 => "2019",
            Self::Server2022 => "2022",
        }
    }

    /// `Windows Server 2022 Datacenter`.
    pub fn product_name(self) -> String {
        format!("Windows Server {} Datacenter", self.year())
    }

    /// The build number.
    pub fn build(self) -> u32 {
        match self {
            Self::Server2016 => 14_393,
            Self::Server2019 => 17_763,
            Self::Server2022 => 20_348,
        }
    }

    /// The update build revision, the last part of the version.
    pub fn revision(self) -> u32 {
        match self {
            Self::Server2016 => 6897,
            Self::Server2019 => 5696,
            Self::Server2022 => 2402,
        }
    }

    /// `10.0.20348`.
    pub fn version(self) -> String {
        format!("10.0.{}", self.build())
    }

    /// What `ver` shows in its brackets, `10.0.20348.2402`.
    pub fn full_version(self) -> String {
        format!("{}.{}", self.version(), self.revision())
    }

    /// `ReleaseId` of `Windows NT\CurrentVersion`.
    pub fn release_id(self) -> &'static str {
        match self {
            Self::Server2016 => "1607",
            Self::Server2019 => "1809",
            Self::Server2022 => "2009",
        }
    }

    /// Whether each service gets its own `svchost.exe` (since 1703, with 3.5 GB of memory or more).
    pub fn splits_service_hosts(self) -> bool {
        self != Self::Server2016
    }

    /// The version tag in front of a firewall rule in the registry.
    pub fn firewall_rule_version(self) -> &'static str {
        match self {
            Self::Server2016 => "v2.26",
            Self::Server2019 => "v2.29",
            Self::Server2022 => "v2.31",
        }
    }
}
