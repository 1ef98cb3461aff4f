//! One bad text in each place of each request, one at a time: where an engine does not take it, somebody has to look before.

use serde_json::Value;

use super::{bend::Attack, bodies};
use crate::support::Ask;

/// In paths and queries, and in JSON. PostgreSQL takes no NUL, in no text.
const BAD: [(&str, &str); 3] =
    [("a%00b", "a\0b"), ("9223372036854775808", "9223372036854775808"), ("%F4%8F%BF%BF", "\u{10ffff}")];

pub fn attacks(aims: &[Ask]) -> Vec<Attack> {
    let mut attacks = Vec::new();
    for ask in aims {
        for (escaped, plain) in BAD {
            let target = String::from_utf8_lossy(&ask.target).into_owned();
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let parts: Vec<&str> = path.split('/').collect();
            for at in 2..parts.len() {
                let mut parts = parts.clone();
                parts[at] = escaped;
                attacks.push(with_target(ask, format!("{}?{query}", parts.join("/"))));
            }
            let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
            for at in 0..pairs.len() {
                let changed = format!("{}={escaped}", pairs[at].split('=').next().unwrap_or_default());
                let mut pairs = pairs.clone();
                pairs[at] = &changed;
                attacks.push(with_target(ask, format!("{path}?{}", pairs.join("&"))));
            }
            let body = ask.body.as_ref().and_then(|body| serde_json::from_slice::<Value>(body).ok());
            for at in 1..body.as_ref().map_or(0, bodies::count) {
                let (mut value, mut place) = (body.clone().unwrap_or_default(), at);
                bodies::put_at(&mut value, &mut place, plain);
                attacks.push(Attack::sound(Ask { body: Some(value.to_string().into_bytes()), ..ask.clone() }));
            }
        }
    }
    attacks
}

fn with_target(ask: &Ask, target: String) -> Attack {
    Attack::sound(Ask { target: target.into_bytes(), ..ask.clone() })
}
