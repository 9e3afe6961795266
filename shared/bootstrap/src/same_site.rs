//! Whether a form was sent from a page of ours (compliance.md SEC-04).
//!
//! It keeps other sites from sending a visitor's form. At the public edge nothing rests on it – who
//! sends a form must know the token –, at the console it is what stands against forged requests,
//! beside cookies that are not sent from other sites.

use axum::http::{HeaderMap, HeaderName, header};

/// What browsers say of the way a request came.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the headers of a POST allow that it was sent from a page at `public_url` or at the host it
/// was sent to. Pages that send no referrer send the origin "null", so that this one is no sign.
#[must_use]
pub fn is_own(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|it| it.to_str().unwrap_or("?"));
    if text(&FETCH_SITE).is_some_and(|site| !["same-origin", "none"].contains(&site)) {
        return false;
    }
    let Some(origin) = text(&header::ORIGIN).filter(|origin| *origin != "null") else {
        return true;
    };
    let host = |url: &str| {
        let (_, rest) = url.split_once("://")?;
        Some(rest.split('/').next().unwrap_or_default().to_ascii_lowercase())
    };
    let Some(from) = host(origin) else { return false };
    let asked = text(&header::HOST).map(str::to_ascii_lowercase);
    host(public_url).as_ref() == Some(&from) || asked.as_ref() == Some(&from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_told_from_ours() {
        for (origin, site, is) in [
            ("", "", true),
            ("null", "same-origin", true),
            ("null", "", true),
            ("https://u.example", "same-origin", true),
            ("https://U.EXAMPLE", "", true),
            ("http://inner:8080", "same-origin", true),
            ("https://evil.example", "", false),
            ("https://u.example.evil.example", "", false),
            ("https://evil.example", "same-origin", false),
            ("null", "cross-site", false),
            ("", "same-site", false),
            ("u.example", "", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "inner:8080".parse().unwrap());
            for (name, value) in [(header::ORIGIN, origin), (FETCH_SITE, site)] {
                if !value.is_empty() {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(is_own(&headers, "https://u.example"), is, "{origin} {site}");
        }
    }
}
