//! Encryption of `SecureString` values at rest.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

/// Why a value could not be encrypted or decrypted. Deliberately without more: not even the
/// length of the value.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(crate) enum VaultError {
    #[error("the value could not be encrypted")]
    Seal,
    #[error(
        "the value cannot be decrypted: it was encrypted with another key file, or is not the one of this name"
    )]
    Open,
}

/// AES-256-GCM with a random nonce; the parameter's name is authenticated with the value, so
/// that one ciphertext put in another's place does not decrypt.
pub(crate) struct Vault {
    key: LessSafeKey,
    random: SystemRandom,
}

impl Vault {
    pub(crate) fn new(master_key: &[u8; 32]) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, master_key).map_err(|_| VaultError::Seal)?;
        Ok(Self {
            key: LessSafeKey::new(key),
            random: SystemRandom::new(),
        })
    }

    /// The ciphertext, as base64 text.
    pub(super) fn seal(&self, name: &str, plaintext: &str) -> Result<String, VaultError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| VaultError::Seal)?;
        let mut sealed = plaintext.as_bytes().to_vec();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| VaultError::Seal)?;
        Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
    }

    /// The plaintext of [`Vault::seal`].
    pub(super) fn open(&self, name: &str, ciphertext: &str) -> Result<String, VaultError> {
        let mut bytes = STANDARD.decode(ciphertext).map_err(|_| VaultError::Open)?;
        let (nonce, sealed) = bytes
            .split_first_chunk_mut::<NONCE_LEN>()
            .ok_or(VaultError::Open)?;
        let plaintext = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(name.as_bytes()),
                sealed,
            )
            .map_err(|_| VaultError::Open)?;
        String::from_utf8(plaintext.to_vec()).map_err(|_| VaultError::Open)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_name_open_it() {
        let vault = Vault::new(&[7; 32]).unwrap();
        let sealed = vault.seal("/matinee/a", "a secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_ne!(sealed, vault.seal("/matinee/a", "a secret").unwrap());
        assert_eq!(vault.open("/matinee/a", &sealed).unwrap(), "a secret");
        vault.open("/matinee/b", &sealed).unwrap_err();
        Vault::new(&[8; 32])
            .unwrap()
            .open("/matinee/a", &sealed)
            .unwrap_err();
        vault.open("/matinee/a", "AAAA").unwrap_err();
    }
}
