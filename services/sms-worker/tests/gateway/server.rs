//! A gateway made of scripted bytes: it records each request and then does what it was told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Clone)]
pub enum Act {
    /// Writes the bytes and keeps the connection.
    Say(Vec<u8>),
    /// Writes the bytes and closes the connection without having announced it.
    SayAndClose(Vec<u8>),
    /// Closes the connection without a word.
    Close,
    /// Resets the connection without a word.
    Reset,
    /// Never answers.
    Hold,
    /// Writes the bytes, then single bytes for ever.
    Trickle(Vec<u8>),
    /// Writes the bytes, then as many more as the client takes.
    Flood(Vec<u8>),
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub connection: usize,
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    flooded: watch::Receiver<Option<usize>>,
    closed: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

struct Script {
    acts: Mutex<VecDeque<Act>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    flooded: watch::Sender<Option<usize>>,
    closed: watch::Sender<usize>,
}

impl Server {
    /// A server that goes through `acts`, one per request.
    pub async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (flood_sender, flooded) = watch::channel(None);
        let (close_sender, closed) = watch::channel(0);
        let script = Arc::new(Script {
            acts: Mutex::new(acts.into_iter().collect()),
            seen: seen.clone(),
            flooded: flood_sender,
            closed: close_sender,
        });
        let task = tokio::spawn(async move {
            let mut connections = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.push(tokio::spawn(serve(stream, connections.len(), script.clone())));
            }
        });
        Self { url, seen, flooded, closed, task }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Bytes of the flood that were written before the client turned away.
    pub async fn flooded(&mut self) -> usize {
        self.flooded.wait_for(Option::is_some).await.unwrap().unwrap()
    }

    /// Waits until the server has closed that many connections.
    pub async fn closed(&mut self, connections: usize) {
        self.closed.wait_for(|closed| *closed >= connections).await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, connection: usize, script: Arc<Script>) {
    while let Some(seen) = read_request(&mut stream, connection).await {
        script.seen.lock().unwrap().push(seen);
        let act = script.acts.lock().unwrap().pop_front().expect("an act for every request");
        match act {
            Act::Say(bytes) => stream.write_all(&bytes).await.unwrap(),
            Act::SayAndClose(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                break;
            }
            Act::Close => break,
            Act::Reset => {
                stream.set_zero_linger().unwrap();
                break;
            }
            Act::Hold => {
                let _ = stream.read(&mut [0]).await;
                break;
            }
            Act::Trickle(bytes) => {
                let _ = stream.write_all(&bytes).await;
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                break;
            }
            Act::Flood(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let mut written = 0;
                while let Ok(count) = stream.write(&[b'x'; 4096]).await {
                    written += count;
                }
                script.flooded.send_replace(Some(written));
                break;
            }
        }
    }
    drop(stream);
    script.closed.send_modify(|closed| *closed += 1);
}

async fn read_request(stream: &mut TcpStream, connection: usize) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head + 4..head + 4 + length].to_vec()).unwrap();
    Some(Seen { connection, line, headers, body })
}

/// An answer with a length.
pub fn answer(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    format!("{text}\r\n{body}").into_bytes()
}

pub fn json(status: &str, body: &str) -> Act {
    Act::Say(answer(status, &["Content-Type: application/json"], body))
}

pub fn text(status: &str, body: &str) -> Act {
    Act::Say(answer(status, &["Content-Type: text/html"], body))
}
