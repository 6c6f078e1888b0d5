//! The value behind a secret's origin, fetched at the last moment by whoever
//! writes the Secret. Errors name the origin, never the value.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use super::parameter::{Answer, Answers, SecretSource};

/// The API server takes Secrets of at most 1 MiB.
const LARGEST: u64 = 1024 * 1024;
/// Without look-alikes and without characters that shells or URLs treat specially.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// 32 characters of 5 bits: 160 bits.
const GENERATED: usize = 32;

/// Every secret among the answers, by the name that its token carries: the
/// parameter's name, and `PARAMETER/KEY` for the keys of a Secret.
#[must_use]
pub fn sources(answers: &Answers) -> BTreeMap<String, SecretSource> {
    let mut out = BTreeMap::new();
    for (name, answer) in answers {
        match answer {
            Answer::Secret(source) => {
                out.insert(name.clone(), source.clone());
            }
            Answer::Secrets(by_key) => {
                out.extend(by_key.iter().map(|(key, source)| (format!("{name}/{key}"), source.clone())));
            }
            Answer::Bool(_) | Answer::Int(_) | Answer::Text(_) | Answer::List(_) => {}
        }
    }
    out
}

/// Fetches a value. `random` fills bytes for a generated one. A file is taken
/// byte by byte as it is, as kubectl does; see [`ends_in_line_break`].
///
/// # Errors
/// The variable is not set, the file cannot be read or is over 1 MiB.
pub fn value(source: &SecretSource, random: &dyn Fn(&mut [u8])) -> Result<Vec<u8>, String> {
    match source {
        SecretSource::Generate => {
            let mut bytes = [0_u8; GENERATED];
            random(&mut bytes);
            let letter = |byte: u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'a');
            Ok(bytes.into_iter().map(letter).collect())
        }
        SecretSource::Env(name) => match std::env::var_os(name) {
            None => Err(format!("the environment variable `{name}` is not set")),
            Some(value) if value.is_empty() => Err(format!("the environment variable `{name}` is empty")),
            Some(value) => Ok(value.into_encoded_bytes()),
        },
        SecretSource::File(path) => {
            let shown = path.display();
            let file = File::open(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
            match bounded(file) {
                Ok(value) if value.is_empty() => Err(format!("`{shown}` is empty")),
                read => read.map_err(|reason| format!("cannot read `{shown}`: {reason}")),
            }
        }
        SecretSource::Given(value) => Ok(value.clone().into_bytes()),
    }
}

/// Whether a value can be fetched, for the question that names its origin. A
/// pipe can be read only once, so only plain files are looked into.
///
/// # Errors
/// As [`value`].
pub fn is_there(source: &SecretSource) -> Result<(), String> {
    match source {
        SecretSource::File(path) if path.exists() && !path.is_file() && !path.is_dir() => Ok(()),
        SecretSource::File(_) | SecretSource::Env(_) | SecretSource::Generate | SecretSource::Given(_) => {
            value(source, &|_| ()).map(drop)
        }
    }
}

/// Whether a one-line value ends in a line break, as `echo` writes it: usually
/// a mistake in a password, worth a warning.
#[must_use]
pub fn ends_in_line_break(value: &[u8]) -> bool {
    value.strip_suffix(b"\n").is_some_and(|line| !line.contains(&b'\n'))
}

/// Where a value comes from, as `--P-from` takes it; a given one is `-`.
#[must_use]
pub fn origin(source: &SecretSource) -> String {
    match source {
        SecretSource::Generate => "generate".to_owned(),
        SecretSource::Env(name) => format!("env:{name}"),
        SecretSource::File(path) => format!("file:{}", path.display()),
        SecretSource::Given(_) => "-".to_owned(),
    }
}

/// A text from standard input, without the line break at its end.
pub(super) fn from_reader(from: &mut dyn Read) -> Result<String, String> {
    let bytes = bounded(from)?;
    let mut text = String::from_utf8(bytes).map_err(|_| "standard input is not text (UTF-8)".to_owned())?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() { Err("standard input is empty".to_owned()) } else { Ok(text) }
}

fn bounded(from: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST { Err("it is larger than 1 MiB".to_owned()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn counting(bytes: &mut [u8]) {
        for (number, byte) in (0..).zip(bytes.iter_mut()) {
            *byte = number;
        }
    }

    #[test]
    fn a_generated_value_is_made_of_plain_letters_of_all_bits() {
        let made = value(&SecretSource::Generate, &counting).unwrap();
        assert_eq!(made, ALPHABET);
    }

    #[test]
    fn a_file_is_taken_as_it_is_and_its_last_line_break_noticed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"passw0rd\n").unwrap();
        let read = value(&SecretSource::File(file.path().to_owned()), &counting).unwrap();
        assert_eq!(read, b"passw0rd\n");
        assert!(ends_in_line_break(&read));
        assert!(!ends_in_line_break(b"passw0rd"));
        assert!(!ends_in_line_break(b"-----BEGIN\n-----END\n"));
    }

    #[test]
    fn origins_that_give_nothing_are_named() {
        let missing = value(&SecretSource::Env("KUBECTL_STATEFUL_NO_SUCH_VARIABLE".into()), &counting).unwrap_err();
        assert!(missing.contains("KUBECTL_STATEFUL_NO_SUCH_VARIABLE"));
        assert!(value(&SecretSource::File("/no/such/file".into()), &counting).unwrap_err().contains("/no/such/file"));
        assert!(value(&SecretSource::File("/dev/zero".into()), &counting).unwrap_err().contains("1 MiB"));
        assert_eq!(value(&SecretSource::File("/dev/null".into()), &counting).unwrap_err(), "`/dev/null` is empty");
    }

    #[test]
    fn an_origin_is_tried_before_it_is_taken_but_a_pipe_is_left_alone() {
        assert!(is_there(&SecretSource::Generate).is_ok());
        assert!(is_there(&SecretSource::Env("KUBECTL_STATEFUL_NO_SUCH_VARIABLE".into())).is_err());
        assert!(is_there(&SecretSource::File("/no/such/file".into())).is_err());
        assert!(is_there(&SecretSource::File("/".into())).is_err());
        assert!(is_there(&SecretSource::File("/dev/zero".into())).is_ok());
    }

    #[test]
    fn standard_input_loses_exactly_one_line_break() {
        assert_eq!(from_reader(&mut b"a b\r\n".as_slice()).unwrap(), "a b");
        assert_eq!(from_reader(&mut b"a\n\n".as_slice()).unwrap(), "a\n");
        assert!(from_reader(&mut b"\n".as_slice()).is_err());
        assert!(from_reader(&mut [0xff_u8].as_slice()).is_err());
    }

    #[test]
    fn all_secrets_among_the_answers_are_found_by_token_name() {
        let answers: Answers = [
            ("password".to_owned(), Answer::Secret(SecretSource::Generate)),
            ("value".to_owned(), Answer::Secrets([("ca".to_owned(), SecretSource::Env("CA".into()))].into())),
            ("size".to_owned(), Answer::Text("1Gi".into())),
        ]
        .into();
        let found: Vec<String> = sources(&answers).into_keys().collect();
        assert_eq!(found, ["password", "value/ca"]);
    }
}
