//! What can come of handing a message over: the closed set of results.

use std::fmt;
use std::time::Duration;

use super::wire::Broken;

domain::words! {
    /// How far a conversation had come.
    Phase, "phase", {
        /// Connecting, TLS, greeting and EHLO.
        Opening = "opening",
        /// Proving who we are.
        Auth = "auth",
        /// The sender was named.
        Mail = "mail",
        /// The recipient was named.
        Rcpt = "rcpt",
        /// Leave to send the message was asked for.
        Data = "data",
        /// The message was on its way, its final dot was not.
        Body = "body",
        /// The final dot was written.
        Dot = "dot",
    }
}

/// An answer of the server: the code and the text of all its lines.
///
/// `Debug` and `Display` blank what looks like an address: servers like to repeat the recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    text: String,
}

impl Reply {
    /// A reply with a code and the text of its lines, joined with spaces.
    #[must_use]
    pub fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    /// The three-digit code.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// The text as received, for classifying. It may hold an address: not for logs or storage.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the server meant it for good (5xx).
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// The enhanced status code the text starts with (RFC 2034), e.g. `5.1.1`.
    #[must_use]
    pub fn enhanced(&self) -> Option<&str> {
        let word = self.text.split_whitespace().next()?;
        let parts: Vec<&str> = word.split('.').collect();
        let digits = |part: &&str| {
            (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        (parts.len() == 3 && parts.iter().all(digits)).then_some(word)
    }

    /// The relay's name for an accepted message, where its answer has a known form:
    /// `queued as X` (Postfix), `id=X` (Exim), `OK X` (others).
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        let text = self.text.as_str();
        let after = |mark: &str| {
            let rest = &text[text.find(mark)? + mark.len()..];
            rest.split_whitespace().next()
        };
        let id = after("queued as ").or_else(|| after(" id=")).or_else(|| {
            let mut words = text.split_whitespace().skip_while(|word| word.contains('.'));
            let greeting = words.next()?;
            greeting.eq_ignore_ascii_case("ok").then(|| words.next())?
        })?;
        let id = id.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
        (id.len() >= 5 && id.bytes().any(|byte| byte.is_ascii_digit())).then_some(id)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        for word in self.text.split_whitespace().take(40) {
            f.write_str(if word.contains('@') { " <address>" } else { " " })?;
            if !word.contains('@') {
                f.write_str(word)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

/// The end of one attempt to hand a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendResult {
    /// The server has taken the message (250 to the final dot).
    Accepted {
        /// The server's answer.
        reply: Reply,
        /// The server's name for the message, where its answer tells.
        queue_id: Option<String>,
    },
    /// The server said no, in so many words. It does not have the message.
    Refused {
        /// The server's answer.
        reply: Reply,
        /// What it was an answer to.
        phase: Phase,
        /// Whether it was meant for good (5xx).
        permanent: bool,
    },
    /// The recipient's address needs SMTPUTF8, which the server does not offer (EML-25).
    EaiUnsupported,
    /// The conversation broke before the final dot was written: safe to try again.
    NotHandedOver {
        /// What broke.
        why: Broken,
        /// How far it had come.
        phase: Phase,
    },
    /// The final dot may have been written, and no usable answer came back.
    InDoubt {
        /// What broke.
        why: Broken,
    },
}

/// No place or no tokens within the short time [`super::Mailer::acquire`] is willing to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy {
    /// When to ask again.
    pub retry_after: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_ids_are_read_from_the_usual_answers() {
        for (text, expected) in [
            ("2.0.0 Ok: queued as 4F2B81C0A3", Some("4F2B81C0A3")),
            ("OK id=1rXyZa-0004Ab-2C", Some("1rXyZa-0004Ab-2C")),
            ("Ok 0100018f2a7c-5b0e-000000", Some("0100018f2a7c-5b0e-000000")),
            ("2.0.0 OK 1731535200 d2e1a72fcca58", Some("1731535200")),
            ("2.0.0 Message accepted", None),
            ("", None),
        ] {
            assert_eq!(Reply::new(250, text).queue_id(), expected, "{text}");
        }
    }

    #[test]
    fn a_reply_is_shown_without_the_address_in_it() {
        let reply = Reply::new(550, "5.1.1 <lina@example.com>: user unknown");
        assert_eq!(reply.to_string(), "550 5.1.1 <address> user unknown");
        assert_eq!(format!("{reply:?}"), "Reply(550 5.1.1 <address> user unknown)");
        assert_eq!(reply.enhanced(), Some("5.1.1"));
        assert_eq!(Reply::new(550, "No such user").enhanced(), None);
    }
}
