//! What is asked for: requests that each alone are answered with success, by owners with their keys and by those who need none, and
//! the routes that are not among them.

use serde_json::{Value, json};

use crate::{
    botdoc, doors,
    flextype::{
        self,
        site::{FILES, Site},
    },
    mediaflow, mediapocket,
    support::{Ask, Server, forms::Form, pictures, routes_of},
};

const DIALECTS: [&str; 5] = ["/fliplet", "/mediaflow", "/mediapocket", "/botdoc", "/flextype"];

/// All of them, for things that are made for it.
pub async fn all(site: &Site<'_>) -> Vec<Ask> {
    let server = site.server;
    let mut aims = owners_requests(site).await;
    aims.extend(pictures_in_sizes(server).await);
    aims.extend(mediaflow_urls(server).await);
    aims.extend(mediapocket_urls(server).await);
    aims.extend(botdoc_urls(server).await);
    aims.extend(site_urls(site).await);
    for prefix in DIALECTS {
        let is_there = |ask: &&Ask| ask.target.starts_with(prefix.as_bytes()) && !ask.headers.is_empty();
        let key: Vec<_> = aims.iter().find(is_there).into_iter().flat_map(|ask| ask.headers.clone()).collect();
        aims.extend(routes_of(prefix).into_iter().map(|(_, method, path, _)| {
            let ask = server.ask(method.as_str(), &format!("{prefix}{}", filled(path)));
            key.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
        }));
    }
    aims
}

/// What the owners of all dialects may ask.
pub async fn owners_requests(site: &Site<'_>) -> Vec<Ask> {
    let server = site.server;
    let mut requests = doors::owners_requests(server).await;
    requests.extend(mediaflow::doors::owners_requests(server).await);
    requests.extend(mediapocket::doors::owners_requests(server).await);
    requests.extend(botdoc::doors::owners_requests(server).await);
    requests.extend(flextype::doors::owners_requests(site).await);
    requests
}

/// A route with something in the place of each name.
fn filled(path: &str) -> String {
    let segment = |segment: &str| if segment.starts_with('{') { "1".to_owned() } else { segment.to_owned() };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

async fn pictures_in_sizes(server: &Server) -> Vec<Ask> {
    let organization = server.organization("Acme").await;
    let token = &organization.token;
    let mut asks = Vec::new();
    for (name, bytes) in [
        ("a.png", pictures::png(64, 48)),
        ("a.txt", b"text".to_vec()),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
    ] {
        let file = server.upload(token, &organization.here(), name, &bytes).await;
        for query in ["", "?size=16>?", "?size=20!20&quality=50", "?size=small&format=webp"] {
            let target = format!("/v1/media/files/{}/contents/{name}{query}", file["id"]);
            asks.push(server.fliplet("GET", &target).token(token));
        }
    }
    let form = Form::new().text("name", "x").file("files[0]", "b.txt", "text/plain", b"b").file(
        "files[1]",
        "c.png",
        "image/png",
        b"c",
    );
    asks.push(
        form.put_in(server.fliplet("POST", &format!("/v1/media/files?{}&auth_token={token}", organization.app()))),
    );
    asks
}

/// The target of a URL that an answer names, as this server has it.
fn behind_host(url: &Value) -> String {
    let url = url.as_str().unwrap_or_else(|| panic!("{url} is no URL"));
    url.splitn(4, '/').nth(3).map(|target| format!("/{target}")).unwrap()
}

async fn mediaflow_urls(server: &Server) -> Vec<Ask> {
    let agent = mediaflow::Agent::new(server).await;
    let id = agent.upload(agent.root, "a.png", &pictures::png(64, 48)).await["id"].clone();
    let file = agent.one(&format!("/1/file/{id}?fields=any")).await;
    let download = agent.one(&format!("/1/file/{id}/downloads/0")).await["downloadURL"].clone();
    let mut asks = Vec::new();
    for key in ["thumbPreview", "smallPreview", "mediumPreview"] {
        if file[key].is_string() {
            asks.push(server.ask("GET", &behind_host(&file[key])));
        }
    }
    let download = behind_host(&download);
    for query in ["", "&w=16&h=16", "&permalink=true", "&x1=0&y1=0&x2=10&y2=10&sw=5&sh=5&format=jpg"] {
        asks.push(server.ask("GET", &format!("{download}{query}")));
    }
    asks.push(server.ask("PUT", &behind_host(&agent.announce(agent.root, "b.txt", 4).await)).body("", b"text"));
    let form = Form::new().file("file", "c.txt", "text/plain", b"text");
    asks.push(form.put_in(server.ask("POST", &behind_host(&agent.announce(agent.root, "c.txt", 4).await))));
    asks.push(mediaflow::ask(server, "GET", &format!("/json/{}", file["mediaId"].as_str().unwrap())));
    asks.push(mediaflow::ask(server, "GET", &format!("/1/oauth2/token?{}", agent.grant())));
    asks.push(
        mediaflow::ask(server, "POST", "/1/oauth2/token").body("application/x-www-form-urlencoded", agent.grant()),
    );
    let client = &agent.keys.client_id;
    let person =
        format!("client_id={client}&client_secret={}&username=a%40example.com&password=x", agent.keys.client_secret);
    asks.push(mediaflow::ask(server, "GET", &format!("/1/oauth2/token?grant_type=password&{person}")));
    let page = format!("/authorize?response_type=code&client_id={client}&redirect_uri=https%3A%2F%2Fapp.example%2F");
    asks.push(mediaflow::ask(server, "GET", &page));
    asks.push(
        mediaflow::ask(server, "POST", &page)
            .body("application/x-www-form-urlencoded", "username=a%40example.com&password=x"),
    );
    asks.push(mediaflow::ask(server, "POST", "/embed").json(&json!({ "id": file["mediaId"], "type": "image" })));
    asks.push(mediaflow::ask(server, "GET", "/images/icon101.gif"));
    asks
}

async fn mediapocket_urls(server: &Server) -> Vec<Ask> {
    let account = mediapocket::Account::new(server).await;
    let file = account.asset("a.png", &pictures::png(64, 48)).await;
    let link = account.link(&file, ("2023-11-28", 1_000)).await;
    let target = mediapocket::account::target_of(&link);
    let (id, media) = (file["id"].as_str().unwrap(), account.media_id(&file).await);
    let told = account.get(&format!("/api/v2/assets/{id}/media/{media}/download_url")).await;
    let mut asks = vec![
        mediapocket::account::ask(server, "GET", &target),
        mediapocket::account::ask(server, "POST", &format!("{target}/open")),
    ];
    let url = told
        .as_object()
        .and_then(|told| told.values().find(|value| value.as_str().is_some_and(|text| text.contains("/s3/"))));
    asks.extend(url.map(|url| server.ask("GET", &behind_host(url))));
    asks
}

async fn botdoc_urls(server: &Server) -> Vec<Ask> {
    let agent = botdoc::Agent::new(server).await;
    let container = agent
        .create("/v1/module_container/container/", &json!({ "page_type": "pushpull", "display_chat": true }))
        .await;
    let about = format!("/v1/module_container/container/{}", container["id"]);
    let recipient = agent.create(&format!("{about}/recipient/"), &json!({ "first_name": "Anna" })).await["id"].clone();
    let item = json!({ "interface_class": "link", "value": "x" });
    agent.create(&format!("/v1/module_container/recipient/{recipient}/recipient_item/"), &item).await;
    let pull = json!({ "container": container["id"], "title": "x" });
    agent.create("/v1/module_container_pull/pull/", &pull).await;
    let sent = agent.ask("POST", &format!("{about}/send_notification/")).send().await.expect(200).json();
    let page = behind_host(&sent[0]["link"]);
    let urlencoded = "application/x-www-form-urlencoded";
    let keys = format!("email={}&api_key={}", agent.keys.email, agent.keys.api_key);
    let token = json!({ "token": agent.token });
    let contact = json!({ "message": "x", "contact": [{ "first_name": "a", "contact_method": [{ "interface_class": "email", "value": "a@example.com" }] }] });
    let ask = |method: &str, target: &str| server.ask(method, target);
    let form = Form::new().file("file", "a.txt", "text/plain", b"text");
    vec![
        ask("POST", "/botdoc/v1/auth/get_token/").body(urlencoded, keys),
        ask("POST", "/botdoc/v1/auth/token_refresh/").json(&token),
        ask("POST", "/botdoc/v1/auth/token_verify/").json(&token),
        ask("GET", &page),
        form.put_in(ask("POST", &format!("{page}/upload"))),
        ask("POST", &format!("{page}/reply")).json(&json!({ "body": "hello" })),
        ask("POST", &format!("{page}/code")).body(urlencoded, "x=1"),
        ask("POST", &format!("{page}/enter")).body(urlencoded, "code=123456"),
        ask("POST", &format!("{page}/done")).body(urlencoded, ""),
        agent.ask("POST", "/v1/request/").json(&contact),
        agent
            .form("b.txt", b"half")
            .text("current_chunk", "1")
            .text("total_chunks", "2")
            .put_in(agent.ask("POST", "/v1/media/")),
        agent.ask("GET", "/v1/media/?page=1&page_size=2"),
    ]
}

async fn site_urls(site: &Site<'_>) -> Vec<Ask> {
    site.put_file("ours/pic.png", &pictures::png(64, 48)).await;
    let find = "/api/media/folders?id=ours&collection=true&options[find][depth]=1&options[sort_by][key]=title&options[limit]=2";
    vec![
        site.ask("GET", "/project/uploads/ours/pic.png"),
        site.ask("GET", "/project/media/ours/file.txt"),
        site.ask("GET", &format!("/api/media/files?id=ours/pic.png&token={FILES}")),
        site.ask("GET", &format!("{find}&token={}", flextype::site::FOLDERS)),
        site.ask("GET", &format!("/api/entries?id=ours&options[where][0][key]=title&options[where][0][operator]=eq&options[where][0][value]=x&token={}", flextype::site::FOLDERS)),
    ]
}
