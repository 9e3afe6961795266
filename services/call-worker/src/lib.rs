//! Touches for a human hand become tasks.
