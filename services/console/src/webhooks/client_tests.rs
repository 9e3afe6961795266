//! Where messages go and where they do not, against real HTTPS receivers and a resolver that lies.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::{HookAnswer, HookSink};

use super::client::*;
use domain::outgoing::Reach;
use domain::webhook::WebhookProblem;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// A name server under somebody else's control: the answers it gives, one after the other; the last
/// one for ever.
#[derive(Debug, Default)]
struct Liar {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Liar {
    fn saying(answers: &[&[&str]]) -> Arc<Self> {
        let read = |ips: &&[&str]| ips.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().map(read).collect()),
            ..Self::default()
        })
    }
}

impl Names for Liar {
    fn look_up(&self, _: &str) -> LookUp {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move { Ok(answer.unwrap_or_default()) })
    }
}

fn client(reach: Reach, sink: &HookSink, names: Arc<dyn Names>) -> Client {
    patient(reach, sink, names, ATTEMPT)
}

fn patient(reach: Reach, sink: &HookSink, names: Arc<dyn Names>, patience: Duration) -> Client {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    sink.write_certificate(&file);
    Client::new(reach, Some(&file), names, patience).unwrap()
}

async fn post(client: &Client, url: &str) -> Result<Reply, WebhookProblem> {
    client.post(url, &[("webhook-id", "1".to_owned())], "{}".to_owned()).await
}

fn url(host: &str, sink: &HookSink) -> String {
    format!("https://{host}:{}/in", sink.address().port())
}

#[tokio::test]
async fn a_message_arrives_and_the_beginning_of_the_answer_is_kept() {
    let sink = HookSink::start().await;
    let client = client(Reach::Inner, &sink, Arc::new(System));
    let long = "a\u{0}b".to_owned() + &"x".repeat(2000);
    sink.answer([HookAnswer::Status(202, "Retry-After: 7\r\n".to_owned(), long)]);
    let reply = post(&client, &url("localhost", &sink)).await.unwrap();
    assert_eq!(
        (reply.status, reply.retry_after),
        (202, None),
        "only a 429 or 503 asks for patience"
    );
    assert_eq!(reply.text.len(), 512);
    assert!(reply.text.starts_with("a bxx"), "{}", reply.text);
    let got = &sink.got()[0];
    assert_eq!((got.line.as_str(), got.body.as_str()), ("POST /in HTTP/1.1", "{}"));
    assert_eq!((got.header("webhook-id"), got.header("content-type")), ("1", "application/json"));
    sink.answer([HookAnswer::Status(503, "Retry-After: 7\r\n".to_owned(), String::new())]);
    let reply = post(&client, &url("127.0.0.1", &sink)).await.unwrap();
    assert_eq!(reply.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn inner_addresses_are_refused_in_the_url() {
    let sink = HookSink::start().await;
    let client = client(Reach::Internet, &sink, Arc::new(System));
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "[64:ff9b::7f00:1]",
        "0x7f000001",
        "127.1",
        "10.0.0.1",
    ] {
        let refused = post(&client, &url(host, &sink)).await;
        assert_eq!(refused, Err(WebhookProblem::RefusedAddress), "{host}");
    }
    let plain = format!("http://localhost:{}/in", sink.address().port());
    assert_eq!(post(&client, &plain).await, Err(WebhookProblem::RefusedAddress));
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_wherever_the_inner_address_stands() {
    let sink = HookSink::on(Ipv4Addr::LOCALHOST.into(), 0, &["hooks.example.com"]).await;
    for answer in [
        &["127.0.0.1"][..],
        &["169.254.169.254"],
        &["10.1.2.3"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["2002:7f00:1::"],
        &["fd00::1"],
        &["0.0.0.0"],
        // The first one is public.
        &["93.184.215.14", "127.0.0.1"],
    ] {
        let client = client(Reach::Internet, &sink, Liar::saying(&[answer]));
        let refused = post(&client, &url("hooks.example.com", &sink)).await;
        assert_eq!(refused, Err(WebhookProblem::RefusedAddress), "{answer:?}");
    }
    // Closed networks may be reached where that is allowed; what clouds keep there never.
    let within = client(Reach::Inner, &sink, Liar::saying(&[&["169.254.169.254"]]));
    let refused = post(&within, &url("hooks.example.com", &sink)).await;
    assert_eq!(refused, Err(WebhookProblem::RefusedAddress));
    let nowhere = client(Reach::Internet, &sink, Liar::saying(&[&[]]));
    let unknown = post(&nowhere, &url("hooks.example.com", &sink)).await;
    assert_eq!(unknown, Err(WebhookProblem::UnknownName));
    assert_eq!(sink.connections(), 0);
    // With the same name and certificate it does arrive where it may: the refusals were no accident.
    let within = client(Reach::Inner, &sink, Liar::saying(&[&["127.0.0.1"]]));
    assert_eq!(post(&within, &url("hooks.example.com", &sink)).await.unwrap().status, 204);
}

#[tokio::test]
async fn what_was_checked_is_what_is_connected_to() {
    // The name means one thing when it is checked, and another right afterwards.
    let checked = HookSink::on("127.0.0.2".parse().unwrap(), 0, &["hooks.example.com"]).await;
    let port = checked.address().port();
    let inner = HookSink::on(Ipv4Addr::LOCALHOST.into(), port, &["hooks.example.com"]).await;
    let liar = Liar::saying(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let client = client(Reach::Inner, &checked, Arc::<Liar>::clone(&liar));
    let reply = post(&client, &url("hooks.example.com", &checked)).await.unwrap();
    assert_eq!((reply.status, liar.asked.load(Ordering::Relaxed)), (204, 1));
    assert_eq!((checked.got().len(), inner.connections()), (1, 0));
}

#[tokio::test]
async fn a_name_that_turns_inside_is_refused_at_the_next_connection() {
    let sink = HookSink::on(Ipv4Addr::LOCALHOST.into(), 0, &["hooks.example.com"]).await;
    let liar = Liar::saying(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let client = client(Reach::Inner, &sink, liar);
    // The connection is closed, so that the next message needs another one.
    let close = "Connection: close\r\n".to_owned();
    sink.answer([HookAnswer::Status(204, close, String::new())]);
    assert!(post(&client, &url("hooks.example.com", &sink)).await.is_ok());
    let refused = post(&client, &url("hooks.example.com", &sink)).await;
    assert_eq!(refused, Err(WebhookProblem::RefusedAddress));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let sink = HookSink::start().await;
    let inner = HookSink::start().await;
    let client = client(Reach::Inner, &sink, Arc::new(System));
    for status in [301, 302, 303, 307, 308] {
        let to = format!("Location: {}\r\n", url("localhost", &inner));
        sink.answer([HookAnswer::Status(status, to, String::new())]);
        assert_eq!(post(&client, &url("localhost", &sink)).await.unwrap().status, status);
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn whoever_misbehaves_costs_little() {
    let sink = HookSink::start().await;
    let client = client(Reach::Inner, &sink, Arc::new(System));
    let to = url("localhost", &sink);
    sink.answer([HookAnswer::Endless]);
    assert_eq!(post(&client, &to).await.unwrap().text.len(), 512);
    sink.answer([HookAnswer::Close]);
    assert_eq!(post(&client, &to).await, Err(WebhookProblem::BrokeOff));
    // Another certificate than the one we trust.
    let stranger = HookSink::start().await;
    let refused = post(&client, &url("localhost", &stranger)).await;
    assert_eq!(refused, Err(WebhookProblem::NoTrust));
    // A certificate for another name.
    let named = HookSink::on(Ipv4Addr::LOCALHOST.into(), 0, &["hooks.example.com"]).await;
    let other = client_of(&named);
    assert_eq!(post(&other, &url("localhost", &named)).await, Err(WebhookProblem::NoTrust));
    let port = {
        let gone = HookSink::start().await;
        gone.address().port()
    };
    let nobody = post(&client, &format!("https://localhost:{port}/")).await;
    assert_eq!(nobody, Err(WebhookProblem::Unreachable));
    assert!(got_nothing(&named) && got_nothing(&stranger));
}

fn client_of(sink: &HookSink) -> Client {
    client(Reach::Inner, sink, Arc::new(System))
}

fn got_nothing(sink: &HookSink) -> bool {
    sink.got().is_empty()
}

#[tokio::test]
async fn silence_ends_in_time() {
    let sink = HookSink::start().await;
    let short = Duration::from_millis(500);
    let client = patient(Reach::Inner, &sink, Arc::new(System), short);
    sink.answer([HookAnswer::Silence]);
    let silent = post(&client, &url("localhost", &sink)).await;
    assert_eq!(silent, Err(WebhookProblem::TimedOut));
}

#[test]
fn what_is_read_in_two_ways_is_refused() {
    let names: Arc<dyn Names> = Arc::new(System);
    let Ok(client) = Client::new(Reach::Internet, None, names, ATTEMPT) else {
        panic!("this machine has certificates to trust (ca-certificates)")
    };
    for url in [
        "https://hooks.example.com/a?b#c",
        "https://HOOKS.example.com.:8443",
        "https://8.8.8.8/",
        "https://[2606:4700:0000::1111]/",
    ] {
        assert!(client.check(url).is_ok(), "{url}");
    }
    for url in [
        "https://a@hooks.example.com/",
        "https:/hooks.example.com/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://1.2.3.4.5/",
        "https://хост.example/",
    ] {
        assert!(client.check(url).is_err(), "{url}");
    }
}
