//! The thread that keeps a server: starts it, brings it back, ends it.

use std::process::Child;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::sync::{oneshot, watch};

use crate::cluster::Cluster;
use crate::{Options, StartError};

/// How long a server may take to replay its log before it takes queries.
const READY_PATIENCE: Duration = Duration::from_secs(300);

/// The pause before a server that died unasked is started again: doubled from the first to the last.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// What the server does now, as others may watch it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Down,
    Ready,
    /// For good: the process is gone and the data folder is free.
    Gone,
}

/// What the owner wants the server to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wanted {
    #[default]
    Up,
    Down,
    Gone,
}

/// How the owner steers the keeper.
#[derive(Debug, Default)]
pub(crate) struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    wanted: Wanted,
    /// Set while the process exists and is not reaped, so that a signal never hits a stranger.
    pid: Option<Pid>,
}

impl Control {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what the server shall do; a running one that is not wanted is ended in order.
    pub(crate) fn want(&self, wanted: Wanted) {
        let mut state = self.lock();
        if state.wanted != Wanted::Gone {
            state.wanted = wanted;
        }
        if state.wanted != Wanted::Up {
            signal(&state, Signal::INT);
        }
        self.changed.notify_all();
    }

    /// Ends the server process at once, with everything it does.
    pub(crate) fn abort(&self) {
        signal(&self.lock(), Signal::QUIT);
    }

    /// Kills the server process without a chance to clean up.
    pub(crate) fn crash(&self) {
        signal(&self.lock(), Signal::KILL);
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.lock().pid.and_then(|pid| pid.as_raw_nonzero().get().try_into().ok())
    }

    fn entered(&self, child: &Child) {
        let mut state = self.lock();
        state.pid = Some(Pid::from_child(child));
        if state.wanted != Wanted::Up {
            signal(&state, Signal::INT);
        }
    }

    fn left(&self, child: &mut Child) {
        let mut state = self.lock();
        let _ = child.wait();
        state.pid = None;
    }

    /// Waits until the server is wanted (true) or the keeper shall end (false).
    fn wait_until_wanted(&self) -> bool {
        let state = self.lock();
        let state = self.changed.wait_while(state, |state| state.wanted == Wanted::Down);
        state.unwrap_or_else(PoisonError::into_inner).wanted == Wanted::Up
    }

    /// Lets a server that died rest, unless the owner wants something else meanwhile.
    fn rest(&self, pause: Duration) {
        let state = self.lock();
        let up = |state: &mut State| state.wanted == Wanted::Up;
        let _ = self.changed.wait_timeout_while(state, pause, up);
    }
}

fn signal(state: &State, signal: Signal) {
    if let Some(pid) = state.pid {
        let _ = kill_process(pid, signal);
    }
}

/// Keeps a server until its owner is gone; the first start's result goes to `first`.
pub(crate) fn keep(
    options: &Options,
    control: &Control,
    report: &watch::Sender<Phase>,
    first: oneshot::Sender<Result<std::path::PathBuf, StartError>>,
) {
    let cluster = match Cluster::prepare(options) {
        Ok(cluster) => cluster,
        Err(err) => return drop(first.send(Err(err))),
    };
    let mut first = Some(first);
    let mut pause = BACK_OFF.0;
    while control.wait_until_wanted() {
        let started = run_once(&cluster, control, || {
            let _ = report.send(Phase::Ready);
            if let Some(first) = first.take()
                && first.send(Ok(cluster.socket_dir.clone())).is_err()
            {
                control.want(Wanted::Gone); // Whoever wanted the server gave up waiting for it.
            }
            pause = BACK_OFF.0;
        });
        let _ = report.send(Phase::Down);
        if let Some(first) = first.take() {
            cluster.close();
            drop(cluster); // Unlocked before the error is told, so that a second try can follow.
            return drop(first.send(started.map_or_else(Err, |()| Err(StartError::KeeperGone))));
        }
        if control.lock().wanted == Wanted::Up {
            let cause = started.err().map(|err| err.to_string());
            let retry_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(cause, retry_ms, "PostgreSQL ended unasked; starting it again");
            control.rest(pause);
            pause = (pause * 2).min(BACK_OFF.1);
        }
    }
    cluster.close();
    drop(cluster);
    let _ = report.send(Phase::Gone);
}

/// One life of the server: returns when its process is gone. An error if it never took queries.
fn run_once(
    cluster: &Cluster,
    control: &Control,
    on_ready: impl FnOnce(),
) -> Result<(), StartError> {
    let retry_until = Instant::now() + Duration::from_secs(10);
    loop {
        let (mut child, log_from) = cluster.launch()?;
        control.entered(&child);
        let ready = wait_until_ready(cluster, &mut child, log_from);
        if ready.is_ok() {
            on_ready();
            // Not reaped yet, so the id stays the server's until `left` takes it back.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(Pid::from_child(&child)), options)
                .is_err_and(|err| err == rustix::io::Errno::INTR)
            {}
            control.left(&mut child);
            return Ok(());
        }
        control.abort();
        control.left(&mut child);
        let wanted = control.lock().wanted == Wanted::Up;
        match ready {
            // Sessions of a killed server need a moment to notice and let go of its memory.
            Err(StartError::Server { log, .. })
                if wanted
                    && log.contains("shared memory block")
                    && Instant::now() < retry_until =>
            {
                control.rest(Duration::from_millis(100));
            }
            other => return other,
        }
    }
}

fn wait_until_ready(cluster: &Cluster, child: &mut Child, log_from: u64) -> Result<(), StartError> {
    let deadline = Instant::now() + READY_PATIENCE;
    let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while Instant::now() < deadline {
        if cluster.takes_queries(child.id()) {
            return Ok(());
        }
        if !matches!(waitid(WaitId::Pid(Pid::from_child(child)), ended), Ok(None)) {
            let log = cluster.log_tail(log_from);
            return Err(StartError::Server { data_dir: cluster.data_dir.clone(), log });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(StartError::TimedOut {
        data_dir: cluster.data_dir.clone(),
        seconds: READY_PATIENCE.as_secs(),
        log: cluster.log_tail(log_from),
    })
}
