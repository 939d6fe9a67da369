//! What callers are told when something does not work: `application/problem+json` (RFC 9457) with a stable code and texts
//! in both languages.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tongka_access::{AccessCode, AccessError};
use tongka_job::{JobCode, JobError};
use tongka_listing::ListingError;
use tongka_storage::{StorageClass, StorageError};
use utoipa::ToSchema;

/// A refusal of one input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Name of the input.
    pub field: String,
    /// Stable code.
    pub code: String,
    /// What does not fit.
    pub message: String,
}

/// The body of an error answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the code says what it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Chinese.
    pub title: String,
    /// English.
    pub title_en: String,
    /// HTTP status.
    pub status: u16,
    /// More about this case.
    pub detail: String,
    /// Stable code.
    pub code: String,
    /// By which the request is found in the log.
    pub request_id: String,
    /// Path of the request.
    pub instance: String,
    /// Inputs at fault.
    pub errors: Vec<FieldError>,
}

/// An error on its way to the caller.
#[derive(Clone, Debug)]
pub struct ApiError(Box<Told>);

#[derive(Clone, Debug)]
struct Told {
    status: StatusCode,
    code: String,
    zh: String,
    en: String,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_s: Option<u64>,
}

macro_rules! web_codes {
    ($($name:ident $code:literal $status:ident $zh:literal $en:literal),* $(,)?) => {
        /// Refusals of the API itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum WebCode {
            $(#[doc = concat!("`", $code, "` ", $zh, ", ", $en)] $name),*
        }

        impl WebCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            fn parts(self) -> (&'static str, StatusCode, &'static str, &'static str) {
                match self { $(Self::$name => ($code, StatusCode::$status, $zh, $en)),* }
            }

            /// The stable code.
            pub fn code(self) -> &'static str {
                self.parts().0
            }

            /// The text in both languages.
            pub fn texts(self) -> (&'static str, &'static str) {
                (self.parts().2, self.parts().3)
            }
        }
    };
}

web_codes! {
    Malformed "W10" BAD_REQUEST "请求无法解析" "the request cannot be read",
    ContentType "W11" UNSUPPORTED_MEDIA_TYPE "内容类型不支持" "this content type is not taken",
    Value "W12" UNPROCESSABLE_ENTITY "参数不合规" "a value that does not fit",
    TooLarge "W13" PAYLOAD_TOO_LARGE "请求体过大" "the body is too large",
    NoPath "W14" NOT_FOUND "路径不存在" "there is no such path",
    Method "W15" METHOD_NOT_ALLOWED "该路径不支持此方法" "this path has no such method",
    Anonymous "W16" UNAUTHORIZED "未登录或会话已失效" "not logged in, or the session has ended",
    Forbidden "W17" FORBIDDEN "没有权限" "the permission is missing",
    Csrf "W18" FORBIDDEN "缺少或错误的防伪令牌" "the CSRF token is missing or wrong",
    IdempotencyKey "W19" UNPROCESSABLE_ENTITY "缺少幂等键或格式不合规" "the idempotency key is missing or malformed",
    TooMany "W20" TOO_MANY_REQUESTS "请求过于频繁" "too many requests",
    TooSlow "W21" REQUEST_TIMEOUT "请求超时" "the request took too long",
    NotFound "W22" NOT_FOUND "对象不存在" "there is no such object",
    Busy "W23" SERVICE_UNAVAILABLE "服务暂不可用，请稍后重试" "the service is not available now, try again",
    Internal "W24" INTERNAL_SERVER_ERROR "内部错误" "internal error",
    Conflict "W25" CONFLICT "与当前状态冲突" "in conflict with the present state",
    PasswordChange "W26" FORBIDDEN "须先修改口令" "the password has to be changed first",
    Precondition "W27" UNPROCESSABLE_ENTITY "前提不满足" "a precondition does not hold",
}

impl ApiError {
    /// A refusal of the API itself.
    pub fn web(code: WebCode, detail: impl Into<String>) -> Self {
        let (text, status, zh, en) = code.parts();
        Self(Box::new(Told {
            status,
            code: text.into(),
            zh: zh.into(),
            en: en.into(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
        }))
    }

    /// A refusal of one input.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::web(WebCode::Value, format!("{field}: {message}"));
        let code = error.0.code.clone();
        error.0.errors.push(FieldError { field: field.into(), code, message });
        error
    }

    /// There is no such object, or it is another's.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::web(WebCode::NotFound, what)
    }

    /// An error of another crate, from its message `CODE 中文 English: detail`.
    pub fn coded(status: StatusCode, message: &str) -> Self {
        let (code, rest) = message.split_once(' ').unwrap_or((message, ""));
        let is_code = code.len() == 3 && code.as_bytes()[0].is_ascii_uppercase() && code[1..].parse::<u8>().is_ok();
        if !is_code {
            tracing::error!(message, "an error without a code");
            return Self::web(WebCode::Internal, "");
        }
        let (head, detail) = rest.split_once(": ").unwrap_or((rest, ""));
        // The Chinese part ends where a space is followed by an ASCII letter.
        let at = head.char_indices().find(|(at, c)| {
            *c == ' ' && head[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()) && !head[..*at].is_ascii()
        });
        let (zh, en) = at.map_or((head, head), |(at, _)| (&head[..at], &head[at + 1..]));
        Self(Box::new(Told {
            status,
            code: code.into(),
            zh: zh.into(),
            en: en.into(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
        }))
    }

    /// With the inputs at fault.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// With the seconds after which it may be tried again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Stable code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// As bytes of the answer, for a request.
    pub(crate) fn problem(self, request_id: &str, instance: &str) -> Response {
        let told = *self.0;
        let (retry_after, status) = (told.retry_after_s, told.status);
        let problem = Problem {
            kind: "about:blank".into(),
            title: told.zh,
            title_en: told.en,
            status: status.as_u16(),
            detail: told.detail,
            code: told.code,
            request_id: request_id.into(),
            instance: instance.into(),
            errors: told.errors,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("TONGKA-HMAC-SM3, TONGKA-SM2"));
        }
        response
    }
}

/// The error travels as an extension until the outermost layer, which knows the request, writes the body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let status = match error.class() {
            StorageClass::Refusal => StatusCode::CONFLICT,
            StorageClass::Failure => StatusCode::SERVICE_UNAVAILABLE,
            StorageClass::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status != StatusCode::CONFLICT {
            tracing::error!(%error, "database");
        }
        // What the database says of itself is for the log.
        let mut told = Self::coded(status, &error.to_string());
        told.0.detail.clear();
        told
    }
}

impl From<ListingError> for ApiError {
    fn from(error: ListingError) -> Self {
        match error {
            ListingError::Query(faults) => {
                let errors: Vec<FieldError> = faults
                    .iter()
                    .map(|f| FieldError {
                        field: f.field.clone(),
                        code: f.code.code().into(),
                        message: f.detail.clone(),
                    })
                    .collect();
                let detail = faults.iter().map(|f| format!("{}: {}", f.field, f.detail)).collect::<Vec<_>>().join("; ");
                Self::web(WebCode::Value, detail).with_errors(errors)
            }
            ListingError::NoList(name) => Self::not_found(name),
            ListingError::Storage(error) => error.into(),
            other => {
                tracing::error!(error = %other, "list");
                Self::web(WebCode::Internal, "")
            }
        }
    }
}

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        use AccessCode as C;
        let Some(code) = error.access_code() else {
            return match error {
                AccessError::Storage(error) => error.into(),
                other => {
                    tracing::error!(error = %other, "access");
                    Self::web(WebCode::Internal, "")
                }
            };
        };
        let status = match code {
            C::Login | C::TotpNeeded | C::Session | C::Signature | C::Timestamp | C::Nonce => StatusCode::UNAUTHORIZED,
            C::SamePerson | C::Permission | C::OtherOwner | C::Oneself => StatusCode::FORBIDDEN,
            C::NotFound => StatusCode::NOT_FOUND,
            C::Decided | C::Exists | C::InProgress | C::OutcomeUnknown | C::NotFirst | C::State => StatusCode::CONFLICT,
            C::Secret => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let field = match &error {
            AccessError::Refused { field: Some(field), detail, .. } => Some((*field, detail.clone())),
            _ => None,
        };
        let mut told = Self::coded(status, &error.to_string());
        if let Some((field, message)) = field {
            told.0.errors.push(FieldError { field: field.into(), code: code.code().into(), message });
        }
        told
    }
}

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        let status = match error {
            JobError::Refused { code: JobCode::NotFound, .. } => StatusCode::NOT_FOUND,
            JobError::Refused { code: JobCode::Ended, .. } => StatusCode::CONFLICT,
            JobError::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            JobError::Storage(error) => return error.into(),
        };
        Self::coded(status, &error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_another_crate_is_taken_apart() {
        let error = ApiError::coded(StatusCode::NOT_FOUND, "X04 未找到 not found: file TXU_1");
        assert_eq!((error.0.code.as_str(), error.0.zh.as_str()), ("X04", "未找到"));
        assert_eq!((error.0.en.as_str(), error.0.detail.as_str()), ("not found", "file TXU_1"));
        let error = ApiError::coded(StatusCode::CONFLICT, "P04 该申请已有结论 it is decided already: done");
        assert_eq!((error.0.zh.as_str(), error.0.en.as_str()), ("该申请已有结论", "it is decided already"));
        assert_eq!(ApiError::coded(StatusCode::CONFLICT, "no code here").0.code, "W24");
    }
}
