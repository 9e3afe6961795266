//! Signing finished messages (DKIM, RFC 6376), so that one-click unsubscribing counts (RFC 8058 §4).
//!
//! mail-auth signs the bytes as they leave. lettre's own signing is not used: it misses the
//! Content-Type of a multipart message (ecosystem.md surprise 2).

use std::path::Path;

use mail_auth::common::crypto::{Ed25519Key, RsaKey, Sha256};
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::{DkimSigner, Done};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::message::{FinishedMessage, MessageError};

/// What is signed (EML-08). A header named once more than it occurs cannot be added later without
/// breaking the signature: From and the list headers are named twice, Reply-To even when there is
/// none.
const SIGNED: [&str; 15] = [
    "From",
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Unsubscribe-Post",
];

/// Why a message is not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key file cannot be read.
    #[error(
        "cannot read the DKIM key in {path}: {why}; \
         set email.dkim_key_file to a PEM file with an RSA or Ed25519 private key"
    )]
    KeyFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Signing failed.
    #[error("the message cannot be signed: {0}")]
    Sign(#[from] mail_auth::Error),
    /// The signature does not fit on the message.
    #[error(transparent)]
    Message(#[from] MessageError),
}

/// A key with the name it is published under.
pub struct Signer(Key);

/// The public half of a signing key, for comparing it with what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA, as `RSAPublicKey` (RFC 8017 §A.1.1, DER).
    Rsa(Vec<u8>),
    /// Ed25519: 32 bytes (RFC 8463).
    Ed25519(Vec<u8>),
}

impl PublicKey {
    /// The public half of the private key in a PEM file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no key that signs.
    pub fn load(path: &Path) -> Result<Self, SignError> {
        let refuse = |why: String| SignError::KeyFile { path: path.display().to_string(), why };
        let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        Ok(match PrivateKey::from_pem(&pem).map_err(refuse)? {
            PrivateKey::Rsa(key) => Self::Rsa(key.public_key()),
            PrivateKey::Ed25519(key) => Self::Ed25519(key.public_key()),
        })
    }
}

enum PrivateKey {
    Rsa(RsaKey<Sha256>),
    Ed25519(Ed25519Key),
}

impl PrivateKey {
    fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|error| error.to_string())?;
        if let PrivateKeyDer::Pkcs8(pkcs8) = &der {
            // OpenSSL writes Ed25519 keys without their public half, hence "maybe unchecked".
            if let Ok(key) = Ed25519Key::from_pkcs8_maybe_unchecked_der(pkcs8.secret_pkcs8_der()) {
                return Ok(Self::Ed25519(key));
            }
        }
        RsaKey::from_key_der(der).map(Self::Rsa).map_err(|error| error.to_string())
    }
}

enum Key {
    Rsa(DkimSigner<RsaKey<Sha256>, Done>),
    Ed25519(DkimSigner<Ed25519Key, Done>),
}

impl Signer {
    /// The key in a PEM file: RSA as PKCS#8 or PKCS#1, Ed25519 as PKCS#8. Its public half is
    /// published at `<selector>._domainkey.<domain>`.
    pub fn load(domain: &str, selector: &str, path: &Path) -> Result<Self, SignError> {
        let refuse = |why: String| SignError::KeyFile { path: path.display().to_string(), why };
        let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
        Self::from_pem(domain, selector, &pem).map_err(refuse)
    }

    fn from_pem(domain: &str, selector: &str, pem: &[u8]) -> Result<Self, String> {
        Ok(Self(match PrivateKey::from_pem(pem)? {
            PrivateKey::Rsa(key) => {
                let signer = DkimSigner::from_key(key).domain(domain).selector(selector);
                Key::Rsa(signer.headers(SIGNED))
            }
            PrivateKey::Ed25519(key) => {
                let signer = DkimSigner::from_key(key).domain(domain).selector(selector);
                Key::Ed25519(signer.headers(SIGNED))
            }
        }))
    }

    /// The message with its signature on top (relaxed/relaxed, no `l=`). About a millisecond of
    /// CPU with a 2048-bit RSA key, a twentieth of that with Ed25519.
    pub fn sign(&self, message: &FinishedMessage) -> Result<FinishedMessage, SignError> {
        let signature = match &self.0 {
            Key::Rsa(signer) => signer.sign(message.as_bytes())?,
            Key::Ed25519(signer) => signer.sign(message.as_bytes())?,
        };
        Ok(message.with_header(&without_last_fold(signature.to_header()))?)
    }
}

/// mail-auth may break the line between the signature and the semicolon that ends it. The value of
/// `b=` counts as empty while it is hashed, blanks around it included (RFC 6376 §3.5), but some
/// verifiers, dkimpy among them, leave those blanks in and find the signature wrong.
fn without_last_fold(header: String) -> String {
    match header.strip_suffix("\r\n\t;\r\n") {
        Some(unbroken) => format!("{unbroken};\r\n"),
        None => header,
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Key::Rsa(_) => "Signer(RSA)",
            Key::Ed25519(_) => "Signer(Ed25519)",
        })
    }
}

#[cfg(test)]
#[path = "dkim_tests.rs"]
mod tests;
