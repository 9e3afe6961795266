//! Everything that can go wrong between us and a gateway.

use std::collections::HashMap;
use std::time::Duration;

use sms_worker::gateway::{GatewayResult, HttpSmsGateway, SmsGateway, SmsMessage};
use sms_worker::reply::RefusalClass;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::server::{Act, Server, answer, json, text};
use crate::{in_seconds, kind, message, send, settings};

fn accepted() -> Act {
    json("200 OK", r#"{"id": "7"}"#)
}

/// What `act` leads to with the preset "custom".
async fn after(act: Act) -> (String, String) {
    let server = Server::start([act]).await;
    let result = send(&settings("custom", &server), &message()).await;
    assert_eq!(server.seen().len(), 1, "one request and no other");
    kind(&result)
}

fn retry_after(result: &GatewayResult) -> Option<u64> {
    match result {
        GatewayResult::Temporary { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_closed_port_is_not_handed_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut server = Server::start([]).await;
    server.url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (kind, why) = kind(&send(&settings("kannel", &server), &message()).await);
    assert_eq!(kind, "not handed over", "{why}");
    assert!(why.contains("refused") && !why.contains("sendsms"), "{why}");
}

#[tokio::test]
async fn a_port_that_does_not_take_connections_is_not_handed_over() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Fill the queue of connections nobody accepts, so that the next one gets no answer.
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        waiting.push(stream);
    }
    let mut server = Server::start([]).await;
    server.url = format!("http://{address}");
    let (kind, why) = kind(&send(&settings("custom", &server), &message()).await);
    assert_eq!(kind, "not handed over", "{why}");
    assert!(why.contains("in time"), "{why}");
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_handed_over() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut server = Server::start([]).await;
    server.url = format!("https://{}", listener.local_addr().unwrap());
    let garbage = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 No TLS\r\n\r\n").await
    });
    match HttpSmsGateway::new(&settings("custom", &server)) {
        Ok(gateway) => {
            let (kind, why) = kind(&gateway.send(&message(), in_seconds(30)).await);
            assert_eq!(kind, "not handed over", "{why}");
        }
        // A machine without root certificates is told so before anything is sent.
        Err(error) => assert!(error.to_string().contains("ca-certificates"), "{error}"),
    }
    garbage.abort();
}

#[tokio::test]
async fn no_answer_leaves_the_message_in_doubt() {
    let mut said = Vec::new();
    for act in [
        Act::Hold,
        Act::Close,
        Act::Reset,
        Act::SayAndClose(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
        Act::SayAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\"".to_vec()),
        Act::SayAndClose(b"this is not HTTP\r\n\r\n".to_vec()),
        Act::Trickle(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Act::Trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ".to_vec()),
    ] {
        said.push(tokio::spawn(async move {
            let server = Server::start([act]).await;
            let mut settings = settings("custom", &server);
            settings.timeout_seconds = 2;
            let begun = Instant::now();
            let result = send(&settings, &message()).await;
            assert!(begun.elapsed() < Duration::from_secs(4), "the deadline holds");
            assert_eq!(server.seen().len(), 1, "one request and no other");
            kind(&result)
        }));
    }
    for (case, said) in said.into_iter().enumerate() {
        let (kind, why) = said.await.unwrap();
        assert_eq!(kind, "in doubt", "case {case}: {why}");
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_leaves_the_message_in_doubt() {
    let page = "<!DOCTYPE html><html><body>Welcome to our portal</body></html>";
    let rows = [
        (text("200 OK", page), "web page"),
        (text("200 OK", ""), "empty"),
        (text("502 Bad Gateway", page), "502"),
        (text("504 Gateway Timeout", page), "504"),
        (Act::Say(answer("200 OK", &["Content-Encoding: gzip"], "\u{1f}bomb")), "compressed"),
    ];
    for (act, expected) in rows {
        let (kind, why) = after(act).await;
        assert_eq!(kind, "in doubt", "{why}");
        assert!(why.contains(expected), "{why:?} lacks {expected:?}");
    }
}

#[tokio::test]
async fn a_status_speaks_for_itself_where_the_body_does_not() {
    let page = "<html>x</html>";
    let rows = [
        (text("500 Internal Server Error", page), "temporary"),
        (text("503 Service Unavailable", ""), "temporary"),
        (text("429 Too Many Requests", page), "temporary"),
        (text("400 Bad Request", page), "Permanent"),
        (text("401 Unauthorized", ""), "Config"),
        (text("404 Not Found", page), "Config"),
        (Act::SayAndClose(b"HTTP/1.1 429 X\r\nContent-Length: 99\r\n\r\n{".to_vec()), "temporary"),
        (Act::Say(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()), "accepted"),
        (Act::Say(answer("202 Accepted", &[], "")), "accepted"),
    ];
    for (act, expected) in rows {
        let (kind, why) = after(act).await;
        assert_eq!(kind, expected, "{why}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let target = Server::start([accepted()]).await;
        let location = format!("Location: {}/latest/meta-data", target.url);
        let act = Act::Say(answer(status, &[&location], ""));
        let (kind, why) = after(act).await;
        assert_eq!(kind, "Config", "{why}");
        assert!(why.contains("redirects are not followed"), "{why}");
        assert!(target.seen().is_empty());
    }
}

#[tokio::test]
async fn reading_stops_at_the_limit() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n".to_vec();
    let (kind_of, why) = after(Act::SayAndClose(announced)).await;
    assert_eq!(kind_of, "in doubt");
    assert!(why.contains("response_limit_bytes"), "{why}");

    let mut server = Server::start([Act::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())]).await;
    let mut settings = settings("custom", &server);
    settings.response_limit_bytes = 1000;
    let (kind, why) = kind(&send(&settings, &message()).await);
    assert_eq!(kind, "in doubt");
    assert!(why.contains("response_limit_bytes"), "{why}");
    // What the socket buffers of the machine hold, not what the gateway could go on saying.
    assert!(server.flooded().await < 32 * 1024 * 1024);
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT";
    let rows: [(&[&str], Option<u64>); 8] = [
        (&["Retry-After: 120"], Some(120)),
        (&["Retry-After: 0"], Some(0)),
        (&[date, "Retry-After: Sun, 06 Nov 1994 08:54:37 GMT"], Some(300)),
        (&[date, "Retry-After: Sun, 06 Nov 1994 08:00:00 GMT"], Some(0)),
        (&["Retry-After: Sun, 06 Nov 1994 08:54:37 GMT"], None),
        (&["Retry-After: soon"], None),
        (&["Retry-After: 99999999999"], Some(24 * 3600)),
        (&[], None),
    ];
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        for (headers, expected) in rows {
            let server = Server::start([Act::Say(answer(status, headers, ""))]).await;
            let result = send(&settings("custom", &server), &message()).await;
            assert_eq!(retry_after(&result), expected, "{status} {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_is_kept_and_used_again() {
    let server = Server::start([accepted(), accepted(), accepted()]).await;
    let gateway = HttpSmsGateway::new(&settings("custom", &server)).unwrap();
    for _ in 0..3 {
        assert_eq!(kind(&gateway.send(&message(), in_seconds(30)).await).0, "accepted");
    }
    assert!(server.seen().iter().all(|seen| seen.connection == 0));
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_request_does_not_send_it_twice() {
    for death in [Act::Close, Act::Reset] {
        for preset in ["custom", "kannel"] {
            let server =
                Server::start([text("202 Accepted", "0: Accepted for delivery"), death.clone(), {
                    text("202 Accepted", "0: Accepted for delivery")
                }])
                .await;
            let gateway = HttpSmsGateway::new(&settings(preset, &server)).unwrap();
            let mut kinds = Vec::new();
            for text in ["first", "second", "third"] {
                let message = SmsMessage { text: text.to_owned(), ..message() };
                kinds.push(kind(&gateway.send(&message, in_seconds(30)).await).0);
            }
            assert_eq!(kinds, ["accepted", "in doubt", "accepted"], "{preset}");
            let seen: Vec<_> = server.seen();
            assert_eq!(seen.len(), 3, "{preset}: {seen:?}");
            assert_eq!([0, 0, 1].as_slice(), seen.iter().map(|s| s.connection).collect::<Vec<_>>());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_closed_while_idle_never_doubles_a_message() {
    // The gateway closes after each answer without announcing it, so that every next message races
    // with the news of it.
    const ROUNDS: usize = 100;
    let ok = answer("202 Accepted", &[], "{\"id\": 1}");
    let mut server = Server::start(vec![Act::SayAndClose(ok); ROUNDS]).await;
    let gateway = HttpSmsGateway::new(&settings("custom", &server)).unwrap();
    let mut results = Vec::new();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            server.closed(server.seen().len()).await;
        }
        let message = SmsMessage { text: format!("round {round}."), ..message() };
        results.push(kind(&gateway.send(&message, in_seconds(30)).await));
    }
    let mut arrived: HashMap<usize, usize> = HashMap::new();
    for seen in server.seen() {
        let round = (0..ROUNDS).find(|round| seen.body.contains(&format!("round {round}.")));
        *arrived.entry(round.unwrap()).or_default() += 1;
    }
    for (round, (kind, why)) in results.iter().enumerate() {
        let times = arrived.get(&round).copied().unwrap_or(0);
        match kind.as_str() {
            "accepted" => assert_eq!(times, 1, "round {round}"),
            "in doubt" => assert!(times <= 1, "round {round}"),
            "not handed over" => assert_eq!(times, 0, "round {round}"),
            other => panic!("round {round}: {other} {why}"),
        }
    }
    assert!(results.iter().any(|(kind, _)| kind == "accepted"));
}

#[tokio::test]
async fn doubt_is_safe_to_repeat_only_with_a_key_and_while_it_is_remembered() {
    let server = Server::start(vec![Act::Close; 5]).await;
    let with_key = |header: &str, ttl: u64| {
        let mut settings = settings("custom", &server);
        header.clone_into(&mut settings.idempotency_header);
        settings.idempotency_ttl_seconds = ttl;
        settings
    };
    let aged = |seconds: u64| SmsMessage {
        first_attempt_age: Duration::from_secs(seconds),
        attempt: 2,
        ..message()
    };
    let rows = [
        (with_key("Idempotency-Key", 1800), message(), true),
        (with_key("Idempotency-Key", 1800), aged(1700), true),
        (with_key("Idempotency-Key", 1800), aged(1801), false),
        (with_key("Idempotency-Key", 0), message(), false),
        (with_key("", 1800), message(), false),
    ];
    for (case, (settings, message, expected)) in rows.into_iter().enumerate() {
        let result = send(&settings, &message).await;
        let GatewayResult::InDoubt { safe_to_repeat_for, .. } = result else {
            panic!("case {case}: {result:?}");
        };
        let left =
            Duration::from_secs(1800) - message.first_attempt_age.min(Duration::from_secs(1800));
        assert_eq!(safe_to_repeat_for.is_some(), expected, "case {case}");
        assert!(safe_to_repeat_for.is_none_or(|safe| safe <= left), "case {case}");
    }
    let keys: Vec<_> =
        server.seen().iter().map(|s| s.header("idempotency-key").map(str::to_owned)).collect();
    assert_eq!(keys[0], keys[1], "the key does not change with the attempt");
    assert_eq!(keys[4], None);
}

#[tokio::test]
async fn nothing_is_begun_when_too_little_time_is_left() {
    let server = Server::start([]).await;
    let gateway = HttpSmsGateway::new(&settings("custom", &server)).unwrap();
    let (kind, why) = kind(&gateway.send(&message(), in_seconds(1)).await);
    assert_eq!(kind, "not handed over", "{why}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn over_the_limit_the_answer_is_busy_and_nothing_is_sent() {
    let server = Server::start([accepted()]).await;
    let mut settings = settings("custom", &server);
    settings.messages_per_second = 0.1;
    let gateway = HttpSmsGateway::new(&settings).unwrap();
    assert_eq!(kind(&gateway.send(&message(), in_seconds(30)).await).0, "accepted");
    let GatewayResult::Busy { retry_after } = gateway.send(&message(), in_seconds(30)).await else {
        panic!("the second message must wait");
    };
    assert!(retry_after > Duration::from_secs(8) && retry_after <= Duration::from_secs(10));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn segments_are_counted_where_the_provider_counts_them() {
    let created = json("201 Created", r#"{"sid": "SM1"}"#);
    let server = Server::start([created]).await;
    let mut settings = settings("twilio", &server);
    settings.messages_per_second = 0.5;
    let gateway = HttpSmsGateway::new(&settings).unwrap();
    let long = SmsMessage { segments: 4, ..message() };
    assert_eq!(kind(&gateway.send(&long, in_seconds(30)).await).0, "accepted");
    let GatewayResult::Busy { retry_after } = gateway.send(&message(), in_seconds(30)).await else {
        panic!("four segments take eight seconds");
    };
    assert!(retry_after > Duration::from_secs(6), "{retry_after:?}");
}

#[tokio::test]
async fn more_messages_than_places_are_told_to_come_again() {
    let server = Server::start([Act::Hold, Act::Hold]).await;
    let mut settings = settings("custom", &server);
    settings.concurrency = 1;
    settings.timeout_seconds = 2;
    let gateway = HttpSmsGateway::new(&settings).unwrap();
    let message = message();
    let (first, second) = tokio::join!(
        gateway.send(&message, in_seconds(30)),
        gateway.send(&message, in_seconds(30))
    );
    assert_eq!(kind(&first).0, "in doubt");
    assert_eq!(kind(&second).0, "busy");
}

#[tokio::test]
async fn a_secret_that_cannot_stand_in_a_header_is_a_matter_of_settings() {
    let server = Server::start([]).await;
    let mut settings = settings("infobip", &server);
    settings.password = "line\r\nX-Injected: 1".to_owned().into();
    let result = send(&settings, &message()).await;
    assert!(matches!(&result, GatewayResult::Refused { class: RefusalClass::Config, detail }
        if !detail.contains("Injected")));
}

#[tokio::test]
async fn wrong_settings_are_refused_at_the_start_and_say_which() {
    let server = Server::start([]).await;
    let change = |change: fn(&mut sms_worker::settings::Settings)| {
        let mut settings = settings("twilio", &server);
        change(&mut settings);
        HttpSmsGateway::new(&settings).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let rows = [
        (change(|s| s.url = "http://sms.example".into()), "use https"),
        (change(|s| s.url = "http://10.0.0.1".into()), "sms.allow_plain_http"),
        (
            change(|s| {
                s.url.clear();
                s.user.clear();
            }),
            "sms.user is not set",
        ),
        (
            change(|s| {
                s.url.clear();
                s.password = String::new().into();
            }),
            "sms.password is not set",
        ),
        (
            change(|s| {
                s.url.clear();
                s.preset = "custom".into();
            }),
            "sms.url is not set",
        ),
        (change(|s| s.preset = "twillio".into()), "the presets are: twilio"),
        (change(|s| s.method = "P OST".into()), "sms.method"),
        (change(|s| s.body = "To={too}".into()), "\"too\" is not a placeholder"),
        (
            change(|s| {
                s.content_type = "application/json".into();
            }),
            "sms.body is not JSON",
        ),
        (change(|s| s.success_status = "2xx".into()), "HTTP statuses"),
        (change(|s| s.timeout_seconds = 1), "sms.timeout_seconds"),
        (change(|s| s.concurrency = 0), "sms.concurrency"),
        (
            change(|s| {
                s.headers.insert("a b".into(), "x".to_owned().into());
            }),
            "sms.headers",
        ),
        (change(|_| ()), ""),
    ];
    for (message, expected) in rows {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[tokio::test]
async fn a_gateway_on_this_machine_needs_no_account() {
    let server = Server::start([text("202 Accepted", "0: Accepted for delivery")]).await;
    let mut settings = settings("kannel", &server);
    settings.user.clear();
    settings.password = String::new().into();
    assert_eq!(kind(&send(&settings, &message()).await).0, "accepted");
}
