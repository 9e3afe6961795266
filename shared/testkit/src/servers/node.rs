//! A private RabbitMQ node of Debian's package.
//!
//! Loopback only, own node name, cookie, `epmd` and folders; nothing of the system's node is read
//! or written. Settings are those of pipeline.md §2.5.

use std::fs::{File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{RabbitMqControl, RunFolder, unique};

/// How long a node may take to boot on a busy machine.
const BOOT_PATIENCE: Duration = Duration::from_secs(120);

const CONTROL_SCRIPT: &str = include_str!("control.erl");

/// A private RabbitMQ node; it and its files are gone when this value goes.
#[derive(Debug)]
pub struct RabbitMq {
    control: RabbitMqControl,
    folder: PathBuf,
    account: Option<(u32, u32)>,
    name: String,
    ports: Ports,
    server: Mutex<Option<Child>>,
    epmd: Mutex<Child>,
    _own_folder: Option<RunFolder>,
}

#[derive(Debug)]
struct Ports {
    amqp: u16,
    distribution: u16,
    epmd: u16,
}

impl RabbitMq {
    /// Starts a node in a folder of its own.
    ///
    /// # Panics
    /// If RabbitMQ is not installed or does not boot; the message says what to do.
    pub async fn start() -> Self {
        let folder = RunFolder::create();
        let mut node = Self::start_in(&folder).await;
        node._own_folder = Some(folder);
        node
    }

    /// Starts a node in a run folder, which must outlive it.
    ///
    /// # Panics
    /// If RabbitMQ is not installed or does not boot; the message says what to do.
    pub async fn start_in(run: &RunFolder) -> Self {
        let folder = run.path().join(format!("rabbitmq-{}", unique()));
        let account = account();
        let ports = Ports { amqp: free_port(), distribution: free_port(), epmd: free_port() };
        write_folder(&folder, account, &ports);
        let epmd = command(Path::new("epmd"), &folder, account)
            .args(["-address", "127.0.0.1", "-port", &ports.epmd.to_string()])
            .spawn()
            .expect("epmd comes with Erlang, which RabbitMQ needs");
        let url = format!("amqp://guest:guest@127.0.0.1:{}", ports.amqp);
        let node = Self {
            control: RabbitMqControl::new(&url, folder.join("control")),
            name: format!("touchline-{}@localhost", unique()),
            folder,
            account,
            ports,
            server: Mutex::new(None),
            epmd: Mutex::new(epmd),
            _own_folder: None,
        };
        node.boot().await;
        node
    }

    /// How to steer the node.
    #[must_use]
    pub const fn control(&self) -> &RabbitMqControl {
        &self.control
    }

    /// Starts the node again after [`RabbitMq::shut_down`] or [`RabbitMq::kill`], on the same port
    /// with the same data, and returns once it takes connections.
    ///
    /// # Panics
    /// If it does not boot.
    pub async fn boot(&self) {
        let log = File::options().create(true).append(true).open(self.folder.join("server.log"));
        let log = log.expect("our own folder can be written");
        let evaluate = format!("file:eval(\"{}\").", self.folder.join("control.erl").display());
        let mut command = command(&server_program(), &self.folder, self.account);
        command
            .args(["-noinput", "-eval", &evaluate])
            .env("TOUCHLINE_CONTROL", self.control.socket())
            .env("ERL_EPMD_PORT", self.ports.epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_CRASH_DUMP_SECONDS", "0")
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_NODENAME", &self.name)
            .env("RABBITMQ_NODE_PORT", self.ports.amqp.to_string())
            .env("RABBITMQ_DIST_PORT", self.ports.distribution.to_string())
            .env("RABBITMQ_MNESIA_BASE", self.folder.join("data"))
            .env("RABBITMQ_LOG_BASE", self.folder.join("log"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.folder.join("enabled_plugins"))
            .env("RABBITMQ_CONFIG_FILE", self.folder.join("rabbitmq.conf"))
            // The virtual machine takes the script's place, so that signals reach it.
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}",
            )
            .stdout(log.try_clone().expect("an open file can be shared"))
            .stderr(log);
        let child = command.spawn().expect("the script was found a moment ago");
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        self.wait_for_boot().await;
    }

    async fn wait_for_boot(&self) {
        let deadline = Instant::now() + BOOT_PATIENCE;
        // The question is answered only after the boot, see control.erl.
        while self.control.ask("rabbit:is_running().").ok().as_deref() != Some("ok true") {
            if self.has_ended() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.join("server.log"));
                let log = log.unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(20).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                panic!("the tests' RabbitMQ did not boot; its log ends with:\n{}", tail.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn has_ended(&self) -> bool {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        server.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// Stops the node in order (about a second) and returns when it is gone.
    pub async fn shut_down(&self) {
        self.end(Signal::TERM).await;
    }

    /// Kills the node without a chance to clean up and returns when it is gone.
    pub async fn kill(&self) {
        self.end(Signal::KILL).await;
    }

    async fn end(&self, signal: Signal) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut server) = server else { return };
        let _ = kill_process(Pid::from_child(&server), signal);
        let _ = tokio::task::spawn_blocking(move || server.wait()).await;
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        let server = self.server.get_mut().unwrap_or_else(PoisonError::into_inner);
        let epmd = self.epmd.get_mut().unwrap_or_else(PoisonError::into_inner);
        for child in server.as_mut().into_iter().chain([epmd]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The user the node runs as when we are root: `rabbitmq`, if there is one.
fn account() -> Option<(u32, u32)> {
    rustix::process::getuid().is_root().then_some(())?;
    let id = |flag: &str| {
        let output = Command::new("id").args([flag, "rabbitmq"]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some((id("-u")?, id("-g")?))
}

/// A command that runs as the node's user, inside the run folder (whose end ends it), away from
/// the terminal's signals and from the caller's settings for a system node.
fn command(program: &Path, folder: &Path, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("RABBITMQ_") || text.starts_with("ERL_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(folder).env("HOME", folder).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((uid, gid)) = account {
        command.uid(uid).gid(gid);
    }
    command
}

fn write_folder(folder: &Path, account: Option<(u32, u32)>, ports: &Ports) {
    let settings = format!(
        "listeners.tcp.1 = 127.0.0.1:{}\n\
         vm_memory_high_watermark.absolute = 1GB\n\
         raft.wal_max_size_bytes = 64000000\n\
         log.console.level = warning\n",
        ports.amqp
    );
    std::fs::create_dir(folder).expect("our own folder can be written");
    for (name, content) in [
        ("rabbitmq.conf", settings.as_str()),
        ("enabled_plugins", "[]."),
        ("control.erl", CONTROL_SCRIPT),
    ] {
        std::fs::write(folder.join(name), content).expect("our own folder can be written");
    }
    if let Some((uid, gid)) = account {
        std::os::unix::fs::chown(folder, Some(uid), Some(gid)).expect("root may hand over folders");
    }
    // Private, because the control socket inside takes any command.
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))
        .expect("the mode of our own folder can be set");
}

/// The server's own script: Debian's wrapper in `/usr/sbin` refuses all users but two.
fn server_program() -> PathBuf {
    let debian = PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server");
    if debian.exists() {
        return debian;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("rabbitmq-server"));
    match on_path.into_iter().find(|program| program.exists()) {
        Some(program) => program,
        None => panic!(
            "tests need RabbitMQ on this machine; install it (Debian: `apt-get install \
             rabbitmq-server`) or run `scripts/setup.sh test` as root"
        ),
    }
}

/// A port nobody listens on, below the range the system takes for outgoing connections, so that it
/// is still free when a node comes back.
fn free_port() -> u16 {
    loop {
        let random = uuid::Uuid::now_v7().as_u128() % 12_000;
        let port = 20_000 + u16::try_from(random).expect("a remainder of 12,000 fits");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
