//! Passwords: argon2id with the parameters OWASP's Password Storage Cheat Sheet names (19 MiB, two
//! passes, one lane), in threads of their own, few at a time.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

/// The least length. NIST SP 800-63B asks for eight, and for fifteen where a password is all there is.
pub const LEAST: usize = 12;

/// The greatest length in bytes, so that nobody has us hash a book.
const MOST: usize = 1024;

/// Hashed at the same time at most: each takes 19 MiB and some ten milliseconds of a core.
const AT_ONCE: usize = 4;

/// Hashes and checks passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    places: Arc<Semaphore>,
}

/// Why a new password is not taken; the name of a text.
pub fn problem(password: &str, email: &str) -> Option<&'static str> {
    let lower = password.to_lowercase();
    let name = email.split('@').next().unwrap_or_default();
    if password.chars().count() < LEAST {
        return Some("password-too-short");
    }
    if password.len() > MOST {
        return Some("password-too-long");
    }
    let first = password.chars().next();
    if password.chars().all(|letter| Some(letter) == first) || lower.contains("password") {
        return Some("password-too-easy");
    }
    (name.len() > 2 && lower.contains(&name.to_lowercase())).then_some("password-has-name")
}

impl Passwords {
    pub fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The argon2id string of a password.
    ///
    /// # Errors
    /// When it cannot be hashed.
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        self.work(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string()).map_err(|why| anyhow!("no hash was made: {why}"))
        })
        .await?
    }

    /// Whether the password is the one of `hash`. Without a hash it takes as long and is not, so that
    /// nobody learns by the clock who has one.
    ///
    /// # Errors
    /// When the hash cannot be read.
    pub async fn check(&self, password: String, hash: Option<String>) -> anyhow::Result<bool> {
        if password.len() > MOST {
            return Ok(false);
        }
        self.work(move || {
            let Some(hash) = hash else {
                let _ = Argon2::default().hash_password(password.as_bytes());
                return Ok(false);
            };
            let read = argon2::PasswordHash::new(&hash);
            let read = read.map_err(|why| anyhow!("a stored hash cannot be read: {why}"))?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &read).is_ok())
        })
        .await?
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let _place = self.places.acquire().await.context("passwords are not checked any more")?;
        tokio::task::spawn_blocking(job).await.context("checking a password broke off")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn passwords_that_are_easy_to_guess_are_refused() {
        for (password, expected) in [
            ("correct horse battery", None),
            ("دار السلام ١٢٣ بحر", None),
            ("short", Some("password-too-short")),
            ("aaaaaaaaaaaaaaaa", Some("password-too-easy")),
            ("MyPassword2026!", Some("password-too-easy")),
            ("layla-2026-dubai", Some("password-has-name")),
        ] {
            assert_eq!(problem(password, "layla@palm.example"), expected, "{password}");
        }
        assert_eq!(problem(&"ab".repeat(600), "a@b"), Some("password-too-long"));
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse battery".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for (given, hash, is) in [
            ("correct horse battery", Some(hash.clone()), true),
            ("Correct horse battery", Some(hash.clone()), false),
            ("", Some(hash), false),
            ("correct horse battery", None, false),
        ] {
            assert_eq!(passwords.check(given.into(), hash).await.unwrap(), is, "{given}");
        }
        assert!(passwords.check("x".into(), Some("plain".into())).await.is_err());
    }
}
