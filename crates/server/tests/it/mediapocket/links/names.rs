//! The name under which a link's bytes are saved: what was wished, whole, and never more than a name.

use serde_json::json;

use super::{create, fetch};
use crate::{mediapocket::Account, support::on_each_engine};

#[test]
fn a_name_arrives_as_it_was_wished() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("photo.jpg", b"no picture").await;
        let media_id = account.media_id(&asset).await;
        let (dots, umlauts) = ("x".repeat(251), "ü".repeat(127));
        let (long, exact) = (format!("attachment; filename={dots}.jpg"), "%C3%BC".repeat(127));
        let plain = "_".repeat(127);
        let long_umlauts = format!("attachment; filename=\"{plain}.jpg\"; filename*=UTF-8''{exact}.jpg");
        for (name, header) in [
            // The seed's: what is stored says the extension.
            ("test_file", "attachment; filename=test_file.jpg"),
            ("test_file.jpg", "attachment; filename=test_file.jpg"),
            ("test_file.JPG", "attachment; filename=test_file.JPG"),
            ("test_file.png", "attachment; filename=test_file.png.jpg"),
            (".jpg", "attachment; filename=.jpg"),
            ("a.b.c", "attachment; filename=a.b.c.jpg"),
            ("two words", "attachment; filename=\"two words.jpg\"; filename*=UTF-8''two%20words.jpg"),
            ("Füße 1", "attachment; filename=\"F__e 1.jpg\"; filename*=UTF-8''F%C3%BC%C3%9Fe%201.jpg"),
            ("日本", "attachment; filename=\"__.jpg\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.jpg"),
            ("a\"b", "attachment; filename=ab.jpg"),
            ("a\\b", "attachment; filename=ab.jpg"),
            ("../../etc/passwd", "attachment; filename=....etcpasswd.jpg"),
            (
                "a\r\nSet-Cookie: x=y",
                "attachment; filename=\"aSet-Cookie: x=y.jpg\"; filename*=UTF-8''aSet-Cookie%3A%20x%3Dy.jpg",
            ),
            ("a;filename=b", "attachment; filename=\"a;filename=b.jpg\"; filename*=UTF-8''a%3Bfilename%3Db.jpg"),
            ("100%25", "attachment; filename=\"100%25.jpg\"; filename*=UTF-8''100%2525.jpg"),
            ("a'b", "attachment; filename=\"a'b.jpg\"; filename*=UTF-8''a%27b.jpg"),
            ("a+b&c=d", "attachment; filename=\"a+b&c=d.jpg\"; filename*=UTF-8''a+b&c%3Dd.jpg"),
            ("<i>a</i>", "attachment; filename=\"<i>a<i>.jpg\"; filename*=UTF-8''%3Ci%3Ea%3Ci%3E.jpg"),
            ("\"\\/", "attachment; filename=file.jpg"),
            (&dots, &long),
            (&umlauts, &long_umlauts),
        ] {
            let payload = json!({ "asset_id": asset["id"], "media_id": media_id, "filename": name });
            let link = create(&account, &payload).await.expect(200).json();
            assert_eq!(link["filename"], name);
            let given = fetch(server, &link).await.expect(200);
            assert_eq!(given.header("content-disposition"), header, "{name:?}");
            assert_eq!(given.header("set-cookie"), "");
            assert_eq!(given.body, b"no picture");
        }
    });
}

#[test]
fn a_name_is_as_long_as_a_file_may_be_called_and_no_longer() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("photo.jpg", b"no picture").await;
        let media_id = account.media_id(&asset).await;
        let post = async |name: String| {
            create(&account, &json!({ "asset_id": asset["id"], "media_id": media_id, "filename": name })).await
        };
        post("x".repeat(255)).await.expect(200);
        // Characters are what the words speak of.
        post("ü".repeat(255)).await.expect(200);
        for long in ["x".repeat(256), "ü".repeat(256), "x".repeat(100_000)] {
            let words = json!({ "error": "Filename is too long (maximum is 255 characters)" });
            assert_eq!(post(long).await.expect(400).json(), words);
        }
    });
}

#[test]
fn what_is_stored_without_an_extension_gets_none() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let asset = account.asset("test_key", b"bytes").await;
        let media_id = account.media_id(&asset).await;
        for (name, header) in [
            ("Asset_file_name", "attachment; filename=Asset_file_name"),
            ("a.b", "attachment; filename=a.b"),
            ("a.", "attachment; filename=a."),
        ] {
            let payload = json!({ "asset_id": asset["id"], "media_id": media_id, "filename": name });
            let link = create(&account, &payload).await.expect(200).json();
            assert_eq!(fetch(server, &link).await.expect(200).header("content-disposition"), header, "{name:?}");
        }
    });
}
