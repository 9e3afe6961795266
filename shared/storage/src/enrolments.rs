//! enrolments
