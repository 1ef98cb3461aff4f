//! Whom a set of rules lets in: each set, each caller, each right.

use library::{Actor, Allow, Condition, Fault, Library, Limits, Right, Rule, Test};

use super::{Site, expect_refusal, keys, rule};
use crate::support::{Bench, on_each_engine};

/// A set of rules, and what it gives: to nobody, an app's key, an organization's, one that reads, Ann, Bob and a studio.
type Row = (&'static str, Vec<Rule>, [&'static str; 7]);

fn people(types: &str, conditions: &[(&str, Test, &str)]) -> Rule {
    let condition = |(property, test, value): &(&str, Test, &str)| Condition {
        property: (*property).to_owned(),
        test: *test,
        value: (*value).to_owned(),
    };
    rule(types, Allow::People(conditions.iter().map(condition).collect()))
}

fn stop(rule: Rule) -> Rule {
    Rule { stop: true, ..rule }
}

fn off(rule: Rule) -> Rule {
    Rule { enabled: false, ..rule }
}

fn from(spaces: &[i64], rule: Rule) -> Rule {
    Rule { spaces: spaces.to_vec(), ..rule }
}

#[rustfmt::skip]
fn rows(site: &Site, elsewhere: i64) -> Vec<Row> {
    let (cast, here) = (&site.cast, site.space.id);
    let all = |types| rule(types, Allow::All);
    let signed_in = |types| rule(types, Allow::LoggedIn);
    vec![
        //                                                                   nobody   app    org    reader  ann    bob   studio
        ("no rules", vec![],                                                 ["",   "rcud", "rcud", "r", "rcud", "rcud", "rcud"]),
        ("everybody reads", vec![all("r")],                                  ["r",     "r",    "r", "r",    "r",    "r", "rcud"]),
        ("everybody may everything", vec![all("rcud")],                      ["rcud", "rcud", "rcud", "r", "rcud", "rcud", "rcud"]),
        ("everybody makes, nobody looks", vec![all("c")],                    ["c",     "c",    "c", "",     "c",    "c", "rcud"]),
        ("who is signed in", vec![signed_in("rc")],                          ["",       "",     "", "",    "rc",   "rc", "rcud"]),
        ("one key", vec![keys("ru", &[&cast.app])],                          ["",     "ru",     "", "",      "",     "", "rcud"]),
        ("two keys", vec![keys("ru", &[&cast.app, &cast.reader])],           ["",     "ru",     "", "r",     "",     "", "rcud"]),
        ("a key that is a person's", vec![keys("d", &[&cast.bob])],          ["",       "",     "", "",      "",    "d", "rcud"]),
        ("a role", vec![people("r", &[("Role", Test::Equals, "editor")])],   ["",       "",     "", "",     "r",     "", "rcud"]),
        ("no role", vec![people("r", &[("ROLE", Test::NotEquals, "editor")])], ["",     "",     "", "",      "",    "r", "rcud"]),
        ("addresses", vec![people("r", &[("Email", Test::Contains, "@example.")])], ["", "",    "", "",     "r",    "r", "rcud"]),
        ("both are true", vec![people("r", &[("Email", Test::Contains, "@example."), ("role", Test::Equals, "viewer")])],
                                                                             ["",       "",     "", "",      "",    "r", "rcud"]),
        ("of what is not known nothing is true", vec![people("r", &[("Shoe size", Test::NotEquals, "44")])],
                                                                             ["",       "",     "", "",      "",     "", "rcud"]),
        ("the first that lets in is enough", vec![signed_in("r"), keys("r", &[&cast.app])],
                                                                             ["",      "r",     "", "",     "r",    "r", "rcud"]),
        ("a stop ends it", vec![stop(keys("r", &[&cast.app])), all("r")],    ["",      "r",     "", "",      "",     "", "rcud"]),
        ("a stop comes too late", vec![all("r"), stop(keys("r", &[&cast.app]))],
                                                                             ["r",     "r",    "r", "r",    "r",    "r", "rcud"]),
        ("a stop about something else", vec![stop(keys("d", &[&cast.app])), all("r")],
                                                                             ["r",    "rd",    "r", "r",    "r",    "r", "rcud"]),
        ("a stop that is off", vec![off(stop(keys("r", &[&cast.app]))), all("r")],
                                                                             ["r",     "r",    "r", "r",    "r",    "r", "rcud"]),
        ("a rule that is off", vec![off(all("rcud")), signed_in("r")],       ["",       "",     "", "",     "r",    "r", "rcud"]),
        ("from this space", vec![from(&[elsewhere, here], all("r"))],        ["",      "r",     "", "",     "r",    "r", "rcud"]),
        ("from another space", vec![from(&[elsewhere], all("r")), keys("u", &[&cast.app])],
                                                                             ["",      "u",     "", "",      "",     "", "rcud"]),
        ("stops who is not from here", vec![stop(from(&[here], all("r"))), all("r")],
                                                                             ["",      "r",     "", "",     "r",    "r", "rcud"]),
        ("each right by itself", vec![all("r"), signed_in("c"), keys("u", &[&cast.organization]), people("d", &[("role", Test::Equals, "editor")])],
                                                                             ["r",     "r",   "ru", "r",  "rcd",   "rc", "rcud"]),
    ]
}

/// Which rights an actor turns out to have, by their first letters.
async fn rights(site: &Site, actor: &Actor) -> String {
    let (library, folder, file): (&Library, _, _) = (&site.bench.library, site.folder.id, site.file.id);
    let tried = [
        ('r', library.contents(actor, file, None).await.map(drop)),
        ('c', library.create_folder(actor, folder, "Made").await.map(drop)),
        // Nothing to change, and nothing to restore: both are told only to those who might.
        ('u', library.change_asset(actor, file, None, None).await.map(drop)),
        ('d', library.restore_asset(actor, file).await.map(drop)),
    ];
    let mut rights = String::new();
    for (letter, outcome) in tried {
        match outcome {
            Ok(()) | Err(Fault::NotFound(_)) => rights.push(letter),
            Err(fault) => expect_refusal(actor, &fault),
        }
    }
    rights
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_let_in_whom_they_name_and_nobody_else() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (tenant_id, system) = (site.bench.founded.tenant.id, site.bench.system());
        let other =
            site.bench.library.found_space(&system, tenant_id, "Other", site.bench.founded.admin.id).await.unwrap();
        for (name, rules, expected) in rows(&site, other.id) {
            site.rule_folder(&site.folder, &rules).await;
            for ((who, actor), expected) in site.cast.all().into_iter().zip(expected) {
                assert_eq!(rights(&site, actor).await, expected, "{name}: {who}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_give_nothing_beyond_the_key() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let library = &site.bench.library;
        site.rule_folder(&site.bench.founded.root, &[rule("rcud", Allow::All)]).await;
        // A key for the space does not open what lies beside it, and another tenant's opens nothing.
        let beside = site.bench.upload("beside.txt", b"beside").await.unwrap();
        assert_eq!(site.readers(&beside).await, "nobody organization reader studio");
        let (_, stranger) = site.bench.another_tenant().await;
        let seen = library.contents(&stranger, site.file.id, None).await.map(drop);
        assert!(matches!(seen, Err(Fault::NotFound(library::Noun::Asset))), "{seen:?}");
        let listed = library.list_folder(&stranger, site.folder.id).await.map(drop);
        assert!(matches!(listed, Err(Fault::NotFound(library::Noun::Folder))), "{listed:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_in_person_makes_belongs_to_the_service_user() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, nobody) = (&site.bench.library, &site.cast.nobody);
        let service = site.cast.app.user().unwrap().id;
        site.rule_folder(&site.folder, &[rule("c", Allow::All)]).await;
        let folder = library.create_folder(nobody, site.folder.id, "By nobody").await.unwrap();
        let upload = site.bench.received("by nobody.txt", b"x").await;
        let added = library.add_assets(nobody, folder.id, vec![upload], library::Ingest::default()).await.unwrap();
        assert_eq!((folder.created_by, added[0].created_by), (service, service));
        // It may be made, not looked at.
        assert!(matches!(library.asset(nobody, added[0].id).await, Err(Fault::Unauthenticated)));
        assert_eq!(library.asset(&site.cast.studio, added[0].id).await.unwrap().created_by, service);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_service_user_nobody_makes_anything() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let nobody = Actor::anonymous(library::Origin::default());
        let rules = Some(vec![rule("rc", Allow::All)]);
        bench.library.set_rules(&bench.actor, library::Ruled::Folder(bench.folder.id), rules).await.unwrap();
        let made = bench.library.create_folder(&nobody, bench.folder.id, "By nobody").await;
        assert!(matches!(made, Err(Fault::Unauthenticated)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_top_of_a_tree_is_shown_to_those_whom_its_rules_let_in() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let site = Site::new(bench).await;
        let (library, tenant_id) = (&site.bench.library, site.bench.founded.tenant.id);
        let (other, stranger) = site.bench.another_tenant().await;
        for (rules, seen_by) in
            [(vec![], "organization reader studio"), (vec![rule("r", Allow::All)], "nobody organization reader studio")]
        {
            site.rule_folder(&site.bench.founded.root, &rules).await;
            let mut seen = Vec::new();
            for (who, actor) in site.cast.all() {
                match library.root_folder(actor, tenant_id, Right::Read).await {
                    Ok(root) => {
                        assert_eq!(root.id, site.bench.founded.root.id);
                        seen.push(who);
                    }
                    Err(fault) => expect_refusal(actor, &fault),
                }
            }
            assert_eq!(seen.join(" "), seen_by);
            let missing = library.root_folder(&stranger, tenant_id, Right::Read).await;
            assert!(matches!(missing, Err(Fault::NotFound(library::Noun::Tenant))), "{missing:?}");
        }
        // Those without a key are told the same of a tenant that is not there.
        for id in [other.tenant.id, 999_999] {
            let refused = library.root_folder(&site.cast.nobody, id, Right::Read).await;
            assert!(matches!(refused, Err(Fault::Unauthenticated)), "{refused:?}");
        }
    })
    .await;
}
