//! Coming in and being sent away.

use domain::access::UserRole;

use crate::world::{Browser, PASSWORD, World};

/// Somebody with a password, chosen with a link.
async fn somebody(world: &World, email: &str, roles: &[UserRole]) -> Browser {
    world.user(email, roles).await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let user = world.database.credentials(email).await.unwrap().unwrap().user.id;
    let page = admin.post(&format!("/users/{user}/link"), &[]).await.body;
    let link = page.split("/welcome/").nth(1).unwrap().split('<').next().unwrap();
    let mut browser = world.browser();
    let fields = [("full_name", "Somebody"), ("password", PASSWORD)];
    let answer = browser.post(&format!("/welcome/{link}"), &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.body);
    browser
}

async fn sign_in(world: &World, email: &str, password: &str) -> (Browser, u16, String) {
    let mut browser = world.browser();
    let fields = [("email", email), ("password", password), ("to", "/account")];
    let answer = browser.post("/sign-in", &fields).await;
    let said = if answer.status == 303 { answer.location().to_owned() } else { answer.body };
    (browser, answer.status, said)
}

#[tokio::test]
async fn the_first_administrator_comes_in_by_a_link_that_works_once() {
    let world = World::start().await;
    let missed = world.serving.first_link().await.unwrap().expect("there is nobody yet");
    // Who has missed it starts the console again and gets another; the missed one is over.
    let link = world.serving.first_link().await.unwrap().expect("nobody has come in yet");
    let missed = missed.strip_prefix(world.serving.url()).unwrap();
    assert_eq!(world.browser().get(missed).await.status, 404);
    let path = link.strip_prefix(world.serving.url()).unwrap().to_owned();
    let mut browser = world.browser();
    // Programs look at links before people do.
    for _ in 0..3 {
        let page = browser.get(&path).await;
        assert!(page.status == 200 && page.body.contains("You are the first here"));
    }
    for (name, email, password, why) in [
        ("Amal", "amal@palm.example", "short", "at least 12 characters"),
        ("Amal", "amal", PASSWORD, "no email address"),
        ("", "amal@palm.example", PASSWORD, "name is missing"),
    ] {
        let fields = [("full_name", name), ("email", email), ("password", password)];
        let answer = browser.post(&path, &fields).await;
        assert!(answer.status == 422 && answer.body.contains(why), "{why}: {}", answer.body);
    }
    let fields = [("full_name", "Amal"), ("email", "Amal@Palm.example"), ("password", PASSWORD)];
    let answer = browser.post(&path, &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.body);
    assert!(browser.get("/users").await.body.contains("amal@palm.example"));
    assert_eq!(world.browser().post(&path, &fields).await.status, 404);
    assert_eq!(world.browser().get(&path).await.status, 404);
    assert_eq!(sign_in(&world, "amal@palm.example", PASSWORD).await.1, 303);
    assert!(world.serving.first_link().await.unwrap().is_none());
    world.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_alike() {
    let world = World::start().await;
    somebody(&world, "dina@palm.example", &[UserRole::Marketer]).await;
    let (_, status, wrong) = sign_in(&world, "dina@palm.example", "not the password").await;
    let (_, status_of_nobody, nobody) = sign_in(&world, "dana@palm.example", PASSWORD).await;
    assert_eq!((status, status_of_nobody), (422, 422));
    assert!(wrong.contains("Email or password is not right."));
    assert_eq!(wrong.replace("dina", "dana"), nobody);
    let (mut browser, status, to) = sign_in(&world, " DINA@palm.example ", PASSWORD).await;
    assert_eq!((status, to.as_str()), (303, "/account"));
    assert!(browser.get("/account").await.body.contains("dina@palm.example"));
    world.stop().await;
}

#[tokio::test]
async fn guessing_is_stopped_also_for_the_right_password_and_for_nobody_else() {
    let world = World::start().await;
    somebody(&world, "dina@palm.example", &[UserRole::Marketer]).await;
    somebody(&world, "omar@palm.example", &[UserRole::Operator]).await;
    for email in ["dina@palm.example", "nobody@palm.example"] {
        for _ in 0..10 {
            assert_eq!(sign_in(&world, email, "a guess").await.1, 422);
        }
        let (_, status, said) = sign_in(&world, email, PASSWORD).await;
        assert!(status == 429 && said.contains("Too many attempts"), "{email}: {status}");
    }
    assert_eq!(sign_in(&world, "omar@palm.example", PASSWORD).await.1, 303);
    world.stop().await;
}

/// An attempt that a proxy says comes from `network`.
async fn attempt(browser: &mut Browser, network: &str, email: &str, password: &str) -> u16 {
    let fields = [("email", email), ("password", password), ("to", "/account")];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = format!("Origin: http://{}\r\nX-Forwarded-For: {network}\r\n", browser.address());
    browser.ask("POST", "/sign-in", &headers, &body).await.status
}

#[tokio::test]
async fn nobody_locks_somebody_elses_address() {
    let world = World::with(&[("console.trusted_proxies", "127.0.0.0/8")]).await;
    let dina = "dina@palm.example";
    let mut own = somebody(&world, dina, &[UserRole::Marketer]).await;
    own.post("/sign-out", &[]).await;
    let mut stranger = world.browser();
    for _ in 0..10 {
        assert_eq!(attempt(&mut stranger, "203.0.113.9", dina, "a guess").await, 422);
    }
    assert_eq!(attempt(&mut stranger, "203.0.113.9", dina, PASSWORD).await, 429);
    // From elsewhere, in a browser that never came in, it is as before.
    assert_eq!(attempt(&mut world.browser(), "198.51.100.7", dina, PASSWORD).await, 303);
    // Guessing from everywhere stops strangers, but not the browser that once came in.
    let failures = "INSERT INTO sign_in_failures (subject)
                    SELECT sha256('email dina@palm.example') FROM generate_series(1, 100)";
    world.deployment.tamper(failures).await;
    assert_eq!(attempt(&mut world.browser(), "192.0.2.1", dina, PASSWORD).await, 429);
    assert_eq!(attempt(&mut own, "203.0.113.9", dina, "a slip").await, 422);
    assert_eq!(attempt(&mut own, "203.0.113.9", dina, PASSWORD).await, 303);
    // Its sign is of no use at another address, and bears no more guesses than anybody's.
    own.post("/sign-out", &[]).await;
    somebody(&world, "omar@palm.example", &[UserRole::Operator]).await;
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(attempt(&mut own, "192.0.2.2", "omar@palm.example", "a guess").await);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(attempt(&mut own, "192.0.2.3", dina, "a guess").await);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_network_that_tries_many_addresses_is_stopped_and_a_made_up_header_helps_nobody() {
    let world = World::start().await;
    somebody(&world, "dina@palm.example", &[UserRole::Marketer]).await;
    let failures = "INSERT INTO sign_in_failures (subject)
                    SELECT sha256('network 127.0.0.1') FROM generate_series(1, 99)";
    world.deployment.tamper(failures).await;
    // The right password counts nothing.
    for _ in 0..3 {
        let status = attempt(&mut world.browser(), "1.2.3.4", "dina@palm.example", PASSWORD).await;
        assert_eq!(status, 303);
    }
    assert_eq!(attempt(&mut world.browser(), "1.2.3.4", "a@palm.example", "a guess").await, 422);
    assert_eq!(attempt(&mut world.browser(), "5.6.7.8", "b@palm.example", "a guess").await, 429);
    world.stop().await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_told_to() {
    let world = World::start().await;
    let mut here = somebody(&world, "dina@palm.example", &[UserRole::Marketer]).await;
    let (mut there, ..) = sign_in(&world, "dina@palm.example", PASSWORD).await;
    let (mut elsewhere, ..) = sign_in(&world, "dina@palm.example", PASSWORD).await;
    assert_eq!(here.post("/sign-out", &[]).await.location(), "/sign-in");
    assert_eq!(here.get("/account").await.status, 303);
    assert_eq!(there.get("/account").await.status, 200);
    assert_eq!(there.post("/account/sessions/end", &[]).await.status, 303);
    assert_eq!(elsewhere.get("/account").await.status, 303);
    assert_eq!(there.get("/account").await.status, 200);
    let (mut again, ..) = sign_in(&world, "dina@palm.example", PASSWORD).await;
    let fields = [("present", PASSWORD), ("password", "another lantern at sea")];
    assert_eq!(there.post("/account/password", &fields).await.status, 303);
    assert_eq!(there.get("/account").await.status, 200);
    assert_eq!(again.get("/account").await.status, 303);
    assert_eq!(there.post("/account/password", &fields).await.status, 422);
    assert_eq!(sign_in(&world, "dina@palm.example", PASSWORD).await.1, 422);
    world.stop().await;
}

#[tokio::test]
async fn somebody_whose_roles_change_or_who_leaves_is_signed_out_at_once() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let mut dina = somebody(&world, "dina@palm.example", &[UserRole::Marketer]).await;
    let id = world.database.credentials("dina@palm.example").await.unwrap().unwrap().user.id;
    let path = format!("/users/{id}");
    let same = [("full_name", "Dina Farouk"), ("locale", "ar"), ("marketer", "on")];
    assert_eq!(admin.post(&path, &same).await.status, 303);
    assert_eq!(dina.get("/account").await.status, 200);
    let other = [("full_name", "Dina Farouk"), ("locale", "ar"), ("auditor", "on")];
    assert_eq!(admin.post(&path, &other).await.status, 303);
    assert_eq!(dina.get("/account").await.status, 303);
    let (mut dina, ..) = sign_in(&world, "dina@palm.example", PASSWORD).await;
    let gone = [other.as_slice(), &[("disabled", "on")]].concat();
    assert_eq!(admin.post(&path, &gone).await.status, 303);
    assert_eq!(dina.get("/account").await.status, 303);
    assert_eq!(sign_in(&world, "dina@palm.example", PASSWORD).await.1, 422);
    world.stop().await;
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let world = World::start().await;
    let amal = world.user("amal@palm.example", &[UserRole::Admin]).await;
    let mut browser = world.signed_in(amal).await;
    let path = format!("/users/{amal}");
    let without = [("full_name", "Amal"), ("locale", "en"), ("auditor", "on")];
    let answer = browser.post(&path, &without).await;
    assert!(answer.status == 422 && answer.body.contains("last administrator"), "{}", answer.body);
    world.user("omar@palm.example", &[UserRole::Admin]).await;
    assert_eq!(browser.post(&path, &without).await.status, 303);
    world.stop().await;
}

#[tokio::test]
async fn an_idle_session_is_over() {
    let world = World::with(&[("console.idle_minutes", "30")]).await;
    let mut browser = world.as_one_of(&[UserRole::Agent]).await;
    assert_eq!(browser.get("/account").await.status, 200);
    let back = "UPDATE sessions SET seen_at = seen_at - interval '29 minutes'";
    world.deployment.tamper(back).await;
    assert_eq!(browser.get("/account").await.status, 200);
    world.deployment.tamper(back).await;
    assert_eq!(browser.get("/account").await.status, 200, "it was used a moment ago");
    world.deployment.tamper("UPDATE sessions SET seen_at = seen_at - interval '31 minutes'").await;
    assert_eq!(browser.get("/account").await.status, 303);
    world.stop().await;
}

#[tokio::test]
async fn names_are_text_and_never_markup() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let name = "<script>alert(1)</script>\"'&";
    let fields =
        [("full_name", name), ("email", "x@palm.example"), ("locale", "en"), ("agent", "on")];
    let to = admin.post("/users", &fields).await.location().to_owned();
    for path in ["/users", to.as_str()] {
        let body = admin.get(path).await.body;
        assert!(!body.contains("<script>alert"), "{body}");
        assert!(body.contains("&#60;script&#62;alert(1)"), "{body}");
    }
    let doubled = admin.post("/users", &fields).await;
    assert!(doubled.status == 422 && doubled.body.contains("signs in with this"));
    world.stop().await;
}

/// The code of a secret, so many steps from now.
fn code(secret: &str, steps: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    let at = domain::Clock::system().now().timestamp() + steps * 30;
    totp.generate(at.unsigned_abs()).to_string()
}

fn between(text: &str, before: &str, after: &str) -> String {
    text.split(before).nth(1).unwrap().split(after).next().unwrap().to_owned()
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_lets_nobody_in_and_a_code_counts_once() {
    let world = World::start().await;
    let mut dina = somebody(&world, "dina@palm.example", &[UserRole::Marketer]).await;
    let page = dina.get("/account/factor").await.body;
    let secret = between(&page, "<p class=\"code\"><bdi>", "<");
    let pending = between(&page, "name=\"pending\" value=\"", "\"");
    let wrong = [("pending", pending.as_str()), ("code", "000000")];
    assert_eq!(dina.post("/account/factor", &wrong).await.status, 422);
    let first = code(&secret, -1);
    let right = [("pending", pending.as_str()), ("code", first.as_str())];
    assert_eq!(dina.post("/account/factor", &right).await.status, 303);
    // A secret that was shown to somebody else is nothing.
    let mut other = somebody(&world, "omar@palm.example", &[UserRole::Operator]).await;
    assert_eq!(other.post("/account/factor", &right).await.status, 404);

    let (mut browser, status, asked) = sign_in(&world, "dina@palm.example", PASSWORD).await;
    assert!(status == 200 && asked.contains("The code of your app"), "{status}");
    assert_eq!(browser.get("/account").await.status, 303, "the password alone opened it");
    let ticket = between(&asked, "name=\"ticket\" value=\"", "\"");
    for given in ["123", first.as_str(), &code(&secret, 40)] {
        let fields = [("ticket", ticket.as_str()), ("code", given)];
        assert_eq!(browser.post("/sign-in/code", &fields).await.status, 422, "{given}");
    }
    let now = code(&secret, 0);
    let fields = [("ticket", ticket.as_str()), ("code", now.as_str())];
    let answer = browser.post("/sign-in/code", &fields).await;
    assert_eq!((answer.status, answer.location()), (303, "/account"), "{}", answer.body);
    assert_eq!(browser.get("/account").await.status, 200);
    assert_eq!(world.browser().post("/sign-in/code", &fields).await.status, 422);
    let forged = [("ticket", "x.y"), ("code", now.as_str())];
    assert_eq!(world.browser().post("/sign-in/code", &forged).await.status, 404);

    let user = world.database.credentials("dina@palm.example").await.unwrap().unwrap();
    let sealed = user.totp_sealed.unwrap();
    assert!(!sealed.windows(8).any(|part| part == &secret.as_bytes()[..8]), "it stands in clear");
    let amal = world.user("amal@palm.example", &[UserRole::Admin]).await;
    let mut admin = world.signed_in(amal).await;
    let path = format!("/users/{}/factor/remove", user.user.id);
    assert_eq!(admin.post(&path, &[]).await.status, 303);
    // The history names who did it, and who made the link before.
    let noted = world.database.access_events_of(user.user.id).await.unwrap();
    let of = |action: &str| noted.iter().find(|event| event.action == action).map(|e| &*e.actor);
    assert_eq!(of("second_factor_added"), Some("dina@palm.example"));
    assert_eq!(of("second_factor_removed"), Some("amal@palm.example"));
    assert!(of("link_made").is_some_and(|actor| actor != "dina@palm.example"), "{noted:?}");
    assert_eq!(browser.get("/account").await.status, 303);
    assert_eq!(sign_in(&world, "dina@palm.example", PASSWORD).await.1, 303);
    world.stop().await;
}
