#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW_S: i64 = 1_610_629_200;
const SORT: &str = "options[sort_by][key]=title&options[sort_by][direction]=ASC";

fn read(query: &str) -> Options {
    Options::read(&Params::from_query(query), false, false)
}

/// The folder that the reference server was asked about.
fn folder() -> Map<String, Value> {
    let item = |name: &str, title: &str, year: u32, genre: &str| {
        (name.to_owned(), json!({"title": title, "year": year, "genre": genre, "filename": name}))
    };
    let items = [
        item("b.jpg", "Beta", 2001, "sci-fi"),
        item("a.jpg", "alpha", 1999, "drama"),
        item("c.png", "Gamma", 2010, "sci-fi"),
    ];
    items.into_iter().collect()
}

fn ask(query: &str, strict: bool) -> Result<Shaped, Failed> {
    let options = read(query);
    let mut kept = Map::new();
    for (name, item) in folder() {
        if options.matches(&item, strict, NOW_S)? {
            kept.insert(name, item);
        }
    }
    Ok(options.shape(kept, &mut |_| 0))
}

/// Names, or `-` for nothing, `!` for what the reference dies of; items without names by their files'.
fn outline(shaped: &Result<Shaped, Failed>) -> String {
    let file = |item: &Value| item["filename"].as_str().unwrap_or("?").to_owned();
    match shaped {
        Ok(Shaped::Nothing) => "-".to_owned(),
        Ok(Shaped::Failed) | Err(Failed) => "!".to_owned(),
        Ok(Shaped::Items(items)) => items.keys().map(String::as_str).collect::<Vec<_>>().join(" "),
        Ok(Shaped::List(list)) => format!("[{}]", list.iter().map(file).collect::<Vec<_>>().join(" ")),
        Ok(Shaped::One(item)) => format!("={}", file(item)),
    }
}

fn condition(n: u32, key: &str, operator: &str, value: &str) -> String {
    let name = format!("options[where][{n}]");
    format!("&{name}[key]={key}&{name}[operator]={operator}&{name}[value]={value}")
}

#[test]
fn conditions_select_as_in_the_recorded_exchanges() {
    let all = "b.jpg a.jpg c.png";
    for (query, expected) in [
        (condition(0, "title", "eq", "Beta"), "b.jpg"),
        (condition(0, "year", "lt", "2001"), "a.jpg"),
        (condition(0, "genre", "contains", "fi"), "b.jpg c.png"),
        (condition(0, "year", "contains", "20"), "!"),
        (
            condition(0, "year", "between", "2000").replace("[value]", "[value][]")
                + "&options[where][0][value][]=2005",
            "b.jpg",
        ),
        (condition(0, "title", "regexp", "^AL"), "a.jpg"),
        (condition(0, "title", "newer", "2000-01-01"), "-"),
        (condition(0, "title", "zz", "Beta"), "-"),
        (condition(0, "title", "eq", "Beta").replace("[operator]", "[operator_]"), all),
        (condition(0, "nofield", "neq", "x"), "-"),
        (condition(0, "genre", "eq", "sci-fi") + &condition(1, "title", "eq", "Gamma"), "c.png"),
        (condition(0, "title", "eq", "zzz") + "&options[return]=first", "!"),
        (condition(0, "title", "eq", "zzz") + "&options[return]=random", "-"),
        (condition(0, "title", "eq", "zzz") + "&options[return]=shuffle", "-"),
        ("options[where]=x".to_owned(), all),
        ("options[where][0]=x".to_owned(), all),
        (condition(0, "title", "eq", "Beta").replace("[where]", "[filter][where]"), all),
    ] {
        assert_eq!(outline(&ask(&query, true)), expected, "{query}");
    }
    assert_eq!(outline(&ask(&condition(0, "year", "contains", "20"), false)), "b.jpg c.png");
}

#[test]
fn the_rest_shapes_as_in_the_recorded_exchanges() {
    for (query, expected) in [
        ("", "a.jpg b.jpg c.png"),
        ("&options[sort_by][direction]=Desc", "c.png b.jpg a.jpg"),
        ("&options[sort_by][key]=zz", "b.jpg a.jpg c.png"),
        ("&options[limit]=0", "-"),
        ("&options[limit]=abc", "-"),
        ("&options[limit]=2", "a.jpg b.jpg"),
        ("&options[limit]=-1", "a.jpg b.jpg"),
        ("&options[limit]=99999999999999999999", "a.jpg b.jpg c.png"),
        ("&options[offset]=1", "b.jpg c.png"),
        ("&options[offset]=-1", "c.png"),
        ("&options[offset]=1x&options[limit]=1.9", "b.jpg"),
        ("&options[offset]=3", "-"),
        ("&options[return]=all", "a.jpg b.jpg c.png"),
        ("&options[return]=zz", "a.jpg b.jpg c.png"),
        ("&options[return]=first", "=a.jpg"),
        ("&options[return]=last", "=c.png"),
        ("&options[return]=next", "=b.jpg"),
        ("&options[return]=next&options[limit]=1", "!"),
        ("&options[return]=random", "=a.jpg"),
        ("&options[return]=random&options[random]=2", "a.jpg b.jpg"),
        ("&options[return]=random&options[random]=9", "a.jpg b.jpg c.png"),
        ("&options[return]=random&options[random]=0", "-"),
        ("&options[return]=random&options[random]=-1", "!"),
        ("&options[return]=shuffle", "[b.jpg c.png a.jpg]"),
    ] {
        assert_eq!(outline(&ask(&format!("{SORT}{query}"), true)), expected, "{query}");
    }
    assert_eq!(outline(&ask("options[group_by]=genre", true)), "sci-fi drama");
    assert_eq!(outline(&ask("options[group_by]=zz", true)), "");
    let Ok(Shaped::Items(groups)) = ask("options[group_by]=year&options[limit]=1", true) else { panic!() };
    assert_eq!(json!(groups), json!({"2001": [folder()["b.jpg"]]}));
}

#[test]
fn flags_are_read() {
    for (word, expected) in [("true", true), ("1", true), ("YES", true), ("on", true), ("foo", true), ("+true+", true)]
        .into_iter()
        .chain(["false", "0", "No", "off", "", "+"].map(|word| (word, false)))
    {
        assert_eq!(read(&format!("options[collection]={word}")).collection, expected, "{word}");
        let top = Params::from_query(&format!("collection={word}"));
        assert_eq!(Options::read(&top, true, false).collection, expected, "{word}");
        assert!(!Options::read(&top, false, false).collection, "{word}");
    }
    let both = Params::from_query("options[collection]=false&collection=true");
    assert!(!Options::read(&both, true, false).collection);
    assert!(!read("").malformed && !read("options[a]=b").malformed);
    for query in ["options=[]", "options=", "options[collection][]=1", "options[group_by][]=x"] {
        assert!(read(query).malformed && !read(query).collection, "{query}");
    }
    for (query, among, at_top) in [
        ("options[method]=fetchX", true, false),
        ("method=fetchX", false, true),
        ("method=list&options[method]=list", false, false),
        ("method=fetch&options[method]=fetch", false, false),
    ] {
        let params = Params::from_query(query);
        assert_eq!(Options::read(&params, false, false).unknown_method, among, "{query}");
        assert_eq!(Options::read(&params, false, true).unknown_method, at_top, "{query}");
    }
}

#[test]
fn a_plain_page_is_known() {
    for (query, expected) in [
        ("", Some((0, None))),
        ("options=[]", Some((0, None))),
        ("options[offset]=2&options[limit]=3&options[return]=zz", Some((2, Some(3)))),
        ("options[limit]=abc", Some((0, Some(0)))),
        ("options[limit]=-1", None),
        ("options[offset]=-1", None),
        ("options[return]=first", None),
        ("options[group_by]=x", None),
        (SORT, None),
        ("options[sort_by][key]=x&options[where][0][key]=x", Some((0, None))),
        (condition(0, "a", "eq", "b").as_str(), None),
    ] {
        assert_eq!(read(query).page(), expected, "{query}");
    }
}

#[test]
fn one_files_fields_are_shaped_like_items() {
    let fields = json!({"title": "T", "tags": ["x"], "exif": {"Width": 9}, "size": 5});
    let shape = |query: &str, strict| {
        let fields = fields.as_object().unwrap().clone();
        outline(&Ok(read(query).shape_fields(fields, strict, NOW_S, &mut |_| 0)))
    };
    let wide = condition(0, "Width", "lt", "10");
    for (query, expected) in [
        ("", "title tags exif size"),
        ("options[limit]=2", "title tags"),
        ("options[return]=first", "!"),
        ("options[return]=last", "!"),
        ("options[return]=random", "!"),
        ("options[group_by]=x", "!"),
        (wide.as_str(), "exif"),
        (condition(0, "title", "eq", "T").as_str(), "-"),
        (condition(0, "Width", "like", "9").as_str(), "!"),
    ] {
        assert_eq!(shape(query, true), expected, "{query}");
    }
    assert_eq!(shape(&condition(0, "Width", "like", "9"), false), "exif");
}

#[test]
fn few_conditions_may_have_patterns() {
    let many = |count: u32| (0..count).map(|n| condition(n, "title", "regexp", "a")).collect::<String>();
    assert_eq!(outline(&ask(&many(8), true)), "b.jpg a.jpg c.png");
    assert_eq!(outline(&ask(&many(9), true)), "-");
}

proptest! {
    #[test]
    fn nothing_panics(
        parts in prop::collection::vec((0..14_usize, "[a-z0-9.%+\\[\\]-]{0,8}"), 0..8),
        numbers in prop::collection::vec(any::<i64>(), 3),
        fields in prop::collection::vec(("[a-z.]{1,3}", any::<String>()), 0..5),
    ) {
        let names = [
            "", "[where][0][key]", "[where][0][operator]", "[where][0][value]", "[where][0][value][]", "[group_by]",
            "[sort_by][key]", "[sort_by][direction]", "[offset]", "[limit]", "[return]", "[random]", "[method]", "[where]",
        ];
        let pair = |name: &str, value: &str| format!("&options{name}={value}");
        let numbered = ["[offset]", "[limit]", "[random]"].iter().zip(&numbers);
        let query: Vec<String> = parts
            .iter()
            .map(|(name, value)| pair(names[*name], value))
            .chain(numbered.map(|(name, number)| pair(name, &number.to_string())))
            .collect();
        let options = read(&query.concat());
        let fields: Map<String, Value> = fields.into_iter().map(|(key, value)| (key, json!(value))).collect();
        for (items, strict) in [(folder(), true), (fields, false)] {
            let _ = options.shape_fields(items, strict, numbers[0], &mut |_| usize::MAX);
        }
        let _ = options.page();
    }
}
