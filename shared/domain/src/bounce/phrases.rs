//! The versioned list of phrases that decide where no code does (compliance.md V-4 row 30).

/// The version of the list; it goes up with every change, so that a decision can be traced to the
/// phrases it was made by.
pub const PHRASE_LIST_VERSION: u16 = 1;

/// What a phrase says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phrase {
    NotAuthenticated,
    RecipientBlocks,
    RelayDenied,
    SenderBlocked,
    TooBig,
    MailboxFull,
    NoSuchMailbox,
}

/// In order of precedence: what speaks of the sender or the message stands before what speaks of
/// the mailbox, because texts like "mailbox unavailable: blocked by policy" say both, and taking a
/// living person off the list of those who get mail is the worse mistake.
const PHRASES: &[(Phrase, &[&str])] = &[
    (
        Phrase::NotAuthenticated,
        &[
            "not authenticated",
            "unauthenticated email",
            "unauthenticated mail",
            "dmarc",
            "spf check failed",
            "spf validation failed",
            "dkim check failed",
            "dkim validation failed",
        ],
    ),
    (
        Phrase::RecipientBlocks,
        &[
            "does not accept mail from you",
            "does not want mail from you",
            "user has blocked you",
            "recipient has blocked you",
            "blocked by the recipient",
            "blocked by recipient",
            "rejected by recipient",
        ],
    ),
    (
        Phrase::RelayDenied,
        &[
            "relaying denied",
            "relay access denied",
            "relay denied",
            "relay not permitted",
            "unable to relay",
            "not permitted to relay",
        ],
    ),
    (
        Phrase::SenderBlocked,
        &[
            "blacklist",
            "block list",
            "blocklist",
            "blocked",
            "spam",
            "spamhaus",
            "reputation",
            "policy",
            "unsolicited",
            "bulk mail",
            "access denied",
        ],
    ),
    (
        Phrase::TooBig,
        &[
            "too big",
            "too large",
            "message size exceeds",
            "exceeds the maximum message size",
            "exceeds size limit",
            "size limit exceeded",
            "maximum message size",
        ],
    ),
    (
        Phrase::MailboxFull,
        &[
            "mailbox full",
            "mailbox is full",
            "inbox full",
            "inbox is full",
            "over quota",
            "quota exceeded",
            "exceeded storage allocation",
            "out of storage space",
            "صندوق البريد ممتلئ",
        ],
    ),
    (
        Phrase::NoSuchMailbox,
        &[
            "user unknown",
            "unknown user",
            "unknown recipient",
            "recipient unknown",
            "unknown mailbox",
            "no such user",
            "no such mailbox",
            "no such recipient",
            "no such address",
            "no mailbox here",
            "no mailbox by that name",
            "user not found",
            "user does not exist",
            "user doesn't exist",
            "account does not exist",
            "mailbox not found",
            "mailbox does not exist",
            "mailbox unavailable",
            "address does not exist",
            "recipient not found",
            "recipient does not exist",
            "invalid recipient",
            "invalid mailbox",
            "is not a valid mailbox",
            "this account has been disabled",
            "account is disabled",
            "account has been deactivated",
            "المستخدم غير موجود",
            "صندوق البريد غير موجود",
            "لا يوجد مستخدم",
        ],
    ),
];

/// The first phrase of the list that stands in the text, in whatever case and line breaking.
pub(super) fn find(text: &str) -> Option<Phrase> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    PHRASES
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| text.contains(phrase)))
        .map(|(meaning, _)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_is_found_as_what_it_stands_for() {
        for (meaning, phrases) in PHRASES {
            for phrase in *phrases {
                let shouted = format!("550 {}!", phrase.to_uppercase().replace(' ', "\r\n\t"));
                assert_eq!(find(&shouted), Some(*meaning), "{phrase}");
            }
        }
    }

    #[test]
    fn a_block_that_also_names_the_mailbox_is_a_block() {
        let text = "550 Mailbox unavailable: rejected for policy reasons";
        assert_eq!(find(text), Some(Phrase::SenderBlocked));
    }
}
