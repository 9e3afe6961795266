//! What will follow, before and after it is decided; and the story of it, in Arabic.

use chrono::NaiveDate;
use domain::{Channel, Locale};
use library::Library;
use office::calendar::{self, Span};
use office::enrolment::{Enroller, NoPlan, Selection, Summary, loaded_plan};
use office::{people, story};
use storage::touches::TouchFilter;
use testkit::fixture::{self, Deployment};

use super::{connection, sendable, team};

async fn enroller(deployment: &Deployment, library: &Library) -> Enroller {
    let version = loaded_plan("two", &deployment.operator, library).await.unwrap();
    Enroller {
        version,
        calendar: library.calendar().clone(),
        default_zone: team().default_time_zone,
        start: Some("2026-06-01".parse().unwrap()),
        now: "2026-06-01T04:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_preview_counts_per_channel_and_stores_nothing() {
    let deployment = Deployment::create().await;
    deployment.people(3).await;
    let plan =
        fixture::plan("two", &[(1, Channel::Email), (8, Channel::Call), (9, Channel::Email)]);
    deployment.store_plan(&plan).await;
    let library = Library::built_in();
    let enroller = enroller(&deployment, &library).await;
    let (everybody, database) = (Selection::default(), &deployment.operator);
    let preview = enroller.preview(&everybody, database, &mut |_| {}).await.unwrap();
    assert_eq!((preview.contacts, preview.dry_run), (3, true));
    assert_eq!(preview.messages, [(Channel::Email, 6), (Channel::Call, 3)].into());
    assert!(database.touches(&TouchFilter::default(), 10).await.unwrap().is_empty());
    let mut seen = 0;
    let enrolled = enroller.enrol(&everybody, database, &mut |n| seen = n).await.unwrap();
    assert_eq!((enrolled.contacts, seen), (3, 3));
    // The minute is each enrolment's own.
    let day = |summary: &Summary| summary.first_due.unwrap().date_naive();
    assert_eq!(day(&enrolled), day(&preview));
    let again = enroller.preview(&everybody, database, &mut |_| {}).await.unwrap();
    assert_eq!(again.contacts, 0);

    let unknown = loaded_plan("twoo", database, &library).await.unwrap_err();
    assert!(unknown.to_string().contains("did you mean \"two\"?"), "{unknown}");
    let not_loaded = loaded_plan("8x8", database, &library).await.unwrap_err();
    assert!(matches!(not_loaded, NoPlan::NotLoaded(_)), "{not_loaded}");
}

#[tokio::test]
async fn the_coming_days_and_the_story_say_why_in_arabic() {
    let monday = NaiveDate::from_ymd_opt(2026, 6, 1).unwrap();
    let deployment = Deployment::with_one_step(Channel::Email, 1, monday).await;
    let (connection, library) = (connection(&deployment), Library::built_in());
    let contact = people::one("p0@example.com", "AE", &connection).await.unwrap();
    let now = "2026-06-01T04:00:00Z".parse().unwrap();
    let span = Span { now, days: 30, locale: Locale::Ar };
    let database = &connection.database;
    let calendar = library.calendar();
    let coming = calendar::coming(&contact, span, database, &team(), calendar).await.unwrap();
    let [entry] = coming.entries.as_slice() else { panic!("{coming:?}") };
    let why = "اليوم 1 من الخطة التي بدأت يوم الاثنين 1 يونيو 2026";
    assert_eq!(entry.cause.in_words(Locale::Ar), why);
    let (touch, team) = (database.touch(entry.touch.unwrap()).await.unwrap().unwrap(), team());
    let story = sendable(story::tell(touch, &connection, &team, calendar));
    let story = story.await.unwrap().unwrap();
    let told = story::words(&story, Locale::Ar);
    assert!(told.why_this_day[0].contains(why), "{told:?}");
    assert!(told.standing.contains("الاثنين 1 يونيو 2026، 12:00"), "{told:?}");
}
