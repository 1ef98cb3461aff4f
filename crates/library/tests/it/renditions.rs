//! Renditions over their life: made before anybody asks, drawn from one another, used, evicted, and drawn again.

mod evicting;
mod previews;

use library::{Delivery, Fault, Format, Library, Limits, Plan, Resize, Wanted};

use crate::support::{Bench, on_each_engine, png, read};

/// So wide, and otherwise as the format comes.
pub const fn wide(width: u32, format: Format) -> Plan {
    Plan { resize: Resize::Width(width), format: Wanted::As(format), ..Plan::ORIGINAL }
}

pub async fn ask(bench: &Bench, node: &Library, asset_id: i64, plan: &Plan) -> Delivery {
    let delivery = node.contents(&bench.actor, asset_id, Some(plan)).await.unwrap();
    node.settle_renditions().await;
    delivery
}

/// A PNG of one colour, half of which can be seen through.
fn clear_png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[90, 140, 200, 128].repeat((width * height) as usize)).unwrap();
    writer.finish().unwrap();
    bytes
}

/// Takes the originals away: what is drawn now is drawn from something else.
fn hide_originals(bench: &Bench) {
    let blobs = bench.data.path().join("blobs");
    std::fs::rename(blobs.join("originals"), blobs.join("hidden")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_one_is_drawn_from_a_larger_one_that_is_good_enough() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let asset = bench.upload("p.png", &png(800, 600)).await.unwrap().id;
        let node = bench.node(Vec::new()).await;
        for base in
            [wide(400, Format::Jpeg), Plan { quality: Some(79), ..wide(600, Format::Jpeg) }, wide(700, Format::Gif)]
        {
            ask(&bench, &node, asset, &base).await;
        }
        hide_originals(&bench);
        let small = ask(&bench, &node, asset, &wide(200, Format::Jpeg)).await.content;
        let probe = media::probe(&read(&small).await).unwrap();
        assert_eq!((probe.width, probe.height, small.media_type.as_str()), (200, 150, "image/jpeg"));
        let sharp = Plan { sharpen: true, ..wide(100, Format::Jpeg) };
        ask(&bench, &node, asset, &sharp).await;
        // Not from one that is hardly larger, of low quality or of few colours; nor where a part is wanted, or what a JPEG
        // does not show.
        let part = library::Crop { x: 0, y: 0, width: 400, height: 400 };
        for plan in [
            wide(201, Format::Jpeg),
            Plan { crop: Some(part), ..wide(50, Format::Jpeg) },
            wide(50, Format::Png),
            Plan { flatten: Some([0; 3]), ..wide(50, Format::Jpeg) },
        ] {
            let outcome = node.contents(&bench.actor, asset, Some(&plan)).await;
            assert!(matches!(outcome, Err(Fault::Unavailable("store"))), "{plan:?}: {outcome:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_transparent_stays_so_through_a_base() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let asset = bench.upload("p.png", &clear_png(800, 600)).await.unwrap().id;
        let node = bench.node(Vec::new()).await;
        for base in [wide(400, Format::Webp), wide(300, Format::Jpeg)] {
            ask(&bench, &node, asset, &base).await;
        }
        hide_originals(&bench);
        let small = read(&ask(&bench, &node, asset, &wide(100, Format::Png)).await.content).await;
        let mut reader = png::Decoder::new(std::io::Cursor::new(small)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.width, frame.height, frame.color_type), (100, 75, png::ColorType::Rgba));
        assert!(pixels.iter().skip(3).step_by(4).all(|alpha| (120..=136).contains(alpha)), "{:?}", &pixels[..16]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_can_not_be_read_is_passed_over() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let asset = bench.upload("p.png", &png(800, 600)).await.unwrap().id;
        let node = bench.node(Vec::new()).await;
        ask(&bench, &node, asset, &wide(400, Format::Jpeg)).await;
        let base = bench.only_file("renditions");
        let len = std::fs::metadata(&base).unwrap().len();
        std::fs::write(&base, vec![7; usize::try_from(len).unwrap()]).unwrap();
        for width in [200, 150] {
            let content = ask(&bench, &node, asset, &wide(width, Format::Jpeg)).await.content;
            assert_eq!(media::probe(&read(&content).await).unwrap().width, width);
            std::fs::remove_file(&base).ok();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_drawn_again_under_another_tag() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let asset = bench.upload("p.png", &png(800, 600)).await.unwrap().id;
        let (node, plan) = (bench.node(Vec::new()).await, wide(40, Format::Jpeg));
        let first = ask(&bench, &node, asset, &plan).await.content;
        assert_eq!(first.tag, ask(&bench, &node, asset, &plan).await.content.tag);
        // Another node evicts it: its row and its bytes are gone, and this one remembers both.
        bench.library.drop_renditions(&bench.system(), library::RenditionsOf::All).await.unwrap();
        assert_eq!(bench.files("renditions"), 0);
        // Many may notice at once.
        let asks = (0..16).map(|_| ask(&bench, &node, asset, &plan));
        let again = futures_util::future::join_all(asks).await;
        assert_eq!((bench.files("renditions"), node.decodings()), (1, 2));
        for delivery in &again {
            assert_eq!(read(&delivery.content).await, read(&again[0].content).await);
            assert_ne!(delivery.content.tag, first.tag);
        }
        // Bytes that are lost or cut short while their row is there are no reason to fail either.
        for cut in [None, Some(10)] {
            let path = bench.only_file("renditions");
            match cut {
                None => std::fs::remove_file(&path).unwrap(),
                Some(len) => std::fs::File::options().write(true).open(&path).unwrap().set_len(len).unwrap(),
            }
            let content = ask(&bench, &node, asset, &plan).await.content;
            assert_eq!(read(&content).await, read(&again[0].content).await);
            assert_eq!(bench.files("renditions"), 1);
        }
        assert_eq!(bench.problems().await, []);
    })
    .await;
}
