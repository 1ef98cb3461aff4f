//! Where things lie, told as a chain from the top: for the trash and for searches. Read at once for a whole answer.

use std::collections::{HashMap, HashSet};

use library::{Actor, Fault, Folder, Library, Tenant};
use serde_json::{Value, json};

/// The folders above many things, and the organization.
pub(crate) struct Origins {
    tenant: Tenant,
    folders: HashMap<i64, Folder>,
}

impl Origins {
    /// Reads what lies above these folders, and the folders themselves.
    pub(crate) async fn of<'a>(
        library: &Library,
        actor: &Actor,
        folders: impl IntoIterator<Item = &'a Folder>,
    ) -> Result<Self, Fault> {
        let mut ids: Vec<i64> = folders.into_iter().flat_map(chain).collect::<HashSet<_>>().into_iter().collect();
        ids.sort_unstable();
        let found = library.folders_by_id(actor, &ids).await?;
        let folders = found.into_iter().map(|folder| (folder.id, folder)).collect();
        Ok(Self { tenant: library.own_tenant(actor).await?, folders })
    }

    /// What something in `folder` lies in, from the top: an app or the organization, then folders.
    pub(crate) fn parents(&self, folder: &Folder) -> Vec<Value> {
        let mut parents = vec![match folder.space() {
            Some(app) => json!({ "type": "app", "data": self.app(app) }),
            None => json!({ "type": "organization", "data": self.organization() }),
        }];
        for inner in chain(folder).filter_map(|id| self.folders.get(&id)).filter(|inner| is_plain(inner)) {
            parents.push(json!({ "type": "folder", "data": { "id": inner.id, "name": inner.name } }));
        }
        parents
    }

    /// The folder that something lies in, with those above it inside; null at the top of an app or organization.
    pub(crate) fn parent_folder(&self, folder: &Folder) -> Value {
        let mut outer = Value::Null;
        for inner in chain(folder).filter_map(|id| self.folders.get(&id)).filter(|inner| is_plain(inner)) {
            outer = json!({
                "id": inner.id,
                "name": inner.name,
                "appId": inner.space(),
                "organizationId": inner.tenant_id,
                "parentId": outer.get("id"),
                "parentFolder": outer,
            });
        }
        outer
    }

    /// The app that something in `folder` belongs to, or null.
    pub(crate) fn app_of(&self, folder: &Folder) -> Value {
        folder.space().map_or(Value::Null, |app| self.app(app))
    }

    /// The folder with this id, if it was among those above.
    pub(crate) fn folder(&self, id: i64) -> Option<&Folder> {
        self.folders.get(&id)
    }

    pub(crate) fn organization(&self) -> Value {
        json!({ "id": self.tenant.id, "name": self.tenant.name })
    }

    fn app(&self, id: i64) -> Value {
        json!({ "id": id, "name": self.folders.get(&id).map(|app| &app.name) })
    }
}

/// The ids from the root to the folder itself.
fn chain(folder: &Folder) -> impl Iterator<Item = i64> + use<> {
    let ids: Vec<i64> = folder.path.split('/').filter_map(|id| id.parse().ok()).collect();
    ids.into_iter()
}

fn is_plain(folder: &Folder) -> bool {
    folder.kind.is_shown()
}
