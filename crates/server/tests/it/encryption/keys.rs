//! Master keys: missing, wrong, changed under load, lost.

use serde_json::json;

use super::{MASTER, keys, put, run_keys, secrets, with_master_key};
use crate::scanning::Five;

const NEW: &str = "Zm9ydHkgdHdvIGlzIHRoZSBhbnN3ZXIgdG8gaXQgYWw=";

fn told(output: &std::process::Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_missing_or_wrong_master_key_is_told_at_the_start() {
    with_master_key(async |server| {
        let five = Five::new(server).await;
        let tenant = five.tenant().to_string();
        // Without one nothing is sealed, and nothing else is amiss.
        let none = told(&run_keys(server, &["on", "--tenant", &tenant], ""));
        assert!(none.contains("no master key is set"), "{none}");
        keys(server, &["on", "--tenant", &tenant]);
        for (master, words) in [
            ("", "1 tenants' keys are wrapped by a master key, and none is set"),
            (NEW, "which is not set"),
            ("secret-nonsense", "encryption.master: the master key is neither hexadecimal nor base64"),
            ("abcd", "encryption.master: the master key is 2 bytes; it must be 32"),
        ] {
            for command in [&["keys", "status"][..], &["verify"], &["serve", "--listen", "127.0.0.1:0"]] {
                let output = server.command(command).env("MEDIARY_ENCRYPTION__MASTER__KEY", master).output().unwrap();
                let told = told(&output);
                assert!(told.contains(words), "{command:?} with {master:?}: {told}");
                assert!(!told.contains("nonsense") && !told.contains(MASTER), "{told}");
            }
        }
    });
}

#[test]
fn a_key_comes_from_a_file_or_a_command_and_from_one_of_them() {
    with_master_key(async |server| {
        let file = server.store_folder().parent().unwrap().join("master.key");
        std::fs::write(&file, format!("{MASTER}\n")).unwrap();
        let (file, five) = (file.display().to_string(), Five::new(server).await);
        keys(server, &["on", "--tenant", &five.tenant().to_string()]);
        let command = format!("cat {file}");
        let run =
            |set: &[(&str, &str)]| server.command(&["keys", "status"]).envs(set.iter().copied()).output().unwrap();
        let fingerprint = keys(server, &["status"])["master_key"].clone();
        for set in [
            ("MEDIARY_ENCRYPTION__MASTER__FILE", file.as_str()),
            ("MEDIARY_ENCRYPTION__MASTER__KEY_FILE", &file),
            ("MEDIARY_ENCRYPTION__MASTER__COMMAND", &command),
        ] {
            let output = run(&[set]);
            assert!(output.status.success(), "{set:?}: {}", String::from_utf8_lossy(&output.stderr));
            let status: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(status["master_key"], fingerprint);
        }
        for (set, words) in [
            (&[("MEDIARY_ENCRYPTION__MASTER__FILE", "/no/such/file")][..], "encryption.master.file: /no/such/file"),
            (&[("MEDIARY_ENCRYPTION__MASTER__COMMAND", "false")], "encryption.master.command: it ended with"),
            (&[("MEDIARY_ENCRYPTION__MASTER__COMMAND", "true")], "encryption.master: the master key is empty"),
            (
                &[("MEDIARY_ENCRYPTION__MASTER__COMMAND", "true"), ("MEDIARY_ENCRYPTION__MASTER__KEY", MASTER)],
                "only one of key, file and command may be set",
            ),
            (&[("MEDIARY_ENCRYPTION__PREVIOUS__KEY", MASTER)], "encryption.master is not"),
        ] {
            let told = told(&run(set));
            assert!(told.contains(words), "{set:?}: {told}");
        }
    });
}

#[test]
fn other_master_keys_wrap_what_was_wrapped_while_files_are_read() {
    with_master_key(async |server| {
        let five = Five::new(server).await;
        keys(server, &["on", "--tenant", &five.tenant().to_string()]);
        let bytes = secrets(300_000);
        let id = put(&five, "read.bin", &bytes).await;
        let rotate = |master: &str, previous: &str| {
            let mut command = server.command(&["keys", "rotate"]);
            command.env("MEDIARY_ENCRYPTION__MASTER__KEY", master).env("MEDIARY_ENCRYPTION__PREVIOUS__KEY", previous);
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
        };
        let read = async {
            for _ in 0..100 {
                let contents = server.fliplet("GET", &format!("/v1/media/files/{id}/contents/read.bin"));
                assert!(contents.token(five.token()).send().await.expect(200).body == bytes);
                put(&five, "more.bin", &bytes).await;
            }
        };
        let turn = async {
            let rotated =
                tokio::task::block_in_place(|| [rotate(NEW, MASTER), rotate(NEW, MASTER), rotate(MASTER, NEW)]);
            assert_eq!(rotated, [json!({ "rotated": 1 }), json!({ "rotated": 0 }), json!({ "rotated": 1 })]);
        };
        tokio::join!(read, turn);
        // The old one alone is enough again.
        assert_eq!(keys(server, &["status"])["tenants"][0]["on"], true);
        let library = server.open_again().await;
        let asset = library.asset(&crate::support::organizations::system(), id).await.unwrap();
        assert!(asset.version.as_ref().unwrap().blob.key.is_sealed());
        library.close().await;
    });
}

#[test]
fn exported_keys_open_what_a_lost_master_key_has_closed() {
    with_master_key(async |server| {
        let five = Five::new(server).await;
        keys(server, &["on", "--tenant", &five.tenant().to_string()]);
        put(&five, "kept.bin", &secrets(1_000)).await;
        let exported = keys(server, &["export"]);
        assert_eq!(exported.as_array().unwrap().len(), 1);
        let file = server.store_folder().parent().unwrap().join("exported.json");
        std::fs::write(&file, exported.to_string()).unwrap();
        assert!(told(&run_keys(server, &["status"], NEW)).contains("which is not set"));
        let restored = run_keys(server, &["restore", file.to_str().unwrap()], NEW);
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&restored.stdout).unwrap(),
            json!({ "given": 1, "restored": 1 })
        );
        let verified = server.command(&["verify"]).env("MEDIARY_ENCRYPTION__MASTER__KEY", NEW).output().unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        // Nothing is overwritten that can be read, by nothing that opens nothing.
        let again = run_keys(server, &["restore", file.to_str().unwrap()], NEW);
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&again.stdout).unwrap(),
            json!({ "given": 1, "restored": 0 })
        );
        let mut wrong = exported.clone();
        wrong[0]["key"] = "77".repeat(32).into();
        std::fs::write(&file, wrong.to_string()).unwrap();
        let refused = told(&run_keys(server, &["restore", file.to_str().unwrap()], NEW));
        assert!(refused.contains("opens none of its tenant's files"), "{refused}");
        let verified = server.command(&["verify"]).env("MEDIARY_ENCRYPTION__MASTER__KEY", NEW).output().unwrap();
        assert!(verified.status.success());
        std::fs::write(&file, "[{\"id\":1}]").unwrap();
        assert!(told(&run_keys(server, &["restore", file.to_str().unwrap()], NEW)).contains("not what"));
    });
}
