//! What the proof of a legal basis needs.

use domain::Locale;
use storage::StorageError;

use crate::words::pick;

/// What a record of a legal basis lacks; the database asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    /// A consent: the text that was shown, and what the person did.
    Shown,
    /// A legitimate interest: its weighing.
    Weighing,
    /// An implied consent: its end.
    End,
    /// It would end before it was given.
    Time,
    /// Where it was given.
    Source,
}

impl Lacking {
    /// What is lacking, where that is why the database refused a record.
    #[must_use]
    pub fn of(error: &StorageError) -> Option<Self> {
        Some(match error.constraint()? {
            "consents_consent_shown" => Self::Shown,
            "consents_interest_weighed" => Self::Weighing,
            "consents_implied_ends" => Self::End,
            "consents_ends_after" => Self::Time,
            "consents_source_present" => Self::Source,
            _ => return None,
        })
    }

    /// What is lacking, for people.
    #[must_use]
    pub const fn in_words(self, locale: Locale) -> &'static str {
        let (english, arabic) = match self {
            Self::Shown => (
                "a consent needs the text that was shown and what was done",
                "تحتاج الموافقة إلى النص الذي عُرض وما قام به الشخص",
            ),
            Self::Weighing => (
                "a legitimate interest needs its weighing: a document and its day",
                "تحتاج المصلحة المشروعة إلى تقييمها: وثيقة وتاريخها",
            ),
            Self::End => {
                ("an implied consent ends: say when", "للموافقة الضمنية نهاية: اذكر تاريخها")
            }
            Self::Time => ("it would end before it was given", "ستنتهي قبل أن تُمنح"),
            Self::Source => ("it is not said where it was given", "لم يُذكر أين مُنحت"),
        };
        pick(locale, english, arabic)
    }
}

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.in_words(Locale::En))
    }
}
