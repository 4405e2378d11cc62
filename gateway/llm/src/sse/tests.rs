use proptest::prelude::*;

use super::*;

type Owned = (Option<String>, Vec<u8>);

const LONGEST: usize = 1 << 16;

/// Frames, and whether the stream broke, of a stream that comes in these chunks.
fn frames<'a>(longest: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Owned>, bool) {
    let mut splitter = Splitter::new(longest);
    let mut seen = Vec::new();
    for chunk in chunks {
        let pushed = splitter.push(chunk, |frame| {
            seen.push((frame.event.map(str::to_owned), frame.data.to_vec()));
        });
        if pushed.is_err() {
            return (seen, true);
        }
    }
    (seen, false)
}

fn whole(stream: &[u8]) -> Vec<Owned> {
    frames(LONGEST, [stream]).0
}

fn texts(stream: &str) -> Vec<(Option<String>, String)> {
    let text = |(event, data): Owned| (event, String::from_utf8(data).unwrap());
    whole(stream.as_bytes()).into_iter().map(text).collect()
}

fn data(of: &[&str]) -> Vec<(Option<String>, String)> {
    of.iter().map(|data| (None, (*data).to_owned())).collect()
}

#[test]
fn frames_are_read_as_the_standard_says() {
    assert_eq!(texts("data: a\n\ndata:b\n\n"), data(&["a", "b"]));
    assert_eq!(
        texts("data: a\r\n\r\ndata: b\r\rdata: c\n\r\n"),
        data(&["a", "b", "c"])
    );
    assert_eq!(
        texts("data: one\ndata:  two\ndata\n\n"),
        data(&["one\n two\n"])
    );
    assert_eq!(texts("data\n\n"), data(&[""]));
    assert_eq!(
        texts("\u{feff}data: a\n\n\u{feff}data: b\n\n"),
        data(&["a"])
    );
    assert_eq!(
        texts(": ping\n\n:\nid: 7\nretry: 3\nodd\ndata: a\n\n"),
        data(&["a"])
    );
    assert_eq!(texts("event: lost\n\ndata: a\n\n"), data(&["a"]));
    assert_eq!(texts("event: x\nevent:\ndata: a\n\n"), data(&["a"]));
    assert_eq!(texts("data: a\n\ndata: never finished\n"), data(&["a"]));
    assert_eq!(
        texts("event: first\nevent: message_start\ndata: {}\n\ndata: x\n\n"),
        [
            (Some("message_start".to_owned()), "{}".to_owned()),
            (None, "x".to_owned())
        ]
    );
}

#[test]
fn a_frame_that_lies_in_one_chunk_is_not_copied() {
    let stream = b"event: e\ndata: {\"a\":1}\n\n".as_slice();
    Splitter::new(LONGEST)
        .push(stream, |frame| {
            assert!(stream.as_ptr_range().contains(&frame.data.as_ptr()));
        })
        .unwrap();
}

#[test]
fn the_end_of_a_frame_is_where_its_blank_line_ends() {
    let mut ends = Vec::new();
    let mut splitter = Splitter::new(LONGEST);
    let stream = b"data: a\n\ndata: b\r\n\r\n: c\ndata: d\n\nrest";
    splitter
        .push_with_ends(stream, |_, end| ends.push(end))
        .unwrap();
    assert_eq!(ends, [9, 20, 33]);
}

#[test]
fn a_frame_that_is_too_long_ends_the_stream() {
    let long = format!("data: ok\n\ndata: {}\n\ndata: after\n\n", "x".repeat(100));
    for cut in 0..=long.len() {
        let (head, tail) = long.as_bytes().split_at(cut);
        assert_eq!(
            frames(60, [head, tail]),
            (vec![(None, b"ok".to_vec())], true),
            "{cut}"
        );
    }
    let many = "data: 12345678\n".repeat(10);
    assert!(frames(60, [many.as_bytes()]).1);
    let mut splitter = Splitter::new(10);
    assert_eq!(splitter.push(&[b'x'; 11], |_| ()), Err(TooLong(10)));
    assert_eq!(splitter.push(b"data: a\n\n", |_| ()), Err(TooLong(10)));
}

#[test]
fn heartbeats_never_fill_a_frame() {
    let beats = ": OPENROUTER PROCESSING\n".repeat(10_000);
    let stream = format!("{beats}data: a\n\n");
    assert_eq!(
        frames(64, [stream.as_bytes()]),
        (vec![(None, b"a".to_vec())], false)
    );
}

#[test]
fn what_is_written_is_read_back() {
    for (event, data, read) in [
        (None, "{}", "{}"),
        (Some("ping"), "a\nb\r\nc\rd\n", "a\nb\nc\nd\n"),
        (Some("two words"), "", ""),
    ] {
        let mut out = Vec::new();
        write_frame(&mut out, event, data.as_bytes());
        let expected = (event.map(str::to_owned), read.as_bytes().to_vec());
        assert_eq!(whole(&out), [expected]);
    }
    let mut out = Vec::new();
    write_frame(&mut out, Some("a\ndata: forged"), b"x");
    assert_eq!(
        whole(&out),
        [(Some("a data: forged".to_owned()), b"x".to_vec())]
    );
}

#[test]
fn any_cut_gives_the_same_frames() {
    for stream in crate::testdata::STREAMS {
        let expected = whole(stream);
        assert!(!expected.is_empty());
        for cut in 0..=stream.len() {
            let (head, tail) = stream.split_at(cut);
            assert_eq!(frames(LONGEST, [head, tail]).0, expected, "cut at {cut}");
        }
        assert_eq!(frames(LONGEST, stream.chunks(1)).0, expected);
    }
}

/// A fuzzer without a fuzzer: recorded streams with random damage, cut at every offset, neither panic nor read
/// differently when they are cut.
#[test]
fn damaged_streams_are_read_the_same_however_they_are_cut() {
    let mut random = crate::testdata::Random::new(0x5EED);
    let spice: [&[u8]; 10] = [
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\n",
        b":",
        b"data",
        b"data:",
        b"event: x\n",
        b"\xEF\xBB\xBF",
        b"\xFF",
    ];
    for round in 0..40 {
        for stream in crate::testdata::STREAMS {
            let start = random.below(stream.len());
            let mut damaged = stream[start..stream.len().min(start + 400)].to_vec();
            for _ in 0..=random.below(8) {
                let at = random.below(damaged.len() + 1);
                match random.below(3) {
                    0 if at < damaged.len() => drop(damaged.remove(at)),
                    1 if at < damaged.len() => {
                        damaged[at] = u8::try_from(random.below(256)).unwrap();
                    }
                    _ => drop(
                        damaged.splice(at..at, spice[random.below(spice.len())].iter().copied()),
                    ),
                }
            }
            let longest = if round % 2 == 0 { LONGEST } else { 48 };
            let expected = frames(longest, [damaged.as_slice()]);
            for cut in 0..=damaged.len() {
                let (head, tail) = damaged.split_at(cut);
                assert_eq!(
                    frames(longest, [head, tail]),
                    expected,
                    "{damaged:?} cut at {cut}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn chunks_do_not_matter(
        pieces in prop::collection::vec(
            prop::sample::select(vec!["data: {\"a\":1}", "data:", "event: x", ": c", "\n", "\r", "\r\n", "\n\n", "é", " "]),
            0..40,
        ),
        cuts in prop::collection::vec(0_usize..200, 0..12),
    ) {
        let stream = pieces.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]);
        prop_assert_eq!(frames(LONGEST, chunks).0, whole(&stream));
    }
}
