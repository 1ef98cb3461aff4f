//! The whole surface as the file selector in a page drives it: from the token to a cropped picture's lasting URL, and a search.

use serde_json::{Value, json};

use super::{Agent, agent::ask};
use crate::support::{
    on_each_engine,
    pictures::{self, measure},
};

const ORIGIN: &str = "https://page.example";

#[test]
fn a_picture_is_found_cropped_and_linked() {
    on_each_engine(async |server| {
        let agent = Agent::new(server).await;
        let preflight = ask(server, "OPTIONS", "/1/foldertree")
            .header("Origin", ORIGIN)
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", "authorization");
        let preflight = preflight.send().await.expect(204);
        assert!(preflight.header("access-control-allow-headers").contains("Authorization"));
        let outer = agent.folder(agent.root, "Bilder").await;
        let inner = agent.folder(outer, "2024").await;
        agent.folder(agent.root, "Arkiv").await;
        let picture = pictures::jpeg(800, 400);
        let file = agent.upload(inner, "Vår båt.jpg", &picture).await;
        agent.upload(inner, "anteckning.txt", b"text").await;
        server.settle().await;
        tree(&agent, outer, inner).await;
        assert_eq!(agent.list("/1/marks").await[1], json!({ "mark": 1, "name": "Röd" }));
        assert_eq!(agent.one("/1/player/theme").await["isDefault"], true);
        let fields = "id,filename,name,type,filesize,uploaded,smallPreview,uploadedby,gdprstatus,mediaid,nonsense";
        let files = agent.list(&format!("/1/folder/{inner}/files?fields={fields}")).await;
        assert_eq!(files.len(), 2);
        let names: Vec<&str> = files.iter().map(|file| file["filename"].as_str().unwrap()).collect();
        assert_eq!(names, ["anteckning.txt", "Vår båt.jpg"]);
        let keys: Vec<&String> = files[0].as_object().unwrap().keys().collect();
        let canonical = [
            "id",
            "name",
            "filename",
            "type",
            "filesize",
            "uploadedBy",
            "uploaded",
            "smallPreview",
            "mediaId",
            "gdprStatus",
        ];
        assert_eq!(keys, canonical);
        let images = agent.list(&format!("/1/folder/{inner}/files?type=image&processed=true&per_page=1&page=1")).await;
        assert_eq!(images.len(), 1);
        let id = &file["id"];
        let whole = agent.one(&format!("/1/file/{id}?fields=any&locale=en_GB")).await;
        assert_eq!(whole["type"]["description"], "JPEG image");
        assert_eq!((&whole["name"], &whole["hasPreview"]), (&json!("Vår båt"), &json!(true)));
        assert_eq!(agent.one(&format!("/1/file/{id}/folders")).await["id"], inner);
        let allowed =
            json!({ "allowDownload": true, "allowDownloadReason": "", "lockWarningMessage": "", "warnFrom": "" });
        assert_eq!(agent.one(&format!("/1/file/{id}/checkpermissions")).await, allowed);
        usage(&agent, id).await;
        license(&agent, id).await;
        crop(&agent, id).await;
        search(&agent, id).await;
    });
}

async fn tree(agent: &Agent<'_>, outer: i64, inner: i64) {
    let tree = agent.list("/1/foldertree?private=true&public=true&fields=id,name,depth,type&locale=sv_SE").await;
    let seen: Vec<(&str, i64)> =
        tree.iter().map(|folder| (folder["name"].as_str().unwrap(), folder["depth"].as_i64().unwrap())).collect();
    assert_eq!(seen[1..], [("Arkiv", 1), ("Bilder", 1), ("2024", 2), ("First app", 1)]);
    assert_eq!(seen[0].1, 0);
    assert!(tree.iter().all(|folder| folder["type"] == 0));
    let whole = agent.list("/1/foldertree?fields=all").await;
    let of = |id: i64| whole.iter().find(|folder| folder["id"] == id).unwrap();
    assert_eq!((&of(outer)["hasChildren"], &of(outer)["parent"]), (&json!(true), &json!(agent.root)));
    assert_eq!((&of(inner)["hasChildren"], &of(inner)["archived"]), (&json!(false), &json!(false)));
    assert_eq!(of(agent.root)["parent"], Value::Null);
}

async fn usage(agent: &Agent<'_>, id: &Value) {
    let target = format!("/1/file/{id}/usage");
    assert_eq!(agent.list(&format!("{target}?fields=any")).await, Vec::<Value>::new());
    for body in [
        json!({ "contact": "Ann", "project": "Site", "date": "2024-05-01", "types": ["web"], "web": { "page": "https://a.example/1", "pageName": "One" } }),
        json!({ "contact": "Bo", "project": "Site", "date": "None", "types": ["web"], "web": { "page": "https://a.example/2", "pageName": "Two" }, "amount": "1", "removed": "false" }),
    ] {
        let answer = agent.ask("POST", &target).json(&body).send().await.expect(200);
        assert_ne!(answer.header("content-length"), "");
        assert!(answer.json().is_object());
    }
    let many = json!({ "id": [id.to_string(), 999_999], "amount": 1, "date": "2024-05-02", "types": ["web"], "web": { "page": "https://a.example/3" } });
    let answer = agent.ask("POST", "/1/files/multiple/usages").json(&many).send().await.expect(200).json();
    assert_eq!(answer, json!({ "reported": [id], "notFound": [999_999] }));
    let removed = json!({ "removed": "true", "web": { "page": "https://a.example/2" } });
    agent.ask("POST", &target).json(&removed).send().await.expect(200);
    let usages = agent.list(&format!("{target}?fields=any")).await;
    let urls: Vec<&str> = usages.iter().map(|usage| usage["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["https://a.example/1", "https://a.example/3"]);
    let first = &usages[0];
    for (key, value) in [("contact", "Ann"), ("project", "Site"), ("publishDate", "2024-05-01"), ("type", "WEB")] {
        assert_eq!(first[key], value);
    }
    assert_eq!(first["createdBy"], json!({ "name": "Somebody" }));
}

async fn license(agent: &Agent<'_>, id: &Value) {
    let number = id.as_i64().unwrap();
    let fields = "rightsExists,rightsInformation,licenseInformation,downloadWarning,lockFile,useFrom,useTo";
    let target = format!("/1/file/{id}/license?fields={fields}");
    let none = json!({ "id": number, "rightsExists": 0, "rightsInformation": "", "licenseInformation": "", "downloadWarning": false,
        "lockFile": false, "useFrom": null, "useTo": null });
    assert_eq!(agent.one(&target).await, none);
    let set = async |fields: &[(&str, &str)]| {
        let system = crate::support::organizations::system();
        agent.server.library.change_asset_and_fields(&system, number, None, None, fields).await.unwrap();
    };
    set(&[("license.rightsExists", "2"), ("license.useTo", "2023-01-01"), ("license.lockFile", "true")]).await;
    set(&[("rating", "4"), ("mark", "2"), ("photographer", "Ann"), ("alttext", "A boat"), ("custom.Säsong", "Vår")])
        .await;
    let found = agent.one(&target).await;
    assert_eq!((&found["rightsExists"], &found["useTo"]), (&json!(2), &json!("2023-01-01")));
    let permission = agent.one(&format!("/1/file/{id}/checkpermissions")).await;
    assert_eq!(
        (&permission["allowDownload"], &permission["allowDownloadReason"]),
        (&json!(false), &json!("LICENCE_RIGHTS"))
    );
    assert_eq!(permission["lockWarningMessage"], "RIGHTS_EXPIRED");
    super::agent::refused(agent.ask("GET", &format!("/1/file/{id}/downloads/0")).send().await, 403);
    let file = agent.one(&format!("/1/file/{id}?fields=all")).await;
    assert_eq!((&file["rating"], &file["mark"], &file["photographer"]), (&json!(4), &json!(2), &json!("Ann")));
    assert_eq!(file["customFields"], json!([{ "field": "Säsong", "value": "Vår" }]));
    assert_eq!((&file["usageCount"], &file["locked"]), (&json!(4), &json!(true)));
    let alt = agent.ask("GET", &format!("/1/file/{id}/aialttext?lang=sv-SE")).send().await.expect(200).json();
    assert_eq!(alt, json!({ "alttext": "A boat" }));
    set(&[("license.lockFile", "false")]).await;
}

async fn crop(agent: &Agent<'_>, id: &Value) {
    let original = agent.one(&format!("/1/file/{id}/downloads/0")).await;
    let url = original["downloadURL"].as_str().unwrap().to_owned();
    assert!(url.contains('?'), "{url}");
    assert_eq!((&original["id"], &original["filetype"]), (&json!(0), &json!("jpg")));
    let answer = agent.fetch(&json!(url)).await.expect(200);
    assert_eq!(measure(&answer.body), ("image/jpeg", 800, 400));
    // The left half of a preview 200 wide, made 100 wide, as a PNG.
    let asked = format!("{url}&x1=0&y1=0&x2=100&y2=100&sw=200&sh=100&w=100&h=100&format=png");
    let cropped = agent.fetch(&json!(asked)).await.expect(200);
    assert_eq!(measure(&cropped.body), ("image/png", 100, 100));
    let as_jpeg = agent.fetch(&json!(asked.replace("format=png", "format=jpg"))).await.expect(200);
    let [top_left, top_right, ..] = pictures::colours(&as_jpeg.body);
    let [all_left, ..] = pictures::colours(&answer.body);
    let near = |one: [u8; 4], other: [u8; 4]| one.iter().zip(other).all(|(a, b)| a.abs_diff(b) < 40);
    assert!(near(top_left, all_left) && near(top_right, all_left), "only the left half is seen");
    let lasting = agent.fetch(&json!(format!("{asked}&permalink=true"))).await.expect(200).json();
    let keys: Vec<&String> = lasting.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["url"]);
    assert!(lasting["url"].as_str().unwrap().ends_with(".png"), "{lasting}");
    let again = agent.fetch(&lasting["url"]).await.expect(200);
    assert_eq!((again.header("content-type"), measure(&again.body)), ("image/png", ("image/png", 100, 100)));
    let stretched = agent.fetch(&json!(format!("{url}&w=50&h=50&stretch=1"))).await.expect(200);
    assert_eq!(measure(&stretched.body), ("image/jpeg", 50, 50));
    let custom = agent.one(&format!("/1/files/{id}/downloads/-1")).await;
    assert_eq!(custom["id"], -1);
    let all = agent.list(&format!("/1/file/{id}/downloads")).await;
    assert_eq!(all.iter().map(|form| form["id"].as_i64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, -1]);
    let small = agent.fetch(&all[3]["downloadURL"]).await.expect(200);
    assert_eq!(measure(&small.body), ("image/jpeg", 600, 300));
    assert!(small.header("content-disposition").starts_with("attachment"));
    let formats = agent.list("/1/formats?fields=id,name,suffix,filetype,width,height,keepRatio").await;
    assert_eq!((&formats[0]["width"], &formats[3]["width"], &formats[4]["id"]), (&json!(-1), &json!(600), &json!(-1)));
}

async fn search(agent: &Agent<'_>, id: &Value) {
    for (term, hits) in [("båt", 1), ("VÅR", 1), ("  t.jp ", 1), ("anteck", 1), ("nothing", 0), ("", 0)] {
        let body = json!({ "searchTerm": term, "lang": "sv-SE", "ai": false });
        let answer = agent.ask("POST", "/1/search/file?fields=id,filename").json(&body).send().await.expect(200).json();
        assert_eq!(answer.as_array().unwrap().len(), hits, "{term}");
        if term == "båt" {
            assert_eq!(&answer[0]["id"], id);
        }
    }
    for name in ["xbåt.txt", "en båt.txt", "båtar.txt", "båt.txt"] {
        agent.upload(agent.root, name, name.as_bytes()).await;
    }
    let body = json!({ "searchTerm": "båt" });
    let answer = agent.ask("POST", "/1/search/file?fields=filename").json(&body).send().await.expect(200).json();
    let names: Vec<&str> = answer.as_array().unwrap().iter().map(|file| file["filename"].as_str().unwrap()).collect();
    assert_eq!(names, ["båt.txt", "båtar.txt", "en båt.txt", "Vår båt.jpg", "xbåt.txt"]);
    let words = library::Words {
        title: Some("Segling".to_owned()),
        description: Some("En dag på SJÖN".to_owned()),
        tags: vec!["sommar".to_owned(), "100 %".to_owned()],
    };
    let system = crate::support::organizations::system();
    agent.server.library.describe_asset(&system, id.as_i64().unwrap(), &words).await.unwrap();
    for (term, hits) in [("segling", 1), ("på sjön", 1), ("SOMMAR", 1), ("0 %", 1), ("_egling", 0)] {
        let body = json!({ "searchTerm": term });
        let found = agent.ask("POST", "/1/search/file?fields=name,description,keywords").json(&body).send().await;
        let found = found.expect(200).json();
        assert_eq!(found.as_array().unwrap().len(), hits, "{term}");
        if hits == 1 {
            let shown = json!([{ "id": id, "name": "Segling", "description": "En dag på SJÖN", "keywords": ["100 %", "sommar"] }]);
            assert_eq!(found, shown);
        }
    }
    let dictionary = ask(agent.server, "GET", "/1/dictionary/fileSelector/sv").send().await.expect(200).json();
    assert_eq!(dictionary["general"]["cancel"], "Avbryt");
}
