//! Which language a page is in: as asked for by `?lang=`, else as the browser prefers, else the
//! team's.

use axum::http::{HeaderMap, Uri, header};
use domain::Locale;

/// The language for a request.
pub(crate) fn chosen(uri: &Uri, headers: &HeaderMap, usual: Locale) -> Locale {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let asked = query.filter(|(name, _)| name == "lang").find_map(|(_, tag)| Locale::of_tag(&tag));
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    asked.or_else(|| Locale::preferred(accepted?)).unwrap_or(usual)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_query_wins_over_the_browser_and_the_browser_over_the_team() {
        for (uri, accepted, usual, expected) in [
            ("/u/t", "", Locale::En, Locale::En),
            ("/u/t", "", Locale::Ar, Locale::Ar),
            ("/u/t", "fr-FR, de;q=0.5", Locale::Ar, Locale::Ar),
            ("/u/t", "ar-AE,en;q=0.8", Locale::En, Locale::Ar),
            ("/u/t", "en;q=0.3, ar;q=0.9", Locale::En, Locale::Ar),
            ("/u/t", "ar;q=0, en;q=0.1", Locale::Ar, Locale::En),
            ("/u/t", "ar;q=zero", Locale::En, Locale::En),
            ("/u/t?lang=en", "ar", Locale::Ar, Locale::En),
            ("/u/t?utm_source=x&lang=AR-eg", "en", Locale::En, Locale::Ar),
            ("/u/t?lang=fr", "ar", Locale::En, Locale::Ar),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(chosen(&uri, &headers, usual), expected, "{uri} {accepted}");
        }
    }
}
