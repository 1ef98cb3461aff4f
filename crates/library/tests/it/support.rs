//! A library in a temporary folder, on the engine that a test is given, under a clock that stands still.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use content::ByteRange;
use futures_util::{StreamExt, TryStreamExt, stream};
use library::{
    Actor, Asset, Blobs, Catalog, Clock, Fault, Folder, Founded, Ingest, KeyRing, Library, Limits, MasterKey,
    NewPerson, Origin, Outbound, OutboundConfig, Parts, Plan, Problem, Renderer, RendererConfig, Right, Rights,
    TokenWish, Upload, Videos, VideosConfig, find_program,
};
use sqlx::Connection;
use store::blobs::BlobsConfig;
use tempfile::TempDir;

/// Where the clock stands at first: 2026-01-01.
pub const START_MS: i64 = 1_767_225_600_000;
pub const REALM: &str = "test";

pub struct Bench {
    pub library: Library,
    pub hand: Arc<AtomicI64>,
    pub founded: Founded,
    pub actor: Actor,
    pub folder: Folder,
    pub data: TempDir,
    database: Database,
    limits: Limits,
}

enum Database {
    Sqlite,
    Postgres { server: String, name: String },
}

/// The engines that `MEDIARY_TEST_ENGINES` names; SQLite when it names none.
pub fn engines() -> Vec<String> {
    let named = std::env::var("MEDIARY_TEST_ENGINES").unwrap_or_else(|_| "sqlite".to_owned());
    named.split(',').map(str::to_owned).collect()
}

/// Runs a test on every named engine.
pub async fn on_each_engine<F: Future<Output = ()>>(limits: Limits, test: impl Fn(Bench) -> F) {
    for engine in engines() {
        test(Bench::new(&engine, limits.clone()).await).await;
    }
}

impl Bench {
    pub async fn new(engine: &str, limits: Limits) -> Self {
        let data = tempfile::tempdir().unwrap();
        let database = Database::new(engine).await;
        let (clock, hand) = Clock::held(START_MS);
        let library = open(&data, &database, clock, limits.clone()).await;
        let system = Actor::system(Origin::default());
        let founded = library.found_tenant(&system, "Tenant", person("a@example.com", "admin")).await.unwrap();
        let mut bench =
            Self { folder: founded.root.clone(), actor: system, library, hand, founded, data, database, limits };
        bench.actor = bench.actor_with(Rights::ALL, None, None).await;
        bench.folder = bench.library.create_folder(&bench.actor, bench.founded.root.id, "Things").await.unwrap();
        bench
    }

    /// A second node on the same database, bytes and clock.
    pub async fn second_node(&self) -> Library {
        open(&self.data, &self.database, Clock::Held(Arc::clone(&self.hand)), self.limits.clone()).await
    }

    /// A node that keeps no bytes in memory, and makes these renditions of what comes in.
    pub async fn node(&self, previews: Vec<Plan>) -> Library {
        self.node_of(self.limits.clone(), previews).await
    }

    /// The same with other limits, and no previews.
    pub async fn node_with(&self, limits: Limits) -> Library {
        self.node_of(limits, Vec::new()).await
    }

    async fn node_of(&self, limits: Limits, previews: Vec<Plan>) -> Library {
        let catalog = self.catalog().await;
        let config = BlobsConfig { hot_max_blob_bytes: 0, ..BlobsConfig::default() };
        let clock = Clock::Held(Arc::clone(&self.hand));
        Library::new(parts(catalog, &self.data.path().join("blobs"), config).await, clock, limits, previews)
    }

    /// The rows, as nobody but the library sees them.
    pub async fn catalog(&self) -> Catalog {
        Catalog::open(&self.database.url(&self.data)).await.unwrap()
    }

    pub async fn actor_with(&self, rights: Rights, folder_id: Option<i64>, expires_at: Option<i64>) -> Actor {
        let secret = self.token(rights, folder_id, expires_at).await.1;
        self.library.authenticate(REALM, &secret, Origin::default()).await.unwrap()
    }

    /// The holder of a new key that acts as a certain user.
    pub async fn actor_of(&self, user_id: i64, rights: Rights, folder_id: Option<i64>) -> Actor {
        let wish = TokenWish { user_id, ..self.wish(rights, folder_id, None) };
        let (_, secret) = self.library.add_token(&self.system(), wish).await.unwrap();
        self.library.authenticate(REALM, &secret, Origin::default()).await.unwrap()
    }

    /// A key of the tenant's first user.
    pub fn wish(&self, rights: Rights, folder_id: Option<i64>, expires_at: Option<i64>) -> TokenWish {
        wish(&self.founded, rights, folder_id, expires_at)
    }

    pub async fn token(&self, rights: Rights, folder_id: Option<i64>, expires_at: Option<i64>) -> (i64, String) {
        let wish = self.wish(rights, folder_id, expires_at);
        let (token, secret) = self.library.add_token(&self.system(), wish).await.unwrap();
        (token.id, secret)
    }

    /// Another tenant, and somebody who may do everything in it.
    pub async fn another_tenant(&self) -> (Founded, Actor) {
        let founded =
            self.library.found_tenant(&self.system(), "Tenant", person("a@example.com", "admin")).await.unwrap();
        let (_, secret) =
            self.library.add_token(&self.system(), wish(&founded, Rights::ALL, None, None)).await.unwrap();
        let actor = self.library.authenticate(REALM, &secret, Origin::default()).await.unwrap();
        (founded, actor)
    }

    pub fn system(&self) -> Actor {
        Actor::system(Origin::default())
    }

    pub fn pass(&self, ms: i64) {
        self.hand.fetch_add(ms, Ordering::SeqCst);
    }

    pub async fn upload(&self, name: &str, bytes: &[u8]) -> Result<Asset, Fault> {
        self.upload_to(self.folder.id, name, bytes).await
    }

    pub async fn upload_to(&self, folder_id: i64, name: &str, bytes: &[u8]) -> Result<Asset, Fault> {
        let upload = self.received(name, bytes).await;
        let added = self.library.add_assets(&self.actor, folder_id, vec![upload], Ingest::default()).await?;
        Ok(added.into_iter().next().unwrap())
    }

    pub async fn received(&self, name: &str, bytes: &[u8]) -> Upload {
        let chunks: Vec<_> = bytes.chunks(1000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let body = stream::iter(chunks).boxed();
        let received = self.library.receive(&self.actor, Some(self.folder.id), body).await.unwrap();
        Upload {
            received,
            name: name.to_owned(),
            declared_type: None,
            fields: Vec::new(),
            title: None,
            terms: library::Terms::default(),
        }
    }

    /// What is wrong with rows or bytes.
    pub async fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let verified = self.library.verify(&self.system(), false, |problem| problems.push(problem.clone())).await;
        verified.unwrap();
        problems
    }

    /// Does what no code of ours does.
    pub async fn spoil(&self, sql: &'static str) {
        let mut conn = sqlx::AnyConnection::connect(&self.database.url(&self.data)).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    /// The only file under a folder of the blob store.
    pub fn only_file(&self, kind: &str) -> PathBuf {
        let mut path = self.data.path().join("blobs").join(kind);
        assert_eq!(count(&path), 1, "{}", path.display());
        while path.is_dir() {
            let mut inside = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
            path = inside.find(|path| !path.is_dir() || count(path) > 0).unwrap();
        }
        path
    }

    /// The files under a folder of the blob store.
    pub fn files(&self, kind: &str) -> usize {
        count(&self.data.path().join("blobs").join(kind))
    }
}

pub fn person(email: &str, role: &str) -> NewPerson {
    NewPerson { email: email.to_owned(), full_name: "A Person".to_owned(), role: role.to_owned(), password: None }
}

/// A token of a tenant's first user.
fn wish(founded: &Founded, rights: Rights, folder_id: Option<i64>, expires_at: Option<i64>) -> TokenWish {
    TokenWish {
        tenant_id: founded.tenant.id,
        user_id: founded.admin.id,
        realm: REALM.to_owned(),
        kind: "any".to_owned(),
        name: "a token".to_owned(),
        prefix: String::new(),
        rights,
        folder_id,
        call_limit: None,
        secret: None,
        expires_at,
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Database::Postgres { server, name } = &self.database {
            let (server, name) = (server.clone(), name.clone());
            // The pools of a test end with its runtime; `force` does not wait for that.
            let gone = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(admin(&server, format!("drop database {name} with (force)")));
            });
            gone.join().unwrap();
        }
    }
}

impl Database {
    async fn new(engine: &str) -> Self {
        if engine == "sqlite" {
            return Self::Sqlite;
        }
        assert_eq!(engine, "postgres", "an unknown engine");
        let server = std::env::var("MEDIARY_TEST_POSTGRES_URL").expect("scripts/with-postgres sets the server's url");
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("library_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        admin(&server, format!("create database {name}")).await;
        Self::Postgres { server, name }
    }

    fn url(&self, data: &TempDir) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", data.path().join("library.db").display()),
            Self::Postgres { server, name } => format!("{}/{name}", server.rsplit_once('/').unwrap().0),
        }
    }
}

async fn admin(server: &str, statement: String) {
    sqlx::any::install_default_drivers();
    let mut conn = sqlx::AnyConnection::connect(server).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

async fn open(data: &TempDir, database: &Database, clock: Clock, limits: Limits) -> Library {
    let catalog = Catalog::open(&database.url(data)).await.unwrap();
    let parts = parts(catalog, &data.path().join("blobs"), BlobsConfig::default()).await;
    Library::new(parts, clock, limits, vec![Library::preview_plan()])
}

fn renderer() -> Renderer {
    Renderer::new(RendererConfig {
        worker: worker(),
        workers: 1,
        queue: 64,
        deadline: Duration::from_secs(30),
        limits: Default::default(),
    })
}

/// The master key of every library here: tenants' keys are wrapped by it.
pub fn master_key() -> MasterKey {
    MasterKey::parse(&"5a".repeat(32)).unwrap()
}

async fn parts(catalog: Catalog, root: &std::path::Path, config: BlobsConfig) -> Parts {
    let ring = KeyRing::new(catalog.clone(), vec![master_key()]);
    let config = BlobsConfig { keys: Some(Arc::new(ring.clone())), ..config };
    let blobs = Blobs::disk(root, config).await.unwrap();
    Parts {
        catalog,
        blobs,
        ring,
        renderer: renderer(),
        videos: videos(),
        outbound: outbound(),
        scanner: None,
        default_policies: HashMap::new(),
        scan_policy: library::ScanPolicy::default(),
    }
}

/// Mail goes to a folder that nobody looks into, calls nowhere.
fn outbound() -> Outbound {
    let config = OutboundConfig {
        smtp_url: None,
        from: "mediary@example.com".to_owned(),
        outbox: std::env::temp_dir().join("mediary-outbox-of-tests"),
        allow_private: false,
        sms_webhook: None,
        timeout: Duration::from_secs(5),
    };
    Outbound::new(config).unwrap()
}

fn videos() -> Videos {
    let path = std::env::var_os("PATH").unwrap();
    Videos::new(VideosConfig {
        worker: worker(),
        ffmpeg: find_program("ffmpeg", &path),
        ffprobe: find_program("ffprobe", &path),
        at_once: 1,
        queue: 64,
        deadline: Duration::from_secs(60),
        limits: Default::default(),
    })
}

fn worker() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let worker = here.parent().and_then(std::path::Path::parent).unwrap().join("media-worker");
    assert!(worker.exists(), "{} is missing; build it: cargo build -p media", worker.display());
    worker
}

fn count(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

pub async fn read(content: &content::Content) -> Vec<u8> {
    let chunks: Vec<Bytes> = content.body.read(ByteRange::whole(content.body.len())).try_collect().await.unwrap();
    chunks.concat()
}

/// A PNG of one colour.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[90, 140, 200].repeat((width * height) as usize)).unwrap();
    writer.finish().unwrap();
    bytes
}

pub fn only(right: Right) -> Rights {
    Rights::NONE.with(right)
}
