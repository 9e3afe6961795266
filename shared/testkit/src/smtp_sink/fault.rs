//! What can go wrong in an SMTP conversation, on request.

use std::str::FromStr;
use std::time::Duration;

use crate::script::{When, milliseconds};

/// The point of the conversation whose reply is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The greeting.
    Connect,
    /// EHLO or HELO.
    Hello,
    /// MAIL FROM.
    Mail,
    /// RCPT TO; a fault's recipient is the one of this command.
    Recipient,
    /// DATA, before the mail.
    Data,
    /// The final dot; a fault's recipient is any of the mail's.
    Dot,
}

/// What the sink does instead of its usual reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Its usual reply after all (for a delay alone).
    Usual,
    /// This reply; several lines become a multi-line reply. The text has the code in front
    /// (`451 4.3.0 later`). After a 421 the sink closes the connection, as RFC 5321 §3.8 has it.
    Reply(String),
    /// Nothing, and closes the connection in order. At the dot the mail is *not* accepted.
    Close,
    /// Accepts the mail at the dot, then closes without a word: the client cannot know.
    AcceptThenClose,
    /// Nothing, and resets the connection (TCP RST).
    Reset,
    /// Nothing for ever; the connection stays open until the client goes.
    Stall,
    /// Its usual reply, a byte at a time with this pause between bytes.
    Trickle(Duration),
}

/// A scripted misbehaviour: at which stage, when, how late, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    stage: Stage,
    when: When,
    pub(super) delay: Duration,
    pub(super) action: Action,
}

impl Fault {
    /// A fault at this stage; by default every time.
    #[must_use]
    pub fn at(stage: Stage, action: Action) -> Self {
        Self { stage, when: When::default(), delay: Duration::ZERO, action }
    }

    /// The sink answers with this reply (code in front) instead of its own.
    #[must_use]
    pub fn reply(stage: Stage, reply: &str) -> Self {
        Self::at(stage, Action::Reply(reply.to_owned()))
    }

    /// Only on these occasions.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Only for this recipient; shorthand for [`When::recipient`].
    #[must_use]
    pub fn for_recipient(mut self, recipient: &str) -> Self {
        self.when = self.when.recipient(recipient);
        self
    }

    /// Only for the first `n` occasions; shorthand for [`When::times`].
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.when = self.when.times(n);
        self
    }

    /// Waits this long before acting.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) fn strikes(&mut self, stage: Stage, recipients: &[String]) -> bool {
        self.stage == stage && self.when.strikes(recipients.iter().map(String::as_str))
    }
}

/// The text form, for the command line: `STAGE [to=…] [skip=n] [every=n] [times=n] [delay=ms]
/// ACTION`, where STAGE is `connect hello mail rcpt data dot` and ACTION is `usual`, `close`,
/// `accept-then-close`, `reset`, `stall`, `trickle=ms` or `reply=…` (to the end, `\n` between
/// lines).
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stage, mut rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        let stage = match stage {
            "connect" => Stage::Connect,
            "hello" => Stage::Hello,
            "mail" => Stage::Mail,
            "rcpt" => Stage::Recipient,
            "data" => Stage::Data,
            "dot" => Stage::Dot,
            other => return Err(format!("{other}: not one of connect hello mail rcpt data dot")),
        };
        let mut fault = Self::at(stage, Action::Usual);
        while !rest.is_empty() {
            if let Some(reply) = rest.strip_prefix("reply=") {
                fault.action = Action::Reply(reply.replace("\\n", "\n"));
                break;
            }
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim_start();
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "usual" => fault.action = Action::Usual,
                "close" => fault.action = Action::Close,
                "accept-then-close" => fault.action = Action::AcceptThenClose,
                "reset" => fault.action = Action::Reset,
                "stall" => fault.action = Action::Stall,
                "trickle" => fault.action = Action::Trickle(milliseconds(name, value)?),
                "delay" => fault.delay = milliseconds(name, value)?,
                _ => match fault.when.set(name, value) {
                    Some(set) => set?,
                    None => return Err(format!("{word}: not part of a fault")),
                },
            }
        }
        Ok(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_says_what_the_builder_says() {
        let dot = Fault::at(Stage::Dot, Action::AcceptThenClose);
        let rcpt = Fault::reply(Stage::Recipient, "550-5.1.1 no\n550 5.1.1 such user");
        for (text, fault) in [
            ("dot every=10 accept-then-close", dot.when(When::default().every(10))),
            ("rcpt to=a@b reply=550-5.1.1 no\\n550 5.1.1 such user", rcpt.for_recipient("a@b")),
            (
                "mail delay=50ms usual",
                Fault::at(Stage::Mail, Action::Usual).delay(Duration::from_millis(50)),
            ),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
        }
        assert!("dot explode".parse::<Fault>().unwrap_err().contains("explode"));
    }
}
