//! A private Postfix of Debian's package, at its strictest, delivering into one Maildir.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::servers::RunFolder;

use super::{LEFT_OUT_VARIABLE, answers, free_port, program, wait_for};

/// Everything a server needs that takes mail and delivers it here; nothing can leave the machine.
/// The restrictions refuse what a lenient server would mend or let pass in silence.
const MAIN: &str = "\
compatibility_level = 3.6
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.palm.test
mydestination =
alias_maps =
alias_database =
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
relay_domains =
virtual_mailbox_domains = example.com, example.net, xn--mgbh0fb.example
virtual_mailbox_maps = inline:{
  {@example.com = box/} {@xn--mgbh0fb.example = box/} {lina@example.net = box/}}
virtual_minimum_uid = 1
smtpd_tls_security_level = encrypt
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender
smtpd_recipient_restrictions =
  reject_non_fqdn_recipient, reject_unauth_destination, reject_unlisted_recipient
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_forbid_bare_newline = yes
strict_rfc821_envelopes = yes
strict_mime_encoding_domain = yes
strict_8bitmime_body = yes
";

const SERVICES: &str = "\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
error unix - - n - - error
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

/// A running Postfix; it and its mail are gone when this value goes.
pub struct Postfix {
    port: u16,
    folder: PathBuf,
    master: Child,
    _run: RunFolder,
}

impl Postfix {
    /// Starts a server in a folder of its own, with a certificate of its own.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same with further lines of main.cf, which win.
    pub async fn start_with(more: &str) -> Self {
        let postfix = program("postfix", "postfix");
        assert!(
            rustix::process::getuid().is_root(),
            "Postfix starts as root only: run this test as root, or leave it out with \
             {LEFT_OUT_VARIABLE}=postfix"
        );
        let run = RunFolder::create();
        let (folder, port) = (run.path().join("postfix"), free_port());
        write_folder(&folder, port, more);
        let settings = folder.join("settings");
        // Makes the queue's folders, and finds fault with the settings.
        let check = Command::new(postfix).arg("-c").arg(&settings).arg("check").output().unwrap();
        assert!(
            check.status.success(),
            "postfix check: {}",
            String::from_utf8_lossy(&check.stderr)
        );
        let programs = Command::new(program("postfix", "postconf"))
            .args(["-d", "-h", "daemon_directory"])
            .output();
        let programs = String::from_utf8(programs.unwrap().stdout).unwrap();
        // The master itself, in the foreground: `postfix start` would leave it behind. It makes
        // itself the head of a process group.
        let master = Command::new(Path::new(programs.trim()).join("master"))
            .arg("-c")
            .arg(&settings)
            .arg("-s")
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { port, folder, master, _run: run };
        wait_for("Postfix", || server.log(), async || answers(port).await).await;
        server
    }

    /// Where to hand mail in: STARTTLS required, with this server's own certificate.
    pub fn url(&self) -> String {
        let certificate = self.folder.join("certificate.pem");
        format!("smtp://127.0.0.1:{}?starttls=required&ca={}", self.port, certificate.display())
    }

    /// Where it takes mail.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the server wrote down.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// How often somebody has connected, the wait for the start left out.
    pub fn connections(&self) -> usize {
        self.log().matches(": connect from ").count().saturating_sub(1)
    }

    /// Waits until so many messages are delivered, and returns their files.
    pub async fn delivered(&self, count: usize) -> Vec<PathBuf> {
        let box_of_all = self.folder.join("mail/box/new");
        wait_for(
            "a delivered message",
            || self.log(),
            async || {
                let files = std::fs::read_dir(&box_of_all).into_iter().flatten().flatten();
                let files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
                (files.len() >= count).then_some(files)
            },
        )
        .await
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = self.master.kill();
        let _ = self.master.wait();
        // Its children see the master's pipe close and end; whoever does not goes with the folder.
    }
}

fn write_folder(folder: &Path, port: u16, more: &str) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (uid, gid) = (id("-u"), id("-g"));
    let at = folder.display();
    let main = format!(
        "{MAIN}queue_directory = {at}/queue\ndata_directory = {at}/data\n\
         maillog_file = {at}/log\nmaillog_file_prefixes = {at}\n\
         virtual_mailbox_base = {at}/mail\nvirtual_uid_maps = static:{uid}\n\
         virtual_gid_maps = static:{gid}\n\
         smtpd_tls_cert_file = {at}/certificate.pem\nsmtpd_tls_key_file = {at}/key.pem\n{more}"
    );
    let services = format!("127.0.0.1:{port} inet n - n - - smtpd\n{SERVICES}");
    for name in ["", "settings", "queue", "data", "mail"] {
        std::fs::create_dir(folder.join(name)).unwrap();
        // Root's umask may be tighter than Postfix likes.
        std::fs::set_permissions(folder.join(name), Permissions::from_mode(0o755)).unwrap();
    }
    for own in ["data", "mail"] {
        chown(folder.join(own), Some(uid), Some(gid)).unwrap();
    }
    for (name, content) in [
        ("settings/main.cf", main),
        ("settings/master.cf", services),
        ("certificate.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

/// A number of the user the package made.
fn id(flag: &str) -> u32 {
    let output = Command::new("id").args([flag, "postfix"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim().parse().expect("the package postfix makes a user of that name")
}
