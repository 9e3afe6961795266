//! A cluster on disk: its folder, its owner's lock, its creation, and the server's command line.
//!
//! The data folder holds `owner.lock` (ours), `cluster/` (PostgreSQL's), `server.log` and, while the
//! server runs, `socket/`.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::account::Account;
use crate::binaries::{self, Binaries};
use crate::{Options, StartError};

/// The longest path of a unix socket, minus the name PostgreSQL gives it (`/.s.PGSQL.5432`).
const SOCKET_DIR_MAX: usize = 107 - 15;

/// The server's log is begun anew at a start that finds it larger than this.
const LOG_MAX_BYTES: u64 = 8 << 20;

/// Marks our servers in their command line, so that no stranger's server is ever ended.
const MARK: &str = "cluster_name=touchline";

/// A prepared cluster, locked for this process until it is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) data_dir: PathBuf,
    pub(crate) socket_dir: PathBuf,
    account: Account,
    binaries: Binaries,
    arguments: Vec<OsString>,
    /// The kernel drops the lock with the last handle, however the process ends.
    _lock: File,
}

impl Cluster {
    /// Locks the data folder and makes sure there is a cluster in it that a server can start on.
    pub(crate) fn prepare(options: &Options) -> Result<Self, StartError> {
        let account = Account::choose();
        let usable = binaries::usable()?;
        let data_dir = create_data_dir(&options.data_dir)?;
        account.check_reach(&data_dir)?;
        let lock = lock(&data_dir)?;
        let binaries = choose_binaries(usable, &data_dir)?;
        if !data_dir.join("cluster/PG_VERSION").exists() {
            create_cluster(&account, &binaries, &data_dir, options.durable)?;
        }
        let socket_dir = create_socket_dir(&account, &data_dir)?;
        let arguments = server_arguments(options, &data_dir, &socket_dir);
        Ok(Self { data_dir, socket_dir, account, binaries, arguments, _lock: lock })
    }

    /// Starts the server process, after ending one that a killed owner left behind.
    /// Returns it with the length its log had before.
    pub(crate) fn launch(&self) -> Result<(Child, u64), StartError> {
        end_leftover(&self.data_dir)?;
        let path = log_path(&self.data_dir);
        let log = File::options().create(true).append(true).open(&path);
        let log = log.map_err(StartError::io("open the server's log", &path))?;
        let mut length = log.metadata().map_or(0, |metadata| metadata.len());
        if length > LOG_MAX_BYTES {
            log.set_len(0).map_err(StartError::io("empty the server's log", &path))?;
            length = 0;
        }
        let program = self.binaries.dir.join("postgres");
        let mut command = bound_to_us(&self.account, "INT", &program);
        command.args(&self.arguments).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().map_err(StartError::io("run", &program))?;
        Ok((child, length))
    }

    /// Whether the server with this process id says it takes queries. PostgreSQL itself keeps this
    /// in the eighth line of its lock file; `pg_ctl` reads it there, too.
    pub(crate) fn takes_queries(&self, pid: u32) -> bool {
        let lock = std::fs::read_to_string(self.data_dir.join("cluster/postmaster.pid"));
        let lock = lock.unwrap_or_default();
        let mut lines = lock.lines();
        lines.next() == Some(pid.to_string().as_str())
            && lines.nth(6).is_some_and(|status| status.trim() == "ready")
    }

    /// The last lines the server wrote to its log since the log had `from` bytes.
    pub(crate) fn log_tail(&self, from: u64) -> String {
        let read = || -> std::io::Result<String> {
            let mut log = File::open(log_path(&self.data_dir))?;
            let length = log.metadata()?.len();
            log.seek(SeekFrom::Start(from.max(length.saturating_sub(4096))))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes)?;
            Ok(tail(&String::from_utf8_lossy(&bytes)))
        };
        read().unwrap_or_default()
    }

    /// Removes what only a running server needs.
    pub(crate) fn close(&self) {
        let _ = std::fs::remove_dir_all(&self.socket_dir);
    }
}

/// Where the server of a data folder logs.
pub(crate) fn log_path(data_dir: &Path) -> PathBuf {
    data_dir.join("server.log")
}

fn create_data_dir(data_dir: &Path) -> Result<PathBuf, StartError> {
    if !data_dir.exists() {
        std::fs::create_dir_all(data_dir)
            .map_err(StartError::io("create the data folder", data_dir))?;
        // Enterable, because root's server runs as another user; the cluster inside is private.
        let mode = std::fs::Permissions::from_mode(0o711);
        std::fs::set_permissions(data_dir, mode)
            .map_err(StartError::io("open the data folder", data_dir))?;
    }
    data_dir.canonicalize().map_err(StartError::io("find the data folder", data_dir))
}

fn lock(data_dir: &Path) -> Result<File, StartError> {
    let path = data_dir.join("owner.lock");
    let file = File::options().create(true).read(true).write(true).truncate(false).open(&path);
    let mut file = file.map_err(StartError::io("open the lock", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = std::fs::read_to_string(&path).unwrap_or_default();
            let pid = if holder.is_empty() { "(unknown)" } else { holder.trim() }.to_owned();
            return Err(StartError::InUse { data_dir: data_dir.to_owned(), pid });
        }
        Err(TryLockError::Error(source)) => {
            return Err(StartError::Io { action: "lock", path, source });
        }
    }
    let written = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    written.map_err(StartError::io("write the lock", &path))?;
    Ok(file)
}

/// The best programs that fit an existing cluster; a cluster runs only on its own major version.
fn choose_binaries(usable: Vec<Binaries>, data_dir: &Path) -> Result<Binaries, StartError> {
    let made_by = std::fs::read_to_string(data_dir.join("cluster/PG_VERSION"));
    let cluster = made_by.map(|text| text.trim().to_owned()).ok();
    let found: Vec<String> = usable.iter().map(|one| one.major.to_string()).collect();
    let fits =
        |one: &Binaries| cluster.as_ref().is_none_or(|major| *major == one.major.to_string());
    usable.into_iter().find(fits).ok_or_else(|| StartError::OtherVersion {
        data_dir: data_dir.to_owned(),
        cluster: cluster.clone().unwrap_or_default(),
        found: found.join(", "),
    })
}

/// Creates the cluster beside its place and moves it there whole, so that a start that was cut
/// short never leaves half a cluster.
fn create_cluster(
    account: &Account,
    binaries: &Binaries,
    data_dir: &Path,
    durable: bool,
) -> Result<(), StartError> {
    let fresh = data_dir.join("cluster.new");
    // C.UTF-8 knows upper and lower case of every script; a system without it gets plain C.
    let mut log = String::new();
    for locale in ["C.UTF-8", "C"] {
        if fresh.exists() {
            std::fs::remove_dir_all(&fresh)
                .map_err(StartError::io("remove half a cluster", &fresh))?;
        }
        account.create_private_dir(&fresh)?;
        let program = binaries.dir.join("initdb");
        let mut command = bound_to_us(account, "KILL", &program);
        command.args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--lc-messages=C"]);
        command.arg(format!("--locale={locale}")).arg("-D").arg(&fresh);
        if !durable {
            command.arg("--no-sync");
        }
        let output = command.output().map_err(StartError::io("run", &program))?;
        if output.status.success() {
            let target = data_dir.join("cluster");
            std::fs::rename(&fresh, &target)
                .map_err(StartError::io("move the new cluster to", &target))?;
            let synced = File::open(data_dir).and_then(|dir| dir.sync_all());
            return synced.map_err(StartError::io("sync", data_dir));
        }
        log = tail(&String::from_utf8_lossy(&output.stderr));
        if !log.contains("invalid locale") {
            break;
        }
    }
    let _ = std::fs::remove_dir_all(&fresh);
    Err(StartError::Initdb { data_dir: data_dir.to_owned(), log })
}

/// A folder for the socket that only the server's user (and root) can enter: in the data folder, or,
/// where that path is too long for a socket or has characters that its url or PostgreSQL's list of
/// folders would have to quote, in the folder for run-time files. There its name follows from the
/// data folder, so that a killed owner leaves at most one behind, and the next one takes it.
fn create_socket_dir(account: &Account, data_dir: &Path) -> Result<PathBuf, StartError> {
    let mut hasher = DefaultHasher::new();
    data_dir.hash(&mut hasher);
    let name = format!("touchline-{}-{:016x}", account.uid, hasher.finish());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join(&name));
    let fits = |dir: &PathBuf| {
        let base = dir.parent().filter(|base| base.is_absolute() && base.is_dir());
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
        dir.as_os_str().len() <= SOCKET_DIR_MAX
            && dir.as_os_str().as_encoded_bytes().iter().all(plain)
            && base.is_some_and(|base| account.check_reach(base).is_ok())
    };
    let wanted = [Some(data_dir.join("socket")), runtime].into_iter().flatten().find(fits);
    let dir = wanted.unwrap_or_else(|| Path::new("/tmp").join(name));
    let ours = |metadata: std::fs::Metadata| {
        metadata.is_dir() && metadata.uid() == account.uid && metadata.mode() & 0o077 == 0
    };
    if !std::fs::symlink_metadata(&dir).is_ok_and(ours) {
        // In a shared folder somebody else may have taken the name: creating then fails aloud.
        account.create_private_dir(&dir)?;
    }
    Ok(dir)
}

fn server_arguments(options: &Options, data_dir: &Path, socket_dir: &Path) -> Vec<OsString> {
    let on_off = if options.durable { "on" } else { "off" };
    let mut arguments: Vec<OsString> =
        vec!["-D".into(), data_dir.join("cluster").into(), "-k".into(), socket_dir.into()];
    let mut set = |setting: String| arguments.extend(["-c".into(), setting.into()]);
    set(MARK.to_owned());
    for setting in [
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        "logging_collector=off",
        "log_destination=stderr",
        "log_checkpoints=off",
        // Details and statements of errors quote rows, and rows hold personal data.
        "log_error_verbosity=terse",
        "log_min_error_statement=panic",
        // Our statements are short; compiling them costs more than it gains.
        "jit=off",
    ] {
        set(setting.to_owned());
    }
    // `synchronous_commit` stays on: without it a killed server forgets commits it has confirmed.
    for name in ["fsync", "full_page_writes"] {
        set(format!("{name}={on_off}"));
    }
    for (name, value) in &options.settings {
        set(format!("{name}={value}"));
    }
    arguments
}

/// A command whose process gets `signal` when the calling thread ends, where the system can do it.
fn bound_to_us(account: &Account, signal: &str, program: &Path) -> Command {
    let setpriv = Path::new("setpriv");
    let mut probe = Command::new(setpriv);
    probe.args(["--pdeathsig", signal, "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return account.command(program);
    }
    let mut command = account.command(setpriv);
    command.args(["--pdeathsig", signal, "--"]).arg(program);
    command
}

/// Ends a server of ours that outlived its owner, and removes the lock file of a dead one.
fn end_leftover(data_dir: &Path) -> Result<(), StartError> {
    let cluster = data_dir.join("cluster");
    let path = cluster.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(()) };
    let number = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok());
    let pid = number.and_then(Pid::from_raw).filter(|pid| runs_on(*pid, &cluster));
    let Some(pid) = pid else {
        // The id may belong to another program by now; PostgreSQL would refuse to start for it.
        return std::fs::remove_file(&path)
            .map_err(StartError::io("remove the lock of a dead server", &path));
    };
    if !command_line(pid).contains(MARK) {
        let pid = pid.as_raw_nonzero().to_string();
        return Err(StartError::InUse { data_dir: data_dir.to_owned(), pid });
    }
    tracing::info!(pid = pid.as_raw_nonzero().get(), "ending a PostgreSQL its owner left behind");
    for (signal, patience) in [(Signal::INT, 10), (Signal::QUIT, 5), (Signal::KILL, 5)] {
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + Duration::from_secs(patience);
        while Instant::now() < deadline {
            if !runs_on(pid, &cluster) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    let pid = pid.as_raw_nonzero().to_string();
    Err(StartError::InUse { data_dir: data_dir.to_owned(), pid })
}

/// Whether the process is a server on this cluster: servers work inside their cluster's folder.
fn runs_on(pid: Pid, cluster: &Path) -> bool {
    match std::fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())) {
        Ok(folder) => folder == cluster,
        // Gone, a zombie, or another user's process, which cannot be on our private folder.
        Err(_) if Path::new("/proc/self/cwd").exists() => false,
        Err(_) => test_kill_process(pid).is_ok(),
    }
}

fn command_line(pid: Pid) -> String {
    let path = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

/// The last lines of a text, enough to see a cause.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
