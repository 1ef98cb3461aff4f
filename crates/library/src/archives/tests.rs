//! The archive as other programs see it (Info-ZIP's `unzip`, Python's `zipfile`), and as ranges see it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::{FutureExt, TryStreamExt};
use proptest::prelude::*;

use super::*;

const MODIFIED_MS: i64 = 1_700_000_001_234;
const GIB: u64 = 1 << 30;

fn file(path: &str, bytes: impl Into<Bytes>) -> Entry {
    let bytes = bytes.into();
    Entry {
        path: path.to_owned(),
        modified_ms: MODIFIED_MS,
        size: bytes.len() as u64,
        crc32: crc32fast::hash(&bytes),
        body: Some(Arc::new(move || std::future::ready(Ok(Body::Memory(bytes.clone()))).boxed())),
    }
}

fn folder(path: &str) -> Entry {
    Entry { path: path.to_owned(), modified_ms: MODIFIED_MS, size: 0, crc32: 0, body: None }
}

/// `size` zeros that are made as they are read.
fn zeros(path: &str, size: u64) -> Entry {
    struct Zeros;
    impl ReadBytes for Zeros {
        fn read(&self, range: ByteRange) -> ByteStream {
            let chunk = Bytes::from(vec![0; 1 << 20]);
            let starts = (range.start..range.end).step_by(chunk.len());
            stream::iter(starts.map(move |start| Ok(chunk.slice(..chunk.len().min(to_index(range.end - start))))))
                .boxed()
        }
    }
    // The CRC-32 of a whole mebibyte of zeros, joined to itself as often as it takes.
    let mut mebibyte = crc32fast::Hasher::new();
    mebibyte.update(&vec![0; 1 << 20]);
    let mut sum = crc32fast::Hasher::new();
    for _ in 0..size >> 20 {
        sum.combine(&mebibyte);
    }
    sum.update(&vec![0; to_index(size & 0xf_ffff)]);
    let body = Body::Stored { len: size, source: Arc::new(Zeros) };
    Entry {
        crc32: sum.finalize(),
        size,
        body: Some(Arc::new(move || std::future::ready(Ok(body.clone())).boxed())),
        ..folder(path)
    }
}

fn read(body: &Body, range: ByteRange) -> io::Result<Vec<u8>> {
    let read = body.read(range).try_fold(Vec::new(), |mut all, chunk| async move {
        all.extend_from_slice(&chunk);
        Ok(all)
    });
    read.now_or_never().expect("nothing here waits")
}

fn read_all(body: &Body) -> Vec<u8> {
    let bytes = read(body, ByteRange::whole(body.len())).unwrap();
    assert_eq!(bytes.len() as u64, body.len(), "the length is as told beforehand");
    bytes
}

/// Runs a program that the tests need; a missing one is a failure, not a skip.
fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?} must be installed for this test: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// What Python's `zipfile` sees: one line of `name size crc year-month-day extracted-crc` for each entry.
fn python_listing(path: &Path) -> Vec<String> {
    let script = "
import sys, zipfile, zlib
sys.stdout.reconfigure(encoding='utf-8')
with zipfile.ZipFile(sys.argv[1]) as z:
    assert z.testzip() is None
    for i in z.infolist():
        print(i.filename, i.file_size, i.CRC, '%d-%d-%d' % i.date_time[:3], zlib.crc32(z.read(i)), oct(i.external_attr >> 16))
";
    run(Command::new("python3").args(["-c", script]).arg(path)).lines().map(str::to_owned).collect()
}

fn written(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn sample() -> Vec<Entry> {
    vec![
        folder("photos/"),
        file("photos/Ünïcode 名前 🎈.txt", "hello"),
        file("photos/empty", ""),
        Entry { modified_ms: i64::MIN, ..file("before.bin", vec![7; 100_000]) },
        folder("nothing in it/"),
        Entry { modified_ms: i64::MAX, ..file("after", "x") },
    ]
}

#[test]
fn other_programs_read_it() {
    let bytes = read_all(&archive(sample()));
    let file = written(&bytes);
    let report = run(Command::new("unzip").arg("-t").arg(file.path()));
    assert!(report.contains("No errors detected"), "{report}");
    let crc = crc32fast::hash(&[7; 100_000]);
    let expected = [
        "photos/ 0 0 2023-11-14 0 0o40755".to_owned(),
        "photos/Ünïcode 名前 🎈.txt 5 907060870 2023-11-14 907060870 0o100644".to_owned(),
        "photos/empty 0 0 2023-11-14 0 0o100644".to_owned(),
        format!("before.bin 100000 {crc} 1980-1-1 {crc} 0o100644"),
        "nothing in it/ 0 0 2023-11-14 0 0o40755".to_owned(),
        "after 1 2363233923 2107-12-31 2363233923 0o100644".to_owned(),
    ];
    assert_eq!(python_listing(file.path()), expected);

    let target = tempfile::tempdir().unwrap();
    run(Command::new("unzip").arg("-q").arg(file.path()).arg("-d").arg(target.path()));
    assert_eq!(std::fs::read_to_string(target.path().join("photos/Ünïcode 名前 🎈.txt")).unwrap(), "hello");
    let unpacked = std::fs::metadata(target.path().join("photos/empty")).unwrap().modified().unwrap();
    let seconds = unpacked.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds, 1_700_000_001, "the extended timestamp carries the second, whatever the time zone");
}

#[test]
fn an_empty_archive_is_one() {
    let bytes = read_all(&archive(Vec::new()));
    assert_eq!(bytes.len(), 22);
    assert_eq!(python_listing(written(&bytes).path()), [""; 0]);
}

#[test]
fn more_entries_than_sixteen_bits_count() {
    let entries: Vec<Entry> = (0..70_000).map(|index| file(&format!("{index}.txt"), index.to_string())).collect();
    let file = written(&read_all(&archive(entries)));
    let listing = python_listing(file.path());
    assert_eq!(listing.len(), 70_000);
    assert!(listing[69_999].starts_with("69999.txt 5 "));
    let report = run(Command::new("unzip").arg("-tq").arg(file.path()));
    assert!(report.contains("No errors detected"), "{report}");
}

/// Copies the archive to a file without the bodies of zeros, which are left as holes.
fn copied_with_holes(body: &Body, holes: &[ByteRange], file: &mut File) {
    let mut position = 0;
    for hole in holes.iter().copied().chain([ByteRange { start: body.len(), end: body.len() }]) {
        file.seek(SeekFrom::Start(position)).unwrap();
        file.write_all(&read(body, ByteRange { start: position, end: hole.start }).unwrap()).unwrap();
        position = hole.end;
    }
    assert_eq!(file.metadata().unwrap().len(), body.len());
}

#[test]
fn bodies_and_archives_over_four_gib() {
    // The first size still fits a 32-bit field, the second has the value that means "see zip64", the third is past it.
    let sizes = [u64::from(u32::MAX) - 1, u64::from(u32::MAX), 5 * GIB];
    let mut entries: Vec<Entry> = sizes.iter().map(|size| zeros(&size.to_string(), *size)).collect();
    entries.insert(0, file("first", "one"));
    entries.push(file("last", "end"));
    let layout = Layout::of(entries.clone());
    let body = archive(entries);
    let holes: Vec<ByteRange> = (1..=3)
        .map(|index| {
            let start = layout.local_starts[index] + records::local_len(&layout.entries[index]);
            ByteRange { start, end: start + sizes[index - 1] }
        })
        .collect();
    let mut copy = tempfile::NamedTempFile::new().unwrap();
    copied_with_holes(&body, &holes, copy.as_file_mut());

    // Python checks each local header against the directory as it opens the entry.
    let script = "
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    for i in z.infolist():
        z.open(i).close()
        print(i.filename, i.file_size, i.extract_version)
    print(z.read('first'), z.read('last'))
";
    let seen = run(Command::new("python3").args(["-c", script]).arg(copy.path()));
    let expected = format!(
        "first 3 10\n{0} {0} 10\n{1} {1} 45\n{2} {2} 45\nlast 3 45\nb'one' b'end'\n",
        sizes[0], sizes[1], sizes[2]
    );
    assert_eq!(seen, expected);
    let listing = run(Command::new("unzip").arg("-l").arg(copy.path()));
    assert!(listing.contains("5368709120"), "{listing}");
    assert_eq!(run(Command::new("unzip").arg("-p").arg(copy.path()).arg("last")), "end");
    assert!(run(Command::new("unzip").arg("-tq").arg(copy.path()).arg("last")).contains("No errors detected"));

    let middle = ByteRange { start: holes[2].start + 3 * GIB, end: holes[2].start + 3 * GIB + 3_000_000 };
    assert_eq!(read(&body, middle).unwrap(), vec![0; 3_000_000]);
}

#[test]
fn a_range_opens_only_the_entries_that_lie_in_it() {
    let opened = Arc::new(AtomicUsize::new(0));
    let entries: Vec<Entry> = (0..10)
        .map(|index| {
            let (plain, opened) = (file(&index.to_string(), vec![index; 1000]), Arc::clone(&opened));
            let open = plain.body.clone().unwrap();
            let counted: OpenBody = Arc::new(move || {
                opened.fetch_add(1 << (4 * index), Ordering::Relaxed);
                open()
            });
            Entry { body: Some(counted), ..plain }
        })
        .collect();
    let body = archive(entries);
    let start = Layout::of((0..4).map(|index| file(&index.to_string(), vec![index; 1000])).collect()).central.start;

    read(&body, ByteRange { start: start - 1, end: start + 200 }).unwrap();
    assert_eq!(opened.swap(0, Ordering::Relaxed), 0x1_1000, "the last byte of the fourth, the first of the fifth");
    read(&body, ByteRange { start: start + 1, end: start + 20 }).unwrap();
    read(&body, ByteRange { start: body.len() - 30, end: body.len() }).unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 0, "headers and the directory need no body");

    let first = body.read(ByteRange::whole(body.len())).next().now_or_never().flatten().unwrap().unwrap();
    assert_eq!(
        (&first[..4], opened.load(Ordering::Relaxed)),
        (&b"PK\x03\x04"[..], 0),
        "the first bytes wait for nothing"
    );
}

#[test]
fn a_body_of_another_length_ends_the_stream_with_an_error() {
    /// Says `len`, gives `given` bytes whatever it is asked for.
    struct Liar(usize);
    impl ReadBytes for Liar {
        fn read(&self, _: ByteRange) -> ByteStream {
            stream::iter([Ok(Bytes::from(vec![1; self.0]))]).boxed()
        }
    }
    for (len, given, expected) in [
        (10, 9, io::ErrorKind::UnexpectedEof),
        (10, 11, io::ErrorKind::InvalidData),
        (9, 9, io::ErrorKind::InvalidData),
        (11, 11, io::ErrorKind::InvalidData),
    ] {
        let body = Body::Stored { len, source: Arc::new(Liar(given)) };
        let open: OpenBody = Arc::new(move || std::future::ready(Ok(body.clone())).boxed());
        let entries = vec![Entry { body: Some(open), ..file("lies", vec![1; 10]) }, file("next", "not reached")];
        let body = archive(entries);
        let error = read(&body, ByteRange::whole(body.len())).unwrap_err();
        assert_eq!(error.kind(), expected, "{len} {given}: {error}");

        let after_error = body.read(ByteRange::whole(body.len())).skip_while(|item| std::future::ready(item.is_ok()));
        assert_eq!(after_error.count().now_or_never(), Some(1), "nothing comes after the error");
    }
    let bodiless = archive(vec![Entry { body: None, ..file("none", "some") }]);
    assert!(read(&bodiless, ByteRange::whole(bodiless.len())).is_err());
}

#[test]
fn odd_entries_are_made_sayable() {
    let long = "é".repeat(40_000);
    let entries = vec![
        Entry { path: "folder with a size/".to_owned(), ..file("", "ignored") },
        file(&long, "cut"),
        Entry { path: format!("{long}/"), ..folder("") },
    ];
    let listing = python_listing(written(&read_all(&archive(entries))).path());
    assert!(listing[0].starts_with("folder with a size/ 0 0 "));
    assert!(listing[1].starts_with(&format!("{} 3 ", "é".repeat(32_767))));
    assert!(listing[2].starts_with(&format!("{}/ 0 ", "é".repeat(32_767))));
    // Sizes that no disk holds: the numbers must not overflow, and the stream says that the bodies are not what they claim.
    let absurd = archive((0..4).map(|_| Entry { size: u64::MAX, ..file("huge", "") }).collect());
    for start in [0, absurd.len() / 2, absurd.len() - 1] {
        assert!(read(&absurd, ByteRange { start, end: absurd.len() }).is_err(), "from {start}");
    }
}

#[test]
fn the_tag_follows_what_the_bytes_follow() {
    let tag = archive_tag(&sample());
    assert_eq!(tag, archive_tag(&sample()));
    assert_eq!(read_all(&archive(sample())), read_all(&archive(sample())));
    let changes: [fn(&mut Entry); 4] = [
        |entry| entry.path.push('x'),
        |entry| entry.modified_ms += 1,
        |entry| entry.size += 1,
        |entry| entry.crc32 += 1,
    ];
    for change in changes {
        let mut entries = sample();
        change(&mut entries[1]);
        assert_ne!(archive_tag(&entries), tag);
    }
    assert!(tag.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'), "{tag}");
}

proptest! {
    #[test]
    fn any_range_is_the_slice_of_the_whole(
        sizes in proptest::collection::vec(0_usize..3000, 0..12),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 12),
    ) {
        let mut entries: Vec<Entry> = sizes.iter().enumerate().map(|(index, size)| {
            let bytes: Vec<u8> = (0..*size).map(|at| (at * 7 + index) as u8).collect();
            file(&"n".repeat(index + 1), bytes)
        }).collect();
        entries.insert(sizes.len() / 2, folder("between/"));
        let body = archive(entries);
        let whole = read_all(&body);
        for (one, other) in cuts {
            let (one, other) = (one.index(whole.len() + 1), other.index(whole.len() + 1));
            let (start, end) = (one.min(other), one.max(other));
            let range = ByteRange { start: start as u64, end: end as u64 };
            prop_assert_eq!(&read(&body, range).unwrap()[..], &whole[start..end]);
        }
    }
}
