//! Tests of the message builder.
