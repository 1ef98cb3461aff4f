//! The page that shows a PDF: what it is made of, who gets it, what it lets a browser show, and what it counts.

use serde_json::{Value, json};

use crate::support::{Answer, Ask, Organization, Server, on_each_engine, organizations::system, pictures::png};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n";

fn ask(server: &Server, file: &Value, rest: &str) -> Ask {
    server.fliplet("GET", &format!("/v1/media/files/{}/{rest}", file["id"]))
}

async fn upload(server: &Server, organization: &Organization, name: &str, bytes: &[u8]) -> Value {
    server.upload(&organization.token, &organization.here(), name, bytes).await
}

fn text(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

#[test]
fn a_page_shows_the_document_and_nothing_else() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = &organization.token;
        let file = upload(server, &organization, "Annual report.pdf", PDF).await;
        for (target, source) in [
            (
                format!("pdf?auth_token={token}&size=large"),
                format!("contents?auth_token={token}#toolbar=0&amp;navpanes=0"),
            ),
            (format!("pdf/?auth_token={token}"), format!("../contents?auth_token={token}#toolbar=0&amp;navpanes=0")),
        ] {
            let answer = ask(server, &file, &target).send().await.expect(200);
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
            assert_eq!(answer.header("cache-control"), "private, no-cache");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            let policy = answer.header("content-security-policy");
            assert!(
                policy.starts_with("default-src 'none'; frame-src 'self';") && !policy.contains("script"),
                "{policy}"
            );
            assert!(text(&answer).contains("<title>Annual report.pdf</title>"), "{answer}");
            assert!(text(&answer).contains(&format!("<iframe src=\"{source}\"")), "{answer}");
            assert!(!text(&answer).contains("<script"), "{answer}");
        }
        // A token that came in another way is in no page, and HEAD tells the same without one.
        for method in ["GET", "HEAD"] {
            let target = format!("/v1/media/files/{}/pdf", file["id"]);
            let answer = server.fliplet(method, &target).token(token).send().await.expect(200);
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
            assert!(!text(&answer).contains("auth_token"), "{answer}");
        }
        // What it shows may be shown in a page, as what it is, without a size however it may be drawn.
        let shown = ask(server, &file, &format!("contents?auth_token={token}")).send().await.expect(200);
        assert_eq!((shown.header("content-type"), &shown.body[..]), ("application/pdf", PDF));
        assert_eq!(shown.header("content-disposition"), "inline; filename=\"Annual report.pdf\"");
        assert!(!shown.header("content-security-policy").contains("sandbox"), "{shown}");
        assert!(!shown.header("content-security-policy").contains("frame-ancestors"), "{shown}");
        assert_eq!(shown.header("x-frame-options"), "");
    });
}

#[test]
fn what_is_no_pdf_is_elsewhere_by_the_same_query() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = &organization.token;
        let picture = upload(server, &organization, "a.png", &png(8, 8)).await;
        // It is what it is, whatever it is called.
        let page = upload(server, &organization, "b.pdf", b"<!DOCTYPE html><p>no document").await;
        let query = format!("?size=640>?&auth_token={token}&x=%22%3C");
        for file in [&picture, &page] {
            for (asked, expected) in [
                (format!("pdf{query}"), format!("contents{}", query.replace('>', "%3E"))),
                (format!("pdf/{query}"), format!("../contents{}", query.replace('>', "%3E"))),
            ] {
                let answer = ask(server, file, &asked).send().await.expect(302);
                assert_eq!(answer.header("location"), expected);
                assert!(answer.body.is_empty());
            }
            let answer = ask(server, file, "pdf").token(token).send().await.expect(302);
            assert_eq!(answer.header("location"), "contents");
        }
    });
}

#[test]
fn only_those_who_may_read_the_file_get_the_page() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = upload(server, &organization, "a.pdf", PDF).await;
        let picture = upload(server, &organization, "a.png", &png(8, 8)).await;
        for file in [&file, &picture, &json!({ "id": 999_999 })] {
            let answer = ask(server, file, "pdf").send().await.refused(401);
            assert_eq!(answer.json()["error"], "not authorised");
            ask(server, file, "pdf?auth_token=wrong").send().await.refused(401);
        }
        let token = &organization.token;
        ask(server, &json!({ "id": 999_999 }), "pdf").token(token).send().await.refused(404);
        for id in ["x", "", "-1"] {
            server.fliplet("GET", &format!("/v1/media/files/{id}/pdf")).token(token).send().await.refused_as_bad();
        }
        // A rule opens it to everybody, and the document with it.
        let rules = json!({ "accessRules": [{ "type": ["read"], "allow": "all" }] });
        let target = format!("/v1/media/files/{}/accessRules", file["id"]);
        server.fliplet("PUT", &target).token(token).json(&rules).send().await.expect(200);
        let answer = ask(server, &file, "pdf").send().await.expect(200);
        assert!(text(&answer).contains("<iframe src=\"contents#"), "{answer}");
        ask(server, &file, "contents").send().await.expect(200);
        // In the trash it is gone.
        server.fliplet("DELETE", &format!("/v1/media/files/{}", file["id"])).token(token).send().await.expect(200);
        ask(server, &file, "pdf").token(token).send().await.refused(404);
    });
}

#[test]
fn names_and_tokens_are_text_in_the_page() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let file = upload(server, &organization, "a.pdf", PDF).await;
        let rename = json!({ "name": "\"<script>alert('1')&amp;.pdf" });
        let target = format!("/v1/media/files/{}", file["id"]);
        server.fliplet("PUT", &target).token(&organization.token).json(&rename).send().await.expect(200);
        let answer = ask(server, &file, "pdf").token(&organization.token).send().await.expect(200);
        let expected = "&quot;&lt;script&gt;alert(&#39;1&#39;)&amp;amp;.pdf";
        assert!(text(&answer).contains(&format!("<title>{expected}</title>")), "{answer}");
        assert!(text(&answer).contains(&format!("title=\"{expected}\"")), "{answer}");
        assert!(!text(&answer).contains("<script"), "{answer}");
        // The header decides who asks; what stands in the query is carried along all the same.
        let target = "pdf?auth_token=\"><script>'&x";
        let answer = ask(server, &file, target).token(&organization.token).send().await.expect(200);
        let source = text(&answer).split("src=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(source.starts_with("contents?auth_token=") && source.ends_with("navpanes=0"), "{answer}");
        assert!(!source.contains(['<', '>', '\'']), "{answer}");
    });
}

#[test]
fn the_page_is_no_download_and_what_it_shows_is_one() {
    on_each_engine(async |server| {
        let organization = server.organization("Acme").await;
        let token = &organization.token;
        let file = upload(server, &organization, "a.pdf", PDF).await;
        let id = file["id"].as_i64().unwrap();
        server.library.limit_asset(&system(), id, Some(1), None).await.unwrap();
        let count = async || server.library.asset_or_trashed(&system(), id).await.unwrap().download_count;
        for _ in 0..3 {
            ask(server, &file, "pdf").token(token).send().await.expect(200);
        }
        assert_eq!(count().await, 0);
        ask(server, &file, &format!("contents?auth_token={token}")).send().await.expect(200);
        assert_eq!(count().await, 1);
        let answer = ask(server, &file, "contents").token(token).send().await.refused(401);
        assert_eq!(answer.json()["error"], "file.access");
        assert_eq!(count().await, 1);
    });
}
