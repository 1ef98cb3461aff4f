//! Boxes of ISO's base media format (14496-12), of which MP4, QuickTime, HEIC and AVIF are kinds: walking them, and which of them stay.
//! One that goes becomes free room of the same size, so that nothing is moved.

use std::ops::Range;

use super::{array, be32};

/// One box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub name: [u8; 4],
    pub start: usize,
    /// Where what it holds begins.
    pub body: usize,
    pub end: usize,
}

impl Part {
    /// Where what it holds lies.
    pub fn inside(&self) -> Range<usize> {
        self.body..self.end
    }

    /// Makes it free room.
    pub fn free(&self, bytes: &mut [u8]) {
        bytes[self.start + 4..self.start + 8].copy_from_slice(b"free");
        bytes[self.inside()].fill(0);
    }
}

/// The box at `at`, if it ends before `end` does.
pub(super) fn part_at(bytes: &[u8], at: usize, end: usize) -> Option<Part> {
    let bytes = bytes.get(..end)?;
    let (head, len) = match be32(bytes, at)? {
        0 => (8, end - at),
        1 => (16, usize::try_from(u64::from_be_bytes(array(bytes, at + 8)?)).ok()?),
        len => (8, len as usize),
    };
    let part = Part { name: array(bytes, at + 4)?, start: at, body: at + head, end: at.checked_add(len)? };
    (part.body <= part.end && part.end <= end).then_some(part)
}

/// The boxes that fill a range; nothing when they do not.
pub(super) fn parts(bytes: &[u8], within: Range<usize>) -> Option<Vec<Part>> {
    let (mut all, mut at) = (Vec::new(), within.start);
    while at < within.end {
        let part = part_at(bytes, at, within.end)?;
        at = part.end;
        all.push(part);
    }
    Some(all)
}

/// The one box of this name in a range; nothing when there is none or are several.
pub(super) fn only(bytes: &[u8], within: Range<usize>, name: &[u8; 4]) -> Option<Part> {
    let all = parts(bytes, within)?;
    let mut named = all.into_iter().filter(|part| part.name == *name);
    named.next().filter(|_| named.next().is_none())
}

/// What becomes of a box.
enum Fate {
    Stays,
    /// It holds others, each with a fate of its own.
    Holds,
    /// It stays, and the times in it go.
    Times,
    Goes,
    /// A list of where samples lie.
    Sources,
    /// Not understood, and not to be passed over.
    Unclear,
}

/// By the box around it, how long it is, and its name.
fn fate(around: &[u8; 4], name: &[u8; 4], len: usize) -> Fate {
    let when = |is_right: bool| if is_right { Fate::Stays } else { Fate::Unclear };
    match (around, name) {
        (b"moov", b"mvhd") | (b"trak", b"tkhd") | (b"mdia", b"mdhd") => Fate::Times,
        (b"moov", b"trak" | b"mvex")
        | (b"trak", b"mdia" | b"edts")
        | (b"mdia", b"minf")
        | (b"minf", b"dinf" | b"stbl" | b"gmhd")
        | (b"moof", b"traf") => Fate::Holds,
        (b"moov", b"iods") => when(len <= 64),
        (b"moov", b"cmov" | b"rmra") => Fate::Unclear,
        (b"trak", b"tref" | b"tapt") => when(len <= 1_024),
        (b"trak", b"load") => when(len == 16),
        (b"edts", b"elst") | (b"mvex", b"mehd" | b"trex") => Fate::Stays,
        (b"mdia", b"hdlr" | b"elng") | (b"minf", b"hdlr") => when(len <= 512),
        (b"minf", b"vmhd" | b"smhd" | b"nmhd" | b"sthd" | b"hmhd") | (b"gmhd", b"gmin") => when(len <= 64),
        (b"dinf", b"dref") => Fate::Sources,
        // Where what decrypts the samples lies is told apart from them.
        (b"stbl" | b"traf", b"saio" | b"saiz" | b"senc") => Fate::Unclear,
        (
            b"stbl",
            b"stsd" | b"stts" | b"ctts" | b"cslg" | b"stss" | b"stps" | b"stsc" | b"stsz" | b"stz2" | b"stco" | b"co64"
            | b"sdtp" | b"sbgp" | b"sgpd" | b"subs" | b"stsh" | b"padb" | b"stdp",
        )
        | (b"moof", b"mfhd")
        | (b"traf", b"tfhd" | b"tfdt" | b"trun" | b"sdtp" | b"sbgp" | b"sgpd" | b"subs") => Fate::Stays,
        _ => Fate::Goes,
    }
}

/// Lets each box in a box have its fate. Nothing when one is damaged or not understood.
pub(super) fn tidy(bytes: &[u8], out: &mut [u8], around: &Part) -> Option<()> {
    for part in parts(bytes, around.inside())? {
        let len = part.end - part.body;
        match fate(&around.name, &part.name, len) {
            Fate::Stays => {}
            Fate::Holds => tidy(bytes, out, &part)?,
            Fate::Times => {
                let wide = *bytes.get(part.body).filter(|_| len > 0)? != 0;
                let time_len = if wide { 8 } else { 4 };
                is_header_sound(&part.name, wide, len).then_some(())?;
                out[part.body + 4..part.body + 4 + 2 * time_len].fill(0);
            }
            // A track by another name would be one whose samples are not known to go.
            Fate::Goes if array(bytes, part.body + 4) == Some(*b"tkhd") => return None,
            Fate::Goes => part.free(out),
            Fate::Sources => sources(bytes, out, &part)?,
            Fate::Unclear => return None,
        }
    }
    Some(())
}

/// Whether one of the headers with times has the length that it should have.
fn is_header_sound(name: &[u8; 4], wide: bool, len: usize) -> bool {
    let expected = match name {
        b"mvhd" => 100,
        b"tkhd" => 84,
        _ => 24,
    };
    len == if wide { expected + 12 } else { expected }
}

/// Sources that are the file itself, without what may stand there beside. Nothing when one is another file.
fn sources(bytes: &[u8], out: &mut [u8], list: &Part) -> Option<()> {
    let head = list.body + 8;
    for part in parts(bytes, head..list.end.max(head))? {
        let flags = be32(&bytes[part.inside()], 0)?;
        (flags & 1 != 0).then_some(())?;
        out[part.body + 4..part.end].fill(0);
    }
    Some(())
}
