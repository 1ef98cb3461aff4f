//! What rules hide in places that may be looked at: in listings, packages, searches and the trash.

use library::{Actor, Asset, Fault, Folder, Limits, Package, Search, Trash};

use super::{Site, keys};
use crate::support::{Bench, on_each_engine, read};

/// A folder for the app's key, with things in it that are for the organization's only.
struct Mixed {
    site: Site,
    /// Everybody's who may look into the folder.
    seen: Asset,
    seen_folder: Folder,
    /// The organization's, by rules of its own.
    hidden: Asset,
    hidden_folder: Folder,
    /// The organization's, for it lies in the hidden folder.
    below: Asset,
    /// The app's again, by rules of its own, below the hidden folder.
    deep: Asset,
}

impl Mixed {
    async fn new(bench: Bench) -> Self {
        let site = Site::new(bench).await;
        let (library, studio, bench) = (&site.bench.library, &site.cast.studio, &site.bench);
        let (app, organization) = (keys("rcud", &[&site.cast.app]), keys("rcud", &[&site.cast.organization]));
        let seen_folder = library.create_folder(studio, site.folder.id, "Seen thing").await.unwrap();
        let hidden_folder = library.create_folder(studio, site.folder.id, "Hidden thing").await.unwrap();
        let deep_folder = library.create_folder(studio, hidden_folder.id, "Deep thing").await.unwrap();
        let seen = bench.upload_to(seen_folder.id, "seen thing.txt", b"seen").await.unwrap();
        let hidden = bench.upload_to(site.folder.id, "hidden thing.txt", b"hidden").await.unwrap();
        let below = bench.upload_to(hidden_folder.id, "below thing.txt", b"below").await.unwrap();
        let deep = bench.upload_to(deep_folder.id, "deep thing.txt", b"deep").await.unwrap();
        site.rule_folder(&site.folder, std::slice::from_ref(&app)).await;
        site.rule_folder(&hidden_folder, std::slice::from_ref(&organization)).await;
        site.rule_folder(&deep_folder, &[app]).await;
        site.rule_file(&hidden, &[organization]).await;
        Self { seen, seen_folder, hidden, hidden_folder, below, deep, site }
    }

    async fn listed(&self, actor: &Actor, folder: &Folder) -> Result<String, Fault> {
        let listing = self.site.bench.library.list_folder(actor, folder.id).await?;
        let folders = listing.folders.iter().map(|folder| folder.name.as_str());
        Ok(folders.chain(listing.assets.iter().map(|asset| asset.name.as_str())).collect::<Vec<_>>().join(", "))
    }

    async fn found(&self, actor: &Actor, search: &Search) -> String {
        let hits = self.site.bench.library.search(actor, search).await.unwrap();
        let folders = hits.folders.iter().map(|folder| folder.name.as_str());
        folders.chain(hits.assets.iter().map(|asset| asset.name.as_str())).collect::<Vec<_>>().join(", ")
    }
}

fn named(name: &str) -> Search {
    Search { name: name.to_owned(), limit: 100, ..Search::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_leave_out_what_is_denied() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let mixed = Mixed::new(bench).await;
        let (cast, library, folder) = (&mixed.site.cast, &mixed.site.bench.library, &mixed.site.folder);
        assert_eq!(mixed.listed(&cast.app, folder).await.unwrap(), "Seen thing, file.txt");
        assert!(matches!(mixed.listed(&cast.organization, folder).await, Err(Fault::Denied)));
        assert_eq!(mixed.listed(&cast.organization, &mixed.hidden_folder).await.unwrap(), "below thing.txt");
        assert!(matches!(mixed.listed(&cast.app, &mixed.hidden_folder).await, Err(Fault::Denied)));
        let all = "Hidden thing, Seen thing, file.txt, hidden thing.txt";
        assert_eq!(mixed.listed(&cast.studio, folder).await.unwrap(), all);
        // By id it is the same.
        let ids = [mixed.seen.id, mixed.hidden.id, mixed.below.id, mixed.deep.id];
        let seen: Vec<i64> =
            library.assets_by_id(&cast.app, &ids).await.unwrap().iter().map(|asset| asset.id).collect();
        assert_eq!(seen, [mixed.seen.id, mixed.deep.id]);
        let folders = [mixed.seen_folder.id, mixed.hidden_folder.id];
        let seen = library.folders_by_id(&cast.app, &folders).await.unwrap();
        assert_eq!(seen.iter().map(|folder| folder.id).collect::<Vec<_>>(), [mixed.seen_folder.id]);
        // Spaces that one may not look into are not one's spaces.
        mixed.site.rule_folder(&mixed.site.space, &[keys("r", &[&cast.organization])]).await;
        assert!(library.spaces(&cast.app).await.unwrap().is_empty());
        assert_eq!(library.spaces(&cast.organization).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_leave_out_what_is_denied() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let mixed = Mixed::new(bench).await;
        let (cast, library) = (&mixed.site.cast, &mixed.site.bench.library);
        let folder = mixed.site.folder.id;
        let whole = Package { context: Some(folder), ..Package::default() };
        let named = Package {
            folders: vec![mixed.hidden_folder.id, mixed.seen_folder.id],
            assets: vec![mixed.hidden.id, mixed.below.id, mixed.site.file.id],
            ..Package::default()
        };
        for package in [&whole, &named] {
            let zip = read(&library.package(&cast.app, package).await.unwrap().content).await;
            let text = String::from_utf8_lossy(&zip);
            for shown in ["seen thing.txt", "Seen thing/", "file.txt"] {
                assert!(text.contains(shown), "{shown}");
            }
            for hidden in ["idden", "below", "deep"] {
                assert!(!text.contains(hidden), "{hidden}");
            }
        }
        let zip = read(&library.package(&cast.organization, &named).await.unwrap().content).await;
        let text = String::from_utf8_lossy(&zip);
        assert!(text.contains("Hidden thing/below thing.txt") && text.contains("hidden thing.txt"));
        assert!(!text.contains("seen") && !text.contains("file.txt") && !text.contains("Deep"));
        // Nothing that is for Ann.
        assert!(matches!(library.package(&cast.ann, &whole).await, Err(Fault::Denied)));
        assert!(matches!(library.package(&cast.ann, &named).await, Err(Fault::NotFound(_))));
        assert!(matches!(library.package(&cast.nobody, &whole).await, Err(Fault::Unauthenticated)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_leave_out_what_is_denied() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let mixed = Mixed::new(bench).await;
        let (cast, library) = (&mixed.site.cast, &mixed.site.bench.library);
        let things = named("THING");
        assert_eq!(mixed.found(&cast.app, &things).await, "Deep thing, Seen thing, deep thing.txt, seen thing.txt");
        let of_organization = "Hidden thing, Things, below thing.txt, hidden thing.txt";
        assert_eq!(mixed.found(&cast.organization, &things).await, of_organization);
        assert_eq!(mixed.found(&cast.ann, &things).await, "");
        let in_folder = Search { under: Some(mixed.hidden_folder.id), ..things.clone() };
        assert_eq!(mixed.found(&cast.organization, &in_folder).await, "below thing.txt");
        assert!(matches!(library.search(&cast.app, &in_folder).await, Err(Fault::Denied)));
        // Those held by rules are not told how many there are; nobody but those with a key searches at all.
        let latest = named("");
        assert_eq!(mixed.found(&cast.app, &latest).await, "deep thing.txt, seen thing.txt, file.txt");
        assert_eq!(library.search(&cast.organization, &latest).await.unwrap().total, None);
        assert_eq!(library.search(&cast.studio, &latest).await.unwrap().total, Some(5));
        assert!(matches!(library.search(&cast.nobody, &latest).await, Err(Fault::Unauthenticated)));
        // Pages are counted by what the actor sees.
        let second = Search { limit: 1, page: 1, ..latest.clone() };
        assert_eq!(mixed.found(&cast.app, &second).await, "seen thing.txt");
        // By id.
        for (actor, found) in
            [(&cast.app, ""), (&cast.organization, "hidden thing.txt"), (&cast.studio, "hidden thing.txt")]
        {
            let by_id = Search { id: Some(mixed.hidden.id), limit: 100, ..Search::default() };
            let hits = library.search(actor, &by_id).await.unwrap();
            let names: Vec<_> = hits.assets.iter().map(|asset| asset.name.as_str()).collect();
            assert_eq!(names.join(", "), found);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_leaves_out_what_is_denied() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let mixed = Mixed::new(bench).await;
        let (cast, library) = (&mixed.site.cast, &mixed.site.bench.library);
        for asset in [&mixed.site.file, &mixed.hidden, &mixed.below] {
            library.trash_asset(&cast.studio, asset.id).await.unwrap();
        }
        for folder in [&mixed.seen_folder, &mixed.hidden_folder] {
            library.trash_folder(&cast.studio, folder.id).await.unwrap();
        }
        for (who, actor, expected) in [
            ("app", &cast.app, "Seen thing, file.txt"),
            ("organization", &cast.organization, "Hidden thing, below thing.txt, hidden thing.txt"),
            ("ann", &cast.ann, ""),
        ] {
            let Trash { folders, assets } = library.trash(actor).await.unwrap();
            let folders = folders.iter().map(|folder| folder.name.as_str());
            let names: Vec<_> = folders.chain(assets.iter().map(|asset| asset.name.as_str())).collect();
            assert_eq!(names.join(", "), expected, "{who}");
        }
        assert!(matches!(library.trash(&cast.nobody).await, Err(Fault::Unauthenticated)));
        // What one may not see, one can not bring back or end.
        assert!(matches!(library.restore_asset(&cast.app, mixed.hidden.id).await, Err(Fault::Denied)));
        assert!(matches!(library.purge_asset(&cast.app, mixed.hidden.id).await, Err(Fault::Denied)));
        assert!(matches!(library.restore_folder(&cast.app, mixed.hidden_folder.id).await, Err(Fault::Denied)));
        assert!(matches!(library.purge_folder(&cast.app, mixed.hidden_folder.id).await, Err(Fault::Denied)));
        // Something in it is kept from those who may end the rest.
        assert!(matches!(library.purge_folder(&cast.organization, mixed.hidden_folder.id).await, Err(Fault::Denied)));
        library.purge_folder(&cast.studio, mixed.hidden_folder.id).await.unwrap();
        library.restore_asset(&cast.app, mixed.site.file.id).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_does_not_take_along_what_is_kept_from_whom_it_goes_by() {
    on_each_engine(Limits::default(), |bench: Bench| async move {
        let mixed = Mixed::new(bench).await;
        let (cast, library, site) = (&mixed.site.cast, &mixed.site.bench.library, &mixed.site);
        // A file and a folder in it are the organization's.
        assert!(matches!(library.trash_folder(&cast.app, site.folder.id).await, Err(Fault::Denied)));
        site.rule_file(&mixed.hidden, &[]).await;
        assert!(matches!(library.trash_folder(&cast.app, site.folder.id).await, Err(Fault::Denied)));
        site.rule_folder(&mixed.hidden_folder, &[keys("rcu", &[&cast.app])]).await;
        assert!(matches!(library.trash_folder(&cast.app, site.folder.id).await, Err(Fault::Denied)));
        // What is in the trash already goes with the rest when that is purged.
        site.rule_folder(&mixed.hidden_folder, &[keys("d", &[&cast.app])]).await;
        library.trash_folder(&cast.app, site.folder.id).await.unwrap();
        site.rule_file(&mixed.below, &[keys("d", &[&cast.organization])]).await;
        assert!(matches!(library.purge_folder(&cast.app, site.folder.id).await, Err(Fault::Denied)));
        assert!(matches!(library.asset_or_trashed(&cast.studio, mixed.below.id).await, Ok(asset) if !asset.lives()));
        site.rule_file(&mixed.below, &[]).await;
        library.purge_folder(&cast.app, site.folder.id).await.unwrap();
    })
    .await;
}
