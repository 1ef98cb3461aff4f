//! Quotas: what a tenant has no room for comes in by none of the five APIs, each says so in its own words, and nothing of it stays. Of many
//! who come at once exactly as many get in as there is room for.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    flextype::site::refused as flextype_refused,
    mediaflow::{ask as mediaflow_ask, refused as mediaflow_refused},
    mediapocket::{assets::put as put_json, fetching, mail::world::mediary},
    policies::{expect_nothing_left, fliplet, in_chunks, with_five},
    scanning::{Five, forget},
    support::{Answer, Ask, Server, forms::Form, on_each_engine, programs::run},
};

/// Sets a quota, or asks for it; nothing is remembered of what held before.
fn quota(server: &Server, tenant: i64, more: &[&str]) -> Value {
    let told = mediary(server, &[&["tenant", "quota", &tenant.to_string()], more].concat());
    forget(server);
    told
}

/// Leaves room for so many more files and bytes.
fn leave(five: &Five<'_>, files: u64, bytes: u64) -> Value {
    let now = quota(five.server, five.tenant(), &[]);
    let most = |what: &str, more: u64| (now[what].as_u64().unwrap() + more).to_string();
    let (files, bytes) = (most("files", files), most("bytes", bytes));
    quota(five.server, five.tenant(), &["--max-files", &files, "--max-bytes", &bytes])
}

async fn botdoc(five: &Five<'_>, name: &str, bytes: &[u8]) -> Answer {
    five.botdoc.form(name, bytes).put_in(five.botdoc.ask("POST", "/v1/media/")).send().await
}

#[track_caller]
fn fliplet_refused(answer: Answer) {
    assert_eq!(answer.refused(400).message(), "Your current plan has no storage left.");
}

#[track_caller]
fn botdoc_refused(answer: Answer) {
    assert_eq!(answer.expect(400).json(), json!({ "file": ["The account has no room for this file."] }));
}

#[test]
fn what_there_is_no_room_for_comes_in_by_none_of_the_five() {
    with_five(async |five| {
        let (small, large) = ([b'a'; 60], [b'b'; 101]);
        fliplet(five, five.web, "first.txt", &small).await.expect(201);
        let asset = fetching::placeholder(&five.pocket).await;
        let article = json!({ "title": "To be written", "media_type": "article" });
        let article = five.pocket.post("/api/v2/assets", &article).await.expect(200).json()["asset"].take();
        five.settle().await;
        let (announced, later) =
            (five.flow.announce(five.web, "one.txt", 60).await, five.flow.announce(five.web, "two.txt", 60).await);
        let limited = leave(five, 99, 100);
        let stored = five.server.stored_files();

        fliplet_refused(fliplet(five, five.web, "a.txt", &large).await);
        // Of several in one form, all or none.
        let form = Form::new().file("files[0]", "a.txt", "", &small).file("files[1]", "b.txt", "", &small);
        let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={}", five.web)).token(five.token());
        fliplet_refused(form.put_in(ask).send().await);
        let announcement = json!({ "filename": "a.txt", "filesize": large.len(), "toFolder": five.web });
        let refused = five.flow.ask("POST", "/1/file").json(&announcement).send().await;
        assert_eq!(mediaflow_refused(refused, 403), "There is no storage left");
        flextype_refused(five.site.upload("web", "a.txt", &large).await, 400);
        // A file that is there takes new bytes as a version more.
        flextype_refused(five.site.upload("web", "first.txt", &large).await, 400);
        botdoc_refused(botdoc(five, "a.txt", &large).await);
        botdoc_refused(in_chunks(five, "a.txt", &[&large[..60], &large[60..]]).await);
        botdoc_refused(in_chunks(five, "a.txt", &[&small[..], &small[..20], &small]).await);
        let elsewhere = fetching::site::Site::of(&large).await;
        let fetch = fetching::add_media(&five.pocket, &asset, &elsewhere.url("/file"), "a.txt").await;
        assert_eq!((&fetch["state"], &fetch["error"]), (&json!("failed"), &json!("over quota")), "{fetch}");

        let written = format!("/api/v2/assets/{}/article", article["id"].as_str().unwrap());
        let refused = put_json(&five.pocket, &written, &json!({ "content": "c".repeat(101) })).await;
        assert_eq!(refused.expect(400).json(), json!({ "error": "Storage quota exceeded" }));

        five.settle().await;
        assert_eq!(quota(five.server, five.tenant(), &[]), limited);
        assert_eq!(five.server.stored_files(), stored);
        assert_eq!(five.server.listed(five.token(), &format!("folderId={}", five.web)).await, ["first.txt"]);
        assert_eq!(five.botdoc.get("/v1/media/").await["count"], 1);
        expect_nothing_left(five).await;

        // There is room for one of the two.
        let put = |url: &Value| mediaflow_ask(five.server, "PUT", &five.flow.path_of(url)).body("", small);
        put(&announced).send().await.expect(200);
        assert_eq!(mediaflow_refused(put(&later).send().await, 403), "There is no storage left");
        leave(five, 0, 0);
        let refused = fetching::post_media(&five.pocket, &asset, &elsewhere.url("/file"), "a.txt").await;
        assert_eq!(refused.expect(400).json(), json!({ "error": "Storage quota exceeded" }));
        expect_nothing_left(five).await;
        // With room again everything comes as before.
        quota(five.server, five.tenant(), &["--none"]);
        put(&later).send().await.expect(200);
        fliplet(five, five.web, "a.txt", &large).await.expect(201);
        five.site.upload("web", "b.txt", &large).await.expect(200);
        botdoc(five, "c.txt", &large).await.expect(201);
        in_chunks(five, "d.txt", &[&large[..60], &large[60..]]).await.expect(201);
        let fetch = fetching::add_media(&five.pocket, &asset, &elsewhere.url("/file"), "e.txt").await;
        assert_eq!(fetch["state"], "done", "{fetch}");
        five.settle().await;
        expect_nothing_left(five).await;
    });
}

#[test]
fn where_no_more_files_are_allowed_none_comes_and_none_is_copied() {
    with_five(async |five| {
        for name in ["a.txt", "b.txt"] {
            fliplet(five, five.web, name, name.as_bytes()).await.expect(201);
        }
        leave(five, 1, 1 << 30);
        let copy = |path, id: &str, to: &str| five.site.call("PUT", path, json!({ "id": id, "new_id": to }));
        let (files, folders) = ("/api/media/files/copy", "/api/media/folders/copy");
        flextype_refused(copy(folders, "web", "other").await, 400);
        assert_eq!(five.site.get("/api/media/folders?id=other").await.status, 404);
        copy(files, "web/a.txt", "web/c.txt").await.expect(200);
        flextype_refused(copy(files, "web/a.txt", "web/d.txt").await, 400);
        fliplet_refused(fliplet(five, five.web, "e.txt", b"e").await);
        flextype_refused(five.site.upload("web", "e.txt", b"e").await, 400);
        botdoc_refused(botdoc(five, "e.txt", b"e").await);
        // New bytes for one that is there are no new file.
        five.site.upload("web", "a.txt", b"other").await.expect(200);
        // What lies in the trash is still kept, and comes back; once it is gone for good, there is room.
        let id = five.fliplet(&format!("?folderId={}", five.web)).await["files"][0]["id"].as_i64().unwrap();
        let ask = |method: &str, target: String| five.server.fliplet(method, &target).token(five.token());
        ask("DELETE", format!("/v1/media/files/{id}")).send().await.expect(200);
        fliplet_refused(fliplet(five, five.web, "e.txt", b"e").await);
        ask("DELETE", format!("/v1/media/deleted/files/{id}")).send().await.expect(200);
        fliplet(five, five.web, "e.txt", b"e").await.expect(201);
        fliplet_refused(fliplet(five, five.web, "f.txt", b"f").await);
        five.settle().await;
        expect_nothing_left(five).await;
    });
}

#[test]
fn of_many_who_come_at_once_to_two_servers_as_many_get_in_as_there_is_room_for() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let free = server.organization("Free").await;
        quota(server, organization.id, &["--max-files", "10"]);
        let (library, beside) = server.start_beside().await;
        let send = |of: &crate::support::Organization, number: usize| {
            let address = if number.is_multiple_of(2) { server.address } else { beside.address };
            let ask = Ask::new(address, "POST", &format!("/fliplet/v1/media/files?{}", of.app())).token(&of.token);
            let name = format!("{number}.txt");
            Form::new().file("files[0]", &name, "", name.as_bytes()).put_in(ask).send()
        };
        let (answers, others) = futures_util::future::join(
            join_all((0..50).map(|number| send(&organization, number))),
            join_all((0..20).map(|number| send(&free, number))),
        )
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 10);
        for answer in answers.into_iter().filter(|answer| answer.status != 201) {
            fliplet_refused(answer);
        }
        assert!(others.iter().all(|answer| answer.status == 201));
        let told = quota(server, organization.id, &[]);
        assert_eq!((&told["files"], &told["max_files"]), (&json!(10), &json!(10)));
        assert_eq!(server.listed(&organization.token, &organization.app()).await.len(), 10);
        beside.stop().await;
        library.close().await;
    });
}

#[test]
fn who_says_that_more_comes_than_there_is_room_for_is_told_before_it_does() {
    with_five(async |five| {
        leave(five, 9, 1_000);
        let long = |ask: Ask| ask.header("Content-Length", "900000000");
        let form = Form::new().file("files[0]", "a.txt", "", b"a");
        let ask = five.server.fliplet("POST", &format!("/v1/media/files?folderId={}", five.web)).token(five.token());
        fliplet_refused(form.put_in(long(ask)).send().await);
        botdoc_refused(
            five.botdoc.form("a.txt", b"a").put_in(long(five.botdoc.ask("POST", "/v1/media/"))).send().await,
        );
    });
}

#[test]
fn a_quota_is_told_and_set_by_name_and_by_id() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let id = organization.id;
        server.upload(&organization.token, &organization.app(), "a.txt", b"four").await;
        let told = |max_files: Value, max_bytes: Value| json!({ "id": id, "name": "Acme", "files": 1, "bytes": 4, "max_files": max_files, "max_bytes": max_bytes });
        let call = |more: &[&str]| mediary(server, &[&["tenant", "quota"], more].concat());
        assert_eq!(call(&["Acme"]), told(Value::Null, Value::Null));
        assert_eq!(call(&["Acme", "--max-files", "7"]), told(json!(7), Value::Null));
        assert_eq!(call(&[&id.to_string(), "--max-bytes", "1000000"]), told(json!(7), json!(1_000_000)));
        assert_eq!(call(&["Acme"]), told(json!(7), json!(1_000_000)));
        assert_eq!(call(&["Acme", "--none"]), told(Value::Null, Value::Null));
        server.organization("Acme").await;
        for wrong in
            [&["Nobody"][..], &["99999"], &["Acme"], &["1", "--none", "--max-files", "1"], &["1", "--max-files", "-1"]]
        {
            let arguments = [&["tenant", "quota"], wrong].concat();
            assert!(!run(&mut server.command(&arguments), "mediary").status.success(), "{wrong:?}");
        }
    });
}
