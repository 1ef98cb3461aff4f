//! One picture of a video: the arguments of `ffmpeg`. It starts nothing.

use super::{container::Container, facts::VideoFacts};
use crate::Limits;

/// Longest side of a poster, in pixels.
const MAX_SIDE: u32 = 3840;

/// No further in than this, because all from the last frame that stands alone up to there is decoded.
const MAX_START_MS: u64 = 3_000;

/// So much of what follows is looked at for a frame that is not black, in seconds.
const SEARCH_S: &str = "3";

/// One frame in so many is looked at.
const SEARCH_STEP: u32 = 6;

/// A frame is not black when a tenth of its pixels are brighter than this, of 255.
const DARK: u32 = 24;

/// From this height on, pictures that do not say how their colours are made have those of high definition.
const HIGH_DEFINITION: u32 = 720;

/// Ways to a picture, in the order of trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    /// A bright frame, some way in.
    Chosen,
    /// The first there is.
    First,
}

pub(super) const ATTEMPTS: &[Attempt] = &[Attempt::Chosen, Attempt::First];
/// What it says is the answer.
pub(super) const LAST_ATTEMPT: Attempt = Attempt::First;

/// The arguments of `ffmpeg`, which writes the picture to standard output, or nothing where no frame is to its liking.
pub(super) fn arguments(attempt: Attempt, container: &Container, facts: &VideoFacts, limits: &Limits) -> Vec<String> {
    let mut arguments = ["-v", "error", "-nostdin", "-filter_threads", "1"].map(str::to_owned).to_vec();
    arguments.extend(container.arguments(limits.max_pixels));
    let mut filter = scaling(facts);
    if attempt == Attempt::Chosen {
        let start_ms = facts.duration_ms.map_or(0, |duration| (duration / 10).min(MAX_START_MS));
        // Frames that no other is predicted from are not decoded: most of the work, and any frame will do.
        arguments.extend(["-skip_frame", "noref", "-ss", &format!("{start_ms}ms"), "-t", SEARCH_S].map(str::to_owned));
        filter = format!(
            "select=not(mod(n\\,{SEARCH_STEP})),{filter},signalstats,\
             metadata=mode=select:key=lavfi.signalstats.YHIGH:value={DARK}:function=greater"
        );
    }
    let stream = format!("0:{}", facts.stream.unwrap_or(0));
    arguments.extend(["-i", container.address(), "-map", &stream, "-vf", &filter].map(str::to_owned));
    let output = ["-frames:v", "1", "-c:v", "mjpeg", "-q:v", "2", "-threads", "1", "-f", "image2pipe", "pipe:1"];
    arguments.extend(output.map(str::to_owned));
    arguments
}

/// To the displayed size and to the colours of JPEG. That it is turned upright has happened before.
fn scaling(facts: &VideoFacts) -> String {
    let (width, height) = size(facts.width.unwrap_or(1), facts.height.unwrap_or(1));
    let high = facts.height.is_some_and(|height| height >= HIGH_DEFINITION);
    let colours = if high && !facts.tells_colours { ":in_color_matrix=bt709" } else { "" };
    format!("scale={width}:{height}{colours}:out_color_matrix=bt601:out_range=full,setsar=1,format=yuvj420p")
}

/// As large as displayed, or as large as allowed.
fn size(width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= MAX_SIDE {
        return (width, height);
    }
    let shrunk = |side: u32| {
        let side = (u64::from(side) * u64::from(MAX_SIDE) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(side).unwrap_or(MAX_SIDE).max(1)
    };
    (shrunk(width), shrunk(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poster_has_the_displayed_size_up_to_a_limit() {
        assert_eq!(size(1920, 1080), (1920, 1080));
        assert_eq!(size(3840, 2160), (3840, 2160));
        assert_eq!(size(7680, 4320), (3840, 2160));
        assert_eq!(size(4320, 7680), (2160, 3840));
        assert_eq!(size(16_000, 1), (3840, 1));
    }
}
