//! Why a bank message was refused, with stable codes.

tongka_base::codes! {
    /// Why a bank message was refused.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum IsoCode {
        Message "B01" "不是所需的报文类型" "not a message of the kind that is wanted",
        Limit "B02" "报文超出限制（长度、深度或元素数）" "the message is beyond a limit of bytes, depth or elements",
        Entity "B03" "报文含文档类型声明或实体" "the message has a document type declaration or an entity",
        Syntax "B04" "XML 语法错误" "the XML is not well-formed or not UTF-8",
        Field "B05" "字段缺失或不合规" "a field is missing or does not fit",
        Amount "B06" "金额不合规（币种、小数位或符号）" "an amount does not fit: currency, decimals or sign",
        Balance "B07" "对账单不平" "the statement does not add up",
    }
}

/// A refused message. Nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {} {}: {detail}", .code.code(), .code.text_zh(), .code.text_en())]
pub struct IsoError {
    /// Why.
    pub code: IsoCode,
    /// Where and what.
    pub detail: String,
}

impl IsoError {
    pub(crate) fn new(code: IsoCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    pub(crate) fn field(path: &str, what: impl std::fmt::Display) -> Self {
        Self::new(IsoCode::Field, format!("{path}: {what}"))
    }
}

/// A text of the message in an error, shortened.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("{short:?}")
}
