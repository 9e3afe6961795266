//! What the gateway answers, on request.

use std::str::FromStr;
use std::time::Duration;

use crate::script::{When, milliseconds};

/// How an exchange ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With the answer.
    Answer,
    /// Without an answer: the connection is closed in order.
    Close,
    /// Without an answer: the connection is reset (TCP RST).
    Reset,
    /// Without an answer, for ever, until the client goes.
    Stall,
}

/// An answer and when to give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub(super) when: When,
    pub(super) delay: Duration,
    pub(super) ending: Ending,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    padding: usize,
}

impl Answer {
    /// This status and body (`{n}` in it becomes the message's number). A 2xx accepts the message.
    #[must_use]
    pub fn new(status: u16, content_type: &str, body: &str) -> Self {
        Self {
            when: When::default(),
            delay: Duration::ZERO,
            ending: Ending::Answer,
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.to_owned(),
            padding: 0,
        }
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    /// What a proxy in front of a broken gateway says.
    #[must_use]
    pub fn html(status: u16) -> Self {
        Self::new(status, "text/html", "<html><body><h1>Something went wrong</h1></body></html>")
    }

    /// A redirect, which a client must not follow.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::new(302, "text/plain", "").header("Location", location)
    }

    /// A body of this many bytes.
    #[must_use]
    pub fn huge(status: u16, bytes: usize) -> Self {
        Self { padding: bytes, ..Self::new(status, "text/plain", "") }
    }

    /// Accepts the message, then closes without a word: the client cannot know.
    #[must_use]
    pub fn accept_then_close() -> Self {
        Self::json(200, "").ending(Ending::Close)
    }

    /// Ends without an answer; the message is not accepted.
    #[must_use]
    pub fn refuse(ending: Ending) -> Self {
        Self::json(500, "").ending(ending)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Only on these occasions.
    #[must_use]
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Only for the first `n` occasions; shorthand for [`When::times`].
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.when = self.when.times(n);
        self
    }

    /// Waits this long before answering.
    #[must_use]
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    const fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    pub(super) fn accepts(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The answer as it goes over the wire.
    pub(super) fn bytes(&self, number: u64) -> Vec<u8> {
        let mut body = self.body.replace("{n}", &number.to_string());
        body.extend(std::iter::repeat_n('x', self.padding));
        let headers: String =
            self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        format!("HTTP/1.1 {} -\r\n{headers}Content-Length: {length}\r\n\r\n{body}", self.status)
            .into_bytes()
    }
}

/// The text form, for the command line: `[to=…] [skip=n] [every=n] [times=n] [delay=ms] ANSWER`,
/// where ANSWER is `close`, `accept-then-close`, `reset`, `stall`, `html=STATUS`, or
/// `STATUS [BODY to the end]`.
impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (mut when, mut delay, mut rest) = (When::default(), Duration::ZERO, text.trim());
        let answer = loop {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after.trim_start();
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            match name {
                "close" => break Self::refuse(Ending::Close),
                "reset" => break Self::refuse(Ending::Reset),
                "stall" => break Self::refuse(Ending::Stall),
                "accept-then-close" => break Self::accept_then_close(),
                "html" => break Self::html(status(value)?),
                "delay" => delay = milliseconds(name, value)?,
                _ => match when.set(name, value) {
                    Some(set) => set?,
                    None => break Self::json(status(word)?, rest),
                },
            }
        };
        Ok(answer.when(when).delay(delay))
    }
}

fn status(word: &str) -> Result<u16, String> {
    word.parse().map_err(|_| format!("{word}: not an HTTP status or part of an answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_says_what_the_builder_says() {
        let busy = Answer::json(429, r#"{"retry": 1}"#).times(3);
        for (text, answer) in [
            (r#"times=3 429 {"retry": 1}"#, busy),
            (
                "every=5 accept-then-close",
                Answer::accept_then_close().when(When::default().every(5)),
            ),
            ("delay=20ms html=502", Answer::html(502).delay(Duration::from_millis(20))),
        ] {
            assert_eq!(text.parse(), Ok(answer), "{text}");
        }
        assert!("explode".parse::<Answer>().unwrap_err().contains("explode"));
    }
}
