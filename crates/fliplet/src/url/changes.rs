//! What a PUT asks to change of a file or folder: its name, its place, whose media it is. It knows what is asked for and
//! where the thing lies, not what lies elsewhere.

use serde_json::{Map, Value};

use super::{BadParameter, Context, Place, flags::parse_json_flag, parse_json_id, present};

/// The fields that name the folder to move into, for files and folders alike: clients mix them up.
const FOLDER_FIELDS: &[&str] = &["mediaFolderId", "parentId", "folderId"];

/// What a body asks to change of a file. What it does not speak of stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileChange {
    /// A new name, as it was sent: whether it is one, the library says.
    pub name: Option<String>,
    /// Where to.
    pub placement: Placement,
    /// Whether it is to be the organization's rather than an app's.
    pub is_organization_media: Option<bool>,
}

/// What a body asks to change of a folder. What it does not speak of stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderChange {
    /// A new name, as it was sent: whether it is one, the library says.
    pub name: Option<String>,
    /// Where to.
    pub placement: Placement,
}

/// Where a body wants something to lie: what it says of the folder, the app and the organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Placement {
    folder: Word,
    app: Word,
    organization: Word,
}

/// What a body says of one id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Word {
    /// Nothing: it stays as it is.
    #[default]
    Unsaid,
    /// That there is to be none: `null`.
    Cleared,
    /// Which it is to be.
    Named(u32),
}

impl FileChange {
    /// Reads a body. One that asks for nothing is no error.
    ///
    /// # Errors
    /// When a field holds something that it can not mean.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, BadParameter> {
        Ok(Self {
            name: read_name(body)?,
            placement: Placement::from_json(body)?,
            is_organization_media: parse_json_flag("isOrganizationMedia", body)?,
        })
    }
}

impl FolderChange {
    /// Reads a body. One that asks for nothing is no error.
    ///
    /// # Errors
    /// When a field holds something that it can not mean.
    pub fn from_json(body: &Map<String, Value>) -> Result<Self, BadParameter> {
        Ok(Self { name: read_name(body)?, placement: Placement::from_json(body)? })
    }
}

impl Placement {
    fn from_json(body: &Map<String, Value>) -> Result<Self, BadParameter> {
        let mut folder = Word::Unsaid;
        for name in FOLDER_FIELDS {
            folder = folder.or(Word::read(name, body)?);
        }
        Ok(Self { folder, app: Word::read("appId", body)?, organization: Word::read("organizationId", body)? })
    }

    /// Where something goes that lies `here`; `None` when it stays. Of `here`, the folder is the one it lies in (`None` at
    /// the top of an app or organization), the app is `None` in an organization, and the organization is always there.
    ///
    /// A folder that is named decides, however stale its companions are. Otherwise an app or organization that is named
    /// and is another than now is gone to, at its top; one that is the same is only an echo. A folder that is cleared
    /// alone leads to the top of the app or organization that the thing is in.
    #[must_use]
    pub fn destination(self, here: Context) -> Option<Place> {
        let top = self.top(here);
        let stays = self.folder == Word::Unsaid && top == here.top();
        let place = match self.folder {
            Word::Named(folder) => Some(Place::Folder(folder)),
            Word::Cleared | Word::Unsaid => top,
        };
        place.filter(|place| !stays && Some(*place) != here.place())
    }

    /// The top of the app or organization that is asked for, or else the one that something is in.
    fn top(self, here: Context) -> Option<Place> {
        let organization = match self.organization {
            Word::Named(organization) => Some(organization),
            // Nothing lies outside every organization.
            Word::Cleared | Word::Unsaid => here.organization,
        };
        let app = match self.app {
            Word::Named(app) => Some(app),
            Word::Cleared => None,
            // An app is in one organization only: who names another leaves the app.
            Word::Unsaid => here.app.filter(|_| organization == here.organization),
        };
        Context { folder: None, app, organization }.place()
    }
}

impl Context {
    /// The top of the app or organization of this context.
    fn top(self) -> Option<Place> {
        Self { folder: None, ..self }.place()
    }
}

impl Word {
    fn read(name: &'static str, body: &Map<String, Value>) -> Result<Self, BadParameter> {
        match body.get(name) {
            None => Ok(Self::Unsaid),
            // What a form sends for nothing is nothing; only `null` itself clears.
            Some(Value::String(text)) if present(text).is_none() => Ok(Self::Unsaid),
            Some(value) => Ok(parse_json_id(name, value)?.map_or(Self::Cleared, Self::Named)),
        }
    }

    /// The clearer of two words for the same: an id before `null` before nothing.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Named(_), _) | (_, Self::Unsaid) => self,
            (Self::Cleared, Self::Cleared | Self::Named(_)) | (Self::Unsaid, _) => other,
        }
    }
}

fn read_name(body: &Map<String, Value>) -> Result<Option<String>, BadParameter> {
    match body.get("name") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => Ok(Some(name.clone())),
        Some(_) => Err(BadParameter { name: "name", accepted: "must be text" }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::url::samples;

    /// Four places to be in: organization 7 has app 2 with folder 5, and folder 6.
    const IN_APP_FOLDER: Context = Context { folder: Some(5), app: Some(2), organization: Some(7) };
    const IN_APP: Context = Context { folder: None, ..IN_APP_FOLDER };
    const IN_FOLDER: Context = Context { folder: Some(6), app: None, organization: Some(7) };
    const IN_ORGANIZATION: Context = Context { folder: None, ..IN_FOLDER };

    fn change(body: &Value) -> Result<FileChange, BadParameter> {
        FileChange::from_json(body.as_object().expect("an object"))
    }

    #[test]
    fn what_a_body_says_leads_somewhere_or_nowhere() {
        let (stays, folder) = (None, |id| Some(Place::Folder(id)));
        let (app, organization) = (|id| Some(Place::App(id)), |id| Some(Place::Organization(id)));
        // The body; where it leads from folder 5 of app 2, from the top of app 2, from folder 6 of organization 7, from its top.
        let cases = [
            // What the file manager sends: to an organization, an app, a folder.
            (
                json!({"appId": null, "mediaFolderId": null, "organizationId": 7}),
                [organization(7), organization(7), organization(7), stays],
            ),
            (json!({"appId": 2, "mediaFolderId": null}), [app(2), stays, app(2), app(2)]),
            (json!({"appId": 3, "parentId": null}), [app(3), app(3), app(3), app(3)]),
            (json!({"parentId": 8}), [folder(8), folder(8), folder(8), folder(8)]),
            (json!({"mediaFolderId": 5}), [stays, folder(5), folder(5), folder(5)]),
            (json!({"folderId": "6"}), [folder(6), folder(6), stays, folder(6)]),
            // A folder decides; its companions may be stale.
            (
                json!({"mediaFolderId": 8, "appId": 3, "organizationId": 99}),
                [folder(8), folder(8), folder(8), folder(8)],
            ),
            (json!({"mediaFolderId": 5, "appId": 3, "organizationId": 99}), [stays, folder(5), folder(5), folder(5)]),
            (
                json!({"mediaFolderId": 8, "appId": null, "organizationId": null}),
                [folder(8), folder(8), folder(8), folder(8)],
            ),
            // Of two words for the folder, the clearer.
            (json!({"mediaFolderId": null, "parentId": 8}), [folder(8), folder(8), folder(8), folder(8)]),
            (
                json!({"mediaFolderId": 8, "parentId": 9, "folderId": null}),
                [folder(8), folder(8), folder(8), folder(8)],
            ),
            // Nothing said, or nothing new: a client sends back what it was given.
            (json!({}), [stays, stays, stays, stays]),
            (json!({"name": "x"}), [stays, stays, stays, stays]),
            (json!({"mediaFolderId": "undefined", "appId": "undefined"}), [stays, stays, stays, stays]),
            (json!({"appId": 2}), [stays, stays, app(2), app(2)]),
            (json!({"appId": 2, "organizationId": 7}), [stays, stays, app(2), app(2)]),
            (json!({"organizationId": 7}), [stays, stays, stays, stays]),
            (json!({"organizationId": null}), [stays, stays, stays, stays]),
            (json!({"appId": null}), [organization(7), organization(7), stays, stays]),
            (json!({"appId": null, "organizationId": 7}), [organization(7), organization(7), stays, stays]),
            (json!({"appId": null, "organizationId": null}), [organization(7), organization(7), stays, stays]),
            (json!({"mediaFolderId": 6, "appId": null, "organizationId": 7}), [folder(6), folder(6), stays, folder(6)]),
            // Cleared: to the top of where it is.
            (json!({"mediaFolderId": null}), [app(2), stays, organization(7), stays]),
            (json!({"mediaFolderId": ""}), [stays, stays, stays, stays]),
            (json!({"mediaFolderId": "null"}), [stays, stays, stays, stays]),
            (json!({"parentId": null, "organizationId": 7}), [app(2), stays, organization(7), stays]),
            (json!({"parentId": null, "organizationId": null}), [app(2), stays, organization(7), stays]),
            (json!({"parentId": null, "appId": null}), [organization(7), organization(7), organization(7), stays]),
            (
                json!({"parentId": null, "appId": null, "organizationId": null}),
                [organization(7), organization(7), organization(7), stays],
            ),
            // An app that is named decides over an organization; another organization is gone to, so that it can be refused.
            (json!({"appId": 3}), [app(3), app(3), app(3), app(3)]),
            (json!({"appId": 2, "organizationId": 99}), [stays, stays, app(2), app(2)]),
            (json!({"organizationId": 99}), [organization(99), organization(99), organization(99), organization(99)]),
            (
                json!({"parentId": null, "organizationId": 99}),
                [organization(99), organization(99), organization(99), organization(99)],
            ),
        ];
        for (body, expected) in cases {
            let placement = change(&body).expect("all of them are ids").placement;
            for (here, expected) in [IN_APP_FOLDER, IN_APP, IN_FOLDER, IN_ORGANIZATION].into_iter().zip(expected) {
                assert_eq!(placement.destination(here), expected, "{body} from {here:?}");
            }
        }
    }

    #[test]
    fn names_are_text_and_flags_are_flags() {
        let named = |name: &str| Ok(FileChange { name: Some(name.to_owned()), ..FileChange::default() });
        let flagged = |flag| Ok(FileChange { is_organization_media: flag, ..FileChange::default() });
        for (body, expected) in [
            (json!({}), Ok(FileChange::default())),
            (json!({"name": null, "unknown": []}), Ok(FileChange::default())),
            (json!({"name": "b.jpg"}), named("b.jpg")),
            (json!({"name": ""}), named("")),
            (json!({"name": " undefined "}), named(" undefined ")),
            (json!({"isOrganizationMedia": true}), flagged(Some(true))),
            (json!({"isOrganizationMedia": "false"}), flagged(Some(false))),
            (json!({"isOrganizationMedia": null}), flagged(None)),
        ] {
            assert_eq!(change(&body), expected, "{body}");
        }
        for (body, name) in [
            (json!({"name": 5}), "name"),
            (json!({"name": ["a"]}), "name"),
            (json!({"name": false}), "name"),
            (json!({"isOrganizationMedia": "maybe"}), "isOrganizationMedia"),
            (json!({"mediaFolderId": 0}), "mediaFolderId"),
            (json!({"mediaFolderId": 5, "parentId": "x"}), "parentId"),
            (json!({"folderId": [5]}), "folderId"),
            (json!({"appId": {}}), "appId"),
            (json!({"organizationId": 1.5}), "organizationId"),
        ] {
            assert_eq!(change(&body).map_err(|error| error.name), Err(name), "{body}");
        }
        let body = json!({"name": "Trips", "parentId": "5", "isOrganizationMedia": "maybe"});
        let change = FolderChange::from_json(body.as_object().expect("an object")).expect("a change of a folder");
        assert_eq!(change.name.as_deref(), Some("Trips"));
        assert_eq!(change.placement.destination(IN_APP), Some(Place::Folder(5)));
    }

    proptest! {
        #[test]
        fn any_body_is_read_or_refused(
            body in samples::body(&["name", "mediaFolderId", "parentId", "folderId", "appId", "organizationId", "null", "7"]),
        ) {
            if let Ok(change) = FileChange::from_json(&body) {
                for here in [IN_APP_FOLDER, IN_APP, IN_FOLDER, IN_ORGANIZATION] {
                    let destination = change.placement.destination(here);
                    prop_assert!(destination.is_none() || destination != here.place(), "{body:?} from {here:?}");
                }
            }
        }
    }
}
