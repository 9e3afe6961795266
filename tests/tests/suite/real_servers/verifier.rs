//! The independent judge of delivered mail: `dkimpy` for signatures, Python's `email` for reading.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::LEFT_OUT_VARIABLE;

const PROGRAM: &str = include_str!("verify.py");

/// What the judge says of one file.
#[derive(Debug, Deserialize)]
pub struct Judgement {
    /// Whether the signature holds.
    pub verified: bool,
    /// Why not, where it does not.
    pub why: String,
    /// `a=` of the signature.
    pub algorithm: String,
    /// `h=` of the signature, in lower case.
    pub signed: Vec<String>,
    /// Whether the signature breaks when a header it signs is changed, by header.
    pub broken_by: HashMap<String, bool>,
    /// Whether the headers as they stand in the file are ASCII alone.
    pub plain_headers: bool,
    /// Every header as a person reads it, by its name in lower case.
    pub headers: HashMap<String, String>,
    /// The plain text as a person reads it.
    pub text: String,
    /// The HTML, decoded.
    pub html: String,
}

/// Judges delivered files, with DNS records at hand in the place of DNS.
pub fn judge(records: &[(&str, &str)], files: &[PathBuf]) -> Vec<Judgement> {
    // Debian's own interpreter: packages of Debian are not on the path of another one.
    let python = "/usr/bin/python3";
    let mut judge = Command::new(python)
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|err| panic!("{python} does not start ({err}); {}", advice()));
    let records: HashMap<_, _> = records.iter().copied().collect();
    let question = serde_json::json!({"records": records, "files": files});
    judge.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = judge.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the verifier failed; {}\n{said}", advice());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn advice() -> String {
    format!(
        "this test needs the Debian package python3-dkim: `apt-get install \
         --no-install-recommends python3-dkim`, or leave it out with {LEFT_OUT_VARIABLE}=postfix"
    )
}
