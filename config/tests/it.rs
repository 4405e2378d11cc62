//! The files that are shipped, the mistakes in `testdata`, and what no text may do.

mod it {
    mod documents;
    mod forms;
    mod mistakes;
    mod promises;
    mod shipped;
    mod texts;
    mod values;

    use std::collections::BTreeMap;

    use gateway_config::{Config, Findings, LoadError, parse};

    /// An environment of the test's own.
    pub fn env<const N: usize>(variables: [(&str, &str); N]) -> BTreeMap<String, String> {
        variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Reads a text that has nothing wrong in it.
    pub fn accepted<const N: usize>(text: &str, variables: [(&str, &str); N]) -> Config {
        parse(text, "gateway.yaml", &env(variables))
            .unwrap_or_else(|error| panic!("refused:\n{error}"))
    }

    /// Reads a text that has an error and gives all findings.
    pub fn refused<const N: usize>(text: &str, variables: [(&str, &str); N]) -> Findings {
        match parse(text, "gateway.yaml", &env(variables)) {
            Ok(_) => panic!("accepted:\n{text}"),
            Err(LoadError::Invalid(findings)) => findings,
            Err(other) => panic!("{other}"),
        }
    }
}
