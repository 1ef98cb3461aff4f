//! What becomes of the model's files.

use library::{Fault, Invalid};

use super::{super::program::Name, BAD_NAME, File, IN_TRASH, NO_FILE, Said, World};

impl World {
    pub fn upload(&mut self, folder: usize, files: &[(Name, usize)]) -> Said {
        self.living_folder(folder)?;
        if files.is_empty() {
            return Err(Fault::Invalid(Invalid::Empty));
        }
        if files.iter().any(|(name, _)| name.kept.is_none()) {
            return Err(BAD_NAME);
        }
        // Of those that come together, the slugs are given in the order of what they would like to have.
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|at| format!("{}{}", files[*at].0.of_file.0, files[*at].0.of_file.1));
        let first = self.files.len();
        for (name, bytes) in files {
            self.files.push(File {
                foreign: false,
                folder,
                name: name.kept.unwrap_or_default().to_owned(),
                wish: name.of_file,
                slug: String::new(),
                versions: vec![*bytes],
                limit: None,
                expires_at: None,
                downloads: 0,
                deleted_at: None,
                erased: false,
            });
        }
        for at in order {
            self.files[first + at].slug = self.slug(folder, files[at].0.of_file);
        }
        Ok(self.files[first..].iter().map(|file| file.slug.as_str()).collect::<Vec<_>>().join(" "))
    }

    pub fn replace(&mut self, at: usize, bytes: usize) -> Said {
        self.seen_file(at)?;
        self.files[at].versions.push(bytes);
        Ok(self.files[at].versions.len().to_string())
    }

    pub fn change_file(&mut self, at: usize, name: Option<Name>, folder: Option<usize>) -> Said {
        self.seen_file(at)?;
        if let Some(folder) = folder {
            self.living_folder(folder)?;
        }
        let kept = name.map(|name| name.kept.ok_or(BAD_NAME)).transpose()?;
        let new_folder = folder.unwrap_or(self.files[at].folder);
        if kept.is_none_or(|kept| kept == self.files[at].name) && new_folder == self.files[at].folder {
            return Ok(self.files[at].slug.clone());
        }
        let wish = name.map_or(self.files[at].wish, |name| name.of_file);
        self.files[at].slug.clear();
        let slug = self.slug(new_folder, wish);
        let file = &mut self.files[at];
        (file.slug, file.wish, file.folder) = (slug.clone(), wish, new_folder);
        if let Some(kept) = kept {
            file.name = kept.to_owned();
        }
        Ok(slug)
    }

    pub fn trash_file(&mut self, at: usize) -> Said {
        self.seen_file(at)?;
        self.files[at].deleted_at = Some(self.now_ms);
        Ok(String::new())
    }

    pub fn restore_file(&mut self, at: usize) -> Said {
        if !self.knows_file(at) {
            return Err(NO_FILE);
        }
        if !self.folder_lives(self.files[at].folder) {
            return Err(IN_TRASH);
        }
        if self.files[at].deleted_at.is_none() {
            return Err(NO_FILE);
        }
        if self.is_over(at) {
            return Err(Fault::Expired);
        }
        let slug = self.slug(self.files[at].folder, self.files[at].wish);
        let file = &mut self.files[at];
        (file.slug, file.deleted_at) = (slug.clone(), None);
        Ok(slug)
    }

    pub fn purge_file(&mut self, at: usize) -> Said {
        if !self.knows_file(at) || self.file_lives(at) {
            return Err(NO_FILE);
        }
        self.erase(at);
        Ok(String::new())
    }

    pub fn limit(&mut self, at: usize, downloads: Option<i64>, expires_at: Option<i64>) -> Said {
        self.seen_file(at)?;
        if downloads.is_some_and(i64::is_negative) {
            return Err(Fault::Invalid(Invalid::Other("a limit is not negative")));
        }
        let file = &mut self.files[at];
        (file.limit, file.expires_at) = (downloads, expires_at);
        Ok(String::new())
    }

    pub fn download(&mut self, at: usize) -> Said {
        self.seen_file(at)?;
        if self.files[at].limit.is_some_and(|limit| self.files[at].downloads >= limit) {
            return Err(Fault::Exhausted);
        }
        self.files[at].downloads += 1;
        Ok(self.bytes_of(at).to_string())
    }
}
