//! Where the samples of a track lie.

use super::{array, be32, boxes};

/// No track has more than this; at two a second it would be a week long.
const MAX_CHUNKS: usize = 1 << 20;

/// Samples that lie behind each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk {
    pub start: usize,
    /// Nothing where the track's tables do not tell: up to where another one begins.
    pub end: Option<usize>,
}

/// A table of a track: how many entries it says that it has, and those.
fn table<const N: usize>(body: &[u8], head: usize) -> Option<&[[u8; N]]> {
    let count = be32(body, head - 4)? as usize;
    body.get(head..)?.as_chunks().0.get(..count)
}

/// All chunks of a track by its `stbl`. Nothing when its tables do not agree.
pub(super) fn chunks(bytes: &[u8], stbl: &boxes::Part, is_sound: bool) -> Option<Vec<Chunk>> {
    let tables = boxes::parts(bytes, stbl.inside())?;
    let find = |name: &[u8; 4]| {
        let mut named = tables.iter().filter(|part| part.name == *name);
        let first = named.next();
        (named.next().is_none()).then(|| first.map(|part| &bytes[part.inside()]))
    };
    let starts: Vec<usize> = match (find(b"stco")?, find(b"co64")?) {
        (Some(body), None) => table(body, 8)?.iter().map(|at| u32::from_be_bytes(*at) as usize).collect(),
        (None, Some(body)) => {
            let starts = table(body, 8)?.iter().map(|at| usize::try_from(u64::from_be_bytes(*at)));
            starts.collect::<Result<_, _>>().ok()?
        }
        _ => return None,
    };
    (starts.len() <= MAX_CHUNKS).then_some(())?;
    let (sizes, runs) = (find(b"stsz")??, table::<12>(find(b"stsc")??, 8)?);
    let one_size = be32(sizes, 4)? as usize;
    let count = be32(sizes, 8)? as usize;
    let sizes = if one_size == 0 { table::<4>(sizes, 12)? } else { &[] };
    let run = |at: usize| Some((be32(runs.get(at)?, 0)? as usize, be32(&runs[at], 4)? as usize));
    let (mut found, mut at, mut sample) = (Vec::with_capacity(starts.len()), 0, 0_usize);
    for (number, start) in (1..).zip(starts) {
        // A run goes up to the chunk with which the next begins.
        while run(at + 1).is_some_and(|(first, _)| first <= number) {
            at += 1;
        }
        let (first, per_chunk) = run(at)?;
        (first <= number).then_some(())?;
        let samples = per_chunk.min(count - sample);
        let end = if one_size == 0 {
            let sizes = sizes.get(sample..sample + samples)?;
            let len = sizes.iter().map(|size| u64::from(u32::from_be_bytes(*size))).sum::<u64>();
            Some(start.checked_add(usize::try_from(len).ok()?)?)
        } else if is_sound {
            // In QuickTime this may count pieces of a sample, or samples of several bytes.
            None
        } else {
            Some(start.checked_add(samples.checked_mul(one_size)?)?)
        };
        sample += samples;
        if samples > 0 {
            found.push(Chunk { start, end });
        }
    }
    // Those without a chunk could be anywhere.
    (sample == count).then_some(found)
}

/// What the samples of a track are, by its `mdia`: pictures, sound, or something else.
pub(super) fn handler(bytes: &[u8], mdia: &boxes::Part) -> Option<[u8; 4]> {
    array(&bytes[boxes::only(bytes, mdia.inside(), b"hdlr")?.inside()], 8)
}

/// Whether each sample is a file of its own, which may tell something private.
pub(super) fn are_files(bytes: &[u8], stbl: &boxes::Part) -> Option<bool> {
    let list = boxes::only(bytes, stbl.inside(), b"stsd")?;
    let entries = boxes::parts(bytes, list.body + 8..list.end.max(list.body + 8))?;
    Some(entries.iter().any(|entry| {
        matches!(&entry.name, b"jpeg" | b"mjpa" | b"mjpb" | b"dmb1" | b"AVDJ" | b"png " | b"tiff" | b"gif ")
    }))
}
