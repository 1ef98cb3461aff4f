//! Turned on and off and on, with other master keys in between, while the server is killed at any moment: nothing is lost.

use std::time::Duration;

use library::{Ingest, Origin, Right, Upload};
use mediary::Settings;
use serde_json::Value;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{MASTER, secrets};
use crate::support::{
    Ask, Organization,
    client::exchange,
    engines::{on_each_database, share},
    organizations::system,
    server::settings_in,
};

const KILLS: u64 = 20;
const FILES: usize = 60;
const OTHER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// The longest that converting all of it takes.
const LONGEST: Duration = Duration::from_secs(60);

/// Different for each, small and large.
fn bytes_of(at: usize) -> Vec<u8> {
    let mut bytes = secrets(if at.is_multiple_of(7) { 1_500_000 } else { 3_000 + at });
    bytes[..8].copy_from_slice(&(at as u64).to_be_bytes());
    bytes
}

struct Trial {
    settings: Settings,
    organization: Organization,
    ids: Vec<i64>,
    address: std::net::SocketAddr,
}

impl Trial {
    async fn begin(data: &std::path::Path, url: &str) -> Self {
        let mut settings = settings_in(data, url);
        MASTER.clone_into(&mut settings.encryption.master.key);
        let library = mediary::open(&settings).await.unwrap();
        let organization = Organization::found(&library, "Acme").await;
        let actor = library.authenticate(fliplet::REALM, &organization.token, Origin::default()).await.unwrap();
        let root = library.root_folder(&actor, organization.id, Right::Read).await.unwrap();
        let mut ids = Vec::new();
        for at in 0..FILES {
            let body = Box::pin(futures_util::stream::once(async move { Ok(bytes_of(at).into()) }));
            let received = library.receive(&actor, Some(root.id), body).await.unwrap();
            let upload = Upload {
                received,
                name: format!("file-{at}.bin"),
                declared_type: None,
                fields: Vec::new(),
                title: None,
                terms: library::Terms::default(),
            };
            ids.push(library.add_assets(&actor, root.id, vec![upload], Ingest::default()).await.unwrap()[0].id);
        }
        library.close().await;
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { settings, organization, ids, address }
    }

    fn mediary(&self, arguments: &[&str], masters: (&str, &str)) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mediary"));
        command.args(arguments).arg("--data").arg(&self.settings.data).env_remove("DATABASE_URL");
        if !self.settings.database.url.is_empty() {
            command.args(["--database", &self.settings.database.url]);
        }
        command.env("MEDIARY_RENDERER__WORKER", &self.settings.renderer.worker);
        command.env("MEDIARY_ENCRYPTION__MASTER__KEY", masters.0).env("MEDIARY_ENCRYPTION__PREVIOUS__KEY", masters.1);
        command
            .env("MEDIARY_LIMITS__MAX_MEMORY_AGE_MS", "0")
            .env("MEDIARY_LOG__LEVEL", "warn")
            .env("MEDIARY_LOG__ACCESS", "off");
        command.kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str], masters: (&str, &str)) -> Value {
        let output = self.mediary(arguments, masters).output().await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }

    async fn serve(&self, masters: (&str, &str)) -> Child {
        let server = self.mediary(&["serve", "--listen", &self.address.to_string()], masters).spawn().unwrap();
        let answers = async {
            while TcpStream::connect(self.address).await.is_err() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LONGEST, answers).await.expect("the server listens");
        server
    }

    async fn expect_all(&self) {
        for (at, id) in self.ids.iter().enumerate() {
            let target = format!("/fliplet/v1/media/files/{id}/contents");
            let answer =
                Ask::new(self.address, "GET", &target).token(&self.organization.token).send().await.expect(200);
            assert!(answer.body == bytes_of(at), "file {at}");
        }
    }

    /// How much is not yet as it is to be.
    async fn to_convert(&self, masters: (&str, &str)) -> u64 {
        self.run(&["keys", "status"], masters).await["tenants"][0]["to_convert"].as_u64().unwrap()
    }
}

#[test]
fn nothing_is_lost_though_the_server_is_killed_again_and_again() {
    let _shared = share();
    on_each_database(async |_, url| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let trial = Trial::begin(&folder.path().join("data"), url).await;
        let tenant = trial.organization.id.to_string();
        let (mut masters, mut on, mut half_way) = ((MASTER, OTHER), false, 0);
        for kill in 0..KILLS {
            // What a job was doing when its server died is taken up again ten minutes later, unless something is said.
            on = if kill % 4 == 0 { !on } else { on };
            trial.run(&["keys", if on { "on" } else { "off" }, "--tenant", &tenant], masters).await;
            let mut server = trial.serve(masters).await;
            let load = async {
                for id in trial.ids.iter().cycle() {
                    let target = format!("/fliplet/v1/media/files/{id}/contents");
                    let ask = Ask::new(trial.address, "GET", &target).token(&trial.organization.token);
                    let Ok(connection) = TcpStream::connect(trial.address).await else { break };
                    exchange(connection, &ask.bytes()).await;
                }
            };
            let death = async {
                if kill % 5 == 2 {
                    // The keys are wrapped anew, killed half-way or not.
                    masters = (masters.1, masters.0);
                    let mut rotating = trial.mediary(&["keys", "rotate"], masters).spawn().unwrap();
                    sleep(Duration::from_millis(kill * 3)).await;
                    rotating.kill().await.unwrap();
                }
                sleep(Duration::from_millis(20 + 17 * kill)).await;
                server.kill().await.unwrap();
            };
            tokio::join!(load, death);
            half_way += u64::from(trial.to_convert(masters).await > 0);
        }
        assert!(half_way > 2, "it was never killed half-way");
        // Left alone, it comes to its end.
        trial.run(&["keys", if on { "on" } else { "off" }, "--tenant", &tenant], masters).await;
        let mut server = trial.serve(masters).await;
        let ends = async {
            while trial.to_convert(masters).await > 0 {
                trial.run(&["keys", if on { "on" } else { "off" }, "--tenant", &tenant], masters).await;
                sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(LONGEST, ends).await.expect("all is converted");
        trial.expect_all().await;
        server.kill().await.unwrap();
        assert_eq!(
            trial.run(&["keys", "rotate"], masters).await["rotated"].as_u64().map(|rotated| rotated <= 1),
            Some(true)
        );
        let library = mediary::open(&settings_with(&trial.settings, masters.0)).await.unwrap();
        let verified = library.verify(&system(), false, |problem| panic!("{problem:?}")).await.unwrap();
        assert!(verified.blobs as usize >= FILES, "{verified:?}");
        library.close().await;
    });
}

fn settings_with(settings: &Settings, master: &str) -> Settings {
    let mut settings = settings.clone();
    master.clone_into(&mut settings.encryption.master.key);
    settings
}
