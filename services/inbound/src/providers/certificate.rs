//! What is needed of a certificate that an operator has put into a folder: its RSA key, and from
//! when to when it is valid (RFC 5280 §4.1). Whether to trust it was decided when it was put there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, Utc};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017 appendix C).
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

/// A certificate with an RSA key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The key as an RSAPublicKey (RFC 8017 appendix A.1.1).
    key: Vec<u8>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
}

impl Certificate {
    /// The first certificate of a PEM file.
    pub(super) fn from_pem(pem: &str) -> Option<Self> {
        let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
        let (base64, _) = rest.split_once("-----END CERTIFICATE-----")?;
        let base64: String = base64.split_ascii_whitespace().collect();
        Self::from_der(&STANDARD.decode(base64).ok()?)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).take(SEQUENCE)?);
        let mut fields = Der(certificate.take(SEQUENCE)?);
        if fields.0.first() == Some(&VERSION) {
            fields.take(VERSION)?;
        }
        fields.take(INTEGER)?;
        let (_signature, _issuer) = (fields.take(SEQUENCE)?, fields.take(SEQUENCE)?);
        let mut validity = Der(fields.take(SEQUENCE)?);
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let _subject = fields.take(SEQUENCE)?;
        let mut public_key = Der(fields.take(SEQUENCE)?);
        let mut algorithm = Der(public_key.take(SEQUENCE)?);
        if algorithm.take(OBJECT_IDENTIFIER)? != RSA {
            return None;
        }
        // The first byte counts the bits that are not used; a key has none.
        let key = public_key.take(BIT_STRING)?.strip_prefix(&[0])?.to_vec();
        Some(Self { key, not_before, not_after })
    }

    /// Whether it is valid at `now`.
    pub(super) fn is_valid_at(&self, now: DateTime<Utc>) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// Whether `signature` is its key's over `text` (RSASSA-PKCS1-v1_5 with SHA-256).
    pub(super) fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key);
        key.verify(text, signature).is_ok()
    }
}

/// Bytes in DER (X.690), read from the front.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next value, if it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7F => (usize::from(*first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (*found == tag).then_some(content)
    }

    /// The next value, which is a time in UTC; years of two digits are of 1950 … 2049.
    fn time(&mut self) -> Option<DateTime<Utc>> {
        let tag = *self.0.first()?;
        let text = std::str::from_utf8(self.take(tag)?).ok()?;
        let text = match tag {
            UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
            UTC_TIME => format!("19{text}"),
            GENERALIZED_TIME => text.to_owned(),
            _ => return None,
        };
        Some(NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?.and_utc())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const PEM: &str = include_str!("../../tests/keys/sns.pem");

    #[test]
    fn a_certificate_of_openssl_is_read() {
        let certificate = Certificate::from_pem(PEM).unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert!(certificate.is_valid_at(at("2026-06-01T00:00:00Z")));
        assert!(!certificate.is_valid_at(at("2020-01-01T00:00:00Z")));
        assert!(!certificate.is_valid_at(at("2200-01-01T00:00:00Z")));
    }

    #[test]
    fn what_is_cut_off_anywhere_is_none() {
        let body = PEM.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let der = STANDARD.decode(body).unwrap();
        for end in 0..der.len() {
            assert_eq!(Certificate::from_der(&der[..end]), None, "{end}");
        }
        assert!(Certificate::from_der(&der).is_some());
        assert_eq!(Certificate::from_pem("-----BEGIN CERTIFICATE-----\n%\n"), None);
    }
}
