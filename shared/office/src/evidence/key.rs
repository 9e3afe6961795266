//! The key that signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::hex;
use ring::signature::{Ed25519KeyPair, KeyPair};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A key that was made.
#[derive(Debug)]
pub struct MadeKey {
    /// PEM (PKCS #8), to be kept in a file that only its owner can read.
    pub pem: SecretString,
    /// In hexadecimal, to be kept elsewhere.
    pub public_key: String,
}

/// Makes a key.
///
/// # Errors
/// When the machine gives no random numbers.
pub fn make_key() -> anyhow::Result<MadeKey> {
    let random = ring::rand::SystemRandom::new();
    let bytes = Ed25519KeyPair::generate_pkcs8(&random)
        .map_err(|_| anyhow::anyhow!("the machine gives no random numbers"))?;
    let pair = Ed25519KeyPair::from_pkcs8(bytes.as_ref())
        .map_err(|_| anyhow::anyhow!("the key that was made cannot be read"))?;
    let pem = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(bytes.as_ref()));
    Ok(MadeKey { pem: pem.into(), public_key: public_key(&pair) })
}

/// The key in a PEM text; none when it holds none.
#[must_use]
pub fn read_key(pem: &SecretString) -> Option<Ed25519KeyPair> {
    let lines = pem.expose_secret().lines();
    let text: String = lines.filter(|line| !line.starts_with("-----")).collect();
    let bytes = SecretSlice::from(STANDARD.decode(text).ok()?);
    Ed25519KeyPair::from_pkcs8(bytes.expose_secret()).ok()
}

/// The public half, in hexadecimal.
#[must_use]
pub fn public_key(pair: &Ed25519KeyPair) -> String {
    hex::encode(pair.public_key().as_ref())
}
