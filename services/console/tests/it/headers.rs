//! The headers of every answer, and the language of every page.

use domain::access::UserRole;

use crate::world::World;

#[tokio::test]
async fn every_answer_has_the_headers_that_protect_it() {
    let world = World::start().await;
    let mut browser = world.as_one_of(UserRole::ALL).await;
    let css = browser.get("/").await.body;
    let css = css.split("href=\"").find_map(|rest| rest.strip_prefix("/assets/console-")).unwrap();
    let css = format!("/assets/console-{}", css.split('"').next().unwrap());
    for (path, status) in [("/", 200), ("/sign-in", 303), ("/nowhere", 404), (css.as_str(), 200)] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let kept = answer.header("cache-control").unwrap();
        assert_eq!(kept.contains("immutable"), path == css, "{path}: {kept}");
        assert_eq!(kept == "no-store", path != css, "{path}: {kept}");
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    world.stop().await;
}

#[tokio::test]
async fn behind_tls_cookies_are_bound_to_the_host() {
    let world = World::with(&[("console.public_url", "https://console.palm.example/")]).await;
    let user = world.user("amal@palm.example", &[UserRole::Admin]).await;
    let hash = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA";
    world.database.set_password(user, hash, None).await.unwrap();
    let link =
        console::demonstration_link(&world.database, user, world.serving.url()).await.unwrap();
    let path = link.strip_prefix("https://console.palm.example").unwrap();
    let origin = "Origin: https://console.palm.example\r\n";
    let answer = world.browser().ask("POST", path, origin, "").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-touchline-session="), "{cookie}");
    for part in ["; Path=/;", "; HttpOnly;", "; SameSite=Lax; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(answer.header("strict-transport-security").is_some());
    world.stop().await;
}

#[tokio::test]
async fn pages_speak_the_readers_language() {
    let world = World::start().await;
    let arabic = "Accept-Language: ar-AE,en;q=0.5\r\n";
    let mut browser = world.browser();
    let answer = browser.ask("GET", "/sign-in", arabic, "").await;
    assert!(answer.body.contains("<html lang=\"ar\" dir=\"rtl\">"), "{}", answer.body);
    let answer = browser.ask("GET", "/sign-in?lang=en&to=%2Fusers", arabic, "").await;
    assert!(answer.body.contains("<html lang=\"en\" dir=\"ltr\">"), "{}", answer.body);
    assert!(answer.body.contains("?to=%2Fusers&#38;lang=ar"), "{}", answer.body);
    // Chosen once, it stays.
    let answer = browser.ask("GET", "/sign-in", arabic, "").await;
    assert!(answer.body.contains("<html lang=\"en\""), "{}", answer.body);
    let mut user = world.as_one_of(&[UserRole::Agent]).await;
    assert!(user.get("/account").await.body.contains("lang=\"en\" dir=\"ltr\""));
    let answer = user.post("/account/language", &[("locale", "ar")]).await;
    assert_eq!(answer.location(), "/account?lang=ar&notice=saved");
    let answer = user.get(answer.location()).await;
    assert!(answer.body.contains("dir=\"rtl\"") && answer.body.contains("تم الحفظ"));
    world.stop().await;
}

#[tokio::test]
async fn the_language_an_administrator_chose_stays_whatever_the_first_browser_speaks() {
    let world = World::start().await;
    let mut admin = world.as_one_of(&[UserRole::Admin]).await;
    let fields =
        [("full_name", "سارة"), ("email", "sara@palm.example"), ("agent", "on"), ("locale", "ar")];
    let added = admin.post("/users", &fields).await;
    let user = added.location().split('?').next().unwrap().to_owned();
    let made = admin.post(&format!("{user}/link"), &[]).await.body;
    let link = made.split("/welcome/").nth(1).unwrap().split('<').next().unwrap();
    let path = format!("/welcome/{link}");
    let english = "Accept-Language: en\r\n";
    let mut browser = world.browser();
    let first = browser.ask("GET", &path, english, "").await;
    assert!(first.body.contains("<html lang=\"ar\" dir=\"rtl\">"), "{}", first.body);
    // Somebody else's computer: the other language of the page is for this browser.
    let other = world.browser().ask("GET", &format!("{path}?lang=en"), english, "").await;
    assert!(other.body.contains("<html lang=\"en\" dir=\"ltr\">"), "{}", other.body);
    let origin = format!("Origin: http://{}\r\n{english}", browser.address());
    let chosen = "full_name=Sara&password=a+lantern+by+the+harbour";
    let entered = browser.ask("POST", &path, &origin, chosen).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    let home = browser.ask("GET", "/", english, "").await;
    assert!(home.body.contains("<html lang=\"ar\" dir=\"rtl\">"), "{}", home.body);
    let kept = admin.get(&user).await.body;
    assert!(kept.contains("<option value=\"ar\" lang=\"ar\" selected>"), "{kept}");
    world.stop().await;
}
