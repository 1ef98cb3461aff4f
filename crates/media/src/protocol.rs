//! What the renderer and its worker processes say to each other: frames of a few bytes, both directions, little-endian.
//! Written once for both sides; it does no I/O and knows no process.
//!
//! A frame is a length of four bytes and a head of that many. Image bytes are not in the head: it says where they are, today
//! always behind the head on the same pipe. Shared memory would be one more kind of [`Payload`], and a new version.

use crate::{Crop, Format, Limits, RenderError, Resolved};

/// First bytes of the first frame each way.
const MAGIC: [u8; 4] = *b"MdyW";

/// Both sides must speak exactly this version; they are built together.
const VERSION: u16 = 1;

/// Bytes of a frame's length.
pub(crate) const PREFIX_BYTES: usize = 4;

/// No head is longer.
const MAX_HEAD_BYTES: usize = 1024;

/// Longest text of an error, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Bytes that are no frame of this protocol. The stream is of no further use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed frame")]
pub(crate) struct Malformed;

/// Where the bytes of an image are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// So many of them follow the head.
    Inline { len: u64 },
}

/// From the renderer to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Always first; the limits hold for every job.
    Hello { limits: Limits },
    /// Are you there?
    Ping { job: u64 },
    /// Render this; the CPU time is what the job may use at most.
    Render { job: u64, cpu_s: u32, resolved: Resolved, input: Payload },
}

/// From a worker to the renderer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Response {
    /// The answer to hello.
    Ready,
    /// The answer to ping.
    Pong { job: u64 },
    /// The rendition. Its size and type are those that were asked for: a worker is not believed about them.
    Rendered { job: u64, output: Payload },
    /// There is none, and why.
    Refused { job: u64, error: RenderError },
}

/// How long the head is that follows this prefix.
pub(crate) fn head_len(prefix: [u8; PREFIX_BYTES]) -> Result<usize, Malformed> {
    let len = u32::from_le_bytes(prefix) as usize;
    if (1..=MAX_HEAD_BYTES).contains(&len) { Ok(len) } else { Err(Malformed) }
}

impl Request {
    /// The frame, prefix included.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = Frame::new();
        match self {
            Self::Hello { limits } => {
                frame.u8(0).bytes(&MAGIC).u16(VERSION);
                frame.u64(limits.max_pixels).u64(limits.max_input_bytes).u64(limits.max_output_bytes);
            }
            Self::Ping { job } => {
                frame.u8(1).u64(*job);
            }
            Self::Render { job, cpu_s, resolved, input } => {
                frame.u8(2).u64(*job).u32(*cpu_s).resolved(resolved).payload(*input);
            }
        }
        frame.finish()
    }

    /// Reads a whole head.
    pub fn decode(head: &[u8]) -> Result<Self, Malformed> {
        let mut head = Head(head);
        let request = match head.u8()? {
            0 => {
                head.greeting()?;
                let limits =
                    Limits { max_pixels: head.u64()?, max_input_bytes: head.u64()?, max_output_bytes: head.u64()? };
                Self::Hello { limits }
            }
            1 => Self::Ping { job: head.u64()? },
            2 => Self::Render {
                job: head.u64()?,
                cpu_s: head.u32()?,
                resolved: head.resolved()?,
                input: head.payload()?,
            },
            _ => return Err(Malformed),
        };
        head.end(request)
    }
}

impl Response {
    /// The frame, prefix included.
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = Frame::new();
        match self {
            Self::Ready => {
                frame.u8(0).bytes(&MAGIC).u16(VERSION);
            }
            Self::Pong { job } => {
                frame.u8(1).u64(*job);
            }
            Self::Rendered { job, output } => {
                frame.u8(2).u64(*job).payload(*output);
            }
            Self::Refused { job, error } => {
                frame.u8(3).u64(*job).error(error);
            }
        }
        frame.finish()
    }

    /// Reads a whole head.
    pub fn decode(head: &[u8]) -> Result<Self, Malformed> {
        let mut head = Head(head);
        let response = match head.u8()? {
            0 => {
                head.greeting()?;
                Self::Ready
            }
            1 => Self::Pong { job: head.u64()? },
            2 => Self::Rendered { job: head.u64()?, output: head.payload()? },
            3 => Self::Refused { job: head.u64()?, error: head.error()? },
            _ => return Err(Malformed),
        };
        head.end(response)
    }
}

/// A frame that is being written.
struct Frame(Vec<u8>);

impl Frame {
    fn new() -> Self {
        Self(vec![0; PREFIX_BYTES])
    }

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

    fn payload(&mut self, payload: Payload) -> &mut Self {
        let Payload::Inline { len } = payload;
        self.u8(0).u64(len)
    }

    fn resolved(&mut self, resolved: &Resolved) -> &mut Self {
        match resolved.crop {
            None => self.u8(0),
            Some(Crop { x, y, width, height }) => self.u8(1).u32(x).u32(y).u32(width).u32(height),
        };
        let format = match resolved.format {
            Format::Jpeg => 0,
            Format::Png => 1,
            Format::Webp => 2,
            Format::Gif => 3,
        };
        self.u32(resolved.width).u32(resolved.height).u8(format).u8(resolved.quality)
    }

    fn error(&mut self, error: &RenderError) -> &mut Self {
        match error {
            RenderError::TooLarge => self.u8(1),
            RenderError::Corrupt(text) => {
                let text = &text[..text.floor_char_boundary(MAX_TEXT_BYTES)];
                self.u8(2).bytes(text.as_bytes())
            }
            // The rest are the renderer's own findings; no worker has them.
            _ => self.u8(0),
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let len = u32::try_from(self.0.len() - PREFIX_BYTES).expect("heads are small");
        self.0[..PREFIX_BYTES].copy_from_slice(&len.to_le_bytes());
        self.0
    }
}

/// What is left of a head that is being read.
struct Head<'a>(&'a [u8]);

impl<'a> Head<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*array)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    fn greeting(&mut self) -> Result<(), Malformed> {
        let magic = self.array()?;
        let version = self.array().map(u16::from_le_bytes)?;
        if magic == MAGIC && version == VERSION { Ok(()) } else { Err(Malformed) }
    }

    fn payload(&mut self) -> Result<Payload, Malformed> {
        match self.u8()? {
            0 => Ok(Payload::Inline { len: self.u64()? }),
            _ => Err(Malformed),
        }
    }

    fn resolved(&mut self) -> Result<Resolved, Malformed> {
        let crop = match self.u8()? {
            0 => None,
            1 => Some(Crop { x: self.u32()?, y: self.u32()?, width: self.u32()?, height: self.u32()? }),
            _ => return Err(Malformed),
        };
        let (width, height) = (self.u32()?, self.u32()?);
        let format = match self.u8()? {
            0 => Format::Jpeg,
            1 => Format::Png,
            2 => Format::Webp,
            3 => Format::Gif,
            _ => return Err(Malformed),
        };
        let resolved = Resolved { crop, width, height, format, quality: self.u8()? };
        if resolved.is_sound() { Ok(resolved) } else { Err(Malformed) }
    }

    fn error(&mut self) -> Result<RenderError, Malformed> {
        match self.u8()? {
            0 => Ok(RenderError::Unsupported),
            1 => Ok(RenderError::TooLarge),
            2 => {
                let text = std::str::from_utf8(std::mem::take(&mut self.0)).map_err(|_| Malformed)?;
                Ok(RenderError::Corrupt(text.to_owned()))
            }
            _ => Err(Malformed),
        }
    }

    /// `value`, if nothing is left over.
    fn end<T>(self, value: T) -> Result<T, Malformed> {
        if self.0.is_empty() { Ok(value) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::MAX_SIDE;

    const RESOLVED: Resolved = Resolved {
        crop: Some(Crop { x: 1, y: 2, width: 3, height: 4 }),
        width: 720,
        height: 588,
        format: Format::Webp,
        quality: 80,
    };

    fn requests() -> Vec<Request> {
        let input = Payload::Inline { len: u64::MAX };
        let plain = Resolved { crop: None, format: Format::Png, quality: 0, ..RESOLVED };
        vec![
            Request::Hello { limits: Limits::default() },
            Request::Ping { job: 7 },
            Request::Render { job: 8, cpu_s: 30, resolved: RESOLVED, input },
            Request::Render { job: 9, cpu_s: 0, resolved: plain, input },
        ]
    }

    fn responses() -> Vec<Response> {
        let mut all = vec![
            Response::Ready,
            Response::Pong { job: 7 },
            Response::Rendered { job: 8, output: Payload::Inline { len: 3 } },
        ];
        for error in [RenderError::Unsupported, RenderError::TooLarge, RenderError::Corrupt("why".to_owned())] {
            all.push(Response::Refused { job: 9, error });
        }
        all
    }

    fn head(frame: &[u8]) -> &[u8] {
        let (prefix, head) = frame.split_first_chunk().expect("a prefix");
        assert_eq!(head_len(*prefix), Ok(head.len()));
        head
    }

    #[test]
    fn everything_said_is_understood_and_no_part_of_it() {
        for request in requests() {
            let frame = request.encode();
            assert_eq!(Request::decode(head(&frame)), Ok(request));
            for len in 0..head(&frame).len() {
                assert_eq!(Request::decode(&head(&frame)[..len]), Err(Malformed));
            }
        }
        for response in responses() {
            let frame = response.encode();
            assert_eq!(Response::decode(head(&frame)), Ok(response));
        }
    }

    #[test]
    fn other_versions_trailing_bytes_and_unsound_plans_are_malformed() {
        let hello = requests()[0].encode();
        let mut other = head(&hello).to_vec();
        other[5] += 1;
        assert_eq!(Request::decode(&other), Err(Malformed));
        let mut longer = head(&requests()[1].encode()).to_vec();
        longer.push(0);
        assert_eq!(Request::decode(&longer), Err(Malformed));
        for unsound in [
            Resolved { width: 0, ..RESOLVED },
            Resolved { height: MAX_SIDE + 1, ..RESOLVED },
            Resolved { quality: 101, ..RESOLVED },
        ] {
            let input = Payload::Inline { len: 1 };
            let frame = Request::Render { job: 1, cpu_s: 1, resolved: unsound, input }.encode();
            assert_eq!(Request::decode(head(&frame)), Err(Malformed), "{unsound:?}");
        }
        assert_eq!(head_len([0; 4]), Err(Malformed));
        assert_eq!(head_len([0xFF; 4]), Err(Malformed));
    }

    #[test]
    fn long_error_texts_are_cut_between_characters() {
        let error = RenderError::Corrupt("ü".repeat(MAX_TEXT_BYTES));
        let frame = Response::Refused { job: 1, error }.encode();
        let Ok(Response::Refused { error: RenderError::Corrupt(text), .. }) = Response::decode(head(&frame)) else {
            panic!("it is an error with a text");
        };
        assert_eq!(text.len(), MAX_TEXT_BYTES);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..96), kind in 0_u8..5) {
            let _ = Request::decode(&bytes);
            let _ = Response::decode(&bytes);
            let mut tagged = vec![kind];
            tagged.extend(&bytes);
            // What is understood is said again in the same words.
            if let Ok(request) = Request::decode(&tagged) {
                let frame = request.encode();
                prop_assert_eq!(head(&frame), &tagged[..]);
            }
            let _ = Response::decode(&tagged);
        }
    }
}
