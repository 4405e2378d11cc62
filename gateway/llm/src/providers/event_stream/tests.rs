use super::*;

/// A message as AWS writes it.
pub(in crate::providers) fn encode(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(u8::try_from(name.len()).unwrap());
        head.extend_from_slice(name.as_bytes());
        head.push(TEXT);
        head.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let length = u32::try_from(PRELUDE + head.len() + payload.len() + CHECKSUM).unwrap();
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    encode(
        &[
            (":event-type", name),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ],
        payload.as_bytes(),
    )
}

fn read(pieces: &[&[u8]]) -> Result<Vec<(String, String)>, String> {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    for piece in pieces {
        decoder.push(piece, |message| {
            let payload = String::from_utf8(message.payload.to_vec()).unwrap();
            found.push((format!("{}/{}", message.kind, message.name), payload));
            Ok(())
        })?;
    }
    assert!(decoder.is_between());
    Ok(found)
}

#[test]
fn a_stream_is_read_alike_wherever_its_pieces_end() {
    let mut bytes = event("messageStart", r#"{"role":"assistant"}"#);
    bytes.extend(event("contentBlockDelta", r#"{"delta":{"text":"Grüße"}}"#));
    bytes.extend(event("messageStop", ""));
    let whole = read(&[&bytes]).unwrap();
    assert_eq!(whole.len(), 3);
    assert_eq!(whole[1].0, "event/contentBlockDelta");
    for at in 0..=bytes.len() {
        let (left, right) = bytes.split_at(at);
        assert_eq!(read(&[left, right]).unwrap(), whole, "split at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single).unwrap(), whole);
}

#[test]
fn no_damaged_byte_goes_unnoticed() {
    let good = event("contentBlockDelta", r#"{"delta":{"text":"x"}}"#);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        assert!(
            Decoder::default().push(&bad, |_| Ok(())).is_err(),
            "byte {at}"
        );
    }
}

#[test]
fn the_published_vectors_are_read() {
    // From the event stream test vectors of awslabs/aws-c-event-stream: `empty_message` and `payload_no_headers`.
    let empty = [
        0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8,
        0xff,
    ];
    let mut decoder = Decoder::default();
    decoder
        .push(&empty, |message| {
            assert_eq!(message, Message::default());
            Ok(())
        })
        .unwrap();
    assert!(decoder.is_between());
    let mut payload_only = vec![
        0x00, 0x00, 0x00, 0x1d, 0x00, 0x00, 0x00, 0x00, 0xfd, 0x52, 0x8c, 0x5a,
    ];
    payload_only.extend_from_slice(b"{'foo':'bar'}");
    payload_only.extend_from_slice(&[0xc3, 0x65, 0x39, 0x36]);
    assert_eq!(read(&[&payload_only]).unwrap()[0].1, "{'foo':'bar'}");
}

#[test]
fn headers_that_are_not_text_are_passed_over() {
    let mut head: Vec<u8> = Vec::new();
    for (kind, value) in [
        (0u8, &[][..]),
        (2, &[1]),
        (3, &[0, 1]),
        (4, &[0; 4]),
        (8, &[0; 8]),
        (9, &[7; 16]),
    ] {
        head.extend_from_slice(&[1, b'x', kind]);
        head.extend_from_slice(value);
    }
    head.extend_from_slice(&[1, b'y', 6, 0, 3, 1, 2, 3]);
    let text = encode(&[(":event-type", "chunk")], b"");
    head.extend_from_slice(&text[PRELUDE..text.len() - CHECKSUM]);
    let length = u32::try_from(PRELUDE + head.len() + CHECKSUM).unwrap();
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(&u32::try_from(head.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    assert_eq!(read(&[&bytes]).unwrap()[0].0, "/chunk");
}
