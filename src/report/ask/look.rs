//! How questions look: dialoguer's theme, with the marks and colours that the
//! terminal can show, and text that was escaped on its way in.

use std::fmt;

use console::{Style as Paint, StyledObject, style};
use dialoguer::theme::{ColorfulTheme, Theme};

use crate::report::escape::escape;
use crate::report::style::{Mark, Style, Tint};

/// A theme for one terminal.
pub struct Look {
    theme: ColorfulTheme,
    style: Style,
}

impl Look {
    pub fn new(style: Style) -> Self {
        Self { theme: theme(style), style }
    }

    /// `? Name (couchdb) ›`; an empty default is an answer that may be left out.
    pub fn line(&self, prompt: &str, default: Option<&str>) -> String {
        let default = default.map(|default| if default.is_empty() { "optional".into() } else { escape(default) });
        text(|out| self.theme.format_input_prompt(out, &escape(prompt), default.as_deref()))
    }

    /// `? Storage ›`
    pub fn pick(&self, prompt: &str) -> String {
        text(|out| self.theme.format_select_prompt(out, &escape(prompt)))
    }

    /// `? Apply? (y/n) › yes`
    pub fn confirm(&self, prompt: &str, value: bool) -> String {
        text(|out| self.theme.format_confirm_prompt(out, &escape(prompt), Some(value)))
    }

    /// One row of a list; `label` is escaped and fits.
    pub fn item(&self, label: &str, active: bool) -> String {
        text(|out| self.theme.format_select_prompt_item(out, label, active))
    }

    /// `✓ Name · couchdb`
    pub fn answered(&self, prompt: &str, answer: &str) -> String {
        text(|out| self.theme.format_input_prompt_selection(out, &escape(prompt), &escape(answer)))
    }

    /// `✓ Note · left out`, for an answer that was not given.
    pub fn left_out(&self, prompt: &str) -> String {
        self.answered(prompt, "left out")
    }

    /// The same for what must not be seen; it tells no length.
    pub fn hidden(&self, prompt: &str) -> String {
        text(|out| self.theme.format_password_prompt_selection(out, &escape(prompt)))
    }

    /// `✗ Name`, for a question that was left.
    pub fn left(&self, prompt: &str) -> String {
        text(|out| self.theme.format_error(out, &escape(prompt)))
    }

    /// The sign before what is wrong.
    pub fn bad(&self) -> &'static str {
        self.style.sign(Mark::Bad)
    }

    /// A line on what is wrong, escaped before.
    pub fn wrong(&self, line: &str) -> String {
        self.style.paint(Tint::Bad, line)
    }

    /// A line of help, escaped before.
    pub fn quiet(&self, line: &str) -> String {
        self.style.paint(Tint::Quiet, line)
    }

    pub fn ellipsis(&self) -> &'static str {
        self.style.ellipsis()
    }
}

fn text(format: impl FnOnce(&mut dyn fmt::Write) -> fmt::Result) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = format(&mut out);
    out
}

fn theme(look: Style) -> ColorfulTheme {
    let paint = || Paint::new().force_styling(look.colour);
    let sign = |sign: &str| -> StyledObject<String> { style(sign.to_owned()).force_styling(look.colour) };
    let (arrow, dot, pointer) = if look.unicode { ("›", "·", "❯") } else { (">", "-", ">") };
    ColorfulTheme {
        defaults_style: paint().cyan(),
        prompt_style: paint().bold(),
        prompt_prefix: sign("?").yellow(),
        prompt_suffix: sign(arrow).dim(),
        success_prefix: sign(look.sign(Mark::Good)).green(),
        success_suffix: sign(dot).dim(),
        error_prefix: sign(look.sign(Mark::Bad)).red(),
        error_style: paint().red(),
        hint_style: paint().dim(),
        values_style: paint().green(),
        active_item_style: paint().cyan(),
        inactive_item_style: paint(),
        active_item_prefix: sign(pointer).green(),
        inactive_item_prefix: sign(" "),
        ..ColorfulTheme::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_and_unicode_it_is_ascii() {
        let look = Look::new(Style::PLAIN);
        let all = [
            look.line("Name", Some("web")),
            look.pick("Class"),
            look.confirm("Apply?", true),
            look.item("a", true),
            look.answered("Name", "web"),
            look.hidden("Password"),
            look.left("Name"),
        ];
        assert_eq!(
            all,
            [
                "? Name (web) > ",
                "? Class >",
                "? Apply? (y/n) > yes",
                "> a",
                "ok Name - web",
                "ok Password - ********",
                "x Name"
            ]
        );
    }

    #[test]
    fn prompts_and_answers_are_escaped() {
        let look = Look::new(Style { colour: true, unicode: true, ..Style::PLAIN });
        let raw = "\u{9b}2J\r";
        for shown in [look.line(raw, Some(raw)), look.pick(raw), look.confirm(raw, false), look.answered(raw, raw)] {
            assert!(shown.contains("\\u{9b}2J\\u{d}") && !shown.contains(['\u{9b}', '\r']), "{shown}");
        }
    }
}
