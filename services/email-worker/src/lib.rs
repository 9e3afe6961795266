//! Email touches, over SMTP.
//!
//! [`message`] makes a message of rendered text, [`dkim`] signs it, [`mailer`] hands it to the
//! relay, and [`reply`] says what the relay's answer means for the touch.

pub mod dkim;
pub mod mailer;
pub mod message;
pub mod reply;
pub mod settings;
