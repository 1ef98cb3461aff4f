//! The head of an ICAP or HTTP answer: a status and fields.

use crate::{connection::Ear, failure::Failure};

/// The longest head that is read, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 16 << 10;

/// A head that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Names in lowercase. Lines that were folded are still lines: one field (X-Violations-Found) means something by them.
    fields: Vec<(String, String)>,
}

impl Head {
    /// Waits for an ICAP answer and hears its head.
    pub(super) async fn hear(ear: &mut Ear) -> Result<Self, Failure> {
        ear.begin().await?;
        let bytes = ear.until(b"\r\n\r\n", MAX_HEAD_BYTES).await?;
        Self::read(&bytes, "ICAP/1.")
    }

    /// Reads a head, the empty line at its end included, of the protocol that its first line begins with.
    pub(super) fn read(bytes: &[u8], protocol: &str) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.strip_suffix("\r\n\r\n").unwrap_or_default().split("\r\n");
        let first = lines.next().unwrap_or_default();
        let nonsense = || Failure::nonsense(first.as_bytes());
        let mut words = first.strip_prefix(protocol).ok_or_else(nonsense)?.splitn(3, ' ');
        let version = words.next().unwrap_or_default();
        let status = words.next().filter(|word| word.len() == 3).and_then(|word| word.parse().ok());
        let status = status.filter(|_| matches!(version, "0" | "1")).ok_or_else(nonsense)?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in lines {
            if let (true, Some((_, value))) = (line.starts_with([' ', '\t']), fields.last_mut()) {
                value.push('\n');
                value.push_str(line.trim());
            } else {
                let (name, value) = line.split_once(':').ok_or_else(|| Failure::nonsense(line.as_bytes()))?;
                fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Ok(Self { status, fields })
    }

    /// The first field of that name, which is given in lowercase.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a field is a list that holds `word`.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        let mut values = self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value);
        values.any(|value| value.split([',', '\n']).any(|entry| entry.trim().eq_ignore_ascii_case(word)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_one_line_says_204(
            text in "(ICAP/1[.]|HTTP/1.|I|)(0|1|2|)( |  |\r\n|)(204|200|20|2040|)( OK|\r\n|\r\n\r\n|: |[a-z]){0,4}(\r\n\r\n)?",
        ) {
            let says = ["ICAP/1.0 204", "ICAP/1.1 204"].iter().any(|line| {
                text.strip_prefix(line).is_some_and(|rest| rest.starts_with("\r\n") || rest.starts_with(' '))
            });
            let read = Head::read(text.as_bytes(), "ICAP/1.").is_ok_and(|head| head.status == 204);
            prop_assert!(says || !read, "{text:?}");
        }

        #[test]
        fn bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = Head::read(&[b"ICAP/1.0 204", &bytes[..], b"\r\n\r\n"].concat(), "ICAP/1.");
        }
    }

    #[test]
    fn heads_are_read() {
        let head = Head::read(
            b"ICAP/1.0 200 OK\r\nISTag: \"a:b\"\r\nMETHODS: REQMOD, respmod\r\nX: 1\r\n\t-\r\n Eicar\r\nAllow:\r\n\r\n",
            "ICAP/1.",
        )
        .unwrap();
        assert_eq!(head.status, 200);
        assert_eq!(head.get("istag"), Some("\"a:b\""));
        assert_eq!(head.get("x"), Some("1\n-\nEicar"));
        assert!(head.lists("methods", "RESPMOD") && !head.lists("methods", "MOD") && !head.lists("allow", "204"));
        assert_eq!(Head::read(b"HTTP/1.1 403\r\n\r\n", "HTTP/1.").unwrap().status, 403);
    }

    #[test]
    fn nonsense_is_no_head() {
        for bytes in [
            &b""[..],
            b"\r\n\r\n",
            b"ICAP/1.0 200 OK\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"ICAP/2.0 200 OK\r\n\r\n",
            b"ICAP/1.0\r\n\r\n",
            b"ICAP/1.0 OK\r\n\r\n",
            b"ICAP/1.0 20 OK\r\n\r\n",
            b"ICAP/1.0 2040 OK\r\n\r\n",
            b"ICAP/1.0  200 OK\r\n\r\n",
            b"ICAP/1.0 204 OK\r\nfield\r\n\r\n",
            b"ICAP/1.0 204 OK\r\n folded\r\n\r\n",
        ] {
            assert!(Head::read(bytes, "ICAP/1.").is_err(), "{}", bytes.escape_ascii());
        }
    }
}
