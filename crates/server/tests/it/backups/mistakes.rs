//! What operators get wrong: the wrong library, the wrong folder, a disk that rots. Nothing that was backed up is lost by it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::{has, place::Place};
use crate::support::{
    Organization,
    engines::{on_one_database, share},
};

/// The files of a folder, and what lies below it, that have at least so many bytes.
fn files(folder: &Path, at_least: u64) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path, at_least)),
            false if path.metadata().unwrap().len() >= at_least => found.push(path),
            false => {}
        }
    }
    found.sort();
    found
}

/// Must fail, and say so.
async fn fails(place: &Place, arguments: &[&str], words: &str) {
    let told = place.run(arguments).await;
    assert!(!told.status.success() && has(&told, words), "{arguments:?}: {told:?}");
}

async fn upload(place: &Place, organization: &Organization, name: &str, bytes: &[u8]) {
    let form = crate::support::forms::Form::new().file("files[0]", name, "", bytes);
    let ask = place.ask("POST", &format!("/fliplet/v1/media/files?{}", organization.here()));
    form.put_in(ask.token(&organization.token)).send().await.expect(201);
}

#[test]
fn a_backup_of_the_wrong_library_or_to_the_wrong_folder_is_refused() {
    let _shared = share();
    on_one_database(async |url| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let place = Place::new(&folder.path().join("data"), url, None);
        place.json(&["init", "--json"]).await;
        let shelf = at("shelf");
        let first = place.json(&["backup", &shelf]).await;
        // A data folder that is not there is not made, and one with nothing in it is not backed up.
        let nowhere = Place::new(&folder.path().join("nowhere"), "", None);
        fails(&nowhere, &["backup", &shelf, "--keep", "1"], "there is no library").await;
        assert!(!folder.path().join("nowhere").exists());
        let empty = Place::new(&folder.path().join("empty"), "", None);
        assert!(empty.run(&["gc"]).await.status.success());
        fails(&empty, &["backup", &shelf, "--keep", "1"], "no tenant in this library").await;
        // The database is for the server alone, whatever the folder is like.
        let mode = fs::metadata(folder.path().join("empty/library.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        empty.json(&["init", "--json"]).await;
        fails(&empty, &["backup", &shelf, "--keep", "1"], "is of another library").await;
        for wrong in ["data", "data/blobs/shelf", "data/shelf", "."] {
            fails(&place, &["backup", &at(wrong)], "lie in each other").await;
        }
        fails(&place, &["backup", "s3://bucket/shelf"], "a folder of this machine").await;
        fails(&place, &["backup", "--list", &at("none")], "no such folder").await;
        let listed = place.json(&["backup", "--list", &shelf]).await;
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["catalog"]), (1, &first["catalog"]));
    });
}

#[test]
fn what_rots_in_a_backup_does_not_take_the_rest_along() {
    let _shared = share();
    on_one_database(async |url| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let place = Place::new(&folder.path().join("data"), url, None);
        place.json(&["init", "--json"]).await;
        let organization = place.second_tenant().await;
        let mut server = place.serve().await;
        upload(&place, &organization, "a.txt", b"a paper of some length").await;
        upload(&place, &organization, "b.txt", b"another paper of some length").await;
        server.kill().await.unwrap();
        let shelf_path = folder.path().join("shelf");
        let shelf = shelf_path.display().to_string();
        let first = place.json(&["backup", &shelf]).await;
        let second = place.json(&["backup", &shelf]).await;
        let (first, second) = (first["catalog"].as_str().unwrap(), second["catalog"].as_str().unwrap());
        // A manifest.
        fs::write(shelf_path.join(format!("catalogs/{first}.json")), "").unwrap();
        let listed = place.json(&["backup", "--list", &shelf]).await;
        assert!(listed[0]["damaged"].is_string() && listed[1]["catalog"] == second, "{listed}");
        let elsewhere = |name: &str| Place::new(&folder.path().join(name), "", None);
        elsewhere("one").json(&["restore", &shelf, "--catalog", second, "--unverified"]).await;
        // A byte of a file.
        let blob = files(&shelf_path.join("blobs"), 10).remove(0);
        let mut bytes = fs::read(&blob).unwrap();
        bytes[5] ^= 1;
        fs::write(&blob, bytes).unwrap();
        let two = elsewhere("two");
        fails(&two, &["restore", &shelf, "--unverified"], "is missing in the backup, or is not what it was").await;
        let told = two.json(&["restore", &shelf, "--unverified", "--damaged"]).await;
        assert_eq!(told["missing"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(two.stored_blobs(), 1);
    });
}
