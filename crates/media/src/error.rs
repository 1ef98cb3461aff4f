//! Why an image was not rendered, and the bounds that rendering keeps. It knows no dialect's words.

use crate::confine;

/// Why there is no rendition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The bytes are no image that can be read here, or the plan asks for what no plan resolves to.
    #[error("not an image that can be rendered")]
    Unsupported,
    /// The bytes claim to be such an image and are not; the text is the decoder's.
    #[error("the image is damaged: {0}")]
    Corrupt(String),
    /// The source, its pixels or the result exceed a limit.
    #[error("the image is too large to render")]
    TooLarge,
    /// The deadline of the job passed.
    #[error("rendering took too long")]
    TimedOut,
    /// The worker process died while it worked on this image, and so did the next.
    #[error("the worker died while rendering")]
    Crashed,
    /// Somebody killed one worker process after the other, which says nothing about the image; try again later.
    #[error("the workers were killed while rendering")]
    Killed,
    /// Every worker is at work and the queue is full; try again later.
    #[error("too many images are being rendered")]
    Busy,
    /// No worker can be started; the text says why.
    #[error("no render worker: {0}")]
    Unavailable(String),
}

/// What one rendering may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of the source as its header states them, and pixels of the result.
    pub max_pixels: u64,
    /// Bytes of the source.
    pub max_input_bytes: u64,
    /// Bytes of the result.
    pub max_output_bytes: u64,
    /// Frames of an animation that keeps moving; one with more is drawn as its first frame.
    pub max_frames: u32,
    /// Pixels of all frames of an animation that keeps moving, each counted as large as the canvas or as what is drawn of it,
    /// whichever is more; likewise.
    pub max_animation_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_input_bytes: 256 * 1024 * 1024,
            max_output_bytes: 128 * 1024 * 1024,
            max_frames: 1_000,
            max_animation_pixels: 100_000_000,
        }
    }
}

impl Limits {
    /// The most memory that the process which keeps these limits can have, in bytes of its address space.
    #[must_use]
    pub fn max_memory_bytes(&self) -> u64 {
        confine::max_memory_bytes(self)
    }

    /// `TooLarge` when an image of this size has more pixels than allowed.
    pub(crate) fn check_pixels(&self, width: u32, height: u32) -> Result<(), RenderError> {
        if u64::from(width) * u64::from(height) > self.max_pixels { Err(RenderError::TooLarge) } else { Ok(()) }
    }

    /// `TooLarge` when a source of this many bytes is not accepted.
    pub(crate) fn check_input(&self, len: usize) -> Result<(), RenderError> {
        if len as u64 > self.max_input_bytes { Err(RenderError::TooLarge) } else { Ok(()) }
    }

    /// `TooLarge` when a result of this many bytes is not handed out.
    pub(crate) fn check_output(&self, len: usize) -> Result<(), RenderError> {
        if len as u64 > self.max_output_bytes { Err(RenderError::TooLarge) } else { Ok(()) }
    }
}
