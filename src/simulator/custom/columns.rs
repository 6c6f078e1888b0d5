//! The columns of a table of custom objects: the name, then what the definition
//! asks for, or the age.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::path::Path;
use crate::simulator::tables::{age, columns_of};

/// What the table of a kind shows.
#[derive(Debug, Default)]
pub struct Columns {
    headers: Vec<Value>,
    cells: Vec<(Option<Path>, String)>,
}

impl Columns {
    /// Reads `additionalPrinterColumns`.
    #[must_use]
    pub fn of(declared: &Value) -> Self {
        let age = json!([{
            "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
            "description": text_of("Created At"),
        }]);
        let declared = declared.as_array().filter(|columns| !columns.is_empty());
        let declared = declared.or(age.as_array()).into_iter().flatten();
        let mut columns = Self::default();
        columns.headers.extend(columns_of("v1", "Namespace")[0].as_object().cloned().map(Value::Object));
        for column in declared {
            let text = |name: &str| column[name].as_str().unwrap_or_default();
            let path = text("jsonPath");
            let description = match text("description") {
                "" => format!("Custom resource definition column (in JSONPath format): {path}"),
                own => own.to_owned(),
            };
            columns.headers.push(json!({
                "name": text("name"), "type": text("type"), "format": text("format"), "description": description,
                "priority": column["priority"].as_i64().unwrap_or(0),
            }));
            columns.cells.push((Path::parse(path), text("type").to_owned()));
        }
        columns
    }

    /// The heads of the columns.
    #[must_use]
    pub fn headers(&self) -> Value {
        self.headers.clone().into()
    }

    /// The row of an object.
    #[must_use]
    pub fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        let own = self.cells.iter().map(|(path, kind)| {
            let found = path.as_ref().and_then(|path| path.first(object));
            found.map_or(Value::Null, |value| cell(kind, value, now))
        });
        std::iter::once(object["metadata"]["name"].clone()).chain(own).collect()
    }
}

/// The server's own words about a column that all kinds have.
fn text_of(name: &str) -> Value {
    let known = columns_of("rbac.authorization.k8s.io/v1", "Role");
    let column = known.as_array().into_iter().flatten().find(|column| column["name"] == name);
    column.map_or(Value::Null, |column| column["description"].clone())
}

fn cell(kind: &str, value: &Value, now: Timestamp) -> Value {
    match kind {
        "string" => match value {
            Value::String(text) => text.clone().into(),
            other => other.to_string().into(),
        },
        "integer" => match value.as_i64() {
            Some(whole) => whole.into(),
            #[expect(clippy::cast_possible_truncation, reason = "as the real server cuts a number short")]
            None => value.as_f64().map_or(Value::Null, |number| (number as i64).into()),
        },
        "number" => value.as_f64().map_or(Value::Null, Value::from),
        "boolean" => value.as_bool().map_or(Value::Null, Value::from),
        "date" => match value.as_str().map(str::parse::<Timestamp>) {
            Some(Ok(_)) => age::since(value, now).into(),
            Some(Err(_)) => "<invalid>".into(),
            None => Value::Null,
        },
        _ => Value::Null,
    }
}
