//! An SMTP server that misbehaves on command, and remembers what it took.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A moment of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Greeting,
    Ehlo,
    StartTls,
    Mail,
    Rcpt,
    Data,
    /// After some of the message was read.
    Body,
    /// The final dot was read.
    Dot,
    /// RSET after a refusal.
    Rset,
}

/// What happens at that moment instead of the proper answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Do {
    /// These bytes, then on.
    Say(&'static str),
    /// These bytes, then the end of the connection.
    SayAndClose(&'static str),
    /// Nothing, for ever.
    Stall,
    /// The proper answer, a byte every 60 ms.
    Trickle,
    /// Lines of an answer without an end.
    Flood,
    /// The end of the connection.
    Close,
    /// The end of the connection, by RST.
    Reset,
}

/// The faults of one conversation: for message `.0` of the connection (from 0), at `.1`, do `.2`.
pub type Faults = Vec<(usize, At, Do)>;
/// Chooses the faults of connection number n (from 0).
pub type Script = Arc<dyn Fn(usize) -> Faults + Send + Sync>;

/// A message the server has taken responsibility for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub connection: usize,
    pub mail: String,
    pub recipient: String,
    /// The message, dots undone.
    pub message: String,
}

#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    port: u16,
    extensions: Vec<&'static str>,
    tls: Option<(TlsAcceptor, bool)>,
    script: Script,
    connections: AtomicUsize,
    taken: Mutex<Vec<Taken>>,
    commands: Mutex<Vec<(usize, String)>>,
}

/// What a usual server offers.
pub const USUAL: &[&str] = &["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 10000000"];

impl Server {
    /// Starts a server on a free port.
    pub async fn start(extensions: &[&'static str], script: Script) -> Self {
        Self::start_with_tls(extensions, None, script).await
    }

    /// The same with TLS: from the first byte (`true`) or by STARTTLS (`false`).
    pub async fn start_with_tls(
        extensions: &[&'static str],
        tls: Option<(TlsAcceptor, bool)>,
        script: Script,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self(Arc::new(Inner {
            port: listener.local_addr().unwrap().port(),
            extensions: extensions.to_vec(),
            tls,
            script,
            connections: AtomicUsize::new(0),
            taken: Mutex::default(),
            commands: Mutex::default(),
        }));
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let server = accepting.clone();
                let number = server.0.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move { server.serve(number, stream).await });
            }
        });
        server
    }

    /// A server that does everything right.
    pub async fn well_behaved() -> Self {
        Self::start(USUAL, Arc::new(|_| Vec::new())).await
    }

    pub fn port(&self) -> u16 {
        self.0.port
    }

    pub fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.0.taken.lock().unwrap().clone()
    }

    /// The commands of one connection, in order.
    pub fn commands(&self, connection: usize) -> Vec<String> {
        let commands = self.0.commands.lock().unwrap();
        let mine = commands.iter().filter(|(number, _)| *number == connection);
        mine.map(|(_, line)| line.clone()).collect()
    }

    async fn serve(self, number: usize, stream: TcpStream) -> io::Result<()> {
        let faults = (self.0.script)(number);
        let session = |stream: BufReader<Box<dyn Link>>| Session {
            server: self.clone(),
            number,
            stream,
            faults: faults.clone(),
            message: 0,
        };
        match &self.0.tls {
            Some((acceptor, true)) => {
                let stream = acceptor.accept(stream).await?;
                session(BufReader::new(Box::new(stream))).run(true).await.map(drop)
            }
            Some((acceptor, false)) => {
                let plain = session(BufReader::new(Box::new(stream))).run(true).await?;
                let Some(stream) = plain else { return Ok(()) };
                let stream = acceptor.accept(stream).await?;
                session(BufReader::new(Box::new(stream))).run(false).await.map(drop)
            }
            None => session(BufReader::new(Box::new(stream))).run(true).await.map(drop),
        }
    }
}

/// A stream whose connection can be reset.
trait Link: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
    fn into_tcp(self: Box<Self>) -> Option<TcpStream>;
}

impl Link for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
    fn into_tcp(self: Box<Self>) -> Option<TcpStream> {
        Some(*self)
    }
}

impl Link for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
    fn into_tcp(self: Box<Self>) -> Option<TcpStream> {
        None
    }
}

struct Session {
    server: Server,
    number: usize,
    stream: BufReader<Box<dyn Link>>,
    faults: Faults,
    message: usize,
}

impl Session {
    /// Talks until the end, or until STARTTLS, for which it gives the stream back.
    async fn run(mut self, greet: bool) -> io::Result<Option<TcpStream>> {
        if greet {
            self.answer(At::Greeting, "220 sink ESMTP\r\n").await?;
        }
        let (mut mail, mut recipient, mut mails) = (String::new(), None, 0);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            let line = line.trim_end().to_owned();
            self.server.0.commands.lock().unwrap().push((self.number, line.clone()));
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "EHLO" => {
                    let answer = self.offer();
                    self.answer(At::Ehlo, &answer).await?;
                }
                "STARTTLS" => {
                    self.answer(At::StartTls, "220 go ahead\r\n").await?;
                    return Ok(self.stream.into_inner().into_tcp());
                }
                "AUTH" => {
                    let good = line == "AUTH PLAIN AHVzZXIAc2VjcmV0";
                    let answer = if good { "235 2.7.0 ok\r\n" } else { "535 5.7.8 bad\r\n" };
                    self.stream.write_all(answer.as_bytes()).await?;
                }
                "MAIL" => {
                    mail = line;
                    recipient = None;
                    self.message = mails;
                    mails += 1;
                    self.answer(At::Mail, "250 2.1.0 ok\r\n").await?;
                }
                "RCPT" => {
                    if self.answer(At::Rcpt, "250 2.1.5 ok\r\n").await? {
                        let open = line.find('<').unwrap() + 1;
                        recipient = Some(line[open..line.rfind('>').unwrap()].to_owned());
                    }
                }
                "DATA" if recipient.is_none() => {
                    self.stream.write_all(b"503 5.5.1 no recipient\r\n").await?;
                }
                "DATA" => {
                    if self.answer(At::Data, "354 go ahead\r\n").await? {
                        let recipient = recipient.take().unwrap_or_default();
                        self.take_message(&mail, recipient).await?;
                    }
                }
                "RSET" => drop(self.answer(At::Rset, "250 2.0.0 ok\r\n").await?),
                "QUIT" => {
                    self.stream.write_all(b"221 2.0.0 bye\r\n").await?;
                    return Ok(None);
                }
                _ => self.stream.write_all(b"502 5.5.2 what?\r\n").await?,
            }
        }
    }

    fn offer(&self) -> String {
        let extensions = self.server.0.extensions.iter();
        let lines: String = extensions.map(|name| format!("250-{name}\r\n")).collect();
        format!("250-sink\r\n{lines}250 HELP\r\n")
    }

    async fn take_message(&mut self, mail: &str, recipient: String) -> io::Result<()> {
        let mut message = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == ".\r\n" {
                break;
            }
            message.push_str(line.strip_prefix('.').unwrap_or(&line));
            if self.fault(At::Body).is_some() {
                self.answer(At::Body, "").await?;
            }
        }
        let number = self.number;
        let taken = Taken { connection: number, mail: mail.to_owned(), recipient, message };
        // Whoever breaks off here has taken the message and not said so.
        let refused = matches!(self.fault(At::Dot), Some(Do::Say(text) | Do::SayAndClose(text)) if text.starts_with(['4', '5']));
        if !refused {
            self.server.0.taken.lock().unwrap().push(taken);
        }
        let answer = format!("250 2.0.0 Ok: queued as A{number}B{}00\r\n", self.message);
        self.answer(At::Dot, &answer).await?;
        Ok(())
    }

    fn fault(&self, at: At) -> Option<Do> {
        let fits = |fault: &&(usize, At, Do)| fault.0 == self.message && fault.1 == at;
        self.faults.iter().find(fits).map(|fault| fault.2)
    }

    /// The proper answer (`true`) or the fault of the script; an error ends the connection.
    async fn answer(&mut self, at: At, proper: &str) -> io::Result<bool> {
        match self.fault(at) {
            None => {
                self.stream.write_all(proper.as_bytes()).await?;
                self.stream.flush().await?;
                return Ok(true);
            }
            Some(Do::Say(text)) => {
                self.stream.write_all(text.as_bytes()).await?;
                self.stream.flush().await?;
                return Ok(text.starts_with(['2', '3']));
            }
            Some(Do::SayAndClose(text)) => {
                self.stream.write_all(text.as_bytes()).await?;
                self.stream.shutdown().await?;
            }
            Some(Do::Stall) => std::future::pending().await,
            Some(Do::Trickle) => {
                for byte in proper.bytes() {
                    self.stream.write_all(&[byte]).await?;
                    self.stream.flush().await?;
                    tokio::time::sleep(Duration::from_millis(60)).await;
                }
                return Ok(true);
            }
            Some(Do::Flood) => loop {
                let line = format!("250-{}\r\n", "more and ".repeat(80));
                self.stream.write_all(line.as_bytes()).await?;
            },
            Some(Do::Close) => self.stream.shutdown().await?,
            Some(Do::Reset) => self.stream.get_ref().tcp().set_zero_linger()?,
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}
