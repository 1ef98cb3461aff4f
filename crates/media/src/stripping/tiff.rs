//! TIFF: fields that say how pixels are to be read stay where they are, with what they refer to. All others are taken out of their
//! directories, and all bytes that belong to nothing become zeros. Raw photographs, which only the notes of their makers make readable,
//! are refused, and so is what has addresses of 64 bits.

use memchr::memmem;

use super::{
    directories::{Directory, Field, Numbers},
    profile_of,
    spans::Spans,
};

const COMPRESSION: u16 = 259;
const PHOTOMETRY: u16 = 262;
const SUB_DIRECTORIES: u16 = 330;
const TRANSFER: u16 = 301;
const COLOURS: u16 = 320;
const JPEG_TABLES: u16 = 347;
const PROFILE: u16 = 34_675;
/// Directories with what the camera did, where it was, and what that may be read by.
const PRIVATE_DIRECTORIES: &[u16] = &[34_665, 34_853, 40_965];
/// Pixels, in strips or tiles: where they lie and how long they are.
const PIXELS: &[(u16, u16)] = &[(273, 279), (324, 325)];

/// A number for each of some hundred samples.
const MAX_VALUE_BYTES: usize = 1_024;
/// Three of two bytes for each value of 16 bits.
const MAX_TABLE_BYTES: usize = 3 * 2 * 65_536;

/// None, faxes, LZW, JPEG, Deflate, PackBits, Deflate by its old number, LZMA, Zstandard, WebP.
const COMPRESSIONS: &[usize] = &[1, 2, 3, 4, 5, 7, 8, 32_773, 32_946, 34_925, 50_000, 50_001];
/// Up to here, and none of those of cameras.
const MAX_PHOTOMETRY: usize = 10;
/// These may have segments of their own with private data.
const JPEG_OR_WEBP: &[usize] = &[7, 50_001];

/// The file with nothing moved.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut file = File {
        numbers: Numbers::of(bytes)?,
        bytes,
        out: bytes.to_vec(),
        spans: Spans::default(),
        // Values may be shared, though seldom by more than two.
        unread: 2 * bytes.len(),
        holds_files: false,
    };
    file.spans.areas.push(8..bytes.len());
    let mut waiting = vec![(file.numbers.long(4)? as usize, true)];
    while let Some((at, stays)) = waiting.pop() {
        // Of one that goes, too, it must be known what it refers to: nothing that stays may lie there.
        let directory = file.numbers.directory(at)?;
        // Many that lie on each other would cost more than their length.
        file.unread = file.unread.checked_sub(directory.place.len())?;
        if stays { file.keep(&directory, &mut waiting)? } else { file.drop(&directory, &mut waiting)? }
    }
    let File { mut out, spans, holds_files, .. } = file;
    spans.blank(&mut out)?;
    let tells = |mark: &[u8]| memmem::find(&out, mark).is_some();
    (!holds_files || !(tells(b"Exif\0\0") || tells(b"ns.adobe.com") || tells(b"EXIF"))).then_some(out)
}

/// A file and what it becomes.
struct File<'a> {
    numbers: Numbers<'a>,
    bytes: &'a [u8],
    out: Vec<u8>,
    spans: Spans,
    /// How many bytes directories and their values may still have.
    unread: usize,
    /// Whether pixels are files.
    holds_files: bool,
}

impl File<'_> {
    fn keep(&mut self, directory: &Directory, waiting: &mut Vec<(usize, bool)>) -> Option<()> {
        self.spans.kept.push(directory.place.clone());
        let mut end = directory.place.start + 2;
        for field in &directory.fields {
            if !stays(field.tag) {
                // It may be another directory, and what lies there is not known.
                let is_clear = !field.may_be_place() || PRIVATE_DIRECTORIES.contains(&field.tag);
                is_clear.then_some(())?;
                self.drop_field(field, waiting)?;
                continue;
            }
            let mut values = field.values.clone()?;
            self.unread = self.unread.checked_sub(values.len())?;
            let numbers = || self.numbers.all(field);
            match field.tag {
                COMPRESSION => {
                    let one = numbers()?;
                    one.iter().all(|one| COMPRESSIONS.contains(one)).then_some(())?;
                    self.holds_files |= one.iter().any(|one| JPEG_OR_WEBP.contains(one));
                }
                PHOTOMETRY => numbers()?.iter().all(|one| *one <= MAX_PHOTOMETRY).then_some(())?,
                SUB_DIRECTORIES => waiting.extend(numbers()?.into_iter().map(|at| (at, true))),
                PROFILE => values.end = values.start + profile_of(&self.bytes[values.clone()])?.len(),
                JPEG_TABLES => is_jpeg(&self.bytes[values.clone()]).then_some(())?,
                TRANSFER | COLOURS => (field.has_numbers() && values.len() <= MAX_TABLE_BYTES).then_some(())?,
                tag if PIXELS.iter().any(|(places, lens)| tag == *places || tag == *lens) => drop(numbers()?),
                _ => (field.has_numbers() && values.len() <= MAX_VALUE_BYTES).then_some(())?,
            }
            if field.is_apart {
                self.spans.kept.push(values);
            }
            // What stays moves up within the directory.
            self.out[end..end + 12].copy_from_slice(&self.bytes[field.place.clone()]);
            end += 12;
        }
        let count = u16::try_from((end - directory.place.start - 2) / 12).ok()?;
        self.out[directory.place.start..directory.place.start + 2].copy_from_slice(&self.numbers.written(count));
        let next = directory.place.end - 4;
        self.out[end..end + 4].copy_from_slice(&self.bytes[next..next + 4]);
        self.out[end + 4..directory.place.end].fill(0);
        if directory.next != 0 {
            waiting.push((directory.next, true));
        }
        self.keep_pixels(directory)
    }

    /// Strips or tiles, whose lengths must be known.
    fn keep_pixels(&mut self, directory: &Directory) -> Option<()> {
        let numbers = |tag: u16| {
            let mut fields = directory.fields.iter().filter(|field| field.tag == tag);
            let first = fields.next().map(|field| self.numbers.all(field));
            // Of two with one number, readers take either.
            fields.next().is_none().then_some(first)
        };
        for (places, lens) in PIXELS {
            let (places, lens) = match (numbers(*places)?, numbers(*lens)?) {
                (Some(places), Some(lens)) => (places?, lens?),
                (None, None) => continue,
                _ => return None,
            };
            (places.len() == lens.len()).then_some(())?;
            let parts = places.into_iter().zip(lens).map(|(at, len)| Some(at..at.checked_add(len)?));
            self.spans.kept.extend(parts.collect::<Option<Vec<_>>>()?);
        }
        Some(())
    }

    /// A directory of which nothing stays, nor of what it refers to.
    fn drop(&mut self, directory: &Directory, waiting: &mut Vec<(usize, bool)>) -> Option<()> {
        self.spans.gone.push(directory.place.clone());
        directory.fields.iter().try_for_each(|field| self.drop_field(field, waiting))
    }

    fn drop_field(&mut self, field: &Field, waiting: &mut Vec<(usize, bool)>) -> Option<()> {
        let values = field.values.clone()?;
        if field.is_apart {
            self.spans.gone.push(values);
        }
        if PRIVATE_DIRECTORIES.contains(&field.tag) {
            let places = self.numbers.all(field).filter(|_| field.may_be_place())?;
            waiting.extend(places.into_iter().map(|at| (at, false)));
        }
        Some(())
    }
}

/// Whether a field says how pixels are read, how dense and which way up they are, or what colours mean. There is nothing in those but
/// numbers, and the profile.
fn stays(tag: u16) -> bool {
    matches!(
        tag,
        254..=259 | 262..=266 | 273 | 274 | 277..=284 | 290..=293 | 296 | 297 | TRANSFER | 317..=325 | SUB_DIRECTORIES | 332 | 334 | 336
            | 338..=342 | JPEG_TABLES | 529..=532 | PROFILE
    )
}

/// Whether it is from the start to the end of a JPEG, here of one with tables alone.
fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xD8]) && bytes.ends_with(&[0xFF, 0xD9])
}
