//! A way to the database that can be cut, or made to swallow everything.

use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// How the way behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Everything passes.
    Open,
    /// Connections are closed, new ones at once.
    Cut,
    /// Nothing passes and nothing is closed. A connection that was swallowed stays dead.
    Silent,
}

/// A unix socket that leads to PostgreSQL's.
pub struct Proxy {
    folder: tempfile::TempDir,
    host: String,
    url: String,
    way: watch::Sender<Way>,
}

impl Proxy {
    /// A proxy before the server that `url` names.
    pub fn start(url: &str, way: Way) -> Self {
        let (_, host) = url.split_once("host=").expect("tests reach PostgreSQL by a unix socket");
        let host = host.split('&').next().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(socket(folder.path())).unwrap();
        let target = socket(Path::new(&host));
        let (way, ways) = watch::channel(way);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, target.clone(), ways.clone()));
            }
        });
        Self { folder, host, url: url.to_owned(), way }
    }

    /// Where to connect to take this way.
    pub fn url(&self) -> String {
        self.url.replace(&self.host, self.folder.path().to_str().unwrap())
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

async fn pass(mut near: UnixStream, target: PathBuf, mut ways: watch::Receiver<Way>) {
    let way = *ways.borrow_and_update();
    if way == Way::Open {
        let mut far = UnixStream::connect(target).await.unwrap();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
            _ = ways.changed() => {}
        }
    }
    if *ways.borrow_and_update() == Way::Silent {
        // Held open until the test ends.
        std::future::pending::<()>().await;
    }
}
