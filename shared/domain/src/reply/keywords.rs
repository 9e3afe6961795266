//! Keywords: whole messages that decide by themselves (compliance.md SMS-01, SMS-04, V-3).
//!
//! The English ones are those of the FCC, the CTIA and the large gateways; for the others no
//! regulator has a list, they are what senders in those languages recognise.

use super::{Action, OptOutScope};

/// Normalised messages that end text messages to the number.
#[rustfmt::skip] // One language to a line.
const OPT_OUT: &[&str] = &[
    // English.
    "stop", "quit", "end", "revoke", "opt out", "optout", "cancel", "unsubscribe",
    // Arabic.
    "ايقاف", "الغاء", "الغاء الاشتراك", "الغاء اشتراك", "توقف", "قف", "اوقف",
    // French; NFKC keeps the accent of those who write it.
    "arret", "arrêt", "desabonner", "désabonner", "stop pub",
    // Spanish.
    "alto", "baja", "parar", "cancelar", "detener",
];

/// Normalised messages that take the whole person off.
const OPT_OUT_PERSON: &[&str] = &["stopall", "stop all"];

/// Normalised messages that ask for help.
const HELP: &[&str] = &["help", "info", "مساعدة", "مساعده", "aide", "ayuda"];

/// Normalised messages that bring back who left by keyword. YES is none (compliance.md SMS-08).
const OPT_IN: &[&str] = &["start", "unstop", "اشتراك", "تفعيل", "ابدا"];

/// What a normalised message says, if the whole of it is a keyword.
pub(super) fn find(normalised: &str) -> Option<(Action, Option<OptOutScope>)> {
    let is = |keywords: &[&str]| keywords.contains(&normalised);
    if is(OPT_OUT) {
        Some((Action::OptOut, Some(OptOutScope::Sms)))
    } else if is(OPT_OUT_PERSON) {
        Some((Action::OptOut, Some(OptOutScope::Person)))
    } else if is(HELP) {
        Some((Action::Help, None))
    } else if is(OPT_IN) {
        Some((Action::OptIn, None))
    } else {
        None
    }
}
