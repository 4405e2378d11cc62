//! `http`: how to talk to a provider; and networks.

use std::{path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipnet::IpNet;

use crate::{HttpPolicy, source::Field};

const TIMEOUT: Duration = Duration::from_secs(10);
/// A browser waits for the answer.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(2);

pub(super) fn read(field: &Field<'_>) -> HttpPolicy {
    let mut section = field.section();
    let timeout = section
        .field("timeout")
        .duration(Duration::from_secs(1)..=LONGEST_TIMEOUT);
    let ca = certificates(&section.field("ca_file"));
    HttpPolicy {
        timeout: timeout.unwrap_or(TIMEOUT),
        allow_private_cidrs: networks(&section.field("allow_private_cidrs")),
        allow_insecure: section.field("allow_insecure").flag().unwrap_or(false),
        ca_file: ca.as_ref().map(|(path, _)| PathBuf::from(path)),
        ca_pem: ca.map(|(_, pem)| pem),
    }
}

/// A list of networks.
pub(super) fn networks(field: &Field<'_>) -> Vec<IpNet> {
    let network = |item: &Field<'_>| {
        item.parse(|text| {
            text.parse()
                .map_err(|_| "expected a network such as 10.0.0.0/8 or fd00::/8".to_owned())
        })
    };
    let items = field.values().unwrap_or_default();
    items.iter().filter_map(network).collect()
}

/// The file's path and its text. That it holds a certificate is checked here, so that a wrong file does not wait for
/// the first sign-in to be noticed.
pub(super) fn certificates(field: &Field<'_>) -> Option<(String, Vec<u8>)> {
    let (path, pem) = field.file()?;
    match count_certificates(&String::from_utf8_lossy(&pem)) {
        Ok(0) => field.error("the file holds no PEM certificate"),
        Ok(_) => {}
        Err(()) => field.error("the file holds a PEM certificate that is damaged"),
    }
    Some((path, pem))
}

/// Counts the certificates in PEM (RFC 7468); what they say is for the TLS library.
fn count_certificates(pem: &str) -> Result<usize, ()> {
    let mut count = 0;
    for block in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (body, _) = block.split_once("-----END CERTIFICATE-----").ok_or(())?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(drop)?;
        // A certificate is a SEQUENCE.
        if der.first() != Some(&0x30) {
            return Err(());
        }
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::count_certificates;

    #[test]
    fn counts_certificates() {
        let one = "# ours\n-----BEGIN CERTIFICATE-----\nMAMC\nAQE=\n-----END CERTIFICATE-----\n";
        assert_eq!(count_certificates(one), Ok(1));
        assert_eq!(count_certificates(&one.repeat(3)), Ok(3));
        assert_eq!(count_certificates(&one.replace('\n', "\r\n")), Ok(1));
        assert_eq!(count_certificates(""), Ok(0));
        let key = one.replace("CERTIFICATE", "PRIVATE KEY");
        assert_eq!(count_certificates(&key), Ok(0));
        for damaged in [
            one.replace("MAMC", "M*MC"),
            one.replace("MAMC", "AAMC"),
            one.replace("END", "FIN"),
        ] {
            assert_eq!(count_certificates(&damaged), Err(()), "{damaged}");
        }
    }
}
