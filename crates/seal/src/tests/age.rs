//! Debian's `age` reads what we seal.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use super::*;

/// The program asks a plugin for the file key; ours is a script that knows it.
#[test]
fn the_age_program_reads_what_we_seal() {
    let folder = tempfile::tempdir().unwrap();
    let file_key = *b"YELLOW SUBMARINE";
    let plugin = folder.path().join("age-plugin-mediary");
    let script = format!(
        "#!/bin/sh\nwhile read -r line; do [ \"$line\" = '-> done' ] && break; done\nread -r line\n\
         printf -- '-> file-key 0\\n{}\\n'\nread -r line; read -r line\nprintf -- '-> done\\n\\n'\n",
        STANDARD_NO_PAD.encode(file_key)
    );
    fs::write(&plugin, script).unwrap();
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    // Bech32 of an identity without content.
    fs::write(folder.path().join("identity"), "AGE-PLUGIN-MEDIARY-10JPVGD\n").unwrap();
    for len in EDGES {
        let plain = plaintext(len);
        let sealer =
            Sealer::with(&TenantKey::new(9, Zeroizing::new([7; 32])), &Zeroizing::new(file_key), [1; 16], [2; 16]);
        fs::write(folder.path().join("sealed"), seal_split(sealer, &plain, &[])).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let age = Command::new("age")
            .args(["-d", "-i", "identity", "sealed"])
            .current_dir(&folder)
            .env("PATH", path)
            .output()
            .expect("Debian's age");
        assert!(age.status.success(), "{}", String::from_utf8_lossy(&age.stderr));
        assert_eq!(age.stdout, plain);
    }
}
