//! Held touches leave over the first minutes after an opening, so that opening time is no burst
//! (compliance.md QH-11).

use jiff::{SignedDuration, Timestamp};

use crate::TouchId;

/// The longest a touch waits after an opening.
pub const LONGEST_SPREAD: SignedDuration = SignedDuration::from_mins(30);

/// How long after an opening a touch leaves: from nothing to less than [`LONGEST_SPREAD`], always
/// the same for the same touch. The tail of a touch's identity is random.
#[must_use]
pub fn spread_of(touch: TouchId) -> SignedDuration {
    let tail = u32::try_from(touch.as_uuid().as_u128() & 0xffff_ffff).unwrap_or(0);
    SignedDuration::from_secs(i64::from(tail) % LONGEST_SPREAD.as_secs())
}

/// The instant of a spread after an opening, drawn nearer while it would not be open any more;
/// the opening itself when nothing after it is.
#[must_use]
pub fn spread_opening(
    open: Timestamp,
    spread: SignedDuration,
    is_open: impl Fn(Timestamp) -> bool,
) -> Timestamp {
    let mut seconds = spread.as_secs();
    while seconds > 0 {
        let later = open.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(open);
        if is_open(later) {
            return later;
        }
        seconds /= 2;
    }
    open
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_thousand_touches_spread_over_the_half_hour() {
        let spreads: Vec<_> = (0..1000).map(|_| spread_of(TouchId::new())).collect();
        assert!(spreads.iter().all(|s| (SignedDuration::ZERO..LONGEST_SPREAD).contains(s)));
        for tenth in 0..10 {
            let from = SignedDuration::from_mins(3 * tenth);
            let n =
                spreads.iter().filter(|s| **s >= from && **s < from + SignedDuration::from_mins(3));
            assert!(n.count() > 50, "few between minutes {} and {}", 3 * tenth, 3 * tenth + 3);
        }
        let touch = TouchId::new();
        assert_eq!(spread_of(touch), spread_of(touch));
    }

    #[test]
    fn a_spread_never_leaves_the_window() {
        let open: Timestamp = "2026-06-01T05:00:00Z".parse().unwrap();
        let close: Timestamp = "2026-06-01T05:10:00Z".parse().unwrap();
        for minutes in 0..30 {
            let spread = SignedDuration::from_mins(minutes);
            let at = spread_opening(open, spread, |at| at < close);
            assert!((open..close).contains(&at), "{spread}: {at}");
        }
        assert_eq!(spread_opening(open, LONGEST_SPREAD, |at| at == open), open);
    }
}
