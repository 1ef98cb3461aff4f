//! AWS's own signer, Python's botocore: what it makes of a URL, and of an error.

use std::{collections::HashMap, path::Path, process::Command};

use serde_json::{Value, json};

use super::{lines::Lines, smtp::tools};

/// A running botocore.
pub struct Botocore {
    lines: Lines,
    pub region: &'static str,
}

/// A pair of keys.
#[derive(Debug, Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
}

/// An object, and for how long it may be fetched.
#[derive(Debug, Clone)]
pub struct Signing {
    /// `get_object`, `head_object`.
    pub operation: &'static str,
    /// The URL that buckets lie under.
    pub endpoint: String,
    /// As botocore names them: `Bucket`, `Key`, `ResponseContentDisposition`.
    pub parameters: Value,
    pub now_ms: i64,
    pub expires_s: u32,
}

impl Botocore {
    pub fn start(region: &'static str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/botocore_signer.py");
        let mut command = Command::new(tools().join("botocore/bin/python"));
        // What is set for whoever runs the tests is not for them.
        command.arg(script).env("AWS_CONFIG_FILE", "/nowhere").env("AWS_SHARED_CREDENTIALS_FILE", "/nowhere");
        Self { lines: Lines::start("botocore", &mut command, "what `scripts/install check` installs"), region }
    }

    /// Its own presigned URL.
    pub async fn sign(&self, keys: &Keys, signing: &Signing) -> String {
        let asked = json!({
            "do": "sign",
            "operation": signing.operation,
            "endpoint": signing.endpoint,
            "keys": [keys.id, keys.secret],
            "region": self.region,
            "parameters": signing.parameters,
            "now_ms": signing.now_ms,
            "expires_s": signing.expires_s,
        });
        self.lines.ask(asked).await.as_str().unwrap().to_owned()
    }

    /// A URL of somebody else, signed again for the same time: the same text, if that one signs and writes as it does.
    pub async fn sign_again(&self, keys: &Keys, url: &str) -> String {
        let asked = json!({ "do": "sign_again", "url": url, "keys": [keys.id, keys.secret], "region": self.region });
        self.lines.ask(asked).await.as_str().unwrap().to_owned()
    }

    /// The elements of an error, which has to be well-formed; the root's name under `""`.
    pub async fn read_error(&self, xml: &[u8]) -> HashMap<String, String> {
        let asked = json!({ "do": "read_error", "xml": std::str::from_utf8(xml).unwrap() });
        serde_json::from_value(self.lines.ask(asked).await).unwrap()
    }
}
