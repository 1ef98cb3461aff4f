//! A scanner that speaks ICAP (RFC 3507): what it can do is asked (OPTIONS), then the bytes are shown to it as if they were the answer of a
//! web server (RESPMOD), first a preview, where it wants one.

mod answer;
mod head;

use url::Url;

use crate::{
    Verdict,
    connection::{Connection, Line, Mouth, Stop, talk},
    failure::{Failure, plain},
    source::{BLOCK_BYTES, Source},
};

use answer::Answer;
use head::Head;

/// The service of a server that is asked, as requests name it.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    url: String,
    host: String,
}

/// What a service says of itself.
#[derive(Debug)]
pub(crate) struct Options {
    head: Head,
    /// How many bytes it wants to see before it says whether it wants the rest.
    preview: Option<u64>,
    /// Whether the connection is ready for the next request.
    stays: bool,
}

impl Service {
    /// `url` has a host.
    pub(crate) fn new(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Self { url: url.to_string(), host }
    }

    fn options(&self) -> String {
        format!("OPTIONS {} ICAP/1.0\r\nHost: {}\r\nEncapsulated: null-body=0\r\n\r\n", self.url, self.host)
    }

    /// All that goes before the bytes.
    fn respmod(&self, len: u64, preview: Option<u64>) -> String {
        let Self { url, host } = self;
        let web = format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {len}\r\n\r\n");
        let preview = preview.map(|bytes| format!("Preview: {bytes}\r\n")).unwrap_or_default();
        let body = if len == 0 { "null-body" } else { "res-body" };
        let at = web.len();
        format!(
            "RESPMOD {url} ICAP/1.0\r\nHost: {host}\r\nAllow: 204\r\nConnection: close\r\n{preview}\
             Encapsulated: res-hdr=0, {body}={at}\r\n\r\n{web}"
        )
    }
}

impl Options {
    fn read(head: Head) -> Result<Self, Failure> {
        if head.status != 200 {
            return Err(Failure::scanner(&format!("answered OPTIONS with {}", head.status)));
        }
        let preview = match head.get("preview") {
            Some(bytes) => Some(bytes.parse().map_err(|_| Failure::nonsense(format!("Preview: {bytes}").as_bytes()))?),
            None => None,
        };
        // A body of its own (opt-body) is nothing that we would read; a new connection is simpler.
        let has_body = head.get("encapsulated").is_some_and(|parts| !parts.starts_with("null-body"));
        let stays = !has_body && !head.lists("connection", "close");
        Ok(Self { head, preview, stays })
    }

    /// Which scanner it is, and the tag that changes with its signatures and settings.
    pub(crate) fn version(&self) -> Result<String, Failure> {
        let tag = self.head.get("istag").map(|tag| plain(tag.trim_matches('"'))).filter(|tag| !tag.is_empty());
        let tag = tag.ok_or_else(|| Failure::scanner("does not say which version it is (ISTag)"))?;
        Ok(self.head.get("service").map_or_else(|| tag.clone(), |service| format!("{} {tag}", plain(service))))
    }

    /// Whether there can be verdicts.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if !self.head.lists("methods", "RESPMOD") {
            return Err(Failure::scanner("does not offer RESPMOD for this service"));
        }
        if !self.head.lists("allow", "204") {
            return Err(Failure::scanner("does not offer 204, and nothing else says that bytes are clean"));
        }
        Ok(())
    }
}

/// Asks what the service can do.
pub(crate) async fn options(connection: &mut Connection, service: &Service) -> Result<Options, Failure> {
    let question = service.options();
    let (head, _) = talk(Head::hear(&mut connection.ear), connection.mouth.say(question.as_bytes())).await?;
    let options = Options::read(head)?;
    if options.stays && !connection.ear.rest().is_empty() {
        return Err(Failure::nonsense(connection.ear.rest()));
    }
    Ok(options)
}

/// Has a body scanned.
pub(crate) async fn scan(line: &Line, service: &Service, mut source: Source) -> Result<Verdict, Failure> {
    let mut connection = line.open().await?;
    let options = options(&mut connection, service).await?;
    if !options.stays {
        drop(connection);
        connection = line.open().await?;
    }
    let Connection { ear, mouth } = &mut connection;
    // Never all of it: then the scanner has to ask for the rest, and whether it does tells whether it looks at the whole.
    let preview = options.preview.filter(|_| source.len() > 0).map(|bytes| bytes.min(source.len() - 1));
    let mut head = service.respmod(source.len(), preview);
    if let Some(preview) = preview {
        let (answer, said) = talk(Answer::hear(ear), send_preview(mouth, &head, preview, &mut source)).await?;
        match answer {
            Answer::Continue if said => head.clear(),
            // The RFC has it that nothing need be changed; but of what it does not want to see nobody can say that it is clean.
            Answer::Unmodified if said => return Ok(Verdict::TooLarge),
            answer => return answer.judge(said, &source),
        }
    }
    let (answer, said_all) = talk(Answer::hear(ear), send_all(mouth, &head, &mut source)).await?;
    answer.judge(said_all, &source)
}

/// Sends what is left of a body, and its end.
async fn send_all(mouth: &mut Mouth, head: &str, source: &mut Source) -> Result<(), Stop> {
    if source.len() == 0 {
        // The head says that nothing follows; whoever sends an empty body instead is answered less clearly (c-icap).
        source.end().await?;
        return mouth.say(head.as_bytes()).await;
    }
    mouth.say(head.as_bytes()).await?;
    while send_chunk(mouth, source, BLOCK_BYTES).await? > 0 {}
    mouth.say(b"0\r\n\r\n").await
}

/// Sends the first bytes of a body that is longer than that.
async fn send_preview(mouth: &mut Mouth, head: &str, preview: u64, source: &mut Source) -> Result<(), Stop> {
    mouth.say(head.as_bytes()).await?;
    let mut left = preview;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(BLOCK_BYTES).min(BLOCK_BYTES);
        left -= send_chunk(mouth, source, wanted).await? as u64;
    }
    mouth.say(b"0\r\n\r\n").await
}

/// Sends up to `wanted` bytes as a chunk and says how many; none, and no chunk, at the end of the body.
async fn send_chunk(mouth: &mut Mouth, source: &mut Source, wanted: usize) -> Result<usize, Stop> {
    let mut block = Vec::with_capacity(wanted);
    source.take(&mut block, wanted).await?;
    if block.is_empty() {
        return Ok(0);
    }
    let mut chunk = format!("{:x}\r\n", block.len()).into_bytes();
    chunk.extend_from_slice(&block);
    chunk.extend_from_slice(b"\r\n");
    mouth.say(&chunk).await?;
    Ok(block.len())
}
