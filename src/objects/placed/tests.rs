//! Places of keys and values, in YAML and in JSON, and what is refused.

use super::*;

fn read(text: &str, first_line: u64) -> Result<Vec<Placed>, YamlError> {
    let mut left = MOST;
    super::read(text, first_line, &mut left)
}

fn one(text: &str) -> Placed {
    let mut all = read(text, 1).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn spot(placed: &Placed) -> (u64, u64) {
    (placed.place.line, placed.place.column)
}

#[test]
fn keys_and_values_have_their_places_at_every_depth() {
    let root = one("a:\n  b:\n  - c: 1\n    d: 'x'\n");
    let item = &root.at("a.b").unwrap().items()[0];
    assert_eq!(spot(item.get("d").unwrap()), (4, 8));
    let entry = item.entry("d").unwrap();
    assert_eq!((entry.place, entry.value.text()), (Place { line: 4, column: 5 }, Some("x")));
    assert_eq!(item.get("c").and_then(Placed::number), Some(1));
}

#[test]
fn json_objects_stand_one_after_the_other_and_keep_their_places() {
    let all = read("{\"a\": \"}\"} {\"b\":\n 1}\n\t{\"c\": {\"d\": [2]}}\n", 10).unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].get("a").and_then(Placed::text), Some("}"));
    assert_eq!((spot(&all[1]), spot(all[1].get("b").unwrap())), ((10, 12), (11, 2)));
    assert_eq!(spot(&all[2].at("c.d").unwrap().items()[0]), (12, 15));
    for broken in
        ["{\"a\": 1} {\"b\": [}", "{\"a\": 1}, {\"b\": 1}", "{\"a\": 1} b", "{\"a\": 1}}", "{\"a\": 1} {\"b\": \"}"]
    {
        assert!(read(broken, 1).is_err(), "{broken}");
    }
    let place = |text: &str| read(text, 1).map_err(|error| (error.line, error.column)).unwrap_err();
    let alone = place("{\"b\": !!int x}");
    assert_eq!(alone.0, Some(1));
    let columns = |more: u64| alone.1.map(|column| column + more);
    assert_eq!(place("{\"a\": 1} {\"b\": !!int x}"), (Some(1), columns(9)));
    assert_eq!(place("{}\n {\"b\": !!int x}"), (Some(2), columns(1)));
    assert_eq!(place("{} {\"a\": 1,\n\"b\": !!int x}").0, Some(2));
    assert_eq!(place("{} {\"a\": 1,\n\"b\": !!int x}").1, place("{\"a\": 1,\n\"b\": !!int x}").1);
    assert_eq!(read(&"{}".repeat(2000), 1).unwrap().len(), 2000);
}

#[test]
fn places_count_from_the_start_of_the_file_and_empty_documents_are_left_out() {
    let all = read("# nothing\n---\na: 1\n---\n~\n---\nb: 2\n", 10).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(spot(all[1].get("b").unwrap()), (16, 4));
    assert_eq!(read("a: [", 10).unwrap_err().line, Some(10));
}

#[test]
fn json_has_places_too_also_when_tabs_indent_it() {
    let root = one("{\n\t\"a\": {\n\t\t\"b\": \"x\\ty\"\n\t}\n}\n");
    assert_eq!(root.at("a.b").and_then(Placed::text), Some("x\ty"));
    assert_eq!(spot(root.at("a.b").unwrap()), (3, 8));
}

#[test]
fn both_of_two_equal_keys_are_kept_and_the_last_one_counts() {
    let root = one("a: 1\na: 2\n");
    assert_eq!(root.entries().len(), 2);
    assert_eq!(root.get("a").and_then(Placed::number), Some(2));
    assert_eq!(root.to_value(), serde_json::json!({"a": 2}));
}

#[test]
fn values_are_those_of_the_reader_without_places() {
    let text = "a: &x {b: [1, 2.5, yes, ~, '1']}\nc: *x\n<<: {d: 0644}\n8080: e\ntext: |\n  a\n  \tb\n";
    assert_eq!(vec![one(text).to_value()], crate::objects::yaml::documents(text).unwrap());
}

#[test]
fn anchors_that_go_round_or_explode_are_refused() {
    let round = read("a: &a [*a]\n", 1).unwrap_err();
    assert_eq!(round.message, "an alias leads back into its own anchor");
    let repeated = |times: usize| format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(5_000), "*a,".repeat(times));
    assert!(read(&repeated(30), 1).is_ok());
    assert!(read(&format!("a: &a x\nb: [{}]\n", "*a,".repeat(500)), 1).is_ok());
    let exploding = read(&repeated(90), 1).unwrap_err();
    assert_eq!(exploding.message, "its aliases or its nesting make it too large to be read");
    let mut laughs = "a0: &a0 [x]\n".to_owned();
    for level in 1..12 {
        let many = format!("*a{},", level - 1).repeat(10);
        laughs = format!("{laughs}a{level}: &a{level} [{many}]\n");
    }
    assert!(read(&laughs, 1).is_err());
    assert!(read(&"[".repeat(10_000), 1).is_err());
}

#[test]
fn many_pieces_of_one_file_do_not_come_to_more_than_one_may() {
    let large = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(1_000), "*a,".repeat(100));
    let mut left = MOST;
    let taken = (0..20).flat_map(|_| super::read(&large, 7, &mut left)).count();
    assert_eq!((taken, left), (10, 0));
    let refused = super::read("a: 1", 7, &mut left).unwrap_err();
    assert_eq!((refused.line, refused.column), (Some(7), Some(1)));
    assert_eq!(refused.message, "what stands before it makes the file too large to be read");
    let in_a_row = format!("{{\"a\": &a [{}], \"b\": [{}]}} ", "1,".repeat(1_000), "*a,".repeat(100)).repeat(20);
    assert!(read(&in_a_row, 1).is_err());
}
