//! A folder for servers that vanishes with its process, together with all that still runs in it.
//!
//! A process may end in ways that run no code of ours (`kill -9`, `exit` in a test runner with
//! statics). So a small shell waits on a pipe that only this process holds; when the pipe closes it
//! kills every process whose working folder lies inside and removes the folder. Servers are
//! therefore started with their working folder inside. Should the shell be killed as well, the next
//! run sweeps: the owner's kernel lock tells dead runs from living ones.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const PREFIX: &str = "touchline-test-";

/// Waits for its owner's end, then cleans up. Killing is repeated until nothing is left, because a
/// server may be starting a child right then.
const GUARDIAN: &str = r#"
trap '' INT TERM HUP
read -r _
left=1 rounds=0
while [ "$left" = 1 ] && [ "$rounds" -lt 50 ]; do
    left=0 rounds=$((rounds + 1))
    for process in /proc/[0-9]*; do
        case "$(readlink "$process/cwd" 2>/dev/null)" in
            "$1"|"$1"/*) kill -KILL "${process#/proc/}" 2>/dev/null && left=1 ;;
        esac
    done
    [ "$left" = 0 ] || sleep 0.05
done
rm -rf -- "$1"
"#;

/// A temporary folder whose servers and files are gone soon after its process, at once after drop.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    guardian: Child,
    _lock: File,
}

impl RunFolder {
    /// Makes the folder, after sweeping what crashed runs left behind.
    ///
    /// # Panics
    /// If the temporary folder cannot be written or there is no `sh`.
    #[must_use]
    pub fn create() -> Self {
        let base = base();
        sweep(&base);
        let path = base.join(format!("{PREFIX}{}", super::unique()));
        std::fs::create_dir(&path).expect("the temporary folder can be written");
        // Root's servers run as their own users, who must be able to walk in.
        std::fs::set_permissions(&path, Permissions::from_mode(0o711))
            .expect("the mode of our own folder can be set");
        // Locked under another name first, so that a sweep never sees it unlocked.
        let lock = File::create(path.join("owner.new")).expect("our own folder can be written");
        lock.lock().expect("a fresh file can be locked");
        std::fs::rename(path.join("owner.new"), path.join("owner.lock"))
            .expect("a file of ours can be renamed");
        let guardian = Command::new("sh")
            .args(["-c", GUARDIAN, "guardian"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()
            .expect("every machine we test on has sh");
        Self { path, guardian, _lock: lock }
    }

    /// Where the folder is; anybody may walk through it, only its owner may list it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// The system's temporary folder if other users can walk into it, else `/tmp`.
fn base() -> PathBuf {
    let chosen = std::env::temp_dir();
    let open = |folder: &Path| {
        std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    };
    let reachable = chosen.is_absolute() && chosen.ancestors().all(open);
    let base = if reachable { chosen } else { PathBuf::from("/tmp") };
    base.canonicalize().unwrap_or(base)
}

/// Ends and removes runs whose owner and guardian are both dead.
fn sweep(base: &Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_run = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = is_run.then(|| File::open(path.join("owner.lock")));
        if let Some(Ok(lock)) = lock
            && lock.try_lock().is_ok()
        {
            kill_inside(&path);
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

fn kill_inside(folder: &Path) {
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let inside = std::fs::read_link(process.path().join("cwd"))
            .is_ok_and(|working_folder| working_folder.starts_with(folder));
        let pid = process.file_name().to_string_lossy().parse().ok().and_then(Pid::from_raw);
        if let (true, Some(pid)) = (inside, pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
