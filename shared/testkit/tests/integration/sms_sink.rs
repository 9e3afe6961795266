//! The SMS sink as a client sees it, and both sinks as processes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use testkit::sms_sink::Ending;
use testkit::{AcceptedSms, Answer, SmsSink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One request on its own connection; the whole answer, empty if there was none.
async fn post(address: std::net::SocketAddr, key: &str, to: &str) -> String {
    let body = format!(r#"{{"to":"{to}","text":"Hi"}}"#);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /send HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {key}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_repeated_reference_is_seen_and_gets_the_same_number() {
    let sink = SmsSink::start().await;
    let first = post(sink.address(), "k1", "+9711").await;
    assert!(
        first.starts_with("HTTP/1.1 200") && first.ends_with(r#"{"id":"1","status":"accepted"}"#)
    );
    assert_eq!(post(sink.address(), "k1", "+9711").await, first);
    post(sink.address(), "k2", "+9712").await;
    let facts: Vec<_> =
        sink.accepted().into_iter().map(|sms| (sms.to, sms.number, sms.repeat)).collect();
    let expected = [("+9711", 1, false), ("+9711", 1, true), ("+9712", 2, false)];
    assert_eq!(facts, expected.map(|(to, number, repeat)| (to.to_owned(), number, repeat)));
    assert_eq!(sink.last_request().unwrap().target, "/send");
}

#[tokio::test]
async fn scripted_answers_come_in_their_order() {
    let sink = SmsSink::start().await;
    sink.script(Answer::json(429, "{}").header("Retry-After", "3").times(1));
    sink.script(Answer::html(502).times(1));
    sink.script(Answer::redirect("http://elsewhere.example/").times(1));
    sink.script(Answer::huge(200, 1 << 20).times(1));
    sink.script(Answer::accept_then_close().times(1));
    sink.script(Answer::refuse(Ending::Close).times(1));
    sink.script(Answer::refuse(Ending::Reset).times(1));
    assert!(post(sink.address(), "a", "+1").await.contains("Retry-After: 3"));
    assert!(post(sink.address(), "a", "+1").await.contains("<html>"));
    assert!(post(sink.address(), "a", "+1").await.contains("Location: http://elsewhere.example/"));
    assert_eq!(sink.log().count(), 0);
    assert!(post(sink.address(), "a", "+1").await.len() > 1 << 20);
    assert_eq!(post(sink.address(), "b", "+1").await, "");
    assert_eq!(sink.accepted().iter().map(|sms| sms.replied).collect::<Vec<_>>(), [true, false]);
    assert_eq!(post(sink.address(), "c", "+1").await, "");
    assert_eq!(post(sink.address(), "c", "+1").await, "");
    assert_eq!((sink.log().count(), sink.requests()), (2, 7));
}

#[tokio::test]
async fn a_sink_of_its_own_process_tells_its_port_and_leaves_a_whole_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut sinks = Command::new(env!("CARGO_BIN_EXE_sinks"))
        .args(["sms", "--answer", "times=1 503 busy", "--log"])
        .arg(&log)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(sinks.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let address = format!("127.0.0.1:{}", port.trim()).parse().unwrap();
    assert!(post(address, "k", "+1").await.starts_with("HTTP/1.1 503"));
    assert!(post(address, "k", "+1").await.starts_with("HTTP/1.1 200"));
    kill_process(Pid::from_child(&sinks), Signal::TERM).unwrap();
    assert!(sinks.wait().unwrap().success());
    let logged: Vec<AcceptedSms> = testkit::sink_log::read(&log).unwrap();
    assert_eq!(logged.iter().map(|sms| sms.to.as_str()).collect::<Vec<_>>(), ["+1"]);
}
