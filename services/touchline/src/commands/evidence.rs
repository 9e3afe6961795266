//! `touchline evidence`: the key that signs evidence bundles, and whether a bundle is genuine
//! (compliance.md AUD-09).

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use office::evidence::{Forged, make_key, page_fits, public_key, read_key, verify};
use ring::signature::Ed25519KeyPair;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::connect::Session;
use crate::error::{Refused, usage};

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Arguments {
    /// Make a key to sign with, and show its public half.
    Key {
        /// Where to write it; nothing is replaced.
        file: PathBuf,
    },
    /// Check the signature of a bundle, and say who took it and when.
    Verify {
        /// The bundle.
        file: PathBuf,
        /// The public key that must have signed it; the one of [keys] evidence_key_file when not given.
        #[arg(long, value_name = "HEX")]
        public_key: Option<String>,
    },
}

#[derive(Deserialize)]
struct KeyFile {
    evidence_key_file: String,
}

/// Runs the command.
///
/// # Errors
/// A file that cannot be read or written. Refused (exit code 1) when the bundle is not genuine.
pub fn run(arguments: Arguments, session: &Session) -> anyhow::Result<()> {
    match arguments {
        Arguments::Key { file } => make(&file, session),
        Arguments::Verify { file, public_key } => check(&file, public_key, session),
    }
}

/// The key of `[keys] evidence_key_file`.
///
/// # Errors
/// When it is not set, or the file holds none.
pub fn key(session: &Session) -> anyhow::Result<Ed25519KeyPair> {
    let KeyFile { evidence_key_file: file } = session.settings.section("keys")?;
    if file.is_empty() {
        return Err(usage(
            "there is no key to sign with: make one with touchline evidence key FILE, and set \
             [keys] evidence_key_file",
        ));
    }
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    let wrong = || anyhow::anyhow!("{file} holds no key of touchline evidence key");
    read_key(&SecretString::from(text)).ok_or_else(wrong)
}

fn make(file: &Path, session: &Session) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let made = make_key()?;
    let mut options = std::fs::OpenOptions::new();
    let mut out = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    out.write_all(made.pem.expose_secret().as_bytes())?;
    let public_key = made.public_key;
    session.output.object(&json!({ "file": file, "public_key": public_key }), |_| {
        format!(
            "written to {}; set [keys] evidence_key_file to it\npublic key, to be kept elsewhere: \
             {public_key}",
            file.display()
        )
    })?;
    Ok(())
}

fn check(file: &Path, expected: Option<String>, session: &Session) -> anyhow::Result<()> {
    let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let verified = String::from_utf8(text).map_err(|_| Forged::Form).and_then(|text| verify(&text));
    let verified = match verified {
        Ok(verified) => verified,
        Err(forged) => {
            let answer = json!({ "genuine": false, "why": forged.to_string() });
            session.output.object(&answer, |_| format!("NOT GENUINE: {forged}"))?;
            return Err(Refused.into());
        }
    };
    let expected = match expected {
        Some(given) => Some(given.to_lowercase()),
        None => key(session).ok().map(|pair| public_key(&pair)),
    };
    let is_own = expected.as_ref().map(|expected| *expected == verified.public_key);
    let taken = &verified.evidence["taken"];
    let page = std::fs::read(page_beside(file)).ok();
    let page = page.map(|page| page_fits(&page, &verified.evidence));
    let answer = json!({
        "genuine": is_own != Some(false) && page != Some(false),
        "public_key": verified.public_key, "key_known": is_own, "page_fits": page, "taken": taken,
        "head": verified.evidence["head"],
    });
    session.output.object(&answer, |_| {
        let whose = match is_own {
            Some(true) => "signed with the expected key",
            Some(false) => "NOT GENUINE: signed with another key than the expected one",
            None => "the signature fits; compare the public key with the one you know",
        };
        let page = match page {
            Some(true) => "; the page beside it is the one that was written with it",
            Some(false) => "; NOT GENUINE: the page beside it was changed",
            None => "",
        };
        let word = |field: &str| taken[field].as_str().unwrap_or_default().to_owned();
        format!(
            "{whose}{page}\ntaken by {} at {} for: {}\npublic key {}",
            word("by"),
            word("at"),
            word("reason"),
            verified.public_key
        )
    })?;
    if is_own == Some(false) || page == Some(false) { Err(Refused.into()) } else { Ok(()) }
}

/// Where the page of a bundle is.
pub fn page_beside(bundle: &Path) -> PathBuf {
    bundle.with_extension("html")
}
