//! Reading answers: made readable, then the right one, a refusal, or a conversation out of step.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;

use super::result::Reply;
use super::wire::{Broken, Control};

/// Why a step did not do what it should: the server's word, or a break.
#[derive(Debug)]
pub(super) enum Trouble {
    Reply(Reply),
    Broken(Broken),
}

impl From<Broken> for Trouble {
    fn from(why: Broken) -> Self {
        Self::Broken(why)
    }
}

/// Whether the server said no in a way that leaves the conversation in step.
pub(super) fn is_no(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Reply(reply) if reply.code() != 421)
}

pub(super) fn reply(response: &Response) -> Reply {
    Reply::new(response.code().into(), response.message().collect::<Vec<_>>().join(" "))
}

/// A positive answer, or what stood in its way.
pub(super) fn heard(
    answer: Result<Response, Error>,
    control: &Control,
) -> Result<Response, Trouble> {
    answer.map_err(|error| trouble(error, control))
}

/// The answer with exactly this code. Any other positive answer is one to another question:
/// 354 in the place of 250 is how lost mail looks like success (pipeline.md finding 6).
pub(super) fn expect(
    answer: Result<Response, Error>,
    code: u16,
    control: &Control,
) -> Result<Response, Trouble> {
    let response = heard(answer, control)?;
    let fits = response.has_code(code);
    if fits { Ok(response) } else { Err(Broken::OutOfStep.into()) }
}

pub(super) fn trouble(error: Error, control: &Control) -> Trouble {
    match error.status() {
        Some(code) => {
            let text = std::error::Error::source(&error).map(ToString::to_string);
            Trouble::Reply(Reply::new(code.into(), text.unwrap_or_default()))
        }
        None => Trouble::Broken(control.broken().unwrap_or(Broken::OutOfStep)),
    }
}

/// Makes a line one that lettre can read. It gives up on text that is not UTF-8 and on a code
/// without text (RFC 5321 §4.2 allows "250" alone), and an accepted message would then count as
/// one in doubt.
pub(super) fn make_readable(line: &mut Vec<u8>) {
    if std::str::from_utf8(line).is_err() {
        line.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
    }
    if line.len() == "250\r\n".len() && line.ends_with(b"\r\n") {
        line.insert(3, b' ');
    }
}
