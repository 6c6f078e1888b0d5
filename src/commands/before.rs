//! What is looked at between the objects and their review: claims of an earlier
//! set, volumes for new claims, and what a set refers to. All but the first are
//! only warnings: what is missing may come later.

use serde_json::Value;

use super::Context;
use super::earlier::{self, Verdict};
use super::flags::DryRun;
use super::questions::Interview;
use super::{around, claims};
use crate::error::Failure;
use crate::facts::reader::Reader;

/// What follows from what was found.
pub enum Before {
    GoOn {
        warnings: Vec<String>,
    },
    /// The person wants another name for the application.
    AnotherName,
}

/// Looks, and asks where something of somebody else's is at stake.
pub async fn look(
    objects: &[Value],
    namespace: &str,
    interview: &mut Interview<'_>,
    context: &Context<'_>,
) -> Result<Before, Failure> {
    let mut warnings = interview.notes();
    interview.adopt(false);
    if interview.flags.dry_run == DryRun::Client {
        return Ok(Before::GoOn { warnings });
    }
    let reader = Reader::new(context.connection.client.clone());
    let flag = interview.flag("name");
    match earlier::check(objects, namespace, &flag, &interview.flags, &reader, context).await? {
        Verdict::GoOn { warnings: found } => warnings.extend(found),
        Verdict::Adopt { warnings: found } => {
            interview.adopt(true);
            warnings.extend(found);
        }
        Verdict::AnotherName => return Ok(Before::AnotherName),
    }
    warnings.extend(claims::check(objects, namespace, &reader, context).await?);
    warnings.extend(around::check(objects, namespace, &reader, context).await?);
    Ok(Before::GoOn { warnings })
}
