//! Signed evidence: a JSON document whose last member is a signature (Ed25519, RFC 8032) over every
//! byte before it. What follows the signed bytes is written in one form alone, so that no byte of the
//! file can change unseen (compliance.md AUD-09).

use domain::hex;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::Value;

/// What stands between the evidence and its signature.
const BORDER: &str = ",\n\"signature\": ";

/// Why a bundle is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// It has not the form of a bundle.
    #[error("this is no evidence bundle, or it was changed: it has not the form of one")]
    Form,
    /// The signature does not fit the bytes.
    #[error("the signature does not fit: the bundle was changed after it was signed")]
    Signature,
}

/// A bundle whose signature fits.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What was signed.
    pub evidence: Value,
    /// The public key that fits, in hexadecimal; whose it is must be known from elsewhere.
    pub public_key: String,
}

/// The bundle with its signature.
///
/// # Errors
/// When the evidence cannot be written as JSON.
pub fn sign(evidence: &Value, key: &Ed25519KeyPair) -> serde_json::Result<String> {
    let signed = format!("{{\"evidence\": {}", serde_json::to_string_pretty(evidence)?);
    let signature = key.sign(signed.as_bytes());
    let public_key = hex::encode(key.public_key().as_ref());
    Ok(signed + &tail(&public_key, &hex::encode(signature.as_ref())))
}

/// Checks a bundle.
///
/// # Errors
/// Why it is not to be believed.
pub fn verify(bundle: &str) -> Result<Verified, Forged> {
    let (signed, rest) = bundle.rsplit_once(BORDER).ok_or(Forged::Form)?;
    let json: Value = serde_json::from_str(bundle).map_err(|_| Forged::Form)?;
    let word = |name: &str| json["signature"][name].as_str().unwrap_or_default().to_owned();
    let (public_key, value) = (word("public_key"), word("value"));
    if tail(&public_key, &value) != format!("{BORDER}{rest}") {
        return Err(Forged::Form);
    }
    let bytes = |text: &str| hex::decode(text).ok_or(Forged::Form);
    UnparsedPublicKey::new(&ED25519, bytes(&public_key)?)
        .verify(signed.as_bytes(), &bytes(&value)?)
        .map_err(|_| Forged::Signature)?;
    Ok(Verified { evidence: json["evidence"].clone(), public_key })
}

fn tail(public_key: &str, value: &str) -> String {
    format!(
        "{BORDER}{{\"algorithm\": \"Ed25519\", \"public_key\": \"{public_key}\", \"value\": \
         \"{value}\"}}}}\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn any_changed_byte_is_found() {
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let evidence = serde_json::json!({ "who": "ليلى", "n": [1, 2], "trap": "\"signature\": " });
        let bundle = sign(&evidence, &key).unwrap();
        let verified = verify(&bundle).unwrap();
        assert_eq!(verified.evidence, evidence);
        assert_eq!(verified.public_key, hex::encode(key.public_key().as_ref()));
        for at in 0..bundle.len() {
            let mut bytes = bundle.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(verify(&changed).is_err(), "byte {at} of {changed}");
            }
        }
        assert_eq!(verify(&format!("{bundle} ")).unwrap_err(), Forged::Form);
        assert_eq!(verify("{}").unwrap_err(), Forged::Form);
    }
}
