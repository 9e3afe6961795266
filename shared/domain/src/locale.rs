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
}
