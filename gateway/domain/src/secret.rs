//! Text that must not be shown.

use zeroize::Zeroizing;

/// A secret. It has neither `Debug` nor `Display` nor `Serialize`: it can only be read on purpose, by [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text in.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
