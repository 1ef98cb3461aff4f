//! A mail server, Python's aiosmtpd: what it took, and whom it refuses.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::lines::Lines;

/// A running mail server.
pub struct Smtp {
    lines: Lines,
    port: u16,
}

/// A mail that it took.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The envelope's sender, not the header's.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// As they came, decoded.
    pub headers: Vec<(String, String)>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub raw: Vec<u8>,
}

impl Smtp {
    pub async fn start() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/smtp_server.py");
        let python = tools().join("smtp/bin/python");
        let lines = Lines::start("smtp", Command::new(python).arg(script), "what `scripts/install check` installs");
        let port = lines.wait_for(1).await[0]["port"].as_u64().unwrap();
        Self { lines, port: port.try_into().unwrap() }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// All that it has taken so far.
    pub async fn mails(&self) -> Vec<Mail> {
        // What it said before this answer has been read by then.
        self.lines.ask(json!({ "do": "nothing" })).await;
        read(&self.lines.unasked())
    }

    /// Waits until it has taken so many.
    pub async fn wait_for(&self, count: usize) -> Vec<Mail> {
        read(&self.lines.wait_for(count + 1).await)
    }

    /// From now on it answers `550 no such user` or the like for this recipient, or for all (`*`).
    pub async fn refuse(&self, address: &str, answer: &str) {
        self.lines.ask(json!({ "do": "refuse", "address": address, "answer": answer })).await;
    }

    /// Takes a refusal back.
    pub async fn accept(&self, address: &str) {
        self.lines.ask(json!({ "do": "accept", "address": address })).await;
    }
}

impl Mail {
    /// A header, which is there at most once; empty when it is not.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = found.next().map(|(_, value)| value.as_str()).unwrap_or_default();
        assert!(found.next().is_none(), "{name} is there twice");
        first
    }
}

/// Where `scripts/install` puts what no package of the system brings.
pub(super) fn tools() -> PathBuf {
    std::env::var_os("TOOLS_DIR").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/mediary/tools"),
        PathBuf::from,
    )
}

/// The mails among what it said, behind its port.
fn read(said: &[Value]) -> Vec<Mail> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let header = |pair: &Value| (text(&pair[0]).unwrap(), text(&pair[1]).unwrap());
    let mail = |mail: &Value| Mail {
        from: text(&mail["from"]).unwrap(),
        to: mail["to"].as_array().unwrap().iter().filter_map(text).collect(),
        headers: mail["headers"].as_array().unwrap().iter().map(header).collect(),
        text: text(&mail["text"]),
        html: text(&mail["html"]),
        raw: STANDARD.decode(mail["raw"].as_str().unwrap()).unwrap(),
    };
    said[1..].iter().map(mail).collect()
}
