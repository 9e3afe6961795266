//! Who a text may say it is from (compliance.md V-12, SMS-22, SMS-24). Whether a name is
//! registered with the operators only a register can tell; this module knows what needs none.

/// Length of an alphanumeric sender, any prefix included (3GPP TS 23.040 §9.1.2.5).
const LONGEST_NAME: usize = 11;
/// The mark in front of a promotional sender in the UAE (compliance.md SMS-22).
const UAE_PREFIX: &str = "AD-";
/// The mark at the end of a promotional sender in Saudi Arabia (compliance.md SMS-24).
const SAUDI_SUFFIX: &str = "AD";
/// Where promotional texts from a number are refused: known for SA and KW, assumed for the other
/// Gulf states (compliance.md V-12, last row).
const NO_NUMERIC_PROMOTION: [&str; 6] = ["SA", "KW", "AE", "QA", "BH", "OM"];

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Marketing.
    Promotional,
    /// Asked for by the recipient: an appointment, a document.
    Transactional,
}

/// What the rules say of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SenderVerdict {
    /// Nothing against it.
    Fine,
    /// Fine once it is registered in that country.
    FineIfRegistered,
    /// Allowed, but a person should look at it.
    Doubtful(&'static str),
    /// Not allowed; the text says why.
    Refused(&'static str),
}

/// Whether `sender` may be used for a text of that purpose to `recipient_country` by a team
/// established in `team_country` (both ISO 3166 alpha-2).
#[must_use]
pub fn judge_sender(
    sender: &str,
    purpose: Purpose,
    recipient_country: &str,
    team_country: &str,
) -> SenderVerdict {
    if sender.is_empty() {
        return SenderVerdict::Refused("no sender is set (sms.sender)");
    }
    let numeric = is_numeric(sender);
    let is_name = sender.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if !numeric && !is_name {
        return SenderVerdict::Refused("a sender name has characters outside ASCII");
    }
    if !numeric && sender.len() > LONGEST_NAME {
        return SenderVerdict::Refused("a sender name is longer than 11 characters");
    }
    match purpose {
        Purpose::Promotional => judge_promotion(sender, numeric, recipient_country, team_country),
        Purpose::Transactional if recipient_country == "AE" && sender.starts_with(UAE_PREFIX) => {
            SenderVerdict::Doubtful(
                "AD- marks a promotional sender, but the text is not promotional",
            )
        }
        Purpose::Transactional => SenderVerdict::Fine,
    }
}

fn judge_promotion(sender: &str, numeric: bool, country: &str, team: &str) -> SenderVerdict {
    if country == "SA" && team != "SA" {
        return SenderVerdict::Refused(
            "teams outside Saudi Arabia may only send service texts there, not promotions",
        );
    }
    if numeric && NO_NUMERIC_PROMOTION.contains(&country) {
        return SenderVerdict::Refused("promotions need a registered name here, not a number");
    }
    let name_after_mark = |rest: Option<&str>| rest.is_some_and(|name| !name.is_empty());
    match country {
        "AE" if name_after_mark(sender.strip_prefix(UAE_PREFIX)) => SenderVerdict::FineIfRegistered,
        "AE" => SenderVerdict::Refused("promotions in the UAE need a sender that begins with AD-"),
        "SA" if name_after_mark(sender.strip_suffix(SAUDI_SUFFIX)) => {
            SenderVerdict::FineIfRegistered
        }
        "SA" => SenderVerdict::Refused("promotions in Saudi Arabia need a sender that ends in -AD"),
        _ => SenderVerdict::Fine,
    }
}

fn is_numeric(sender: &str) -> bool {
    let digits = sender.strip_prefix('+').unwrap_or(sender);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::Purpose::{Promotional, Transactional};
    use super::*;

    fn word(verdict: &SenderVerdict) -> &'static str {
        match verdict {
            SenderVerdict::Fine => "fine",
            SenderVerdict::FineIfRegistered => "registered",
            SenderVerdict::Doubtful(_) => "doubtful",
            SenderVerdict::Refused(_) => "refused",
        }
    }

    #[test]
    fn senders_are_judged_as_the_rows_of_v_12_say() {
        let rows = [
            ("AE", "AD-EMAAR", Promotional, "AE", "registered"),
            ("AE", "AD-MARINAGATE", Promotional, "AE", "refused"),
            ("AE", "EMAAR", Promotional, "AE", "refused"),
            ("AE", "AD-EMAAR", Transactional, "AE", "doubtful"),
            ("SA", "RAFAL-AD", Promotional, "SA", "registered"),
            ("SA", "RAFAL", Promotional, "SA", "refused"),
            ("SA", "RAFAL-AD", Promotional, "AE", "refused"),
            ("SA", "RAFAL", Transactional, "AE", "fine"),
            ("SA", "+966112345678", Promotional, "SA", "refused"),
            ("KW", "+96522345678", Promotional, "KW", "refused"),
            ("KW", "98765", Promotional, "KW", "refused"),
            ("QA", "44123456", Promotional, "QA", "refused"),
            ("KW", "RAFAL", Promotional, "KW", "fine"),
            ("US", "+14155550100", Promotional, "US", "fine"),
            ("AE", "AD-", Promotional, "AE", "refused"),
            ("AE", "EMAAR", Transactional, "AE", "fine"),
            ("AE", "AD-ABCDEFGH", Promotional, "AE", "registered"),
            ("AE", "إعمار", Transactional, "AE", "refused"),
            ("AE", "", Transactional, "AE", "refused"),
        ];
        for (country, sender, purpose, team, expected) in rows {
            let verdict = judge_sender(sender, purpose, country, team);
            assert_eq!(word(&verdict), expected, "{country} {sender} {purpose:?}: {verdict:?}");
        }
    }
}
