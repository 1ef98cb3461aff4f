//! Names in a package: whatever a file is called, its entry stays inside the folder that it is unpacked into.
#![no_main]

use libfuzzer_sys::fuzz_target;
use library::archives::EntryNames;

fuzz_target!(|names: Vec<(bool, String)>| {
    let mut entries = EntryNames::new();
    let mut seen = std::collections::HashSet::new();
    let mut folder = String::new();
    for (is_folder, name) in names.into_iter().take(1000) {
        let path = if is_folder { entries.folder(&folder, &name) } else { entries.file(&folder, &name) };
        assert!(path.starts_with(&folder) && !path.starts_with('/'));
        assert!(path.trim_end_matches('/').split('/').all(|part| !matches!(part, "" | "." | "..")));
        assert!(!path.contains(['\\', '\0', ':']));
        assert!(seen.insert(path.to_lowercase()), "{path} twice");
        if is_folder && path.len() < 2000 {
            folder = path;
        }
    }
});
