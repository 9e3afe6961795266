//! An operator's message centre of the test's own: it speaks enough SMPP 3.4 to take texts from
//! Kannel, and decodes their octets by the standards, not by our code.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::PATIENCE;

const BIND_TRANSCEIVER: u32 = 0x09;
const SUBMIT_SM: u32 = 0x04;
const UNBIND: u32 = 0x06;
const ENQUIRE_LINK: u32 = 0x15;
/// Set in the command of an answer.
const ANSWER: u32 = 0x8000_0000;
/// `data_coding` of UCS-2; 0 is the alphabet of GSM (SMPP 3.4 §5.2.19).
const UCS2: u8 = 8;
/// The bit of `esm_class` that says a user data header comes first (§5.2.12).
const HAS_HEADER: u8 = 0x40;
/// Type of number: alphanumeric, and international (§5.2.5).
const ALPHANUMERIC: u8 = 5;
const INTERNATIONAL: u8 = 1;

/// The alphabet of GSM in the order of its codes (3GPP TS 23.038 §6.2.1); 0x1B is the escape.
const GSM: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// What the escape makes of some of them (§6.2.1.1).
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// One part of a text, as it would go over the air.
#[derive(Debug)]
struct Part {
    from: String,
    to: String,
    coding: u8,
    /// Of how many, and which one from 1.
    place: (u8, u8),
    octets: Vec<u8>,
}

/// A text as the phone shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    /// The sender: a name, or a number with its plus.
    pub from: String,
    /// The recipient's number.
    pub to: String,
    /// Whether it travelled as UCS-2.
    pub ucs2: bool,
    /// In how many parts.
    pub parts: usize,
    /// The text.
    pub text: String,
}

/// A message centre that takes everything.
pub struct MessageCentre {
    address: SocketAddr,
    bound: Arc<AtomicBool>,
    parts: Mutex<UnboundedReceiver<Part>>,
}

impl MessageCentre {
    /// Listens on this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (parts, received) = unbounded_channel();
        let bound = Arc::new(AtomicBool::new(false));
        let is_bound = Arc::clone(&bound);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Kannel closes connections as it likes; the end of one is no failure.
                let _ = converse(stream, &parts, &is_bound).await;
            }
        });
        Self { address, bound, parts: Mutex::new(received) }
    }

    /// The port it listens on.
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// Whether a gateway is connected and known.
    pub fn is_bound(&self) -> bool {
        self.bound.load(Ordering::SeqCst)
    }

    /// The next text, put together of its parts.
    pub async fn next(&self) -> Text {
        let mut received = self.parts.lock().await;
        let mut parts: Vec<Part> = Vec::new();
        while parts.first().is_none_or(|first| parts.len() < usize::from(first.place.0)) {
            let part = tokio::time::timeout(PATIENCE, received.recv()).await;
            parts.push(part.expect("a text comes in time").expect("the centre goes on"));
        }
        parts.sort_by_key(|part| part.place.1);
        let octets: Vec<u8> = parts.iter().flat_map(|part| part.octets.iter().copied()).collect();
        let ucs2 = parts[0].coding == UCS2;
        let text = if ucs2 { from_ucs2(&octets) } else { from_gsm(&octets) };
        let (count, first) = (parts.len(), parts.swap_remove(0));
        Text { from: first.from, to: first.to, ucs2, parts: count, text }
    }

    /// Whether nothing more has come for a moment.
    pub async fn is_quiet(&self) -> bool {
        let mut received = self.parts.lock().await;
        tokio::time::timeout(Duration::from_millis(300), received.recv()).await.is_err()
    }
}

async fn converse(
    mut stream: TcpStream,
    parts: &UnboundedSender<Part>,
    bound: &AtomicBool,
) -> std::io::Result<()> {
    loop {
        let length = stream.read_u32().await?;
        let (command, _status) = (stream.read_u32().await?, stream.read_u32().await?);
        let number = stream.read_u32().await?;
        let mut body = vec![0; length.saturating_sub(16) as usize];
        stream.read_exact(&mut body).await?;
        // The answers to these hold one text: our name, or the message's.
        let text: &[u8] = match command {
            BIND_TRANSCEIVER => b"centre\0",
            SUBMIT_SM => {
                let _ = parts.send(read_part(&body));
                b"1\0"
            }
            ENQUIRE_LINK | UNBIND => b"",
            other => panic!("Kannel asks for {other:#x}, which this centre does not know"),
        };
        let length = 16 + u32::try_from(text.len()).expect("texts here are short");
        let mut answer = Vec::new();
        for word in [length, command | ANSWER, 0, number] {
            answer.extend(word.to_be_bytes());
        }
        answer.extend(text);
        stream.write_all(&answer).await?;
        bound.store(command != UNBIND, Ordering::SeqCst);
    }
}

/// The fields of `submit_sm` in their order (SMPP 3.4 §4.4.1).
fn read_part(body: &[u8]) -> Part {
    let mut fields = Fields(body);
    fields.text(); // service_type
    let from = fields.address();
    let to = fields.address();
    let class = fields.octet();
    fields.octet(); // protocol_id
    fields.octet(); // priority_flag
    fields.text(); // schedule_delivery_time
    fields.text(); // validity_period
    fields.octet(); // registered_delivery
    fields.octet(); // replace_if_present_flag
    let coding = fields.octet();
    fields.octet(); // sm_default_msg_id
    let length = usize::from(fields.octet());
    let message = &fields.0[..length];
    if class & HAS_HEADER == 0 {
        return Part { from, to, coding, place: (1, 1), octets: message.to_vec() };
    }
    // 05 00 03 reference count number: one of several parts (3GPP TS 23.040 §9.2.3.24.1).
    let (header, octets) = message.split_at(usize::from(message[0]) + 1);
    assert_eq!(header[..3], [5, 0, 3], "an unknown user data header");
    Part { from, to, coding, place: (header[4], header[5]), octets: octets.to_vec() }
}

/// What is left to read of a body.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn octet(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().expect("Kannel sends whole fields");
        self.0 = rest;
        *first
    }

    fn text(&mut self) -> String {
        let end = self.0.iter().position(|octet| *octet == 0).expect("texts end with a null");
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = &self.0[end + 1..];
        text
    }

    fn address(&mut self) -> String {
        let (kind, _plan) = (self.octet(), self.octet());
        let address = self.text();
        match kind {
            INTERNATIONAL => format!("+{address}"),
            ALPHANUMERIC => address,
            other => panic!("an address of the unexpected kind {other}"),
        }
    }
}

fn from_ucs2(octets: &[u8]) -> String {
    let units = octets.chunks(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
    String::from_utf16(&units.collect::<Vec<u16>>()).expect("the text is UTF-16")
}

fn from_gsm(octets: &[u8]) -> String {
    let alphabet: Vec<char> = GSM.chars().collect();
    assert_eq!(alphabet.len(), 128);
    let mut text = String::new();
    let mut octets = octets.iter().copied();
    while let Some(octet) = octets.next() {
        if octet != 0x1b {
            text.push(alphabet[usize::from(octet)]);
            continue;
        }
        let code = octets.next().expect("no part ends with an escape");
        let found = EXTENSION.iter().find(|(known, _)| *known == code);
        text.push(found.expect("the escape is of the standard").1);
    }
    text
}
