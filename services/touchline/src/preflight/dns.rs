//! Asking the DNS, and telling "there is no such record" from "nobody answered".

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::Context as _;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{IntoName, RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};

/// How long a server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often a question is asked before nobody has answered it.
const ATTEMPTS: usize = 2;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    /// These.
    Found(T),
    /// The name, or such a record of it, does not exist.
    Nothing,
    /// Nobody said whether it does, and why.
    Silence(String),
}

/// Where questions go.
#[derive(Debug)]
pub struct Dns(TokioResolver);

impl Dns {
    /// The name servers of this machine.
    ///
    /// # Errors
    /// When the machine's settings name none.
    pub fn of_machine() -> anyhow::Result<Self> {
        let builder = TokioResolver::builder_tokio()
            .context("cannot read the machine's name servers; name one with --server")?;
        Self::build(builder)
    }

    /// One name server.
    ///
    /// # Errors
    /// When no resolver can be made for it.
    pub fn at(server: SocketAddr) -> anyhow::Result<Self> {
        let with_port = |mut connection: ConnectionConfig| {
            connection.port = server.port();
            connection
        };
        let connections =
            vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
        let server = NameServerConfig::new(server.ip(), true, connections);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let provider = TokioRuntimeProvider::default();
        Self::build(TokioResolver::builder_with_config(config, provider))
    }

    fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> anyhow::Result<Self> {
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = PATIENCE;
        options.attempts = ATTEMPTS;
        options.use_hosts_file = ResolveHosts::Never;
        options.edns0 = true;
        Ok(Self(builder.build().context("cannot prepare DNS look-ups")?))
    }

    /// The texts at a name, the strings of each joined (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
    pub async fn texts(&self, name: &str) -> Answer<Vec<String>> {
        self.records(absolute(name), RecordType::TXT, |data| match data {
            RData::TXT(text) => {
                let bytes = text.txt_data.concat();
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        })
        .await
    }

    /// The addresses of a host, of both kinds.
    pub async fn addresses(&self, name: &str) -> Answer<Vec<IpAddr>> {
        let address = |data: &RData| match data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        let (v4, v6) = tokio::join!(
            self.records(absolute(name), RecordType::A, address),
            self.records(absolute(name), RecordType::AAAA, address)
        );
        match (v4, v6) {
            (Answer::Found(mut all), Answer::Found(more)) => {
                all.extend(more);
                Answer::Found(all)
            }
            (Answer::Silence(why), _) | (_, Answer::Silence(why)) => Answer::Silence(why),
            (Answer::Found(all), Answer::Nothing) | (Answer::Nothing, Answer::Found(all)) => {
                Answer::Found(all)
            }
            (Answer::Nothing, Answer::Nothing) => Answer::Nothing,
        }
    }

    /// The hosts that take a domain's mail, the preferred ones first; "" stands for "none" (RFC 7505).
    pub async fn exchangers(&self, name: &str) -> Answer<Vec<String>> {
        let found = self
            .records(absolute(name), RecordType::MX, |data| match data {
                RData::MX(mx) => Some((mx.preference, host(&mx.exchange.to_string()))),
                _ => None,
            })
            .await;
        match found {
            Answer::Found(mut hosts) => {
                hosts.sort();
                Answer::Found(hosts.into_iter().map(|(_, host)| host).collect())
            }
            Answer::Nothing => Answer::Nothing,
            Answer::Silence(why) => Answer::Silence(why),
        }
    }

    /// The names of an address.
    pub async fn names(&self, address: IpAddr) -> Answer<Vec<String>> {
        self.records(address, RecordType::PTR, |data| match data {
            RData::PTR(name) => Some(host(&name.0.to_string())),
            _ => None,
        })
        .await
    }

    async fn records<T>(
        &self,
        name: impl IntoName,
        kind: RecordType,
        of: impl Fn(&RData) -> Option<T>,
    ) -> Answer<Vec<T>> {
        match self.0.lookup(name, kind).await {
            Ok(lookup) => {
                let found: Vec<T> =
                    lookup.answers().iter().filter_map(|record| of(&record.data)).collect();
                if found.is_empty() { Answer::Nothing } else { Answer::Found(found) }
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => match none.response_code {
                ResponseCode::NoError | ResponseCode::NXDomain => Answer::Nothing,
                code => Answer::Silence(format!("the name server answers \"{code}\"")),
            },
            Err(NetError::Dns(DnsError::ResponseCode(code))) => {
                Answer::Silence(format!("the name server answers \"{code}\""))
            }
            Err(NetError::Timeout) => Answer::Silence("the name server does not answer".to_owned()),
            Err(error) => Answer::Silence(format!("the name server cannot be asked: {error}")),
        }
    }
}

/// The name with its final dot, so that no search list of the machine is tried.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

fn host(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}
