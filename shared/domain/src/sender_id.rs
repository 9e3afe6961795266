//! Sender names of text messages: what the countries of the Gulf ask of them (compliance.md SMS-22,
//! SMS-24, V-12).

/// The most characters of a name (3GPP TS 23.040: an alphanumeric address has eleven).
const MOST_CHARACTERS: usize = 11;
/// What a promotional name begins with in the UAE.
const UAE_PREFIX: &str = "AD-";
/// What a promotional name ends with in Saudi Arabia, with or without a hyphen before it.
const SAUDI_SUFFIX: &str = "AD";
/// Where a number may not send promotions; official for Saudi Arabia and Kuwait, taken for the rest.
const GULF: &[&str] = &["AE", "BH", "KW", "OM", "QA", "SA"];

crate::words! {
    /// What a text message is for, as far as its sender matters.
    MessageClass, "class of message", {
        /// It advertises.
        Promotional = "promotional",
        /// Everything else.
        Transactional = "transactional",
    }
}

crate::words! {
    /// Where a sender name is registered.
    Registrar, "registrar of sender names", {
        /// e& (Etisalat), United Arab Emirates.
        EAnd = "e&",
        /// du, United Arab Emirates.
        Du = "du",
        /// The Saudi regulator, through an operator.
        SaudiArabia = "sa",
    }
}

/// Who sends, under which name.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The name or number that is shown.
    pub name: &'a str,
    /// Where the name is registered.
    pub registered: &'a [Registrar],
    /// The country the company is established in (ISO 3166-1 alpha-2).
    pub established_in: &'a str,
}

crate::words! {
    /// What is wrong with a sender.
    SenderProblem, "problem of a sender", {
        /// There is no name.
        Empty = "empty",
        /// More than eleven characters, a prefix included.
        TooLong = "too_long",
        /// The UAE want promotions to come from `AD-…`.
        PrefixMissing = "prefix_missing",
        /// Saudi Arabia wants promotions to come from `…-AD`.
        SuffixMissing = "suffix_missing",
        /// A number may not send promotions there.
        Numeric = "numeric",
        /// The name is not registered where it must be.
        NotRegistered = "not_registered",
        /// Companies from abroad may not send promotions there.
        ForeignCompany = "foreign_company",
        /// The prefix of promotions on a message that is none.
        PromotionalPrefix = "promotional_prefix",
    }
}

/// Whether a message may go out under the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderRuling {
    /// It may.
    Accept,
    /// It may, and somebody should look at the name.
    Warn(SenderProblem),
    /// Not under this name; another would do.
    Reject(SenderProblem),
    /// Not from this company, under whatever name.
    Block(SenderProblem),
}

/// Judges the sender of a message to a country (ISO 3166-1 alpha-2).
#[must_use]
pub fn check(country: &str, sender: &Sender<'_>, class: MessageClass) -> SenderRuling {
    let name = sender.name.trim();
    let is_numeric = name.starts_with('+') || name.bytes().all(|byte| byte.is_ascii_digit());
    if name.is_empty() {
        return SenderRuling::Reject(SenderProblem::Empty);
    }
    if !is_numeric && name.chars().count() > MOST_CHARACTERS {
        return SenderRuling::Reject(SenderProblem::TooLong);
    }
    match class {
        MessageClass::Transactional if country == "AE" && name.starts_with(UAE_PREFIX) => {
            SenderRuling::Warn(SenderProblem::PromotionalPrefix)
        }
        MessageClass::Transactional => SenderRuling::Accept,
        MessageClass::Promotional => promotional(country, name, is_numeric, sender),
    }
}

/// Whether `sender` is a name, which nobody can answer; a number and a short code can be.
#[must_use]
pub fn is_name(sender: &str) -> bool {
    let digits = sender.strip_prefix('+').unwrap_or(sender);
    !digits.is_empty() && !digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn promotional(country: &str, name: &str, is_numeric: bool, sender: &Sender<'_>) -> SenderRuling {
    if country == "SA" && sender.established_in != "SA" {
        return SenderRuling::Block(SenderProblem::ForeignCompany);
    }
    if is_numeric && GULF.contains(&country) {
        return SenderRuling::Reject(SenderProblem::Numeric);
    }
    let required: &[Registrar] = match country {
        "AE" if !name.starts_with(UAE_PREFIX) => {
            return SenderRuling::Reject(SenderProblem::PrefixMissing);
        }
        "SA" if !name.ends_with(SAUDI_SUFFIX) => {
            return SenderRuling::Reject(SenderProblem::SuffixMissing);
        }
        "AE" => &[Registrar::EAnd, Registrar::Du],
        "SA" => &[Registrar::SaudiArabia],
        _ => &[],
    };
    if required.iter().all(|registrar| sender.registered.contains(registrar)) {
        SenderRuling::Accept
    } else {
        SenderRuling::Reject(SenderProblem::NotRegistered)
    }
}
