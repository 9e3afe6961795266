//! Enhanced status codes (RFC 3463) and reply codes (RFC 5321), and where they stand in a text.

use std::fmt;
use std::str::FromStr;

/// An enhanced status code: class 2 (success), 4 (persistent transient failure) or 5 (permanent
/// failure), subject and detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnhancedStatus {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about, 0 to 999: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol, 6
    /// content, 7 policy.
    pub subject: u16,
    /// The detail, 0 to 999.
    pub detail: u16,
}

/// A text that is not an enhanced status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an enhanced status code such as \"5.1.1\" (RFC 3463)")]
pub struct BadStatus;

impl EnhancedStatus {
    /// The status in a text that holds nothing else, such as the `Status` field of a report; a
    /// comment behind it is allowed (RFC 3464 §2.3.4).
    pub fn parse(text: &str) -> Result<Self, BadStatus> {
        let text = text.trim();
        match starting_status(text) {
            Some((status, "")) => Ok(status),
            Some((status, rest)) if rest.trim_start().starts_with('(') => Ok(status),
            _ => Err(BadStatus),
        }
    }

    /// The first status of class 4 or 5 in a text, and of `class` where that is known from a reply
    /// code, so that version numbers and IP addresses in the text are not taken for one.
    #[must_use]
    pub fn find(text: &str, class: Option<u16>) -> Option<Self> {
        words(text).filter_map(starting_status).map(|(status, _)| status).find(|status| {
            status.class != 2 && class.is_none_or(|class| class == u16::from(status.class))
        })
    }

    /// Whether it says no more than its class and perhaps its subject (X.0.0, X.1.0).
    #[must_use]
    pub const fn is_undefined(self) -> bool {
        self.detail == 0
    }
}

impl FromStr for EnhancedStatus {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// The first SMTP reply code of a failure (4xx or 5xx) in a diagnostic text, such as the 550 of
/// `smtp; 550-5.7.26 …`.
#[must_use]
pub fn find_reply_code(text: &str) -> Option<u16> {
    words(text).find_map(|word| {
        let code = word.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
        let ends = word[3..].is_empty() || word[3..].starts_with(['-', ',', ':', ';']);
        code.parse().ok().filter(|code| ends && (400..600).contains(code))
    })
}

/// The words of a text, from every place where a code may start: after a blank, or after what
/// glues a code to its neighbours (`550-5.7.26`, `(#5.1.1)`, `smtp;550`).
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().flat_map(|word| {
        let starts_within =
            word.match_indices(['-', '#', '(', '[', ';', ':']).map(|(at, glue)| at + glue.len());
        std::iter::once(0).chain(starts_within).map(|at| &word[at..])
    })
}

/// The status a word starts with, and what follows it. What follows must not continue the code:
/// `5.1.1.2` is an IP address and `5.1.1@example.com` a mailbox.
fn starting_status(word: &str) -> Option<(EnhancedStatus, &str)> {
    let (class, rest) = number(word)?;
    let (subject, rest) = number(rest.strip_prefix('.')?)?;
    let (detail, rest) = number(rest.strip_prefix('.')?)?;
    let mut following = rest.chars();
    let continues = match following.next() {
        Some('.') => following.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        Some(c) => c.is_alphanumeric() || matches!(c, '@' | '-' | '_'),
        None => false,
    };
    let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
    (!continues).then_some((EnhancedStatus { class, subject, detail }, rest))
}

/// The one to three digits a text starts with, as a number, and the rest.
fn number(text: &str) -> Option<(u16, &str)> {
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=3).contains(&n_digits) {
        return None;
    }
    Some((text[..n_digits].parse().ok()?, &text[n_digits..]))
}
