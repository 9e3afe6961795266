//! Whether a touch costs more in a larger database.

use tests::processes::Program;

use crate::report::Report;
use crate::world::World;
use crate::{Extent, bare, phases};

/// The full path with the same number of due touches at this size of the database.
pub async fn point(world: &mut World, size: i64, extent: &Extent, report: &mut Report) {
    world.run(&[Program::Scheduler, Program::EmailWorker]).await;
    phases::warm_up(world).await;
    for run in 1..=extent.runs.max(2) {
        let alone = bare::rate(world, extent, report).await;
        let result = phases::run_once(world, extent.growth_due).await;
        eprintln!(
            "{size} contacts, run {run}: {:.0}/s steady; client alone {alone:.0}/s",
            result.steady
        );
        report.growth(size, result, alone);
    }
    report.memory(&crate::usage::memory());
}
