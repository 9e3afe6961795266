//! `make bench`: how fast the fleet sends, on real servers, and what it needs for that.
//!
//! A private PostgreSQL that syncs its commits, a private RabbitMQ, an SMTP sink in a process of its
//! own, and the services as their own release programs. What is measured, and what each figure
//! means, is written beside it: [`phases`] for rates and latencies, [`bare`] for the client alone,
//! [`usage`] for what the processes used. Each rate is the median of several runs; each run of the
//! full path is preceded by one of the client alone, so that their ratio belongs to one moment of
//! one machine.

mod bare;
mod growth;
mod lists;
mod people;
mod phases;
mod report;
mod statements;
mod usage;
mod world;

use clap::Parser;

use report::Report;
use world::World;

/// Measures the whole fleet on real servers.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// About a minute: less of everything, the same figures.
    #[arg(long)]
    quick: bool,
    /// Contacts that are all due at once in a run of the full path.
    #[arg(long, value_name = "N")]
    contacts: Option<i64>,
    /// Entries of the suppression list.
    #[arg(long, value_name = "N")]
    list: Option<u32>,
    /// Nothing but this: the full path with a list of so many entries and with an empty one, in turn.
    #[arg(long, value_name = "N")]
    compare_lists: Option<u32>,
    /// Sizes of the database at which the growth is measured, e.g. 10000,100000,1000000.
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    growth: Option<Vec<i64>>,
    /// Runs of each rate.
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// Seconds of drip at half load.
    #[arg(long, value_name = "SECONDS")]
    drip: Option<u32>,
    /// Scheduler processes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    schedulers: usize,
    /// Email worker processes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,
    /// A setting of all services, as section.key=value; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// Given by `cargo bench`; means nothing here.
    #[arg(long, hide = true)]
    bench: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write section.key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// How much of everything.
#[derive(Debug, Clone)]
struct Extent {
    contacts: i64,
    list: u32,
    growth: Vec<i64>,
    growth_due: i64,
    runs: usize,
    drip_seconds: u32,
    bare_messages: usize,
}

impl Arguments {
    fn extent(&self) -> Extent {
        let quick = self.quick;
        let pick = |full, small| if quick { small } else { full };
        let growth = self.growth.clone();
        let default = if quick { vec![10_000, 50_000] } else { vec![10_000, 100_000, 1_000_000] };
        let mut growth = growth.unwrap_or(default);
        growth.sort_unstable();
        Extent {
            contacts: self.contacts.unwrap_or(pick(50_000, 10_000)),
            list: self.list.unwrap_or(if quick { 100_000 } else { 1_000_000 }),
            growth,
            growth_due: pick(20_000, 5_000),
            runs: self.runs.unwrap_or(if quick { 1 } else { 3 }),
            drip_seconds: self.drip.unwrap_or(if quick { 8 } else { 30 }),
            bare_messages: if quick { 10_000 } else { 20_000 },
        }
    }
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let extent = arguments.extent();
    let mut report = Report::begin(&extent, &arguments);
    let mut world = World::start(&arguments).await;
    if let Some(entries) = arguments.compare_lists {
        lists::compare(&mut world, entries, &extent, &mut report).await;
        world.check(&mut report).await;
        world.stop().await;
        return report.finish();
    }
    people::load_list(&world, extent.list, &mut report).await;
    bare::best_connections(&world, &extent, &mut report).await;
    // The database grows from size to size; the rate is measured where it belongs among them.
    let mut sizes = extent.growth.clone();
    sizes.push(extent.contacts);
    sizes.sort_unstable();
    sizes.dedup();
    for size in sizes {
        people::grow_to(&world, size, &mut report).await;
        if size == extent.contacts {
            phases::full_path(&mut world, &extent, &mut report).await;
            phases::scheduler_alone(&mut world, &extent, &mut report).await;
            statements::time(&mut world, &extent, &mut report).await;
            phases::drip(&mut world, &extent, &mut report).await;
        }
        if extent.growth.contains(&size) {
            growth::point(&mut world, size, &extent, &mut report).await;
        }
    }
    world.check(&mut report).await;
    world.stop().await;
    report.finish();
}
