//! Documents as people get them: rendered, then read back by the programs of poppler.

use std::path::Path;
use std::process::Command;
use tongka_base::date::{parse_date, parse_time};
use tongka_base::{DateTime, Fen};
use tongka_report::pdf::{Block, Document, Orientation, Table, render};
use tongka_report::{Cell, Column, FONT_PLACES, FontFile, Kind};

fn made_at() -> DateTime {
    parse_date(b"20260902").unwrap().and_time(parse_time(b"011530").unwrap())
}

fn document(rows: usize) -> Document {
    let columns = vec![
        Column::new("序号 No.", Kind::Int),
        Column::new("对方机构 Counterparty", Kind::Text),
        Column::new("行业 Industry", Kind::Text),
        Column::summed("笔数 Count", Kind::Int),
        Column::summed("交易金额 Gross", Kind::Money),
        Column::summed("净额 Net", Kind::Money),
    ];
    let row = |n: usize| {
        vec![
            Cell::count(n as u64 + 1),
            format!("{:08} 某市通卡公司", 10_001_000 + n).into(),
            "01 公交 Bus".into(),
            Cell::Int(1_234),
            Cell::Money(Fen(1_000_000 + n as i64)),
            Cell::Money(Fen(-5)),
        ]
    };
    Document {
        orientation: Orientation::Portrait,
        issuer: "通卡清算中心 Tongka Clearing Centre".into(),
        title: "成员机构清算对账单".into(),
        subtitle: "Member statement".into(),
        period: "清算日 Clearing date 2026-09-01".into(),
        number: "ST-20260901-10002900-1".into(),
        digest: "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0".into(),
        made_at: made_at(),
        blocks: vec![
            Block::Heading("一、汇总 Summary".into()),
            Block::Pairs(vec![
                ("机构 Member".into(), "10002900 上海公共交通卡股份有限公司（含轨道交通与轮渡全部线路）".into()),
                ("清算净额 Net position".into(), Fen(-123_456_789).into()),
                ("应收 Receivable".into(), Fen(1).into()),
                ("缺字 Missing \u{10ffff}".into(), "〓".into()),
            ]),
            Block::Heading("二、结算明细 Settlement".into()),
            Block::Table(Table::new(columns, (0..rows).map(row).collect())),
            Block::Heading("三、无 Nothing".into()),
            Block::Table(Table::new(vec![Column::new("文件 File", Kind::Text)], Vec::new())),
            Block::Note("说明：金额单位为元。Amounts in yuan.".into()),
        ],
        signatures: vec![("经办 Maker".into(), "王小明".into()), ("复核 Checker".into(), String::new())],
        stamp: true,
    }
}

fn poppler(program: &str, args: &[&str], pdf: &Path) -> String {
    let output = Command::new(program).args(args).arg(pdf).arg("-").output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}: install the Debian package poppler-utils"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn text_of(pdf: &[u8], dir: &Path) -> String {
    let path = dir.join("x.pdf");
    std::fs::write(&path, pdf).unwrap();
    poppler("pdftotext", &["-layout"], &path)
}

#[test]
fn a_document_reads_back_page_by_page_with_its_sums() {
    let dir = tempfile::tempdir().unwrap();
    let font = FontFile::find(None).unwrap();
    let pdf = render(&document(100), &font).unwrap();
    assert!(pdf == render(&document(100), &font).unwrap(), "the same document makes the same bytes");
    assert!(pdf.len() < 200_000, "only the used glyphs are embedded: {} bytes", pdf.len());
    let text = text_of(&pdf, dir.path());
    let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
    let count = pages.len();
    assert!(count >= 3, "{count} pages");
    for (at, page) in pages.iter().enumerate() {
        assert!(page.contains(&format!("第 {} 页 / 共 {count} 页", at + 1)), "page number:\n{page}");
        assert!(page.contains("ST-20260901-10002900-1"));
        assert_eq!(
            page.contains("对方机构"),
            at + 1 < count || page.contains("合计 Total"),
            "headings repeat:\n{page}"
        );
    }
    for wanted in [
        "成员机构清算对账单",
        "Member statement",
        "编号 No. ST-20260901-10002900-1",
        "-1,234,567.89",
        "10001099 某市通卡公司",
        "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0",
        "2026-09-02 01:15:30",
        "王小明",
        "（盖章 Stamp）",
        "（无 None）",
        "金额单位为元",
    ] {
        assert!(text.contains(wanted), "{wanted} in:\n{text}");
    }
    // Each page's subtotal is the sum of its rows, and the total that of the pages.
    let money =
        |line: &str| -> i64 { line.split_whitespace().rev().nth(1).unwrap().replace([',', '.'], "").parse().unwrap() };
    let mut whole = 0;
    for page in &pages {
        let rows: i64 = page.lines().filter(|l| l.contains("某市通卡公司")).map(money).sum();
        let subtotal = page.lines().find(|l| l.contains("本页小计")).map(money);
        assert_eq!(subtotal.unwrap_or(0), rows, "{page}");
        whole += rows;
    }
    let total = text.lines().find(|l| l.contains("合计 Total")).map(money);
    assert_eq!((total, whole), (Some(100_004_950), 100_004_950));
}

#[test]
fn a_short_document_is_one_page_without_subtotals_and_wide_ones_lie() {
    let dir = tempfile::tempdir().unwrap();
    let font = FontFile::find(None).unwrap();
    let text = text_of(&render(&document(3), &font).unwrap(), dir.path());
    assert!(text.contains("第 1 页 / 共 1 页") && !text.contains("本页小计") && text.contains("合计 Total"), "{text}");
    let mut wide = document(3);
    wide.orientation = Orientation::Landscape;
    let columns = (0..24).map(|n| Column::summed(format!("金额{n} Amount"), Kind::Money)).collect();
    let row = |_| (0..24).map(|n| Cell::Money(Fen(123_456_789 + n))).collect();
    wide.blocks = vec![Block::Table(Table::new(columns, (0..5).map(row).collect()))];
    let path = dir.path().join("wide.pdf");
    std::fs::write(&path, render(&wide, &font).unwrap()).unwrap();
    let info = Command::new("pdfinfo").arg(&path).output().unwrap();
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    assert!(info.contains("841.89 x 595.28"), "{info}");
    let text = poppler("pdftotext", &["-layout"], &path);
    assert_eq!(text.matches("1,234,56").count(), 5 * 24, "no figure is broken:\n{text}");
    wide.blocks = vec![Block::Table(Table::new(vec![Column::new("a", Kind::Text)], vec![Vec::new()]))];
    assert!(render(&wide, &font).unwrap_err().to_string().starts_with("R04 "));
}

#[test]
fn every_known_font_that_is_installed_can_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let mut used = 0;
    for (place, _) in FONT_PLACES.iter().filter(|(place, _)| Path::new(place).exists()) {
        let font = FontFile::find(Some(Path::new(place))).unwrap();
        let text = text_of(&render(&document(2), &font).unwrap(), dir.path());
        assert!(text.contains("成员机构清算对账单") && text.contains("王小明"), "{place}: {text}");
        used += 1;
    }
    assert!(used > 0, "install the Debian package fonts-wqy-microhei");
}
