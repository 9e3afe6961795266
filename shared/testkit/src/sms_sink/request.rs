//! Reads a request of any of the gateways we imitate.

use std::io;

use memchr::memmem;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Where the recipient stands, over all presets, lower case.
const TO: &[&str] = &["to", "recipient", "msisdn", "phone", "destination"];
/// Where the text stands.
const TEXT: &[&str] = &["text", "body", "message", "content"];
/// Where the client's reference stands, in the body or query; headers come first.
const REFERENCE: &[&str] = &[
    "client-ref",
    "client_ref",
    "clientref",
    "reference",
    "correlationid",
    "messageid",
    "idempotency-key",
    "dlr-url",
    "callbackdata",
];
/// Headers that carry the client's reference.
const REFERENCE_HEADERS: &[&str] =
    &["idempotency-key", "i-twilio-idempotency-token", "x-reference"];

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsRequest {
    /// The method.
    pub method: String,
    /// The path with the query.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// All parameters of query, form or JSON, in order, by their last name, lower case.
    pub parameters: Vec<(String, String)>,
}

impl SmsRequest {
    /// The recipient, empty if there is none.
    #[must_use]
    pub fn to(&self) -> String {
        self.parameter(TO).unwrap_or_default()
    }

    /// The text, empty if there is none.
    #[must_use]
    pub fn text(&self) -> String {
        self.parameter(TEXT).unwrap_or_default()
    }

    /// The client's reference or idempotency key.
    #[must_use]
    pub fn reference(&self) -> Option<String> {
        let header = REFERENCE_HEADERS.iter().find_map(|name| self.header(name));
        header.map(str::to_owned).or_else(|| self.parameter(REFERENCE))
    }

    /// A header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn parameter(&self, names: &[&str]) -> Option<String> {
        // The names are in order of preference: "to" wins over "destination".
        names.iter().find_map(|name| {
            let found =
                self.parameters.iter().find(|(other, value)| other == name && !value.is_empty());
            found.map(|(_, value)| value.clone())
        })
    }
}

/// Reads the next request; `None` when the client is gone. What follows it stays in `input`.
pub(super) async fn read(
    stream: &mut TcpStream,
    input: &mut Vec<u8>,
) -> io::Result<Option<SmsRequest>> {
    let head_end = loop {
        if let Some(at) = memmem::find(input, b"\r\n\r\n") {
            break at;
        }
        if !read_some(stream, input).await? {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&input[..head_end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request =
        SmsRequest { method, target, headers, body: String::new(), parameters: Vec::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = head_end + 4 + length;
    while input.len() < end {
        if !read_some(stream, input).await? {
            return Ok(None);
        }
    }
    request.body = String::from_utf8_lossy(&input[head_end + 4..end]).into_owned();
    input.drain(..end);
    request.parameters = parameters(&request.target, &request.body);
    Ok(Some(request))
}

/// Reads some more bytes; false at the end.
pub(super) async fn read_some(stream: &mut TcpStream, input: &mut Vec<u8>) -> io::Result<bool> {
    Ok(stream.read_buf(input).await? > 0)
}

fn parameters(target: &str, body: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some((_, query)) = target.split_once('?') {
        form(query, &mut found);
    }
    match serde_json::from_str::<Value>(body) {
        Ok(value) => json("", &value, &mut found),
        Err(_) => form(body, &mut found),
    }
    found
}

fn form(text: &str, found: &mut Vec<(String, String)>) {
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.push((decode(name).to_ascii_lowercase(), decode(value)));
    }
}

/// Every leaf of a JSON document by its last name; the items of a list have the list's name.
fn json(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| json(name, value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| json(name, item, found)),
        Value::String(text) => found.push((name.to_ascii_lowercase(), text.clone())),
        other => found.push((name.to_ascii_lowercase(), other.to_string())),
    }
}

/// Undoes the encoding of forms: `+` and `%XX`.
fn decode(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipient_and_text_are_found_in_every_preset() {
        for (target, body) in [
            (
                "/2010/Messages.json",
                "To=%2B971501234567&From=X&Body=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7+1",
            ),
            ("/sms/json", r#"{"to":"+971501234567","from":"X","text":"مرحبا 1"}"#),
            (
                "/sms/3/messages",
                r#"{"messages":[{"sender":"X","destinations":[{"to":"+971501234567"}],
                   "content":{"text":"مرحبا 1"}}]}"#,
            ),
            (
                "/rest/SMS/messages",
                "Recipient=%2B971501234567&Body=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7%201",
            ),
            (
                "/cgi-bin/sendsms?to=%2B971501234567&text=%D9%85%D8%B1%D8%AD%D8%A8%D8%A7+1&coding=2",
                "",
            ),
        ] {
            let request = SmsRequest {
                method: "POST".into(),
                target: target.into(),
                headers: Vec::new(),
                body: body.into(),
                parameters: parameters(target, body),
            };
            assert_eq!(request.to(), "+971501234567", "{target}");
            assert_eq!(request.text(), "مرحبا 1", "{target}");
        }
    }
}
