//! Proxies in front of the server: whom they say that a request is from. Nobody else is believed.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// Where each proxy notes whom it got the request from, the first leftmost.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// No chain of proxies is longer.
const MAX_HOPS: usize = 32;

/// The networks that trusted proxies are in.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those with these addresses, `10.1.2.3` or `10.0.0.0/8`.
    ///
    /// # Errors
    /// The first that is neither.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, String> {
        let parse = |text: &T| {
            let text = text.as_ref().trim();
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| text.to_owned())
        };
        texts.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whom a request is from that `peer` sends: the last in the chain that is no proxy of ours. What stands before that one may be made up
    /// by whoever likes.
    pub(crate) fn client_of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.0.is_empty() {
            return client;
        }
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().map(|value| value.as_bytes()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.take(MAX_HOPS) {
            if !self.0.iter().any(|network| network.contains(&client)) {
                break;
            }
            // Each by itself: what a client has put before that of a proxy may be no text.
            let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| address_of(hop.trim())) else { break };
            client = address;
        }
        client
    }
}

/// An address as proxies write it: also with a port, IPv6 in brackets then.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|socket: std::net::SocketAddr| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&'static str]) -> String {
        let proxies = Proxies::parse(&["10.0.0.0/8", "2001:db8::1"]).unwrap();
        let headers = lines.iter().map(|line| (X_FORWARDED_FOR, HeaderValue::from_static(line))).collect();
        proxies.client_of(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn trusted_proxies_are_believed_as_far_as_they_go() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.9, 203.0.113.7, 10.2.3.4"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.9", "203.0.113.7", "10.2.3.4"]), "203.0.113.7");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(client("2001:db8::1", &["[2001:db8::7]:4711"]), "2001:db8::7");
        assert_eq!(client("2001:db8::1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["10.0.0.3,10.0.0.2"]), "10.0.0.3");
        let proxies = Proxies::parse(&["10.0.0.1"]).unwrap();
        let spoilt = HeaderValue::from_bytes(b"\xff\xfe, 203.0.113.7").unwrap();
        let headers = [(X_FORWARDED_FOR, spoilt)].into_iter().collect();
        assert_eq!(proxies.client_of("10.0.0.1".parse().unwrap(), &headers).to_string(), "203.0.113.7");
    }

    #[test]
    fn nobody_else_is_believed() {
        assert_eq!(client("203.0.113.7", &["198.51.100.9"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.9, , 10.0.0.2"]), "10.0.0.2");
        assert_eq!(Proxies::parse(&["10.0.0.0/8", "me"]).unwrap_err(), "me");
    }
}
