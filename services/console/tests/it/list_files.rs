//! Files: put on the list, or compared with it, with a result to fetch.

use std::time::Duration;

use domain::access::UserRole;

use crate::list::in_flight;
use crate::world::{Answer, Browser, World};

/// Sends a file with the form of the page.
async fn send(browser: &mut Browser, name: &str, content: &str) -> Answer {
    let part = |header: &str, content: &str| {
        format!("--border\r\nContent-Disposition: form-data; {header}\r\n\r\n{content}\r\n")
    };
    let body = [
        part("name=\"channel\"", "email"),
        part(&format!("name=\"file\"; filename=\"{name}\""), content),
        "--border--\r\n".to_owned(),
    ]
    .concat();
    let headers = format!(
        "Origin: http://{}\r\nContent-Type: multipart/form-data; boundary=border\r\n",
        browser.address()
    );
    browser.ask("POST", "/list/files", &headers, &body).await
}

/// The page of a file, once it has ended.
async fn ended(browser: &mut Browser, path: &str) -> String {
    let looking = async {
        loop {
            let page = browser.get(path).await.body;
            if !page.contains("http-equiv=\"refresh\"") {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("the work comes to its end")
}

#[tokio::test]
async fn a_file_is_compared_and_comes_back_with_verdicts_and_without_formulas() {
    let world = World::start().await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let fields = [("address", "p0@example.com"), ("covers", "email"), ("reason", "email_request")];
    assert_eq!(officer.post("/list/add", &fields).await.status, 200);
    let rows = "email,note\nP0@Example.com,=1+1\nx@example.com,\nnobody,-2\n";
    let probe = "<img src=x>.csv";
    let sent = send(&mut officer, probe, rows).await;
    assert!(sent.location().starts_with("/list/files/"), "{}", sent.body);
    let page = ended(&mut officer, sent.location()).await;
    assert!(page.contains("Done") && !page.contains("<img src=x"), "{page}");
    let result = officer.get(&format!("{}/result", sent.location())).await;
    assert_eq!(result.header("content-disposition"), Some("attachment; filename=\"result.csv\""));
    for text in ["\"'=1+1\",\"listed\"", "\"\",\"clear\"", "\"'-2\",\"invalid\""] {
        assert!(result.body.contains(text), "{text}: {}", result.body);
    }
    let files = officer.get("/list/files").await.body;
    assert!(files.contains("&#60;img src=x&#62;") && !files.contains("<img src=x"), "{files}");
    let mut marketer = world.as_one_of(&[UserRole::Marketer]).await;
    assert_eq!(marketer.get(&format!("{}/result", sent.location())).await.status, 403);
    assert_eq!(send(&mut marketer, "a.csv", rows).await.status, 403);
    world.stop().await;
}

#[tokio::test]
async fn a_file_is_put_on_the_list_and_what_was_under_way_is_named() {
    let world = World::start().await;
    let people = world.deployment.people(2).await;
    let claimed = in_flight(&world, &people[..1]).await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let rows = "p0@example.com\nx@example.com\nnobody\nx@example.com\n";
    let compared = send(&mut officer, "wishes.txt", rows).await;
    let page = ended(&mut officer, compared.location()).await;
    assert!(page.contains("3 rows are new to the list"), "{page}");
    let listed = officer.get("/list?q=x%40example.com").await.body;
    assert!(!listed.contains("On the list"), "{listed}");
    let import = format!("{}/import", compared.location());
    assert_eq!(officer.post(&import, &[("channel", "email")]).await.status, 422);
    let chosen = [("reason", "email_request"), ("channel", "email")];
    let sent = officer.post(&import, &chosen).await;
    assert!(sent.location().starts_with("/list/files/"), "{}", sent.body);
    let page = ended(&mut officer, sent.location()).await;
    assert!(!page.contains("new to the list"), "{page}");
    assert!(page.contains(&format!("/touches/{}", claimed[0].id)), "{page}");
    for count in ["<dt>Rows</dt><dd>4</dd>", "<dt>New on the list</dt><dd>2</dd>"] {
        assert!(page.contains(count), "{count}: {page}");
    }
    let rejects = officer.get(&format!("{}/result", sent.location())).await.body;
    assert!(rejects.contains("nobody") && !rejects.contains("p0@example.com"), "{rejects}");
    for address in ["p0%40example.com", "x%40example.com"] {
        let listed = officer.get(&format!("/list?q={address}")).await.body;
        assert!(listed.contains("On the list"), "{listed}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_used_says_why_in_the_readers_language() {
    let world = World::start().await;
    let mut officer = world.as_one_of(&[UserRole::Compliance]).await;
    let empty = send(&mut officer, "a.csv", "").await;
    assert!(empty.status == 422 && empty.body.contains("Choose a file"), "{}", empty.body);
    officer.get("/list?lang=ar").await;
    let sent = send(&mut officer, "a.csv", "first,second\n1,2\n").await;
    let page = ended(&mut officer, sent.location()).await;
    assert!(page.contains("لا يمكن استخدامه") && page.contains("role=\"alert\""), "{page}");
    assert_eq!(officer.get(&format!("{}/result", sent.location())).await.status, 404);
    world.stop().await;
}
