//! What processes used: CPU seconds and memory, from `/proc`.

use std::collections::BTreeMap;

pub use tests::measure::machine;

use crate::world::World;

/// The unit of CPU time in `/proc/*/stat`; a hundredth of a second on every Linux we run on.
const TICKS: f64 = 100.0;
/// The programs, as the kernel names them.
const PROGRAMS: [(&str, &str); 5] = [
    ("scheduler", "scheduler"),
    ("email-worker", "email-worker"),
    ("sinks", "sink"),
    ("postgres", "postgres"),
    ("beam.smp", "rabbitmq"),
];

/// CPU seconds so far.
#[derive(Debug, Clone)]
pub struct Usage {
    programs: BTreeMap<&'static str, f64>,
    machine_busy: f64,
    at: std::time::Instant,
}

/// CPU use between two moments, in cores.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Used {
    /// By program.
    pub cores: BTreeMap<&'static str, f64>,
    /// What everything else on the machine used, the benchmark itself included.
    pub others: f64,
    /// How long that was.
    pub seconds: f64,
}

impl Usage {
    pub fn now(world: &World) -> Self {
        let mut programs = BTreeMap::new();
        for process in ours() {
            let mut ticks = process.ticks;
            // PostgreSQL's first process knows what those that are gone have used.
            if Some(process.pid) == world.postgres_pid() {
                ticks += process.ticks_of_the_gone;
            }
            *programs.entry(process.program).or_insert(0.0) += ticks / TICKS;
        }
        Self { programs, machine_busy: machine_busy(), at: std::time::Instant::now() }
    }

    pub fn since(&self, before: &Self) -> Used {
        let seconds = (self.at - before.at).as_secs_f64();
        let of = |usage: &Self, program| usage.programs.get(program).copied().unwrap_or(0.0);
        let cores: BTreeMap<&'static str, f64> = PROGRAMS
            .iter()
            .map(|(_, name)| (*name, ((of(self, name) - of(before, name)) / seconds).max(0.0)))
            .collect();
        let busy = (self.machine_busy - before.machine_busy) / seconds;
        Used { others: (busy - cores.values().sum::<f64>()).max(0.0), cores, seconds }
    }
}

/// Resident memory in megabytes by program, now and at most; for PostgreSQL what is not shared.
pub fn memory() -> BTreeMap<&'static str, (f64, f64)> {
    let mut memory: BTreeMap<&'static str, (f64, f64)> = BTreeMap::new();
    for process in ours() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid));
        let status = status.unwrap_or_default();
        let megabytes = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number =
                line.and_then(|line| line.trim_end_matches("kB").trim().parse::<f64>().ok());
            number.unwrap_or(0.0) / 1024.0
        };
        let shared = process.program == "postgres";
        let now = if shared { megabytes("RssAnon:") } else { megabytes("VmRSS:") };
        let most = if shared { now } else { megabytes("VmHWM:") };
        let entry = memory.entry(process.program).or_default();
        if shared {
            *entry = (entry.0 + now, entry.1 + most);
        } else {
            *entry = (entry.0.max(now), entry.1.max(most));
        }
    }
    memory
}

struct OneOfOurs {
    pid: u32,
    program: &'static str,
    ticks: f64,
    ticks_of_the_gone: f64,
}

/// Our descendants that are one of the programs.
fn ours() -> Vec<OneOfOurs> {
    let mut parents = BTreeMap::new();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else { continue };
        let fields: Vec<&str> = stat[close + 1..].split_whitespace().collect();
        let number = |at: usize| -> f64 {
            fields.get(at).and_then(|field| field.parse().ok()).unwrap_or(0.0)
        };
        let parent = fields.get(1).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
        parents.insert(pid, parent);
        let name = &stat[open + 1..close];
        if let Some((_, program)) = PROGRAMS.iter().find(|(kernel, _)| *kernel == name) {
            // utime, stime, cutime and cstime: fields 14 to 17 of proc(5).
            found.push(OneOfOurs {
                pid,
                program,
                ticks: number(11) + number(12),
                ticks_of_the_gone: number(13) + number(14),
            });
        }
    }
    let us = std::process::id();
    found.retain(|one| {
        let line = std::iter::successors(Some(one.pid), |pid| parents.get(pid).copied());
        line.take(20).any(|pid| pid == us)
    });
    found
}

/// CPU seconds the whole machine has been busy.
fn machine_busy() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let numbers: Vec<f64> =
        first.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // All but idle (3), waiting for disks (4), and guests, which are counted twice (8, 9).
    let busy = numbers.iter().enumerate().filter(|(at, _)| !matches!(at, 3 | 4 | 8 | 9));
    busy.map(|(_, ticks)| ticks).sum::<f64>() / TICKS
}
