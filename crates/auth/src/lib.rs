//! Decide who a connection is and what it may do.
//!
//! This crate must not know sockets or stores.

mod authenticator;
mod bucket;
mod budget;
mod password;
mod sdk;
mod turn;

pub use authenticator::{App, AppLimits, Authenticator, Grant, Refusal};
pub use bucket::{Bucket, BucketsBySource};
pub use budget::{Budget, Exhausted, Quota};
pub use password::{MEMORY_KIB, Password, SALT_BYTES};
pub use sdk::{Sdk, SdkRefusal, SdkTable};
/// Versions of SDKs.
pub use semver::Version;
pub use turn::{TurnCredential, TurnSecret};
