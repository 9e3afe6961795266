//! The texts that answer STOP, START and HELP (compliance.md SMS-05 … SMS-07, V-3), as data, and in
//! which language a message is answered.

use jiff::SignedDuration;

use crate::arrival::AnswerKind;

/// So long after a message its answer may still leave (SMS-05).
pub const ANSWER_WITHIN: SignedDuration = SignedDuration::from_mins(5);

crate::words! {
    /// A language we answer in.
    Language, "language of an answer", {
        /// English, and every language we cannot tell.
        English = "en",
        /// Arabic.
        Arabic = "ar",
        /// French.
        French = "fr",
        /// Spanish.
        Spanish = "es",
    }
}

impl Language {
    /// The language a normalised message is in, as far as it shows.
    #[must_use]
    pub fn of(normalised: &str) -> Self {
        if normalised.chars().any(|letter| matches!(letter, '\u{600}'..='\u{6ff}')) {
            return Self::Arabic;
        }
        let has = |words: &[&str]| normalised.split(' ').any(|word| words.contains(&word));
        if has(FRENCH) {
            Self::French
        } else if has(SPANISH) {
            Self::Spanish
        } else {
            Self::English
        }
    }
}

/// Words that no message in English has. Both spellings, because accents are taken off.
const FRENCH: &[&str] = &["arret", "arrêt", "arreter", "arretez", "aide", "vous", "merci"];
const SPANISH: &[&str] = &["alto", "ayuda", "baja", "mas", "más", "gracias", "mensajes"];

/// The answer, in clear: no link and no offer. `brand` is the sender as recipients know it, `contact`
/// an address or number a person answers at; either may be empty.
#[must_use]
pub fn answer(kind: AnswerKind, language: Language, brand: &str, contact: &str) -> String {
    let text = text(kind, language);
    let text =
        if contact.is_empty() { without_sentence(text, "{contact}") } else { text.to_owned() };
    let text = if brand.is_empty() { text.replacen("{brand}: ", "", 1) } else { text };
    text.replace("{brand}", brand).replace("{contact}", contact)
}

/// A text without the sentence that has `field`.
fn without_sentence(text: &str, field: &str) -> String {
    let sentences = text.split_inclusive(". ").filter(|sentence| !sentence.contains(field));
    sentences.collect()
}

const fn text(kind: AnswerKind, language: Language) -> &'static str {
    use AnswerKind::{Help, Start, Stop};
    use Language::{Arabic, English, French, Spanish};
    match (kind, language) {
        (Stop, English) => {
            "{brand}: you are unsubscribed and will get no more texts. Reply START to rejoin."
        }
        (Stop, Arabic) => "{brand}: تم إلغاء اشتراكك ولن تصلك رسائل أخرى.",
        (Stop, French) => {
            "{brand}: vous êtes désinscrit et ne recevrez plus de SMS. Répondez START pour revenir."
        }
        (Stop, Spanish) => {
            "{brand}: ha cancelado la suscripción y no recibirá más SMS. Responda START para volver."
        }
        (Start, English) => {
            "{brand}: you will get our texts again. Reply STOP to end, HELP for help."
        }
        (Start, Arabic) => "{brand}: ستصلك رسائلنا من جديد. أرسل إيقاف لإيقافها أو مساعدة للمساعدة.",
        (Start, French) => {
            "{brand}: vous recevrez à nouveau nos SMS. Répondez STOP pour arrêter, HELP pour de l'aide."
        }
        (Start, Spanish) => {
            "{brand}: volverá a recibir nuestros SMS. Responda STOP para cancelar, HELP para ayuda."
        }
        (Help, English) => "{brand}: texts about property. Contact: {contact}. Reply STOP to end.",
        (Help, Arabic) => "{brand}: رسائل عن العقارات. للتواصل: {contact}. أرسل إيقاف لإيقافها.",
        (Help, French) => {
            "{brand}: SMS sur l'immobilier. Contact : {contact}. Répondez STOP pour arrêter."
        }
        (Help, Spanish) => {
            "{brand}: SMS sobre inmuebles. Contacto: {contact}. Responda STOP para cancelar."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::normalise;
    use super::*;

    #[test]
    fn the_confirmations_of_v_3_are_these() {
        let stop = |language| answer(AnswerKind::Stop, language, "Palm Realty", "x@palm.example");
        assert_eq!(
            stop(Language::English),
            "Palm Realty: you are unsubscribed and will get no more texts. Reply START to rejoin."
        );
        assert_eq!(stop(Language::Arabic), "Palm Realty: تم إلغاء اشتراكك ولن تصلك رسائل أخرى.");
    }

    #[test]
    fn no_answer_has_a_link_or_a_field_left_and_help_says_who_where_and_how_to_stop() {
        for kind in AnswerKind::ALL {
            for language in Language::ALL {
                let text = answer(*kind, *language, "Palm", "x@palm.example");
                assert!(text.starts_with("Palm: "), "{text}");
                assert!(!text.contains('{') && !text.contains("http"), "{text}");
                let help = *kind == AnswerKind::Help;
                assert_eq!(text.contains("x@palm.example"), help, "{text}");
                let says_stop = text.contains("STOP") || text.contains("إيقاف");
                assert!(says_stop || *kind == AnswerKind::Stop, "{text}");
            }
        }
        assert_eq!(
            answer(AnswerKind::Help, Language::English, "", ""),
            "texts about property. Reply STOP to end."
        );
    }

    #[test]
    fn a_message_is_answered_in_its_language_and_else_in_english() {
        for (message, language) in [
            ("STOP", Language::English),
            ("arrêt", Language::French),
            ("ARRET", Language::French),
            ("no más", Language::Spanish),
            ("إيقاف", Language::Arabic),
            ("停止", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of(&normalise(message)), language, "{message}");
        }
    }
}
