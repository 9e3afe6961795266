//! Every fuzz target, with its corpus and a thousand mutations of it: the same ones each time.
//! `make fuzz` looks for longer, and elsewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Mutations per target.
const MUTATIONS: usize = 1000;
/// No mutation is longer, in bytes.
const LONGEST: usize = 4096;

/// What parsers look for.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n.\r\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\"",
    b",",
    b";",
    b"<",
    b">",
    b"@",
    b".",
    b"%00",
    b"=",
    b"{\"v\":1",
    b"Content-Type: message/delivery-status\r\n\r\n",
    b"STOP",
    b"550 5.1.1",
    b"+971501234567",
    "\u{202e}".as_bytes(),
    "\u{0640}".as_bytes(),
    "\u{0300}".as_bytes(),
    "٠".as_bytes(),
    "İ".as_bytes(),
];

/// Numbers without any hidden order (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).unwrap()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = folder().join("corpus").join(target);
    names(&folder).iter().map(|name| std::fs::read(folder.join(name)).unwrap()).collect()
}

/// One to four changes to one of the corpus.
fn mutation(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = corpus[dice.roll(corpus.len())].clone();
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        let end = (at + dice.roll(16)).min(bytes.len());
        match dice.roll(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let word = WORDS[dice.roll(WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
            3 => {
                let twice = bytes[at..end].to_vec();
                bytes.splice(at..at, twice);
            }
            4 => {
                let other = &corpus[dice.roll(corpus.len())];
                let from = dice.roll(other.len() + 1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes.insert(at, u8::try_from(dice.roll(256)).unwrap()),
        }
    }
    bytes.truncate(LONGEST);
    bytes
}

/// Runs a target over its corpus and mutations of it; the input that breaks it is shown.
fn run(name: &str) {
    let (_, target) = fuzz::TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "fuzz/corpus/{name} is empty");
    let mut dice = Dice(name.bytes().fold(7, |seed, byte| seed << 3 ^ u64::from(byte)));
    let mutations = (0..MUTATIONS).map(|_| mutation(&corpus, &mut dice)).collect::<Vec<_>>();
    for input in corpus.iter().chain(&mutations) {
        let outcome = std::panic::catch_unwind(|| target(input));
        assert!(outcome.is_ok(), "{name} breaks on b\"{}\"", input.escape_ascii());
    }
}

#[test]
fn every_target_has_its_corpus_and_its_program() {
    let targets: BTreeSet<String> =
        fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&folder().join("corpus")), targets);
    let programs = names(&folder().join("fuzz_targets"));
    let programs: BTreeSet<String> =
        programs.iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    assert_eq!(programs, targets);
}

#[test]
fn arf_holds() {
    run("arf");
}

#[test]
fn bounce_holds() {
    run("bounce");
}

#[test]
fn csv_holds() {
    run("csv");
}

#[test]
fn dnc_change_holds() {
    run("dnc_change");
}

#[test]
fn dnc_full_holds() {
    run("dnc_full");
}

#[test]
fn dsn_holds() {
    run("dsn");
}

#[test]
fn email_holds() {
    run("email");
}

#[test]
fn hint_holds() {
    run("hint");
}

#[test]
fn journal_holds() {
    run("journal");
}

#[test]
fn keyword_holds() {
    run("keyword");
}

#[test]
fn lmtp_holds() {
    run("lmtp");
}

#[test]
fn mail_hook_holds() {
    run("mail_hook");
}

#[test]
fn mime_reply_holds() {
    run("mime_reply");
}

#[test]
fn page_request_holds() {
    run("page_request");
}

#[test]
fn phone_holds() {
    run("phone");
}

#[test]
fn sms_hook_holds() {
    run("sms_hook");
}

#[test]
fn token_return_path_holds() {
    run("token_return_path");
}

#[test]
fn token_unsubscribe_holds() {
    run("token_unsubscribe");
}
