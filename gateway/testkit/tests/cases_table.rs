//! `docs/security/cases.md` is made from `docs/security/cases.tsv` and the names of the tests.
//!
//! `just cases` writes it anew; without that this test fails when the table is not what the tests say.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops and says where"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

struct Case {
    number: u32,
    section: String,
    severity: String,
    later: String,
    title: String,
}

const SECTIONS: [(&str, &str); 13] = [
    (
        "A",
        "OpenID Foundation conformance modules for relying parties",
    ),
    ("B", "Flow state, binding and replay"),
    ("C", "Mix-up, code injection, PKCE, redirect URI"),
    ("D", "ID token, signatures, keys, clock"),
    ("E", "Discovery, network, denial of service"),
    ("F", "Faults of the token and userinfo endpoints"),
    ("G", "Identity, linking, e-mail"),
    ("H", "First sign-in, roles, teams, logging"),
    ("I", "Redirects and output"),
    ("J", "Sessions, cookies, forged requests, sign-out"),
    ("K", "GitHub"),
    ("L", "Store, faults, concurrency, operation"),
    ("M", "Cloud credentials and refresh tokens"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn catalogue() -> Vec<Case> {
    let text = fs::read_to_string(root().join("docs/security/cases.tsv")).unwrap();
    let parse = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut cell = || {
            cells
                .next()
                .unwrap_or_else(|| panic!("a cell is missing: {line}"))
        };
        Case {
            number: cell().parse().unwrap(),
            section: cell(),
            severity: cell(),
            later: cell(),
            title: cell(),
        }
    };
    text.lines().skip(1).map(parse).collect()
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != "node_modules" {
            sources(&path, into);
        } else if path
            .extension()
            .is_some_and(|ending| ending == "rs" || ending == "mjs")
        {
            into.push(path);
        }
    }
}

/// Test names by case number: `fn case_052_…` in Rust, `case_215_…` as a test's title in the browser tests.
fn tests() -> BTreeMap<u32, BTreeSet<String>> {
    let mut files = Vec::new();
    for folder in ["gateway", "config", "admin-ui", "e2e"] {
        sources(&root().join(folder), &mut files);
    }
    let mut found: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let marker = if file.extension().is_some_and(|ending| ending == "rs") {
            "fn case_"
        } else {
            "'case_"
        };
        for (at, _) in text.match_indices(marker) {
            let name: String = text[at + marker.len() - "case_".len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let numbers: Vec<u32> = name
                .trim_start_matches("case_")
                .split('_')
                .map_while(|part| part.parse().ok())
                .collect();
            for number in numbers {
                found.entry(number).or_default().insert(name.clone());
            }
        }
    }
    found
}

fn render() -> String {
    let (cases, tests) = (catalogue(), tests());
    let concerned = cases.iter().filter(|case| case.later.is_empty());
    let total = concerned.clone().count();
    let covered = concerned
        .filter(|case| tests.contains_key(&case.number))
        .count();
    let mut page = format!(
        "# What a sign-in must survive\n\n\
         Made by `just cases` from `cases.tsv` and the names of the tests; do not edit. Severity: C critical, H high, \
         M medium, L low.\n\
         Of {} cases, {total} concern what exists; {covered} of these have tests, {} do not.\n",
        cases.len(),
        total - covered
    );
    for (letter, name) in SECTIONS {
        let _ = writeln!(
            page,
            "\n## {letter}. {name}\n\n| case | severity | what happens | test |\n|---|---|---|---|"
        );
        for case in cases.iter().filter(|case| case.section == letter) {
            let proof = match (tests.get(&case.number), case.later.as_str()) {
                (Some(names), _) => names
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join("<br>"),
                (None, "") => "**not yet**".to_owned(),
                (None, later) => format!("later: {later}"),
            };
            let _ = writeln!(
                page,
                "| {} | {} | {} | {proof} |",
                case.number, case.severity, case.title
            );
        }
    }
    page
}

#[test]
fn the_table_is_what_the_tests_say() {
    let path = root().join("docs/security/cases.md");
    let page = render();
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(&path, page).unwrap();
        return;
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap_or_default(),
        page,
        "run `just cases`"
    );
}

#[test]
fn every_case_named_by_a_test_is_in_the_catalogue() {
    let known: BTreeSet<u32> = catalogue().into_iter().map(|case| case.number).collect();
    let unknown: Vec<_> = tests()
        .into_iter()
        .filter(|(number, _)| !known.contains(number))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
