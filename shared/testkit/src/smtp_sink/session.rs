//! One SMTP conversation.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use memchr::{memchr, memmem};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{AcceptedMail, Action, Fault, Shared, Stage};
use crate::Instant;

/// A connection that can be cut short.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// A conversation in progress. Replies gather in `output` while commands are still in `input`, so
/// that a pipelined group is answered in one write.
struct Session<'a, W> {
    wire: W,
    shared: &'a Shared,
    number: u64,
    encrypted: bool,
    input: Vec<u8>,
    /// How much of `input` is dealt with.
    taken: usize,
    output: Vec<u8>,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// How a reply went out.
#[derive(PartialEq, Eq)]
enum Answered {
    Yes,
    No,
    /// The client begins TLS now.
    Upgrade,
}

/// Greets and serves until the client goes; returns the stream if the client asked for TLS.
pub(super) async fn run<W: Wire>(
    wire: W,
    shared: &Shared,
    number: u64,
    encrypted: bool,
) -> io::Result<Option<W>> {
    let mut session = Session::new(wire, shared, number, encrypted);
    session.answer(Stage::Connect, "220 sink.test ESMTP").await?;
    if session.converse().await? { Ok(Some(session.wire)) } else { Ok(None) }
}

/// Serves after STARTTLS, where there is no second greeting.
pub(super) async fn run_upgraded<W: Wire>(wire: W, shared: &Shared, number: u64) -> io::Result<()> {
    Session::new(wire, shared, number, true).converse().await.map(|_| ())
}

impl<'a, W: Wire> Session<'a, W> {
    fn new(wire: W, shared: &'a Shared, number: u64, encrypted: bool) -> Self {
        Self {
            wire,
            shared,
            number,
            encrypted,
            input: Vec::with_capacity(1 << 14),
            taken: 0,
            output: Vec::new(),
            sender: None,
            recipients: Vec::new(),
        }
    }

    /// Answers commands until the client goes (false) or asks for TLS (true).
    async fn converse(&mut self) -> io::Result<bool> {
        while let Some(line) = self.line().await? {
            let upper = line.to_ascii_uppercase();
            if upper == "QUIT" {
                self.reply("221 2.0.0 bye");
                self.flush().await?;
                return Ok(false);
            }
            if self.command(&line, &upper).await? == Answered::Upgrade {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn command(&mut self, line: &str, upper: &str) -> io::Result<Answered> {
        let verb = upper.split([' ', ':']).next().unwrap_or_default();
        match verb {
            "EHLO" => return self.hello().await,
            "HELO" => return self.answer(Stage::Hello, "250 sink.test").await,
            "MAIL" => {
                self.recipients.clear();
                if self.answer(Stage::Mail, "250 2.1.0 ok").await? == Answered::Yes {
                    self.sender = Some(path(line));
                }
            }
            "RCPT" if self.sender.is_none() => self.reply("503 5.5.1 MAIL first"),
            "RCPT" => {
                // The fault is looked up for this recipient alone, then it joins the others.
                let others = std::mem::replace(&mut self.recipients, vec![path(line)]);
                let answered = self.answer(Stage::Recipient, "250 2.1.5 ok").await?;
                let this = std::mem::replace(&mut self.recipients, others);
                if answered == Answered::Yes {
                    self.recipients.extend(this);
                }
            }
            "DATA" if self.recipients.is_empty() => self.reply("503 5.5.1 RCPT first"),
            "DATA" => {
                if self.answer(Stage::Data, "354 go on").await? == Answered::Yes {
                    self.mail().await?;
                }
            }
            "AUTH" if self.shared.offers_auth => self.auth(upper).await?,
            "STARTTLS" if self.shared.offers_starttls && !self.encrypted => {
                self.reply("220 2.0.0 go on");
                self.flush().await?;
                return Ok(Answered::Upgrade);
            }
            "RSET" => {
                self.sender = None;
                self.recipients.clear();
                self.reply("250 2.0.0 ok");
            }
            "NOOP" => self.reply("250 2.0.0 ok"),
            _ => self.reply("502 5.5.1 unknown command"),
        }
        Ok(Answered::Yes)
    }

    async fn hello(&mut self) -> io::Result<Answered> {
        let mut lines = vec!["sink.test", "PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 52428800"];
        lines.push("ENHANCEDSTATUSCODES");
        if self.shared.offers_starttls && !self.encrypted {
            lines.push("STARTTLS");
        }
        if self.shared.offers_auth {
            lines.push("AUTH PLAIN LOGIN");
        }
        let last = lines.pop().unwrap_or_default();
        let mut reply: String = lines.iter().map(|line| format!("250-{line}\n")).collect();
        reply.push_str(&format!("250 {last}"));
        self.answer(Stage::Hello, &reply).await
    }

    /// Any name and password is right.
    async fn auth(&mut self, upper: &str) -> io::Result<()> {
        let prompts: &[&str] = match upper.split(' ').skip(1).collect::<Vec<_>>()[..] {
            ["PLAIN", _] => &[],
            ["PLAIN"] | ["LOGIN", _] => &["334 "],
            _ => &["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
        };
        for prompt in prompts {
            self.reply(prompt);
            self.line().await?;
        }
        self.reply("235 2.7.0 ok");
        Ok(())
    }

    /// Reads a mail up to its final dot, answers, and logs it if it was accepted.
    async fn mail(&mut self) -> io::Result<()> {
        let start = self.taken;
        let mut searched = start;
        let end = loop {
            // A mail without lines ends with a dot right away; else the dot follows a line's end.
            if self.input[start..].starts_with(b".\r\n") {
                self.taken = start + 3;
                break start;
            }
            if let Some(at) = memmem::find(&self.input[searched..], b"\r\n.\r\n") {
                self.taken = searched + at + 5;
                break searched + at + 2;
            }
            searched = self.input.len().saturating_sub(4).max(start);
            if !self.read().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let body = unstuff(&self.input[start..end]);
        let fault = self.shared.fault(Stage::Dot, &self.recipients);
        let fault = fault.unwrap_or_else(|| Fault::at(Stage::Dot, Action::Usual));
        self.wait(fault.delay).await?;
        let accepts = match &fault.action {
            Action::Usual | Action::Trickle(_) | Action::AcceptThenClose => true,
            Action::Reply(reply) => reply.starts_with('2'),
            Action::Close | Action::Reset | Action::Stall => false,
        };
        let replied = fault.action != Action::AcceptThenClose;
        let number = if accepts { self.accept(&body, replied) } else { 0 };
        self.act(&fault.action, &format!("250 2.0.0 accepted as {number}")).await?;
        self.sender = None;
        self.recipients.clear();
        Ok(())
    }

    /// Logs a mail and returns its number.
    fn accept(&self, body: &[u8], replied: bool) -> u64 {
        let (message_id, touch_headers) = headers(body);
        let number = self.shared.mails.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(folder) = &self.shared.mail_folder {
            let path = folder.join(format!("{number}.eml"));
            std::fs::write(path, body).expect("the sink's mail folder can be written");
        }
        self.shared.log.push(AcceptedMail {
            at: Instant::now(),
            connection: self.number,
            sender: self.sender.clone().unwrap_or_default(),
            recipients: self.recipients.clone(),
            size: body.len(),
            message_id,
            touch_headers,
            replied,
            body: self.shared.keep_bodies.then(|| Arc::from(body)),
        });
        number
    }

    /// Answers as usual, or as a fault of this stage has it; says whether the client may go on.
    async fn answer(&mut self, stage: Stage, usual: &str) -> io::Result<Answered> {
        let Some(fault) = self.shared.fault(stage, &self.recipients) else {
            self.reply(usual);
            return Ok(Answered::Yes);
        };
        self.wait(fault.delay).await?;
        self.act(&fault.action, usual).await
    }

    /// Errors end the conversation.
    async fn act(&mut self, action: &Action, usual: &str) -> io::Result<Answered> {
        match action {
            Action::Usual => self.reply(usual),
            Action::Reply(reply) => {
                self.reply(reply);
                if reply.starts_with("421") {
                    self.flush().await?;
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                let goes_on = reply.starts_with(['2', '3']);
                return Ok(if goes_on { Answered::Yes } else { Answered::No });
            }
            Action::Close | Action::AcceptThenClose => {
                self.flush().await?;
                self.wire.shutdown().await?;
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            Action::Reset => {
                self.wire.tcp().set_zero_linger()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            Action::Stall => {
                self.flush().await?;
                while self.read().await? {
                    self.input.clear();
                    self.taken = 0;
                }
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Action::Trickle(pause) => {
                self.flush().await?;
                self.reply(usual);
                for byte in std::mem::take(&mut self.output) {
                    self.wire.write_all(&[byte]).await?;
                    self.wire.flush().await?;
                    tokio::time::sleep(*pause).await;
                }
            }
        }
        Ok(Answered::Yes)
    }

    /// Holds back the next reply, not those before it.
    async fn wait(&mut self, delay: Duration) -> io::Result<()> {
        if !delay.is_zero() {
            self.flush().await?;
            tokio::time::sleep(delay).await;
        }
        Ok(())
    }

    fn reply(&mut self, reply: &str) {
        for line in reply.lines() {
            self.output.extend_from_slice(line.as_bytes());
            self.output.extend_from_slice(b"\r\n");
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.wire.write_all(&self.output).await?;
        self.output.clear();
        self.wire.flush().await
    }

    /// The next command line without its end; `None` when the client is gone.
    async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(at) = memchr(b'\n', &self.input[self.taken..]) {
                let line = &self.input[self.taken..self.taken + at];
                let line = String::from_utf8_lossy(line).trim_end().to_owned();
                self.taken += at + 1;
                return Ok(Some(line));
            }
            self.input.drain(..self.taken);
            self.taken = 0;
            if !self.read().await? {
                return Ok(None);
            }
        }
    }

    /// Reads more, after sending what the client may be waiting for; false at the end.
    async fn read(&mut self) -> io::Result<bool> {
        if !self.output.is_empty() {
            self.flush().await?;
        }
        Ok(self.wire.read_buf(&mut self.input).await? > 0)
    }
}

/// The address between the angle brackets of MAIL FROM or RCPT TO.
fn path(line: &str) -> String {
    let after = line.split_once('<').map_or("", |(_, after)| after);
    after.rsplit_once('>').map_or(after, |(address, _)| address).to_owned()
}

/// Takes the doubled dots at line starts away (RFC 5321 §4.5.2).
fn unstuff(mail: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(mail.len());
    let mut rest = mail.strip_prefix(b".").unwrap_or(mail);
    while let Some(at) = memmem::find(rest, b"\r\n.") {
        plain.extend_from_slice(&rest[..at + 2]);
        rest = &rest[at + 3..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// The `Message-ID` and the `X-Touch-` headers of a mail.
fn headers(mail: &[u8]) -> (Option<String>, Vec<(String, String)>) {
    let end = memmem::find(mail, b"\r\n\r\n").unwrap_or(mail.len());
    // A folded header continues on a line that begins with white space (RFC 5322 §2.2.3).
    let text = String::from_utf8_lossy(&mail[..end]).replace("\r\n ", " ").replace("\r\n\t", " ");
    let (mut message_id, mut touch_headers) = (None, Vec::new());
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "message-id" {
            message_id = Some(value);
        } else if name.starts_with("x-touch-") {
            touch_headers.push((name, value));
        }
    }
    (message_id, touch_headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_dots_are_single_again() {
        assert_eq!(unstuff(b"..a\r\n...\r\nb.\r\n"), b".a\r\n..\r\nb.\r\n");
        assert_eq!(unstuff(b""), b"");
    }

    #[test]
    fn a_folded_message_id_is_one_line() {
        let (message_id, touch) =
            headers(b"Message-ID:\r\n <1@x>\r\nX-Touch-Id: 7\r\n\r\nX-Touch-Id: body\r\n");
        assert_eq!(message_id.as_deref(), Some("<1@x>"));
        assert_eq!(touch, [("x-touch-id".to_owned(), "7".to_owned())]);
    }
}
