//! Who is calling: a browser with a session, or a machine with a signature.

use crate::api::Web;
use crate::{ApiError, WebCode};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use tongka_access::{Identity, csrf_fits, identify};

/// Name of the session's cookie.
pub const COOKIE: &str = "tongka_session";

/// Header by which a page proves that a change comes from itself.
const CSRF: &str = "x-csrf-token";

/// The session's cookie as a response sets it.
pub struct Cookie;

impl Cookie {
    /// Sets the cookie for the time of a session.
    pub fn set(token: &str, max_age_s: u64, secure: bool) -> HeaderValue {
        let secure = if secure { "; Secure" } else { "" };
        let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
        HeaderValue::from_str(&text).expect("tokens are plain ASCII")
    }

    /// Removes the cookie.
    pub fn clear(secure: bool) -> HeaderValue {
        Self::set("", 0, secure)
    }
}

/// The session token of a request.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    cookies.flat_map(|v| v.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE && !value.is_empty()).then_some(value)
    })
}

/// Whose session a request belongs to.
pub(crate) async fn by_session(web: &Web, method: &Method, headers: &HeaderMap) -> Result<Option<Identity>, ApiError> {
    let Some(token) = token(headers) else { return Ok(None) };
    let identity = identify(&web.db, &web.options.session, token, &*web.clock).await?;
    if !method.is_safe() {
        let given = headers.get(CSRF).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if !csrf_fits(token, given) {
            return Err(ApiError::web(WebCode::Csrf, "X-CSRF-Token"));
        }
    }
    Ok(Some(identity))
}
