//! Files that are no plain images: what their heads do not tell is found out after they came in, and they are drawn.

use std::{fs, process::Command};

use library::{Asset, Fault, Format, Ingest, JobRunner, Library, Limits, Plan, Resize, Wanted};

use crate::support::{Bench, on_each_engine, png, read};

const SMALL: Plan =
    Plan { resize: Resize::Within { width: 64, height: 64 }, format: Wanted::As(Format::Jpeg), ..Plan::ORIGINAL };

/// A file that a program makes by arguments with `IN`, a picture of 800 by 600, and `OUT` in them.
fn made_by(program: &str, arguments: &str, extension: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.png"), folder.path().join(format!("out.{extension}")));
    fs::write(&from, png(800, 600)).unwrap();
    let (from, into) = (from.to_str().unwrap(), to.to_str().unwrap());
    let arguments = arguments.split(' ').map(|argument| argument.replace("IN", from).replace("OUT", into));
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

async fn due(node: &Library) {
    JobRunner::new(node.clone()).run_due().await.unwrap();
}

async fn asset(bench: &Bench, node: &Library, id: i64) -> Asset {
    (*node.asset(&bench.actor, id).await.unwrap()).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_whose_size_stands_at_its_end_is_measured_after_it_came() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(vec![Library::preview_plan()]).await;
        let tiff = made_by("vips", "copy IN OUT", "tif");
        assert!(tiff.len() > 256 * 1024, "its directory stands behind the head");
        let first = bench.upload("scan.tif", &tiff).await.unwrap();
        let version = first.version.as_ref().unwrap();
        assert_eq!((version.pixels, version.media_type.as_str()), (None, "image/tiff"));
        let early = node.thumbnail(&bench.actor, first.id, &SMALL).await;
        assert!(matches!(early, Err(Fault::Unsupported)), "{early:?}");
        due(&node).await;
        assert_eq!(asset(&bench, &node, first.id).await.version.unwrap().pixels, Some((800, 600)));
        let small = node.thumbnail(&bench.actor, first.id, &SMALL).await.unwrap();
        assert_eq!(media::probe(&read(&small).await).map(|probe| (probe.width, probe.height)), Some((64, 48)));
        // Equal bytes are known already, whoever sends them.
        let again = bench.upload("again.tif", &tiff).await.unwrap();
        let decodings = node.decodings();
        due(&node).await;
        assert_eq!(asset(&bench, &node, again.id).await.version.unwrap().pixels, Some((800, 600)));
        assert_eq!(node.decodings(), decodings);
        assert_eq!(bench.problems().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_film_has_a_size_a_duration_and_a_poster() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(vec![Library::preview_plan()]).await;
        let film = made_by("ffmpeg", "-v error -loop 1 -i IN -t 2 -r 5 -c:v mpeg4 -pix_fmt yuv420p OUT", "mp4");
        let film = bench.upload("film.mp4", &film).await.unwrap();
        assert_eq!(film.version.as_ref().unwrap().pixels, None);
        due(&node).await;
        assert_eq!(asset(&bench, &node, film.id).await.version.unwrap().pixels, Some((800, 600)));
        let details = node.image_details(&bench.actor, film.id).await.unwrap().unwrap();
        assert_eq!((details.pixels, details.duration_ms), (Some((800, 600)), Some(2_000)));
        let near = details.dominant.iter().zip([90_u8, 140, 200]).all(|(is, was)| is.abs_diff(was) <= 12);
        assert!(near && !details.thumbhash.is_empty(), "{details:?}");
        // Its preview, and the picture that others are drawn from.
        assert_eq!(bench.files("renditions"), 2);
        let small = node.thumbnail(&bench.actor, film.id, &SMALL).await.unwrap();
        assert_eq!((small.media_type.as_str(), small.name.as_str()), ("image/jpeg", "film.jpg"));
        // A plan is for pictures: the film is what it is.
        let contents = node.contents(&bench.actor, film.id, Some(&SMALL)).await.unwrap().content;
        assert_eq!(contents.media_type.as_str(), "video/mp4");
        node.settle_renditions().await;
        assert_eq!(bench.problems().await, []);

        let sound = made_by("ffmpeg", "-v error -f lavfi -i sine -t 1 OUT", "wav");
        let sound = bench.upload("sound.wav", &sound).await.unwrap();
        due(&node).await;
        assert_eq!(asset(&bench, &node, sound.id).await.version.unwrap().pixels, None);
        let details = node.image_details(&bench.actor, sound.id).await.unwrap().unwrap();
        assert_eq!((details.pixels, details.duration_ms), (None, Some(1_000)));
        let seen = node.thumbnail(&bench.actor, sound.id, &SMALL).await;
        assert!(matches!(seen, Err(Fault::Unsupported)), "{seen:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_it_is_called_is_kept_and_has_no_picture() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let node = bench.node(vec![Library::preview_plan()]).await;
        for (name, bytes) in [
            ("a.mp4", &b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom no film"[..]),
            ("a.tif", b"II*\0\xFF\xFF\0\0"),
            ("a.pdf", b"%PDF-1.7 no document"),
            ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'"),
        ] {
            let file = bench.upload(name, bytes).await.unwrap();
            due(&node).await;
            assert_eq!(asset(&bench, &node, file.id).await.version.unwrap().pixels, None, "{name}");
            let seen = node.thumbnail(&bench.actor, file.id, &SMALL).await;
            assert!(matches!(seen, Err(Fault::Unsupported)), "{name}: {seen:?}");
            let contents = node.contents(&bench.actor, file.id, Some(&SMALL)).await.unwrap().content;
            assert_eq!(read(&contents).await, bytes, "{name}");
        }
        let waiting = node.jobs(&bench.system(), library::JobState::Waiting, 0, 10).await.unwrap();
        assert!(waiting.iter().all(|job| job.work.kind() != "preview"), "none is tried again: {waiting:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_made_smaller_and_stays_what_it_is() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let drawing = br#"<svg xmlns="http://www.w3.org/2000/svg" width="900" height="300"><rect width="900" height="300"/></svg>"#;
        for (name, bytes, size) in [
            ("a.svg", drawing.to_vec(), (400, 133)),
            ("a.avif", made_by("avifenc", "-s 10 IN OUT", "avif"), (400, 300)),
        ] {
            let upload = bench.received(name, &bytes).await;
            let ingest = Ingest { max_side_px: Some(400), redrawn: None };
            let added = bench.library.add_assets(&bench.actor, bench.folder.id, vec![upload], ingest).await.unwrap();
            let version = added[0].version.clone().unwrap();
            assert_eq!(version.pixels, Some(size), "{name}");
            let content = bench.library.contents(&bench.actor, added[0].id, None).await.unwrap().content;
            assert_eq!(content.media_type, version.media_type);
            let probe = media::probe(&read(&content).await).unwrap();
            assert_eq!(((probe.width, probe.height), probe.media_type), (size, version.media_type), "{name}");
        }
    })
    .await;
}
