//! As much of IMAP (RFC 3501) as it takes to fetch new messages: a command, its responses, the next.

use std::io;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader,
    ReadHalf, WriteHalf,
};
use tokio::time::timeout;

use super::settings::Mailbox;

/// A server that has not answered a command by then is away.
const ANSWER: Duration = Duration::from_secs(60);

/// Bytes of a response's line at most; a search in a full mailbox makes long ones.
const LINE_BYTES: u64 = 1024 * 1024;

/// Responses to one command at most.
const RESPONSES: usize = 10_000;

/// Why a mailbox cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImapError {
    /// The connection.
    #[error("the IMAP server cannot be reached or broke off: {0}")]
    Io(#[from] io::Error),
    /// The server says no. What it says besides is not repeated: it may name somebody.
    #[error("the IMAP server refuses {0}; look at inbound.imap_url, imap_password and its log")]
    Refused(&'static str),
    /// The server says something that is no answer.
    #[error("the IMAP server's answer to {0} cannot be read")]
    Unreadable(&'static str),
}

/// An untagged response: its line, and the literals whose places in it are marked by their lengths.
#[derive(Debug)]
struct Response {
    line: String,
    literals: Vec<Vec<u8>>,
}

/// A conversation with a server.
pub(super) struct Session<S> {
    reader: BufReader<ReadHalf<S>>,
    writer: WriteHalf<S>,
    commands: u32,
    /// Bytes of a literal at most.
    limit: usize,
}

impl<S: AsyncRead + AsyncWrite> Session<S> {
    /// Greets a server over `stream` and logs in. Messages longer than `limit` bytes are not taken.
    pub(super) async fn open(
        stream: S,
        mailbox: &Mailbox,
        limit: usize,
    ) -> Result<Self, ImapError> {
        let (reader, writer) = tokio::io::split(stream);
        let reader = BufReader::new(reader);
        let mut session = Self { reader, writer, commands: 0, limit: limit + 1 };
        let greeting = session.response().await?;
        if greeting.line.starts_with("* PREAUTH") {
            return Ok(session);
        }
        if !greeting.line.starts_with("* OK") {
            return Err(ImapError::Refused("the connection"));
        }
        let parts = [mailbox.user.as_str(), mailbox.password.expose_secret()];
        session.command("LOGIN", &parts).await?;
        Ok(session)
    }

    /// Opens a mailbox and answers its UIDVALIDITY: under another one, UIDs mean other messages.
    pub(super) async fn select(&mut self, name: &str) -> Result<u32, ImapError> {
        let responses = self.command("SELECT", &[name]).await?;
        let validity = responses.iter().find_map(|response| {
            let (_, rest) = response.line.split_once("[UIDVALIDITY ")?;
            rest.split(']').next()?.trim().parse().ok()
        });
        validity.ok_or(ImapError::Unreadable("SELECT"))
    }

    /// The UIDs of the messages after `last`, in order.
    pub(super) async fn after(&mut self, last: u32) -> Result<Vec<u32>, ImapError> {
        let Some(first) = last.checked_add(1) else { return Ok(Vec::new()) };
        let responses = self.command(&format!("UID SEARCH UID {first}:*"), &[]).await?;
        let lines = responses.iter().filter_map(|it| it.line.strip_prefix("* SEARCH"));
        let uids = lines.flat_map(str::split_ascii_whitespace).filter_map(|uid| uid.parse().ok());
        // `*` is the last message, even where that is before the first of the range.
        let mut uids: Vec<u32> = uids.filter(|uid| *uid >= first).collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// A message without marking it as seen: `None` when it has gone, and cut off after one byte
    /// more than the limit when it is longer.
    pub(super) async fn fetch(&mut self, uid: u32) -> Result<Option<Vec<u8>>, ImapError> {
        let command = format!("UID FETCH {uid} (BODY.PEEK[]<0.{}>)", self.limit);
        let responses = self.command(&command, &[]).await?;
        let named = format!("UID {uid}");
        let response = responses.into_iter().find(|response| {
            let line = response.line.split([' ', '(', ')']).collect::<Vec<_>>();
            line.contains(&"FETCH") && response.line.contains(&named)
        });
        Ok(response.and_then(|response| response.literals.into_iter().next()))
    }

    /// Marks a message as seen.
    pub(super) async fn mark_seen(&mut self, uid: u32) -> Result<(), ImapError> {
        let command = format!("UID STORE {uid} +FLAGS.SILENT (\\Seen)");
        self.command(&command, &[]).await.map(drop)
    }

    /// Takes leave.
    pub(super) async fn close(mut self) {
        // Whether the server hears it changes nothing.
        let _ = self.command("LOGOUT", &[]).await;
    }

    /// Sends a command, with arguments of any bytes as literals (RFC 3501 §4.3), and answers the
    /// untagged responses.
    async fn command(
        &mut self,
        command: &str,
        arguments: &[&str],
    ) -> Result<Vec<Response>, ImapError> {
        const VERBS: [&str; 6] =
            ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT"];
        let verb = VERBS.into_iter().find(|verb| command.starts_with(verb));
        let verb = verb.unwrap_or("the command");
        self.commands += 1;
        let tag = format!("t{} ", self.commands);
        let mut line = format!("{tag}{command}");
        let mut before = Vec::new();
        for argument in arguments {
            line.push_str(&format!(" {{{}}}\r\n", argument.len()));
            self.write(line.as_bytes()).await?;
            // The server says that it wants the literal, or that it does not.
            loop {
                let response = self.response().await?;
                if response.line.starts_with('+') {
                    break;
                }
                if response.line.starts_with(&tag) {
                    return Err(ImapError::Refused(verb));
                }
                before.push(response);
            }
            line = (*argument).to_owned();
        }
        line.push_str("\r\n");
        self.write(line.as_bytes()).await?;
        while before.len() < RESPONSES {
            let response = self.response().await?;
            match response.line.strip_prefix(&tag) {
                Some(status) if status.starts_with("OK") => return Ok(before),
                Some(_) => return Err(ImapError::Refused(verb)),
                None => before.push(response),
            }
        }
        Err(ImapError::Unreadable(verb))
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await?;
        self.writer.flush().await
    }

    async fn response(&mut self) -> io::Result<Response> {
        let read = read_response(&mut self.reader, self.limit);
        timeout(ANSWER, read).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// A whole response: a line, and where it ends with `{n}`, n bytes and another line.
async fn read_response(
    reader: &mut (impl AsyncBufRead + Unpin),
    limit: usize,
) -> io::Result<Response> {
    let mut response = Response { line: String::new(), literals: Vec::new() };
    loop {
        let mut line = Vec::new();
        (&mut *reader).take(LINE_BYTES).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        response.line.push_str(String::from_utf8_lossy(&line).trim_end());
        let length = response.line.strip_suffix('}').and_then(|line| line.rsplit('{').next());
        let Some(length) = length.and_then(|digits| digits.parse::<usize>().ok()) else {
            return Ok(response);
        };
        if length > limit || response.literals.len() > 8 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut literal = vec![0; length];
        reader.read_exact(&mut literal).await?;
        response.literals.push(literal);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use secrecy::SecretString;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    fn mailbox() -> Mailbox {
        let password = SecretString::from("pass\"wörd\r\n");
        Mailbox::parse("imaps://me@host", password, Duration::from_secs(1)).unwrap()
    }

    /// Says `said` after having heard `heard`, one after the other.
    async fn play(mut server: DuplexStream, script: &[(&str, &str)]) {
        for (heard, said) in script {
            let mut given = vec![0; heard.len()];
            server.read_exact(&mut given).await.unwrap();
            assert_eq!(String::from_utf8_lossy(&given), *heard);
            server.write_all(said.as_bytes()).await.unwrap();
        }
    }

    const LOGIN: [(&str, &str); 3] = [
        ("", "* OK [CAPABILITY IMAP4rev1] ready\r\n"),
        ("t1 LOGIN {2}\r\n", "+ go on\r\n"),
        ("me {12}\r\n", "+ go on\r\n"),
    ];

    #[tokio::test]
    async fn new_messages_are_found_and_fetched() {
        let (client, server) = duplex(4096);
        let script = [
            LOGIN.as_slice(),
            &[
                ("pass\"wörd\r\n\r\n", "* CAPABILITY IMAP4rev1\r\nt1 OK in\r\n"),
                ("t2 SELECT {5}\r\n", "+\r\n"),
                ("INBOX\r\n", "* 3 EXISTS\r\n* OK [UIDVALIDITY 77] ok\r\nt2 OK [READ-WRITE] x\r\n"),
                ("t3 UID SEARCH UID 5:*\r\n", "* SEARCH 9 4 7\r\nt3 OK x\r\n"),
                (
                    "t4 UID FETCH 7 (BODY.PEEK[]<0.101>)\r\n",
                    "* 2 FETCH (UID 7 BODY[]<0> {9}\r\na)\r\n{5}\r\n)\r\n* 4 EXISTS\r\nt4 OK x\r\n",
                ),
                ("t5 UID FETCH 9 (BODY.PEEK[]<0.101>)\r\n", "t5 OK gone\r\n"),
                ("t6 UID STORE 7 +FLAGS.SILENT (\\Seen)\r\n", "t6 NO read-only\r\n"),
            ],
        ]
        .concat();
        let client = async {
            let mut session = Session::open(client, &mailbox(), 100).await.unwrap();
            assert_eq!(session.select("INBOX").await.unwrap(), 77);
            assert_eq!(session.after(4).await.unwrap(), [7, 9], "4 is the last one known");
            assert_eq!(session.fetch(7).await.unwrap().unwrap(), b"a)\r\n{5}\r\n"[..9].to_vec());
            assert_eq!(session.fetch(9).await.unwrap(), None);
            assert!(matches!(session.mark_seen(7).await, Err(ImapError::Refused("UID STORE"))));
        };
        tokio::join!(client, play(server, &script));
    }

    #[tokio::test]
    async fn a_refusal_and_a_literal_without_end_are_errors() {
        for (said, is_refused) in [
            ("t1 NO wrong\r\n", true),
            ("* 1 FETCH {99999999}\r\n", false),
            ("t1 OK without an end", false),
        ] {
            let (client, server) = duplex(4096);
            let script = [LOGIN.as_slice(), &[("pass\"wörd\r\n\r\n", said)]].concat();
            let mailbox = mailbox();
            let opened = async { Session::open(client, &mailbox, 100).await.map(drop) };
            let (opened, ()) = tokio::join!(opened, play(server, &script));
            assert_eq!(matches!(opened, Err(ImapError::Refused("LOGIN"))), is_refused, "{said}");
            assert!(opened.is_err());
        }
    }
}
