//! Files as cameras write them, with all that they tell of their makers, and what is left of that: nothing that `exiftool` finds, while
//! pixels and sound are those that were there.

mod making;

use std::{fs, path::Path, process::Command, time::Instant};

use content::{Family, MediaType};
use media::{Format, NotStripped, Stripped, probe, strip_private};
use memchr::memmem;
use proptest::{collection::vec, prelude::*, sample};

use self::making::{SECRET, Sample, rendered, run, samples, scene, tiff, written};
use crate::{
    films::{Film, film},
    heif_files,
    pictures::{CLEAR, decode, png_with_chunk},
};

/// All that `exiftool` finds, a line each: `[group] name : value`.
fn told(bytes: &[u8], ending: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file").with_extension(ending);
    fs::write(&file, bytes).unwrap();
    let mut command = Command::new("exiftool");
    command.args(["-G1", "-a", "-u", "-ee", "-s", "-x", "System:all", "-x", "ExifTool:ExifToolVersion"]).arg(&file);
    let output = command.output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Those lines that tell something private.
fn private(lines: &[String]) -> Vec<&String> {
    const GROUPS: &[&str] = &[
        "[GPS",
        "[XMP",
        "[IPTC",
        "[Photoshop",
        "[ExifIFD",
        "[IFD1",
        "[InteropIFD",
        "[MPF",
        "[Track",
        "[UserData",
        "[Keys",
        "[ItemList",
        "[MakerNotes",
    ];
    const NAMES: &[&str] =
        &["GPS", "Location", "Serial", "Owner", "Artist", "Creator", "Author", "Comment", "MakerNote", "Thumbnail"];
    let of_track = |line: &str| line.starts_with("[Track") && !NAMES.iter().any(|name| line.contains(name));
    lines
        .iter()
        .filter(|line| {
            let grouped = GROUPS.iter().any(|group| line.starts_with(group)) && !of_track(line);
            grouped
                || NAMES.iter().any(|name| line.contains(name))
                || line.contains(SECRET)
                || line.contains("2024:05:06")
        })
        .collect()
}

fn ending(media_type: &MediaType) -> &'static str {
    match media_type.as_str() {
        "image/jpeg" => "jpg",
        "image/png" | "image/apng" => "png",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "image/tiff" => "tif",
        "image/heic" => "heic",
        "image/avif" => "avif",
        "video/quicktime" => "mov",
        "video/3gpp" => "3gp",
        _ => "mp4",
    }
}

#[track_caller]
fn stripped(bytes: &[u8], media_type: &MediaType) -> Vec<u8> {
    match strip_private(bytes, media_type).unwrap() {
        Stripped::AsItCame => bytes.to_vec(),
        Stripped::Without(rest) => rest,
    }
}

fn has_secret(bytes: &[u8]) -> bool {
    memmem::find(bytes, SECRET.as_bytes()).is_some()
}

#[test]
fn exiftool_finds_nothing_private_in_what_is_stripped() {
    for Sample { name, media_type, bytes } in samples() {
        let before = told(bytes, ending(media_type));
        let places = before.iter().filter(|line| line.contains("GPS")).count();
        assert!(places > 0 || name.contains("track") || name.contains("old"), "{name}: {before:#?}");
        assert!(has_secret(bytes), "{name}");
        let rest = stripped(bytes, media_type);
        let after = told(&rest, ending(media_type));
        assert_eq!(private(&after), Vec::<&String>::new(), "{name}: {after:#?}");
        assert!(!has_secret(&rest), "{name}");
        let complaints: Vec<_> =
            after.iter().filter(|line| line.contains("Warning") || line.contains("Error")).collect();
        assert!(complaints.is_empty(), "{name}: {complaints:#?}");
    }
}

#[test]
fn what_is_stripped_once_comes_as_it_is_the_second_time() {
    for Sample { name, media_type, bytes } in samples() {
        let rest = stripped(bytes, media_type);
        assert_ne!(&rest, bytes, "{name}");
        assert_eq!(strip_private(&rest, media_type), Ok(Stripped::AsItCame), "{name}");
    }
}

/// The sums of all frames and sounds, as they are compressed and as they are drawn.
fn sums(bytes: &[u8], ending: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file").with_extension(ending);
    fs::write(&file, bytes).unwrap();
    let sums = |file: &Path, copy: &[&str]| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-i"]).arg(file).args(["-map", "0:v", "-map", "0:a?"]).args(copy);
        run(command.args(["-f", "framemd5", "-"]))
    };
    sums(&file, &[]) + &sums(&file, &["-c", "copy"])
}

#[test]
fn pixels_sound_and_orientation_are_those_that_were_there() {
    for Sample { name, media_type, bytes } in samples() {
        let rest = stripped(bytes, media_type);
        let found = probe(bytes);
        assert_eq!(probe(&rest), found, "{name}");
        match media_type.as_str() {
            "image/heic" => assert!(heif_files::converted(bytes) == heif_files::converted(&rest), "{name}"),
            "image/tiff" => {
                let drawn = |bytes: &[u8]| decode(&rendered(bytes, Format::Png));
                assert!(drawn(bytes) == drawn(&rest), "{name}");
            }
            _ if media_type.family() != Family::Image => {
                assert_eq!(sums(bytes, ending(media_type)), sums(&rest, ending(media_type)), "{name}");
            }
            _ if found.is_some_and(|found| found.animated) => assert!(film(bytes) == film(&rest), "{name}"),
            _ => assert!(decode(bytes) == decode(&rest), "{name}"),
        }
        if *media_type == MediaType::JPEG {
            // From the tables on, which are the first that stays of all that is compressed, to the end.
            let tables = memmem::find(&rest, b"\xFF\xDB").unwrap();
            assert!(memmem::find(bytes, &rest[tables..]).is_some(), "{name}");
        }
    }
}

#[test]
fn orientations_are_kept_and_upright_images_need_none() {
    for orientation in 1..=8 {
        let argument = format!("-Orientation#={orientation}");
        for (ending, bytes, media_type) in [
            ("jpg", scene().jpeg(), MediaType::JPEG),
            ("png", scene().png(), MediaType::PNG),
            ("webp", rendered(&scene().png(), Format::Webp), MediaType::WEBP),
        ] {
            let turned = written(&bytes, ending, &[&[&argument, "-EXIF:Artist=Rue du Secret 7"]]);
            let rest = stripped(&turned, &media_type);
            assert_eq!(probe(&rest).unwrap().orientation, orientation, "{ending}");
            let lines = told(&rest, ending);
            assert_eq!(lines.iter().any(|line| line.contains("Orientation")), orientation != 1, "{ending}: {lines:#?}");
        }
    }
}

#[test]
fn files_that_tell_nothing_come_as_they_are() {
    let film = Film::wandering(0, CLEAR);
    let png = png_with_chunk(&scene().png(), b"gAMA", &45_455_u32.to_be_bytes());
    for (bytes, media_type) in [
        (scene().jpeg(), MediaType::JPEG),
        (include_bytes!("fixtures/cmyk.jpg").to_vec(), MediaType::JPEG),
        (png, MediaType::PNG),
        (film.apng(), MediaType::APNG),
        (film.gif(), MediaType::GIF),
        (film.encoded(Format::Webp), MediaType::WEBP),
        (include_bytes!("fixtures/alpha-lossy.webp").to_vec(), MediaType::WEBP),
        (include_bytes!("fixtures/lossless.webp").to_vec(), MediaType::WEBP),
        (rendered(&scene().png(), Format::Avif), MediaType::AVIF),
        (heif_files::encoded(&heif_files::opaque_png(&scene()), &[]), MediaType::of("image/heic")),
    ] {
        assert_eq!(strip_private(&bytes, &media_type), Ok(Stripped::AsItCame), "{media_type}");
    }
}

#[test]
fn what_can_not_be_read_for_certain_is_refused() {
    for unknown in [MediaType::PDF, MediaType::SVG, MediaType::ZIP, MediaType::OCTET_STREAM, MediaType::of("image/jxl")]
    {
        assert_eq!(strip_private(b"%PDF-1.7", &unknown), Err(NotStripped::Unknown), "{unknown}");
    }
    for Sample { name, media_type, bytes } in samples() {
        let rest = stripped(bytes, media_type);
        for len in [0, 1, 7, 12, 40, rest.len() / 2] {
            let found = strip_private(&rest[..len], media_type);
            assert_eq!(found, Err(NotStripped::Unclear), "{len} bytes of {name}");
        }
    }
    let other = strip_private(&scene().png(), &MediaType::JPEG);
    assert_eq!(other, Err(NotStripped::Unclear), "of another type than it is said to be");
}

#[test]
fn profiles_stay_and_what_is_hidden_in_other_places_goes() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profile.icc");
    fs::write(&file, &profile).unwrap();
    let argument = format!("-ICC_Profile<={}", file.display());
    let webp = rendered(&scene().png(), Format::Webp);
    for (ending, bytes, media_type) in [
        ("jpg", scene().jpeg(), MediaType::JPEG),
        ("png", scene().png(), MediaType::PNG),
        ("webp", webp, MediaType::WEBP),
        ("tif", tiff(""), MediaType::TIFF),
    ] {
        let told = |bytes: &[u8]| {
            let file = folder.path().join("file").with_extension(ending);
            fs::write(&file, bytes).unwrap();
            Command::new("exiftool").args(["-b", "-ICC_Profile"]).arg(file).output().unwrap().stdout
        };
        let profiled = written(&bytes, ending, &[&[&argument, "-EXIF:Artist=Rue du Secret 7"]]);
        assert_eq!(told(&profiled), profile, "{ending}");
        let rest = stripped(&profiled, &media_type);
        assert_eq!(told(&rest), profile, "{ending}");
        assert!(has_secret(&profiled) && !has_secret(&rest), "{ending}");
    }
    let (jpeg, gif, webp) =
        (scene().jpeg(), Film::wandering(0, CLEAR).gif(), Film::wandering(0, CLEAR).encoded(Format::Webp));
    let comment = [b"\xFF\xFE\0\x11", SECRET.as_bytes()].concat();
    let last_scan = memmem::rfind(&jpeg, b"\xFF\xDA").unwrap();
    let frame = memmem::find(&webp, b"ANMF").unwrap();
    let frame_end = frame + 8 + u32::from_le_bytes(webp[frame + 4..frame + 8].try_into().unwrap()) as usize;
    let mut in_frame = [&webp[..frame_end], b"note\x10\0\0\0", SECRET.as_bytes(), &[0], &webp[frame_end..]].concat();
    for at in [4, frame + 4] {
        let len = u32::from_le_bytes(in_frame[at..at + 4].try_into().unwrap()) + 24;
        in_frame[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }
    // A block more in the data of the last image, behind the code that ends it.
    let behind_codes = [gif.strip_suffix(b"\0;").unwrap(), &[15], SECRET.as_bytes(), b"\0;"].concat();
    for (what, bytes, media_type, as_it_was) in [
        ("before a scan", [&jpeg[..last_scan], &comment, &jpeg[last_scan..]].concat(), MediaType::JPEG, &jpeg),
        (
            "between segments",
            [&jpeg[..last_scan], SECRET.as_bytes(), &jpeg[last_scan..]].concat(),
            MediaType::JPEG,
            &jpeg,
        ),
        ("behind the end", [&jpeg, SECRET.as_bytes()].concat(), MediaType::JPEG, &jpeg),
        ("behind the codes", behind_codes, MediaType::GIF, &gif),
        ("in a frame", in_frame, MediaType::WEBP, &webp),
    ] {
        assert!(has_secret(&bytes) && stripped(&bytes, &media_type) == *as_it_was, "{what}");
    }
}

#[test]
fn files_made_to_cost_much_cost_no_more_than_their_length() {
    let part = heif_files::part;
    let numbers = |all: &[u32]| all.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    // Four thousand million samples in half a million chunks.
    let starts: Vec<u32> = [&[0, 500_000][..], &vec![4_096; 500_000]].concat();
    let table = [
        part(b"stsd", &numbers(&[0, 0])),
        part(b"stsz", &numbers(&[0, u32::MAX, u32::MAX])),
        part(b"stsc", &numbers(&[0, 1, 1, 8_600, 1])),
        part(b"stco", &numbers(&starts)),
    ];
    let handler = part(b"hdlr", b"\0\0\0\0\0\0\0\0soun\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let media = part(b"mdia", &[handler, part(b"minf", &part(b"stbl", &table.concat()))].concat());
    let film = part(b"moov", &part(b"trak", &media));
    // Directories that refer to each other, and one list of directories that each of many fields refers to.
    let field = |tag: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &[4, 0], &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let mut lists =
        [b"II*\0\x08\0\0\0", &60_000_u16.to_le_bytes()[..], &field(330, 200_000, 16).repeat(60_000)].concat();
    lists.resize(lists.len() + 800_000, 0);
    let mut circle = [b"II*\0\x08\0\0\0", &60_000_u16.to_le_bytes()[..], &field(330, 1, 8).repeat(60_000)].concat();
    circle.extend([8, 0, 0, 0]);
    for (what, bytes, media_type) in [
        ("samples", film, MediaType::of("video/mp4")),
        ("lists", lists, MediaType::TIFF),
        ("a circle", circle, MediaType::TIFF),
        ("boxes", [&part(b"ftyp", b"heic\0\0\0\0")[..], &b"\0\0\0\x08free".repeat(300_000)].concat(), MediaType::AVIF),
        ("markers", [&[0xFF, 0xD8][..], &[0xFF, 0xE1, 0, 2].repeat(500_000)].concat(), MediaType::JPEG),
    ] {
        let started = Instant::now();
        assert_eq!(strip_private(&bytes, &media_type), Err(NotStripped::Unclear), "{what}");
        assert!(started.elapsed().as_secs() < 2, "{what}: {:?}", started.elapsed());
    }
}

fn checked(bytes: &[u8], media_type: &MediaType) -> Result<(), TestCaseError> {
    let rest = match strip_private(bytes, media_type) {
        Ok(Stripped::AsItCame) => bytes.to_vec(),
        Ok(Stripped::Without(rest)) => rest,
        Err(_) => return Ok(()),
    };
    prop_assert!(rest.len() <= bytes.len() + 64);
    prop_assert!(!has_secret(&rest), "{}", media_type);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_tell_nothing_or_are_refused(
        which in any::<sample::Index>(),
        damage in vec((any::<sample::Index>(), any::<u8>()), 0..4),
        head in vec((0_usize..400, any::<u8>()), 0..2),
        keep in prop_oneof![3 => Just(None), 1 => any::<sample::Index>().prop_map(Some)],
    ) {
        let Sample { media_type, bytes, .. } = &samples()[which.index(samples().len())];
        let mut bytes = bytes.clone();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in head {
            bytes[at] = value;
        }
        bytes.truncate(keep.map_or(bytes.len(), |keep| keep.index(bytes.len())));
        checked(&bytes, media_type)?;
    }

    #[test]
    fn any_bytes_are_stripped_or_refused(
        bytes in vec(any::<u8>(), 0..400),
        which in any::<sample::Index>(),
        head in 0_usize..200,
    ) {
        let Sample { media_type, bytes: file, .. } = &samples()[which.index(samples().len())];
        let _ = strip_private(&bytes, media_type);
        let _ = strip_private(&[&file[..head], &bytes].concat(), media_type);
    }
}
