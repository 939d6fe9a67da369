//! The rules of dispute cases (差错规则) as data: who may do what after what, whose money it moves, by when it must be
//! answered, and what follows when nobody does.
//!
//! Pure. [`EDGES`] is the whole state machine: what is not in it cannot happen. Deadlines are bank days after the day of the
//! deed, the last one included.
//!
//! Every case is for somebody, its beneficiary: a chargeback or a credit for the issuer, a claim for who claims. Money
//! moves from the other party to the beneficiary or back, so whatever a case moved in the end is one number.

use tongka_base::{BankCalendar, Date, Fen, MemberCode};

/// What somebody does in a case. The first eight are the types of disputes (差错类型).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// 01 查询/调单: asks for evidence.
    Inquire,
    /// 02 退单: the issuer takes the money back.
    ChargeBack,
    /// 03 再请款: the acquirer takes it again.
    Represent,
    /// 04 二次退单: the issuer takes it back once more.
    ChargeBackAgain,
    /// 05 仲裁: asks the centre to rule.
    Arbitrate,
    /// 06 贷记调整: the acquirer gives money back of its own accord.
    Credit,
    /// 07 请款/补采: the acquirer claims a record that was not cleared.
    Claim,
    /// 08 手续费调整: claims a fee back.
    ClaimFee,
    /// 11 答复: answers an inquiry.
    Answer,
    /// 12 接受: agrees.
    Accept,
    /// 13 拒绝: does not agree to a claim.
    Refuse,
    /// 14 撤回: who went ahead steps back.
    Withdraw,
    /// 15 裁决: the centre rules.
    Rule,
    /// 16 逾期: nobody answered in time.
    Expire,
}

impl Act {
    /// Every act, by code.
    pub const ALL: [Self; 14] = [
        Self::Inquire,
        Self::ChargeBack,
        Self::Represent,
        Self::ChargeBackAgain,
        Self::Arbitrate,
        Self::Credit,
        Self::Claim,
        Self::ClaimFee,
        Self::Answer,
        Self::Accept,
        Self::Refuse,
        Self::Withdraw,
        Self::Rule,
        Self::Expire,
    ];

    /// The code in exchange files: 1–8 are the types of disputes, 11–16 what else happens.
    pub fn code(self) -> u8 {
        [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16][self as usize]
    }

    /// The act of a code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.code() == code)
    }

    /// The word in the database and in answers.
    pub fn word(self) -> &'static str {
        [
            "inquire",
            "charge_back",
            "represent",
            "charge_back_again",
            "arbitrate",
            "credit",
            "claim",
            "claim_fee",
            "answer",
            "accept",
            "refuse",
            "withdraw",
            "rule",
            "expire",
        ][self as usize]
    }

    /// The act of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.word() == word)
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        [
            "查询调单",
            "退单",
            "再请款",
            "二次退单",
            "申请仲裁",
            "贷记调整",
            "请款补采",
            "手续费调整",
            "答复",
            "接受",
            "拒绝",
            "撤回",
            "裁决",
            "逾期",
        ][self as usize]
    }

    /// Whether it has to say which of the [`REASONS`] it is for.
    pub fn needs_reason(self) -> bool {
        matches!(
            self,
            Self::Inquire | Self::ChargeBack | Self::ChargeBackAgain | Self::Credit | Self::Claim | Self::ClaimFee
        )
    }
}

/// Why something is disputed: code, Chinese, English.
pub const REASONS: &[(u8, &str, &str)] = &[
    (1, "TAC错误", "TAC is wrong"),
    (2, "重复交易", "duplicate"),
    (3, "金额与票价不符", "amount is not the fare"),
    (4, "非本机构卡", "not our card"),
    (5, "未执行名单", "the list was not honoured"),
    (6, "无凭证", "no evidence"),
    (7, "进出站不匹配", "entry and exit do not match"),
    (8, "长款：充值已扣款未入卡", "paid but not loaded"),
    (9, "短款：充值重复入卡", "loaded twice"),
    (10, "终端时间错误", "terminal time is wrong"),
    (11, "未提供服务", "service was not provided"),
];

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// An inquiry waits for its answer.
    Inquiry,
    /// It was answered.
    Answered,
    /// It was not answered in time.
    Unanswered,
    /// Charged back: the issuer has the money.
    ChargedBack,
    /// Presented again: the acquirer has it.
    Represented,
    /// Charged back again: the issuer has it.
    ChargedBackAgain,
    /// The centre has to rule.
    Arbitration,
    /// A claim waits for the issuer's word.
    Claimed,
    /// A claim of a fee waits for the other's word.
    FeeClaimed,
    /// A claim was refused.
    Refused,
    /// Over.
    Closed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Inquiry,
        Self::Answered,
        Self::Unanswered,
        Self::ChargedBack,
        Self::Represented,
        Self::ChargedBackAgain,
        Self::Arbitration,
        Self::Claimed,
        Self::FeeClaimed,
        Self::Refused,
        Self::Closed,
    ];

    /// The word in the database and in answers.
    pub fn word(self) -> &'static str {
        [
            "inquiry",
            "answered",
            "unanswered",
            "charged_back",
            "represented",
            "charged_back_again",
            "arbitration",
            "claimed",
            "fee_claimed",
            "refused",
            "closed",
        ][self as usize]
    }

    /// The state of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// The Chinese name.
    pub fn name_zh(self) -> &'static str {
        [
            "待答复",
            "已答复",
            "逾期未答复",
            "已退单",
            "已再请款",
            "已二次退单",
            "仲裁中",
            "待确认请款",
            "待确认手续费",
            "请款被拒",
            "已结案",
        ][self as usize]
    }

    /// The code in exchange files.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// Who has to act next, if anybody.
    pub fn waits_for(self) -> Option<Who> {
        match self {
            Self::Inquiry | Self::FeeClaimed => Some(Who::Other),
            Self::Answered | Self::Unanswered | Self::Refused => Some(Who::Opener),
            Self::ChargedBack | Self::ChargedBackAgain => Some(Who::Acquirer),
            Self::Represented | Self::Claimed => Some(Who::Issuer),
            Self::Arbitration => Some(Who::Centre),
            Self::Closed => None,
        }
    }
}

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The record's sender.
    Acquirer,
    /// The card's member.
    Issuer,
    /// Either of the two.
    Either,
    /// Who opened the case.
    Opener,
    /// The other of the two.
    Other,
    /// The clearing centre.
    Centre,
    /// Nobody: the calendar.
    Calendar,
}

/// What a deed does to the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Money {
    /// Nothing.
    Stays,
    /// The disputed amount goes to whom the case is for.
    Forward,
    /// What it got goes back.
    Back,
    /// As the centre rules.
    Ruled,
}

/// A deed that is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// In which state; none: it opens a case.
    pub from: Option<State>,
    /// What is done.
    pub act: Act,
    /// By whom.
    pub by: Who,
    /// The state after it.
    pub to: State,
    /// What happens to the money.
    pub money: Money,
    /// An opening: how long after the record's clearing date; none: at any time.
    pub window: Option<Span>,
    /// How long the next deed may take.
    pub deadline: Option<Span>,
}

impl Edge {
    /// Whether two people of the member (or of the centre) are needed: for whatever moves money, or lets it move.
    pub fn needs_two(&self) -> bool {
        match self.act {
            Act::Inquire | Act::Answer | Act::Refuse | Act::Expire => false,
            Act::Withdraw => self.money != Money::Stays,
            _ => true,
        }
    }
}

const fn opening(act: Act, by: Who, to: State, money: Money, window: Option<Span>, deadline: Option<Span>) -> Edge {
    Edge { from: None, act, by, to, money, window, deadline }
}

const fn step(from: State, act: Act, by: Who, to: State, money: Money, deadline: Option<Span>) -> Edge {
    Edge { from: Some(from), act, by, to, money, window: None, deadline }
}

/// Everything that may happen.
pub static EDGES: &[Edge] = {
    use Act::*;
    use Money::{Back, Forward, Ruled, Stays};
    use State::*;
    use Who::{Acquirer, Calendar, Centre, Either, Issuer, Opener, Other};
    &[
        opening(Inquire, Either, Inquiry, Stays, Some(Span::InquiryWindow), Some(Span::InquiryAnswer)),
        opening(ChargeBack, Issuer, ChargedBack, Forward, Some(Span::ChargeBackWindow), Some(Span::Represent)),
        opening(Credit, Acquirer, Closed, Forward, None, None),
        opening(Claim, Acquirer, Claimed, Stays, Some(Span::ClaimWindow), Some(Span::ClaimAnswer)),
        opening(ClaimFee, Either, FeeClaimed, Stays, Some(Span::ClaimWindow), Some(Span::ClaimAnswer)),
        step(Inquiry, Answer, Other, Answered, Stays, Some(Span::AfterInquiry)),
        step(Inquiry, Withdraw, Opener, Closed, Stays, None),
        step(Inquiry, Expire, Calendar, Unanswered, Stays, Some(Span::AfterInquiry)),
        step(Answered, ChargeBack, Issuer, ChargedBack, Forward, Some(Span::Represent)),
        step(Answered, Credit, Acquirer, Closed, Forward, None),
        step(Answered, Withdraw, Opener, Closed, Stays, None),
        step(Answered, Expire, Calendar, Closed, Stays, None),
        step(Unanswered, ChargeBack, Issuer, ChargedBack, Forward, Some(Span::Represent)),
        step(Unanswered, Credit, Acquirer, Closed, Forward, None),
        step(Unanswered, Withdraw, Opener, Closed, Stays, None),
        step(Unanswered, Expire, Calendar, Closed, Stays, None),
        step(ChargedBack, Accept, Acquirer, Closed, Stays, None),
        step(ChargedBack, Represent, Acquirer, Represented, Back, Some(Span::ChargeBackAgain)),
        step(ChargedBack, Withdraw, Issuer, Closed, Back, None),
        step(ChargedBack, Expire, Calendar, Closed, Stays, None),
        step(Represented, Accept, Issuer, Closed, Stays, None),
        step(Represented, ChargeBackAgain, Issuer, ChargedBackAgain, Forward, Some(Span::Arbitrate)),
        step(Represented, Arbitrate, Issuer, Arbitration, Stays, Some(Span::Ruling)),
        step(Represented, Expire, Calendar, Closed, Stays, None),
        step(ChargedBackAgain, Accept, Acquirer, Closed, Stays, None),
        step(ChargedBackAgain, Arbitrate, Acquirer, Arbitration, Stays, Some(Span::Ruling)),
        step(ChargedBackAgain, Withdraw, Issuer, Closed, Back, None),
        step(ChargedBackAgain, Expire, Calendar, Closed, Stays, None),
        step(Claimed, Accept, Issuer, Closed, Forward, None),
        step(Claimed, Refuse, Issuer, Refused, Stays, Some(Span::Arbitrate)),
        step(Claimed, Withdraw, Acquirer, Closed, Stays, None),
        step(Claimed, Expire, Calendar, Closed, Forward, None),
        step(FeeClaimed, Accept, Other, Closed, Forward, None),
        step(FeeClaimed, Refuse, Other, Refused, Stays, Some(Span::Arbitrate)),
        step(FeeClaimed, Withdraw, Opener, Closed, Stays, None),
        step(FeeClaimed, Expire, Calendar, Closed, Forward, None),
        step(Refused, Arbitrate, Opener, Arbitration, Stays, Some(Span::Ruling)),
        step(Refused, Withdraw, Opener, Closed, Stays, None),
        step(Refused, Expire, Calendar, Closed, Stays, None),
        step(Arbitration, Rule, Centre, Closed, Ruled, None),
    ]
};

/// The deed of a state; none: it is not allowed there.
pub fn edge(from: Option<State>, act: Act) -> Option<&'static Edge> {
    EDGES.iter().find(|edge| edge.from == from && edge.act == act)
}

macro_rules! spans {
    ($($name:ident $field:ident $days:literal $doc:literal),* $(,)?) => {
        /// A time that somebody has, in bank days.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Span {
            $(#[doc = $doc] $name),*
        }

        /// The parameters of disputes (差错参数): times in bank days, and what arbitration costs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct CaseRules {
            $(#[doc = $doc] pub $field: u32,)*
            /// What the loser of an arbitration pays to the centre.
            pub arbitration_fee: Fen,
        }

        impl Default for CaseRules {
            fn default() -> Self {
                Self { $($field: $days,)* arbitration_fee: Fen(10_000) }
            }
        }

        impl CaseRules {
            /// The bank days of a span.
            pub fn days(&self, span: Span) -> u32 {
                match span { $(Span::$name => self.$field),* }
            }

            /// Every parameter by name.
            pub fn values(&self) -> Vec<(&'static str, i64)> {
                vec![$((stringify!($field), i64::from(self.$field)),)* ("arbitration_fee_fen", self.arbitration_fee.0)]
            }

            /// Sets a parameter; false for one that is not there or a value that it cannot have.
            pub fn set(&mut self, name: &str, value: i64) -> bool {
                match name {
                    $(stringify!($field) if (1..=LONGEST_SPAN).contains(&value) => self.$field = value as u32,)*
                    "arbitration_fee_fen" if (0..=HIGHEST_FEE).contains(&value) => self.arbitration_fee = Fen(value),
                    _ => return false,
                }
                true
            }
        }
    };
}

/// Most bank days of a span: a year.
const LONGEST_SPAN: i64 = 250;
/// Highest fee of an arbitration, fen.
const HIGHEST_FEE: i64 = 10_000_000;

spans! {
    InquiryWindow inquiry_window 60 "From clearing to an inquiry.",
    InquiryAnswer inquiry_answer 5 "To answer an inquiry.",
    AfterInquiry after_inquiry 10 "From the answer, or from its absence, to a chargeback.",
    ChargeBackWindow charge_back_window 30 "From clearing to a chargeback without an inquiry.",
    Represent represent 10 "To present again after a chargeback.",
    ChargeBackAgain charge_back_again 10 "To charge back again.",
    Arbitrate arbitrate 10 "To ask for a ruling.",
    Ruling ruling 20 "For the centre to rule; when it is over, the case is reported as overdue.",
    ClaimWindow claim_window 60 "From clearing to a late claim or the claim of a fee.",
    ClaimAnswer claim_answer 10 "To answer a claim; silence accepts it.",
}

impl CaseRules {
    /// The last day of a span that begins on a day; none at the end of the calendar.
    pub fn last_day(&self, calendar: &BankCalendar, from: Date, span: Span) -> Option<Date> {
        calendar.bank_day_after(from, self.days(span))
    }
}

/// The two members of a case, and which opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// The record's sender.
    pub acquirer: MemberCode,
    /// The card's member.
    pub issuer: MemberCode,
    /// Who opened the case.
    pub opener: MemberCode,
}

impl Parties {
    /// The other of the two.
    pub fn other(&self, one: MemberCode) -> MemberCode {
        if one == self.acquirer { self.issuer } else { self.acquirer }
    }

    /// Whether a member is who may act. The calendar is nobody.
    pub fn is(&self, member: MemberCode, who: Who) -> bool {
        match who {
            Who::Either => member == self.acquirer || member == self.issuer,
            Who::Calendar => false,
            who => self.one(who) == Some(member),
        }
    }

    /// The one member that it stands for; none for either and for the calendar.
    pub fn one(&self, who: Who) -> Option<MemberCode> {
        match who {
            Who::Acquirer => Some(self.acquirer),
            Who::Issuer => Some(self.issuer),
            Who::Opener => Some(self.opener),
            Who::Other => Some(self.other(self.opener)),
            Who::Centre => Some(MemberCode::CENTRE),
            Who::Either | Who::Calendar => None,
        }
    }

    /// Whom a case is for, by what opened it.
    pub fn beneficiary(&self, opened_as: Act) -> MemberCode {
        if matches!(opened_as, Act::Claim | Act::ClaimFee) { self.opener } else { self.issuer }
    }
}
