//! An SMS gateway over HTTP/1.1 that accepts everything, remembers it, and misbehaves on request.
//!
//! It understands the requests of every preset: parameters in the query, a form or JSON, whatever
//! they are called. A message counts as accepted when its answer, a 2xx, is about to be written.

mod answer;
mod request;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::{Instant, SinkLog};

pub use answer::{Answer, Ending};
pub use request::SmsRequest;

/// A message the sink accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedSms {
    /// When the answer was about to be written.
    #[serde(flatten)]
    pub at: Instant,
    /// The sink's number for the message, from 1; the same for a repeated reference.
    pub number: u64,
    /// The client's reference or idempotency key.
    pub reference: Option<String>,
    /// The recipient.
    pub to: String,
    /// The text.
    pub text: String,
    /// Whether this reference had been accepted before; a gateway with idempotency would not send
    /// it twice.
    pub repeat: bool,
    /// Whether the client was told: false if the connection was closed instead.
    pub replied: bool,
}

/// How the sink shall be.
#[derive(Debug, Default)]
pub struct SmsSinkOptions {
    /// Where to listen; on 127.0.0.1 if nothing is said.
    pub host: Option<Ipv4Addr>,
    /// The port there; 0 for any free one.
    pub port: u16,
    /// What is answered when no script says otherwise; by default 200 with
    /// `{"id":"{n}","status":"accepted"}`, where `{n}` becomes the message's number.
    pub usual: Option<Answer>,
    /// A file for the log, as JSON lines, instead of memory.
    pub log_file: Option<PathBuf>,
    /// The scripted answers to begin with.
    pub answers: Vec<Answer>,
}

/// A running SMS sink; it ends, with its connections, when this value goes.
#[derive(Debug)]
pub struct SmsSink {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    log: SinkLog<AcceptedSms>,
    usual: Answer,
    answers: Mutex<Vec<Answer>>,
    requests: AtomicU64,
    last: Mutex<Option<SmsRequest>>,
    numbers: Mutex<HashMap<String, u64>>,
    messages: AtomicU64,
}

impl SmsSink {
    /// A sink on a free port that keeps everything in memory.
    ///
    /// # Panics
    /// If no port can be had.
    pub async fn start() -> Self {
        Self::start_with(SmsSinkOptions::default()).await
    }

    /// A sink as told.
    ///
    /// # Panics
    /// If the port or the log file cannot be had.
    pub async fn start_with(options: SmsSinkOptions) -> Self {
        let host = options.host.unwrap_or(Ipv4Addr::LOCALHOST);
        let listener = TcpListener::bind((host, options.port)).await;
        let listener = listener.expect("the sink's port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let log = match &options.log_file {
            Some(path) => SinkLog::in_file(path).expect("the sink's log can be created"),
            None => SinkLog::in_memory(),
        };
        let usual = || Answer::json(200, r#"{"id":"{n}","status":"accepted"}"#);
        let shared = Arc::new(Shared {
            log,
            usual: options.usual.unwrap_or_else(usual),
            answers: Mutex::new(options.answers),
            requests: AtomicU64::new(0),
            last: Mutex::default(),
            numbers: Mutex::default(),
            messages: AtomicU64::new(0),
        });
        let sessions = Arc::clone(&shared);
        let accepting = tokio::spawn(async move {
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                running.spawn(serve(stream, Arc::clone(&sessions)));
                while running.try_join_next().is_some() {}
            }
        });
        Self { address, shared, accepting: accepting.abort_handle() }
    }

    /// Where the sink listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The sink's url, `http://127.0.0.1:port`; every path and method is taken.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was accepted.
    #[must_use]
    pub fn log(&self) -> &SinkLog<AcceptedSms> {
        &self.shared.log
    }

    /// The messages accepted so far.
    #[must_use]
    pub fn accepted(&self) -> Vec<AcceptedSms> {
        self.shared.log.entries()
    }

    /// Returns once `n` messages were accepted; panics after half a minute.
    pub async fn wait_for(&self, n: usize) {
        self.shared.log.wait_for(n, Duration::from_secs(30)).await;
    }

    /// Adds a scripted answer; of several that match, the one added first is given.
    pub fn script(&self, answer: Answer) {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    /// Ends all scripted answers.
    pub fn heal(&self) {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many requests came so far, whatever was answered.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// The latest request as it came, to look at its method, path, headers and body.
    #[must_use]
    pub fn last_request(&self) -> Option<SmsRequest> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for SmsSink {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.log.flush();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let mut input = Vec::new();
    // A client that goes away is what faults are for; nothing to tell anybody.
    while let Ok(Some(request)) = request::read(&mut stream, &mut input).await {
        shared.requests.fetch_add(1, Ordering::Relaxed);
        let answer = shared.answer(&request);
        *shared.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.clone());
        if !matches!(shared.give(&mut stream, &answer, &request).await, Ok(true)) {
            return;
        }
    }
}

impl Shared {
    fn answer(&self, request: &SmsRequest) -> Answer {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let to = request.to();
        let scripted = answers
            .iter_mut()
            .find_map(|answer| answer.when.strikes([to.as_str()]).then(|| answer.clone()));
        scripted.unwrap_or_else(|| self.usual.clone())
    }

    /// Gives the answer; says whether the connection goes on.
    async fn give(
        &self,
        stream: &mut TcpStream,
        answer: &Answer,
        request: &SmsRequest,
    ) -> std::io::Result<bool> {
        tokio::time::sleep(answer.delay).await;
        let number = if answer.accepts() { self.accept(request, answer) } else { 0 };
        match answer.ending {
            Ending::Answer => {
                stream.write_all(&answer.bytes(number)).await?;
                return Ok(true);
            }
            Ending::Close => stream.shutdown().await?,
            Ending::Reset => stream.set_zero_linger()?,
            Ending::Stall => {
                // Until the client goes.
                let mut ignored = Vec::new();
                while request::read_some(stream, &mut ignored).await? {
                    ignored.clear();
                }
            }
        }
        Ok(false)
    }

    fn accept(&self, request: &SmsRequest, answer: &Answer) -> u64 {
        let reference = request.reference();
        let next = || self.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let (number, repeat) = match &reference {
            None => (next(), false),
            Some(reference) => {
                let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
                let known = numbers.get(reference).copied();
                (*numbers.entry(reference.clone()).or_insert_with(next), known.is_some())
            }
        };
        self.log.push(AcceptedSms {
            at: Instant::now(),
            number,
            reference,
            to: request.to(),
            text: request.text(),
            repeat,
            replied: answer.ending == Ending::Answer,
        });
        number
    }
}
