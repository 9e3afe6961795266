//! One LMTP session (RFC 2033): commands in, one reply each, and one per recipient after the message.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use super::command::{Command, Incoming};
use crate::mailroom::{Delivered, Mailroom};

/// A session that says nothing for so long is closed (RFC 5321 §4.5.3.2.7).
const SILENCE: Duration = Duration::from_secs(300);

/// Bytes of a command at most; of a message's line, bytes read at a time.
const LINE_BYTES: u64 = 8 * 1024;

/// Recipients of a message at most.
const RECIPIENTS: usize = 100;

/// A connection, as lines.
struct Wire {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Wire {
    /// The next line, or as much of it as is read at a time; `None` when the other side has gone.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(LINE_BYTES);
        let read = timeout(SILENCE, limited.read_until(b'\n', &mut line)).await;
        let bytes = read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        Ok((bytes > 0).then_some(line))
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        self.writer.write_all(format!("{reply}\r\n").as_bytes()).await
    }

    /// The message up to the final dot; `None` when it is longer than `limit`.
    async fn message(&mut self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let mut incoming = Incoming::new(limit);
        loop {
            let line = self.line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            if incoming.take(&line) {
                return Ok(incoming.finish());
            }
        }
    }
}

/// Speaks with a mail server until it leaves.
pub(super) async fn run(stream: TcpStream, mailroom: &Mailroom) -> io::Result<()> {
    let (reader, writer) = stream.into_split();
    let mut wire = Wire { reader: BufReader::new(reader), writer };
    let mut recipients: Vec<String> = Vec::new();
    let mut has_sender = false;
    wire.say("220 touchline LMTP").await?;
    while let Some(line) = wire.line().await? {
        if !line.ends_with(b"\n") {
            return wire.say("500 5.5.2 the line is too long").await;
        }
        match Command::read(&line) {
            Command::Lhlo => {
                (has_sender, recipients) = (false, Vec::new());
                let size = mailroom.settings.message_limit;
                let offers =
                    "PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8";
                wire.say(&format!("250-touchline\r\n250-{offers}\r\n250 SIZE {size}")).await?;
            }
            Command::Mail => {
                (has_sender, recipients) = (true, Vec::new());
                wire.say("250 2.1.0 ok").await?;
            }
            Command::Rcpt(path) => match path.filter(|_| has_sender) {
                Some(_) if recipients.len() >= RECIPIENTS => {
                    wire.say("452 4.5.3 too many recipients").await?;
                }
                Some(recipient) => {
                    recipients.push(recipient);
                    wire.say("250 2.1.5 ok").await?;
                }
                None => wire.say("503 5.5.1 RCPT TO:<address> after MAIL").await?,
            },
            Command::Data if recipients.is_empty() => wire.say("503 5.5.1 RCPT first").await?,
            Command::Data => {
                wire.say("354 go on").await?;
                let message = wire.message(mailroom.settings.message_limit).await?;
                for recipient in std::mem::take(&mut recipients) {
                    wire.say(deliver(mailroom, &recipient, message.as_deref()).await).await?;
                }
                has_sender = false;
            }
            Command::Rset => {
                (has_sender, recipients) = (false, Vec::new());
                wire.say("250 2.0.0 ok").await?;
            }
            Command::Noop => wire.say("250 2.0.0 ok").await?,
            Command::Quit => return wire.say("221 2.0.0 bye").await,
            Command::Unknown => {
                wire.say("500 5.5.1 LHLO, MAIL, RCPT, DATA, RSET, NOOP or QUIT").await?
            }
        }
    }
    Ok(())
}

async fn deliver(mailroom: &Mailroom, recipient: &str, message: Option<&[u8]>) -> &'static str {
    let Some(message) = message else { return "552 5.3.4 the message is too long" };
    match mailroom.take(recipient, message).await {
        Delivered::Done => "250 2.0.0 taken",
        Delivered::Later => "451 4.3.0 not now; try again later",
    }
}
