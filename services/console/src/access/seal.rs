//! Seals secrets that have to be read again: with a key that is not in the database, bound to whom
//! they belong to.

use anyhow::{Context as _, anyhow};
use domain::{AddressKeyer, AddressKind};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use uuid::Uuid;

/// What a secret is for. Each has a key of its own, made of the address key, which never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// A second factor, of a user.
    Factor,
    /// What messages are signed with, of a webhook.
    Webhook,
    /// What was asked of an identity provider, until it answers; of nobody yet.
    SignIn,
}

impl Sealed {
    fn key(self, keyer: &AddressKeyer) -> anyhow::Result<LessSafeKey> {
        let label = match self {
            Self::Factor => "touchline second factors",
            Self::Webhook => "touchline webhooks",
            Self::SignIn => "touchline identity providers",
        };
        let bytes = keyer.key(AddressKind::Person, label);
        let key = UnboundKey::new(&CHACHA20_POLY1305, bytes.as_bytes());
        Ok(LessSafeKey::new(key.map_err(|_| anyhow!("a key of 32 bytes was refused"))?))
    }

    /// Seals a secret of `owner`.
    ///
    /// # Errors
    /// When the cipher refuses, which it does not.
    pub fn seal(self, keyer: &AddressKeyer, owner: Uuid, secret: &str) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        let mut sealed = secret.as_bytes().to_vec();
        let bound_to = Aad::from(*owner.as_bytes());
        self.key(keyer)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound_to, &mut sealed)
            .map_err(|_| anyhow!("a secret could not be sealed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the same `owner`.
    ///
    /// # Errors
    /// When it was sealed for somebody else, for something else, or by another deployment.
    pub fn open(self, keyer: &AddressKeyer, owner: Uuid, sealed: &[u8]) -> anyhow::Result<String> {
        let (nonce, text) =
            sealed.split_at_checked(NONCE_LEN).context("a sealed secret is cut off")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| anyhow!("no nonce"))?;
        let mut text = text.to_vec();
        let bound_to = Aad::from(*owner.as_bytes());
        let opened = self.key(keyer)?.open_in_place(nonce, bound_to, &mut text);
        let opened = opened.map_err(|_| anyhow!("a secret was not sealed by this deployment"))?;
        Ok(String::from_utf8(opened.to_vec())?)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_owner_purpose_and_deployment_opens_a_secret() {
        let (ours, other) = (AddressKeyer::new(b"ours"), AddressKeyer::new(b"other"));
        let owner = Uuid::now_v7();
        let sealed = Sealed::Webhook.seal(&ours, owner, "whsec_abc").unwrap();
        assert_eq!(Sealed::Webhook.open(&ours, owner, &sealed).unwrap(), "whsec_abc");
        assert!(Sealed::Factor.open(&ours, owner, &sealed).is_err());
        assert!(Sealed::Webhook.open(&other, owner, &sealed).is_err());
        assert!(Sealed::Webhook.open(&ours, Uuid::now_v7(), &sealed).is_err());
        assert!(Sealed::Webhook.open(&ours, owner, &sealed[..5]).is_err());
        assert_ne!(sealed, Sealed::Webhook.seal(&ours, owner, "whsec_abc").unwrap());
    }
}
