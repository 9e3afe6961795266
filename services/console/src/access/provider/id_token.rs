//! ID tokens: who somebody is, in the provider's word (OpenID Connect Core 1.0 §3.1.3.7).
//!
//! RS256 and ES256 are read, which is what providers use; `none` and everything with a shared key is
//! refused, whatever the token says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 60;
/// A token longer than this is none.
const LONGEST: usize = 32 * 1024;

/// Why a token is not believed. Nothing of the token is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// It is no signed token.
    #[error("it is no signed token")]
    Form,
    /// It is signed by other means than RS256 and ES256.
    #[error("it is signed by other means than RS256 and ES256")]
    Algorithm,
    /// Its key is not among the provider's.
    #[error("its key is not among the provider's")]
    UnknownKey,
    /// The signature is not right.
    #[error("its signature is not right")]
    Signature,
    /// Another issuer.
    #[error("it is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another client")]
    Audience,
    /// It is too old, or of the future.
    #[error("it is not of now; compare the clocks")]
    Time,
    /// It answers another question.
    #[error("it answers another question")]
    Nonce,
}

/// A key of the provider (RFC 7517).
#[derive(Debug, Clone, Deserialize)]
pub struct Key {
    kty: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// The provider's keys.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Keys {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
}

/// One client, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What a token says.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: i64,
    iat: i64,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(flatten)]
    person: Person,
}

/// What is known of the person; the token need not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// The email address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the provider has verified it.
    #[serde(default, deserialize_with = "truth")]
    pub email_verified: bool,
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
}

/// Some providers write `"true"`.
fn truth<'de, D: serde::Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(value)?;
    Ok(value == true || value == "true")
}

/// Who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account at the provider.
    pub subject: String,
    /// What is known of the person.
    pub person: Person,
}

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// Us.
    pub client_id: &'a str,
    /// What we asked with.
    pub nonce: &'a str,
    /// Now, in seconds.
    pub now: i64,
}

/// Who a token speaks of, if it can be believed.
///
/// # Errors
/// Why not. [`TokenRefused::UnknownKey`] may mean that the provider has changed its keys.
pub fn read(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Account, TokenRefused> {
    if token.len() > LONGEST {
        return Err(TokenRefused::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenRefused::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(TokenRefused::Form)?;
    let header: Header = part(header)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenRefused::Form)?;
    is_signed(&header, signed.as_bytes(), &signature, keys)?;
    let claims: Claims = part(claims)?;
    check(&claims, expected)?;
    Ok(Account { subject: claims.sub, person: claims.person })
}

fn part<T: DeserializeOwned>(text: &str) -> Result<T, TokenRefused> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenRefused::Form)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenRefused::Form)
}

/// Whether one of the keys that may have signed did. The kind of key is chosen by us, not by the
/// token.
fn is_signed(
    header: &Header,
    signed: &[u8],
    signature: &[u8],
    keys: &Keys,
) -> Result<(), TokenRefused> {
    let kind = match header.alg.as_str() {
        "RS256" => "RSA",
        "ES256" => "EC",
        _ => return Err(TokenRefused::Algorithm),
    };
    let may_be = |key: &&Key| {
        key.kty == kind
            && key.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
            && (header.kid.is_none() || key.kid == header.kid)
    };
    let mut candidates = keys.keys.iter().filter(may_be).peekable();
    if candidates.peek().is_none() {
        return Err(TokenRefused::UnknownKey);
    }
    let fits = |key: &Key| has_signed(key, signed, signature).unwrap_or(false);
    if candidates.any(fits) { Ok(()) } else { Err(TokenRefused::Signature) }
}

/// Nothing for a key that is none.
fn has_signed(key: &Key, signed: &[u8], signature: &[u8]) -> Option<bool> {
    let number = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
    if key.kty == "RSA" {
        let (n, e) = (number(&key.n)?, number(&key.e)?);
        let key = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
        return Some(key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok());
    }
    if key.crv.as_deref() != Some("P-256") {
        return None;
    }
    // An uncompressed point (SEC 1, 2.3.3).
    let point = [&[4_u8][..], &number(&key.x)?, &number(&key.y)?].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    Some(key.verify(signed, signature).is_ok())
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), TokenRefused> {
    if claims.iss != expected.issuer {
        return Err(TokenRefused::Issuer);
    }
    let is_for_us = match &claims.aud {
        Audience::One(one) => one == expected.client_id,
        Audience::Several(several) => {
            several.iter().any(|one| one == expected.client_id)
                && (several.len() == 1 || claims.azp.is_some())
        }
    };
    let is_by_us = claims.azp.as_deref().is_none_or(|azp| azp == expected.client_id);
    if !is_for_us || !is_by_us {
        return Err(TokenRefused::Audience);
    }
    if claims.exp <= expected.now - LEEWAY || claims.iat > expected.now + LEEWAY {
        return Err(TokenRefused::Time);
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(TokenRefused::Nonce);
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 {
        return Err(TokenRefused::Form);
    }
    Ok(())
}
