//! Bytes of an image to bytes of its rendition, in this process and on this thread. It knows no plan that is not resolved,
//! and no worker.

mod decode;
mod encode;
mod flatten;
mod libwebp;
mod orient;
mod raster;
mod scale;

use bytes::Bytes;
use content::MediaType;
use fast_image_resize::Resizer;

use self::{
    orient::Orientation,
    raster::{Buffers, Raster},
    scale::Region,
};
use crate::{Format, Limits, PROBE_HEAD_BYTES, RenderError, Resolved, probe, sniff};

/// A finished rendition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The encoded image.
    pub bytes: Bytes,
    /// What the bytes are.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Renders with memory and codecs that are kept from one image to the next.
#[derive(Default)]
pub struct Engine {
    jpeg_decoder: Option<turbojpeg::Decompressor>,
    resizer: Resizer,
    buffers: Buffers,
}

/// What the steps need to know about the image at hand. Sizes are of the pixels as stored, before orientation.
struct Work<'a> {
    resolved: &'a Resolved,
    orientation: Orientation,
    /// Width and height that the source's header states.
    source: (u32, u32),
    /// The part of the source to use.
    region: Region,
    /// Width and height to scale that part to.
    target: (u32, u32),
    limits: &'a Limits,
}

/// One thing done to the pixels.
type Step = fn(&mut Engine, &Work<'_>, Raster) -> Result<Raster, RenderError>;

/// From the decoded pixels to those that are encoded. Turning comes after scaling, when there is less to turn.
const STEPS: &[Step] = &[scale::step, orient::step, flatten::step];

/// Renders one image. Blocks for as long as it takes, and decodes bytes that users sent: in a server, use
/// [`crate::Renderer`], which does the same in a process of its own.
///
/// # Errors
/// `Unsupported` when it is no image of the known formats, a 12-bit JPEG, or `resolved` comes from no plan; `Corrupt` when
/// decoding fails; `TooLarge` when a limit is exceeded, told before any pixel memory is allocated. A JPEG that ends early
/// renders with what is there.
pub fn render(input: &[u8], resolved: &Resolved, limits: &Limits) -> Result<Rendered, RenderError> {
    Engine::default().render(input, resolved, limits)
}

impl Engine {
    /// The same as [`render`], with what this engine has kept.
    ///
    /// # Errors
    /// Those of [`render`].
    pub fn render(&mut self, input: &[u8], resolved: &Resolved, limits: &Limits) -> Result<Rendered, RenderError> {
        limits.check_input(input.len())?;
        if !resolved.is_sound() {
            return Err(RenderError::Unsupported);
        }
        // The same head that the plan was resolved on, so that both see the same orientation.
        let head = &input[..input.len().min(PROBE_HEAD_BYTES)];
        let probe = probe(head).ok_or_else(|| unreadable(head))?;
        let format = Format::from_media_type(&probe.media_type).ok_or(RenderError::Unsupported)?;
        limits.check_pixels(probe.width, probe.height)?;
        limits.check_pixels(resolved.width, resolved.height)?;

        let orientation = Orientation::from_exif(probe.orientation);
        let source = probe.stored_size();
        let work = Work {
            resolved,
            orientation,
            source,
            region: Region::of(resolved.crop, orientation, source)?,
            target: orientation.swapped((resolved.width, resolved.height)),
            limits,
        };
        let mut raster = decode::decode(self, format, &work, input)?;
        for step in STEPS {
            raster = step(self, &work, raster)?;
        }
        let bytes = encode::encode(&raster, resolved.format, resolved.quality);
        self.buffers.give_back(raster.pixels);
        self.buffers.forget_large(&mut self.resizer);
        let bytes = bytes?;
        limits.check_output(bytes.len())?;
        Ok(Rendered { bytes, media_type: resolved.format.media_type(), width: resolved.width, height: resolved.height })
    }
}

/// Bytes that claim to be an image of ours are damaged; others are not ours.
fn unreadable(head: &[u8]) -> RenderError {
    match sniff(head).and_then(|found| Format::from_media_type(&found)) {
        Some(_) => RenderError::Corrupt("no readable header".to_owned()),
        None => RenderError::Unsupported,
    }
}
