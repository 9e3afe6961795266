//! The real program, killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use testkit::fixture::Deployment;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::proxy::{Proxy, Way};
use crate::world::{TOKEN_SECRET, entries, eventually, files, link, post, try_post};

/// Starts the program and waits until it says where it listens.
async fn start(url: &str, journal: &Path) -> (Child, SocketAddr) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_inbound"))
        .env_clear()
        .current_dir(journal.parent().unwrap())
        .env("TOUCHLINE__DATABASE__URL", url)
        .env("TOUCHLINE__KEYS__TOKEN", TOKEN_SECRET)
        .env("TOUCHLINE__INBOUND__LISTEN", "127.0.0.1:0")
        .env("TOUCHLINE__INBOUND__JOURNAL_DIR", journal)
        .env("TOUCHLINE__LOG__FORMAT", "json")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, rest)) = line.split_once("\"address\":\"") {
            let address = rest.split('"').next().unwrap().parse().unwrap();
            // Its log has to go somewhere, or the program would wait for a reader.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (child, address);
        }
        said.push_str(&line);
    }
    panic!("the program ended: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_survives_kill_9() {
    let deployment = Deployment::create().await;
    let proxy = Proxy::start(deployment.url(), Way::Cut);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let (mut child, address) = start(&proxy.url(), &journal).await;
    for n in 0..50 {
        let answer = post(address, &link(&deployment, n), "List-Unsubscribe=One-Click").await;
        assert_eq!(answer.status, 202);
    }
    // Killed in the middle of a burst: what was answered counts.
    let mut requests = JoinSet::new();
    for n in 50..250 {
        let link = link(&deployment, n);
        requests.spawn(async move {
            let answer = try_post(address, &link, "List-Unsubscribe=One-Click").await;
            (n, answer.map(|answer| answer.status))
        });
    }
    let mut accepted: Vec<usize> = (0..50).collect();
    let mut killed = false;
    while let Some(outcome) = requests.join_next().await {
        let (n, status) = outcome.unwrap();
        if let Some(status) = status {
            assert_eq!(status, 202);
            accepted.push(n);
        }
        if accepted.len() >= 80 && !killed {
            child.kill().await.unwrap();
            killed = true;
        }
    }
    assert!(killed && files(&journal) > 0);
    let torn = std::fs::read_dir(&journal).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&torn).unwrap();
    bytes.extend_from_slice(b"0123456789abcdef {\"v\":1,\"key\":\"d503");
    std::fs::write(&torn, bytes).unwrap();

    let (mut child, address) = start(&proxy.url(), &journal).await;
    assert_eq!(post(address, &link(&deployment, 300), "").await.status, 202);
    accepted.push(300);
    proxy.set(Way::Open);
    eventually("all that was accepted is on the list", async || {
        for n in &accepted {
            if entries(&deployment, *n).await.is_empty() {
                return false;
            }
        }
        true
    })
    .await;
    eventually("the journal is removed", async || files(&journal) == 0).await;
    for n in &accepted {
        assert_eq!(entries(&deployment, *n).await.len(), 1, "person {n}");
    }
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_program_without_its_settings_says_which_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_inbound"))
        .env_clear()
        .current_dir(folder.path())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("TOUCHLINE__DATABASE__URL"), "{said}");
    assert!(said.contains("TOUCHLINE__KEYS__TOKEN"), "{said}");
}
