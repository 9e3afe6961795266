//! The SMS gateway's client against a real socket that says scripted bytes.
#![allow(clippy::unwrap_used, clippy::too_many_lines)]

mod failures;
mod presets;
mod server;

use std::time::Duration;

use sms_worker::gateway::{Coding, GatewayResult, HttpSmsGateway, SmsGateway, SmsMessage};
use sms_worker::settings::Settings;
use tokio::time::Instant;

use self::server::Server;

const REFERENCE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const NUMBER: &str = "+971501234567";

fn settings(preset: &str, server: &Server) -> Settings {
    Settings {
        preset: preset.to_owned(),
        url: server.url.clone(),
        user: "AC1".to_owned(),
        password: "s3cret+&".to_owned().into(),
        connect_timeout_seconds: 1,
        timeout_seconds: 5,
        ..Settings::default()
    }
}

fn message() -> SmsMessage {
    SmsMessage {
        to: NUMBER.to_owned(),
        text: "Hello & welcome +1".to_owned(),
        sender: "AD-EMAAR".to_owned(),
        reference: REFERENCE.parse().unwrap(),
        attempt: 1,
        coding: Coding::Gsm7,
        segments: 1,
        first_attempt_age: Duration::ZERO,
    }
}

async fn send(settings: &Settings, message: &SmsMessage) -> GatewayResult {
    let gateway = HttpSmsGateway::new(settings).unwrap();
    gateway.send(message, in_seconds(30)).await
}

fn in_seconds(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

/// The kind of a result and its detail, for tables.
fn kind(result: &GatewayResult) -> (String, String) {
    match result {
        GatewayResult::Accepted { provider_ref } => {
            ("accepted".to_owned(), provider_ref.clone().unwrap_or_default())
        }
        GatewayResult::Refused { class, detail } => (format!("{class:?}"), detail.clone()),
        GatewayResult::Temporary { detail, .. } => ("temporary".to_owned(), detail.clone()),
        GatewayResult::NotHandedOver { why } => ("not handed over".to_owned(), why.clone()),
        GatewayResult::InDoubt { why, .. } => ("in doubt".to_owned(), why.clone()),
        GatewayResult::Busy { .. } => ("busy".to_owned(), String::new()),
    }
}
