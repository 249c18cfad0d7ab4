//! Which client SDKs may connect, and what their platforms are told.

use std::collections::BTreeMap;

use semver::Version;

/// What is known of one platform's SDK.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sdk {
    /// The oldest version that may connect, if limited.
    pub minimum: Option<Version>,
    /// The version its users should have, if any is better than another.
    pub recommended: Option<Version>,
    /// What the server can do for this platform beyond what it can do for all.
    pub capabilities: Vec<String>,
    /// A hint for its users.
    pub notes: Option<String>,
}

/// The SDKs this server knows, by the platform's name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SdkTable {
    /// By platform.
    pub platforms: BTreeMap<String, Sdk>,
    /// Whether only these platforms may connect.
    pub enforce: bool,
}

/// Why an SDK may not connect.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SdkRefusal {
    /// Only known platforms may connect.
    #[error("this server takes only SDKs of known platforms")]
    PlatformUnknown,
    /// The version is missing.
    #[error("the SDK of this platform must say its version, at least {minimum}")]
    VersionMissing {
        /// The oldest version that may connect.
        minimum: Version,
    },
    /// The version is not of the form 1.2.3.
    #[error("sdk_version must be a version such as 1.2.3, at least {minimum}")]
    VersionUnreadable {
        /// The oldest version that may connect.
        minimum: Version,
    },
    /// The version is too old.
    #[error("SDK version {version} is not supported, update to at least {minimum}")]
    TooOld {
        /// The client's version.
        version: Version,
        /// The oldest version that may connect.
        minimum: Version,
    },
}

impl SdkTable {
    /// Decides whether an SDK may connect; what is known of it, if anything.
    pub fn admit(&self, platform: Option<&str>, version: Option<&str>) -> Result<Option<&Sdk>, SdkRefusal> {
        let Some(sdk) = platform.and_then(|platform| self.platforms.get(platform)) else {
            return if self.enforce { Err(SdkRefusal::PlatformUnknown) } else { Ok(None) };
        };
        let Some(minimum) = &sdk.minimum else { return Ok(Some(sdk)) };
        let refused = |refusal: fn(Version) -> SdkRefusal| Err(refusal(minimum.clone()));
        match version.map(Version::parse) {
            None => refused(|minimum| SdkRefusal::VersionMissing { minimum }),
            Some(Err(_)) => refused(|minimum| SdkRefusal::VersionUnreadable { minimum }),
            Some(Ok(version)) if version < *minimum => {
                Err(SdkRefusal::TooOld { version, minimum: minimum.clone() })
            }
            Some(Ok(_)) => Ok(Some(sdk)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(enforce: bool) -> SdkTable {
        let unity = Sdk { minimum: Some(Version::new(1, 10, 0)), ..Sdk::default() };
        let web = Sdk::default();
        SdkTable { platforms: [("unity".into(), unity), ("web".into(), web)].into(), enforce }
    }

    #[track_caller]
    fn check(enforce: bool, platform: Option<&str>, version: Option<&str>, admitted: bool) {
        let table = table(enforce);
        assert_eq!(table.admit(platform, version).is_ok(), admitted, "{platform:?} {version:?}");
    }

    #[test]
    fn a_known_platform_needs_its_minimum() {
        for (version, admitted) in
            [("1.10.0", true), ("2.0.0", true), ("1.9.9", false), ("1.10.0-rc.1", false)]
        {
            check(false, Some("unity"), Some(version), admitted);
        }
        for unreadable in [None, Some(""), Some("1.10"), Some("soon")] {
            check(false, Some("unity"), unreadable, false);
        }
        let text = |version| table(false).admit(Some("unity"), version).unwrap_err().to_string();
        assert_eq!(text(None), "the SDK of this platform must say its version, at least 1.10.0");
        assert_eq!(text(Some("banana")), "sdk_version must be a version such as 1.2.3, at least 1.10.0");
        check(true, Some("web"), None, true);
    }

    #[test]
    fn an_unknown_platform_may_connect_unless_that_is_enforced() {
        for platform in [None, Some("toaster")] {
            check(false, platform, Some("0.0.1"), true);
            check(true, platform, Some("99.0.0"), false);
        }
    }
}
