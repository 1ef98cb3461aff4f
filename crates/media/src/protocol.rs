//! What the renderer and its worker processes say to each other: messages of a few bytes, both directions, little-endian.
//! Written once for both sides; it does no I/O and knows no process.
//!
//! A message is one packet of the channel. Image bytes are never in it: those of the source lie behind a descriptor that comes
//! with the request, those of the results in memory that both sides share from the start, one result behind the other.

use crate::{Crop, Details, Format, Limits, RenderError, Resolved};

/// First bytes of the first message each way.
const MAGIC: [u8; 4] = *b"MdyW";

/// Both sides must speak exactly this version; they are built together.
const VERSION: u16 = 4;

/// No message is longer.
pub(crate) const MAX_MESSAGE_BYTES: usize = 16 * 1024;

/// Renditions that one job makes, at most.
pub(crate) const MAX_PLANS: usize = 64;

/// Longest text of an error or a detail, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Bytes that are no message of this protocol. The channel is of no further use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed message")]
pub(crate) struct Malformed;

/// From the renderer to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Always first, with the shared memory for results; the limits hold for every job. Whether to load what some formats need before
    /// there is no way to it any more.
    Hello { limits: Limits, outfitted: bool },
    /// Are you there, and still confined?
    Prove { job: u64 },
    /// Make these of the image that comes with it; the CPU time is what the job may use at most.
    Make { job: u64, cpu_s: u32, len: u64, describe: bool, plans: Vec<Resolved> },
}

/// From a worker to the renderer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    /// The answer to hello: confined, and it has tried; and what it was to load and could not, in words.
    Ready { landlock: bool, lacks: Option<String> },
    /// The answer to prove: what it could do that it should not, one bit each.
    Proved { job: u64, could: u32 },
    /// The renditions, in order. Their sizes and types are those that were asked for: a worker is not believed about them.
    Made { job: u64, renditions: Vec<MadeOne>, details: Option<Details> },
    /// There are none, and why.
    Refused { job: u64, error: RenderError },
}

/// One result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MadeOne {
    /// Bytes of it.
    pub len: u64,
    /// Whether it moves.
    pub animated: bool,
}

impl Request {
    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Message::default();
        match self {
            Self::Hello { limits, outfitted } => {
                message.u8(0).bytes(&MAGIC).u16(VERSION);
                message.u64(limits.max_pixels).u64(limits.max_input_bytes).u64(limits.max_output_bytes);
                message.u32(limits.max_frames).u64(limits.max_animation_pixels).flag(*outfitted);
            }
            Self::Prove { job } => {
                message.u8(1).u64(*job);
            }
            Self::Make { job, cpu_s, len, describe, plans } => {
                message.u8(2).u64(*job).u32(*cpu_s).u64(*len).flag(*describe).count(plans.len());
                for resolved in plans {
                    message.resolved(resolved);
                }
            }
        }
        message.0
    }

    /// Reads a whole message.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut rest = Rest(message);
        let request = match rest.u8()? {
            0 => {
                rest.greeting()?;
                let limits = Limits {
                    max_pixels: rest.u64()?,
                    max_input_bytes: rest.u64()?,
                    max_output_bytes: rest.u64()?,
                    max_frames: rest.u32()?,
                    max_animation_pixels: rest.u64()?,
                };
                Self::Hello { limits, outfitted: rest.flag()? }
            }
            1 => Self::Prove { job: rest.u64()? },
            2 => Self::Make {
                job: rest.u64()?,
                cpu_s: rest.u32()?,
                len: rest.u64()?,
                describe: rest.flag()?,
                plans: (0..rest.count()?).map(|_| rest.resolved()).collect::<Result<_, _>>()?,
            },
            _ => return Err(Malformed),
        };
        rest.end(request)
    }
}

impl Response {
    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Message::default();
        match self {
            Self::Ready { landlock, lacks } => {
                message.u8(0).bytes(&MAGIC).u16(VERSION).flag(*landlock);
                message.maybe(lacks.as_deref(), |message, text| {
                    message.text(text);
                });
            }
            Self::Proved { job, could } => {
                message.u8(1).u64(*job).u32(*could);
            }
            Self::Made { job, renditions, details } => {
                message.u8(2).u64(*job).count(renditions.len());
                for one in renditions {
                    message.u64(one.len).flag(one.animated);
                }
                message.flag(details.is_some());
                if let Some(details) = details {
                    message.details(details);
                }
            }
            Self::Refused { job, error } => {
                message.u8(3).u64(*job).error(error);
            }
        }
        message.0
    }

    /// Reads a whole message.
    pub fn decode(message: &[u8]) -> Result<Self, Malformed> {
        let mut rest = Rest(message);
        let response = match rest.u8()? {
            0 => {
                rest.greeting()?;
                Self::Ready { landlock: rest.flag()?, lacks: rest.maybe(Rest::text)? }
            }
            1 => Self::Proved { job: rest.u64()?, could: rest.u32()? },
            2 => {
                let job = rest.u64()?;
                let one = |rest: &mut Rest<'_>| Ok(MadeOne { len: rest.u64()?, animated: rest.flag()? });
                let renditions = (0..rest.count()?).map(|_| one(&mut rest)).collect::<Result<_, _>>()?;
                let details = if rest.flag()? { Some(rest.details()?) } else { None };
                Self::Made { job, renditions, details }
            }
            3 => Self::Refused { job: rest.u64()?, error: rest.error()? },
            _ => return Err(Malformed),
        };
        rest.end(response)
    }
}

/// A message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn flag(&mut self, value: bool) -> &mut Self {
        self.u8(u8::from(value))
    }

    fn count(&mut self, count: usize) -> &mut Self {
        self.u8(u8::try_from(count).expect("no more plans than allowed"))
    }

    fn text(&mut self, text: &str) -> &mut Self {
        let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
        self.u16(u16::try_from(text.len()).expect("it was cut")).bytes(text.as_bytes())
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
        self
    }

    fn resolved(&mut self, resolved: &Resolved) {
        self.maybe(resolved.crop, |message, Crop { x, y, width, height }| {
            message.u32(x).u32(y).u32(width).u32(height);
        });
        let format = match resolved.format {
            Format::Jpeg => 0,
            Format::Png => 1,
            Format::Webp => 2,
            Format::Gif => 3,
            Format::Avif => 4,
        };
        self.u32(resolved.width).u32(resolved.height).u8(format).u8(resolved.quality);
        self.flag(resolved.sharpen).flag(resolved.animated);
        self.maybe(resolved.flatten, |message, behind| {
            message.bytes(&behind);
        });
    }

    fn details(&mut self, details: &Details) {
        self.u32(details.pixels.0).u32(details.pixels.1);
        self.maybe(details.pages, |message, pages| {
            message.u32(pages);
        });
        let hash = &details.thumbhash[..details.thumbhash.len().min(MAX_TEXT_BYTES)];
        self.u16(u16::try_from(hash.len()).expect("it was cut")).bytes(hash).bytes(&details.dominant);
        for text in [&details.camera, &details.taken_at] {
            self.maybe(text.as_deref(), |message, text| {
                message.text(text);
            });
        }
        for degrees in [details.latitude_e7, details.longitude_e7] {
            self.maybe(degrees, |message, degrees| {
                message.bytes(&degrees.to_le_bytes());
            });
        }
    }

    fn error(&mut self, error: &RenderError) {
        match error {
            RenderError::TooLarge => self.u8(1),
            RenderError::Corrupt(text) => self.u8(2).text(text),
            // The rest are the renderer's own findings; no worker has them.
            _ => self.u8(0),
        };
    }
}

/// What is left of a message that is being read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    fn slice(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (slice, rest) = self.0.split_at_checked(len).ok_or(Malformed)?;
        self.0 = rest;
        Ok(slice)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    fn count(&mut self) -> Result<usize, Malformed> {
        let count = usize::from(self.u8()?);
        if count <= MAX_PLANS { Ok(count) } else { Err(Malformed) }
    }

    fn short(&mut self) -> Result<&'a [u8], Malformed> {
        let len = usize::from(self.u16()?);
        if len <= MAX_TEXT_BYTES { self.slice(len) } else { Err(Malformed) }
    }

    fn text(&mut self) -> Result<String, Malformed> {
        std::str::from_utf8(self.short()?).map(str::to_owned).map_err(|_| Malformed)
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Malformed>) -> Result<Option<T>, Malformed> {
        if self.flag()? { read(self).map(Some) } else { Ok(None) }
    }

    fn greeting(&mut self) -> Result<(), Malformed> {
        let magic = self.array()?;
        let version = self.u16()?;
        if magic == MAGIC && version == VERSION { Ok(()) } else { Err(Malformed) }
    }

    fn resolved(&mut self) -> Result<Resolved, Malformed> {
        let crop =
            self.maybe(|rest| Ok(Crop { x: rest.u32()?, y: rest.u32()?, width: rest.u32()?, height: rest.u32()? }))?;
        let (width, height) = (self.u32()?, self.u32()?);
        let format = match self.u8()? {
            0 => Format::Jpeg,
            1 => Format::Png,
            2 => Format::Webp,
            3 => Format::Gif,
            4 => Format::Avif,
            _ => return Err(Malformed),
        };
        let quality = self.u8()?;
        let (sharpen, animated) = (self.flag()?, self.flag()?);
        let flatten = self.maybe(Self::array)?;
        let resolved = Resolved { crop, width, height, format, quality, sharpen, flatten, animated };
        if resolved.is_sound() { Ok(resolved) } else { Err(Malformed) }
    }

    fn details(&mut self) -> Result<Details, Malformed> {
        let degrees = |rest: &mut Self| rest.array().map(i32::from_le_bytes);
        Ok(Details {
            pixels: (self.u32()?, self.u32()?),
            pages: self.maybe(Self::u32)?,
            thumbhash: self.short()?.to_vec(),
            dominant: self.array()?,
            camera: self.maybe(Self::text)?,
            taken_at: self.maybe(Self::text)?,
            latitude_e7: self.maybe(degrees)?,
            longitude_e7: self.maybe(degrees)?,
        })
    }

    fn error(&mut self) -> Result<RenderError, Malformed> {
        match self.u8()? {
            0 => Ok(RenderError::Unsupported),
            1 => Ok(RenderError::TooLarge),
            2 => Ok(RenderError::Corrupt(self.text()?)),
            _ => Err(Malformed),
        }
    }

    /// `value`, if nothing is left over.
    fn end<T>(self, value: T) -> Result<T, Malformed> {
        if self.0.is_empty() { Ok(value) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests;
