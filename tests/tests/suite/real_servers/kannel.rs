//! A private Kannel of Debian's package, connected to a message centre of the test.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::servers::RunFolder;

use super::message_centre::MessageCentre;
use super::{answers, free_port, program, wait_for};

/// A running bearerbox and smsbox; they are gone when this value goes.
pub struct Kannel {
    port: u16,
    boxes: Vec<Child>,
    _run: RunFolder,
}

impl Kannel {
    /// The account that may send texts.
    pub const USER: (&str, &str) = ("touchline", "s3cret&+");

    /// Starts both boxes in a folder of their own and waits until the message centre has them.
    pub async fn start(centre: &MessageCentre) -> Self {
        let (bearerbox, smsbox) = (program("kannel", "bearerbox"), program("kannel", "smsbox"));
        let run = RunFolder::create();
        let folder = run.path().join("kannel");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
        let (boxes_port, port) = (free_port(), free_port());
        let settings = settings(centre.port(), boxes_port, port);
        std::fs::write(folder.join("kannel.conf"), settings).unwrap();
        let mut kannel = Self { port, boxes: vec![start(&bearerbox, &folder)], _run: run };
        let log = || logs(&folder);
        wait_for("bearerbox", log, async || answers(boxes_port).await).await;
        kannel.boxes.push(start(&smsbox, &folder));
        wait_for("smsbox", log, async || answers(port).await).await;
        wait_for("Kannel at the message centre", log, async || centre.is_bound().then_some(()))
            .await;
        kannel
    }

    /// Where texts are handed in.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        for child in self.boxes.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn start(program: &Path, folder: &Path) -> Child {
    let name = program.file_name().unwrap().to_string_lossy();
    let log = File::create(folder.join(format!("{name}.log"))).unwrap();
    Command::new(program)
        .args(["-v", "1", "kannel.conf"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap()
}

fn logs(folder: &Path) -> String {
    let read = |name: &str| std::fs::read_to_string(folder.join(PathBuf::from(name)));
    ["bearerbox.log", "smsbox.log"].map(|name| read(name).unwrap_or_default()).concat()
}

/// As an installation has it: alphanumeric senders are known as such, and long texts leave in
/// parts that the phone joins.
fn settings(centre: u16, boxes: u16, port: u16) -> String {
    let (user, password) = Kannel::USER;
    let admin = free_port();
    format!(
        "group = core\nadmin-port = {admin}\nadmin-interface = 127.0.0.1\n\
         admin-password = unused\nsmsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\n\n\
         group = smsc\nsmsc = smpp\nsmsc-id = centre\nhost = 127.0.0.1\nport = {centre}\n\
         transceiver-mode = true\nsmsc-username = kannel\nsmsc-password = kannel\n\
         system-type = \"\"\nsource-addr-autodetect = true\nreconnect-delay = 1\n\n\
         group = smsbox\nbearerbox-host = 127.0.0.1\nbearerbox-port = {boxes}\n\
         sendsms-port = {port}\nsendsms-interface = 127.0.0.1\n\n\
         group = sendsms-user\nusername = {user}\npassword = {password}\n\
         max-messages = 10\nconcatenation = true\n"
    )
}
