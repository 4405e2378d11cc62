//! From AWS's published suite of test cases (`aws-sig-v4-test-suite`), all made with the same keys at the same moment.

use gateway_domain::Secret;

use super::*;

const DATE: &str = "20150830T123600Z";

fn keys() -> Keys {
    let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    Keys::new("AKIDEXAMPLE", &secret, None).unwrap()
}

fn signature(
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> String {
    let headers: Vec<(&str, String)> = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    let canonical = Canonical {
        method,
        path,
        query,
        headers: &headers,
        body,
    };
    let authorization = canonical.authorization(&keys(), "us-east-1", "service", DATE);
    authorization
        .rsplit_once("Signature=")
        .unwrap()
        .1
        .to_owned()
}

const PLAIN: [(&str, &str); 2] = [("host", "example.amazonaws.com"), ("x-amz-date", DATE)];

#[test]
fn get_vanilla() {
    assert_eq!(
        signature("GET", "/", "", &PLAIN, b""),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    );
}

#[test]
fn post_vanilla() {
    assert_eq!(
        signature("POST", "/", "", &PLAIN, b""),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    );
}

#[test]
fn get_vanilla_query() {
    assert_eq!(
        signature("GET", "/", "Param1=value1", &PLAIN, b""),
        "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"
    );
}

#[test]
fn post_x_www_form_urlencoded() {
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", "example.amazonaws.com"),
        ("x-amz-date", DATE),
    ];
    assert_eq!(
        signature("POST", "/", "", &headers, b"Param1=value1"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
    );
}

#[test]
fn the_path_is_encoded_once_more() {
    let headers: Vec<(&str, String)> = Vec::new();
    let canonical = Canonical {
        method: "POST",
        path: "/model/us.anthropic.claude-3%3A0/converse",
        query: "",
        headers: &headers,
        body: b"{}",
    };
    let request = canonical.request();
    let mut lines = request.lines();
    assert_eq!(
        lines.nth(1),
        Some("/model/us.anthropic.claude-3%253A0/converse")
    );
}
