//! No statement that a request waits for reads more than it needs: each follows an index, on both engines. A child process
//! calls every method of the catalog while it listens to sqlx; what it hears is every statement there is, and the engines
//! explain each. Those of `verify` read whole tables, and are only heard.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::{AnyConnection, AssertSqlSafe, Row};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use super::{
    child,
    engines::{Database, Engine, on_each_engine},
    plans_rows::fill_postgres,
    plans_walk::{call_every_method, verify_everything},
};

/// What a statement may do that others may not: a part of it, the fault, and why that does no harm.
const MAY: &[(&str, Fault, &str)] = &[
    ("from tenants order by id", Fault::WholeTable, "it ends at its limit, and it is the command line's"),
    ("from tenants order by id", Fault::WholeIndex, "the same"),
    ("order by position", Fault::Sorts, "the fields of one asset are few, and their order is not that of their key"),
    ("order by asset_id, position", Fault::Sorts, "the same of some dozen assets"),
    ("from signing_keys", Fault::WholeTable, "there are one or two, and nodes remember them"),
    ("from signing_keys", Fault::WholeIndex, "the same"),
    ("from near cross join", Fault::Sorts, "hits among the names that were looked at, which are bounded"),
    ("from named", Fault::Sorts, "the same"),
    (
        "from folders f cross join assets a",
        Fault::Sorts,
        "what lies below a folder or in the trash, when that is little",
    ),
    ("path > $3 and path < $4 and id + 0", Fault::Sorts, "the same"),
    ("from walked order by at", Fault::Sorts, "a path's next eight slugs"),
    ("group by n.tenant_id", Fault::Sorts, "one batch of a copy"),
    ("n.folder_id + 0", Fault::OtherTenants, "ids that were given out a moment ago: between them are few of others"),
    ("with recursive trash", Fault::Sorts, "the tallies of what is in the trash"),
    ("sum(r.live + r.bare)", Fault::OtherTenants, "a run of 1024 ids, whosever they are"),
    ("as due from assets a", Fault::OtherTenants, "a page of what is to be scanned, whosever it is"),
    (
        "as waiting from (select id from jobs where kind = 'scan'",
        Fault::WholeIndex,
        "it ends at its limit, and the index holds nothing but what it counts",
    ),
    ("b.dead_at is null group by 3", Fault::Sorts, "it is the command line's, and has two rows to sort by"),
    ("b.dead_at is null group by 2", Fault::Sorts, "the same"),
    ("b.dead_at is null group by 2", Fault::WholeIndex, "it costs by what there is, and is asked by a person"),
    ("j.kind = 'convert'", Fault::WholeTable, "it is asked once a day"),
    ("j.kind = 'convert'", Fault::WholeIndex, "the same"),
    ("from tenant_keys where id >", Fault::OtherTenants, "it is a server's that starts, and the command line's"),
    ("place is null limit 1", Fault::WholeIndex, "the index holds nothing but what is looked for"),
    ("place is null limit 1", Fault::WholeTable, "the same, as SQLite tells it"),
    ("place is null order by id", Fault::WholeIndex, "the same"),
    ("place is null order by id", Fault::WholeTable, "the same"),
    ("some_jobs group by kind", Fault::Sorts, "ten thousand at most, and it is asked every few seconds at most"),
    ("due_jobs group by kind", Fault::Sorts, "the same"),
    (
        "scan = 'infected' limit",
        Fault::WholeIndex,
        "it ends at its limit, and the index holds nothing but what it counts",
    ),
    ("scan = 'infected' limit", Fault::WholeTable, "the same, as SQLite tells it"),
    ("from audit where place", Fault::OtherTenants, "it is the command line's"),
    ("from audit_chain", Fault::WholeTable, "it has one row"),
    ("update verdicts set engine = ''", Fault::WholeTable, "it is the command line's"),
    ("part_count > 0 order by id desc limit 1", Fault::Sorts, "an asset comes by one upload"),
    ("both_runs order by id desc", Fault::Sorts, "a page of each of two runs"),
    (
        "both_runs order by id limit",
        Fault::Sorts,
        "what lies directly in one folder, of which no index knows the order",
    ),
    (
        "where a.folder_id = $1 and a.deleted_at is null and a.state <> 'placeholder' order by a.id desc",
        Fault::Sorts,
        "what lies directly in one folder, of which no index knows the order",
    ),
];

/// The index by which SQLite passes over the jobs of all other lanes, by a part of a lane's statements.
const LANES: &[(&str, &str)] = &[
    ("kind = 'dispatch'", "jobs_going_out"),
    ("kind = 'fetch'", "jobs_fetching"),
    ("kind = 'scan'", "jobs_scanning"),
    ("kind not in ('dispatch', 'fetch', 'scan')", "jobs_working"),
];

/// What a statement should not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It reads a whole table.
    WholeTable,
    /// It reads a whole index.
    WholeIndex,
    /// It reads what is other tenants'.
    OtherTenants,
    /// It sorts.
    Sorts,
}

#[test]
fn every_statement_follows_an_index() {
    on_each_engine(async |database| {
        let statements = every_statement(database);
        let mut conn = database.connect().await;
        if database.engine == Engine::Postgres {
            fill_postgres(&mut conn).await;
            // Even so the tables are small enough to be read whole and sorted; what counts is that they need not be.
            let settings = "set enable_seqscan = off; set enable_bitmapscan = off; set enable_mergejoin = off; \
                 set enable_hashjoin = off; set plan_cache_mode = force_generic_plan";
            sqlx::raw_sql(settings).execute(&mut conn).await.unwrap();
        }
        let mut complaints = Vec::new();
        for statement in &statements {
            let plan = match database.engine {
                Engine::Sqlite => explain_sqlite(&mut conn, statement).await,
                Engine::Postgres => explain_postgres(&mut conn, statement).await,
            };
            let may = |fault| MAY.iter().any(|(part, may, _)| *may == fault && statement.contains(part));
            for fault in faults(database.engine, statement, &plan).into_iter().filter(|fault| !may(*fault)) {
                complaints.push(format!("{fault:?}: {statement}\n    {}", plan.join("\n    ")));
            }
        }
        // PostgreSQL chooses by how many jobs of other lanes there are; SQLite does not know that.
        let of_a_lane = |statement: &String| {
            database.engine == Engine::Sqlite && statement.contains("from jobs where state = 'waiting' and run_at <=")
        };
        for statement in statements.iter().filter(|statement| of_a_lane(statement)) {
            let (_, index) = LANES.iter().find(|(part, _)| statement.contains(part)).unwrap();
            let plan = explain_sqlite(&mut conn, statement).await;
            if !plan.iter().any(|line| line.contains(index)) {
                complaints.push(format!("not by {index}: {statement}\n    {}", plan.join("\n    ")));
            }
        }
        assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    });
}

/// Every statement of the catalog that a request may wait for, heard from a child process that calls every method.
fn every_statement(database: &Database) -> BTreeSet<String> {
    let mut child = child::command("catalog::plans::say_every_statement", &database.url).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut heard, mut line) = (BTreeSet::new(), String::new());
    while output.read_line(&mut line).unwrap() > 0 {
        heard.extend(child::heard(&line).map(str::to_owned));
        line.clear();
    }
    assert!(child.wait().unwrap().success());
    // What asks whether the database answers reads nothing.
    heard.remove("select 1");
    let written = written_statements(database.engine);
    let listed: Vec<_> = heard.iter().collect();
    assert_eq!(listed.len(), written.len(), "the walk must run every statement: {written:#?} {listed:#?}");
    heard.retain(|statement| !statement.starts_with(OF_VERIFY));
    heard
}

/// The names of all statements in the source that the engine runs: each is a constant.
fn written_statements(engine: Engine) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = Vec::new();
    let other_engine = match engine {
        Engine::Sqlite => "postgres.rs",
        Engine::Postgres => "sqlite.rs",
    };
    for folder in [
        "",
        "assets",
        "audit",
        "catalog",
        "encryption",
        "folders",
        "renditions",
        "search",
        "uploads",
        "uploads/chunks",
        "verify",
    ] {
        for entry in std::fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() || path.ends_with(other_engine) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for constant in text.split("\nconst ").skip(1) {
                // A lane is two: whether anything is due, and taking it.
                if let Some((name, _)) =
                    constant.split_once(": (&str, &str) = lane!(").filter(|(name, _)| !name.contains('\n'))
                {
                    names.extend(
                        ["due", "claim"].map(|what| format!("{} {name} {what}", path.file_stem().unwrap().display())),
                    );
                }
                let (name, rest) = constant.split_once(": &str =").unwrap_or_default();
                let value = rest.split(";\n").next().unwrap();
                let verbs = ["select", "insert into", "update", "delete from", "page_start!"];
                if !name.contains('\n') && verbs.iter().any(|verb| value.contains(verb)) {
                    names.push(format!("{} {name}", path.file_stem().unwrap().display()));
                }
            }
        }
    }
    names
}

/// What is wrong with a plan.
fn faults(engine: Engine, statement: &str, plan: &[String]) -> Vec<Fault> {
    let any = |word: &str| plan.iter().any(|line| line.contains(word));
    let count = |word: &str| plan.iter().filter(|line| line.contains(word)).count();
    let found = match engine {
        Engine::Sqlite => [
            (Fault::WholeTable, plan.iter().any(|line| scans_a_table(line, statement, plan))),
            (Fault::OtherTenants, any("INTEGER PRIMARY KEY (rowid>")),
            (Fault::Sorts, any("TEMP B-TREE")),
        ],
        Engine::Postgres => [
            (Fault::WholeTable, any("Seq Scan")),
            (Fault::WholeIndex, count("Index Scan") + count("Index Only Scan") > count("Index Cond")),
            (Fault::Sorts, any("Sort")),
        ],
    };
    found.into_iter().filter(|(_, is_so)| *is_so).map(|(fault, _)| fault).collect()
}

/// SQLite says of what a part of the statement gave, and of a virtual table however it is searched, that it scans it.
fn scans_a_table(line: &str, statement: &str, plan: &[String]) -> bool {
    let Some(name) = line.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { return false };
    let words: Vec<_> = statement.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let is_called = |what: &str| what == name || words.windows(2).any(|pair| pair == [what, name]);
    let given = plan.iter().filter_map(|line| line.strip_prefix("CO-ROUTINE ").or(line.strip_prefix("MATERIALIZE ")));
    !line.contains("VIRTUAL TABLE") && !given.into_iter().any(is_called) && TABLES.into_iter().any(is_called)
}

const TABLES: [&str; 32] = [
    "assets",
    "audit",
    "blobs",
    "collection_assets",
    "collection_users",
    "collections",
    "dispatches",
    "download_log",
    "downloads",
    "fetches",
    "fields",
    "folders",
    "image_details",
    "jobs",
    "link_visits",
    "links",
    "name_counters",
    "names",
    "records",
    "removals",
    "rendition_tallies",
    "renditions",
    "tags",
    "tallies",
    "tenant_tallies",
    "tenant_use",
    "tenants",
    "tokens",
    "upload_parts",
    "uploads",
    "users",
    "versions",
];

async fn explain_sqlite(conn: &mut AnyConnection, statement: &str) -> Vec<String> {
    // A new row cannot orphan another: SQLite writes the search for orphans into the plan and then leaves it out.
    let foreign_keys = format!("pragma foreign_keys = {}", if statement.starts_with("insert") { "off" } else { "on" });
    sqlx::raw_sql(AssertSqlSafe(foreign_keys)).execute(&mut *conn).await.unwrap();
    let sql = AssertSqlSafe(format!("explain query plan {statement}"));
    let rows = sqlx::raw_sql(sql).fetch_all(conn).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

async fn explain_postgres(conn: &mut AnyConnection, statement: &str) -> Vec<String> {
    let parameters = (1..40).take_while(|number| statement.contains(&format!("${number}"))).count();
    let values = match parameters {
        0 => String::new(),
        count => format!("({})", vec!["null"; count].join(", ")),
    };
    // The index of names is read in no other way.
    let bitmaps = if statement.contains("name_key like $7 limit") { "on" } else { "off" };
    sqlx::raw_sql(AssertSqlSafe(format!("set enable_bitmapscan = {bitmaps}"))).execute(&mut *conn).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("prepare it as {statement}"))).execute(&mut *conn).await.unwrap();
    let sql = AssertSqlSafe(format!("explain execute it{values}"));
    let rows = sqlx::raw_sql(sql).fetch_all(&mut *conn).await.unwrap();
    sqlx::raw_sql("deallocate it").execute(conn).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
#[ignore = "the child process of every_statement_follows_an_index"]
fn say_every_statement() {
    let Some(url) = child::url() else { return };
    tracing::subscriber::set_global_default(Listener::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(call_every_method(&url));
    VERIFIES.store(true, Ordering::Relaxed);
    runtime.block_on(verify_everything(&url));
}

/// Whether `verify` is at work.
static VERIFIES: AtomicBool = AtomicBool::new(false);

/// Before a statement that nothing but `verify` runs.
const OF_VERIFY: &str = "verify: ";

/// Says each statement that sqlx runs once.
#[derive(Default)]
struct Listener {
    heard: Mutex<BTreeSet<String>>,
}

struct Statement(String);

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "db.statement" if !value.is_empty() => value.trim().clone_into(&mut self.0),
            // A statement of four words or less is its own summary.
            "summary" if self.0.is_empty() => value.clone_into(&mut self.0),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, event: &Event<'_>) {
        let mut statement = Statement(String::new());
        event.record(&mut statement);
        let known = ["select ", "insert into ", "update ", "delete from ", "with "];
        let ours = known.iter().any(|word| statement.0.starts_with(word)) && !statement.0.contains("_sqlx_");
        if ours && self.heard.lock().unwrap().insert(statement.0.clone()) {
            let of = if VERIFIES.load(Ordering::Relaxed) { OF_VERIFY } else { "" };
            child::say(&format!("{of}{}", statement.0));
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}
