//! The one text that both sides sign of a request, however it is spelt on the wire. It does not know what is signed with, nor what the
//! parameters mean.
//!
//! Text and meaning are taken from the same decoded pairs, so that nothing can be signed as one thing and read as another.

use std::fmt::Write as _;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_decode_str, percent_encode};

use super::SIGNATURE;

/// What SigV4 escapes: all but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same for a path, whose slashes stay.
const ESCAPED_IN_PATHS: &AsciiSet = &ESCAPED.remove(b'/');

/// A query, decoded. Bytes, since nobody promises UTF-8.
pub(super) struct Pairs(Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    pub(super) fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect())
    }

    pub(super) fn parse(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect(),
        )
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The value of a name that is there once.
    pub(super) fn only(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |(key, _)| key == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// As on the wire, in the order they are in.
    pub(super) fn text(&self) -> String {
        join(self.0.iter().map(escape))
    }

    /// As they are signed: sorted, and without the signature itself.
    pub(super) fn canonical(&self) -> String {
        let mut pairs: Vec<_> = self.0.iter().filter(|(name, _)| name != SIGNATURE.as_bytes()).map(escape).collect();
        pairs.sort_unstable();
        join(pairs)
    }
}

/// A request in the parts that are signed.
pub(super) struct Request<'a> {
    pub(super) method: &'a Method,
    /// Of [`escape_path`].
    pub(super) path: &'a str,
    /// Of [`Pairs::canonical`].
    pub(super) query: &'a str,
    /// Those that are signed, sorted by their names, which are in lower case.
    pub(super) headers: &'a [(&'a str, Vec<u8>)],
    pub(super) payload: &'a [u8],
}

impl Request<'_> {
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = format!("{}\n{}\n{}\n", self.method, self.path, self.query).into_bytes();
        for (name, value) in self.headers {
            text.extend([name.as_bytes(), b":", value, b"\n"].concat());
        }
        let names: Vec<_> = self.headers.iter().map(|(name, _)| *name).collect();
        text.extend([b"\n", names.join(";").as_bytes(), b"\n", self.payload].concat());
        text
    }
}

/// A path, escaped as it is signed. It may be escaped already, in whatever way. Neither `//` nor `..` is taken out: S3's keys may hold
/// both.
pub(super) fn escape_path(path: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(path).collect();
    percent_encode(&bytes, ESCAPED_IN_PATHS).to_string()
}

/// The host of `scheme://host:port` as it is signed: in lower case, and without the port that is the scheme's own.
pub(super) fn signed_host(origin: &str) -> String {
    let (scheme, host) = origin.split_once("://").unwrap_or(("http", origin));
    let port = if scheme.eq_ignore_ascii_case("https") { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase()
}

/// The ways to sign for a `Host`. Which port is the scheme's own is not known behind a proxy; most signers write in lower case.
pub(super) fn signed_hosts(host: &str) -> Vec<String> {
    let bare = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443")).unwrap_or(host);
    let mut hosts: Vec<_> =
        [host, bare].iter().flat_map(|host| [host.to_ascii_lowercase(), (*host).to_owned()]).collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

/// A name or value of a query. A `+` is a space, as in forms: what reads and writes URLs on the way may turn `%20` into one.
fn decode(text: &str) -> Vec<u8> {
    let text: Vec<u8> = text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&text).collect()
}

fn escape((name, value): &(Vec<u8>, Vec<u8>)) -> (String, String) {
    let [name, value] = [name, value].map(|text| percent_encode(text, ESCAPED).to_string());
    (name, value)
}

fn join(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        let and = if text.is_empty() { "" } else { "&" };
        write!(text, "{and}{name}={value}").expect("a string takes all that is written");
    }
    text
}
