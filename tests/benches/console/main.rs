//! `make bench-console`: how long pages take with a million contacts and five million touches, under
//! fifty people who never pause. Times are the server's own (`Server-Timing`); every GET route is asked
//! as somebody who may see everything. Some six GB of disk, given back at the end.

mod data;
mod office;
mod statements;
mod visitor;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bootstrap::health::Health;
use bootstrap::metrics::Metrics;
use bootstrap::{Context, Loaded, Shutdown};
use clap::Parser;
use console::Serving;
use domain::access::UserRole;
use embedded::{Options, Postgres};
use storage::Role;
use storage::users::NewUser;
use testkit::fixture::{ADDRESS_SECRET, Deployment};
use testkit::servers::RunFolder;
use tests::measure::{self, POSTGRES_SETTINGS};

use visitor::Visitor;

/// The aim: so many milliseconds at the 95th percentile.
const AIM: f64 = 150.0;

/// Routes that are no pages.
const NO_PAGES: &[&str] = &[
    "/assets/{name}",
    "/sign-in",
    "/sign-in/provider",
    "/sign-in/back",
    "/welcome/{token}",
    "/calendar/{file}",
];

/// What people type and choose.
const ASKED: &[(&str, &[&str])] = &[
    (
        "/contacts?q=",
        &[
            "sara",
            "haddad77",
            "p77@example.com",
            "%2B971500000077",
            "%D8%B3%D8%A7%D8%B1%D8%A9",
            "nobody",
        ],
    ),
    (
        "/contacts?",
        &[
            "group=met",
            "group=met&level=B",
            "level=C&group=allied",
            "source=fair+7",
            "source=fair+7&group=target&level=A",
        ],
    ),
    (
        "/list?q=",
        &["sara", "p77@example.com", "%2B971500000077", "0500000077", "nobody@nowhere.example"],
    ),
    ("/find?q=", &["sara", "p77@example.com", "%2B971500000077", "haddad"]),
    ("/tasks?agent=", &["all", "all&later=1"]),
    ("/requests?over=", &["yes"]),
    (
        "/compliance/why?",
        &[
            "address=p77@example.com&day={day}",
            "address=%2B971500000077&day={day}",
            "address=nobody@nowhere.example&day={day}",
        ],
    ),
    (
        "/fleet/desk/touches?kind=",
        &[
            "failed&code=refused&detail=552&channel=email&plan=8x8",
            "held&code=refused&detail=550&channel=email&plan=8x8",
        ],
    ),
];

/// Ids of what there is, by the beginning of the path that shows it.
type Samples = [(&'static str, Vec<String>)];

/// Measures a team of this size.
#[derive(Debug, Parser)]
struct Arguments {
    /// Less of everything: half a minute.
    #[arg(long)]
    quick: bool,
    /// Contacts; a million when not given.
    #[arg(long, value_name = "N")]
    contacts: Option<u64>,
    /// People who use it at the same time; fifty when not given.
    #[arg(long, value_name = "N")]
    users: Option<u64>,
    /// How long they look, in seconds; sixty when not given.
    #[arg(long, value_name = "SECONDS")]
    lasting: Option<u64>,
    /// Also prints the statements the database spent most of its time with.
    #[arg(long)]
    statements: bool,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let pick = |full, small| if arguments.quick { small } else { full };
    let contacts = arguments.contacts.unwrap_or(pick(1_000_000, 20_000));
    let users = arguments.users.unwrap_or(50);
    let (load, cores) = measure::machine();
    say("machine", &format!("{cores} cores, load {load}"));
    let folder = RunFolder::create();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut settings: Vec<(String, String)> = POSTGRES_SETTINGS.iter().map(own).collect();
    if arguments.statements {
        settings.extend(statements::SETTINGS.iter().map(own));
    }
    let options = Options { data_dir: folder.path().join("postgres"), durable: true, settings };
    let postgres = Postgres::start(options).await.expect("a private PostgreSQL can be started");
    let deployment = Deployment::at(postgres.url("postgres")).await;
    fill(&deployment, contacts).await;
    let (ctx, serving) = serve(&deployment).await;
    let cookie = sign_in(&deployment).await;
    let samples = office::samples(&deployment).await;
    let pages = Arc::new(pages(&serving, contacts, &samples));
    say("pages", &format!("{} routes, {users} users", pages.len()));
    if arguments.statements {
        statements::begin(&deployment).await;
    }
    let lasting = Duration::from_secs(arguments.lasting.unwrap_or(pick(60, 10)));
    let times = visit(&serving, &pages, &cookie, users, lasting).await;
    if arguments.statements {
        statements::report(&deployment).await;
    }
    let missed = report(&times);
    ctx.shutdown.begin();
    serving.ended().await.expect("the console ends in order");
    drop(deployment);
    postgres.stop().await;
    say("machine at the end", &format!("load {}", measure::machine().0));
    assert!(missed.is_empty(), "these pages take longer than {AIM} ms: {}", missed.join(", "));
}

fn say(what: &str, figure: &str) {
    println!("{what:<44} {figure}");
}

async fn fill(deployment: &Deployment, contacts: u64) {
    let began = Instant::now();
    let library = library::Library::built_in();
    let operator = deployment.connect(Role::Operator);
    for source in library.templates() {
        let compiled = templates::compile(source, library.partials()).expect("it compiles");
        operator.store_template(source, &compiled).await.expect("it is stored");
    }
    for plan in library.plans() {
        deployment.store_plan(plan).await;
    }
    data::fill(deployment, contacts).await;
    measure::fill_list(deployment, contacts / 10).await;
    office::fill(deployment, contacts).await;
    let pool = sqlx::PgPool::connect(deployment.url()).await.expect("the database answers");
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(&pool).await.expect("it can be analysed");
    let touches = contacts * data::TOUCHES_EACH;
    let took = format!("{contacts} contacts, {touches} touches in {:.0?}", began.elapsed());
    say("filled", &took);
}

async fn serve(deployment: &Deployment) -> (Context, Serving) {
    let secret = std::str::from_utf8(ADDRESS_SECRET).expect("it is text");
    let overrides = [
        ("database.url", deployment.url()),
        ("keys.address", secret),
        ("keys.token", "token-bench-secret"),
        ("console.listen", "127.0.0.1:0"),
    ];
    let ctx = Context {
        service: "console",
        settings: Loaded::defaults().with(&overrides).expect("the settings are right"),
        shutdown: Shutdown::new(),
        health: Health::new(),
        metrics: Metrics::install("console"),
    };
    let shared = fleet::Shared {
        broker: fleet::connect_broker(&ctx.settings).expect("it is inside the process"),
        clock: domain::Clock::system(),
        library: Arc::new(library::Library::built_in()),
    };
    let serving = console::serve(&ctx, &shared).await.expect("the console starts");
    (ctx, serving)
}

async fn sign_in(deployment: &Deployment) -> String {
    let database = deployment.connect(Role::Console);
    let new = NewUser {
        email: "agent1@palm.example".to_owned(),
        full_name: "Everybody".to_owned(),
        roles: UserRole::ALL.to_vec(),
        agent_email: Some("agent1@palm.example".to_owned()),
        locale: domain::Locale::En,
        actor: "bench".to_owned(),
    };
    let user =
        database.add_user(&new).await.expect("the database answers").expect("nobody is there");
    let link = console::demonstration_link(&database, user, "").await.expect("a link is made");
    database.close().await;
    link
}

/// For every page some addresses that differ in what they show.
fn pages(serving: &Serving, contacts: u64, samples: &Samples) -> Vec<(String, Vec<String>)> {
    let routes = serving.routes().iter().filter(|route| route.method == "GET");
    let is_page = |path: &&str| !NO_PAGES.contains(path) && !path.starts_with("/api/");
    let routes = routes.map(|route| route.path).filter(is_page);
    let addresses = |path: &str| -> Vec<String> {
        (0..64).map(|n| address(path, n, contacts, samples)).collect()
    };
    let mut pages: Vec<(String, Vec<String>)> =
        routes.map(|path| (path.to_owned(), addresses(path))).collect();
    // What people ask for.
    let day = (domain::Clock::system().now() - chrono::TimeDelta::days(5)).date_naive().to_string();
    for (path, asked) in ASKED {
        let addresses = asked.iter().map(|asked| format!("{path}{asked}").replace("{day}", &day));
        pages.push(((*path).to_owned(), addresses.collect()));
    }
    pages
}

/// The route with the ids of what is there put in, another for each `n`.
fn address(path: &str, n: usize, contacts: u64, samples: &Samples) -> String {
    let sample = samples.iter().find(|(start, _)| path.starts_with(start)).map(|(_, ids)| ids);
    let person = n as u64 * (contacts / 64);
    let parts = path.split('/').map(|part| {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return part.to_owned();
        };
        match (name, sample) {
            ("contact", _) => data::id(data::CONTACT, person),
            ("touch", _) => data::id(data::TOUCH, person * data::TOUCHES_EACH + 1),
            ("task", _) => data::id(data::TASK, person - person % 50),
            ("version", _) => "1".to_owned(),
            (_, Some(ids)) => ids[n % ids.len()].clone(),
            _ => panic!("the benchmark does not know what to put into {path}"),
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The server's times in milliseconds, by page.
type Times = BTreeMap<String, Vec<f64>>;

async fn visit(
    serving: &Serving,
    pages: &Arc<Vec<(String, Vec<String>)>>,
    link: &str,
    users: u64,
    lasting: Duration,
) -> Times {
    let mut first = Visitor::new(serving.address());
    first.come_in(link).await;
    let until = Instant::now() + lasting;
    let visitors = (0..users).map(|user| {
        let (mut visitor, pages) = (first.clone(), Arc::clone(pages));
        tokio::spawn(async move {
            let mut times = Times::new();
            let mut n = usize::try_from(user * 7).expect("a small number");
            while Instant::now() < until {
                let (route, addresses) = &pages[n % pages.len()];
                let address = &addresses[(n / pages.len()) % addresses.len()];
                let took = visitor.look(address).await;
                times.entry(route.clone()).or_default().push(took);
                n += 1;
            }
            times
        })
    });
    let mut all = Times::new();
    for visitor in visitors.collect::<Vec<_>>() {
        for (route, times) in visitor.await.expect("no visitor panics") {
            all.entry(route).or_default().extend(times);
        }
    }
    all
}

/// Prints a line for each page; the pages that missed the aim.
fn report(times: &Times) -> Vec<String> {
    let mut missed = Vec::new();
    for (route, times) in times {
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| {
            // A share of a length is a place in it.
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss
            )]
            let place = ((sorted.len() - 1) as f64 * share) as usize;
            sorted[place]
        };
        let (median, p95) = (at(0.5), at(0.95));
        let figures = format!(
            "p50 {median:>7.1}  p95 {p95:>7.1}  max {:>7.1} ms  n {}",
            at(1.0),
            times.len()
        );
        say(route, &figures);
        if p95 > AIM {
            missed.push(route.clone());
        }
    }
    missed
}
