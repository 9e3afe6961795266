//! `SERVICE --health`: asks a running process of the same settings whether it is ready, for
//! containers that hold no program to ask with.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::health::HealthSettings;
use crate::settings::{Loaded, SettingsError};

/// Longer than the slowest check the page waits for.
const PATIENCE: Duration = Duration::from_secs(4);

/// Bytes of the page that are read at most.
const MOST: u64 = 64 * 1024;

/// Asks `/health/ready` at `health.listen` and returns what it answers.
///
/// # Errors
/// When `health.listen` is not set, nobody answers there, or the answer is not "ready"; the text says
/// which check failed.
pub(crate) fn ready(settings: &Loaded) -> anyhow::Result<String> {
    let HealthSettings { listen } = settings.section("health")?;
    let listen = listen.ok_or_else(|| SettingsError::not_set("health.listen"))?;
    let address = reachable(&listen)?;
    let silent = || format!("nobody answers at {address}, which health.listen names");
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).with_context(silent)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /health/ready HTTP/1.0\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).with_context(silent)?;
    let mut answer = String::new();
    stream.take(MOST).read_to_string(&mut answer).with_context(silent)?;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(page.to_owned()),
        _ => bail!("not ready: {page}"),
    }
}

/// `listen` as an address to connect to: a process that listens everywhere is asked from within.
fn reachable(listen: &str) -> anyhow::Result<SocketAddr> {
    let found = listen.to_socket_addrs().ok().and_then(|mut found| found.next());
    let mut address = found.with_context(|| format!("health.listen is no address: {listen:?}"))?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Shutdown;
    use crate::health::Health;
    use crate::metrics::Metrics;

    fn listening(listen: &str) -> Loaded {
        Loaded::defaults().with(&[("health.listen", listen)]).unwrap()
    }

    #[tokio::test]
    async fn it_tells_a_ready_process_from_one_that_is_not_and_from_none() {
        let (health, shutdown) = (Health::new(), Shutdown::new());
        let settings: HealthSettings = listening("0.0.0.0:0").section("health").unwrap();
        let server = health.serve(&settings, Metrics::install("test"), &shutdown).await;
        let server = server.unwrap().unwrap();
        let asked = listening(&format!("0.0.0.0:{}", server.address().port()));
        let ask = || {
            let settings = asked.clone();
            tokio::task::spawn_blocking(move || ready(&settings))
        };
        assert!(ask().await.unwrap().unwrap().contains("\"ready\":true"));
        health.check("broker", || async { Err::<(), _>("connection refused") });
        let error = ask().await.unwrap().unwrap_err().to_string();
        assert!(error.starts_with("not ready: {") && error.contains("refused"), "{error}");

        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = ready(&listening(&free.to_string())).unwrap_err().to_string();
        assert_eq!(error, format!("nobody answers at {free}, which health.listen names"));
        let error = ready(&Loaded::defaults()).unwrap_err().to_string();
        assert!(error.starts_with("health.listen is not set"), "{error}");
        let error = ready(&listening("nonsense")).unwrap_err().to_string();
        assert_eq!(error, "health.listen is no address: \"nonsense\"");
    }
}
