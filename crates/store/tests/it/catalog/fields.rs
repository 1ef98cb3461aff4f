//! Fields and tags of assets.

#![expect(clippy::unwrap_used, reason = "tests")]

use store::{Error, Noun, fields::Field};

use super::{
    engines::{NOW, on_each_engine},
    samples::{Site, assert_fails, at},
};

fn field(path: &str, kind: &str, value: &str) -> Field {
    Field { path: path.to_owned(), kind: kind.to_owned(), value: value.to_owned() }
}

#[test]
fn fields_keep_the_order_in_which_they_were_first_stored() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let mut wish = site.new_asset(site.root.id, "a");
        wish.fields = vec![("z".to_owned(), "1".to_owned()), ("a.b".to_owned(), "2".to_owned())];
        let id = site.catalog.add_assets(&[wish], &at(NOW)).await.unwrap()[0].asset_id;
        site.catalog.set_field(id, &field("m", "json", "[3]")).await.unwrap();
        site.catalog.set_field(id, &field("z", "json", "9")).await.unwrap();
        let expected = [field("z", "json", "9"), field("a.b", "text", "2"), field("m", "json", "[3]")];
        assert_eq!(site.catalog.fields(id).await.unwrap(), expected);

        assert!(site.catalog.remove_field(id, "a.b").await.unwrap());
        assert!(!site.catalog.remove_field(id, "a.b").await.unwrap());
        // What comes back goes last.
        site.catalog.set_field(id, &field("a.b", "text", "4")).await.unwrap();
        let paths: Vec<_> = site.catalog.fields(id).await.unwrap().into_iter().map(|field| field.path).collect();
        assert_eq!(paths, ["z", "m", "a.b"]);
        assert_eq!(site.catalog.fields(id + 1).await.unwrap(), []);
        let nobody = site.catalog.set_field(id + 1, &field("a", "text", "")).await;
        assert_fails!(nobody, Error::Missing(Noun::Asset));
    });
}

#[test]
fn one_field_of_a_whole_folder_skips_the_trash() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let below = site.folder(site.root.id, "below").await;
        let mut ids = Vec::new();
        for (folder_id, name) in [(site.root.id, "a"), (site.root.id, "b"), (site.root.id, "c"), (below.id, "d")] {
            let id = site.asset(folder_id, name).await;
            site.catalog.set_field(id, &field("fliplet.path", "text", name)).await.unwrap();
            ids.push(id);
        }
        site.trash_asset(ids[1]).await.unwrap();
        let mut found = site.catalog.folder_field(site.root.id, "fliplet.path").await.unwrap();
        found.sort_unstable();
        assert_eq!(found, [(ids[0], "a".to_owned()), (ids[2], "c".to_owned())]);
        assert_eq!(site.catalog.folder_field(site.root.id, "fliplet").await.unwrap(), []);
    });
}

#[test]
fn tags_are_a_set_in_the_order_of_their_bytes() {
    on_each_engine(async |database| {
        let site = Site::new(&database.catalog).await;
        let id = site.asset(site.root.id, "a").await;
        let tags = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let add = tags(&["b", "a", "b", "Z", "é", "-x"]);
        site.catalog.change_tags(id, &add, &[]).await.unwrap();
        assert_eq!(site.catalog.tags(id).await.unwrap(), ["-x", "Z", "a", "b", "é"]);
        site.catalog.change_tags(id, &tags(&["a", "c"]), &tags(&["a", "Z", "never"])).await.unwrap();
        assert_eq!(site.catalog.tags(id).await.unwrap(), ["-x", "a", "b", "c", "é"]);
        assert_eq!(site.catalog.tags(id + 1).await.unwrap(), Vec::<String>::new());
        let nobody = site.catalog.change_tags(id + 1, &add, &[]).await;
        assert_fails!(nobody, Error::Missing(Noun::Asset));
    });
}
