//! What a response's `encrypted_content` holds when the model is not `OpenAI`'s. Clients keep it as it is and send it back:
//! the only place of the protocol for the marks that providers put on thoughts and calls. A prefix says which it is.

const SIGNATURE: &str = "ogw-signature:";
const SEALED: &str = "ogw-sealed:";
const CALL: &str = "ogw-call:";

/// What was sealed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seal<'a> {
    /// The mark on the thoughts beside it.
    Signature(&'a str),
    /// Thoughts that only their provider can read.
    Sealed(&'a str),
    /// The mark on a call that follows: the call's id, and the mark.
    Call(&'a str, &'a str),
    /// `OpenAI`'s own: nobody else can read it.
    Foreign,
}

impl<'a> Seal<'a> {
    /// Reads what was sealed.
    pub(super) fn open(sealed: &'a str) -> Self {
        if let Some(mark) = sealed.strip_prefix(SIGNATURE) {
            return Seal::Signature(mark);
        }
        if let Some(thoughts) = sealed.strip_prefix(SEALED) {
            return Seal::Sealed(thoughts);
        }
        let call = sealed.strip_prefix(CALL);
        call.and_then(|call| call.split_once('\n'))
            .map_or(Seal::Foreign, |(id, mark)| Seal::Call(id, mark))
    }

    /// Seals it.
    pub(super) fn close(&self) -> String {
        match self {
            Seal::Signature(mark) => format!("{SIGNATURE}{mark}"),
            Seal::Sealed(thoughts) => format!("{SEALED}{thoughts}"),
            Seal::Call(id, mark) => format!("{CALL}{id}\n{mark}"),
            Seal::Foreign => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_comes_back_as_it_went() {
        for seal in [
            Seal::Signature("a:b"),
            Seal::Signature(""),
            Seal::Sealed("x\ny"),
            Seal::Call("call_1", "x\ny"),
        ] {
            assert_eq!(Seal::open(&seal.close()), seal);
        }
        assert_eq!(Seal::open("gAAAAAB"), Seal::Foreign);
    }
}
