//! MP4, QuickTime, and the boxes that HEIC and AVIF have around their items: pictures and sound stay where they are, and all bytes that
//! belong to neither become zeros. Cameras write their position into descriptions, into tracks of their own, between samples, into free
//! room and behind the end.

use memchr::memmem;

use super::{
    boxes::{self, Part},
    items::{self, Block},
    samples::{self, Chunk},
    spans::Spans,
};

/// A film or a sound.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    File::of(bytes).stripped(false)
}

/// HEIC, AVIF and their kin: images, and films as well where they are sequences.
pub(super) fn strip_image(bytes: &[u8]) -> Option<Vec<u8>> {
    File::of(bytes).stripped(true)
}

/// A file and what it becomes.
struct File<'a> {
    bytes: &'a [u8],
    out: Vec<u8>,
    spans: Spans,
    /// Of each chunk of a track, whether it stays.
    chunks: Vec<(Chunk, bool)>,
    /// Items that are overwritten.
    blocks: Vec<Block>,
    /// Whether samples lie where only fragments tell.
    fragmented: bool,
    /// Whether samples are files.
    holds_files: bool,
    /// Whether a track goes.
    loses_track: bool,
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            out: bytes.to_vec(),
            spans: Spans::default(),
            chunks: Vec::new(),
            blocks: Vec::new(),
            fragmented: false,
            holds_files: false,
            loses_track: false,
        }
    }

    fn stripped(mut self, is_image: bool) -> Option<Vec<u8>> {
        let (mut at, mut films, mut images) = (0, 0, 0);
        while at < self.bytes.len() {
            let Some(part) = self.next_part(at) else {
                // No box: what telephones and cameras append. Whether anything is missing is seen by what refers to it, where it is
                // known what does.
                (!self.fragmented).then_some(())?;
                self.out.truncate(at);
                break;
            };
            at = part.end;
            match &part.name {
                b"ftyp" if part.start == 0 && part.end <= 1_024 => {}
                b"mdat" => self.spans.areas.push(part.inside()),
                b"moov" => {
                    films += 1;
                    self.movie(&part)?;
                }
                b"meta" if is_image => {
                    images += 1;
                    self.blocks = items::tidy(self.bytes, &mut self.out, &part, &mut self.spans)?;
                }
                b"moof" => {
                    self.fragmented = true;
                    boxes::tidy(self.bytes, &mut self.out, &part)?;
                }
                b"styp" | b"sidx" | b"ssix" | b"mfra" if self.fragmented || !is_image => {}
                b"free" | b"skip" | b"wide" => self.out[part.inside()].fill(0),
                _ => part.free(&mut self.out),
            }
        }
        let is_whole = if is_image { images == 1 && films <= 1 } else { films == 1 };
        is_whole.then_some(())?;
        self.blank()?;
        Some(self.out)
    }

    /// The box at `at`; nothing where there is none.
    fn next_part(&self, at: usize) -> Option<Part> {
        let part = boxes::part_at(self.bytes, at, self.bytes.len())?;
        let is_named = part.name.iter().all(|byte| matches!(byte, b' '..=b'~' | 0xA9));
        is_named.then_some(part)
    }

    fn movie(&mut self, movie: &Part) -> Option<()> {
        boxes::tidy(self.bytes, &mut self.out, movie)?;
        let mut stays = false;
        for track in boxes::parts(self.bytes, movie.inside())?.iter().filter(|part| part.name == *b"trak") {
            let mdia = boxes::only(self.bytes, track.inside(), b"mdia")?;
            let minf = boxes::only(self.bytes, mdia.inside(), b"minf")?;
            let stbl = boxes::only(self.bytes, minf.inside(), b"stbl")?;
            let handler = samples::handler(self.bytes, &mdia)?;
            let is_kept = matches!(&handler, b"vide" | b"soun" | b"pict" | b"auxv");
            let chunks = samples::chunks(self.bytes, &stbl, handler == *b"soun")?;
            self.chunks.extend(chunks.into_iter().map(|chunk| (chunk, is_kept)));
            if is_kept {
                stays = true;
                self.holds_files |= samples::are_files(self.bytes, &stbl)?;
            } else {
                self.loses_track = true;
                track.free(&mut self.out);
            }
        }
        stays.then_some(())
    }

    /// Overwrites what belongs to nothing that stays.
    fn blank(&mut self) -> Option<()> {
        if self.fragmented {
            // Which bytes are whose is told in each fragment; when all are to stay, it does not matter.
            return (!self.loses_track && self.spans.gone.is_empty() && !self.holds_files).then_some(());
        }
        let mut spans = std::mem::take(&mut self.spans);
        self.chunks.sort_unstable_by_key(|(chunk, _)| chunk.start);
        // From the last to the first, so that it is known where the next one begins that does not begin at the same place.
        let (mut next, mut start) = (usize::MAX, usize::MAX);
        for (chunk, is_kept) in self.chunks.iter().rev() {
            if chunk.start != start {
                (next, start) = (start, chunk.start);
            }
            let area = spans.areas.partition_point(|area| area.end <= chunk.start);
            let end = chunk.end.or_else(|| Some(spans.areas.get(area)?.end.min(next)))?;
            if *is_kept { &mut spans.kept } else { &mut spans.gone }.push(chunk.start..end);
        }
        spans.blank(&mut self.out)?;
        self.blocks.iter().for_each(|block| block.empty(&mut self.out));
        let tells = |mark: &[u8]| memmem::find(&self.out, mark).is_some();
        (!self.holds_files || !(tells(b"Exif\0\0") || tells(b"ns.adobe.com") || tells(b"Photoshop 3.0"))).then_some(())
    }
}
