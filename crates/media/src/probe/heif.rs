//! The boxes of a HEIF file, of which AVIF and HEIC are kinds: what the main image is, and where its profile and EXIF block lie.
//! It decompresses nothing. ISO/IEC 14496-12 and 23008-12.

use content::MediaType;

use super::{
    Probe,
    read::{array, be16, be32},
};

/// No more boxes of one kind are looked at, whose number is the sender's choice.
const MAX_BOXES: usize = 4_096;

/// What the file says of its main image.
#[derive(Debug, Clone)]
pub(crate) struct Header<'a> {
    /// AVIF, HEIC or another kind of HEIF.
    pub media_type: MediaType,
    /// Width and height of what the decoder gives.
    pub coded: (u32, u32),
    /// The part of that which is to be seen, before turning.
    pub aperture: Aperture,
    /// The turn, as EXIF would say it.
    pub orientation: u8,
    /// Whether it has several frames.
    pub moves: bool,
    /// What its colours mean.
    pub colour: Option<Colour<'a>>,
    /// The TIFF structure of its EXIF block, whose own orientation does not count.
    pub exif: Option<&'a [u8]>,
}

/// What colours mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour<'a> {
    /// By an ICC profile.
    Profile(&'a [u8]),
    /// By the numbers of ITU-T H.273: primaries and transfer.
    Numbers { primaries: u16, transfer: u16 },
}

/// A part of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Aperture {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// One box.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    name: [u8; 4],
    body: &'a [u8],
}

/// Reads as much as lies in `bytes`; nothing when the main image's size does not.
pub(crate) fn read(bytes: &[u8]) -> Option<Header<'_>> {
    let (kind, moves) = kind(bytes)?;
    let meta = parts(bytes).find(|part| part.name == *b"meta")?.body.get(4..)?;
    let main = main_item(meta)?;
    let (mut coded, mut clean, mut known_colour, mut turn) = ((0, 0), None, None, Turn::default());
    for part in properties(meta, main)? {
        let body = part.body;
        match &part.name {
            b"ispe" if coded == (0, 0) => coded = (be32(body, 4)?, be32(body, 8)?),
            // Browsers show all of an AVIF. One that stands behind a turn, which none may, does not count.
            b"clap" if kind != "image/avif" && turn == Turn::default() => clean = clean.or(Some(body)),
            b"irot" => turn.rotate(*body.first()?),
            b"imir" => turn.mirror(*body.first()?),
            b"colr" => known_colour = better(known_colour, colour(body)),
            _ => {}
        }
    }
    let (width, height) = coded;
    let all = Aperture { left: 0, top: 0, width, height };
    (width > 0 && height > 0).then(|| Header {
        media_type: MediaType::of(kind),
        coded,
        aperture: clean.and_then(|body| aperture(body, coded)).unwrap_or(all),
        orientation: turn.as_exif(),
        moves,
        colour: known_colour,
        exif: exif(bytes, meta),
    })
}

/// The same for [`super::probe`].
pub(super) fn probe(head: &[u8]) -> Option<Probe> {
    let header = read(head)?;
    let seen = (header.aperture.width, header.aperture.height);
    Probe::stored(header.media_type, seen, header.orientation, header.moves)
}

/// The type by the brands, and whether it is a sequence.
fn kind(bytes: &[u8]) -> Option<(&'static str, bool)> {
    let Part { name: [b'f', b't', b'y', b'p'], body } = parts(bytes).next()? else { return None };
    // The minor version stands behind the major brand.
    let brands = || body.chunks_exact(4).take(64).enumerate().filter(|(at, _)| *at != 1).map(|(_, brand)| brand);
    let has = |names: &[&[u8]]| brands().any(|brand| names.contains(&brand));
    let moves = matches!(body.first_chunk()?, b"avis" | b"hevc" | b"hevx" | b"msf1");
    if has(&[b"avif", b"avis"]) {
        Some(("image/avif", moves))
    } else if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"]) {
        // A sequence is shown by its still: nothing here plays it.
        Some(("image/heic", false))
    } else {
        has(&[b"mif1", b"msf1"]).then_some(("image/heif", false))
    }
}

/// The boxes in a row, up to one that does not lie wholly within.
fn parts(mut rest: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let (stated, name) = (be32(rest, 0)?, array(rest, 4)?);
        let (head, len) = match stated {
            0 => (8, rest.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(array(rest, 8)?)).ok()?),
            len => (8, len as usize),
        };
        let body = rest.get(head..len)?;
        rest = &rest[len..];
        Some(Part { name, body })
    })
    .take(MAX_BOXES)
}

fn part<'a>(within: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    parts(within).find(|part| part.name == *name).map(|part| part.body)
}

/// The number of the item that is the image.
fn main_item(meta: &[u8]) -> Option<u32> {
    let body = part(meta, b"pitm")?;
    if *body.first()? == 0 { be16(body, 4).map(u32::from) } else { be32(body, 4) }
}

/// The properties that an item has, in their order.
fn properties(meta: &[u8], item: u32) -> Option<Vec<Part<'_>>> {
    let listed = part(meta, b"iprp")?;
    let all: Vec<Part<'_>> = parts(part(listed, b"ipco")?).collect();
    let associations = part(listed, b"ipma")?;
    let (wide_items, wide_places) = (*associations.first()? > 0, associations.get(3)? & 1 != 0);
    let mut at = 8;
    for _ in 0..be32(associations, 4)? {
        let id = if wide_items { be32(associations, at)? } else { u32::from(be16(associations, at)?) };
        at += if wide_items { 4 } else { 2 };
        let count = usize::from(*associations.get(at)?);
        at += 1;
        let places = associations.get(at..at + count * (1 + usize::from(wide_places)))?;
        at += places.len();
        if id == item {
            // The upper bit says whether who does not know the property must give up.
            let places: Vec<usize> = if wide_places {
                places
                    .chunks_exact(2)
                    .map(|place| usize::from(u16::from_be_bytes([place[0], place[1]]) & 0x7FFF))
                    .collect()
            } else {
                places.iter().map(|place| usize::from(place & 0x7F)).collect()
            };
            return Some(places.into_iter().filter_map(|place| all.get(place.checked_sub(1)?).copied()).collect());
        }
    }
    None
}

/// What a `clap` box leaves of an image of this size; nothing when it is no whole number of pixels or reaches beyond them.
fn aperture(body: &[u8], coded: (u32, u32)) -> Option<Aperture> {
    // Both are fractions: how long a side is, and how far its middle lies from that of the image.
    let along = |at: usize, coded: u32| {
        let [len, len_of, off, off_of] = [at, at + 4, at + 16, at + 20].map(|at| be32(body, at));
        let (len, len_of, off, off_of) = (len?, len_of?, i128::from(off?.cast_signed()), i128::from(off_of?));
        let len = (len_of > 0 && len.is_multiple_of(len_of)).then(|| len / len_of).filter(|len| *len > 0)?;
        let twice = 2 * off + (i128::from(coded) - i128::from(len)) * off_of;
        let before = (off_of > 0).then(|| twice.div_euclid(2 * off_of))?;
        let before = u32::try_from(before).ok().filter(|before| u64::from(*before) + u64::from(len) <= coded.into())?;
        Some((before, len))
    };
    let ((left, width), (top, height)) = (along(0, coded.0)?, along(8, coded.1)?);
    Some(Aperture { left, top, width, height })
}

fn colour(body: &[u8]) -> Option<Colour<'_>> {
    match array(body, 0)? {
        [b'n', b'c', b'l', b'x'] => Some(Colour::Numbers { primaries: be16(body, 4)?, transfer: be16(body, 6)? }),
        [b'p', b'r', b'o', b'f'] | [b'r', b'I', b'C', b'C'] => Some(Colour::Profile(&body[4..])),
        _ => None,
    }
}

/// A profile says more than numbers do.
fn better<'a>(known: Option<Colour<'a>>, found: Option<Colour<'a>>) -> Option<Colour<'a>> {
    match (known, found) {
        (Some(Colour::Profile(_)), _) | (Some(_), None | Some(Colour::Numbers { .. })) => known,
        _ => found,
    }
}

/// The EXIF block: an item whose bytes lie in one piece.
fn exif<'a>(bytes: &'a [u8], meta: &'a [u8]) -> Option<&'a [u8]> {
    let items = part(meta, b"iinf")?;
    let entries = items.get(if *items.first()? == 0 { 6 } else { 8 }..)?;
    let item = parts(entries).find_map(|entry| {
        let (id, at) = match entry.body.first()? {
            2 => (u32::from(be16(entry.body, 4)?), 8),
            3 => (be32(entry.body, 4)?, 10),
            _ => return None,
        };
        (array(entry.body, at)? == *b"Exif").then_some(id)
    })?;
    let block = item_bytes(bytes, meta, item)?;
    // How far behind this number the structure begins.
    block.get(4..)?.get(be32(block, 0)? as usize..)
}

/// The bytes of an item, where the file says that they lie in one piece.
fn item_bytes<'a>(bytes: &'a [u8], meta: &'a [u8], item: u32) -> Option<&'a [u8]> {
    let places = part(meta, b"iloc")?;
    let version = *places.first()?;
    let sizes = be16(places, 4)?;
    let [offset_len, length_len, base_len, index_len] = [12, 8, 4, 0].map(|shift| usize::from(sizes >> shift & 0xF));
    let index_len = if version == 0 { 0 } else { index_len };
    let mut rest = places.get(6..)?;
    let id_len = if version < 2 { 2 } else { 4 };
    for _ in 0..take(&mut rest, id_len)? {
        let id = take(&mut rest, id_len)?;
        let in_meta = if version == 0 { 0 } else { take(&mut rest, 2)? & 0xF };
        take(&mut rest, 2)?;
        let base = take(&mut rest, base_len)?;
        let extents = take(&mut rest, 2)?;
        if id != u64::from(item) {
            // Passed over in one step: their number costs nothing where each takes no byte.
            rest = rest.get(usize::try_from(extents).ok()? * (index_len + offset_len + length_len)..)?;
            continue;
        }
        if extents != 1 {
            return None;
        }
        take(&mut rest, index_len)?;
        let start = usize::try_from(base.checked_add(take(&mut rest, offset_len)?)?).ok()?;
        let len = usize::try_from(take(&mut rest, length_len)?).ok()?;
        let within = match in_meta {
            0 => bytes,
            1 => part(meta, b"idat")?,
            _ => return None,
        };
        return within.get(start..start.checked_add(len)?);
    }
    None
}

/// The number in the next bytes, of which there are at most eight.
fn take(rest: &mut &[u8], len: usize) -> Option<u64> {
    let (number, after) = rest.split_at_checked(len).filter(|_| len <= 8)?;
    *rest = after;
    Some(number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

/// Rotations and mirrorings in the order in which the file lists them.
#[derive(Default, PartialEq, Eq)]
struct Turn {
    /// Quarters against the clock, before the mirroring.
    quarters: u8,
    /// Whether left and right are exchanged after that.
    mirrored: bool,
}

impl Turn {
    fn rotate(&mut self, quarters: u8) {
        // What comes behind a mirroring turns the other way before it.
        let quarters = if self.mirrored { 4 - (quarters & 3) } else { quarters & 3 };
        self.quarters = (self.quarters + quarters) & 3;
    }

    /// Along an axis: 0 exchanges top and bottom, 1 left and right.
    fn mirror(&mut self, axis: u8) {
        // To exchange top and bottom is to exchange left and right and turn by a half.
        if axis & 1 == 0 {
            self.rotate(2);
        }
        self.mirrored = !self.mirrored;
    }

    fn as_exif(&self) -> u8 {
        match (self.mirrored, self.quarters) {
            (false, 0) => 1,
            (false, 1) => 8,
            (false, 2) => 3,
            (false, _) => 6,
            (true, 0) => 2,
            (true, 1) => 7,
            (true, 2) => 4,
            (true, _) => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aperture_lies_within_the_image() {
        let within = |numbers: [i32; 8]| aperture(&numbers.map(i32::to_be_bytes).concat(), (482, 362));
        let found = |left, top, width, height| Some(Aperture { left, top, width, height });
        assert_eq!(within([481, 1, 361, 1, -1, 2, -1, 2]), found(0, 0, 481, 361), "as odd sizes are written");
        assert_eq!(within([962, 2, 361, 1, 1, 2, 1, 2]), found(1, 1, 481, 361));
        assert_eq!(within([100, 1, 50, 1, 0, 1, 0, 1]), found(191, 156, 100, 50), "in the middle");
        assert_eq!(within([100, 1, 50, 1, -191, 1, 156, 1]), found(0, 312, 100, 50), "in a corner");
        for wrong in [
            [100, 1, 50, 1, -192, 1, 0, 1],
            [100, 1, 50, 1, 0, 1, 157, 1],
            [483, 1, 50, 1, 0, 1, 0, 1],
            [0, 1, 50, 1, 0, 1, 0, 1],
            [101, 2, 50, 1, 0, 1, 0, 1],
            [100, 0, 50, 1, 0, 1, 0, 1],
            [100, 1, 50, 1, 0, 0, 0, 1],
            [1, 1, 1, 1, i32::MIN, 1, i32::MAX, 1],
        ] {
            assert_eq!(within(wrong), None, "{wrong:?}");
        }
        assert_eq!(aperture(&[0xFF; 32], (1, 1)), None, "a little before the first pixel");
        assert_eq!(aperture(&[&[0xFF; 4], &[0, 0, 0, 1][..], &[0xFF; 24]].concat(), (1, 1)), None, "a huge side");
        assert_eq!(aperture(&[0; 31], (9, 9)), None, "cut short");
    }

    fn turned(steps: &[(bool, u8)]) -> u8 {
        let mut turn = Turn::default();
        for (mirror, value) in steps {
            if *mirror { turn.mirror(*value) } else { turn.rotate(*value) }
        }
        turn.as_exif()
    }

    #[test]
    fn turns_are_those_that_exif_names() {
        // By libavif's table of the same.
        let table: [(&[(bool, u8)], u8); 9] = [
            (&[], 1),
            (&[(true, 1)], 2),
            (&[(false, 2)], 3),
            (&[(true, 0)], 4),
            (&[(false, 1), (true, 0)], 5),
            (&[(false, 3)], 6),
            (&[(false, 3), (true, 0)], 7),
            (&[(false, 1)], 8),
            // Mirrored first, which the standard advises against: left and right, then a quarter against the clock.
            (&[(true, 1), (false, 1)], 5),
        ];
        for (steps, exif) in table {
            assert_eq!(turned(steps), exif, "{steps:?}");
        }
    }
}
