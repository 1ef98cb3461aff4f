//! Whose picture it is: the one thing that is kept of a source's metadata. It knows where each format has a place for it.

use bytes::Bytes;

use super::tags::{Tags, text};
use crate::{
    Format,
    probe::tiff::{Tag, Tiff},
};

/// A longer note is cut.
const MAX_NOTE_BYTES: usize = 1024;

const ARTIST: Tag = 0x013B;
const COPYRIGHT: Tag = 0x8298;

/// The same in the newsrooms' record.
const IPTC_BYLINE: u8 = 80;
const IPTC_COPYRIGHT: u8 = 116;

/// The notes that renditions carry on.
#[derive(Debug, Default)]
pub(super) struct Legal {
    copyright: Option<String>,
    artist: Option<String>,
}

impl Legal {
    /// What the source's metadata says: EXIF first, then IPTC, XMP, and what else the format has.
    pub fn of(tags: &Tags<'_>) -> Self {
        let main = tags.exif.as_deref().and_then(|exif| Tiff::read(exif)?.main());
        let exif = |tag| note_of_exif(main?.field(tag)?.text()?);
        let iptc = |dataset| text(iptc(tags.resources?, dataset)?, MAX_NOTE_BYTES);
        let xmp = |property| xmp(tags.xmp?, property);
        let plain = |note: Option<&[u8]>| text(note?, MAX_NOTE_BYTES);
        Self {
            copyright: exif(COPYRIGHT)
                .or_else(|| iptc(IPTC_COPYRIGHT))
                .or_else(|| xmp("dc:rights"))
                .or_else(|| plain(tags.copyright.as_deref())),
            artist: exif(ARTIST)
                .or_else(|| iptc(IPTC_BYLINE))
                .or_else(|| xmp("dc:creator"))
                .or_else(|| plain(tags.author.as_deref())),
        }
    }

    /// The encoded image with the notes in it; as it came where there are none, or the format has no place for them.
    pub fn written_into(&self, bytes: Bytes, format: Format) -> Bytes {
        if self.copyright.is_none() && self.artist.is_none() {
            return bytes;
        }
        let written = match format {
            Format::Jpeg => into_jpeg(&bytes, &self.tiff()),
            Format::Png => into_png(&bytes, &self.tiff()),
            Format::Webp => into_webp(&bytes, &self.tiff()),
            Format::Gif => into_gif(&bytes, &self.comment()),
            // Written with the image: the file says where each of its parts lies.
            Format::Avif => None,
        };
        written.map_or(bytes, Bytes::from)
    }

    /// The notes as an EXIF block, if there are any.
    pub fn exif(&self) -> Option<Vec<u8>> {
        (self.copyright.is_some() || self.artist.is_some()).then(|| self.tiff())
    }

    /// The notes as an EXIF block: one directory, its fields in the order of their numbers.
    fn tiff(&self) -> Vec<u8> {
        let notes = [(ARTIST, &self.artist), (COPYRIGHT, &self.copyright)];
        let notes: Vec<(Tag, &str)> =
            notes.into_iter().filter_map(|(tag, note)| Some((tag, note.as_deref()?))).collect();
        let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
        tiff.extend((notes.len() as u16).to_be_bytes());
        // The texts stand behind the fields and the place of a next directory.
        let mut at = tiff.len() + 12 * notes.len() + 4;
        let mut texts = Vec::new();
        for (tag, note) in notes {
            let with_zero = note.len() + 1;
            tiff.extend(tag.to_be_bytes());
            tiff.extend([0, 2]);
            tiff.extend((with_zero as u32).to_be_bytes());
            if with_zero <= 4 {
                let mut short = [0; 4];
                short[..note.len()].copy_from_slice(note.as_bytes());
                tiff.extend(short);
                continue;
            }
            tiff.extend((at as u32).to_be_bytes());
            texts.extend(note.as_bytes());
            // A text begins at an even place.
            texts.resize(texts.len() + 1 + with_zero % 2, 0);
            at += with_zero + with_zero % 2;
        }
        tiff.extend([0; 4]);
        tiff.extend(texts);
        tiff
    }

    fn comment(&self) -> String {
        let line = |name: &str, note: &Option<String>| note.as_ref().map(|note| format!("{name}: {note}"));
        let lines = [line("Copyright", &self.copyright), line("Artist", &self.artist)];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}

/// EXIF may name the photographer and the editor, a zero between them.
fn note_of_exif(note: &[u8]) -> Option<String> {
    let names = note.split(|byte| *byte == 0).take(2);
    let names: Vec<String> = names.filter_map(|name| text(name, MAX_NOTE_BYTES)).collect();
    text(names.join(", ").as_bytes(), MAX_NOTE_BYTES)
}

/// A text of the second record, which lies in one of Adobe's resources.
fn iptc(mut resources: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut record = loop {
        let ([id_upper, id_lower], after) = resources.strip_prefix(b"8BIM")?.split_first_chunk()?;
        // A name and its length, together even, then the length of what follows, which is padded to an even one.
        let name_len = usize::from(*after.first()?);
        let (len, after) = after.get((name_len + 2) & !1..)?.split_first_chunk()?;
        let (body, after) = after.split_at_checked(u32::from_be_bytes(*len) as usize)?;
        if [*id_upper, *id_lower] == [0x04, 0x04] {
            break body;
        }
        resources = after.get(body.len() & 1..)?;
    };
    while let [0x1C, set, dataset, len_upper, len_lower, after @ ..] = record {
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes([*len_upper, *len_lower])))?;
        if (*set, *dataset) == (2, wanted) {
            return Some(value);
        }
        record = after;
    }
    None
}

/// The first value of a property in the usual spelling; other spellings count as none.
fn xmp(document: &[u8], property: &str) -> Option<String> {
    let document = str::from_utf8(document).ok()?;
    let (_, after) = document.split_once(&format!("<{property}>"))?;
    let (list, _) = after.split_once(&format!("</{property}>"))?;
    let (_, item) = list.split_once("<rdf:li")?;
    let (_, value) = item.split_once('>')?;
    let (value, _) = value.split_once('<')?;
    // What is escaped last in a text is put right last, or an escaped escape would be taken for one.
    let plain = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    text(plain.replace("&amp;", "&").as_bytes(), MAX_NOTE_BYTES)
}

/// Behind the start of the image and JFIF's segment, which stays the first.
fn into_jpeg(image: &[u8], tiff: &[u8]) -> Option<Vec<u8>> {
    let jfif_len = match image {
        [0xFF, 0xD8, 0xFF, 0xE0, upper, lower, ..] => 2 + usize::from(u16::from_be_bytes([*upper, *lower])),
        [0xFF, 0xD8, ..] => 0,
        _ => return None,
    };
    let (start, rest) = image.split_at_checked(2 + jfif_len)?;
    let len = u16::try_from(2 + 6 + tiff.len()).ok()?;
    Some([start, &[0xFF, 0xE1], &len.to_be_bytes(), b"Exif\0\0", tiff, rest].concat())
}

/// Behind the first chunk, which has 13 bytes in it.
fn into_png(image: &[u8], tiff: &[u8]) -> Option<Vec<u8>> {
    let (start, rest) = image.split_at_checked(8 + 12 + 13)?;
    let named = [b"eXIf", tiff].concat();
    let checksum = crc32fast::hash(&named).to_be_bytes();
    Some([start, &u32::try_from(tiff.len()).ok()?.to_be_bytes(), &named, &checksum, rest].concat())
}

/// Behind all else. The simple form becomes the extended one, which alone has a place for it.
fn into_webp(image: &[u8], tiff: &[u8]) -> Option<Vec<u8>> {
    const HAS_EXIF: u8 = 0x08;
    const HAS_ALPHA: u8 = 0x10;
    let ([b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'], chunks) = image.split_first_chunk::<12>()?
    else {
        return None;
    };
    let (name, body) = (chunks.first_chunk::<4>()?, chunks.get(8..)?);
    let mut head = Vec::new();
    let chunks = if name == b"VP8X" {
        head.extend(&chunks[..8]);
        head.push(body.first()? | HAS_EXIF);
        &body[1..]
    } else {
        let found = super::libwebp::features(image)?;
        let alpha = if found.alpha { HAS_ALPHA } else { 0 };
        head.extend(b"VP8X\x0A\0\0\0");
        head.extend([HAS_EXIF | alpha, 0, 0, 0]);
        head.extend(&(found.width - 1).to_le_bytes()[..3]);
        head.extend(&(found.height - 1).to_le_bytes()[..3]);
        chunks
    };
    let padding = &[0][..tiff.len() & 1];
    let tiff_len = u32::try_from(tiff.len()).ok()?.to_le_bytes();
    let body = [b"WEBP", head.as_slice(), chunks, b"EXIF", &tiff_len, tiff, padding].concat();
    Some([b"RIFF", u32::try_from(body.len()).ok()?.to_le_bytes().as_slice(), &body].concat())
}

/// As a comment before the end.
fn into_gif(image: &[u8], comment: &str) -> Option<Vec<u8>> {
    let frames = image.strip_suffix(b";")?;
    let mut written = [frames, b"\x21\xFE"].concat();
    for block in comment.as_bytes().chunks(255) {
        written.push(block.len() as u8);
        written.extend(block);
    }
    written.extend(b"\0;");
    Some(written)
}
