//! What holds for every text.

use gateway_config::{Findings, LoadError, Severity, parse};
use proptest::prelude::*;

use super::env;

const CANARY: &str = "q7canary7q";

/// Reads any text; checks what every finding promises.
fn read(text: &str) -> Findings {
    let variables = env([("CANARY", CANARY)]);
    let findings = match parse(text, "f", &variables) {
        Ok(config) => {
            assert!(
                config
                    .warnings
                    .0
                    .iter()
                    .all(|one| one.severity == Severity::Warning)
            );
            config.warnings
        }
        Err(LoadError::Invalid(findings)) => {
            assert!(findings.0.iter().any(|one| one.severity == Severity::Error));
            findings
        }
        Err(other) => panic!("{other}"),
    };
    for finding in &findings.0 {
        assert!(finding.line >= 1 && finding.column >= 1, "{finding}");
        assert!(
            !finding.path.is_empty() && !finding.message.is_empty(),
            "{finding:?}"
        );
        assert!(!finding.to_string().contains(['\n', '\r']), "{finding:?}");
    }
    assert!(
        findings
            .0
            .is_sorted_by_key(|finding| (finding.line, finding.column))
    );
    assert!(
        !format!("{findings}{findings:?}").contains(CANARY),
        "{text}\n{findings}"
    );
    findings
}

/// Pieces that YAML and the sections are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("server"),
        Just("auth"),
        Just("oidc"),
        Just("providers"),
        Just("users"),
        Just("teams"),
        Just("key"),
        Just("jit"),
        Just("issuer_url"),
        Just("client_secret"),
        Just("env.CANARY"),
        Just("file."),
        Just(": "),
        Just(":\n"),
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just("- "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(", "),
        Just("&a "),
        Just("*a"),
        Just("<<"),
        Just("!x "),
        Just("!!str "),
        Just("? "),
        Just("'"),
        Just("\""),
        Just("|\n"),
        Just(">-\n"),
        Just("#"),
        Just("---\n"),
        Just("...\n"),
        Just("%YAML 1.2\n"),
        Just("\t"),
        Just("é"),
        Just("\r\n"),
        Just("null"),
        Just("true"),
        Just("~"),
        Just("\u{feff}"),
        Just("\\"),
        Just("@"),
        Just("\0"),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn nor_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn nor_pieces_in_any_order(text in pieces()) {
        read(&text);
    }

    /// Half of a file, or a file with a hole: what an editor saves in the middle of a thought.
    #[test]
    fn nor_a_file_with_a_hole(from in 0.0..1.0f64, length in 0usize..200, by in pieces()) {
        for text in [include_str!("../../local.yaml"), include_str!("../../testdata/mistakes/providers.yaml")] {
            let chars: Vec<char> = text.chars().collect();
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a small file")]
            let start = (from * chars.len() as f64) as usize;
            let end = (start + length).min(chars.len());
            let holed: String = chars[..start].iter().copied().chain(by.chars()).chain(chars[end..].iter().copied()).collect();
            parse(&holed, "f", &env([])).map_or_else(|error| drop(error.to_string()), drop);
        }
    }
}

#[test]
fn a_secret_in_any_place_is_not_shown() {
    let places = include_str!("../../testdata/mistakes/forms.yaml");
    for name in [
        "env.SECRET_2",
        "env.SECRET",
        "env.NOT_A_URL",
        "env.EMPTY",
        "env.NO_SUCH",
    ] {
        read(&places.replace(name, "env.CANARY"));
    }
    read(
        &places
            .replace("env.SECRET", "env.CANARY")
            .replace("env.NOT_A_URL", "env.CANARY"),
    );
    for url in [
        "https://u:CANARY@h.example.com",
        "https://h.example.com/?t=CANARY",
        "http://CANARY",
    ] {
        let url = url.replace("CANARY", CANARY);
        read(&format!(
            "auth: {{oidc: {{providers: [{{key: a, client_id: x, issuer_url: \"{url}\", endpoints: {{token: \"{url}\"}}}}]}}}}"
        ));
        read(&format!(
            "database: {{url: \"{}\"}}",
            url.replace("https://", "postgres:/")
        ));
        read(&format!(
            "server: {{public_base_url: \"https://u:{CANARY}@h\"}}"
        ));
    }
    for value in [CANARY, "{q7canary7q: 1}", "[q7canary7q]", "!q7canary7q x"] {
        read(&format!(
            "auth: {{bootstrap_admin: {{email: a@b, password: {value}}}}}\nsecrets: {{master_key: {value}}}"
        ));
    }
}

#[test]
fn a_small_text_does_not_grow_large() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        let items = vec![item; 10].join(",");
        bomb = format!("{bomb}a{level}: &a{level} [{items}]\n");
    }
    assert!(read(&bomb).to_string().contains("too large"));
    let long = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(100_000),
        vec!["*a"; 100_000].join(",")
    );
    assert!(read(&long).to_string().contains("too large"));
    for depth in [100, 100_000] {
        assert_eq!(read(&"[".repeat(depth)).0.len(), 1);
    }
    let block: Vec<_> = (0..500).map(|depth| " ".repeat(depth) + "a:").collect();
    let block = block.join("\n");
    assert!(read(&block).to_string().contains("nested too deeply"));
    assert!(
        read("a: &a [*a]")
            .to_string()
            .contains("inside of what it stands for")
    );
    let many = format!("users: [{}]", vec!["1"; 200_000].join(","));
    assert!(read(&many).to_string().contains("too large"));
}

#[test]
fn an_alias_is_what_it_stands_for() {
    let text = "
server: {public_base_url: http://localhost:8080}
auth:
  oidc:
    providers:
      - {key: a, client_id: x, issuer_url: https://a.example.com, scopes: &scopes [openid], jit: &jit {enabled: true}}
      - {key: b, client_id: x, issuer_url: https://b.example.com, scopes: *scopes, jit: *jit}
";
    let config = super::accepted(text, []);
    assert_eq!(config.auth.oidc[1].scopes, ["openid"]);
    assert!(config.auth.oidc[1].jit.is_some());
}
