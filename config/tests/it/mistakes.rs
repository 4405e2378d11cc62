//! `testdata/mistakes/*.yaml`: each with many mistakes, and one reading tells all of them.
//!
//! A line with a mistake carries a comment `#! word`, and a finding in that line must hold the word. The snapshots
//! beside the files show what an operator reads; review them as prose.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gateway_config::{Findings, LoadError, Severity, load};

use super::env;

/// Relative to the crate, where tests run.
const FOLDER: &str = "testdata/mistakes";

fn yaml(name: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{name}.yaml"))
}

fn findings(name: &str) -> Findings {
    let variables = env([
        ("SECRET", "hunter2-canary"),
        ("EMPTY", ""),
        ("PUBLIC", "https://gateway.example.com"),
        ("NOT_A_URL", "canary not a url"),
    ]);
    match load(Some(&yaml(name)), &variables) {
        Ok(_) => panic!("{name} loads"),
        Err(LoadError::Invalid(findings)) => findings,
        Err(other) => panic!("{name}: {other}"),
    }
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() > 5, "no mistakes in {FOLDER}");
    names
}

#[test]
fn every_file_of_mistakes_is_explained() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in names() {
            insta::assert_snapshot!(name.as_str(), findings(&name));
        }
    });
}

#[test]
fn every_marked_mistake_is_found_in_its_line_and_no_other() {
    for name in names() {
        let text = fs::read_to_string(yaml(&name)).unwrap();
        let found = findings(&name);
        for (index, line) in text.lines().enumerate() {
            let here: Vec<_> = found
                .0
                .iter()
                .filter(|finding| finding.line == index + 1)
                .collect();
            let marks: Vec<_> = line.split("#! ").skip(1).map(str::trim).collect();
            assert_eq!(here.len(), marks.len(), "{name}:{}: {here:#?}", index + 1);
            for mark in marks {
                assert!(
                    here.iter()
                        .any(|finding| finding.to_string().contains(mark)),
                    "{name}:{}: nothing about {mark}: {here:#?}",
                    index + 1
                );
            }
            for finding in here {
                assert!(finding.column <= line.chars().count() + 1, "{finding}");
            }
        }
    }
}

#[test]
fn findings_come_in_the_order_of_the_file_and_tell_no_secret() {
    for name in names() {
        let found = findings(&name);
        assert!(
            found
                .0
                .is_sorted_by_key(|finding| (finding.line, finding.column))
        );
        assert!(
            found
                .0
                .iter()
                .any(|finding| finding.severity == Severity::Error)
        );
        let shown = format!("{found}\n{found:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert_eq!(found.to_string().lines().count(), found.0.len());
    }
}
