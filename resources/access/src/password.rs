//! Passwords (口令): how they are kept and what is one.

use crate::error::{AccessCode, AccessError};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use std::sync::OnceLock;
use zeroize::Zeroizing;

/// Shortest password, in characters.
const SHORTEST: usize = 12;
/// Longest, in bytes: hashing has to stay cheap.
const LONGEST: usize = 256;
/// From here on a password need not mix kinds of characters.
const PHRASE: usize = 20;

/// What people take when they have to take twelve characters. A password that is one of these, with digits and signs around
/// it or letters replaced by look-alikes, is refused.
const COMMON: &[&str] = &[
    "password",
    "passw",
    "passwort",
    "administrator",
    "admin",
    "root",
    "qwerty",
    "qwertyuiop",
    "qazwsx",
    "qazwsxedc",
    "asdfghjkl",
    "asdfgh",
    "zxcvbnm",
    "iloveyou",
    "welcome",
    "letmein",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "master",
    "shadow",
    "trustno",
    "abcdefgh",
    "abcdefghijkl",
    "abcabc",
    "changeme",
    "changeit",
    "default",
    "secret",
    "guest",
    "user",
    "test",
    "tester",
    "testtest",
    "temp",
    "temporary",
    "system",
    "manager",
    "server",
    "oracle",
    "mysql",
    "postgres",
    "huawei",
    "woaini",
    "woaiwojia",
    "nihao",
    "mima",
    "wodemima",
    "guanliyuan",
    "yonghu",
    "ceshi",
    "beijing",
    "shanghai",
    "shenzhen",
    "guangzhou",
    "zhongguo",
    "tongka",
    "jiaotong",
    "gongjiao",
    "yikatong",
    "qingsuan",
    "company",
    "computer",
    "internet",
    "login",
    "hello",
    "helloworld",
    "whatever",
    "freedom",
    "michael",
    "jordan",
    "spring",
    "summer",
    "autumn",
    "winter",
    "january",
    "monday",
    "loveyou",
    "lovely",
    "aini",
    "abc",
    "qwe",
    "asd",
    "zxc",
    "pass",
    "pwd",
    "qaz",
    "wsx",
];

/// Whether the password is a common one under digits, signs and look-alikes.
fn common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let no_letter = |c: char| !c.is_alphabetic();
    let look_alike = |c| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '$' | '5' => 's',
        other => other,
    };
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
    let read = |text: &str| letters(&text.chars().map(look_alike).collect::<String>());
    [letters(&lower), read(lower.trim_matches(no_letter)), read(lower.trim_end_matches(no_letter))]
        .iter()
        .any(|word| COMMON.contains(&word.as_str()))
}

/// Whether each character is the one before, or its neighbour, with few exceptions: `aaaa1111`, `123456789012`.
fn runs(password: &str) -> bool {
    let codes: Vec<u32> = password.chars().map(u32::from).collect();
    let steps = codes.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    steps * 3 >= codes.len() * 2
}

/// Whether the password is one piece several times.
fn repeats(password: &str) -> bool {
    let chars: Vec<char> = password.chars().collect();
    (1..=chars.len() / 3).any(|length| chars.iter().zip(chars.iter().skip(length)).all(|(a, b)| a == b))
}

/// Refuses what is no password for this account.
///
/// # Errors
/// P07 with the reason.
pub(crate) fn check(password: &str, login: &str) -> Result<(), AccessError> {
    let weak = |why: &str| Err(AccessError::field(AccessCode::WeakPassword, "password", why));
    let length = password.chars().count();
    if length < SHORTEST {
        return weak("至少12个字符 at least 12 characters");
    }
    if password.len() > LONGEST || password.chars().any(char::is_control) {
        return weak("至多256字节且无控制字符 at most 256 bytes, without control characters");
    }
    let kinds = [char::is_lowercase, char::is_uppercase, char::is_numeric as fn(char) -> bool]
        .iter()
        .filter(|is| password.chars().any(*is))
        .count()
        + usize::from(password.chars().any(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric()));
    if length < PHRASE && kinds < 3 {
        return weak(
            "大写、小写、数字、符号至少三类，或20个字符以上 three of upper case, lower case, digits and signs, or 20 characters",
        );
    }
    let lower = password.to_lowercase();
    if login.chars().count() >= 3 && lower.contains(&login.to_lowercase()) {
        return weak("含有登录名 it contains the login");
    }
    if common(password) {
        return weak("常见口令 it is a common one");
    }
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 6 || runs(password) || repeats(password) {
        return weak("重复或连续字符过多 it repeats or counts");
    }
    Ok(())
}

fn hash_now(password: &str) -> Result<String, AccessError> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|e| AccessError::field(AccessCode::Value, "password", e.to_string()))?.to_string())
}

/// Hashes take tens of milliseconds, too long for the threads that serve requests.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The form in which a password is kept.
pub(crate) async fn hash(password: &str) -> Result<String, AccessError> {
    let password = Zeroizing::new(password.to_owned());
    aside(move || hash_now(&password)).await
}

/// Whether the password is the one kept. Where none is kept, the answer is no after the same time.
pub(crate) async fn verify(password: &str, kept: &str) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let password = Zeroizing::new(password.chars().take(LONGEST).collect::<String>());
    let kept = kept.to_owned();
    aside(move || {
        let somebody = !kept.is_empty();
        let nobody = || hash_now(&format!("{:032x}", rand::random::<u128>())).unwrap_or_default();
        let kept = if somebody { &kept } else { NOBODY.get_or_init(nobody) };
        let right = PasswordHash::new(kept)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        right && somebody
    })
    .await
}

/// A password that nobody chose, for the first login: 16 letters and digits that are not mistaken for each other.
pub(crate) fn temporary() -> Zeroizing<String> {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    loop {
        let mut bytes = Zeroizing::new([0_u8; 64]);
        rand::fill(bytes.as_mut_slice());
        // Bytes beyond the last whole alphabet are left out, so that all characters are equally likely.
        let whole = 256 / ALPHABET.len() * ALPHABET.len();
        let chars = bytes.iter().filter(|b| usize::from(**b) < whole).take(16);
        let text: String = chars.map(|b| char::from(ALPHABET[usize::from(*b) % ALPHABET.len()])).collect();
        if text.len() == 16 && check(&text, "").is_ok() {
            return Zeroizing::new(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused() {
        let weak = [
            "Short1!",
            "alllowercase1",
            "Password1234!",
            "P@ssw0rd12345",
            "QWERTYuiop123",
            "Zhang3-Secret-X",
            "aaaaaaaaaaaa1A",
            "Abc123Abc123Abc123",
            "1234567890Ab",
            "Admin@20260901",
            "Tongka@123456",
            "Aa1!Aa1!Aa1!",
            "line\nbreak-Aa1x",
            "111111111111111111111111",
        ];
        for password in weak {
            let error = check(password, "zhang3").unwrap_err();
            assert_eq!(error.access_code(), Some(AccessCode::WeakPassword), "{password}");
            assert!(!error.to_string().contains(password), "{error}");
        }
        for password in
            ["Korrekt-Pferd-7-Heftklammer", "三更灯火五更鸡，正是Aa9", "mild river carries old stones", "Fx7#mQ2v!Lp9"]
        {
            check(password, "zhang3").unwrap_or_else(|e| panic!("{password}: {e}"));
        }
        assert!(check(&"长Aa1".repeat(70), "x").is_err());
    }

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let kept = hash("Fx7#mQ2v!Lp9").await.unwrap();
        assert!(kept.starts_with("$argon2id$") && !kept.contains("Fx7"));
        assert_ne!(kept, hash("Fx7#mQ2v!Lp9").await.unwrap());
        assert!(verify("Fx7#mQ2v!Lp9", &kept).await);
        assert!(!verify("Fx7#mQ2v!Lp8", &kept).await);
        assert!(!verify("", "").await);
        assert!(!verify("x", "no hash").await);
        assert_ne!(*temporary(), *temporary());
    }
}
