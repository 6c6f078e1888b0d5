//! `create KIND`: one object, guided or by flags. Each kind's parameters and
//! builder are declared in `wizard::create`; the pipeline is that of `init`.

use clap::{ArgMatches, Args as _, Command};

use super::Context;
use super::before::{self, Before};
use super::flags::MakeFlags;
use super::make::{Made, Making, make, part_way};
use super::questions::Interview;
use super::secrets::{Fetched, SecretValues};
use crate::error::Failure;
use crate::wizard::create::{self, BuildError, CreateKind};
use crate::wizard::flags as wizard_flags;

/// The command without its kinds.
#[must_use]
pub fn command() -> Command {
    Command::new("create")
        .about("Make one object, guided or by flags")
        .subcommand_value_name("KIND")
        .subcommand_help_heading("Kinds")
        .disable_help_subcommand(true)
        .subcommand_required(true)
        .arg_required_else_help(true)
}

/// Adds one subcommand for each kind.
pub fn with_kinds(mut command: Command) -> Result<Command, Failure> {
    for kind in create::kinds() {
        let arguments = wizard_flags::arguments(&kind.parameters)
            .map_err(|why| Failure::usage("bad-kind", format!("`{}`: {why}", kind.name)))?;
        // Visible ones would be completed instead of the name.
        let subcommand = Command::new(kind.name).aliases(kind.aliases.iter().copied());
        // The flags bring a description of their own, so ours comes after them.
        let subcommand = MakeFlags::augment_args(subcommand).about(kind.about);
        command = command.subcommand(subcommand.args(arguments));
    }
    Ok(command)
}

/// The declared kind of this name.
pub fn kind(name: &str) -> Option<CreateKind> {
    create::kinds().into_iter().find(|kind| kind.name == name || kind.aliases.contains(&name))
}

/// Makes one object of `kind`.
pub async fn create(kind: &CreateKind, matches: &ArgMatches, context: &Context<'_>) -> Result<(), Failure> {
    let verb = ["create", kind.name];
    let mut interview = Interview::begin(verb, &kind.parameters, kind.namespaced(), matches, context).await?;
    let fetched = Fetched::default();
    let changed = loop {
        let namespace = interview.namespace();
        let objects = match (kind.build)(interview.answers(), &namespace, &create::Disk) {
            Ok(objects) => objects,
            Err(why) => {
                let flag = match &why {
                    BuildError::Invalid(invalid) => Some(invalid.at.as_str()),
                    BuildError::File { .. } => None,
                };
                interview.mend(Failure::usage("bad-answer", why.to_string()), flag).await?;
                continue;
            }
        };
        let warnings = match before::look(&objects, &namespace, &mut interview, context).await {
            Ok(Before::GoOn { warnings }) => warnings,
            Ok(Before::AnotherName) => {
                interview.change(Some("name")).await?;
                continue;
            }
            Err(failure) => {
                interview.mend(failure, Some("--storage-class")).await?;
                continue;
            }
        };
        let sources = (kind.secrets)(interview.answers());
        let secrets = SecretValues::new(sources, &fetched, context.connection.entropy.as_ref());
        let making = Making { namespace, objects, interview: &interview, warnings, keeps_secrets: false };
        match make(&making, &secrets, context).await? {
            Made::ChangeAnswer => interview.change(None).await?,
            Made::Done { changed } => break changed,
        }
    };
    finish(&interview, context).map_err(|failure| part_way(failure, &changed))
}

/// The command that does it again.
fn finish(interview: &Interview<'_>, context: &Context<'_>) -> Result<(), Failure> {
    if interview.flags.output.is_some() {
        return Ok(());
    }
    let again = interview.same_again();
    context.screen.labelled(&[("same again".to_owned(), again)])
}
