//! How OpenDocument is read: its names, and what is read only to be left out or rewritten.

use crate::markup::{Also, Dialect, Name, White};

/// OpenDocument.
pub(super) static DIALECT: Dialect = Dialect {
    vocabulary: policy::vocabulary::opendocument,
    also: ALSO,
    white: White::Everywhere,
    unwraps: flows,
    declared: &["of", "ooow", "oooc", "ooo"],
};

/// Namespace prefix and names of `xlink:href`.
pub(super) const HREF: Name = ("xlink", "href");

const fn plain(name: Name) -> Also {
    Also { name, attributes: &[] }
}

/// What a control of a form shows, by the attributes that say it.
const CONTROL: &[Name] = &[
    ("form", "id"),
    ("form", "label"),
    ("form", "value"),
    ("form", "current-value"),
    ("form", "current-state"),
    ("form", "state"),
    ("form", "selected"),
    ("form", "current-selected"),
];

const fn control(local: &'static str) -> Also {
    Also { name: ("form", local), attributes: CONTROL }
}

const ALSO: &[Also] = &[
    plain(("office", "scripts")),
    Also { name: ("office", "script"), attributes: &[("script", "language")] },
    plain(("ooo", "libraries")),
    plain(("ooo", "library-embedded")),
    plain(("ooo", "library-linked")),
    plain(("ooo", "module")),
    plain(("office", "event-listeners")),
    plain(("script", "event-listener")),
    Also { name: ("presentation", "event-listener"), attributes: &[("presentation", "action")] },
    plain(("presentation", "sound")),
    plain(("presentation", "play")),
    plain(("anim", "audio")),
    plain(("anim", "command")),
    plain(("table", "error-macro")),
    plain(("office", "binary-data")),
    plain(("draw", "object-ole")),
    plain(("draw", "applet")),
    plain(("draw", "plugin")),
    plain(("draw", "floating-frame")),
    plain(("draw", "image-map")),
    plain(("text", "script")),
    plain(("text", "execute-macro")),
    plain(("text", "database-display")),
    plain(("text", "database-next")),
    plain(("text", "database-row-select")),
    plain(("text", "database-row-number")),
    plain(("text", "database-name")),
    plain(("text", "dde-connection")),
    plain(("text", "dde-connection-decls")),
    plain(("office", "dde-source")),
    plain(("text", "section-source")),
    plain(("text", "alphabetical-index-auto-mark-file")),
    plain(("table", "table-source")),
    plain(("table", "cell-range-source")),
    plain(("table", "dde-links")),
    plain(("table", "dde-link")),
    plain(("table", "database-source-sql")),
    plain(("table", "database-source-query")),
    plain(("table", "database-source-table")),
    plain(("table", "source-service")),
    plain(("svg", "font-face-src")),
    Also {
        name: ("manifest", "encryption-data"),
        attributes: &[("manifest", "checksum-type"), ("manifest", "checksum")],
    },
    Also {
        name: ("manifest", "algorithm"),
        attributes: &[("manifest", "algorithm-name"), ("manifest", "initialisation-vector")],
    },
    Also {
        name: ("manifest", "start-key-generation"),
        attributes: &[("manifest", "start-key-generation-name")],
    },
    Also {
        name: ("manifest", "key-derivation"),
        attributes: &[
            ("manifest", "key-derivation-name"),
            ("manifest", "key-size"),
            ("manifest", "iteration-count"),
            ("manifest", "salt"),
            ("loext", "argon2-iterations"),
            ("loext", "argon2-memory"),
            ("loext", "argon2-lanes"),
        ],
    },
    Also { name: ("field", "fieldmark"), attributes: &[("field", "type")] },
    Also { name: ("field", "param"), attributes: &[("field", "name"), ("field", "value")] },
    plain(("field", "fieldmark-start")),
    plain(("field", "fieldmark-separator")),
    plain(("field", "fieldmark-end")),
    plain(("office", "forms")),
    plain(("form", "form")),
    control("text"),
    control("textarea"),
    control("formatted-text"),
    control("number"),
    control("date"),
    control("time"),
    control("file"),
    control("fixed-text"),
    control("combobox"),
    control("listbox"),
    control("option"),
    control("item"),
    control("button"),
    control("image"),
    control("checkbox"),
    control("radio"),
    control("frame"),
    Also {
        name: ("draw", "control"),
        attributes: &[
            ("draw", "control"),
            ("draw", "name"),
            ("draw", "style-name"),
            ("draw", "text-style-name"),
            ("draw", "z-index"),
            ("draw", "layer"),
            ("draw", "transform"),
            ("svg", "x"),
            ("svg", "y"),
            ("svg", "width"),
            ("svg", "height"),
            ("text", "anchor-type"),
            ("text", "anchor-page-number"),
            ("table", "end-cell-address"),
            ("table", "end-x"),
            ("table", "end-y"),
        ],
    },
];

/// Whether characters may stand directly in an element (ODF 1.3 part 3).
pub(super) fn holds_text((prefix, local): Name) -> bool {
    match prefix {
        "number" | "dc" | "meta" | "math" => true,
        "config" => local == "config-item",
        "svg" | "table" => matches!(local, "title" | "desc"),
        "presentation" => local.ends_with("-decl"),
        "office" => local == "binary-data",
        "text" => !is_block_of_text(local),
        _ => false,
    }
}

/// The elements of texts that hold paragraphs, entries or definitions, but no characters.
fn is_block_of_text(local: &str) -> bool {
    const BLOCKS: &[&str] = &[
        "list",
        "list-item",
        "list-header",
        "section",
        "note",
        "note-body",
        "table-of-content",
        "illustration-index",
        "table-index",
        "object-index",
        "user-index",
        "alphabetical-index",
        "bibliography",
        "index-body",
        "index-title",
        "index-source-styles",
        "tracked-changes",
        "changed-region",
        "insertion",
        "deletion",
        "format-change",
        "numbered-paragraph",
        "ruby",
        "page-sequence",
        "sort-key",
    ];
    const ENDS: &[&str] = &["-source", "-template", "-decls", "-configuration", "-style", "-style-number"];
    BLOCKS.contains(&local)
        || ENDS.iter().any(|end| local.ends_with(end))
        || local.starts_with("list-level-style")
        || matches!(local, "sequence-decl" | "variable-decl" | "user-field-decl")
}

/// Whether what an unknown element holds stays where it stood.
fn flows((prefix, local): Name) -> bool {
    match prefix {
        "text" => {
            let holds_paragraphs = matches!(
                local,
                "section"
                    | "list-item"
                    | "list-header"
                    | "note-body"
                    | "index-body"
                    | "index-title"
                    | "deletion"
            );
            holds_paragraphs || !is_block_of_text(local)
        }
        "office" => matches!(local, "text" | "annotation"),
        "table" => matches!(local, "table-cell" | "covered-table-cell"),
        "style" => local.starts_with("header") || local.starts_with("footer") || local.starts_with("region"),
        "presentation" => local == "notes",
        "draw" => matches!(
            local,
            "text-box"
                | "page"
                | "g"
                | "custom-shape"
                | "rect"
                | "line"
                | "polyline"
                | "polygon"
                | "path"
                | "circle"
                | "ellipse"
                | "connector"
                | "caption"
                | "measure"
                | "regular-polygon"
        ),
        "loext" => local == "p",
        _ => false,
    }
}
