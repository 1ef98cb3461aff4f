//! Access rules: who is let in, by the first rule set found on a file, its folder, or one above. Asked for every actor, so
//! that every dialect obeys them. Those who may change rules are held by none.

use std::sync::Arc;

use moka::sync::Cache;
use store::{
    rules::{Access, Allow, Condition, Governing, Rule, Ruled, Test},
    users::User,
};

use crate::{
    Actor, Asset, Fault, Folder, Invalid, Library, Limits, Noun, Right,
    actor::{Holder, Say},
    assets::as_of_asset,
};

/// The most rules that one folder or file may have.
pub const MAX_RULES: usize = 20;

/// So many folders and files with rules of their own are looked at for one change of a folder above them.
const MAX_RULED_BELOW: i64 = 1_000;

/// The rules that hold in folders, as far as they were asked for lately.
pub(crate) struct Memory {
    governing: Cache<i64, Remembered>,
}

#[derive(Clone)]
struct Remembered {
    governing: Option<Arc<Governing>>,
    tree_epoch: u64,
    read_at: i64,
}

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { governing: Cache::new(limits.max_cards) }
    }
}

/// The rules of a folder or file, as those see them who may change them.
#[derive(Debug, Clone)]
pub struct RulesInForce {
    /// Those that were set on it.
    pub own: Option<Vec<Rule>>,
    /// Those above it that hold because it has none.
    pub inherited: Option<Arc<Governing>>,
    /// The tenant's name, for rules that come from the top.
    pub tenant: crate::Tenant,
}

impl Library {
    /// Whether the actor may do this with what lies in `folder`.
    pub(crate) async fn expect(&self, actor: &Actor, right: Right, folder: &Folder) -> Result<(), Fault> {
        self.expect_by(actor, right, folder, None).await
    }

    /// Whether the actor may do this with a file. It is asked on every read of a hot file, so what is in memory decides
    /// where it can.
    pub(crate) async fn expect_with(&self, actor: &Actor, right: Right, asset: &Asset) -> Result<(), Fault> {
        self.expect_by(actor, right, &asset.folder, asset.rules.as_deref()).await
    }

    /// Whether the actor may do this with a folder and with all below it: rules of their own may keep things from those who
    /// may do it with the folder.
    pub(crate) async fn expect_throughout(&self, actor: &Actor, right: Right, top: &Folder) -> Result<(), Fault> {
        self.expect(actor, right, top).await?;
        if actor.key_allows(right, top)? == Say::Final {
            return Ok(());
        }
        let folders = self.inner.catalog.ruled_folders(top, MAX_RULED_BELOW).await?;
        let assets = self.inner.catalog.ruled_assets(top, MAX_RULED_BELOW).await?;
        for folder in &folders {
            self.expect(actor, right, folder).await?;
        }
        for asset in &assets {
            self.expect_with(actor, right, asset).await?;
        }
        // With more than that nobody looks at each: those who are held by no rule can do it.
        let most = usize::try_from(MAX_RULED_BELOW).unwrap_or(usize::MAX);
        if folders.len().max(assets.len()) >= most { Err(Fault::Denied) } else { Ok(()) }
    }

    async fn expect_by(&self, actor: &Actor, right: Right, folder: &Folder, own: Option<&[Rule]>) -> Result<(), Fault> {
        if actor.key_allows(right, folder)? == Say::Final {
            return Ok(());
        }
        let denied = || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::Denied };
        let inherited;
        let rules = match own.or(folder.rules.as_deref()) {
            Some(rules) => Some(rules),
            None => {
                inherited = self.governing(folder).await?;
                inherited.as_deref().map(|governing| governing.rules.as_slice())
            }
        };
        let granted = match (rules, access_of(right)) {
            (Some(rules), Some(access)) => grants(rules, access, actor),
            // Without rules a key is enough, and so is a folder that anybody may read.
            (None, _) if actor.is_anonymous() => right == Right::Read && folder.public_read,
            (None, _) => true,
            // What no rule is about, no rule gives.
            (Some(_), None) => false,
        };
        if granted { Ok(()) } else { Err(denied()) }
    }

    /// The rules that hold in a folder, its own or inherited.
    async fn governing(&self, folder: &Folder) -> Result<Option<Arc<Governing>>, Fault> {
        let (memory, now_ms) = (&self.inner.rules.governing, self.now_ms());
        // Taken before the read, as for cards.
        let tree_epoch = self.inner.cards.tree_epoch();
        if let Some(known) = memory.get(&folder.id) {
            let age = now_ms.saturating_sub(known.read_at);
            if known.tree_epoch == tree_epoch && (0..self.inner.limits.max_memory_age_ms).contains(&age) {
                return Ok(known.governing);
            }
        }
        let governing = self.inner.catalog.governing_rules(folder.tenant_id, folder.id).await?.map(Arc::new);
        memory.insert(folder.id, Remembered { governing: governing.clone(), tree_epoch, read_at: now_ms });
        Ok(governing)
    }

    /// The rules of a folder or file, its own and those it inherits; in the trash too.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for those who may not change rules.
    pub async fn rules(&self, actor: &Actor, ruled: Ruled) -> Result<RulesInForce, Fault> {
        let (folder, own) = self.expect_ruler(actor, ruled).await?;
        let inherited = match own {
            Some(_) => None,
            None => self.inner.catalog.governing_rules(folder.tenant_id, folder.id).await?.map(Arc::new),
        };
        let tenant = self.inner.catalog.tenant(folder.tenant_id).await?.ok_or(Fault::NotFound(Noun::Tenant))?;
        Ok(RulesInForce { own, inherited, tenant })
    }

    /// Sets the rules of a folder or file; none, or an empty list, takes them away, so that those above hold.
    ///
    /// # Errors
    /// `NotFound`; `Denied` for those who may not; `Invalid` for too many, and for such that let nobody in.
    pub async fn set_rules(&self, actor: &Actor, ruled: Ruled, rules: Option<Vec<Rule>>) -> Result<(), Fault> {
        let (folder, _) = self.expect_ruler(actor, ruled).await?;
        let rules = rules.filter(|rules| !rules.is_empty());
        if let Some(rules) = &rules {
            self.expect_sound(folder.tenant_id, rules).await?;
        }
        let stamp = actor.stamp(self.now_ms());
        let done = self.inner.catalog.set_rules(folder.tenant_id, ruled, rules.as_deref(), &stamp).await;
        // What lies below a folder is held by its rules, in every memory.
        self.inner.cards.void_all();
        Ok(done?)
    }

    /// The folder in question, or that of the file, and the rules set on it, if the actor may change them.
    async fn expect_ruler(&self, actor: &Actor, ruled: Ruled) -> Result<(Folder, Option<Vec<Rule>>), Fault> {
        let (folder, own) = match ruled {
            Ruled::Folder(id) => {
                let folder = self.any_folder(actor, id).await?;
                let own = folder.rules.clone();
                (folder, own)
            }
            Ruled::Asset(id) => {
                let missing =
                    || if actor.is_anonymous() { Fault::Unauthenticated } else { Fault::NotFound(Noun::Asset) };
                let asset = self.inner.catalog.asset(id).await?.ok_or_else(missing)?;
                (asset.folder, asset.rules)
            }
        };
        // Rights over rules come with the key alone.
        match (actor.key_allows(Right::Manage, &folder), ruled) {
            (Ok(Say::Final), _) => Ok((folder, own)),
            (Ok(Say::Rules), _) => Err(Fault::Unauthenticated),
            (Err(fault), Ruled::Asset(_)) => Err(as_of_asset(fault)),
            (Err(fault), Ruled::Folder(_)) => Err(fault),
        }
    }

    async fn expect_sound(&self, tenant_id: i64, rules: &[Rule]) -> Result<(), Fault> {
        if rules.len() > MAX_RULES {
            return Err(Fault::Invalid(Invalid::TooManyRules));
        }
        let mut named = rules.iter().filter_map(|rule| match &rule.allow {
            Allow::Tokens(ids) => Some(ids),
            Allow::All | Allow::LoggedIn | Allow::People(_) => None,
        });
        let known: Vec<i64> = match named.clone().next() {
            Some(_) => {
                let tokens = self.inner.catalog.tokens(tenant_id, 0, 10_000).await?;
                tokens.iter().filter(|token| token.revoked_at.is_none()).map(|token| token.id).collect()
            }
            None => Vec::new(),
        };
        if named.any(|ids| ids.iter().any(|id| !known.contains(id))) {
            return Err(Fault::Invalid(Invalid::UnknownToken));
        }
        if lets_somebody_in(rules) { Ok(()) } else { Err(Fault::Invalid(Invalid::LocksOut)) }
    }
}

const fn access_of(right: Right) -> Option<Access> {
    match right {
        Right::Read => Some(Access::Read),
        Right::Create => Some(Access::Create),
        Right::Update => Some(Access::Update),
        Right::Delete => Some(Access::Delete),
        Right::Manage | Right::Personal => None,
    }
}

/// From the top down: the first that lets in is enough, and one that says stop and does not ends it.
fn grants(rules: &[Rule], access: Access, actor: &Actor) -> bool {
    for rule in rules.iter().filter(|rule| rule.enabled && rule.types.contains(&access)) {
        if lets_in(rule, actor) {
            return true;
        }
        if rule.stop {
            return false;
        }
    }
    false
}

fn lets_in(rule: &Rule, actor: &Actor) -> bool {
    let holder = actor.holding();
    let space = holder.and_then(|holder| holder.token.folder_id);
    let from_there = rule.spaces.is_empty() || space.is_some_and(|space| rule.spaces.contains(&space));
    let person = holder.filter(|holder| holder.rights.has(Right::Personal));
    from_there
        && match &rule.allow {
            Allow::All => true,
            Allow::LoggedIn => person.is_some(),
            Allow::Tokens(ids) => holder.is_some_and(|holder| ids.contains(&holder.token.id)),
            Allow::People(conditions) => person.is_some_and(|person| all_true(conditions, person)),
        }
}

fn all_true(conditions: &[Condition], person: &Holder) -> bool {
    conditions.iter().all(|condition| {
        property(&person.user, &condition.property).is_some_and(|value| match condition.test {
            Test::Equals => value == condition.value,
            Test::NotEquals => value != condition.value,
            Test::Contains => value.contains(&condition.value),
        })
    })
}

/// What is known of a person. Of what is not, nothing is true.
fn property(user: &User, name: &str) -> Option<String> {
    match name.to_lowercase().as_str() {
        "id" => Some(user.id.to_string()),
        "email" => Some(user.email.clone()),
        "name" | "fullname" | "full name" => Some(user.full_name.clone()),
        "role" => Some(user.role.clone()),
        _ => None,
    }
}

/// Whether there is anything that anybody could be let in for.
fn lets_somebody_in(rules: &[Rule]) -> bool {
    [Access::Read, Access::Create, Access::Update, Access::Delete].into_iter().any(|access| {
        for rule in rules.iter().filter(|rule| rule.enabled && rule.types.contains(&access)) {
            let nobody = matches!(&rule.allow, Allow::Tokens(ids) if ids.is_empty());
            match (nobody, rule.stop) {
                (false, _) => return true,
                (true, true) => return false,
                (true, false) => {}
            }
        }
        false
    })
}
