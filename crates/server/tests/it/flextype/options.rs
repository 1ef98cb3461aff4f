//! The `options` of the collections: conditions, groups, order, pages and what is returned of them.

use serde_json::{Map, Value, json};

use super::{
    model::{children, data, escaped},
    site::{Site, refused},
};
use crate::support::{Server, on_each_engine};

/// Names, and what each file says of itself.
fn films() -> [(&'static str, Value); 4] {
    [
        ("a.jpg", json!({ "title": "alpha", "year": 1999, "genre": "drama", "on": "2019-05-01", "rank": "10" })),
        ("b.jpg", json!({ "title": "Beta", "year": 2001, "genre": "sci-fi", "on": "2020-01-02", "rank": "9" })),
        ("c.png", json!({ "title": "Gamma", "year": 2010, "genre": "sci-fi", "on": "no date", "rank": "100" })),
        ("d.txt", json!({ "title": "delta", "seo": { "title": "Deep" }, "live": true, "none": null })),
    ]
}

async fn with_films(server: &Server) -> Site<'_> {
    let site = Site::with_tokens(server).await;
    for (name, meta) in films() {
        let path = format!("g/{name}");
        site.put_file(&path, name.as_bytes()).await;
        site.set_meta(&path, &meta).await;
    }
    site.put_file("g/sub/deep.jpg", b"deep").await;
    site
}

/// What is answered for `g` as a collection with further options; nothing when it is not found.
async fn collection(site: &Site<'_>, options: &str) -> Option<Value> {
    let answer = site.get(&format!("/api/media/files?id=g&options[collection]=true{options}")).await;
    if answer.status == 404 {
        refused(answer, 404);
        return None;
    }
    Some(data(&answer.expect(200)))
}

/// The names in it, in its order.
async fn names(site: &Site<'_>, options: &str) -> Vec<String> {
    let items = collection(site, options).await.unwrap_or_else(|| json!({}));
    items.as_object().unwrap_or_else(|| panic!("{options}: {items} has no names")).keys().cloned().collect()
}

fn condition(number: usize, key: &str, operator: &str, value: &str) -> String {
    let part = |name: &str, value: &str| format!("&options[where][{number}][{name}]={}", escaped(value));
    [part("key", key), part("operator", operator), part("value", value)].concat()
}

const A: &str = "a.jpg";
const B: &str = "b.jpg";
const C: &str = "c.png";
const D: &str = "d.txt";

/// Key, operator, value, and which have it so. Who lacks the key is never among them.
const CONDITIONS: &[(&str, &str, &str, &[&str])] = &[
    ("title", "eq", "Beta", &[B]),
    ("title", "=", "Beta", &[B]),
    ("title", "EQ", "Beta", &[B]),
    ("title", "eq", "beta", &[]),
    // These two are strict: a number is never a text.
    ("year", "eq", "2001", &[]),
    ("year", "neq", "2001", &[A, B, C]),
    ("genre", "neq", "sci-fi", &[A]),
    ("genre", "<>", "sci-fi", &[A]),
    ("genre", "!=", "drama", &[B, C]),
    ("year", "lt", "2001", &[A]),
    ("year", "<", "2001", &[A]),
    ("year", "lte", "2001", &[A, B]),
    ("year", "<=", "2001", &[A, B]),
    ("year", "gt", "2001", &[C]),
    ("year", ">", "1999", &[B, C]),
    ("year", "gte", "2001", &[B, C]),
    ("year", ">=", "2010", &[C]),
    // Numbers as texts are compared as numbers.
    ("rank", "gt", "9", &[A, C]),
    ("rank", "lt", "10", &[B]),
    ("genre", "contains", "ci-", &[B, C]),
    ("genre", "like", "dram", &[A]),
    ("genre", "ncontains", "ci-", &[A]),
    ("genre", "nlike", "dram", &[B, C]),
    ("title", "starts_with", "Ga", &[C]),
    ("title", "ends_with", "ta", &[B, D]),
    // As texts, where the reference server dies.
    ("year", "contains", "20", &[B, C]),
    ("title", "regexp", "^AL", &[A]),
    ("title", "regexp", "ta$", &[B, D]),
    ("title", "nregexp", "a$", &[]),
    ("title", "nregexp", "^(alpha|beta)$", &[C, D]),
    ("title", "regexp", "(", &[]),
    ("title", "nregexp", "(", &[]),
    ("on", "newer", "2019-12-31", &[B]),
    ("on", "older", "2019-12-31", &[A]),
    ("title", "newer", "2000-01-01", &[]),
    ("on", "newer", "never", &[]),
    ("seo.title", "eq", "Deep", &[D]),
    ("filename", "eq", "c.png", &[C]),
    ("extension", "neq", "jpg", &[C, D]),
    ("nofield", "neq", "x", &[]),
    ("none", "neq", "x", &[]),
    ("title", "zz", "Beta", &[]),
];

#[test]
fn conditions_pick() {
    on_each_engine(async |server| {
        let site = with_films(server).await;
        for (key, operator, value, expected) in CONDITIONS {
            let picked = names(&site, &condition(0, key, operator, value)).await;
            assert_eq!(picked, *expected, "{key} {operator} {value}");
        }
        for (key, operator, values, expected) in [
            ("year", "between", ["2000", "2005"], &[B][..]),
            ("year", "nbetween", ["2000", "2005"], &[A, C]),
            ("genre", "in", ["drama", "other"], &[A]),
            ("year", "in", ["1999", "2010"], &[A, C]),
            ("genre", "nin", ["drama", "other"], &[B, C]),
        ] {
            let list = values.map(|value| format!("&options[where][0][value][]={value}")).concat();
            let start = format!("&options[where][0][key]={key}&options[where][0][operator]={operator}");
            assert_eq!(names(&site, &format!("{start}{list}")).await, *expected, "{key} {operator} {values:?}");
        }
    });
}

#[test]
fn conditions_go_together_and_half_ones_do_not_count() {
    on_each_engine(async |server| {
        let site = with_films(server).await;
        let scifi = condition(0, "genre", "eq", "sci-fi");
        assert_eq!(names(&site, &format!("{scifi}{}", condition(1, "title", "eq", "Gamma"))).await, [C]);
        assert_eq!(names(&site, &format!("{scifi}{}", condition(1, "title", "eq", "alpha"))).await, [""; 0]);
        assert_eq!(names(&site, &format!("{scifi}&options[where][1][key]=title")).await, [B, C]);
        let all = [A, B, C, D];
        for options in [
            "",
            "&options[where]=x",
            "&options[where][0][key]=title&options[where][0][value]=Beta",
            "&options[filter][where][0][key]=title",
            "&options[method]=fetchX",
            "&options[sort_by][key]=title",
            "&options[sort_by][direction]=DESC",
            "&options[nonsense]=1",
            "&options[return]=zz",
            "&options[return]=all",
        ] {
            assert_eq!(names(&site, options).await, all, "{options}");
        }
        // Brackets may be escaped, and an operator too.
        let raw = format!("&options[offset]=1{}", condition(0, "year", "<=", "2001"));
        let escaped = raw.replace('[', "%5B").replace(']', "%5d");
        assert_eq!(names(&site, &raw).await, [B]);
        assert_eq!(names(&site, &escaped).await, [B]);
    });
}

#[test]
fn order_goes_by_numbers_and_texts_in_both_directions() {
    on_each_engine(async |server| {
        let site = with_films(server).await;
        for (key, direction, expected) in [
            ("title", "ASC", [A, B, D, C]),
            ("title", "asc", [A, B, D, C]),
            ("title", "DESC", [C, D, B, A]),
            ("title", "desc", [C, D, B, A]),
            ("title", "nonsense", [A, B, D, C]),
            ("filename", "DESC", [D, C, B, A]),
            // Nobody has it, so each stays where it is.
            ("zz", "asc", [A, B, C, D]),
        ] {
            let options = format!("&options[sort_by][key]={key}&options[sort_by][direction]={direction}");
            assert_eq!(names(&site, &options).await, expected, "{key} {direction}");
        }
        let ranked =
            format!("{}&options[sort_by][key]=rank&options[sort_by][direction]=asc", condition(0, "year", ">", "0"));
        assert_eq!(names(&site, &ranked).await, [B, A, C]);
    });
}

#[test]
fn offset_and_limit_cut_as_php_does() {
    on_each_engine(async |server| {
        let site = with_films(server).await;
        for sorted in ["", "&options[sort_by][key]=filename&options[sort_by][direction]=asc"] {
            for (offset, limit, expected) in [
                ("0", "2", &[A, B][..]),
                ("1", "2", &[B, C]),
                ("3", "9", &[D]),
                ("4", "1", &[]),
                ("-2", "9", &[C, D]),
                ("-9", "1", &[A]),
                ("1", "-1", &[B, C]),
                ("0", "-9", &[]),
                ("0", "0", &[]),
                ("x", "2", &[A, B]),
                ("1", "abc", &[]),
                ("99999999999999999999", "1", &[]),
            ] {
                let options = format!("{sorted}&options[offset]={offset}&options[limit]={limit}");
                assert_eq!(names(&site, &options).await, expected, "{options}");
            }
        }
        assert_eq!(names(&site, "&options[offset]=2").await, [C, D]);
        assert_eq!(names(&site, "&options[limit]=3").await, [A, B, C]);
        assert_eq!(names(&site, "&options[limit]=-3").await, [A]);
    });
}

#[test]
fn groups_are_lists_by_the_value_of_a_field() {
    on_each_engine(async |server| {
        let site = with_films(server).await;
        let titles = |list: &Value| -> Vec<Value> {
            list.as_array().unwrap().iter().map(|item| item["title"].clone()).collect()
        };
        let groups = collection(&site, "&options[group_by]=genre").await.unwrap();
        let keys: Vec<&String> = groups.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["drama", "sci-fi", ""]);
        assert_eq!(titles(&groups["sci-fi"]), [json!("Beta"), json!("Gamma")]);
        assert_eq!(titles(&groups[""]), [json!("delta")]);
        let groups = collection(&site, "&options[group_by]=zz").await.unwrap();
        assert_eq!((groups.as_object().unwrap().len(), titles(&groups[""]).len()), (1, 4));
    });
}

#[test]
fn one_or_some_or_all_are_returned() {
    on_each_engine(async |server| {
        let site = with_films(server).await;
        let sorted = "&options[sort_by][key]=title&options[sort_by][direction]=ASC";
        for (wanted, title) in [("first", "alpha"), ("next", "Beta"), ("last", "Gamma")] {
            let item = collection(&site, &format!("{sorted}&options[return]={wanted}")).await.unwrap();
            assert_eq!(item["title"], title, "{wanted}");
        }
        let all = collection(&site, "").await.unwrap();
        let all = all.as_object().unwrap();
        let known = |item: &Value| all.values().any(|known| known == item);
        assert!(known(&collection(&site, "&options[return]=random").await.unwrap()));
        for (count, len) in [(1, 1), (2, 2), (4, 4), (9, 4)] {
            let some = collection(&site, &format!("&options[return]=random&options[random]={count}")).await.unwrap();
            let some: &Map<String, Value> = some.as_object().unwrap();
            assert_eq!(some.len(), len, "{count}");
            assert!(some.iter().all(|(name, item)| all[name] == *item));
        }
        assert_eq!(collection(&site, "&options[return]=random&options[random]=0").await, None);
        let shuffled = collection(&site, "&options[return]=shuffle").await.unwrap();
        let shuffled = shuffled.as_array().unwrap();
        assert_eq!(shuffled.len(), 4);
        assert!(all.values().all(|item| shuffled.contains(item)));
        // Of nothing there is no first.
        let none = condition(0, "title", "eq", "zzz");
        for wanted in ["first", "last", "next", "random", "shuffle", "all"] {
            assert_eq!(collection(&site, &format!("{none}&options[return]={wanted}")).await, None, "{wanted}");
        }
    });
}

#[test]
fn folders_have_the_same_options() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        for name in ["one", "two", "three"] {
            site.put_folder(&format!("g/{name}")).await;
        }
        let names = async |options: &str| {
            let answer = site.get(&format!("/api/media/folders?id=g&options[collection]=true{options}")).await;
            data(&answer.expect(200)).as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names("").await, ["one", "three", "two"]);
        assert_eq!(
            names("&options[sort_by][key]=path&options[sort_by][direction]=DESC&options[limit]=2").await,
            ["two", "three"]
        );
        assert_eq!(names(&condition(0, "id", "ends_with", "/one")).await, ["one"]);
        // As the document asks, and with what is no list of options.
        let answer = site.get("/api/media/folders?id=g&collection=true").await.expect(200);
        assert_eq!(data(&answer).as_object().unwrap().len(), 3);
        let answer = site.get("/api/media/folders?id=g&options=[]").await.expect(200);
        assert_eq!(data(&answer)["id"], "g");
    });
}

const MANY: usize = 300;

#[test]
fn pages_of_many_files_show_each_once_and_in_order() {
    on_each_engine(async |server| {
        let site = Site::with_tokens(server).await;
        let expected: Vec<String> = (0..MANY).map(|number| format!("file-{number:03}.txt")).collect();
        // In another order than they are listed.
        for number in 0..MANY {
            let name = &expected[number * 7 % MANY];
            site.put_file(&format!("g/{name}"), name.as_bytes()).await;
        }
        assert_eq!(children(&site, "files", "g").await.keys().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
        let down = "&options[sort_by][key]=filename&options[sort_by][direction]=DESC";
        for (limit, sorted) in [(20, ""), (100, ""), (7, ""), (64, down)] {
            let mut seen = Vec::new();
            while seen.len() < MANY {
                let page =
                    names(&site, &format!("{sorted}&options[offset]={}&options[limit]={limit}", seen.len())).await;
                assert_eq!(page.len(), limit.min(MANY - seen.len()), "{limit} from {}", seen.len());
                seen.extend(page);
            }
            if !sorted.is_empty() {
                seen.reverse();
            }
            assert_eq!(seen, expected, "{limit}{sorted}");
        }
        assert_eq!(collection(&site, &format!("&options[offset]={MANY}&options[limit]=20")).await, None);
    });
}
