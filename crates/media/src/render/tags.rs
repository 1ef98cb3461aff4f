//! What stands beside the pixels in a file: its colour profile, its EXIF block, and notes on whose it is. It finds them and
//! does not read them.

use std::{borrow::Cow, io::Read};

use flate2::read::ZlibDecoder;

use crate::{
    SourceFormat,
    probe::{
        heif::{self, Colour},
        jpeg::{self, EXIF_MARK},
        tiff::{Tag, Tiff},
    },
};

/// A larger profile counts as none. Those of presses have 0.5 to 2.5 MB, those of cameras and screens a few KB.
const MAX_PROFILE_BYTES: usize = 4 * 1024 * 1024;

/// A larger block of anything else counts as none. A segment of a JPEG holds 64 KiB.
const MAX_BLOCK_BYTES: usize = 1024 * 1024;

/// Nothing is looked for behind so many parts of a file, whose number is the sender's choice.
const MAX_PARTS: usize = 200_000;

const PROFILE_MARK: &[u8] = b"ICC_PROFILE\0";
const XMP_MARK: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const IPTC_MARK: &[u8] = b"Photoshop 3.0\0";

/// The blocks of one image.
#[derive(Debug, Default)]
pub(super) struct Tags<'a> {
    /// An ICC profile, put together where the file keeps it in pieces.
    pub profile: Option<Cow<'a, [u8]>>,
    /// Primaries and transfer by their numbers, where the file has no profile.
    pub numbers: Option<(u16, u16)>,
    /// The TIFF structure of an EXIF block.
    pub exif: Option<Cow<'a, [u8]>>,
    /// Adobe's resources, with the IPTC record among them.
    pub resources: Option<&'a [u8]>,
    /// An XMP document.
    pub xmp: Option<&'a [u8]>,
    /// A plain text that says who has the rights.
    pub copyright: Option<Cow<'a, [u8]>>,
    /// A plain text that says who made it.
    pub author: Option<Cow<'a, [u8]>>,
}

impl<'a> Tags<'a> {
    /// Finds the blocks; damaged ones count as missing. The time is in proportion to the file's length.
    pub fn read(format: SourceFormat, input: &'a [u8]) -> Self {
        match format {
            SourceFormat::Jpeg => of_jpeg(input),
            SourceFormat::Png => of_png(input),
            SourceFormat::Webp => of_webp(input),
            SourceFormat::Gif => of_gif(input),
            SourceFormat::Avif | SourceFormat::Heif => of_heif(input),
            SourceFormat::Tiff => of_tiff(input),
            SourceFormat::Bmp | SourceFormat::Svg | SourceFormat::Pdf => Tags::default(),
        }
    }

    /// What the colours mean, if the file says so.
    pub fn colour(&self) -> Option<Colour<'_>> {
        let numbers = self.numbers.map(|(primaries, transfer)| Colour::Numbers { primaries, transfer });
        self.profile.as_deref().map(Colour::Profile).or(numbers)
    }
}

fn of_heif(input: &[u8]) -> Tags<'_> {
    let Some(header) = heif::read(input) else { return Tags::default() };
    let mut tags = Tags { exif: header.exif.and_then(bounded).map(Cow::Borrowed), ..Tags::default() };
    match header.colour {
        Some(Colour::Profile(profile)) if profile.len() <= MAX_PROFILE_BYTES => tags.profile = Some(profile.into()),
        Some(Colour::Numbers { primaries, transfer }) => tags.numbers = Some((primaries, transfer)),
        _ => {}
    }
    tags
}

/// The file itself has the structure of an EXIF block.
fn of_tiff(input: &[u8]) -> Tags<'_> {
    const XMP: Tag = 0x02BC;
    const RESOURCES: Tag = 0x8649;
    const PROFILE: Tag = 0x8773;
    let Some(main) = Tiff::read(input).and_then(Tiff::main) else { return Tags::default() };
    let bytes = |tag| main.field(tag)?.bytes();
    Tags {
        profile: bytes(PROFILE).filter(|profile| profile.len() <= MAX_PROFILE_BYTES).map(Cow::Borrowed),
        exif: Some(Cow::Borrowed(input)),
        resources: bytes(RESOURCES).and_then(bounded),
        xmp: bytes(XMP).and_then(bounded),
        ..Tags::default()
    }
}

fn of_jpeg(input: &[u8]) -> Tags<'_> {
    let mut tags = Tags::default();
    let mut pieces = Pieces::default();
    for segment in jpeg::segments(input).take(MAX_PARTS) {
        match segment.marker {
            0xE1 => {
                let (exif, xmp) = (segment.body.strip_prefix(EXIF_MARK), segment.body.strip_prefix(XMP_MARK));
                tags.exif = tags.exif.or(exif.map(Cow::Borrowed));
                tags.xmp = tags.xmp.or(xmp);
            }
            0xE2 => {
                if let Some([number, count, piece @ ..]) = segment.body.strip_prefix(PROFILE_MARK) {
                    pieces.add(*number, *count, piece);
                }
            }
            0xED => tags.resources = tags.resources.or(segment.body.strip_prefix(IPTC_MARK)),
            _ => {}
        }
    }
    tags.profile = pieces.whole();
    tags
}

/// The pieces of a profile that a JPEG keeps in several segments, in any order.
#[derive(Default)]
struct Pieces<'a> {
    /// Number and bytes.
    found: Vec<(u8, &'a [u8])>,
    count: u8,
    broken: bool,
}

impl<'a> Pieces<'a> {
    fn add(&mut self, number: u8, count: u8, bytes: &'a [u8]) {
        self.broken |= number == 0 || number > count || (self.count != 0 && self.count != count);
        self.count = count;
        // No more than are announced and one: that is too many already.
        if self.found.len() <= usize::from(count) {
            self.found.push((number, bytes));
        }
    }

    /// All of it, if each piece is there once.
    fn whole(mut self) -> Option<Cow<'a, [u8]>> {
        self.found.sort_by_key(|(number, _)| *number);
        let each_once = self.found.iter().map(|(number, _)| *number).eq(1..=self.count);
        let len: usize = self.found.iter().map(|(_, bytes)| bytes.len()).sum();
        if self.broken || self.found.is_empty() || !each_once || len > MAX_PROFILE_BYTES {
            return None;
        }
        match self.found.as_slice() {
            [(_, only)] => Some(Cow::Borrowed(only)),
            several => Some(Cow::Owned(several.iter().flat_map(|(_, bytes)| *bytes).copied().collect())),
        }
    }
}

fn of_png(input: &[u8]) -> Tags<'_> {
    let mut tags = Tags::default();
    let mut rest = input.get(8..).unwrap_or_default();
    for _ in 0..MAX_PARTS {
        let Some((len, after)) = rest.split_first_chunk() else { break };
        let len = u32::from_be_bytes(*len) as usize;
        let Some((named, after)) = len.checked_add(4).and_then(|len| after.split_at_checked(len)) else { break };
        let Some((checksum, after)) = after.split_first_chunk() else { break };
        rest = after;
        let Some((name, body)) = named.split_first_chunk() else { break };
        let wanted = matches!(name, b"iCCP" | b"eXIf" | b"tEXt" | b"iTXt");
        if !wanted || len > MAX_PROFILE_BYTES || crc32fast::hash(named) != u32::from_be_bytes(*checksum) {
            continue;
        }
        match name {
            b"iCCP" if tags.profile.is_none() => tags.profile = inflated_profile(body).map(Cow::Owned),
            b"eXIf" if tags.exif.is_none() => tags.exif = bounded(body).map(Cow::Borrowed),
            b"tEXt" | b"iTXt" => note_of_png(&mut tags, name, body),
            _ => {}
        }
    }
    tags
}

/// A keyword, a zero and a text. In `iTXt` two flags, a language and the translated keyword come before the text, which is not
/// read where it is packed.
fn note_of_png<'a>(tags: &mut Tags<'a>, name: &[u8], body: &'a [u8]) {
    let mut parts = body.splitn(2, |byte| *byte == 0);
    let (Some(keyword), Some(mut text)) = (parts.next(), parts.next()) else { return };
    if name == b"iTXt" {
        let plain = text.strip_prefix(&[0, 0]).and_then(|rest| rest.splitn(3, |byte| *byte == 0).nth(2));
        let Some(plain) = plain else { return };
        text = plain;
    }
    let Some(text) = bounded(text) else { return };
    match keyword {
        b"XML:com.adobe.xmp" => tags.xmp = tags.xmp.or(Some(text)),
        b"Copyright" => tags.copyright = tags.copyright.take().or(Some(Cow::Borrowed(text))),
        b"Author" => tags.author = tags.author.take().or(Some(Cow::Borrowed(text))),
        _ => {}
    }
}

/// A name, a zero, the method, which is always zlib, and what it has packed.
fn inflated_profile(body: &[u8]) -> Option<Vec<u8>> {
    let name_len = body.iter().take(80).position(|byte| *byte == 0)?;
    let packed = body[name_len + 1..].strip_prefix(&[0])?;
    let mut profile = Vec::new();
    ZlibDecoder::new(packed).take(MAX_PROFILE_BYTES as u64 + 1).read_to_end(&mut profile).ok()?;
    (profile.len() <= MAX_PROFILE_BYTES).then_some(profile)
}

fn of_webp(input: &[u8]) -> Tags<'_> {
    let mut tags = Tags::default();
    let mut rest = input.get(12..).unwrap_or_default();
    // Only the extended form has anything but pixels.
    if !rest.starts_with(b"VP8X") {
        return tags;
    }
    for _ in 0..MAX_PARTS {
        let Some((name, after)) = rest.split_first_chunk() else { break };
        let Some((len, after)) = after.split_first_chunk() else { break };
        let len = u32::from_le_bytes(*len) as usize;
        let Some((body, after)) = after.split_at_checked(len) else { break };
        match name {
            b"ICCP" if len <= MAX_PROFILE_BYTES => tags.profile = tags.profile.or(Some(Cow::Borrowed(body))),
            b"EXIF" => {
                let tiff = body.strip_prefix(EXIF_MARK).unwrap_or(body);
                tags.exif = tags.exif.or(bounded(tiff).map(Cow::Borrowed));
            }
            b"XMP " => tags.xmp = tags.xmp.or(bounded(body)),
            _ => {}
        }
        // Chunks are padded to an even length.
        rest = after.get(len & 1..).unwrap_or_default();
    }
    tags
}

fn of_gif(input: &[u8]) -> Tags<'_> {
    let mut tags = Tags::default();
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let Some(flags) = input.get(10) else { return tags };
    let mut rest = input.get(13 + table(*flags)..).unwrap_or_default();
    for _ in 0..MAX_PARTS {
        let after = match rest {
            [0x21, 0xFE, blocks @ ..] => {
                let (text, after) = joined(blocks, MAX_BLOCK_BYTES);
                notes_of_comment(&mut tags, text);
                after
            }
            [0x21, 0xFF, 11, blocks @ ..] if blocks.starts_with(b"ICCRGBG1012") && tags.profile.is_none() => {
                let (profile, after) = joined(&blocks[11..], MAX_PROFILE_BYTES);
                tags.profile = profile.map(Cow::Owned);
                after
            }
            [0x21, _, blocks @ ..] => joined(blocks, 0).1,
            // Place and size, flags, a table of colours, the code size.
            [0x2C, _, _, _, _, _, _, _, _, flags, rest @ ..] => {
                joined(rest.get(table(*flags) + 1..).unwrap_or_default(), 0).1
            }
            _ => break,
        };
        let Some(after) = after else { break };
        rest = after;
    }
    tags
}

/// The blocks of at most 255 bytes in a row, if together they are no more than `max_bytes`; and what follows them, unless the
/// file ends before.
fn joined(mut blocks: &[u8], max_bytes: usize) -> (Option<Vec<u8>>, Option<&[u8]>) {
    let mut whole = Some(Vec::new());
    loop {
        let Some((len, after)) = blocks.split_first() else { return (None, None) };
        let Some((block, after)) = after.split_at_checked(usize::from(*len)) else { return (None, None) };
        if block.is_empty() {
            return (whole, Some(after));
        }
        whole = whole.filter(|whole| whole.len() + block.len() <= max_bytes);
        if let Some(whole) = &mut whole {
            whole.extend_from_slice(block);
        }
        blocks = after;
    }
}

/// Most comments in GIFs name the program that wrote them. These two lines are as renditions have them.
fn notes_of_comment(tags: &mut Tags<'_>, comment: Option<Vec<u8>>) {
    for line in comment.unwrap_or_default().split(|byte| *byte == b'\n') {
        let note = |mark: &[u8]| Some(Cow::Owned(line.strip_prefix(mark)?.to_vec()));
        tags.copyright = tags.copyright.take().or_else(|| note(b"Copyright: "));
        tags.author = tags.author.take().or_else(|| note(b"Artist: "));
    }
}

fn bounded(block: &[u8]) -> Option<&[u8]> {
    (block.len() <= MAX_BLOCK_BYTES).then_some(block)
}

/// A text from a file: up to its first zero, in UTF-8 or else Latin-1, without control characters, trimmed and cut. Nothing
/// when nothing is left.
pub(super) fn text(bytes: &[u8], max_bytes: usize) -> Option<String> {
    let bytes = bytes.split(|byte| *byte == 0).next()?;
    // No more is looked at than can be kept, but for spaces in front and what is not shown.
    let bytes = &bytes[..bytes.len().min(MAX_BLOCK_BYTES)];
    let decoded = match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    };
    let plain: String = decoded.chars().filter(|char| !char.is_control()).collect();
    let trimmed = plain.trim();
    let cut = trimmed[..trimmed.floor_char_boundary(max_bytes)].trim_end();
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    fn whole(count: u8, pieces: &[(u8, &'static [u8])]) -> Option<Vec<u8>> {
        let mut found = Pieces::default();
        for (number, bytes) in pieces {
            found.add(*number, count, bytes);
        }
        found.whole().map(Into::into)
    }

    #[test]
    fn each_piece_of_a_profile_is_needed_once() {
        assert_eq!(whole(3, &[(2, b"b"), (3, b"c"), (1, b"a")]).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(whole(1, &[(1, b"a")]).as_deref(), Some(b"a".as_slice()));
        assert_eq!(whole(3, &[(2, b"b"), (1, b"a")]), None);
        assert_eq!(whole(2, &[(1, b"a"), (2, b"b"), (2, b"b")]), None);
        assert_eq!(whole(2, &[(0, b"a"), (1, b"b"), (2, b"c")]), None);
        assert_eq!(whole(2, &[(1, b"a"), (2, b"b"), (3, b"c")]), None);
        assert_eq!(whole(0, &[(0, b"a")]), None);
        assert_eq!(whole(1, &[]), None);
        let mut two_counts = Pieces::default();
        two_counts.add(1, 2, b"a");
        two_counts.add(2, 3, b"b");
        assert_eq!(two_counts.whole(), None);
        let mut endless = Pieces::default();
        (0..100_000).for_each(|_| endless.add(1, 1, b"a"));
        assert!(endless.found.len() < 3 && endless.whole().is_none());
    }
}
