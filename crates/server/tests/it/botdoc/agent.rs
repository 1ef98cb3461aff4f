//! An account of Botdoc with a key, and requests in its name.

use botdoc::{Keys, KeysWish};
use library::{Fault, Library, NewPerson, Rights};
use serde_json::Value;

use crate::support::{Answer, Ask, Organization, Server, forms::Form, organizations::system};

/// Somebody with a key and a token.
pub struct Agent<'a> {
    pub server: &'a Server,
    pub organization: Organization,
    pub keys: Keys,
    pub token: String,
    /// A request that never ends.
    pub request: i64,
}

impl<'a> Agent<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let organization = server.organization("Acme").await;
        Self::with(server, organization, Rights::ALL, None).await
    }

    /// With another key of the same organization.
    pub async fn with(server: &'a Server, organization: Organization, rights: Rights, folder_id: Option<i64>) -> Self {
        let wish = KeysWish {
            tenant_id: organization.id,
            user_id: organization.user_id,
            email: "somebody@example.com".to_owned(),
            name: "Made by a test".to_owned(),
            rights,
            folder_id,
        };
        let keys = botdoc::add_keys(&server.library, &system(), &wish).await.unwrap();
        add_service_user(&server.library, organization.id).await;
        let owner = organization.user_id;
        let request = botdoc::found_request(&server.library, &system(), organization.id, owner).await.unwrap();
        let mut agent = Self { server, organization, keys, token: String::new(), request };
        agent.token = agent.new_token().await;
        agent
    }

    pub async fn new_token(&self) -> String {
        let body = format!("email={}&api_key={}", self.keys.email, self.keys.api_key);
        let ask = ask(self.server, "POST", "/v1/auth/get_token/").body("application/x-www-form-urlencoded", body);
        ask.send().await.expect(200).json()["token"].as_str().unwrap().to_owned()
    }

    pub fn ask(&self, method: &str, target: &str) -> Ask {
        ask(self.server, method, target).header("Authorization", format!("JWT {}", self.token))
    }

    /// What a GET answers with.
    pub async fn get(&self, target: &str) -> Value {
        self.ask("GET", target).send().await.expect(200).json()
    }

    /// What a POST of JSON creates.
    pub async fn create(&self, target: &str, body: &Value) -> Value {
        self.ask("POST", target).json(body).send().await.expect(201).json()
    }

    /// A form with a file for the account's request, the file first as the seed has it.
    pub fn form(&self, name: &str, bytes: &[u8]) -> Form {
        Form::new().file("file", name, "application/octet-stream", bytes).text("request", self.request.to_string())
    }

    /// Creates a media of one chunk; its object.
    pub async fn media(&self, name: &str, bytes: &[u8]) -> Value {
        self.form(name, bytes).put_in(self.ask("POST", "/v1/media/")).send().await.expect(201).json()
    }

    pub async fn download(&self, media: &Value) -> Answer {
        self.ask("GET", &format!("/v1/media/{}/download/", media["id"])).send().await
    }
}

/// What nobody in person makes belongs to this user, as after `mediary init`.
pub async fn add_service_user(library: &Library, tenant_id: i64) {
    let service = NewPerson {
        email: "service@mediary.invalid".to_owned(),
        full_name: "Service".to_owned(),
        role: "service".to_owned(),
        password: None,
    };
    match library.add_user(&system(), tenant_id, service).await {
        Ok(_) | Err(Fault::Conflict(_)) => {}
        Err(fault) => panic!("{fault}"),
    }
}

/// A request to the dialect, by what follows the mount.
pub fn ask(server: &Server, method: &str, target: &str) -> Ask {
    server.ask(method, &format!("/botdoc{target}"))
}
