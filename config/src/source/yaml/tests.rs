use std::collections::BTreeMap;

use super::*;

fn shown(node: &Node, lines: &mut Vec<String>, path: &str) {
    let Pos { line, column } = node.pos;
    lines.push(format!("{line}:{column} {path} {}", node.kind()));
    match &node.content {
        Content::Scalar { .. } => {}
        Content::List(items) => {
            for (index, item) in items.iter().enumerate() {
                shown(item, lines, &format!("{path}[{index}]"));
            }
        }
        Content::Map(entries) => {
            for entry in entries {
                let Pos { line, column } = entry.pos;
                let path = format!("{path}.{}", entry.key);
                lines.push(format!("{line}:{column} {path} key"));
                shown(&entry.value, lines, &path);
            }
        }
    }
}

fn places(text: &str) -> String {
    let env = BTreeMap::new();
    let reader = Reader::new("f", &env);
    let root = tree(text, &reader).unwrap();
    let mut lines = Vec::new();
    shown(&root, &mut lines, "");
    lines.join("\n")
}

#[test]
fn every_key_and_value_knows_its_place() {
    insta::assert_snapshot!(places("
é: {ü: 'x', \"ö\": y}
list:
  - a
  -   b: ~
      c:
  - true
text: |
  more
empty:
"), @r"
    2:1  a mapping
    2:1 .é key
    2:4 .é a mapping
    2:5 .é.ü key
    2:8 .é.ü text
    2:13 .é.ö key
    2:18 .é.ö text
    3:1 .list key
    4:3 .list a list
    4:5 .list[0] text
    5:7 .list[1] a mapping
    5:7 .list[1].b key
    5:10 .list[1].b nothing
    6:7 .list[1].c key
    6:8 .list[1].c nothing
    7:5 .list[2] a boolean
    8:1 .text key
    9:3 .text text
    10:1 .empty key
    10:6 .empty nothing
    ");
}

#[test]
fn a_byte_order_mark_and_other_line_ends_move_nothing() {
    let text = "a: 1\nb:\n  c: 2\n";
    assert_eq!(places(&format!("\u{feff}{text}")), places(text));
    assert_eq!(places(&text.replace('\n', "\r\n")), places(text));
}
