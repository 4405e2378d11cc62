//! `~/.aws/config` and `~/.aws/credentials`.

use std::path::PathBuf;

use super::Settings;

/// What a file says of a profile; `None` when it says nothing of it. In `config` all profiles but `default` are written
/// `[profile NAME]`.
pub(super) async fn read(path: Option<PathBuf>, name: &str, is_config: bool) -> Option<Settings> {
    let text = tokio::fs::read_to_string(path?).await.ok()?;
    section(&text, name, is_config)
}

fn section(text: &str, name: &str, is_config: bool) -> Option<Settings> {
    let mut found: Option<Settings> = None;
    let mut is_ours = false;
    for line in text.lines() {
        let is_nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) || is_nested {
            continue;
        }
        if let Some(title) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            is_ours = is_section_of(title, name, is_config);
            if is_ours {
                found.get_or_insert_default();
            }
        } else if let (true, Some((key, value))) = (is_ours, line.split_once('=')) {
            let value = value.split(" #").next().unwrap_or(value).trim();
            let settings = found.get_or_insert_default();
            settings.insert(key.trim().to_ascii_lowercase(), value.to_owned());
        }
    }
    found
}

fn is_section_of(title: &str, name: &str, is_config: bool) -> bool {
    let title = title.trim();
    let titled = match title.strip_prefix("profile") {
        Some(rest) if is_config && rest.starts_with([' ', '\t']) => rest.trim(),
        _ if is_config && title != "default" => return false,
        _ => title,
    };
    titled.trim_matches(['"', '\'']) == name
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "\
# ours
[default]
region = eu-central-1
s3 =
  max_concurrent_requests = 20

[profile work]
aws_access_key_id = AKID   # laptop
AWS_SECRET_ACCESS_KEY=a=b/c
[profile default2]
x = y
[sso-session work]
sso_region = z
";

    #[test]
    fn a_profile_is_found_under_its_title() {
        let work = section(CONFIG, "work", true).unwrap();
        assert_eq!(work["aws_access_key_id"], "AKID");
        assert_eq!(work["aws_secret_access_key"], "a=b/c");
        assert_eq!(work.len(), 2);
        let default = section(CONFIG, "default", true).unwrap();
        assert_eq!(default["region"], "eu-central-1");
        assert!(!default.contains_key("max_concurrent_requests"));
    }

    #[test]
    fn titles_differ_between_the_two_files() {
        assert_eq!(section("[work]\na = b\n", "work", true), None);
        assert!(section("[work]\na = b\n", "work", false).is_some());
        assert_eq!(section("[profile work]\na = b\n", "work", false), None);
    }
}
