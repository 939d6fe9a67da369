//! Stable codes with their text in both languages.

/// Defines an enum of stable codes: each variant has its code, its Chinese text and its English one, as
/// `Name "X01" "中文" "English"`. Attributes and derives stand above, as on any enum.
#[macro_export]
macro_rules! codes {
    (
        $(#[$meta:meta])*
        $vis:vis enum $codes:ident { $($name:ident $code:literal $zh:literal $en:literal),* $(,)? }
    ) => {
        $(#[$meta])*
        $vis enum $codes {
            $(#[doc = concat!("`", $code, "` ", $zh, ", ", $en)] $name),*
        }

        impl $codes {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// The Chinese text.
            pub fn text_zh(self) -> &'static str {
                match self { $(Self::$name => $zh),* }
            }

            /// The English text.
            pub fn text_en(self) -> &'static str {
                match self { $(Self::$name => $en),* }
            }
        }
    };
}
