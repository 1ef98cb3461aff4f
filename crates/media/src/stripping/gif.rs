//! GIF: images, their delays and how often they are played stay; comments, texts and everything that applications add go. Colour profiles
//! are among the latter: next to nobody reads them.
//!
//! The codes of images are followed, though no pixel is drawn, so that nothing stays behind the last pixel of each: there, bytes of a
//! damaged or odd file would be taken along that nobody sees.

use super::array;

const MAX_CODES: usize = 4_096;

/// The file up to its end. Nothing when it ends within a block or has one that is not known.
pub(super) fn strip(bytes: &[u8]) -> Option<Vec<u8>> {
    matches!(&array::<6>(bytes, 0)?, b"GIF87a" | b"GIF89a").then_some(())?;
    let mut at = 13 + table_bytes(*bytes.get(10)?);
    let mut all = Vec::with_capacity(bytes.len());
    all.extend_from_slice(bytes.get(..at)?);
    let mut has_image = false;
    // Some have no mark at their end.
    while let Some(mark) = bytes.get(at) {
        match mark {
            0x21 => at = extension(bytes, at, &mut all)?,
            0x2C => {
                at = image(bytes, at, &mut all)?;
                has_image = true;
            }
            0x3B => {
                all.push(0x3B);
                break;
            }
            _ => return None,
        }
    }
    has_image.then_some(all)
}

/// Bytes of the colour table that a flags byte announces.
fn table_bytes(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Takes over an extension that stays; where the next block begins.
fn extension(bytes: &[u8], at: usize, all: &mut Vec<u8>) -> Option<usize> {
    let whole = &bytes[at..];
    // What tells how the next image is shown has this length and no other.
    if let [0x21, 0xF9, 4, _, _, _, _, 0, ..] = whole {
        all.extend_from_slice(&whole[..8]);
    } else if whole.starts_with(b"\x21\xF9") {
        return None;
    }
    // How often the images are played.
    let repeats = [&b"\x21\xFF\x0BNETSCAPE2.0\x03\x01"[..], b"\x21\xFF\x0BANIMEXTS1.0\x03\x01"];
    if let Some(name) = repeats.into_iter().find(|name| whole.starts_with(name)) {
        all.extend_from_slice(whole.get(..name.len() + 2)?);
        all.push(0);
    }
    let mut at = at + 2;
    loop {
        let len = usize::from(*bytes.get(at)?);
        at += 1 + len;
        if len == 0 {
            return Some(at);
        }
    }
}

/// Takes over an image; where the next block begins.
fn image(bytes: &[u8], start: usize, all: &mut Vec<u8>) -> Option<usize> {
    let descriptor: [u8; 10] = array(bytes, start)?;
    let side = |at: usize| u64::from(u16::from_le_bytes([descriptor[at], descriptor[at + 1]]));
    let mut at = start + 10 + table_bytes(descriptor[9]);
    let mut codes = Codes::of(*bytes.get(at)?, side(5) * side(7))?;
    at += 1;
    all.extend_from_slice(bytes.get(start..at)?);
    loop {
        let len = usize::from(*bytes.get(at)?);
        let block = bytes.get(at + 1..at + 1 + len)?;
        if len > 0 && !codes.done {
            all.extend_from_slice(&bytes[at..at + 1 + len]);
            codes.follow(block)?;
        }
        at += 1 + len;
        if len == 0 {
            all.push(0);
            return Some(at);
        }
    }
}

/// Follows LZW codes as far as it takes to know how many pixels each stands for.
struct Codes {
    /// Bits of a root.
    root_bits: u8,
    /// Bits of the next code.
    bits: u8,
    /// How many pixels each code stands for.
    lens: Vec<u32>,
    /// The code that is given next.
    next: usize,
    /// How many pixels the last one stood for.
    last: Option<u32>,
    /// Bits that were read and not used, and how many.
    buffer: u32,
    buffered: u8,
    /// Pixels that are still to come.
    missing: u64,
    /// Whether what follows is read by nobody.
    done: bool,
}

impl Codes {
    fn of(root_bits: u8, pixels: u64) -> Option<Self> {
        (1..=11).contains(&root_bits).then(|| Self {
            root_bits,
            bits: root_bits + 1,
            lens: vec![1; MAX_CODES],
            next: (1 << root_bits) + 2,
            last: None,
            buffer: 0,
            buffered: 0,
            missing: pixels,
            done: false,
        })
    }

    /// Nothing when there is a code that was not given.
    fn follow(&mut self, block: &[u8]) -> Option<()> {
        for byte in block {
            self.buffer |= u32::from(*byte) << self.buffered;
            self.buffered += 8;
            while self.buffered >= self.bits && !self.done {
                let code = (self.buffer & ((1 << self.bits) - 1)) as usize;
                self.buffer >>= self.bits;
                self.buffered -= self.bits;
                self.take(code)?;
            }
            if self.done {
                break;
            }
        }
        Some(())
    }

    fn take(&mut self, code: usize) -> Option<()> {
        let clear = 1 << self.root_bits;
        if self.missing == 0 || code == clear + 1 {
            // The code that ends an image, or what stands in its place behind the last pixel.
            self.done = true;
        } else if code == clear {
            (self.bits, self.next, self.last) = (self.root_bits + 1, clear + 2, None);
        } else {
            let len = match self.last {
                None if code < clear => 1,
                Some(_) if code < self.next => self.lens[code],
                Some(last) if code == self.next => last.saturating_add(1),
                _ => return None,
            };
            if let Some(last) = self.last
                && self.next < MAX_CODES
            {
                self.lens[self.next] = last.saturating_add(1);
                self.next += 1;
                if self.next == 1 << self.bits && self.bits < 12 {
                    self.bits += 1;
                }
            }
            self.last = Some(len);
            self.missing = self.missing.saturating_sub(len.into());
        }
        Some(())
    }
}
