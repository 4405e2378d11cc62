//! What a form says about itself when it is shown again.

use axum::http::StatusCode;
use gateway_identity::ServiceError;

/// What was wrong with a form, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Errors(Vec<(&'static str, String)>);

impl Errors {
    /// One wrong field.
    pub(crate) fn field(field: &'static str, sentence: impl Into<String>) -> Self {
        Self(vec![(field, sentence.into())])
    }

    /// What is wrong with a field.
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| *name == field);
        found.map(|(_, sentence)| sentence.as_str())
    }

    /// What is wrong with all of it.
    pub(crate) fn general(&self) -> Option<&str> {
        self.of("")
    }

    /// What can be told beside the form, with the status to answer with. What cannot comes back.
    ///
    /// `fields` are those that the form shows; what concerns another is told above it.
    pub(crate) fn told(
        error: ServiceError,
        fields: &[&'static str],
    ) -> Result<(StatusCode, Self), ServiceError> {
        match error {
            ServiceError::Invalid { field, sentence } => {
                let field = if fields.contains(&field) { field } else { "" };
                Ok((
                    StatusCode::UNPROCESSABLE_ENTITY,
                    Self::field(field, sentence),
                ))
            }
            ServiceError::Conflict { code, sentence } => {
                let at = match code {
                    "email_taken" => "email",
                    "key_taken" => "key",
                    _ => "",
                };
                let field = if fields.contains(&at) { at } else { "" };
                Ok((StatusCode::CONFLICT, Self::field(field, sentence)))
            }
            ServiceError::RateLimited { retry_after } => Ok((
                StatusCode::TOO_MANY_REQUESTS,
                Self::field(
                    "",
                    format!("Too many attempts. Try again in {retry_after} seconds."),
                ),
            )),
            other => Err(other),
        }
    }
}
