//! `parallel_tool_calls: false` where the provider's protocol cannot say it: of the calls that a model makes, the caller gets
//! the first. The model makes the others again when it has that one's result.

use std::{borrow::Cow, collections::HashMap};

use crate::ir::{Content, Event, Opening, Reply, Request};

/// The answer with one call at most, if the caller wants no more.
pub(super) fn of_reply<'a>(reply: &'a Reply, request: &Request) -> Cow<'a, Reply> {
    if request.parallel_tool_calls != Some(false) {
        return Cow::Borrowed(reply);
    }
    let mut called = false;
    let mut reply = reply.clone();
    reply.parts.retain(|part| {
        let is_call = matches!(part.content, Content::ToolCall { .. });
        !(is_call && std::mem::replace(&mut called, true))
    });
    Cow::Owned(reply)
}

/// Lets the steps of a streamed answer pass, those of further calls excepted.
pub(super) struct OneCall {
    is_wanted: bool,
    called: bool,
    /// The parts that passed, by the upstream's number and by the caller's.
    passed: HashMap<usize, usize>,
}

impl OneCall {
    /// For an answer to `request`.
    pub(super) fn new(request: &Request) -> Self {
        Self {
            is_wanted: request.parallel_tool_calls == Some(false),
            called: false,
            passed: HashMap::new(),
        }
    }

    /// The step as the caller gets it, if at all.
    pub(super) fn pass(&mut self, mut event: Event) -> Option<Event> {
        if !self.is_wanted {
            return Some(event);
        }
        match &mut event {
            Event::Open { index, opening } => {
                let is_call = matches!(opening, Opening::ToolCall { .. });
                if is_call && std::mem::replace(&mut self.called, true) {
                    return None;
                }
                let place = self.passed.len();
                self.passed.insert(*index, place);
                *index = place;
            }
            Event::Delta { index, .. }
            | Event::Signature { index, .. }
            | Event::Close { index } => {
                *index = *self.passed.get(index)?;
            }
            _ => {}
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Part, Stop};

    fn request(parallel: Option<bool>) -> Request {
        Request {
            parallel_tool_calls: parallel,
            ..Request::default()
        }
    }

    fn call(id: &str) -> Content {
        Content::ToolCall {
            id: id.into(),
            name: "find".into(),
            arguments: String::new(),
            signature: None,
        }
    }

    #[test]
    fn a_caller_who_wants_one_call_gets_the_first() {
        let parts = ["a", "b"].map(|id| Part::new(call(id)));
        let reply = Reply {
            id: String::new(),
            model: String::new(),
            parts: [vec![Part::text("so")], parts.to_vec()].concat(),
            stop: Stop::ToolUse,
            usage: None,
        };
        for parallel in [None, Some(true)] {
            assert_eq!(*of_reply(&reply, &request(parallel)), reply);
        }
        let one = of_reply(&reply, &request(Some(false)));
        assert_eq!(one.parts, reply.parts[..2]);
    }

    #[test]
    fn what_follows_a_call_that_is_left_out_moves_up() {
        let open = |index, id: &str| Event::Open {
            index,
            opening: Opening::ToolCall {
                id: id.into(),
                name: "find".into(),
                signature: None,
            },
        };
        let text = |index| Event::Open {
            index,
            opening: Opening::Text,
        };
        let delta = |index| Event::Delta {
            index,
            text: "{}".into(),
        };
        let close = |index| Event::Close { index };
        let said = [
            open(0, "a"),
            delta(0),
            close(0),
            open(1, "b"),
            delta(1),
            text(2),
            close(1),
            delta(2),
            close(2),
            Event::End,
        ];
        let heard = |parallel| {
            let mut one = OneCall::new(&request(parallel));
            said.iter()
                .cloned()
                .filter_map(|it| one.pass(it))
                .collect::<Vec<_>>()
        };
        assert_eq!(heard(Some(true)), said);
        assert_eq!(
            heard(Some(false)),
            [
                open(0, "a"),
                delta(0),
                close(0),
                text(1),
                delta(1),
                close(1),
                Event::End
            ]
        );
    }
}
