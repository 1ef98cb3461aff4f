//! No statement reads more than it needs: each follows an index, on both engines. A child process calls every method of
//! the catalog while it listens to sqlx; what it hears is every statement there is, and the engines explain each.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    path::Path,
    sync::Mutex,
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
    plans_walk::call_every_method,
};

/// The one list of everything: it ends at its limit, and it is the command line's.
const ALL_TENANTS: &str = "from tenants order by id";

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
        for statement in statements.iter().filter(|statement| !statement.contains(ALL_TENANTS)) {
            let plan = match database.engine {
                Engine::Sqlite => explain_sqlite(&mut conn, statement).await,
                Engine::Postgres => explain_postgres(&mut conn, statement).await,
            };
            if let Some(why) = faults(database.engine, statement, &plan) {
                complaints.push(format!("{why}: {statement}\n    {}", plan.join("\n    ")));
            }
        }
        assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    });
}

/// Every statement of the catalog, heard from a child process that calls every method.
fn every_statement(database: &Database) -> BTreeSet<String> {
    let mut child = child::command("catalog::plans::say_every_statement", &database.url).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut statements, mut line) = (BTreeSet::new(), String::new());
    while output.read_line(&mut line).unwrap() > 0 {
        statements.extend(child::heard(&line).map(str::to_owned));
        line.clear();
    }
    assert!(child.wait().unwrap().success());
    // What asks whether the database answers reads nothing.
    statements.remove("select 1");
    let written = written_statements();
    let heard: Vec<_> = statements.iter().collect();
    assert_eq!(heard.len(), written.len(), "the walk must run every statement: {written:#?} {heard:#?}");
    statements
}

/// The names of all statements in the source: each is a constant.
fn written_statements() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = Vec::new();
    for folder in [source.clone(), source.join("assets"), source.join("folders")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for constant in text.split("\nconst ").skip(1) {
                let (name, rest) = constant.split_once(": &str =").unwrap_or_default();
                let value = rest.split(";\n").next().unwrap();
                let verbs = ["select", "insert into", "update", "delete from"];
                if !name.contains('\n') && verbs.iter().any(|verb| value.contains(verb)) {
                    names.push(format!("{} {name}", path.file_stem().unwrap().display()));
                }
            }
        }
    }
    names
}

/// What is wrong with a plan, if anything.
fn faults(engine: Engine, statement: &str, plan: &[String]) -> Option<&'static str> {
    let any = |word: &str| plan.iter().any(|line| line.contains(word));
    let count = |word: &str| plan.iter().filter(|line| line.contains(word)).count();
    // The fields of one asset are few, and their order is not that of their key.
    let sorts_little = statement.contains("order by position");
    match engine {
        Engine::Sqlite if plan.iter().any(|line| line.starts_with("SCAN") && line != "SCAN CONSTANT ROW") => {
            Some("reads a whole table")
        }
        Engine::Sqlite if any("INTEGER PRIMARY KEY (rowid>") => Some("reads what is other tenants'"),
        Engine::Sqlite if any("TEMP B-TREE") && !sorts_little => Some("sorts"),
        Engine::Postgres if any("Seq Scan") => Some("reads a whole table"),
        Engine::Postgres if count("Index Scan") + count("Index Only Scan") > count("Index Cond") => {
            Some("reads a whole index")
        }
        Engine::Postgres if any("Sort") && !sorts_little => Some("sorts"),
        _ => None,
    }
}

async fn explain_sqlite(conn: &mut AnyConnection, statement: &str) -> Vec<String> {
    // A new row cannot orphan another: SQLite writes the search for orphans into the plan and then leaves it out.
    let foreign_keys = format!("pragma foreign_keys = {}", if statement.starts_with("insert") { "off" } else { "on" });
    sqlx::raw_sql(AssertSqlSafe(foreign_keys)).execute(&mut *conn).await.unwrap();
    let sql = AssertSqlSafe(format!("explain query plan {statement}"));
    let rows = sqlx::raw_sql(sql).fetch_all(conn).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

async fn explain_postgres(conn: &mut AnyConnection, statement: &str) -> Vec<String> {
    let parameters = (1..20).take_while(|number| statement.contains(&format!("${number}"))).count();
    let values = match parameters {
        0 => String::new(),
        count => format!("({})", vec!["null"; count].join(", ")),
    };
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
}

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
        let known = ["select ", "insert into ", "update ", "delete from "];
        let ours = known.iter().any(|word| statement.0.starts_with(word)) && !statement.0.contains("_sqlx_");
        if ours && self.heard.lock().unwrap().insert(statement.0.clone()) {
            child::say(&statement.0);
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
