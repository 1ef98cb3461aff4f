//! Bodies that are no JSON, no objects, too large or too deep, wherever one is read; and those of a new folder that none can
//! be made of. Each gets a 400 in the API's own words, and nothing comes of it.

use serde_json::json;

use crate::support::{Answer, Ask, Scene, on_each_engine, on_one_engine_with, routes_of};

/// Far more than any body of names and ids.
const TEN_MEGABYTES: usize = 10 * 1024 * 1024;

/// Every request that has a body, but for uploads.
fn asks_with_bodies(scene: &Scene<'_>) -> Vec<Ask> {
    let (file, folder) = (scene.file, scene.outer);
    let (app, organization) = (scene.organization.app_id, scene.organization.id);
    [
        ("POST", "folders".to_owned()),
        ("PUT", format!("folders/{folder}")),
        ("PUT", format!("files/{file}")),
        ("POST", "files/aggregate".to_owned()),
        ("POST", "search".to_owned()),
        ("PUT", format!("files/{file}/accessRules")),
        ("PUT", format!("folders/{folder}/accessRules")),
        ("PUT", format!("apps/{app}/accessRules")),
        ("PUT", format!("organizations/{organization}/accessRules")),
    ]
    .map(|(method, target)| scene.ask(method, &target))
    .to_vec()
}

#[test]
fn the_list_of_them_is_whole() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let scene = Scene::new(server).await;
            let with_bodies = routes_of("/fliplet").into_iter().filter(|(_, method, path, _)| {
                let reads = ["POST", "PUT", "PATCH"].contains(&method.as_str());
                reads && !path.ends_with("/restore") && *path != "/v1/media/files"
            });
            assert_eq!(asks_with_bodies(&scene).len(), with_bodies.count());
        },
    );
}

#[test]
fn bodies_that_are_no_objects() {
    on_one_engine_with(
        |_| {},
        async |server| {
            let scene = Scene::new(server).await;
            let (before, id) = (scene.seen().await, scene.organization.id);
            let texts = ["", " ", "null", "1", "\"x\"", "[]", "{", "{}}", "not json", "{'name':'x'}", "\u{feff}{}"];
            let deep = ["[".repeat(100_000), "{\"a\":".repeat(100_000)];
            let in_a_field =
                format!("{{\"name\":\"x\",\"organizationId\":{id},\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
            let half_a_character = format!("{{\"name\":\"\\ud800\",\"organizationId\":{id}}}");
            let mut bodies: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_owned()).to_vec();
            bodies.extend(deep.into_iter().chain([in_a_field, half_a_character]).map(String::into_bytes));
            bodies.push(b"{\"name\":\"\xFF\xFE\",\"organizationId\":1}".to_vec());
            let too_large =
                [vec![b' '; TEN_MEGABYTES], json!({ "name": "x".repeat(TEN_MEGABYTES) }).to_string().into_bytes()];
            for ask in asks_with_bodies(&scene) {
                for body in &bodies {
                    let answer = ask.clone().body("application/json", &body[..]).send().await.refused(400);
                    assert_eq!(answer.message(), "The request body must be a JSON object", "{}", shown(body));
                }
                for body in &too_large {
                    let answer = ask.clone().body("application/json", &body[..]).send().await.refused(400);
                    assert_eq!(answer.message(), "The request body is too large");
                }
            }
            assert_eq!(scene.seen().await, before);
        },
    );
}

async fn create_folder(scene: &Scene<'_>, body: &[u8]) -> Answer {
    scene.ask("POST", "folders").body("application/json", body).send().await
}

fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned()
}

#[test]
fn bodies_that_are_no_new_folder() {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let (before, id) = (scene.seen().await, scene.organization.id);
        let mut bodies = vec![json!({ "organizationId": id }).to_string()];
        let (no_names, no_ids) = (
            [
                json!(null),
                json!(1),
                json!(true),
                json!(["x"]),
                json!({}),
                json!(""),
                json!(" \t"),
                json!(".."),
                json!("a/b"),
            ],
            [
                json!(true),
                json!([]),
                json!([id]),
                json!({}),
                json!(1.5),
                json!(-1),
                json!(0),
                json!(1e99),
                json!("abc"),
            ],
        );
        bodies.extend(no_names.map(|name| json!({ "name": name, "organizationId": id }).to_string()));
        let (long, wide) = ("x".repeat(256), "é".repeat(128));
        for name in ["\\u0000", "a\\u0000b", "a\\\\b", "a\\nb", "\\u202egpj.exe", &long, &wide] {
            bodies.push(format!("{{\"name\":\"{name}\",\"organizationId\":{id}}}"));
        }
        for key in ["organizationId", "appId", "parentId", "folderId"] {
            for wrong in &no_ids {
                let mut body = json!({ "name": "x", "organizationId": id });
                body[key] = wrong.clone();
                bodies.push(body.to_string());
            }
        }
        for body in bodies {
            let answer = create_folder(&scene, body.as_bytes()).await;
            assert_eq!(answer.status, 400, "{}: {answer}", shown(body.as_bytes()));
            answer.refused(400);
        }
        assert_eq!(scene.seen().await, before);
        // Whatever it says it is: clients' wrappers set wrong types.
        let folder = json!({ "name": "Fine", "organizationId": id.to_string(), "parentId": "", "further": [1] });
        scene.ask("POST", "folders").body("text/plain", folder.to_string()).send().await.expect(201);
    });
}
