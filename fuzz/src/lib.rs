//! What must hold for whatever bytes come from outside, one function per parser.
//!
//! A target panics when something does not hold. libFuzzer calls them by way of `fuzz_targets`, and
//! an ordinary test calls them with the corpus and a thousand mutations of it.

mod hooks;
mod input;
mod lists;
mod mail;
mod texts;
mod tokens;
mod wire;

pub use hooks::mail_hook;
pub use lists::{csv, dnc_change, dnc_full};
pub use mail::{arf, bounce, dsn, lmtp, mime_reply};
pub use texts::{email, keyword, phone, sms_hook};
pub use tokens::{token_return_path, token_unsubscribe};
pub use wire::{hint, journal, page_request};

/// A target.
pub type Target = fn(&[u8]);

/// Every target and its name, which is that of its program and of its folder of the corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("arf", arf),
    ("bounce", bounce),
    ("csv", csv),
    ("dnc_change", dnc_change),
    ("dnc_full", dnc_full),
    ("dsn", dsn),
    ("email", email),
    ("hint", hint),
    ("journal", journal),
    ("keyword", keyword),
    ("lmtp", lmtp),
    ("mail_hook", mail_hook),
    ("mime_reply", mime_reply),
    ("page_request", page_request),
    ("phone", phone),
    ("sms_hook", sms_hook),
    ("token_return_path", token_return_path),
    ("token_unsubscribe", token_unsubscribe),
];
