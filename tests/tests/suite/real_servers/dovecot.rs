//! A private Dovecot of Debian's package: one mailbox, in a Maildir, over TLS.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use testkit::servers::RunFolder;

use super::{answers, free_port, program, wait_for};

/// Who the mailbox belongs to.
pub const USER: &str = "bounces";
/// The password for it.
pub const PASSWORD: &str = "dovecot \"test\" secret";

/// A running Dovecot; it and its mail are gone when this value goes.
pub struct Dovecot {
    port: u16,
    folder: PathBuf,
    master: Child,
    _run: RunFolder,
}

impl Dovecot {
    /// Starts a server in a folder of its own, with a certificate of its own.
    pub async fn start() -> Self {
        let dovecot = program("dovecot-imapd", "dovecot");
        let run = RunFolder::create();
        let (folder, port) = (run.path().join("dovecot"), free_port());
        write_folder(&folder, port);
        let master = Command::new(dovecot)
            .arg("-F")
            .arg("-c")
            .arg(folder.join("dovecot.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { port, folder, master, _run: run };
        wait_for("Dovecot", || server.log(), async || answers(port).await).await;
        server
    }

    /// Where the mailbox is, with this server's own certificate.
    pub fn url(&self) -> String {
        let certificate = self.folder.join("certificate.pem");
        format!("imaps://{USER}@127.0.0.1:{}/INBOX?ca={}", self.port, certificate.display())
    }

    /// What the server wrote down.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Puts a message into the mailbox, as a delivering mail server does.
    pub fn deliver(&self, name: &str, message: &str) {
        let (new, tmp) =
            (self.folder.join("mail/new").join(name), self.folder.join("mail/tmp").join(name));
        std::fs::write(&tmp, message).unwrap();
        let (uid, gid) = owner();
        chown(&tmp, Some(uid), Some(gid)).unwrap();
        std::fs::rename(tmp, new).unwrap();
    }

    /// How many messages of the mailbox are marked as seen.
    pub fn seen(&self) -> usize {
        let files = std::fs::read_dir(self.folder.join("mail/cur")).into_iter().flatten().flatten();
        files
            .filter(|file| {
                let name = file.file_name().to_string_lossy().into_owned();
                name.rsplit_once(":2,").is_some_and(|(_, flags)| flags.contains('S'))
            })
            .count()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // The master ends its children when it is asked to, and not when it is killed.
        if let Some(pid) = rustix::process::Pid::from_raw(self.master.id().cast_signed()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.master.wait();
    }
}

fn write_folder(folder: &std::path::Path, port: u16) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (uid, gid) = owner();
    let at = folder.display();
    let settings = format!(
        "base_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/log\nprotocols = imap\n\
         listen = 127.0.0.1\nssl = required\nssl_cert = <{at}/certificate.pem\n\
         ssl_key = <{at}/key.pem\nmail_location = maildir:{at}/mail\nmail_uid = {uid}\n\
         mail_gid = {gid}\nfirst_valid_uid = 1\n\
         passdb {{\n  driver = passwd-file\n  args = {at}/users\n}}\n\
         userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={at}/mail\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    port = 0\n  }}\n\
         \x20 inet_listener imaps {{\n    port = {port}\n  }}\n}}\n"
    );
    for name in ["", "run", "state", "mail", "mail/new", "mail/cur", "mail/tmp"] {
        std::fs::create_dir(folder.join(name)).unwrap();
        std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o755)).unwrap();
    }
    for own in ["mail", "mail/new", "mail/cur", "mail/tmp"] {
        chown(folder.join(own), Some(uid), Some(gid)).unwrap();
    }
    for (name, content) in [
        ("dovecot.conf", settings),
        ("users", format!("{USER}:{{PLAIN}}{PASSWORD}::::::\n")),
        ("certificate.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

/// Whose mailboxes are: nobody else of the machine.
fn owner() -> (u32, u32) {
    let id = |flag: &str| {
        let output = Command::new("id").args([flag, "nobody"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().expect("every Linux has a nobody")
    };
    (id("-u"), id("-g"))
}
