//! What is a URL or a mail address, by the patterns of Django's validators.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

const SCHEMES: [&str; 4] = ["http", "https", "ftp", "ftps"];
/// Lengths in characters.
const MAX_URL_LENGTH: usize = 2048;
const MAX_EMAIL_LENGTH: usize = 320;
const MAX_HOST_LENGTH: usize = 253;
const MAX_LABEL_LENGTH: usize = 63;

/// Characters that another system may take for the marks between the parts of a URL: they become such when they are normalised.
const MARKS_IN_DISGUISE: [char; 19] = [
    '\u{2047}', '\u{2048}', '\u{2049}', '\u{2100}', '\u{2101}', '\u{2105}', '\u{2106}', '\u{2a74}', '\u{fe13}',
    '\u{fe16}', '\u{fe55}', '\u{fe56}', '\u{fe5f}', '\u{fe6b}', '\u{ff03}', '\u{ff0f}', '\u{ff1a}', '\u{ff1f}',
    '\u{ff20}',
];

pub(super) fn is_url(text: &str) -> bool {
    let is_short = text.chars().count() <= MAX_URL_LENGTH;
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    if !is_short || !SCHEMES.contains(&scheme.to_lowercase().as_str()) || text.contains(is_space) {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let has_odd_brackets = authority.contains('[') != authority.contains(']');
    if has_odd_brackets || authority.contains(MARKS_IN_DISGUISE) {
        return false;
    }
    // `user:password@` may hold marks that end a host. Where it does, the host would be another one, and so would its length.
    let with_user =
        rest.split_once('@').filter(|(user, _)| is_user(user)).is_some_and(|(_, rest)| begins_with_host(rest));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let name = if host.starts_with('[') { host } else { host.split(':').next().unwrap_or_default() };
    (with_user || begins_with_host(rest)) && (1..=MAX_HOST_LENGTH).contains(&name.chars().count())
}

pub(super) fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    let is_host = || {
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        host == "localhost"
            || is_domain(host)
            || literal.is_some_and(|ip| Ipv4Addr::from_str(ip).is_ok() || Ipv6Addr::from_str(ip).is_ok())
    };
    text.chars().count() <= MAX_EMAIL_LENGTH && (is_dotted(user) || is_quoted(user)) && is_host()
}

fn is_space(c: char) -> bool {
    super::digits::is_space(c)
}

/// `user` or `user:password`.
fn is_user(text: &str) -> bool {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    !user.is_empty() && !user.contains('/') && !password.contains([':', '/'])
}

/// A host and perhaps a port, up to the path or the end.
fn begins_with_host(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    if let Some(inner) = host.strip_prefix('[') {
        return inner.split_once(']').is_some_and(|(ip, port)| Ipv6Addr::from_str(ip).is_ok() && is_port(port));
    }
    let (host, port) = host.find(':').map_or((host, ""), |colon| host.split_at(colon));
    is_port(port)
        && (host.eq_ignore_ascii_case("localhost")
            || Ipv4Addr::from_str(host).is_ok()
            || is_domain(host.strip_suffix('.').unwrap_or(host)))
}

/// Nothing, or a colon and up to five digits.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// At least two labels, of which the last has no digits unless it is in Punycode.
fn is_domain(host: &str) -> bool {
    let Some((labels, last)) = host.rsplit_once('.') else { return false };
    let is_label = |label: &str| {
        (1..=MAX_LABEL_LENGTH).contains(&label.chars().count())
            && label.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_last = || {
        let lower = last.to_ascii_lowercase();
        let puny = lower
            .strip_prefix("xn--")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        puny || (last.chars().count() >= 2 && !last.contains(|c: char| c.is_ascii_digit()))
    };
    labels.split('.').all(is_label) && is_label(last) && is_last()
}

const fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '\u{a1}'..='\u{ffff}')
}

fn is_dotted(user: &str) -> bool {
    // Four letters are those of the alphabet in another case.
    let is_atom = |c: char| {
        c.is_ascii_alphanumeric()
            || "-!#$%&'*+/=?^_`{}|~".contains(c)
            || matches!(c, '\u{130}' | '\u{131}' | '\u{17f}' | '\u{212a}')
    };
    user.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn is_quoted(user: &str) -> bool {
    let Some(inner) = user.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let fits = match c {
            '\\' => matches!(chars.next(), Some('\x01'..='\t' | '\x0b' | '\x0c' | '\x0e'..='\x7f')),
            _ => matches!(c, '\x01'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '!' | '#'..='[' | ']'..='\x7f'),
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn draws_the_line_where_django_does() {
        let words: Value = serde_json::from_str(include_str!("../../tests_data/words.json")).unwrap();
        for (key, check) in [("urls", is_url as fn(&str) -> bool), ("emails", is_email)] {
            for pair in words[key].as_array().unwrap() {
                let text = pair[0].as_str().unwrap();
                assert_eq!(check(text), pair[1].as_bool().unwrap(), "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(http://)?[a-z@:/?#.\\[\\]\"\\\\é🦀 -]{0,30}") {
            is_url(&text);
            is_email(&text);
        }
    }
}
