//! What plans come to: the table of the Fliplet contract, the rules on format and quality, and the promises for any input.

use content::MediaType;
use media::{Accepts, Crop, Focus, Format, MAX_SIDE, Plan, Probe, Resize, Resolution, Resolved, Wanted};
use proptest::prelude::*;

fn source(media_type: MediaType, width: u32, height: u32) -> Probe {
    Probe { media_type, width, height, orientation: 1, animated: false }
}

fn plan(resize: Resize) -> Plan {
    Plan { resize, ..Plan::ORIGINAL }
}

fn size(plan: Plan, (width, height): (u32, u32)) -> (u32, u32) {
    match plan.resolve(&source(MediaType::JPEG, width, height)) {
        Resolution::Unchanged => (width, height),
        Resolution::Render(resolved) => (resolved.width, resolved.height),
    }
}

#[test]
fn sizes_are_those_of_the_contract() {
    const L: (u32, u32) = (1000, 600);
    const P: (u32, u32) = (600, 1000);
    const S: (u32, u32) = (200, 100);
    let within = Resize::Within { width: 320, height: 240 };
    let at_least = Resize::AtLeast { width: 320, height: 240 };
    let exact = Resize::Exact { width: 320, height: 320 };
    let table = [
        (within, [(320, 192), (144, 240), (200, 100)]),
        (at_least, [(400, 240), (320, 533), (200, 100)]),
        (Resize::Width(320), [(320, 192), (320, 533), (200, 100)]),
        (Resize::Height(240), [(400, 240), (144, 240), (200, 100)]),
        (exact, [(320, 320); 3]),
        (Resize::ShortSide(640), [L, P, S]),
        (Resize::ShortSide(300), [(500, 300), (300, 500), S]),
        (Resize::Percent(50), [(500, 300), (300, 500), (100, 50)]),
        (Resize::Percent(150), [L, P, S]),
        (Resize::Original, [L, P, S]),
    ];
    for (resize, expected) in table {
        assert_eq!([L, P, S].map(|from| size(plan(resize), from)), expected, "{resize:?}");
    }
    assert_eq!(size(plan(Resize::ShortSide(640)), (2000, 1200)), (1067, 640));
    assert_eq!(size(plan(Resize::Width(720)), (2725, 2225)), (720, 588));
}

#[test]
fn enlarging_is_asked_for() {
    let up = |resize| Plan { enlarge: true, ..plan(resize) };
    assert_eq!(size(up(Resize::Within { width: 320, height: 240 }), (200, 100)), (320, 160));
    assert_eq!(size(up(Resize::AtLeast { width: 320, height: 240 }), (200, 100)), (480, 240));
    assert_eq!(size(up(Resize::ShortSide(640)), (1000, 600)), (1067, 640));
    assert_eq!(size(up(Resize::Cover { width: 320, height: 240 }), (200, 100)), (320, 240));
    assert_eq!(size(up(Resize::Percent(u16::MAX)), (1000, 500)), (MAX_SIDE, 8192));
    assert_eq!(size(up(Resize::Width(u32::MAX)), (1, 1)), (MAX_SIDE, MAX_SIDE));
    let exact = Resize::Exact { width: u32::MAX, height: 0 };
    assert_eq!(size(plan(exact), (1, 1)), (MAX_SIDE, 1));
}

#[test]
fn cover_crops_around_the_centre() {
    let cover = |width, height, from: (u32, u32)| match plan(Resize::Cover { width, height }).resolve(&source(
        MediaType::JPEG,
        from.0,
        from.1,
    )) {
        Resolution::Unchanged => panic!("it is rendered"),
        Resolution::Render(resolved) => (resolved.crop, resolved.width, resolved.height),
    };
    let crop = |x, y, width, height| Some(Crop { x, y, width, height });
    assert_eq!(cover(320, 320, (1000, 600)), (crop(200, 0, 600, 600), 320, 320));
    assert_eq!(cover(300, 100, (600, 1000)), (crop(0, 400, 600, 200), 300, 100));
    assert_eq!(cover(100, 60, (1000, 600)), (None, 100, 60));
    // Too small for the box: the part that has its shape, as it is.
    assert_eq!(cover(320, 240, (200, 100)), (crop(33, 0, 133, 100), 133, 100));
}

#[test]
fn cover_keeps_the_focus_in_view() {
    let part = |focus: (u16, u16), crop: Option<Crop>| {
        let resize = Resize::Cover { width: 100, height: 100 };
        let plan = Plan { focus: Focus { x: focus.0, y: focus.1 }, crop, ..plan(resize) };
        match plan.resolve(&source(MediaType::JPEG, 1000, 600)) {
            Resolution::Unchanged => panic!("it is rendered"),
            Resolution::Render(resolved) => resolved.crop.unwrap(),
        }
    };
    let square = |x, y, side| Crop { x, y, width: side, height: side };
    assert_eq!(part((0, 0), None), square(0, 0, 600));
    assert_eq!(part((400, 900), None), square(100, 0, 600));
    assert_eq!(part((1000, 0), None), square(400, 0, 600));
    assert_eq!(part((u16::MAX, 0), None), square(400, 0, 600));
    // Within a chosen part the focus is one of that part.
    let chosen = Crop { x: 500, y: 100, width: 300, height: 200 };
    assert_eq!(part((500, 500), Some(chosen)), square(550, 100, 200));
    assert_eq!(part((1000, 500), Some(chosen)), square(600, 100, 200));
}

#[test]
fn a_chosen_part_is_cut_to_the_image_and_then_resized() {
    let resolved =
        |crop, resize| match (Plan { crop: Some(crop), ..plan(resize) }).resolve(&source(MediaType::JPEG, 1000, 600)) {
            Resolution::Unchanged => None,
            Resolution::Render(resolved) => Some((resolved.crop, resolved.width, resolved.height)),
        };
    let crop = |x, y, width, height| Crop { x, y, width, height };
    assert_eq!(resolved(crop(100, 50, 400, 300), Resize::Width(200)), Some((Some(crop(100, 50, 400, 300)), 200, 150)));
    assert_eq!(resolved(crop(900, 500, 400, 300), Resize::Original), Some((Some(crop(900, 500, 100, 100)), 100, 100)));
    // All of it, more than all of it, and a part that lies outside or has no area are no crop.
    for none in [crop(0, 0, 1000, 600), crop(0, 0, u32::MAX, u32::MAX), crop(1000, 0, 5, 5), crop(5, 5, 0, 9)] {
        assert_eq!(resolved(none, Resize::Original), None, "{none:?}");
        assert_eq!(resolved(none, Resize::Width(500)), Some((None, 500, 300)), "{none:?}");
    }
}

#[test]
fn auto_takes_what_the_client_takes() {
    let moving = |media_type| Probe { animated: true, ..source(media_type, 100, 100) };
    let format = |webp, from: &Probe| {
        let plan = Plan { format: Wanted::Auto(Accepts { webp }), ..plan(Resize::Width(50)) };
        match plan.resolve(from) {
            Resolution::Unchanged => panic!("it is rendered"),
            Resolution::Render(resolved) => (resolved.format, resolved.animated),
        }
    };
    for from in [MediaType::JPEG, MediaType::PNG, MediaType::WEBP, MediaType::GIF] {
        assert_eq!(format(true, &source(from, 100, 100)), (Format::Webp, false));
    }
    assert_eq!(format(true, &moving(MediaType::GIF)), (Format::Webp, true));
    assert_eq!(format(false, &moving(MediaType::GIF)), (Format::Gif, true));
    assert_eq!(format(false, &moving(MediaType::WEBP)), (Format::Png, true));
    assert_eq!(format(false, &source(MediaType::JPEG, 100, 100)), (Format::Jpeg, false));
    for from in [MediaType::PNG, MediaType::WEBP, MediaType::GIF] {
        assert_eq!(format(false, &source(from, 100, 100)), (Format::Png, false));
    }
    // What the client takes already, as it is.
    let auto = Plan { format: Wanted::Auto(Accepts::default()), ..Plan::ORIGINAL };
    assert_eq!(auto.resolve(&source(MediaType::JPEG, 9, 9)), Resolution::Unchanged);
    assert!(matches!(
        auto.for_client(Accepts { webp: true }).resolve(&source(MediaType::JPEG, 9, 9)),
        Resolution::Render(_)
    ));
}

#[test]
fn what_moves_stays_so_where_the_format_can() {
    let from = Probe { animated: true, ..source(MediaType::APNG, 100, 100) };
    let animated = |plan: Plan| match plan.resolve(&from) {
        Resolution::Unchanged => None,
        Resolution::Render(resolved) => Some((resolved.animated, resolved.key())),
    };
    let some = |animated, key: &str| Some((animated, key.to_owned()));
    assert_eq!(animated(Plan::ORIGINAL), None);
    assert_eq!(animated(plan(Resize::Width(50))), some(true, "50x50-a.png"));
    assert_eq!(animated(Plan { still: true, ..plan(Resize::Width(50)) }), some(false, "50x50.png"));
    assert_eq!(animated(Plan { still: true, ..Plan::ORIGINAL }), some(false, "100x100.png"));
    let to = |format| Plan { format: Wanted::As(format), ..plan(Resize::Width(50)) };
    assert_eq!(animated(to(Format::Jpeg)), some(false, "50x50-q88.jpg"));
    assert_eq!(animated(to(Format::Gif)), some(true, "50x50-a.gif"));
    let flattened = Plan { flatten: Some([255, 0, 16]), ..to(Format::Jpeg) };
    assert_eq!(animated(flattened), some(false, "50x50-q88-bff0010.jpg"));
}

#[test]
fn only_a_strong_reduction_is_sharpened() {
    let sharpened = |resize| match (Plan { sharpen: true, ..plan(resize) }).resolve(&source(MediaType::JPEG, 900, 600))
    {
        Resolution::Unchanged => panic!("it is rendered"),
        Resolution::Render(resolved) => resolved.sharpen,
    };
    assert!(sharpened(Resize::Width(300)));
    assert!(!sharpened(Resize::Width(301)));
    assert!(!sharpened(Resize::Exact { width: 300, height: 201 }));
    assert!(sharpened(Resize::Cover { width: 200, height: 200 }));
}

#[test]
fn a_side_is_never_less_than_one_pixel() {
    assert_eq!(size(plan(Resize::Width(0)), (1000, 600)), (1, 1));
    assert_eq!(size(plan(Resize::Height(1)), (10, 1000)), (1, 1));
    assert_eq!(size(plan(Resize::Cover { width: 0, height: 0 }), (9, 9)), (1, 1));
}

#[test]
fn unchanged_only_when_nothing_would_change() {
    let with = |format, quality| Plan { format, quality, ..Plan::ORIGINAL };
    let jpeg = source(MediaType::JPEG, 100, 100);
    let png = source(MediaType::PNG, 100, 100);
    for unchanged in [with(Wanted::Kept, None), with(Wanted::As(Format::Jpeg), None), plan(Resize::Width(100))] {
        assert_eq!(unchanged.resolve(&jpeg), Resolution::Unchanged);
    }
    // PNG has no quality that could change.
    assert_eq!(with(Wanted::Kept, Some(50)).resolve(&png), Resolution::Unchanged);
    assert_eq!(Plan::ORIGINAL.resolve(&source(MediaType::JPEG, 40_000, 10)), Resolution::Unchanged);
    for changed in
        [with(Wanted::As(Format::Webp), None), with(Wanted::As(Format::Jpeg), Some(88)), with(Wanted::Kept, Some(50))]
    {
        assert!(matches!(changed.resolve(&jpeg), Resolution::Render(_)), "{changed:?}");
    }
    // A side that no format holds is only shortened when the image is rendered at all.
    let huge = with(Wanted::As(Format::Webp), None).resolve(&source(MediaType::PNG, 32_766, 100));
    assert!(matches!(huge, Resolution::Render(Resolved { width: MAX_SIDE, height: 50, .. })), "{huge:?}");
}

#[test]
fn format_and_quality_have_defaults() {
    let table = [
        (MediaType::JPEG, Format::Jpeg, 88),
        (MediaType::PNG, Format::Png, 0),
        (MediaType::APNG, Format::Png, 0),
        (MediaType::WEBP, Format::Webp, 80),
        (MediaType::GIF, Format::Jpeg, 88),
        (MediaType::of("image/tiff"), Format::Jpeg, 88),
    ];
    for (media_type, format, quality) in table {
        let transparent = media_type != MediaType::JPEG;
        let resolution = plan(Resize::Width(10)).resolve(&source(media_type, 100, 50));
        let flatten = (transparent && format == Format::Jpeg).then_some([255; 3]);
        let expected = Resolved { quality, flatten, ..Resolved::of_size(10, 5, format) };
        assert_eq!(resolution, Resolution::Render(expected));
    }
}

#[test]
fn plans_that_come_to_the_same_share_a_key() {
    let from = source(MediaType::JPEG, 1000, 600);
    let key = |plan: Plan| match plan.resolve(&from) {
        Resolution::Unchanged => panic!("it is rendered"),
        Resolution::Render(resolved) => resolved.key(),
    };
    let same = [
        plan(Resize::Width(320)),
        plan(Resize::Within { width: 320, height: 999 }),
        Plan { quality: Some(88), enlarge: true, format: Wanted::As(Format::Jpeg), ..plan(Resize::Height(192)) },
    ];
    assert_eq!(same.map(key), ["320x192-q88.jpg"; 3]);
    assert_eq!(key(plan(Resize::Cover { width: 100, height: 100 })), "100x100-c200.0.600.600-q88.jpg");
    assert_eq!(key(Plan { format: Wanted::As(Format::Png), ..plan(Resize::Percent(10)) }), "100x60.png");
}

fn resizes() -> impl Strategy<Value = Resize> {
    let side = || prop_oneof![0_u32..4000, any::<u32>()];
    prop_oneof![
        Just(Resize::Original),
        side().prop_map(Resize::ShortSide),
        side().prop_map(Resize::Width),
        side().prop_map(Resize::Height),
        any::<u16>().prop_map(Resize::Percent),
        (side(), side()).prop_map(|(width, height)| Resize::Within { width, height }),
        (side(), side()).prop_map(|(width, height)| Resize::AtLeast { width, height }),
        (side(), side()).prop_map(|(width, height)| Resize::Exact { width, height }),
        (side(), side()).prop_map(|(width, height)| Resize::Cover { width, height }),
    ]
}

fn plans() -> impl Strategy<Value = Plan> {
    let format = prop_oneof![
        Just(Wanted::Kept),
        any::<bool>().prop_map(|webp| Wanted::Auto(Accepts { webp })),
        prop::sample::select(&Format::ALL[..]).prop_map(Wanted::As),
    ];
    let crop = || (0_u32..3000, 0_u32..3000, any::<u32>(), 0_u32..3000);
    let crop = prop::option::of(crop().prop_map(|(x, y, width, height)| Crop { x, y, width, height }));
    let focus = any::<(u16, u16)>().prop_map(|(x, y)| Focus { x, y });
    let flags = any::<(bool, bool, bool)>();
    let rest = (crop, focus, flags, any::<Option<[u8; 3]>>());
    (resizes(), format, any::<Option<u8>>(), rest).prop_map(
        |(resize, format, quality, (crop, focus, (enlarge, sharpen, still), flatten))| Plan {
            crop,
            resize,
            focus,
            enlarge,
            sharpen,
            flatten,
            format,
            quality,
            still,
        },
    )
}

fn sources() -> impl Strategy<Value = Probe> {
    let media_type = prop::sample::select(vec![MediaType::JPEG, MediaType::PNG, MediaType::WEBP, MediaType::GIF]);
    (media_type, 1_u32.., 1_u32.., any::<bool>()).prop_map(|(media_type, width, height, animated)| {
        let animated = animated && media_type != MediaType::JPEG;
        Probe { animated, ..source(media_type, width, height) }
    })
}

proptest! {
    #[test]
    fn any_plan_resolves_to_something_sound(plan in plans(), source in sources()) {
        let Resolution::Render(resolved) = plan.resolve(&source) else { return Ok(()) };
        let (width, height) = (source.width, source.height);
        prop_assert!((1..=MAX_SIDE).contains(&resolved.width) && (1..=MAX_SIDE).contains(&resolved.height));
        if !plan.enlarge && !matches!(plan.resize, Resize::Exact { .. }) {
            prop_assert!(resolved.width <= width && resolved.height <= height);
        }
        if let Some(Crop { x, y, width: part_width, height: part_height }) = resolved.crop {
            prop_assert!(part_width > 0 && part_height > 0);
            prop_assert!(u64::from(x) + u64::from(part_width) <= u64::from(width));
            prop_assert!(u64::from(y) + u64::from(part_height) <= u64::from(height));
        }
        prop_assert!(!resolved.animated || (source.animated && resolved.format.can_move()));
        let key = resolved.key();
        prop_assert!(key.len() < 120 && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)));
    }

    #[test]
    fn keys_tell_renditions_apart(one in plans(), other in plans(), source in sources()) {
        let (Resolution::Render(one), Resolution::Render(other)) = (one.resolve(&source), other.resolve(&source)) else {
            return Ok(());
        };
        prop_assert_eq!(one == other, one.key() == other.key());
    }
}
