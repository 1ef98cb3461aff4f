//! Files by their plain paths: anybody gets them without a token, as a web server would give them, and only as long as they lie there
//! and are for everybody.

use std::sync::atomic::Ordering;

use serde_json::json;

use super::{
    model::{data, escaped},
    site::{Site, refused},
    together::fliplet_id,
};
use crate::support::{
    Answer, on_each_engine,
    organizations::system,
    pictures::{jpeg, measure},
    programs::succeed,
};

const PREFIXES: [&str; 2] = ["/project/uploads", "/project/media"];

/// What anybody gets by a path below the uploads.
async fn fetch(site: &Site<'_>, path: &str) -> Answer {
    site.ask("GET", &format!("/project/uploads/{path}")).send().await
}

#[test]
fn what_was_uploaded_is_served_by_its_path() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let text = b"0123456789".repeat(100);
        site.upload("gallery/2024", "notes.txt", &text).await.expect(200);
        site.upload("gallery/2024", "wide.jpg", &jpeg(320, 180)).await.expect(200);
        for prefix in PREFIXES {
            let ask = |method: &str| site.ask(method, &format!("{prefix}/gallery/2024/notes.txt"));
            let whole = ask("GET").send().await.expect(200);
            assert!(whole.body == text);
            assert_eq!(whole.header("content-type"), "text/plain; charset=utf-8");
            assert_eq!(whole.header("x-content-type-options"), "nosniff");
            assert_eq!(whole.header("accept-ranges"), "bytes");
            assert_eq!(whole.header("access-control-allow-origin"), "*");
            assert!(whole.header("cache-control").contains("public"), "{whole}");
            let tag = whole.header("etag").to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            let head = ask("HEAD").send().await.expect(200);
            assert_eq!((head.header("content-length"), head.header("etag")), ("1000", tag.as_str()));
            let kept = ask("GET").header("If-None-Match", &tag).send().await.expect(304);
            assert_eq!(kept.header("etag"), tag);
            ask("GET").header("If-None-Match", "\"other\"").send().await.expect(200);
            let part = ask("GET").header("Range", "bytes=995-").send().await.expect(206);
            assert_eq!((part.body.as_slice(), part.header("content-range")), (&b"56789"[..], "bytes 995-999/1000"));
            let same = ask("GET").header("Range", "bytes=0-0").header("If-Range", &tag).send().await.expect(206);
            assert_eq!(same.body, b"0");
            ask("GET").header("Range", "bytes=1000-").send().await.expect(416);
            for method in ["POST", "PUT", "DELETE"] {
                refused(ask(method).send().await, 405);
            }
            let picture = site.ask("GET", &format!("{prefix}/gallery/2024/wide.jpg")).send().await.expect(200);
            assert_eq!(picture.header("content-type"), "image/jpeg");
            assert_eq!(measure(&picture.body), ("image/jpeg", 320, 180));
        }
        // The path that an answer names is this one.
        let file = data(&site.get("/api/media/files?id=gallery/2024/notes.txt").await.expect(200));
        assert_eq!(file["url"], "project/uploads/gallery/2024/notes.txt");
        assert_eq!(
            file["full_url"],
            format!("http://{}/flextype/project/uploads/gallery/2024/notes.txt", server.address)
        );
    });
}

#[test]
fn any_name_can_be_asked_for() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for name in
            ["sp ace & more.txt", "100%.txt", "a+b.txt", "Grüße.txt", "日本語.txt", "what?#.txt", "archive.tar.gz.txt"]
        {
            site.upload("gallery", "a.txt", name.as_bytes()).await.expect(200);
            let new_id = format!("gallery/{name}");
            let body = json!({ "id": "gallery/a.txt", "new_id": new_id });
            let moved = data(&site.call("PUT", "/api/media/files", body).await.expect(200));
            assert_eq!(moved["filename"], name);
            for prefix in PREFIXES {
                let answer = site.ask("GET", &format!("{prefix}/{}", escaped(&new_id))).send().await.expect(200);
                assert_eq!(answer.body, name.as_bytes());
            }
        }
        // A letter of another size is another name.
        refused(fetch(&site, "gallery/A%2BB.TXT").await, 404);
    });
}

#[test]
fn paths_of_nothing_and_ways_up() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.upload("gallery/inner", "a.txt", b"bytes").await.expect(200);
        for path in [
            "",
            "/",
            "gallery",
            "gallery/",
            "gallery/none.txt",
            "gallery/inner/a.txt/b",
            "none/a.txt",
            ".meta",
            ".meta/gallery/inner/a.txt.yaml",
            ".meta/gallery/inner/a.txt",
            "gallery/.meta/inner/a.txt",
            "%2emeta/gallery/inner/a.txt",
            "gallery/../gallery/inner/a.txt",
            "gallery/inner/../inner/a.txt",
            "gallery/%2e%2e/gallery/inner/a.txt",
            "gallery/%2E./gallery/inner/a.txt",
            "gallery%2f..%2fgallery/inner/a.txt",
            "gallery/./inner/a.txt",
            "../uploads/gallery/inner/a.txt",
            "%2e%2e/uploads/gallery/inner/a.txt",
            "gallery\\inner\\a.txt",
            "gallery%5Cinner%5Ca.txt",
            "gallery/inner/a.txt%00",
            "gallery/inner/%FF",
            "gallery/inner/%zz",
        ] {
            for prefix in PREFIXES {
                let answer = site.ask("GET", &format!("{prefix}/{path}")).send().await;
                assert!(!answer.body.windows(5).any(|part| part == b"bytes"), "{answer}");
                refused(answer, 404);
            }
        }
        for path in [
            "/project",
            "/project/",
            "/project/uploads",
            "/project/tokens/access",
            "/project/uploadsgallery/inner/a.txt",
        ] {
            refused(site.ask("GET", path).send().await, 404);
        }
        fetch(&site, "gallery/inner/a.txt").await.expect(200);
    });
}

#[test]
fn what_is_not_for_everybody_is_like_nothing() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let token = &site.organization.token;
        let folder = server.folder(token, "Private", json!({ "organizationId": site.organization.id })).await;
        server.upload(token, &format!("folderId={folder}"), "secret.txt", b"secret").await;
        // With a token it is there.
        site.get("/api/media/files?id=private/secret.txt").await.expect(200);
        let nothing = fetch(&site, "private/none.txt").await;
        for path in ["private/secret.txt", "private", "private/"] {
            let answer = fetch(&site, path).await;
            assert_eq!(answer.body, nothing.body, "{answer}");
            for header in ["content-type", "content-length", "etag", "cache-control"] {
                assert_eq!(answer.header(header), nothing.header(header), "{header}: {answer}");
            }
            refused(answer, 404);
        }
        site.ask("HEAD", "/project/media/private/secret.txt").send().await.expect(404);
        let ask = site.ask("GET", "/project/uploads/private/secret.txt").header("If-None-Match", "*");
        refused(ask.send().await, 404);
        refused(nothing, 404);
    });
}

#[test]
fn a_path_ends_and_begins_with_its_file() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.upload("gallery/inner", "a.txt", b"bytes").await.expect(200);
        let is_at = async |path: &str, others: &[&str]| {
            assert_eq!(fetch(&site, path).await.expect(200).body, b"bytes", "{path}");
            for other in others {
                refused(fetch(&site, other).await, 404);
            }
        };
        is_at("gallery/inner/a.txt", &["gallery/b.txt"]).await;
        let body = json!({ "id": "gallery/inner/a.txt", "new_id": "gallery/b.txt" });
        site.call("PUT", "/api/media/files", body).await.expect(200);
        is_at("gallery/b.txt", &["gallery/inner/a.txt"]).await;
        let body = json!({ "id": "gallery", "new_id": "archive/gallery" });
        site.call("PUT", "/api/media/folders", body).await.expect(200);
        is_at("archive/gallery/b.txt", &["gallery/b.txt"]).await;
        let body = json!({ "id": "archive/gallery", "new_id": "copy" });
        site.call("PUT", "/api/media/folders/copy", body).await.expect(200);
        is_at("archive/gallery/b.txt", &[]).await;
        is_at("copy/b.txt", &[]).await;
        site.call("DELETE", "/api/media/files", json!({ "id": "copy/b.txt" })).await.expect(204);
        is_at("archive/gallery/b.txt", &["copy/b.txt"]).await;
        site.call("DELETE", "/api/media/folders", json!({ "id": "archive" })).await.expect(204);
        refused(fetch(&site, "archive/gallery/b.txt").await, 404);
        // What takes a path that was another's is what is there.
        site.upload("archive/gallery", "b.txt", b"other").await.expect(200);
        assert_eq!(fetch(&site, "archive/gallery/b.txt").await.expect(200).body, b"other");
        // New bytes have another tag.
        let tag = fetch(&site, "archive/gallery/b.txt").await.header("etag").to_owned();
        site.upload("archive/gallery", "b.txt", b"third").await.expect(200);
        let ask = site.ask("GET", "/project/uploads/archive/gallery/b.txt").header("If-None-Match", tag);
        assert_eq!(ask.send().await.expect(200).body, b"third");
    });
}

#[test]
fn a_file_with_a_limit_or_in_the_trash_has_no_path() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.upload("gallery", "a.txt", b"bytes").await.expect(200);
        let gallery = fliplet_id(&site, &site.organization.here(), "folders", "gallery").await;
        let id = fliplet_id(&site, &format!("folderId={gallery}"), "files", "a.txt").await;
        let library = &server.library;
        library.limit_asset(&system(), id, Some(2), None).await.unwrap();
        for prefix in PREFIXES {
            refused(site.ask("GET", &format!("{prefix}/gallery/a.txt")).send().await, 404);
        }
        library.limit_asset(&system(), id, None, None).await.unwrap();
        fetch(&site, "gallery/a.txt").await.expect(200);
        library.trash_asset(&system(), id).await.unwrap();
        refused(fetch(&site, "gallery/a.txt").await, 404);
        library.restore_asset(&system(), id).await.unwrap();
        fetch(&site, "gallery/a.txt").await.expect(200);
        library.set_scan(&system(), site.organization.id, id, library::Scan::Infected).await.unwrap();
        refused(fetch(&site, "gallery/a.txt").await, 404);
    });
}

#[test]
fn what_could_run_in_a_browser_can_not() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let drawing =
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><script>alert(1)</script></svg>";
        site.upload("gallery", "drawing.svg", drawing).await.expect(200);
        // No page is taken here, but others put some beside.
        site.put_file("gallery/page.html", b"<!DOCTYPE html><script>alert(1)</script>").await;
        for (name, media_type, kind) in
            [("drawing.svg", "image/svg+xml", "inline"), ("page.html", "text/html; charset=utf-8", "attachment")]
        {
            let answer = fetch(&site, &format!("gallery/{name}")).await.expect(200);
            assert_eq!(answer.header("content-type"), media_type);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert!(answer.header("content-security-policy").starts_with("sandbox"), "{answer}");
            assert!(answer.header("content-disposition").starts_with(kind), "{answer}");
            let runs = answer.body.windows(7).any(|part| part == b"<script");
            assert_eq!(runs, kind == "attachment", "{answer}");
        }
    });
}

#[test]
fn folders_are_published_and_hidden_by_command() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        site.upload("", "top.txt", b"top").await.expect(200);
        site.upload("web", "a.txt", b"web").await.expect(200);
        let tenant = site.organization.id.to_string();
        let folder = |verb: &str, path: &str| {
            succeed(&mut server.command(&["folder", verb, "--tenant", &tenant, path]), "mediary");
            // Another process said it, so it is known here when memory is too old.
            server.clock.fetch_add(server.max_memory_age_ms(), Ordering::SeqCst);
        };
        refused(fetch(&site, "top.txt").await, 404);
        folder("publish", "");
        assert_eq!(fetch(&site, "top.txt").await.expect(200).body, b"top");
        folder("hide", "web");
        refused(fetch(&site, "web/a.txt").await, 404);
        assert_eq!(fetch(&site, "top.txt").await.expect(200).body, b"top");
        folder("publish", "/web/");
        assert_eq!(fetch(&site, "web/a.txt").await.expect(200).body, b"web");
        // What lies in an app is for whom its rules let in, also below folders that are made here.
        site.upload("first-app/sub", "b.txt", b"app").await.expect(200);
        refused(fetch(&site, "first-app/sub/b.txt").await, 404);
        let into_the_app = json!({ "id": "web", "new_id": "first-app/web" });
        site.call("PUT", "/api/media/folders", into_the_app).await.expect(200);
        refused(fetch(&site, "first-app/web/a.txt").await, 404);
    });
}
