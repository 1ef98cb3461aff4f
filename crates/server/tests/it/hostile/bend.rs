//! One thing of a request bent, or two or three: its path, its query, its headers, its body, its method, who asks, or the bytes
//! themselves.

use super::{bodies, words};
use crate::{crash::dice::Dice, support::Ask};

/// A request, and whether it is one.
pub struct Attack {
    pub ask: Ask,
    /// What goes over the wire where that is no whole request any more.
    spoiled: Option<Vec<u8>>,
}

const CREDENTIALS: [&str; 3] = ["authorization", "auth-token", "x-api-key"];

impl Attack {
    pub const fn sound(ask: Ask) -> Self {
        Self { ask, spoiled: None }
    }

    /// Whether it is a request as HTTP has them.
    pub fn is_sound(&self) -> bool {
        self.spoiled.is_none()
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.spoiled.clone().unwrap_or_else(|| self.ask.bytes_to_stay())
    }
}

/// Something to ask for, bent.
pub fn bend(aims: &[Ask], dice: &mut Dice) -> Attack {
    let mut ask = aim(aims, dice).clone();
    if dice.happens(4) {
        ask.target = word(words::BESIDE, dice).as_bytes().to_vec();
    }
    let times = match dice.roll(20) {
        0 => 0,
        1..13 => 1,
        13..17 => 2,
        _ => 3,
    };
    for _ in 0..times {
        bend_once(&mut ask, aims, dice);
    }
    // What is no request, whatever hyper is told.
    let is_odd = ask.method == "CONNECT" || !ask.target.starts_with(b"/");
    let spoiled = (is_odd || dice.happens(4)).then(|| if is_odd { ask.bytes() } else { spoil(&ask, dice) });
    Attack { ask, spoiled }
}

/// What is removed can not be asked for by the next: few remove something that is there.
fn aim<'a>(aims: &'a [Ask], dice: &mut Dice) -> &'a Ask {
    let pick = |dice: &mut Dice| &aims[place(aims.len(), dice)];
    let first = pick(dice);
    if first.method == "DELETE" && dice.happens(80) { pick(dice) } else { first }
}

fn bend_once(ask: &mut Ask, aims: &[Ask], dice: &mut Dice) {
    let takes_body = ask.body.is_some() || matches!(ask.method.as_str(), "POST" | "PUT" | "PATCH");
    match dice.roll(100) {
        0..18 => bend_path(ask, dice),
        18..40 => bend_query(ask, dice),
        40..54 => bend_headers(ask, dice),
        54..60 => ask.method = one_of(words::METHODS, dice).to_owned(),
        60..68 => bend_caller(ask, aims, dice),
        _ if takes_body => bodies::bend(ask, dice),
        _ => bend_query(ask, dice),
    }
}

fn bend_path(ask: &mut Ask, dice: &mut Dice) {
    let target = String::from_utf8_lossy(&ask.target).into_owned();
    let (path, query) = target.split_once('?').map_or((target.as_str(), None), |(path, query)| (path, Some(query)));
    let mut parts: Vec<String> = path.split('/').skip(1).map(str::to_owned).collect();
    let numbers: Vec<usize> =
        (0..parts.len()).filter(|at| parts[*at].bytes().any(|byte| byte.is_ascii_digit())).collect();
    // An id, mostly; never the mount.
    let at =
        if dice.happens(75) { dice.pick(&numbers) } else { None }.unwrap_or_else(|| place(parts.len(), dice)).max(1);
    let hostile = match dice.roll(20) {
        0 => "a".repeat(place(300, dice) + 1),
        1 => "a".repeat(5_000),
        2 => "%F0%9F%92%A9".repeat(100),
        _ => word(words::SEGMENTS, dice).to_owned(),
    };
    match dice.roll(10) {
        0 if at < parts.len() => drop(parts.remove(at)),
        1 => parts.insert(at.min(parts.len()), hostile),
        2 if at < parts.len() => parts[at].push_str(&hostile),
        _ if at < parts.len() => parts[at] = hostile,
        _ => parts.push(hostile),
    }
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    ask.target = escaped(&format!("/{}{query}", parts.join("/")));
}

fn bend_query(ask: &mut Ask, dice: &mut Dice) {
    let target = String::from_utf8_lossy(&ask.target).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut pairs: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(str::to_owned).collect();
    let value = || -> fn(&mut Dice) -> String { hostile_value };
    match dice.roll(10) {
        0..4 if !pairs.is_empty() => {
            let at = place(pairs.len(), dice);
            let name = pairs[at].split('=').next().unwrap_or_default().to_owned();
            pairs[at] = format!("{name}={}", value()(dice));
        }
        4 if !pairs.is_empty() => drop(pairs.remove(place(pairs.len(), dice))),
        5 if !pairs.is_empty() => {
            let twice = pairs[place(pairs.len(), dice)].clone();
            pairs.push(twice);
        }
        6 if !pairs.is_empty() => {
            let at = place(pairs.len(), dice);
            let name = pairs[at].split('=').next().unwrap_or_default().to_owned();
            pairs[at] = format!("{name}{}={}", one_of(&["[]", "[0]", "[a][b]", "[", "%5B%5D"], dice), value()(dice));
        }
        7 => pairs.push(value()(dice)),
        _ => {
            for _ in 0..=dice.roll(3) {
                pairs.push(format!("{}={}", word(words::NAMES, dice), value()(dice)));
            }
        }
    }
    ask.target = escaped(&format!("{path}?{}", pairs.join("&")));
}

/// A value as queries and forms have it.
pub fn hostile_value(dice: &mut Dice) -> String {
    match dice.roll(40) {
        0 => "9".repeat(place(400, dice) + 1),
        1 => "a,".repeat(place(2_000, dice)),
        2 => "x".repeat(9_000),
        3 => word(words::SEGMENTS, dice).to_owned(),
        _ => word(words::VALUES, dice).to_owned(),
    }
}

fn bend_headers(ask: &mut Ask, dice: &mut Dice) {
    match dice.roll(30) {
        0 => ask.headers.extend((0..150).map(|at| (format!("X-Header-{at}"), b"x".to_vec()))),
        1 => ask.headers.push(("X-Long".to_owned(), vec![b'x'; 40_000])),
        2 => {
            let host =
                one_of(&["", "evil.example", "[::1", "a b", "\u{e4}", "fliplet.localhost", "x.y:99999", "a,b"], dice);
            ask.headers.push(("Host".to_owned(), host.as_bytes().to_vec()));
        }
        _ => {
            let (name, value) = words::HEADERS[place(words::HEADERS.len(), dice)];
            if name == "Content-Type" || dice.happens(50) {
                ask.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            }
            ask.headers.push((name.to_owned(), value.to_vec()));
        }
    }
}

/// Somebody else asks, or nobody, or by a key that is not whole.
fn bend_caller(ask: &mut Ask, aims: &[Ask], dice: &mut Dice) {
    let is_key = |name: &str| CREDENTIALS.iter().any(|known| known.eq_ignore_ascii_case(name));
    match dice.roll(4) {
        0 => ask.headers.retain(|(name, _)| !is_key(name)),
        1 => {
            let other = &aims[place(aims.len(), dice)];
            ask.headers.retain(|(name, _)| !is_key(name));
            ask.headers.extend(other.headers.iter().filter(|(name, _)| is_key(name)).cloned());
        }
        _ => {
            for (_, value) in ask.headers.iter_mut().filter(|(name, _)| is_key(name)) {
                let at = place(value.len(), dice);
                match dice.roll(3) {
                    0 => value.truncate(at),
                    1 if at < value.len() => value[at] ^= 1,
                    _ => value.insert(at, b'.'),
                }
                value.retain(|byte| *byte >= b' ');
            }
        }
    }
}

/// Bytes that are no request, or not one alone.
fn spoil(ask: &Ask, dice: &mut Dice) -> Vec<u8> {
    let mut bytes = ask.bytes();
    let at = place(bytes.len(), dice);
    let lie = |headers: &str| {
        let mut lying = ask.clone();
        let (name, value) = headers.split_once(": ").unwrap();
        lying.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        lying.bytes()
    };
    match dice.roll(10) {
        0 => bytes.truncate(at),
        1 => bytes[at] ^= 1 << dice.roll(8),
        2 => bytes.insert(at, one_of(&["\0", "\r", "\n", " ", "\t", ":", "\u{7f}"], dice).as_bytes()[0]),
        3 => drop(bytes.splice(at..at, b"\r\n\r\n".iter().copied())),
        4 => bytes.extend(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
        5 => return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        6 => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let version = one_of(
                &[" HTTP/1.0\r\n", " HTTP/0.9\r\n", " HTTP/2.0\r\n", " HTTP/9\r\n", "\r\n", "  HTTP/1.1\r\n"],
                dice,
            );
            return text.replacen(" HTTP/1.1\r\n", version, 1).into_bytes();
        }
        7 => {
            return lie(one_of(
                &["Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked"],
                dice,
            ));
        }
        _ => {
            let lies = ["99999", "5", "-1", "+5", "0x5", "5, 5", "18446744073709551616", "", "1e3"];
            return lie(&format!("Content-Length: {}", one_of(&lies, dice)));
        }
    }
    bytes
}

/// What would end the target is escaped; all else stays as it is.
fn escaped(target: &str) -> Vec<u8> {
    target.replace(' ', "%20").replace('\\', "%5C").replace('\r', "%0D").into_bytes()
}

pub fn one_of<'a>(from: &[&'a str], dice: &mut Dice) -> &'a str {
    from[place(from.len(), dice)]
}

/// A word of those in a text.
pub fn word<'a>(text: &'a str, dice: &mut Dice) -> &'a str {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    one_of(&words, dice)
}

/// One of so many places; the first where there is none.
pub fn place(count: usize, dice: &mut Dice) -> usize {
    usize::try_from(dice.roll(count.max(1) as u64)).unwrap()
}
