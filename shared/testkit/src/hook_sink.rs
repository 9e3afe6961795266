//! A receiver of webhooks over HTTPS: remembers what it got, answers what it is told to.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::smtp_sink::tls::Identity;

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRequest {
    /// The method and the path.
    pub line: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl HookRequest {
    /// A header by its name in lower case.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        &found.unwrap_or_else(|| panic!("the message has no header {name}")).1
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookAnswer {
    /// A status, further header lines with their ends, a body.
    Status(u16, String, String),
    /// Nothing: the connection is closed.
    Close,
    /// Nothing, and the connection stays open.
    Silence,
    /// A body without end, until the other side has had enough.
    Endless,
}

impl HookAnswer {
    /// A status without a body.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Status(status, String::new(), String::new())
    }
}

/// A running receiver; it ends, with its connections, when this value goes.
#[derive(Debug)]
pub struct HookSink {
    address: SocketAddr,
    certificate: String,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    got: watch::Sender<Vec<HookRequest>>,
    answers: Mutex<VecDeque<HookAnswer>>,
    connections: watch::Sender<u64>,
}

impl HookSink {
    /// One on 127.0.0.1, known as `localhost`, that answers 204.
    pub async fn start() -> Self {
        Self::on(Ipv4Addr::LOCALHOST.into(), 0, &["localhost", "127.0.0.1"]).await
    }

    /// One on an address of this machine, with a certificate for these names.
    ///
    /// # Panics
    /// When it cannot listen there.
    pub async fn on(host: IpAddr, port: u16, names: &[&str]) -> Self {
        let listener = TcpListener::bind((host, port)).await.expect("the address is free");
        let address = listener.local_addr().expect("a listener has an address");
        let identity = Identity::create(names);
        let shared = Arc::new(Shared {
            got: watch::Sender::new(Vec::new()),
            answers: Mutex::default(),
            connections: watch::Sender::new(0),
        });
        let (state, acceptor) = (Arc::clone(&shared), identity.acceptor);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                state.connections.send_modify(|count| *count += 1);
                let (state, acceptor) = (Arc::clone(&state), acceptor.clone());
                tokio::spawn(async move {
                    // Whoever does not trust us goes away.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        state.serve(stream).await;
                    }
                });
            }
        });
        Self {
            address,
            certificate: identity.certificate_pem,
            shared,
            accepting: accepting.abort_handle(),
        }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Writes its certificate into a file.
    ///
    /// # Panics
    /// When that cannot be written.
    pub fn write_certificate(&self, path: &Path) {
        std::fs::write(path, &self.certificate).expect("the certificate can be written");
    }

    /// What it answers next, in this order; afterwards 204 again.
    pub fn answer(&self, answers: impl IntoIterator<Item = HookAnswer>) {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// What it got so far.
    #[must_use]
    pub fn got(&self) -> Vec<HookRequest> {
        self.shared.got.borrow().clone()
    }

    /// How many connections were made to it.
    #[must_use]
    pub fn connections(&self) -> u64 {
        *self.shared.connections.borrow()
    }

    /// What it got, once that is at least so much.
    ///
    /// # Panics
    /// When it has ended.
    pub async fn wait_for(&self, messages: usize) -> Vec<HookRequest> {
        let mut got = self.shared.got.subscribe();
        let enough = got.wait_for(|got| got.len() >= messages).await;
        enough.expect("the receiver is there").clone()
    }
}

impl Drop for HookSink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn next_answer(&self) -> HookAnswer {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.pop_front().unwrap_or(HookAnswer::status(204))
    }

    async fn serve(&self, mut stream: impl AsyncRead + tokio::io::AsyncWrite + Unpin) {
        while let Some(request) = read(&mut stream).await {
            let answer = self.next_answer();
            self.got.send_modify(|got| got.push(request));
            match answer {
                HookAnswer::Status(status, headers, body) => {
                    let length = body.len();
                    let head =
                        format!("HTTP/1.1 {status} -\r\nContent-Length: {length}\r\n{headers}\r\n");
                    let written = stream.write_all(format!("{head}{body}").as_bytes()).await;
                    if written.is_err() {
                        return;
                    }
                }
                HookAnswer::Close => return,
                HookAnswer::Silence => std::future::pending().await,
                HookAnswer::Endless => {
                    let mut part =
                        b"HTTP/1.1 200 -\r\nContent-Length: 99999999999\r\n\r\n".to_vec();
                    while stream.write_all(&part).await.is_ok() {
                        part = vec![b'x'; 4096];
                    }
                    return;
                }
            }
        }
    }
}

/// Reads one message; nothing when the connection is over.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<HookRequest> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = memmem::find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let line = lines.next()?.to_owned();
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<(String, String)> = lines.filter_map(pair).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head + 4..head + 4 + length]).into_owned();
    Some(HookRequest { line, headers, body })
}
