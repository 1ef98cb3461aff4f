//! One picture of a video: upright, of the displayed size, not black.

use bytes::Bytes;
use content::MediaType;
use media::{Limits, RenderError, Videos, VideosConfig};

use super::{config, making, making::MP4, making::QUICKTIME, making::WEBM, videos};
use crate::pictures::{Picture, assert_close, decode};

async fn poster(bytes: Bytes, media_type: &MediaType) -> Picture {
    let videos = videos();
    let facts = videos.describe(bytes.clone().into(), media_type).await.unwrap();
    let poster = videos.poster(bytes.into(), media_type, &facts).await.unwrap();
    assert_eq!(media::sniff(&poster), Some(MediaType::JPEG));
    decode(&poster)
}

const RED: [u8; 4] = [254, 0, 0, 255];
const BLUE: [u8; 4] = [0, 0, 254, 255];

#[tokio::test]
async fn it_shows_the_video() {
    for (bytes, media_type) in [(making::mp4(), &MP4), (making::webm(), &WEBM)] {
        let poster = poster(bytes, media_type).await;
        assert_eq!((poster.width, poster.height), (64, 48));
        assert_close(poster.quarter_colours(), [RED, RED, BLUE, BLUE], media_type.as_str());
    }
}

#[tokio::test]
async fn it_is_upright_and_its_pixels_are_square() {
    let turned = poster(making::turned(), &QUICKTIME).await;
    assert_eq!((turned.width, turned.height), (48, 64));
    assert_close(turned.quarter_colours(), [BLUE, RED, BLUE, RED], "turned clockwise");
    let wide = poster(making::wide_pixels(), &MP4).await;
    assert_eq!((wide.width, wide.height), (128, 48));
    let tall = poster(making::tall_pixels(), &MP4).await;
    assert_eq!((tall.width, tall.height), (64, 64));
}

#[tokio::test]
async fn it_is_not_black_where_something_is_brighter() {
    let dawn = poster(making::dawn(), &MP4).await;
    assert_close(dawn.quarter_colours(), [[255; 4]; 4], "the black beginning is passed over");
    let night = poster(making::night(), &MP4).await;
    assert_close(night.quarter_colours(), [[0, 0, 0, 255]; 4], "where all is black, so is the poster");
}

#[tokio::test]
async fn colours_are_those_of_high_definition_whether_or_not_the_file_says_so() {
    for named in [true, false] {
        let poster = poster(making::green(named), &MP4).await;
        assert_close(poster.quarter_colours(), [[0x20, 0xC0, 0x40, 255]; 4], if named { "named" } else { "known" });
    }
}

#[tokio::test]
async fn many_containers_have_posters() {
    let videos = videos();
    for (ending, media_type, bytes) in making::others() {
        let facts = videos.describe(bytes.clone().into(), &media_type).await.unwrap();
        let poster = videos.poster(bytes.into(), &media_type, &facts).await;
        let picture = decode(&poster.unwrap_or_else(|error| panic!("{ending}: {error}")));
        assert_close(picture.quarter_colours(), [RED, RED, BLUE, BLUE], ending);
    }
}

#[tokio::test]
async fn a_video_cut_short_has_a_poster_of_what_is_there() {
    let whole = making::webm();
    let poster = poster(whole.slice(..whole.len() * 2 / 3), &WEBM).await;
    assert_close(poster.quarter_colours(), [RED, RED, BLUE, BLUE], "cut");
}

#[tokio::test]
async fn a_large_one_is_drawn_smaller() {
    let poster = poster(making::large(7_680, 160), &MP4).await;
    assert_eq!((poster.width, poster.height), (3_840, 80));
}

#[tokio::test]
async fn limits_hold() {
    let video = making::large(1_024, 512);
    let within = |max_pixels, max_output_bytes| {
        let limits = Limits { max_pixels, max_output_bytes, ..Limits::default() };
        Videos::new(VideosConfig { limits, ..config() })
    };
    let facts = videos().describe(video.clone().into(), &MP4).await.unwrap();
    let small = within(1_024 * 511, 1_000_000);
    assert_eq!(small.poster(video.clone().into(), &MP4, &facts).await, Err(RenderError::TooLarge), "too many pixels");
    let short = within(1_024 * 512, 1_000);
    assert_eq!(short.poster(video.clone().into(), &MP4, &facts).await, Err(RenderError::TooLarge), "too long a result");
    let enough = within(1_024 * 512, 1_000_000);
    assert!(enough.poster(video.into(), &MP4, &facts).await.is_ok());
}
