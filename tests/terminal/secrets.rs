//! The four ways to give a secret at its question. The value is never on the
//! screen and never in a file but the sandbox's own log, which is the cluster.

use libtest_mimic::Trial;

use crate::home::{DOWN, ENTER, Home, answer, reviewed, stands, well};
use crate::init::COUCHDB;
use crate::screen::Screen;
use crate::trials;

pub fn trials() -> Vec<Trial> {
    trials![
        the_question_offers_four_ways,
        a_typed_password_is_nowhere_but_in_the_cluster,
        a_generated_password_is_nowhere_but_in_the_cluster,
        a_variable_or_file_that_gives_nothing_is_asked_for_again,
        keys_of_a_secret_are_asked_one_by_one,
    ]
}

/// `aHVudGVyMiE=` in base64.
const TYPED: &str = "hunter2!";

fn asked(home: &Home, more: &[(&str, &str)]) -> Screen {
    let mut screen = home.terminal_of((40, 110), more, "init couchdb --save-answers answers.yaml");
    answer(&mut screen, &COUCHDB[..4]);
    stands(&screen, "Admin password");
    screen
}

fn the_question_offers_four_ways() {
    let home = Home::new();
    let screen = asked(&home, &[]);
    let shown = screen.shows("Kept only in the Secret.");
    let ways = "? Admin password ›\n\
                ❯ generate   a random one, kept only in the Secret\n  \
                type       type it here, unseen\n  \
                env        the value of an environment variable\n  \
                file       the content of a file\n";
    assert!(shown.contains(ways), "{shown}");
}

fn a_typed_password_is_nowhere_but_in_the_cluster() {
    let home = Home::new();
    let mut screen = asked(&home, &[]);
    screen.press(&format!("{DOWN}{ENTER}"));
    let first = "✓ Admin password · type\n? Admin password ›";
    answer(&mut screen, &[(first, "hunter2!\r"), ("Admin password (again) ›", "hunter3!\r")]);
    screen.shows("✗ the two were not the same; type it again");
    screen.press("hunter2!\r");
    screen.shows("(again)");
    screen.press("hunter2!\r");
    answer(&mut screen, &COUCHDB[5..6]);
    // Also the YAML on the way must not show it.
    answer(&mut screen, &[("Apply to", &format!("{DOWN}{ENTER}"))]);
    screen.shows("is left out");
    reviewed(&screen);
    screen.press(ENTER);
    let end = well(screen);
    assert!(
        end.contents.contains("the value of `--admin-password-from` was typed and is not in that file"),
        "{}",
        end.contents
    );
    assert!(end.contents.replace('\n', "").contains("--admin-password-from - --yes"), "{}", end.contents);
    assert_eq!(home.password("couchdb-admin"), "aHVudGVyMiE=");
    for trace in [TYPED, "hunter3!", "aHVudGVyMiE"] {
        assert!(!end.bytes.contains(trace), "{trace} is on the screen");
        assert_eq!(home.files_with(trace), Vec::<std::path::PathBuf>::new(), "{trace}");
    }
}

fn a_generated_password_is_nowhere_but_in_the_cluster() {
    let home = Home::new();
    let mut screen = asked(&home, &[]);
    answer(&mut screen, &COUCHDB[4..]);
    let end = well(screen);
    let encoded = home.password("couchdb-admin");
    let value = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &encoded).expect("base64");
    let value = String::from_utf8(value).expect("text");
    assert_eq!(value.len(), 32);
    for trace in [value, encoded] {
        assert!(!end.bytes.contains(&trace), "it is on the screen");
        assert_eq!(home.files_with(&trace), Vec::<std::path::PathBuf>::new());
    }
    let saved = std::fs::read_to_string(home.path().join("answers.yaml")).expect("the answers");
    assert!(saved.contains("generate: true"), "{saved}");
}

fn a_variable_or_file_that_gives_nothing_is_asked_for_again() {
    let home = Home::new();
    let mut screen = asked(&home, &[("COUCHDB_PASSWORD", TYPED)]);
    screen.press(&format!("{DOWN}{DOWN}{ENTER}"));
    answer(&mut screen, &[("Admin password: name of the variable", "COUCH\r")]);
    screen.shows("✗ the environment variable `COUCH` is not set");
    screen.press("\u{15}COUCHDB_PASSWORD\r");
    answer(&mut screen, &COUCHDB[5..]);
    let end = well(screen);
    assert!(end.contents.replace('\n', "").contains("--admin-password-from env:COUCHDB_PASSWORD"), "{}", end.contents);
    assert!(!end.bytes.contains(TYPED));
    assert_eq!(home.password("couchdb-admin"), "aHVudGVyMiE=");

    let mut screen = home.terminal("init couchdb --name other");
    answer(&mut screen, &COUCHDB[1..4]);
    answer(&mut screen, &[("Admin password", &format!("{}{ENTER}", DOWN.repeat(3)))]);
    answer(&mut screen, &[("Admin password: path of the file", "nowhere\r")]);
    screen.shows("✗ cannot read `nowhere`");
    std::fs::write(home.path().join("password"), "from a file\n").expect("a file");
    screen.press("\u{15}password\r");
    answer(&mut screen, &COUCHDB[5..6]);
    let review = reviewed(&screen);
    assert!(review.contains("! the value of `admin_password` (file:password) ends in a line break"), "{review}");
    screen.press(ENTER);
    well(screen);
}

fn keys_of_a_secret_are_asked_one_by_one() {
    let home = Home::new();
    let mut screen = home.terminal("create secret");
    answer(&mut screen, &[("Kind of Secret", ENTER), ("Name of the Secret", "login\r"), ("Namespace", ENTER)]);
    answer(&mut screen, &[("Secret value: key", "user\r")]);
    answer(&mut screen, &[("Value of `user`", &format!("{DOWN}{ENTER}"))]);
    let typed =
        [("✓ Value of `user` · type\n? Value of `user` ›", "admin-7\r"), ("Value of `user` (again)", "admin-7\r")];
    answer(&mut screen, &typed);
    answer(
        &mut screen,
        &[("Secret value: next key", "password\r"), ("Value of `password`", ENTER), ("Secret value: next key", ENTER)],
    );
    let review = reviewed(&screen);
    assert!(review.contains("Secret/login   new         keys password, user"), "{review}");
    screen.press(ENTER);
    let end = well(screen);
    assert!(!end.bytes.contains("admin-7"), "{}", end.contents);
    assert_eq!(home.object("Secret", "login")["data"]["user"], "YWRtaW4tNw==");
}
