//! What comes of one file, asked for as the server asks: told by its head, measured, and drawn as a preview and as a thumbnail
//! that moves if the file does.

use bytes::Bytes;
use content::MediaType;
use media::{
    Format, PROBE_HEAD_BYTES, Plan, Probe, RenderError, Rendered, Renderer, Resize, Resolution, Resolved, Source,
    SourceFormat, Wanted, probe, sniff,
};

/// How the line of a file ends whose decoder gave up in a panic.
pub const BY_PANIC: &str = "corrupt, by a panic";

/// A few words, the same on every machine.
pub async fn outcome(renderer: &Renderer, bytes: &Bytes) -> String {
    let found = sniff(&bytes[..bytes.len().min(PROBE_HEAD_BYTES)]);
    let Some(media_type) = found.filter(|found| SourceFormat::from_media_type(found).is_some()) else {
        return "not an image".to_owned();
    };
    match made(renderer, bytes, &media_type).await {
        Ok(renditions) => renditions.iter().map(shown).collect::<Vec<_>>().join(", "),
        Err(error) => refusal(&error).to_owned(),
    }
}

async fn made(renderer: &Renderer, bytes: &Bytes, media_type: &MediaType) -> Result<Vec<Rendered>, RenderError> {
    let source = || Source::from(bytes.clone()).of_type(media_type);
    let probe = match probe(bytes) {
        Some(probe) => probe,
        None => {
            let (width, height) = renderer.render_many(source(), &[], true).await?.details.unwrap().pixels;
            Probe { media_type: media_type.clone(), width, height, orientation: 1, animated: false }
        }
    };
    let plans = [resolved(&probe, 320, Format::Jpeg), resolved(&probe, 96, Format::Webp)];
    let made = renderer.render_many(source(), &plans, true).await?;
    let details = made.details.unwrap();
    assert!(details.pixels.0 > 0 && details.pixels.1 > 0 && !details.thumbhash.is_empty());
    Ok(made.renditions)
}

fn resolved(probe: &Probe, width: u32, format: Format) -> Resolved {
    // With a quality, so that it is drawn even where it is small enough.
    let plan = Plan { resize: Resize::Width(width), format: Wanted::As(format), quality: Some(80), ..Plan::ORIGINAL };
    let Resolution::Render(resolved) = plan.resolve(probe) else { panic!("{plan:?} of {probe:?} is the source") };
    resolved
}

/// A rendition is what it is said to be.
fn shown(rendered: &Rendered) -> String {
    let found = probe(&rendered.bytes).unwrap();
    assert_eq!(
        (found.width, found.height, found.animated, &found.media_type),
        (rendered.width, rendered.height, rendered.animated, &rendered.media_type)
    );
    let moving = if rendered.animated { "moving " } else { "" };
    format!("{}x{} {moving}{}", found.width, found.height, found.media_type.as_str().trim_start_matches("image/"))
}

fn refusal(error: &RenderError) -> &'static str {
    match error {
        RenderError::Unsupported => "unsupported",
        RenderError::Corrupt(text) if text == "the decoder gave up" => BY_PANIC,
        RenderError::Corrupt(_) => "corrupt",
        RenderError::TooLarge => "too large",
        RenderError::TimedOut => "timed out",
        RenderError::Crashed => "crashed",
        RenderError::Killed | RenderError::Busy | RenderError::Unavailable(_) => panic!("{error}"),
    }
}
