//! The stream under an SMTP conversation: TCP without delay, TLS on demand, and deadlines.
//!
//! lettre's asynchronous connection knows a timeout for connecting only, so the deadlines live
//! here, below it: each step sets until when it may write and how long it may wait for the answer,
//! and a peer that stalls or trickles cannot move either. TLS lives here too, because lettre can
//! only start it on a stream it opened itself, and because what is counted here is then plain text:
//! the count of bytes written says whether the final dot can have left.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::answer::make_readable;

/// Bytes a peer may send in answer to one step. EHLO, the longest answer, takes about one thousand;
/// lettre reads an answer again from its start with every line, so more would cost time, too.
const ANSWER_BYTES: u64 = 16 * 1024;

/// Why a conversation could not go on, as the stream saw it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The name could not be resolved, or nobody listens there.
    #[error("cannot connect: {0}")]
    Connect(io::ErrorKind),
    /// A deadline passed.
    #[error("no answer in time")]
    TimedOut,
    /// The peer closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(io::ErrorKind),
    /// TLS could not be agreed on; the text says why.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// TLS is required, and the server does not offer it.
    #[error("the server does not offer STARTTLS, which the settings require")]
    TlsNotOffered,
    /// Credentials are set, and the server offers no way to use them.
    #[error("the server offers neither AUTH PLAIN nor AUTH LOGIN")]
    AuthNotOffered,
    /// The peer's answer does not fit the question: the conversation is out of step.
    #[error("the server's answer does not fit what was asked")]
    OutOfStep,
    /// Too little time was left to begin with the message itself.
    #[error("too little time was left to hand the message over")]
    TooLate,
}

/// What TLS needs: trust and the name the certificate must carry.
#[derive(Clone)]
pub(super) struct TlsIdentity {
    pub connector: TlsConnector,
    pub name: ServerName<'static>,
}

/// The hand on a [`Wire`] that lettre owns.
#[derive(Clone)]
pub(super) struct Control(Arc<Mutex<State>>);

struct State {
    write_by: Instant,
    /// How long the answer may take, counted from when the question was written.
    answer_within: Duration,
    /// Nothing lasts beyond this, whatever the step.
    by: Instant,
    answer_by: Option<Instant>,
    answer_budget: u64,
    read: u64,
    written: u64,
    /// Bytes that came, and that no answer was owed for so far.
    waiting: usize,
    start_tls: Option<TlsIdentity>,
    broken: Option<Broken>,
    /// The count of written bytes that ends just before the final dot of the message under way.
    dot: Option<u64>,
}

impl Control {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a step: to be written within `each`, answered within `each`, both over before `by`.
    pub(super) fn begin(&self, each: Duration, by: Instant) {
        let mut state = self.state();
        state.by = by;
        state.write_by = (Instant::now() + each).min(by);
        state.answer_within = each;
        state.answer_by = None;
        state.answer_budget = state.read + ANSWER_BYTES;
    }

    /// Tells where in the bytes written from now on the message's final dot stands.
    pub(super) fn expect_dot(&self, dot: u64) {
        self.state().dot = Some(dot);
    }

    /// Makes the next read or write start TLS first.
    pub(super) fn start_tls(&self, identity: TlsIdentity) {
        self.state().start_tls = Some(identity);
    }

    /// Whether something came that was not yet asked for.
    pub(super) fn has_waiting(&self) -> bool {
        self.state().waiting > 0
    }

    /// Bytes of plain text written so far.
    pub(super) fn written(&self) -> u64 {
        self.state().written
    }

    /// What broke, where something did.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.state().broken.clone()
    }
}

/// A TCP stream, with or without TLS, that gives up at deadlines.
pub(super) struct Wire {
    socket: Socket,
    peer: SocketAddr,
    control: Control,
    alarm: Pin<Box<Sleep>>,
    /// What came and has not been handed up.
    arrived: Vec<u8>,
    /// What is left of the line being handed up.
    line: Vec<u8>,
}

enum Socket {
    Plain(TcpStream),
    Handshake(Box<tokio_rustls::Connect<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
    Gone,
}

impl Wire {
    /// Wraps a connected stream; the control sets its deadlines.
    pub(super) fn new(stream: TcpStream, by: Instant) -> io::Result<(Self, Control)> {
        stream.set_nodelay(true)?;
        let control = Control(Arc::new(Mutex::new(State {
            write_by: by,
            answer_within: Duration::MAX,
            by,
            answer_by: Some(by),
            answer_budget: ANSWER_BYTES,
            read: 0,
            written: 0,
            waiting: 0,
            start_tls: None,
            broken: None,
            dot: None,
        })));
        let wire = Self {
            peer: stream.peer_addr()?,
            socket: Socket::Plain(stream),
            control: control.clone(),
            alarm: Box::pin(tokio::time::sleep_until(by)),
            arrived: Vec::new(),
            line: Vec::new(),
        };
        Ok((wire, control))
    }

    fn fail<T>(&self, broken: Broken) -> Poll<io::Result<T>> {
        let kind = match &broken {
            Broken::TimedOut => io::ErrorKind::TimedOut,
            Broken::Io(kind) => *kind,
            _ => io::ErrorKind::ConnectionAborted,
        };
        self.control.state().broken.get_or_insert(broken);
        Poll::Ready(Err(kind.into()))
    }

    /// Pending until `deadline`, then the failure. The alarm is only ever moved when it has to be:
    /// most steps end long before it rings.
    fn pending<T>(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<io::Result<T>> {
        loop {
            if Instant::now() >= deadline {
                return self.fail(Broken::TimedOut);
            }
            if self.alarm.deadline() > deadline || self.alarm.is_elapsed() {
                self.alarm.as_mut().reset(deadline);
            }
            ready!(self.alarm.as_mut().poll(cx));
        }
    }

    /// Starts and finishes TLS where that was asked for.
    fn poll_tls(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wanted = self.control.state().start_tls.take();
        if let Some(identity) = wanted {
            // Plain text behind the answer to STARTTLS would pass for an answer under TLS.
            if !self.arrived.is_empty() {
                return self.fail(Broken::Tls("plain text after the answer to STARTTLS".into()));
            }
            match std::mem::replace(&mut self.socket, Socket::Gone) {
                Socket::Plain(stream) => {
                    let handshake = identity.connector.connect(identity.name, stream);
                    self.socket = Socket::Handshake(Box::new(handshake));
                }
                other => self.socket = other,
            }
        }
        let Socket::Handshake(handshake) = &mut self.socket else {
            return Poll::Ready(Ok(()));
        };
        match Pin::new(handshake).poll(cx) {
            Poll::Ready(Ok(stream)) => {
                self.socket = Socket::Tls(Box::new(stream));
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => {
                self.socket = Socket::Gone;
                self.fail(Broken::Tls(error.to_string()))
            }
            Poll::Pending => {
                let deadline = self.control.state().write_by;
                self.pending(cx, deadline)
            }
        }
    }

    /// A write's result, under the step's deadline for writing.
    fn watched<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) => self.fail(Broken::Io(error.kind())),
            Poll::Ready(Ok(done)) => Poll::Ready(Ok(done)),
            Poll::Pending => {
                let deadline = self.control.state().write_by;
                self.pending(cx, deadline)
            }
        }
    }

    /// How many bytes the next read may take, and until when it may wait.
    fn read_allowance(&self) -> (usize, Instant) {
        let mut state = self.control.state();
        let latest = state.by;
        let within = state.answer_within;
        // Reading begins when everything is written.
        let written = state.written;
        if state.dot.take_if(|dot| written > *dot).is_some() {
            domain::failpoint::pass("mailer.dot_written");
        }
        let deadline = *state.answer_by.get_or_insert_with(|| {
            Instant::now().checked_add(within).map_or(latest, |deadline| deadline.min(latest))
        });
        let left = state.answer_budget.saturating_sub(state.read);
        (usize::try_from(left).unwrap_or(usize::MAX), deadline)
    }
}

impl Wire {
    /// Makes the next whole line of the answer ready for handing up.
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(end) = self.arrived.iter().position(|byte| *byte == b'\n') {
                self.line.extend(self.arrived.drain(..=end));
                make_readable(&mut self.line);
                self.control.state().waiting = self.arrived.len();
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_arrival(cx))?;
        }
    }

    /// Takes in some of what the peer has sent.
    fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_tls(cx))?;
        let (left, deadline) = self.read_allowance();
        if left == 0 {
            return self.fail(Broken::OutOfStep);
        }
        let mut memory = [0; 2048];
        let most = memory.len().min(left);
        let mut part = ReadBuf::new(&mut memory[..most]);
        let result = match &mut self.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_read(cx, &mut part),
            Socket::Tls(stream) => Pin::new(stream).poll_read(cx, &mut part),
            Socket::Handshake(_) | Socket::Gone => Poll::Ready(Ok(())),
        };
        match result {
            Poll::Ready(Ok(())) if part.filled().is_empty() => self.fail(Broken::Closed),
            Poll::Ready(Ok(())) => {
                self.arrived.extend_from_slice(part.filled());
                let mut state = self.control.state();
                state.read += part.filled().len() as u64;
                state.waiting = self.arrived.len();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) if is_end(error.kind()) => self.fail(Broken::Closed),
            Poll::Ready(Err(error)) => self.fail(Broken::Io(error.kind())),
            Poll::Pending => self.pending(cx, deadline),
        }
    }
}

/// Hands up one line at a time. lettre reads no further than the last line of an answer, so that
/// its buffer is empty between answers and whatever came too much is still here, to be seen.
impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.line.is_empty() {
            ready!(self.poll_line(cx))?;
        }
        let n = self.line.len().min(buffer.remaining());
        buffer.put_slice(&self.line[..n]);
        self.line.drain(..n);
        Poll::Ready(Ok(()))
    }
}

/// A peer that ends a TLS stream without saying goodbye has closed it all the same.
const fn is_end(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::UnexpectedEof)
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_tls(cx))?;
        let result = match &mut this.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Socket::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Socket::Handshake(_) | Socket::Gone => Poll::Ready(Ok(0)),
        };
        if let Poll::Ready(Ok(n)) = result {
            this.control.state().written += n as u64;
        }
        this.watched(cx, result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_tls(cx))?;
        let result = match &mut this.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Socket::Handshake(_) | Socket::Gone => Poll::Ready(Ok(())),
        };
        this.watched(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let result = match &mut this.socket {
            Socket::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Socket::Handshake(_) | Socket::Gone => Poll::Ready(Ok(())),
        };
        this.watched(cx, result)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({})", self.peer)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
