//! The closed sets of the domain in the words of people, in English and Arabic: what the command
//! line tells and the console shows. Words stand alone (labels, badges); sentences are built where
//! they are told.

mod contact;
mod desk;
mod law;
mod list;
mod reason;
mod rule;
mod touch;

use domain::Locale;

pub use contact::{address_kind, contact_status, group, language, level};
pub use desk::{attention, left, resolution};
pub use law::{
    breaker, legal_basis, pause_scope, privacy_law, registry, registry_verdict, request_kind,
    request_step,
};
pub use list::{list_action, origin, purpose, scope, suppression_reason};
pub use reason::{reason, reason_code};
pub use rule::{hours, rule};
pub use touch::{
    channel, contact_channel, enrolment_state, led_to, medium, task_outcome, touch_state, zone_rule,
};

/// Declares the words of a closed set: exhaustive, so that a new member is not forgotten.
macro_rules! bilingual {
    ($(#[$meta:meta])* $name:ident($set:ident) { $($variant:ident => $en:literal, $ar:literal;)+ }) => {
        $(#[$meta])*
        #[must_use]
        pub const fn $name(word: $set, locale: domain::Locale) -> &'static str {
            let (en, ar) = match word { $($set::$variant => ($en, $ar)),+ };
            $crate::words::pick(locale, en, ar)
        }
    };
}
use bilingual;

/// The text in the reader's language.
#[must_use]
pub const fn pick(locale: Locale, en: &'static str, ar: &'static str) -> &'static str {
    match locale {
        Locale::En => en,
        Locale::Ar => ar,
    }
}

/// A text that is not of the sentence's own language – a name, an id, a key – so that it keeps its
/// own direction within an Arabic sentence: between Unicode's isolates, whatever it holds. Isolates of its
/// own stay where each is closed.
#[must_use]
pub fn embedded(text: &str, locale: Locale) -> String {
    if locale == Locale::En {
        return text.to_owned();
    }
    let is_closed = is_closed(text);
    let turns = |c: &char| match c {
        '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{2069}' => !is_closed,
        _ => false,
    };
    let own: String = text.chars().filter(|c| !turns(c)).collect();
    format!("\u{2068}{own}\u{2069}")
}

/// Whether every isolate that a text begins is ended, and no other.
fn is_closed(text: &str) -> bool {
    let mut open = 0_u32;
    for letter in text.chars() {
        open = match letter {
            '\u{2066}'..='\u{2068}' => open + 1,
            '\u{2069}' if open == 0 => return false,
            '\u{2069}' => open - 1,
            _ => open,
        };
    }
    open == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_embedded_cannot_turn_the_sentence_around_it() {
        assert_eq!(embedded("a\u{2069}b\u{202e}", Locale::Ar), "\u{2068}ab\u{2069}");
        assert_eq!(embedded("a\u{2066}b", Locale::Ar), "\u{2068}ab\u{2069}");
        let own = "خطة \u{2066}12 Direct\u{2069}";
        assert_eq!(embedded(own, Locale::Ar), format!("\u{2068}{own}\u{2069}"));
        assert_eq!(embedded("8x8", Locale::En), "8x8");
    }
}
