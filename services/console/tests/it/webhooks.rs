//! Webhooks in the console: registered, shown once, delivered to a real HTTPS receiver, sent again.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::WebhookId;
use domain::access::UserRole;
use domain::webhook::{WebhookEvent, WebhookOutcome};
use ring::hmac;
use storage::webhooks::{DeliveryAttempt, Webhook};
use testkit::{HookAnswer, HookRequest, HookSink};

use crate::world::{Browser, World};

const LIST: &str = "/integrations/webhooks";

/// A console that may deliver to this machine and trusts the receiver.
struct Scene {
    world: World,
    sink: HookSink,
    ca_file: String,
    _folder: tempfile::TempDir,
}

fn settings(ca_file: &str) -> [(&str, &str); 2] {
    [("webhooks.allow_private", "true"), ("webhooks.ca_file", ca_file)]
}

impl Scene {
    async fn start() -> Self {
        let sink = HookSink::start().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        sink.write_certificate(&file);
        let ca_file = file.to_str().unwrap().to_owned();
        let world = World::with(&settings(&ca_file)).await;
        Self { world, sink, ca_file, _folder: folder }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/in", self.sink.address().port())
    }

    /// Registers the receiver; its webhook, and the secret as the page showed it.
    async fn register(
        &self,
        browser: &mut Browser,
        events: &[WebhookEvent],
    ) -> (WebhookId, String) {
        let url = self.url();
        let mut fields = vec![("name", "CRM"), ("url", url.as_str())];
        fields.extend(events.iter().map(|event| ("event", event.as_str())));
        let answer = browser.post(LIST, &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (self.only().await.id, secret(&answer.body))
    }

    async fn only(&self) -> Webhook {
        let mut all = self.world.database.webhooks().await.unwrap();
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    /// The log, the newest first, once it has so many lines.
    async fn log(&self, id: WebhookId, lines: usize) -> Vec<DeliveryAttempt> {
        loop {
            let log = self.world.database.delivery_attempts(id, None, false, 100).await.unwrap();
            if log.len() >= lines {
                return log;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn secret(body: &str) -> String {
    let at = body.find("whsec_").expect("the page shows a secret");
    body[at..].split('<').next().unwrap().to_owned()
}

/// Whether one of the signatures of a message is of this secret.
fn is_signed(message: &HookRequest, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let (id, at) = (message.header("webhook-id"), message.header("webhook-timestamp"));
    let signed = format!("{id}.{at}.{}", message.body);
    let signatures = message.header("webhook-signature").split(' ');
    signatures
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|signature| hmac::verify(&key, signed.as_bytes(), &signature).is_ok())
}

#[tokio::test]
async fn what_happens_arrives_signed_and_stands_in_the_log() {
    let scene = Scene::start().await;
    let mut browser = scene.world.as_one_of(&[UserRole::Admin]).await;
    assert!(browser.get(LIST).await.body.contains("Register a webhook"));
    let (id, secret) = scene.register(&mut browser, &[WebhookEvent::ContactCreated]).await;
    let page = browser.get(&format!("{LIST}/{id}")).await.body;
    assert!(page.contains("CRM") && !page.contains("whsec_"), "it is shown once: {page}");

    let people = scene.world.deployment.people(1).await;
    let message = scene.sink.wait_for(1).await.remove(0);
    assert!(is_signed(&message, &secret), "{message:?}");
    assert!(!is_signed(&message, &format!("whsec_{}", STANDARD.encode([7; 32]))));
    let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["type"], "contact.created");
    assert_eq!(body["data"]["contact"], people[0].to_string());
    let log = scene.log(id, 1).await;
    assert_eq!((log[0].outcome, log[0].status), (WebhookOutcome::Delivered, Some(204)));
    assert_eq!(message.header("webhook-id"), log[0].event.to_string());
    let page = browser.get(&format!("{LIST}/{id}")).await.body;
    assert!(page.contains("A contact was added") && page.contains("Delivered"), "{page}");
    scene.world.stop().await;
}

#[tokio::test]
async fn a_failure_is_tried_again_under_the_same_id_and_can_be_sent_again() {
    let scene = Scene::start().await;
    let mut browser = scene.world.as_one_of(&[UserRole::Admin]).await;
    let (id, _) = scene.register(&mut browser, &[WebhookEvent::ContactCreated]).await;
    let text = "<script>alert(1)</script>".to_owned();
    scene.sink.answer([HookAnswer::Status(500, String::new(), text)]);
    scene.world.deployment.people(1).await;
    // The first attempt; on a slow machine others may have followed.
    let first = scene.log(id, 1).await.pop().unwrap();
    assert_eq!((first.outcome, first.status), (WebhookOutcome::Retried, Some(500)), "{first:?}");
    let page = browser.get(&format!("{LIST}/{id}?failed=yes")).await.body;
    assert!(page.contains("Tried again later") && page.contains("&#60;script&#62;"), "{page}");
    assert!(!page.contains("<script>alert"), "a stranger wrote that: {page}");

    // Somebody wants it now.
    let event = first.event.to_string();
    let again = browser.post(&format!("{LIST}/{id}/replay"), &[("event", &event)]).await;
    assert_eq!(again.status, 303, "{}", again.body);
    let log = scene.log(id, 2).await;
    assert_eq!((log[0].outcome, log[0].event), (WebhookOutcome::Delivered, first.event));
    let got = scene.sink.got();
    assert_eq!(got[0].header("webhook-id"), got[1].header("webhook-id"));
    assert_eq!(got[0].body, got[1].body);
    assert!(scene.only().await.failing_since.is_none());

    // Everything since a time of the team's clock.
    let since = format!("{LIST}/{id}/replay");
    let all = browser.post(&since, &[("since", "2026-01-01T00:00")]).await;
    assert_eq!(all.status, 303, "{}", all.body);
    assert_eq!(scene.log(id, log.len() + 1).await[0].event, first.event);
    for wrong in ["", "yesterday", "2999-01-01T00:00"] {
        assert_eq!(browser.post(&since, &[("since", wrong)]).await.status, 422, "{wrong}");
    }
    scene.world.stop().await;
}

#[tokio::test]
async fn trying_pausing_and_a_new_secret() {
    let scene = Scene::start().await;
    let mut browser = scene.world.as_one_of(&[UserRole::Admin]).await;
    let (id, first) = scene.register(&mut browser, &[WebhookEvent::ContactCreated]).await;
    let one = format!("{LIST}/{id}");
    let answer = browser.post(&format!("{one}/secret"), &[]).await;
    let second = secret(&answer.body);
    assert_ne!(first, second);
    assert_eq!(browser.post(&format!("{one}/test"), &[]).await.status, 303);
    let message = scene.sink.wait_for(1).await.remove(0);
    assert!(message.body.contains(r#""type":"test""#), "{}", message.body);
    assert!(is_signed(&message, &first) && is_signed(&message, &second), "both sign for a day");
    // What was received is noted a moment later.
    scene.log(id, 1).await;

    browser.post(&format!("{one}/pause"), &[]).await;
    assert_eq!(browser.post(&format!("{one}/test"), &[]).await.status, 422);
    scene.world.deployment.people(1).await;
    let page = browser.get(&one).await.body;
    assert!(page.contains("Go on delivering"), "{page}");
    assert_eq!((scene.only().await.waiting, scene.sink.got().len()), (1, 1));
    browser.post(&format!("{one}/resume"), &[]).await;
    scene.sink.wait_for(2).await;
    // A receiver that says it is gone is left alone.
    scene.sink.answer([HookAnswer::status(410)]);
    browser.post(&format!("{one}/test"), &[]).await;
    scene.log(id, 3).await;
    let page = browser.get(&one).await.body;
    assert!(page.contains("gone for good (410)"), "{page}");
    browser.post(&format!("{one}/remove"), &[]).await;
    assert_eq!(browser.get(&one).await.status, 404);
    scene.world.stop().await;
}

#[tokio::test]
async fn several_processes_deliver_each_message_once_while_all_live() {
    let scene = Scene::start().await;
    let mut browser = scene.world.as_one_of(&[UserRole::Admin]).await;
    let (id, _) = scene.register(&mut browser, &[WebhookEvent::ContactCreated]).await;
    // A second process of the same deployment.
    let second = scene.world.second(&settings(&scene.ca_file)).await;
    scene.world.deployment.people(60).await;
    scene.log(id, 60).await;
    let mut ids: Vec<String> =
        scene.sink.got().iter().map(|got| got.header("webhook-id").to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), scene.sink.got().len()), (60, 60));
    assert_eq!(scene.only().await.waiting, 0);
    second.stop().await;
    scene.world.stop().await;
}

#[tokio::test]
async fn addresses_inside_are_refused_unless_that_is_allowed_and_the_form_keeps_what_was_typed() {
    let world = World::start().await;
    let mut browser = world.as_one_of(&[UserRole::Admin]).await;
    for url in [
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "http://crm.example/in",
        "https://localhost/",
        "https://[::ffff:10.0.0.1]/",
        "nonsense",
    ] {
        let fields = [("name", "My CRM"), ("url", url), ("event", "touch_sent")];
        let answer = browser.post(LIST, &fields).await;
        assert_eq!(answer.status, 422, "{url}");
        assert!(answer.body.contains("This address cannot be used"), "{}", answer.body);
        assert!(answer.body.contains("My CRM"));
    }
    let good = [("name", "A"), ("url", "https://crm.example/in")];
    for (fields, why) in [
        (&good[..], "Choose at least one"),
        (&[("name", ""), good[1], ("event", "touch_sent")], "Give it a name"),
        (&[good[0], good[1], ("event", "test")], "Choose at least one"),
    ] {
        let answer = browser.post(LIST, fields).await;
        assert!(answer.status == 422 && answer.body.contains(why), "{}", answer.body);
    }
    // The same form twice is one webhook.
    let id = WebhookId::new().to_string();
    let fields = [good[0], good[1], ("event", "touch_sent"), ("id", id.as_str())];
    assert_eq!(browser.post(LIST, &fields).await.status, 200);
    assert_eq!(browser.post(LIST, &fields).await.status, 303);
    assert_eq!(world.database.webhooks().await.unwrap().len(), 1);
    let change = [good[0], ("url", "https://127.0.0.1/"), ("event", "touch_sent")];
    assert_eq!(browser.post(&format!("{LIST}/{id}"), &change).await.status, 422);
    world.stop().await;
}
