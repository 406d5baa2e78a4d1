//! What a process is before it plays a role: its folder, its name, the secret it shares with the others.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use np_domain::text::Explanation;
use np_feed::NodeKey;

use super::Role;
use crate::config::{
    Loaded,
    error::{ConfigError, Invalid},
};

/// Only the owner enters our folders.
const FOLDER_MODE: u32 = 0o700;
/// Only the owner reads our files.
const FILE_MODE: u32 = 0o600;

/// This process among others.
pub(crate) struct Node {
    /// What it calls itself, in leases and reports; the same after a restart.
    pub(crate) name: Explanation,
    /// The secret that control and nodes share.
    pub(crate) key: NodeKey,
}

impl Node {
    /// Makes what is missing at the first start, and reads it later.
    pub(crate) fn prepare(loaded: &Loaded, role: Role) -> Result<Self, ConfigError> {
        let (data, feed) = (&loaded.config.data, &loaded.config.feed);
        data_folder(loaded)?;
        let path = data.node_id();
        let name = match &feed.node_name {
            Some(name) => name.clone(),
            None => drawn_name(&path).map_err(|why| {
                let message =
                    format!("{} cannot be used ({why}): correct its rights", path.display());
                loaded.blame("data", Invalid::new("dir", message))
            })?,
        };
        Ok(Self { name: Explanation::new(name), key: key(loaded, role)? })
    }
}

/// Control makes the secret; a node that made one would only have a secret that nobody shares.
fn key(loaded: &Loaded, role: Role) -> Result<NodeKey, ConfigError> {
    let path = loaded.config.feed.key(&loaded.config.data);
    let key = match role.has_control() {
        true => NodeKey::load_or_create(&path),
        false => NodeKey::load(&path),
    };
    key.map_err(|why| {
        let cause = std::error::Error::source(&why).map(|cause| format!(" ({cause})"));
        let message = format!(
            "{why}{}: copy feed.key from the control node, or correct the path or its rights",
            cause.unwrap_or_default()
        );
        loaded.blame("feed", Invalid::new("key_file", message))
    })
}

/// Makes the data folder, unless it is there.
pub(crate) fn data_folder(loaded: &Loaded) -> Result<(), ConfigError> {
    let dir = &loaded.config.data.dir;
    folder(dir).map_err(|why| {
        let dir = dir.display();
        let message =
            format!("{dir} cannot be made ({why}): choose a folder that you may write to");
        loaded.blame("data", Invalid::new("dir", message))
    })
}

/// Makes a folder for its owner only, unless it is there.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
}

/// Writes a file for its owner only, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(FILE_MODE).open(&draft)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    // Only then does the name outlive a power cut.
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// The name that is kept at `path`; drawn when there is none.
fn drawn_name(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let name = format!("node-{:08x}", rand::random::<u32>());
    write_private(path, &name)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::Config;

    fn loaded(dir: &Path) -> Loaded {
        let mut config = Config::default();
        config.data.dir = dir.join("data");
        Loaded::of(config)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_first_start_makes_what_later_starts_read() {
        let dir = tempfile::tempdir().unwrap();
        let loaded = loaded(dir.path());
        let first = Node::prepare(&loaded, Role::All).unwrap();
        let second = Node::prepare(&loaded, Role::All).unwrap();
        assert_eq!(first.name, second.name);
        assert_eq!(first.key.credential(), second.key.credential());
        let data = &loaded.config.data;
        assert_eq!(mode(&data.dir), 0o700);
        assert_eq!(mode(&data.node_id()), 0o600);
        assert_eq!(mode(&data.dir.join("feed.key")), 0o600);
    }

    #[test]
    fn a_node_without_the_secret_is_told_where_to_get_it() {
        let dir = tempfile::tempdir().unwrap();
        let why = Node::prepare(&loaded(dir.path()), Role::Edge).err().unwrap().to_string();
        assert!(why.starts_with("feed.key_file: "), "{why}");
        assert!(why.contains("copy feed.key from the control node"), "{why}");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("data"), "a file").unwrap();
        let why = Node::prepare(&loaded(dir.path()), Role::All).err().unwrap().to_string();
        assert!(why.starts_with("data.dir: ") && why.contains("choose a folder"), "{why}");
    }
}
