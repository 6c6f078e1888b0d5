//! `init RECIPE`: a whole application. The recipe's header declares the
//! parameters, its script turns the answers into objects, and the pipeline that
//! `create` uses as well makes them.

use clap::{ArgMatches, Args as _, Command};

use super::Context;
use super::before::{self, Before};
use super::flags::{DryRun, MakeFlags};
use super::make::{Made, Making, make, part_way};
use super::questions::Interview;
use super::screen::Screen;
use super::secrets::{Fetched, SecretValues};
use crate::error::Failure;
use crate::runbook::error::Trouble;
use crate::runbook::header::Header;
use crate::runbook::recipe::{self, Recipe};
use crate::wizard::flags as wizard_flags;
use crate::wizard::parameter::{Answer, Answers, Choice};
use crate::wizard::question::{Question, Reply, Shape};
use crate::wizard::secret;

/// The command without its recipes.
#[must_use]
pub fn command() -> Command {
    // The flags of every recipe can stand before it; its own help shows them.
    MakeFlags::augment_args(Command::new("init"))
        .mut_args(|arg| arg.hide(true))
        .about("Set up a whole stateful application, guided or by flags")
        .long_about(
            "Set up a whole stateful application: Secret, Services, volumes and StatefulSet, made to agree with one \
             another and with the cluster. Every question has a flag; without a terminal nothing is asked.",
        )
        .subcommand_value_name("RECIPE")
        .subcommand_help_heading("Recipes")
        .disable_help_subcommand(true)
        .allow_external_subcommands(true)
}

/// Adds one subcommand for each known recipe.
pub fn with_recipes<'a>(
    mut command: Command,
    recipes: impl Iterator<Item = (&'a str, &'a Header)>,
) -> Result<Command, Failure> {
    for (name, header) in recipes {
        command = command.subcommand(recipe_command(name, header)?);
    }
    Ok(command)
}

fn recipe_command(name: &str, header: &Header) -> Result<Command, Failure> {
    // The flags bring a text about themselves, so ours comes after them.
    let command = MakeFlags::augment_args(Command::new(name.to_owned())).about(header.summary.clone());
    let command = match header.description.as_str() {
        "" => command,
        description => command.long_about(format!("{}. {description}", header.summary)),
    };
    let arguments = wizard_flags::arguments(&header.parameters)
        .map_err(|why| Failure::usage("bad-recipe", format!("recipe `{name}`: {why}")))?;
    Ok(command.args(arguments))
}

/// Lets the person pick a recipe when none was named: one of those that come
/// with the program or one of the user's `own`.
pub fn pick_recipe(own: Vec<(String, String)>, screen: &dyn Screen) -> Result<String, Failure> {
    let shipped = Recipe::shipped_headers().iter().map(|(name, header)| (name.clone(), header.summary.clone()));
    let own = own.into_iter().filter(|(name, _)| !name.starts_with('-'));
    let choices: Vec<_> = shipped.chain(own).map(|(value, label)| Choice { value, label }).collect();
    if !screen.can_ask() {
        let names: Vec<_> = choices.iter().map(|choice| choice.value.as_str()).collect();
        return Err(Failure::usage("no-recipe", format!("name a recipe: {}", names.join(", ")))
            .hint("kubectl stateful init couchdb"));
    }
    let question = Question { prompt: "Recipe", help: "", shape: Shape::Pick { choices: &choices, default: 0 } };
    match screen.ask(&question) {
        Ok(Reply::Picked(index)) => choices
            .into_iter()
            .nth(index)
            .map(|choice| choice.value)
            .ok_or_else(|| Failure::usage("no-recipe", "no such recipe")),
        Ok(Reply::Text(_) | Reply::Yes(_)) | Err(_) => Err(Failure::interrupted()),
    }
}

/// Runs the recipe with the words of its subcommand.
pub async fn init(recipe: &Recipe, matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    let verb = ["init", recipe.name.as_str()];
    if let Some(line) = Recipe::shadowed(&recipe.name, &context.places.config) {
        context.screen.caution(&line);
    }
    let mut interview = Interview::begin(verb, &recipe.header.parameters, true, matches, context).await?;
    let fetched = Fetched::default();
    loop {
        let namespace = interview.namespace();
        let interrupt = context.connection.interrupt.clone();
        let script = recipe::Context::new(&namespace, &context.connection.identity.name)
            .cancelled_by(move || interrupt.is_raised());
        let recipe::Made { objects, notes } = match recipe.make(interview.answers(), &script) {
            Ok(made) => made,
            // Only the answers can be mended here, not a script with a fault.
            Err(why) if why.trouble() == Trouble::Declined => {
                let said = why
                    .hints()
                    .iter()
                    .fold(Failure::usage("recipe-declined", why.message()), |failure, hint| failure.hint(hint.clone()));
                interview.mend(said, None).await?;
                continue;
            }
            Err(why) => return Err(why.into()),
        };
        // A fault of the script is told before anything is made.
        let connect = recipe.connect(interview.answers(), &script)?;
        for note in &notes {
            context.screen.tell(note);
        }
        let warnings = match before::look(&objects, &namespace, &mut interview, context).await? {
            Before::GoOn { warnings } => warnings,
            Before::AnotherName => {
                interview.change(Some("name")).await?;
                continue;
            }
        };
        let sources = secret::sources(interview.answers());
        let secrets = SecretValues::new(sources, &fetched, context.connection.entropy.as_ref());
        let making = Making { namespace, objects, interview: &interview, warnings, keeps_secrets: true };
        match make(&making, &secrets, context).await? {
            Made::ChangeAnswer => interview.change(None).await?,
            Made::Done { changed } => {
                return finish(connect, &interview, context).map_err(|failure| part_way(failure, &changed));
            }
        }
    }
}

/// How to connect, and the command that does it again.
fn finish(connect: Vec<(String, String)>, interview: &Interview<'_>, context: &Context<'_>) -> Result<(), Failure> {
    if interview.flags.output.is_some() {
        return Ok(());
    }
    let made = interview.flags.dry_run == DryRun::None;
    let connect = connect.into_iter().filter(|_| made);
    let mut lines: Vec<_> = connect.filter_map(|line| on_this_cluster(line, context)).collect();
    lines.push(("same again".to_owned(), interview.same_again()));
    context.screen.labelled(&lines)
}

/// A recipe's kubectl command, with the flags that lead to this cluster; left
/// out where kubectl cannot reach it.
fn on_this_cluster((label, text): (String, String), context: &Context<'_>) -> Option<(String, String)> {
    match text.strip_prefix("kubectl ") {
        Some(words) => Some((label, context.kubectl(words)?)),
        None => Some((label, text)),
    }
}

/// The answer to the parameter `name`, as text.
pub fn text_answer<'a>(answers: &'a Answers, name: &str) -> Option<&'a str> {
    match answers.get(name) {
        Some(Answer::Text(text)) => Some(text),
        Some(Answer::Bool(_) | Answer::Int(_) | Answer::List(_) | Answer::Secret(_) | Answer::Secrets(_)) | None => {
            None
        }
    }
}
