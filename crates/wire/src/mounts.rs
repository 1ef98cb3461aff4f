//! Which dialect a request is for: by the prefix of its path, else by the host it names, else the default one.
//! It knows nothing of what the dialects do.

use std::{collections::HashSet, sync::Arc};

use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, Request, Uri, uri::PathAndQuery};
use tower::Service;

use crate::{
    base::{MountedAt, host_of},
    cors::{Cors, Marks},
    refusal::Refusal,
    traffic::{MountTraffic, Traffic},
};

/// One dialect, and where it is reached.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Its name, for settings and logs.
    pub name: &'static str,
    /// Its path prefix such as `/fliplet`, without a trailing slash; empty when it has none.
    pub prefix: &'static str,
    /// Host names, without port, under which it answers at `/`.
    pub hosts: Vec<String>,
    /// Its routes, as if it stood at `/`.
    pub router: Router,
    /// Its cross-origin rules.
    pub cors: &'static Cors,
    /// Largest request body, in bytes.
    pub max_body_bytes: u64,
    /// Says in the dialect's words what is refused before any handler runs.
    pub refuse: fn(Refusal) -> Response,
}

/// Why a set of mounts makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMounts {
    /// A prefix is neither empty nor `/something` without a trailing slash.
    #[error("mount {0} has a malformed prefix")]
    Prefix(&'static str),
    /// Two mounts claim one name, prefix or host.
    #[error("{0:?} is mounted twice")]
    Twice(String),
    /// No mount has the name of the default.
    #[error("there is no mount {0:?} to be the default")]
    Default(String),
    /// The public URL is not `http://…` or `https://…`, or has a query, spaces or quotes.
    #[error("the public url is not a plain http or https url")]
    PublicUrl,
}

/// All mounts of a server.
#[derive(Debug, Clone)]
pub struct Mounts {
    /// Longest prefix first, so that the first that fits is the closest.
    mounts: Vec<Mounted>,
    default: usize,
    public_url: Option<Arc<str>>,
    traffic: Traffic,
}

/// A mount with what its answers carry, made once.
#[derive(Debug, Clone)]
struct Mounted {
    mount: Mount,
    marks: Marks,
    traffic: Arc<MountTraffic>,
}

/// The mount that a request is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) mount: &'a Mount,
    pub(crate) marks: &'a Marks,
    pub(crate) traffic: &'a Arc<MountTraffic>,
    way: Way,
}

impl Mounted {
    fn chosen(&self, way: Way) -> Chosen<'_> {
        Chosen { mount: &self.mount, marks: &self.marks, traffic: &self.traffic, way }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Prefix,
    Host,
    Default,
}

impl Mounts {
    /// Puts mounts together. `default` is the name of the one that gets what no other claims; `public_url` is the address under
    /// which the world reaches this server, for the URLs that [`crate::Base`] makes.
    ///
    /// # Errors
    /// [`BadMounts`] when two mounts claim the same, or the settings are malformed.
    pub fn new(mut mounts: Vec<Mount>, default: &str, public_url: Option<&str>) -> Result<Self, BadMounts> {
        let mut claims = HashSet::new();
        for mount in &mounts {
            if !is_prefix(mount.prefix) {
                return Err(BadMounts::Prefix(mount.name));
            }
            let hosts = mount.hosts.iter().map(|host| host.to_ascii_lowercase());
            let prefix = (!mount.prefix.is_empty()).then(|| mount.prefix.to_owned());
            for claim in hosts.chain(prefix).chain([format!("mount {}", mount.name)]) {
                if !claims.insert(claim.clone()) {
                    return Err(BadMounts::Twice(claim));
                }
            }
        }
        let public_url = public_url.map(|url| url.trim_end_matches('/'));
        if public_url.is_some_and(|url| !is_plain_url(url)) {
            return Err(BadMounts::PublicUrl);
        }
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.prefix.len()));
        let found = mounts.iter().position(|mount| mount.name == default);
        let default = found.ok_or_else(|| BadMounts::Default(default.to_owned()))?;
        let traffic = Traffic::new();
        let mounted = |mount: Mount| Mounted { marks: Marks::of(mount.cors), traffic: traffic.of(mount.name), mount };
        let mounts = mounts.into_iter().map(mounted).collect();
        Ok(Self { mounts, default, public_url: public_url.map(Into::into), traffic })
    }

    /// What is counted of all requests.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The names of all mounts, each with its prefix.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.mounts.iter().map(|mounted| (mounted.mount.name, mounted.mount.prefix))
    }

    /// Finds the mount for a request. An explicit prefix wins over the host.
    pub(crate) fn choose(&self, uri: &Uri, headers: &HeaderMap) -> Chosen<'_> {
        let path = uri.path();
        let by_prefix = self.mounts.iter().find(|Mounted { mount, .. }| {
            !mount.prefix.is_empty()
                && path.strip_prefix(mount.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if let Some(mounted) = by_prefix {
            return mounted.chosen(Way::Prefix);
        }
        let named = host_name(uri, headers);
        let by_host = named.and_then(|named| {
            let is_named =
                |Mounted { mount, .. }: &&Mounted| mount.hosts.iter().any(|host| host.eq_ignore_ascii_case(named));
            self.mounts.iter().find(is_named)
        });
        match by_host {
            Some(mounted) => mounted.chosen(Way::Host),
            None => self.mounts[self.default].chosen(Way::Default),
        }
    }

    /// Hands a request to the mount chosen for it: strips the prefix, leaves word for [`crate::Base`], calls the router.
    pub(crate) async fn call(&self, chosen: Chosen<'_>, mut request: Request<Body>) -> Response {
        if chosen.way == Way::Prefix {
            strip_prefix(request.uri_mut(), chosen.mount.prefix);
        }
        request.extensions_mut().insert(self.mounted_at(chosen));
        match chosen.mount.router.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// A mount reached by its host name is named by its prefix in URLs made of the public URL, because only there it is sure to answer.
    fn mounted_at(&self, chosen: Chosen<'_>) -> MountedAt {
        let prefix = match chosen.way {
            Way::Prefix => chosen.mount.prefix,
            Way::Host if self.public_url.is_some() => chosen.mount.prefix,
            Way::Host | Way::Default => "",
        };
        MountedAt { prefix, public_url: self.public_url.clone() }
    }
}

fn is_prefix(prefix: &str) -> bool {
    let clean = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    prefix.is_empty()
        || (prefix.starts_with('/') && !prefix.ends_with('/') && !prefix.contains("//") && prefix.bytes().all(clean))
}

fn is_plain_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let clean = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&b);
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && rest.bytes().all(clean))
}

/// The name of the host that a request is for, without its port: of the target where it has one (HTTP/2), else of the header.
#[must_use]
pub fn host_name<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    host_of(uri, headers).map(without_port)
}

/// `host:port` → `host`, `[::1]:port` → `[::1]`; also without the dot of a fully qualified name.
fn without_port(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

/// Takes the prefix off the path; exactly the prefix becomes `/`. Scheme, host and query stay.
fn strip_prefix(uri: &mut Uri, prefix: &str) {
    let mut parts = std::mem::take(uri).into_parts();
    if let Some(whole) = &parts.path_and_query {
        let rest = whole.as_str().get(prefix.len()..).unwrap_or_default();
        let stripped = if rest.starts_with('/') {
            PathAndQuery::try_from(rest)
        } else {
            PathAndQuery::try_from(format!("/{rest}"))
        };
        parts.path_and_query = Some(stripped.expect("the end of a valid target is one after a slash"));
    }
    *uri = Uri::from_parts(parts).expect("the parts of a valid target with another path make a valid target");
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn strips_prefixes_and_keeps_the_rest() {
        for (before, after) in [
            ("/f/a/b?c=/f", "/a/b?c=/f"),
            ("/f", "/"),
            ("/f/", "/"),
            ("/f?x=1", "/?x=1"),
            ("http://host:1/f/a%20b", "http://host:1/a%20b"),
            ("/f//evil", "//evil"),
            ("/f/a\"{}?", "/a\"{}?"),
        ] {
            let mut uri: Uri = before.parse().unwrap();
            strip_prefix(&mut uri, "/f");
            assert_eq!(uri.to_string(), after);
        }
    }

    #[test]
    fn reads_host_names() {
        for (host, name) in
            [("a:80", "a"), ("a", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("a.:1", "a"), ("", ""), (":", "")]
        {
            assert_eq!(without_port(host), name, "{host}");
        }
    }

    #[test]
    fn tells_plain_urls() {
        for good in ["http://a", "https://a.b:1/c", "http://[::1]:8080"] {
            assert!(is_plain_url(good), "{good}");
        }
        for bad in ["", "a", "ftp://a", "http://", "http:///a", "http://a b", "http://a?b", "http://a\"", "http://u@a"]
        {
            assert!(!is_plain_url(bad), "{bad}");
        }
    }
}
