//! What is read of videos: as displayed, and nothing of what is none.

use std::{fs::File, io::Write as _};

use bytes::Bytes;
use content::MediaType;
use media::{Limits, RenderError, Source, VideoFacts, Videos, VideosConfig, sniff};

use super::{config, making, making::MP4, making::QUICKTIME, making::WEBM, videos};

async fn facts(bytes: Bytes, media_type: &MediaType) -> VideoFacts {
    videos().describe(bytes.into(), media_type).await.unwrap()
}

fn size(facts: &VideoFacts) -> (u32, u32) {
    (facts.width.unwrap(), facts.height.unwrap())
}

#[tokio::test]
async fn an_index_at_the_end_is_found() {
    let facts = facts(making::mp4(), &MP4).await;
    assert_eq!(size(&facts), (64, 48));
    assert!((2_900..3_200).contains(&facts.duration_ms.unwrap()), "{facts:?}");
    assert_eq!((facts.video_codec.as_deref(), facts.audio_codec.as_deref()), (Some("mpeg4"), Some("aac")));
}

#[tokio::test]
async fn webm_and_many_others_are_read_by_the_type_that_their_bytes_show() {
    let facts = facts(making::webm(), &WEBM).await;
    assert_eq!(size(&facts), (64, 48));
    assert_eq!((facts.video_codec.as_deref(), facts.audio_codec.as_deref()), (Some("vp8"), None));
    let videos = videos();
    for (ending, media_type, bytes) in making::others() {
        assert!(Videos::reads(&media_type), "{ending}");
        // A transport stream has no mark that is sure enough.
        if media_type.as_str() != "video/mp2t" {
            assert_eq!(sniff(&bytes), Some(media_type.clone()), "{ending}");
        }
        let facts = videos.describe(bytes.into(), &media_type).await;
        assert_eq!(facts.as_ref().map(size), Ok((64, 48)), "{ending}: {facts:?}");
    }
}

#[tokio::test]
async fn the_size_is_that_of_the_upright_picture_with_square_pixels() {
    assert_eq!(size(&facts(making::turned(), &QUICKTIME).await), (48, 64));
    assert_eq!(size(&facts(making::wide_pixels(), &MP4).await), (128, 48));
    assert_eq!(size(&facts(making::tall_pixels(), &MP4).await), (64, 64));
}

#[tokio::test]
async fn sound_alone_has_a_duration_and_no_size() {
    let sound = making::sound();
    let facts = facts(sound.clone(), &MP4).await;
    assert_eq!((facts.width, facts.height, facts.video_codec.clone()), (None, None, None));
    assert_eq!(facts.audio_codec.as_deref(), Some("aac"));
    assert!((2_900..3_200).contains(&facts.duration_ms.unwrap()), "{facts:?}");
    assert_eq!(videos().poster(sound.into(), &MP4, &facts).await, Err(RenderError::Unsupported));
}

#[tokio::test]
async fn what_is_no_video_is_refused() {
    let videos = videos();
    let whole = making::mp4();
    let index = memchr::memmem::find(&whole, b"moov").unwrap();
    let damaged: [(&str, Bytes); 3] = [
        ("no bytes", Bytes::new()),
        ("text that is called a video", Bytes::from_static(b"It was a dark and stormy night.\n")),
        ("cut before its index", whole.slice(..index - 4)),
    ];
    for (what, bytes) in damaged {
        let found = videos.describe(bytes.into(), &MP4).await;
        assert!(matches!(found, Err(RenderError::Corrupt(_))), "{what}: {found:?}");
    }
    let cut_in_its_index = whole.slice(..index + 100);
    assert_eq!(
        videos.describe(cut_in_its_index.into(), &MP4).await,
        Err(RenderError::Unsupported),
        "it has no streams"
    );
    for essence in ["text/plain", "image/png", "application/vnd.apple.mpegurl", "application/octet-stream"] {
        let found = videos.describe(whole.clone().into(), &MediaType::of(essence)).await;
        assert_eq!(found, Err(RenderError::Unsupported), "{essence}");
        assert!(!Videos::reads(&MediaType::of(essence)), "{essence}");
    }
    let found = videos.describe(whole.into(), &WEBM).await;
    assert!(matches!(found, Err(RenderError::Corrupt(_))), "one container is not read as another: {found:?}");
}

#[tokio::test]
async fn a_video_in_a_file_is_read_where_it_lies_and_no_further() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let video = making::mp4();
    file.write_all(&video).unwrap();
    let open = |len| Source::file(File::open(file.path()).unwrap(), len);
    let videos = videos();
    let facts = videos.describe(open(video.len() as u64), &MP4).await.unwrap();
    assert_eq!(size(&facts), (64, 48));
    let cut = videos.describe(open(1_000), &MP4).await;
    assert!(matches!(cut, Err(RenderError::Corrupt(_))), "the rest of the file is not the video: {cut:?}");
    // What follows is not the video either, and does not hide its index.
    file.as_file().write_all(b"garbage").unwrap();
    assert_eq!(videos.describe(open(video.len() as u64), &MP4).await, Ok(facts.clone()));
    let poster = videos.poster(open(video.len() as u64), &MP4, &facts).await;
    assert!(poster.is_ok_and(|poster| !poster.is_empty()));
}

#[tokio::test]
async fn bytes_in_memory_are_counted_and_those_of_a_file_are_not() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let video = making::mp4();
    file.write_all(&video).unwrap();
    let limits = Limits { max_input_bytes: 1_000, ..Limits::default() };
    let videos = Videos::new(VideosConfig { limits, ..config() });
    assert_eq!(videos.describe(video.clone().into(), &MP4).await, Err(RenderError::TooLarge));
    let source = Source::file(file.reopen().unwrap(), video.len() as u64);
    assert!(videos.describe(source, &MP4).await.is_ok());
}
