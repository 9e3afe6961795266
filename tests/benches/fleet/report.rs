//! The figures: collected, printed as a table, written to `target/bench.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::phases::Cost;
use crate::usage::{self, Used};
use crate::world::{POSTGRES_SETTINGS, TEMPLATE};
use crate::{Arguments, Extent};

/// One run of the full path.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Run {
    pub touches: i64,
    pub wall: f64,
    pub steady: f64,
    pub used: Used,
    pub database: Cost,
}

/// Everything measured so far.
pub struct Report {
    /// Bytes of a message on average.
    pub message_bytes: usize,
    /// With how many connections the client alone is fastest.
    pub best_connections: usize,
    began: Value,
    bare: BTreeMap<usize, f64>,
    runs: Vec<(Run, f64)>,
    alone: Vec<(f64, f64)>,
    growth: BTreeMap<i64, Vec<(Run, f64)>>,
    statements: BTreeMap<&'static str, Vec<(usize, Duration)>>,
    drip: Option<Value>,
    memory: BTreeMap<&'static str, (f64, f64)>,
    lines: Vec<(String, String, String)>,
    other: BTreeMap<&'static str, Value>,
}

impl Report {
    pub fn begin(extent: &Extent, arguments: &Arguments) -> Self {
        let (load, cores) = usage::machine();
        let began = json!({
            "cores": cores, "load_at_start": load, "extent": format!("{extent:?}"),
            "schedulers": arguments.schedulers, "workers": arguments.workers,
            "settings": arguments.settings, "template": TEMPLATE,
            "postgres": POSTGRES_SETTINGS.iter().copied().collect::<BTreeMap<_, _>>(),
        });
        Self {
            message_bytes: 0,
            best_connections: 0,
            began,
            bare: BTreeMap::new(),
            runs: Vec::new(),
            alone: Vec::new(),
            growth: BTreeMap::new(),
            statements: BTreeMap::new(),
            drip: None,
            memory: BTreeMap::new(),
            lines: Vec::new(),
            other: BTreeMap::new(),
        }
    }

    pub fn list_loaded(&mut self, entries: u32, took: Duration) {
        let seconds = took.as_secs_f64();
        self.other.insert("list_import", json!({"entries": entries, "seconds": seconds}));
        self.line("list import", format!("{entries} entries in {seconds:.1} s"), String::new());
    }

    pub fn grown(&self, size: i64, took: Duration) {
        eprintln!("{size} contacts after {:.0} s", took.as_secs_f64());
    }

    pub fn bare(&mut self, connections: usize, rate: f64) {
        eprintln!("client alone, {connections} connections: {rate:.0}/s");
        self.bare.insert(connections, rate);
    }

    pub fn full_path(&mut self, run: Run, alone: f64) {
        self.runs.push((run, alone));
    }

    pub fn alone(&mut self, scheduler: f64, worker: f64) {
        self.alone.push((scheduler, worker));
    }

    pub fn growth(&mut self, size: i64, run: Run, alone: f64) {
        self.growth.entry(size).or_default().push((run, alone));
    }

    /// Rates of the full path with an empty list and with a long one, run by run.
    pub fn lists(&mut self, entries: u32, empty: &[f64], long: &[f64]) {
        let (without, with) = (median(empty.iter().copied()), median(long.iter().copied()));
        let ratios = empty.iter().zip(long).map(|(empty, long)| long / empty);
        let (ratio, each) = (median(ratios.clone()), list_fine(ratios));
        self.other.insert(
            "lists",
            json!({"entries": entries, "empty": empty, "long": long, "ratio": ratio}),
        );
        let runs = list(empty.iter().copied());
        self.line("full path, empty list", format!("{without:.0} touches/s"), runs);
        let runs = list(long.iter().copied());
        self.line(&format!("full path, {entries} entries"), format!("{with:.0} touches/s"), runs);
        let met = verdict(ratio >= 0.9, "≥ 0.90");
        self.line("  share of the empty list's", format!("{ratio:.2} {met}"), each);
    }

    pub fn statement(&mut self, name: &'static str, touches: usize, took: Duration) {
        self.statements.entry(name).or_default().push((touches, took));
    }

    pub fn memory(&mut self, memory: &BTreeMap<&'static str, (f64, f64)>) {
        for (program, (now, most)) in memory {
            let entry = self.memory.entry(program).or_default();
            *entry = (*now, entry.1.max(*most));
        }
    }

    pub fn drip(&mut self, rate: f64, late: &[f64]) {
        let at = |share| quantile(late, share);
        self.drip = Some(json!({
            "touches_per_second": rate, "touches": late.len(), "p50_ms": at(0.5), "p90_ms": at(0.9),
            "p99_ms": at(0.99), "max_ms": at(1.0),
        }));
    }

    /// Touches per second of the full path, the median of the steady rates.
    pub fn steady_rate(&self) -> f64 {
        median(self.runs.iter().map(|(run, _)| run.steady))
    }

    pub fn check(&mut self, sent: i64, blocked: i64, accepted: usize, different: usize) {
        let right = usize::try_from(sent) == Ok(accepted) && accepted == different && blocked > 0;
        self.other.insert(
            "check",
            json!({"sent": sent, "blocked_by_list": blocked, "accepted_by_sink": accepted,
                   "accepted_twice": accepted - different, "right": right}),
        );
        let text = format!("{sent} sent, {accepted} accepted, {} twice", accepted - different);
        self.line("check", text, format!("{blocked} blocked by the list"));
        assert!(right, "recorded and accepted differ: {sent}, {accepted}, {different}");
    }

    fn line(&mut self, name: &str, value: String, detail: String) {
        self.lines.push((name.to_owned(), value, detail));
    }

    /// Prints the table and writes the file.
    pub fn finish(mut self) {
        self.rate_lines();
        self.statement_lines();
        self.growth_lines();
        self.cost_lines();
        let (load, cores) = usage::machine();
        println!("\nTouchline on {cores} cores, load {load} at the end\n");
        for (name, value, detail) in &self.lines {
            println!("  {name:<32} {value:<34} {detail}");
        }
        let file = file();
        let text = serde_json::to_string_pretty(&self.json(&load)).expect("plain values are JSON");
        match std::fs::write(&file, text) {
            Ok(()) => println!("\n  all figures: {}", file.display()),
            Err(error) => panic!("{} cannot be written: {error}", file.display()),
        }
    }

    fn rate_lines(&mut self) {
        if self.runs.is_empty() {
            return;
        }
        let best = self.bare.get(&self.best_connections).copied().unwrap_or(0.0);
        let each = self.runs.iter().map(|(run, _)| run.steady);
        let (rate, runs) = (median(each.clone()), list(each));
        let wall = median(self.runs.iter().map(|(run, _)| run.wall));
        let ratios = self.runs.iter().map(|(run, alone)| run.steady / alone);
        let (ratio, ratio_runs) = (median(ratios.clone()), list_fine(ratios));
        let bare = median(self.runs.iter().map(|(_, alone)| *alone));
        let connections =
            format!("{} connections, {} bytes", self.best_connections, self.message_bytes);
        self.line("client alone, best", format!("{best:.0} messages/s"), connections);
        self.line("client alone, beside the runs", format!("{bare:.0} messages/s"), String::new());
        self.line(
            "full email path",
            format!("{rate:.0} touches/s {}", verdict(rate >= 2500.0, "≥ 2500")),
            runs,
        );
        self.line("  to the last outcome", format!("{wall:.0} touches/s"), String::new());
        self.line(
            "  share of the client alone",
            format!("{ratio:.2} {}", verdict(ratio >= 0.25, "≥ 0.25")),
            ratio_runs,
        );
        let (scheduler, worker) =
            (self.alone.iter().map(|run| run.0), self.alone.iter().map(|run| run.1));
        let (scheduler, worker) =
            ((median(scheduler.clone()), list(scheduler)), (median(worker.clone()), list(worker)));
        self.line("scheduler alone", format!("{:.0} touches/s", scheduler.0), scheduler.1);
        self.line("worker alone", format!("{:.0} touches/s", worker.0), worker.1);
        if let Some(drip) = self.drip.clone() {
            let ms = |name: &str| drip[name].as_f64().unwrap_or(0.0);
            let value = format!("p50 {:.0} ms, p99 {:.0} ms", ms("p50_ms"), ms("p99_ms"));
            let rate =
                format!("at {:.0} touches/s; max {:.0} ms", ms("touches_per_second"), ms("max_ms"));
            self.line("due to accepted, half load", value, rate);
        }
    }

    fn statement_lines(&mut self) {
        for (name, times) in &self.statements.clone() {
            let (p50, p99) = batch_times(times);
            let largest = times.iter().map(|(touches, _)| *touches).max().unwrap_or(0);
            #[allow(clippy::cast_precision_loss)] // A batch is a few hundred.
            let each = p50 * 1000.0 / largest.max(1) as f64;
            let value = format!("p50 {p50:.1} ms, p99 {p99:.1} ms");
            self.line(&format!("{name} × {largest}"), value, format!("{each:.0} µs per touch"));
        }
    }

    fn growth_lines(&mut self) {
        let rates: Vec<(i64, f64, f64)> =
            self.growth.iter().map(|(size, runs)| growth(*size, runs)).collect();
        let Some(first) = rates.first().copied() else { return };
        for (size, rate, ratio) in &rates {
            let share = rate / first.1;
            let value = format!("{rate:.0} touches/s, {:.0} %", share * 100.0);
            let verdict = verdict(share >= 0.85, "≥ 85 %");
            self.line(
                &format!("at {size} contacts"),
                value,
                format!("{verdict}; {ratio:.2} of the client alone"),
            );
        }
    }

    fn cost_lines(&mut self) {
        for (program, (now, most)) in self.memory.clone() {
            let target = if program == "email-worker" {
                verdict(most <= 80.0, "≤ 80 MB")
            } else {
                String::new()
            };
            self.line(
                &format!("memory of {program}"),
                format!("{now:.0} MB, {most:.0} MB at most"),
                target,
            );
        }
        let Some((run, _)) = self.runs.last() else { return };
        let (used, cost) = (run.used.clone(), run.database);
        for (program, cores) in &used.cores {
            #[allow(clippy::cast_precision_loss)] // A benchmark's counts fit the mantissa.
            let each = cores * used.seconds / run.touches as f64 * 1e6;
            self.lines.push((
                format!("CPU of {program}"),
                format!("{cores:.2} cores"),
                format!("{each:.0} µs per touch"),
            ));
        }
        self.line("CPU of everything else", format!("{:.2} cores", used.others), String::new());
        self.line(
            "database",
            format!(
                "{:.0} % HOT, {:.0} WAL bytes/touch",
                cost.hot_update_share * 100.0,
                cost.wal_bytes_per_touch
            ),
            format!(
                "{:.3} statements, {:.0} µs per touch",
                cost.statements_per_touch, cost.statement_microseconds_per_touch
            ),
        );
    }

    fn json(&self, load: &str) -> Value {
        let runs = |runs: &[(Run, f64)]| -> Vec<Value> {
            runs.iter().map(|(run, alone)| json!({"run": run, "client_alone": alone, "ratio": run.steady / alone})).collect()
        };
        let statements: BTreeMap<_, _> = self
            .statements
            .iter()
            .map(|(name, times)| {
                let (p50, p99) = batch_times(times);
                (
                    name,
                    json!({"batches": times.len(), "p50_ms": p50, "p99_ms": p99,
                "touches": times.iter().map(|(touches, _)| touches).max()}),
                )
            })
            .collect();
        let growth: Vec<Value> = self.growth.iter().map(|(size, all)| {
            let (_, rate, ratio) = growth(*size, all);
            json!({"contacts": size, "touches_per_second": rate, "ratio": ratio, "runs": runs(all)})
        }).collect();
        json!({
            "machine": self.began, "load_at_end": load, "message_bytes": self.message_bytes,
            "full_path": {"touches_per_second": self.steady_rate(),
                "wall": median(self.runs.iter().map(|(run, _)| run.wall)),
                "ratio": median(self.runs.iter().map(|(run, alone)| run.steady / alone)),
                "runs": runs(&self.runs)},
            "client_alone": {"by_connections": self.bare, "best_connections": self.best_connections},
            "scheduler_alone": self.alone.iter().map(|run| run.0).collect::<Vec<_>>(),
            "worker_alone": self.alone.iter().map(|run| run.1).collect::<Vec<_>>(),
            "statements": statements, "growth": growth, "due_to_accepted": self.drip,
            "memory_mb": self.memory, "other": self.other,
        })
    }
}

fn growth(size: i64, runs: &[(Run, f64)]) -> (i64, f64, f64) {
    let rate = median(runs.iter().map(|(run, _)| run.steady));
    (size, rate, median(runs.iter().map(|(run, alone)| run.steady / alone)))
}

/// Milliseconds of a batch: the median and the 99th percentile of the full batches.
fn batch_times(times: &[(usize, Duration)]) -> (f64, f64) {
    let mut milliseconds: Vec<f64> =
        times.iter().map(|(_, took)| took.as_secs_f64() * 1000.0).collect();
    milliseconds.sort_by(f64::total_cmp);
    (quantile(&milliseconds, 0.5), quantile(&milliseconds, 0.99))
}

fn verdict(met: bool, wanted: &str) -> String {
    format!("({wanted}: {})", if met { "met" } else { "missed" })
}

fn list(values: impl Iterator<Item = f64>) -> String {
    values.map(|value| format!("{value:.0}")).collect::<Vec<_>>().join(", ")
}

fn list_fine(values: impl Iterator<Item = f64>) -> String {
    values.map(|value| format!("{value:.2}")).collect::<Vec<_>>().join(", ")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// The value below which a share of sorted values lies.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // An index of a list in memory.
    let at = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

/// `target/bench.json`, wherever the target folder is: `target/release/deps/fleet-…` runs.
fn file() -> PathBuf {
    let program = std::env::current_exe().expect("a running program has a path");
    let target = program.ancestors().nth(3).expect("cargo puts benchmarks three folders deep");
    target.join("bench.json")
}
