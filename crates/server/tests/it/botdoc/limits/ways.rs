//! The limit is one for all APIs: a download by any of them is one less for the others, and what is used up is so everywhere.

use serde_json::{Value, json};

use super::{PATHS, count, download, expect_used_up};
use crate::{
    botdoc::{
        Agent,
        together::others::{Others, not_in_flextype, refused_by_flow},
    },
    support::{Answer, Server, forms::Form, on_each_engine, on_each_engine_with, pictures},
};

#[derive(Debug, Clone, Copy)]
pub enum Way {
    Botdoc(usize),
    Contents,
    Small,
    Package,
    Flow,
    Link,
}

pub const WAYS: [Way; 8] =
    [Way::Botdoc(0), Way::Botdoc(1), Way::Botdoc(2), Way::Contents, Way::Small, Way::Package, Way::Flow, Way::Link];

/// A media in a request that somebody has a link to, and all who may have it.
pub struct Scene<'a> {
    pub agent: Agent<'a>,
    pub others: Others<'a>,
    pub request: Value,
    code: String,
    /// The slug of the request's folder.
    folder: String,
}

impl<'a> Scene<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let agent = Agent::new(server).await;
        let others = Others::of(&agent).await;
        let contact = json!({ "first_name": "Ann", "contact_method": [{ "interface_class": "link", "value": "7" }] });
        let request = agent.create("/v1/request/", &json!({ "contact": [contact] })).await["id"].clone();
        let send = agent.ask("POST", &format!("/v1/request/{request}/send_notification/")).send().await.expect(200);
        let link = send.json()[0]["link"].as_str().unwrap().to_owned();
        let code = link.rsplit('/').next().unwrap().to_owned();
        let folders = format!("?organizationId={}", agent.organization.id);
        let listing = others.fliplet("GET", &folders).send().await.expect(200).json();
        let folder = listing["folders"].as_array().unwrap().iter().find(|folder| folder["id"] == request).unwrap();
        let folder = folder["name"].as_str().unwrap().to_lowercase().replace(' ', "-");
        Self { agent, others, request, code, folder }
    }

    /// Gets tokens of now.
    pub async fn renew(&mut self) {
        self.agent.token = self.agent.new_token().await;
        self.others.flow.token = self.others.flow.new_token().await;
    }

    /// The path of its media.
    pub fn path(&self) -> String {
        format!("{}/picture.jpg", self.folder)
    }

    pub async fn media(&self, bytes: &[u8]) -> Value {
        let form = Form::new().file("file", "picture.jpg", "image/jpeg", bytes);
        let form = form.text("request", self.request.to_string());
        form.put_in(self.agent.ask("POST", "/v1/media/")).send().await.expect(201).json()
    }

    pub async fn fetch(&self, media: &Value, way: Way) -> Answer {
        let id = &media["id"];
        match way {
            Way::Botdoc(which) => self.agent.ask("GET", &format!("/v1/{}/{id}/download/", PATHS[which])).send().await,
            Way::Contents => self.others.fliplet("GET", &format!("files/{id}/contents")).send().await,
            Way::Small => self.others.fliplet("GET", &format!("files/{id}/contents?size=640")).send().await,
            Way::Package => self.others.fliplet("GET", &format!("zip?files={id}")).send().await,
            Way::Flow => {
                let url = self.others.flow.one(&format!("/1/file/{id}/downloads/0")).await["downloadURL"].clone();
                self.others.flow.fetch(&url).await
            }
            Way::Link => {
                let target = format!("/botdoc/s/{}/media/{id}/picture.jpg", self.code);
                self.agent.server.ask("GET", &target).send().await
            }
        }
    }

    /// Asserts that a way is closed, in the words of its API.
    async fn expect_closed(&self, media: &Value, way: Way) {
        let answer = self.fetch(media, way).await;
        match way {
            Way::Botdoc(_) => expect_used_up(answer),
            Way::Contents | Way::Small => assert_eq!(answer.refused(401).json()["error"], "file.access"),
            // There is nothing to pack.
            Way::Package => drop(answer.refused(404)),
            Way::Flow => assert_eq!(refused_by_flow(answer, 403), "The file can not be downloaded any more"),
            Way::Link => {
                let answer = answer.expect(403);
                assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
            }
        }
    }
}

#[test]
fn each_way_counts_for_all() {
    on_each_engine_with(
        |settings| settings.botdoc.max_downloads = 2,
        async |server| {
            let scene = Scene::new(server).await;
            for (at, way) in WAYS.into_iter().enumerate() {
                let bytes = pictures::jpeg(1_000 + at, 800);
                let media = scene.media(&bytes).await;
                let answer = scene.fetch(&media, way).await.expect(200);
                match way {
                    Way::Small | Way::Package => assert!(!answer.body.is_empty()),
                    _ => assert!(answer.body == bytes, "{way:?}"),
                }
                assert_eq!(count(&scene.agent, &media).await, 1, "{way:?}");
                download(&scene.agent, &media, "GET").send().await.expect(200);
                for closed in WAYS {
                    scene.expect_closed(&media, closed).await;
                }
                assert_eq!(count(&scene.agent, &media).await, 2, "{way:?}");
            }
        },
    );
}

#[test]
fn nobody_without_a_key_sees_anything_of_it() {
    on_each_engine(async |server| {
        let scene = Scene::new(server).await;
        let media = scene.media(&pictures::jpeg(1_000, 800)).await;
        let id = &media["id"];
        server.settle().await;
        let file = scene.others.fliplet("GET", &format!("files/{id}")).send().await.expect(200).json();
        for path in [
            format!("/v1/media/files/{id}/contents"),
            format!("/v1/media/files/{id}/contents?size=small"),
            format!("/v1/media/files/{id}/thumb/preview.jpg"),
            format!("/{}", file["path"].as_str().unwrap()),
        ] {
            assert_eq!(
                server.fliplet("GET", &path).send().await.refused(401).json()["error"],
                "not authorised",
                "{path}"
            );
        }
        // Those who may read it do see the thumbnail, which is free.
        let thumbnail = scene.others.fliplet("GET", &format!("files/{id}/thumb/preview.jpg")).send().await.expect(200);
        assert_eq!(pictures::measure(&thumbnail.body).0, "image/jpeg");
        let flow = &scene.others.flow;
        let of_flow = flow.one(&format!("/1/file/{id}?fields=any")).await;
        assert_eq!(of_flow["hasPreview"], false);
        for key in ["thumbPreview", "smallPreview", "mediumPreview"] {
            // Not the picture, but what stands for any.
            let path = flow.path_of(&of_flow[key]);
            assert!(path.starts_with("/images/icon"), "{key} is {path}");
        }
        let code = of_flow["mediaId"].as_str().unwrap();
        refused_by_flow(server.ask("GET", &format!("/mediaflow/json/{code}")).send().await, 404);
        scene.others.flextype_file(&scene.path()).await.expect(200);
        for prefix in ["uploads", "media"] {
            let target = format!("/flextype/project/{prefix}/{}", scene.path());
            not_in_flextype(&server.ask("GET", &target).send().await);
        }
        for path in PATHS {
            let answer = server.ask("GET", &format!("/botdoc/v1/{path}/{id}/download/")).send().await.expect(401);
            assert_eq!(answer.json(), json!({ "detail": "Authentication credentials were not provided." }));
        }
        server.ask("GET", &format!("/botdoc/s/AAAAAAAAAAAAAAAA/media/{id}/picture.jpg")).send().await.expect(404);
        assert_eq!(count(&scene.agent, &media).await, 0);
    });
}
