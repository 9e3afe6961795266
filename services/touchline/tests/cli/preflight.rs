//! `touchline check domain` against a real name server: dnsmasq of Debian's package, private and on
//! loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use domain::Channel;
use serde_json::Value;
use testkit::fixture::{Deployment, one_step, template};

use crate::{Desk, Ran};

/// Names the servers whose tests are left out on this machine, as the suite `tests` reads it.
const LEFT_OUT_VARIABLE: &str = "TOUCHLINE_TEST_WITHOUT";

const KEY: &str = include_str!("../../../email-worker/tests/keys/rsa-pkcs8.pem");
const KEY_RECORD: &str = include_str!("../../../email-worker/tests/keys/rsa.txt");

/// A name server that knows everything below `test.` and nothing else.
struct NameServer {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl NameServer {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let zone = folder.path().join("zone");
        std::fs::write(&zone, zone_file()).unwrap();
        // The port can be taken by somebody else between the look and the start.
        for _ in 0..20 {
            let port = free_port();
            let mut child = Command::new(program)
                .arg("--keep-in-foreground")
                .arg(format!("--conf-file={}", zone.display()))
                .arg(format!("--port={port}"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let log = BufReader::new(child.stderr.take().unwrap());
            let started = log.lines().map_while(Result::ok).any(|line| line.contains("started"));
            if started {
                let address = format!("127.0.0.1:{port}");
                return Self { child, address, _folder: folder };
            }
            let _ = child.wait();
        }
        panic!(
            "dnsmasq does not start; try `dnsmasq --test --conf-file` with the zone of this test"
        )
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free for both transports, below the range of outgoing connections.
fn free_port() -> u16 {
    loop {
        let random = uuid::Uuid::now_v7().as_u128() % 8_000;
        let port = 20_000 + u16::try_from(random).unwrap();
        let free = TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn zone_file() -> String {
    // A string of a text has 255 bytes at most.
    let (first, second) = KEY_RECORD.trim().split_at(250);
    let padding = "x".repeat(200);
    let includes: String = (1..=11)
        .map(|n| {
            format!("txt-record=i{n}.many.test,\"v=spf1 include:i{}.many.test -all\"\n", n + 1)
        })
        .collect();
    format!(
        "no-resolv\nno-hosts\nbind-interfaces\nlisten-address=127.0.0.1\nlocal=/test/\n\
         local=/2.0.192.in-addr.arpa/\nuser=\npid-file=\nlog-facility=-\n\
         # Longer answers come in pieces over TCP.\nedns-packet-max=512\n\
         txt-record=ok.test,\"v=spf1 a:mail.ok.test -all\"\n\
         txt-record=ok.test,{padding},{padding}\n\
         txt-record=ok.test,other,{padding},{padding}\n\
         txt-record=bounce.ok.test,\"v=spf1 include:_spf.ok.test ~all\"\n\
         txt-record=_spf.ok.test,\"v=spf1 ip4:192.0.2.0/24 -all\"\n\
         txt-record=s1._domainkey.ok.test,\"{first}\",\"{second}\"\n\
         txt-record=s2._domainkey.ok.test,\"v=DKIM1; p=\"\n\
         txt-record=_dmarc.ok.test,\"v=DMARC1; p=reject\"\n\
         mx-host=bounce.ok.test,mx.ok.test,10\n\
         host-record=mx.ok.test,192.0.2.11\n\
         host-record=mail.ok.test,192.0.2.10\n\
         txt-record=twice.test,\"v=spf1 -all\"\n\
         txt-record=twice.test,\"v=spf1 a -all\"\n\
         txt-record=many.test,\"v=spf1 include:i1.many.test -all\"\n{includes}\
         txt-record=i12.many.test,\"v=spf1 -all\"\n\
         txt-record=open.test,\"v=spf1 +all\"\n"
    )
}

/// A server of the test's own, or nothing where it is left out.
fn name_server() -> Option<NameServer> {
    let named = std::env::var_os(LEFT_OUT_VARIABLE).unwrap_or_default();
    if named.to_string_lossy().split(',').any(|name| name.trim() == "dnsmasq") {
        let _ = writeln!(
            std::io::stderr(),
            "NOT TESTED: the sending domain's look-ups ({LEFT_OUT_VARIABLE} names dnsmasq)"
        );
        return None;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let program = folders.map(|folder| folder.join("dnsmasq")).find(|path| path.is_file());
    let program = program.expect(
        "this test needs dnsmasq of the Debian package dnsmasq-base: `apt-get install \
             --no-install-recommends dnsmasq-base`, or leave it out with \
             TOUCHLINE_TEST_WITHOUT=dnsmasq",
    );
    Some(NameServer::start(&program))
}

/// Sends as ok.test, signed, over a relay whose address is known.
fn desk_of(desk: Desk) -> Desk {
    let key = desk.write("dkim.pem", KEY);
    desk.with("TOUCHLINE__EMAIL__FROM", "Palm <hello@ok.test>")
        .with("TOUCHLINE__EMAIL__URL", "smtp://192.0.2.10:587?starttls=required")
        .with("TOUCHLINE__EMAIL__BOUNCE_DOMAIN", "bounce.ok.test")
        .with("TOUCHLINE__EMAIL__DKIM_DOMAIN", "ok.test")
        .with("TOUCHLINE__EMAIL__DKIM_SELECTOR", "s1")
        .with("TOUCHLINE__EMAIL__DKIM_KEY_FILE", key.to_str().unwrap())
}

fn check(desk: &Desk, server: &str, more: &[&str]) -> (i32, Value) {
    let mut arguments = vec!["check", "domain", "--json", "--server", server];
    arguments.extend(more);
    let Ran { code, out, err } = desk.run(&arguments);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}")))
}

/// What is said of an area with a result.
fn said<'a>(report: &'a Value, area: &str, result: &str) -> Vec<&'a Value> {
    let findings = report["findings"].as_array().unwrap().iter();
    findings.filter(|found| found["check"] == area && found["result"] == result).collect()
}

#[track_caller]
fn assert_said(report: &Value, area: &str, result: &str, words: &str) {
    let found = said(report, area, result);
    let hit = found.iter().any(|found| found["what"].as_str().unwrap().contains(words));
    assert!(hit, "{area} {result} {words}: {report:#}");
}

#[test]
fn a_domain_that_is_set_up_passes() {
    let Some(server) = name_server() else { return };
    let (code, report) = check(&desk_of(Desk::bare()), &server.address, &[]);
    assert_eq!((code, &report["domain"]), (0, &Value::from("ok.test")), "{report:#}");
    assert_eq!(report["result"], "ok", "{report:#}");
    for (area, words) in [
        ("spf", "one record, 1 of 10 look-ups"),
        ("spf", "192.0.2.10 may send for it"),
        ("dkim", "rsa, 2048 bits"),
        ("dmarc", "the policy is \"reject\""),
        ("return_path", "bounces go to mx.ok.test"),
        ("ptr", "its name is mail.ok.test"),
    ] {
        assert_said(&report, area, "ok", words);
    }
}

#[test]
fn an_answer_that_is_too_long_for_one_packet_is_read() {
    let Some(server) = name_server() else { return };
    let desk = desk_of(Desk::bare()).with("TOUCHLINE__EMAIL__BOUNCE_DOMAIN", "");
    let (_, report) = check(&desk, &server.address, &[]);
    assert_said(&report, "spf", "ok", "192.0.2.10 may send for it");
    assert_said(&report, "return_path", "warn", "neither MX nor address");
}

#[test]
fn what_is_missing_is_named_with_what_to_publish() {
    let Some(server) = name_server() else { return };
    let (code, report) =
        check(&Desk::bare(), &server.address, &["missing.test", "--address", "192.0.2.77"]);
    assert_eq!((code, &report["result"]), (1, &Value::from("fail")), "{report:#}");
    assert_said(&report, "spf", "fail", "there is no SPF record");
    let publish = said(&report, "spf", "fail")[0]["publish"].as_str().unwrap().to_owned();
    assert_eq!(publish, "missing.test TXT \"v=spf1 ip4:192.0.2.77 -all\"");
    assert_said(&report, "dkim", "fail", "nothing is signed");
    assert_said(&report, "dmarc", "fail", "there is no DMARC record");
    assert_said(&report, "ptr", "fail", "it has no name (PTR)");
    assert!(said(&report, "spf", "unanswered").is_empty(), "{report:#}");
    // With the selector but without its record, the key that signs is what to publish.
    let desk = desk_of(Desk::bare());
    let (_, report) = check(&desk, &server.address, &["--selector", "s9"]);
    assert_said(&report, "dkim", "fail", "there is no key");
    let publish = said(&report, "dkim", "fail")[0]["publish"].as_str().unwrap().to_owned();
    assert_eq!(publish, format!("s9._domainkey.ok.test TXT \"{}\"", KEY_RECORD.trim()));
}

#[test]
fn each_fault_of_a_record_is_told_apart() {
    let Some(server) = name_server() else { return };
    for (domain, area, result, words) in [
        ("twice.test", "spf", "fail", "there are 2 SPF records"),
        ("many.test", "spf", "fail", "more than 10 look-ups"),
        ("open.test", "spf", "fail", "\"+all\" lets everybody"),
    ] {
        let (code, report) = check(&Desk::bare(), &server.address, &[domain]);
        assert_eq!(code, 1);
        assert_said(&report, area, result, words);
    }
    let desk = desk_of(Desk::bare());
    let (code, report) = check(&desk, &server.address, &["--selector", "s2"]);
    assert_eq!(code, 1);
    assert_said(&report, "dkim", "fail", "the key is revoked");
    let (code, report) = check(&desk, &server.address, &["--address", "198.51.100.1"]);
    assert_eq!(code, 1);
    assert_said(&report, "spf", "fail", "198.51.100.1, where our mail comes from, may not");
}

#[test]
fn mail_that_agrees_with_no_domain_of_its_own_does_not_pass() {
    let Some(server) = name_server() else { return };
    // The organisation's record speaks for the domain below it.
    let below = desk_of(Desk::bare()).with("TOUCHLINE__EMAIL__FROM", "hello@mail.ok.test");
    let (_, report) = check(&below, &server.address, &[]);
    assert_said(&report, "dmarc", "ok", "the policy is \"reject\"");
    assert!(said(&report, "dmarc", "fail").is_empty(), "{report:#}");
    let misaligned = desk_of(Desk::bare())
        .with("TOUCHLINE__EMAIL__DKIM_DOMAIN", "open.test")
        .with("TOUCHLINE__EMAIL__BOUNCE_DOMAIN", "twice.test");
    let (code, report) = check(&misaligned, &server.address, &[]);
    assert_eq!(code, 1);
    assert_said(&report, "dmarc", "fail", "neither agrees with ok.test");
}

#[test]
fn no_answer_is_no_missing_record() {
    let Some(server) = name_server() else { return };
    // It answers "Refused" for what it does not know.
    let (code, report) = check(&Desk::bare(), &server.address, &["palm.example"]);
    assert_eq!((code, &report["result"]), (1, &Value::from("fail")), "nothing is signed");
    for area in ["spf", "dmarc", "return_path"] {
        assert_said(&report, area, "unanswered", "name server answers");
        assert!(said(&report, area, "fail").is_empty(), "{report:#}");
    }
    // And this one says nothing at all.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let (code, report) = check(&desk_of(Desk::bare()), &address, &[]);
    assert_eq!((code, &report["result"]), (1, &Value::from("unanswered")), "{report:#}");
    assert!(report["findings"].as_array().unwrap().iter().all(|found| found["result"] != "fail"));
}

#[tokio::test]
async fn nobody_is_enrolled_until_the_domain_has_passed_where_that_is_required() {
    let Some(server) = name_server() else { return };
    let deployment = Deployment::create().await;
    deployment.store_plan(&one_step(Channel::Email)).await;
    deployment.store_template(&template(Channel::Email.medium())).await;
    deployment.people(1).await;
    let desk = desk_of(Desk::on(&deployment));
    // By default it is a note.
    let enrol = ["enrol", "one-step", "--all", "--dry-run", "--json"];
    let ran = desk.run(&enrol);
    assert!(
        ran.code == 0 && ran.err.contains("ok.test, which emails are from, was never"),
        "{ran:?}"
    );
    let desk = desk.with("TOUCHLINE__EMAIL__PREFLIGHT", "require");
    let (code, why) = desk.run(&enrol).refusal();
    assert!(code == 1 && why.contains("nobody is enrolled"), "{why}");
    let record = |more: &[&str]| {
        let more = [&["--record"], more].concat();
        check(&desk, &server.address, &more).0
    };
    assert_eq!(record(&["--selector", "s2"]), 1);
    assert!(desk.run(&enrol).refusal().1.contains("did not pass its check"));
    assert_eq!(record(&[]), 0);
    let ran = desk.run(&enrol);
    assert!(ran.code == 0 && ran.err.is_empty(), "{ran:?}");
}
