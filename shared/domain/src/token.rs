//! Signed tokens: what stands in the links of a message (compliance.md SEC-01, V-9).
//!
//! A token is `b64url(payload) "." b64url(MAC)` with MAC = HMAC-SHA-256(secret,
//! `<purpose>:v1:` + b64url(payload)). It is opaque to those who see it: the payload carries keyed
//! hashes and ids, never an address. The purpose is under the MAC, so that a token made for one
//! purpose cannot serve another. Unsubscribe tokens never expire, and keys that have been replaced
//! keep verifying (compliance.md EML-05): an old message's link must still work.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::address::AddressKey;
use crate::channel::ContactChannel;
use crate::ids::{TestSendId, TouchId};

/// Where unsubscribe links point, below the public address: the token follows at once (`/u/{token}`).
pub const UNSUBSCRIBE_PATH: &str = "/u/";

/// Where the preference page is, below the public address, with the same token (`/p/{token}`).
pub const PREFERENCES_PATH: &str = "/p/";

/// The longest token that is looked at, in bytes; the ones made here are a quarter as long.
const TOKEN_BYTES: usize = 1024;

/// Bytes of a whole MAC.
const MAC_BYTES: usize = 32;

crate::words! {
    /// What a token is for; part of what is signed.
    Purpose, "token purpose", {
        /// Taking an address off by link or one-click POST (RFC 8058).
        Unsubscribe = "unsub",
        /// Taking back one's own unsubscribe (compliance.md EML-27).
        Undo = "undo",
        /// A tracked click.
        Click = "click",
        /// A return path (compliance.md BNC-08).
        ReturnPath = "verp",
        /// An address that takes whoever it was made for off when something is mailed to it (RFC 2369).
        UnsubscribeMail = "unsub-mail",
        /// A feedback id of a complaint (RFC 9477).
        Feedback = "cfbl",
        /// Between the two steps of signing in to the console.
        SecondFactor = "factor",
        /// Where a page of the API's lists ended.
        Cursor = "cursor",
        /// The links of a test, which take nobody off.
        Test = "test",
        /// A browser with which somebody once came in.
        KnownBrowser = "browser",
    }
}

/// A token that was not signed here for the purpose. One error for everything that can be wrong,
/// so that the answer tells nobody how far a forgery got (compliance.md SEC-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct BadToken;

/// The deployment's signing key and the ones it used before.
#[derive(Clone)]
pub struct TokenKeys {
    current_id: String,
    /// The current key first; the others only verify.
    keys: Vec<Hmac<Sha256>>,
}

impl TokenKeys {
    /// Keys that sign with `secret`, known in payloads as `key_id`; any length of secret is legal
    /// (RFC 2104).
    #[must_use]
    pub fn new(key_id: impl Into<String>, secret: &[u8]) -> Self {
        Self { current_id: key_id.into(), keys: vec![keyed(secret)] }
    }

    /// The same keys, verifying also what was signed with `secret` before it was replaced.
    #[must_use]
    pub fn with_old(mut self, secret: &[u8]) -> Self {
        self.keys.push(keyed(secret));
        self
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn current_id(&self) -> &str {
        &self.current_id
    }

    /// The token for a payload, which anybody who holds the token can read.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, payload: &str) -> String {
        let mut token = URL_SAFE_NO_PAD.encode(payload);
        let mac = mac(&self.keys[0], purpose, &token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(mac, &mut token);
        token
    }

    /// The payload of a token signed here for `purpose`, with the current key or an old one.
    ///
    /// Every key is tried to the end, so that the time taken depends on the number of keys and the
    /// length of the token alone.
    pub fn verify(&self, purpose: Purpose, token: &str) -> Result<String, BadToken> {
        if token.len() > TOKEN_BYTES {
            return Err(BadToken);
        }
        let (payload, given) = token.split_once('.').ok_or(BadToken)?;
        let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| BadToken)?;
        if given.len() != MAC_BYTES || !self.has_made(purpose, payload, &given) {
            return Err(BadToken);
        }
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| BadToken)?;
        String::from_utf8(payload).map_err(|_| BadToken)
    }

    /// The current key's MAC over a text, for formats that have less room than a token.
    pub(crate) fn mac(&self, purpose: Purpose, text: &str) -> [u8; MAC_BYTES] {
        mac(&self.keys[0], purpose, text)
    }

    /// Whether `given`, the beginning of a MAC as long as the format keeps it, was made here over the
    /// text for the purpose. The caller has checked its length.
    pub(crate) fn has_made(&self, purpose: Purpose, text: &str, given: &[u8]) -> bool {
        let is_ours = self.keys.iter().fold(Choice::from(0), |is_ours, key| {
            let mac = mac(key, purpose, text);
            is_ours | mac[..given.len().min(MAC_BYTES)].ct_eq(given)
        });
        bool::from(is_ours)
    }
}

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenKeys({}, {} old)", self.current_id, self.keys.len() - 1)
    }
}

/// What an unsubscribe link says: which address, on which channel, by which touch. It can only
/// suppress that address (compliance.md SEC-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnsubscribeToken {
    /// The key of the address the message went to.
    pub address_key: AddressKey,
    /// The channel the message came by.
    pub channel: ContactChannel,
    /// The touch the link stood in; `None` for a link made outside of a touch.
    pub touch: Option<TouchId>,
}

/// The payload, version 1. The names are short because they stand in every link.
#[derive(Serialize, Deserialize)]
struct Payload {
    /// Version.
    v: u8,
    /// Id of the key that signed; for people who look into an old link. All keys are tried.
    k: String,
    /// Address key.
    a: String,
    /// Contact channel.
    ch: ContactChannel,
    /// What of the channel: everything. There are no topics yet.
    s: String,
    /// Touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<TouchId>,
}

impl UnsubscribeToken {
    /// The signed token, as it stands in a link.
    #[must_use]
    pub fn encode(&self, keys: &TokenKeys) -> String {
        let payload = Payload {
            v: 1,
            k: keys.current_id().to_owned(),
            a: URL_SAFE_NO_PAD.encode(self.address_key.as_bytes()),
            ch: self.channel,
            s: "all".to_owned(),
            m: self.touch,
        };
        let payload = serde_json::to_string(&payload)
            .expect("a struct of strings and numbers always has a JSON form");
        keys.sign(Purpose::Unsubscribe, &payload)
    }

    /// What a token says, if it was signed here for unsubscribing. It may be of any age.
    pub fn decode(keys: &TokenKeys, token: &str) -> Result<Self, BadToken> {
        let payload = keys.verify(Purpose::Unsubscribe, token)?;
        let payload: Payload = serde_json::from_str(&payload).map_err(|_| BadToken)?;
        if payload.v != 1 {
            return Err(BadToken);
        }
        let address_key = URL_SAFE_NO_PAD.decode(&payload.a).map_err(|_| BadToken)?;
        Ok(Self {
            address_key: AddressKey::from_bytes(&address_key).ok_or(BadToken)?,
            channel: payload.ch,
            touch: payload.m,
        })
    }
}

/// What stands in the links of a test where a message has an [`UnsubscribeToken`]. It names the test and
/// no address, and is signed for a purpose of its own: whoever uses it takes nobody off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestToken(pub TestSendId);

impl TestToken {
    /// The signed token, as it stands in a link.
    #[must_use]
    pub fn encode(self, keys: &TokenKeys) -> String {
        keys.sign(Purpose::Test, &self.0.to_string())
    }

    /// What a token says, if it was signed here for a test.
    pub fn decode(keys: &TokenKeys, token: &str) -> Result<Self, BadToken> {
        let payload = keys.verify(Purpose::Test, token)?;
        payload.parse().map(Self).map_err(|_| BadToken)
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes a key of any length (RFC 2104)")
}

fn mac(key: &Hmac<Sha256>, purpose: Purpose, payload: &str) -> [u8; MAC_BYTES] {
    let mut mac = key.clone();
    mac.update(purpose.as_str().as_bytes());
    mac.update(b":v1:");
    mac.update(payload.as_bytes());
    mac.finalize().into_bytes().into()
}
