//! Upload policies: what a tenant or a folder does not take comes in by none of the five APIs, whatever it is called, and leaves nothing
//! behind; each says so in its own words.

use serde_json::{Value, json};

use crate::{
    botdoc,
    flextype::site::refused as flextype_refused,
    mediaflow::{ask as mediaflow_ask, refused as mediaflow_refused},
    mediapocket::{fetching, mail::world::mediary},
    scanning::{Five, forget},
    support::{
        Server,
        engines::{on_each_database, share},
        forms::Form,
        organizations::system,
        pictures::{gif, jpeg},
        programs::run,
    },
};

const HTML: &[u8] = b"<!DOCTYPE html><html><script>alert(1)</script></html>";

/// A server without a scanner whose fetches may go to this machine.
pub fn with_five(case: impl AsyncFn(&Five<'_>)) {
    let _shared = share();
    on_each_database(async |_, database| {
        let inner = async |server: &mut Server| case(&Five::new(server).await).await;
        crate::scanning::run(database, "", &|_| (), &inner).await;
    });
}

/// A program for Windows, as far as anybody looks at it.
fn program() -> Vec<u8> {
    let mut bytes = vec![0; 256];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[60..64].copy_from_slice(&128_u32.to_le_bytes());
    bytes[128..132].copy_from_slice(b"PE\0\0");
    bytes
}

fn policy(five: &Five<'_>, verb: &str, more: &[&str]) -> Value {
    let tenant = five.tenant().to_string();
    let told = mediary(five.server, &[&["policy", verb, "--tenant", &tenant], more].concat());
    forget(five.server);
    told
}

pub async fn fliplet(five: &Five<'_>, folder: i64, name: &str, bytes: &[u8]) -> crate::support::Answer {
    let form = Form::new().file("files[0]", name, "", bytes);
    let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={folder}")).token(five.token());
    form.put_in(ask).send().await
}

pub async fn in_chunks(five: &Five<'_>, name: &str, pieces: &[&[u8]]) -> crate::support::Answer {
    let mut last = None;
    for (at, piece) in pieces.iter().enumerate() {
        let form = Form::new().file("file", name, "image/jpeg", piece).text("request", five.botdoc.request.to_string());
        let form = form.text("current_chunk", (at + 1).to_string()).text("total_chunks", pieces.len().to_string());
        let answer = form.put_in(five.botdoc.ask("POST", "/v1/media/")).send().await;
        let is_over = answer.status != 201;
        last = Some(answer);
        if is_over {
            break;
        }
    }
    last.unwrap()
}

async fn names_in(five: &Five<'_>, folder: i64) -> Vec<String> {
    five.server.listed(five.token(), &format!("folderId={folder}")).await
}

pub async fn expect_nothing_left(five: &Five<'_>) {
    five.server.library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap();
}

#[test]
fn fliplet_takes_no_programs_by_any_name() {
    with_five(async |five| {
        let list = "exe jar sfx bat cmd com pyw php raw py pyc ps1 ps2 pyo jnlp gz appref-ms udl wsb website theme webpnp xll pif \
             application msi msp scr vb jse ws wsf wsc wsh msh scf lnk inf reg";
        let program = program();
        let (program, picture) = (program.as_slice(), jpeg(32, 32));
        let mut tries: Vec<(String, &[u8])> =
            list.split_whitespace().map(|of| (format!("a.{of}"), &b"a"[..])).collect();
        tries.extend([
            ("A.EXE".to_owned(), &b"a"[..]),
            ("a.b.exe".to_owned(), picture.as_slice()),
            ("a.exe.".to_owned(), b"a"),
            ("photo.jpg".to_owned(), program),
            ("photo".to_owned(), program),
        ]);
        for (name, bytes) in tries {
            let refused = fliplet(five, five.web, &name, bytes).await.refused(400);
            assert_eq!(refused.message(), "File with invalid type detected.", "{name}");
        }
        // One of many refuses all of them.
        let form = Form::new().file("files[0]", "a.jpg", "", &picture).file("files[1]", "b.exe", "", b"a");
        let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={}", five.web)).token(five.token());
        form.put_in(ask).send().await.refused(400);
        assert_eq!(names_in(five, five.web).await, Vec::<String>::new());
        for name in ["a.jpg", "exe", "notes.exe.txt", "a.zip"] {
            fliplet(five, five.web, name, &picture).await.expect(201);
        }
        // What may not come by a name may not get it later.
        let id = five.fliplet(&format!("?folderId={}", five.web)).await["files"][0]["id"].as_i64().unwrap();
        let ask = |name: &str| {
            let ask = five.server.fliplet("PUT", &format!("/v1/media/files/{id}")).token(five.token());
            ask.json(&json!({ "name": name }))
        };
        ask("b.exe").send().await.refused(400);
        ask("b.jpg").send().await.expect(200);
        // It is Fliplet's list: others take programs, and who sets a policy decides for Fliplet too.
        five.flow.upload(five.web, "setup.exe", program).await;
        policy(five, "set", &["--deny", "html"]);
        fliplet(five, five.web, "a.exe", program).await.expect(201);
        policy(five, "clear", &[]);
        fliplet(five, five.web, "c.exe", program).await.refused(400);
        expect_nothing_left(five).await;
    });
}

#[test]
fn what_a_tenant_does_not_take_comes_in_by_none_of_the_five() {
    with_five(async |five| {
        let told = policy(five, "set", &["--deny", "html,.SVG", "--deny", "video/*"]);
        let root = five.server.library.top_of_tenant(five.tenant()).await.unwrap();
        assert_eq!(told, json!({ "folder": root, "allow": [], "deny": ["html", "svg", "video/*"], "matching": false }));
        assert_eq!(policy(five, "show", &["--folder", &five.web.to_string()]), told);

        for name in ["page.html", "photo.jpg", "notes.txt", "page"] {
            let refused = fliplet(five, five.web, name, HTML).await.refused(400);
            assert_eq!(refused.message(), "File with invalid type detected.", "{name}");
        }
        // Mediaflow announces first: the name is known then, the bytes are when they come.
        let announcement = json!({ "filename": "page.html", "filesize": HTML.len(), "toFolder": five.web });
        mediaflow_refused(five.flow.ask("POST", "/1/file").json(&announcement).send().await, 415);
        let url = five.flow.announce(five.web, "photo.jpg", HTML.len()).await;
        let put = mediaflow_ask(five.server, "PUT", &five.flow.path_of(&url)).body("", HTML);
        mediaflow_refused(put.send().await, 415);

        flextype_refused(five.site.upload("web", "notes.txt", HTML).await, 400);
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"/>"#;
        flextype_refused(five.site.upload("web", "drawing.svg", svg).await, 400);

        let padded = [HTML, &[b' '; 100_000]].concat();
        for (name, pieces) in [
            // Told by the name, by the first chunk, and only when all are there.
            ("page.html", vec![&b"a"[..], b"b"]),
            ("photo.jpg", vec![&padded[..90_000], &padded[90_000..]]),
            ("photo.jpg", vec![&HTML[..1], &HTML[1..]]),
            ("photo.jpg", vec![HTML]),
        ] {
            let refused = in_chunks(five, name, &pieces).await.expect(400).json();
            assert_eq!(refused, json!({ "file": ["This kind of file is not accepted."] }), "{name}");
        }

        let elsewhere = fetching::site::Site::of(HTML).await;
        let asset = fetching::placeholder(&five.pocket).await;
        let refused = fetching::post_media(&five.pocket, &asset, &elsewhere.url("/file"), "page.html").await;
        assert_eq!(refused.expect(400).json(), json!({ "error": "File type is not supported" }));
        let fetch = fetching::add_media(&five.pocket, &asset, &elsewhere.url("/file"), "photo.jpg").await;
        assert_eq!((&fetch["state"], &fetch["media_id"]), (&json!("failed"), &Value::Null), "{fetch}");

        five.settle().await;
        assert_eq!(names_in(five, five.web).await, Vec::<String>::new());
        assert_eq!(five.botdoc.ask("GET", "/v1/media/").send().await.expect(200).json()["count"], 0);
        expect_nothing_left(five).await;
        // Everything else comes as before.
        let picture = jpeg(32, 32);
        fliplet(five, five.web, "a.jpg", &picture).await.expect(201);
        five.flow.upload(five.web, "b.jpg", &picture).await;
        five.site.upload("web", "c.jpg", &picture).await.expect(200);
        in_chunks(five, "d.jpg", &[&picture[..9], &picture[9..]]).await.expect(201);
        for name in ["drawing.svgz", "archive.tgz"] {
            fliplet(five, five.web, name, b"\x1F\x8B\x08\0\0\0\0\0").await.expect(201);
        }
        // By another name it may not be moved or copied to either.
        let ask = |verb, route| five.site.call(verb, route, json!({ "id": "web/c.jpg", "new_id": "web/c.html" }));
        flextype_refused(ask("PUT", "/api/media/files").await, 400);
        flextype_refused(ask("PUT", "/api/media/files/copy").await, 400);
    });
}

#[test]
fn the_nearest_policy_holds() {
    with_five(async |five| {
        let inner = five.server.folder(five.token(), "Inner", json!({ "parentId": five.web })).await;
        let of_web = ["--folder", &five.web.to_string()];
        let of_inner = ["--folder", &inner.to_string()];
        policy(five, "set", &[&of_web[..], &["--allow", "image/*,pdf", "--matching"]].concat());
        let (jpeg, gif) = (jpeg(32, 32), gif(32, 32));
        for (name, bytes, status) in [
            ("a.jpg", jpeg.as_slice(), 201),
            ("a.gif", &gif, 201),
            // A picture by the name of another format is one all the same.
            ("b.jpg", &gif, 201),
            ("a.pdf", b"%PDF-1.4\n", 201),
            ("b.pdf", &jpeg, 400),
            ("c.jpg", HTML, 400),
            ("d.jpg", b"no picture", 400),
            ("a.txt", b"text", 400),
        ] {
            for folder in [five.web, inner] {
                fliplet(five, folder, name, bytes).await.expect(status);
            }
        }
        policy(five, "set", &[&of_inner[..], &["--allow", "txt"]].concat());
        fliplet(five, inner, "a.txt", b"text").await.expect(201);
        fliplet(five, inner, "e.jpg", &jpeg).await.expect(400);
        fliplet(five, five.web, "a.txt", b"text").await.expect(400);
        assert_eq!(policy(five, "clear", &of_inner)["folder"], five.web);
        fliplet(five, inner, "b.txt", b"text").await.expect(400);
        assert_eq!(policy(five, "clear", &of_web), Value::Null);
        fliplet(five, inner, "b.txt", b"text").await.expect(201);
    });
}

#[test]
fn what_may_not_be_brought_may_not_get_there_later_either() {
    with_five(async |five| {
        let strict = five.server.folder(five.token(), "Strict", json!({ "organizationId": five.tenant() })).await;
        policy(five, "set", &["--folder", &strict.to_string(), "--deny", "html,exe", "--matching"]);
        let mut ids = Vec::new();
        for (name, bytes) in [("page.html", HTML), ("notes.txt", HTML), ("x", b"\x7FELF\x02"), ("fine.txt", b"fine")] {
            let answer = fliplet(five, five.web, name, bytes).await.expect(201).json();
            ids.push(answer["files"][0]["id"].as_i64().unwrap());
        }
        let put = |id: i64, body: Value| {
            five.server.fliplet("PUT", &format!("/v1/media/files/{id}")).token(five.token()).json(&body)
        };
        for (id, body) in [
            (ids[0], json!({ "mediaFolderId": strict })),
            (ids[1], json!({ "mediaFolderId": strict })),
            (ids[1], json!({ "mediaFolderId": strict, "name": "fine.txt" })),
            (ids[2], json!({ "mediaFolderId": strict, "name": "x.jpg" })),
        ] {
            let refused = put(id, body.clone()).send().await.refused(400);
            assert_eq!(refused.message(), "File with invalid type detected.", "{body}");
        }
        let move_to =
            |verb, route, to: &str| five.site.call(verb, route, json!({ "id": "web/page.html", "new_id": to }));
        flextype_refused(move_to("PUT", "/api/media/files", "strict/page.html").await, 400);
        flextype_refused(move_to("PUT", "/api/media/files/copy", "strict/page.txt").await, 400);
        let assign = json!({ "to_project_id": strict });
        let answer = five.pocket.post(&format!("/api/v2/assets/{}/assign", ids[0]), &assign).await;
        assert_eq!(answer.expect(400).json(), json!({ "error": "File type is not supported" }));
        assert_eq!(names_in(five, strict).await, Vec::<String>::new());

        put(ids[3], json!({ "mediaFolderId": strict })).send().await.expect(200);
        put(ids[3], json!({ "name": "fine.jpg" })).send().await.refused(400);
        put(ids[3], json!({ "name": "better.md" })).send().await.expect(200);
        // What says nothing has nothing to match, and older text is text.
        for (name, bytes) in [("empty.txt", &b""[..]), ("old.csv", b"Gr\xF6\xDFe;1"), ("wide.txt", b"\xFF\xFEa\0")] {
            fliplet(five, strict, name, bytes).await.expect(201);
        }
    });
}

#[test]
fn what_makes_no_sense_is_not_set() {
    with_five(async |five| {
        let tenant = five.tenant().to_string();
        for more in [
            &["--deny", "a b"][..],
            &["--deny", "*/*"],
            &["--allow", ""],
            &["--folder", "99999"],
            &["--deny", "text/html;q=1"],
        ] {
            let arguments = [&["policy", "set", "--tenant", &tenant], more].concat();
            assert!(!run(&mut five.server.command(&arguments), "mediary").status.success(), "{more:?}");
        }
        assert_eq!(policy(five, "show", &[]), Value::Null);
        // Another tenant's folder is none.
        let others = botdoc::Agent::new(five.server).await;
        let folder = others.request.to_string();
        let arguments = ["policy", "set", "--tenant", &tenant, "--folder", &folder, "--deny", "exe"];
        assert!(!run(&mut five.server.command(&arguments), "mediary").status.success());
    });
}
