//! The page about the script of kubectl commands: what was tried, and what is
//! known to be answered otherwise. The comparison itself is in the live lane.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::support::kubectl_script::{Mark, commands, differences};

const PAGE: &str = "docs/kubectl.md";

pub fn tests() -> Vec<Trial> {
    vec![
        Trial::test("known_differences_of_kubectl_name_commands", every_difference_names_a_command),
        Trial::test("the_page_of_kubectl_commands_is_fresh", the_page_is_fresh),
    ]
}

fn every_difference_names_a_command() -> Result<(), Failed> {
    let commands = commands()?;
    for name in differences()?.keys() {
        if commands.iter().filter(|command| command.name == *name).count() != 1 {
            return Err(format!("`{name}` names no command, or two").into());
        }
    }
    Ok(())
}

fn the_page_is_fresh() -> Result<(), Failed> {
    let page = page()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    if std::env::var_os("UPDATE_GENERATED").is_some_and(|wish| wish == "1") {
        fs::write(&path, &page)?;
    }
    if fs::read_to_string(&path).is_ok_and(|text| text == page) {
        Ok(())
    } else {
        Err(format!("`{PAGE}` is stale; UPDATE_GENERATED=1 cargo test --test differential page writes it").into())
    }
}

fn page() -> Result<String, String> {
    let (commands, known) = (commands()?, differences()?);
    let mut page = String::from(
        "<!-- Generated; `UPDATE_GENERATED=1 cargo test --test differential page` writes it. -->\n\n\
         # Plain kubectl on the sandbox\n\n\
         These commands were typed at a real cluster and at `kubectl stateful sandbox serve`. What was said and the exit\n\
         code are the same, but for ages, addresses, UIDs and the like, and for the differences named here. Where it says\n\
         `[last]`, only the last line that was said is compared, since what comes before is a matter of time; where it says\n\
         `[sorted]`, the lines may come in any order.\n\n\
         | command | compared | difference |\n|---|---|---|\n",
    );
    for command in &commands {
        let line = command.line.replace('|', "\\|");
        let mark = match command.mark {
            Mark::All => String::new(),
            Mark::Last | Mark::Sorted => format!("`{}`", command.mark.text()),
        };
        let difference = known.get(&command.name).map_or("", |difference| difference.reason.as_str());
        writeln!(page, "| `{line}` | {mark} | {difference} |").map_err(|error| error.to_string())?;
    }
    Ok(page)
}
