//! Decide who a connection is and what it may do.
//!
//! This crate must not know sockets or stores.

mod app_usage;
mod authenticator;
mod binding;
mod bucket;
mod budget;
mod claims;
mod connect_token;
mod jwt_keys;
mod keys;
mod password;
mod sdk;
mod turn;
mod used;

pub use app_usage::AppShare;
pub use authenticator::{Admission, App, AppLimits, Authenticator, Grant, Moment, Refusal};
pub use binding::{Binding, BindingNonce, BindingRefusal, BindingSeed};
pub use bucket::{Bucket, BucketsBySource};
pub use budget::{Budget, Exhausted, Quota};
pub use connect_token::{JwtRules, TokenRefusal, TokenRules};
pub use jwt_keys::{FetchedKeys, JwtKeys};
pub use keys::{KeyError, KeySet};
pub use password::{MEMORY_KIB, Password, SALT_BYTES};
pub use sdk::{Sdk, SdkRefusal, SdkTable};
/// Versions of SDKs.
pub use semver::Version;
pub use turn::{TurnCredential, TurnSecret};
