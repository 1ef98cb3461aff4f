//! The items of a HEIF file (ISO 23008-12): images stay, everything else becomes zeros where it lies. How an image is turned is among its
//! properties, so that no EXIF block is needed for that.

use std::ops::Range;

use super::{
    array, be16, be32,
    boxes::{self, Part},
    spans::Spans,
};

/// An EXIF block with nothing in it, behind the number that says where it begins.
const EMPTY_EXIF: &[u8] = b"\0\0\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0";
/// The same for XMP.
const EMPTY_XMP: &[u8] = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>";

/// What may be an image, or tell how one is put together of others. A JPEG is none of them: it may have private data of its own.
const IMAGES: &[&[u8; 4]] = &[
    b"hvc1", b"hev1", b"lhv1", b"av01", b"avc1", b"vvc1", b"evc1", b"j2k1", b"unci", b"grid", b"iovl", b"iden", b"tmap",
];

/// Properties that images have; those that people and cameras add go.
const PROPERTIES: &[&[u8; 4]] = &[
    b"ispe", b"pixi", b"colr", b"hvcC", b"av1C", b"avcC", b"lhvC", b"vvcC", b"evcC", b"j2kH", b"cmpd", b"uncC",
    b"irot", b"imir", b"clap", b"pasp", b"auxC", b"clli", b"mdcv", b"cclv", b"amve", b"ndwt", b"reve", b"a1op",
    b"a1lx", b"lsel", b"oinf", b"tols", b"rloc", b"rref", b"iscl", b"free",
];

/// An item and where its bytes lie in the file.
struct Item {
    id: u32,
    extents: Vec<Range<usize>>,
}

/// A block that is overwritten, for [`Block::empty`].
pub(super) struct Block {
    place: Range<usize>,
    is_text: bool,
}

/// Lets each box in a `meta` have its fate, and tells where items lie; the answer is which of them go. Nothing when one is damaged, not
/// understood, or elsewhere.
pub(super) fn tidy(bytes: &[u8], out: &mut [u8], meta: &Part, spans: &mut Spans) -> Option<Vec<Block>> {
    let within = meta.body + 4..meta.end.max(meta.body + 4);
    let (mut kinds, mut places, mut data) = (None, None, None);
    for part in boxes::parts(bytes, within)? {
        let once = match &part.name {
            b"iinf" => &mut kinds,
            b"iloc" => &mut places,
            b"idat" => {
                spans.areas.push(part.inside());
                &mut data
            }
            b"iprp" => {
                properties(bytes, out, &part)?;
                continue;
            }
            // Nothing in them but numbers of items.
            b"pitm" | b"iref" | b"grpl" => continue,
            b"hdlr" | b"dinf" if part.end - part.body <= 512 => continue,
            b"ipro" => return None,
            _ => {
                part.free(out);
                continue;
            }
        };
        once.is_none().then_some(())?;
        *once = Some(part);
    }
    let kinds = kinds_of(bytes, &kinds?)?;
    let mut blocks = Vec::new();
    let items = items(&bytes[places?.inside()], data)?;
    // One that is nowhere, or whose kind is nowhere, may be something else by a damaged number.
    let is_somewhere = |id: &u32| items.binary_search_by_key(id, |item| item.id).is_ok();
    kinds.iter().all(|(id, kind)| kind == b"iden" || is_somewhere(id)).then_some(())?;
    for item in items {
        let at = kinds.binary_search_by_key(&item.id, |(id, _)| *id).ok()?;
        match &kinds[at].1 {
            b"jpeg" => return None,
            kind if IMAGES.contains(&kind) => spans.kept.extend(item.extents),
            kind => {
                if let (b"Exif" | b"mime", [place]) = (kind, &item.extents[..]) {
                    blocks.push(Block { place: place.clone(), is_text: kind == b"mime" });
                }
                spans.gone.extend(item.extents);
            }
        }
    }
    Some(blocks)
}

impl Block {
    /// Writes one with nothing in it where there is room for that, so that nobody takes it for a damaged one.
    pub fn empty(&self, out: &mut [u8]) {
        let (written, filler) = if self.is_text { (EMPTY_XMP, b' ') } else { (EMPTY_EXIF, 0) };
        if let Some((start, rest)) = out[self.place.clone()].split_at_mut_checked(written.len()) {
            start.copy_from_slice(written);
            rest.fill(filler);
        }
    }
}

/// What each item is, in the order of their numbers; nothing when two have the same.
fn kinds_of(bytes: &[u8], list: &Part) -> Option<Vec<(u32, [u8; 4])>> {
    let head = if *bytes[list.inside()].first()? == 0 { 6 } else { 8 };
    let mut kinds = Vec::new();
    for entry in boxes::parts(bytes, list.body + head..list.end.max(list.body + head))? {
        let body = &bytes[entry.inside()];
        let (id, at) = match (&entry.name, body.first()?) {
            (b"infe", 2) => (u32::from(be16(body, 4)?), 8),
            (b"infe", 3) => (be32(body, 4)?, 10),
            _ => return None,
        };
        kinds.push((id, array(body, at)?));
    }
    kinds.sort_unstable();
    kinds.is_sorted_by(|one, other| one.0 < other.0).then_some(kinds)
}

/// Frees the properties that are not an image's. Those that refer to the others count places, so that none is moved.
fn properties(bytes: &[u8], out: &mut [u8], all: &Part) -> Option<()> {
    for part in boxes::parts(bytes, all.inside())? {
        match &part.name {
            b"ipco" => {
                let properties = boxes::parts(bytes, part.inside())?;
                properties.iter().filter(|one| !PROPERTIES.contains(&&one.name)).for_each(|one| one.free(out));
            }
            b"ipma" => {}
            _ => part.free(out),
        }
    }
    Some(())
}

/// Where items lie, by the `iloc` box.
fn items(places: &[u8], data: Option<Part>) -> Option<Vec<Item>> {
    let version = *places.first()?;
    let sizes = be16(places, 4)?;
    let [offset_len, length_len, base_len, index_len] = [12, 8, 4, 0].map(|shift| usize::from(sizes >> shift & 0xF));
    let index_len = if version == 0 { 0 } else { index_len };
    // Without a length an extent would be all of the file, and any number of them would cost no byte.
    let are_known = |len: usize| matches!(len, 0 | 4 | 8);
    let is_bounded = length_len > 0 && [offset_len, length_len, base_len, index_len].into_iter().all(are_known);
    (version <= 2 && is_bounded).then_some(())?;
    let mut rest = places.get(6..)?;
    let id_len = if version < 2 { 2 } else { 4 };
    let mut items = Vec::new();
    for _ in 0..take(&mut rest, id_len)? {
        let id = u32::try_from(take(&mut rest, id_len)?).ok()?;
        let start = match (if version == 0 { 0 } else { take(&mut rest, 2)? & 0xF }, data) {
            (0, _) => 0,
            (1, Some(data)) => data.body as u64,
            _ => return None,
        };
        // Another number than this would be another file.
        (take(&mut rest, 2)? == 0).then_some(())?;
        let base = start.checked_add(take(&mut rest, base_len)?)?;
        let mut extents = Vec::new();
        for _ in 0..take(&mut rest, 2)? {
            take(&mut rest, index_len)?;
            let start = usize::try_from(base.checked_add(take(&mut rest, offset_len)?)?).ok()?;
            let len = usize::try_from(take(&mut rest, length_len)?).ok()?;
            extents.push(start..start.checked_add(len)?);
        }
        items.push(Item { id, extents });
    }
    // An item that lies at two places would be read from either.
    items.sort_by_key(|item| item.id);
    items.is_sorted_by(|one, other| one.id < other.id).then_some(items)
}

/// The number in the next bytes, of which there are at most eight.
fn take(rest: &mut &[u8], len: usize) -> Option<u64> {
    let (number, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}
