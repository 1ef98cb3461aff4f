//! Videos by the system's ffmpeg, which also makes those of the tests: what is read of them, how they look, and what happens when
//! the programs misbehave or are misled.

mod confined;
mod describing;
mod hostile;
mod making;
mod posters;
mod running;

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use media::{Limits, Videos, VideosConfig, find_program};

use crate::workers::WORKER;

/// The system's program of this name.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    find_program(name, &path).unwrap_or_else(|| panic!("{name} is missing: run scripts/install check"))
}

fn config() -> VideosConfig {
    VideosConfig {
        worker: PathBuf::from(WORKER),
        ffmpeg: Some(program("ffmpeg")),
        ffprobe: Some(program("ffprobe")),
        at_once: 2,
        queue: 8,
        deadline: Duration::from_secs(120),
        limits: Limits::default(),
    }
}

/// For those who do nothing to it that others would notice.
fn videos() -> &'static Videos {
    static VIDEOS: LazyLock<Videos> = LazyLock::new(|| Videos::new(VideosConfig { queue: 1_000, ..config() }));
    &VIDEOS
}

#[test]
fn a_program_is_found_where_it_can_be_run() {
    let here = Path::new(WORKER).parent().unwrap();
    let path = std::env::join_paths([Path::new("/nonexistent"), Path::new("."), Path::new("/etc"), here]).unwrap();
    assert_eq!(find_program("media-worker", &path).as_deref(), Some(Path::new(WORKER)));
    assert_eq!(find_program("passwd", &path), None, "a file, but no program");
    assert_eq!(find_program("", &path), None, "a folder");
    assert_eq!(find_program("media-worker", "".as_ref()), None);
}
