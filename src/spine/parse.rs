//! Words to verbs, in two stages. The first knows every verb and every shipped
//! recipe; a recipe of the user's own is read only when it was named, and its
//! header then gives the flags of the second stage.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, FromArgMatches as _};

use super::order::subject_first;
use crate::cli::{self, GlobalFlags};
use crate::commands::{create, init, runbook};
use crate::error::Failure;
use crate::runbook::header::Header;
use crate::runbook::recipe::Recipe;
use crate::runbook::script::Runbook;
use crate::runs::places::Places;

/// Parsed words.
pub struct Parsed {
    pub global: GlobalFlags,
    pub matches: ArgMatches,
    /// The recipe that `init` names, ready to run.
    pub recipe: Option<Recipe>,
    /// The runbook that `run` or `plan` names.
    pub runbook: Option<Runbook>,
}

/// A script of the user's own, read because it was named.
pub enum Own {
    Recipe(Recipe),
    Runbook(Runbook),
}

/// How parsing ended without a verb to run.
pub enum Stop {
    /// Help or the version was asked for: this text, for stdout.
    Show(String),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The whole command, with the shipped recipes and one more if it is given.
/// The many flags of `init` and `create` are only built when the words name
/// that verb, so that help and the other verbs start at once.
pub fn command(words: &[OsString], extra: Option<&Own>) -> Result<Command, Failure> {
    let named = |verb: &str| words.iter().any(|word| word == verb);
    let mut init = init::command();
    if named("init") {
        let extra = extra.and_then(|own| match own {
            Own::Recipe(recipe) => Some((recipe.name.as_str(), &recipe.header)),
            Own::Runbook(_) => None,
        });
        let shipped = Recipe::shipped_headers().iter().map(|(name, header)| (name.as_str(), header));
        init = init::with_recipes(init, shipped.chain(extra))?;
    }
    let mut create = create::command();
    if named("create") {
        create = create::with_kinds(create)?;
    }
    let (mut run, mut plan) = (runbook::command::run(), runbook::command::plan());
    if named("run") || named("plan") {
        let extra = extra.and_then(|own| match own {
            Own::Runbook(runbook) => Some((runbook.name.as_str(), &runbook.header)),
            Own::Recipe(_) => None,
        });
        let known = || Runbook::shipped_headers().iter().map(|(name, header)| (name.as_str(), header)).chain(extra);
        run = runbook::command::with_runbooks(run, known())?;
        plan = runbook::command::with_runbooks(plan, known())?;
    }
    // A verb that is missing is told in one line; only the bare program shows its help.
    let told = |verb: Command| verb.arg_required_else_help(false);
    Ok(cli::command()
        .subcommand(init.display_order(0))
        .subcommand(told(create.display_order(1)))
        .subcommand(runbook::command::scale()?.display_order(2))
        .subcommand(told(runbook::command::volumes()?.display_order(3)))
        .subcommand(told(run.display_order(4)))
        .subcommand(told(plan.display_order(5)))
        .mut_subcommand("runbook", told)
        .mut_subcommand("sandbox", told)
        .mut_subcommand("completion", told))
}

/// Both stages.
pub fn parse(words: &[OsString], places: Option<&Places>) -> Result<Parsed, Stop> {
    let command = self::command(words, None)?;
    let words = &subject_first(words.to_vec(), &command);
    let matches = matches(with_own_recipes(command, words, places), words)?;
    let folder = places.map_or(Path::new("/nowhere"), |places| &places.config);
    let (mut recipe, mut book) = (None, None);
    let mut own = None;
    match named_script(&matches) {
        Some((Script::Recipe, name)) if is_shipped(Recipe::shipped_headers(), name) => recipe = Recipe::shipped(name),
        Some((Script::Runbook, name)) if is_shipped(Runbook::shipped_headers(), name) => book = Runbook::shipped(name),
        Some((Script::Recipe, name)) => own = Some(Own::Recipe(Recipe::find(name, folder).map_err(Failure::from)?)),
        Some((Script::Runbook, name)) => own = Some(Own::Runbook(Runbook::find(name, folder).map_err(Failure::from)?)),
        None => {}
    }
    let matches = match &own {
        Some(own) => self::matches(self::command(words, Some(own))?, words)?,
        None => matches,
    };
    match own {
        Some(Own::Recipe(own)) => recipe = Some(own),
        Some(Own::Runbook(own)) => book = Some(own),
        None => {}
    }
    sandbox_is_meant(&matches)?;
    let global = GlobalFlags::from_arg_matches(&matches).map_err(|why| Failure::usage("flags", why.to_string()))?;
    Ok(Parsed { global, matches, recipe, runbook: book })
}

/// `init --help` names the user's own recipes, and those that are not used
/// because of their name. Their files are read for the help alone.
fn with_own_recipes(command: Command, words: &[OsString], places: Option<&Places>) -> Command {
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.iter().any(|other| word == other));
    let Some(places) = places.filter(|_| has(&["init"]) && has(&["help", "--help", "-h"])) else { return command };
    let own = Recipe::own_summaries(&places.config);
    let width = own.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<_> = own.iter().map(|(name, summary)| format!("  {name:width$}  {summary}")).collect();
    if !lines.is_empty() {
        lines.insert(0, "Recipes of your own:".to_owned());
    }
    lines.extend(Recipe::all_shadowed(&places.config).into_iter().map(|line| format!("! {line}")));
    if lines.is_empty() { command } else { command.mut_subcommand("init", |init| init.after_help(lines.join("\n"))) }
}

/// A typed `--sandbox=` without a name is a variable that was empty, and flags
/// of a real cluster beside a sandbox are a mistake about which one is meant:
/// neither may lead to another cluster than the person thinks.
fn sandbox_is_meant(matches: &ArgMatches) -> Result<(), Failure> {
    let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let name = matches.get_one::<String>("sandbox").map_or("", String::as_str);
    let none = ["", "0", "false"].contains(&name);
    if typed("sandbox") && none {
        return Err(Failure::usage("sandbox-name", format!("`--sandbox={name}` names no sandbox"))
            .hint("`--sandbox` alone means the default one; leave it out for a real cluster"));
    }
    // The verbs about the sandbox never reach a real cluster anyway.
    let about_sandbox = matches.subcommand().filter(|(verb, _)| *verb == "sandbox");
    if about_sandbox.is_some_and(|(_, verb)| verb.subcommand_name() != Some("capture")) {
        return Ok(());
    }
    let real = ["kubeconfig", "context", "cluster", "user", "server", "token"];
    match real.into_iter().find(|flag| typed(flag)) {
        Some(flag) if !none => Err(Failure::usage(
            "sandbox-or-cluster",
            format!("`--{flag}` leads to a real cluster, and a sandbox was asked for"),
        )
        .hint("leave one of them out; KUBECTL_STATEFUL_SANDBOX counts as `--sandbox`")),
        Some(_) | None => Ok(()),
    }
}

enum Script {
    Recipe,
    Runbook,
}

/// The script that the words name, if their verb takes one.
fn named_script(matches: &ArgMatches) -> Option<(Script, &str)> {
    let (verb, matches) = matches.subcommand()?;
    let sort = match verb {
        "init" => Script::Recipe,
        "run" | "plan" => Script::Runbook,
        _ => return None,
    };
    Some((sort, matches.subcommand()?.0))
}

fn is_shipped(headers: &[(String, Header)], name: &str) -> bool {
    headers.iter().any(|(known, _)| known == name)
}

fn matches(command: Command, words: &[OsString]) -> Result<ArgMatches, Stop> {
    let path = path_of(&command, words);
    command.try_get_matches_from(words).map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        // The bare program, as bare kubectl, shows what there is.
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Stop::Show(error.render().to_string()),
        _ => Stop::Failed(usage(&error, &path)),
    })
}

/// clap's text in our shape: what is wrong, what may have been meant, and where
/// the flags are listed.
fn usage(error: &clap::Error, path: &str) -> Failure {
    let text = error.render().to_string();
    let what = text.split("\n\n").next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what).trim_end().replace('\'', "`");
    let meant = error.context().filter_map(|(kind, value)| match kind {
        ContextKind::SuggestedArg | ContextKind::SuggestedSubcommand | ContextKind::SuggestedValue => Some(value),
        _ => None,
    });
    let typed: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| (kind == ContextKind::InvalidSubcommand).then_some(value))
        .flat_map(plain)
        .collect();
    let meant: Vec<_> = meant
        .flat_map(plain)
        .filter(|word| may_be_suggested(word, &typed))
        .map(|word| format!("did you mean `{word}`?"))
        .collect();
    let failure = Failure::usage("usage", what).hint(format!("{path} --help"));
    Failure { hints: meant.into_iter().chain(failure.hints).collect(), ..failure }
}

/// Verbs after which something is gone.
const DESTROYING: &[&str] = &["delete", "purge", "reset"];

/// One that destroys is suggested for a slip of the finger in that very word,
/// and never for another word that looks a little like it.
fn may_be_suggested(word: &str, typed: &[String]) -> bool {
    !DESTROYING.contains(&word) || typed.iter().any(|typed| strsim::damerau_levenshtein(typed, word) < 2)
}

fn plain(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(word) => vec![word.clone()],
        ContextValue::Strings(words) => words.clone(),
        _ => Vec::new(),
    }
}

/// The command that the words mean as far as they can be followed:
/// `kubectl stateful init couchdb`.
fn path_of(command: &Command, words: &[OsString]) -> String {
    let mut path = "kubectl stateful".to_owned();
    let mut command = command;
    for word in words.iter().skip(1) {
        if let Some(verb) = command.find_subcommand(word) {
            path.push(' ');
            path.push_str(verb.get_name());
            command = verb;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        std::iter::once("kubectl-stateful").chain(line.split_whitespace()).map(OsString::from).collect()
    }

    fn parsed(line: &str) -> Parsed {
        match parse(&words(line), None) {
            Ok(parsed) => parsed,
            Err(Stop::Show(text)) => panic!("{line} shows {text}"),
            Err(Stop::Failed(failure)) => panic!("{line}: {failure}"),
        }
    }

    fn refused(line: &str) -> Failure {
        match parse(&words(line), None) {
            Err(Stop::Failed(failure)) => failure,
            Err(Stop::Show(text)) => panic!("{line} shows {text}"),
            Ok(_) => panic!("{line} is accepted"),
        }
    }

    #[test]
    fn global_flags_count_wherever_they_stand() {
        for line in ["-n db --sandbox=b status web", "status web -n db --sandbox=b", "status -n db web --sandbox=b"] {
            let global = parsed(line).global;
            assert_eq!((global.connection.namespace.as_deref(), global.sandbox.as_deref()), (Some("db"), Some("b")));
        }
        // Without `=` the next word is the verb and not the sandbox's name.
        assert_eq!(parsed("--sandbox status").global.sandbox.as_deref(), Some("default"));
    }

    #[test]
    fn a_shipped_recipe_brings_its_flags_and_a_kind_its_own() {
        let shipped = parsed("init couchdb --sandbox --admin-password-from generate --replicas 1");
        assert_eq!(shipped.recipe.map(|recipe| recipe.name).as_deref(), Some("couchdb"));
        assert!(parsed("create pvc data --size 1Gi").recipe.is_none());
        assert_eq!(refused("init couchdb --node a").kind, crate::error::Kind::Usage);
        assert!(refused("init ./none.rhai").message.contains("none.rhai"));
    }

    #[test]
    fn usage_errors_name_what_was_meant_and_the_help_of_the_verb_that_was_reached() {
        let failure = refused("create pvc data --sise 1Gi");
        assert_eq!(failure.hints, ["did you mean `--size`?", "kubectl stateful create pvc --help"]);
        let failure = refused("statsu");
        assert_eq!(failure.hints, ["did you mean `status`?", "kubectl stateful --help"]);
        assert_eq!(failure.kind.exit_code(), 2);
    }

    #[test]
    fn help_and_version_are_shown_and_nothing_else_is() {
        for line in ["", "--help", "init couchdb --help", "--version"] {
            assert!(matches!(parse(&words(line), None), Err(Stop::Show(text)) if !text.is_empty()), "{line}");
        }
        refused("create");
        refused("sandbox");
    }

    #[test]
    fn nobody_ends_on_another_cluster_than_the_one_that_was_meant() {
        for line in ["status --sandbox=", "status --sandbox=0", "status --sandbox=false"] {
            assert_eq!(refused(line).code, "sandbox-name", "{line}");
        }
        for line in
            ["status --sandbox --context real", "--server http://x status --sandbox=b", "status --sandbox --token t"]
        {
            assert_eq!(refused(line).code, "sandbox-or-cluster", "{line}");
        }
        parsed("sandbox show --sandbox=b --context real");
        parsed("status --context real -n db");
    }
}
