//! The SMTP sink as a client sees it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use testkit::script::When;
use testkit::smtp_sink::{Action, SmtpSinkOptions, Tls};
use testkit::{AcceptedMail, Fault, SmtpSink, Stage};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A client that speaks line by line.
struct Client<S>(BufReader<S>);

impl Client<TcpStream> {
    async fn connect(sink: &SmtpSink) -> Self {
        let mut client = Self(BufReader::new(TcpStream::connect(sink.address()).await.unwrap()));
        assert!(client.reply().await.starts_with("220"));
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next reply, its lines joined by `\n`; empty at the end of the connection.
    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await.unwrap_or(0) == 0 {
                return reply;
            }
            reply.push_str(line.trim_end());
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
            reply.push('\n');
        }
    }

    async fn ask(&mut self, text: &str) -> String {
        self.say(text).await;
        self.reply().await
    }

    /// A whole mail as one pipelined group and its body; returns the reply to the dot.
    async fn mail(&mut self, recipient: &str) -> String {
        let group = format!("MAIL FROM:<s@x>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n");
        assert!(self.ask(&group).await.starts_with("250"));
        assert!(self.reply().await.starts_with("250"));
        assert!(self.reply().await.starts_with("354"));
        self.ask("Message-ID: <m@x>\r\nX-Touch-Id: 7\r\n\r\nHello\r\n..dot\r\n.\r\n").await
    }
}

#[tokio::test]
async fn a_mail_is_remembered_with_what_matters() {
    let sink = SmtpSink::start().await;
    let mut client = Client::connect(&sink).await;
    let hello = client.ask("EHLO me\r\n").await;
    for extension in ["PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE "] {
        assert!(hello.contains(extension), "{hello}");
    }
    assert!(client.mail("a@b").await.starts_with("250"));
    assert!(client.ask("QUIT\r\n").await.starts_with("221"));
    sink.wait_for(1).await;
    let mail = sink.accepted().remove(0);
    assert_eq!(
        (mail.sender.as_str(), mail.recipients.as_slice()),
        ("s@x", &["a@b".to_owned()][..])
    );
    assert_eq!(mail.message_id.as_deref(), Some("<m@x>"));
    assert_eq!(mail.touch_headers, [("x-touch-id".to_owned(), "7".to_owned())]);
    let body = String::from_utf8(mail.body.unwrap().to_vec()).unwrap();
    assert!(body.ends_with("Hello\r\n.dot\r\n"), "{body}");
    assert_eq!(mail.size, body.len());
    assert!(mail.replied);
}

#[tokio::test]
async fn one_recipient_is_refused_and_the_others_get_the_mail() {
    let sink = SmtpSink::start().await;
    let refusal = "550-5.1.1 no\n550 5.1.1 such user";
    sink.script(Fault::reply(Stage::Recipient, refusal).for_recipient("gone@b"));
    let mut client = Client::connect(&sink).await;
    client.ask("EHLO me\r\nMAIL FROM:<>\r\n").await;
    client.reply().await;
    assert!(client.ask("RCPT TO:<a@b>\r\n").await.starts_with("250"));
    assert_eq!(client.ask("RCPT TO:<gone@b>\r\n").await, refusal);
    client.ask("DATA\r\n").await;
    assert!(client.ask(".\r\n").await.starts_with("250"), "an empty mail is a mail");
    let mail = sink.accepted().remove(0);
    assert_eq!((mail.recipients.as_slice(), mail.size), (&["a@b".to_owned()][..], 0));
}

#[tokio::test]
async fn the_dot_can_be_refused_delayed_or_left_open() {
    let sink = SmtpSink::start().await;
    let pause = Duration::from_millis(60);
    sink.script(Fault::reply(Stage::Dot, "451 4.3.0 later").times(1));
    sink.script(Fault::at(Stage::Dot, Action::Usual).delay(pause).times(1));
    sink.script(Fault::at(Stage::Dot, Action::AcceptThenClose).when(When::default().times(1)));
    sink.script(Fault::at(Stage::Dot, Action::Close).times(1));
    sink.script(Fault::at(Stage::Dot, Action::Reset).times(1));
    let mut client = Client::connect(&sink).await;
    assert_eq!(client.mail("a@b").await, "451 4.3.0 later");
    let started = Instant::now();
    assert!(client.mail("a@b").await.starts_with("250"));
    assert!(started.elapsed() >= pause);
    assert_eq!(client.mail("a@b").await, "", "accepted, then closed without a word");
    assert_eq!(sink.accepted().iter().map(|mail| mail.replied).collect::<Vec<_>>(), [true, false]);
    for what in ["closed", "reset"] {
        let mut client = Client::connect(&sink).await;
        assert_eq!(client.mail("a@b").await, "", "{what}, not accepted");
    }
    assert_eq!(sink.log().count(), 2);
}

#[tokio::test]
async fn a_reset_is_an_error_and_a_close_is_not() {
    let sink = SmtpSink::start().await;
    for (action, is_error) in [(Action::Reset, true), (Action::Close, false)] {
        sink.script(Fault::at(Stage::Hello, action).times(1));
        let mut client = Client::connect(&sink).await;
        client.say("EHLO me\r\n").await;
        let read = client.0.read_to_string(&mut String::new()).await;
        assert_eq!(read.is_err(), is_error);
        sink.heal();
    }
}

#[tokio::test]
async fn a_421_closes_a_stall_stays_and_a_trickle_arrives() {
    let sink = SmtpSink::start().await;
    sink.script(Fault::reply(Stage::Mail, "421 4.3.2 shutting down").times(1));
    sink.script(Fault::at(Stage::Mail, Action::Stall).times(1));
    let slow = Action::Trickle(Duration::from_millis(1));
    sink.script(Fault::at(Stage::Mail, slow).times(1));
    let mut client = Client::connect(&sink).await;
    assert!(client.ask("MAIL FROM:<a@b>\r\n").await.starts_with("421"));
    assert_eq!(client.reply().await, "");

    let mut client = Client::connect(&sink).await;
    client.say("MAIL FROM:<a@b>\r\n").await;
    let waited = tokio::time::timeout(Duration::from_millis(50), client.reply()).await;
    assert!(waited.is_err(), "nothing comes");
    drop(client);

    let mut client = Client::connect(&sink).await;
    assert!(client.ask("MAIL FROM:<a@b>\r\n").await.starts_with("250"));
}

#[tokio::test]
async fn tls_begins_by_command_or_at_once() {
    for tls in [Tls::StartTls, Tls::Implicit] {
        let sink =
            SmtpSink::start_with(SmtpSinkOptions { tls, auth: true, ..Default::default() }).await;
        let certificate = sink.certificate_pem().unwrap().as_bytes();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(certificate).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let settings = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(settings));
        let stream = if tls == Tls::StartTls {
            let mut client = Client::connect(&sink).await;
            assert!(client.ask("EHLO me\r\n").await.contains("STARTTLS"));
            assert!(client.ask("STARTTLS\r\n").await.starts_with("220"));
            client.0.into_inner()
        } else {
            TcpStream::connect(sink.address()).await.unwrap()
        };
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = Client(BufReader::new(connector.connect(name, stream).await.unwrap()));
        if tls == Tls::Implicit {
            assert!(client.reply().await.starts_with("220"));
        }
        assert!(!client.ask("EHLO me\r\n").await.contains("STARTTLS"));
        assert!(client.ask("AUTH PLAIN AHUAcA==\r\n").await.starts_with("235"));
        assert!(client.mail("a@b").await.starts_with("250"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_mail_of_many_connections_is_logged_once() {
    const CONNECTIONS: usize = 8;
    const MAILS: usize = 500;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log_file = Some(path.clone());
    let sink = SmtpSink::start_with(SmtpSinkOptions { log_file, ..Default::default() }).await;
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut client = Client::connect(&sink).await;
        clients.spawn(async move {
            for mail in 0..MAILS {
                assert!(client.mail(&format!("{number}-{mail}@b")).await.starts_with("250"));
            }
        });
    }
    clients.join_all().await;
    let rate = (CONNECTIONS * MAILS) as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} mails a second");
    assert_eq!(sink.connections(), CONNECTIONS as u64);
    drop(sink);
    let mut logged: Vec<AcceptedMail> = testkit::sink_log::read(&path).unwrap();

    logged.sort_by(|a, b| a.recipients.cmp(&b.recipients));
    logged.dedup_by(|a, b| a.recipients == b.recipients);
    assert_eq!(logged.len(), CONNECTIONS * MAILS);
}
