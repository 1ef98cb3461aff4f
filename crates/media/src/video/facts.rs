//! What a video is: the question to `ffprobe` and its answer. It starts nothing.

use serde_json::Value;

use super::container::Container;
use crate::{Limits, RenderError};

/// What is asked, so that nothing else is in the answer: no text that somebody wrote into the file.
const ENTRIES: &str = "stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,color_space\
    :stream_disposition=attached_pic:stream_side_data=rotation:format=duration";

/// A pixel may be so many times as wide as high, or the other way round; beyond that the file is not believed.
const MAX_PIXEL_ASPECT: u64 = 16;

/// Longer than this (a hundred years) is not believed.
const MAX_DURATION_MS: f64 = 100.0 * 366.0 * 86_400_000.0;

/// What a video or a sound is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VideoFacts {
    /// Pixels from left to right as it is displayed: turned as the file says, and widened where its pixels are not square. None where
    /// there is sound only.
    pub width: Option<u32>,
    /// Pixels from top to bottom, likewise.
    pub height: Option<u32>,
    /// How long it plays, in milliseconds, where the file says so.
    pub duration_ms: Option<u64>,
    /// How its pictures are coded, in ffmpeg's words (`h264`).
    pub video_codec: Option<String>,
    /// How its sound is coded, likewise (`aac`).
    pub audio_codec: Option<String>,
    /// Which stream has the pictures.
    pub(super) stream: Option<u64>,
    /// Whether the file says by what rule its colours are made.
    pub(super) tells_colours: bool,
}

/// The arguments of `ffprobe`.
pub(super) fn arguments(container: &Container, limits: &Limits) -> Vec<String> {
    let mut arguments = ["-v", "error"].map(str::to_owned).to_vec();
    arguments.extend(container.arguments(limits.max_pixels));
    arguments.extend(["-show_entries", ENTRIES, "-of", "json=compact=1", container.address()].map(str::to_owned));
    arguments
}

/// Reads its answer.
///
/// # Errors
/// `Unsupported` when there are neither pictures nor sound, `Corrupt` when the answer is none.
pub(super) fn read(answer: &[u8]) -> Result<VideoFacts, RenderError> {
    let answer: Value =
        serde_json::from_slice(answer).map_err(|_| RenderError::Corrupt("its description is cut".to_owned()))?;
    let streams = answer["streams"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_kind = |kind: &'static str| streams.iter().filter(move |stream| stream["codec_type"] == kind);
    // The cover of a record is no video.
    let pictures = of_kind("video").filter(|stream| stream["disposition"]["attached_pic"] != 1);
    let pictures = pictures.filter_map(|stream| Some((stream, displayed_size(stream)?))).next();
    let sound = of_kind("audio").next();
    if pictures.is_none() && sound.is_none() {
        return Err(RenderError::Unsupported);
    }
    let codec = |stream: &Value| stream["codec_name"].as_str().map(str::to_owned);
    Ok(VideoFacts {
        width: pictures.map(|(_, (width, _))| width),
        height: pictures.map(|(_, (_, height))| height),
        duration_ms: duration_ms(&answer["format"]["duration"]),
        video_codec: pictures.and_then(|(stream, _)| codec(stream)),
        audio_codec: sound.and_then(codec),
        stream: pictures.and_then(|(stream, _)| stream["index"].as_u64()),
        tells_colours: pictures.is_some_and(|(stream, _)| stream["color_space"].is_string()),
    })
}

/// Width and height. Where pixels are not square the shorter side of one is made as long as the other, as browsers do it.
fn displayed_size(stream: &Value) -> Option<(u32, u32)> {
    let (width, height) = (stream["width"].as_u64()?, stream["height"].as_u64()?);
    let (across, down) = stream["sample_aspect_ratio"].as_str().and_then(ratio).unwrap_or((1, 1));
    let (width, height) =
        if across > down { (scaled(width, across, down)?, height) } else { (width, scaled(height, down, across)?) };
    let (width, height) = if is_on_its_side(stream) { (height, width) } else { (width, height) };
    let side = |side: u64| u32::try_from(side).ok().filter(|side| *side > 0);
    side(width).zip(side(height))
}

/// `16:11`; none where it says nothing or what can not be.
fn ratio(text: &str) -> Option<(u64, u64)> {
    let (across, down) = text.split_once(':')?;
    let (across, down) = (across.parse::<u32>().ok()?.into(), down.parse::<u32>().ok()?.into());
    let plausible = across > 0 && down > 0 && across / down < MAX_PIXEL_ASPECT && down / across < MAX_PIXEL_ASPECT;
    plausible.then_some((across, down))
}

/// `side * by / to`, rounded to nearest.
fn scaled(side: u64, by: u64, to: u64) -> Option<u64> {
    Some((side.checked_mul(by)? + to / 2) / to)
}

/// Whether it is to be turned by a quarter, the one way or the other.
fn is_on_its_side(stream: &Value) -> bool {
    let data = stream["side_data_list"].as_array().map(Vec::as_slice).unwrap_or_default();
    let degrees = data.iter().find_map(|one| one["rotation"].as_f64()).unwrap_or(0.0);
    let quarter = degrees.rem_euclid(180.0);
    (45.0..135.0).contains(&quarter)
}

fn duration_ms(seconds: &Value) -> Option<u64> {
    let ms = seconds.as_str()?.parse::<f64>().ok()? * 1000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    (0.0..=MAX_DURATION_MS).contains(&ms).then(|| ms.round() as u64)
}
