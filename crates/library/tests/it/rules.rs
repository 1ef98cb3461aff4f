//! Access rules: whom they let in, from where they come, and what they hide.

mod hiding;
mod inheriting;
mod letting_in;
mod setting;

use library::{Access, Actor, Allow, Asset, Folder, Origin, Right, Rights, Rule, Ruled};

use crate::support::{Bench, person};

/// A space with a folder with a file in it, and everybody who may want something of them.
pub struct Site {
    pub bench: Bench,
    pub space: Folder,
    pub folder: Folder,
    pub file: Asset,
    pub cast: Cast,
}

/// Those who ask.
pub struct Cast {
    /// Somebody without a key.
    pub nobody: Actor,
    /// A key that works in the space only.
    pub app: Actor,
    /// A key that works everywhere.
    pub organization: Actor,
    /// A key that may look only.
    pub reader: Actor,
    /// An editor who is signed in to the space.
    pub ann: Actor,
    /// A viewer who is signed in to the space.
    pub bob: Actor,
    /// Somebody who may change rules.
    pub studio: Actor,
}

impl Cast {
    /// Who is called what.
    pub fn all(&self) -> [(&'static str, &Actor); 7] {
        [
            ("nobody", &self.nobody),
            ("app", &self.app),
            ("organization", &self.organization),
            ("reader", &self.reader),
            ("ann", &self.ann),
            ("bob", &self.bob),
            ("studio", &self.studio),
        ]
    }
}

impl Site {
    pub async fn new(bench: Bench) -> Self {
        let tenant_id = bench.founded.tenant.id;
        let (library, system) = (bench.library.clone(), bench.system());
        let service = library.add_user(&system, tenant_id, person("service@example.com", "service")).await.unwrap();
        let ann = library.add_user(&system, tenant_id, person("ann@example.com", "editor")).await.unwrap();
        let bob = library.add_user(&system, tenant_id, person("bob@example.org", "viewer")).await.unwrap();
        let space = library.found_space(&system, tenant_id, "Space", bench.founded.admin.id).await.unwrap();
        let folder = library.create_folder(&bench.actor, space.id, "Folder").await.unwrap();
        let file = bench.upload_to(folder.id, "file.txt", b"file").await.unwrap();
        let session = Rights::CHANGE.with(Right::Personal);
        let cast = Cast {
            nobody: Actor::anonymous(Origin::default()),
            app: bench.actor_of(service.id, Rights::CHANGE, Some(space.id)).await,
            organization: bench.actor_of(service.id, Rights::CHANGE, None).await,
            reader: bench.actor_of(service.id, Rights::READ, None).await,
            ann: bench.actor_of(ann.id, session, Some(space.id)).await,
            bob: bench.actor_of(bob.id, session, Some(space.id)).await,
            studio: bench.actor_of(bench.founded.admin.id, Rights::ALL, None).await,
        };
        Self { bench, space, folder, file, cast }
    }

    pub async fn rule_folder(&self, folder: &Folder, rules: &[Rule]) {
        self.rule(Ruled::Folder(folder.id), rules).await;
    }

    pub async fn rule_file(&self, file: &Asset, rules: &[Rule]) {
        self.rule(Ruled::Asset(file.id), rules).await;
    }

    /// No rules: those above hold.
    async fn rule(&self, ruled: Ruled, rules: &[Rule]) {
        let rules = Some(rules.to_vec()).filter(|rules| !rules.is_empty());
        self.bench.library.set_rules(&self.cast.studio, ruled, rules).await.unwrap();
    }

    /// Who may read a file, by name.
    pub async fn readers(&self, file: &Asset) -> String {
        let mut readers = Vec::new();
        for (name, actor) in self.cast.all() {
            match self.bench.library.contents(actor, file.id, None).await {
                Ok(_) => readers.push(name),
                Err(fault) => expect_refusal(actor, &fault),
            }
        }
        readers.join(" ")
    }
}

/// Those without a key are asked for one, all others are denied.
pub fn expect_refusal(actor: &Actor, fault: &library::Fault) {
    let expected = if actor.is_anonymous() { "Unauthenticated" } else { "Denied" };
    assert_eq!(format!("{fault:?}"), expected);
}

/// A rule about the rights named by their first letters.
pub fn rule(types: &str, allow: Allow) -> Rule {
    let access = |letter| match letter {
        'r' => Access::Read,
        'c' => Access::Create,
        'u' => Access::Update,
        _ => Access::Delete,
    };
    Rule {
        name: None,
        enabled: true,
        stop: false,
        types: types.chars().map(access).collect(),
        spaces: Vec::new(),
        allow,
    }
}

/// A rule about the holders of some keys.
pub fn keys(types: &str, holders: &[&Actor]) -> Rule {
    rule(types, Allow::Tokens(holders.iter().map(|holder| holder.token().unwrap().id).collect()))
}
