//! What a video is: the question to `ffprobe` and its answer. It starts nothing.

use std::collections::HashMap;

use super::container::Container;
use crate::{Limits, RenderError};

/// What is asked, so that nothing else is in the answer: no text that somebody wrote into the file.
const ENTRIES: &str = "stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,color_space\
    :stream_disposition=attached_pic:stream_side_data=rotation:format=duration";

/// More is not looked at of what stands beside a stream.
const MAX_SIDE_DATA: usize = 16;

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
    arguments.extend(["-show_entries", ENTRIES, "-of", "flat", container.address()].map(str::to_owned));
    arguments
}

/// Reads its answer.
///
/// # Errors
/// `Unsupported` when there are neither pictures nor sound, `Corrupt` when the answer is none.
pub(super) fn read(answer: &[u8]) -> Result<VideoFacts, RenderError> {
    let answer = str::from_utf8(answer).map_err(|_| RenderError::Corrupt("its description is cut".to_owned()))?;
    let answer = Answer::read(answer);
    let of_kind = |kind: &'static str| answer.streams().filter(move |stream| stream.text("codec_type") == Some(kind));
    // The cover of a record is no video.
    let mut pictures = of_kind("video").filter(|stream| stream.number("disposition.attached_pic") != Some(1));
    let pictures = pictures.find_map(|stream| Some((stream, displayed_size(stream)?)));
    let sound = of_kind("audio").next();
    if pictures.is_none() && sound.is_none() {
        return Err(RenderError::Unsupported);
    }
    let codec = |stream: Stream<'_>| stream.text("codec_name").map(str::to_owned);
    Ok(VideoFacts {
        width: pictures.map(|(_, (width, _))| width),
        height: pictures.map(|(_, (_, height))| height),
        duration_ms: answer.text("format.duration").and_then(duration_ms),
        video_codec: pictures.and_then(|(stream, _)| codec(stream)),
        audio_codec: sound.and_then(codec),
        stream: pictures.and_then(|(stream, _)| stream.number("index")),
        tells_colours: pictures.is_some_and(|(stream, _)| stream.text("color_space").is_some()),
    })
}

/// What is said line by line: `streams.stream.0.width=640`, texts in quotes.
struct Answer<'a>(HashMap<&'a str, &'a str>);

/// What is said of one stream.
#[derive(Clone, Copy)]
struct Stream<'a> {
    answer: &'a Answer<'a>,
    number: usize,
}

impl<'a> Answer<'a> {
    fn read(answer: &'a str) -> Self {
        Self(answer.lines().filter_map(|line| line.split_once('=')).collect())
    }

    /// A value, unless it says that there is none.
    fn text(&self, name: &str) -> Option<&'a str> {
        let value = self.0.get(name)?.trim_matches('"');
        (!matches!(value, "unknown" | "N/A" | "")).then_some(value)
    }

    fn streams(&'a self) -> impl Iterator<Item = Stream<'a>> {
        (0..).map(|number| Stream { answer: self, number }).take_while(|stream| stream.text("index").is_some())
    }
}

impl<'a> Stream<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.answer.text(&format!("streams.stream.{}.{name}", self.number))
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }
}

/// Width and height. Where pixels are not square the shorter side of one is made as long as the other, as browsers do it.
fn displayed_size(stream: Stream<'_>) -> Option<(u32, u32)> {
    let (width, height) = (stream.number("width")?, stream.number("height")?);
    let (across, down) = stream.text("sample_aspect_ratio").and_then(ratio).unwrap_or((1, 1));
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
fn is_on_its_side(stream: Stream<'_>) -> bool {
    // Of what stands beside a stream, the first that knows a turn.
    let turn = |at: usize| stream.text(&format!("side_data_list.side_data.{at}.rotation"))?.parse::<f64>().ok();
    let quarter = (0..MAX_SIDE_DATA).find_map(turn).unwrap_or(0.0).rem_euclid(180.0);
    (45.0..135.0).contains(&quarter)
}

fn duration_ms(seconds: &str) -> Option<u64> {
    let ms = seconds.parse::<f64>().ok()? * 1000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    (0.0..=MAX_DURATION_MS).contains(&ms).then(|| ms.round() as u64)
}
