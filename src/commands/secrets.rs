//! Secret values at the moment they are needed. A value is fetched or generated
//! once and stays the same for the life of the command, so that what was
//! printed is what is created.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::cluster::Entropy;
use crate::effects::Secrets;
use crate::error::Failure;
use crate::wizard::parameter::SecretSource;
use crate::wizard::secret;

/// The secret answers of one command, by the names that their tokens carry.
pub struct SecretValues<'a> {
    sources: BTreeMap<String, SecretSource>,
    fetched: &'a Fetched,
    entropy: &'a dyn Entropy,
}

/// Values that were fetched or generated, kept for the life of the command.
pub type Fetched = Mutex<BTreeMap<(String, String), Vec<u8>>>;

impl<'a> SecretValues<'a> {
    pub fn new(sources: BTreeMap<String, SecretSource>, fetched: &'a Fetched, entropy: &'a dyn Entropy) -> Self {
        Self { sources, fetched, entropy }
    }

    /// Fetches every value, so that a missing file or variable stops the
    /// command before its first write. Gives back what is worth a warning.
    pub fn check(&self) -> Result<Vec<String>, Failure> {
        let mut warnings = Vec::new();
        for (name, source) in &self.sources {
            let value = self.value(name).map_err(|why| Failure::usage("secret-value", why))?;
            if secret::ends_in_line_break(&value) {
                warnings.push(format!("the value of `{name}` ({}) ends in a line break", secret::origin(source)));
            }
        }
        Ok(warnings)
    }
}

impl Secrets for SecretValues<'_> {
    fn is_given(&self, parameter: &str) -> bool {
        self.sources.get(parameter).is_some_and(|source| *source != SecretSource::Generate)
    }

    fn value(&self, parameter: &str) -> Result<Vec<u8>, String> {
        let source = self.sources.get(parameter).ok_or_else(|| format!("there is no secret answer `{parameter}`"))?;
        if let SecretSource::Given(value) = source {
            return Ok(value.clone().into_bytes());
        }
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (parameter.to_owned(), secret::origin(source));
        if let Some(value) = fetched.get(&key) {
            return Ok(value.clone());
        }
        let value = secret::value(source, &|bytes| self.entropy.fill(bytes))?;
        fetched.insert(key, value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    struct Counting(Mutex<u8>);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let mut next = self.0.lock().unwrap();
            for byte in bytes {
                *next = next.wrapping_add(1);
                *byte = *next;
            }
        }
    }

    fn password(source: SecretSource) -> BTreeMap<String, SecretSource> {
        BTreeMap::from([("password".to_owned(), source)])
    }

    #[test]
    fn a_generated_value_stays_the_same_within_a_command() {
        let (entropy, fetched) = (Counting(Mutex::new(0)), Fetched::default());
        let values = SecretValues::new(password(SecretSource::Generate), &fetched, &entropy);
        assert_eq!(values.value("password").unwrap(), values.value("password").unwrap());
    }

    #[test]
    fn a_missing_file_stops_before_the_first_write_and_is_named() {
        let (entropy, fetched) = (Counting(Mutex::new(0)), Fetched::default());
        let source = SecretSource::File("/nowhere/password".into());
        let failure = SecretValues::new(password(source), &fetched, &entropy).check().unwrap_err();
        assert!(failure.message.contains("/nowhere/password"), "{failure}");
    }

    #[test]
    fn a_value_that_ends_in_a_line_break_is_worth_a_warning() {
        let (entropy, fetched) = (Counting(Mutex::new(0)), Fetched::default());
        let values = SecretValues::new(password(SecretSource::Given("passw0rd\n".into())), &fetched, &entropy);
        assert_eq!(values.check().unwrap().len(), 1);
    }
}
