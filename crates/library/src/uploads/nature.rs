//! What bytes are: told by themselves first, then by their name, then by whoever sent them.

use bytes::{Bytes, BytesMut};
use content::{Body, ByteRange, MediaType};
use futures_util::TryStreamExt;
use media::{PROBE_HEAD_BYTES, PROBE_LONG_HEAD_BYTES, Probe};
use store::blobs::Staged;

use crate::{Fault, kinds, names};

/// What bytes turned out to be.
pub(crate) struct Nature {
    pub(crate) media_type: MediaType,
    pub(crate) probe: Option<Probe>,
    /// What the bytes are by themselves, where they tell it.
    pub(crate) sniffed: Option<MediaType>,
    /// Whether they could be text, in whatever encoding, or are none at all.
    pub(crate) is_text: bool,
}

impl Nature {
    /// What was found when they came.
    pub(crate) fn known(media_type: &MediaType) -> Self {
        let sniffed = Some(media_type.clone()).filter(|media_type| *media_type != MediaType::OCTET_STREAM);
        Self { media_type: media_type.clone(), probe: None, sniffed, is_text: false }
    }
}

/// Bytes to look at: how they begin, and all of them.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    head: Bytes,
    body: Body,
}

impl Sight {
    /// Bytes that have just come.
    pub(super) fn of(staged: &Staged) -> Self {
        Self { head: staged.head.slice(..staged.head.len().min(PROBE_HEAD_BYTES)), body: staged.body() }
    }

    /// Bytes that are in the store already.
    pub(super) async fn of_body(body: Body) -> Result<Self, Fault> {
        let head = beginning(&body, PROBE_HEAD_BYTES).await?;
        Ok(Self { head, body })
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }
}

async fn beginning(body: &Body, bytes: usize) -> Result<Bytes, Fault> {
    let range = ByteRange { start: 0, end: body.len().min(bytes as u64) };
    let read = body.read(range).try_fold(BytesMut::new(), |mut all, chunk| async move {
        all.extend_from_slice(&chunk);
        Ok(all)
    });
    Ok(read.await.map_err(Fault::internal)?.freeze())
}

/// Whether bytes that may go on are characters so far, and nothing but those.
pub(super) fn is_text(head: &[u8]) -> bool {
    // What is cut off in the middle of a character is no fault of the text's.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}');
    !text.is_empty() && !text.contains(is_control)
}

/// Whether bytes may be text in an older encoding than UTF-8, or in a wider one that says so.
fn may_be_text(head: &[u8]) -> bool {
    let is_wide = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
    let is_control = |byte: &u8| *byte < 0x20 && !b"\t\n\r\x0C\x1B".contains(byte) || *byte == 0x7F;
    is_wide || !head.iter().any(is_control)
}

/// What kind of image the bytes are, if any. Only JPEGs that say it late cost a second look at them, when the future is polled.
pub(super) fn probe_of(sight: &Sight) -> impl Future<Output = Result<Option<Probe>, Fault>> + Send + use<> {
    let probe = media::probe(&sight.head);
    let says_late = probe.is_none() && media::sniff(&sight.head) == Some(MediaType::JPEG);
    let longer = (says_late && sight.body.len() > sight.head.len() as u64).then(|| sight.body.clone());
    async move {
        let Some(body) = longer else { return Ok(probe) };
        Ok(media::probe(&beginning(&body, PROBE_LONG_HEAD_BYTES).await?))
    }
}

/// What the bytes are: by themselves first, then by extension, then by the sender's word.
pub(super) fn nature_of(sight: &Sight, probe: Option<Probe>, name: &str, declared: Option<MediaType>) -> Nature {
    let sniffed = probe.as_ref().map(|probe| probe.media_type.clone()).or_else(|| media::sniff(&sight.head));
    let by_name = kinds::by_name_only(names::split_extension(name).1);
    let media_type = match (sniffed.clone(), by_name) {
        // A container says less than the name does: an office document is a ZIP, and text is told by its name only.
        (Some(sniffed), Some(by_name)) if kinds::is_written_as(&by_name, &sniffed) => by_name,
        (Some(sniffed), _) => sniffed,
        (None, Some(by_name)) if by_name.family() != content::Family::Image => by_name,
        (None, _) => {
            declared.filter(|declared| declared.family() != content::Family::Image).unwrap_or(MediaType::OCTET_STREAM)
        }
    };
    Nature { media_type, probe, sniffed, is_text: may_be_text(sight.head()) }
}
