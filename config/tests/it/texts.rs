//! Texts that are no configuration at all.

use gateway_config::{LoadError, load, parse};

use super::{env, refused};

#[test]
fn a_text_that_is_no_text_is_a_finding() {
    let folder = std::env::temp_dir().join(format!("gateway-config-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("gateway.yaml");
    let read = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        match load(Some(&path), &env([])) {
            Err(LoadError::Invalid(findings)) => {
                let finding = &findings.0[0];
                (finding.line, finding.column, finding.message.clone())
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("loaded"),
        }
    };
    assert_eq!(
        read(b"server: {}\n# \xc3\xa9\xff"),
        (2, 4, "not UTF-8 text".to_owned())
    );
    assert_eq!(
        read(&vec![b'#'; 1024 * 1024 + 1]),
        (1, 1, "larger than 1 MiB".to_owned())
    );
    assert_eq!(
        read("é".repeat(1024 * 1024).as_bytes()).2,
        "larger than 1 MiB"
    );
    std::fs::remove_dir_all(folder).unwrap();
    let largest = format!("#{}", "é".repeat(512 * 1024 - 1));
    assert!(parse(&largest, "f", &env([])).is_ok());
}

#[test]
fn the_root_is_a_mapping() {
    for text in ["a", "[]", "- server: {}", "true", "\"\""] {
        let found = refused(text, []);
        assert!(
            found
                .to_string()
                .starts_with("gateway.yaml:1:1: (document): expected a mapping"),
            "{found}"
        );
    }
}
