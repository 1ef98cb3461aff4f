//! Reads `a@b` and `Name <a@b>`, and takes less than mail allows: the library's own reader skips what follows an address.

use lettre::{Address, message::Mailbox};
use url::Host;

/// Longest address, in bytes (RFC 5321 by its errata).
const MAX_ADDRESS_BYTES: usize = 254;

/// Longest name, in characters. Longer ones are cut.
const MAX_NAME: usize = 100;

/// Reads one mailbox. The error goes on after "the recipient" or the like.
pub(crate) fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    if text.chars().any(breaks_lines) {
        return Err("holds control characters");
    }
    let text = text.trim();
    let Some(text) = text.strip_suffix('>') else {
        return Ok(Mailbox::new(None, address(text)?));
    };
    let (name, inside) = text.rsplit_once('<').ok_or("has unbalanced brackets")?;
    if name.contains(['<', '>']) {
        return Err("has unbalanced brackets");
    }
    Ok(Mailbox::new(display_name(name), address(inside)?))
}

/// Whether a character ends a line somewhere, or does worse.
pub(crate) fn breaks_lines(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn display_name(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).trim();
    (!text.is_empty()).then(|| text.chars().take(MAX_NAME).collect())
}

/// An address with its domain in ASCII, so that only names before the @ need a mail server that knows other scripts.
fn address(text: &str) -> Result<Address, &'static str> {
    const NOT_ONE: &str = "is not a mail address";
    // Quoted names may hold nearly anything, and nobody has one.
    if text.chars().any(|c| c.is_whitespace() || "\"(),:;<>[\\]".contains(c)) {
        return Err(NOT_ONE);
    }
    let (user, domain) = text.rsplit_once('@').ok_or(NOT_ONE)?;
    if domain.contains('%') {
        return Err(NOT_ONE);
    }
    // An IP address would lead the operator's mail server to any machine of the operator's network.
    let Ok(Host::Domain(domain)) = Host::parse(domain) else {
        return Err(NOT_ONE);
    };
    if user.len() + 1 + domain.len() > MAX_ADDRESS_BYTES {
        return Err("is longer than a mail address may be");
    }
    Address::new(user, domain).map_err(|_| NOT_ONE)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn mailboxes_are_read() {
        for (text, name, email) in [
            ("a@b.example", None, "a@b.example"),
            (" a.b+c@d-e.example ", None, "a.b+c@d-e.example"),
            ("<a@b.example>", None, "a@b.example"),
            ("Ann Lee <a@b.example>", Some("Ann Lee"), "a@b.example"),
            ("\"Lee, Ann\" <a@b.example>", Some("Lee, Ann"), "a@b.example"),
            ("x@evil.example <a@b.example>", Some("x@evil.example"), "a@b.example"),
            ("Zoë <zoë@Bücher.example>", Some("Zoë"), "zoë@xn--bcher-kva.example"),
            ("root@localhost", None, "root@localhost"),
        ] {
            let read = mailbox(text).unwrap();
            assert_eq!((read.name.as_deref(), read.email.as_ref()), (name, email), "{text}");
        }
    }

    #[test]
    fn what_is_no_mailbox_is_refused() {
        for text in [
            "",
            " ",
            "a",
            "@b.example",
            "a@",
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example\nBcc: c@d.example",
            "a\r@b.example",
            "a@b.example\0",
            "Ann\r\nBcc: c@d.example <a@b.example>",
            "Ann\u{2028}Lee <a@b.example>",
            "Ann\u{85}Lee <a@b.example>",
            "a@b.example, c@d.example",
            "a@b.example; c@d.example",
            "a@b.example c@d.example",
            "a@b.example> RCPT TO:<c@d.example",
            "<a@b.example> c@d.example",
            "<a@b.example>, <c@d.example>",
            "a@b.example>",
            "a@b@c.example",
            "\"a b\"@c.example",
            "\"a\\\"\"@c.example",
            "a(comment)@b.example",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@127.0.0.1",
            "a@2130706433",
            "a@b%2eexample",
            "a@b..example",
        ] {
            assert!(mailbox(text).is_err(), "{text:?}");
        }
        assert!(mailbox(&format!("a@{}b.example", "x.".repeat(150))).is_err());
        assert_eq!(
            mailbox(&format!("{} <a@b.example>", "é".repeat(500))).unwrap().name.unwrap().chars().count(),
            MAX_NAME
        );
    }
}
