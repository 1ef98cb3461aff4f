//! Every request that the seed prints, sent as printed but for keys and ids, and its whole answer against the printed one.

use serde_json::{Value, json};

use super::{Agent, agent::ask};
use crate::support::{Ask, Server, on_each_engine, on_one_engine_with, pictures::jpeg};

/// "Exempel svaret nedan innehåller all information om de senaste 4 upladdade bilderna."
const SAMPLE: &str = r#"{"id":539420,"name":"prispall","filename":"prispall.jpg","type":{"id":101,"type":"image","description":"JPEG-bild","extension":"jpg"},"width":960,"height":540,"hasPreview":true,"icon":"https://static.mediaflowpro.com/images/icon101.gif","smallPreview":"https://im17.inviewer.se/info/54/54ATNEZ6I4.jpg","mediumPreview":"https://im17.inviewer.se/skiss/54/54ATNEZ6I4.jpg"}"#;

/// How the API is reached: what stands before the path, and the host.
#[derive(Clone, Copy)]
struct Way(&'static str, Option<&'static str>);

impl Way {
    fn ask(self, server: &Server, method: &str, target: &str) -> Ask {
        let ask = server.ask(method, &format!("{}{target}", self.0));
        match self.1 {
            Some(host) => ask.header("Host", format!("{host}:{}", server.address.port())),
            None => ask,
        }
    }
}

#[test]
fn under_the_mount_and_the_host_name() {
    on_each_engine(async |server| {
        all_of_it(server, Way("/mediaflow", None)).await;
        all_of_it(server, Way("", Some("mediaflow.localhost"))).await;
    });
}

#[test]
fn at_the_root() {
    let set = |settings: &mut mediary::Settings| settings.default_dialect = "mediaflow".to_owned();
    on_one_engine_with(set, async |server| all_of_it(server, Way("", None)).await);
}

async fn all_of_it(server: &Server, way: Way) {
    let agent = Agent::new(server).await;
    // "URL mönster"
    let granted = way.ask(server, "GET", &format!("/1/oauth2/token?{}", agent.grant())).send().await.expect(200);
    assert_ne!(granted.header("content-length"), "");
    let granted = granted.json();
    let keys: Vec<&String> = granted.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "token_type", "expires_in"]);
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Bearer"), &json!(7200)));
    let token = granted["access_token"].as_str().unwrap();
    looks_like_the_sample(token, agent.organization.id, agent.organization.user_id);
    for name in ["ett.jpg", "två.jpg", "tre.jpg", "prispall.jpg"] {
        let picture = jpeg(960, if name == "prispall.jpg" { 540 } else { 320 + name.len() });
        upload(&agent, way, token, name, &picture).await;
    }
    server.settle().await;
    latest(&agent, way, token).await;
    forbidden(&agent, way).await;
}

/// The sample's token: its header, and its claims in their order and types.
fn looks_like_the_sample(token: &str, tenant: i64, user: i64) {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let parts: Vec<&str> = token.split('.').collect();
    let [head, claims, signature] = parts.as_slice() else { panic!("{token} has other parts") };
    let read = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let head: Value = serde_json::from_str(&read(head)).unwrap();
    assert_eq!((&head["alg"], &head["typ"]), (&json!("HS256"), &json!("JWT")));
    let claims: Value = serde_json::from_str(&read(claims)).unwrap();
    let names: Vec<&String> = claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["serv", "sub", "exp", "idcust", "scopes"]);
    assert_eq!((&claims["sub"], &claims["idcust"]), (&json!(user.to_string()), &json!(tenant.to_string())));
    assert_eq!(claims["exp"], crate::support::NOW_MS / 1_000 + 7_200);
    assert!(claims["serv"].is_string() && claims["scopes"].as_array().unwrap().iter().all(Value::is_string));
    assert_eq!((claims["scopes"].as_array().unwrap().len(), signature.len()), (5, 43));
}

/// "Ladda upp en fil"
async fn upload(agent: &Agent<'_>, way: Way, token: &str, name: &str, bytes: &[u8]) {
    let body = r#"{
     "filename": "Image01.jpg",
     "filesize": 1564256,
     "toFolder": FOLDERID
}"#;
    let body = body.replace("Image01.jpg", name).replace("1564256", &bytes.len().to_string());
    let body = body.replace("FOLDERID", &agent.root.to_string());
    let ask = way.ask(agent.server, "POST", &format!("/1/file?access_token={token}"));
    let announced = ask.body("application/json", body).send().await.expect(200).json();
    let keys: Vec<&String> = announced.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["expiresIn", "uploadURL"]);
    assert_eq!(announced["expiresIn"], 600);
    let url = announced["uploadURL"].as_str().unwrap();
    let target = &url[url.find("/up/").unwrap()..];
    let file = way.ask(agent.server, "POST", target).body("image/jpeg", bytes).send().await.expect(200).json();
    assert_eq!((&file["filename"], &file["filesize"]), (&json!(name), &json!(bytes.len())));
}

/// "Dataanrop till API"
async fn latest(agent: &Agent<'_>, way: Way, token: &str) {
    let target = "/1/file/latest?processed=true&page=1&per_page=4&type=image&fields=id,name,filename,hasPreview,icon,smallPreview,mediumPreview,width,height,type&access_token=";
    let answer = way.ask(agent.server, "GET", &format!("{target}{token}")).send().await.expect(200).json();
    let files = answer.as_array().unwrap();
    assert_eq!(
        files.iter().map(|file| file["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["prispall", "tre", "två", "ett"]
    );
    let mut file = files[0].clone();
    let base = match way.1 {
        Some(host) => format!("http://{host}:{}", agent.server.address.port()),
        None => format!("http://{}{}", agent.server.address, way.0),
    };
    for (key, side) in [("smallPreview", 200), ("mediumPreview", 600)] {
        let url = file[key].as_str().unwrap();
        let path = url.strip_prefix(&base).unwrap_or_else(|| panic!("{url} is not below {base}")).to_owned();
        let answer = way.ask(agent.server, "GET", &path).send().await.expect(200);
        let (format, width, _) = crate::support::pictures::measure(&answer.body);
        assert_eq!((format, width), ("image/jpeg", side), "{key}");
        let code = path.rsplit('/').next().unwrap().to_owned();
        assert_eq!(path.split('/').nth(2).unwrap(), &code[..2]);
        // Two capitals or digits of the code, then all ten of them.
        let sample = if side == 200 { "info" } else { "skiss" };
        assert_eq!((path.split('/').nth(1).unwrap(), code.len()), (sample, "54ATNEZ6I4.jpg".len()));
        file[key] = json!(format!("https://im17.inviewer.se/{sample}/54/54ATNEZ6I4.jpg"));
    }
    assert_eq!(file["icon"].as_str().unwrap(), format!("{base}/images/icon101.gif"));
    file["icon"] = json!("https://static.mediaflowpro.com/images/icon101.gif");
    file["id"] = json!(539_420);
    assert_eq!(file.to_string(), SAMPLE);
}

/// "Om användaren som är kopplad till api-nyckeln inte har rättighet …"
async fn forbidden(agent: &Agent<'_>, way: Way) {
    let reader = Agent::with(agent.server, agent.organization.clone(), library::Rights::READ, None).await;
    let body = json!({ "filename": "Image01.jpg", "filesize": 1_564_256, "toFolder": agent.root });
    let ask = way.ask(agent.server, "POST", "/1/file").header("Authorization", format!("Bearer {}", reader.token));
    let answer = ask.json(&body).send().await.expect(403);
    let printed = "{\n     \"status\": 403,\n    \"error\": \"You don´t have permission to upload to this folder\"\n}";
    let printed: Value = serde_json::from_str(printed).unwrap();
    assert_eq!(String::from_utf8(answer.body).unwrap(), printed.to_string());
    // Whether there is such a folder is nobody's business who may not upload to it.
    let body = json!({ "filename": "Image01.jpg", "filesize": 1, "toFolder": 999_999 });
    let answer = ask_as(agent, &body).await;
    assert_eq!(answer, printed);
}

async fn ask_as(agent: &Agent<'_>, body: &Value) -> Value {
    let ask = ask(agent.server, "POST", "/1/file").header("Authorization", format!("Bearer {}", agent.token));
    ask.json(body).send().await.expect(403).json()
}
