//! What bytes are: told by themselves first, then by their name, then by whoever sent them.

use bytes::BytesMut;
use content::{ByteRange, MediaType};
use futures_util::TryStreamExt;
use media::{PROBE_HEAD_BYTES, PROBE_LONG_HEAD_BYTES, Probe};
use store::blobs::Staged;

use crate::{Fault, names};

/// What bytes turned out to be.
pub(super) struct Nature {
    pub(super) media_type: MediaType,
    pub(super) probe: Option<Probe>,
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

/// What kind of image the bytes are, if any. Only JPEGs that say it late cost a second look at them, when the future is polled.
pub(super) fn probe_of(staged: &Staged) -> impl Future<Output = Result<Option<Probe>, Fault>> + Send + use<> {
    let head = head_of(staged);
    let probe = media::probe(head);
    let says_late = probe.is_none() && media::sniff(head) == Some(MediaType::JPEG);
    let longer = (says_late && staged.len > head.len() as u64).then(|| staged.body());
    async move {
        let Some(body) = longer else { return Ok(probe) };
        let long = ByteRange { start: 0, end: body.len().min(PROBE_LONG_HEAD_BYTES as u64) };
        let long = body.read(long).try_fold(BytesMut::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        });
        Ok(media::probe(&long.await.map_err(Fault::internal)?))
    }
}

pub(super) fn head_of(staged: &Staged) -> &[u8] {
    &staged.head[..staged.head.len().min(PROBE_HEAD_BYTES)]
}

/// What the bytes are: by themselves first, then by extension, then by the sender's word.
pub(super) fn nature_of(staged: &Staged, probe: Option<Probe>, name: &str, declared: Option<MediaType>) -> Nature {
    let head = head_of(staged);
    let sniffed = probe.as_ref().map(|probe| probe.media_type.clone()).or_else(|| media::sniff(head));
    let by_name = media_type_of_extension(names::split_extension(name).1);
    let media_type = match (sniffed, by_name) {
        // A container says less than the name does: an office document is a ZIP, and text is told by its name only.
        (Some(sniffed), Some(by_name)) if is_container(&sniffed) => by_name,
        (Some(sniffed), _) => sniffed,
        (None, Some(by_name)) if by_name.family() != content::Family::Image => by_name,
        (None, _) => {
            declared.filter(|declared| declared.family() != content::Family::Image).unwrap_or(MediaType::OCTET_STREAM)
        }
    };
    Nature { media_type, probe }
}

fn is_container(media_type: &MediaType) -> bool {
    ["application/zip", "application/x-ole-storage", "text/xml", "application/xml"].contains(&media_type.as_str())
}

/// The types that nothing in the bytes tells apart.
fn media_type_of_extension(extension: &str) -> Option<MediaType> {
    const TYPES: &[(&str, &str)] = &[
        ("txt", "text/plain"),
        ("md", "text/markdown"),
        ("csv", "text/csv"),
        ("css", "text/css"),
        ("js", "text/javascript"),
        ("json", "application/json"),
        ("xml", "application/xml"),
        ("html", "text/html"),
        ("htm", "text/html"),
        ("doc", "application/msword"),
        ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("xls", "application/vnd.ms-excel"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("ppt", "application/vnd.ms-powerpoint"),
        ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("odt", "application/vnd.oasis.opendocument.text"),
        ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
        ("odp", "application/vnd.oasis.opendocument.presentation"),
        ("epub", "application/epub+zip"),
        ("svg", "image/svg+xml"),
        ("zip", "application/zip"),
        ("mp3", "audio/mpeg"),
        ("m3u", "audio/x-mpegurl"),
        ("m3u8", "application/vnd.apple.mpegurl"),
        ("pls", "audio/x-scpls"),
        ("ttf", "font/ttf"),
        ("otf", "font/otf"),
        ("rtf", "application/rtf"),
    ];
    TYPES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, essence)| MediaType::of(essence))
}
