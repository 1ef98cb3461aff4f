//! What a package holds, read back by two other programs.

use sha2::{Digest, Sha256};

use super::programs::{python, unzip_test};

/// The paths in a package, each with the hash of its bytes, in the order of the paths.
#[derive(Debug, Clone, PartialEq)]
pub struct Entries(pub Vec<(String, String)>);

impl Entries {
    /// These files, and folders where a path ends with a slash, under a prefix.
    pub fn of(prefix: &str, files: &[(&str, &[u8])]) -> Self {
        let hash = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Self(files.iter().map(|(path, bytes)| (format!("{prefix}{path}"), hash(bytes))).collect()).sorted()
    }

    /// And these folders.
    pub fn with(mut self, folders: &[&str]) -> Self {
        self.0.extend(Self::of("", &folders.iter().map(|path| (*path, &b""[..])).collect::<Vec<_>>()).0);
        self.sorted()
    }

    fn sorted(mut self) -> Self {
        self.0.sort();
        self
    }

    /// Reads a package back by `unzip` and by Python.
    pub fn read(archive: &[u8]) -> Self {
        const PROGRAM: &str = "import hashlib, json, sys, zipfile\n\
            archive = zipfile.ZipFile(sys.argv[1])\n\
            assert archive.testzip() is None\n\
            hash = lambda entry: hashlib.sha256(archive.read(entry)).hexdigest()\n\
            print(json.dumps([[entry.filename, hash(entry)] for entry in archive.infolist()]))";
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), archive).unwrap();
        assert!(unzip_test(file.path()).contains("No errors detected"));
        Self(serde_json::from_str(&python(PROGRAM, &[file.path().to_str().unwrap()])).unwrap()).sorted()
    }
}
