//! Case 135: a proxy of the environment is not used, whatever it is called.

use std::net::{IpAddr, Ipv4Addr};

use gateway_domain::{Clock as _, FixedClock, SystemClock};
use gateway_testkit::{FakeIdp, SilentPort};

use crate::process::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn case_135_proxies_of_the_environment_are_not_used() {
    let idp = FakeIdp::start(FixedClock::new(SystemClock.now())).await;
    let proxy = SilentPort::on(IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
    let folder = Folder::with_config(&format!(
        "server: {{public_base_url: \"http://localhost:8080\"}}
auth:
  oidc:
    providers:
      - {{key: corp, label: Corp, issuer_url: \"{}\", client_id: ogw}}
",
        idp.issuer()
    ));
    let address = format!("http://127.0.0.1:{}", proxy.port());
    let mut command = folder.gateway(&["check", "--online"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, &address);
        command.env(name.to_lowercase(), &address);
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("corp: discovery and keys: ok"), "{said}");
    assert_eq!(proxy.visitors(), 0);
    assert_eq!(idp.log().count("/jwks"), 1);
}
