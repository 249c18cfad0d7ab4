//! Section `storage`: how rooms are remembered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use signal_fish_storage::{KeyError, Keyring, SealingKey};

use super::problem::Problems;
use super::secret::Secret;

/// How rooms are remembered.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StorageSettings {
    /// Keys for what must not be read where rooms are stored: the hashes of their passwords. The first seals, all of
    /// them open: to change keys put the new one first, and keep the old one until all rooms of its time are gone.
    /// Without a key nothing is sealed.
    pub encryption_keys: Vec<EncryptionKeySettings>,
}

/// A key, and what it is called.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EncryptionKeySettings {
    /// 1 to 32 letters, digits, `-` and `_`. It is stored with what the key seals.
    pub id: String,
    /// 32 random bytes in base64, as `openssl rand -base64 32` prints them.
    pub key: Secret,
}

impl StorageSettings {
    /// The keys, if there are any.
    pub(crate) fn keyring(&self, problems: &mut Problems) -> Option<Keyring> {
        if self.encryption_keys.is_empty() {
            return None;
        }
        let parsed = self.encryption_keys.iter().map(|key| SealingKey::parse(&key.id, key.key.reveal()));
        let ring = parsed.collect::<Result<_, KeyError>>().and_then(Keyring::new);
        ring.map_err(|error| problems.add("storage.encryption_keys", error.to_string())).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &[(&str, &str)]) -> Result<Option<Keyring>, String> {
        let key = |(id, key): &(&str, &str)| EncryptionKeySettings {
            id: (*id).to_owned(),
            key: (*key).to_owned().into(),
        };
        let settings = StorageSettings { encryption_keys: keys.iter().map(key).collect() };
        let mut problems = Problems::default();
        let ring = settings.keyring(&mut problems);
        problems.none().map(|()| ring).map_err(|problems| problems.to_string())
    }

    #[test]
    fn keys_that_are_none_are_told_and_not_shown() {
        let good = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert!(ring(&[]).unwrap().is_none());
        assert!(ring(&[("a", good), ("b", good)]).unwrap().is_some());
        for (keys, told) in [
            (&[("a", "c2hvcnQ")][..], "the key `a` is not 32 bytes in base64"),
            (&[("a", good), ("a", good)], "two keys are called `a`"),
            (&[("a.b", good)], "`a.b` names no key"),
        ] {
            let error = ring(keys).unwrap_err();
            assert!(error.starts_with("storage.encryption_keys: ") && error.contains(told), "{error}");
            assert!(!error.contains("c2hvcnQ"), "{error}");
        }
    }
}
