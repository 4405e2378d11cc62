//! Passwords: hashed with Argon2id, off the threads that serve requests.
//!
//! A hash costs 19 MiB and two passes (the OWASP recommendation); a handful run at once, so that a flood of attempts
//! cannot take all memory or all processors.

use std::sync::LazyLock;

use argon2::{
    Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _,
    password_hash::Error as HashError,
};
use gateway_domain::Secret;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The fewest characters of a password.
pub const SHORTEST: usize = 12;
/// The most bytes of a password.
pub const LONGEST: usize = 1024;

/// Of nobody: checking against it takes as long as checking against a real one, and nothing matches it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How many hashes are computed at once.
static HASHERS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Semaphore::new(processors.clamp(2, 4))
});

/// Why a password could not be hashed or checked: the gateway's fault, not the person's.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The stored hash is not one, or hashing failed.
    #[error("the password's hash failed: {0}")]
    Hash(#[from] HashError),
    /// The process is ending.
    #[error("the hashing was interrupted")]
    Interrupted,
}

/// Whether a password fits a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is another one.
    Wrong,
    /// It fits.
    Right,
    /// It fits, and the hash should be made anew: its parameters are not today's.
    RightButOld,
}

/// Hashes a password for storage, as a PHC string.
pub async fn hash(password: &Secret) -> Result<String, PasswordError> {
    let password = password.clone();
    off_thread(move || {
        let hash = Argon2::default().hash_password(password.expose().as_bytes())?;
        Ok(hash.to_string())
    })
    .await
}

/// Checks a password against a stored hash.
pub async fn verify(password: &Secret, phc: &str) -> Result<Verdict, PasswordError> {
    let (password, phc) = (password.clone(), phc.to_owned());
    off_thread(move || check(&password, &phc)).await
}

/// Takes the time of [`verify`] for somebody who has no password here.
pub async fn verify_dummy(password: &Secret) -> Result<(), PasswordError> {
    verify(password, NOBODY).await.map(drop)
}

fn check(password: &Secret, phc: &str) -> Result<Verdict, PasswordError> {
    let parsed = PasswordHash::new(phc).map_err(HashError::from)?;
    match Argon2::default().verify_password(password.expose().as_bytes(), &parsed) {
        Ok(()) => {
            let today = parsed.algorithm.as_str() == "argon2id"
                && Params::try_from(&parsed).is_ok_and(|params| {
                    let default = Params::DEFAULT;
                    (params.m_cost(), params.t_cost(), params.p_cost())
                        == (default.m_cost(), default.t_cost(), default.p_cost())
                });
            Ok(if today {
                Verdict::Right
            } else {
                Verdict::RightButOld
            })
        }
        Err(HashError::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(error) => Err(error.into()),
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let permit = HASHERS
        .acquire()
        .await
        .map_err(|_| PasswordError::Interrupted)?;
    let done = spawn_blocking(work).await;
    drop(permit);
    done.map_err(|_| PasswordError::Interrupted)?
}

/// Says what is wrong with a new password; `Ok` when nothing is. At least 12 characters, at most 1024 bytes, not the
/// person's address or name, not one that everybody tries first. No rule about kinds of characters (NIST SP 800-63B
/// §3.1.1.2).
pub fn check_new(password: &Secret, email: &str, name: &str) -> Result<(), String> {
    let password = password.expose();
    if password.chars().count() < SHORTEST {
        return Err(format!("Use at least {SHORTEST} characters."));
    }
    if password.len() > LONGEST {
        return Err(format!("Use at most {LONGEST} bytes."));
    }
    let lower = password.to_lowercase();
    let local_part = email.split('@').next().unwrap_or_default();
    let personal = [email, local_part, name].into_iter().any(|own| {
        let own = own.trim().to_lowercase();
        !own.is_empty() && (lower == own || squeezed(&lower) == squeezed(&own))
    });
    if personal {
        return Err("Use something other than your address or name.".to_owned());
    }
    if is_common(&lower) {
        return Err("This password is too easy to guess.".to_owned());
    }
    Ok(())
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Those that everybody tries first: a familiar word with digits behind it, a run along the keyboard, few characters
/// over and over.
fn is_common(lower: &str) -> bool {
    const WORDS: [&str; 22] = [
        "password",
        "passw0rd",
        "p@ssword",
        "p@ssw0rd",
        "passwort",
        "admin",
        "administrator",
        "welcome",
        "letmein",
        "iloveyou",
        "qwerty",
        "qwertz",
        "azerty",
        "qwertyuiop",
        "asdfghjkl",
        "changeme",
        "secret",
        "default",
        "test",
        "user",
        "login",
        "gateway",
    ];
    const RUNS: [&str; 5] = [
        "01234567890123456789",
        "98765432109876543210",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "1qaz2wsx3edc4rfv5tgb6yhn",
    ];
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let is_filler = |c: char| c.is_ascii_digit() || c.is_ascii_punctuation() || c == ' ';
    let bare = lower.trim_matches(is_filler);
    // "changemechangeme1" is the word twice.
    let is_word = |word: &&str| bare.replace(*word, "").trim_matches(is_filler).is_empty();
    distinct.len() < 5 || WORDS.iter().any(is_word) || RUNS.iter().any(|run| run.contains(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let password = secret("correct horse battery");
        let phc = hash(&password).await.unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(phc, hash(&password).await.unwrap(), "salted");
        assert_eq!(verify(&password, &phc).await.unwrap(), Verdict::Right);
        let wrong = secret("correct horse batterz");
        assert_eq!(verify(&wrong, &phc).await.unwrap(), Verdict::Wrong);
        assert!(verify(&password, "plain").await.is_err());
    }

    #[tokio::test]
    async fn an_old_hash_is_recognised() {
        let params = Params::new(1024, 1, 1, None).unwrap();
        let weak = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
        let phc = weak
            .hash_password(b"correct horse battery")
            .unwrap()
            .to_string();
        let verdict = verify(&secret("correct horse battery"), &phc)
            .await
            .unwrap();
        assert_eq!(verdict, Verdict::RightButOld);
    }

    #[tokio::test]
    async fn case_256_nobodys_hash_costs_what_a_real_one_costs() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!(params.m_cost(), Params::DEFAULT_M_COST);
        assert_eq!(params.t_cost(), Params::DEFAULT_T_COST);
        assert_eq!(
            verify(&secret("anything"), NOBODY).await.unwrap(),
            Verdict::Wrong
        );
        verify_dummy(&secret("anything")).await.unwrap();
    }

    #[test]
    fn new_passwords_are_long_and_not_the_first_guess() {
        let refused = |text: &str| {
            check_new(&secret(text), "ada.lovelace@example.com", "Ada Lovelace").is_err()
        };
        for text in [
            "short",
            "elevenchars",
            "ada.lovelace@example.com",
            "Ada.Lovelace@EXAMPLE.com",
            "AdaLovelace",
            "ada lovelace",
            "password1234",
            "Password2025!!",
            "administrator1",
            "changemechangeme",
            "123456789012",
            "qwertyuiopas",
            "aaaaaaaaaaaaaaaa",
            "ababababababab",
        ] {
            assert!(refused(text), "{text}");
        }
        assert!(refused(&"x1y2z3".repeat(200)), "too long");
        for text in ["correct horse battery", "zwölf Zeichen", "gR7#kq2!mZp0"] {
            assert!(!refused(text), "{text}");
        }
    }
}
