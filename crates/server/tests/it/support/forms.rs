//! `multipart/form-data` bodies, written out by hand so that every byte is the test's own.

use super::Ask;

/// The boundary of the seed's own example.
pub const BOUNDARY: &str = "----WebKitFormBoundarynULsOMhLnEjL9Ao8";

/// A form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    parts: Vec<u8>,
}

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn text(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.part(format!("Content-Disposition: form-data; name=\"{name}\"\r\n"), value.as_ref())
    }

    /// A file. An empty type is left out.
    pub fn file(self, name: &str, file_name: &str, media_type: &str, bytes: &[u8]) -> Self {
        let mut head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n");
        if !media_type.is_empty() {
            head.push_str(&format!("Content-Type: {media_type}\r\n"));
        }
        self.part(head, bytes)
    }

    /// A part with this head, each line with its line break.
    pub fn part(mut self, head: impl AsRef<[u8]>, body: &[u8]) -> Self {
        self.parts.extend(format!("--{BOUNDARY}\r\n").bytes());
        self.parts.extend([head.as_ref(), b"\r\n", body, b"\r\n"].concat());
        self
    }

    /// The whole body.
    pub fn bytes(&self) -> Vec<u8> {
        [&self.parts, format!("--{BOUNDARY}--\r\n").as_bytes()].concat()
    }

    pub fn put_in(&self, ask: Ask) -> Ask {
        ask.body(&content_type(), self.bytes())
    }
}

pub fn content_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}
