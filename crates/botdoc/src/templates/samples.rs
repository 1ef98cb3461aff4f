//! One of each state, for the tests and for looking at.

use super::*;

pub(super) const EXPIRES_MS: i64 = 1_783_087_500_000;

/// A page of each kind, by name.
pub(super) fn pages() -> Vec<(&'static str, PageView)> {
    vec![
        ("gone", PageView::Gone(GoneView::Unknown)),
        ("expired", PageView::Gone(GoneView::Expired { since_ms: EXPIRES_MS })),
        ("code", PageView::Code(code(false, None))),
        ("code-sent", PageView::Code(code(true, None))),
        ("code-wrong", PageView::Code(code(true, Some(CodeTrouble::Wrong)))),
        ("code-old", PageView::Code(code(true, Some(CodeTrouble::Expired)))),
        ("code-attempts", PageView::Code(code(true, Some(CodeTrouble::TooManyAttempts)))),
        ("code-many", PageView::Code(code(true, Some(CodeTrouble::TooManyCodes)))),
        ("push", PageView::Open(open(vec![FeatureView::Push(push())]))),
        ("pull", PageView::Open(open(vec![FeatureView::Pull(PullView { sent: Vec::new(), ..pull() })]))),
        ("both", PageView::Open(both())),
        ("complete", PageView::Open(open(vec![FeatureView::Pull(PullView { complete: true, ..pull() })]))),
        ("full", PageView::Open(open(vec![FeatureView::Pull(PullView { max_files: Some(2), ..pull() })]))),
        ("bare", PageView::Open(bare())),
    ]
}

pub(super) fn code(sent: bool, trouble: Option<CodeTrouble>) -> CodeView {
    CodeView { base: "/botdoc/s/AbC12345".to_owned(), masked: "j***@example.com".to_owned(), sent, trouble }
}

pub(super) fn open(features: Vec<FeatureView>) -> OpenView {
    OpenView {
        base: "/botdoc/s/AbC12345".to_owned(),
        sender: "Anna Schmidt".to_owned(),
        subject: "Documents for your mortgage".to_owned(),
        messages: vec![
            "Dear Mr Meier,\n\nhere are the contract and the plan that we spoke about on Tuesday.\nPlease read them before we meet."
                .to_owned(),
            "Kind regards\nAnna Schmidt".to_owned(),
        ],
        expires_ms: Some(EXPIRES_MS),
        notices: Vec::new(),
        features,
        replies: None,
    }
}

fn both() -> OpenView {
    let replies =
        vec![ReplyView { body: "Thank you!\nThe second page is missing.".to_owned(), at_ms: EXPIRES_MS - 86_400_000 }];
    OpenView {
        notices: vec![Notice::good("2 files received"), Notice::bad("report.exe: this kind of file is not accepted")],
        replies: Some(replies),
        ..open(vec![FeatureView::Push(push()), FeatureView::Pull(pull())])
    }
}

fn bare() -> OpenView {
    OpenView {
        sender: String::new(),
        subject: " ".to_owned(),
        messages: Vec::new(),
        replies: Some(Vec::new()),
        ..open(vec![FeatureView::Pull(PullView {
            title: String::new(),
            message: String::new(),
            extensions: Vec::new(),
            max_bytes: None,
            max_files: None,
            sent: Vec::new(),
            ..pull()
        })])
    }
}

fn push() -> PushView {
    PushView {
        title: String::new(),
        message: String::new(),
        files: vec![
            file(1, "Contract.pdf", 4_212_345, 3, false),
            file(
                2,
                "A plan whose name is so long that it does not fit into one line of any telephone (final version, signed).dwg",
                182_000_000,
                6,
                false,
            ),
            file(3, "Old offer.docx", 88_120, 0, false),
            file(4, "Passport.jpg", 2_400_000, 5, true),
        ],
    }
}

pub(super) fn file(id: i64, name: &str, bytes: u64, downloads_left: u32, removed: bool) -> FileView {
    FileView { id, name: name.to_owned(), bytes, downloads_left, downloads_allowed: 6, removed }
}

pub(super) fn pull() -> PullView {
    PullView {
        id: 77,
        title: "Your last three payslips".to_owned(),
        message: "Photographs are fine as long as one can read them.".to_owned(),
        extensions: vec!["pdf".to_owned(), ".JPG".to_owned(), "png".to_owned()],
        max_bytes: Some(25_000_000),
        max_files: Some(5),
        sent: vec![
            SentView { name: "payslip-april.pdf".to_owned(), bytes: 120_400 },
            SentView { name: "payslip-may.pdf".to_owned(), bytes: 118_900 },
        ],
        complete: false,
    }
}

pub(super) fn mail() -> MailView {
    MailView {
        recipient: "Peter Meier".to_owned(),
        sender: "Anna Schmidt".to_owned(),
        message: "here are the contract and the plan\nthat we spoke about on Tuesday.\n\nKind regards".to_owned(),
        link: "https://files.example.com/botdoc/s/AbC12345".to_owned(),
        expires_ms: Some(EXPIRES_MS),
        files: 3,
        asks: false,
    }
}

pub(super) fn code_mail() -> CodeMailView {
    CodeMailView { recipient: "Peter Meier".to_owned(), code: "042917".to_owned() }
}
