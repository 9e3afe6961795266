//! The doors by which things come back, besides the links of our own: webhooks, mail by LMTP and HTTP,
//! a mailbox that is looked into.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use futures_util::future::OptionFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::imap::Poller;
use crate::intake::Intake;
use crate::lmtp::Lmtp;
use crate::mailroom::{self, Mailroom};
use crate::providers::hook;
use crate::settings::Settings;
use crate::texts;

/// Those that the settings open.
pub(crate) struct Doors {
    lmtp: Option<Lmtp>,
    poller: Option<Poller>,
}

impl Doors {
    /// Opens them; those of HTTP come as a router.
    pub(crate) async fn open(
        settings: &Settings,
        intake: &Arc<Intake>,
        tasks: &TaskTracker,
    ) -> anyhow::Result<(Router, Self)> {
        let texts = texts::router(settings, intake, tasks)?;
        let hooks = hook::router(settings, intake, tasks)?;
        let mailroom = Mailroom::open(settings, intake, tasks)?;
        let router = texts.merge(hooks).merge(mailroom::router(mailroom.as_ref()));
        let lmtp = Lmtp::bind(mailroom.as_ref()).await?;
        let poller = Poller::open(mailroom.as_ref())?;
        Ok((router, Self { lmtp, poller }))
    }

    /// Where mail is taken by LMTP, if it is.
    pub(crate) fn lmtp_address(&self) -> Option<SocketAddr> {
        self.lmtp.as_ref().map(Lmtp::address)
    }

    /// Serves those that are not of HTTP until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mail = OptionFuture::from(self.lmtp.map(|lmtp| lmtp.run(stop.clone())));
        let poll = OptionFuture::from(self.poller.map(|poller| poller.run(stop.clone())));
        tokio::join!(mail, poll);
    }
}
