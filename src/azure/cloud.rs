//! Which cloud: where its resource manager, its authority and its tokens are.

use std::fmt;

use hyper::http::Uri;
use hyper::http::uri::Scheme;

/// The endpoints of one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The resource manager.
    pub arm: BaseUrl,
    /// Who hands out tokens.
    pub authority: BaseUrl,
    /// What tokens are asked for: the resource that the gateway of the serial console takes, and the resource
    /// manager too.
    pub audience: String,
    /// The resource manager of one region, with `{region}` in it. `None`: there is only one.
    pub regional: Option<String>,
}

/// A cloud with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KnownCloud {
    /// The public cloud.
    #[default]
    Public,
    /// The cloud of the US Government.
    UsGovernment,
}

impl KnownCloud {
    /// The cloud named `name`, in our words or in those of `az cloud list`.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "public" | "azurecloud" => Some(Self::Public),
            "usgovernment" | "azureusgovernment" => Some(Self::UsGovernment),
            _ => None,
        }
    }

    /// Its endpoints (`az cloud show`).
    pub fn endpoints(self) -> Cloud {
        let (arm, authority, audience, regional) = match self {
            Self::Public => (
                "management.azure.com",
                "login.microsoftonline.com",
                "https://management.core.windows.net/",
                "https://{region}.management.azure.com",
            ),
            Self::UsGovernment => (
                "management.usgovcloudapi.net",
                "login.microsoftonline.us",
                "https://management.core.usgovcloudapi.net/",
                "https://{region}.management.usgovcloudapi.net",
            ),
        };
        Cloud {
            arm: BaseUrl(format!("https://{arm}")),
            authority: BaseUrl(format!("https://{authority}")),
            audience: audience.to_owned(),
            regional: Some(regional.to_owned()),
        }
    }
}

/// `https://host[:port][/path]` without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// A text is no base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Tokens are not sent in clear.
    #[error("a token is only sent over https")]
    NotHttps,
    /// Something else.
    #[error("this is no https://HOST[:PORT]")]
    Malformed,
}

impl BaseUrl {
    /// Reads one.
    ///
    /// # Errors
    /// [`BaseUrlError`]
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let uri: Uri = text.parse().map_err(|_| BaseUrlError::Malformed)?;
        if uri.scheme() == Some(&Scheme::HTTP) {
            return Err(BaseUrlError::NotHttps);
        }
        let authority = uri.authority().ok_or(BaseUrlError::Malformed)?;
        if uri.scheme() != Some(&Scheme::HTTPS) || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(BaseUrlError::Malformed);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL of `path`, which begins with a slash.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether `url` is below this one: the same scheme, host and port.
    pub(super) fn is_origin_of(&self, url: &str) -> bool {
        let origin = |text: &str| {
            let uri: Uri = text.parse().ok()?;
            let authority = uri.authority()?.as_str().to_ascii_lowercase();
            Some((uri.scheme_str()?.to_ascii_lowercase(), authority.trim_end_matches(":443").to_owned()))
        };
        origin(&self.0).is_some_and(|own| origin(url) == Some(own))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Cloud {
    /// The resource manager of `region`.
    pub(super) fn arm_in(&self, region: &str) -> Option<BaseUrl> {
        let url = self.regional.as_ref()?.replace("{region}", region);
        BaseUrl::parse(&url).ok()
    }
}

/// The region whose resource manager is asked when the boot diagnostics' storage account, in `region`, is behind a
/// firewall: calls from the account's own region come from addresses that its firewall refuses
/// (Azure/azure-cli-extensions PR 5398). `None` where no pair is known.
pub(super) fn paired_region(region: &str) -> Option<&'static str> {
    const BOTH_WAYS: [(&str, &str); 18] = [
        ("australiacentral", "australiaeast"),
        ("brazilsouth", "brazilsoutheast"),
        ("canadacentral", "canadaeast"),
        ("centralindia", "southindia"),
        ("centralus", "westcentralus"),
        ("centraluseuap", "eastus2euap"),
        ("eastasia", "southeastasia"),
        ("eastus", "westus"),
        ("eastus2", "westus2"),
        ("francecentral", "francesouth"),
        ("germanynorth", "germanywestcentral"),
        ("japaneast", "japanwest"),
        ("koreacentral", "koreasouth"),
        ("northeurope", "westeurope"),
        ("norwayeast", "norwaywest"),
        ("swedencentral", "swedensouth"),
        ("switzerlandnorth", "switzerlandwest"),
        ("uksouth", "ukwest"),
    ];
    const ONE_WAY: [(&str, &str); 4] = [
        ("uaecentral", "uaenorth"),
        ("uaenorth", "uaecentral"),
        ("usgovarizona", "usgoveast"),
        ("usgovvirginia", "usgovsw"),
    ];
    let region = region.replace(' ', "").to_lowercase();
    let back = BOTH_WAYS.map(|(a, b)| (b, a));
    let pairs = BOTH_WAYS.into_iter().chain(back).chain(ONE_WAY);
    pairs.into_iter().find_map(|(from, to)| (from == region).then_some(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clouds_by_name() {
        assert_eq!(KnownCloud::named("AzureCloud"), Some(KnownCloud::Public));
        assert_eq!(KnownCloud::named("usgovernment"), Some(KnownCloud::UsGovernment));
        assert_eq!(KnownCloud::named("AzureChinaCloud"), None);
        let cloud = KnownCloud::UsGovernment.endpoints();
        assert_eq!(cloud.arm.join("/x"), "https://management.usgovcloudapi.net/x");
        assert_eq!(
            cloud.arm_in("usgoveast").unwrap().to_string(),
            "https://usgoveast.management.usgovcloudapi.net"
        );
    }

    #[test]
    fn base_urls() {
        assert_eq!(BaseUrl::parse("https://h:8443/").unwrap().join("/a"), "https://h:8443/a");
        assert_eq!(BaseUrl::parse("https://h/p/").unwrap().join("/a"), "https://h/p/a");
        assert_eq!(BaseUrl::parse("http://h"), Err(BaseUrlError::NotHttps));
        for text in ["", "h", "h:443", "ftp://h", "https://u:p@h", "https://h?x", "https://"] {
            assert_eq!(BaseUrl::parse(text), Err(BaseUrlError::Malformed), "{text}");
        }
    }

    #[test]
    fn only_the_same_host_and_port_is_the_same_origin() {
        let base = BaseUrl::parse("https://management.azure.com").unwrap();
        for (url, same) in [
            ("https://management.azure.com/subscriptions/x?y", true),
            ("https://MANAGEMENT.azure.com:443/", true),
            ("https://management.azure.com.evil.example/", false),
            ("http://management.azure.com/", false),
            ("https://management.azure.com:8443/", false),
            ("nothing", false),
        ] {
            assert_eq!(base.is_origin_of(url), same, "{url}");
        }
    }

    #[test]
    fn pairs_of_regions() {
        for (region, pair) in [
            ("westus2", Some("eastus2")),
            ("West Europe", Some("northeurope")),
            ("westus", Some("eastus")),
            ("eastus", Some("westus")),
            ("usgovvirginia", Some("usgovsw")),
            ("southafricanorth", None),
            ("atlantis", None),
        ] {
            assert_eq!(paired_region(region), pair, "{region}");
        }
    }
}
