//! The history checker: database × sink log × crash log.
