//! A scanner as a URL names it: who speaks, how, and where.

use std::{os::unix::net::SocketAddr, path::PathBuf};

use url::Url;

use crate::{failure::BadConfig, icap::Service};

const CLAMD_PORT: u16 = 3310;
const ICAP_PORT: u16 = 1344;

/// Where a scanner listens and what it speaks.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) endpoint: Endpoint,
    pub(crate) protocol: Protocol,
}

/// What a connection is made to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A name or an address (IPv6 without its brackets), and a port.
    Tcp(String, u16),
    /// The path of a socket.
    Unix(PathBuf),
}

/// What is spoken there.
#[derive(Debug, Clone)]
pub(crate) enum Protocol {
    Clamd,
    Icap(Service),
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it, quoting nothing of it: somebody may have put a password there.
    pub(crate) fn read(text: &str) -> Result<Self, BadConfig> {
        if let Some(path) = text.strip_prefix("clamd://").filter(|rest| rest.starts_with('/')) {
            return Ok(Self { endpoint: socket(path)?, protocol: Protocol::Clamd });
        }
        let url = Url::parse(text).map_err(|reason| bad(format!("is not usable: {reason}")))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(bad("has a user name, a password or a #, and there is no use for these"));
        }
        match url.scheme() {
            "clamd" => {
                if !matches!(url.path(), "" | "/") || url.query().is_some() {
                    return Err(bad("has something behind host and port"));
                }
                Ok(Self { endpoint: tcp(&url, CLAMD_PORT)?, protocol: Protocol::Clamd })
            }
            "icap" => {
                if url.path().trim_matches('/').is_empty() {
                    return Err(bad("names no service: icap://host:port/service"));
                }
                let endpoint = tcp(&url, ICAP_PORT)?;
                Ok(Self { endpoint, protocol: Protocol::Icap(Service::new(&url)) })
            }
            "icaps" => Err(bad("is icaps://; TLS is not spoken here, a tunnel has to do it")),
            _ => Err(bad("is neither clamd:// nor icap://")),
        }
    }
}

fn tcp(url: &Url, usual_port: u16) -> Result<Endpoint, BadConfig> {
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("has no host"))?;
    let port = url.port().unwrap_or(usual_port);
    if port == 0 {
        return Err(bad("has port 0"));
    }
    Ok(Endpoint::Tcp(host.trim_start_matches('[').trim_end_matches(']').to_owned(), port))
}

fn socket(path: &str) -> Result<Endpoint, BadConfig> {
    // The system takes about a hundred bytes and no NUL; better said now than at every scan.
    SocketAddr::from_pathname(path)
        .map_err(|reason| bad(format!("has a path that can not be a socket's: {reason}")))?;
    Ok(Endpoint::Unix(path.into()))
}

fn bad(what: impl AsRef<str>) -> BadConfig {
    BadConfig(format!("the URL of the virus scanner {}", what.as_ref()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, endpoint) in [
            ("clamd://127.0.0.1:3311", Endpoint::Tcp("127.0.0.1".to_owned(), 3311)),
            ("clamd://scanner.example", Endpoint::Tcp("scanner.example".to_owned(), 3310)),
            ("clamd://[::1]/", Endpoint::Tcp("::1".to_owned(), 3310)),
            ("clamd:///run/clamav/clamd.ctl", Endpoint::Unix("/run/clamav/clamd.ctl".into())),
            ("clamd:///a b/../%41?#", Endpoint::Unix("/a b/../%41?#".into())),
            ("icap://scanner.example/avscan", Endpoint::Tcp("scanner.example".to_owned(), 1344)),
            ("icap://[::1]:1345/a/b?c=d", Endpoint::Tcp("::1".to_owned(), 1345)),
        ] {
            let address = Address::read(url).unwrap();
            assert_eq!(address.endpoint, endpoint, "{url}");
            assert_eq!(matches!(address.protocol, Protocol::Icap(_)), url.starts_with("icap"), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_quoting_it() {
        let long = format!("clamd:///hunter2{}", "x".repeat(120));
        for url in [
            "",
            "hunter2",
            "clamd:hunter2",
            "clamd://",
            "clamd://:3310",
            "clamd://hunter2:0",
            "clamd://hunter2:99999",
            "clamd://hunter2:3310/socket",
            "clamd://host:3310?hunter2",
            "clamd://u:hunter2@host",
            "clamd://host#hunter2",
            "clamd:///hunter2\0",
            &long,
            "http://hunter2",
            "icap://hunter2",
            "icap://hunter2/",
            "icap:///hunter2",
            "icap://u:hunter2@host/service",
            "icap://host hunter2/service",
            "icaps://hunter2/service",
        ] {
            let error = Address::read(url).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
