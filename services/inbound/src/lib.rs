//! The public edge: one-click unsubscribe, its page, health.
