//! bounce.
