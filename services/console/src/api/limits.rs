//! How often a token may ask: so many requests a minute, counted in windows of one, by each process
//! of the console for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use domain::ApiTokenId;
use tokio::time::Instant;

/// The length of a window.
const WINDOW: Duration = Duration::from_secs(60);
/// From so many windows on, those that are over are let go of.
const MANY: usize = 1024;

/// The windows of the tokens that have asked.
pub struct Limits {
    per_window: u32,
    windows: Mutex<HashMap<ApiTokenId, Window>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    used: u32,
}

/// What a token has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    limit: u32,
    /// Requests left in this window; nothing when there was none for this one.
    left: Option<u32>,
    /// Seconds until the next window.
    seconds: u64,
}

impl Limits {
    pub fn new(per_window: u32) -> Self {
        Self { per_window: per_window.max(1), windows: Mutex::default() }
    }

    /// Takes one request out of a token's share.
    pub fn take(&self, token: ApiTokenId, now: Instant) -> Share {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MANY {
            windows.retain(|_, window| now.duration_since(window.began) < WINDOW);
        }
        let window = windows.entry(token).or_insert(Window { began: now, used: 0 });
        if now.duration_since(window.began) >= WINDOW {
            *window = Window { began: now, used: 0 };
        }
        let left = self.per_window.checked_sub(window.used + 1);
        window.used = window.used.saturating_add(u32::from(left.is_some()));
        let rest = WINDOW.saturating_sub(now.duration_since(window.began));
        // A fraction of a second is waited for whole.
        let seconds = rest.as_secs() + u64::from(rest.subsec_nanos() > 0);
        Share { limit: self.per_window, left, seconds }
    }
}

impl Share {
    /// Whether there was one left.
    pub const fn is_given(&self) -> bool {
        self.left.is_some()
    }

    /// Says so (draft-ietf-httpapi-ratelimit-headers).
    pub fn write(&self, headers: &mut HeaderMap) {
        let window = WINDOW.as_secs();
        let policy = format!("\"token\";q={};w={window}", self.limit);
        let rest = format!("\"token\";r={};t={}", self.left.unwrap_or(0), self.seconds);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", rest)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        if !self.is_given() {
            headers.insert("retry-after", HeaderValue::from(self.seconds.max(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_share_of_each_window_and_no_part_of_anothers() {
        let limits = Limits::new(2);
        let (one, other) = (ApiTokenId::new(), ApiTokenId::new());
        let began = Instant::now();
        assert_eq!(limits.take(one, began).left, Some(1));
        let later = began + Duration::from_millis(500);
        assert_eq!(limits.take(one, later), Share { limit: 2, left: Some(0), seconds: 60 });
        let none = limits.take(one, began + Duration::from_secs(58));
        assert_eq!(none, Share { limit: 2, left: None, seconds: 2 });
        assert_eq!(limits.take(other, later).left, Some(1));
        assert_eq!(limits.take(one, began + WINDOW).left, Some(1));
    }

    #[test]
    fn windows_that_are_over_are_let_go_of() {
        let limits = Limits::new(1);
        let began = Instant::now();
        for _ in 0..MANY {
            limits.take(ApiTokenId::new(), began);
        }
        limits.take(ApiTokenId::new(), began + WINDOW);
        assert_eq!(limits.windows.lock().map(|windows| windows.len()).ok(), Some(1));
    }

    #[test]
    fn the_headers_say_what_is_left() {
        let mut headers = HeaderMap::new();
        Share { limit: 600, left: None, seconds: 7 }.write(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"token\";q=600;w=60");
        assert_eq!(headers["ratelimit"], "\"token\";r=0;t=7");
        assert_eq!(headers["retry-after"], "7");
    }
}
