//! Where calls to addresses that users name may go: to the public Internet and nowhere near the server. What an address says is checked here;
//! what a name leads to is checked by [`resolver`], at the moment of connecting.

mod networks;
pub(crate) mod resolver;
#[cfg(test)]
pub(crate) mod tests;

use std::net::IpAddr;

use url::{Host, Url};

use crate::Failure;

/// Longest address that is looked at, in bytes.
const MAX_URL_BYTES: usize = 4096;

/// Names that lead back to this machine or to its neighbours by definition, and everything below them.
const LOCAL_NAMES: &[&str] = &["internal", "local", "localhost"];

/// Ports that no web server has: 0 is not one, and on 25 a mail server would take the call's body for commands.
const FORBIDDEN_PORTS: &[u16] = &[0, 25];

/// The rules for addresses. With `allow_private` only what an address looks like is checked, not where it leads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    pub(crate) allow_private: bool,
}

impl Guard {
    /// Reads an address and checks what can be told without a look-up.
    ///
    /// It is read as browsers read it and used as it was read: `0x7f.1`, `2130706433` and full-width digits are numbers by then, because
    /// the HTTP client connects to those without asking the resolver.
    pub(crate) fn read(self, address: &str) -> Result<Url, Failure> {
        if address.len() > MAX_URL_BYTES {
            return Err(refused(format!("the address is longer than {MAX_URL_BYTES} bytes")));
        }
        // The reasons of the parser name no part of the address.
        let url = Url::parse(address).map_err(|reason| refused(format!("not an address: {reason}")))?;
        self.check(&url)?;
        Ok(url)
    }

    /// Checks an address before each request to it, redirects included.
    pub(crate) fn check(self, url: &Url) -> Result<(), Failure> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("only http and https addresses are called"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("the address holds a user name or password"));
        }
        if url.port().is_some_and(|port| FORBIDDEN_PORTS.contains(&port)) {
            return Err(refused("the address has a port that is not called"));
        }
        match url.host() {
            None => Err(refused("the address has no host")),
            Some(Host::Domain(name)) => self.check_name(name),
            Some(Host::Ipv4(ip)) => self.check_ip(ip.into()),
            Some(Host::Ipv6(ip)) => self.check_ip(ip.into()),
        }
    }

    /// Checks where a connection is about to be made to.
    pub(crate) fn check_ip(self, ip: IpAddr) -> Result<(), Failure> {
        match networks::reserved(ip) {
            Some(why) if !self.allow_private => Err(refused(format!("the address is not public ({why})"))),
            _ => Ok(()),
        }
    }

    fn check_name(self, name: &str) -> Result<(), Failure> {
        // `url` has made it lowercase; a name that ends in dots is the same name to the resolver.
        let name = name.trim_end_matches('.');
        if name.is_empty() {
            return Err(refused("the address has no host"));
        }
        let last_label = name.rsplit('.').next().unwrap_or(name);
        if LOCAL_NAMES.contains(&last_label) && !self.allow_private {
            return Err(refused("the address is not public (a local name)"));
        }
        Ok(())
    }
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::Refused(why.into())
}
