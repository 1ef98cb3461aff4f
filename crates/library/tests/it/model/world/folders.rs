//! What becomes of the model's folders.

use library::{Fault, Invalid};

use super::{
    super::program::{NAMES, Name},
    BAD_NAME, Folder, IN_TRASH, Kind, NO_FOLDER, Said, World,
};

impl World {
    pub fn make_folder(&mut self, parent: usize, name: Name) -> Said {
        self.living_folder(parent)?;
        let kept = name.kept.ok_or(BAD_NAME)?;
        let slug = self.slug(parent, (name.of_folder, ""));
        let made = Folder {
            kind: Kind::Plain,
            parent: Some(parent),
            name: kept.to_owned(),
            slug: slug.clone(),
            deleted_at: None,
            purged: false,
        };
        self.folders.push(made);
        Ok(slug)
    }

    pub fn change_folder(&mut self, at: usize, name: Option<Name>, parent: Option<usize>) -> Said {
        self.plain_folder(at)?;
        if let Some(parent) = parent {
            self.living_folder(parent)?;
        }
        let kept = name.map(|name| name.kept.ok_or(BAD_NAME)).transpose()?;
        let same_name = kept.is_none_or(|kept| kept == self.folders[at].name);
        let new_parent = parent.or(self.folders[at].parent).expect("a plain folder has a parent");
        if same_name && Some(new_parent) == self.folders[at].parent {
            return Ok(self.folders[at].slug.clone());
        }
        if self.holds(at, new_parent) {
            return Err(Fault::Invalid(Invalid::IntoItself));
        }
        let kept = kept.map_or_else(|| self.folders[at].name.clone(), str::to_owned);
        let wish = folder_slug(&kept);
        self.folders[at].slug.clear();
        let slug = self.slug(new_parent, (wish, ""));
        let folder = &mut self.folders[at];
        (folder.name, folder.parent, folder.slug) = (kept, Some(new_parent), slug.clone());
        Ok(slug)
    }

    pub fn trash_folder(&mut self, at: usize) -> Said {
        self.plain_folder(at)?;
        self.folders[at].deleted_at = Some(self.now_ms);
        Ok(String::new())
    }

    pub fn restore_folder(&mut self, at: usize) -> Said {
        self.known_folder(at)?;
        let (Some(_), Some(parent)) = (self.folders[at].deleted_at, self.folders[at].parent) else {
            return Err(if self.folder_lives(at) { NO_FOLDER } else { IN_TRASH });
        };
        if !self.folder_lives(parent) {
            return Err(IN_TRASH);
        }
        let wish = folder_slug(&self.folders[at].name);
        let slug = self.slug(parent, (wish, ""));
        let folder = &mut self.folders[at];
        (folder.slug, folder.deleted_at) = (slug.clone(), None);
        Ok(slug)
    }

    pub fn purge_folder(&mut self, at: usize) -> Said {
        self.known_folder(at)?;
        if self.folder_lives(at) {
            return Err(NO_FOLDER);
        }
        for inner in 0..self.folders.len() {
            if self.holds(at, inner) {
                self.folders[inner].purged = true;
            }
        }
        Ok(String::new())
    }
}

fn folder_slug(name: &str) -> &'static str {
    let known = NAMES.iter().find(|known| known.kept == Some(name));
    known.map_or("things", |known| known.of_folder)
}
