//! Somebody who looks at pages.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A browser that reads nothing but how long the server took.
#[derive(Debug, Clone)]
pub struct Visitor {
    address: SocketAddr,
    cookie: String,
}

impl Visitor {
    pub const fn new(address: SocketAddr) -> Self {
        Self { address, cookie: String::new() }
    }

    /// Comes in by a demonstration's link.
    pub async fn come_in(&mut self, link: &str) {
        let head = self.ask("POST", link).await;
        let cookie = head.split("set-cookie: ").nth(1).and_then(|rest| rest.split(';').next());
        cookie.unwrap_or_else(|| panic!("nobody was let in: {head}")).clone_into(&mut self.cookie);
    }

    /// Looks at a page; the server's time in milliseconds.
    pub async fn look(&mut self, path: &str) -> f64 {
        let head = self.ask("GET", path).await;
        let status = head.split(' ').nth(1).unwrap_or_default();
        assert!(["200", "303"].contains(&status), "{path}: {head}");
        assert!(!head.contains("location: /sign-in"), "{path} leads to signing in");
        let took = head.split("server-timing: app;dur=").nth(1);
        let took = took.and_then(|rest| rest.lines().next()?.trim().parse().ok());
        took.unwrap_or_else(|| panic!("{path} does not say how long it took: {head}"))
    }

    async fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("the console listens");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {1}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n",
            self.address, self.cookie
        );
        stream.write_all(request.as_bytes()).await.expect("the console reads");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.expect("the console answers");
        let text = String::from_utf8_lossy(&bytes);
        text.split("\r\n\r\n").next().unwrap_or_default().to_owned()
    }
}
