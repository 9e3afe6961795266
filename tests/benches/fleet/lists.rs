//! Whether a touch costs more when the list is long: two databases of one server, one with a long list
//! and one with none but the few of the people, used in turn so that both rates are of one machine.

use crate::report::Report;
use crate::world::World;
use crate::{Extent, bare, people, phases};

/// Measures the full path with `entries` on the list, and without, `extent.runs` times each and at
/// least three times.
pub async fn compare(world: &mut World, entries: u32, extent: &Extent, report: &mut Report) {
    bare::best_connections(world, extent, report).await;
    people::load_list(world, entries, report).await;
    people::grow_to(world, extent.contacts, report).await;
    world.add_database().await;
    people::grow_to(world, extent.contacts, report).await;
    let mut rates = (Vec::new(), Vec::new());
    for run in 1..=extent.runs.max(3) {
        let empty = once(world, extent).await;
        world.swap().await;
        let long = once(world, extent).await;
        world.swap().await;
        eprintln!("run {run}: {empty:.0}/s with an empty list, {long:.0}/s with {entries} entries");
        rates.0.push(empty);
        rates.1.push(long);
    }
    report.lists(entries, &rates.0, &rates.1);
}

async fn once(world: &mut World, extent: &Extent) -> f64 {
    phases::warm_up(world).await;
    phases::run_once(world, extent.contacts).await.steady
}
