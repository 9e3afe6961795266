//! Twilio's signature: HMAC-SHA-1 over the address that was called and the sorted pairs of the form,
//! in base64 (compliance.md V-9).

use axum::http::HeaderName;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The header it stands in.
pub(super) const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// Whether `given` is the signature of the account with `token` over the outer address `url` and the
/// pairs of the form.
pub(super) fn is_signed(token: &str, url: &str, form: &[(String, String)], given: &str) -> bool {
    let Ok(given) = STANDARD.decode(given) else { return false };
    let mut pairs: Vec<&(String, String)> = form.iter().collect();
    pairs.sort();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes())
        .expect("HMAC takes a key of any length (RFC 2104)");
    mac.update(url.as_bytes());
    for (name, value) in pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    !token.is_empty() && mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const GIVEN: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    fn form() -> Vec<(String, String)> {
        let pairs = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
    }

    #[test]
    fn the_vector_of_v9_holds_in_any_order_of_the_pairs() {
        assert!(is_signed("12345", URL, &form(), GIVEN));
        let reversed: Vec<_> = form().into_iter().rev().collect();
        assert!(is_signed("12345", URL, &reversed, GIVEN));
    }

    #[test]
    fn every_negative_of_v9_is_refused() {
        let without = |name: &str| -> Vec<_> {
            form().into_iter().filter(|(known, _)| known != name).collect()
        };
        let port = "https://mycompany.com:443/myapp.php?foo=1&bar=2";
        for (token, url, form, given) in [
            ("12345", "http://mycompany.com/myapp.php?foo=1&bar=2", form(), GIVEN),
            ("12345", URL, without("Digits"), GIVEN),
            ("12345", port, form(), GIVEN),
            ("54321", URL, form(), GIVEN),
            ("", URL, form(), GIVEN),
            ("12345", URL, form(), ""),
            ("12345", URL, form(), "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
            ("12345", URL, form(), "not base64"),
        ] {
            assert!(!is_signed(token, url, &form, given), "{token} {url} {given}");
        }
    }
}
