//! The languages people are spoken to in.

crate::words! {
    /// A language of templates, plans and pages.
    Locale, "locale", {
        /// English, left to right.
        En = "en",
        /// Arabic, right to left.
        Ar = "ar",
    }
}

impl Locale {
    /// The value of HTML's `dir` attribute.
    #[must_use]
    pub const fn direction(self) -> &'static str {
        match self {
            Self::En => "ltr",
            Self::Ar => "rtl",
        }
    }

    /// The best of ours in an `Accept-Language` header (RFC 9110 §12.5.4); of equals the first.
    #[must_use]
    pub fn preferred(accepted: &str) -> Option<Self> {
        let mut best = None;
        for range in accepted.split(',') {
            let mut parts = range.split(';');
            let Some(locale) = parts.next().and_then(Self::of_tag) else { continue };
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0));
            if weight > best.map_or(0.0, |(weight, _)| weight) {
                best = Some((weight, locale));
            }
        }
        best.map(|(_, locale)| locale)
    }

    /// Ours for a language tag (RFC 5646): "ar-AE" is Arabic.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.iter().copied().find(|locale| locale.as_str().eq_ignore_ascii_case(primary))
    }
}
