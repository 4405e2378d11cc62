//! A sample of every page, rendered: with everything on it, with nothing on it, and with hostile names.

mod call_pages;
mod calls;
mod data;
mod key_pages;
mod pages;

use askama::Template as _;
use gateway_domain::{GlobalRole, UserStatus};

use self::{
    data::{HOSTILE, shell},
    pages::{every_page, person},
};
use super::login::Failure;
use crate::shell::{Nav, Shell};

#[test]
fn every_page_renders_and_escapes_what_it_shows() {
    for (name, html) in every_page() {
        assert!(html.starts_with("<!doctype html>"), "{name}");
        assert!(!html.contains("<script>alert"), "{name}");
        assert!(!html.contains("onload='x"), "{name}");
        assert!(html.contains("</html>"), "{name}");
    }
}

#[test]
fn no_page_has_an_inline_script_or_style() {
    for (name, html) in every_page() {
        assert_eq!(html.matches("<script").count(), 1, "{name}: the one file");
        assert!(!html.contains("<style"), "{name}");
        assert!(!html.contains(" style="), "{name}");
        let handlers = [" onclick=", " onsubmit=", " onchange=", "javascript:"];
        assert!(
            !handlers.iter().any(|handler| html.contains(handler)),
            "{name}"
        );
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (name, html) in every_page() {
        let forms: Vec<&str> = html.split("<form").skip(1).collect();
        for form in forms.iter().filter(|form| form.contains("method=\"post\"")) {
            let form = form.split("</form>").next().unwrap();
            assert!(
                form.contains("name=\"_csrf\" value=\"form-token\""),
                "{name}: {form}"
            );
        }
    }
}

#[test]
fn every_control_has_a_label_and_every_id_is_there_once() {
    for (name, html) in every_page() {
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        for id in &ids {
            assert_eq!(
                ids.iter().filter(|other| other == &id).count(),
                1,
                "{name}: {id}"
            );
        }
        for control in html.split("<select ").skip(1) {
            let id = control
                .split("id=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let label = format!("for=\"{}\"", id.unwrap());
            assert!(html.contains(&label), "{name}: {label}");
        }
    }
}

#[test]
fn auditors_see_no_control_that_changes_anything() {
    let html = person(UserStatus::Active, GlobalRole::Auditor)
        .render()
        .unwrap();
    let main = html.split("<main").nth(1).unwrap();
    assert!(!main.contains("<form"), "{main}");
    assert!(!main.contains("<button"), "{main}");
}

#[test]
fn the_menu_shows_what_the_person_may_see() {
    let entries = |shell: &Shell| -> Vec<Nav> {
        let groups = shell.menu().into_iter();
        groups.flat_map(|(_, entries)| entries).collect()
    };
    let menu = |role| entries(&shell(Some(role), "/admin"));
    let all: Vec<Nav> = Nav::GROUPS
        .iter()
        .flat_map(|(_, entries)| entries.to_vec())
        .collect();
    assert_eq!(menu(GlobalRole::PlatformAdmin), all);
    assert_eq!(menu(GlobalRole::Auditor), all);
    let hidden = [Nav::ModelProviders, Nav::Providers, Nav::Audit];
    let owners: Vec<Nav> = all
        .iter()
        .copied()
        .filter(|entry| !hidden.contains(entry))
        .collect();
    assert_eq!(menu(GlobalRole::User), owners);
    let mut member = shell(Some(GlobalRole::User), "/admin");
    if let Some(principal) = &mut member.principal {
        principal.teams.clear();
    }
    let lacks = [Nav::People, Nav::AllKeys, Nav::ServiceAccounts];
    assert!(!entries(&member).iter().any(|entry| lacks.contains(entry)));
    let headings: Vec<&str> = member.menu().iter().map(|(heading, _)| *heading).collect();
    assert_eq!(headings, ["", "Use", "People", "Me"]);
    assert!(shell(None, "/admin").menu().is_empty());
}

#[test]
fn the_menu_marks_one_place() {
    let marked = |path| {
        let shell = shell(Some(GlobalRole::PlatformAdmin), path);
        let all = Nav::GROUPS.iter().flat_map(|(_, entries)| entries.to_vec());
        let marked = all.filter_map(|entry| Some((entry, shell.current(entry)?)));
        marked.collect::<Vec<_>>()
    };
    assert_eq!(marked("/admin"), [(Nav::Home, "page")]);
    assert_eq!(marked("/admin/keys"), [(Nav::Keys, "page")]);
    assert_eq!(marked("/admin/keys/all"), [(Nav::AllKeys, "page")]);
    assert_eq!(marked("/admin/keys/new"), [(Nav::Keys, "true")]);
    assert_eq!(marked("/admin/link/x"), []);
}

#[test]
fn an_unknown_code_is_told_in_general_words() {
    let failure = Failure::of("<script>alert(1)</script>");
    assert_eq!(failure.sentence, "The sign-in did not succeed.");
}

/// Run by hand, with a directory in mind: `cargo test -p gateway-admin-ui -- --ignored samples`.
#[test]
#[ignore = "writes files to look at"]
fn samples_to_look_at() {
    let directory = std::env::temp_dir().join("ogw-pages");
    std::fs::create_dir_all(&directory).unwrap();
    for (index, (name, html)) in every_page().into_iter().enumerate() {
        let html = html.replace(HOSTILE, "x");
        let name = name.replace([' ', ','], "_");
        std::fs::write(directory.join(format!("{index:02}_{name}.html")), html).unwrap();
    }
}
