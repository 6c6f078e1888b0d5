//! Short recipes for the tests of this room.

use super::error::ScriptError;
use super::recipe::{Context, Made, Recipe};
use crate::wizard::parameter::{Answer, Answers, SecretSource};

/// Three parameters and a body; the body starts in line 6.
pub fn recipe(body: &str) -> Result<Recipe, ScriptError> {
    let header = r#"const RECIPE = #{ api: 1, summary: "s", params: [
    #{ name: "target", type: "text", prompt: "T", help: "H", optional: true },
    #{ name: "count", type: "int", min: 0, max: 9, prompt: "C", help: "H", value: 3 },
    #{ name: "password", type: "secret", prompt: "P", help: "H", value: "generate" },
] };
"#;
    Recipe::from_source("x.rhai".to_owned(), header.to_owned() + body)
}

pub fn answers() -> Answers {
    Answers::from([
        ("count".to_owned(), Answer::Int(3)),
        ("password".to_owned(), Answer::Secret(SecretSource::Generate)),
    ])
}

/// What `objects(p)` with this body makes.
pub fn make(body: &str) -> Result<Made, ScriptError> {
    recipe(body)?.make(&answers(), &Context::new("apps", "sandbox"))
}

/// The error of a recipe that cannot work.
pub fn broken(body: &str) -> ScriptError {
    make(body).map(|made| panic!("it made {:?}", made.objects)).unwrap_err()
}
