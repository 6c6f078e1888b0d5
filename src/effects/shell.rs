//! Words for a shell. A program in a pod is given no environment by the API, so
//! it is set in the line that the shell reads.

/// One word, whatever is in it.
pub fn quote(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:@,+%".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A line that finds these variables in its environment.
pub fn with_environment(variables: &[(&str, &String)], line: &str) -> String {
    let set = variables.iter().map(|(name, value)| format!(" {name}={}", quote(value)));
    // On a line of its own: the first line of what follows may be a comment.
    format!("export{}\n{line}", set.collect::<String>())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn printed_by(line: &str) -> String {
        let ran = Command::new("sh").args(["-c", line]).env_clear().output().unwrap();
        assert!(ran.status.success(), "{line}: {ran:?}");
        String::from_utf8(ran.stdout).unwrap()
    }

    /// What a shell could take for something else, far more often than by chance.
    fn nasty() -> impl Strategy<Value = String> {
        let special = "'\"\\$`!*?[]{}()<>|&;~#=% \t\n-".chars().collect::<Vec<_>>();
        let letter = prop_oneof![any::<char>(), prop::sample::select(special)];
        let word = prop::collection::vec(letter.prop_filter("no program gets it", |one| *one != '\0'), 0..20);
        word.prop_map(|letters| letters.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_quoted_word_arrives_as_it_was(word in nasty()) {
            prop_assert_eq!(printed_by(&format!("printf %s. {}", quote(&word))), format!("{word}."));
        }

        #[test]
        fn a_line_and_what_it_starts_find_the_variables(one in nasty(), other in nasty()) {
            let line = with_environment(&[("ONE", &one), ("OTHER", &other)], r#"sh -c 'printf %s.%s. "$ONE" "$OTHER"'"#);
            prop_assert_eq!(printed_by(&line), format!("{one}.{other}."));
        }
    }

    #[test]
    fn a_line_is_left_as_it_is() {
        let line = with_environment(&[("SET", &"web".to_owned())], "# asks\nfor n in 1 2; do echo \"$SET-$n\"; done");
        assert_eq!(printed_by(&line), "web-1\nweb-2\n");
    }
}
