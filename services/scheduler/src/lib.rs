//! Decides what is due; the only producer of hints.
