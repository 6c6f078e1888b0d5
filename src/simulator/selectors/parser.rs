//! Reads a label selector the way the real server does: word by word, with its
//! words for what is wrong.

use std::collections::BTreeSet;

use super::Requirement;
use crate::simulator::status::Cause;
use crate::simulator::validation::names;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Word,
    In,
    NotIn,
    Equal,
    NotEqual,
    Greater,
    Less,
    Not,
    Comma,
    Open,
    Close,
    End,
    Stray,
}

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

fn is_symbol(letter: char) -> bool {
    "=!(),><".contains(letter)
}

fn symbol(text: &str) -> Option<Token> {
    Some(match text {
        "=" | "==" => Token::Equal,
        "!=" => Token::NotEqual,
        ">" => Token::Greater,
        "<" => Token::Less,
        "!" => Token::Not,
        "," => Token::Comma,
        "(" => Token::Open,
        ")" => Token::Close,
        _ => return None,
    })
}

/// The words of a selector and the symbols between them.
struct Parser<'a> {
    rest: &'a str,
}

/// All requirements of a selector.
///
/// # Errors
/// What was found and what was expected.
pub fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { rest: text };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            (Token::End, _) => return Ok(requirements),
            (Token::Word | Token::In | Token::NotIn | Token::Not, _) => {
                let requirement = parser.requirement();
                requirements.push(requirement.map_err(|why| format!("unable to parse requirement: {why}"))?);
                match (parser.take(), parser.peek()) {
                    ((Token::End, _), _) => return Ok(requirements),
                    ((Token::Comma, _), (Token::Word | Token::In | Token::NotIn | Token::Not, _)) => {}
                    ((Token::Comma, _), (_, found)) => {
                        return Err(format!("found '{found}', expected: identifier after ','"));
                    }
                    ((_, found), _) => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
                }
            }
            (_, found) => return Err(format!("found '{found}', expected: !, identifier, or 'end of string'")),
        }
    }
}

impl<'a> Parser<'a> {
    fn peek(&self) -> (Token, &'a str) {
        Parser { rest: self.rest }.take()
    }

    fn take(&mut self) -> (Token, &'a str) {
        self.rest = self.rest.trim_start();
        let Some(first) = self.rest.chars().next() else { return (Token::End, "") };
        if is_symbol(first) {
            // The longest that is a symbol; two letters are the most.
            for length in [2, 1] {
                let Some((text, rest)) = self.rest.split_at_checked(length) else { continue };
                if let Some(token) = symbol(text) {
                    self.rest = rest;
                    return (token, text);
                }
            }
        }
        let end = self.rest.find(|letter: char| is_symbol(letter) || letter.is_whitespace()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "" => (Token::Stray, ""),
            "in" => (Token::In, word),
            "notin" => (Token::NotIn, word),
            _ => (Token::Word, word),
        }
    }

    /// The next word; `in` and `notin` are words like others where no operator
    /// can stand.
    fn word(&mut self) -> Result<&'a str, String> {
        match self.take() {
            (Token::Word | Token::In | Token::NotIn, word) => Ok(word),
            (_, found) => Err(format!("found '{found}', expected: identifier")),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let is_denied = self.peek().0 == Token::Not;
        if is_denied {
            self.take();
        }
        let key = self.word()?.to_owned();
        told(names::qualified("<nil>", &key))?;
        if is_denied {
            return Ok(Requirement::Missing(key));
        }
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok(Requirement::Exists(key));
        }
        let requirement = match self.take() {
            (Token::In, _) => Requirement::In(key, self.values()?),
            (Token::NotIn, _) => Requirement::NotIn(key, self.values()?),
            (Token::Equal, _) => Requirement::In(key, vec![self.value()?]),
            (Token::NotEqual, _) => Requirement::NotIn(key, vec![self.value()?]),
            (Token::Greater, _) => Requirement::Above(key, self.bound()?),
            (Token::Less, _) => Requirement::Below(key, self.bound()?),
            (
                Token::Word | Token::Not | Token::Comma | Token::Open | Token::Close | Token::End | Token::Stray,
                found,
            ) => return Err(format!("found '{found}', expected: {OPERATORS}")),
        };
        if let Requirement::In(key, values) | Requirement::NotIn(key, values) = &requirement {
            for (index, value) in values.iter().enumerate() {
                told(names::label_value(&format!("values[{index}][{key}]"), value))?;
            }
        }
        Ok(requirement)
    }

    fn bound(&mut self) -> Result<i64, String> {
        let value = self.value()?;
        let why = "for 'Gt', 'Lt' operators, the value must be an integer";
        value.parse().map_err(|_| format!("values[0]: Invalid value: {value:?}: {why}"))
    }

    /// What stands behind `=`: a word or nothing.
    fn value(&mut self) -> Result<String, String> {
        if matches!(self.peek().0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        self.word().map(str::to_owned)
    }

    /// A list in brackets, sorted; nothing between two commas is an empty value.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.take() {
            (Token::Open, _) => {}
            (_, found) => return Err(format!("found '{found}' expected: '('")),
        }
        let mut values = BTreeSet::new();
        let mut is_open = true;
        loop {
            match self.take() {
                (Token::Word | Token::In | Token::NotIn, word) if is_open => {
                    values.insert(word.to_owned());
                    is_open = false;
                }
                (Token::Comma, _) => {
                    if is_open {
                        values.insert(String::new());
                    }
                    is_open = true;
                }
                (Token::Close, _) => {
                    if is_open {
                        values.insert(String::new());
                    }
                    return Ok(values.into_iter().collect());
                }
                (_, found) if is_open && values.is_empty() => {
                    return Err(format!("found '{found}', expected: ',', ')' or identifier"));
                }
                (_, found) if is_open => return Err(format!("found '{found}', expected: ',', or identifier")),
                (_, found) => return Err(format!("found '{found}', expected: ',' or ')'")),
            }
        }
    }
}

/// The first fault.
fn told(causes: impl IntoIterator<Item = Cause>) -> Result<(), String> {
    causes.into_iter().next().map_or(Ok(()), |cause| Err(cause.line()))
}
