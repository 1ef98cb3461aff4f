//! The death of the machine can not be tried, but the order of what is asked of the kernel can be seen: what is told to a
//! client is durable by then, and at no moment is there a row without its bytes.

mod trace;
mod traced;

use std::path::PathBuf;

use library::JobState;
use tempfile::TempDir;

use self::{
    trace::{Call, Trace},
    traced::{Traced, run},
};
use crate::support::{
    Ask, Organization,
    engines::{Engine, on_each_database, share},
    forms::Form,
    organizations::system,
    server::settings_in,
};

const WAL: &str = "/library.db-wal";
const SMALL_BYTES: usize = 50_000;
/// Too large to be written in one go.
const LARGE_BYTES: usize = 3_000_000;

#[test]
fn an_upload_is_acknowledged_after_its_bytes_its_name_and_its_row_are_durable() {
    on_each_database(async |engine, url| {
        let _shared = share();
        let case = Case::begin(engine, url).await;
        let server = case.serve().await;
        for bytes in [SMALL_BYTES, LARGE_BYTES] {
            case.upload(&server, bytes).await;
        }
        let trace = server.stop().await;
        let (_, small) = case.expect_order_of_upload(&trace, None, SMALL_BYTES);
        case.expect_order_of_upload(&trace, Some(small), LARGE_BYTES);
    });
}

#[test]
fn bytes_go_only_after_their_row() {
    on_each_database(async |engine, url| {
        let _shared = share();
        let case = Case::begin(engine, url).await;
        let server = case.serve().await;
        let id = case.upload(&server, SMALL_BYTES).await;
        for target in [format!("files/{id}"), format!("deleted/files/{id}")] {
            let ask = Ask::new(server.address, "DELETE", &format!("/fliplet/v1/media/{target}"));
            ask.token(&case.organization.token).send().await.expect(200);
        }
        let served = server.stop().await;
        let key = case.expect_order_of_upload(&served, None, SMALL_BYTES).0;
        let mut last = served.first("the upload is answered", |call| call.sends("HTTP/1.1 201"));
        for what in ["it is put in the trash", "it is purged"] {
            let told = served.after(last, what, |call| case.tells_database(call));
            last = served.after(last, "that is answered", |call| call.sends("HTTP/1.1 200"));
            case.expect_durable(&served, told, last);
        }
        assert_eq!(served.all(|call| call.takes_away(&format!("originals/{}/{key}", &key[..2]))).count(), 0);

        let looked = case.collect(Some("--dry-run")).await;
        assert_eq!(looked.all(|call| call.takes_away(&key) || call.writes_to(WAL)).count(), 0, "it only looks");
        let collected = case.collect(None).await;
        case.expect_order_of_collection(&collected, &key);
    });
}

/// A library, and whoever uses it.
struct Case {
    engine: Engine,
    url: String,
    data: PathBuf,
    organization: Organization,
    _folder: TempDir,
}

impl Case {
    async fn begin(engine: Engine, url: &str) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let data = folder.path().join("data");
        let library = mediary::open(&settings_in(&data, url)).await.unwrap();
        let organization = Organization::found(&library, "Acme").await;
        library.close().await;
        Self { engine, url: url.to_owned(), data, organization, _folder: folder }
    }

    /// A server that has done what it does first of all, so that nobody but us makes it write.
    async fn serve(&self) -> Traced {
        let server = Traced::serve(&self.data, &self.url).await;
        let library = mediary::open(&settings_in(&self.data, &self.url)).await.unwrap();
        let count = async |state| library.jobs(&system(), state, 0, 10).await.unwrap().len();
        while count(JobState::Done).await == 0 || count(JobState::Waiting).await + count(JobState::Running).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        library.close().await;
        server
    }

    /// Uploads a file of so many bytes; its id.
    async fn upload(&self, server: &Traced, bytes: usize) -> i64 {
        let target = format!("/fliplet/v1/media/files?{}", self.organization.here());
        let ask = Ask::new(server.address, "POST", &target).token(&self.organization.token);
        let answer = Form::new().file("files[0]", "a.txt", "", &vec![b'a'; bytes]).put_in(ask).send().await;
        answer.expect(201).json()["files"][0]["id"].as_i64().unwrap()
    }

    async fn collect(&self, argument: Option<&str>) -> Trace {
        run(&self.data, &self.url, "gc", argument).await
    }

    /// One upload, the first after `earlier`, from its first byte to its answer. The key of the blob, and the answer.
    fn expect_order_of_upload<'a>(&self, trace: &'a Trace, earlier: Option<&Call>, bytes: usize) -> (String, &'a Call) {
        let is_later = |call: &Call| earlier.is_none_or(|earlier| call.begin > earlier.end);
        let named = |call: &Call| is_later(call) && call.renames("/staging/", "/originals/");
        let key = trace.first("bytes get their name", named).file_name();
        let (staged, shard) = (format!("/staging/{key}"), format!("/originals/{}", &key[..2]));
        let writes: Vec<&Call> = trace.all(|call| call.writes_to(&staged)).collect();
        assert_eq!(writes.iter().map(|call| call.result).sum::<i64>(), i64::try_from(bytes).unwrap());
        let last = writes.into_iter().max_by_key(|call| call.end).unwrap();
        let synced = trace.after(last, "the bytes are synced", |call| call.syncs(&staged));
        let named = trace.after(synced, "they get their name", |call| call.renames(&staged, &shard));
        let listed = trace.after(named, "the name is synced", |call| call.syncs(&shard));
        assert_eq!(trace.all(|call| call.writes_to(&format!("{shard}/{key}"))).count(), 0, "no byte changes any more");
        // The first that the database hears of them: its statements and its pages hold the key.
        let row = trace.first("the row is written", |call| self.tells_database(call) && call.holds(key));
        assert!(row.begin > listed.end, "a row points at what is not durable");
        let answer = trace.first("it is answered", |call| is_later(call) && call.sends("HTTP/1.1 201"));
        self.expect_durable(trace, row, answer);
        (key.to_owned(), answer)
    }

    /// A dead blob from its row to the holding area.
    fn expect_order_of_collection(&self, trace: &Trace, key: &str) {
        let shard = format!("/originals/{}", &key[..2]);
        let own = format!("{shard}/{key}");
        let deleted = match self.engine {
            // It writes nothing else: a mere look writes nothing at all.
            Engine::Sqlite => trace.first("the row is deleted", |call| call.writes_to(WAL)),
            Engine::Postgres => trace.first("the row is deleted", |call| call.sends("delete from blobs")),
        };
        let dated = trace.first("the time is synced", |call| call.syncs(&own));
        self.expect_durable(trace, deleted, dated);
        let held = trace.after(dated, "the bytes are moved", |call| call.renames(&own, "/holding/"));
        assert_eq!(trace.first("the bytes go", |call| call.takes_away(&own)).begin, held.begin);
        let listed = trace.after(held, "their new name is synced", |call| call.syncs("/holding"));
        trace.after(listed, "the loss of the old one is synced", |call| call.syncs(&shard));
    }

    fn tells_database(&self, call: &Call) -> bool {
        match self.engine {
            Engine::Sqlite => call.writes_to(WAL),
            Engine::Postgres => call.sends(""),
        }
    }

    /// What the database was told is durable before something else happens: its log is synced, and no more of it written
    /// by then; or its server was told to commit.
    #[track_caller]
    fn expect_durable(&self, trace: &Trace, told: &Call, before: &Call) {
        let between = |call: &Call| call.begin > told.end && call.end < before.begin;
        match self.engine {
            Engine::Sqlite => {
                let synced = trace.all(|call| between(call) && call.syncs(WAL)).last();
                let synced = synced.expect("the log is not synced by then");
                let later =
                    trace.all(|call| call.writes_to(WAL) && call.end > synced.begin && call.begin < before.begin);
                assert_eq!(later.count(), 0, "a part of the log is not synced by then");
            }
            Engine::Postgres => {
                assert!(trace.all(|call| between(call) && call.sends("COMMIT")).count() > 0, "not committed by then");
            }
        }
    }
}
