//! Collections: assets across projects, private or public, and for whom.

use library::{NewPerson, Rights};
use serde_json::{Value, json};

use super::{
    Account,
    assets::{call, make, path, put, says},
};
use crate::support::{Organization, Server, on_each_engine, organizations::system};

const COLLECTIONS: &str = "/api/v2/collections";
const NOW: &str = "2023-11-14T22:13:20.000Z";

/// Makes a collection; its path.
async fn collection(account: &Account<'_>, title: &str) -> String {
    let made = account.post(COLLECTIONS, &json!({ "title": title })).await.expect(200).json();
    format!("{COLLECTIONS}/{}", made["collection"]["id"])
}

/// Somebody else of the same organization, with a key that runs nothing.
async fn colleague<'a>(server: &'a Server, of: &Account<'_>, name: &str) -> Account<'a> {
    let person = NewPerson {
        email: format!("{name}@example.com"),
        full_name: format!("{name} Colleague"),
        role: "editor".to_owned(),
        password: None,
    };
    let user_id = server.library.add_user(&system(), of.organization.id, person).await.unwrap().id;
    let organization = Organization { user_id, ..of.organization.clone() };
    Account::with(server, organization, Rights::CHANGE, None).await
}

fn ids(listed: &Value, key: &str) -> Vec<Value> {
    listed[key].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
}

#[test]
fn a_collection_is_made_read_and_changed() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let body = json!({ "title": "Best of", "description": "d", "category": "Sample", "tags": ["b", "a"] });
        let made = account.post(COLLECTIONS, &body).await.expect(200);
        let id = made.json()["collection"]["id"].clone();
        assert!(id.is_i64());
        // Contract 1.2: these keys, in this order.
        let mut want = json!({ "collection": {
            "id": id, "title": "Best of", "description": "d", "category": "sample", "tags": ["a", "b"],
            "owner": "somebody@example.com", "media_type": "collection", "isPublic": false, "created_date": NOW,
            "modification_date": NOW, "original_title": "Best of",
        }});
        assert_eq!(String::from_utf8_lossy(&made.body), want.to_string());
        let target = format!("{COLLECTIONS}/{id}");
        assert_eq!(account.get(&target).await, want);
        assert_eq!(account.get(COLLECTIONS).await, json!({ "collections": [want["collection"]] }));
        for (sent, key, kept) in [
            (json!({ "category": "" }), "category", Value::Null),
            (json!({ "description": "other" }), "description", json!("other")),
            (json!({ "tags": ["z"] }), "tags", json!(["z"])),
        ] {
            want["collection"][key] = kept;
            assert_eq!(put(&account, &target, &sent).await.expect(200).json(), want, "{sent}");
        }
        let long = json!({ "title": "x".repeat(256), "description": "x" });
        says(put(&account, &target, &long).await, 400, "Title is too long (maximum is 255 characters)");
        says(account.post(COLLECTIONS, &long).await, 400, "Title is too long (maximum is 255 characters)");
        assert_eq!(account.get(&target).await, want);
        assert_eq!(call(&account, "DELETE", &target).await.expect(200).json(), json!({ "ok": "ok" }));
        for (method, rest) in [("GET", ""), ("DELETE", ""), ("GET", "/assets"), ("GET", "/users"), ("POST", "/public")]
        {
            says(call(&account, method, &format!("{target}{rest}")).await, 404, "collection not found");
        }
        assert_eq!(account.get(COLLECTIONS).await, json!({ "collections": [] }));
    });
}

#[test]
fn assets_of_both_kinds_are_in_it_once() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let stranger = Account::new(server).await;
        let target = collection(&account, "c").await;
        let collected = format!("{target}/assets");
        let (file, entry) = (account.asset("a.txt", b"bytes").await, make(&account, &json!({ "title": "t" })).await);
        let theirs = make(&stranger, &json!({ "title": "theirs" })).await;
        let put_in = async |ids: Value| account.post(&collected, &json!({ "asset_ids": ids })).await;
        let answer = put_in(json!([file["id"], entry["id"], file["id"]])).await.expect(200).json();
        assert_eq!(answer["collection"]["title"], "c");
        put_in(json!([file["id"]])).await.expect(200);
        assert_eq!(account.get(&collected).await, json!({ "assets": [file, entry] }));
        for asset in [&file, &entry] {
            let of_asset = account.get(&format!("{}/collections", path(asset))).await;
            assert_eq!(of_asset["collections"], json!([account.get(&target).await["collection"]]));
        }
        // All or none of them.
        let other = make(&account, &json!({ "title": "other" })).await;
        for foreign in [
            theirs["id"].clone(),
            json!("b5Iix0ul_b2bTnT23Jo-"),
            json!(999_999),
            json!(0),
            json!(null),
            json!({}),
            json!(""),
        ] {
            says(put_in(json!([other["id"], foreign])).await, 400, "asset not found");
        }
        assert_eq!(account.get(&collected).await, json!({ "assets": [file, entry] }));
        says(account.post(&collected, &json!({})).await, 422, "Missing parameter asset_ids");
        says(put_in(json!([])).await, 422, "Invalid parameter 'asset_ids' value nil: Must be an array of any type");
        // It is taken out by its name, twice as well.
        for _ in 0..2 {
            call(&account, "DELETE", &format!("{collected}/{}", entry["id"].as_str().unwrap())).await.expect(200);
            assert_eq!(account.get(&collected).await, json!({ "assets": [file] }));
        }
        let theirs = call(&account, "DELETE", &format!("{collected}/{}", theirs["id"].as_str().unwrap())).await;
        says(theirs, 404, "asset not found");
        // With the asset it goes, and with the collection the asset does not.
        call(&account, "DELETE", &path(&file)).await.expect(200);
        assert_eq!(account.get(&collected).await, json!({ "assets": [] }));
        put_in(json!([entry["id"]])).await.expect(200);
        call(&account, "DELETE", &target).await.expect(200);
        account.get(&path(&entry)).await;
        assert_eq!(account.get(&format!("{}/collections", path(&entry))).await, json!({ "collections": [] }));
    });
}

#[test]
fn a_private_collection_is_for_its_owner_and_a_public_one_for_all() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let (ann, bob) = (colleague(server, &account, "ann").await, colleague(server, &account, "bob").await);
        let stranger = Account::new(server).await;
        let target = collection(&ann, "Ann's").await;
        let asset = make(&account, &json!({ "title": "t" })).await;
        ann.post(&format!("{target}/assets"), &json!({ "asset_ids": [asset["id"]] })).await.expect(200);
        let shut = async |who: &Account<'_>| {
            for (method, rest) in
                [("GET", ""), ("GET", "/assets"), ("GET", "/users"), ("POST", "/public"), ("DELETE", "")]
            {
                says(call(who, method, &format!("{target}{rest}")).await, 404, "collection not found");
            }
            assert_eq!(who.get(COLLECTIONS).await, json!({ "collections": [] }));
        };
        shut(&bob).await;
        shut(&stranger).await;
        let in_asset = async |who: &Account<'_>| {
            who.get(&format!("{}/collections", path(&asset))).await["collections"].as_array().unwrap().len()
        };
        assert_eq!((in_asset(&ann).await, in_asset(&bob).await), (1, 0));
        // Who runs the account sees all.
        assert_eq!(account.get(COLLECTIONS).await["collections"].as_array().unwrap().len(), 1);
        says(call(&ann, "POST", &format!("{target}/private")).await, 400, "Collection is private already");
        let public = call(&ann, "POST", &format!("{target}/public")).await.expect(200);
        assert_eq!(public.json(), json!({ "is_public": true }));
        says(call(&ann, "POST", &format!("{target}/public")).await, 400, "Collection is public already");
        assert_eq!(bob.get(&target).await["collection"]["isPublic"], true);
        assert_eq!(ids(&bob.get(&format!("{target}/assets")).await, "assets"), [asset["id"].clone()]);
        assert_eq!(in_asset(&bob).await, 1);
        shut(&stranger).await;
        // To see is not to change.
        for (method, rest) in [("POST", "/public"), ("POST", "/private"), ("DELETE", "")] {
            says(call(&bob, method, &format!("{target}{rest}")).await, 403, "Forbidden");
        }
        says(put(&bob, &target, &json!({ "title": "Bob's" })).await, 403, "Forbidden");
        let more = json!({ "asset_ids": [asset["id"]] });
        says(bob.post(&format!("{target}/assets"), &more).await, 403, "Forbidden");
        let out = format!("{target}/assets/{}", asset["id"].as_str().unwrap());
        says(call(&bob, "DELETE", &out).await, 403, "Forbidden");
        let all = bob.get(&format!("{target}/all_users")).await;
        assert_eq!(all["users"].as_array().unwrap().len(), 3, "{all}");
        assert_eq!(
            call(&ann, "POST", &format!("{target}/private")).await.expect(200).json(),
            json!({ "is_public": false })
        );
        shut(&bob).await;
        assert_eq!(ann.get(&target).await["collection"]["title"], "Ann's");
    });
}

#[test]
fn people_are_let_in() {
    on_each_engine(async |server| {
        let account = Account::new(server).await;
        let (ann, bob) = (colleague(server, &account, "ann").await, colleague(server, &account, "bob").await);
        let stranger = Account::new(server).await;
        let target = collection(&ann, "Ann's").await;
        let users = format!("{target}/users");
        let person = |who: &Account<'_>, name: &str| {
            json!({
                "id": who.organization.user_id, "email": format!("{name}@example.com"), "first_name": name, "last_name": "Colleague",
                "avatar_url": null,
            })
        };
        let (as_ann, as_bob) = (person(&ann, "ann"), person(&bob, "bob"));
        assert_eq!(ann.get(&users).await, json!({ "users": [as_ann] }));
        let bobs = json!({ "user_ids": [bob.organization.user_id] });
        says(bob.post(&users, &bobs).await, 404, "collection not found");
        for nobody in
            [json!([stranger.organization.user_id]), json!([999_999]), json!(["x"]), json!([null]), json!([1.5])]
        {
            let with_bob = [vec![json!(bob.organization.user_id)], nobody.as_array().unwrap().clone()].concat();
            says(ann.post(&users, &json!({ "user_ids": with_bob })).await, 400, "user not found");
        }
        assert_eq!(ann.get(&users).await, json!({ "users": [as_ann] }));
        for _ in 0..2 {
            let let_in = ann.post(&users, &bobs).await.expect(200).json();
            assert_eq!(let_in, json!({ "users": [as_ann, as_bob] }));
        }
        assert_eq!(bob.get(&target).await["collection"]["owner"], "ann@example.com");
        assert_eq!(bob.get(&format!("{target}/all_users")).await, json!({ "users": [as_ann, as_bob] }));
        says(bob.post(&users, &bobs).await, 403, "Forbidden");
        says(ann.post(&users, &json!({})).await, 422, "Missing parameter user_ids");
        // Who is shut out is no longer among them.
        server.library.disable_user(&system(), account.organization.id, bob.organization.user_id).await.unwrap();
        assert_eq!(ann.get(&users).await, json!({ "users": [as_ann] }));
        assert_eq!(call(&bob, "GET", &target).await.expect(401).json(), json!({ "error": "Unauthorized" }));
    });
}
