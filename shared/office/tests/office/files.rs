//! Files out of memory, as a browser uploads them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::Locale;
use domain::suppression::{Origin, SuppressionReason};
use library::Library;
use office::imports::contacts::{self, Import, Storing};
use office::imports::scrub::{self, Comparison};
use office::imports::{Come, File, Unusable, list};
use office::intake::columns::{Mapping, Unknown};
use office::intake::encoding::Source;
use testkit::fixture::Deployment;

use super::{connection, sendable, team};

fn upload(text: &str) -> File {
    let (name, bytes) = ("people.csv".to_owned(), Arc::from(text.as_bytes()));
    File::of(Source::Bytes { name, bytes })
}

fn import(text: &str, folder: &Path) -> Import {
    Import {
        file: upload(text),
        mapping: Mapping::default(),
        unknown: Unknown::Refuse,
        region: "AE".to_owned(),
        dates: None,
        keep_bad_addresses: false,
        rejects: folder.join("rejects.csv"),
    }
}

#[tokio::test]
async fn an_uploaded_file_is_checked_then_imported_with_progress() {
    let deployment = Deployment::create().await;
    let folder = tempfile::tempdir().unwrap();
    let text = "name,email,source\nSara,sara@example.com,fair\nAli,no address,fair\n";
    let mut told: Vec<Come> = Vec::new();
    let checked = contacts::check(import(text, folder.path()), &mut |come| told.push(come)).await;
    let checked = checked.unwrap();
    assert_eq!((checked.valid, checked.counts.rejected), (1, 1));
    let size = text.len() as u64;
    assert_eq!(told.first().map(|come| (come.rows, come.of_bytes)), Some((0, size)));
    assert_eq!(told.last().map(|come| come.bytes), Some(size));

    let storing = Storing {
        connection: connection(&deployment),
        team: team(),
        rules: Arc::clone(Library::built_in().rules()),
        now: "2026-06-01T08:00:00Z".parse().unwrap(),
    };
    let mut quiet = |_| {};
    let imported = contacts::import(import(text, folder.path()), &storing, &mut quiet);
    let imported = sendable(imported).await.unwrap();
    assert_eq!((imported.counts.added, imported.counts.rejected), (1, 1));
    let rejects = std::fs::read_to_string(imported.rejects.unwrap()).unwrap();
    assert!(rejects.contains("no address"), "{rejects}");
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let text = "name,source,shoe size\nSara,fair,38\n";
    let error = contacts::check(import(text, folder.path()), &mut |_| {}).await.unwrap_err();
    let why = error.downcast::<Unusable>().unwrap();
    assert!(why.in_words(Locale::En).contains("unknown columns: \"shoe size\""), "{why}");
    let arabic = why.in_words(Locale::Ar);
    assert!(arabic.contains("أعمدة غير معروفة: \u{2068}\"shoe size\"\u{2069}"), "{arabic}");
}

#[tokio::test]
async fn an_uploaded_list_counts_and_a_scrub_finds_it() {
    let deployment = Deployment::create().await;
    let connection = connection(&deployment);
    let folder = tempfile::tempdir().unwrap();
    let listed = list::Import {
        file: upload("sara@example.com\nnobody\n"),
        reason: SuppressionReason::StaffEntry,
        column: None,
        channel: None,
        region: "AE".to_owned(),
        origin: Origin::Staff,
        actor: "Amal".to_owned(),
        evidence: None,
        rejects: folder.path().join("rejects.csv"),
        patience: Duration::from_secs(5),
    };
    let mut quiet = |_| {};
    let imported = sendable(list::import(listed, &connection, &mut quiet)).await.unwrap();
    assert_eq!((imported.rows, imported.added, imported.invalid), (2, 1, 1));
    assert!(imported.in_flight.is_empty());
    let comparison = Comparison {
        file: upload("email\nSARA@example.com\nali@example.com\n"),
        out: folder.path().join("scrubbed.csv"),
        column: None,
        channel: None,
        region: "AE".to_owned(),
        actor: "Amal".to_owned(),
    };
    let compared = scrub::compare(comparison, &connection, &mut quiet);
    let compared = sendable(compared).await.unwrap();
    assert_eq!((compared.rows, compared.listed, compared.clear), (2, 1, 1));
}
