//! Where scripts are found: inside the binary, in the user's own folder, or
//! where a path says.

use std::path::{Path, PathBuf};

use super::engine::LARGEST_SCRIPT;
use super::error::{ScriptError, Trouble};
use super::header::Sort;
use super::recipe::Recipe;
use super::script::Runbook;
use super::shipped;
use crate::objects::nearest::nearest;

/// Where a script is that somebody named.
enum Found {
    Shipped,
    File(PathBuf),
}

/// A path (with a slash) is a file, a bare name is a shipped script or
/// `CONFIG/recipes/NAME.rhai`. Shipped names cannot be overridden.
fn locate(name: &str, sort: Sort, config: &Path) -> Result<Found, ScriptError> {
    if name.contains(['/', std::path::MAIN_SEPARATOR]) {
        return Ok(Found::File(PathBuf::from(name)));
    }
    let shipped = shipped::names(sort);
    if shipped.contains(&name) {
        return Ok(Found::Shipped);
    }
    let folder = config.join(sort.folder());
    let own = own_names(&folder, sort);
    if own.iter().any(|known| known == name) {
        return Ok(Found::File(folder.join(format!("{name}.rhai"))));
    }
    let known: Vec<&str> = shipped.into_iter().chain(own.iter().map(String::as_str)).collect();
    let error = ScriptError::new(Trouble::Unknown, format!("no {} `{name}`", sort.word()));
    let error = match nearest(name, known.iter().copied()) {
        Some(meant) => error.hint(format!("did you mean `{meant}`?")),
        None => error,
    };
    let error = error.hint(format!("there are {}", known.join(", ")));
    Err(if Path::new(name).exists() { error.hint(format!("a file is named with a slash: ./{name}")) } else { error })
}

impl Runbook {
    /// The runbook that somebody named, as `Recipe::find`.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn find(name: &str, config: &Path) -> Result<Self, ScriptError> {
        match locate(name, Sort::Runbook, config)? {
            Found::Shipped => {
                Self::shipped(name).ok_or_else(|| ScriptError::new(Trouble::Unknown, format!("no runbook `{name}`")))
            }
            Found::File(path) => Self::from_source(name.to_owned(), text(&path)?),
        }
    }

    /// Name and text of the file with the tests of a runbook: `x_test.rhai` beside
    /// `x.rhai`.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn tests(name: &str, config: &Path) -> Result<(String, String), ScriptError> {
        let Found::File(path) = locate(name, Sort::Runbook, config)? else {
            let what = format!("`{name}` comes with the program, and is tested with it");
            return Err(ScriptError::new(Trouble::Unreadable, what)
                .hint(format!("test a copy: kubectl stateful runbook show {name} > mine.rhai")));
        };
        let beside = path.with_file_name(format!("{}_test.rhai", path.file_stem().unwrap_or_default().display()));
        let file = beside.display().to_string();
        if !beside.exists() {
            return Err(ScriptError::new(Trouble::Unreadable, format!("there is no `{file}`"))
                .hint("the tests of `x.rhai` stand beside it, in `x_test.rhai`"));
        }
        text(&beside).map(|text| (file, text))
    }

    /// The names of the runbooks in the user's own folder, sorted.
    #[must_use]
    pub fn own_names(config: &Path) -> Vec<String> {
        own_names(&config.join(Sort::Runbook.folder()), Sort::Runbook)
    }
}

impl Recipe {
    /// The recipe that somebody named: a path (with a slash) is a file, a bare
    /// name is a shipped recipe or `CONFIG/recipes/NAME.rhai`. Shipped names
    /// cannot be overridden.
    pub fn find(name: &str, config: &Path) -> Result<Self, ScriptError> {
        match locate(name, Sort::Recipe, config)? {
            Found::Shipped => {
                Self::shipped(name).ok_or_else(|| ScriptError::new(Trouble::Unknown, format!("no recipe `{name}`")))
            }
            Found::File(path) => Self::from_source(name.to_owned(), text(&path)?),
        }
    }

    /// The names of the recipes in the user's own folder, sorted. None of them is
    /// a shipped one.
    #[must_use]
    pub fn own_names(config: &Path) -> Vec<String> {
        own_names(&config.join(Sort::Recipe.folder()), Sort::Recipe)
    }

    /// Name and summary of each of them, or what is wrong with it. This reads
    /// and compiles the files.
    #[must_use]
    pub fn own_summaries(config: &Path) -> Vec<(String, String)> {
        let summary = |name: &String| match Self::find(name, config) {
            Ok(recipe) => recipe.header.summary,
            Err(why) => format!("your own recipe, with a mistake in it: {}", why.message()),
        };
        Self::own_names(config).into_iter().map(|name| (name.clone(), summary(&name))).collect()
    }

    /// What to say of a file in the user's own folder that has the name of a
    /// shipped recipe: that recipe is taken, and not the file.
    #[must_use]
    pub fn shadowed(name: &str, config: &Path) -> Option<String> {
        let path = config.join(format!("recipes/{name}.rhai"));
        let path = path.is_file().then(|| path.display().to_string())?;
        let shipped = shipped::RECIPES.iter().any(|(known, _)| *known == name);
        shipped.then(|| {
            format!("`{name}` is the recipe that comes with the program, and not `{path}`: name that by its path")
        })
    }

    /// The same for every shipped recipe.
    #[must_use]
    pub fn all_shadowed(config: &Path) -> Vec<String> {
        shipped::RECIPES.iter().filter_map(|(name, _)| Self::shadowed(name, config)).collect()
    }
}

/// The scripts in a folder, sorted; none if it cannot be read.
fn own_names(folder: &Path, sort: Sort) -> Vec<String> {
    let shipped = shipped::names(sort);
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let scripts = files.filter(|path| path.extension().is_some_and(|end| end == "rhai"));
    let mut names: Vec<String> = scripts
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .filter(|name| !name.ends_with("_test") && !shipped.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// The text of a script of somebody's own.
fn text(path: &Path) -> Result<String, ScriptError> {
    let name = path.display();
    read(path).map_err(|why| ScriptError::new(Trouble::Unreadable, format!("cannot read `{name}`: {why}")))
}

fn read(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    // Asked before opening, because opening a pipe would wait for a writer.
    if !std::fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(LARGEST_SCRIPT as u64 + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() > LARGEST_SCRIPT { Err("it is larger than 1 MiB".to_owned()) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "const RECIPE = #{ api: 1, summary: \"mine\" };\nfn objects(p) { [] }";

    fn config() -> tempfile::TempDir {
        let config = tempfile::tempdir().unwrap();
        std::fs::create_dir(config.path().join("recipes")).unwrap();
        for name in ["mine", "couchdb", "mine_test"] {
            std::fs::write(config.path().join(format!("recipes/{name}.rhai")), SCRIPT).unwrap();
        }
        config
    }

    #[test]
    fn bare_names_are_shipped_or_ours_and_shipped_ones_cannot_be_overridden() {
        let config = config();
        let own = Recipe::find("mine", config.path()).unwrap();
        assert_eq!((own.name.as_str(), own.header.summary.as_str()), ("mine", "mine"));
        assert_ne!(Recipe::find("couchdb", config.path()).unwrap().header.summary, "mine");
    }

    #[test]
    fn a_file_with_a_shipped_name_is_told_and_one_with_a_mistake_is_listed() {
        let config = config();
        let told = Recipe::all_shadowed(config.path());
        assert!(told.len() == 1 && told[0].contains("recipes/couchdb.rhai"), "{told:?}");
        assert_eq!(Recipe::shadowed("mine", config.path()), None);
        std::fs::write(config.path().join("recipes/odd.rhai"), "const RECIPE = 1;").unwrap();
        let listed = Recipe::own_summaries(config.path());
        assert_eq!(listed[0], ("mine".to_owned(), "mine".to_owned()));
        assert_eq!(listed[1].1, "your own recipe, with a mistake in it: `RECIPE` must be a map: `#{ … }`");
    }

    #[test]
    fn a_slash_makes_it_a_file() {
        let config = config();
        let path = config.path().join("recipes/couchdb.rhai");
        assert_eq!(Recipe::find(path.to_str().unwrap(), Path::new("/nowhere")).unwrap().header.summary, "mine");
        let missing = Recipe::find("./not-here.rhai", config.path()).unwrap_err();
        assert_eq!(missing.trouble(), Trouble::Unreadable);
    }

    #[test]
    fn unknown_names_list_what_exists() {
        let error = Recipe::find("cuchdb", config().path()).unwrap_err();
        assert_eq!(error.message(), "no recipe `cuchdb`");
        assert_eq!(error.hints(), ["did you mean `couchdb`?", "there are couchdb, generic, mine"]);
        assert!(
            Recipe::find("Cargo.toml", Path::new("/nowhere")).unwrap_err().hints().concat().contains("./Cargo.toml")
        );
    }

    #[test]
    fn what_is_no_text_file_of_a_sensible_size_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(text(folder.path()).unwrap_err().message().contains("no regular file"));
        let path = folder.path().join("x.rhai");
        std::fs::write(&path, vec![b' '; LARGEST_SCRIPT + 1]).unwrap();
        assert!(text(&path).unwrap_err().message().contains("larger than 1 MiB"));
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(text(&path).unwrap_err().trouble(), Trouble::Unreadable);
    }
}
