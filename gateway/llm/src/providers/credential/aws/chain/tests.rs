use std::{path::PathBuf, sync::Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::providers::connector::Trust;

const ISSUED: &str = r#"{"AccessKeyId":"ASIAFAKE","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T06:00:00Z"}"#;

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ogw-aws-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join(".aws")).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Answers one request a connection by `answer(head and body)`, on loopback.
async fn endpoint(
    answer: impl Fn(&str) -> (u16, String) + Send + 'static,
) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = request(&mut stream).await;
            let (status, body) = answer(&request);
            log.lock().unwrap().push(request);
            let length = body.len();
            let text = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    (url, seen)
}

async fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        let read = stream.read(&mut bytes).await.unwrap();
        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return text;
        }
    }
}

async fn ask(pairs: &[(&'static str, String)]) -> Result<Grant<Arc<Keys>>, String> {
    let connector = Connector::new(&Trust::Nobody, Duration::from_secs(5)).unwrap();
    let chain = Chain::new("eu-west-1", Environment::of(pairs), connector).unwrap();
    chain.fetch(DateTime::UNIX_EPOCH).await
}

/// Nothing here ever looks for a metadata service, whatever the machine is.
fn off() -> (&'static str, String) {
    ("AWS_EC2_METADATA_DISABLED", "true".to_owned())
}

fn id(found: Result<Grant<Arc<Keys>>, String>) -> Result<String, String> {
    found.map(|grant| grant.value.id().to_owned())
}

#[tokio::test]
async fn the_environment_comes_first() {
    let folder = Folder::new("first");
    let credentials = "[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = s\n";
    let file = folder.file("credentials", credentials);
    let file = ("AWS_SHARED_CREDENTIALS_FILE", file);
    let found = ask(&[off(), file.clone()]).await;
    assert_eq!(id(found), Ok("FROMFILE".to_owned()));
    let key = ("AWS_ACCESS_KEY_ID", "FROMENV".to_owned());
    let secret = ("AWS_SECRET_ACCESS_KEY", "s".to_owned());
    let token = ("AWS_SESSION_TOKEN", "tok".to_owned());
    let found = ask(&[off(), file, key, secret, token]).await;
    let Ok(found) = found else {
        panic!("no keys");
    };
    assert_eq!(found.value.id(), "FROMENV");
    assert_eq!(found.value.session_token(), Some("tok"));
    assert_eq!(found.expires, None);
}

#[tokio::test]
async fn a_named_profile_is_taken_or_missed() {
    let folder = Folder::new("named");
    folder.file(
        ".aws/config",
        "[profile work]\naws_access_key_id = WORK\naws_secret_access_key = s\n\
         [profile sso]\nsso_session = x\n",
    );
    let home = ("HOME", folder.0.display().to_string());
    let profile = |name: &str| ("AWS_PROFILE", name.to_owned());
    let found = ask(&[off(), home.clone(), profile("work")]).await;
    assert_eq!(id(found), Ok("WORK".to_owned()));
    let missed = id(ask(&[off(), home.clone(), profile("play")]).await).unwrap_err();
    assert!(missed.contains("`play`"), "{missed}");
    let unsupported = id(ask(&[off(), home, profile("sso")]).await).unwrap_err();
    assert!(unsupported.contains("`sso_session`"), "{unsupported}");
}

#[tokio::test]
async fn a_web_identity_is_exchanged() {
    let (url, seen) = endpoint(|_| {
        let xml = "<R><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>a/b+c=</SecretAccessKey>\
             <SessionToken>tok/==</SessionToken><Expiration>2026-01-01T06:00:00Z</Expiration>\
             </Credentials></AssumeRoleWithWebIdentityResult></R>";
        (200, xml.to_owned())
    })
    .await;
    let folder = Folder::new("web");
    let found = ask(&[
        off(),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            folder.file("token", "the.web.identity\n"),
        ),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x".to_owned()),
        ("AWS_ROLE_SESSION_NAME", "me".to_owned()),
        ("AWS_ENDPOINT_URL_STS", url),
    ])
    .await;
    let found = found.unwrap_or_else(|reason| panic!("{reason}"));
    assert_eq!(found.value.id(), "ASIAWEB");
    assert_eq!(found.value.secret(), "a/b+c=");
    assert_eq!(found.expires, "2026-01-01T06:00:00Z".parse().ok());
    let request = seen.lock().unwrap()[0].clone();
    for part in [
        "Action=AssumeRoleWithWebIdentity",
        "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx",
        "RoleSessionName=me",
        "WebIdentityToken=the.web.identity",
    ] {
        assert!(request.contains(part), "{request}");
    }
}

#[tokio::test]
async fn a_refused_web_identity_is_told_by_its_code_alone() {
    let (url, _) = endpoint(|_| {
        let xml = "<ErrorResponse><Error><Code>ExpiredTokenException</Code>\
             <Message>the.web.identity is old</Message></Error></ErrorResponse>";
        (400, xml.to_owned())
    })
    .await;
    let folder = Folder::new("refused");
    let refused = ask(&[
        off(),
        (
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            folder.file("token", "the.web.identity"),
        ),
        ("AWS_ROLE_ARN", "r".to_owned()),
        ("AWS_ENDPOINT_URL_STS", url),
    ])
    .await;
    let reason = id(refused).unwrap_err();
    assert_eq!(reason, "AWS STS answered 400 ExpiredTokenException");
}

#[tokio::test]
async fn a_container_is_asked_with_its_token() {
    let (url, seen) = endpoint(|_| (200, ISSUED.to_owned())).await;
    let folder = Folder::new("container");
    let found = ask(&[
        off(),
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            format!("{url}/v1/credentials"),
        ),
        (
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            folder.file("token", "pod-token\n"),
        ),
    ])
    .await;
    let found = found.unwrap_or_else(|reason| panic!("{reason}"));
    assert_eq!(found.value.id(), "ASIAFAKE");
    assert_eq!(found.value.session_token(), Some("t"));
    let request = seen.lock().unwrap()[0].clone();
    assert!(request.starts_with("GET /v1/credentials "), "{request}");
    assert!(
        request.contains("authorization: pod-token\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn a_container_elsewhere_is_not_asked() {
    let elsewhere = "http://keys.example/".to_owned();
    let refused = ask(&[off(), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", elsewhere)]).await;
    assert!(id(refused).unwrap_err().contains("must be https"));
}

#[tokio::test]
async fn an_instance_is_asked_in_version_2() {
    let (url, seen) = endpoint(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = match path {
            "/latest/api/token" => "session-token",
            "/latest/meta-data/iam/security-credentials/" => "the-role\n",
            "/latest/meta-data/iam/security-credentials/the-role" => ISSUED,
            _ => return (404, String::new()),
        };
        (200, answer.to_owned())
    })
    .await;
    let found = ask(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", url)]).await;
    assert_eq!(id(found), Ok("ASIAFAKE".to_owned()));
    let seen = seen.lock().unwrap();
    assert!(seen[0].starts_with("PUT /latest/api/token "));
    assert!(seen[2].contains("x-aws-ec2-metadata-token: session-token\r\n"));
}

#[tokio::test]
async fn nothing_anywhere_is_said() {
    let reason = id(ask(&[off()]).await).unwrap_err();
    assert!(reason.starts_with("AWS: no credentials in"), "{reason}");
}
