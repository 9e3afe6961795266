//! Each preset: the request the provider documents, and what its documented answers mean.

use sms_worker::gateway::{Coding, SmsMessage};

use crate::server::{Act, Seen, Server, json, text};
use crate::{NUMBER, REFERENCE, kind, message, send, settings};

/// Sends one message through `preset` and returns the request the gateway saw.
async fn request_of(preset: &str, message: &SmsMessage, callback_url: &str) -> Seen {
    let server = Server::start([text("503 Busy", "")]).await;
    let mut settings = settings(preset, &server);
    callback_url.clone_into(&mut settings.callback_url);
    send(&settings, message).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    seen.into_iter().next().unwrap()
}

fn form(body: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn arabic() -> SmsMessage {
    SmsMessage { text: "مرحبا".to_owned(), coding: Coding::Ucs2, ..message() }
}

#[tokio::test]
async fn twilio_gets_a_form_with_basic_authentication() {
    let seen = request_of("twilio", &message(), "https://in.example/dlr").await;
    assert_eq!(seen.line, "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1");
    assert_eq!(seen.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen.header("authorization"), Some("Basic QUMxOnMzY3JldCsm"));
    assert_eq!(seen.header("accept-encoding"), None);
    assert_eq!(
        seen.body,
        "To=%2B971501234567&From=AD-EMAAR&Body=Hello+%26+welcome+%2B1&SmartEncoded=false\
         &StatusCallback=https%3A%2F%2Fin.example%2Fdlr"
    );
}

#[tokio::test]
async fn vonage_gets_digits_and_a_type_for_unicode() {
    let seen = request_of("vonage", &arabic(), "").await;
    assert_eq!(seen.line, "POST /sms/json HTTP/1.1");
    let expected = owned(&[
        ("api_key", "AC1"),
        ("api_secret", "s3cret+&"),
        ("from", "AD-EMAAR"),
        ("to", "971501234567"),
        ("text", "مرحبا"),
        ("type", "unicode"),
        ("client-ref", REFERENCE),
    ]);
    assert_eq!(form(&seen.body), expected);
    let seen = request_of("vonage", &message(), "https://in.example/dlr").await;
    assert!(seen.body.contains("&type=text&"), "{}", seen.body);
    assert!(seen.body.ends_with("&callback=https%3A%2F%2Fin.example%2Fdlr"), "{}", seen.body);
}

#[tokio::test]
async fn infobip_gets_json_that_no_text_can_break_out_of() {
    let tricky = SmsMessage { text: "\"}]{text}\\ \n مرحبا".to_owned(), ..message() };
    let seen = request_of("infobip", &tricky, "").await;
    assert_eq!(seen.line, "POST /sms/3/messages HTTP/1.1");
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(seen.header("authorization"), Some("App s3cret+&"));
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    let expected = serde_json::json!({"messages": [{
        "sender": "AD-EMAAR",
        "destinations": [{"to": "971501234567", "messageId": REFERENCE}],
        "content": {"text": "\"}]{text}\\ \n مرحبا"},
    }]});
    assert_eq!(body, expected);
    let seen = request_of("infobip", &message(), "https://in.example/dlr").await;
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        body.pointer("/messages/0/webhooks/delivery/url").unwrap(),
        "https://in.example/dlr"
    );
}

#[tokio::test]
async fn unifonic_gets_a_form_with_the_app_sid() {
    let seen = request_of("unifonic", &message(), "").await;
    assert_eq!(seen.line, "POST /rest/SMS/messages HTTP/1.1");
    let expected = owned(&[
        ("AppSid", "s3cret+&"),
        ("SenderID", "AD-EMAAR"),
        ("Recipient", "971501234567"),
        ("Body", "Hello & welcome +1"),
        ("responseType", "JSON"),
        ("CorrelationID", REFERENCE),
        ("async", "false"),
    ]);
    assert_eq!(form(&seen.body), expected);
}

#[tokio::test]
async fn kannel_gets_a_query_with_charset_and_coding() {
    let seen = request_of("kannel", &arabic(), "").await;
    assert_eq!(
        seen.line,
        "GET /cgi-bin/sendsms?username=AC1&password=s3cret%2B%26&from=AD-EMAAR&to=%2B971501234567\
         &text=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7&charset=UTF-8&coding=2 HTTP/1.1"
    );
    assert_eq!(seen.header("content-type"), None);
    assert_eq!(seen.body, "");
    let seen = request_of("kannel", &message(), "https://in.example/dlr?s=%d").await;
    assert!(
        seen.line.ends_with(
            "&coding=0&dlr-mask=19&dlr-url=https%3A%2F%2Fin.example%2Fdlr%3Fs%3D%25d HTTP/1.1"
        ),
        "{}",
        seen.line
    );
}

#[tokio::test]
async fn a_sender_that_is_a_number_loses_its_plus_where_digits_are_wanted() {
    let from_number = SmsMessage { sender: "+14155550100".to_owned(), ..message() };
    assert!(request_of("vonage", &from_number, "").await.body.contains("&from=14155550100&"));
    assert!(request_of("twilio", &from_number, "").await.body.contains("&From=%2B14155550100&"));
}

/// One documented answer and what it must mean.
struct Row(Act, &'static str, &'static str);

async fn check(preset: &str, rows: Vec<Row>) {
    for Row(act, expected, detail) in rows {
        let said = match &act {
            Act::Say(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        let server = Server::start([act]).await;
        let mut settings = settings(preset, &server);
        settings.messages_per_second = 0.0;
        let (kind, shown) = kind(&send(&settings, &message()).await);
        assert_eq!(kind, expected, "{preset}: {said}\n{shown}");
        assert!(shown.contains(detail), "{preset}: {shown:?} lacks {detail:?}");
        assert!(!shown.contains(&NUMBER[1..]), "{preset}: {shown}");
    }
}

#[tokio::test]
async fn twilios_answers_are_understood() {
    let error = |code: u32, status: u16| {
        format!(
            r#"{{"code": {code}, "message": "about +971501234567",
            "more_info": "https://www.twilio.com/docs/errors/{code}", "status": {status}}}"#
        )
    };
    let created = r#"{"sid": "SM304417148af644198a0efaceebc965a5", "status": "queued",
        "num_segments": "1", "error_code": null, "error_message": null}"#;
    check(
        "twilio",
        vec![
            Row(json("201 Created", created), "accepted", "SM304417148af644198a0efaceebc965a5"),
            Row(json("400 Bad Request", &error(21610, 400)), "OptedOut", "code 21610"),
            Row(json("400 Bad Request", &error(21211, 400)), "InvalidNumber", "code 21211"),
            Row(json("400 Bad Request", &error(21614, 400)), "InvalidNumber", "code 21614"),
            Row(json("400 Bad Request", &error(30007, 400)), "BlockedContent", "code 30007"),
            Row(json("400 Bad Request", &error(21606, 400)), "Config", "code 21606"),
            Row(json("400 Bad Request", &error(21408, 400)), "Permanent", "code 21408"),
            Row(json("429 Too Many Requests", &error(20429, 429)), "temporary", "code 20429"),
            Row(json("401 Unauthorized", &error(20003, 401)), "Config", "code 20003"),
            Row(json("500 Internal Server Error", &error(20500, 500)), "in doubt", "20500"),
            Row(json("503 Service Unavailable", &error(20503, 503)), "temporary", "503"),
            Row(json("201 Created", "{}"), "in doubt", "lacks"),
        ],
    )
    .await;
}

#[tokio::test]
async fn vonages_errors_inside_a_200_are_understood() {
    let message = |status: &str| {
        let body = format!(
            r#"{{"message-count": "1", "messages": [{{"to": "971501234567",
            "message-id": "0C000000217B7F02", "status": "{status}", "error-text": "x"}}]}}"#
        );
        json("200 OK", &body)
    };
    check(
        "vonage",
        vec![
            Row(message("0"), "accepted", "0C000000217B7F02"),
            Row(message("1"), "temporary", "code 1"),
            Row(message("4"), "Config", "code 4"),
            Row(message("5"), "temporary", "code 5"),
            Row(message("6"), "Permanent", "code 6"),
            Row(message("7"), "OptedOut", "code 7"),
            Row(message("9"), "Config", "code 9"),
            Row(message("33"), "InvalidNumber", "code 33"),
            Row(message("77"), "Permanent", "code 77"),
            Row(json("200 OK", r#"{"message-count": "0", "messages": []}"#), "in doubt", "lacks"),
            Row(json("401 Unauthorized", r#"{"title": "Unauthorized"}"#), "Config", "401"),
            Row(json("429 Too Many Requests", ""), "temporary", "429"),
        ],
    )
    .await;
}

#[tokio::test]
async fn infobips_status_names_are_understood() {
    let status = |group: &str, name: &str| {
        let body = format!(
            r#"{{"bulkId": "b", "messages": [{{"messageId": "{REFERENCE}",
            "status": {{"groupId": 1, "groupName": "{group}", "id": 26, "name": "{name}"}}}}]}}"#
        );
        json("200 OK", &body)
    };
    let rejected = |name: &str| status("REJECTED", name);
    let unauthorized = r#"{"requestError": {"serviceException": {"messageId": "UNAUTHORIZED",
        "text": "Invalid login details"}}}"#;
    check(
        "infobip",
        vec![
            Row(status("PENDING", "PENDING_ACCEPTED"), "accepted", REFERENCE),
            Row(rejected("REJECTED_DESTINATION_BLOCKLISTED"), "OptedOut", "BLOCKLISTED"),
            Row(rejected("REJECTED_DESTINATION"), "InvalidNumber", "REJECTED_DESTINATION"),
            Row(rejected("REJECTED_PREFIX_MISSING"), "InvalidNumber", "PREFIX"),
            Row(rejected("SIGNALS_BLOCKED"), "BlockedContent", "SIGNALS"),
            Row(rejected("REJECTED_NOT_ENOUGH_CREDITS"), "Config", "CREDITS"),
            Row(rejected("REJECTED_FLOODING_FILTER"), "temporary", "FLOODING"),
            Row(rejected("REJECTED_SYSTEM_ERROR"), "temporary", "SYSTEM"),
            Row(rejected("REJECTED_DUPLICATE_MESSAGE_ID"), "in doubt", "DUPLICATE"),
            Row(rejected("REJECTED_NETWORK"), "Permanent", "REJECTED_NETWORK"),
            Row(json("401 Unauthorized", unauthorized), "Config", "UNAUTHORIZED"),
            Row(json("400 Bad Request", r#"{"errorCode": "E400"}"#), "Permanent", "E400"),
            Row(json("429 Too Many Requests", r#"{"errorCode": "E429"}"#), "temporary", "E429"),
        ],
    )
    .await;
}

#[tokio::test]
async fn unifonics_answers_are_understood() {
    let sent = r#"{"success": true, "message": "", "errorCode": "ER-00", "data":
        {"MessageID": 42000348806924, "Status": "Sent", "Recipient": "971501234567"}}"#;
    let refused = |code: &str| {
        let body =
            format!(r#"{{"success": false, "message": "x", "errorCode": "{code}", "data": {{}}}}"#);
        json("200 OK", &body)
    };
    check(
        "unifonic",
        vec![
            Row(json("200 OK", sent), "accepted", "42000348806924"),
            Row(json("200 OK", &sent.replace("true", "\"true\"")), "accepted", "42000348806924"),
            Row(refused("ER-04"), "InvalidNumber", "ER-04"),
            Row(refused("ER-99"), "Permanent", "ER-99"),
            Row(json("482 Invalid dest num", "{}"), "InvalidNumber", "482"),
            Row(json("410 Invalid recipient", "{}"), "InvalidNumber", "410"),
            Row(json("401 Authentication failed", "{}"), "Config", "401"),
            Row(json("480 Sender", "{}"), "Config", "480"),
            Row(json("409 Duplicate", "{}"), "in doubt", "409"),
            Row(json("412 Body too long", "{}"), "Permanent", "412"),
            Row(json("429 Too many requests", "{}"), "temporary", "429"),
            Row(json("599 Request failed", "{}"), "in doubt", "599"),
        ],
    )
    .await;
}

#[tokio::test]
async fn kannels_texts_are_understood() {
    check(
        "kannel",
        vec![
            Row(text("202 Accepted", "0: Accepted for delivery"), "accepted", ""),
            Row(text("202 Accepted", "0: Accepted for delivery: 9f2c"), "accepted", "9f2c"),
            Row(text("202 Accepted", "3: Queued for later delivery"), "accepted", ""),
            Row(text("202 Accepted", "Sent. Message splits: 2"), "accepted", ""),
            Row(text("403 Forbidden", "Authorization failed for sendsms"), "Config", "403"),
            Row(text("403 Forbidden", "Not routable. Do not try again."), "Permanent", "403"),
            Row(
                text(
                    "400 Bad Request",
                    "Number(s) has/have been denied by white- and/or black-lists.",
                ),
                "Permanent",
                "400",
            ),
            Row(
                text("400 Bad Request", "Sender missing and no global set, rejected"),
                "Config",
                "400",
            ),
            Row(
                text("503 Service Unavailable", "Temporal failure, try again later."),
                "temporary",
                "503",
            ),
            Row(text("500 Internal Server Error", "Sending failed."), "temporary", "500"),
            Row(text("404 Not Found", "Unknown request."), "Config", "404"),
            Row(text("202 Accepted", "something else"), "in doubt", "lacks"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_gateway_of_ones_own_is_described_in_the_settings() {
    let server = Server::start([
        json("200 OK", r#"{"result": {"state": "queued", "id": 7}}"#),
        json("200 OK", r#"{"result": {"state": "no", "why": "40300"}}"#),
        json("200 OK", r#"{"result": {"state": "no", "why": "40001"}}"#),
        json("200 OK", r#"{"result": {"state": "no", "why": "50"}}"#),
        json("200 OK", r#"{"result": {"state": "no", "why": "60"}}"#),
        json("200 OK", r#"{"result": {"state": "no"}}"#),
    ])
    .await;
    let mut settings: sms_worker::settings::Settings = toml::from_str(
        r#"
        preset = "custom"
        method = "PUT"
        headers = { X-Api-Key = "{password}" }
        content_type = "application/x-www-form-urlencoded"
        body = "n={to}&t={text}&from={from}"
        idempotency_header = "Idempotency-Key"
        success_pointer = "/result/state"
        success_values = ["queued"]
        reference_pointer = "/result/id"
        error_pointer = "/result/why"
        opted_out_errors = ["40300"]
        invalid_number_errors = ["40001"]
        permanent_errors = ["50"]
        temporary_errors = ["60"]
        user = "u"
        password = "p"
        "#,
    )
    .unwrap();
    settings.url = format!("{}/send?v=2", server.url);
    let mut kinds = Vec::new();
    for _ in 0..6 {
        kinds.push(kind(&send(&settings, &message()).await).0);
    }
    let expected = ["accepted", "OptedOut", "InvalidNumber", "Permanent", "temporary", "in doubt"];
    assert_eq!(kinds, expected);
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "PUT /send?v=2 HTTP/1.1");
    assert_eq!(seen.header("x-api-key"), Some("p"));
    assert_eq!(seen.header("idempotency-key"), Some(REFERENCE));
    assert_eq!(seen.body, "n=%2B971501234567&t=Hello+%26+welcome+%2B1&from=AD-EMAAR");
}
