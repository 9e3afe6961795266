//! All SQL of Touchline, one module per table family.
