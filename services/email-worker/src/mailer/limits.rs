//! How much at once and how fast: overall, and towards one recipient domain.
//!
//! A permit is asked for before a touch is begun. What cannot be had within a moment is answered
//! with [`Busy`], so that mail for a slow domain does not sit on places others could use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::result::Busy;

/// The longest a permit is waited for.
const PATIENCE: Duration = Duration::from_millis(250);
/// When to come back while all places are taken: about the time a relay takes for a message.
const PLACES_RETRY: Duration = Duration::from_secs(1);
/// Domains remembered before the idle ones are forgotten.
const REMEMBERED: usize = 4096;

/// What the limits are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitSettings {
    /// Messages handed over at the same time.
    pub concurrency: usize,
    /// The same towards one recipient domain.
    pub per_destination_concurrency: usize,
    /// Messages per second; 0 for no limit.
    pub per_second: f64,
    /// The same towards one recipient domain; 0 for no limit.
    pub per_destination_per_second: f64,
}

pub(super) struct Limits {
    settings: LimitSettings,
    places: Arc<Semaphore>,
    pace: Pace,
    destinations: Mutex<HashMap<Box<str>, Arc<Destination>>>,
}

struct Destination {
    places: Arc<Semaphore>,
    pace: Pace,
}

/// Leave to hand over one message now. Dropping it gives the places back.
#[derive(Debug)]
pub struct Permit {
    _overall: OwnedSemaphorePermit,
    _destination: OwnedSemaphorePermit,
}

impl Limits {
    pub(super) fn new(settings: LimitSettings) -> Self {
        Self {
            settings,
            places: Arc::new(Semaphore::new(settings.concurrency)),
            pace: Pace::new(settings.per_second),
            destinations: Mutex::default(),
        }
    }

    /// A permit for one message to `domain` (lower case), or when to ask again.
    ///
    /// The destination is asked first: whoever waits for it must not hold a place others need.
    pub(super) async fn acquire(&self, domain: &str) -> Result<Permit, Busy> {
        let until = Instant::now() + PATIENCE;
        let destination = self.destination(domain);
        let places = Busy { retry_after: PLACES_RETRY };
        let mine = place(&destination.places, until).await.ok_or(places)?;
        destination.pace.wait(until).await?;
        let Some(overall) = place(&self.places, until).await else {
            destination.pace.give_back();
            return Err(places);
        };
        if let Err(busy) = self.pace.wait(until).await {
            destination.pace.give_back();
            return Err(busy);
        }
        Ok(Permit { _overall: overall, _destination: mine })
    }

    fn destination(&self, domain: &str) -> Arc<Destination> {
        let mut destinations = self.destinations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(destination) = destinations.get(domain) {
            return Arc::clone(destination);
        }
        if destinations.len() >= REMEMBERED {
            let now = Instant::now();
            let all = self.settings.per_destination_concurrency;
            destinations.retain(|_, destination| {
                let in_use = Arc::strong_count(destination) > 1
                    || destination.places.available_permits() < all;
                in_use || !destination.pace.is_idle(now)
            });
        }
        let destination = Arc::new(Destination {
            places: Arc::new(Semaphore::new(self.settings.per_destination_concurrency)),
            pace: Pace::new(self.settings.per_destination_per_second),
        });
        destinations.insert(domain.into(), Arc::clone(&destination));
        destination
    }
}

async fn place(places: &Arc<Semaphore>, until: Instant) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(places).try_acquire_owned() {
        return Some(permit);
    }
    timeout_at(until, Arc::clone(places).acquire_owned()).await.ok()?.ok()
}

/// The generic cell rate algorithm: each message moves the "theoretical arrival time" on by one
/// interval; a message may go when that time is at most a small burst ahead of now.
#[derive(Debug)]
struct Pace {
    /// Zero for no limit.
    interval: Duration,
    burst: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn new(per_second: f64) -> Self {
        let limited = per_second.is_finite() && per_second > 0.0;
        let interval = if limited {
            Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX)
        } else {
            Duration::ZERO
        };
        // A tenth of a second's worth may go at once, so that timers need not be exact.
        let burst = Duration::from_millis(100).saturating_sub(interval);
        Self { interval, burst, next: Mutex::new(Instant::now()) }
    }

    fn next(&self) -> std::sync::MutexGuard<'_, Instant> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a token that is to be had by `until`: when it may be used, or how long to stay away.
    fn reserve(&self, now: Instant, until: Instant) -> Result<Instant, Busy> {
        if self.interval.is_zero() {
            return Ok(now);
        }
        let mut next = self.next();
        let arrival = (*next).max(now);
        let start = arrival.checked_sub(self.burst).unwrap_or(now).max(now);
        if start > until {
            return Err(Busy { retry_after: start - now });
        }
        *next = arrival.checked_add(self.interval).unwrap_or(arrival);
        Ok(start)
    }

    async fn wait(&self, until: Instant) -> Result<(), Busy> {
        let now = Instant::now();
        let start = self.reserve(now, until)?;
        if start > now {
            sleep_until(start).await;
        }
        Ok(())
    }

    /// Takes a token back that was not used.
    fn give_back(&self) {
        let mut next = self.next();
        *next = next.checked_sub(self.interval).unwrap_or(*next);
    }

    fn is_idle(&self, now: Instant) -> bool {
        *self.next() <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: LimitSettings = LimitSettings {
        concurrency: 3,
        per_destination_concurrency: 2,
        per_second: 0.0,
        per_destination_per_second: 0.0,
    };

    #[test]
    fn tokens_come_at_the_pace_and_no_faster() {
        let pace = Pace::new(10.0);
        let now = Instant::now();
        let far = now + Duration::from_secs(10);
        let starts: Vec<_> =
            (0..5).map(|_| (pace.reserve(now, far).unwrap() - now).as_millis()).collect();
        assert_eq!(starts, [0, 100, 200, 300, 400]);
        let busy = pace.reserve(now, now + Duration::from_millis(250)).unwrap_err();
        assert_eq!(busy.retry_after.as_millis(), 500);
        // A refused request takes no token.
        assert_eq!((pace.reserve(now, far).unwrap() - now).as_millis(), 500);
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.reserve(later, later).unwrap(), later);
    }

    #[test]
    fn a_fast_pace_allows_a_tenth_of_a_second_at_once() {
        let pace = Pace::new(1000.0);
        let now = Instant::now();
        let at_once = (0..200).filter(|_| pace.reserve(now, now).is_ok()).count();
        assert!((95..=101).contains(&at_once), "{at_once}");
    }

    #[tokio::test]
    async fn a_full_domain_is_busy_while_others_go_on() {
        let limits = Limits::new(SETTINGS);
        let _slow = (
            limits.acquire("slow.example").await.unwrap(),
            limits.acquire("slow.example").await.unwrap(),
        );
        let busy = limits.acquire("slow.example").await.unwrap_err();
        assert_eq!(busy.retry_after, PLACES_RETRY);
        let other = limits.acquire("fast.example").await.unwrap();
        assert!(limits.acquire("third.example").await.is_err(), "the overall places are taken");
        drop(other);
        assert!(limits.acquire("third.example").await.is_ok());
    }

    #[tokio::test]
    async fn a_slow_domain_answers_busy_with_the_time_of_its_next_token() {
        let limits = Limits::new(LimitSettings { per_destination_per_second: 0.5, ..SETTINGS });
        drop(limits.acquire("slow.example").await.unwrap());
        let busy = limits.acquire("slow.example").await.unwrap_err();
        let seconds = busy.retry_after.as_secs_f64();
        assert!((1.5..=2.0).contains(&seconds), "{seconds}");
        drop(limits.acquire("fast.example").await.unwrap());
    }

    #[tokio::test]
    async fn domains_not_in_use_are_forgotten() {
        let limits = Limits::new(LimitSettings { per_destination_per_second: 1e6, ..SETTINGS });
        let kept = limits.acquire("kept.example").await.unwrap();
        for n in 0..3 * REMEMBERED {
            drop(limits.acquire(&format!("d{n}.example")).await.unwrap());
        }
        let destinations = limits.destinations.lock().unwrap();
        assert!(destinations.len() <= REMEMBERED);
        assert!(destinations.contains_key("kept.example"));
        drop(destinations);
        drop(kept);
    }
}
