//! Email touches, over SMTP.
